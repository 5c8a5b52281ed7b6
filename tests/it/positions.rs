//! What organisations say of a text: who may object and when, what an objection does, what becomes of it, and who reads it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, each, printed, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const POSITIONS: &str =
    "id version status procedures { id outcome closedAt positions { id kind state organization { acronym } } }";

/// A text of WG-A under silence, opened at a meeting.
async fn under_silence_at(app: &TestApp, meeting: &Value) -> Value {
    let text = app.under_discussion("WG-A").await;
    let input = at_with(&text, json!({ "meetingId": meeting["id"] }));
    app.secretariat().mutate("openSilence", input, POSITIONS).await
}

async fn under_silence(app: &TestApp) -> Value {
    under_silence_at(app, &app.concluded_meeting(&["WG-A"]).await).await
}

/// Gives an organisation a mandate in WG-A from the day of the tests on.
async fn member(app: &TestApp, acronym: &str, more: Value) -> Value {
    let input = json!({
        "organizationId": app.organization(acronym).await, "bodyId": app.body("WG-A").await, "role": "MEMBER",
        "canObject": true, "validFrom": "2026-01-01",
    });
    app.secretariat().mutate("grantMandate", with(input, more), "id version").await
}

async fn position(app: &TestApp, text: &Value, acronym: &str, kind: &str) -> Value {
    let mut input = json!({
        "procedureId": text["procedures"][0]["id"], "organizationId": app.organization(acronym).await, "kind": kind,
        "text": rec_tests::given::text("It is too early"),
    });
    if kind == "AMENDMENT" {
        input["proposedText"] = rec_tests::given::text("The states are invited to act in time");
    }
    input
}

async fn state(app: &TestApp, text: &Value, acronym: &str, kind: &str) -> Value {
    let input = position(app, text, acronym, kind).await;
    app.partner(acronym).mutate("statePosition", input, "id version kind state").await
}

/// The validation errors of a position that may be accepted.
async fn told(client: &Client, input: Value) -> Vec<String> {
    let payload = client.payload("statePosition", input, "id").await;
    let said = |one: &Value| format!("{} {}", one["code"].as_str().unwrap(), one["path"][0].as_str().unwrap());
    payload["userErrors"].as_array().unwrap().iter().map(said).collect()
}

on_both_databases! {
    an_objection_and_an_amendment_break_a_silence_at_once,
    statements_reservations_and_support_never_block,
    who_has_no_mandate_that_day_says_nothing_and_who_may_not_object_does_not,
    a_mandate_that_ends_during_the_silence_speaks_no_more,
    a_position_comes_before_the_deadline,
    a_position_says_why_and_an_amendment_proposes_a_text,
    an_organisation_has_one_position_in_a_procedure,
    nothing_is_agreed_while_an_objection_stands,
    a_position_is_answered_and_maintained_or_withdrawn,
    two_objections_at_once_break_a_silence_once,
    only_the_organisation_speaks_for_itself,
    who_may_object_is_told_by_day,
    at_midnight_a_deadline_is_of_the_day_before_and_an_objection_of_its_own,
    under_the_chatham_house_rule_participants_read_who_said_what,
    statements_are_published_with_the_adopted_text_and_stay,
    what_is_withdrawn_is_not_published_and_what_was_stated_before_is,
    an_organisation_keeps_its_position_when_the_meeting_is_hidden,
    positions_are_in_the_feed_and_in_exports,
}

async fn an_objection_and_an_amendment_break_a_silence_at_once(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    for kind in ["OBJECTION", "AMENDMENT"] {
        let text = under_silence(&app).await;
        app.app.clock.advance(TimeDelta::hours(1));
        let stated = state(&app, &text, "OSCE", kind).await;
        assert_eq!((&stated["kind"], &stated["state"]), (&json!(kind), &json!("STATED")));
        let broken = app.reader().recommendation(&text["id"], POSITIONS).await;
        assert_eq!(broken["status"], json!("UNDER_DISCUSSION"));
        let procedure = json!({
            "id": text["procedures"][0]["id"], "outcome": "BROKEN", "closedAt": printed(app.app.clock.now()),
            "positions": [{ "id": stated["id"], "kind": kind, "state": "STATED", "organization": { "acronym": "OSCE" } }],
        });
        assert_eq!(broken["procedures"], json!([procedure]));
        app.app.clock.advance(TimeDelta::hours(100));
        assert_eq!(app.reader().recommendation(&text["id"], "status").await["status"], json!("UNDER_DISCUSSION"));
    }
}

async fn statements_reservations_and_support_never_block(app: TestApp) {
    let text = under_silence(&app).await;
    for (acronym, kind) in
        [("OSCE", "INTERPRETATIVE_STATEMENT"), ("UNICEF", "FORMAL_RESERVATION"), ("UNODC", "SUPPORT")]
    {
        member(&app, acronym, json!({ "canObject": false, "role": "OBSERVER" })).await;
        state(&app, &text, acronym, kind).await;
    }
    app.app.clock.advance(TimeDelta::hours(72));
    let agreed = app.reader().recommendation(&text["id"], POSITIONS).await;
    assert_eq!(
        (&agreed["status"], &agreed["procedures"][0]["outcome"]),
        (&json!("AGREED_IN_GROUP"), &json!("ADOPTED"))
    );
    assert_eq!(
        each(&agreed["procedures"][0]["positions"], "/kind"),
        [json!("INTERPRETATIVE_STATEMENT"), json!("FORMAL_RESERVATION"), json!("SUPPORT")]
    );
}

async fn who_has_no_mandate_that_day_says_nothing_and_who_may_not_object_does_not(app: TestApp) {
    let text = under_silence(&app).await;
    member(&app, "UNICEF", json!({ "canObject": false })).await;
    member(&app, "UNODC", json!({ "validFrom": "2026-01-16" })).await;
    member(&app, "UNOCT", json!({ "validTo": "2026-01-14" })).await;
    let before = app.feed_length().await;
    for (acronym, kind, expected) in [
        ("OSCE", "OBJECTION", "INVALID_STATE organizationId"),
        ("OSCE", "SUPPORT", "INVALID_STATE organizationId"),
        ("UNICEF", "OBJECTION", "INVALID_STATE kind"),
        ("UNICEF", "AMENDMENT", "INVALID_STATE kind"),
        ("UNODC", "OBJECTION", "INVALID_STATE organizationId"),
        ("UNOCT", "OBJECTION", "INVALID_STATE organizationId"),
    ] {
        let input = position(&app, &text, acronym, kind).await;
        assert_eq!(app.partner(acronym).refusals("statePosition", input).await, [expected], "{acronym} {kind}");
    }
    assert_eq!(app.feed_length().await, before);
    app.app.clock.advance(TimeDelta::hours(24));
    state(&app, &text, "UNODC", "OBJECTION").await;
}

async fn a_mandate_that_ends_during_the_silence_speaks_no_more(app: TestApp) {
    let text = under_silence(&app).await;
    let mandate = member(&app, "OSCE", json!({})).await;
    app.secretariat().mutate("endMandate", at_with(&mandate, json!({ "validTo": "2026-01-15" })), "id").await;
    // In Tashkent the sixteenth begins at 19:00 of the fifteenth in UTC.
    app.app.clock.advance(TimeDelta::hours(15));
    let input = position(&app, &text, "OSCE", "OBJECTION").await;
    assert_eq!(app.partner("OSCE").refusals("statePosition", input).await, ["INVALID_STATE organizationId"]);
    app.app.clock.advance(TimeDelta::hours(57));
    assert_eq!(app.reader().recommendation(&text["id"], "status").await["status"], json!("AGREED_IN_GROUP"));
}

async fn a_position_comes_before_the_deadline(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    for (moment, expected) in [(-1, "UNDER_DISCUSSION"), (0, "AGREED_IN_GROUP"), (1, "AGREED_IN_GROUP")] {
        let text = under_silence(&app).await;
        app.app.clock.advance(TimeDelta::hours(72) + TimeDelta::microseconds(moment));
        let input = position(&app, &text, "OSCE", "OBJECTION").await;
        let refusals = told(&app.partner("OSCE"), input).await;
        let is_late = expected == "AGREED_IN_GROUP";
        assert_eq!(refusals, if is_late { vec!["INVALID_STATE procedureId"] } else { Vec::new() }, "{moment}");
        assert_eq!(app.reader().recommendation(&text["id"], "status").await["status"], json!(expected));
    }
}

async fn a_position_says_why_and_an_amendment_proposes_a_text(app: TestApp) {
    let text = under_silence(&app).await;
    member(&app, "OSCE", json!({})).await;
    let given = position(&app, &text, "OSCE", "AMENDMENT").await;
    let long = rec_tests::given::text(&"a".repeat(2_001));
    let same = rec_tests::given::text("The states are invited to act");
    for (more, expected) in [
        (json!({ "proposedText": null }), vec!["REQUIRED proposedText"]),
        (json!({ "text": null }), vec!["REQUIRED text"]),
        (json!({ "text": null, "proposedText": null }), vec!["REQUIRED text", "REQUIRED proposedText"]),
        (json!({ "kind": "OBJECTION" }), vec!["INVALID proposedText"]),
        (json!({ "proposedText": same }), vec!["INVALID proposedText"]),
        (
            json!({ "text": long, "proposedText": [] }),
            vec!["TOO_LONG text.0.text", "TOO_LONG text.1.text", "REQUIRED proposedText"],
        ),
        (
            json!({ "procedureId": "prc_1", "organizationId": "org_1" }),
            vec!["NOT_FOUND procedureId", "NOT_FOUND organizationId"],
        ),
        (json!({ "procedureId": "prc_019bbfcf6a0077698c47dd2282e2bc9f" }), vec!["NOT_FOUND procedureId"]),
    ] {
        let input = with(given.clone(), more.clone());
        assert_eq!(app.secretariat().refusals("statePosition", input).await, expected, "{more}");
    }
    assert_eq!(app.secretariat().recommendation(&text["id"], "positions { id }").await["positions"], json!([]));
    let support = json!({ "kind": "SUPPORT", "text": null, "proposedText": null });
    let support = app
        .secretariat()
        .mutate("statePosition", with(given.clone(), support), "id version text diff { locale }")
        .await;
    assert_eq!(support["diff"], json!([]));
    app.secretariat().mutate("withdrawPosition", at(&support), "id").await;
    let said = app.partner("OSCE").mutate("statePosition", given, "diff { locale segments { kind text } }").await;
    let piece = |kind: &str, words: &str| json!({ "kind": kind, "text": words });
    let english = json!([piece("KEPT", "The states are invited to act"), piece("INSERTED", " in time")]);
    assert_eq!(said["diff"][0], json!({ "locale": "EN", "segments": english }));
}

async fn an_organisation_has_one_position_in_a_procedure(app: TestApp) {
    let text = under_silence(&app).await;
    member(&app, "OSCE", json!({})).await;
    let support = state(&app, &text, "OSCE", "SUPPORT").await;
    let objection = position(&app, &text, "OSCE", "OBJECTION").await;
    let osce = app.partner("OSCE");
    assert_eq!(osce.refusals("statePosition", objection.clone()).await, ["ALREADY_EXISTS organizationId"]);
    osce.mutate("withdrawPosition", at(&support), "state").await;
    assert_eq!(app.reader().recommendation(&text["id"], "status").await["status"], json!("UNDER_SILENCE"));
    osce.mutate("statePosition", objection, "state").await;
    let broken = app.reader().recommendation(&text["id"], "status positions { kind state }").await;
    let positions = json!([{ "kind": "SUPPORT", "state": "WITHDRAWN" }, { "kind": "OBJECTION", "state": "STATED" }]);
    assert_eq!(broken, json!({ "status": "UNDER_DISCUSSION", "positions": positions }));
}

async fn nothing_is_agreed_while_an_objection_stands(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let text = under_silence_at(&app, &meeting).await;
    let objection = state(&app, &text, "OSCE", "OBJECTION").await;
    let now = app.reader().recommendation(&text["id"], "id version").await;
    let at_meeting = at_with(&now, json!({ "meetingId": meeting["id"] }));
    let secretariat = app.secretariat();
    for mutation in ["openSilence", "recordAgreement"] {
        assert_eq!(secretariat.refusals(mutation, at_meeting.clone()).await, ["INVALID_STATE id"], "{mutation}");
    }
    // A revised text is another one; and who takes an objection back lets the group agree on the same one.
    let revised = at_with(&now, json!({ "text": rec_tests::given::text("Other") }));
    let revised = secretariat.mutate("reviseRecommendation", revised, "id version").await;
    let again = at_with(&revised, json!({ "meetingId": meeting["id"] }));
    let again = secretariat.mutate("openSilence", again, POSITIONS).await;
    secretariat.mutate("withdrawSilence", at(&again), "id").await;
    app.partner("OSCE").mutate("withdrawPosition", at(&objection), "state").await;

    let text = under_silence_at(&app, &meeting).await;
    let objection = state(&app, &text, "OSCE", "OBJECTION").await;
    app.partner("OSCE").mutate("withdrawPosition", at(&objection), "state").await;
    let still = app.reader().recommendation(&text["id"], "id version status procedures { outcome }").await;
    assert_eq!((&still["status"], &still["procedures"][0]["outcome"]), (&json!("UNDER_DISCUSSION"), &json!("BROKEN")));
    let at_meeting = at_with(&still, json!({ "meetingId": meeting["id"] }));
    let agreed = secretariat.mutate("recordAgreement", at_meeting, "status").await;
    assert_eq!(agreed["status"], json!("AGREED_IN_GROUP"));
}

async fn a_position_is_answered_and_maintained_or_withdrawn(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    app.mandate("OSCE-PCUZ", "WG-A", "CHAIR").await;
    let (osce, chair, secretariat) = (app.partner("OSCE"), app.partner("OSCE-PCUZ"), app.secretariat());
    let text = under_silence(&app).await;
    let objection = state(&app, &text, "OSCE", "OBJECTION").await;
    assert_eq!(osce.refusals("maintainPosition", at(&objection)).await, ["INVALID_STATE id"]);
    let answer = |to: &Value| at_with(to, json!({ "answer": rec_tests::given::text("It begins next year") }));
    let shown = "id version state answer answeredAt answeredBy { acronym } maintainedAt withdrawnAt";
    let answered = chair.mutate("answerPosition", answer(&objection), shown).await;
    let now = printed(app.app.clock.now());
    let expected = json!({
        "id": objection["id"], "version": 2, "state": "ANSWERED", "answer": "It begins next year", "answeredAt": now,
        "answeredBy": { "acronym": "OSCE-PCUZ" }, "maintainedAt": null, "withdrawnAt": null,
    });
    assert_eq!(answered, expected);
    assert_eq!(chair.refusals("answerPosition", answer(&answered)).await, ["INVALID_STATE id"]);
    let maintained = osce.mutate("maintainPosition", at(&answered), shown).await;
    assert_eq!((&maintained["state"], &maintained["maintainedAt"]), (&json!("MAINTAINED"), &json!(now)));
    assert_eq!(osce.refusals("maintainPosition", at(&maintained)).await, ["INVALID_STATE id"]);
    assert_eq!(osce.refusals("withdrawPosition", at(&answered)).await, ["CONFLICT expectedVersion"]);
    let withdrawn = osce.mutate("withdrawPosition", at(&maintained), shown).await;
    assert_eq!((&withdrawn["state"], &withdrawn["maintainedAt"]), (&json!("WITHDRAWN"), &Value::Null));
    for mutation in ["withdrawPosition", "maintainPosition"] {
        assert_eq!(osce.refusals(mutation, at(&withdrawn)).await, ["INVALID_STATE id"]);
    }
    assert_eq!(secretariat.refusals("answerPosition", answer(&withdrawn)).await, ["INVALID_STATE id"]);
}

async fn two_objections_at_once_break_a_silence_once(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    member(&app, "UNICEF", json!({})).await;
    let text = under_silence(&app).await;
    let (one, other) =
        (position(&app, &text, "OSCE", "OBJECTION").await, position(&app, &text, "UNICEF", "AMENDMENT").await);
    let (osce, unicef) = (app.partner("OSCE"), app.partner("UNICEF"));
    let (one, other) = tokio::join!(told(&osce, one), told(&unicef, other));
    let mut refusals = [one, other].concat();
    assert_eq!(refusals.pop().as_deref(), Some("INVALID_STATE procedureId"));
    assert_eq!(refusals.len(), 0);
    let broken = app.reader().recommendation(&text["id"], POSITIONS).await;
    assert_eq!(
        (&broken["status"], &broken["procedures"][0]["outcome"]),
        (&json!("UNDER_DISCUSSION"), &json!("BROKEN"))
    );
    assert_eq!(each(&broken["procedures"][0]["positions"], "/state"), [json!("STATED")]);
}

async fn only_the_organisation_speaks_for_itself(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    member(&app, "UNICEF", json!({})).await;
    let text = under_silence(&app).await;
    let input = position(&app, &text, "OSCE", "OBJECTION").await;
    let (osce, unicef) = (app.partner("OSCE"), app.partner("UNICEF"));
    assert_eq!(unicef.mutation_error("statePosition", input.clone()).await, "FORBIDDEN");
    assert_eq!(app.reader().mutation_error("statePosition", input.clone()).await, "FORBIDDEN");
    let stated = osce.mutate("statePosition", input, "id version").await;
    assert_eq!(unicef.mutation_error("withdrawPosition", at(&stated)).await, "FORBIDDEN");
    let answer = at_with(&stated, json!({ "answer": rec_tests::given::text("No") }));
    assert_eq!(osce.mutation_error("answerPosition", answer).await, "FORBIDDEN");
}

async fn who_may_object_is_told_by_day(app: TestApp) {
    // Opened on the fifteenth, with a deadline on the eighteenth.
    for (acronym, from, to, can_object) in [
        ("OSCE", "2026-01-18", Value::Null, true),
        ("UNICEF", "2026-01-19", Value::Null, true),
        ("UNODC", "2026-01-01", json!("2026-01-15"), true),
        ("UNOCT", "2026-01-01", json!("2026-01-14"), true),
        ("UNRCCA", "2026-01-01", Value::Null, false),
    ] {
        member(&app, acronym, json!({ "validFrom": from, "validTo": to, "canObject": can_object })).await;
    }
    let text = under_silence(&app).await;
    let may_object = async || {
        let found =
            app.reader().recommendation(&text["id"], "procedures { mayObject { organization { acronym } } }").await;
        each(&found["procedures"][0]["mayObject"], "/organization/acronym")
    };
    assert_eq!(may_object().await, [json!("UNODC"), json!("OSCE")], "in the order in which they begin");
    app.app.clock.advance(TimeDelta::hours(1));
    let now = app.secretariat().recommendation(&text["id"], "id version").await;
    app.secretariat().mutate("withdrawSilence", at(&now), "id").await;
    assert_eq!(may_object().await, [json!("UNODC")], "it ended on the day on which it began");
}

async fn at_midnight_a_deadline_is_of_the_day_before_and_an_objection_of_its_own(app: TestApp) {
    // Midnight in Tashkent is 19:00 in UTC, fifteen hours after the tests begin.
    member(&app, "OSCE", json!({ "validFrom": "2026-01-17" })).await;
    app.app.clock.advance(TimeDelta::hours(1));
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let may_object = async |text: &Value| {
        let found = app.reader().recommendation(&text["id"], "procedures { mayObject { id } }").await;
        found["procedures"][0]["mayObject"].as_array().unwrap().len()
    };
    let silence = async |deadline: &str| {
        let input = json!({ "meetingId": meeting["id"], "deadline": deadline });
        let input = at_with(&app.under_discussion("WG-A").await, input);
        app.secretariat().mutate("openSilence", input, POSITIONS).await
    };
    assert_eq!(may_object(&silence("2026-01-16T19:00:00Z").await).await, 0);
    let text = silence("2026-01-18T19:00:00Z").await;
    app.app.clock.advance(TimeDelta::hours(38));
    state(&app, &text, "OSCE", "OBJECTION").await;
    assert_eq!(may_object(&text).await, 1);
}

async fn under_the_chatham_house_rule_participants_read_who_said_what(app: TestApp) {
    for acronym in ["OSCE", "UNICEF", "UNODC"] {
        member(&app, acronym, json!({})).await;
    }
    let meeting = app.concluded_meeting_with(&["WG-A"], json!({ "chathamHouse": true })).await;
    let part = json!({
        "meetingId": meeting["id"], "organizationId": app.organization("UNICEF").await, "capacity": "DELEGATE",
        "attendance": "PRESENT",
    });
    app.secretariat().mutate("recordParticipation", part, "id").await;
    let text = under_silence_at(&app, &meeting).await;
    let stated = state(&app, &text, "OSCE", "OBJECTION").await;
    let selection = "positions { id } procedures { outcome positions { id } }";
    let seen = async |client: &Client| {
        let found = client.recommendation(&text["id"], selection).await;
        let node = client.query(&format!("{{ node(id: {}) {{ id }} }}", stated["id"])).await["node"].clone();
        assert_eq!(found["procedures"][0]["outcome"], json!("BROKEN"));
        assert_eq!(found["positions"], found["procedures"][0]["positions"]);
        assert_eq!(node.is_null(), found["positions"] == json!([]));
        !node.is_null()
    };
    let partner = async |acronym: &str| app.partner(acronym);
    assert!(seen(&partner("OSCE").await).await, "its own");
    assert!(seen(&partner("UNICEF").await).await, "a participant");
    assert!(!seen(&partner("UNODC").await).await, "not there");
    assert!(!seen(&app.reader()).await);
    assert!(seen(&app.secretariat()).await);
    // If the rule no longer holds, its readers read it; and the other way round.
    let set = async |chatham_house: bool| {
        let query = format!("{{ meeting(by: {{ id: {} }}) {{ id version }} }}", meeting["id"]);
        let meeting = app.secretariat().query(&query).await["meeting"].take();
        let input = at_with(&meeting, json!({ "chathamHouse": chatham_house }));
        app.secretariat().mutate("updateMeeting", input, "id").await;
    };
    set(false).await;
    assert!(seen(&app.reader()).await);
    set(true).await;
    assert!(!seen(&app.reader()).await);
}

async fn statements_are_published_with_the_adopted_text_and_stay(app: TestApp) {
    for acronym in ["OSCE", "UNICEF", "UNODC"] {
        member(&app, acronym, json!({})).await;
    }
    app.mandate("ISRS", "EC", "CHAIR").await;
    let hidden = json!({ "chathamHouse": true, "sensitivity": "PARTICIPANTS_ONLY" });
    let meeting = app.concluded_meeting_with(&["WG-A"], hidden).await;
    let text = under_silence_at(&app, &meeting).await;
    let statement = state(&app, &text, "OSCE", "INTERPRETATIVE_STATEMENT").await;
    state(&app, &text, "UNICEF", "FORMAL_RESERVATION").await;
    state(&app, &text, "UNODC", "SUPPORT").await;
    app.app.clock.advance(TimeDelta::hours(72));
    let kinds = async |client: &Client| {
        each(&client.recommendation(&text["id"], "positions { kind }").await["positions"], "/kind")
    };
    assert_eq!(kinds(&app.reader()).await, Vec::<Value>::new());
    let agreed = app.secretariat().recommendation(&text["id"], "id version").await;
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    app.app.clock.advance(TimeDelta::hours(24));
    let committee = app.concluded_meeting_with(&["EC"], json!({ "startsOn": "2026-01-18" })).await;
    // The chair of the committee does not see the positions that it publishes.
    let input = at_with(&submitted, json!({ "meetingId": committee["id"], "noPersonalData": true }));
    app.partner("ISRS").mutate("adoptRecommendation", input, "label").await;
    let published = [json!("INTERPRETATIVE_STATEMENT"), json!("FORMAL_RESERVATION")];
    assert_eq!(kinds(&app.anonymous()).await, published);
    let found = app
        .anonymous()
        .recommendation(&text["id"], "procedures { body { code } } positions { procedure { id } text }")
        .await;
    assert_eq!(found["procedures"], json!([{ "body": { "code": "EC" } }]));
    let shown = json!({ "procedure": null, "text": "It is too early" });
    assert_eq!(found["positions"], json!([shown.clone(), shown]));
    let line = app.anonymous().export("?types=POSITION").await.into_iter().find(|line| line["id"] == statement["id"]);
    assert_eq!(line.unwrap()["procedureId"], Value::Null);
    let now = app
        .secretariat()
        .query(&format!("{{ node(id: {}) {{ ... on Position {{ id version }} }} }}", statement["id"]))
        .await;
    assert_eq!(app.partner("OSCE").refusals("withdrawPosition", at(&now["node"])).await, ["INVALID_STATE id"]);
}

async fn what_is_withdrawn_is_not_published_and_what_was_stated_before_is(app: TestApp) {
    for acronym in ["OSCE", "UNICEF", "UNODC"] {
        member(&app, acronym, json!({})).await;
    }
    let meeting = app.concluded_meeting_with(&["WG-A"], json!({ "chathamHouse": true })).await;
    let text = under_silence_at(&app, &meeting).await;
    state(&app, &text, "OSCE", "FORMAL_RESERVATION").await;
    let taken_back = state(&app, &text, "UNICEF", "INTERPRETATIVE_STATEMENT").await;
    let objection = state(&app, &text, "UNODC", "OBJECTION").await;
    app.partner("UNICEF").mutate("withdrawPosition", at(&taken_back), "state").await;
    app.partner("UNODC").mutate("withdrawPosition", at(&objection), "state").await;
    // The silence is broken, and the group agrees on the same revision in the room.
    let now = app.secretariat().recommendation(&text["id"], "id version").await;
    let input = at_with(&now, json!({ "meetingId": meeting["id"] }));
    let agreed = app.secretariat().mutate("recordAgreement", input, "id version").await;
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    app.adopt(&submitted, &app.concluded_meeting(&["EC"]).await).await;
    let published = app.anonymous().recommendation(&text["id"], "positions { kind organization { acronym } }").await;
    let reservation = json!({ "kind": "FORMAL_RESERVATION", "organization": { "acronym": "OSCE" } });
    assert_eq!(published["positions"], json!([reservation]));
}

async fn an_organisation_keeps_its_position_when_the_meeting_is_hidden(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let text = under_silence_at(&app, &meeting).await;
    let hide = async || {
        let query = format!("{{ meeting(by: {{ id: {} }}) {{ id version }} }}", meeting["id"]);
        let meeting = app.secretariat().query(&query).await["meeting"].take();
        let input = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
        let payload = app.secretariat().payload("updateMeeting", input, "id").await;
        payload.pointer("/userErrors/0/path").cloned().unwrap_or_default()
    };
    assert_eq!(hide().await, json!(["sensitivity"]), "who may object sees the silence");
    let objection = state(&app, &text, "OSCE", "OBJECTION").await;
    assert_eq!(hide().await, Value::Null);
    let positions =
        async |client: &Client| client.recommendation(&text["id"], "positions { id procedure { id } }").await;
    assert_eq!(positions(&app.reader()).await["positions"], json!([]));
    let own = json!([{ "id": objection["id"], "procedure": null }]);
    assert_eq!(positions(&app.partner("OSCE")).await["positions"], own);
    let query = format!("{{ node(id: {}) {{ ... on Position {{ id version }} }} }}", objection["id"]);
    let now = app.secretariat().query(&query).await["node"].take();
    app.partner("OSCE").mutate("withdrawPosition", at(&now), "state").await;
}

async fn positions_are_in_the_feed_and_in_exports(app: TestApp) {
    member(&app, "OSCE", json!({})).await;
    let text = under_silence(&app).await;
    let cursor = app.reader().query("{ feedHead }").await["feedHead"].clone();
    let stated = state(&app, &text, "OSCE", "OBJECTION").await;
    let query = "query($after: String) { changes(after: $after) { edges { recordId kind } } }";
    let told = app.reader().query_with(query, json!({ "after": cursor })).await["changes"]["edges"].take();
    let expected = [
        json!({ "recordId": stated["id"], "kind": "CREATED" }),
        json!({ "recordId": text["procedures"][0]["id"], "kind": "UPDATED" }),
        json!({ "recordId": text["id"], "kind": "UPDATED" }),
    ];
    let sorted = |edges: &[Value]| edges.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(sorted(told.as_array().unwrap()), sorted(&expected));
    let lines = app.reader().export("?types=POSITION").await;
    let line = lines.iter().find(|line| line["id"] == stated["id"]).unwrap();
    assert_eq!((&line["kind"], &line["state"], &line["answer"]), (&json!("OBJECTION"), &json!("STATED"), &Value::Null));
    assert_eq!((&line["procedureId"], &line["recommendationId"]), (&text["procedures"][0]["id"], &text["id"]));
}
