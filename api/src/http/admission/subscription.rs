//! What is special about a subscription: it has one root field (GraphQL, "Single Root Field"), and an argument that says where it begins.
//! Executes nothing.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::{Inadmissible, operations_mut};

/// The argument that says where a subscription begins.
const AFTER: &str = "after";

/// Writes out the root field of each subscription. The library (async-graphql 8.0.0-rc.5) makes a stream of each field of the operation itself,
/// and of no field in a fragment; here all of them are one. `Err` if it is not one, or may be left out.
pub fn write_out_root_fields(document: &mut ExecutableDocument) -> Result<(), Inadmissible> {
    let ExecutableDocument { operations, fragments } = document;
    for operation in operations_mut(operations) {
        if operation.node.ty == OperationType::Subscription {
            let mut root = Root { fragments, visited: Vec::new(), field: None };
            if root.add(&operation.node.selection_set.node).is_none() || root.field.is_none() {
                let message = "A subscription selects one root field, without @skip and @include.";
                return Err(Inadmissible::new("GRAPHQL_VALIDATION_FAILED", message));
            }
            let field = root.field.into_iter().map(|field| Positioned::new(Selection::Field(field), operation.pos));
            operation.node.selection_set.node.items = field.collect();
        }
    }
    Ok(())
}

/// The root field of a subscription, as far as it is written out.
struct Root<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    visited: Vec<&'a Name>,
    field: Option<Positioned<Field>>,
}

impl<'a> Root<'a> {
    /// Adds a selection; `None` if it has another root field.
    fn add(&mut self, set: &'a SelectionSet) -> Option<()> {
        for item in &set.items {
            if item.node.directives().iter().any(|one| matches!(one.node.name.node.as_str(), "skip" | "include")) {
                return None;
            }
            match &item.node {
                Selection::Field(field) => self.add_field(field)?,
                Selection::InlineFragment(inline) => self.add(&inline.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if !self.visited.contains(&name) {
                        self.visited.push(name);
                        self.add(&self.fragments.get(name)?.node.selection_set.node)?;
                    }
                }
            }
        }
        Some(())
    }

    fn add_field(&mut self, field: &Positioned<Field>) -> Option<()> {
        match &mut self.field {
            _ if field.node.name.node.starts_with("__") => return None,
            None => self.field = Some(field.clone()),
            Some(known) if known.node.response_key().node == field.node.response_key().node => {
                known.node.selection_set.node.items.extend(field.node.selection_set.node.items.iter().cloned());
            }
            Some(_) => return None,
        }
        Some(())
    }
}

/// The variable that only says where a subscription begins, if it has one: later results do not depend on it.
pub fn start_variable<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> Option<&'a str> {
    let name = root_field(operation)?.arguments.iter().find_map(|(name, value)| match &value.node {
        Value::Variable(variable) if name.node == AFTER => Some(variable.as_str()),
        _ => None,
    })?;
    let of_fragments = document.fragments.values().flat_map(|fragment| &fragment.node.selection_set.node.items);
    let selections = operation.selection_set.node.items.iter().chain(of_fragments);
    let uses: usize = selections.map(|item| uses(&item.node, name)).sum();
    (uses == 1).then_some(name)
}

/// The only root field of an operation; `None` if it has several, or fragments.
fn root_field(operation: &OperationDefinition) -> Option<&Field> {
    match operation.selection_set.node.items.as_slice() {
        [only] => match &only.node {
            Selection::Field(field) => Some(&field.node),
            _ => None,
        },
        _ => None,
    }
}

/// How often a selection uses a variable.
fn uses(selection: &Selection, name: &str) -> usize {
    let (directives, arguments, below) = match selection {
        Selection::Field(field) => {
            (&field.node.directives, field.node.arguments.as_slice(), Some(&field.node.selection_set.node))
        }
        Selection::InlineFragment(inline) => {
            (&inline.node.directives, [].as_slice(), Some(&inline.node.selection_set.node))
        }
        Selection::FragmentSpread(spread) => (&spread.node.directives, [].as_slice(), None),
    };
    let of_directives = directives.iter().flat_map(|directive| &directive.node.arguments);
    let values = arguments.iter().chain(of_directives).map(|(_, value)| uses_in(&value.node, name));
    let below = below.map_or(0, |set| set.items.iter().map(|item| uses(&item.node, name)).sum());
    values.sum::<usize>() + below
}

fn uses_in(value: &Value, name: &str) -> usize {
    match value {
        Value::Variable(variable) => usize::from(variable.as_str() == name),
        Value::List(values) => values.iter().map(|value| uses_in(value, name)).sum(),
        Value::Object(fields) => fields.values().map(|value| uses_in(value, name)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parsed;
    use super::{OperationType, Selection, root_field, start_variable, write_out_root_fields};

    #[test]
    fn a_subscription_has_one_root_field() {
        for (text, fields) in [
            ("subscription { a }", Some("")),
            ("subscription { x: a { b ...f } } fragment f on A { c d }", Some("b f")),
            (
                "subscription { a { b } ... { a { c } } ...f } fragment f on S { ...g } fragment g on S { a { d } ...f }",
                Some("b c d"),
            ),
            ("query Q { a b } subscription S { a { b } }", Some("b")),
            ("subscription { a b }", None),
            ("subscription { a { b } x: a { b } }", None),
            ("subscription { a ...f } fragment f on S { b }", None),
            ("query Q { a } subscription S { a b }", None),
            ("subscription { __typename }", None),
            ("subscription {}", None),
            ("subscription { ... { } }", None),
            ("subscription { a @skip(if: false) }", None),
            ("subscription { ... @include(if: true) { a } }", None),
            ("subscription { ...f @skip(if: false) } fragment f on S { a }", None),
        ] {
            let mut document = parsed(text).unwrap();
            let written = write_out_root_fields(&mut document).ok().map(|()| {
                let subscriptions = document.operations.iter().map(|(_, operation)| operation);
                let mut subscriptions = subscriptions.filter(|one| one.node.ty == OperationType::Subscription);
                let root = root_field(&subscriptions.next().unwrap().node).unwrap();
                let names = root.selection_set.node.items.iter().map(|item| match &item.node {
                    Selection::Field(field) => field.node.name.node.as_str(),
                    Selection::FragmentSpread(spread) => spread.node.fragment_name.node.as_str(),
                    Selection::InlineFragment(_) => "...",
                });
                names.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(written.as_deref(), fields, "{text}");
        }
    }

    #[test]
    fn the_variable_of_the_start_is_used_for_nothing_else() {
        for (text, name) in [
            ("subscription($c: String) { changes(after: $c, types: [THEME]) { id } }", Some("c")),
            ("subscription($c: String, $d: Int) { a: changes(after: $c) { id(b: $d) } }", Some("c")),
            ("subscription { changes(after: \"x\") { id } }", None),
            ("subscription($c: String) { changes(types: [$c]) { id } }", None),
            ("subscription($c: String) { changes(after: $c) { id(a: [{ b: $c }]) } }", None),
            ("subscription($c: String) { changes(after: $c) { ...f @include(if: $c) } } fragment f on C { id }", None),
            ("subscription($c: String) { changes(after: $c) { ...f } } fragment f on C { id(a: $c) }", None),
        ] {
            let document = parsed(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            assert_eq!(start_variable(&document, &operation.node), name, "{text}");
        }
    }
}
