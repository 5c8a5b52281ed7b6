//! Bulk writes of meetings.

use std::slice::from_ref;

use rec_tests::client::Client;
use rec_tests::given::{text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{counted, held, in_another_order, meeting, meetings, named, outcomes, upsert};

on_both_databases! {
    meetings_are_scheduled_and_changed_with_all_that_belongs_to_them,
    the_rules_of_a_meeting_hold_in_every_row,
    what_was_reached_at_a_meeting_rests_on_what_stays,
    what_belongs_to_meetings_follows_their_access,
    a_bulk_write_of_meetings_runs_as_many_statements_for_many_rows_as_for_two,
}

async fn meetings_are_scheduled_and_changed_with_all_that_belongs_to_them(app: TestApp) {
    // The public register has two sessions of this group.
    let mut sources = app.sources().await;
    let (source, another) = (sources.remove(0), sources.remove(0));
    let more = json!({
        "city": "Tashkent", "countryId": app.country("UZ").await, "theme": text("A theme"), "participantCount": 40,
        "countQualifier": "AT_LEAST", "sourceIds": [source, another],
        "alternativeTitles": [
            { "title": text("As others say"), "sourceId": source }, { "title": text("Or so"), "sourceId": another },
            { "title": [{ "locale": "RU", "text": "Или так" }, { "locale": "EN", "text": "Or like this" }], "sourceId": source },
        ],
        "organizers": [
            { "organizationId": app.organization("OSCE").await, "role": "HOST" },
            { "organizationId": app.organization("ISRS").await, "role": "ORGANIZER" },
        ],
        "sessions": [{ "bodyId": app.body("WG-D").await }],
    });
    let full = with(meeting(&app, "1").await, more);
    let created = meetings(&app, &[full.clone(), with(full.clone(), json!({ "externalId": named("2") }))]).await;
    assert_eq!(outcomes(&created), ["CREATED", "CREATED"]);
    assert_eq!(outcomes(&meetings(&app, from_ref(&full)).await), ["UNCHANGED"]);
    assert_eq!(outcomes(&meetings(&app, &[in_another_order(&full)]).await), ["UNCHANGED"]);
    let one = held(&app, "1").await;
    assert_eq!(
        (&one["status"], &one["city"], &one["sessions"][0]["ordinal"]),
        (&json!("PLANNED"), &json!("Tashkent"), &json!(3))
    );
    assert_eq!(
        (&one["sources"][0]["id"], &one["alternativeTitles"][0]["title"]),
        (&json!(source), &json!("As others say"))
    );
    assert_eq!(held(&app, "2").await["sessions"][0]["ordinal"], 4);
    let bare = with(meeting(&app, "1").await, json!({ "organizers": full["organizers"] }));
    assert_eq!(outcomes(&meetings(&app, from_ref(&bare)).await), ["UNCHANGED"], "what is omitted stays");
    let other = json!({ "organizers": [{ "organizationId": app.organization("OSCE").await, "role": "HOST" }], "city": null, "sourceIds": null });
    assert_eq!(outcomes(&meetings(&app, &[with(bare, other)]).await), ["UPDATED"]);
    let one = held(&app, "1").await;
    assert_eq!((&one["version"], &one["city"], &one["sources"]), (&json!(2), &Value::Null, &json!([])));
    assert_eq!(one["organizers"], json!([{ "organization": { "acronym": "OSCE" }, "role": "HOST" }]));
}

async fn the_rules_of_a_meeting_hold_in_every_row(app: TestApp) {
    let base = meeting(&app, "1").await;
    let row = |value: &str, more: Value| with(with(base.clone(), json!({ "externalId": named(value) })), more);
    let (group, other) = (app.body("WG-D").await, app.body("WG-C").await);
    let concluded = app.concluded_meeting(&["WG-D"]).await;
    let link = json!({ "id": concluded["id"], "externalId": named("held") });
    app.secretariat().mutate("linkExternalId", link, "id").await;
    let rows = [
        row("1", json!({ "endsOn": "2025-11-01" })),
        row("2", json!({ "modality": "ONLINE", "venue": "A house" })),
        row("3", json!({ "participantCount": 4 })),
        row("4", json!({ "kind": "BRIEFING", "sessions": [{ "bodyId": group }] })),
        row("5", json!({ "timezone": "Mars/Base" })),
        row(
            "6",
            json!({ "organizers": [{ "organizationId": "org_01970000000070008000000000000001", "role": "HOST" }] }),
        ),
        row("7", json!({ "sessions": [{ "bodyId": group, "ordinal": 1 }] })),
        row("8", json!({ "sessions": [{ "bodyId": other, "ordinal": 5 }] })),
        row("9", json!({ "sessions": [{ "bodyId": other, "ordinal": 5 }] })),
        row("10", json!({ "sessions": [{ "bodyId": other }] })),
        row("held", json!({ "organizers": [] })),
        row("11", json!({ "sourceIds": ["src_01970000000070008000000000000001"], "countryId": "x" })),
    ];
    let payload = upsert(&app.secretariat(), "upsertMeetings", &rows, json!({ "errorPolicy": "SKIP_FAILED" })).await;
    assert_eq!(
        outcomes(&payload),
        [
            "INVALID rows.0.endsOn",
            "INVALID rows.1.venue",
            "REQUIRED rows.2.countQualifier",
            "INVALID rows.3.sessions",
            "INVALID rows.4.timezone",
            "NOT_FOUND rows.5.organizers.0.organizationId",
            "ALREADY_EXISTS rows.6.sessions",
            "CREATED",
            "ALREADY_EXISTS rows.8.sessions",
            "CREATED",
            "INVALID_STATE rows.10.organizers",
            "NOT_FOUND rows.11.sourceIds.0, NOT_FOUND rows.11.countryId",
        ]
    );
    assert_eq!(held(&app, "10").await["sessions"][0]["ordinal"], 6);
}

async fn what_was_reached_at_a_meeting_rests_on_what_stays(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let concluded = app.concluded_meeting(&["WG-A"]).await;
    app.submit(&draft, &concluded).await;
    let link = json!({ "id": concluded["id"], "externalId": named("held") });
    app.secretariat().mutate("linkExternalId", link, "id").await;
    let base = with(meeting(&app, "held").await, json!({ "title": text("A meeting") }));
    let reject = |more: Value| with(base.clone(), more);
    assert_eq!(
        outcomes(&meetings(&app, &[reject(json!({ "sessions": [] }))]).await),
        ["INVALID_STATE rows.0.sessions"]
    );
    let later = reject(json!({ "startsOn": "2026-01-20", "endsOn": "2026-01-20" }));
    assert_eq!(outcomes(&meetings(&app, &[later]).await), ["INVALID_STATE rows.0.endsOn"]);
    assert_eq!(outcomes(&meetings(&app, &[reject(json!({ "city": "Tashkent" }))]).await), ["UPDATED"]);
}

async fn what_belongs_to_meetings_follows_their_access(app: TestApp) {
    let row = with(meeting(&app, "1").await, json!({ "sessions": [{ "bodyId": app.body("WG-D").await }] }));
    let two = with(meeting(&app, "2").await, json!({ "sensitivity": "PARTICIPANTS_ONLY" }));
    let created = meetings(&app, &[row.clone(), two.clone()]).await;
    let id = &created["rows"][0]["record"]["id"];
    let item = json!({ "meetingId": id, "title": text("An item"), "kind": "DISCUSSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let part = json!({ "meetingId": id, "organizationId": app.organization("OSCE").await, "capacity": "DELEGATE", "attendance": "INVITED" });
    app.secretariat().mutate("recordParticipation", part, "id").await;
    let seen = async |client: Client, id: &Value| {
        client.query_with("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await["node"].is_object()
    };
    assert!(seen(app.anonymous(), &item["id"]).await);
    let closed = with(row, json!({ "sensitivity": "CONFIDENTIAL" }));
    let opened = with(two, json!({ "sensitivity": "PUBLIC" }));
    assert_eq!(outcomes(&meetings(&app, &[closed, opened]).await), ["UPDATED", "UPDATED"]);
    for id in [id, &item["id"]] {
        assert!(!seen(app.anonymous(), id).await && seen(app.secretariat(), id).await);
    }
    assert!(seen(app.anonymous(), &created["rows"][1]["record"]["id"]).await);
    let session = app
        .secretariat()
        .query_with("query($id: ID!) { meeting(by: { id: $id }) { sessions { id } } }", json!({ "id": id }))
        .await;
    assert!(!seen(app.anonymous(), &session["meeting"]["sessions"][0]["id"]).await);
}

async fn a_bulk_write_of_meetings_runs_as_many_statements_for_many_rows_as_for_two(app: TestApp) {
    let base = with(meeting(&app, "1").await, json!({ "sessions": [{ "bodyId": app.body("WG-D").await }] }));
    let rows = |from: u32, count: u32, more: &Value| -> Vec<Value> {
        let row = |number: u32| with(base.clone(), json!({ "externalId": named(&number.to_string()) }));
        (from..from + count).map(|number| with(row(number), more.clone())).collect()
    };
    meetings(&app, &rows(500, 1, &json!({}))).await;
    let mut costs = Vec::new();
    for (first, count) in [(0, 2), (100, 100)] {
        for more in [json!({}), json!({ "city": "Osh", "sensitivity": "CONFIDENTIAL" }), json!({})] {
            let rows = rows(first, count, &more);
            let (payload, statements) = counted(&app, meetings(&app, &rows)).await;
            assert!(outcomes(&payload).iter().all(|outcome| outcome != "FAILED"));
            costs.push(statements);
        }
    }
    assert_eq!(costs[..3], costs[3..]);
    assert!(costs.iter().all(|statements| (5..=40).contains(statements)), "{costs:?}");
}
