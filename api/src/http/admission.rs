//! What a document must pass before it is executed, and the parsed documents that have passed.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};
use lru::LruCache;
use sha2::{Digest as _, Sha256};

/// The longest document, in bytes.
const LONGEST_TEXT: usize = 32 * 1024;
/// The deepest nesting of brackets. Nested lists in an argument would overflow the parser's stack.
const DEEPEST_NESTING: usize = 64;
/// The most tokens of a document, counted roughly: names, numbers, strings and punctuation.
const MOST_TOKENS: usize = 4000;
/// The most fields and fragments of a document once every fragment stands where it is spread.
const MOST_FIELDS: usize = 4000;
/// Parsed documents that are kept.
const KEPT: std::num::NonZeroUsize = std::num::NonZeroUsize::new(1000).expect("not zero");

/// Why a document is not executed: a code of the README's list, and words.
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

/// The parsed documents of recent requests. Parsing is the largest cost of an ordinary query.
pub struct Documents(Mutex<LruCache<[u8; 32], ExecutableDocument>>);

impl Default for Documents {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Documents {
    /// The parsed form of a document's text, if the text may be parsed.
    pub fn parse(&self, text: &str) -> Result<ExecutableDocument, Inadmissible> {
        let key: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(document) = self.lock().get(&key) {
            return Ok(document.clone());
        }
        guard(text)?;
        let mut document = parse_query(text).map_err(|error| {
            let place = error.positions().next().map(|at| format!(" at line {}, column {}", at.line, at.column));
            let message = format!("The document is not GraphQL{}.", place.unwrap_or_default());
            Inadmissible::new("GRAPHQL_PARSE_FAILED", message)
        })?;
        if Fields::of(&document) > MOST_FIELDS {
            return Err(Inadmissible::new("QUERY_TOO_COMPLEX", "The document selects too many fields."));
        }
        allow_omitted_page_sizes(&mut document);
        self.lock().put(key, document.clone());
        Ok(document)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], ExecutableDocument>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To weigh a document the library reads its page sizes, and there it takes an omitted variable for an undefined one. Such a
/// variable is null by default here: for a page size that means the same.
fn allow_omitted_page_sizes(document: &mut ExecutableDocument) {
    let mut names = HashSet::new();
    for (_, operation) in document.operations.iter() {
        find_page_sizes(&operation.node.selection_set.node, &mut names);
    }
    for fragment in document.fragments.values() {
        find_page_sizes(&fragment.node.selection_set.node, &mut names);
    }
    let operations = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for variable in operations.into_iter().flat_map(|operation| &mut operation.node.variable_definitions) {
        let (at, variable) = (variable.pos, &mut variable.node);
        if variable.var_type.node.nullable && variable.default_value.is_none() && names.contains(&variable.name.node) {
            variable.default_value = Some(Positioned::new(Value::Null, at));
        }
    }
}

/// The variables that stand for the size of a page.
fn find_page_sizes(selections: &SelectionSet, names: &mut HashSet<Name>) {
    for selection in &selections.items {
        let inner = match &selection.node {
            Selection::Field(field) => {
                for size in ["first", "last"].into_iter().filter_map(|name| field.node.get_argument(name)) {
                    let noted = size.node.clone().into_const_with(|name| {
                        names.insert(name);
                        Ok::<_, std::convert::Infallible>(Value::Null)
                    });
                    let Ok(_) = noted;
                }
                &field.node.selection_set
            }
            Selection::InlineFragment(fragment) => &fragment.node.selection_set,
            Selection::FragmentSpread(_) => continue,
        };
        find_page_sizes(&inner.node, names);
    }
}

/// Bounds what the parser may be given: its length, its tokens and the nesting of its brackets. Strings and comments are
/// passed over.
fn guard(text: &str) -> Result<(), Inadmissible> {
    if text.len() > LONGEST_TEXT {
        return Err(Inadmissible::new(
            "DOCUMENT_TOO_LONG",
            format!("The document is longer than {LONGEST_TEXT} bytes."),
        ));
    }
    let (mut depth, mut tokens, mut in_word) = (0_usize, 0_usize, false);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(bytes, at);
                tokens += 1;
                in_word = false;
                continue;
            }
            b'#' => {
                at += bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len() - at);
                continue;
            }
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let word = byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
        let goes_on = word && in_word;
        let ignored = byte.is_ascii_whitespace() || *byte == b',';
        if !goes_on && !ignored {
            tokens += 1;
        }
        in_word = word;
        if depth > DEEPEST_NESTING {
            let message = format!("Brackets are nested deeper than {DEEPEST_NESTING} levels.");
            return Err(Inadmissible::new("DOCUMENT_TOO_NESTED", message));
        }
        if tokens > MOST_TOKENS {
            return Err(Inadmissible::new(
                "DOCUMENT_TOO_LONG",
                format!("The document has more than {MOST_TOKENS} tokens."),
            ));
        }
        at += 1;
    }
    Ok(())
}

/// Counts what a document selects with its fragments written out. A short chain of fragments, each of which spreads the
/// next one twice, stands for more fields than validation could ever visit; here each fragment is counted once.
struct Fields<'a> {
    document: &'a ExecutableDocument,
    /// The fragments that are counted; nothing yet for one that is being counted. Validation refuses circles.
    counted: HashMap<&'a str, usize>,
}

impl<'a> Fields<'a> {
    fn of(document: &'a ExecutableDocument) -> usize {
        let mut fields = Self { document, counted: HashMap::new() };
        let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
        operations.chain(fragments).map(|set| fields.within(set)).max().unwrap_or_default()
    }

    fn within(&mut self, set: &'a SelectionSet) -> usize {
        set.items.iter().fold(0, |sum, item| {
            let below = match &item.node {
                Selection::Field(field) => self.within(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => self.within(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            sum.saturating_add(below).saturating_add(1)
        })
    }

    fn fragment(&mut self, name: &'a str) -> usize {
        if let Some(count) = self.counted.get(name) {
            return *count;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        self.counted.insert(name, 0);
        let count = self.within(&fragment.node.selection_set.node);
        self.counted.insert(name, count);
        count
    }
}

/// The place after a string that begins at `start`, in one line or in a block.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            b'\n' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST_NESTING, Documents, LONGEST_TEXT, guard};

    #[test]
    fn brackets_are_counted_outside_strings_and_comments() {
        assert!(guard(&format!("{{ a(b: {}1{}) }}", "[".repeat(60), "]".repeat(60))).is_ok());
        assert_eq!(guard(&"[".repeat(DEEPEST_NESTING + 1)).unwrap_err().code, "DOCUMENT_TOO_NESTED");
        assert!(guard(&format!("{{ a(b: \"{}\") }}", "[".repeat(500))).is_ok());
        assert!(guard(&format!("{{ a(b: \"\"\"{} \\\"\"\" \"\"\") }}", "[".repeat(500))).is_ok());
        assert!(guard(&format!("# {}\n{{ a }}", "[".repeat(500))).is_ok());
        assert!(guard(&format!("\"\\\"\" {}", "[".repeat(500))).is_err());
    }

    #[test]
    fn length_and_tokens_are_bounded() {
        assert_eq!(guard(&"a".repeat(LONGEST_TEXT + 1)).unwrap_err().code, "DOCUMENT_TOO_LONG");
        assert_eq!(guard(&"{ a } ".repeat(2000)).unwrap_err().code, "DOCUMENT_TOO_LONG");
        assert!(guard(&"a ".repeat(4000)).is_ok());
    }

    #[test]
    fn an_omitted_page_size_is_null_and_every_other_variable_stays_as_it_is() {
        let text = "query($a: Int, $b: Int = 2, $c: Int!, $d: Int) { ...f x(first: $b, last: $c, after: $d) { id } }
            fragment f on Query { ... on Query { y { z(last: $a) { id } } } }";
        let document = Documents::default().parse(text).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let defaults = operation
            .node
            .variable_definitions
            .iter()
            .map(|v| v.node.default_value.as_ref().map(|v| v.node.to_string()));
        assert_eq!(defaults.collect::<Vec<_>>(), [Some("null".to_owned()), Some("2".to_owned()), None, None]);
    }

    #[test]
    fn a_fault_is_placed_without_the_parsers_words() {
        let fault = Documents::default().parse("{ a").unwrap_err();
        assert_eq!(
            (fault.code, fault.message.as_str()),
            ("GRAPHQL_PARSE_FAILED", "The document is not GraphQL at line 1, column 4.")
        );
    }
}
