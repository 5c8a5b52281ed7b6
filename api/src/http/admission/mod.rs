//! What a request must pass before it is executed, and the documents that have passed.

mod guard;
mod values;
mod weight;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use lru::LruCache;
use sha2::{Digest as _, Sha256};

use self::guard::guard;
use self::values::Types;
use self::weight::{Fields, MOST_FIELDS, allow_omitted_page_sizes};

/// Parsed documents that are kept.
const KEPT: std::num::NonZeroUsize = std::num::NonZeroUsize::new(1000).expect("not zero");

/// Why a request is not executed: a code of the README's list, and words.
#[derive(Debug, PartialEq, Eq)]
pub struct Inadmissible {
    pub code: &'static str,
    pub message: String,
}

impl Inadmissible {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A document that may be executed.
pub struct Document {
    pub parsed: ExecutableDocument,
    /// Whether it was found to fit the schema. That does not depend on variables, and need not be found again.
    valid: AtomicBool,
}

impl Document {
    pub fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Relaxed)
    }

    pub fn found_valid(&self) {
        self.valid.store(true, Ordering::Relaxed);
    }

    /// What kind of operation a request names; `None` if there is no such one.
    pub fn operation_type(&self, name: Option<&str>) -> Option<OperationType> {
        self.operation(name).map(|operation| operation.ty)
    }

    /// The operation that a request names, or the only one.
    fn operation(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        let operation = match (&self.parsed.operations, name) {
            (DocumentOperations::Single(only), None) => Some(only),
            (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
            (DocumentOperations::Multiple(all), None) if all.len() == 1 => all.values().next(),
            _ => None,
        };
        operation.map(|operation| &operation.node)
    }
}

/// Lets requests in. It keeps the documents of recent ones: parsing is the largest cost of an ordinary query.
pub struct Admission {
    types: Types,
    documents: Mutex<LruCache<[u8; 32], Arc<Document>>>,
}

impl Admission {
    /// For the schema in the definition language.
    pub fn to(sdl: &str) -> Self {
        Self { types: Types::of(sdl), documents: Mutex::new(LruCache::new(KEPT)) }
    }

    /// The document of a request whose text may be parsed, and whose variables are what its operation declares.
    pub fn admit(
        &self,
        text: &str,
        operation: Option<&str>,
        variables: &Variables,
    ) -> Result<Arc<Document>, Inadmissible> {
        let document = self.document(text)?;
        // Which operation is missing, the execution says.
        if let Some(operation) = document.operation(operation) {
            self.types.check_variables(operation, variables)?;
        }
        Ok(document)
    }

    fn document(&self, text: &str) -> Result<Arc<Document>, Inadmissible> {
        let key: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(document) = self.kept().get(&key) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(Document { parsed: self.parse(text)?, valid: AtomicBool::new(false) });
        self.kept().put(key, Arc::clone(&document));
        Ok(document)
    }

    fn parse(&self, text: &str) -> Result<ExecutableDocument, Inadmissible> {
        guard(text)?;
        let mut document = parse_query(text).map_err(|error| {
            let place = error.positions().next().map(|at| format!(" at line {}, column {}", at.line, at.column));
            let message = format!("The document is not GraphQL{}.", place.unwrap_or_default());
            Inadmissible::new("GRAPHQL_PARSE_FAILED", message)
        })?;
        if Fields::of(&document) > MOST_FIELDS {
            return Err(Inadmissible::new("QUERY_TOO_COMPLEX", "The document selects too many fields."));
        }
        self.types.check_document(&document)?;
        allow_omitted_page_sizes(&mut document);
        Ok(document)
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<[u8; 32], Arc<Document>>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;

    use super::Admission;

    #[test]
    fn a_fault_is_placed_without_the_parsers_words() {
        let fault = Admission::to("").admit("{ a", None, &Variables::default()).err().unwrap();
        assert_eq!(
            (fault.code, fault.message.as_str()),
            ("GRAPHQL_PARSE_FAILED", "The document is not GraphQL at line 1, column 4.")
        );
    }
}
