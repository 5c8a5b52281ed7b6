//! What is special about a subscription: it has one root field (GraphQL, "Single Root Field"), and an argument that says where it begins. The
//! library makes streams of the fields of the operation itself, and of no field in a fragment; the same field twice would be two streams.
//! Executes nothing.

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection};
use async_graphql_value::Value;

use super::Inadmissible;

/// The argument that says where a subscription begins.
const AFTER: &str = "after";

/// Checks that each subscription of a document selects one root field, where its stream is made.
pub fn check(document: &ExecutableDocument) -> Result<(), Inadmissible> {
    let mut operations = document.operations.iter().map(|(_, operation)| &operation.node);
    if operations.all(|one| one.ty != OperationType::Subscription || root_field(one).is_some()) {
        return Ok(());
    }
    let message = "A subscription selects one root field, once, and not in a fragment.";
    Err(Inadmissible::new("GRAPHQL_VALIDATION_FAILED", message))
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
    use async_graphql::parser::parse_query;

    use super::{check, start_variable};

    #[test]
    fn a_subscription_has_one_root_field() {
        for (text, fits) in [
            ("subscription { a }", true),
            ("subscription { a { b ...f } } fragment f on A { c d }", true),
            ("subscription { a b }", false),
            ("subscription { a { b } a { c } }", false),
            ("subscription { ...f } fragment f on Subscription { a }", false),
            ("subscription { ... { a } }", false),
            ("{ a b } mutation M { a b } subscription S { a }", true),
            ("query Q { a } subscription S { a b }", false),
        ] {
            // An operation without a name stands alone.
            let text = text.replacen("{ a b } mutation", "query Q { a b } mutation", 1);
            assert_eq!(check(&parse_query(&text).unwrap()).is_ok(), fits, "{text}");
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
            let document = parse_query(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            assert_eq!(start_variable(&document, &operation.node), name, "{text}");
        }
    }
}
