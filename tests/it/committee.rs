//! How the Executive Committee adopts by silence: the deadline publishes the text with its label, and until then nothing else is done to it.

use chrono::{DateTime, TimeDelta, Utc};
use rec_api::service::recommendation::silence::settle;
use rec_tests::given::{at, at_with, each, printed, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const ADOPTION: &str = "id version status label adoptedOn meeting { id } procedures { id mode outcome openedAt deadline closedAt body { code } \
    revision { number } meeting { id } }";

async fn read(app: &TestApp, id: &Value, selection: &str) -> Value {
    app.secretariat().recommendation(id, selection).await
}

fn declared(text: &Value, meeting: &Value, more: Value) -> Value {
    with(at_with(text, json!({ "meetingId": meeting["id"], "noPersonalData": true })), more)
}

async fn open(app: &TestApp, text: &Value, meeting: &Value, more: Value) -> Value {
    app.secretariat().mutate("openSilence", declared(text, meeting, more), ADOPTION).await
}

/// A submitted text of WG-A under silence, and the meeting of the Executive Committee at which it was opened.
async fn under_silence(app: &TestApp) -> (Value, Value) {
    let (text, meeting) = (app.submitted("WG-A").await, app.concluded_meeting(&["EC"]).await);
    (open(app, &text, &meeting, json!({})).await, meeting)
}

/// An organisation that may object in the Executive Committee.
async fn member(app: &TestApp, acronym: &str) {
    let mandate = json!({
        "organizationId": app.organization(acronym).await, "bodyId": app.body("EC").await, "role": "MEMBER",
        "canObject": true, "validFrom": "2026-01-01",
    });
    app.secretariat().mutate("grantMandate", mandate, "id").await;
}

async fn state(app: &TestApp, text: &Value, acronym: &str, kind: &str) -> Value {
    let procedure = text["procedures"].as_array().unwrap().last().unwrap();
    let input = json!({
        "procedureId": procedure["id"], "organizationId": app.organization(acronym).await, "kind": kind,
        "text": text_of("It is too early"), "noPersonalData": true,
    });
    app.partner(acronym).mutate("statePosition", input, "id version").await
}

on_both_databases! {
    a_text_is_adopted_at_the_deadline_for_everyone,
    an_adoption_by_silence_is_told_once,
    nothing_else_is_done_to_a_submitted_text_under_silence,
    an_objection_in_the_committee_leaves_the_text_submitted,
    a_silence_that_publishes_needs_what_an_adoption_needs,
    the_chair_of_the_body_in_turn_opens_a_silence,
    a_label_is_of_the_councils_year,
    silences_of_one_deadline_get_labels_one_after_the_other,
    the_meeting_of_an_adoption_by_silence_may_get_earlier_days,
    the_days_of_an_adoption_in_the_room_do_not_rest_on_the_silence_of_the_group,
    a_meeting_that_ended_before_the_group_agreed_adopts_nothing,
    what_is_stated_in_a_silence_that_publishes_is_declared_and_stays,
    the_meeting_of_an_open_silence_is_not_hidden,
    who_is_silent_is_told_to_those_who_read_all_positions,
    who_can_object_is_told_of_a_day,
}

async fn a_text_is_adopted_at_the_deadline_for_everyone(app: TestApp) {
    let opened_at = app.app.clock.now();
    let (text, meeting) = under_silence(&app).await;
    let deadline = opened_at + TimeDelta::hours(72);
    let pending = json!({
        "id": text["procedures"][1]["id"], "mode": "SILENCE", "outcome": "PENDING", "openedAt": printed(opened_at),
        "deadline": printed(deadline), "closedAt": null, "body": { "code": "EC" }, "revision": { "number": 1 },
        "meeting": { "id": meeting["id"] },
    });
    assert_eq!((&text["status"], &text["label"]), (&json!("SUBMITTED_TO_EXCOM"), &Value::Null));
    assert_eq!(text["procedures"][1], pending);
    app.app.clock.advance(TimeDelta::hours(72) - TimeDelta::microseconds(1));
    assert_eq!(read(&app, &text["id"], ADOPTION).await, text, "a moment before");
    assert_eq!(app.anonymous().recommendation(&text["id"], "id").await, Value::Null);
    app.app.clock.advance(TimeDelta::microseconds(1));
    let adopted = app.anonymous().recommendation(&text["id"], ADOPTION).await;
    let expected = json!(["ADOPTED", "REC/WG-A/2026/1", "2026-01-18", { "id": meeting["id"] }]);
    assert_eq!(json!([adopted["status"], adopted["label"], adopted["adoptedOn"], adopted["meeting"]]), expected);
    let procedure = with(pending, json!({ "outcome": "ADOPTED", "closedAt": printed(deadline) }));
    assert_eq!(adopted["procedures"][1], procedure, "published with the text");
}

async fn an_adoption_by_silence_is_told_once(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    let cursor = app.secretariat().query("{ feedHead }").await["feedHead"].clone();
    app.app.clock.advance(TimeDelta::hours(100));
    for _ in 0..2 {
        settle(&app.app).await;
    }
    let query = "query($after: String) { changes(after: $after) { edges { recordId version at } } }";
    let told = app.secretariat().query_with(query, json!({ "after": cursor })).await["changes"]["edges"].take();
    let read = read(&app, &text["id"], "id version updatedAt procedures { id version updatedAt }").await;
    let records = read["procedures"].as_array().unwrap().iter().chain([&read]);
    for record in records {
        let of_record: Vec<&Value> =
            told.as_array().unwrap().iter().filter(|change| change["recordId"] == record["id"]).collect();
        let [change] = of_record[..] else { panic!("{record} {told}") };
        let expected = json!([record["version"], record["updatedAt"], record["updatedAt"]]);
        assert_eq!(json!([change["version"], change["at"], record["updatedAt"]]), expected);
        assert_eq!(record["updatedAt"], json!("2026-01-18T04:00:00.000000+00:00"));
    }
    assert_eq!(read["version"].as_i64(), text["version"].as_i64().map(|version| version + 1));
    assert_eq!(each(&read["procedures"], "/version"), [json!(2), json!(2)], "that of the group is published");
}

async fn nothing_else_is_done_to_a_submitted_text_under_silence(app: TestApp) {
    let (text, meeting) = under_silence(&app).await;
    let before = app.feed_length().await;
    for (mutation, input) in [
        ("openSilence", declared(&text, &meeting, json!({}))),
        ("adoptRecommendation", declared(&text, &meeting, json!({}))),
        ("returnRecommendation", at(&text)),
        ("reviseRecommendation", at_with(&text, json!({ "text": text_of("Another") }))),
        ("setAddressees", at_with(&text, json!({ "addressees": [] }))),
        ("withdrawRecommendation", at(&text)),
    ] {
        assert_eq!(app.secretariat().refusals(mutation, input).await, ["INVALID_STATE id"], "{mutation}");
    }
    assert_eq!(app.feed_length().await, before);
    app.app.clock.advance(TimeDelta::hours(1));
    let withdrawn = app.secretariat().mutate("withdrawSilence", at(&text), ADOPTION).await;
    assert_eq!(withdrawn["status"], json!("SUBMITTED_TO_EXCOM"));
    assert_eq!(withdrawn["version"].as_i64(), text["version"].as_i64().map(|version| version + 1));
    assert_eq!(each(&withdrawn["procedures"], "/outcome"), [json!("ADOPTED"), json!("WITHDRAWN")]);
    assert_eq!(app.secretariat().refusals("withdrawSilence", at(&withdrawn)).await, ["INVALID_STATE id"]);
    app.app.clock.advance(TimeDelta::hours(100));
    assert_eq!(read(&app, &text["id"], ADOPTION).await, withdrawn, "what is withdrawn does not elapse");
    app.secretariat().mutate("returnRecommendation", at(&withdrawn), "id").await;
}

async fn an_objection_in_the_committee_leaves_the_text_submitted(app: TestApp) {
    member(&app, "OSCE").await;
    let (text, meeting) = under_silence(&app).await;
    let position = state(&app, &text, "OSCE", "OBJECTION").await;
    let broken = read(&app, &text["id"], ADOPTION).await;
    assert_eq!(broken["status"], json!("SUBMITTED_TO_EXCOM"));
    assert_eq!(broken["version"].as_i64(), text["version"].as_i64().map(|version| version + 1));
    assert_eq!(broken["procedures"][1]["outcome"], json!("BROKEN"));
    for mutation in ["openSilence", "adoptRecommendation"] {
        let input = declared(&broken, &meeting, json!({}));
        assert_eq!(app.secretariat().refusals(mutation, input).await, ["INVALID_STATE id"], "{mutation}");
    }
    app.app.clock.advance(TimeDelta::hours(100));
    assert_eq!(read(&app, &text["id"], ADOPTION).await, broken);
    // The group cannot agree on the same revision either, as long as the objection stands.
    let secretariat = app.secretariat();
    let returned = secretariat.mutate("returnRecommendation", at(&broken), "id version").await;
    let discussed = secretariat.mutate("openDiscussion", at(&returned), "id version").await;
    let group = app.concluded_meeting(&["WG-A"]).await;
    let agree = at_with(&discussed, json!({ "meetingId": group["id"] }));
    assert_eq!(secretariat.refusals("recordAgreement", agree.clone()).await, ["INVALID_STATE id"]);
    app.partner("OSCE").mutate("withdrawPosition", at(&position), "id").await;
    let agreed = secretariat.mutate("recordAgreement", agree, "id version").await;
    let submitted = secretariat.mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    open(&app, &submitted, &meeting, json!({})).await;
}

async fn a_silence_that_publishes_needs_what_an_adoption_needs(app: TestApp) {
    let group = app.concluded_meeting(&["WG-A"]).await;
    let draft = json!({ "title": [{ "locale": "EN", "text": "Only in English" }], "addressees": [] });
    let incomplete = app.submit(&app.draft_with("WG-A", draft).await, &group).await;
    let complete = app.submitted("WG-A").await;
    let committee = app.concluded_meeting(&["EC"]).await;
    let planned = app.planned_meeting(json!({})).await;
    let hidden = app.concluded_meeting_with(&["EC"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let early = printed(app.app.clock.now() + TimeDelta::hours(23));
    let before = app.feed_length().await;
    for (text, meeting, more, expected) in [
        (
            &incomplete,
            &group,
            json!({ "noPersonalData": false, "deadline": early }),
            vec![
                "REQUIRED noPersonalData",
                "INVALID_STATE addressees",
                "INVALID_STATE text",
                "INVALID_STATE meetingId",
                "INVALID deadline",
            ],
        ),
        (&complete, &committee, json!({ "noPersonalData": null }), vec!["REQUIRED noPersonalData"]),
        (&complete, &hidden, json!({}), vec!["INVALID_STATE meetingId"]),
        (&complete, &planned, json!({}), vec!["INVALID_STATE meetingId", "INVALID_STATE meetingId"]),
    ] {
        let refusals = app.secretariat().refusals("openSilence", declared(text, meeting, more)).await;
        assert_eq!(refusals, expected);
    }
    assert_eq!(app.feed_length().await, before);
    let plenary = app.concluded_meeting(&["PL"]).await;
    let opened = open(&app, &complete, &plenary, json!({})).await;
    assert_eq!(opened["procedures"][1]["body"], json!({ "code": "PL" }));
}

async fn the_chair_of_the_body_in_turn_opens_a_silence(app: TestApp) {
    app.mandate("OSCE", "WG-A", "CHAIR").await;
    app.mandate("UNICEF", "EC", "CHAIR").await;
    let (group, committee) = (app.partner("OSCE"), app.partner("UNICEF"));
    let (discussed, submitted) = (app.under_discussion("WG-A").await, app.submitted("WG-A").await);
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    for (text, may, may_not) in [(&discussed, &group, &committee), (&submitted, &committee, &group)] {
        let input = declared(text, &meeting, json!({}));
        assert_eq!(may_not.mutation_error("openSilence", input.clone()).await, "FORBIDDEN");
        let opened = may.mutate("openSilence", input, "id version").await;
        assert_eq!(may_not.mutation_error("withdrawSilence", at(&opened)).await, "FORBIDDEN");
        may.mutate("withdrawSilence", at(&opened), "id").await;
    }
}

async fn a_label_is_of_the_councils_year(app: TestApp) {
    // Midnight in Tashkent is 19:00 in UTC.
    for (deadline, label, day) in [
        ("2026-12-31T18:59:59.999999Z", "REC/WG-A/2026/1", "2026-12-31"),
        ("2026-12-31T19:00:00Z", "REC/WG-A/2027/1", "2027-01-01"),
    ] {
        let (text, meeting) = (app.submitted("WG-A").await, app.concluded_meeting(&["EC"]).await);
        let text = open(&app, &text, &meeting, json!({ "deadline": deadline })).await;
        app.app.clock.advance(deadline.parse::<DateTime<Utc>>().unwrap() - app.app.clock.now());
        let adopted = read(&app, &text["id"], "label adoptedOn").await;
        assert_eq!(adopted, json!({ "label": label, "adoptedOn": day }));
        app.app.clock.advance(TimeDelta::hours(-48));
    }
}

async fn silences_of_one_deadline_get_labels_one_after_the_other(app: TestApp) {
    let mut texts = Vec::new();
    for _ in 0..3 {
        texts.push(under_silence(&app).await.0);
    }
    app.app.clock.advance(TimeDelta::hours(72));
    let mut labels = Vec::new();
    for text in &texts {
        labels.push(read(&app, &text["id"], "label").await["label"].take());
    }
    labels.sort_by_key(ToString::to_string);
    assert_eq!(labels, [json!("REC/WG-A/2026/1"), json!("REC/WG-A/2026/2"), json!("REC/WG-A/2026/3")]);
}

async fn the_meeting_of_an_adoption_by_silence_may_get_earlier_days(app: TestApp) {
    let (text, meeting) = under_silence(&app).await;
    app.app.clock.advance(TimeDelta::hours(200));
    assert_eq!(read(&app, &text["id"], "adoptedOn").await["adoptedOn"], json!("2026-01-18"));
    let secretariat = app.secretariat();
    let late = at_with(&meeting, json!({ "startsOn": "2026-01-19", "endsOn": "2026-01-19" }));
    assert_eq!(secretariat.refusals("updateMeeting", late).await, ["INVALID_STATE startsOn"]);
    let moved = at_with(&meeting, json!({ "startsOn": "2025-11-03", "endsOn": "2025-11-04" }));
    let moved = secretariat.mutate("updateMeeting", moved, "id version").await;
    let upsert = async |day: &str| {
        let row = json!({
            "id": moved["id"], "kind": "WORKING_GROUP", "title": text_of("A meeting"), "modality": "IN_PERSON",
            "startsOn": day, "endsOn": day,
        });
        let told = app.secretariat().upsert("upsertMeetings", json!({ "rows": [row], "matchBy": "ID" }), "id").await;
        told["rows"][0]["userErrors"][0]["path"].clone()
    };
    assert_eq!(upsert("2026-01-19").await, json!(["rows", "0", "startsOn"]));
    assert_eq!(upsert("2025-10-01").await, Value::Null);
}

async fn who_is_silent_is_told_to_those_who_read_all_positions(app: TestApp) {
    for acronym in ["OSCE", "UNICEF", "UNODC"] {
        member(&app, acronym).await;
    }
    let silent = async |client: rec_tests::client::Client, text: &Value| {
        let found = client.recommendation(&text["id"], "procedures { silent { organization { acronym } } }").await;
        let last = found["procedures"].as_array().unwrap().last().unwrap()["silent"].clone();
        if last.is_null() { last } else { json!(each(&last, "/organization/acronym")) }
    };
    let (text, _) = under_silence(&app).await;
    state(&app, &text, "OSCE", "SUPPORT").await;
    let position = state(&app, &text, "UNODC", "INTERPRETATIVE_STATEMENT").await;
    assert_eq!(silent(app.reader(), &text).await, json!(["UNICEF"]));
    app.partner("UNODC").mutate("withdrawPosition", at(&position), "id").await;
    assert_eq!(silent(app.partner("OSCE"), &text).await, json!(["UNICEF", "UNODC"]));
    let discreet = app.concluded_meeting_with(&["EC"], json!({ "chathamHouse": true })).await;
    let text = open(&app, &app.submitted("WG-A").await, &discreet, json!({})).await;
    for acronym in [None, Some("OSCE")] {
        if let Some(acronym) = acronym {
            state(&app, &text, acronym, "SUPPORT").await;
        }
        for client in [app.reader(), app.partner("OSCE"), app.partner("UNICEF")] {
            assert_eq!(silent(client, &text).await, Value::Null, "whether or not somebody has spoken");
        }
    }
    assert_eq!(silent(app.secretariat(), &text).await, json!(["UNICEF", "UNODC"]));
}

async fn who_can_object_is_told_of_a_day(app: TestApp) {
    member(&app, "OSCE").await;
    app.mandate("UNICEF", "EC", "MEMBER").await;
    let query =
        "query($day: Date!) { body(by: { code: \"EC\" }) { canObject(asOf: $day) { organization { acronym } } } }";
    for (day, expected) in
        [("2025-12-31", json!([])), ("2026-01-01", json!([{ "organization": { "acronym": "OSCE" } }]))]
    {
        let found = app.anonymous().query_with(query, json!({ "day": day })).await;
        assert_eq!(found["body"]["canObject"], expected, "{day}");
    }
}

async fn the_days_of_an_adoption_in_the_room_do_not_rest_on_the_silence_of_the_group(app: TestApp) {
    let secretariat = app.secretariat();
    let sessions = json!([{ "bodyId": app.body("WG-A").await }, { "bodyId": app.body("EC").await }]);
    let days = json!({ "startsOn": "2026-01-15", "endsOn": "2026-01-25", "sessions": sessions });
    let meeting = app.planned_meeting(days).await;
    let meeting = secretariat.mutate("confirmMeeting", at(&meeting), "id version").await;
    let meeting = secretariat.mutate("openMeeting", at(&meeting), "id version").await;
    let text = open(&app, &app.under_discussion("WG-A").await, &meeting, json!({})).await;
    app.app.clock.advance(TimeDelta::hours(120));
    let (agreed, secretariat) = (read(&app, &text["id"], "id version").await, app.secretariat());
    let submitted = secretariat.mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    let adopted =
        secretariat.mutate("adoptRecommendation", declared(&submitted, &meeting, json!({})), "adoptedOn").await;
    assert_eq!(adopted["adoptedOn"], json!("2026-01-20"));
    let shorter = at_with(&meeting, json!({ "endsOn": "2026-01-19" }));
    assert_eq!(secretariat.refusals("updateMeeting", shorter).await, ["INVALID_STATE startsOn"]);
    secretariat.mutate("updateMeeting", at_with(&meeting, json!({ "endsOn": "2026-01-20" })), "id").await;
}

async fn a_meeting_that_ended_before_the_group_agreed_adopts_nothing(app: TestApp) {
    let early = app.concluded_meeting_with(&["EC"], json!({ "startsOn": "2025-11-30" })).await;
    // The group agreed on the first of December.
    let text = app.submitted("WG-A").await;
    let refusals = app.secretariat().refusals("openSilence", declared(&text, &early, json!({}))).await;
    assert_eq!(refusals, ["INVALID_STATE meetingId"]);
    open(&app, &text, &app.concluded_meeting(&["EC"]).await, json!({})).await;
}

async fn what_is_stated_in_a_silence_that_publishes_is_declared_and_stays(app: TestApp) {
    for acronym in ["OSCE", "UNICEF"] {
        member(&app, acronym).await;
    }
    let (text, _) = under_silence(&app).await;
    let input = |kind: &str, organization: String| json!({ "procedureId": text["procedures"][1]["id"], "organizationId": organization, "kind": kind, "text": text_of("Why") });
    let osce = app.partner("OSCE");
    for kind in ["INTERPRETATIVE_STATEMENT", "FORMAL_RESERVATION"] {
        let undeclared = input(kind, app.organization("OSCE").await);
        assert_eq!(osce.refusals("statePosition", undeclared).await, ["REQUIRED noPersonalData"], "{kind}");
    }
    let support = input("SUPPORT", app.organization("UNICEF").await);
    app.partner("UNICEF").mutate("statePosition", support, "id").await;
    let reservation =
        with(input("FORMAL_RESERVATION", app.organization("OSCE").await), json!({ "noPersonalData": true }));
    let reservation = osce.mutate("statePosition", reservation, "id").await;
    app.app.clock.advance(TimeDelta::hours(72));
    let published = app.anonymous().recommendation(&text["id"], "positions { id version kind }").await;
    let published = published["positions"].as_array().unwrap();
    let stays = published.iter().find(|one| one["id"] == reservation["id"]).expect("the reservation");
    assert_eq!(app.partner("OSCE").refusals("withdrawPosition", at(stays)).await, ["INVALID_STATE id"]);
}

async fn the_meeting_of_an_open_silence_is_not_hidden(app: TestApp) {
    let (text, meeting) = under_silence(&app).await;
    let secretariat = app.secretariat();
    let hidden = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    assert_eq!(secretariat.refusals("updateMeeting", hidden.clone()).await, ["INVALID_STATE sensitivity"]);
    secretariat.mutate("withdrawSilence", at(&text), "id").await;
    secretariat.mutate("updateMeeting", hidden, "id").await;
}
