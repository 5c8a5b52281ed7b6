//! Transitions that the state of a record does not allow. The tables are written from section 4 of the domain's description.

use std::collections::BTreeMap;

use rec_api::service::seed;
use rec_tests::given::{at, at_with, text};
use rec_tests::on_both_databases;
use rec_tests::traces::{Case, one};
use rec_tests::{TestApp, start_of_tests};
use serde_json::{Value, json};

/// In which states a recommendation allows a transition. A submitted one allows `withdrawSilence`, too, once a silence is open.
const RECOMMENDATION_MOVES: [(&str, &[&str]); 13] = [
    ("reviseRecommendation", &["DRAFT", "UNDER_DISCUSSION", "NO_CONSENSUS"]),
    ("setAddressees", &["DRAFT", "UNDER_DISCUSSION", "NO_CONSENSUS", "AGREED_IN_GROUP", "RETURNED"]),
    ("openDiscussion", &["DRAFT", "RETURNED"]),
    ("withdrawRecommendation", &["DRAFT", "UNDER_DISCUSSION", "NO_CONSENSUS"]),
    ("openSilence", &["UNDER_DISCUSSION", "SUBMITTED_TO_EXCOM"]),
    ("withdrawSilence", &["UNDER_SILENCE"]),
    ("recordAgreement", &["UNDER_DISCUSSION"]),
    ("recordNoConsensus", &["UNDER_DISCUSSION"]),
    ("submitToExecutiveCommittee", &["AGREED_IN_GROUP"]),
    ("returnRecommendation", &["SUBMITTED_TO_EXCOM"]),
    ("adoptRecommendation", &["SUBMITTED_TO_EXCOM"]),
    ("transmitRecommendation", &["ADOPTED"]),
    ("supersedeRecommendation", &["ADOPTED", "TRANSMITTED"]),
];

/// In which states a meeting allows a mutation, and where the validation error stands in its input.
const MEETING_MOVES: [(&str, &str, &[&str]); 12] = [
    ("confirmMeeting", "id", &["PLANNED", "POSTPONED"]),
    ("openMeeting", "id", &["CONFIRMED"]),
    ("concludeMeeting", "id", &["CONFIRMED", "IN_SESSION"]),
    ("postponeMeeting", "id", &["PLANNED", "CONFIRMED"]),
    ("cancelMeeting", "id", &["PLANNED", "CONFIRMED", "POSTPONED"]),
    ("updateMeeting", "id", NOT_CANCELLED),
    ("setMeetingOrganizers", "id", NOT_CANCELLED),
    ("addAgendaItem", "meetingId", NOT_CANCELLED),
    ("updateAgendaItem", "id", NOT_CANCELLED),
    ("removeAgendaItem", "id", &["PLANNED", "CONFIRMED", "IN_SESSION", "POSTPONED"]),
    ("reorderAgendaItems", "meetingId", NOT_CANCELLED),
    ("recordParticipation", "meetingId", NOT_CANCELLED),
];
const NOT_CANCELLED: &[&str] = &["PLANNED", "CONFIRMED", "IN_SESSION", "CONCLUDED", "POSTPONED"];

/// A recommendation in every state, by its state.
async fn recommendations(app: &TestApp) -> BTreeMap<String, Value> {
    seed::demo::load(&app.app).await.expect("a demonstration");
    let data = app.secretariat().query("{ recommendations(first: 100) { nodes { id version status } } }").await;
    let rows = data["recommendations"]["nodes"].as_array().expect("recommendations").clone();
    rows.into_iter().map(|row| (row["status"].as_str().expect("a status").to_owned(), row)).collect()
}

/// A meeting with an agenda item in every state, by its state.
async fn meetings(app: &TestApp) -> BTreeMap<String, (Value, Value)> {
    let secretariat = app.secretariat();
    let today = start_of_tests().date_naive().to_string();
    let mut rows = BTreeMap::new();
    for (status, moves) in [
        ("PLANNED", &[][..]),
        ("CONFIRMED", &["confirmMeeting"][..]),
        ("IN_SESSION", &["confirmMeeting", "openMeeting"][..]),
        ("CONCLUDED", &["confirmMeeting", "concludeMeeting"][..]),
        ("POSTPONED", &["postponeMeeting"][..]),
        ("CANCELLED", &["cancelMeeting"][..]),
    ] {
        let day = match status {
            "IN_SESSION" => today.as_str(),
            "POSTPONED" => "2026-03-01",
            _ => "2025-12-01",
        };
        let meeting = app.planned_meeting(json!({ "startsOn": day })).await;
        let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "SESSION" });
        let item = secretariat.mutate("addAgendaItem", item, "id version").await;
        let mut meeting = super::read(app, "meeting", &meeting).await;
        for step in moves {
            meeting = secretariat.mutate(step, at(&meeting), "id version status").await;
        }
        assert_eq!(meeting["status"], status);
        rows.insert(status.to_owned(), (meeting, item));
    }
    rows
}

/// The state after a transition; also written from section 4.
fn status_after(mutation: &str, before: &'static str) -> &'static str {
    match (mutation, before) {
        ("openDiscussion" | "withdrawSilence", _) | ("reviseRecommendation", "NO_CONSENSUS") => "UNDER_DISCUSSION",
        ("reviseRecommendation" | "setAddressees", _) | ("openSilence", "SUBMITTED_TO_EXCOM") => before,
        ("withdrawRecommendation", _) => "WITHDRAWN",
        ("openSilence", _) => "UNDER_SILENCE",
        ("recordAgreement", _) => "AGREED_IN_GROUP",
        ("recordNoConsensus", _) => "NO_CONSENSUS",
        ("submitToExecutiveCommittee", _) => "SUBMITTED_TO_EXCOM",
        ("returnRecommendation", _) => "RETURNED",
        ("adoptRecommendation", _) => "ADOPTED",
        ("transmitRecommendation", _) => "TRANSMITTED",
        _ => "SUPERSEDED",
    }
}

/// A text of working group A in a state.
async fn in_state(app: &TestApp, state: &str) -> Value {
    let row = match state {
        "DRAFT" => app.draft("WG-A").await,
        "AGREED_IN_GROUP" => app.agreed("WG-A").await,
        "SUBMITTED_TO_EXCOM" | "RETURNED" => app.submitted("WG-A").await,
        "ADOPTED" | "TRANSMITTED" => app.adopted("WG-A").await,
        _ => app.under_discussion("WG-A").await,
    };
    match state {
        "RETURNED" => {
            app.secretariat().mutate("returnRecommendation", at(&row), "id version").await;
        }
        "TRANSMITTED" => {
            app.secretariat().mutate("transmitRecommendation", at(&row), "id version").await;
        }
        "NO_CONSENSUS" | "UNDER_SILENCE" => {
            let mutation = if state == "NO_CONSENSUS" { "recordNoConsensus" } else { "openSilence" };
            let meeting = app.concluded_meeting(&["WG-A"]).await;
            app.secretariat().mutate(mutation, at_with(&row, json!({ "meetingId": meeting["id"] })), "id").await;
        }
        _ => {}
    }
    super::read(app, "recommendation", &row).await
}

fn recommendation_input(mutation: &str, row: &Value, meeting: &Value, successor: &Value) -> Value {
    let addressees = json!([{ "category": "ALL_STAKEHOLDERS", "role": "SUPPORTING" }]);
    match mutation {
        "reviseRecommendation" => at_with(row, json!({ "text": text("Another text") })),
        "setAddressees" => at_with(row, json!({ "addressees": addressees })),
        "recordAgreement" | "recordNoConsensus" => at_with(row, json!({ "meetingId": meeting["id"] })),
        "openSilence" | "adoptRecommendation" => {
            at_with(row, json!({ "meetingId": meeting["id"], "noPersonalData": true }))
        }
        "supersedeRecommendation" => at_with(row, json!({ "supersededById": successor["id"] })),
        _ => at(row),
    }
}

fn meeting_input(mutation: &str, meeting: &Value, item: &Value, organization: &str) -> Value {
    match mutation {
        "updateMeeting" => at_with(meeting, json!({ "city": "Osh" })),
        "setMeetingOrganizers" => {
            at_with(meeting, json!({ "organizers": [{ "organizationId": organization, "role": "HOST" }] }))
        }
        "setBodySessions" => at_with(meeting, json!({ "sessions": [] })),
        "addAgendaItem" => json!({ "meetingId": meeting["id"], "title": text("More"), "kind": "DECISION" }),
        "updateAgendaItem" => at_with(item, json!({ "number": "9" })),
        "removeAgendaItem" => at(item),
        "reorderAgendaItems" => {
            json!({ "meetingId": meeting["id"], "expectedVersion": meeting["version"], "itemIds": [item["id"]] })
        }
        "recordParticipation" => json!({ "meetingId": meeting["id"], "organizationId": organization,
            "capacity": "SPEAKER", "attendance": "PRESENT" }),
        _ => at(meeting),
    }
}

on_both_databases! {
    a_recommendation_refuses_what_its_state_does_not_allow,
    a_recommendation_is_led_by_each_move_of_its_state_where_it_should,
    a_meeting_is_led_by_each_move_of_its_state_where_it_should,
    a_meeting_refuses_what_its_state_does_not_allow,
    a_meeting_opens_on_its_first_day_and_is_concluded_after_its_last,
    an_agreement_and_an_adoption_need_the_right_meeting,
    an_adoption_needs_addressees_and_both_working_languages,
    a_recommendation_is_superseded_by_another_adopted_one_of_its_reality,
    after_a_failed_consensus_only_a_new_text_opens_the_discussion,
}

async fn a_recommendation_refuses_what_its_state_does_not_allow(app: TestApp) {
    let rows = recommendations(&app).await;
    assert_eq!(rows.len(), 11, "{:?}", rows.keys());
    let meeting = app.concluded_meeting(&["WG-A", "WG-B", "WG-C", "WG-D", "EC"]).await;
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, states) in RECOMMENDATION_MOVES {
        for (_, row) in rows.iter().filter(|(status, _)| !states.contains(&status.as_str())) {
            let input = recommendation_input(mutation, row, &meeting, &rows["TRANSMITTED"]);
            cases.push((mutation, input, one("INVALID_STATE", "id")));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn a_recommendation_is_led_by_each_move_of_its_state_where_it_should(app: TestApp) {
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let successors = [app.adopted("WG-A").await, app.adopted("WG-A").await];
    for (mutation, states) in RECOMMENDATION_MOVES {
        for (number, state) in states.iter().enumerate() {
            let row = in_state(&app, state).await;
            assert_eq!(row["status"], *state, "{mutation}");
            let input = recommendation_input(mutation, &row, &meeting, &successors[number.min(1)]);
            let after = app.secretariat().mutate(mutation, input, "status version").await;
            assert_eq!(after["status"], status_after(mutation, state), "{mutation} in {state}");
            assert_eq!(after["version"].as_i64(), row["version"].as_i64().map(|version| version + 1), "{mutation}");
        }
    }
}

async fn a_meeting_is_led_by_each_move_of_its_state_where_it_should(app: TestApp) {
    let organization = app.organization("ISRS").await;
    for (mutation, _, states) in &MEETING_MOVES[..5] {
        let rows = meetings(&app).await;
        for state in *states {
            let (meeting, item) = &rows[*state];
            if (*mutation, *state) == ("concludeMeeting", "IN_SESSION") {
                app.app.clock.advance(chrono::TimeDelta::days(1));
            }
            let input = meeting_input(mutation, meeting, item, &organization);
            let after = app.secretariat().mutate(mutation, input, "status").await;
            let expected = match *mutation {
                "confirmMeeting" => "CONFIRMED",
                "openMeeting" => "IN_SESSION",
                "concludeMeeting" => "CONCLUDED",
                "postponeMeeting" => "POSTPONED",
                _ => "CANCELLED",
            };
            assert_eq!(after["status"], expected, "{mutation} in {state}");
        }
    }
}

async fn a_meeting_refuses_what_its_state_does_not_allow(app: TestApp) {
    let (rows, organization) = (meetings(&app).await, app.organization("ISRS").await);
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, path, states) in MEETING_MOVES {
        for (_, (meeting, item)) in rows.iter().filter(|(status, _)| !states.contains(&status.as_str())) {
            cases.push((mutation, meeting_input(mutation, meeting, item, &organization), one("INVALID_STATE", path)));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn a_meeting_opens_on_its_first_day_and_is_concluded_after_its_last(app: TestApp) {
    let secretariat = app.secretariat();
    let early = app.planned_meeting(json!({ "startsOn": "2026-01-16" })).await;
    let early = secretariat.mutate("confirmMeeting", at(&early), "id version").await;
    let today = app.planned_meeting(json!({ "startsOn": "2026-01-14", "endsOn": "2026-01-15" })).await;
    let today = secretariat.mutate("confirmMeeting", at(&today), "id version").await;
    let cases: Vec<Case> = vec![
        ("openMeeting", at(&early), one("INVALID_STATE", "id")),
        ("concludeMeeting", at(&early), one("INVALID_STATE", "id")),
        ("concludeMeeting", at(&today), one("INVALID_STATE", "id")),
    ];
    app.refuses(&secretariat, cases).await;
}

async fn an_agreement_and_an_adoption_need_the_right_meeting(app: TestApp) {
    let (discussed, submitted) = (app.under_discussion("WG-A").await, app.submitted("WG-A").await);
    let others = app.concluded_meeting(&["WG-B"]).await;
    let planned = app
        .planned_meeting(json!({ "sessions": [
        { "bodyId": app.body("WG-A").await }, { "bodyId": app.body("EC").await }] }))
        .await;
    let mut cases: Vec<Case> = Vec::new();
    for meeting in [&others, &planned] {
        let agree = at_with(&discussed, json!({ "meetingId": meeting["id"] }));
        for mutation in ["openSilence", "recordAgreement", "recordNoConsensus"] {
            cases.push((mutation, agree.clone(), one("INVALID_STATE", "meetingId")));
        }
        let adopt = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
        cases.push(("adoptRecommendation", adopt, one("INVALID_STATE", "meetingId")));
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn an_adoption_needs_addressees_and_both_working_languages(app: TestApp) {
    let secretariat = app.secretariat();
    let (group, committee) = (app.concluded_meeting(&["WG-A"]).await, app.concluded_meeting(&["EC"]).await);
    let government = json!([{ "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("UZ").await }]);
    let english = json!([{ "locale": "EN", "text": "In English alone" }]);
    let mut cases: Vec<Case> = Vec::new();
    for (words, addressees, path) in [(text("In both"), json!([]), "addressees"), (english, government, "text")] {
        let draft = json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A title"),
            "text": words, "addressees": addressees });
        let row = secretariat.mutate("draftRecommendation", draft, "id version").await;
        let row = secretariat.mutate("openDiscussion", at(&row), "id version").await;
        let agreed = at_with(&row, json!({ "meetingId": group["id"] }));
        let row = secretariat.mutate("recordAgreement", agreed, "id version").await;
        let row = secretariat.mutate("submitToExecutiveCommittee", at(&row), "id version").await;
        let adopt = at_with(&row, json!({ "meetingId": committee["id"], "noPersonalData": true }));
        cases.push(("adoptRecommendation", adopt, one("INVALID_STATE", path)));
    }
    app.refuses(&secretariat, cases).await;
}

async fn a_recommendation_is_superseded_by_another_adopted_one_of_its_reality(app: TestApp) {
    let (earlier, draft) = (app.adopted("WG-A").await, app.draft("WG-A").await);
    let demo = recommendations(&app).await["TRANSMITTED"].clone();
    let by = |id: &Value| at_with(&earlier, json!({ "supersededById": id }));
    let path = "supersededById";
    let mut cases: Vec<Case> = vec![
        ("supersedeRecommendation", by(&earlier["id"]), one("INVALID", path)),
        ("supersedeRecommendation", by(&draft["id"]), one("INVALID_STATE", path)),
        ("supersedeRecommendation", by(&demo["id"]), one("INVALID", path)),
    ];
    let (first, second) = (app.adopted("WG-B").await, app.adopted("WG-B").await);
    let superseded = at_with(&first, json!({ "supersededById": second["id"] }));
    app.secretariat().mutate("supersedeRecommendation", superseded, "id").await;
    cases.push(("supersedeRecommendation", by(&second["id"]), one("INVALID_STATE", path)));
    app.refuses(&app.secretariat(), cases).await;
}

async fn after_a_failed_consensus_only_a_new_text_opens_the_discussion(app: TestApp) {
    let row = recommendations(&app).await["NO_CONSENSUS"].clone();
    let same = at_with(&row, json!({ "priority": "URGENT" }));
    app.refuses(&app.secretariat(), vec![("reviseRecommendation", same, one("INVALID_STATE", "text"))]).await;
    let changed = at_with(&row, json!({ "text": text("Another text") }));
    let revised = app.secretariat().mutate("reviseRecommendation", changed, "status").await;
    assert_eq!(revised["status"], "UNDER_DISCUSSION");
}
