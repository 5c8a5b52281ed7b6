//! Every list of the schema, found by introspection: each of its orders, windows and comparisons, against the same list sorted, cut and
//! filtered here.

mod records;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::DateTime;
use rec_tests::given::each;
use rec_tests::schema::{Field, List, Schema, camel};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

pub use self::records::all_kinds;

/// How the service orders two values: by time, by number, by code points.
fn compare(one: &Value, other: &Value) -> Ordering {
    let time = |value: &Value| value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    match (time(one), time(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => (one.as_i64(), one.as_str()).cmp(&(other.as_i64(), other.as_str())),
    }
}

/// The order of two rows with a `key` in a list: nulls last, and the id breaks ties.
fn in_list(one: &Value, other: &Value, descending: bool) -> Ordering {
    let directed = |ordering: Ordering| if descending { ordering.reverse() } else { ordering };
    let (key, other_key) = (&one["key"], &other["key"]);
    let by_key = match (key.is_null(), other_key.is_null()) {
        (false, false) => directed(compare(key, other_key)),
        (one_is_null, other_is_null) => one_is_null.cmp(&other_is_null),
    };
    by_key.then_with(|| directed(compare(&one["id"], &other["id"])))
}

fn sorted(rows: &Value, descending: bool) -> Vec<Value> {
    let mut rows = rows.as_array().expect("rows").clone();
    rows.sort_by(|one, other| in_list(one, other, descending));
    rows
}

/// The ids of the records of a type with the longest nested lists; three of them at most.
async fn largest(app: &TestApp, schema: &Schema, kind: &str, list: &str) -> Vec<Value> {
    let Some(parents) = schema.lists("Query").into_iter().find(|list| list.node == kind).map(|list| list.name) else {
        return hidden(app, kind).await;
    };
    let query = format!("{{ {parents}(first: 100) {{ nodes {{ id {list} {{ totalCount }} }} }} }}");
    let data = app.secretariat().query(&query).await;
    let mut rows = data[parents]["nodes"].as_array().expect("parents").clone();
    let count = |row: &Value| row[list]["totalCount"].as_i64().expect("a count");
    rows.retain(|row| count(row) > 0);
    rows.sort_by_key(|row| std::cmp::Reverse(count(row)));
    rows.iter().take(3).map(|row| row["id"].clone()).collect()
}

/// The ids of three records of a type that has no list of its own.
async fn hidden(app: &TestApp, kind: &str) -> Vec<Value> {
    let items = "{ documents(filter: { body: { code: { eq: \"WG-A\" } } }) { nodes { agendaItem { id } } } }";
    let mut ids = match kind {
        "Source" => app.sources().await.into_iter().map(Value::from).collect(),
        "AgendaItem" => each(&app.secretariat().query(items).await["documents"]["nodes"], "/agendaItem/id"),
        other => panic!("no list shows {other}"),
    };
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    ids.truncate(3);
    ids
}

/// A nested list of several parents at once.
struct Nested<'a> {
    app: &'a TestApp,
    kind: &'a str,
    ids: &'a [Value],
    list: &'a List,
    key: String,
}

impl Nested<'_> {
    /// The page of each parent. `arguments` are those of the list.
    async fn pages(&self, arguments: &str, cursor: Option<&str>) -> Vec<Value> {
        let Self { kind, list, key, .. } = self;
        let query = format!(
            "query($ids: [ID!]!, $cursor: String) {{ nodes(ids: $ids) {{ ... on {kind} {{
            {}({arguments}) {{ totalCount edges {{ cursor node {{ id key: {key} }} }} nodes {{ id key: {key} }}
            pageInfo {{ hasNextPage hasPreviousPage }} }} }} }} }}",
            list.name
        );
        let mut data = self.app.secretariat().query_with(&query, json!({ "ids": self.ids, "cursor": cursor })).await;
        let lists = data["nodes"].as_array_mut().expect("parents").iter_mut();
        lists.map(|parent| parent[&list.name].take()).collect()
    }

    /// On either side of a row, from the start and from the end, each parent has a page of its own list.
    async fn is_cut(&self, order: &str, descending: bool) {
        let whole = self.pages(&format!("{order}, first: 100, after: $cursor"), None).await;
        let longest = whole.iter().max_by_key(|list| list["totalCount"].as_i64()).expect("a list");
        let edges = longest["edges"].as_array().expect("edges");
        let middle = &edges[edges.len() / 2];
        for (window, side, from_the_end) in [
            ("first: 2, after: $cursor", Ordering::Greater, false),
            ("last: 2, after: $cursor", Ordering::Greater, true),
            ("first: 2, before: $cursor", Ordering::Less, false),
            ("last: 2, before: $cursor", Ordering::Less, true),
        ] {
            let shown = format!("{}.{}, {order}, {window}", self.kind, self.list.name);
            let cut = self.pages(&format!("{order}, {window}"), middle["cursor"].as_str()).await;
            assert_eq!(cut.len(), self.ids.len(), "{shown}");
            for (whole, page) in whole.iter().zip(cut) {
                let mut rest = sorted(&whole["nodes"], descending);
                assert_eq!(whole["nodes"], json!(rest), "{shown}");
                rest.retain(|row| in_list(row, &middle["node"], descending) == side);
                let more = rest.len() > 2;
                let (after, before) = (side.is_gt(), side.is_lt());
                let (next, previous) = if from_the_end { (before, more) } else { (more, after) };
                let page_info = (&page["pageInfo"]["hasNextPage"], &page["pageInfo"]["hasPreviousPage"]);
                assert_eq!(page_info, (&json!(next), &json!(previous)), "{shown}");
                let start = if from_the_end { rest.len().saturating_sub(2) } else { 0 };
                let rest: Vec<Value> = rest.into_iter().skip(start).take(2).collect();
                assert_eq!(page["nodes"], json!(rest), "{shown}");
                assert_eq!(each(&page["edges"], "/node"), rest, "{shown}");
                assert_eq!(page["totalCount"], whole["totalCount"], "{shown}");
            }
        }
    }
}

fn order(key: &str, descending: bool) -> String {
    format!("orderBy: [{{ field: {key}, direction: {} }}]", if descending { "DESC" } else { "ASC" })
}

on_both_databases! {
    every_order_sorts_every_list_nulls_last_and_ids_break_ties,
    every_nested_list_of_several_parents_is_cut_at_each_of_them,
}

async fn every_order_sorts_every_list_nulls_last_and_ids_break_ties(app: TestApp) {
    all_kinds(&app).await;
    let schema = Schema::of(&app).await;
    let mut tell_nothing = Vec::new();
    for list in schema.lists("Query") {
        let all = app.secretariat().query(&format!("{{ {}(first: 100) {{ nodes {{ id }} }} }}", list.name)).await;
        let all = all[&list.name]["nodes"].as_array().expect("rows").len();
        for key in schema.values(&list.keys) {
            for descending in [false, true] {
                let (order, field) = (order(&key, descending), camel(&key));
                let query = format!("{{ {}(first: 100, {order}) {{ nodes {{ id key: {field} }} }} }}", list.name);
                let rows = app.secretariat().query(&query).await[&list.name]["nodes"].take();
                assert_eq!(rows.as_array().expect("rows").len(), all, "{query}");
                assert_eq!(rows, json!(sorted(&rows, descending)), "{query}");
                let values: BTreeSet<String> = each(&rows, "/key").iter().map(Value::to_string).collect();
                if values.len() < 2 {
                    tell_nothing.push(format!("{} by {key}", list.name));
                }
            }
        }
    }
    let countries = "countries by UPDATED_AT";
    assert_eq!(tell_nothing, [countries, countries], "one value in all rows shows no order");
}

async fn every_nested_list_of_several_parents_is_cut_at_each_of_them(app: TestApp) {
    all_kinds(&app).await;
    let schema = Schema::of(&app).await;
    // The list of a pack is that of its meeting.
    for kind in schema.parents().into_iter().filter(|kind| *kind != "MeetingPack") {
        for list in schema.lists(kind) {
            let ids = largest(&app, &schema, kind, &list.name).await;
            assert!(ids.len() > 1, "{kind}.{} has records at {} of them only", list.name, ids.len());
            let nested = |key| Nested { app: &app, kind, ids: &ids, list: &list, key };
            nested("id".to_owned()).is_cut("orderBy: []", false).await;
            for key in schema.values(&list.keys) {
                nested(camel(&key)).is_cut(&order(&key, true), true).await;
            }
        }
    }
}

/// A list that is filtered, and the text around it in a query.
struct Place {
    head: &'static str,
    tail: &'static str,
    list: List,
}

/// A list for every filter of the schema.
fn places(schema: &Schema) -> Vec<Place> {
    let mut places: Vec<Place> =
        schema.lists("Query").into_iter().map(|list| Place { head: "", tail: "", list }).collect();
    for (head, kind, name) in [
        (r#"body(by: { code: "WG-A" }) { "#, "Body", "sessions"),
        (r#"body(by: { code: "WG-A" }) { "#, "Body", "agendaItems"),
        (r#"organization(by: { acronym: "UNODC" }) { "#, "Organization", "participations"),
    ] {
        let list = schema.lists(kind).into_iter().find(|list| list.name == name).expect("a list");
        places.push(Place { head, tail: " }", list });
    }
    for filter in schema.filters() {
        assert!(places.iter().any(|place| place.list.filter == filter), "no list is filtered by {filter}");
    }
    places
}

impl Place {
    /// The rows that a filter finds, with the fields of `selection`.
    async fn rows(&self, app: &TestApp, filter: &Value, selection: &str) -> Vec<Value> {
        let (list, head, tail) = (&self.list, self.head, self.tail);
        let query = format!(
            "query($filter: {}) {{ {head}{}(first: 100, filter: $filter) {{
            totalCount nodes {{ id {selection} }} }}{tail} }}",
            list.filter, list.name
        );
        let mut data = app.secretariat().query_with(&query, json!({ "filter": filter })).await;
        while data.get("totalCount").is_none() {
            data = data.as_object_mut().and_then(|data| data.values_mut().next()).expect("a list").take();
        }
        let rows = data["nodes"].as_array().expect("rows").clone();
        assert_eq!(data["totalCount"], rows.len(), "{query}");
        rows
    }

    /// A filter finds the same rows as a rule finds in the whole list.
    async fn finds(&self, app: &TestApp, filter: Value, selection: &str, rule: impl Fn(&Value) -> bool) -> usize {
        let whole = self.rows(app, &json!({}), selection).await;
        let expected: Vec<Value> = whole.into_iter().filter(|row| rule(&row["value"])).collect();
        assert_eq!(self.rows(app, &filter, selection).await, expected, "{} by {filter}", self.list.name);
        expected.len()
    }
}

impl Place {
    /// A hundred values are accepted, and one more is refused.
    async fn is_limited(&self, app: &TestApp, schema: &Schema, field: &Field, operator: &Field) {
        let (list, head, tail) = (&self.list, self.head, self.tail);
        let query = format!("query($f: {}) {{ {head}{}(filter: $f) {{ totalCount }}{tail} }}", list.filter, list.name);
        let value = match operator.kind.as_str() {
            "Int" => json!(1),
            "Date" => json!("2025-01-01"),
            "DateTime" => json!("2025-01-01T00:00:00Z"),
            "ID" => json!(self.unknown_id(app, &query, field, operator).await),
            kind => schema.values(kind).first().map_or(json!("x"), |value| json!(value)),
        };
        let filter = |count: usize| json!({ "f": { &field.name: { &operator.name: vec![&value; count] } } });
        app.secretariat().query_with(&query, filter(100)).await;
        let code = app.secretariat().error_with(&query, filter(101)).await;
        assert_eq!(code, "INVALID_ARGUMENT", "{}.{}", list.filter, field.name);
    }

    /// An id of the type: the refusal of one that is none says what it looks like.
    async fn unknown_id(&self, app: &TestApp, query: &str, field: &Field, operator: &Field) -> String {
        let filter = json!({ "f": { &field.name: { &operator.name: ["x"] } } });
        let refusal = app.secretariat().send(query, filter).await.body["errors"][0]["message"].to_string();
        let prefix = refusal.split(' ').find(|word| word.ends_with('_')).unwrap_or_else(|| panic!("{refusal}"));
        format!("{prefix}{}", "0".repeat(32))
    }
}

/// Whether a value, or its absence, meets a comparison.
type Rule = Box<dyn Fn(&Value) -> bool + Send>;

/// The value for an operator, and the rule that it stands for. `low` and `high` are values of the list.
fn comparison(operator: &str, low: &Value, high: &Value) -> (Value, Rule) {
    let (one, two) = (low.clone(), high.clone());
    let ordered = |value: &Value, to: &Value| (!value.is_null()).then(|| compare(value, to));
    let part = |value: &Value| value.as_str().map(str::to_ascii_lowercase).unwrap_or_default();
    let start: String = part(low).chars().take(3).collect();
    let middle: String = part(high).chars().skip(1).collect();
    match operator {
        "eq" => (low.clone(), Box::new(move |value| *value == one)),
        "ne" => (low.clone(), Box::new(move |value| *value != one)),
        "in" => (json!([low, high]), Box::new(move |value| *value == one || *value == two)),
        "notIn" => (json!([low, high]), Box::new(move |value| *value != one && *value != two)),
        "lt" => (high.clone(), Box::new(move |value| ordered(value, &two) == Some(Ordering::Less))),
        "lte" => (low.clone(), Box::new(move |value| ordered(value, &one).is_some_and(Ordering::is_le))),
        "gt" => (low.clone(), Box::new(move |value| ordered(value, &one) == Some(Ordering::Greater))),
        "gte" => (high.clone(), Box::new(move |value| ordered(value, &two).is_some_and(Ordering::is_ge))),
        "between" => (
            json!({ "from": low, "to": high }),
            Box::new(move |value| {
                ordered(value, &one).is_some_and(Ordering::is_ge) && ordered(value, &two).is_some_and(Ordering::is_le)
            }),
        ),
        "contains" => (json!(middle.to_ascii_uppercase()), Box::new(move |value| part(value).contains(&middle))),
        "startsWith" => (json!(start), Box::new(move |value| !value.is_null() && part(value).starts_with(&start))),
        "isNull" => (json!(true), Box::new(Value::is_null)),
        other => panic!("say what {other} compares"),
    }
}

async fn compares_values(app: &TestApp, schema: &Schema, place: &Place, field: &Field) {
    let selection = format!("value: {}", field.name);
    let rows = place.rows(app, &json!({}), &selection).await;
    let mut values: Vec<Value> = rows.into_iter().map(|row| row["value"].clone()).filter(|v| !v.is_null()).collect();
    values.sort_by(compare);
    values.dedup();
    let (low, high) = (values.first(), values.last());
    let at = format!("{}.{}", place.list.filter, field.name);
    let (low, high) = low.zip(high).unwrap_or_else(|| panic!("no row has a value for {at}"));
    for operator in schema.fields(&field.kind) {
        let (with, rule) = comparison(&operator.name, low, high);
        let filter = json!({ &field.name: { &operator.name: with } });
        let found = place.finds(app, filter, &selection, rule).await;
        assert!(
            found > 0
                || !["eq", "in", "lte", "gte", "between", "contains", "startsWith"].contains(&operator.name.as_str()),
            "{at}"
        );
        if operator.name == "isNull" {
            let filter = json!({ &field.name: { "isNull": false } });
            place.finds(app, filter, &selection, |value| !value.is_null()).await;
        }
    }
}

async fn compares_texts(app: &TestApp, schema: &Schema, place: &Place, field: &Field) {
    let selection = format!("value: {}Translations {{ text }}", field.name);
    let rows = place.rows(app, &json!({}), &selection).await;
    let last = rows.last().and_then(|row| row["value"].as_array()?.last()?["text"].as_str()).expect("a text");
    for operator in schema.fields(&field.kind) {
        let characters = last.to_lowercase().chars().collect::<Vec<_>>();
        let (from, to) = if operator.name == "contains" { (2, 8) } else { (0, 6) };
        let wanted: String = characters[from.min(characters.len())..to.min(characters.len())].iter().collect();
        let filter = json!({ &field.name: { &operator.name: wanted.to_uppercase() } });
        let rule = |texts: &Value| {
            each(texts, "/text").iter().any(|text| {
                let text = text.as_str().unwrap_or_default().to_lowercase();
                if operator.name == "contains" { text.contains(&wanted) } else { text.starts_with(&wanted) }
            })
        };
        assert!(place.finds(app, filter, &selection, rule).await > 0, "{}.{}", place.list.filter, field.name);
    }
}

async fn compares_related(app: &TestApp, place: &Place, field: &Field) {
    let selection = format!("value: {} {{ id }}", field.name);
    let rows = place.rows(app, &json!({}), &selection).await;
    let related = rows.iter().find_map(|row| row["value"].get("id"));
    let related = related.unwrap_or_else(|| panic!("no row has a {}.{}", place.list.filter, field.name));
    let filter = json!({ &field.name: { "id": { "eq": related } } });
    place.finds(app, filter, &selection, |value| value["id"] == *related).await;
    let others = json!({ "not": { &field.name: { "id": { "eq": related } } } });
    place.finds(app, others, &selection, |value| value["id"] != *related).await;
}

/// By a day on which a record is valid.
async fn lies_in_a_period(app: &TestApp, place: &Place, field: &Field) {
    let selection = "id validFrom validTo";
    let whole = place.rows(app, &json!({}), selection).await;
    for day in whole.iter().flat_map(|row| [&row["validFrom"], &row["validTo"]]).filter_map(Value::as_str) {
        let is_valid = |row: &&Value| {
            row["validFrom"].as_str().is_some_and(|from| from <= day)
                && row["validTo"].as_str().is_none_or(|to| to >= day)
        };
        let expected: Vec<Value> = whole.iter().filter(is_valid).cloned().collect();
        assert_eq!(place.rows(app, &json!({ &field.name: day }), selection).await, expected, "{day}");
    }
}

on_both_databases! {
    every_field_of_every_filter_compares_what_it_is_called_after,
    no_list_to_compare_with_is_longer_than_a_hundred,
}

async fn every_field_of_every_filter_compares_what_it_is_called_after(app: TestApp) {
    all_kinds(&app).await;
    let schema = Schema::of(&app).await;
    for place in places(&schema) {
        for field in schema.fields(&place.list.filter) {
            match field.kind.as_str() {
                "TextFilter" => compares_texts(&app, &schema, &place, &field).await,
                // `lists_are_filtered_by_related_records` and its neighbours test these.
                kind if kind.ends_with("ListFilter") || ["and", "or", "not"].contains(&field.name.as_str()) => {}
                "Date" => lies_in_a_period(&app, &place, &field).await,
                kind if schema.has(kind, "eq") => compares_values(&app, &schema, &place, &field).await,
                _ => compares_related(&app, &place, &field).await,
            }
        }
    }
}

async fn no_list_to_compare_with_is_longer_than_a_hundred(app: TestApp) {
    let schema = Schema::of(&app).await;
    let mut limited = BTreeSet::new();
    for place in places(&schema) {
        for field in schema.fields(&place.list.filter) {
            for operator in schema.fields(&field.kind) {
                if ["in", "notIn"].contains(&operator.name.as_str()) {
                    place.is_limited(&app, &schema, &field, &operator).await;
                    limited.insert(field.kind.clone());
                }
            }
        }
    }
    let listing = schema.comparators().into_iter().filter(|comparator| schema.has(comparator, "in"));
    assert_eq!(limited, listing.map(str::to_owned).collect());
}
