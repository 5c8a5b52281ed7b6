//! When a record was created and last changed, on the record and on the one that it belongs to.

use chrono::{DateTime, TimeDelta, Utc};
use rec_tests::given::{at, at_with, text};
use rec_tests::{TestApp, on_both_databases, start_of_tests};
use serde_json::{Value, json};

const TIMES: &str = "id version createdAt updatedAt";

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("not a time: {value}"))
}

/// A record at its current version.
async fn read(app: &TestApp, record: &Value) -> Value {
    let query = "query($id: ID!) { node(id: $id) { id ... on Meeting { version createdAt updatedAt }
        ... on Recommendation { version createdAt updatedAt } ... on Mandate { version createdAt updatedAt } } }";
    app.secretariat().query_with(query, json!({ "id": record["id"] })).await["node"].take()
}

/// Changes a record a little later: its time of creation stays, and the time of its change is now.
async fn changed(app: &TestApp, mutation: &str, record: &Value, more: Value) -> Value {
    app.app.clock.advance(TimeDelta::microseconds(1_000_003));
    let after = app.secretariat().mutate(mutation, at_with(record, more), TIMES).await;
    assert_eq!(after["createdAt"], record["createdAt"], "{mutation}");
    assert_eq!(time(&after["updatedAt"]), app.app.clock.now(), "{mutation}");
    after
}

/// A change of a part of a record changes the record as well.
async fn touches(app: &TestApp, record: &Value, mutation: &str, input: Value) -> Value {
    app.app.clock.advance(TimeDelta::microseconds(1_000_003));
    let part = app.secretariat().mutate(mutation, input, TIMES).await;
    let after = read(app, record).await;
    assert_eq!(after["createdAt"], record["createdAt"], "{mutation}");
    assert_eq!(time(&after["updatedAt"]), app.app.clock.now(), "{mutation}");
    part
}

on_both_databases! {
    a_change_is_later_than_the_creation,
    what_is_done_to_its_parts_changes_a_meeting,
    what_is_done_to_its_parts_changes_a_recommendation,
    what_changes_nothing_is_no_later,
}

async fn a_change_is_later_than_the_creation(app: TestApp) {
    let secretariat = app.secretariat();
    let name = text("A name");
    for (what, input, more) in [
        ("Theme", json!({ "code": "T", "name": name, "kind": "SDG" }), json!({ "code": "T2" })),
        ("Instrument", json!({ "symbol": "S/1", "title": name }), json!({ "symbol": "S/2" })),
        ("Body", json!({ "code": "WG-E", "kind": "WORKING_GROUP", "name": name }), json!({ "active": false })),
        ("Organization", json!({ "acronym": "NEW", "name": name, "kind": "OTHER" }), json!({ "seat": "Osh" })),
    ] {
        let made = secretariat.mutate(&format!("create{what}"), input, TIMES).await;
        assert_eq!((time(&made["createdAt"]), &made["createdAt"]), (app.app.clock.now(), &made["updatedAt"]));
        changed(&app, &format!("update{what}"), &made, more).await;
    }
    let mandate = app.mandate("OSCE", "WG-A", "MEMBER").await;
    changed(&app, "endMandate", &read(&app, &mandate).await, json!({ "validTo": "2025-01-01" })).await;
}

async fn what_is_done_to_its_parts_changes_a_meeting(app: TestApp) {
    let meeting = read(&app, &app.planned_meeting(json!({})).await).await;
    assert_eq!(time(&meeting["createdAt"]), start_of_tests());
    let osce = app.organization("OSCE").await;
    let organizers = json!({ "organizers": [{ "organizationId": osce, "role": "HOST" }] });
    let meeting = changed(&app, "setMeetingOrganizers", &meeting, organizers).await;
    let sessions = json!({ "sessions": [{ "bodyId": app.body("WG-A").await }] });
    let meeting = changed(&app, "setBodySessions", &meeting, sessions).await;
    let meeting = changed(&app, "confirmMeeting", &meeting, json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
    let one = touches(&app, &meeting, "addAgendaItem", item.clone()).await;
    let two = touches(&app, &meeting, "addAgendaItem", item).await;
    let one = touches(&app, &meeting, "updateAgendaItem", at_with(&one, json!({ "kind": "DECISION" }))).await;
    assert!(time(&one["createdAt"]) < time(&one["updatedAt"]));
    let version = read(&app, &meeting).await["version"].take();
    let items = [&two["id"], &one["id"]];
    let order = json!({ "meetingId": meeting["id"], "expectedVersion": version, "itemIds": items });
    touches(&app, &meeting, "reorderAgendaItems", order).await;
    let last = json!({ "id": one["id"], "expectedVersion": one["version"].as_i64().expect("a version") + 1 });
    touches(&app, &meeting, "removeAgendaItem", last).await;
}

async fn what_is_done_to_its_parts_changes_a_recommendation(app: TestApp) {
    let draft = read(&app, &app.draft("WG-A").await).await;
    let addressees = json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
    let draft = changed(&app, "setAddressees", &draft, addressees).await;
    let themes = json!({ "themeIds": [app.theme("LAW").await] });
    let draft = changed(&app, "reviseRecommendation", &draft, themes).await;
    changed(&app, "openDiscussion", &draft, json!({})).await;
    let (earlier, later) = (app.adopted("WG-A").await, read(&app, &app.adopted("WG-A").await).await);
    let earlier = read(&app, &earlier).await;
    let superseded = at_with(&earlier, json!({ "supersededById": later["id"] }));
    touches(&app, &later, "supersedeRecommendation", superseded).await;
}

async fn what_changes_nothing_is_no_later(app: TestApp) {
    let meeting = read(&app, &app.planned_meeting(json!({})).await).await;
    app.app.clock.advance(TimeDelta::hours(1));
    let same = app.secretariat().mutate("updateMeeting", at(&meeting), TIMES).await;
    assert_eq!(same, meeting);
}
