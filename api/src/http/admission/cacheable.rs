//! Whether the answers to a document may be cached, and read from a replica: what it selects depends on nothing but the register, of whose
//! changes the feed tells, and on what its viewer may see. It knows names of fields, and keeps no answer.

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Value};

use super::values::root_of;

/// The root fields that read the register alone. Others depend on who asks (`viewer`), on the feed itself (`changes`), or on what the feed does
/// not tell (clients, webhooks, external ids).
const ROOTS: [&str; 29] = [
    "__typename",
    "_entities",
    "bodies",
    "body",
    "consensusProcedure",
    "consensusProcedures",
    "countries",
    "country",
    "document",
    "documents",
    "instrument",
    "instruments",
    "mandate",
    "mandates",
    "meeting",
    "meetings",
    "node",
    "nodes",
    "organization",
    "organizations",
    "organizers",
    "paragraph",
    "recommendation",
    "recommendations",
    "source",
    "theme",
    "themes",
    "workingGroup",
    "workingGroups",
];

/// The field of a record of whose changes the feed does not tell.
const EXTERNAL_IDS: &str = "externalIds";
/// The field of an input that names a record by one of them.
const BY_EXTERNAL_ID: &str = "externalId";

const QUERY: &str = "Query";

/// The root fields of subscriptions. What they show of a record reads the register alone, too.
const SUBSCRIPTIONS: [&str; 2] = ["changes", "serviceStatus"];

const SUBSCRIPTION: &str = "Subscription";

/// Whether the answers to each operation of a document may be cached, and the results of its subscriptions shared.
pub fn is_cacheable(document: &ExecutableDocument) -> bool {
    let mut operations = document.operations.iter().map(|(_, operation)| &operation.node);
    let mut fragments = document.fragments.values().map(|fragment| &fragment.node);
    let only_read = operations.all(|operation| {
        let mut defaults = operation.variable_definitions.iter().filter_map(|one| one.node.default_value.as_ref());
        operation.ty != OperationType::Mutation
            && !defaults.any(|value| constant_names_external_id(&value.node))
            && reads_register(&operation.selection_set.node, root(root_of(operation.ty)))
    });
    only_read
        && fragments.all(|fragment| {
            let on = &fragment.type_condition.node.on.node;
            reads_register(&fragment.selection_set.node, root(on))
        })
}

/// The fields of a root type that read the register alone; `None` for any other type.
fn root(ty: &str) -> Option<&'static [&'static str]> {
    match ty {
        QUERY => Some(&ROOTS),
        SUBSCRIPTION => Some(&SUBSCRIPTIONS),
        _ => None,
    }
}

/// Whether the answers to a request with these variables may be cached, if those to its document may.
pub fn are_cacheable(variables: &Variables) -> bool {
    !variables.values().any(constant_names_external_id)
}

/// Whether a selection, of a root with these fields or of something else, reads the register alone. Fragments are checked where they are
/// defined.
fn reads_register(set: &SelectionSet, roots: Option<&[&str]>) -> bool {
    set.items.iter().all(|item| match &item.node {
        Selection::Field(field) => {
            let name = field.node.name.node.as_str();
            let is_known = roots.map_or(name != EXTERNAL_IDS, |roots| roots.contains(&name));
            let mut arguments = field.node.arguments.iter().map(|(_, value)| &value.node);
            is_known && !arguments.any(names_external_id) && reads_register(&field.node.selection_set.node, None)
        }
        Selection::InlineFragment(inline) => {
            let condition = inline.node.type_condition.as_ref();
            let roots = condition.map_or(roots, |condition| root(&condition.node.on.node));
            reads_register(&inline.node.selection_set.node, roots)
        }
        Selection::FragmentSpread(_) => true,
    })
}

/// Whether a value names a record by an external id.
fn names_external_id(value: &Value) -> bool {
    match value {
        Value::List(values) => values.iter().any(names_external_id),
        Value::Object(fields) => fields.iter().any(|(name, value)| name == BY_EXTERNAL_ID || names_external_id(value)),
        _ => false,
    }
}

/// The same for a value without variables.
fn constant_names_external_id(value: &ConstValue) -> bool {
    names_external_id(&value.clone().into_value())
}

#[cfg(test)]
mod tests {
    use crate::http::admission::parsed;
    use async_graphql::Variables;
    use serde_json::json;

    use super::{are_cacheable, is_cacheable};

    #[test]
    fn what_reads_the_register_alone_may_be_cached() {
        for text in [
            "{ __typename bodies { nodes { id } } }",
            "query A { a: theme(by: { code: \"A\" }) { code viewer } } query B { ...f ... { node(id: 1) { id } } } \
             fragment f on Query { ... on Query { meetings { totalCount } } }",
            "subscription { changes(after: \"x\") { recordId node { ... on Theme { code } } } }",
            "subscription { ...f } fragment f on Subscription { serviceStatus { head } }",
        ] {
            assert!(is_cacheable(&parsed(text).unwrap()), "{text}");
        }
        for text in [
            "{ viewer { role } }",
            "{ bodies: feedHead }",
            "{ bodies { nodes { id } } changes { endCursor } }",
            "{ bodies { nodes { a: externalIds { id } } } }",
            "{ bodies { nodes { ... on Body { externalIds { id } } } } }",
            "{ bodies { nodes { ...f } } } fragment f on Body { externalIds { id } }",
            "{ body(by: { externalId: { value: \"1\" } }) { id } }",
            "query($id: ID) { bodies { nodes { a(b: [{ c: { externalId: $id } }]) } } }",
            "query($by: BodyBy = { externalId: { value: \"1\" } }) { body(by: $by) { id } }",
            "{ ...f } fragment f on Query { clients { id } }",
            "{ ... { webhooks { id } } }",
            "{ ... on Query { ... @skip(if: false) { viewer { role } } } }",
            "query A { bodies { totalCount } } query B { viewer { role } }",
            "mutation { bodies { id } }",
            "subscription { bodies { id } }",
            "{ serviceStatus { head } }",
            "subscription { changes { node { ... on Theme { externalIds { id } } } } }",
            "subscription { ...f } fragment f on Subscription { changes { node { ... on Theme { externalIds { id } } } } }",
            "{ __schema { queryType { name } } }",
        ] {
            assert!(!is_cacheable(&parsed(text).unwrap()), "{text}");
        }
        let given = |variables| Variables::from_json(variables);
        assert!(are_cacheable(&given(json!({ "by": { "code": "externalId" }, "first": 1 }))));
        assert!(!are_cacheable(&given(json!({ "by": { "externalId": { "value": "1" } } }))));
        assert!(!are_cacheable(&given(json!({ "all": [{ "by": { "externalId": null } }] }))));
    }
}
