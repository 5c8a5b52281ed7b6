//! The cost of an operation, in points: a field costs 1, and what is selected of a record counts as often as there may be
//! records. Computed from the document and the sizes of the register, without reading anything.
//!
//! Each fragment is computed once; sums saturate.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Value};

use super::values::{Types, base_of, root_of};
use super::work::{List, work};
use crate::service::change::since;
use crate::service::context::sizes::Sizes;
use crate::service::page::DEFAULT_PAGE;
use crate::service::registry::parse_type;

/// How many records a short list counts for. It may have 100; most have a handful.
const SHORT: u64 = 5;

/// A page of the change feed, which has its own page sizes.
const CHANGES: &str = "ChangePage";

/// The answers of bulk writes and their rows: there are as many as rows in the input.
fn is_bulk(ty: &str) -> bool {
    ty.starts_with("Upsert")
}

/// A checkpoint, which a mirror compares itself with. It reads every record that the viewer sees: the client pays one point
/// for each record, in addition to the cost of the operation.
const CHECKPOINT: &str = "Checkpoint";
const CHECKED: u64 = 2000;

/// How many introspection fields cost one point: they read no rows. The query that explorers and code generators start with
/// costs some 15,000 points.
const DESCRIBED: u64 = 25;

/// The schema as a text, for the router of a federated graph.
const SUBGRAPH: (&str, &str) = ("_Service", "sdl");
/// What the text costs: about a point per kilobyte.
pub const DEFINITIONS: u64 = 150;

/// The difference between two texts, which are compared word by word in each language.
const DIFF: &str = "TextDiff";
const COMPARED: u64 = 20;

/// Fields that read everyone's part in a meeting, or what meetings before it came to, whatever is selected of them.
const WHOLE: [(&str, &str); 3] =
    [("BodySession", "attendance"), ("MeetingPack", "delegations"), ("MeetingPack", "openItems")];
const READ_WHOLE: u64 = 20;

/// The arguments that name records, one for each.
const IDS: [&str; 2] = ["ids", "representations"];

/// How many items an introspection field stands for, roughly. They refer to each other in cycles.
fn described(field: &str) -> u64 {
    match field {
        "types" => 150,
        "possibleTypes" => 20,
        "fields" | "inputFields" | "enumValues" => 10,
        "args" | "interfaces" | "directives" => 3,
        _ => 1,
    }
}

/// What an operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// What the limit of an operation applies to, in points.
    pub points: u64,
    /// What the client pays in addition, in points.
    pub beside: u64,
}

impl Cost {
    /// What the client pays in all.
    pub fn paid(self) -> u64 {
        self.points.saturating_add(self.beside)
    }
}

/// The points of an operation with its variables.
pub fn cost(
    types: &Types,
    sizes: &Sizes,
    longest: u64,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    given: &Variables,
) -> Cost {
    let fragments = HashMap::new();
    let mut reckoning = Reckoning { types, sizes, longest, document, operation, given, fragments, checked: 0 };
    let points = reckoning.selections(&operation.selection_set.node, root_of(operation.ty));
    Cost { points, beside: reckoning.checked }
}

struct Reckoning<'a> {
    types: &'a Types,
    sizes: &'a Sizes,
    /// The most rows per page.
    longest: u64,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    given: &'a Variables,
    /// The points of each fragment so far, and the records that its checkpoints read; zero while it is being computed.
    /// Validation refuses cycles.
    fragments: HashMap<&'a str, (u64, u64)>,
    /// The records that checkpoints read.
    checked: u64,
}

impl<'a> Reckoning<'a> {
    fn selections(&mut self, set: &'a SelectionSet, on: &'a str) -> u64 {
        set.items.iter().fold(0, |sum: u64, item| {
            sum.saturating_add(match &item.node {
                Selection::Field(field) => self.field(&field.node, on),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(on, |condition| &condition.node.on.node);
                    self.selections(&inline.node.selection_set.node, on)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            })
        })
    }

    fn fragment(&mut self, name: &'a str) -> u64 {
        if let Some((points, checked)) = self.fragments.get(name) {
            self.checked = self.checked.saturating_add(*checked);
            return *points;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        self.fragments.insert(name, (0, 0));
        let (on, before) = (&fragment.node.type_condition.node.on.node, self.checked);
        let points = self.selections(&fragment.node.selection_set.node, on);
        self.fragments.insert(name, (points, self.checked.saturating_sub(before)));
        points
    }

    fn field(&mut self, field: &'a Field, on: &'a str) -> u64 {
        let name = field.name.node.as_str();
        if on.starts_with("__") {
            return described(name).saturating_mul(self.selections(&field.selection_set.node, on)).saturating_add(1);
        }
        if (on, name) == SUBGRAPH {
            return DEFINITIONS;
        }
        if matches!(name, "__schema" | "__type") {
            let described = self.selections(&field.selection_set.node, "__Type");
            return described.div_ceil(DESCRIBED).saturating_add(1);
        }
        let answer = self.types.answer(on, &field.name.node);
        let (ty, is_list) = answer.unwrap_or(("", false));
        let below = self.selections(&field.selection_set.node, ty);
        if ty == CHECKPOINT {
            self.checked = self.checked.saturating_add(self.records_of_types(field));
            return below.saturating_add(CHECKED);
        }
        if ty == DIFF {
            return below.saturating_add(COMPARED);
        }
        let records = if ty.ends_with("Connection") {
            self.page_size(field, DEFAULT_PAGE, self.longest)
        } else if ty == CHANGES {
            let points = |number: i32| u64::try_from(number).unwrap_or_default();
            self.page_size(field, points(since::DEFAULT), points(since::LONGEST))
        } else if is_list && self.types.argument(on, name, "first").is_some() {
            self.page_size(field, DEFAULT_PAGE, self.longest)
        } else if let Some(ids) = IDS.into_iter().find(|name| field.get_argument(name).is_some()) {
            self.number_of_ids(field, ids)
        } else if is_bulk(ty) && !is_list {
            self.number_of_rows(field)
        } else if is_list && !on.ends_with("Connection") && on != CHANGES && !is_bulk(on) && below > 0 {
            SHORT
        } else {
            1
        };
        // Records are read even if nothing is selected of them.
        let below = if records > 1 { below.max(1) } else { below };
        let is_whole = WHOLE.contains(&(on, name));
        let work = if ty.ends_with("Connection") {
            self.work(field, on, ty)
        } else if is_whole {
            READ_WHOLE
        } else {
            0
        };
        records.saturating_mul(below).saturating_add(1).saturating_add(work)
    }

    /// How many records there are of the types that are named; of all types if none are.
    fn records_of_types(&self, field: &Field) -> u64 {
        match self.value(field, "types") {
            Some(ConstValue::List(types)) => {
                let names = types
                    .iter()
                    .filter_map(|one| if let ConstValue::Enum(name) = one { Some(name.as_str()) } else { None });
                names.filter_map(parse_type).map(|record| self.sizes.of_type(record)).sum()
            }
            _ => self.sizes.total(),
        }
    }

    /// The work of a connection for the database, beyond reading a page.
    fn work(&self, field: &'a Field, on: &str, ty: &str) -> u64 {
        let name = field.name.node.as_str();
        let filter = self.types.argument(on, name, "filter").map(base_of).zip(self.value(field, "filter"));
        let is_counted = self.selects(&field.selection_set.node, "totalCount", &mut HashSet::new());
        let keys = match self.value(field, "orderBy") {
            Some(ConstValue::List(keys)) => keys.len(),
            order => usize::from(order.is_some()),
        };
        let of = ty.trim_end_matches("Connection");
        work(self.types, self.sizes, &List { of, on, field: name, filter, keys, is_counted })
    }

    /// Whether a field is selected, possibly in a fragment. `seen` are the fragments that were searched already.
    fn selects(&self, set: &'a SelectionSet, name: &str, seen: &mut HashSet<&'a str>) -> bool {
        set.items.iter().any(|item| match &item.node {
            Selection::Field(field) => field.node.name.node == name,
            Selection::InlineFragment(inline) => self.selects(&inline.node.selection_set.node, name, seen),
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                seen.insert(&spread.node.fragment_name.node)
                    && fragment.is_some_and(|one| self.selects(&one.node.selection_set.node, name, seen))
            }
        })
    }

    fn page_size(&self, field: &Field, usual: u64, longest: u64) -> u64 {
        let size = ["first", "last"].into_iter().find_map(|name| match self.value(field, name)? {
            ConstValue::Number(size) => Some(size.as_u64().unwrap_or(0)),
            _ => None,
        });
        size.unwrap_or(usual).clamp(1, longest)
    }

    fn number_of_ids(&self, field: &Field, argument: &str) -> u64 {
        match self.value(field, argument) {
            Some(ConstValue::List(ids)) => u64::try_from(ids.len()).unwrap_or(u64::MAX).max(1),
            _ => 1,
        }
    }

    fn number_of_rows(&self, field: &Field) -> u64 {
        match self.value(field, "input") {
            Some(ConstValue::Object(input)) => match input.get("rows") {
                Some(ConstValue::List(rows)) => u64::try_from(rows.len()).unwrap_or(u64::MAX).max(1),
                _ => 1,
            },
            _ => 1,
        }
    }

    /// The value of an argument, with its variables filled in; null for those that are not given.
    fn value(&self, field: &Field, name: &str) -> Option<ConstValue> {
        let value: &Value = &field.get_argument(name)?.node;
        let Ok(filled) = value.clone().into_const_with(|variable| {
            let declared = self.operation.variable_definitions.iter().find(|one| one.node.name.node == variable);
            let default = declared.and_then(|one| one.node.default_value.as_ref()).map(|value| value.node.clone());
            Ok::<_, Infallible>(self.given.get(&variable).cloned().or(default).unwrap_or_default())
        });
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use crate::http::admission::parsed;
    use async_graphql::Variables;
    use serde_json::json;

    use super::{Sizes, Types, cost};

    const SCHEMA: &str = "type _Service { sdl: String } type Thing { id: ID parts: [Thing!]! things(first: Int, last: Int): ThingConnection }
        type ThingConnection { nodes: [Thing!] totalCount: Int } type Names { all: [String!] }
        type Query { thing: Thing things(first: Int, last: Int): ThingConnection nodes(ids: [ID!]!): [Thing] names: Names _service: _Service
            _entities(representations: [ID!]!): [Thing]
            upsertThings(input: In): UpsertThingsPayload } type UpsertThingsPayload { rows: [UpsertThingsRow!]! }
            type UpsertThingsRow { index: Int thing: Thing errors: [Thing!]! }";

    fn points(query: &str, variables: serde_json::Value) -> u64 {
        let document = parsed(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        cost(&Types::of(SCHEMA), &Sizes::default(), 100, &document, &operation.node, &Variables::from_json(variables))
            .points
    }

    #[test]
    fn what_is_selected_counts_as_often_as_there_may_be_records() {
        for (query, expected) in [
            ("{ thing { id } }", 2),
            ("{ names { all } }", 2),
            ("{ thing { parts { id id } } }", 1 + 1 + 5 * 2),
            ("{ things(first: 10) { totalCount nodes { id } } }", 1 + 10 * (1 + 2)),
            ("{ things(last: 10) { nodes { id } } }", 21),
            ("{ things { nodes { id } } }", 1 + 25 * 2),
            ("{ things(first: 65536) { nodes { id } } }", 1 + 100 * 2),
            ("{ things(first: -1) { nodes { id } } }", 3),
            ("{ nodes(ids: [1, 2, 3]) { id } }", 4),
            (
                "{ upsertThings(input: { rows: [1, 2, 3] }) { rows { index thing { id } errors { id } } } }",
                1 + 3 * (1 + 1 + 2 + 2),
            ),
            ("{ upsertThings(input: { rows: [] }) { rows { index } } }", 3),
            (
                "query($omitted: Int) { upsertThings(input: { rows: [{ a: $omitted }, 2, 3] }) { rows { index } } }",
                1 + 3 * 2,
            ),
            ("{ thing { ...f ...f } } fragment f on Thing { id ... on Thing { parts { id } } }", 1 + 2 * (1 + 1 + 5)),
            ("{ ...f } fragment f on Query { thing { id } ...f }", 2),
            // Searched once, however often it is spread: otherwise each round of the cycle would double the work.
            ("{ things(first: 1) { ...f } } fragment f on ThingConnection { ...f ...f totalCount }", 1 + 1),
            ("{ _service { a: sdl b: sdl } }", 1 + 2 * 150),
            ("{ _entities(representations: [1, 2, 3]) { id } }", 1 + 3),
            ("{ _entities(representations: [1, 2, 3]) {} }", 1 + 3),
            ("{ things(first: 50) {} }", 1 + 50),
            ("{ __schema { types { name } } }", 1 + (1 + 150_u64).div_ceil(25)),
            (
                "{ __type(name: \"Query\") { ...t } } fragment t on __Type { fields { args { name } } }",
                1 + (1 + 10 * (1 + 3_u64)).div_ceil(25),
            ),
        ] {
            assert_eq!(points(query, json!({})), expected, "{query}");
        }
    }

    #[test]
    fn variables_and_their_defaults_are_filled_in() {
        let query = "query($n: Int = 7, $ids: [ID!]!) { things(first: $n) { totalCount } nodes(ids: $ids) { id } }";
        assert_eq!(points(query, json!({ "ids": [] })), 1 + 7 + 1 + 1);
        assert_eq!(points(query, json!({ "n": 3, "ids": ["a", "b"] })), 1 + 3 + 1 + 2);
    }

    #[test]
    fn points_do_not_wrap() {
        let nested = (0..12).fold("id".to_owned(), |inner, _| format!("things(first: 100) {{ nodes {{ {inner} }} }}"));
        assert_eq!(points(&format!("{{ {nested} }}"), json!({})), u64::MAX);
    }
}
