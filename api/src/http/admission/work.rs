//! The work that a list makes the database do beyond finding its page through an index: the rows that a filter examines,
//! that are counted, and that are sorted. Estimated from the sizes of the register, without reading anything.
//!
//! A unit is some 0.15 µs of a processor (measured at 50,000 recommendations on both databases: docs/performance.md).

use async_graphql::Name;
use async_graphql_value::{ConstValue, indexmap::IndexMap};

use super::values::{Types, base_of};
use crate::service::context::sizes::Sizes;
use crate::service::filter::found::{Found, asks_nothing, found};
use crate::service::level::FEW;

/// How many units make a point.
const POINT: u64 = 30;
/// The units to compare a row with a value, to search a text in it, and to look up whether a related row matches.
const COMPARED: u64 = 1;
const SEARCHED: u64 = 5;
const RELATED: u64 = 4;
/// The units to count a row, and to sort one.
const COUNTED: u64 = 1;
const SORTED: u64 = 8;

/// The lists whose rows are indexed in every order: the filter fields by which an index has them in that order, and those
/// by which it finds few.
const ORDERED: [(&str, &[&str], &[&str]); 4] = [
    (
        "Recommendation",
        &["status", "body"],
        &[
            "id",
            "label",
            "status",
            "body",
            "meeting",
            "targetDate",
            "adoptedOn",
            "createdAt",
            "updatedAt",
            "themes",
            "instruments",
            "addressedOrganizations",
            "addressedCountries",
        ],
    ),
    ("ConsensusProcedure", &["body", "outcome"], &["id", "body", "outcome", "deadline", "openedAt", "updatedAt"]),
    (
        "Document",
        &["body", "kind"],
        &["id", "symbol", "body", "kind", "issuedOn", "meeting", "recommendation", "updatedAt"],
    ),
    ("Meeting", &["country"], &["id", "startsOn", "endsOn", "kind", "status", "organizers", "bodies"]),
];
/// Where an index serves a filter only if it finds few rows, one row in so many is charged: if there are more than few, the
/// list comes across them soon, unless they come late in its order.
const MET_WITH: u64 = 4;
/// The same for the lists of a record.
const MET_WITH_EACH: u64 = 24;
/// The lists of a record that are indexed in every order, and the filter fields by which an index finds few of their rows.
/// All other lists of a record are found and sorted, if they are short or filtered.
const LED: [(&str, &str, &[&str]); 7] = [
    ("Body", "recommendations", &["status"]),
    ("Body", "consensusProcedures", &["outcome"]),
    ("Body", "documents", &["kind"]),
    ("Body", "sessions", &[]),
    ("Body", "agendaItems", &[]),
    ("Organization", "recommendationsDrafted", &["status"]),
    ("Country", "meetings", &[]),
];
/// The records whose lists are short: they have some related records, not many.
const HAVE_FEW: [&str; 3] = ["Meeting", "Recommendation", "AgendaItem"];

/// A list that is requested.
pub struct List<'a> {
    /// The type of its records, the type that it belongs to (`Query` at the root), and its field there.
    pub of: &'a str,
    pub on: &'a str,
    pub field: &'a str,
    /// The input type of its filter, and the filter.
    pub filter: Option<(&'a str, ConstValue)>,
    /// The number of its sort keys.
    pub keys: usize,
    /// Whether its `totalCount` is asked for.
    pub is_counted: bool,
}

/// The units of a filter: for each row that it examines, and once.
#[derive(Clone, Copy, Default)]
struct Effort {
    each: u64,
    once: u64,
}

impl Effort {
    fn plus(self, other: Self) -> Self {
        Self { each: self.each.saturating_add(other.each), once: self.once.saturating_add(other.once) }
    }
}

type Fields = IndexMap<Name, ConstValue>;

/// The points of a list, for each record that it belongs to.
pub fn work(types: &Types, sizes: &Sizes, list: &List<'_>) -> u64 {
    let rows = rows_of(sizes, list);
    let (effort, found) = match &list.filter {
        Some((ty, filter @ ConstValue::Object(fields))) => (effort(types, sizes, ty, fields), found_of(list, filter)),
        _ => (Effort::default(), Found::InOrder),
    };
    let (looked_at, each) = match found {
        Found::InOrder => (0, 0),
        Found::IfFew => (rows / MET_WITH, Ord::max(effort.each, RELATED)),
        Found::Not => (rows, effort.each),
    };
    let counted = if list.is_counted { rows } else { 0 };
    let units = looked_at
        .saturating_mul(each)
        .saturating_add(sorted(sizes, rows, list).saturating_mul(SORTED))
        .saturating_add(counted.saturating_mul(COUNTED.saturating_add(effort.each)));
    units.saturating_add(effort.once) / POINT
}

/// How many rows of a list are sorted.
fn sorted(sizes: &Sizes, rows: u64, list: &List<'_>) -> u64 {
    // Rows that are equal in the first key are sorted by the others, and all rows may be equal.
    if list.keys > 1 {
        return rows;
    }
    let is_ordered = order_of(list.of).is_some();
    if list.on == "Query" {
        return if is_ordered || list.keys == 0 { 0 } else { rows };
    }
    if HAVE_FEW.contains(&list.on) || led(list).is_some() {
        return 0;
    }
    let is_walked = is_ordered && list.filter.as_ref().is_none_or(|(_, filter)| asks_nothing(filter));
    if is_walked { Ord::min(rows, FEW + sizes.of(list.of) / MET_WITH_EACH) } else { rows }
}

/// The rows that a list may have. For a list of a record: twice the average, because some have more.
fn rows_of(sizes: &Sizes, list: &List<'_>) -> u64 {
    let (rows, parents) = (sizes.of(list.of), sizes.of(list.on));
    if parents == 0 { rows } else { Ord::min(rows, rows.saturating_mul(2).div_ceil(parents)) }
}

fn effort(types: &Types, sizes: &Sizes, ty: &str, filter: &Fields) -> Effort {
    filter.iter().fold(Effort::default(), |sum, (name, value)| sum.plus(of_field(types, sizes, ty, name, value)))
}

fn of_field(types: &Types, sizes: &Sizes, ty: &str, name: &str, value: &ConstValue) -> Effort {
    let Some(asked) = types.input(ty, name).map(base_of) else { return Effort::default() };
    match value {
        ConstValue::List(filters) => {
            let efforts = filters.iter().map(|filter| of_field(types, sizes, ty, name, filter));
            efforts.fold(Effort::default(), Effort::plus)
        }
        ConstValue::Object(filter) if asked == ty => effort(types, sizes, ty, filter),
        ConstValue::Object(lists) if asked.ends_with("ListFilter") => {
            let of = asked.trim_end_matches("ListFilter");
            lists.iter().fold(Effort::default(), |sum, (name, filter)| {
                let Some(ty) = types.input(asked, name).map(base_of) else { return sum };
                sum.plus(of_related(types, sizes, ty, of, filter, 2 * RELATED))
            })
        }
        ConstValue::Object(_) if types.input(asked, "and").is_some() => {
            of_related(types, sizes, asked, asked.trim_end_matches("Filter"), value, RELATED)
        }
        ConstValue::Object(comparisons) => {
            let units = comparisons.iter().map(|(name, value)| compared(name, value)).sum();
            Effort { each: units, once: 0 }
        }
        // A day in a period, which has a first and a last one.
        ConstValue::String(_) if asked == "Date" => Effort { each: 2 * COMPARED, once: 0 },
        _ => Effort::default(),
    }
}

/// A filter by related records: these are examined once, and each row is looked up among them.
fn of_related(types: &Types, sizes: &Sizes, ty: &str, of: &str, filter: &ConstValue, each: u64) -> Effort {
    let ConstValue::Object(filter) = filter else { return Effort::default() };
    let inner = effort(types, sizes, ty, filter);
    Effort { each, once: inner.once.saturating_add(sizes.of(of).saturating_mul(inner.each)) }
}

fn compared(name: &str, value: &ConstValue) -> u64 {
    match (name, value) {
        (_, ConstValue::Null) => 0,
        ("contains" | "startsWith", _) => SEARCHED,
        (_, ConstValue::List(values)) => COMPARED + u64::try_from(values.len()).unwrap_or(u64::MAX) / 8,
        _ => COMPARED,
    }
}

/// The filter fields by which indexes have the rows of a list in order, and those by which they find few.
fn order_of(of: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    ORDERED.iter().find(|(ty, ..)| *ty == of).map(|(_, leading, few)| (*leading, *few))
}

/// If a list of a record is indexed in every order, the filter fields by which an index finds few of its rows.
fn led(list: &List<'_>) -> Option<&'static [&'static str]> {
    LED.iter().find(|(on, field, _)| (*on, *field) == (list.on, list.field)).map(|(.., few)| *few)
}

/// How an index serves a filter. A nested list is found by its parent.
fn found_of(list: &List<'_>, filter: &ConstValue) -> Found {
    let (leading, few) = order_of(list.of).unwrap_or_default();
    if list.on == "Query" { found(leading, few, filter) } else { found(&[], led(list).unwrap_or_default(), filter) }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, Value, value};
    use entity::{RecordType, consensus_procedure, document, meeting, recommendation};
    use sea_orm::IdenStatic as _;

    use super::{LED, List, POINT, SORTED, Sizes, Types, led, order_of, work};
    use crate::graphql::schema;
    use crate::service;
    use crate::service::read::{Ordered, Visible};

    /// The filter field of a column: `body` for `body_id`, `symbol` for `symbol_folded`.
    fn field(column: &str) -> String {
        let mut words = column.trim_end_matches("_id").trim_end_matches("_folded").split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |field, word| field + &word[..1].to_uppercase() + &word[1..])
    }

    fn agrees<E: Visible>(of: &str) {
        let Ordered { leading, found, .. } = E::ORDERED.expect("a list in the order of indexes");
        let (leading_fields, few_fields) = order_of(of).expect("its fields");
        let names = |columns: &[E::Column]| columns.iter().map(|column| field(column.as_str())).collect::<Vec<_>>();
        let mut expected = names(leading);
        expected.sort_unstable();
        let mut priced = leading_fields.to_vec();
        priced.sort_unstable();
        assert_eq!(priced, expected, "{of}");
        let missing: Vec<String> =
            names(found).into_iter().filter(|name| !few_fields.contains(&name.as_str())).collect();
        assert!(missing.is_empty(), "{of}: {missing:?}");
    }

    #[test]
    fn what_no_index_has_in_order_costs_its_rows() {
        let types = Types::of("type Query { nothing: Int }");
        let sizes = Sizes::new(
            [RecordType::Organization, RecordType::Recommendation, RecordType::Meeting].map(|record| (record, 3000)),
        );
        let points =
            |of, on, keys| work(&types, &sizes, &List { of, on, field: "some", filter: None, keys, is_counted: false });
        let all = 3000 * SORTED / POINT;
        for (of, on, keys, expected) in [
            ("Organization", "Query", 0, 0),
            ("Organization", "Query", 1, all),
            ("Recommendation", "Query", 1, 0),
            ("Recommendation", "Query", 2, all),
            ("BodySession", "Meeting", 1, 0),
            ("Organization", "Country", 1, all),
        ] {
            assert_eq!(points(of, on, keys), expected, "{on}: {of} by {keys} keys");
        }
    }

    /// The points of a page, beyond those of its fields, that `docs/performance.md` names.
    #[test]
    fn what_may_come_late_costs_what_the_documents_say() {
        let types = Types::of(&schema().definitions());
        let few = [
            RecordType::Organization,
            RecordType::Country,
            RecordType::Theme,
            RecordType::Instrument,
            RecordType::Body,
        ];
        let many = [(RecordType::Recommendation, 200_000), (RecordType::Meeting, 20_000)];
        let sizes = Sizes::new(few.into_iter().map(|record| (record, 10)).chain(many));
        let points = |of: &str, on: &str, filter: Value, keys| {
            let (field, input) = ("recommendations", format!("{of}Filter"));
            let filter = (filter != Value::Null).then_some((input.as_str(), filter));
            work(&types, &sizes, &List { of, on, field, filter, keys, is_counted: false })
        };
        let named = |name: &str| Value::Enum(Name::new(name));
        for (filter, expected) in [
            (value!({ "body": { "code": { "eq": "EC" } } }), 0),
            (value!({ "status": { "eq": named("ADOPTED") } }), 0),
            (value!({ "status": { "in": [named("ADOPTED"), named("DRAFT")] } }), 6_666),
            (value!({ "updatedAt": { "gte": "2026-01-01T00:00:00Z" } }), 6_666),
            (value!({ "meeting": { "id": { "eq": "x" } } }), 7_333),
            (value!({ "addressedOrganizations": { "some": { "acronym": { "eq": "OSCE" } } } }), 13_333),
            (value!({ "addressedCountries": { "some": { "iso2": { "eq": "KZ" } } } }), 13_333),
            (value!({ "themes": { "some": { "code": { "eq": "LAW" } } } }), 13_333),
            (value!({ "instruments": { "some": { "symbol": { "eq": "S/RES/2396" } } } }), 13_333),
            (value!({ "body": { "code": { "eq": "EC" } }, "status": { "eq": named("DRAFT") } }), 33_333),
        ] {
            assert_eq!(points("Recommendation", "Query", filter.clone(), 1), expected, "{filter}");
        }
        assert_eq!(points("Recommendation", "Query", Value::Null, 2), 53_333);
        assert_eq!(points("Recommendation", "Organization", Value::Null, 1), 2_290);
        assert_eq!(points("Recommendation", "Body", Value::Null, 1), 0);
        assert_eq!(points("Meeting", "Query", value!({ "country": { "iso2": { "eq": "KZ" } } }), 1), 0);
        assert_eq!(points("Meeting", "Query", value!({ "kind": { "eq": named("PLENARY") } }), 1), 666);
    }

    #[test]
    fn what_indexes_have_costs_as_what_they_have() {
        agrees::<recommendation::Entity>("Recommendation");
        agrees::<consensus_procedure::Entity>("ConsensusProcedure");
        agrees::<document::Entity>("Document");
        agrees::<meeting::Entity>("Meeting");
    }

    #[test]
    fn the_lists_of_a_record_that_indexes_have_cost_nothing_more() {
        let lists = [
            ("Body", "recommendations", service::recommendation::of_body()),
            ("Body", "consensusProcedures", service::consensus::of_body()),
            ("Body", "documents", service::document::of_body()),
            ("Body", "sessions", service::meeting::parts::of_body()),
            ("Body", "agendaItems", service::meeting::agenda::of_body()),
            ("Body", "meetings", service::meeting::of_body()),
            ("Organization", "recommendationsDrafted", service::recommendation::of_drafter()),
            ("Organization", "recommendations", service::recommendation::of_addressed_organization()),
            ("Organization", "meetingsOrganized", service::meeting::of_organizer()),
            ("Organization", "participations", service::meeting::participation::of_organization()),
            ("Country", "meetings", service::meeting::of_country()),
            ("Country", "recommendations", service::recommendation::of_addressed_country()),
            ("Theme", "recommendations", service::recommendation::of_theme()),
            ("Instrument", "recommendations", service::recommendation::of_instrument()),
        ];
        for (on, field, link) in &lists {
            let list = List { of: "", on, field, filter: None, keys: 1, is_counted: false };
            assert_eq!(led(&list).is_some(), link.is_levelled(), "{on}.{field}");
        }
        assert!(LED.iter().all(|(on, field, _)| lists.iter().any(|(of, list, _)| (on, field) == (of, list))));
    }
}
