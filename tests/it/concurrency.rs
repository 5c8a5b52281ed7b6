//! Concurrent writers. Each of them is answered as if the others had come before or after, and none by an internal error.

use std::time::{Duration, Instant};

use rec_tests::given::{at, at_with, text};
use rec_tests::wait::{PATIENCE, until};
use rec_tests::{Database, TestApp, on_both_databases, on_databases};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};

/// How long a long command lets others write before it continues.
const COURTESY: Duration = Duration::from_millis(100);

/// Sends mutations one after the other while the head of the feed is locked, so that all of them are running before the first one ends.
/// Returns the codes of the validation errors of each.
async fn at_once(app: &TestApp, mutations: Vec<(&'static str, Value)>) -> Vec<Vec<String>> {
    // With so many connections, each of a client's concurrent writes has one.
    let writers = app.second_with(|config| config.database_connections = 16).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE change_head SET seq = seq").await.unwrap();
    let mut running = Vec::new();
    for (mutation, input) in mutations {
        let client = writers.secretariat();
        running.push(tokio::spawn(async move { client.payload(mutation, input, "id").await }));
        writers.others_wait(running.len()).await;
    }
    held.commit().await.unwrap();
    let mut answers = Vec::new();
    for answer in running {
        let answer = answer.await.unwrap();
        let codes =
            answer["userErrors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap().to_owned());
        answers.push(codes.collect());
    }
    answers
}

/// Of two writes at one version the first succeeds, and the second gets a conflict.
async fn second_conflicts(app: &TestApp, mutation: &'static str, one: Value, other: Value) {
    assert_eq!(at_once(app, vec![(mutation, one), (mutation, other)]).await, [vec![], vec!["CONFLICT"]], "{mutation}");
}

/// A draft that an agenda item is about, and the item's meeting.
async fn on_an_agenda(app: &TestApp) -> (Value, Value) {
    let (draft, meeting) = (app.draft("WG-A").await, app.planned_meeting(json!({})).await);
    let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "DISCUSSION", "recommendationIds": [draft["id"]] });
    app.secretariat().mutate("addAgendaItem", item, "id").await;
    let meeting = app
        .secretariat()
        .query_with("query($id: ID!) { meeting(by: { id: $id }) { id version } }", json!({ "id": meeting["id"] }))
        .await["meeting"]
        .take();
    (draft, meeting)
}

on_databases! { [postgres Postgres]
    a_change_of_an_agenda_item_locks_its_meeting_first,
    a_change_of_links_locks_the_recommendations_first,
}

on_databases! { [sqlite Sqlite]
    a_write_that_waits_comes_before_the_next_transaction_of_a_long_command,
    a_write_that_waits_for_too_long_is_unavailable_and_is_not_done_later,
}

async fn a_write_that_waits_comes_before_the_next_transaction_of_a_long_command(app: TestApp) {
    let command = app.second().await.app.databases.clone();
    let mut in_time = 0;
    for number in 0..100 {
        let held = command.begin().await.unwrap();
        let (client, code) = (app.secretariat(), format!("WAITS-{number}"));
        let input = json!({ "code": code, "kind": "SUBJECT", "name": text("A theme") });
        let writes = tokio::spawn(async move { client.mutate("createTheme", input, "id").await });
        until("a write waits", async || command.is_waited_for()).await;
        held.commit().await.unwrap();
        let asked = Instant::now();
        command.let_others_write().await;
        // It continues in the end, even if a waiting writer gets no processor time.
        let gave_up = asked.elapsed() >= COURTESY;
        let next = command.begin().await.unwrap();
        let sql = format!("SELECT id FROM theme WHERE code = '{code}'");
        let written = next.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        next.rollback().await.unwrap();
        writes.await.unwrap();
        assert!(written.is_some() || gave_up, "{code} still waits");
        in_time += usize::from(written.is_some());
        if in_time == 10 {
            return;
        }
    }
    panic!("{in_time} came before");
}

async fn a_write_that_waits_for_too_long_is_unavailable_and_is_not_done_later(app: TestApp) {
    let other = app.second().await;
    let held = other.app.databases.begin().await.unwrap();
    let input = json!({ "code": "LATE", "kind": "SUBJECT", "name": text("A theme") });
    let began = Instant::now();
    let refused = app.secretariat().payload_or_error("createTheme", input).await.unwrap_err();
    let waited = began.elapsed();
    assert_eq!(refused, "UNAVAILABLE");
    assert!(waited >= Duration::from_secs(5) && waited < PATIENCE, "{waited:?}");
    held.rollback().await.unwrap();
    app.theme("NEXT").await;
    assert_eq!(app.anonymous().query("{ theme(by: { code: \"LATE\" }) { id } }").await, json!({ "theme": null }));
}

on_both_databases! {
    of_two_writers_at_one_version_the_second_conflicts,
    nobody_takes_part_in_public_in_a_meeting_that_closes_meanwhile,
    meetings_that_number_the_same_bodies_do_not_wait_for_each_other,
    nothing_is_reached_at_a_session_that_goes_meanwhile,
    grants_that_overlap_at_once_leave_one,
    nothing_is_hung_on_a_theme_that_is_merged_meanwhile,
    a_theme_below_one_that_is_merged_may_change_meanwhile,
    a_text_that_takes_the_place_of_another_one_may_change_meanwhile,
    one_of_two_that_wait_for_each_other_is_done_again,
    an_item_that_is_touched_meanwhile_is_no_conflict_of_its_meeting,
}

async fn of_two_writers_at_one_version_the_second_conflicts(app: TestApp) {
    let text_row = app.under_discussion("WG-A").await;
    let revised = |words: &str| at_with(&text_row, json!({ "text": text(words) }));
    second_conflicts(&app, "reviseRecommendation", revised("One"), revised("Other")).await;
    let (isrs, unoct) = (app.organization("ISRS").await, app.organization("UNOCT").await);
    let meeting = app.planned_meeting(json!({})).await;
    let organized = |ids: &[&String]| {
        let organizers: Vec<Value> = ids.iter().map(|id| json!({ "organizationId": id, "role": "HOST" })).collect();
        at_with(&meeting, json!({ "organizers": organizers }))
    };
    second_conflicts(&app, "setMeetingOrganizers", organized(&[&isrs, &unoct]), organized(&[&unoct, &isrs])).await;
    let (body, meeting) = (app.body("WG-B").await, app.planned_meeting(json!({})).await);
    let sessions = |ordinal: i32| at_with(&meeting, json!({ "sessions": [{ "bodyId": body, "ordinal": ordinal }] }));
    second_conflicts(&app, "setBodySessions", sessions(71), sessions(72)).await;
}

async fn nobody_takes_part_in_public_in_a_meeting_that_closes_meanwhile(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let comes = json!({ "meetingId": meeting["id"], "organizationId": app.organization("EU").await,
        "capacity": "DELEGATE", "attendance": "CONFIRMED" });
    let closes = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    let answers = at_once(&app, vec![("recordParticipation", comes), ("updateMeeting", closes)]).await;
    assert_eq!(answers, [Vec::<String>::new(), Vec::new()]);
    let query = "query($id: ID!) { meeting(by: { id: $id }) { participations { nodes { id } } } }";
    let data = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    let participation = &data["meeting"]["participations"]["nodes"][0]["id"];
    assert!(participation.is_string());
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for viewer in [app.anonymous(), app.reader(), app.partner("EU")] {
        assert_eq!(viewer.query_with(node, json!({ "id": participation })).await, json!({ "node": null }));
    }
}

async fn meetings_that_number_the_same_bodies_do_not_wait_for_each_other(app: TestApp) {
    let mut bodies = Vec::new();
    for code in ["WG-A", "WG-B", "WG-C", "WG-D"] {
        bodies.push(json!({ "bodyId": app.body(code).await }));
    }
    let input = |sessions: &[Value]| {
        json!({ "title": text("At once"), "kind": "JOINT_WORKING_GROUPS",
        "modality": "ONLINE", "startsOn": "2026-02-01", "sessions": sessions })
    };
    let forth = input(&bodies);
    bodies.reverse();
    let back = input(&bodies);
    let mut running = Vec::new();
    for number in 0..8 {
        let (client, input) = (app.secretariat(), if number % 2 == 0 { forth.clone() } else { back.clone() });
        running.push(tokio::spawn(async move { client.mutate("scheduleMeeting", input, "id").await }));
    }
    for scheduled in running {
        assert!(scheduled.await.unwrap()["id"].is_string());
    }
}

async fn nothing_is_reached_at_a_session_that_goes_meanwhile(app: TestApp) {
    let meeting = app
        .planned_meeting(json!({ "startsOn": "2026-01-15", "sessions": [{ "bodyId": app.body("WG-A").await }] }))
        .await;
    let meeting = app.secretariat().mutate("confirmMeeting", at(&meeting), "id version").await;
    let meeting = app.secretariat().mutate("openMeeting", at(&meeting), "id version").await;
    let text = app.under_discussion("WG-A").await;
    let goes = at_with(&meeting, json!({ "sessions": [] }));
    let agrees = at_with(&text, json!({ "meetingId": meeting["id"] }));
    let answers = at_once(&app, vec![("setBodySessions", goes), ("recordAgreement", agrees)]).await;
    assert_eq!(answers, [vec![], vec!["INVALID_STATE"]]);
}

async fn grants_that_overlap_at_once_leave_one(app: TestApp) {
    let input = json!({ "organizationId": app.organization("OSCE").await, "bodyId": app.body("WG-A").await,
        "role": "MEMBER", "validFrom": "2026-01-01" });
    let answers = at_once(&app, vec![("grantMandate", input.clone()), ("grantMandate", input)]).await;
    assert_eq!(answers, [vec![], vec!["ALREADY_EXISTS"]]);
}

async fn nothing_is_hung_on_a_theme_that_is_merged_meanwhile(app: TestApp) {
    let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
    let merges = json!({ "id": one, "expectedVersion": 1, "intoId": two });
    let below = json!({ "code": "BELOW", "kind": "SUBJECT", "name": text("Below"), "parentId": one });
    let draft = json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R"),
        "themeIds": [one] });
    let answers =
        at_once(&app, vec![("mergeThemes", merges), ("createTheme", below), ("draftRecommendation", draft)]).await;
    assert_eq!(answers, [vec![], vec!["NOT_FOUND"], vec!["NOT_FOUND"]]);
}

async fn a_theme_below_one_that_is_merged_may_change_meanwhile(app: TestApp) {
    let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
    let below = json!({ "code": "BELOW", "kind": "SUBJECT", "name": text("Below"), "parentId": one });
    let below = app.secretariat().mutate("createTheme", below, "id version").await;
    let renamed = at_with(&below, json!({ "code": "RENAMED" }));
    let merges = json!({ "id": one, "expectedVersion": 1, "intoId": two });
    let answers = at_once(&app, vec![("updateTheme", renamed), ("mergeThemes", merges)]).await;
    assert_eq!(answers, [Vec::<String>::new(), vec![]]);
    let query = r#"{ theme(by: { code: "RENAMED" }) { version parent { code } } }"#;
    assert_eq!(app.anonymous().query(query).await["theme"], json!({ "version": 3, "parent": { "code": "TWO" } }));
}

async fn a_text_that_takes_the_place_of_another_one_may_change_meanwhile(app: TestApp) {
    let (earlier, later) = (app.adopted("WG-A").await, app.adopted("WG-A").await);
    let supersedes = at_with(&earlier, json!({ "supersededById": later["id"] }));
    let moves = vec![("transmitRecommendation", at(&later)), ("supersedeRecommendation", supersedes)];
    assert_eq!(at_once(&app, moves).await, [Vec::<String>::new(), vec![]]);
}

async fn one_of_two_that_wait_for_each_other_is_done_again(app: TestApp) {
    let (draft, _) = on_an_agenda(&app).await;
    let other = app.second().await;
    let held = other.app.databases.begin().await.unwrap();
    if app.database == Database::Postgres {
        // Of two transactions in a deadlock, the one that checks first is aborted.
        held.execute_unprepared("SET LOCAL deadlock_timeout = '1min'").await.unwrap();
    }
    held.execute_unprepared("UPDATE agenda_item SET version = version").await.unwrap();
    let client = app.secretariat();
    let opens = tokio::spawn(async move { client.mutate("openDiscussion", at(&draft), "status").await });
    app.others_wait(1).await;
    // It holds the recommendation and waits for the item: now there is a deadlock.
    held.execute_unprepared("UPDATE recommendation SET version = version").await.unwrap();
    held.rollback().await.unwrap();
    assert_eq!(opens.await.unwrap()["status"], "UNDER_DISCUSSION");
}

async fn an_item_that_is_touched_meanwhile_is_no_conflict_of_its_meeting(app: TestApp) {
    let (_, meeting) = on_an_agenda(&app).await;
    let other = app.second().await;
    let held = other.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE agenda_item SET version = version + 1").await.unwrap();
    let client = app.secretariat();
    let input = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    let closes = tokio::spawn(async move { client.mutate("updateMeeting", input, "agenda { version }").await });
    app.others_wait(1).await;
    held.commit().await.unwrap();
    assert_eq!(closes.await.unwrap()["agenda"], json!([{ "version": 3 }]));
}

/// Whoever changes a whole agenda locks the meeting, and then the items: the other way round the two would deadlock.
async fn a_change_of_an_agenda_item_locks_its_meeting_first(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "DISCUSSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    for (mutation, more) in [("updateAgendaItem", json!({ "title": text("B") })), ("removeAgendaItem", json!({}))] {
        let held = app.app.databases.begin().await.unwrap();
        held.execute_unprepared("SELECT id FROM meeting FOR UPDATE").await.unwrap();
        let (client, input) = (app.secretariat(), at_with(&item, more));
        let running = tokio::spawn(async move { client.payload(mutation, input, "id").await });
        app.others_wait(1).await;
        let free = held.execute_unprepared("SELECT id FROM agenda_item FOR UPDATE NOWAIT").await;
        assert!(free.is_ok(), "{mutation}: {free:?}");
        drop(held);
        running.await.unwrap();
    }
}

/// Whoever moves a recommendation locks it, and then the items and meetings that it concerns: the other way round the two would deadlock.
async fn a_change_of_links_locks_the_recommendations_first(app: TestApp) {
    let (draft, meeting) = on_an_agenda(&app).await;
    let query = "query($id: ID!) { meeting(by: { id: $id }) { agenda { id version } } }";
    let shown = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    let item = &shown["meeting"]["agenda"][0];
    let another = json!({ "meetingId": meeting["id"], "title": text("B"), "kind": "DISCUSSION", "recommendationIds": [draft["id"]] });
    for (mutation, input) in [
        ("updateAgendaItem", at_with(item, json!({ "recommendationIds": [] }))),
        ("updateAgendaItem", at_with(item, json!({ "recommendationIds": [draft["id"]] }))),
        ("addAgendaItem", another),
    ] {
        let held = app.app.databases.begin().await.unwrap();
        held.execute_unprepared("SELECT id FROM recommendation FOR UPDATE").await.unwrap();
        let client = app.secretariat();
        let running = tokio::spawn(async move { client.payload(mutation, input, "id").await });
        app.others_wait(1).await;
        for table in ["meeting", "agenda_item"] {
            let free = held.execute_unprepared(&format!("SELECT id FROM {table} FOR UPDATE NOWAIT")).await;
            assert!(free.is_ok(), "{mutation}, {table}: {free:?}");
        }
        drop(held);
        assert_eq!(running.await.unwrap()["userErrors"], json!([]), "{mutation}");
    }
}
