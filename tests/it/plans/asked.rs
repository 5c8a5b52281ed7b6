//! What is asked for: filters and orders, as a client writes them.

use async_graphql::{Name, Value as Input, value};

pub fn named(name: &str) -> Input {
    Input::Enum(Name::new(name))
}

pub fn object(field: &str, value: Input) -> Input {
    Input::Object([(Name::new(field), value)].into_iter().collect())
}

pub fn order(field: &str, direction: &str) -> Input {
    value!({ "field": (named(field)), "direction": (named(direction)) })
}

pub fn equal(field: &str, value: Input) -> Input {
    object(field, object("eq", value))
}

/// A related record, by its key.
pub fn some(field: &str, key: &str, value: &str) -> Input {
    object(field, object("some", equal(key, value.into())))
}

/// What is asked for of recommendations.
pub fn filters() -> Vec<Option<Input>> {
    let body = |code: &str| object("body", equal("code", code.into()));
    let of_both = value!({ "and": [(body("WG-A")), (equal("status", named("DRAFT")))] });
    let filters = [
        equal("status", named("ADOPTED")),
        equal("status", named("DRAFT")),
        object("status", object("in", Input::List(vec![named("ADOPTED"), named("TRANSMITTED")]))),
        body("WG-A"),
        body("EC"),
        of_both,
        object("body", equal("kind", named("WORKING_GROUP"))),
        object("meeting", equal("kind", named("WORKING_GROUP"))),
        object("meeting", equal("id", "mtg_01978d6bd7d87d0b8b0e5bbd4cd7e6a1".into())),
        some("addressedCountries", "iso2", "KZ"),
        some("addressedOrganizations", "acronym", "OSCE"),
        some("themes", "code", "LAW"),
        some("instruments", "symbol", "S/RES/2396"),
        value!({ "or": [(body("WG-A")), (equal("status", named("DRAFT")))] }),
        value!({ "not": (equal("status", named("ADOPTED"))) }),
        value!({ "updatedAt": { "gte": "2020-01-01T00:00:00Z" } }),
        value!({ "targetDate": { "lt": "2020-01-01" } }),
        value!({ "targetDate": { "gte": "2024-06-01" } }),
    ];
    [None].into_iter().chain(filters.map(Some)).collect()
}

/// What is asked for of meetings.
pub fn meeting_filters() -> Vec<Option<Input>> {
    let filters = [
        equal("kind", named("WORKING_GROUP")),
        equal("kind", named("BRIEFING")),
        equal("status", named("CONCLUDED")),
        object("country", equal("iso2", "KZ".into())),
        some("organizers", "acronym", "OSCE"),
        some("bodies", "code", "WG-A"),
        value!({ "startsOn": { "gte": "2025-06-01" } }),
        value!({ "updatedAt": { "gte": "2020-01-01T00:00:00Z" } }),
        value!({ "updatedAt": { "gte": "2099-01-01T00:00:00Z" } }),
    ];
    [None].into_iter().chain(filters.map(Some)).collect()
}
