//! Validates a document: the rules of the specification's section 5, as bluejay-validator has them. Checks no variables, and no values of our own
//! scalars; what is said of a document that breaks a rule stands in `messages`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use bluejay_core::definition::ScalarTypeDefinition;
use bluejay_core::{AsIter, ObjectValue as _, ValueReference};
use bluejay_parser::ast::Parse as _;
use bluejay_parser::ast::definition::{
    Context, CustomScalarTypeDefinition, DefinitionDocument, SchemaDefinition as SchemaOf,
};
use bluejay_parser::ast::executable::ExecutableDocument as Written;
use bluejay_validator::executable::Cache;
use bluejay_validator::executable::document::{BuiltinRulesValidator, Error};
use bluejay_validator::value::input_coercion::Error as ValueError;

use super::introspection::{Translation, translate, translate_back, with_introspection};
use super::messages::Messages;
use super::source::Source;
use super::values::{expected, is_text, is_written_as};
use super::{Fault, Inadmissible, MOST_TOLD};

pub type SchemaDefinition<'a> = SchemaOf<'a, Scalars>;

/// What a value of a custom scalar keeps to.
#[derive(Debug)]
pub struct Scalars;

impl Context for Scalars {
    fn coerce_custom_scalar_input<const CONST: bool>(
        scalar: &CustomScalarTypeDefinition<Self>,
        value: &impl bluejay_core::Value<CONST>,
    ) -> Result<(), Cow<'static, str>> {
        if let Some(field) = repeated(value) {
            return Err(format!("Field \"{field}\" is given twice.").into());
        }
        let name = ScalarTypeDefinition::name(scalar);
        match value.as_ref() {
            ValueReference::Variable(_) | ValueReference::Null => Ok(()),
            ValueReference::String(text) if is_written_as(name, text) => Ok(()),
            ValueReference::String(_) => Err(no_value(name).into()),
            _ if is_text(name) => Err(no_value(name).into()),
            _ => Ok(()),
        }
    }
}

fn no_value(scalar: &str) -> String {
    format!("A {}", expected(scalar))
}

/// Whether an error is of a text that is no value of its scalar. If nothing else is wrong, the values are judged with the variables.
fn is_of_scalar<'a>(error: &Error<'a, Written<'a>, SchemaDefinition<'static>>) -> bool {
    let is_told = |name: &str, message: &str| message == no_value(name);
    match error {
        Error::InvalidConstValue(ValueError::CustomScalarInvalidValue { custom_scalar_type_name, message, .. }) => {
            is_told(custom_scalar_type_name, message)
        }
        Error::InvalidVariableValue(ValueError::CustomScalarInvalidValue {
            custom_scalar_type_name, message, ..
        }) => is_told(custom_scalar_type_name, message),
        _ => false,
    }
}

/// A field that stands twice in an object of a value (section 5.6.3, Input Object Field Uniqueness).
fn repeated<const CONST: bool>(value: &impl bluejay_core::Value<CONST>) -> Option<&str> {
    match value.as_ref() {
        ValueReference::List(list) => list.iter().find_map(repeated),
        ValueReference::Object(object) => {
            let mut names = HashSet::new();
            let twice = object.iter().map(|(name, _)| name.as_ref()).find(|name| !names.insert(*name));
            twice.or_else(|| object.iter().find_map(|(_, value)| repeated(value)))
        }
        _ => None,
    }
}

/// Validates documents against a schema.
pub struct Validator {
    /// With the types of introspection, in the words that stand for theirs.
    translated: Rules,
    /// With those that the parser knows, for documents in which these words mean something else.
    plain: LazyLock<Rules, Box<dyn FnOnce() -> Rules + Send + Sync>>,
}

impl Validator {
    /// `sdl` is the schema in the definition language. It is kept until the process ends. Panics if it cannot be read.
    pub fn of(sdl: String) -> Self {
        let translated = Rules { schema: schema_of(with_introspection(&sdl)), say_as: translate_back };
        let plain = move || Rules { schema: schema_of(sdl), say_as: |message| message };
        Self { translated, plain: LazyLock::new(Box::new(plain)) }
    }

    pub fn check(&self, document: &Written<'_>, source: &Source<'_>) -> Result<(), Inadmissible> {
        match translate(source.text()) {
            Translation::Same => self.translated.check(document, source),
            Translation::Without => self.plain.check(document, source),
            Translation::Into(text) => {
                let translated = Written::parse(&text).result.ok();
                self.translated.check(translated.as_ref().unwrap_or(document), source)
            }
        }
    }
}

fn schema_of(sdl: String) -> &'static SchemaDefinition<'static> {
    let document = DefinitionDocument::<Scalars>::parse(sdl.leak()).result.expect("our own schema");
    let schema = SchemaDefinition::try_from(&*Box::leak(Box::new(document)));
    Box::leak(Box::new(schema.unwrap_or_else(|errors| panic!("our own schema has {} errors", errors.len()))))
}

/// The rules of a schema, and what is said of documents that break them.
struct Rules {
    schema: &'static SchemaDefinition<'static>,
    /// How a message names what the document names.
    say_as: fn(String) -> String,
}

impl Rules {
    fn check(&self, document: &Written<'_>, source: &Source<'_>) -> Result<(), Inadmissible> {
        let cache = Cache::new(document, self.schema);
        let errors: Vec<_> = BuiltinRulesValidator::validate(document, self.schema, &cache).collect();
        if errors.iter().all(is_of_scalar) {
            return Ok(());
        }
        // It counts the selections, and does not merge them: `root_fields` does.
        let errors = errors.into_iter().filter(|error| !matches!(error, Error::SubscriptionRootNotSingleField { .. }));
        let mut faults: Vec<Fault> = errors.map(|error| self.fault(error, source)).collect();
        faults.sort_by_cached_key(|fault| fault.locations.first().map(|place| (place.line, place.column)));
        faults.dedup();
        faults.truncate(MOST_TOLD);
        if faults.is_empty() { Ok(()) } else { Err(Inadmissible { code: "GRAPHQL_VALIDATION_FAILED", faults }) }
    }

    fn fault<'a>(&self, error: Error<'a, Written<'a>, SchemaDefinition<'static>>, source: &Source<'_>) -> Fault {
        let (message, spans) = Messages(self.schema).say(error);
        let places = spans.iter().map(|span| source.position(span.byte_range().start));
        Fault::new((self.say_as)(message), places.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, Validator};
    use crate::http::admission::parse::parse;

    const SCHEMA: &str = "directive @oneOf on INPUT_OBJECT enum Color { RED GREEN } input By @oneOf { id: ID code: String }
        input Filter { color: Color first: Int! second: Int! } type Query { thing(by: By!): Thing things(filter: Filter): [Thing!] }
        scalar Any type Thing { title: String color: Color parts(as: [Any!]): [Thing!] } schema { query: Query }";

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let validator = Validator::of(SCHEMA.to_owned());
        for (text, said) in [
            (
                "{ thing(by: { id: 1 }) { titel } }",
                "1:26 Unknown field \"titel\" on type \"Thing\". Did you mean \"title\"?",
            ),
            (
                "{ thing(bye: 1, by: { id: 1 }) { title } }",
                "1:9 Unknown argument \"bye\" on field \"thing\". Did you mean \"by\"?",
            ),
            ("{ thing { title } }", "1:3 Field \"thing\" needs by."),
            (
                "{ things(filter: { colour: RED, first: 1, second: 2 }) { title } }",
                "1:20 Unknown field \"colour\" of input \"Filter\". Did you mean \"color\"?",
            ),
            ("{ things(filter: {}) { title } }", "1:18 A value of type \"Filter\" needs first, second."),
            (
                "{ things(filter: { color: REDD, first: 1, second: 2 }) { title } }",
                "1:27 Enum \"Color\" has no value REDD. Did you mean \"RED\"? Its values are RED, GREEN.",
            ),
            (
                "{ things(filter: { color: \"RED\", first: 1, second: 2 }) { title } }",
                "1:27 A value of type \"Color\" is expected, not string. Its values are RED, GREEN.",
            ),
            (
                "{ things(filter: { first: 1, first: 1, second: 2 }) { title } }",
                "1:20 1:30 Field \"first\" is given twice.",
            ),
            (
                "{ things { parts(as: [{ a: 1 }, { b: [{ c: 1, d: 2, c: 3 }] }]) { title } } }",
                "1:33 Field \"c\" is given twice.",
            ),
            ("{\n  thing(by: {}) { title }\n}", "2:13 Exactly one field of \"By\" is given, and it is not null."),
            (
                "query($a: String) { thing(by: { code: $a }) { title } }",
                "1:39 Variable \"$a\" of type \"String\" may be null, and a field of \"By\" may not: declare it as \"String!\".",
            ),
            (
                "query($a: Colour) { things { title @skip(if: $a) } }",
                "1:11 Unknown type \"Colour\". Did you mean \"Color\"?",
            ),
            ("{ things { title @skp(if: true) } }", "1:18 Unknown directive \"@skp\". Did you mean \"@skip\"?"),
            (
                "{ things { a: title a: color } }",
                "1:12 1:21 Two fields are answered as \"a\", and they are different fields: give one of them an alias.",
            ),
            ("{ things }", "1:3 Field \"things\" of type \"[Thing!]\" needs a selection of fields: things { ... }."),
            ("{ __type(name: \"Thing\") { isOneOf(of: 1) } }", "1:35 Unknown argument \"of\" on field \"isOneOf\"."),
            ("{ __type(name: \"Thing\") { isOneOf @other } }", "1:35 Unknown directive \"@other\"."),
            (
                "query($all: String) { __schema { directives(includeDeprecated: $all) { isDeprecated } } }",
                "1:64 Variable \"$all\" of type \"String\" stands where \"Boolean!\" is expected.",
            ),
            (
                "{ __type(name: \"A\") { a: isOneOf a: name } }",
                "1:23 1:34 Two fields are answered as \"a\", and they are different fields: give one of them an alias.",
            ),
            ("{ _0schema { types { name } } }", "1:3 Unknown field \"_0schema\" on type \"Query\"."),
            ("{ ...F } fragment F on __Typ { name }", "1:24 Unknown type \"__Typ\". Did you mean \"__Type\"?"),
            ("mutation { things { title } }", "1:1 The schema has no mutation."),
            (
                "query($__type: ID!) { thing(by: { id: $_0type }) { title } }",
                "1:39 Variable \"$_0type\" is not declared.",
            ),
            ("{ things { title {} } }", "1:18 Type \"String\" has no fields to select."),
            (
                "{ things { ...F } } fragment F on Thing { nothing1 }",
                "1:43 Unknown field \"nothing1\" on type \"Thing\".",
            ),
        ] {
            let source = Source::of(text);
            let refusal = validator.check(&parse(&source).unwrap(), &source).expect_err(text);
            let told = refusal.faults.iter().map(|fault| {
                let places = fault.locations.iter().map(|place| format!("{}:{} ", place.line, place.column));
                places.collect::<String>() + &fault.message
            });
            assert!(told.clone().any(|told| told == said), "{text}\n{:#?}", told.collect::<Vec<_>>());
        }
    }
}
