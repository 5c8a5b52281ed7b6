//! Validates a document: the rules of the specification's section 5, as bluejay-validator has them, and what is said of a document that breaks one.
//! Checks no variables, and no values of our own scalars.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use bluejay_core::definition::{
    ArgumentsDefinition, DirectiveDefinition, EnumTypeDefinition as _, EnumValueDefinition, FieldDefinition,
    InputObjectTypeDefinition as _, InputType as _, InputValueDefinition, OutputType as _, ScalarTypeDefinition,
    SchemaDefinition as _, TypeDefinitionReference,
};
use bluejay_core::executable::{OperationDefinition as _, VariableType as _};
use bluejay_core::{AsIter, ObjectValue as _, Value as _, ValueReference};
use bluejay_parser::ast::definition::{
    Context, CustomScalarTypeDefinition, DefinitionDocument, SchemaDefinition as SchemaOf,
};
use bluejay_parser::ast::executable::{ExecutableDocument as Written, Field};
use bluejay_parser::ast::{Parse as _, Value};
use bluejay_parser::{HasSpan, Span};
use bluejay_validator::executable::Cache;
use bluejay_validator::executable::document::{ArgumentError, BuiltinRulesValidator, DirectiveError, Error};
use bluejay_validator::value::input_coercion::Error as ValueError;

use super::introspection::{Translation, is_outdated, translate, translate_back, with_introspection};
use super::source::Source;
use super::suggestion::{did_you_mean, listed};
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

/// What is wrong, and where.
pub type Said = (String, Vec<Span>);

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
        let (message, spans) = self.say(error);
        let places = spans.iter().map(|span| source.position(span.byte_range().start));
        Fault::new((self.say_as)(message), places.collect())
    }

    #[expect(clippy::too_many_lines, reason = "a sentence for each rule")]
    fn say<'a>(&self, error: Error<'a, Written<'a>, SchemaDefinition<'static>>) -> Said {
        match error {
            Error::NonUniqueOperationNames { name, operations } => {
                (format!("Two operations are called \"{name}\"."), spans(operations))
            }
            Error::NotLoneAnonymousOperation { anonymous_operations } => {
                ("An operation without a name stands alone in its document.".to_owned(), spans(anonymous_operations))
            }
            Error::SubscriptionRootNotSingleField { operation } => {
                ("A subscription selects one root field.".to_owned(), vec![*operation.span()])
            }
            Error::FieldDoesNotExistOnType { field, r#type } => {
                let name = field.name().as_str();
                let known = r#type.fields_definition().into_iter().flat_map(AsIter::iter).map(FieldDefinition::name);
                let similar = did_you_mean(name, known.filter(|name| !is_outdated(name)));
                let message = format!("Unknown field \"{name}\" on type \"{}\".{similar}", r#type.name());
                (message, vec![*field.name().span()])
            }
            Error::OperationTypeNotDefined { operation } => {
                let ty = bluejay_core::OperationType::from(operation.operation_type());
                (format!("The schema has no {ty}."), vec![*operation.span()])
            }
            Error::LeafFieldSelectionNotEmpty { selection_set, r#type } => {
                let message = format!("Type \"{}\" has no fields to select.", r#type.display_name());
                (message, vec![*selection_set.span()])
            }
            Error::NonLeafFieldSelectionEmpty { field, r#type } => {
                let (name, ty) = (field.name().as_str(), r#type.display_name());
                let message =
                    format!("Field \"{name}\" of type \"{ty}\" needs a selection of fields: {name} {{ ... }}.");
                (message, vec![*field.name().span()])
            }
            Error::NonUniqueFragmentDefinitionNames { name, fragment_definitions } => {
                (format!("Two fragments are called \"{name}\"."), spans(fragment_definitions))
            }
            Error::FragmentDefinitionTargetTypeDoesNotExist { fragment_definition } => {
                self.unknown_type(fragment_definition.type_condition().named_type())
            }
            Error::InlineFragmentTargetTypeDoesNotExist { inline_fragment } => inline_fragment
                .type_condition()
                .map_or_else(Said::default, |condition| self.unknown_type(condition.named_type())),
            Error::FragmentDefinitionTargetTypeNotComposite { fragment_definition } => {
                no_composite(fragment_definition.type_condition().named_type())
            }
            Error::InlineFragmentTargetTypeNotComposite { inline_fragment } => inline_fragment
                .type_condition()
                .map_or_else(Said::default, |condition| no_composite(condition.named_type())),
            Error::FragmentDefinitionUnused { fragment_definition } => {
                let name = fragment_definition.name();
                (format!("Fragment \"{}\" is not used.", name.as_str()), vec![*name.span()])
            }
            Error::FragmentSpreadTargetUndefined { fragment_spread } => {
                let name = fragment_spread.name();
                (format!("Unknown fragment \"{}\".", name.as_str()), vec![*name.span()])
            }
            Error::FragmentSpreadCycle { fragment_definition, fragment_spread } => {
                let message = format!("Fragment \"{}\" contains itself.", fragment_definition.name().as_str());
                (message, vec![*fragment_spread.span()])
            }
            Error::FieldSelectionsDoNotMergeIncompatibleTypes { field_a, field_b, .. } => {
                conflict(field_a, field_b, "they have different types")
            }
            Error::FieldSelectionsDoNotMergeDifferingNames { field_a, field_b, .. } => {
                conflict(field_a, field_b, "they are different fields")
            }
            Error::FieldSelectionsDoNotMergeDifferingArguments { field_a, field_b, .. } => {
                conflict(field_a, field_b, "they have different arguments")
            }
            Error::FragmentSpreadIsNotPossible { fragment_spread, parent_type } => {
                let name = fragment_spread.name().as_str();
                let message = format!("Fragment \"{name}\" is never of type \"{}\".", parent_type.name());
                (message, vec![*fragment_spread.span()])
            }
            Error::InlineFragmentSpreadIsNotPossible { inline_fragment, parent_type } => {
                let on = inline_fragment.type_condition().map_or("", |condition| condition.named_type().as_str());
                let message = format!("A fragment on \"{on}\" is never of type \"{}\".", parent_type.name());
                (message, vec![*inline_fragment.span()])
            }
            Error::InvalidConstValue(error) => self.say_of_value(&error),
            Error::InvalidVariableValue(error) => self.say_of_value(&error),
            Error::InvalidConstDirective(error) => self.say_of_directive(error),
            Error::InvalidVariableDirective(error) => self.say_of_directive(error),
            Error::InvalidConstArgument(error) => say_of_argument(error),
            Error::InvalidVariableArgument(error) => say_of_argument(error),
            Error::NonUniqueVariableDefinitionNames { name, variable_definitions } => {
                let places = variable_definitions.iter().map(|one| *one.variable().span()).collect();
                (format!("Two variables are called \"${name}\"."), places)
            }
            Error::VariableDefinitionTypeNotInput { variable_definition } => {
                let ty = variable_definition.r#type();
                let name = ty.as_ref().name();
                if self.schema.get_type_definition(name).is_none() {
                    return self.unknown_type_name(name, *ty.span());
                }
                let variable = variable_definition.variable().name();
                (format!("Variable \"${variable}\" cannot be of type \"{name}\", which is no input."), vec![*ty.span()])
            }
            Error::VariableNotDefined { variable, operation_definition } => {
                let of = operation_definition.as_ref().name().map(|name| format!(" by operation \"{name}\""));
                let message = format!("Variable \"${}\" is not declared{}.", variable.name(), of.unwrap_or_default());
                (message, vec![*variable.span()])
            }
            Error::VariableDefinitionUnused { variable_definition } => {
                let variable = variable_definition.variable();
                (format!("Variable \"${}\" is not used.", variable.name()), vec![*variable.span()])
            }
            Error::InvalidVariableUsage { variable, variable_type, location_type } => {
                let (name, ty) = (variable.name(), variable_type.as_ref().display_name());
                let message = format!(
                    "Variable \"${name}\" of type \"{ty}\" stands where \"{}\" is expected.",
                    location_type.display_name()
                );
                (message, vec![*variable.span()])
            }
            Error::InvalidOneOfVariableUsage { variable, variable_type, parent_type_name } => {
                let (name, ty) = (variable.name(), variable_type.as_ref().display_name());
                let message = format!(
                    "Variable \"${name}\" of type \"{ty}\" may be null, and a field of \"{parent_type_name}\" may not: declare it as \"{ty}!\"."
                );
                (message, vec![*variable.span()])
            }
        }
    }

    fn unknown_type(&self, name: &(impl AsRef<str> + HasSpan)) -> Said {
        self.unknown_type_name(name.as_ref(), *name.span())
    }

    fn unknown_type_name(&self, name: &str, span: Span) -> Said {
        let known = self.schema.type_definitions().map(|known| known.name());
        let similar = did_you_mean(name, known.filter(|name| !is_outdated(name)));
        (format!("Unknown type \"{name}\".{similar}"), vec![span])
    }

    fn say_of_value<'a, const CONST: bool>(&self, error: &ValueError<'a, CONST, Value<'a, CONST>>) -> Said {
        match error {
            ValueError::NullValueForRequiredType { value, input_type_name, .. } => {
                (format!("A value of type \"{input_type_name}\" is expected, not null."), vec![*value.span()])
            }
            ValueError::NoImplicitConversion { value, input_type_name, .. } => {
                let (found, base) = (value.as_ref().variant(), input_type_name.trim_matches(['[', ']', '!']));
                let values = self.enum_values(base).map(|all| format!(" Its values are {}.", listed(all)));
                let message = format!(
                    "A value of type \"{input_type_name}\" is expected, not {found}.{}",
                    values.unwrap_or_default()
                );
                (message, vec![*value.span()])
            }
            ValueError::IntegerOutOfRange { value, .. } => {
                ("An Int has at most 32 bits.".to_owned(), vec![*value.span()])
            }
            ValueError::NonFiniteFloat { value, .. } => ("The number is too large.".to_owned(), vec![*value.span()]),
            ValueError::NoEnumMemberWithName { name, value, enum_type_name, .. } => {
                let values = self.enum_values(enum_type_name).unwrap_or_default();
                let similar = did_you_mean(name, values.iter().copied());
                let message = format!(
                    "Enum \"{enum_type_name}\" has no value {name}.{similar} Its values are {}.",
                    listed(values)
                );
                (message, vec![*value.span()])
            }
            ValueError::NoValueForRequiredFields { value, field_names, input_object_type_name, .. } => {
                let names = listed(field_names.iter().copied());
                (format!("A value of type \"{input_object_type_name}\" needs {names}."), vec![*value.span()])
            }
            ValueError::NonUniqueFieldNames { field_name, keys, .. } => {
                (format!("Field \"{field_name}\" is given twice."), keys.iter().map(|key| *key.span()).collect())
            }
            ValueError::NoInputFieldWithName { field, input_object_type_name, .. } => {
                let similar = did_you_mean(field.as_str(), self.input_fields(input_object_type_name));
                let message =
                    format!("Unknown field \"{}\" of input \"{input_object_type_name}\".{similar}", field.as_str());
                (message, vec![*field.span()])
            }
            ValueError::CustomScalarInvalidValue { value, message, .. } => (message.to_string(), vec![*value.span()]),
            ValueError::OneOfInputNullValues { value, input_object_type_name, .. }
            | ValueError::OneOfInputNotSingleNonNullValue { value, input_object_type_name, .. } => {
                let message =
                    format!("Exactly one field of \"{input_object_type_name}\" is given, and it is not null.");
                (message, vec![*value.span()])
            }
        }
    }

    fn say_of_directive<'a, const CONST: bool>(
        &self,
        error: DirectiveError<'a, CONST, Written<'a>, SchemaDefinition<'static>>,
    ) -> Said {
        match error {
            DirectiveError::DirectiveDoesNotExist { directive } => {
                let name = directive.name().as_str();
                let known = self.schema.directive_definitions().map(|known| format!("@{}", known.name()));
                let known: Vec<String> = known.collect();
                let similar = did_you_mean(&format!("@{name}"), known.iter().map(String::as_str));
                (format!("Unknown directive \"@{name}\".{similar}"), vec![*directive.span()])
            }
            DirectiveError::DirectiveInInvalidLocation { directive, location, .. } => {
                let message = format!("Directive \"@{}\" is not allowed on {location}.", directive.name().as_str());
                (message, vec![*directive.span()])
            }
            DirectiveError::DirectivesNotUniquePerLocation { directives, directive_definition } => {
                (format!("Directive \"@{}\" is given twice.", directive_definition.name()), spans(directives))
            }
        }
    }

    /// The values of an enum; `None` if the type is none.
    fn enum_values(&self, name: &str) -> Option<Vec<&str>> {
        match self.schema.get_type_definition(name)? {
            TypeDefinitionReference::Enum(of) => {
                Some(of.enum_value_definitions().iter().map(EnumValueDefinition::name).collect())
            }
            _ => None,
        }
    }

    fn input_fields(&self, name: &str) -> Vec<&str> {
        match self.schema.get_type_definition(name) {
            Some(TypeDefinitionReference::InputObject(of)) => {
                of.input_field_definitions().iter().map(InputValueDefinition::name).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn say_of_argument<'a, const CONST: bool>(
    error: ArgumentError<'a, CONST, Written<'a>, SchemaDefinition<'static>>,
) -> Said {
    match error {
        ArgumentError::NonUniqueArgumentNames { arguments, name } => {
            (format!("Argument \"{name}\" is given twice."), arguments.iter().map(|one| *one.name().span()).collect())
        }
        ArgumentError::ArgumentDoesNotExistOnField { argument, field_definition } => {
            let name = argument.name().as_str();
            let similar = did_you_mean(name, names(field_definition.arguments_definition()));
            let message = format!("Unknown argument \"{name}\" on field \"{}\".{similar}", field_definition.name());
            (message, vec![*argument.name().span()])
        }
        ArgumentError::ArgumentDoesNotExistOnDirective { argument, directive_definition } => {
            let name = argument.name().as_str();
            let similar = did_you_mean(name, names(directive_definition.arguments_definition()));
            let message =
                format!("Unknown argument \"{name}\" on directive \"@{}\".{similar}", directive_definition.name());
            (message, vec![*argument.name().span()])
        }
        ArgumentError::DirectiveMissingRequiredArguments { directive, missing_argument_definitions, .. } => {
            let missing = listed(missing_argument_definitions.iter().map(|one| one.name()));
            (format!("Directive \"@{}\" needs {missing}.", directive.name().as_str()), vec![*directive.span()])
        }
        ArgumentError::FieldMissingRequiredArguments { field, missing_argument_definitions, .. } => {
            let missing = listed(missing_argument_definitions.iter().map(|one| one.name()));
            (format!("Field \"{}\" needs {missing}.", field.name().as_str()), vec![*field.name().span()])
        }
    }
}

fn names<A: ArgumentsDefinition>(definitions: Option<&A>) -> impl Iterator<Item = &str> {
    definitions.into_iter().flat_map(AsIter::iter).map(InputValueDefinition::name)
}

fn no_composite(name: &(impl AsRef<str> + HasSpan)) -> Said {
    (format!("Type \"{}\" has no fields, and so no fragments.", name.as_ref()), vec![*name.span()])
}

fn conflict(one: &Field<'_>, other: &Field<'_>, why: &str) -> Said {
    let name = one.response_key();
    let message = format!("Two fields are answered as \"{name}\", and {why}: give one of them an alias.");
    (message, vec![*one.span(), *other.span()])
}

fn spans<T: HasSpan>(nodes: Vec<&T>) -> Vec<Span> {
    nodes.into_iter().map(|node| *node.span()).collect()
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
