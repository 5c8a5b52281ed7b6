//! Fields of introspection that bluejay-parser 0.5.0 does not know, among what validation finds. Knows no other rule.

use std::collections::HashSet;

use bluejay_core::executable::Field as _;
use bluejay_core::{AsIter as _, Value as _, ValueReference};
use bluejay_parser::HasSpan as _;
use bluejay_parser::ast;
use bluejay_parser::ast::executable::{ExecutableDocument as Written, Field};
use bluejay_validator::executable::document::Error;

use super::validate::{Said, SchemaDefinition};

/// The type and the name of each. None has arguments or a selection.
const INTROSPECTION: [(&str, &str); 3] =
    [("__Type", "isOneOf"), ("__InputValue", "isDeprecated"), ("__InputValue", "deprecationReason")];

/// Such a field, if an error says that it is not known.
pub fn introspected<'a>(error: &Error<'a, Written<'a>, SchemaDefinition<'static>>) -> Option<&'a Field<'a>> {
    match error {
        Error::FieldDoesNotExistOnType { field, r#type } => {
            INTROSPECTION.contains(&(r#type.name(), field.name().as_str())).then_some(field)
        }
        _ => None,
    }
}

/// Whether an error only says that such a field is not known.
pub fn is_introspection<'a>(error: &Error<'a, Written<'a>, SchemaDefinition<'static>>) -> bool {
    introspected(error).is_some_and(|field| {
        field.arguments().is_none() && field.selection_set().is_none() && field.directives().is_none_or(are_conditions)
    })
}

/// Whether directives are `@skip` and `@include`, each at most once, with a condition that is a Boolean or a variable.
fn are_conditions(directives: &ast::Directives<'_, false>) -> bool {
    let mut names = HashSet::new();
    directives.iter().all(|directive: &ast::Directive<'_, false>| {
        let name = directive.name().as_str();
        matches!(name, "skip" | "include")
            && names.insert(name)
            && bluejay_core::Directive::arguments(directive).is_some_and(is_condition)
    })
}

fn is_condition(arguments: &ast::Arguments<'_, false>) -> bool {
    let mut all = arguments.iter().map(|one: &ast::Argument<'_, false>| (one.name().as_str(), one.value().as_ref()));
    let is_one = matches!(all.next(), Some(("if", ValueReference::Boolean(_) | ValueReference::Variable(_))));
    is_one && all.next().is_none()
}

/// What such a field has that it may not have.
pub fn misused(field: &Field<'_>) -> Said {
    let name = field.name().as_str();
    if let Some(argument) = field.arguments().and_then(|arguments| arguments.iter().next()) {
        let message = format!("Unknown argument \"{}\" on field \"{name}\".", argument.name().as_str());
        return (message, vec![*argument.name().span()]);
    }
    let message =
        format!("Field \"{name}\" has no fields to select, and no directives but @skip and @include, once each.");
    (message, vec![*field.name().span()])
}

/// Whether an error is of such a field with directives, into which validation has not looked.
pub fn has_unread_directives<'a>(error: &Error<'a, Written<'a>, SchemaDefinition<'static>>) -> bool {
    introspected(error).is_some_and(|field| field.directives().is_some_and(|all| all.len() > 0))
}
