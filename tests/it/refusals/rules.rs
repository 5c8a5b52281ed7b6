//! What the rules of a record say, told at once.

use rec_tests::given::{at_with, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

use super::at_once::{is_refused_for, nobody, row_is_refused_for};

on_both_databases! {
    what_the_rules_say_of_a_meeting_is_told_at_once,
    what_the_rules_say_of_a_text_is_told_at_once,
    a_record_above_itself_is_told_beside_the_rest,
    what_a_body_or_an_organisation_no_longer_does_is_told_with_the_rest,
    the_state_of_a_rows_record_hides_nothing_of_the_row,
}

async fn what_the_rules_say_of_a_meeting_is_told_at_once(app: TestApp) {
    let body = app.body("WG-A").await;
    let meeting = json!({
        "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02",
        "sessions": [{ "bodyId": body, "ordinal": 0 }, { "bodyId": body, "ordinal": 70_000 }],
        "agenda": vec![json!({ "title": [], "kind": "SESSION" }); 101],
    });
    let mut told = app.secretariat().refusals("scheduleMeeting", meeting).await;
    assert_eq!(told.iter().filter(|told| told.starts_with("REQUIRED agenda.")).count(), 101);
    told.retain(|told| !told.starts_with("REQUIRED agenda."));
    told.sort_unstable();
    let expected = ["INVALID sessions", "INVALID sessions.0.ordinal", "INVALID sessions.1.ordinal", "TOO_LONG agenda"];
    assert_eq!(told, expected);

    let concluded = app.concluded_meeting(&["WG-A"]).await;
    let source = app.sources().await.remove(0);
    let titled = json!({ "alternativeTitles": [{ "title": text("B"), "sourceId": source }], "sourceIds": [source] });
    let concluded = app.secretariat().mutate("updateMeeting", at_with(&concluded, titled), "id version").await;
    let wrong = json!({ "alternativeTitles": [], "sourceIds": [], "startsOn": "2030-01-01", "endsOn": "2030-01-02" });
    let expected = ["INVALID_STATE alternativeTitles", "INVALID_STATE endsOn", "INVALID_STATE sourceIds"];
    is_refused_for(&app, "updateMeeting", at_with(&concluded, wrong), &expected).await;
    let row = json!({
        "id": concluded["id"], "title": text("A"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2030-01-01",
        "endsOn": "2030-01-02", "organizers": [], "sessions": [], "alternativeTitles": [], "sourceIds": [],
    });
    let expected = [
        "INVALID_STATE alternativeTitles",
        "INVALID_STATE endsOn",
        "INVALID_STATE organizers",
        "INVALID_STATE sessions",
        "INVALID_STATE sourceIds",
    ];
    row_is_refused_for(&app, "upsertMeetings", row, &expected).await;
}

async fn what_the_rules_say_of_a_text_is_told_at_once(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let noted = at_with(&draft, json!({ "changeNote": "Shorter", "targetDate": "2020-01-01" }));
    is_refused_for(&app, "reviseRecommendation", noted, &["INVALID changeNote", "INVALID targetDate"]).await;
    let unaddressed = app.draft_with("WG-A", json!({ "addressees": [] })).await;
    let submitted = app.submit(&unaddressed, &app.concluded_meeting(&["WG-A"]).await).await;
    let briefing = app.planned_meeting(json!({ "kind": "BRIEFING" })).await;
    let adoption = json!({ "meetingId": briefing["id"], "noPersonalData": false, "adoptedOn": "2031-01-01" });
    let expected = [
        "INVALID adoptedOn",
        "INVALID_STATE addressees",
        "INVALID_STATE meetingId",
        "INVALID_STATE meetingId",
        "REQUIRED noPersonalData",
    ];
    is_refused_for(&app, "adoptRecommendation", at_with(&submitted, adoption), &expected).await;
}

async fn a_record_above_itself_is_told_beside_the_rest(app: TestApp) {
    app.theme("OWN").await;
    for (query, mutation, parent) in [
        ("organization(by: { acronym: \"UNOCT\" })", "updateOrganization", "parentId"),
        ("body(by: { code: \"EC\" })", "updateBody", "reportsToId"),
        ("theme(by: { code: \"OWN\" })", "updateTheme", "parentId"),
    ] {
        let record = app.anonymous().query(&format!("{{ record: {query} {{ id version }} }}")).await["record"].clone();
        let mut wrong = json!({ "name": [] });
        wrong[parent] = record["id"].clone();
        let expected = [format!("INVALID {parent}"), "REQUIRED name".to_owned()];
        is_refused_for(&app, mutation, at_with(&record, wrong), &expected.each_ref().map(String::as_str)).await;
    }
    let committee = app
        .anonymous()
        .query("{ body(by: { code: \"EC\" }) { id version } plenary: body(by: { code: \"PL\" }) { id version } }")
        .await;
    let below = json!({ "reportsToId": committee["body"]["id"], "active": false });
    let expected = ["INVALID reportsToId", "INVALID_STATE active"];
    is_refused_for(&app, "updateBody", at_with(&committee["plenary"], below), &expected).await;
}

async fn what_a_body_or_an_organisation_no_longer_does_is_told_with_the_rest(app: TestApp) {
    let organization = app.anonymous().query("{ organization(by: { acronym: \"UNOCT\" }) { id version } }").await;
    let organization = &organization["organization"];
    app.secretariat().mutate("deactivateOrganization", at_with(organization, json!({})), "id").await;
    let mandate = json!({
        "organizationId": organization["id"], "bodyId": nobody("bod"), "role": "MEMBER", "validFrom": "2025-02-01",
    });
    is_refused_for(&app, "grantMandate", mandate, &["INVALID_STATE organizationId", "NOT_FOUND bodyId"]).await;
    let client = json!({ "purpose": "", "role": "PARTNER", "organizationId": organization["id"], "scopes": [] });
    let mut told = app.admin().refusals("registerClient", client).await;
    told.sort_unstable();
    assert_eq!(told, ["INVALID_STATE organizationId", "REQUIRED purpose", "REQUIRED scopes"]);
}

async fn the_state_of_a_rows_record_hides_nothing_of_the_row(app: TestApp) {
    let adopted = app.adopted("WG-A").await;
    let row = json!({
        "id": adopted["id"], "expectedVersion": 77, "bodyId": "WG-A", "kind": "RECOMMENDATION", "title": [], "text": [],
        "addressees": [],
    });
    let expected = ["CONFLICT expectedVersion", "NOT_FOUND bodyId", "REQUIRED text", "REQUIRED title"];
    row_is_refused_for(&app, "upsertRecommendations", row, &expected).await;
    let row = json!({
        "id": adopted["id"], "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("B"), "text": text("B"),
    });
    row_is_refused_for(&app, "upsertRecommendations", row, &["INVALID_STATE id"]).await;
}
