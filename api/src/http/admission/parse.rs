//! Parses a document with bluejay-parser, which knows the grammar of September 2025, and converts it into async-graphql's, whose own grammar is
//! older and misreads some texts. Knows no types.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, FragmentSpread,
    InlineFragment, OperationDefinition, OperationType, Selection, SelectionSet, Type, TypeCondition,
    VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::{ConstValue, Number, Value};
use bluejay_core::executable::{
    ExplicitOperationDefinition as _, Field as _, FragmentDefinition as _, FragmentSpread as _,
    ImplicitOperationDefinition as _, InlineFragment as _, OperationDefinition as _, OperationDefinitionReference,
    VariableDefinition as _,
};
use bluejay_core::{AsIter, Directive as _};
use bluejay_parser::ast::executable::{self as written, ExecutableDocument as Written};
use bluejay_parser::ast::{self, Parse as _};
use bluejay_parser::{Error, HasSpan};

use super::source::Source;
use super::{Fault, Inadmissible};
use crate::unicode::nfc;

/// Parses a text.
pub fn parse<'a>(source: &'a Source<'_>) -> Result<Written<'a>, Inadmissible> {
    Written::parse(source.text()).result.map_err(|errors| not_graphql(source, errors))
}

/// The first error of a parser.
fn not_graphql(source: &Source<'_>, errors: Vec<Error>) -> Inadmissible {
    // In a text of one line of blanks a column is a byte.
    let blank = " ".repeat(source.text().len());
    let first = Error::into_graphql_errors(&blank, errors.into_iter().take(1)).into_iter().next();
    let place = first.as_ref().and_then(|error| error.locations.first());
    let place = place.map(|place| source.position(place.col.saturating_sub(1)));
    let message = match (first, place) {
        (Some(error), Some(Pos { line, column })) => {
            let reason = error.message.replace("EOF", "end of the document").to_lowercase();
            format!("The document is not GraphQL at line {line}, column {column}: {reason}.")
        }
        _ => "The document is not GraphQL: it has no operation.".to_owned(),
    };
    let fault = Fault { message, locations: vec![place.unwrap_or(source.position(0))] };
    Inadmissible { code: "GRAPHQL_PARSE_FAILED", faults: vec![fault] }
}

/// The same document as async-graphql executes it. `Err` if two of its operations, or two of its fragments, cannot be told apart.
pub fn convert(written: &Written<'_>, source: &Source<'_>) -> Result<ExecutableDocument, Inadmissible> {
    let converter = Converter { source };
    let mut fragments = HashMap::with_capacity(written.fragment_definitions().len());
    for fragment in written.fragment_definitions() {
        match fragments.entry(Name::new(fragment.name().as_str())) {
            Entry::Vacant(vacant) => drop(vacant.insert(converter.fragment(fragment))),
            Entry::Occupied(other) => {
                let message = format!("Two fragments are called \"{}\".", other.key());
                return Err(not_told_apart(message, [other.get().pos, converter.position(fragment)]));
            }
        }
    }
    Ok(ExecutableDocument { operations: converter.operations(written.operation_definitions())?, fragments })
}

fn not_told_apart(message: String, locations: impl Into<Vec<Pos>>) -> Inadmissible {
    let fault = Fault { message, locations: locations.into() };
    Inadmissible { code: "GRAPHQL_VALIDATION_FAILED", faults: vec![fault] }
}

struct Converter<'a> {
    source: &'a Source<'a>,
}

impl Converter<'_> {
    fn position(&self, node: &impl HasSpan) -> Pos {
        self.source.position(node.span().byte_range().start)
    }

    fn at<T>(&self, node: &impl HasSpan, converted: T) -> Positioned<T> {
        Positioned::new(converted, self.position(node))
    }

    fn operations(&self, all: &[written::OperationDefinition<'_>]) -> Result<DocumentOperations, Inadmissible> {
        let mut named = HashMap::with_capacity(all.len());
        for operation in all {
            let name = match operation {
                written::OperationDefinition::Explicit(explicit) => explicit.name(),
                written::OperationDefinition::Implicit(_) => None,
            };
            let Some(name) = name else {
                if all.len() == 1 {
                    return Ok(DocumentOperations::Single(self.operation(operation)));
                }
                let message = "An operation without a name stands alone in its document.".to_owned();
                return Err(not_told_apart(message, [self.position(operation)]));
            };
            match named.entry(Name::new(name.as_str())) {
                Entry::Vacant(vacant) => drop(vacant.insert(self.operation(operation))),
                Entry::Occupied(other) => {
                    let message = format!("Two operations are called \"{}\".", other.key());
                    return Err(not_told_apart(message, [other.get().pos, self.position(operation)]));
                }
            }
        }
        Ok(DocumentOperations::Multiple(named))
    }

    fn operation(&self, operation: &written::OperationDefinition<'_>) -> Positioned<OperationDefinition> {
        let converted = match operation.as_ref() {
            OperationDefinitionReference::Explicit(explicit) => OperationDefinition {
                ty: match explicit.operation_type().into() {
                    bluejay_core::OperationType::Query => OperationType::Query,
                    bluejay_core::OperationType::Mutation => OperationType::Mutation,
                    bluejay_core::OperationType::Subscription => OperationType::Subscription,
                },
                variable_definitions: self.variables(explicit.variable_definitions()),
                directives: self.directives(explicit.directives()),
                selection_set: self.selections(explicit.selection_set()),
            },
            OperationDefinitionReference::Implicit(implicit) => OperationDefinition {
                ty: OperationType::Query,
                variable_definitions: Vec::new(),
                directives: Vec::new(),
                selection_set: self.selections(implicit.selection_set()),
            },
        };
        self.at(operation, converted)
    }

    fn variables(&self, all: Option<&written::VariableDefinitions<'_>>) -> Vec<Positioned<VariableDefinition>> {
        let convert = |one: &written::VariableDefinition<'_>| {
            let default = one.default_value().map(|value| self.at(value, constant(value)));
            let converted = VariableDefinition {
                name: self.at(one.variable(), Name::new(one.variable().name())),
                var_type: self.at(one.r#type(), type_of(one.r#type())),
                directives: self.directives(one.directives()),
                default_value: default,
            };
            self.at(one.variable(), converted)
        };
        all.map(|all| all.iter().map(convert).collect()).unwrap_or_default()
    }

    fn fragment(&self, fragment: &written::FragmentDefinition<'_>) -> Positioned<FragmentDefinition> {
        let converted = FragmentDefinition {
            type_condition: self.condition(fragment.type_condition()),
            directives: self.directives(fragment.directives()),
            selection_set: self.selections(fragment.selection_set()),
        };
        self.at(fragment, converted)
    }

    fn condition(&self, condition: &written::TypeCondition<'_>) -> Positioned<TypeCondition> {
        let name = condition.named_type();
        self.at(name, TypeCondition { on: self.at(name, Name::new(name.as_str())) })
    }

    fn selections(&self, set: &written::SelectionSet<'_>) -> Positioned<SelectionSet> {
        let items = set.iter().filter(|one| !self.is_filling(one)).map(|one| self.selection(one));
        self.at(set, SelectionSet { items: items.collect() })
    }

    fn is_filling(&self, selection: &written::Selection<'_>) -> bool {
        matches!(selection, written::Selection::Field(field) if self.source.is_filling(field.span().byte_range().start))
    }

    fn selection(&self, selection: &written::Selection<'_>) -> Positioned<Selection> {
        match selection {
            written::Selection::Field(field) => self.at(field, Selection::Field(self.at(field, self.field(field)))),
            written::Selection::FragmentSpread(spread) => {
                let converted = FragmentSpread {
                    fragment_name: self.at(spread.name(), Name::new(spread.name().as_str())),
                    directives: self.directives(spread.directives()),
                };
                self.at(spread, Selection::FragmentSpread(self.at(spread, converted)))
            }
            written::Selection::InlineFragment(inline) => {
                let converted = InlineFragment {
                    type_condition: inline.type_condition().map(|condition| self.condition(condition)),
                    directives: self.directives(inline.directives()),
                    selection_set: self.selections(inline.selection_set()),
                };
                self.at(inline, Selection::InlineFragment(self.at(inline, converted)))
            }
        }
    }

    fn field(&self, field: &written::Field<'_>) -> Field {
        let selection_set = match field.selection_set() {
            Some(set) => self.selections(set),
            None => self.at(field, SelectionSet::default()),
        };
        Field {
            alias: field.alias().map(|alias| self.at(field, Name::new(alias))),
            name: self.at(field.name(), Name::new(field.name().as_str())),
            arguments: self.arguments(field.arguments()),
            directives: self.directives(field.directives()),
            selection_set,
        }
    }

    fn directives<const CONST: bool>(&self, all: Option<&ast::Directives<'_, CONST>>) -> Vec<Positioned<Directive>> {
        let convert = |one: &ast::Directive<'_, CONST>| {
            let name = self.at(one.name(), Name::new(one.name().as_str()));
            self.at(one, Directive { name, arguments: self.arguments(one.arguments()) })
        };
        all.map(|all| all.iter().map(convert).collect()).unwrap_or_default()
    }

    fn arguments<const CONST: bool>(
        &self,
        all: Option<&ast::Arguments<'_, CONST>>,
    ) -> Vec<(Positioned<Name>, Positioned<Value>)> {
        let convert = |one: &ast::Argument<'_, CONST>| {
            let name = self.at(one.name(), Name::new(one.name().as_str()));
            (name, self.at(one.value(), value(one.value())))
        };
        all.map(|all| all.iter().map(convert).collect()).unwrap_or_default()
    }
}

fn type_of(ty: &written::VariableType<'_>) -> Type {
    match ty {
        written::VariableType::Named { name, is_required, .. } => {
            Type { base: BaseType::Named(Name::new(name.as_str())), nullable: !is_required }
        }
        written::VariableType::List { inner, is_required, .. } => {
            Type { base: BaseType::List(Box::new(type_of(inner))), nullable: !is_required }
        }
    }
}

fn constant(written: &ast::ConstValue<'_>) -> ConstValue {
    // The parser has refused variables in it.
    value(written).into_const().unwrap_or_default()
}

fn value<const CONST: bool>(written: &ast::Value<'_, CONST>) -> Value {
    match written {
        ast::Value::Variable(variable) => Value::Variable(Name::new(variable.name())),
        ast::Value::Integer(integer) => number(integer.as_ref()),
        ast::Value::Float(float) => decimal(*float.as_ref()),
        ast::Value::String(string) => Value::String(nfc(string.as_str().to_owned())),
        ast::Value::Boolean(_) => Value::Boolean(is_true(written)),
        ast::Value::Null(_) => Value::Null,
        ast::Value::Enum(name) => Value::Enum(Name::new(name.as_str())),
        ast::Value::List(list) => Value::List(list.iter().map(value).collect()),
        ast::Value::Object(object) => {
            let fields = AsIter::iter(object).map(|(name, field)| (Name::new(name.as_str()), value(field)));
            Value::Object(fields.collect())
        }
    }
}

fn is_true<const CONST: bool>(written: &ast::Value<'_, CONST>) -> bool {
    matches!(bluejay_core::Value::as_ref(written), bluejay_core::ValueReference::Boolean(true))
}

/// A whole number. One of more than 64 bits can only be an id, which is a text.
fn number(digits: &str) -> Value {
    digits.parse::<i64>().map_or_else(|_| Value::String(digits.to_owned()), |number| Value::Number(number.into()))
}

/// A decimal number. One that is too large is a text, which no type takes for a number.
fn decimal(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::types::Selection;

    use crate::http::admission::parsed;

    /// The value of the argument of the only field.
    fn argument(text: &str) -> String {
        let document = parsed(&format!("{{ a(b: {text}) }}")).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        match &operation.node.selection_set.node.items[0].node {
            Selection::Field(field) => field.node.arguments[0].1.node.to_string(),
            _ => panic!("no field"),
        }
    }

    #[test]
    fn values_are_read_as_they_are_written() {
        for (text, value) in [
            ("[trueNorth, EAST, nullable]", "[trueNorth, EAST, nullable]"),
            (r#"""" a \""" b """"#, r#"" a \"\"\" b ""#),
            (r#""\u{57}\uD83D\uDE00\u0416""#, "\"W😀Ж\""),
            ("[1, -2, 1.5, 2e3]", "[1, -2, 1.5, 2000.0]"),
            ("9223372036854775808", "\"9223372036854775808\""),
            ("{ a: $ c, b: {} }", "{a: $c, b: {}}"),
        ] {
            assert_eq!(argument(text), value, "{text}");
        }
    }

    #[test]
    fn what_async_graphql_misreads_is_read_or_refused() {
        for text in [
            "{ ... on#comment\n A { b } }",
            "\"What it is for.\" query Q(\"What it is.\" $a: [ Int ] ! = 2 @d) { a {} }",
            "\"\"\"Its fields.\"\"\" fragment F on A { b }",
        ] {
            assert!(parsed(text).is_ok(), "{text}");
        }
        for text in [
            "query Q() { a }",
            "queryQ { a }",
            "{ a(b: [01]) }",
            "query($a: Int @d = 2) { a }",
            "{ a(b: \"\\uD83D\") }",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
