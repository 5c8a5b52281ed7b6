//! What comes next for an organisation: procedures that await its position, texts of its own, meetings of its bodies.

use chrono::{SecondsFormat, TimeDelta};
use rec_tests::given::{at, at_with, each, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    procedures_await_a_position_until_it_is_stated,
    a_procedure_awaits_whoever_holds_a_mandate_that_day,
    a_position_that_is_hidden_is_found_by_no_filter,
    drafts_are_those_that_their_drafter_can_work_on,
    meetings_are_those_of_its_bodies_that_are_not_over,
    only_partners_have_an_agenda,
    an_agenda_takes_a_constant_number_of_statements,
}

async fn member(app: &TestApp, acronym: &str, body: &str, more: Value) -> Value {
    let mandate = json!({
        "organizationId": app.organization(acronym).await, "bodyId": app.body(body).await, "role": "MEMBER",
        "canObject": true, "validFrom": "2026-01-01",
    });
    app.secretariat().mutate("grantMandate", with(mandate, more), "id version").await
}

/// A silence in a body that lasts so many hours.
async fn silence(app: &TestApp, body: &str, meeting: &Value, hours: i64) -> Value {
    let deadline = app.app.clock.now() + TimeDelta::hours(hours);
    let deadline = deadline.to_rfc3339_opts(SecondsFormat::Micros, true);
    let more = json!({ "meetingId": meeting["id"], "deadline": deadline });
    let input = at_with(&app.under_discussion(body).await, more);
    app.secretariat().mutate("openSilence", input, "procedures { id }").await["procedures"][0]["id"].take()
}

async fn agenda(app: &TestApp, acronym: &str, selection: &str) -> Value {
    app.partner(acronym).query(&format!("{{ agendaForMe {{ {selection} }} }}")).await["agendaForMe"].take()
}

async fn awaiting(app: &TestApp, acronym: &str) -> Vec<Value> {
    each(&agenda(app, acronym, "procedures { id }").await["procedures"], "/id")
}

async fn state(app: &TestApp, procedure: &Value, acronym: &str) -> Value {
    let input =
        json!({ "procedureId": procedure, "organizationId": app.organization(acronym).await, "kind": "SUPPORT" });
    app.partner(acronym).mutate("statePosition", input, "id version").await
}

async fn procedures_await_a_position_until_it_is_stated(app: TestApp) {
    member(&app, "OSCE", "WG-A", json!({})).await;
    member(&app, "OSCE", "WG-B", json!({ "role": "OBSERVER", "canObject": false })).await;
    let meeting = app.concluded_meeting(&["WG-A", "WG-B", "WG-C"]).await;
    let late = silence(&app, "WG-A", &meeting, 72).await;
    let next = silence(&app, "WG-B", &meeting, 24).await;
    let soon = silence(&app, "WG-A", &meeting, 48).await;
    silence(&app, "WG-C", &meeting, 30).await;
    assert_eq!(awaiting(&app, "OSCE").await, [next.clone(), soon.clone(), late.clone()]);
    let first =
        agenda(&app, "OSCE", "procedures(first: 2) { id recommendation { id } deadline mayObject { id } }").await;
    assert_eq!(each(&first["procedures"], "/id"), [next.clone(), soon.clone()]);
    let position = state(&app, &soon, "OSCE").await;
    assert_eq!(awaiting(&app, "OSCE").await, [next, late.clone()]);
    app.partner("OSCE").mutate("withdrawPosition", at(&position), "id").await;
    app.app.clock.advance(TimeDelta::hours(24));
    assert_eq!(awaiting(&app, "OSCE").await, std::slice::from_ref(&late), "one has ended, one has had its position");
    app.app.clock.advance(TimeDelta::hours(48));
    assert_eq!(awaiting(&app, "OSCE").await, Vec::<Value>::new());
}

async fn a_procedure_awaits_whoever_holds_a_mandate_that_day(app: TestApp) {
    // Midnight in Tashkent is 19:00 in UTC, fifteen hours after the tests begin.
    member(&app, "OSCE", "WG-A", json!({ "validTo": "2026-01-15" })).await;
    member(&app, "UNICEF", "WG-A", json!({ "validFrom": "2026-01-16" })).await;
    let procedure = silence(&app, "WG-A", &app.concluded_meeting(&["WG-A"]).await, 72).await;
    let both = async || (awaiting(&app, "OSCE").await, awaiting(&app, "UNICEF").await);
    assert_eq!(both().await, (vec![procedure.clone()], vec![]));
    app.app.clock.advance(TimeDelta::hours(15));
    assert_eq!(both().await, (vec![], vec![procedure]));
}

async fn a_position_that_is_hidden_is_found_by_no_filter(app: TestApp) {
    for acronym in ["OSCE", "UNICEF"] {
        member(&app, acronym, "WG-A", json!({})).await;
    }
    let (open, discreet) = (json!({}), json!({ "chathamHouse": true }));
    let meeting = app.concluded_meeting_with(&["WG-A"], open).await;
    let discreet = app.concluded_meeting_with(&["WG-A"], discreet).await;
    let (seen, hidden) = (silence(&app, "WG-A", &meeting, 72).await, silence(&app, "WG-A", &discreet, 72).await);
    for procedure in [&seen, &hidden] {
        state(&app, procedure, "OSCE").await;
    }
    let found = async |client: rec_tests::client::Client, which: &str| {
        let query = format!(
            "{{ consensusProcedures(filter: {{ speakers: {{ {which}: {{ acronym: {{ eq: \"OSCE\" }} }} }} }}) {{ nodes {{ id }} totalCount }} }}"
        );
        let found = client.query(&query).await["consensusProcedures"].take();
        assert_eq!(found["totalCount"], json!(found["nodes"].as_array().unwrap().len()));
        each(&found["nodes"], "/id")
    };
    for client in [app.partner("OSCE"), app.secretariat()] {
        assert_eq!(found(client, "some").await, [seen.clone(), hidden.clone()]);
    }
    for client in [app.partner("UNICEF"), app.reader()] {
        assert_eq!(found(client.clone(), "some").await, std::slice::from_ref(&seen));
        assert_eq!(found(client, "none").await, std::slice::from_ref(&hidden));
    }
    assert_eq!(awaiting(&app, "OSCE").await, Vec::<Value>::new(), "its own position is seen by itself");
}

async fn drafts_are_those_that_their_drafter_can_work_on(app: TestApp) {
    member(&app, "OSCE", "WG-A", json!({})).await;
    let osce = app.partner("OSCE");
    let drafted = async |client: &rec_tests::client::Client| {
        let input = json!({
            "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text_of("A text"), "text": text_of("Act"),
        });
        client.mutate("draftRecommendation", input, "id version").await
    };
    let [draft, discussed, agreed, withdrawn] =
        [drafted(&osce).await, drafted(&osce).await, drafted(&osce).await, drafted(&osce).await];
    drafted(&app.secretariat()).await;
    osce.mutate("withdrawRecommendation", at(&withdrawn), "id").await;
    osce.mutate("openDiscussion", at(&discussed), "id").await;
    let agreed = osce.mutate("openDiscussion", at(&agreed), "id version").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let agree = at_with(&agreed, json!({ "meetingId": meeting["id"] }));
    let agreed = app.secretariat().mutate("recordAgreement", agree, "id version").await;
    app.app.clock.advance(TimeDelta::seconds(1));
    osce.mutate("reviseRecommendation", at_with(&draft, json!({ "title": text_of("Another") })), "id").await;
    let drafts = async || each(&agenda(&app, "OSCE", "drafts { id }").await["drafts"], "/id");
    assert_eq!(drafts().await, [draft["id"].clone(), discussed["id"].clone()], "the last change comes first");
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    app.app.clock.advance(TimeDelta::seconds(1));
    app.secretariat().mutate("returnRecommendation", at(&submitted), "id").await;
    assert_eq!(drafts().await, [agreed["id"].clone(), draft["id"].clone(), discussed["id"].clone()]);
    assert_eq!(agenda(&app, "UNICEF", "drafts { id }").await, json!({ "drafts": [] }));
}

async fn meetings_are_those_of_its_bodies_that_are_not_over(app: TestApp) {
    member(&app, "OSCE", "WG-A", json!({})).await;
    let session = async |body: &str| json!([{ "bodyId": app.body(body).await }]);
    let (ours, others) = (session("WG-A").await, session("WG-B").await);
    let planned = async |first: &str, last: &str, sessions: &Value| {
        app.planned_meeting(json!({ "startsOn": first, "endsOn": last, "sessions": sessions })).await
    };
    let later = planned("2026-03-01", "2026-03-02", &ours).await;
    let today = planned("2026-01-14", "2026-01-15", &ours).await;
    let long = planned("2026-01-10", "2026-02-10", &ours).await;
    planned("2026-01-13", "2026-01-14", &ours).await;
    planned("2026-02-01", "2026-02-01", &others).await;
    let secretariat = app.secretariat();
    for (moves, day) in [(vec!["postponeMeeting"], "2026-02-03"), (vec!["cancelMeeting"], "2026-02-04")] {
        let meeting = planned(day, day, &ours).await;
        for step in moves {
            secretariat.mutate(step, at(&meeting), "id").await;
        }
    }
    let meetings = async || each(&agenda(&app, "OSCE", "meetings { id }").await["meetings"], "/id");
    assert_eq!(meetings().await, [today["id"].clone(), long["id"].clone(), later["id"].clone()]);
    app.app.clock.advance(TimeDelta::hours(15));
    assert_eq!(meetings().await, [long["id"].clone(), later["id"].clone()], "it is tomorrow in Tashkent");
    let west = json!({ "startsOn": "2026-01-15", "sessions": ours, "timezone": "America/New_York" });
    let west = app.planned_meeting(west).await;
    assert_eq!(meetings().await[0], west["id"], "it is the day before in New York");
    app.app.clock.advance(TimeDelta::hours(10));
    assert_eq!(meetings().await, [long["id"].clone(), later["id"].clone()]);
    assert_eq!(agenda(&app, "UNICEF", "meetings { id }").await, json!({ "meetings": [] }));
    let hidden = json!({ "startsOn": "2026-05-01", "sessions": ours, "sensitivity": "CONFIDENTIAL" });
    app.planned_meeting(hidden).await;
    assert_eq!(meetings().await.len(), 2, "what is confidential stays so");
}

async fn only_partners_have_an_agenda(app: TestApp) {
    let query = "{ agendaForMe { organization { acronym } procedures { id } drafts { id } meetings { id } } }";
    for client in [app.anonymous(), app.reader(), app.secretariat()] {
        assert_eq!(client.query(query).await, json!({ "agendaForMe": null }));
    }
    let expected = json!({ "organization": { "acronym": "OSCE" }, "procedures": [], "drafts": [], "meetings": [] });
    assert_eq!(app.partner("OSCE").query(query).await["agendaForMe"], expected);
    for list in ["procedures", "drafts", "meetings"] {
        for first in [0, 101] {
            let error =
                app.partner("OSCE").error(&format!("{{ agendaForMe {{ {list}(first: {first}) {{ id }} }} }}")).await;
            assert_eq!(error, "INVALID_PAGE", "{list} {first}");
        }
    }
}

async fn an_agenda_takes_a_constant_number_of_statements(app: TestApp) {
    for body in ["WG-A", "WG-B", "WG-C"] {
        member(&app, "OSCE", body, json!({})).await;
    }
    let meeting = app.concluded_meeting(&["WG-A", "WG-B", "WG-C"]).await;
    let whole = "procedures { id body { code } positions { id } } drafts { id body { code } } meetings { id organizers { id } }";
    let sessions = json!([{ "bodyId": app.body("WG-A").await }]);
    let more = async |count: i32| {
        for _ in 0..count {
            let input = json!({
                "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text_of("A text"), "text": text_of("Act"),
            });
            app.partner("OSCE").mutate("draftRecommendation", input, "id").await;
            app.planned_meeting(json!({ "startsOn": "2026-03-01", "sessions": sessions })).await;
        }
    };
    let statements = async || {
        let before = app.app.databases.statements();
        let found = agenda(&app, "OSCE", whole).await;
        let lists = ["procedures", "drafts", "meetings"].map(|list| found[list].as_array().unwrap().len());
        (lists, app.app.databases.statements() - before)
    };
    more(1).await;
    silence(&app, "WG-A", &meeting, 30).await;
    statements().await;
    let (one, few) = statements().await;
    for body in ["WG-A", "WG-B", "WG-C"] {
        for _ in 0..3 {
            silence(&app, body, &meeting, 40).await;
        }
    }
    statements().await;
    more(9).await;
    statements().await;
    let (ten, many) = statements().await;
    assert_eq!((one, ten, few), ([1; 3], [10; 3], many));
}
