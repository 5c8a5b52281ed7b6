//! What a recommendation and a meeting were at an instant, for whoever could see them then.

use chrono::TimeDelta;
use entity::record_state;
use rec_tests::given::{at, at_with, each, text};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};

on_both_databases! {
    a_recommendation_is_read_as_it_stood,
    a_silence_that_has_elapsed_was_over_at_its_deadline,
    nobody_reads_what_was_not_for_it_then,
    a_meeting_is_read_as_it_stood,
    an_instant_has_come_and_has_a_state,
    one_write_keeps_one_state_of_each_record,
    states_of_a_page_are_one_statement,
}

const STATE: &str = "since version status label targetDate adoptedOn addressees { category role country { iso2 } } revision { number text }";

/// The time of the register, as clients write it.
fn now(app: &TestApp) -> String {
    app.app.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, false)
}

fn pass(app: &TestApp, hours: i64) {
    app.app.clock.advance(TimeDelta::hours(hours));
}

async fn was(app: &TestApp, kind: &str, id: &Value, at: &str, selection: &str) -> Value {
    let query = format!(
        "query($id: ID!, $at: DateTime!) {{ {kind}(by: {{ id: $id }}) {{ asOf(at: $at) {{ {selection} }} }} }}"
    );
    app.secretariat().query_with(&query, json!({ "id": id, "at": at })).await[kind]["asOf"].take()
}

async fn a_recommendation_is_read_as_it_stood(app: TestApp) {
    let draft = app.draft_with("WG-A", json!({ "targetDate": "2027-01-01" })).await;
    let drafted = now(&app);
    pass(&app, 1);
    let more = json!({ "text": text("Another text"), "targetDate": null });
    let row = app.secretariat().mutate("reviseRecommendation", at_with(&draft, more), "id version").await;
    let addressees = json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
    let row = app.secretariat().mutate("setAddressees", at_with(&row, addressees), "id version").await;
    let revised = now(&app);
    pass(&app, 1);
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let submitted = app.submit(&row, &meeting).await;
    pass(&app, 1);
    let adopted = app.adopt(&submitted, &meeting).await;
    let last = now(&app);
    pass(&app, 1);
    let first = was(&app, "recommendation", &draft["id"], &drafted, STATE).await;
    let expected = json!({
        "since": drafted, "version": 1, "status": "DRAFT", "label": null, "targetDate": "2027-01-01", "adoptedOn": null,
        "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "country": { "iso2": "UZ" } }],
        "revision": { "number": 1, "text": "The states are invited to act" },
    });
    assert_eq!(first, expected);
    let second = was(&app, "recommendation", &draft["id"], &revised, STATE).await;
    let expected = json!({
        "since": revised, "version": 3, "status": "DRAFT", "label": null, "targetDate": null, "adoptedOn": null,
        "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD", "country": null }],
        "revision": { "number": 2, "text": "Another text" },
    });
    assert_eq!(second, expected);
    let found = was(&app, "recommendation", &draft["id"], &now(&app), STATE).await;
    assert_eq!((&found["status"], &found["label"]), (&json!("ADOPTED"), &adopted["label"]));
    assert_eq!((&found["since"], &found["version"]), (&json!(last), &adopted["version"]));
}

async fn a_silence_that_has_elapsed_was_over_at_its_deadline(app: TestApp) {
    let (text, meeting) = (app.under_discussion("WG-A").await, app.concluded_meeting(&["WG-A"]).await);
    let input = at_with(&text, json!({ "meetingId": meeting["id"] }));
    app.secretariat().mutate("openSilence", input, "id").await;
    pass(&app, 71);
    let before = now(&app);
    pass(&app, 1);
    let deadline = now(&app);
    pass(&app, 100);
    for (at, status) in [(&before, "UNDER_SILENCE"), (&deadline, "AGREED_IN_GROUP")] {
        assert_eq!(was(&app, "recommendation", &text["id"], at, "status").await["status"], status);
    }
    assert_eq!(was(&app, "recommendation", &text["id"], &now(&app), "since").await["since"], json!(deadline));
}

async fn nobody_reads_what_was_not_for_it_then(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let draft = app.partner("OSCE").mutate("draftRecommendation", app.draft_input("WG-A").await, "id version").await;
    let mut instants = vec![now(&app)];
    pass(&app, 1);
    let discussed = app.partner("OSCE").mutate("openDiscussion", at(&draft), "id version").await;
    instants.push(now(&app));
    pass(&app, 1);
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let agreed = at_with(&discussed, json!({ "meetingId": meeting["id"] }));
    let agreed = app.secretariat().mutate("recordAgreement", agreed, "id version").await;
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    app.adopt(&submitted, &meeting).await;
    instants.push(now(&app));
    let query = "query($id: ID!, $at: DateTime!) { recommendation(by: { id: $id }) { asOf(at: $at) { status revision { number } } } }";
    let seen = async |client: rec_tests::client::Client| {
        let mut seen = Vec::new();
        for at in &instants {
            let data = client.query_with(query, json!({ "id": draft["id"], "at": at })).await;
            seen.push(data["recommendation"]["asOf"]["status"].clone());
        }
        seen
    };
    let all = ["DRAFT", "UNDER_DISCUSSION", "ADOPTED"].map(|status| json!(status));
    let from = |first: usize| -> Vec<Value> {
        all.iter().enumerate().map(|(index, status)| if index < first { Value::Null } else { status.clone() }).collect()
    };
    assert_eq!(seen(app.anonymous()).await, from(2));
    for participant in [app.reader(), app.partner("UNODC")] {
        assert_eq!(seen(participant).await, from(1));
    }
    for whole in [app.partner("OSCE"), app.secretariat()] {
        assert_eq!(seen(whole).await, from(0));
    }
}

async fn a_meeting_is_read_as_it_stood(app: TestApp) {
    let sessions = json!([{ "bodyId": app.body("WG-A").await, "ordinal": 41 }]);
    let meeting =
        app.planned_meeting(json!({ "sessions": sessions, "startsOn": "2026-03-01", "endsOn": "2026-03-02" })).await;
    let planned = now(&app);
    pass(&app, 1);
    let organizers = json!({ "organizers": [{ "organizationId": app.organization("UNODC").await, "role": "HOST" }] });
    let row = app.secretariat().mutate("setMeetingOrganizers", at_with(&meeting, organizers), "id version").await;
    let closed = json!({ "sensitivity": "CONFIDENTIAL", "title": text("Another title") });
    let row = app.secretariat().mutate("updateMeeting", at_with(&row, closed), "id version").await;
    let hidden = now(&app);
    pass(&app, 1);
    let row = app
        .secretariat()
        .mutate("updateMeeting", at_with(&row, json!({ "sensitivity": "PUBLIC" })), "id version")
        .await;
    let later = json!({ "startsOn": "2026-05-01", "endsOn": "2026-05-02" });
    app.secretariat().mutate("postponeMeeting", at_with(&row, later), "id version").await;
    let selection = "since version status modality startsOn endsOn timezone sensitivity chathamHouse country { iso2 }
        organizers { role organization { acronym } } sessions { ordinal body { code } }";
    let first = was(&app, "meeting", &meeting["id"], &planned, selection).await;
    assert_eq!(
        (&first["since"], &first["status"], &first["startsOn"]),
        (&json!(planned), &json!("PLANNED"), &json!("2026-03-01"))
    );
    assert_eq!(first["sessions"], json!([{ "ordinal": 41, "body": { "code": "WG-A" } }]));
    let organizer = each(&first["organizers"], "/organization/acronym");
    let second = was(&app, "meeting", &meeting["id"], &hidden, selection).await;
    assert_eq!(second["organizers"], json!([{ "role": "HOST", "organization": { "acronym": "UNODC" } }]));
    assert!(second["sensitivity"] == "CONFIDENTIAL" && organizer != [json!("UNODC")]);
    let last = was(&app, "meeting", &meeting["id"], &now(&app), selection).await;
    assert_eq!(
        (&last["status"], &last["startsOn"], &last["endsOn"]),
        (&json!("POSTPONED"), &json!("2026-05-01"), &json!("2026-05-02"))
    );
    let query = "query($id: ID!, $first: DateTime!, $second: DateTime!) { meeting(by: { id: $id }) {
        first: asOf(at: $first) { startsOn } second: asOf(at: $second) { startsOn } } }";
    let data =
        app.anonymous().query_with(query, json!({ "id": meeting["id"], "first": planned, "second": hidden })).await;
    assert_eq!(data["meeting"], json!({ "first": { "startsOn": "2026-03-01" }, "second": null }));
}

async fn an_instant_has_come_and_has_a_state(app: TestApp) {
    pass(&app, 1);
    let draft = app.draft("WG-A").await;
    assert_eq!(was(&app, "recommendation", &draft["id"], "2026-01-15T04:30:00Z", "status").await, Value::Null);
    let query = "query($id: ID!, $at: DateTime!) { recommendation(by: { id: $id }) { asOf(at: $at) { status } } }";
    for wrong in ["2026-01-15T05:00:00.000001Z", "2027-01-01T00:00:00Z", "0999-12-31T00:00:00Z"] {
        let body = app.secretariat().send(query, json!({ "id": draft["id"], "at": wrong })).await.body;
        assert_eq!(body["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT", "{wrong}");
        assert_eq!(body["data"]["recommendation"]["asOf"], Value::Null);
    }
    let elsewhere = "2026-01-15T10:00:00+05:00";
    assert_eq!(was(&app, "recommendation", &draft["id"], elsewhere, "status").await["status"], "DRAFT");
}

async fn one_write_keeps_one_state_of_each_record(app: TestApp) {
    let states = async || record_state::Entity::find().all(&app.app.databases.read).await.expect("states");
    let before = states().await.len();
    let draft = app.draft("WG-A").await;
    assert_eq!(states().await.len(), before + 1);
    app.secretariat().mutate("reviseRecommendation", at_with(&draft, json!({ "kind": "RECOMMENDATION" })), "id").await;
    assert_eq!(states().await.len(), before + 1, "nothing was changed");
    let revised = json!({ "text": text("Another"), "themeIds": [app.theme("LAW").await], "priority": "HIGH" });
    let row = app.secretariat().mutate("reviseRecommendation", at_with(&draft, revised), "id version").await;
    assert_eq!(states().await.len(), before + 2, "its own fields and its parts");
    let refused = at_with(&row, json!({ "text": [] }));
    assert_eq!(app.secretariat().refusals("reviseRecommendation", refused).await, ["REQUIRED text"]);
    assert_eq!(states().await.len(), before + 2);
    let input = app.draft_input("WG-A").await;
    let rows: Vec<Value> = (0..3)
        .map(|number| {
            let key = json!({ "externalId": { "sourceSystem": "crm", "value": number.to_string() } });
            rec_tests::given::with(input.clone(), key)
        })
        .collect();
    app.secretariat().upsert("upsertRecommendations", json!({ "rows": rows, "matchBy": "EXTERNAL_ID" }), "id").await;
    assert_eq!(states().await.len(), before + 5);
}

async fn states_of_a_page_are_one_statement(app: TestApp) {
    for _ in 0..4 {
        app.adopted("WG-A").await;
    }
    let at = now(&app);
    pass(&app, 1);
    let query = "query($at: DateTime!, $first: Int!) { recommendations(first: $first, filter: { isDemo: { eq: false } }) { nodes { asOf(at: $at) { status } } } }";
    let statements = async |first: u32| {
        let before = app.app.databases.statements();
        let data = app.anonymous().query_with(query, json!({ "at": at, "first": first })).await;
        let nodes = data["recommendations"]["nodes"].as_array().map(Vec::len).unwrap_or_default();
        assert!(
            data["recommendations"]["nodes"].as_array().unwrap().iter().all(|row| row["asOf"]["status"] == "ADOPTED")
        );
        (app.app.databases.statements() - before, nodes)
    };
    let (few, many) = (statements(1).await, statements(4).await);
    assert_eq!((few.1, many.1), (1, 4));
    assert_eq!(few.0, many.0);
}
