//! Bulk writes: the outcome of each row, that the rules are those of the single mutations, and what they cost.

mod documents;
mod meetings;

use std::slice::from_ref;

use rec_tests::client::Client;
use rec_tests::given::{at, at_with, each, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

/// The result of a bulk write, and how many statements it runs.
async fn counted(app: &TestApp, write: impl Future<Output = Value>) -> (Value, u64) {
    let before = app.app.databases.statements();
    let payload = write.await;
    (payload, app.app.databases.statements() - before)
}

/// The outcomes of the rows, or their validation errors.
fn outcomes(payload: &Value) -> Vec<String> {
    let rows = payload["rows"].as_array().expect("rows").iter().enumerate().map(|(index, row)| {
        assert_eq!(row["index"], index);
        let errors = row["userErrors"].as_array().expect("errors").iter().map(|error| {
            let path: Vec<&str> = error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
            format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
        });
        let errors: Vec<String> = errors.collect();
        assert!(errors.is_empty() || row["outcome"] == "FAILED");
        if errors.is_empty() { row["outcome"].as_str().unwrap().to_owned() } else { errors.join(", ") }
    });
    rows.collect()
}

async fn upsert(client: &Client, mutation: &str, rows: &[Value], more: Value) -> Value {
    let input = with(json!({ "rows": rows, "matchBy": "EXTERNAL_ID" }), more);
    client.upsert(mutation, input, "id version").await
}

fn named(value: &str) -> Value {
    json!({ "sourceSystem": "crm", "value": value })
}

async fn draft(app: &TestApp, value: &str) -> Value {
    json!({
        "externalId": named(value), "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION",
        "title": text(value), "text": text("The states are invited to act"),
        "themeIds": [theme(app).await],
        "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("UZ").await }],
    })
}

/// The same row with all its lists turned round: translations, organisers and the rest.
fn in_another_order(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().rev().map(in_another_order).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), in_another_order(value))).collect(),
        value => value.clone(),
    }
}

async fn theme(app: &TestApp) -> Value {
    let themes = app.secretariat().query("{ themes(filter: { code: { eq: \"LAW\" } }) { nodes { id } } }").await;
    match themes["themes"]["nodes"][0]["id"].clone() {
        Value::Null => json!(app.theme("LAW").await),
        id => id,
    }
}

const TEXTS: &str = "upsertRecommendations";

async fn texts(app: &TestApp, rows: &[Value], more: Value) -> Value {
    upsert(&app.secretariat(), TEXTS, rows, more).await
}

fn organization(value: &str, acronym: &str) -> Value {
    json!({ "externalId": named(value), "acronym": acronym, "name": text(acronym), "kind": "OTHER" })
}

async fn meeting(app: &TestApp, value: &str) -> Value {
    json!({
        "externalId": named(value), "title": text("A meeting"), "kind": "WORKING_GROUP", "modality": "IN_PERSON",
        "startsOn": "2025-12-01",
        "organizers": [{ "organizationId": app.organization("ISRS").await, "role": "ORGANIZER" }],
    })
}

async fn meetings(app: &TestApp, rows: &[Value]) -> Value {
    upsert(&app.secretariat(), "upsertMeetings", rows, json!({})).await
}

/// The meeting with this external id.
async fn held(app: &TestApp, value: &str) -> Value {
    let query = "query($by: ExternalIdInput!) { meeting(by: { externalId: $by }) {
        version status city sessions { id ordinal } sources { id } alternativeTitles { title }
        organizers { organization { acronym } role }
    } }";
    app.secretariat().query_with(query, json!({ "by": named(value) })).await["meeting"].take()
}

const SHOWN: &str = "id version status title text rationale priority targetDate themes { code } instruments { symbol }
    addressees { category role } revisions { number title } externalIds { sourceSystem value }";

on_both_databases! {
    rows_create_change_and_leave_texts_as_their_records_are,
    the_order_of_lists_changes_no_text,
    what_a_row_omits_stays_and_null_clears,
    each_refusal_points_into_its_row,
    rows_are_matched_by_id_as_well,
    a_dry_run_judges_and_writes_nothing,
    a_text_that_is_agreed_is_left_alone_or_refused,
    partners_write_what_they_may_and_see_only_their_own_names,
    more_than_five_hundred_rows_are_refused_unread,
    organisations_keep_their_acronyms_and_close_no_circle,
    a_bulk_write_runs_as_many_statements_for_many_rows_as_for_two,
    a_bulk_write_of_organisations_runs_as_many_statements_for_many_rows_as_for_two,
    two_writers_of_the_same_rows_create_them_once,
    a_bulk_write_changes_what_other_mutations_change,
}

async fn the_order_of_lists_changes_no_text(app: TestApp) {
    let more = json!({
        "themeIds": [app.theme("FIRST").await, app.theme("SECOND").await],
        "instrumentIds": [app.instrument("S/RES/2396").await, app.instrument("S/RES/2178").await],
        "rationale": text("Why"),
        "addressees": [
            { "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("UZ").await },
            { "category": "GOVERNMENT", "role": "SUPPORTING", "countryId": app.country("KZ").await },
        ],
    });
    let row = with(draft(&app, "1").await, more);
    assert_eq!(outcomes(&texts(&app, from_ref(&row), json!({})).await), ["CREATED"]);
    let turned = in_another_order(&row);
    assert_eq!(outcomes(&texts(&app, from_ref(&turned), json!({})).await), ["UNCHANGED"]);
    let fewer = with(turned.clone(), json!({ "addressees": [turned["addressees"][0]] }));
    assert_eq!(outcomes(&texts(&app, from_ref(&fewer), json!({})).await), ["UPDATED"]);
}

async fn rows_create_change_and_leave_texts_as_their_records_are(app: TestApp) {
    let (one, two) = (draft(&app, "1").await, draft(&app, "2").await);
    let created = texts(&app, &[one.clone(), two.clone()], json!({})).await;
    assert_eq!(outcomes(&created), ["CREATED", "CREATED"]);
    assert_eq!(created["change"]["cursor"], app.secretariat().query("{ feedHead }").await["feedHead"]);
    let again = texts(&app, &[one.clone(), two.clone()], json!({})).await;
    assert_eq!(outcomes(&again), ["UNCHANGED", "UNCHANGED"]);
    assert_eq!(again["change"], Value::Null);
    assert_eq!(again["rows"][0]["record"], created["rows"][0]["record"]);
    let changed = with(one.clone(), json!({ "title": text("Another title"), "priority": "HIGH" }));
    let third = draft(&app, "3").await;
    let mixed = texts(&app, &[third, changed, two], json!({})).await;
    assert_eq!(outcomes(&mixed), ["CREATED", "UPDATED", "UNCHANGED"]);
    let id = &created["rows"][0]["record"]["id"];
    let query = format!("query($by: ExternalIdInput!) {{ recommendation(by: {{ externalId: $by }}) {{ {SHOWN} }} }}");
    let shown = app.secretariat().query_with(&query, json!({ "by": named("1") })).await["recommendation"].take();
    assert_eq!((&shown["id"], &shown["version"]), (id, &json!(2)));
    assert_eq!((&shown["title"], &shown["priority"]), (&json!("Another title"), &json!("HIGH")));
    assert_eq!(shown["revisions"], json!([{ "number": 1, "title": "1" }, { "number": 2, "title": "Another title" }]));
    assert_eq!(shown["themes"], json!([{ "code": "LAW" }]));
    assert_eq!(shown["externalIds"], json!([named("1")]));
}

async fn what_a_row_omits_stays_and_null_clears(app: TestApp) {
    let instrument = app.instrument("S/RES/2396").await;
    let more = json!({
        "rationale": text("Why"), "priority": "LOW", "targetDate": "2026-12-01", "instrumentIds": [instrument],
    });
    texts(&app, &[with(draft(&app, "1").await, more)], json!({})).await;
    let query = format!("query($by: ExternalIdInput!) {{ recommendation(by: {{ externalId: $by }}) {{ {SHOWN} }} }}");
    let shown =
        async || app.secretariat().query_with(&query, json!({ "by": named("1") })).await["recommendation"].take();
    let mut bare = draft(&app, "1").await;
    for field in ["themeIds", "addressees"] {
        bare.as_object_mut().unwrap().remove(field);
    }
    let before = shown().await;
    assert_eq!(outcomes(&texts(&app, &[bare.clone()], json!({})).await), ["UNCHANGED"]);
    assert_eq!(shown().await, before);
    let cleared = json!({
        "rationale": null, "priority": null, "targetDate": null, "themeIds": null, "instrumentIds": null, "addressees": null,
    });
    assert_eq!(outcomes(&texts(&app, &[with(bare, cleared)], json!({})).await), ["UPDATED"]);
    let after = shown().await;
    for field in ["rationale", "priority", "targetDate"] {
        assert_ne!(before[field], Value::Null, "{field}");
        assert_eq!(after[field], Value::Null, "{field}");
    }
    for field in ["themes", "instruments", "addressees"] {
        assert_ne!(before[field], json!([]), "{field}");
        assert_eq!(after[field], json!([]), "{field}");
    }
}

async fn each_refusal_points_into_its_row(app: TestApp) {
    let good = draft(&app, "1").await;
    let wrong = |value: &str, more: Value| with(with(good.clone(), json!({ "externalId": named(value) })), more);
    let rows = [
        good.clone(),
        wrong("2", json!({ "title": [{ "locale": "EN", "text": "" }], "targetDate": "2020-01-01" })),
        wrong("3", json!({ "bodyId": "bod_01970000000070008000000000000001" })),
        wrong("4", json!({ "themeIds": ["thm_01970000000070008000000000000001"] })),
        wrong(
            "5",
            json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD", "countryId": app.country("UZ").await }] }),
        ),
        wrong("1", json!({})),
        wrong("7", json!({ "externalId": null })),
        wrong("8", json!({ "externalId": { "sourceSystem": "a b", "value": "1" } })),
        wrong("9", json!({ "id": "rec_01970000000070008000000000000001" })),
        wrong("10", json!({ "expectedVersion": 1 })),
    ];
    let expected = [
        "REQUIRED rows.1.title.0.text, INVALID rows.1.targetDate",
        "NOT_FOUND rows.2.bodyId",
        "NOT_FOUND rows.3.themeIds.0",
        "INVALID rows.4.addressees.0",
        "INVALID rows.5.externalId",
        "REQUIRED rows.6.externalId",
        "INVALID rows.7.externalId.sourceSystem",
        "INVALID rows.8.id",
        "CONFLICT rows.9.expectedVersion",
    ];
    let length = app.feed_length().await;
    let rejected = texts(&app, &rows, json!({})).await;
    assert_eq!(outcomes(&rejected)[0], "FAILED", "and no errors of its own");
    assert_eq!(outcomes(&rejected)[1..], expected);
    assert_eq!((&rejected["change"], app.feed_length().await), (&Value::Null, length));
    let skipped = texts(&app, &rows, json!({ "errorPolicy": "SKIP_FAILED" })).await;
    assert_eq!(outcomes(&skipped)[0], "CREATED");
    assert_eq!(outcomes(&skipped)[1..], expected);
    assert_eq!(app.feed_length().await, length + 1);
}

async fn rows_are_matched_by_id_as_well(app: TestApp) {
    let known = app.draft("WG-A").await;
    let base = draft(&app, "1").await;
    let row = |id: &Value, more: Value| with(with(base.clone(), json!({ "id": id, "externalId": null })), more);
    let by_id = json!({ "matchBy": "ID", "errorPolicy": "SKIP_FAILED" });
    let rows = [
        row(&known["id"], json!({ "expectedVersion": 1, "externalId": named("known") })),
        row(&Value::Null, json!({})),
        row(&json!("rec_01970000000070008000000000000001"), json!({})),
        row(&known["id"], json!({})),
    ];
    let payload = texts(&app, &rows, by_id.clone()).await;
    assert_eq!(outcomes(&payload), ["UPDATED", "CREATED", "NOT_FOUND rows.2.id", "INVALID rows.3.id"]);
    let stale = row(&known["id"], json!({ "expectedVersion": 1, "title": text("Later") }));
    assert_eq!(outcomes(&texts(&app, &[stale], by_id.clone()).await), ["CONFLICT rows.0.expectedVersion"]);
    let found = texts(&app, &[draft(&app, "known").await], json!({})).await;
    assert_eq!(found["rows"][0]["record"]["id"], known["id"]);
    let taken = row(&payload["rows"][1]["record"]["id"], json!({ "externalId": named("known") }));
    assert_eq!(outcomes(&texts(&app, &[taken], by_id).await), ["ALREADY_EXISTS rows.0.externalId"]);
}

async fn a_dry_run_judges_and_writes_nothing(app: TestApp) {
    let one = draft(&app, "1").await;
    texts(&app, from_ref(&one), json!({})).await;
    let length = app.feed_length().await;
    let rows = [with(one, json!({ "title": text("Another") })), draft(&app, "2").await, json!({})];
    let rows = [rows[0].clone(), rows[1].clone(), with(draft(&app, "3").await, json!({ "bodyId": "bod_" }))];
    let dry = texts(&app, &rows, json!({ "dryRun": true, "errorPolicy": "SKIP_FAILED" })).await;
    assert_eq!(outcomes(&dry), ["UPDATED", "CREATED", "NOT_FOUND rows.2.bodyId"]);
    assert_eq!((&dry["rows"][0]["record"]["version"], &dry["rows"][1]["record"]), (&json!(1), &Value::Null));
    assert_eq!((&dry["change"], app.feed_length().await), (&Value::Null, length));
    let query = "query($by: ExternalIdInput!) { recommendation(by: { externalId: $by }) { id } }";
    let two = app.secretariat().query_with(query, json!({ "by": named("2") })).await;
    assert_eq!(two["recommendation"], Value::Null);
}

async fn a_text_that_is_agreed_is_left_alone_or_refused(app: TestApp) {
    let created = texts(&app, &[draft(&app, "1").await], json!({})).await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    app.submit(&created["rows"][0]["record"], &meeting).await;
    let same = draft(&app, "1").await;
    assert_eq!(outcomes(&texts(&app, from_ref(&same), json!({})).await), ["UNCHANGED"]);
    let other = |more: Value| with(same.clone(), more);
    for more in [json!({ "title": text("Another") }), json!({ "themeIds": [] }), json!({ "addressees": [] })] {
        assert_eq!(
            outcomes(&texts(&app, &[other(more.clone())], json!({})).await),
            ["INVALID_STATE rows.0.id"],
            "{more}"
        );
    }
    let moved = other(json!({ "bodyId": app.body("WG-B").await }));
    assert_eq!(outcomes(&texts(&app, &[moved], json!({})).await), ["INVALID rows.0.bodyId"]);
}

async fn partners_write_what_they_may_and_see_only_their_own_names(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let osce = app.partner("OSCE");
    let (mine, elsewhere) =
        (draft(&app, "1").await, with(draft(&app, "2").await, json!({ "bodyId": app.body("WG-B").await })));
    let payload = upsert(&osce, TEXTS, &[mine.clone(), elsewhere], json!({ "errorPolicy": "SKIP_FAILED" })).await;
    assert_eq!(outcomes(&payload), ["CREATED", "FORBIDDEN rows.1"]);
    let taken = upsert(&app.partner("UNOCT"), TEXTS, from_ref(&mine), json!({})).await;
    assert_eq!(outcomes(&taken), ["ALREADY_EXISTS rows.0.externalId.sourceSystem"]);
    for client in [app.anonymous(), app.reader()] {
        let query = rec_tests::client::upsert_text(TEXTS, "id");
        let input = json!({ "input": { "rows": [mine], "matchBy": "EXTERNAL_ID" } });
        assert_eq!(client.error_with(&query, input).await, "FORBIDDEN");
    }
}

async fn more_than_five_hundred_rows_are_refused_unread(app: TestApp) {
    let row = organization("1", "A");
    let rows: Vec<Value> = (0..501).map(|_| row.clone()).collect();
    let query = rec_tests::client::upsert_text("upsertOrganizations", "id");
    let input = json!({ "input": { "rows": rows, "matchBy": "EXTERNAL_ID" } });
    assert_eq!(app.secretariat().error_with(&query, input).await, "INVALID_ARGUMENT");
    let none = upsert(&app.secretariat(), "upsertOrganizations", &[], json!({})).await;
    assert_eq!(none, json!({ "rows": [], "change": null }));
}

async fn organisations_keep_their_acronyms_and_close_no_circle(app: TestApp) {
    let secretariat = app.secretariat();
    let orgs = async |rows: &[Value]| {
        upsert(&secretariat, "upsertOrganizations", rows, json!({ "errorPolicy": "SKIP_FAILED" })).await
    };
    let created = orgs(&[
        organization("1", "ONE"),
        organization("2", "TWO"),
        organization("3", "ONE"),
        organization("4", "ISRS"),
    ])
    .await;
    assert_eq!(
        outcomes(&created),
        ["CREATED", "CREATED", "ALREADY_EXISTS rows.2.acronym", "ALREADY_EXISTS rows.3.acronym"]
    );
    let ids = each(&created["rows"], "/record/id");
    let child =
        |value: &str, acronym: &str, parent: &Value| with(organization(value, acronym), json!({ "parentId": parent }));
    let circle = orgs(&[child("1", "ONE", &ids[1]), child("2", "TWO", &ids[0])]).await;
    assert_eq!(outcomes(&circle), ["UPDATED", "INVALID rows.1.parentId"]);
    let input = json!({ "id": ids[1], "expectedVersion": 1, "parentId": ids[0] });
    assert_eq!(secretariat.refusals("updateOrganization", input).await, ["INVALID parentId"]);
    let gone =
        orgs(&[with(organization("2", "TWO"), json!({ "active": false, "website": "https://two.example" }))]).await;
    assert_eq!(outcomes(&gone), ["UPDATED"]);
    let wrong = with(
        organization("5", "five"),
        json!({ "countryId": "cty_01970000000070008000000000000001", "parentId": "x" }),
    );
    assert_eq!(
        outcomes(&orgs(&[wrong]).await),
        ["NOT_FOUND rows.0.countryId, INVALID rows.0.acronym, NOT_FOUND rows.0.parentId"]
    );
    let query = "{ organization(by: { acronym: \"TWO\" }) { active website kind parent { acronym } } }";
    let two = secretariat.query(query).await["organization"].take();
    assert_eq!(two, json!({ "active": false, "website": "https://two.example", "kind": "OTHER", "parent": null }));
}

async fn a_bulk_write_runs_as_many_statements_for_many_rows_as_for_two(app: TestApp) {
    let base = draft(&app, "1").await;
    let rows = |from: u32, count: u32, title: &str| -> Vec<Value> {
        let row = |number: u32| json!({ "externalId": named(&number.to_string()), "title": text(title) });
        (from..from + count).map(|number| with(base.clone(), row(number))).collect()
    };
    let run = async |rows: Vec<Value>| {
        let (payload, statements) = counted(&app, upsert(&app.secretariat(), TEXTS, &rows, json!({}))).await;
        (outcomes(&payload), statements)
    };
    // The first row claims the name of the system for its author.
    run(rows(500, 1, "First")).await;
    let mut costs = Vec::new();
    for (first, count) in [(0, 2), (100, 200)] {
        for (title, expected) in [("First", "CREATED"), ("Second", "UPDATED"), ("Second", "UNCHANGED")] {
            let (outcomes, statements) = run(rows(first, count, title)).await;
            assert!(outcomes.iter().all(|outcome| outcome == expected), "{outcomes:?}");
            costs.push(statements);
        }
    }
    assert_eq!(costs[..3], costs[3..]);
    assert!(costs.iter().all(|statements| (5..=30).contains(statements)), "{costs:?}");
}

async fn a_bulk_write_of_organisations_runs_as_many_statements_for_many_rows_as_for_two(app: TestApp) {
    let write = async |from: u32, count: u32, name: &str| {
        let rows: Vec<Value> = (from..from + count)
            .map(|number| {
                with(organization(&number.to_string(), &format!("O-{number}")), json!({ "name": text(name) }))
            })
            .collect();
        let secretariat = app.secretariat();
        let (payload, statements) = counted(&app, upsert(&secretariat, "upsertOrganizations", &rows, json!({}))).await;
        assert!(outcomes(&payload).iter().all(|outcome| ["CREATED", "UPDATED"].contains(&outcome.as_str())));
        statements
    };
    write(500, 1, "First").await;
    let mut costs = Vec::new();
    for (first, count) in [(0, 2), (100, 200)] {
        for name in ["First", "Second"] {
            costs.push(write(first, count, name).await);
        }
    }
    assert_eq!(costs[..2], costs[2..]);
    assert!(costs.iter().all(|statements| (5..=20).contains(statements)), "{costs:?}");
}

async fn two_writers_of_the_same_rows_create_them_once(app: TestApp) {
    let mut rows = Vec::new();
    for number in 0..20 {
        rows.push(draft(&app, &number.to_string()).await);
    }
    let (one, other) = tokio::join!(texts(&app, &rows, json!({})), texts(&app, &rows, json!({})));
    let created = outcomes(&one).iter().chain(&outcomes(&other)).filter(|outcome| *outcome == "CREATED").count();
    assert_eq!(created, 20, "{one} {other}");
    assert_eq!(each(&one["rows"], "/record/id"), each(&other["rows"], "/record/id"));
}

async fn a_bulk_write_changes_what_other_mutations_change(app: TestApp) {
    let created = texts(&app, &[draft(&app, "1").await], json!({})).await;
    let record = &created["rows"][0]["record"];
    let secretariat = app.secretariat();
    let revised = secretariat
        .mutate("reviseRecommendation", at_with(record, json!({ "title": text("By hand") })), "id version")
        .await;
    assert_eq!(outcomes(&texts(&app, &[draft(&app, "1").await], json!({})).await), ["UPDATED"]);
    assert_eq!(secretariat.refusals("openDiscussion", at(&revised)).await, ["CONFLICT expectedVersion"]);
}
