//! What a recommendation and a meeting were at an instant, for whoever could see them then.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use entity::record_state;
use rec_tests::given::{at, at_with, each, text};
use rec_tests::{Database, TestApp, on_both_databases};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, IntoActiveModel};
use serde_json::{Value, json};

on_both_databases! {
    a_recommendation_is_read_as_it_stood,
    a_silence_that_has_elapsed_was_over_at_its_deadline,
    nobody_reads_what_was_not_for_it_then,
    a_meeting_is_read_as_it_stood,
    an_instant_has_come_and_has_a_state,
    one_write_keeps_one_state_of_each_record,
    states_of_a_page_are_one_statement,
    a_later_version_comes_after_an_earlier_one_whatever_the_clock_says,
    a_record_of_thousands_of_versions_is_read_at_its_first_instant,
    what_was_there_before_is_kept_as_the_service_keeps_it,
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
        assert_eq!(body["data"]["recommendation"], json!({ "asOf": null }));
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
    let write = async |rows: Vec<Value>| {
        let input = json!({ "rows": rows, "matchBy": "EXTERNAL_ID" });
        app.secretariat().upsert("upsertRecommendations", input, "id").await["rows"][0]["record"]["id"].take()
    };
    write(rows.clone()).await;
    assert_eq!(states().await.len(), before + 5);
    write(rows.clone()).await;
    assert_eq!(states().await.len(), before + 5, "nothing was changed");
    let changed = rows
        .iter()
        .map(|row| rec_tests::given::with(row.clone(), json!({ "text": text("Changed"), "addressees": [] })));
    let id = write(changed.collect()).await;
    assert_eq!(states().await.len(), before + 8);
    let state =
        was(&app, "recommendation", &id, &now(&app), "version addressees { role } revision { number text }").await;
    assert_eq!(state, json!({ "version": 2, "addressees": [], "revision": { "number": 2, "text": "Changed" } }));
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

async fn a_later_version_comes_after_an_earlier_one_whatever_the_clock_says(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let first = now(&app);
    pass(&app, 2);
    let revised = at_with(&draft, json!({ "text": text("Another text") }));
    let revised = app.secretariat().mutate("reviseRecommendation", revised, "id version").await;
    let second = now(&app);
    // A transaction that has waited, or another process whose clock is behind.
    pass(&app, -1);
    let between = now(&app);
    let addressees = json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
    app.secretariat().mutate("setAddressees", at_with(&revised, addressees), "id").await;
    pass(&app, 1);
    for (at, expected) in [
        (&first, json!({ "since": first, "version": 1, "revision": { "number": 1 } })),
        (&between, json!({ "since": first, "version": 1, "revision": { "number": 1 } })),
        (&second, json!({ "since": second, "version": 3, "revision": { "number": 2 } })),
    ] {
        assert_eq!(
            was(&app, "recommendation", &draft["id"], at, "since version revision { number }").await,
            expected,
            "{at}"
        );
    }
}

async fn a_record_of_thousands_of_versions_is_read_at_its_first_instant(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let first = now(&app);
    pass(&app, 1);
    let query = "query($at: DateTime!) { recommendations(first: 100) { nodes { id asOf(at: $at) { version } } } }";
    let known = record_state::Entity::find().all(&app.app.databases.read).await.expect("states");
    let of_draft = known.into_iter().max_by_key(|kept| kept.record_id).expect("a state");
    let later = (2..5000).map(|version| record_state::Model {
        id: app.app.clock.new_id(),
        version,
        since: app.app.clock.now(),
        ..of_draft.clone()
    });
    let later: Vec<record_state::ActiveModel> = later.map(IntoActiveModel::into_active_model).collect();
    for some in later.chunks(1000) {
        record_state::Entity::insert_many(some.to_vec())
            .exec_without_returning(&app.app.databases.write)
            .await
            .expect("states");
    }
    let began = std::time::Instant::now();
    let data = app.secretariat().query_with(query, json!({ "at": first })).await;
    assert!(began.elapsed() < std::time::Duration::from_millis(500), "{:?}", began.elapsed());
    let found = data["recommendations"]["nodes"].as_array().unwrap().iter().find(|row| row["id"] == draft["id"]);
    assert_eq!(found.expect("the draft")["asOf"]["version"], 1);
}

const PRESENT_POSTGRES: &str = include_str!("../../migration/src/m20261201_000032_record_states/present.postgres.sql");
const PRESENT_SQLITE: &str = include_str!("../../migration/src/m20261201_000032_record_states/present.sqlite.sql");

async fn what_was_there_before_is_kept_as_the_service_keeps_it(app: TestApp) {
    app.adopted_with("WG-A", json!({ "targetDate": "2027-01-01", "priority": "HIGH" })).await;
    app.draft_with("WG-B", json!({ "addressees": [] })).await;
    pass(&app, 1);
    let draft = app.draft("WG-A").await;
    app.secretariat().mutate("reviseRecommendation", at_with(&draft, json!({ "text": text("Another") })), "id").await;
    let country =
        json!({ "countryId": app.country("KZ").await, "chathamHouse": true, "sensitivity": "PARTICIPANTS_ONLY" });
    app.planned_meeting(country).await;
    let present = async || {
        let mut last = BTreeMap::new();
        for kept in record_state::Entity::find().all(&app.app.databases.read).await.expect("states") {
            let kept = record_state::Model { id: entity::id::RecordStateId(kept.record_id), ..kept };
            let known = last.entry(kept.record_id).or_insert_with(|| kept.clone());
            if known.version < kept.version {
                *known = kept;
            }
        }
        last
    };
    let by_the_service = present().await;
    let db = &app.app.databases.write;
    record_state::Entity::delete_many().exec(db).await.expect("no state");
    let sql = if app.database == Database::Postgres { PRESENT_POSTGRES } else { PRESENT_SQLITE };
    db.execute_unprepared(sql).await.expect("states");
    assert!(by_the_service.len() > 5);
    assert_eq!(present().await, by_the_service);
}
