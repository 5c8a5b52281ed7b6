//! What each item of a meeting's agenda came to.

use chrono::TimeDelta;
use rec_api::service::seed::scale;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    each_item_of_an_agenda_has_come_to_something,
    what_a_silence_comes_to_is_decided_at_its_meeting,
    the_last_procedure_of_a_body_decides,
    statements_are_those_on_the_revision_that_was_decided,
    decisions_tell_nothing_that_is_hidden,
    what_was_reached_before_procedures_were_kept_is_decided_without_one,
    a_text_is_returned_at_a_meeting_of_the_committee,
    the_committee_agrees_on_its_own_draft_and_adopts_it,
}

/// A meeting of the group and of the Executive Committee that is in session today.
async fn meeting(app: &TestApp, more: Value) -> Value {
    let sessions = json!([{ "bodyId": app.body("WG-A").await }, { "bodyId": app.body("EC").await }]);
    let meeting = app.planned_meeting(with(json!({ "startsOn": "2026-01-15", "sessions": sessions }), more)).await;
    let meeting = app.secretariat().mutate("confirmMeeting", at(&meeting), "id version").await;
    app.secretariat().mutate("openMeeting", at(&meeting), "id version").await
}

async fn on_agenda(app: &TestApp, meeting: &Value, number: &str, texts: &[&Value]) {
    let ids: Vec<&Value> = texts.iter().map(|text| &text["id"]).collect();
    let item = json!({
        "meetingId": meeting["id"], "number": number, "title": text_of("An item"), "kind": "DECISION", "recommendationIds": ids,
    });
    app.secretariat().mutate("addAgendaItem", item, "id").await;
}

/// Of each decision: the item's number, what was decided, in which body, and the kinds of its statements.
async fn decisions(client: &Client, meeting: &Value) -> Value {
    let query = format!(
        "{{ meeting(by: {{ id: {} }}) {{ decisions {{ agendaItem {{ number }} outcome recommendation {{ id }} procedure {{ body {{ code }} }}
            statements {{ kind }} }} }} }}",
        meeting["id"]
    );
    let found = client.query(&query).await["meeting"]["decisions"].take();
    let told = found.as_array().expect("decisions").iter().map(|one| {
        let statements: Vec<&Value> = one["statements"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
        json!([one["agendaItem"]["number"], one["outcome"], one["procedure"]["body"]["code"], statements])
    });
    told.collect()
}

async fn take(app: &TestApp, mutation: &str, text: &Value, meeting: &Value, more: Value) -> Value {
    let input = with(at_with(text, json!({ "meetingId": meeting["id"] })), more);
    app.secretariat().mutate(mutation, input, "id version procedures { id }").await
}

async fn submit(app: &TestApp, text: &Value) -> Value {
    app.secretariat().mutate("submitToExecutiveCommittee", at(text), "id version").await
}

async fn each_item_of_an_agenda_has_come_to_something(app: TestApp) {
    let planned = app.planned_meeting(json!({ "startsOn": "2026-01-15" })).await;
    on_agenda(&app, &planned, "1", &[]).await;
    assert_eq!(decisions(&app.secretariat(), &planned).await, json!([]), "it has not begun");
    let meeting = meeting(&app, json!({})).await;
    let mut texts = Vec::new();
    for _ in 0..4 {
        texts.push(app.under_discussion("WG-A").await);
    }
    let [adopted, failed, returned, noted] = &texts[..] else { panic!("four texts") };
    on_agenda(&app, &meeting, "1", &[]).await;
    on_agenda(&app, &meeting, "2", &[adopted, failed]).await;
    on_agenda(&app, &meeting, "3", &[returned]).await;
    on_agenda(&app, &meeting, "4", &[noted]).await;
    for text in [adopted, returned] {
        let agreed = take(&app, "recordAgreement", text, &meeting, json!({})).await;
        let submitted = submit(&app, &agreed).await;
        if text == adopted {
            take(&app, "adoptRecommendation", &submitted, &meeting, json!({ "noPersonalData": true })).await;
        } else {
            take(&app, "returnRecommendation", &submitted, &meeting, json!({})).await;
        }
    }
    take(&app, "recordNoConsensus", failed, &meeting, json!({})).await;
    let expected = json!([
        ["1", "NOTED", null, []],
        ["2", "AGREED", "WG-A", []],
        ["2", "ADOPTED", "EC", []],
        ["2", "NO_CONSENSUS", "WG-A", []],
        ["3", "AGREED", "WG-A", []],
        ["3", "RETURNED", "EC", []],
        ["4", "NOTED", null, []],
    ]);
    assert_eq!(decisions(&app.secretariat(), &meeting).await, expected);
    assert_eq!(decisions(&app.reader(), &meeting).await, expected);
}

async fn what_a_silence_comes_to_is_decided_at_its_meeting(app: TestApp) {
    let meeting = meeting(&app, json!({})).await;
    let (group, committee) = (app.under_discussion("WG-A").await, app.submitted("WG-A").await);
    on_agenda(&app, &meeting, "1", &[&group]).await;
    on_agenda(&app, &meeting, "2", &[&committee]).await;
    take(&app, "openSilence", &group, &meeting, json!({})).await;
    let committee = take(&app, "openSilence", &committee, &meeting, json!({ "noPersonalData": true })).await;
    let told = async || decisions(&app.reader(), &meeting).await;
    assert_eq!(told().await, json!([["1", "UNDER_SILENCE", "WG-A", []], ["2", "UNDER_SILENCE", "EC", []]]));
    let committee = app.secretariat().mutate("withdrawSilence", at(&committee), "id version").await;
    assert_eq!(told().await[1], json!(["2", "NOTED", "EC", []]));
    // What was decided there before is not undone by a silence that is taken back.
    let returned = take(&app, "returnRecommendation", &committee, &meeting, json!({})).await;
    assert_eq!(told().await[1], json!(["2", "RETURNED", "EC", []]));
    let again = app.secretariat().mutate("openDiscussion", at(&returned), "id version").await;
    let agreed = take(&app, "recordAgreement", &again, &meeting, json!({})).await;
    let committee =
        take(&app, "openSilence", &submit(&app, &agreed).await, &meeting, json!({ "noPersonalData": true })).await;
    let committee = app.secretariat().mutate("withdrawSilence", at(&committee), "id version").await;
    assert!(told().await.as_array().unwrap().contains(&json!(["2", "RETURNED", "EC", []])));
    take(&app, "openSilence", &committee, &meeting, json!({ "noPersonalData": true })).await;
    app.app.clock.advance(TimeDelta::hours(72));
    assert_eq!(
        told().await,
        json!([["1", "AGREED", "WG-A", []], ["2", "AGREED", "WG-A", []], ["2", "ADOPTED", "EC", []]])
    );
}

async fn the_last_procedure_of_a_body_decides(app: TestApp) {
    let meeting = meeting(&app, json!({})).await;
    let text = app.under_discussion("WG-A").await;
    on_agenda(&app, &meeting, "1", &[&text]).await;
    let failed = take(&app, "recordNoConsensus", &text, &meeting, json!({})).await;
    let revised = at_with(&failed, json!({ "text": text_of("Otherwise") }));
    let revised = app.secretariat().mutate("reviseRecommendation", revised, "id version").await;
    take(&app, "recordAgreement", &revised, &meeting, json!({})).await;
    assert_eq!(decisions(&app.reader(), &meeting).await, json!([["1", "AGREED", "WG-A", []]]));
}

async fn statements_are_those_on_the_revision_that_was_decided(app: TestApp) {
    let meeting = meeting(&app, json!({})).await;
    let text = app.under_discussion("WG-A").await;
    on_agenda(&app, &meeting, "1", &[&text]).await;
    let mut silent = take(&app, "openSilence", &text, &meeting, json!({})).await;
    for (acronym, kind) in [("UNODC", "FORMAL_RESERVATION"), ("UNICEF", "SUPPORT"), ("OSCE", "AMENDMENT")] {
        let mandate = json!({
            "organizationId": app.organization(acronym).await, "bodyId": app.body("WG-A").await, "role": "MEMBER",
            "canObject": true, "validFrom": "2026-01-01",
        });
        app.secretariat().mutate("grantMandate", mandate, "id").await;
        let mut input = json!({
            "procedureId": silent["procedures"][0]["id"], "organizationId": app.organization(acronym).await,
            "kind": kind, "text": text_of("Why"),
        });
        if kind == "AMENDMENT" {
            input["proposedText"] = text_of("Otherwise");
        }
        app.secretariat().mutate("statePosition", input, "id").await;
    }
    let broken = json!([["1", "NO_CONSENSUS", "WG-A", ["FORMAL_RESERVATION"]]]);
    assert_eq!(decisions(&app.reader(), &meeting).await, broken);
    let now = app.secretariat().recommendation(&text["id"], "id version").await;
    let revised = at_with(&now, json!({ "text": text_of("Otherwise") }));
    let revised = app.secretariat().mutate("reviseRecommendation", revised, "id version").await;
    silent = take(&app, "openSilence", &revised, &meeting, json!({})).await;
    let procedures = silent["procedures"].as_array().unwrap();
    let statement = json!({
        "procedureId": procedures[1]["id"], "organizationId": app.organization("UNODC").await,
        "kind": "INTERPRETATIVE_STATEMENT", "text": text_of("As we read it"),
    });
    app.secretariat().mutate("statePosition", statement, "id").await;
    let expected = json!([["1", "UNDER_SILENCE", "WG-A", ["INTERPRETATIVE_STATEMENT"]]]);
    assert_eq!(decisions(&app.reader(), &meeting).await, expected);
    app.app.clock.advance(TimeDelta::hours(72));
    let agreed = app.secretariat().recommendation(&text["id"], "id version").await;
    let other = app.concluded_meeting_with(&["EC"], json!({ "startsOn": "2026-01-18" }));
    app.app.clock.advance(TimeDelta::hours(24));
    let (submitted, other) = (submit(&app, &agreed).await, other.await);
    on_agenda(&app, &other, "7", &[&text]).await;
    take(&app, "adoptRecommendation", &submitted, &other, json!({ "noPersonalData": true })).await;
    // It was stated in the group's procedure, and is published with the text.
    let expected = json!([["7", "ADOPTED", "EC", ["INTERPRETATIVE_STATEMENT"]]]);
    assert_eq!(decisions(&app.anonymous(), &other).await, expected);
    let expected = json!([["1", "AGREED", "WG-A", ["INTERPRETATIVE_STATEMENT"]]]);
    assert_eq!(decisions(&app.anonymous(), &meeting).await, expected);
}

async fn decisions_tell_nothing_that_is_hidden(app: TestApp) {
    let open = meeting(&app, json!({})).await;
    let text = app.under_discussion("WG-A").await;
    let draft = app.draft("WG-A").await;
    on_agenda(&app, &open, "1", &[&text, &draft]).await;
    take(&app, "recordNoConsensus", &text, &open, json!({})).await;
    let both = json!([["1", "NO_CONSENSUS", "WG-A", []], ["1", "NOTED", null, []]]);
    assert_eq!(decisions(&app.secretariat(), &open).await, both);
    assert_eq!(decisions(&app.reader(), &open).await, json!([["1", "NO_CONSENSUS", "WG-A", []]]));
    assert_eq!(decisions(&app.anonymous(), &open).await, json!([["1", "NOTED", null, []]]));
}

async fn what_was_reached_before_procedures_were_kept_is_decided_without_one(app: TestApp) {
    scale::load(&app.app, 40, 5).await.expect("synthetic volume");
    let query = "{ recommendations(first: 40, filter: { status: { eq: ADOPTED } }) { nodes { id meeting { id } agreedAt { id } procedures { id } } } }";
    let found = app.secretariat().query(query).await["recommendations"]["nodes"].take();
    let text = found.as_array().unwrap().iter().find(|text| !text["meeting"].is_null()).expect("an adopted text");
    assert_eq!(text["procedures"], json!([]));
    on_agenda(&app, &text["meeting"], "99", &[text]).await;
    let told = decisions(&app.anonymous(), &text["meeting"]).await;
    assert_eq!(told.as_array().unwrap().last(), Some(&json!(["99", "ADOPTED", null, []])));
}

async fn a_text_is_returned_at_a_meeting_of_the_committee(app: TestApp) {
    let (group, planned) = (app.concluded_meeting(&["WG-A"]).await, app.planned_meeting(json!({})).await);
    let submitted = app.submitted("WG-A").await;
    for meeting in [&group, &planned] {
        let input = at_with(&submitted, json!({ "meetingId": meeting["id"] }));
        let refusals = app.secretariat().refusals("returnRecommendation", input).await;
        assert!(refusals.iter().all(|one| one == "INVALID_STATE meetingId") && !refusals.is_empty(), "{refusals:?}");
    }
    let committee = app.concluded_meeting(&["EC"]).await;
    let input = at_with(&submitted, json!({ "meetingId": committee["id"] }));
    let selection = "status procedures { mode outcome body { code } closedAt openedAt }";
    let returned = app.secretariat().mutate("returnRecommendation", input, selection).await;
    let last = returned["procedures"].as_array().unwrap().last().unwrap();
    assert_eq!(returned["status"], json!("RETURNED"));
    assert_eq!(json!([last["mode"], last["outcome"], last["body"]["code"]]), json!(["IN_MEETING", "BROKEN", "EC"]));
    assert_eq!(last["closedAt"], last["openedAt"]);
}

/// A text of the Executive Committee's own passes both stages before it.
async fn the_committee_agrees_on_its_own_draft_and_adopts_it(app: TestApp) {
    let meeting = meeting(&app, json!({})).await;
    let (kept, failed) = (app.under_discussion("EC").await, app.under_discussion("EC").await);
    on_agenda(&app, &meeting, "1", &[&kept]).await;
    on_agenda(&app, &meeting, "2", &[&failed]).await;
    take(&app, "recordNoConsensus", &failed, &meeting, json!({})).await;
    let agreed = take(&app, "recordAgreement", &kept, &meeting, json!({})).await;
    let told = async || decisions(&app.secretariat(), &meeting).await;
    assert_eq!(told().await, json!([["1", "AGREED", "EC", []], ["2", "NO_CONSENSUS", "EC", []]]));
    let returned = take(&app, "returnRecommendation", &submit(&app, &agreed).await, &meeting, json!({})).await;
    let both = json!([["1", "AGREED", "EC", []], ["1", "RETURNED", "EC", []], ["2", "NO_CONSENSUS", "EC", []]]);
    assert_eq!(told().await, both);
    let again = app.secretariat().mutate("openDiscussion", at(&returned), "id version").await;
    let agreed = take(&app, "recordAgreement", &again, &meeting, json!({})).await;
    let submitted = submit(&app, &agreed).await;
    take(&app, "adoptRecommendation", &submitted, &meeting, json!({ "noPersonalData": true })).await;
    let mut outcomes: Vec<Value> = told().await.as_array().unwrap().iter().map(|one| one[1].clone()).collect();
    outcomes.sort_by_key(Value::to_string);
    assert_eq!(outcomes, ["ADOPTED", "AGREED", "NO_CONSENSUS"]);
    let query = "procedures { stage outcome }";
    let procedures = app.secretariat().recommendation(&kept["id"], query).await["procedures"].take();
    let passed = [("AGREEMENT", "ADOPTED"), ("ADOPTION", "BROKEN"), ("AGREEMENT", "ADOPTED"), ("ADOPTION", "ADOPTED")];
    assert_eq!(procedures, json!(passed.map(|(stage, outcome)| json!({ "stage": stage, "outcome": outcome }))));
}
