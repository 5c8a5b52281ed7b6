//! Filters: each comparison, their logic, and conditions on related records.

use chrono::TimeDelta;
use rec_tests::given::{at_with, each, text, with};
use rec_tests::schema::Schema;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use crate::connections::{rows, twelve};

/// Whether a value, or its absence, meets a comparison.
type Rule = fn(Option<&str>) -> bool;

/// The titles that a filter finds, in the order of creation.
async fn found(app: &TestApp, filter: Value) -> Vec<Value> {
    rows(&app.secretariat(), &filter, &json!([])).await.iter().map(|row| row["title"].clone()).collect()
}

on_both_databases! {
    a_code_is_found_in_any_case,
    texts_are_compared_to_the_letter_and_by_parts,
    dates_are_compared_and_null_is_no_date,
    date_times_are_compared_to_the_microsecond,
    enums_ids_booleans_and_integers_are_compared,
    every_list_is_filtered_by_the_last_change,
    case_does_not_matter_in_any_alphabet,
    wildcards_stand_for_themselves,
    conditions_are_joined_and_denied,
    lists_are_filtered_by_related_records,
    meetings_are_filtered_by_organisers_bodies_participants_and_country,
    a_filter_never_sees_what_its_viewer_does_not,
}

async fn texts_are_compared_to_the_letter_and_by_parts(app: TestApp) {
    twelve(&app).await;
    let all = rows(&app.secretariat(), &Value::Null, &json!([])).await;
    let rules: [(Value, Rule); 14] = [
        (json!({ "eq": "REC/WG-A/2025/2" }), |l| l == Some("REC/WG-A/2025/2")),
        (json!({ "eq": "rec/wg-a/2025/2" }), |l| l == Some("REC/WG-A/2025/2")),
        (json!({ "eq": "REC/WG-A/2025" }), |_| false),
        (json!({ "ne": "REC/WG-A/2025/2" }), |l| l != Some("REC/WG-A/2025/2")),
        (json!({ "in": ["REC/WG-A/2025/2", "REC/WG-B/2025/1"] }), |l| {
            matches!(l, Some("REC/WG-A/2025/2" | "REC/WG-B/2025/1"))
        }),
        (json!({ "notIn": ["REC/WG-A/2025/2"] }), |l| l != Some("REC/WG-A/2025/2")),
        (json!({ "lt": "REC/WG-B" }), |l| l.is_some_and(|l| l < "REC/WG-B")),
        (json!({ "lte": "REC/WG-A/2025/2" }), |l| l.is_some_and(|l| l <= "REC/WG-A/2025/2")),
        (json!({ "gt": "REC/WG-A/2025/2" }), |l| l.is_some_and(|l| l > "REC/WG-A/2025/2")),
        (json!({ "gte": "REC/WG-A/2025/2" }), |l| l.is_some_and(|l| l >= "REC/WG-A/2025/2")),
        (json!({ "contains": "wg-b" }), |l| l.is_some_and(|l| l.contains("WG-B"))),
        (json!({ "startsWith": "rec/WG-a" }), |l| l.is_some_and(|l| l.starts_with("REC/WG-A"))),
        (json!({ "isNull": true }), |l| l.is_none()),
        (json!({ "isNull": false, "ne": "REC/WG-B/2025/1" }), |l| l.is_some_and(|l| l != "REC/WG-B/2025/1")),
    ];
    for (comparison, rule) in rules {
        let expected: Vec<Value> = all.iter().filter(|row| rule(row["label"].as_str())).cloned().collect();
        let found = rows(&app.secretariat(), &json!({ "label": comparison }), &json!([])).await;
        assert_eq!(found, expected, "{comparison}");
    }
}

async fn dates_are_compared_and_null_is_no_date(app: TestApp) {
    twelve(&app).await;
    let all = rows(&app.secretariat(), &Value::Null, &json!([])).await;
    let day = "2026-03-01";
    let rules: [(Value, Rule); 11] = [
        (json!({ "eq": day }), |d| d == Some("2026-03-01")),
        (json!({ "ne": day }), |d| d != Some("2026-03-01")),
        (json!({ "in": [day, "2026-04-01"] }), |d| matches!(d, Some("2026-03-01" | "2026-04-01"))),
        (json!({ "notIn": [day, "2026-04-01"] }), |d| !matches!(d, Some("2026-03-01" | "2026-04-01"))),
        (json!({ "lt": day }), |d| d.is_some_and(|d| d < "2026-03-01")),
        (json!({ "lte": day }), |d| d.is_some_and(|d| d <= "2026-03-01")),
        (json!({ "gt": day }), |d| d.is_some_and(|d| d > "2026-03-01")),
        (json!({ "gte": day }), |d| d.is_some_and(|d| d >= "2026-03-01")),
        (json!({ "between": { "from": "2026-02-01", "to": day } }), |d| d.is_some_and(|d| d <= "2026-03-01")),
        (json!({ "isNull": true }), |d| d.is_none()),
        (json!({ "isNull": false }), |d| d.is_some()),
    ];
    for (comparison, rule) in rules {
        let expected: Vec<Value> = all.iter().filter(|row| rule(row["targetDate"].as_str())).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < 12);
        let found = rows(&app.secretariat(), &json!({ "targetDate": comparison }), &json!([])).await;
        assert_eq!(found, expected, "{comparison}");
    }
}

async fn date_times_are_compared_to_the_microsecond(app: TestApp) {
    twelve(&app).await;
    let all = rows(&app.secretariat(), &Value::Null, &json!([])).await;
    let third = &all[2]["createdAt"];
    // What is finer is not compared, and a leap second is the second after it.
    let finer = json!(third.as_str().unwrap().replace("+00:00", "9+00:00"));
    for (comparison, expected) in [
        (json!({ "eq": third }), &all[2..3]),
        (json!({ "eq": finer }), &all[2..3]),
        (json!({ "gte": finer }), &all[2..]),
        (json!({ "lt": finer }), &all[..2]),
        (json!({ "in": ["2026-01-15T03:59:60Z"] }), &all[..1]),
        (json!({ "gte": third }), &all[2..]),
        (json!({ "gt": third }), &all[3..]),
        (json!({ "lt": third }), &all[..2]),
        (json!({ "between": { "from": third, "to": all[5]["createdAt"] } }), &all[2..6]),
    ] {
        assert_eq!(
            rows(&app.secretariat(), &json!({ "createdAt": comparison }), &json!([])).await,
            expected,
            "{comparison}"
        );
    }
}

async fn enums_ids_booleans_and_integers_are_compared(app: TestApp) {
    twelve(&app).await;
    let all = rows(&app.secretariat(), &Value::Null, &json!([])).await;
    assert_eq!(found(&app, json!({ "priority": { "eq": "URGENT" } })).await, ["Защита детей", "Öpen"]);
    assert_eq!(found(&app, json!({ "priority": { "notIn": ["HIGH", "LOW", "URGENT"] } })).await.len(), 6);
    assert_eq!(found(&app, json!({ "priority": { "ne": "URGENT" } })).await.len(), 10, "null is not urgent");
    assert_eq!(
        found(&app, json!({ "priority": { "in": ["LOW"], "isNull": false } })).await,
        ["Reach 100 of schools", "Last"]
    );
    assert_eq!(found(&app, json!({ "id": { "eq": all[0]["id"] } })).await, ["Plain"]);
    let unknown = "rec_0197aaaaaaaa7aaa8aaaaaaaaaaaaaaa";
    assert_eq!(found(&app, json!({ "id": { "in": [all[0]["id"], all[9]["id"], unknown] } })).await, ["Plain", "Last"]);
    assert_eq!(found(&app, json!({ "id": { "notIn": [all[0]["id"]] } })).await.len(), 11);
    assert_eq!(found(&app, json!({ "isDemo": { "ne": false } })).await.len(), 0);
    let query = "{ body(by: { code: \"PL\" }) {
        sessions(filter: { ordinal: { gte: 2 } }) { totalCount nodes { ordinal } } } }";
    let data = app.anonymous().query(query).await;
    assert_eq!(data["body"]["sessions"], json!({ "totalCount": 1, "nodes": [{ "ordinal": 2 }] }));
}

/// A sync job asks each list for what has changed since it asked last.
async fn every_list_is_filtered_by_the_last_change(app: TestApp) {
    let schema = Schema::of(&app).await;
    let objects: Vec<String> =
        schema.objects("Node").into_iter().filter(|name| schema.has(name, "updatedAt")).collect();
    let filters: Vec<&str> =
        schema.filters().into_iter().filter(|filter| objects.contains(&filter.replace("Filter", ""))).collect();
    assert_eq!(filters.len(), 12, "{filters:?}");
    for filter in filters {
        assert!(schema.fields(filter).iter().any(|field| field.name == "updatedAt"), "{filter}");
    }
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    app.app.clock.advance(TimeDelta::days(1));
    let since = app.app.clock.now().to_rfc3339();
    let renamed = at_with(&meeting, json!({ "city": "Astana" }));
    app.secretariat().mutate("updateMeeting", renamed, "id").await;
    let theme = json!({ "code": "NEW", "name": text("New"), "kind": "SUBJECT" });
    app.secretariat().mutate("createTheme", theme, "id").await;
    let query = "query($since: DateTime!) {
        meetings(filter: { updatedAt: { gte: $since } }) { nodes { id } }
        themes(filter: { updatedAt: { gte: $since } }) { nodes { code } }
        countries(filter: { updatedAt: { gte: $since } }) { nodes { id } }
        mandates(filter: { updatedAt: { gte: $since } }) { nodes { id } }
        bodies(filter: { updatedAt: { lt: $since } }) { totalCount } all: bodies { totalCount } }";
    let data = app.secretariat().query_with(query, json!({ "since": since })).await;
    assert_eq!(data["meetings"]["nodes"], json!([{ "id": meeting["id"] }]));
    assert_eq!(data["themes"]["nodes"], json!([{ "code": "NEW" }]));
    assert_eq!((&data["countries"]["nodes"], &data["mandates"]["nodes"]), (&json!([]), &json!([])));
    assert_eq!(data["bodies"], data["all"]);
}

async fn case_does_not_matter_in_any_alphabet(app: TestApp) {
    twelve(&app).await;
    assert_eq!(found(&app, json!({ "title": { "contains": "ЗАЩИТА" } })).await, ["Защита детей"]);
    assert_eq!(found(&app, json!({ "title": { "startsWith": "возв" } })).await, ["Возвращение домой"]);
    assert_eq!(found(&app, json!({ "title": { "contains": "üNI" } })).await, ["Ünicode"]);
    assert_eq!(found(&app, json!({ "title": { "startsWith": "PLAIN" } })).await, ["Plain", "plain again"]);
    assert_eq!(found(&app, json!({ "title": { "startsWith": "again" } })).await, json!([]).as_array().unwrap().clone());
}

async fn wildcards_stand_for_themselves(app: TestApp) {
    twelve(&app).await;
    assert_eq!(found(&app, json!({ "title": { "contains": "100%" } })).await, ["Reach 100% of schools"]);
    assert_eq!(found(&app, json!({ "title": { "contains": "e_t" } })).await, ["Name_two"]);
    assert_eq!(found(&app, json!({ "title": { "contains": "\\" } })).await, ["Escape \\ this"]);
    assert_eq!(found(&app, json!({ "label": { "contains": "%" } })).await.len(), 0);
    assert_eq!(found(&app, json!({ "label": { "startsWith": "REC_WG" } })).await.len(), 0);
}

async fn conditions_are_joined_and_denied(app: TestApp) {
    twelve(&app).await;
    let (a, late) = (json!({ "body": { "code": { "eq": "WG-A" } } }), json!({ "targetDate": { "gt": "2026-02-01" } }));
    assert_eq!(found(&app, json!({ "and": [a, late] })).await, ["Reach 100% of schools"]);
    let either = [
        "Plain",
        "Reach 100% of schools",
        "Name_two",
        "Name-two",
        "Возвращение домой",
        "Защита детей",
        "plain again",
        "Last",
        "Öpen",
    ];
    assert_eq!(found(&app, json!({ "or": [a, late] })).await, either);
    let not_late = found(&app, json!({ "not": late })).await;
    assert_eq!(not_late.len(), 8, "what has no date is not late");
    assert_eq!(found(&app, json!({ "not": { "not": late } })).await, found(&app, late.clone()).await);
    let neither = found(&app, json!({ "not": { "or": [a, late] } })).await;
    assert_eq!(neither, ["Reach 100 of schools", "Escape \\ this", "Ünicode"]);
    assert_eq!(
        found(&app, with(a.clone(), json!({ "not": { "label": { "isNull": false } } }))).await,
        ["Plain", "Reach 100% of schools"]
    );
    assert_eq!(found(&app, json!({ "or": [] })).await.len(), 0);
}

async fn lists_are_filtered_by_related_records(app: TestApp) {
    twelve(&app).await;
    let adopted_later = json!({ "meeting": { "startsOn": { "eq": "2025-12-01" }, "city": { "isNull": true } } });
    assert_eq!(found(&app, adopted_later).await.len(), 6);
    let reporting =
        json!({ "body": { "code": { "eq": "WG-B" }, "reportsTo": { "kind": { "eq": "EXECUTIVE_COMMITTEE" } } } });
    assert_eq!(found(&app, reporting).await.len(), 6);
    assert_eq!(found(&app, json!({ "addressedCountries": { "some": { "iso2": { "eq": "UZ" } } } })).await.len(), 12);
    assert_eq!(found(&app, json!({ "addressedCountries": { "none": { "iso2": { "eq": "UZ" } } } })).await.len(), 0);
    assert_eq!(found(&app, json!({ "addressedOrganizations": { "none": {} } })).await.len(), 12);
    assert_eq!(found(&app, json!({ "themes": { "some": {} } })).await.len(), 0);
}

async fn meetings_are_filtered_by_organisers_bodies_participants_and_country(app: TestApp) {
    for (filter, days) in [
        ("organizers: { some: { acronym: { eq: \"OSCE\" } } }", vec!["2024-11-27"]),
        ("organizers: { none: { acronym: { in: [\"ISRS\"] } } }", vec!["2025-04-30"]),
        (
            "organizers: { some: { kind: { eq: UN_OFFICE } }, none: { acronym: { eq: \"OSCE-PCUZ\" } } }",
            vec!["2024-07-26", "2024-12-10", "2025-04-30"],
        ),
        ("bodies: { some: { kind: { eq: PLENARY } } }", vec!["2024-05-14", "2024-11-27"]),
        ("bodies: { none: {} }", vec!["2024-12-10", "2025-04-30"]),
        ("participants: { some: { acronym: { eq: \"ICRC\" } } }", vec!["2024-07-26", "2024-12-10"]),
        ("country: { iso2: { eq: \"UZ\" } }", vec!["2024-05-14", "2024-11-27"]),
        ("not: { country: { iso2: { eq: \"UZ\" } } }", vec!["2024-07-26", "2024-12-10", "2025-04-30"]),
        (
            "organizers: { some: { parent: { acronym: { eq: \"OSCE\" } } } }, city: { eq: \"Astana\" }",
            vec!["2025-04-30"],
        ),
    ] {
        let query = format!(
            "{{ meetings(filter: {{ {filter} }}, orderBy: [{{ field: STARTS_ON }}]) {{
                totalCount nodes {{ startsOn }} }} }}"
        );
        let data = app.anonymous().query(&query).await;
        assert_eq!(each(&data["meetings"]["nodes"], "/startsOn"), days, "{filter}");
        assert_eq!(data["meetings"]["totalCount"], days.len(), "{filter}");
    }
}

async fn a_filter_never_sees_what_its_viewer_does_not(app: TestApp) {
    let hidden = app
        .planned_meeting(json!({ "sensitivity": "CONFIDENTIAL", "sessions": [{ "bodyId": app.body("EC").await }] }))
        .await;
    let query = "{ bodies { nodes { code meetings { totalCount } sessions { totalCount } } }
        meetings(filter: { bodies: { some: { code: { eq: \"EC\" } } } }) { totalCount nodes { id } } }";
    let data = app.reader().query(query).await;
    assert_eq!(data["meetings"], json!({ "totalCount": 0, "nodes": [] }));
    let committee = data["bodies"]["nodes"].as_array().unwrap().iter().find(|body| body["code"] == "EC").unwrap();
    assert_eq!((&committee["meetings"]["totalCount"], &committee["sessions"]["totalCount"]), (&json!(0), &json!(0)));
    let shown = app.secretariat().query(query).await;
    assert_eq!(each(&shown["meetings"]["nodes"], "/id"), [hidden["id"].clone()]);
}

async fn a_code_is_found_in_any_case(app: TestApp) {
    app.theme("LEGAL").await;
    let found = "{
        bodies(filter: { code: { in: [\"wg-a\", \"Ec\"] } }) { totalCount }
        organizations(filter: { acronym: { eq: \"osce\" } }) { totalCount }
        countries(filter: { iso2: { eq: \"uz\" } }) { totalCount }
        themes(filter: { code: { eq: \"Legal\" } }) { totalCount }
        others: bodies(filter: { code: { ne: \"ec\" } }) { totalCount }
    }";
    let expected = json!({
        "bodies": { "totalCount": 2 }, "organizations": { "totalCount": 1 }, "countries": { "totalCount": 1 },
        "themes": { "totalCount": 1 }, "others": { "totalCount": 5 },
    });
    assert_eq!(app.anonymous().query(found).await, expected);
}
