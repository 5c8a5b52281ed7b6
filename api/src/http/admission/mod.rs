//! Admission: what a request must pass before it is executed, and a cache of the documents that have passed. Executes
//! nothing, and takes no points.

mod cacheable;
mod complexity;
mod cost;
mod document;
mod introspection;
mod lexical;
mod messages;
mod nulls;
mod parse;
pub mod persisted;
mod root_fields;
mod source;
mod suggestion;
mod validate;
mod values;
mod work;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Name, Pos, Positioned, Variables};
use lru::LruCache;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::cacheable::is_cacheable;
use self::complexity::allow_omitted;
pub use self::cost::DEFINITIONS;
use self::cost::{Cost, cost};
pub use self::document::Document;
use self::document::operation;
use self::lexical::guard;
use self::nulls::check_nulls;
use self::parse::{convert, parse};
use self::root_fields::write_out;
use self::source::Source;
use self::suggestion::listed;
use self::validate::Validator;
use self::values::Types;
use crate::config::Limits;
use crate::service::context::sizes::Sizes;

/// Why a request is not executed: a code of `docs/errors.md`, and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Inadmissible {
    pub code: &'static str,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl Inadmissible {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, faults: vec![Fault { message: message.into(), locations: Vec::new() }] }
    }

    /// With what is wrong besides.
    fn and(mut self, other: Result<(), Self>) -> Self {
        self.faults.extend(other.err().into_iter().flat_map(|other| other.faults));
        self.faults.truncate(MOST_TOLD);
        self
    }
}

/// The most faults of a request that are told.
const MOST_TOLD: usize = 20;

/// The longest message, in bytes; the name that it quotes may be as long as a document.
const LONGEST_MESSAGE: usize = 400;

/// One thing that is wrong, and the places in the document that it concerns.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub locations: Vec<Pos>,
}

impl Fault {
    fn new(mut message: String, mut locations: Vec<Pos>) -> Self {
        if message.len() > LONGEST_MESSAGE {
            message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
            message.push_str(" ...");
        }
        locations.truncate(MOST_TOLD);
        Self { message, locations }
    }
}

/// The hash of a document's text.
pub type Hash = [u8; 32];

pub fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// What was known of a document before the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Cached,
    /// It fits the schema. That does not depend on variables, so it is not validated again.
    Fits,
    Nothing,
}

impl Known {
    /// Its name in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cached => "kept",
            Self::Fits => "fits",
            Self::Nothing => "new",
        }
    }
}

/// A request that may be executed.
#[derive(Debug)]
pub struct Admitted {
    pub document: Arc<Document>,
    /// The kind of the operation that is executed.
    pub kind: OperationType,
    pub known: Known,
    pub cost: Cost,
}

/// What is said of a request that does not say which operation is executed.
fn unresolved(document: &ExecutableDocument, asked: Option<&str>) -> Inadmissible {
    let mut names: Vec<&str> = document.operations.iter().filter_map(|(name, _)| name).map(Name::as_str).collect();
    names.sort_unstable();
    let message = match (asked, names.as_slice()) {
        (Some(asked), []) => format!("No operation is called \"{asked}\": the only one has no name."),
        (Some(asked), names) => {
            format!("No operation is called \"{asked}\". The document has {}.", listed(names.iter().copied()))
        }
        (None, names) => {
            format!("The operationName says which operation is executed: {}.", listed(names.iter().copied()))
        }
    };
    Inadmissible::new("OPERATION_RESOLUTION_FAILURE", message)
}

fn operations_mut(operations: &mut DocumentOperations) -> Vec<&mut Positioned<OperationDefinition>> {
    match operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    }
}

/// The document that a text is, without anything else checked.
pub fn parsed(text: &str) -> Result<ExecutableDocument, Inadmissible> {
    let source = Source::of(text);
    convert(&parse(&source)?, &source)
}

/// What admission knows of a schema.
pub struct Definitions {
    types: Types,
    validator: Validator,
}

impl Definitions {
    /// `sdl` is the schema in the definition language. Make them once: they are kept until the process ends.
    pub fn of(sdl: String) -> Self {
        Self { types: Types::of(&sdl), validator: Validator::of(sdl) }
    }
}

/// What a request gives beside its document.
#[derive(Clone, Copy)]
struct Given<'a> {
    operation: Option<&'a str>,
    variables: &'a Variables,
}

/// Admits requests. It caches the documents of recent ones, because new ones are parsed and validated.
pub struct Admission {
    limits: Limits,
    definitions: Arc<Definitions>,
    documents: Mutex<Documents>,
    /// New documents are parsed and validated in turns, so that at least one worker is free of them. (`main` makes sure
    /// that there are two.)
    turns: Semaphore,
}

/// Documents that fit the schema, limited in number and in memory. Many come only once: a document is copied when it comes
/// for the second time, and until then only the hash of its text is kept.
struct Documents {
    recent: LruCache<Hash, Option<Arc<Document>>>,
    /// The memory that all of them take, in bytes.
    size: usize,
}

/// The memory that a parsed document takes for each of its nodes beside its text, in bytes. Measured with documents of many
/// shapes: a field takes the most, 178, and 32 for its name.
const NODE: usize = 256;

impl Admission {
    pub fn to(definitions: Arc<Definitions>, limits: Limits) -> Self {
        let workers = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        Self {
            limits,
            definitions,
            documents: Mutex::new(Documents { recent: LruCache::unbounded(), size: 0 }),
            turns: Semaphore::new(workers.saturating_sub(1).max(1)),
        }
    }

    /// The turn of a new document, or of a question for the schema. Its holder works, and does not wait for anything else.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// The document of a request, if it fits the schema, and its variables are what its operation declares.
    pub async fn admit(
        &self,
        text: &str,
        hash: Hash,
        operation: Option<&str>,
        variables: &Variables,
        sizes: &Sizes,
    ) -> Result<Admitted, Inadmissible> {
        let given = Given { operation, variables };
        let noted = self.kept().recent.get(&hash).cloned();
        let (document, known) = match noted {
            Some(Some(kept)) => (kept, Known::Cached),
            Some(None) => (self.cached(self.new_document(text, hash, Known::Fits, given).await?), Known::Fits),
            None => (Arc::new(self.new_document(text, hash, Known::Nothing, given).await?), Known::Nothing),
        };
        let operation = document.operation(operation).ok_or_else(|| unresolved(&document.parsed, operation))?;
        let types = &self.definitions.types;
        types.check_variables(operation, variables)?;
        check_nulls(types, &document.parsed, operation, variables)?;
        let cost = cost(types, sizes, self.limits.page, &document.parsed, operation, variables);
        if cost.points > self.limits.cost {
            let message = format!("The operation costs {} points, more than {}.", cost.points, self.limits.cost);
            return Err(Inadmissible::new("QUERY_TOO_COMPLEX", message));
        }
        Ok(Admitted { kind: operation.ty, document, known, cost })
    }

    /// Whether a document is known whose answers may be cached.
    pub fn is_cacheable(&self, hash: &Hash) -> bool {
        self.kept().recent.peek(hash).is_some_and(|known| known.as_ref().is_some_and(|known| known.is_cacheable))
    }

    async fn new_document(
        &self,
        text: &str,
        hash: Hash,
        known: Known,
        given: Given<'_>,
    ) -> Result<Document, Inadmissible> {
        let _turn = self.turn().await;
        let parsed = self.parse(text, known, given)?;
        if known == Known::Nothing {
            self.note_valid(hash);
        }
        let size = text.len() + NODE * complexity::nodes(&parsed);
        let (introspects, is_cacheable) = (complexity::introspects(&parsed), is_cacheable(&parsed));
        Ok(Document { parsed, hash, introspects, is_cacheable, size })
    }

    /// Caches a document.
    fn cached(&self, document: Document) -> Arc<Document> {
        let document = Arc::new(document);
        self.kept().put(document.hash, Some(Arc::clone(&document)), &self.limits);
        document
    }

    /// Whether a document can be executed, whatever its variables are.
    pub fn judge(&self, text: &str) -> Result<(), Inadmissible> {
        self.parse(text, Known::Nothing, Given { operation: None, variables: &Variables::default() }).map(drop)
    }

    /// Parses a document, and validates it unless it is known to fit.
    fn parse(&self, text: &str, known: Known, given: Given<'_>) -> Result<ExecutableDocument, Inadmissible> {
        guard(text, &self.limits)?;
        let source = Source::of(text);
        let written = parse(&source)?;
        let mut document = convert(&written, &source)?;
        if known == Known::Nothing {
            complexity::check(&document, &self.limits)?;
            self.definitions.validator.check(&written, &source)?;
            let types = &self.definitions.types;
            types.check_document(&document).map_err(|refusal| match operation(&document, given.operation) {
                Some(operation) => refusal.and(types.check_variables(operation, given.variables)),
                None => refusal,
            })?;
        }
        write_out(&mut document)?;
        allow_omitted(&mut document);
        Ok(document)
    }

    /// Notes that a document fits the schema, if it was not noted meanwhile.
    fn note_valid(&self, hash: Hash) {
        let mut kept = self.kept();
        if !kept.recent.contains(&hash) {
            kept.put(hash, None, &self.limits);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Documents> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents {
    fn put(&mut self, hash: Hash, document: Option<Arc<Document>>, limits: &Limits) {
        let size = |document: Option<Arc<Document>>| document.map_or(0, |document| document.size);
        self.size += size(document.clone());
        self.size -= self.recent.put(hash, document).map_or(0, size);
        while self.recent.len() > limits.kept_documents || self.size > limits.kept_bytes {
            let Some((_, oldest)) = self.recent.pop_lru() else { return };
            self.size -= size(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_graphql::Variables;
    use futures_util::FutureExt as _;
    use serde_json::json;

    use super::{Admission, Admitted, Definitions, Inadmissible, Known, Limits, NODE, Sizes, hash};

    fn admission(limits: Limits) -> Admission {
        let sdl = "schema { query: Query } type Query { a(b: Int): Int b: Int c: Int d: Int }";
        Admission::to(Arc::new(Definitions::of(sdl.to_owned())), limits)
    }

    async fn admit(admission: &Admission, text: &str) -> Result<Admitted, Inadmissible> {
        admission.admit(text, hash(text), None, &Variables::default(), &Sizes::default()).await
    }

    #[tokio::test]
    async fn what_was_found_to_fit_is_kept_up_to_a_number_and_a_size() {
        let three = 3 * ("{ a }".len() + 2 * NODE);
        for (limits, kept) in [
            (Limits { kept_documents: 2, ..Limits::DEFAULT }, 2),
            (Limits { kept_bytes: three, ..Limits::DEFAULT }, 3),
            (Limits { kept_bytes: three - 1, ..Limits::DEFAULT }, 2),
        ] {
            let admission = admission(limits);
            let texts = ["{ a }", "{ b }", "{ c }", "{ d }"];
            for text in texts {
                assert_eq!(admit(&admission, text).await.unwrap().known, Known::Nothing);
                assert_eq!(admit(&admission, text).await.unwrap().known, Known::Fits);
            }
            let mut known = 0;
            for text in texts.into_iter().rev() {
                known += usize::from(admit(&admission, text).await.unwrap().known == Known::Cached);
            }
            assert_eq!(known, kept);
        }
    }

    #[tokio::test]
    async fn new_documents_wait_for_their_turn_and_others_do_not() {
        let admission = admission(Limits::DEFAULT);
        for _ in 0..2 {
            admit(&admission, "{ a }").await.unwrap();
        }
        let mut turns = Vec::new();
        while let Some(turn) = admission.turn().now_or_never() {
            turns.push(turn);
        }
        assert!(!turns.is_empty());
        assert!(admit(&admission, "{ b }").now_or_never().is_none(), "all turns are taken");
        let kept = admit(&admission, "{ a }").now_or_never().expect("at once").unwrap();
        assert_eq!(kept.known, Known::Cached);
        turns.pop();
        assert!(admit(&admission, "{ b }").now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_is_given_and_not_declared_is_not_kept() {
        let admission = admission(Limits::DEFAULT);
        let text = "query One($a: Int, $c: Int = 3) { a(b: $a) other: a(b: $c) } query Two { a }";
        let given = Variables::from_json(json!({ "a": 1, "b": [1, 2, 3] }));
        let document =
            admission.admit(text, hash(text), Some("One"), &given, &Sizes::default()).await.unwrap().document;
        assert_eq!(document.declared(Some("One"), given.clone()), Variables::from_json(json!({ "a": 1, "c": 3 })));
        let null = Variables::from_json(json!({ "c": null }));
        assert_eq!(document.declared(Some("One"), null.clone()), null);
        assert!(document.declared(Some("Two"), given.clone()).is_empty());
        assert!(document.declared(None, given).is_empty(), "no operation is named");
    }

    #[tokio::test]
    async fn which_operation_is_executed_is_clear() {
        let admission = admission(Limits::DEFAULT);
        for (text, operation, message) in [
            ("query A { a }", None, None),
            ("query A { a } query B { b }", Some("B"), None),
            ("query B { a } query A { b }", None, Some("The operationName says which operation is executed: A, B.")),
            ("query A { a }", Some("a"), Some("No operation is called \"a\". The document has A.")),
            ("{ a }", Some("A"), Some("No operation is called \"A\": the only one has no name.")),
        ] {
            let (variables, sizes) = (Variables::default(), Sizes::default());
            let admitted = admission.admit(text, hash(text), operation, &variables, &sizes).await;
            let said = admitted.err().map(|refusal| (refusal.code, refusal.faults[0].message.clone()));
            assert_eq!(said, message.map(|said| ("OPERATION_RESOLUTION_FAILURE", said.to_owned())), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_literals_is_told_beside_the_rest() {
        let sdl = "schema { query: Query } scalar Date type Query { a(day: Date, b: Int): Int }";
        let admission = Admission::to(Arc::new(Definitions::of(sdl.to_owned())), Limits::DEFAULT);
        let literal = "a(day): a value of type Date is expected, a day that exists, such as \"2024-02-29\".";
        let variable = "$b: a value of type Int is expected.";
        for (text, code, told) in [
            ("{ a(day: \"2024-02-30\") }", "INVALID_ARGUMENT", vec![literal]),
            ("query($b: Int) { a(day: \"2024-02-30\", b: $b) }", "INVALID_ARGUMENT", vec![literal, variable]),
            ("query($b: Int) { a(b: $b) }", "INVALID_ARGUMENT", vec![variable]),
            ("{ a(day: 5) }", "INVALID_ARGUMENT", vec![literal]),
            (
                "{ a(day: \"2024-02-30\") x }",
                "GRAPHQL_VALIDATION_FAILED",
                vec![
                    "A value of type Date is expected, a day that exists, such as \"2024-02-29\".",
                    "Unknown field \"x\" on type \"Query\". Did you mean \"a\"?",
                ],
            ),
        ] {
            let given = Variables::from_json(json!({ "b": "x" }));
            let refusal = admission.admit(text, hash(text), None, &given, &Sizes::default()).await.unwrap_err();
            let messages: Vec<&str> = refusal.faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!((refusal.code, messages), (code, told), "{text}");
        }
    }

    #[tokio::test]
    async fn a_fault_is_said_and_placed() {
        let admission = admission(Limits::DEFAULT);
        for (text, code, message, places) in [
            (
                "{ a",
                "GRAPHQL_PARSE_FAILED",
                "The document is not GraphQL at line 1, column 4: unexpected end of the document.",
                vec![(1, 4)],
            ),
            ("", "GRAPHQL_PARSE_FAILED", "The document is not GraphQL: it has no operation.", vec![(1, 1)]),
            (
                "{ ...F } fragment F on Query { a ...F }",
                "GRAPHQL_VALIDATION_FAILED",
                "Fragment \"F\" contains itself.",
                vec![(1, 10)],
            ),
            (
                "query Q { a }\nquery Q { b }",
                "GRAPHQL_VALIDATION_FAILED",
                "Two operations are called \"Q\".",
                vec![(1, 1), (2, 1)],
            ),
        ] {
            let refusal = admit(&admission, text).await.unwrap_err();
            let [fault] = refusal.faults.as_slice() else { panic!("{refusal:?}") };
            let told: Vec<_> = fault.locations.iter().map(|place| (place.line, place.column)).collect();
            assert_eq!((refusal.code, fault.message.as_str(), told), (code, message, places));
        }
    }
}
