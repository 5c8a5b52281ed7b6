//! Connections: paging, order, nested lists. Filters stand in `filter`.

use std::cmp::Ordering;

use rec_tests::client::Client;
use rec_tests::given::{at_with, each, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const ROWS: &str = "query($f: RecommendationFilter, $o: [RecommendationOrder!],
    $first: Int, $after: String, $last: Int, $before: String) {
    recommendations(filter: $f, orderBy: $o, first: $first, after: $after, last: $last, before: $before) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { cursor node { id } }
        nodes { id label title status priority targetDate adoptedOn createdAt isDemo version body { code } } } }";

/// Twelve recommendations: six drafts and six adopted ones in two bodies, with and without dates, some with wildcards.
pub async fn twelve(app: &TestApp) {
    let days = json!({ "startsOn": "2025-12-01", "endsOn": "2025-12-03" });
    let meeting = app.concluded_meeting_with(&["EC", "WG-A", "WG-B"], days).await;
    for (title, body, target, priority, adopted_on) in [
        ("Plain", "WG-A", None, None, None),
        ("Reach 100% of schools", "WG-A", Some("2026-03-01"), Some("HIGH"), None),
        ("Reach 100 of schools", "WG-B", Some("2026-02-01"), Some("LOW"), Some("2025-12-01")),
        ("Name_two", "WG-A", Some("2026-02-01"), Some("HIGH"), Some("2025-12-03")),
        ("Name-two", "WG-A", None, None, Some("2025-12-01")),
        ("Escape \\ this", "WG-B", Some("2026-02-01"), None, None),
        ("Возвращение домой", "WG-B", Some("2026-03-01"), None, Some("2025-12-03")),
        ("Защита детей", "WG-A", None, Some("URGENT"), Some("2025-12-03")),
        ("plain again", "WG-B", Some("2026-04-01"), None, None),
        ("Last", "WG-A", None, Some("LOW"), Some("2025-12-02")),
        ("Ünicode", "WG-B", None, None, None),
        ("Öpen", "WG-B", Some("2026-04-01"), Some("URGENT"), None),
    ] {
        let texts = json!([{ "locale": "EN", "text": title }, { "locale": "RU", "text": title }]);
        let draft = app.draft_with(body, json!({ "title": texts, "targetDate": target, "priority": priority })).await;
        app.app.clock.advance(chrono::TimeDelta::microseconds(500_001));
        let Some(day) = adopted_on else { continue };
        let submitted = app.submit(&draft, &meeting).await;
        let input = json!({ "meetingId": meeting["id"], "noPersonalData": true, "adoptedOn": day });
        app.secretariat().mutate("adoptRecommendation", at_with(&submitted, input), "id").await;
    }
}

const NESTED: &str = "query($f: RecommendationFilter, $o: [RecommendationOrder!], $after: String) {
    workingGroups(orderBy: [{ field: CODE }]) { nodes { code
        recommendations(filter: $f, orderBy: $o, first: 2, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor } } } } }";

async fn page(client: &Client, variables: Value) -> Value {
    client.query_with(ROWS, variables).await["recommendations"].take()
}

/// A whole list, as one page.
pub async fn rows(client: &Client, filter: &Value, order: &Value) -> Vec<Value> {
    page(client, json!({ "f": filter, "o": order, "first": 100 })).await["nodes"].as_array().unwrap().clone()
}

/// The order that a list should have, computed from its rows.
fn sorted(mut rows: Vec<Value>, order: &Value) -> Vec<Value> {
    let keys: Vec<(&str, bool)> = order
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let field = match key["field"].as_str().unwrap() {
                "LABEL" => "label",
                "STATUS" => "status",
                "TARGET_DATE" => "targetDate",
                "ADOPTED_ON" => "adoptedOn",
                _ => "createdAt",
            };
            (field, key["direction"] == "DESC")
        })
        .collect();
    let directed = |ordering: Ordering, descending| if descending { ordering.reverse() } else { ordering };
    rows.sort_by(|one, other| {
        for (field, descending) in &keys {
            let ordering = match (one[*field].as_str(), other[*field].as_str()) {
                (Some(one), Some(other)) => directed(one.cmp(other), *descending),
                (one, other) => one.is_none().cmp(&other.is_none()),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        let descending = keys.first().is_some_and(|(_, descending)| *descending);
        directed(one["id"].as_str().cmp(&other["id"].as_str()), descending)
    });
    rows
}

fn orders() -> Vec<Value> {
    let key = |field: &str, direction: &str| json!({ "field": field, "direction": direction });
    let mut orders = vec![json!([])];
    for field in ["LABEL", "ADOPTED_ON", "TARGET_DATE", "STATUS", "CREATED_AT"] {
        orders.extend(["ASC", "DESC"].map(|direction| json!([key(field, direction)])));
    }
    for (one, other) in [("ASC", "ASC"), ("ASC", "DESC"), ("DESC", "ASC"), ("DESC", "DESC")] {
        orders.push(json!([key("ADOPTED_ON", one), key("TARGET_DATE", other)]));
        orders.push(json!([key("STATUS", one), key("LABEL", other)]));
    }
    orders.push(json!([key("TARGET_DATE", "DESC"), key("ADOPTED_ON", "ASC"), key("CREATED_AT", "DESC")]));
    orders
}

/// All ids, read page by page from the start or from the end.
async fn walk(client: &Client, order: &Value, size: usize, backward: bool) -> Vec<Value> {
    let (mut ids, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let window = if backward {
            json!({ "last": size, "before": cursor })
        } else {
            json!({ "first": size, "after": cursor })
        };
        let page = page(client, with(window, json!({ "o": order }))).await;
        let read = each(&page["nodes"], "/id");
        let info = &page["pageInfo"];
        assert_eq!(each(&page["edges"], "/node/id"), read);
        assert_eq!(each(&page["edges"], "/cursor").first(), Some(&info["startCursor"]));
        assert_eq!(each(&page["edges"], "/cursor").last(), Some(&info["endCursor"]));
        let (more, came_from) =
            if backward { ("hasPreviousPage", "hasNextPage") } else { ("hasNextPage", "hasPreviousPage") };
        assert_eq!(info[came_from], !cursor.is_null());
        assert_eq!(page["totalCount"], 12);
        cursor = if backward { info["startCursor"].clone() } else { info["endCursor"].clone() };
        if backward {
            ids.splice(0..0, read).for_each(drop);
        } else {
            ids.extend(read);
        }
        assert!(ids.len() <= 12, "the list does not end");
        if info[more] == false {
            return ids;
        }
    }
}

on_both_databases! {
    every_list_is_sorted_with_nulls_last_both_ways,
    pages_of_any_size_in_either_direction_make_up_the_list,
    a_window_between_two_cursors_is_read_from_either_end,
    a_page_has_25_rows_unless_given_and_at_most_100,
    a_cursor_fits_only_its_own_list,
    nested_lists_of_several_parents_are_those_of_each,
    nested_lists_are_read_from_their_ends_as_well,
    lists_through_a_table_between_are_those_of_each_parent,
    the_longest_filter_is_answered_in_every_order,
}

async fn every_list_is_sorted_with_nulls_last_both_ways(app: TestApp) {
    twelve(&app).await;
    for order in orders() {
        let list = rows(&app.secretariat(), &Value::Null, &order).await;
        assert_eq!(list.len(), 12);
        assert_eq!(sorted(list.clone(), &order), list, "{order}");
    }
}

async fn pages_of_any_size_in_either_direction_make_up_the_list(app: TestApp) {
    twelve(&app).await;
    let client = app.secretariat();
    for order in orders() {
        let whole: Vec<Value> = rows(&client, &Value::Null, &order).await.iter().map(|row| row["id"].clone()).collect();
        for size in [1, 2, 3, 7, 12] {
            assert_eq!(walk(&client, &order, size, false).await, whole, "{order} by {size} forward");
            assert_eq!(walk(&client, &order, size, true).await, whole, "{order} by {size} backward");
        }
    }
}

async fn a_window_between_two_cursors_is_read_from_either_end(app: TestApp) {
    twelve(&app).await;
    let client = app.secretariat();
    let order = json!([{ "field": "ADOPTED_ON", "direction": "DESC" }, { "field": "TARGET_DATE", "direction": "ASC" }]);
    let whole = page(&client, json!({ "o": order })).await;
    let (ids, cursors) = (each(&whole["edges"], "/node/id"), each(&whole["edges"], "/cursor"));
    for (from, to) in [(0, 11), (1, 9), (4, 8), (5, 6), (7, 11)] {
        let between = json!({ "o": order, "after": cursors[from], "before": cursors[to] });
        let read = page(&client, with(between.clone(), json!({ "first": 2 }))).await;
        assert_eq!(each(&read["nodes"], "/id"), ids[from + 1..to].iter().take(2).cloned().collect::<Vec<_>>());
        let read = page(&client, with(between, json!({ "last": 2 }))).await;
        assert_eq!(
            each(&read["nodes"], "/id"),
            ids[from + 1..to].iter().rev().take(2).rev().cloned().collect::<Vec<_>>()
        );
    }
}

async fn a_page_has_25_rows_unless_given_and_at_most_100(app: TestApp) {
    for number in 0..26 {
        app.theme(&format!("T{number}")).await;
    }
    let query =
        "{ themes { totalCount nodes { id } pageInfo { hasNextPage } } all: themes(first: 100) { nodes { id } } }";
    let data = app.anonymous().query(query).await;
    assert_eq!(data["themes"]["nodes"].as_array().unwrap().len(), 25);
    assert_eq!((&data["themes"]["totalCount"], &data["themes"]["pageInfo"]["hasNextPage"]), (&json!(26), &json!(true)));
    assert_eq!(data["all"]["nodes"].as_array().unwrap().len(), 26);
    for arguments in ["first: 101", "first: 0", "last: -1", "last: 101", "first: 1, last: 1"] {
        let code = app.anonymous().error(&format!("{{ themes({arguments}) {{ nodes {{ id }} }} }}")).await;
        assert_eq!(code, "INVALID_PAGE", "{arguments}");
    }
}

async fn a_cursor_fits_only_its_own_list(app: TestApp) {
    twelve(&app).await;
    let order = json!([{ "field": "LABEL" }]);
    let cursor = page(&app.secretariat(), json!({ "o": order, "first": 1 })).await["pageInfo"]["endCursor"].take();
    for other in [
        json!({ "o": [{ "field": "LABEL", "direction": "DESC" }] }),
        json!({ "o": [] }),
        json!({ "o": order, "f": { "isDemo": { "eq": false } } }),
    ] {
        let code = app.secretariat().error_with(ROWS, with(other.clone(), json!({ "after": cursor }))).await;
        assert_eq!(code, "INVALID_CURSOR", "{other}");
    }
    let code = app.secretariat().error_with(ROWS, json!({ "before": "bm90aGluZw" })).await;
    assert_eq!(code, "INVALID_CURSOR");
}

async fn nested_lists_of_several_parents_are_those_of_each(app: TestApp) {
    twelve(&app).await;
    let order = json!([{ "field": "TARGET_DATE", "direction": "DESC" }, { "field": "LABEL" }]);
    let filter = json!({ "not": { "priority": { "eq": "URGENT" } } });
    let mut cursor = Value::Null;
    for _ in 0..2 {
        let variables = json!({ "f": filter, "o": order, "after": cursor });
        let bodies = app.secretariat().query_with(NESTED, variables).await["workingGroups"]["nodes"].take();
        for body in bodies.as_array().unwrap() {
            let of_body = json!({ "and": [filter, { "body": { "code": { "eq": body["code"] } } }] });
            let whole = rows(&app.secretariat(), &of_body, &order).await;
            let nested = &body["recommendations"];
            assert_eq!(nested["totalCount"], whole.len());
            let mut ids: Vec<Value> = whole.iter().map(|row| row["id"].clone()).collect();
            if !cursor.is_null() && body["code"] == "WG-A" {
                ids.drain(..2);
            }
            if cursor.is_null() || body["code"] == "WG-A" {
                assert_eq!(each(&nested["nodes"], "/id"), ids[..ids.len().min(2)], "{}", body["code"]);
                assert_eq!(nested["pageInfo"]["hasNextPage"], ids.len() > 2);
            }
        }
        cursor = bodies[0]["recommendations"]["pageInfo"]["endCursor"].clone();
    }
}

async fn nested_lists_are_read_from_their_ends_as_well(app: TestApp) {
    twelve(&app).await;
    let query = "query($o: [RecommendationOrder!]) { workingGroups(orderBy: [{ field: CODE }]) { nodes { code
        recommendations(orderBy: $o, last: 2) { nodes { id } pageInfo { hasPreviousPage hasNextPage } } } } }";
    let order = json!([{ "field": "ADOPTED_ON", "direction": "ASC" }]);
    let data = app.secretariat().query_with(query, json!({ "o": order })).await;
    for body in data["workingGroups"]["nodes"].as_array().unwrap() {
        let of_body = json!({ "body": { "code": { "eq": body["code"] } } });
        let whole: Vec<Value> =
            rows(&app.secretariat(), &of_body, &order).await.iter().map(|row| row["id"].clone()).collect();
        assert_eq!(each(&body["recommendations"]["nodes"], "/id"), whole[whole.len().saturating_sub(2)..]);
        assert_eq!(
            body["recommendations"]["pageInfo"],
            json!({ "hasPreviousPage": whole.len() > 2, "hasNextPage": false })
        );
    }
}

async fn lists_through_a_table_between_are_those_of_each_parent(app: TestApp) {
    let query = "{ organizations(first: 100) { nodes { acronym
        meetingsOrganized(first: 1, orderBy: [{ field: STARTS_ON, direction: DESC }]) {
            totalCount nodes { id } } } } }";
    let data = app.anonymous().query(query).await;
    let single = "query($a: String!) { meetings(filter: { organizers: { some: { acronym: { eq: $a } } } },
        orderBy: [{ field: STARTS_ON, direction: DESC }], first: 1) { totalCount nodes { id } } }";
    let organizations = data["organizations"]["nodes"].as_array().unwrap();
    assert_eq!(organizations.len(), 21);
    for organization in organizations {
        let list = app.anonymous().query_with(single, json!({ "a": organization["acronym"] })).await;
        assert_eq!(organization["meetingsOrganized"], list["meetings"], "{}", organization["acronym"]);
    }
}

async fn the_longest_filter_is_answered_in_every_order(app: TestApp) {
    let labels: Vec<String> = (0..100).map(|number| format!("REC/{number}")).collect();
    let one = json!({ "label": { "in": labels, "notIn": labels } });
    let query = "query($all: [RecommendationFilter!]) { recommendations(filter: { and: $all }, orderBy: [{ field: ADOPTED_ON }]) { \
        nodes { id } totalCount } }";
    for count in [1, 5, 6, 7, 49] {
        for client in [app.anonymous(), app.partner("OSCE"), app.secretariat()] {
            let data = client.query_with(query, json!({ "all": vec![one.clone(); count] })).await;
            assert_eq!(data["recommendations"]["totalCount"], 0);
        }
    }

    // As a partner, for the list of a body, with all kinds of candidates: each is counted for each part of the page.
    let (text, range) =
        (json!({ "in": labels, "notIn": labels, "eq": "x" }), json!({ "gte": "2024-01-01", "lt": "2024-02-01" }));
    let days: Vec<String> = (0..100).map(|day| format!("{}-01-01", 1990 + day)).collect();
    let of_days = json!({ "in": days, "notIn": days, "gte": "2024-01-01", "lte": "2024-02-01", "eq": "2024-01-01", "ne": "2023-01-01" });
    let all = json!([{ "adoptedOn": of_days }, { "adoptedOn": of_days }, { "adoptedOn": of_days }, { "targetDate": of_days },
        { "label": text }, { "targetDate": range }]);
    let nested = "query($all: [RecommendationFilter!]) { bodies { nodes { recommendations(first: 5, filter: { and: $all }, \
        orderBy: [{ field: ADOPTED_ON }]) { nodes { id } totalCount } } } }";
    for client in [app.anonymous(), app.partner("OSCE"), app.secretariat()] {
        let bodies = client.query_with(nested, json!({ "all": all })).await["bodies"]["nodes"].take();
        let bodies = bodies.as_array().unwrap();
        assert!(
            !bodies.is_empty() && bodies.iter().all(|body| body["recommendations"]["totalCount"] == 0),
            "{bodies:?}"
        );
    }
}
