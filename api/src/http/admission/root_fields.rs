//! The fields at the root of an operation. Those with one response name are one (GraphQL, "CollectFields"): async-graphql 8.0.0-rc.5 executes each of
//! them, and makes a stream of each, so that a mutation would write twice. Here they are written out before. Executes nothing.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, InlineFragment, OperationDefinition, OperationType,
    Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::{Fault, Inadmissible, operations_mut};

/// The argument that says where a subscription begins.
const AFTER: &str = "after";

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Writes out the root fields of mutations and subscriptions. `Err` if a subscription has not one that is always there, or if it depends on
/// variables in several ways whether a mutation is executed.
pub fn write_out(document: &mut ExecutableDocument) -> Result<(), Inadmissible> {
    let ExecutableDocument { operations, fragments } = document;
    for operation in operations_mut(operations) {
        let root = &mut operation.node.selection_set.node;
        match operation.node.ty {
            OperationType::Query => {}
            OperationType::Mutation => root.items = mutation(root, fragments)?,
            OperationType::Subscription => root.items = vec![subscription(root, fragments)?],
        }
    }
    Ok(())
}

/// The fields of a mutation, in the order of their first appearance.
fn mutation(root: &SelectionSet, fragments: &Fragments) -> Result<Vec<Positioned<Selection>>, Inadmissible> {
    let mut all = Vec::new();
    collect(root, fragments, &[], &mut Vec::new(), &mut all);
    let mut groups: Vec<Vec<Occurrence>> = Vec::new();
    for one in all {
        match groups.iter_mut().find(|group| group[0].name() == one.name()) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups.into_iter().map(merged).collect()
}

/// A root field where it stands, with the directives of the fragments around it.
struct Occurrence {
    field: Positioned<Field>,
    conditions: Vec<Positioned<Directive>>,
}

impl Occurrence {
    fn name(&self) -> &Name {
        &self.field.node.response_key().node
    }
}

fn collect(
    set: &SelectionSet,
    fragments: &Fragments,
    around: &[Positioned<Directive>],
    within: &mut Vec<Name>,
    all: &mut Vec<Occurrence>,
) {
    for item in &set.items {
        let conditions = || around.iter().chain(item.node.directives()).cloned().collect::<Vec<_>>();
        match &item.node {
            Selection::Field(field) => all.push(Occurrence { field: field.clone(), conditions: conditions() }),
            Selection::InlineFragment(inline) => {
                collect(&inline.node.selection_set.node, fragments, &conditions(), within, all);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name).filter(|_| !within.contains(name)) {
                    within.push(name.clone());
                    collect(&fragment.node.selection_set.node, fragments, &conditions(), within, all);
                    within.pop();
                }
            }
        }
    }
}

/// One field of all with a response name: under the conditions that all of them have, or under none, if one of them has none.
fn merged(group: Vec<Occurrence>) -> Result<Positioned<Selection>, Inadmissible> {
    let text =
        |one: &Occurrence| format!("{:?}", one.conditions.iter().map(|one| condition(&one.node)).collect::<Vec<_>>());
    let are_alike = group.iter().all(|one| text(one) == text(&group[0]));
    let place = group.iter().position(|one| are_alike || one.conditions.is_empty());
    let Some(place) = place else {
        let message =
            format!("Whether \"{}\" is executed depends on several conditions: give each an alias.", group[0].name());
        return Err(placed(message, &group));
    };
    let mut field = group[place].field.clone();
    field.node.directives.clone_from(&group[place].conditions);
    field.node.selection_set.node.items = group
        .into_iter()
        .flat_map(|one| {
            let (pos, selection_set) = (one.field.pos, one.field.node.selection_set);
            if are_alike || one.conditions.is_empty() {
                return selection_set.node.items;
            }
            let part = InlineFragment { type_condition: None, directives: one.conditions, selection_set };
            vec![Positioned::new(Selection::InlineFragment(Positioned::new(part, pos)), pos)]
        })
        .collect();
    Ok(Positioned::new(Selection::Field(field.clone()), field.pos))
}

/// A refusal of these fields.
fn placed(message: String, fields: &[Occurrence]) -> Inadmissible {
    let places = fields.iter().map(|one| one.field.pos).collect();
    Inadmissible { code: "GRAPHQL_VALIDATION_FAILED", faults: vec![Fault::new(message, places)] }
}

/// What a directive says, without its place.
fn condition(directive: &Directive) -> (String, Vec<(String, String)>) {
    let arguments = directive.arguments.iter().map(|(name, value)| (name.node.to_string(), value.node.to_string()));
    (directive.name.node.to_string(), arguments.collect())
}

fn subscription(root: &SelectionSet, fragments: &Fragments) -> Result<Positioned<Selection>, Inadmissible> {
    let mut all = Vec::new();
    collect(root, fragments, &[], &mut Vec::new(), &mut all);
    let is_one = all.iter().all(|one| one.name() == all[0].name() && one.conditions.is_empty());
    if all.is_empty() || !is_one || all[0].field.node.name.node.starts_with("__") {
        return Err(placed("A subscription selects one root field, without @skip and @include.".to_owned(), &all));
    }
    merged(all)
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
    use super::{OperationType, Selection, SelectionSet, root_field, start_variable, write_out};

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
            let written = write_out(&mut document).ok().map(|()| {
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
    fn fields_of_a_mutation_with_one_name_are_one() {
        for (text, written) in [
            ("mutation { a { b } a { c } d: a { e } }", Some("a{b c} d:a{e}")),
            (
                "mutation { ...F ...G a { b } } fragment F on M { a { c } x { y } } fragment G on M { ...F }",
                Some("a{c c b} x{y y}"),
            ),
            ("mutation($v: Boolean!) { a @skip(if: $v) { b } a { c } }", Some("a{...@skip{b} c}")),
            ("mutation($v: Boolean!) { a @skip(if: $v) { b } ... @skip(if: $v) { a { c } } }", Some("a@skip{b c}")),
            ("mutation($v: Boolean!) { ... @include(if: $v) { a @skip(if: $v) { b } } }", Some("a@include@skip{b}")),
            ("mutation($v: Boolean!, $w: Boolean!) { a @skip(if: $v) { b } a @skip(if: $w) { c } }", None),
            ("mutation { __typename __typename }", Some("__typename")),
            ("mutation {}", Some("")),
        ] {
            let mut document = parsed(text).unwrap();
            let done = write_out(&mut document).ok().map(|()| {
                let (_, operation) = document.operations.iter().next().unwrap();
                shown(&operation.node.selection_set.node)
            });
            assert_eq!(done.as_deref(), written, "{text}");
        }
    }

    fn shown(set: &SelectionSet) -> String {
        let items = set.items.iter().map(|item| {
            let directives = item.node.directives().iter().map(|one| one.node.name.node.as_str());
            let directives = directives.fold(String::new(), |all, one| all + "@" + one);
            let (name, below) = match &item.node {
                Selection::Field(field) => {
                    let alias = field.node.alias.as_ref().map(|alias| format!("{}:", alias.node)).unwrap_or_default();
                    (format!("{alias}{}", field.node.name.node), shown(&field.node.selection_set.node))
                }
                Selection::InlineFragment(inline) => ("...".to_owned(), shown(&inline.node.selection_set.node)),
                Selection::FragmentSpread(spread) => (spread.node.fragment_name.node.to_string(), String::new()),
            };
            if below.is_empty() { format!("{name}{directives}") } else { format!("{name}{directives}{{{below}}}") }
        });
        items.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_variable_of_the_start_is_used_for_nothing_else() {
        for (text, name) in [
            ("subscription($c: String) { changes(after: $c, types: [THEME]) { recordId } }", Some("c")),
            ("subscription($c: String, $d: Int) { a: changes(after: $c) { recordId(b: $d) } }", Some("c")),
            ("subscription { changes(after: \"x\") { recordId } }", None),
            ("subscription($c: String) { changes(types: [$c]) { recordId } }", None),
            ("subscription($c: String) { changes(after: $c) { recordId(a: [{ b: $c }]) } }", None),
            ("subscription($c: String) { changes(after: $c) { ...f @include(if: $c) } } fragment f on C { id }", None),
            ("subscription($c: String) { changes(after: $c) { ...f } } fragment f on C { id(a: $c) }", None),
        ] {
            let document = parsed(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            assert_eq!(start_variable(&document, &operation.node), name, "{text}");
        }
    }
}
