//! Bulk writes of documents.

use std::slice::from_ref;

use chrono::TimeDelta;
use rec_tests::given::{at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{counted, named, outcomes, upsert};

on_both_databases! {
    documents_are_recorded_and_changed_with_all_that_they_belong_to,
    the_rules_of_a_document_hold_in_every_row,
    a_translation_is_outdated_by_a_row_that_replaces_the_original,
    documents_follow_what_their_rows_name,
    a_bulk_write_of_documents_runs_as_many_statements_for_many_rows_as_for_two,
}

const SHOWN: &str = "query($by: ExternalIdInput!) { document(by: { externalId: $by }) {
    version symbol title issuedOn sensitivity versions { locale url state outdated } meeting { id } agendaItem { id } body { code }
    recommendation { id } } }";

fn row(value: &str) -> Value {
    json!({
        "externalId": named(value), "kind": "AGENDA", "title": text("The agenda"), "sensitivity": "PUBLIC", "noPersonalData": true,
        "versions": [{ "locale": "EN", "url": "https://example.org/agenda", "state": "ORIGINAL" }],
    })
}

async fn write(app: &TestApp, rows: &[Value]) -> Vec<String> {
    outcomes(&upsert(&app.secretariat(), "upsertDocuments", rows, json!({})).await)
}

async fn held(app: &TestApp, value: &str) -> Value {
    app.secretariat().query_with(SHOWN, json!({ "by": named(value) })).await["document"].take()
}

async fn documents_are_recorded_and_changed_with_all_that_they_belong_to(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DECISION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id").await;
    let draft = app.draft("WG-A").await;
    let belongs = json!({
        "symbol": "SEC.DOC/1/26", "issuedOn": "2026-01-01", "agendaItemId": item["id"], "bodyId": app.body("WG-A").await,
        "recommendationId": draft["id"], "sensitivity": "CONFIDENTIAL",
    });
    let full = with(row("1"), belongs);
    assert_eq!(write(&app, &[full.clone(), row("2")]).await, ["CREATED", "CREATED"]);
    let shown = held(&app, "1").await;
    assert_eq!(
        [&shown["meeting"], &shown["agendaItem"], &shown["body"], &shown["recommendation"]],
        [
            &json!({ "id": meeting["id"] }),
            &json!({ "id": item["id"] }),
            &json!({ "code": "WG-A" }),
            &json!({ "id": draft["id"] }),
        ]
    );
    let seq = app.feed_length().await;
    assert_eq!(write(&app, &[full.clone(), row("2")]).await, ["UNCHANGED", "UNCHANGED"]);
    assert_eq!(app.feed_length().await, seq);
    let mut kept = full.clone();
    kept.as_object_mut()
        .unwrap()
        .retain(|field, _| !["symbol", "issuedOn", "agendaItemId", "bodyId"].contains(&field.as_str()));
    assert_eq!(write(&app, from_ref(&kept)).await, ["UNCHANGED"], "what is omitted stays");
    let cleared =
        with(kept, json!({ "symbol": null, "issuedOn": null, "agendaItemId": null, "recommendationId": null }));
    assert_eq!(write(&app, from_ref(&cleared)).await, ["UPDATED"]);
    let shown = held(&app, "1").await;
    assert_eq!(
        (&shown["symbol"], &shown["agendaItem"], &shown["recommendation"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&shown["body"]["code"], &shown["version"]), (&json!("WG-A"), &json!(2)));
}

async fn the_rules_of_a_document_hold_in_every_row(app: TestApp) {
    app.secretariat().mutate("createDocument", without_key(with(row(""), json!({ "symbol": "A/70/674" }))), "id").await;
    let (one, other) = (app.planned_meeting(json!({})).await, app.planned_meeting(json!({})).await);
    let item = json!({ "meetingId": one["id"], "title": text("An item"), "kind": "DECISION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id").await;
    let wrong = [
        (json!({ "symbol": "a / 70 / 674" }), "ALREADY_EXISTS symbol"),
        (json!({ "symbol": "SEC.DOC/1" }), "CREATED"),
        (json!({ "symbol": "sec.doc/1" }), "ALREADY_EXISTS symbol"),
        (json!({ "versions": [] }), "REQUIRED versions"),
        (json!({ "noPersonalData": false }), "REQUIRED noPersonalData"),
        (json!({ "issuedOn": "2026-02-01" }), "INVALID issuedOn"),
        (json!({ "meetingId": other["id"], "agendaItemId": item["id"] }), "INVALID agendaItemId"),
        (
            json!({ "meetingId": "mtg_00000000000000000000000000000000", "title": [] }),
            "NOT_FOUND meetingId, REQUIRED title",
        ),
        (json!({ "bodyId": "WG-A" }), "NOT_FOUND bodyId"),
        (json!({ "recommendationId": "rec_00000000000000000000000000000000" }), "NOT_FOUND recommendationId"),
        (json!({ "agendaItemId": one["id"] }), "NOT_FOUND agendaItemId"),
    ];
    let rows = wrong.iter().enumerate().map(|(index, (more, _))| with(row(&index.to_string()), more.clone()));
    let rows: Vec<Value> = rows.collect();
    let payload = upsert(&app.secretariat(), "upsertDocuments", &rows, json!({ "errorPolicy": "SKIP_FAILED" })).await;
    let told = outcomes(&payload).into_iter().map(|told| {
        let mut told: Vec<&str> = told.split(", ").collect();
        told.sort_unstable();
        told.join(", ")
    });
    let told: Vec<String> = told.collect();
    let expected = wrong.iter().enumerate().map(|(index, (_, told))| {
        let placed = told.split(", ").map(|one| match one.split_once(' ') {
            Some((code, place)) => format!("{code} rows.{index}.{place}"),
            None => one.to_owned(),
        });
        let mut placed: Vec<String> = placed.collect();
        placed.sort_unstable();
        placed.join(", ")
    });
    assert_eq!(told, expected.collect::<Vec<_>>());
    for client in [app.partner("OSCE"), app.reader(), app.anonymous()] {
        let query = rec_tests::client::upsert_text("upsertDocuments", "id");
        let input = json!({ "input": { "rows": [row("x")], "matchBy": "EXTERNAL_ID" } });
        let body = client.send(&query, input).await.body;
        assert!(
            ["FORBIDDEN", "UNAUTHENTICATED"].contains(&body["errors"][0]["extensions"]["code"].as_str().unwrap()),
            "{body}"
        );
    }
}

fn without_key(mut row: Value) -> Value {
    row.as_object_mut().unwrap().remove("externalId");
    row
}

async fn a_translation_is_outdated_by_a_row_that_replaces_the_original(app: TestApp) {
    let versions = |original: &str| {
        json!({ "versions": [
            { "locale": "EN", "url": format!("https://example.org/{original}"), "state": "ORIGINAL" },
            { "locale": "RU", "url": "https://example.org/ru", "state": "OFFICIAL" },
        ] })
    };
    write(&app, &[with(row("1"), versions("1"))]).await;
    app.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(write(&app, &[with(row("1"), versions("1"))]).await, ["UNCHANGED"]);
    let undeclared = with(with(row("1"), versions("2")), json!({ "noPersonalData": false }));
    assert_eq!(write(&app, &[undeclared]).await, ["REQUIRED rows.0.noPersonalData"]);
    assert_eq!(write(&app, &[with(row("1"), versions("2"))]).await, ["UPDATED"]);
    let shown = held(&app, "1").await;
    assert_eq!((&shown["versions"][0]["outdated"], &shown["versions"][1]["outdated"]), (&json!(false), &json!(true)));
}

async fn documents_follow_what_their_rows_name(app: TestApp) {
    let closed = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let open = app.planned_meeting(json!({})).await;
    let rows =
        [with(row("1"), json!({ "meetingId": open["id"] })), with(row("2"), json!({ "meetingId": closed["id"] }))];
    assert_eq!(write(&app, &rows).await, ["CREATED", "CREATED"]);
    let seen = async |client: rec_tests::client::Client| {
        client.query("{ documents { totalCount } }").await["documents"]["totalCount"].clone()
    };
    assert_eq!((seen(app.reader()).await, seen(app.secretariat()).await), (json!(1), json!(2)));
    let opened = at_with(&closed, json!({ "sensitivity": "PUBLIC" }));
    app.secretariat().mutate("updateMeeting", opened, "id").await;
    assert_eq!(seen(app.anonymous()).await, json!(2));
    assert_eq!(write(&app, &[with(row("1"), json!({ "sensitivity": "CONFIDENTIAL" }))]).await, ["UPDATED"]);
    assert_eq!((seen(app.anonymous()).await, seen(app.reader()).await), (json!(1), json!(1)));
}

async fn a_bulk_write_of_documents_runs_as_many_statements_for_many_rows_as_for_two(app: TestApp) {
    let (meeting, body, draft) =
        (app.planned_meeting(json!({})).await, app.body("WG-A").await, app.draft("WG-A").await);
    let write = async |from: u32, count: u32, title: &str| {
        let belongs = json!({ "meetingId": meeting["id"], "bodyId": body, "recommendationId": draft["id"], "title": text(title) });
        let rows: Vec<Value> = (from..from + count)
            .map(|number| {
                let row = with(row(&number.to_string()), belongs.clone());
                with(row, json!({ "symbol": format!("SEC.DOC/{number}") }))
            })
            .collect();
        let secretariat = app.secretariat();
        let (payload, statements) = counted(&app, upsert(&secretariat, "upsertDocuments", &rows, json!({}))).await;
        assert!(
            outcomes(&payload).iter().all(|outcome| ["CREATED", "UPDATED"].contains(&outcome.as_str())),
            "{payload}"
        );
        statements
    };
    write(500, 1, "First").await;
    let mut costs = Vec::new();
    for (first, count) in [(0, 2), (100, 200)] {
        for title in ["First", "Second"] {
            costs.push(write(first, count, title).await);
        }
    }
    assert_eq!(costs[..2], costs[2..]);
    assert!(costs.iter().all(|statements| (5..=30).contains(statements)), "{costs:?}");
}
