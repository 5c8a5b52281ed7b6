//! What is special about a subscription: it has one root field (GraphQL, "Single Root Field"). Executes nothing.

use std::collections::HashSet;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql_value::Value;

use super::Inadmissible;

/// The argument that says where a subscription begins.
const AFTER: &str = "after";

/// Checks that each subscription of a document has one root field.
pub fn check(document: &ExecutableDocument) -> Result<(), Inadmissible> {
    let mut operations = document.operations.iter().map(|(_, operation)| &operation.node);
    if operations.all(|one| one.ty != OperationType::Subscription || root_fields(document, one).len() < 2) {
        return Ok(());
    }
    Err(Inadmissible::new("GRAPHQL_VALIDATION_FAILED", "A subscription has one root field."))
}

/// The variable that only says where a subscription begins, if it has one: later results do not depend on it.
pub fn start_variable<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> Option<&'a str> {
    let fields = root_fields(document, operation);
    let [field] = fields.as_slice() else { return None };
    let name = field.arguments.iter().find_map(|(name, value)| match &value.node {
        Value::Variable(variable) if name.node == AFTER => Some(variable.as_str()),
        _ => None,
    })?;
    let elsewhere = operation.selection_set.node.items.iter().map(|item| &item.node);
    let of_fragments = document.fragments.values().flat_map(|fragment| &fragment.node.selection_set.node.items);
    let uses: usize = elsewhere.chain(of_fragments.map(|item| &item.node)).map(|item| uses(item, name)).sum();
    (uses == 1).then_some(name)
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

/// The root fields of an operation, those of its fragments among them.
fn root_fields<'a>(document: &'a ExecutableDocument, operation: &'a OperationDefinition) -> Vec<&'a Field> {
    let mut fields = Vec::new();
    collect(document, &operation.selection_set.node, &mut HashSet::new(), &mut fields);
    fields
}

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    spread: &mut HashSet<&'a str>,
    fields: &mut Vec<&'a Field>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(&field.node),
            Selection::InlineFragment(inline) => collect(document, &inline.node.selection_set.node, spread, fields),
            Selection::FragmentSpread(of) => {
                let name = of.node.fragment_name.node.as_str();
                if let Some(fragment) = document.fragments.get(name).filter(|_| spread.insert(name)) {
                    collect(document, &fragment.node.selection_set.node, spread, fields);
                }
            }
        }
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
            ("subscription { ...f } fragment f on Subscription { ... { a { b c } } }", true),
            ("subscription { a b }", false),
            ("subscription { a ...f } fragment f on Subscription { b }", false),
            ("subscription { ...f ...f } fragment f on Subscription { a ...f }", true),
            // Validation reports what is missing.
            ("subscription { ...nothing }", true),
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
            ("subscription($c: String) { ...f } fragment f on Subscription { changes(after: $c) { id } }", Some("c")),
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
