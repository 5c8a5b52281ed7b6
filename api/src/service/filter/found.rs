//! Whether an index finds what a filter asks for, by the filter's own words.

use async_graphql_value::{ConstValue, Name, indexmap::IndexMap};

type Fields = IndexMap<Name, ConstValue>;

/// What one record has at most.
const UNIQUE: [&str; 6] = ["id", "code", "acronym", "iso2", "label", "symbol"];

/// Whether a filter asks for nothing, or that one of these fields equals a value, or is a related record that is named.
pub fn is_one_of(fields: &[&str], filter: &ConstValue) -> bool {
    let ConstValue::Object(filter) = filter else { return *filter == ConstValue::Null };
    let mut asked = asked(filter);
    match (asked.next(), asked.next()) {
        (None, _) => true,
        (Some((name, ConstValue::Object(value))), None) => {
            fields.contains(&name.as_str()) && (is_equal(value) || names_one(value))
        }
        _ => false,
    }
}

fn asked(filter: &Fields) -> impl Iterator<Item = (&Name, &ConstValue)> {
    filter.iter().filter(|(_, value)| **value != ConstValue::Null)
}

fn is_equal(comparisons: &Fields) -> bool {
    asked(comparisons).count() == 1 && asked(comparisons).all(|(name, _)| name == "eq")
}

fn names_one(related: &Fields) -> bool {
    asked(related).count() == 1
        && asked(related).all(|(name, value)| match value {
            ConstValue::Object(comparisons) => UNIQUE.contains(&name.as_str()) && is_equal(comparisons),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::is_one_of;

    #[test]
    fn an_index_finds_one_field_that_equals_a_value() {
        for (filter, expected) in [
            (value!(null), true),
            (value!({}), true),
            (value!({ "status": null }), true),
            (value!({ "status": { "eq": "DRAFT" } }), true),
            (value!({ "status": { "eq": "DRAFT", "ne": null }, "kind": null }), true),
            (value!({ "status": { "eq": null } }), false),
            (value!({ "status": {} }), false),
            (value!({ "status": { "in": ["DRAFT"] } }), false),
            (value!({ "status": { "eq": "DRAFT", "ne": "ADOPTED" } }), false),
            (value!({ "status": { "eq": "DRAFT" }, "kind": { "eq": "OTHER" } }), false),
            (value!({ "kind": { "eq": "OTHER" } }), false),
            (value!({ "body": { "code": { "eq": "EC" } } }), true),
            (value!({ "body": { "id": { "eq": "x" } } }), true),
            (value!({ "body": { "id": { "in": ["x"] } } }), false),
            (value!({ "body": { "code": { "eq": "EC" }, "name": { "contains": "x" } } }), false),
            (value!({ "body": { "kind": { "eq": "WORKING_GROUP" } } }), false),
            (value!({ "body": {} }), false),
        ] {
            assert_eq!(is_one_of(&["status", "body"], &filter), expected, "{filter}");
        }
    }
}
