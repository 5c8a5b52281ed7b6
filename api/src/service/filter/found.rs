//! How an index serves a filter, judged by the field names and values that a client wrote. It builds no condition.

use async_graphql_value::{ConstValue, Name, indexmap::IndexMap};

type Fields = IndexMap<Name, ConstValue>;

/// Fields whose value at most one record has.
const UNIQUE: [&str; 6] = ["id", "code", "acronym", "iso2", "label", "symbol"];

/// How an index serves a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An index has the matching rows in the order of the list.
    InOrder,
    /// An index finds the matching rows if they are few; otherwise rows are walked until a page is full.
    IfFew,
    Not,
}

/// How an index serves a filter by these fields: it has the rows of one value of a `leading` field in order, and finds those of a `few`
/// field. It serves one field only.
pub fn found(leading: &[&str], few: &[&str], filter: &ConstValue) -> Found {
    let ConstValue::Object(filter) = filter else {
        return if *filter == ConstValue::Null { Found::InOrder } else { Found::Not };
    };
    let mut asked = asked(filter);
    match (asked.next(), asked.next()) {
        (None, _) => Found::InOrder,
        (Some((name, ConstValue::Object(value))), None) => {
            let is_one = is_equal(value) || names_one(value);
            if is_one && leading.contains(&name.as_str()) {
                Found::InOrder
            } else if few.contains(&name.as_str()) && (is_one || is_sought(value)) {
                Found::IfFew
            } else {
                Found::Not
            }
        }
        _ => Found::Not,
    }
}

/// Whether a filter asks for nothing.
pub fn asks_nothing(filter: &ConstValue) -> bool {
    found(&[], &[], filter) == Found::InOrder
}

fn asked(filter: &Fields) -> impl Iterator<Item = (&Name, &ConstValue)> {
    filter.iter().filter(|(_, value)| **value != ConstValue::Null)
}

fn is_equal(comparisons: &Fields) -> bool {
    asked(comparisons).count() == 1 && asked(comparisons).all(|(name, _)| name == "eq")
}

/// Whether values or a range of them are asked for, or a named related record.
fn is_sought(comparisons: &Fields) -> bool {
    const RANGES: [&str; 7] = ["eq", "in", "lt", "lte", "gt", "gte", "between"];
    asked(comparisons).count() > 0
        && asked(comparisons).all(|(name, value)| match value {
            ConstValue::Object(related) if name == "some" => names_one(related),
            _ => RANGES.contains(&name.as_str()),
        })
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

    use super::{Found, found};

    #[test]
    fn an_index_finds_one_field_that_equals_a_value() {
        use Found::{IfFew, InOrder, Not};
        for (filter, expected) in [
            (value!(null), InOrder),
            (value!({}), InOrder),
            (value!({ "status": null }), InOrder),
            (value!({ "status": { "eq": "DRAFT" } }), InOrder),
            (value!({ "status": { "eq": "DRAFT", "ne": null }, "kind": null }), InOrder),
            (value!({ "status": { "eq": null } }), Not),
            (value!({ "status": {} }), Not),
            (value!({ "status": { "in": ["DRAFT"] } }), Not),
            (value!({ "status": { "eq": "DRAFT", "ne": "ADOPTED" } }), Not),
            (value!({ "status": { "eq": "DRAFT" }, "kind": { "eq": "OTHER" } }), Not),
            (value!({ "kind": { "eq": "OTHER" } }), Not),
            (value!({ "body": { "code": { "eq": "EC" } } }), InOrder),
            (value!({ "body": { "id": { "eq": "x" } } }), InOrder),
            (value!({ "body": { "id": { "in": ["x"] } } }), Not),
            (value!({ "body": { "code": { "eq": "EC" }, "name": { "contains": "x" } } }), Not),
            (value!({ "body": { "kind": { "eq": "WORKING_GROUP" } } }), Not),
            (value!({ "body": {} }), Not),
            (value!({ "themes": { "some": { "code": { "eq": "LAW" } } } }), IfFew),
            (value!({ "themes": { "some": { "kind": { "eq": "SDG" } } } }), Not),
            (value!({ "themes": { "none": { "code": { "eq": "LAW" } } } }), Not),
            (value!({ "themes": { "some": { "code": { "eq": "LAW" } }, "none": null } }), IfFew),
            (value!({ "meeting": { "id": { "eq": "x" } } }), IfFew),
            (value!({ "updatedAt": { "gte": "2026-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z" } }), IfFew),
            (value!({ "updatedAt": { "gte": "2026-01-01T00:00:00Z", "ne": "2027-01-01T00:00:00Z" } }), Not),
            (value!({ "updatedAt": { "isNull": true } }), Not),
        ] {
            assert_eq!(found(&["status", "body"], &["themes", "meeting", "updatedAt"], &filter), expected, "{filter}");
        }
    }
}
