//! External ids: who owns a system, what is unique, and that linking changes nothing in the register.

use rec_tests::client::Client;
use rec_tests::given::{at, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

fn external(system: &str, value: &str) -> Value {
    json!({ "sourceSystem": system, "value": value })
}

async fn link(client: &Client, id: &Value, system: &str, value: &str) -> Value {
    let input = json!({ "id": id, "externalId": external(system, value) });
    client.mutate("linkExternalId", input, "id sourceSystem value createdAt").await
}

async fn refused(client: &Client, id: &Value, system: &str, value: &str) -> Vec<String> {
    client.refusals("linkExternalId", json!({ "id": id, "externalId": external(system, value) })).await
}

/// The id of the record of a type with this external id.
async fn found(client: &Client, field: &str, system: &str, value: &str) -> Value {
    let query = format!("query($by: ExternalIdInput!) {{ {field}(by: {{ externalId: $by }}) {{ id }} }}");
    client.query_with(&query, json!({ "by": external(system, value) })).await[field]["id"].take()
}

async fn external_ids(client: &Client, id: &Value) -> Value {
    let query = "query($id: ID!) { meeting(by: { id: $id }) { externalIds { sourceSystem value } } }";
    client.query_with(query, json!({ "id": id })).await["meeting"]["externalIds"].take()
}

on_both_databases! {
    a_refused_row_takes_no_system_away,
    a_record_of_every_type_is_found_by_what_a_system_calls_it,
    an_external_id_is_seen_by_its_organisation_and_the_secretariat_alone,
    a_record_that_is_hidden_is_not_found_by_what_was_linked_to_it,
    an_external_id_names_one_record_of_a_type,
    linking_changes_nothing_of_the_record,
    what_is_no_external_id_is_refused,
    a_record_has_a_hundred_external_ids_of_an_organisation,
    an_organisation_has_so_many_systems_and_no_more,
    a_record_that_is_removed_leaves_no_external_id,
}

async fn a_record_of_every_type_is_found_by_what_a_system_calls_it(app: TestApp) {
    let osce = app.partner("OSCE");
    let records = [
        ("organization", json!(app.organization("ISRS").await)),
        ("body", json!(app.body("WG-A").await)),
        ("country", json!(app.country("UZ").await)),
        ("theme", json!(app.theme("LAW").await)),
        ("instrument", json!(app.instrument("S/RES/2396").await)),
        ("mandate", app.mandate("OSCE", "WG-A", "MEMBER").await["id"].take()),
        ("meeting", app.planned_meeting(json!({})).await["id"].take()),
        ("recommendation", app.under_discussion("WG-A").await["id"].take()),
    ];
    for (field, id) in &records {
        assert_eq!(found(&osce, field, "osce-crm", "17").await, Value::Null, "{field}");
        let linked = link(&osce, id, "osce-crm", "17").await;
        assert_eq!((&linked["sourceSystem"], &linked["value"]), (&json!("osce-crm"), &json!("17")));
        assert_eq!(found(&osce, field, "osce-crm", "17").await, *id, "{field}");
        let query = format!("query($id: ID!) {{ {field}(by: {{ id: $id }}) {{ externalIds {{ value }} }} }}");
        let shown = osce.query_with(&query, json!({ "id": id })).await;
        assert_eq!(shown[field]["externalIds"], json!([{ "value": "17" }]), "{field}");
    }
    assert_eq!(found(&osce, "meeting", "osce-crm", "\0").await, Value::Null);
    // A record type without a look-up of its own is found as a node.
    let item = json!({ "meetingId": records[6].1, "title": text("An item"), "kind": "SESSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id").await["id"].take();
    let part = json!({
        "meetingId": records[6].1, "organizationId": app.organization("OSCE").await, "capacity": "DELEGATE",
        "attendance": "INVITED",
    });
    let part = app.secretariat().mutate("recordParticipation", part, "id").await["id"].take();
    let source = json!(app.sources().await.remove(0));
    let query = "query($type: RecordType!, $by: ExternalIdInput!) { nodeByExternalId(type: $type, externalId: $by) {
        id ... on AgendaItem { externalIds { value } } ... on Participation { externalIds { value } }
        ... on Source { externalIds { value } } } }";
    for (record, id) in [("AGENDA_ITEM", &item), ("PARTICIPATION", &part), ("SOURCE", &source)] {
        link(&osce, id, "osce-crm", "18").await;
        let by = json!({ "type": record, "by": external("osce-crm", "18") });
        let found = osce.query_with(query, by.clone()).await;
        assert_eq!(found["nodeByExternalId"], json!({ "id": id, "externalIds": [{ "value": "18" }] }), "{record}");
        assert_eq!(app.reader().query_with(query, by).await["nodeByExternalId"], Value::Null, "{record}");
    }
}

async fn an_external_id_is_seen_by_its_organisation_and_the_secretariat_alone(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await["id"].take();
    let (osce, unoct) = (app.partner("OSCE"), app.partner("UNOCT"));
    link(&osce, &meeting, "osce", "1").await;
    link(&unoct, &meeting, "unoct", "x").await;
    link(&app.secretariat(), &meeting, "archive", "A").await;
    for (client, seen) in [
        (app.anonymous(), vec![]),
        (app.reader(), vec![]),
        (app.partner("UNODC"), vec![]),
        (osce.clone(), vec![external("osce", "1")]),
        (unoct, vec![external("unoct", "x")]),
        (app.secretariat(), vec![external("archive", "A"), external("osce", "1"), external("unoct", "x")]),
    ] {
        assert_eq!(external_ids(&client, &meeting).await, json!(seen));
        let by = found(&client, "meeting", "osce", "1").await;
        assert_eq!(by.is_string(), seen.contains(&external("osce", "1")));
    }
    let taken = ["ALREADY_EXISTS externalId.sourceSystem"];
    assert_eq!(refused(&app.partner("UNODC"), &meeting, "osce", "2").await, taken);
    assert_eq!(refused(&osce, &meeting, "archive", "2").await, taken);
    // The secretariat writes in anyone's system; what it writes there belongs to the organisation.
    link(&app.secretariat(), &meeting, "osce", "2").await;
    assert_eq!(external_ids(&osce, &meeting).await, json!([external("osce", "1"), external("osce", "2")]));
}

async fn a_record_that_is_hidden_is_not_found_by_what_was_linked_to_it(app: TestApp) {
    let osce = app.partner("OSCE");
    let meeting = app.planned_meeting(json!({})).await;
    link(&osce, &meeting["id"], "osce", "1").await;
    let closed = rec_tests::given::at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    app.secretariat().mutate("updateMeeting", closed, "id").await;
    assert_eq!(found(&osce, "meeting", "osce", "1").await, Value::Null);
    assert_eq!(found(&app.secretariat(), "meeting", "osce", "1").await, meeting["id"]);
    assert_eq!(refused(&osce, &meeting["id"], "osce", "2").await, ["NOT_FOUND id"]);
}

async fn an_external_id_names_one_record_of_a_type(app: TestApp) {
    let secretariat = app.secretariat();
    let (one, other) = (app.planned_meeting(json!({})).await, app.planned_meeting(json!({})).await);
    let first = link(&secretariat, &one["id"], "crm", "1").await;
    assert_eq!(link(&secretariat, &one["id"], "crm", "1").await["id"], first["id"], "again is the same");
    assert_eq!(refused(&secretariat, &other["id"], "crm", "1").await, ["ALREADY_EXISTS externalId"]);
    link(&secretariat, &json!(app.theme("LAW").await), "crm", "1").await;
    let input = json!({ "id": other["id"], "externalId": external("crm", "1") });
    assert_eq!(secretariat.refusals("unlinkExternalId", input).await, ["NOT_FOUND externalId"]);
    let input = json!({ "id": one["id"], "externalId": external("crm", "1") });
    assert_eq!(secretariat.mutate("unlinkExternalId", input, "value").await, json!({ "value": "1" }));
    assert_eq!(found(&secretariat, "meeting", "crm", "1").await, Value::Null);
    link(&secretariat, &other["id"], "crm", "1").await;
}

async fn linking_changes_nothing_of_the_record(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let length = app.feed_length().await;
    link(&app.partner("OSCE"), &meeting["id"], "osce", "1").await;
    let query = "query($id: ID!) { meeting(by: { id: $id }) { id version } }";
    let now = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(at(&now["meeting"]), at(&meeting));
    assert_eq!(app.feed_length().await, length);
}

async fn what_is_no_external_id_is_refused(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await["id"].take();
    let client = app.secretariat();
    for (system, value, expected) in [
        ("", "1", "REQUIRED externalId.sourceSystem"),
        ("a b", "1", "INVALID externalId.sourceSystem"),
        (&"a".repeat(65), "1", "TOO_LONG externalId.sourceSystem"),
        ("a", "", "REQUIRED externalId.value"),
        ("a", "\0", "INVALID externalId.value"),
        ("a", &"1".repeat(201), "TOO_LONG externalId.value"),
    ] {
        assert_eq!(refused(&client, &meeting, system, value).await, [expected], "{system:?} {value:?}");
    }
    for id in ["mtg_1", "", "rop_01970000000070008000000000000001"] {
        assert_eq!(refused(&client, &json!(id), "a", "1").await, ["NOT_FOUND id"], "{id}");
    }
}

async fn a_record_has_a_hundred_external_ids_of_an_organisation(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await["id"].take();
    let osce = app.partner("OSCE");
    for number in 0..100 {
        link(&osce, &meeting, "osce", &number.to_string()).await;
    }
    assert_eq!(refused(&osce, &meeting, "osce", "100").await, ["TOO_LONG externalId"]);
    link(&app.partner("UNOCT"), &meeting, "unoct", "1").await;
}

async fn an_organisation_has_so_many_systems_and_no_more(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await["id"].take();
    let osce = app.partner("OSCE");
    for number in 0..50 {
        link(&osce, &meeting, &format!("osce-{number}"), "1").await;
    }
    assert_eq!(refused(&osce, &meeting, "osce-50", "1").await, ["TOO_LONG externalId.sourceSystem"]);
    link(&osce, &meeting, "osce-49", "2").await;
    let row = json!({ "externalId": { "sourceSystem": "osce-50", "value": "1" }, "title": text("M"), "kind": "WORKING_GROUP",
        "modality": "ONLINE", "startsOn": "2026-02-01" });
    let input = json!({ "rows": [row], "matchBy": "EXTERNAL_ID" });
    app.secretariat().upsert("upsertMeetings", input, "id").await;
    link(&app.partner("UNOCT"), &meeting, "unoct", "1").await;
}

async fn a_record_that_is_removed_leaves_no_external_id(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let input = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION" });
    let item = app.secretariat().mutate("addAgendaItem", input, "id version").await;
    link(&app.secretariat(), &item["id"], "crm", "1").await;
    app.secretariat().mutate("removeAgendaItem", at(&item), "id").await;
    let input = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION" });
    let other = app.secretariat().mutate("addAgendaItem", input, "id version").await;
    link(&app.secretariat(), &other["id"], "crm", "1").await;
}

async fn a_refused_row_takes_no_system_away(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let body = app.body("WG-A").await;
    let rows = [("osce-own", text("A")), ("unodc-crm", json!([]))].map(|(system, title)| {
        let key = json!({ "sourceSystem": system, "value": "1" });
        json!({ "externalId": key, "bodyId": body, "kind": "RECOMMENDATION", "title": title, "text": text("A") })
    });
    let input = json!({ "rows": rows, "matchBy": "EXTERNAL_ID", "errorPolicy": "SKIP_FAILED" });
    let payload = app.partner("OSCE").upsert("upsertRecommendations", input, "id").await;
    let outcomes: Vec<&Value> = payload["rows"].as_array().unwrap().iter().map(|row| &row["outcome"]).collect();
    assert_eq!(outcomes, ["CREATED", "FAILED"]);
    let meeting = app.planned_meeting(json!({})).await["id"].take();
    link(&app.partner("UNODC"), &meeting, "unodc-crm", "1").await;
    let taken = ["ALREADY_EXISTS externalId.sourceSystem"];
    assert_eq!(refused(&app.partner("UNODC"), &meeting, "osce-own", "2").await, taken);
}
