//! `Idempotency-Key`: a repeated mutation gets the same answer, and is done once.

use std::time::Duration;

use chrono::TimeDelta;
use entity::idempotency_key;
use futures_util::future::join_all;
use rec_api::service::background::forget;
use rec_tests::client::{Answer, Client};
use rec_tests::given::{at, text};
use rec_tests::wait::until;
use rec_tests::{Database, TestApp, on_both_databases, on_postgres};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};

const CREATE: &str = "mutation($input: CreateThemeInput!) {
    createTheme(input: $input) { theme { id code } userErrors { code } change { cursor } }
}";

fn theme(code: &str) -> Value {
    json!({ "input": { "code": code, "name": text(code), "kind": "SUBJECT" } })
}

async fn create(client: &Client, code: &str) -> Answer {
    client.send(CREATE, theme(code)).await
}

fn is_again(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

fn code(answer: &Answer) -> &Value {
    &answer.body["errors"][0]["extensions"]["code"]
}

async fn themes(app: &TestApp) -> i64 {
    app.anonymous().query("{ themes { totalCount } }").await["themes"]["totalCount"].as_i64().unwrap()
}

async fn kept(app: &TestApp) -> u64 {
    idempotency_key::Entity::find().count(&app.app.databases.read).await.unwrap()
}

on_both_databases! {
    a_mutation_that_comes_again_is_done_once_and_answered_alike,
    a_refusal_is_answered_alike_even_when_its_cause_is_gone,
    what_failed_in_part_is_answered_alike,
    a_key_is_of_one_body_and_of_one_client,
    an_answer_is_kept_for_a_day,
    many_old_answers_are_forgotten_in_portions,
    a_process_forgets_what_is_too_old,
    those_that_come_at_once_wait_for_the_first,
    those_that_come_at_once_to_two_processes_wait_for_the_first,
    write_conflicts_are_retried_under_a_key,
    a_fault_of_ours_undoes_the_request_and_keeps_nothing,
    the_mutations_of_a_request_see_each_other_and_one_that_is_refused_leaves_the_others,
    a_follower_is_told_once_the_answer_is_kept,
    what_is_shown_once_is_not_kept,
    queries_and_strangers_have_no_use_for_a_key,
    clients_that_go_away_and_come_again_have_it_done_once,
}

async fn a_mutation_that_comes_again_is_done_once_and_answered_alike(app: TestApp) {
    let client = app.secretariat().keyed("one");
    let first = create(&client, "LAW").await;
    assert!(first.body["data"]["createTheme"]["theme"]["id"].is_string() && !is_again(&first));
    for _ in 0..3 {
        let again = create(&client, "LAW").await;
        assert_eq!((&again.text, again.status, is_again(&again)), (&first.text, first.status, true));
    }
    assert_eq!((themes(&app).await, app.feed_length().await > 0), (1, true));
    let other = create(&app.secretariat().keyed("two"), "LAW").await;
    assert_eq!(other.body["data"]["createTheme"]["userErrors"][0]["code"], "ALREADY_EXISTS");
}

async fn a_refusal_is_answered_alike_even_when_its_cause_is_gone(app: TestApp) {
    app.theme("LAW").await;
    let client = app.secretariat().keyed("one");
    let refused = create(&client, "LAW").await;
    assert_eq!(refused.body["data"]["createTheme"]["userErrors"][0]["code"], "ALREADY_EXISTS");
    let rename = "UPDATE theme SET code = 'OTHER'";
    app.app.databases.write.execute_unprepared(rename).await.unwrap();
    assert_eq!(create(&client, "LAW").await.text, refused.text);
    assert_eq!(themes(&app).await, 1);
}

async fn what_failed_in_part_is_answered_alike(app: TestApp) {
    let query = "mutation { createTheme(input: { code: \"PART\", kind: SUBJECT, name: [{ locale: EN, text: \"P\" }] }) { theme { code } }
        registerClient(input: { purpose: \"C\", role: READER, scopes: [] }) { userErrors { code } } }";
    let client = app.secretariat().keyed("one");
    let first = client.send(query, json!({})).await;
    assert_eq!((first.status.as_u16(), &first.body["data"]["createTheme"]["theme"]["code"]), (294, &json!("PART")));
    assert_eq!(first.body["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let again = client.send(query, json!({})).await;
    assert_eq!((&again.text, again.status, is_again(&again)), (&first.text, first.status, true));
}

async fn a_key_is_of_one_body_and_of_one_client(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    create(&app.secretariat().keyed("one"), "LAW").await;
    let reused = create(&app.secretariat().keyed("one"), "HEALTH").await;
    assert_eq!((reused.status.as_u16(), code(&reused)), (422, &json!("IDEMPOTENCY_KEY_REUSED")));
    let (admin, partner) = (app.admin().keyed("one"), app.partner("OSCE").keyed("one"));
    assert!(create(&admin, "HEALTH").await.body["data"]["createTheme"]["theme"]["id"].is_string());
    assert_eq!(code(&create(&partner, "CARE").await), "FORBIDDEN");
    assert_eq!(themes(&app).await, 2);
}

async fn an_answer_is_kept_for_a_day(app: TestApp) {
    let client = app.secretariat().keyed("one");
    create(&client, "LAW").await;
    app.app.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert!(is_again(&create(&app.secretariat().keyed("one"), "LAW").await));
    app.app.clock.advance(TimeDelta::seconds(1));
    let later = create(&app.secretariat().keyed("one"), "HEALTH").await;
    assert!(!is_again(&later) && later.body["data"]["createTheme"]["theme"]["id"].is_string());
    create(&app.secretariat().keyed("two"), "CARE").await;
    app.app.clock.advance(TimeDelta::hours(24));
    create(&app.secretariat().keyed("three"), "SAFETY").await;
    assert_eq!(rec_api::service::idempotency::prune(&app.app).await.unwrap(), 2);
    assert_eq!(kept(&app).await, 1);
}

async fn many_old_answers_are_forgotten_in_portions(app: TestApp) {
    create(&app.secretariat().keyed("old"), "LAW").await;
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
        INSERT INTO idempotency_key (client, key, fingerprint, answer, at)
        SELECT client, CAST(i AS text), fingerprint, answer, at FROM idempotency_key, n";
    app.app.databases.write.execute_unprepared(many).await.unwrap();
    app.app.clock.advance(TimeDelta::hours(24));
    create(&app.secretariat().keyed("new"), "CARE").await;
    let statements = app.app.databases.statements();
    assert_eq!(rec_api::service::idempotency::prune(&app.app).await.unwrap(), 25_001);
    assert_eq!(app.app.databases.statements() - statements, 4);
    assert_eq!(kept(&app).await, 1);
}

async fn a_process_forgets_what_is_too_old(app: TestApp) {
    create(&app.secretariat().keyed("old"), "LAW").await;
    app.app.clock.advance(TimeDelta::days(91));
    tokio::select! {
        never = forget(&app.app, Duration::ZERO) => match never {},
        () = until("all is forgotten", async || kept(&app).await + app.feed_length().await == 0) => {}
    }
}

async fn those_that_come_at_once_wait_for_the_first(app: TestApp) {
    let client = app.secretariat().keyed("one");
    let answers = join_all((0..6).map(|_| create(&client, "LAW"))).await;
    assert!(answers.iter().all(|answer| answer.text == answers[0].text), "{}", answers[0].text);
    assert!(answers[0].body["data"]["createTheme"]["theme"]["id"].is_string());
    assert_eq!(answers.iter().filter(|answer| !is_again(answer)).count(), 1);
    assert_eq!(themes(&app).await, 1);
}

async fn those_that_come_at_once_to_two_processes_wait_for_the_first(app: TestApp) {
    let other = app.second().await;
    // A token is only valid for its own keys.
    let clients = [app.secretariat().keyed("one"), other.secretariat().keyed("one")];
    for round in 0..8 {
        let code = format!("ROUND-{round}");
        let clients = clients.clone().map(|client| client.keyed(&code));
        let (one, two) = tokio::join!(create(&clients[0], &code), create(&clients[1], &code));
        assert_eq!(one.text, two.text);
        assert!(one.body["data"]["createTheme"]["theme"]["id"].is_string(), "{}", one.text);
        assert_eq!(usize::from(is_again(&one)) + usize::from(is_again(&two)), 1, "one of them does it");
    }
    assert_eq!(themes(&app).await, 8);
}

async fn write_conflicts_are_retried_under_a_key(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let item = json!({ "meetingId": app.planned_meeting(json!({})).await["id"], "title": text("A"), "kind": "DISCUSSION",
        "recommendationIds": [draft["id"]] });
    app.secretariat().mutate("addAgendaItem", item, "id").await;
    let other = app.second().await;
    let held = other.app.databases.begin().await.unwrap();
    if app.database == Database::Postgres {
        // Of two transactions in a deadlock, the one that checks first is aborted.
        held.execute_unprepared("SET LOCAL deadlock_timeout = '1min'").await.unwrap();
    }
    held.execute_unprepared("UPDATE agenda_item SET version = version").await.unwrap();
    let client = app.secretariat().keyed("one");
    let opens = tokio::spawn(async move { client.mutate("openDiscussion", at(&draft), "status").await });
    app.others_wait(1).await;
    // On PostgreSQL there is a deadlock now.
    held.execute_unprepared("UPDATE recommendation SET version = version").await.unwrap();
    held.rollback().await.unwrap();
    assert_eq!(opens.await.unwrap()["status"], "UNDER_DISCUSSION");
    assert_eq!(kept(&app).await, 1);
}

async fn a_fault_of_ours_undoes_the_request_and_keeps_nothing(app: TestApp) {
    let client = app.secretariat().keyed("one");
    let both = "mutation($theme: CreateThemeInput!, $instrument: CreateInstrumentInput!) {
        createTheme(input: $theme) { theme { id } } createInstrument(input: $instrument) { instrument { id } }
    }";
    let variables = json!({
        "theme": theme("LAW")["input"], "instrument": { "symbol": "S/RES/1", "title": text("A resolution") },
    });
    let lose = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
    app.app.databases.write.execute_unprepared(&lose("instrument", "elsewhere")).await.unwrap();
    let failed = client.send(both, variables.clone()).await;
    assert_eq!((code(&failed), &failed.body["data"]), (&json!("INTERNAL"), &Value::Null));
    assert_eq!((themes(&app).await, kept(&app).await), (0, 0));
    app.app.databases.write.execute_unprepared(&lose("elsewhere", "instrument")).await.unwrap();
    let done = client.send(both, variables).await;
    assert!(done.body["data"]["createInstrument"]["instrument"]["id"].is_string(), "{}", done.text);
    assert_eq!((themes(&app).await, kept(&app).await), (1, 1));
}

async fn the_mutations_of_a_request_see_each_other_and_one_that_is_refused_leaves_the_others(app: TestApp) {
    let document = "mutation($one: CreateThemeInput!) {
        first: createTheme(input: $one) { theme { id } userErrors { code } }
        again: createTheme(input: $one) { theme { id } userErrors { code } }
    }";
    let client = app.secretariat().keyed("one");
    let answer = client.send(document, json!({ "one": theme("LAW")["input"] })).await;
    assert!(answer.body["data"]["first"]["theme"]["id"].is_string());
    assert_eq!(answer.body["data"]["again"]["userErrors"][0]["code"], "ALREADY_EXISTS");
    assert_eq!(themes(&app).await, 1);
}

async fn a_follower_is_told_once_the_answer_is_kept(app: TestApp) {
    let before = app.app.feed.head().seq;
    let answer = create(&app.secretariat().keyed("one"), "LAW").await;
    assert_eq!(app.app.feed.head().seq, before + 1);
    let cursor = &answer.body["data"]["createTheme"]["change"]["cursor"];
    assert_eq!(app.anonymous().query("{ feedHead }").await["feedHead"], *cursor);
}

async fn what_is_shown_once_is_not_kept(app: TestApp) {
    let client = json!({ "purpose": "A copy", "role": "READER", "scopes": ["READ"] });
    let client = app.admin().mutate("registerClient", client, "id").await;
    let keyed = app.admin().keyed("one");
    let issue = json!({ "clientId": client["id"], "days": 1 });
    assert_eq!(keyed.mutation_error("issueToken", issue.clone()).await, "INVALID_ARGUMENT");
    let keyed = app.admin().keyed("two");
    let hook = json!({ "url": "https://hooks.example/" });
    assert_eq!(keyed.mutation_error("registerWebhook", hook).await, "INVALID_ARGUMENT");
    app.admin().mutate("issueToken", issue, "id").await;
}

async fn queries_and_strangers_have_no_use_for_a_key(app: TestApp) {
    for _ in 0..2 {
        let answer = app.secretariat().keyed("one").send("{ feedHead }", json!({})).await;
        assert!(answer.body["data"]["feedHead"].is_string() && !is_again(&answer));
        assert_eq!(code(&create(&app.anonymous().keyed("one"), "LAW").await), "FORBIDDEN");
    }
    assert_eq!(kept(&app).await, 0);
    for wrong in ["", &"k".repeat(256)] {
        let answer = create(&app.secretariat().keyed(wrong), "LAW").await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (400, &json!("BAD_REQUEST")));
    }
    create(&app.secretariat().keyed(&"k".repeat(255)), "LAW").await;
    assert_eq!(kept(&app).await, 1);
}

async fn clients_that_go_away_and_come_again_have_it_done_once(app: TestApp) {
    let client = app.secretariat();
    for number in 0..40 {
        let keyed = client.keyed(&number.to_string());
        let code = format!("THEME-{number}");
        for attempt in 0..2 {
            let patience = Duration::from_micros(100 + (number * 397 + attempt * 2711) % 8000);
            let _ = tokio::time::timeout(patience, create(&keyed, &code)).await;
        }
        let answer = create(&keyed, &code).await;
        assert!(answer.body["data"]["createTheme"]["theme"]["id"].is_string(), "{}", answer.text);
    }
    assert_eq!(themes(&app).await, 40);
    let records = app.anonymous().query("{ changes(first: 500, types: [THEME]) { edges { version } } }").await;
    assert_eq!(records["changes"]["edges"].as_array().unwrap().len(), 40);
}

on_postgres! {
    nobody_is_told_before_the_answer_is_kept,
}

// On SQLite nothing else can make the second one wait.
async fn nobody_is_told_before_the_answer_is_kept(app: TestApp) {
    let (before, other) = (app.app.feed.head().seq, app.second().await);
    let held = other.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE organization SET version = version").await.unwrap();
    let document = "mutation($theme: CreateThemeInput!, $gone: DeactivateOrganizationInput!) {
        createTheme(input: $theme) { theme { id } }
        deactivateOrganization(input: $gone) { organization { id } }
    }";
    let gone = json!({ "id": app.organization("EU").await, "expectedVersion": 1 });
    let client = app.secretariat().keyed("one");
    let variables = json!({ "theme": theme("LAW")["input"], "gone": gone });
    let answer = tokio::spawn(async move { client.send(document, variables).await });
    app.others_wait(1).await;
    assert_eq!(app.app.feed.head().seq, before, "the first has been done, the second waits");
    held.rollback().await.unwrap();
    assert!(answer.await.unwrap().body["data"]["deactivateOrganization"]["organization"]["id"].is_string());
    assert_eq!(app.app.feed.head().seq, before + 2);
}
