//! How a body comes to a text: silences that elapse, that are withdrawn, and what is recorded in the room.

use chrono::TimeDelta;
use rec_api::server;
use rec_api::service::recommendation::silence::{record_elapsed, settle};
use rec_tests::given::{at, at_with, each, printed, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const PROCEDURES: &str = "id version status agreedAt { id } procedures { id mode outcome openedAt deadline closedAt \
    version revision { number } body { code } meeting { id } }";

async fn read(app: &TestApp, id: &Value, selection: &str) -> Value {
    app.secretariat().recommendation(id, selection).await
}

async fn open(app: &TestApp, text: &Value, meeting: &Value, more: Value) -> Value {
    let input = with(at_with(text, json!({ "meetingId": meeting["id"] })), more);
    app.secretariat().mutate("openSilence", input, PROCEDURES).await
}

/// A text of WG-A under a silence of the usual length, and the meeting at which it was opened.
async fn under_silence(app: &TestApp) -> (Value, Value) {
    let text = app.under_discussion("WG-A").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    (open(app, &text, &meeting, json!({})).await, meeting)
}

/// Takes a text under discussion to the Executive Committee.
async fn agree_and_submit(app: &TestApp, text: &Value, meeting: &Value) -> Value {
    let secretariat = app.secretariat();
    let agreed = at_with(text, json!({ "meetingId": meeting["id"] }));
    let agreed = secretariat.mutate("recordAgreement", agreed, "id version").await;
    secretariat.mutate("submitToExecutiveCommittee", at(&agreed), "id version").await
}

fn advance(app: &TestApp, by: TimeDelta) -> String {
    app.app.clock.advance(by);
    printed(app.app.clock.now())
}

on_both_databases! {
    a_silence_is_over_at_its_deadline_for_every_reader,
    a_silence_that_elapses_is_told_once_with_its_deadline_as_its_time,
    a_text_under_silence_is_not_touched,
    a_silence_is_withdrawn_and_opened_again,
    a_deadline_is_a_day_away,
    a_silence_of_a_body_that_is_not_active_lapses,
    a_silence_that_elapsed_while_nothing_ran_is_recorded_at_the_start,
    two_processes_record_a_silence_once,
    whoever_comes_late_reads_what_another_process_has_recorded,
    a_meeting_keeps_the_session_of_a_silence,
    a_text_is_not_adopted_before_its_silence_is_over,
    what_a_body_has_in_the_room_is_a_procedure,
    a_procedure_is_seen_by_those_who_see_its_revision_and_its_meeting,
    procedures_are_listed_found_and_exported,
    whoever_sees_a_position_is_told_that_its_procedure_is_hidden,
    an_organisation_states_so_many_positions_and_only_while_it_is_active,
}

async fn a_silence_is_over_at_its_deadline_for_every_reader(app: TestApp) {
    let opened_at = printed(app.app.clock.now());
    let (text, meeting) = under_silence(&app).await;
    let deadline = printed(app.app.clock.now() + TimeDelta::hours(72));
    let pending = json!({
        "id": text["procedures"][0]["id"], "mode": "SILENCE", "outcome": "PENDING", "openedAt": opened_at,
        "deadline": deadline, "closedAt": null, "version": 1, "revision": { "number": 1 }, "body": { "code": "WG-A" },
        "meeting": { "id": meeting["id"] },
    });
    assert_eq!((&text["status"], &text["agreedAt"]), (&json!("UNDER_SILENCE"), &Value::Null));
    assert_eq!(text["procedures"], json!([pending]));
    advance(&app, TimeDelta::hours(72) - TimeDelta::microseconds(1));
    assert_eq!(read(&app, &text["id"], PROCEDURES).await, text, "a moment before");
    assert_eq!(advance(&app, TimeDelta::microseconds(1)), deadline);
    let list = "{ recommendations(filter: { status: { eq: AGREED_IN_GROUP } }) { nodes { id } } }";
    assert_eq!(each(&app.reader().query(list).await["recommendations"]["nodes"], "/id"), [text["id"].clone()]);
    let agreed = read(&app, &text["id"], PROCEDURES).await;
    assert_eq!((&agreed["status"], &agreed["agreedAt"]), (&json!("AGREED_IN_GROUP"), &json!({ "id": meeting["id"] })));
    let procedure = &agreed["procedures"][0];
    assert_eq!((&procedure["outcome"], &procedure["closedAt"]), (&json!("ADOPTED"), &json!(deadline)));
}

async fn a_silence_that_elapses_is_told_once_with_its_deadline_as_its_time(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    let deadline = printed(app.app.clock.now() + TimeDelta::hours(72));
    let before = app.feed_length().await;
    advance(&app, TimeDelta::hours(100));
    let reader = app.reader();
    let cursor = reader.query("{ feedHead }").await["feedHead"].clone();
    assert_eq!(app.feed_length().await - before, 2, "the text and its procedure");
    for _ in 0..2 {
        settle(&app.app).await;
        record_elapsed(&app.app).await.unwrap();
    }
    assert_eq!(reader.query("{ feedHead }").await["feedHead"], cursor);
    let agreed = read(&app, &text["id"], "updatedAt version procedures { updatedAt version }").await;
    assert_eq!(agreed["updatedAt"], json!(deadline));
    assert_eq!(agreed["procedures"], json!([{ "updatedAt": deadline, "version": 2 }]));
    assert_eq!(agreed["version"].as_i64(), text["version"].as_i64().map(|version| version + 1));
}

async fn a_text_under_silence_is_not_touched(app: TestApp) {
    let (under_silence, meeting) = under_silence(&app).await;
    let before = app.feed_length().await;
    let at_meeting = json!({ "meetingId": meeting["id"] });
    for (mutation, more) in [
        ("reviseRecommendation", json!({ "text": text_of("Another") })),
        ("setAddressees", json!({ "addressees": [] })),
        ("openSilence", at_meeting.clone()),
        ("recordAgreement", at_meeting.clone()),
        ("recordNoConsensus", at_meeting),
        ("withdrawRecommendation", json!({})),
        ("submitToExecutiveCommittee", json!({})),
        ("openDiscussion", json!({})),
    ] {
        let refusals = app.secretariat().refusals(mutation, at_with(&under_silence, more)).await;
        assert_eq!(refusals, ["INVALID_STATE id"], "{mutation}");
    }
    assert_eq!(app.feed_length().await, before);
    // A moment later the body has agreed: the same version is of the past.
    advance(&app, TimeDelta::hours(72));
    let refusals = app.secretariat().refusals("withdrawSilence", at(&under_silence)).await;
    assert_eq!(refusals, ["CONFLICT expectedVersion"]);
    let agreed = read(&app, &under_silence["id"], "id version").await;
    assert_eq!(app.secretariat().refusals("withdrawSilence", at(&agreed)).await, ["INVALID_STATE id"]);
    app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "status").await;
}

async fn a_silence_is_withdrawn_and_opened_again(app: TestApp) {
    let (text, meeting) = under_silence(&app).await;
    let withdrawn_at = advance(&app, TimeDelta::hours(1));
    let text = app.secretariat().mutate("withdrawSilence", at(&text), PROCEDURES).await;
    assert_eq!((&text["status"], &text["agreedAt"]), (&json!("UNDER_DISCUSSION"), &Value::Null));
    let first = &text["procedures"][0];
    assert_eq!((&first["outcome"], &first["closedAt"]), (&json!("WITHDRAWN"), &json!(withdrawn_at)));
    let revised = app.secretariat();
    let text =
        revised.mutate("reviseRecommendation", at_with(&text, json!({ "text": text_of("Other") })), "id version").await;
    let deadline = printed(app.app.clock.now() + TimeDelta::hours(24));
    let text = open(&app, &text, &meeting, json!({ "deadline": deadline })).await;
    let found = each(&text["procedures"], "/outcome");
    assert_eq!(found, [json!("WITHDRAWN"), json!("PENDING")]);
    assert_eq!(text["procedures"][1]["revision"], json!({ "number": 2 }));
    advance(&app, TimeDelta::hours(24));
    assert_eq!(read(&app, &text["id"], "status").await["status"], json!("AGREED_IN_GROUP"));
    advance(&app, TimeDelta::hours(48));
    assert_eq!(
        each(&read(&app, &text["id"], PROCEDURES).await["procedures"], "/outcome"),
        [json!("WITHDRAWN"), json!("ADOPTED")]
    );
}

async fn a_deadline_is_a_day_away(app: TestApp) {
    let text = app.under_discussion("WG-A").await;
    let (meeting, other) = (app.concluded_meeting(&["WG-A"]).await, app.concluded_meeting(&["WG-B"]).await);
    let planned = app.planned_meeting(json!({})).await;
    let hidden = app.concluded_meeting_with(&["WG-A"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let (now, before) = (app.app.clock.now(), app.feed_length().await);
    let early = printed(now + TimeDelta::hours(24) - TimeDelta::microseconds(1));
    for (meeting, deadline, expected) in [
        (&meeting, json!(early), vec!["INVALID deadline"]),
        (&meeting, json!(printed(now - TimeDelta::hours(1))), vec!["INVALID deadline"]),
        (&other, json!(early), vec!["INVALID_STATE meetingId", "INVALID deadline"]),
        (&planned, Value::Null, vec!["INVALID_STATE meetingId", "INVALID_STATE meetingId"]),
        (&hidden, Value::Null, vec!["INVALID_STATE meetingId"]),
    ] {
        let input = at_with(&text, json!({ "meetingId": meeting["id"], "deadline": deadline }));
        assert_eq!(app.secretariat().refusals("openSilence", input).await, expected, "{deadline}");
    }
    assert_eq!(app.feed_length().await, before);
    let stays = read(&app, &text["id"], "status procedures { id }").await;
    assert_eq!(stays, json!({ "status": "UNDER_DISCUSSION", "procedures": [] }));
}

async fn a_silence_of_a_body_that_is_not_active_lapses(app: TestApp) {
    let other = app.under_discussion("WG-A").await;
    let (text, _) = under_silence(&app).await;
    let body = app.secretariat().query("{ body(by: { code: \"WG-A\" }) { id version } }").await["body"].take();
    let inactive = at_with(&body, json!({ "active": false }));
    app.secretariat().mutate("updateBody", inactive, "active").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let other = at_with(&other, json!({ "meetingId": meeting["id"] }));
    assert_eq!(app.secretariat().refusals("openSilence", other).await, ["INVALID_STATE id"]);
    advance(&app, TimeDelta::hours(72));
    let text = read(&app, &text["id"], "status agreedAt { id } procedures { outcome }").await;
    assert_eq!(
        text,
        json!({ "status": "UNDER_DISCUSSION", "agreedAt": null, "procedures": [{ "outcome": "LAPSED" }] })
    );
}

async fn a_silence_that_elapsed_while_nothing_ran_is_recorded_at_the_start(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    let deadline = app.app.clock.now() + TimeDelta::hours(72);
    let later = rec_api::clock::Clock::fixed(deadline + TimeDelta::hours(1000));
    let started = server::connect(app.app.config.clone(), later).await.unwrap();
    let recorded = read(&app, &text["id"], "status updatedAt").await;
    assert_eq!(recorded, json!({ "status": "AGREED_IN_GROUP", "updatedAt": printed(deadline) }));
    started.close().await;
}

async fn two_processes_record_a_silence_once(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    let deadline = app.app.clock.now() + TimeDelta::hours(72);
    let others = async || {
        let before = rec_api::clock::Clock::fixed(deadline - TimeDelta::hours(1));
        server::connect(app.app.config.clone(), before).await.unwrap()
    };
    let (one, other) = (others().await, others().await);
    let before = app.feed_length().await;
    for process in [&one, &other] {
        process.clock.advance(TimeDelta::hours(1));
    }
    advance(&app, TimeDelta::hours(72));
    tokio::join!(settle(&one), settle(&other), settle(&app.app));
    assert_eq!(app.feed_length().await - before, 2);
    assert_eq!(read(&app, &text["id"], "status").await["status"], json!("AGREED_IN_GROUP"));
    one.close().await;
    other.close().await;
}

async fn whoever_comes_late_reads_what_another_process_has_recorded(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    let late = app.second_with(|config| config.limits.response_cache = 1 << 20).await;
    let status = async || read(&late, &text["id"], "status").await["status"].take();
    for _ in 0..2 {
        assert_eq!(status().await, json!("UNDER_SILENCE"), "kept, the second time");
    }
    // Both have the same clock; the first one records it, and the other one does not hear of that.
    advance(&app, TimeDelta::hours(72));
    settle(&app.app).await;
    late.app.clock.advance(TimeDelta::hours(72));
    assert_eq!(status().await, json!("AGREED_IN_GROUP"));
}

async fn a_meeting_keeps_the_session_of_a_silence(app: TestApp) {
    let secretariat = app.secretariat();
    let session = |body: String| json!([{ "bodyId": body }]);
    let (ours, others) = (session(app.body("WG-A").await), session(app.body("WG-B").await));
    let meeting = app.planned_meeting(json!({ "startsOn": "2026-01-15", "sessions": ours })).await;
    let meeting = secretariat.mutate("confirmMeeting", at(&meeting), "id version").await;
    let meeting = secretariat.mutate("openMeeting", at(&meeting), "id version").await;
    let text = open(&app, &app.under_discussion("WG-A").await, &meeting, json!({})).await;
    let set = at_with(&meeting, json!({ "sessions": others }));
    assert_eq!(secretariat.refusals("setBodySessions", set.clone()).await, ["INVALID_STATE sessions"]);
    let row = json!({
        "id": meeting["id"], "kind": "WORKING_GROUP", "title": text_of("A meeting"), "modality": "IN_PERSON",
        "startsOn": "2026-01-15", "sessions": others,
    });
    let told = secretariat.upsert("upsertMeetings", json!({ "rows": [row], "matchBy": "ID" }), "id").await;
    assert_eq!(told["rows"][0]["userErrors"][0]["path"], json!(["rows", "0", "sessions"]));
    secretariat.mutate("withdrawSilence", at(&text), "id").await;
    secretariat.mutate("setBodySessions", set, "id").await;
}

async fn a_text_is_not_adopted_before_its_silence_is_over(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    advance(&app, TimeDelta::hours(72));
    let agreed = read(&app, &text["id"], "id version").await;
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    // The silence was over on the eighteenth; the committee met from the seventeenth on.
    let committee = json!({ "startsOn": "2026-01-17", "endsOn": "2026-01-18" });
    let committee = app.concluded_meeting_with(&["EC"], committee);
    app.app.clock.advance(TimeDelta::hours(24));
    let committee = committee.await;
    let adopt = |day: &str| {
        at_with(&submitted, json!({ "meetingId": committee["id"], "noPersonalData": true, "adoptedOn": day }))
    };
    assert_eq!(app.secretariat().refusals("adoptRecommendation", adopt("2026-01-17")).await, ["INVALID adoptedOn"]);
    app.secretariat().mutate("adoptRecommendation", adopt("2026-01-18"), "label").await;
}

async fn what_a_body_has_in_the_room_is_a_procedure(app: TestApp) {
    let text = app.under_discussion("WG-A").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let at_meeting = json!({ "meetingId": meeting["id"] });
    let text = app.secretariat().mutate("recordNoConsensus", at_with(&text, at_meeting), PROCEDURES).await;
    assert_eq!((&text["status"], &text["agreedAt"]), (&json!("NO_CONSENSUS"), &Value::Null));
    let more = json!({ "text": text_of("Other") });
    let text = app.secretariat().mutate("reviseRecommendation", at_with(&text, more), "id version").await;
    let agreed = agree_and_submit(&app, &text, &meeting).await;
    let plenary = app.concluded_meeting(&["EC", "PL"]).await;
    let adopted = app.adopt(&agreed, &plenary).await;
    let procedures = read(&app, &adopted["id"], PROCEDURES).await["procedures"].take();
    let procedures = procedures.as_array().unwrap();
    let said = |one: &Value| json!([one["mode"], one["outcome"], one["revision"]["number"], one["body"]["code"]]);
    let expected = json!([
        ["IN_MEETING", "BROKEN", 1, "WG-A"],
        ["IN_MEETING", "ADOPTED", 2, "WG-A"],
        ["IN_MEETING", "ADOPTED", 2, "EC"],
    ]);
    assert_eq!(Value::from(procedures.iter().map(said).collect::<Vec<_>>()), expected);
    assert_eq!(procedures[2]["meeting"]["id"], plenary["id"]);
    assert!(procedures.iter().all(|one| one["closedAt"] == one["openedAt"] && one["deadline"].is_null()));
}

async fn a_procedure_is_seen_by_those_who_see_its_revision_and_its_meeting(app: TestApp) {
    let text = app.under_discussion("WG-A").await;
    let hidden = app.concluded_meeting_with(&["WG-A"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let text = app
        .secretariat()
        .mutate("recordNoConsensus", at_with(&text, json!({ "meetingId": hidden["id"] })), "id version")
        .await;
    let more = json!({ "text": text_of("Other") });
    let text = app.secretariat().mutate("reviseRecommendation", at_with(&text, more), "id version").await;
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let seen = async |client: &rec_tests::client::Client| {
        let query = format!(
            "{{ recommendation(by: {{ id: {} }}) {{ procedures {{ outcome }} }} consensusProcedures {{ totalCount }} }}",
            text["id"]
        );
        let found = client.query(&query).await;
        (
            found["recommendation"]["procedures"].as_array().map_or(0, Vec::len),
            found["consensusProcedures"]["totalCount"].as_i64().unwrap(),
        )
    };
    let (anonymous, reader) = (app.anonymous(), app.reader());
    assert_eq!(seen(&reader).await, (0, 0), "its meeting is confidential");
    assert_eq!(seen(&app.secretariat()).await, (1, 1));
    let submitted = agree_and_submit(&app, &text, &meeting).await;
    assert_eq!(seen(&anonymous).await, (0, 0));
    assert_eq!(seen(&reader).await, (1, 1));
    app.adopt(&submitted, &meeting).await;
    assert_eq!(seen(&anonymous).await, (2, 2), "that of the group is published with the text");
    assert_eq!(seen(&reader).await, (2, 2));
    // The first one is on an earlier revision: if its meeting is opened, it stays with those who could read that one.
    let set = async |meeting: &Value, sensitivity: &str| {
        let found =
            app.secretariat().query(&format!("{{ meeting(by: {{ id: {} }}) {{ id version }} }}", meeting["id"])).await;
        let input = at_with(&found["meeting"], json!({ "sensitivity": sensitivity }));
        app.secretariat().mutate("updateMeeting", input, "sensitivity").await;
    };
    set(&hidden, "PUBLIC").await;
    assert_eq!((seen(&anonymous).await, seen(&reader).await), ((2, 2), (3, 3)));
    set(&meeting, "PARTICIPANTS_ONLY").await;
    assert_eq!((seen(&anonymous).await, seen(&reader).await), ((0, 0), (3, 3)));
    set(&meeting, "CONFIDENTIAL").await;
    assert_eq!(seen(&reader).await, (1, 1));
    assert_eq!(seen(&app.secretariat()).await, (3, 3));
}

async fn procedures_are_listed_found_and_exported(app: TestApp) {
    let (text, _) = under_silence(&app).await;
    let procedure = &text["procedures"][0];
    let query = format!(
        "{{ node(id: {0}) {{ ... on ConsensusProcedure {{ mode }} }} consensusProcedure(by: {{ id: {0} }}) {{ recommendation {{ id }} }}
        body(by: {{ code: \"WG-A\" }}) {{ consensusProcedures(filter: {{ outcome: {{ eq: PENDING }} }}, orderBy: [{{ field: DEADLINE, direction: ASC }}]) {{ nodes {{ id }} }} }}
        other: consensusProcedures(filter: {{ body: {{ code: {{ eq: \"WG-B\" }} }} }}) {{ totalCount }} }}",
        procedure["id"]
    );
    let found = app.reader().query(&query).await;
    let expected = json!({
        "node": { "mode": "SILENCE" }, "consensusProcedure": { "recommendation": { "id": text["id"] } },
        "body": { "consensusProcedures": { "nodes": [{ "id": procedure["id"] }] } }, "other": { "totalCount": 0 },
    });
    assert_eq!(found, expected);
    advance(&app, TimeDelta::hours(72));
    let lines = app.reader().export("?types=CONSENSUS_PROCEDURE").await;
    let line = lines.iter().find(|line| line["id"] == procedure["id"]).unwrap();
    assert_eq!(
        (&line["outcome"], &line["deadline"], &line["closedAt"]),
        (&json!("ADOPTED"), &json!("2026-01-18T04:00:00Z"), &json!("2026-01-18T04:00:00Z"))
    );
    assert_eq!((&line["recommendationId"], &line["mode"]), (&text["id"], &json!("SILENCE")));
}

/// A support of OSCE, which may object in WG-A, in a silence that was opened at a meeting.
async fn support(app: &TestApp, meeting: &Value) -> (Value, Value) {
    let osce = app.organization("OSCE").await;
    let mandate = json!({ "organizationId": osce, "bodyId": app.body("WG-A").await, "role": "MEMBER", "validFrom": "2026-01-01" });
    app.secretariat().mutate("grantMandate", mandate, "id").await;
    let text = open(app, &app.under_discussion("WG-A").await, meeting, json!({})).await;
    let input = json!({ "procedureId": text["procedures"][0]["id"], "organizationId": osce, "kind": "SUPPORT" });
    (text, input)
}

async fn whoever_sees_a_position_is_told_that_its_procedure_is_hidden(app: TestApp) {
    let meeting = app.concluded_meeting_with(&["WG-A"], json!({ "chathamHouse": true })).await;
    let (text, input) = support(&app, &meeting).await;
    let osce = app.partner("OSCE");
    let position = osce.mutate("statePosition", input, "id").await;
    app.secretariat().mutate("withdrawSilence", at(&text), "id").await;
    let query = format!("{{ node(id: {}) {{ ... on Position {{ version procedure {{ id }} }} }} }}", position["id"]);
    let changes =
        "query($after: String) { changes(after: $after, types: [POSITION]) { edges { kind recordId version } } }";
    for (sensitivity, shows) in [("CONFIDENTIAL", false), ("PUBLIC", true)] {
        let cursor = osce.query("{ feedHead }").await["feedHead"].clone();
        let found = format!("{{ meeting(by: {{ id: {} }}) {{ id version }} }}", meeting["id"]);
        let now = app.secretariat().query(&found).await["meeting"].take();
        app.secretariat().mutate("updateMeeting", at_with(&now, json!({ "sensitivity": sensitivity })), "id").await;
        assert_eq!(osce.query(&query).await["node"]["procedure"].is_object(), shows);
        let told = osce.query_with(changes, json!({ "after": cursor })).await["changes"]["edges"].take();
        assert_eq!(told, json!([{ "kind": "UPDATED", "recordId": position["id"], "version": 1 }]), "{sensitivity}");
        let others = app.reader().query_with(changes, json!({ "after": cursor })).await;
        assert_eq!(others["changes"]["edges"], json!([]), "{sensitivity}");
    }
}

async fn an_organisation_states_so_many_positions_and_only_while_it_is_active(app: TestApp) {
    let (_, input) = support(&app, &app.concluded_meeting(&["WG-A"]).await).await;
    let secretariat = app.secretariat();
    for _ in 0..10 {
        let stated = secretariat.mutate("statePosition", input.clone(), "id version").await;
        secretariat.mutate("withdrawPosition", at(&stated), "id").await;
    }
    assert_eq!(secretariat.refusals("statePosition", input.clone()).await, ["TOO_LONG organizationId"]);
    let osce =
        secretariat.query("{ organization(by: { acronym: \"OSCE\" }) { id version } }").await["organization"].take();
    secretariat.mutate("deactivateOrganization", at(&osce), "id").await;
    let refusals = secretariat.refusals("statePosition", input).await;
    assert_eq!(refusals, ["INVALID_STATE organizationId", "TOO_LONG organizationId"]);
}
