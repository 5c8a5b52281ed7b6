//! One field that fails leaves the others: it is null, and its error says where it stands. A panic ends its own request, and nothing else.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use rec_api::auth::Role;
use rec_api::error::Error;
use rec_tests::client::Client;
use rec_tests::given::text;
use rec_tests::panics::forgive;
use rec_tests::socket::Socket;
use rec_tests::{TestApp, on_both_databases, on_postgres};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Renames a table, so that every statement on it fails.
async fn lose(app: &TestApp, table: &str) {
    let statement = format!("ALTER TABLE {table} RENAME TO lost_{table}");
    app.app.databases.write.execute_unprepared(&statement).await.expect("a lost table");
}

/// The data of an answer, and its errors as `CODE path.to.field`.
async fn partly(client: &Client, query: &str) -> (Value, Vec<String>) {
    let body = client.send(query, json!({})).await.body;
    let errors = body["errors"].as_array().expect("errors").iter().map(|error| {
        let path = error["path"].as_array().expect("a path").iter();
        let path: Vec<String> =
            path.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
        let extensions = &error["extensions"];
        assert_eq!(extensions["requestId"].is_string(), extensions["code"] == "INTERNAL");
        format!("{} {}", extensions["code"].as_str().unwrap_or_default(), path.join("."))
    });
    let errors = errors.collect();
    (body["data"].clone(), errors)
}

/// A mutation that panics: it needs the council's date at a moment when the calendar has ended in Tashkent.
async fn panics(app: &TestApp) -> (String, String) {
    let body = app.body("WG-A").await;
    let clock = &app.app.clock;
    clock.advance(DateTime::<Utc>::MAX_UTC - TimeDelta::hours(2) - clock.now());
    let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("A"), "text": text("B"), "targetDate": "2030-01-01" });
    let query =
        "mutation($input: DraftRecommendationInput!) { draftRecommendation(input: $input) { recommendation { id } } }";
    let asked = json!({ "query": query, "variables": { "input": draft } });
    (app.token(Role::Secretariat, None), asked.to_string())
}

fn is_internal(errors: &Value) {
    assert_eq!(errors[0]["extensions"]["code"], "INTERNAL");
    assert_eq!(errors[0]["message"], "The service has failed. Quote the request id when you report it.");
    assert!(errors[0]["extensions"]["requestId"].is_string());
}

on_both_databases! {
    a_panic_is_the_end_of_its_request_alone,
    a_request_whose_client_goes_away_is_told_of,
    a_wrong_cursor_fails_its_list_only,
    too_many_ids_fail_their_list_only,
    a_fault_fails_the_fields_that_need_what_is_lost,
    a_lost_count_leaves_its_record,
    a_record_without_its_parts_is_none_and_the_error_names_them,
    a_transaction_that_is_given_up_as_it_begins_keeps_no_connection,
}

async fn a_panic_is_the_end_of_its_request_alone(app: TestApp) {
    let before = app.feed_length().await;
    let (token, asked) = panics(&app).await;
    for accept in ["application/graphql-response+json", "text/event-stream"] {
        let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
        let request =
            request.header("authorization", format!("Bearer {token}")).body(Body::from(asked.clone())).unwrap();
        let answer = app.router().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        if accept == "text/event-stream" {
            let (event, end) = body.split_once("\n\n").unwrap();
            is_internal(
                &serde_json::from_str::<Value>(event.strip_prefix("event: next\ndata: ").unwrap()).unwrap()["errors"],
            );
            assert!(status == StatusCode::OK && end.starts_with("event: complete"), "{body}");
        } else {
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            is_internal(&serde_json::from_str::<Value>(&body).unwrap()["errors"]);
        }
    }
    let mut socket = Socket::begin(app.serve().await, Some(&token)).await;
    let payload: Value = serde_json::from_str(&asked).unwrap();
    socket.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    let heard = socket.message().await;
    assert_eq!(heard["type"], "error");
    is_internal(&heard["payload"]);
    forgive();
    socket.subscribe("2", "{ viewer { role } }").await;
    assert_eq!(socket.message().await["payload"]["data"]["viewer"]["role"], "SECRETARIAT");
    assert_eq!(app.feed_length().await, before);
    let figures = app.metrics().await;
    assert!(figures.lines().any(|line| line == "rec_errors_total{code=\"INTERNAL\"} 2"), "{figures}");
    // The writer can be used again.
    app.app.clock.advance(-TimeDelta::hours(4));
    app.secretariat()
        .mutate("createTheme", json!({ "code": "ONE", "kind": "SUBJECT", "name": text("One") }), "id")
        .await;
}

async fn a_request_whose_client_goes_away_is_told_of(app: TestApp) {
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE change_head SET seq = seq").await.unwrap();
    let secretariat = app.secretariat();
    let input = json!({ "code": "ONE", "kind": "SUBJECT", "name": text("One") });
    let mutation = secretariat.payload("createTheme", input, "id");
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(200), mutation).await;
    assert!(given_up.is_err());
    held.rollback().await.unwrap();
    let figures = app.metrics().await;
    let line = "rec_requests_total{method=\"POST\",status=\"499\"} 1";
    assert!(figures.lines().any(|one| one == line), "{figures}");
}

async fn a_wrong_cursor_fails_its_list_only(app: TestApp) {
    let query = r#"{
        viewer { role }
        meetings(after: "bad") { nodes { id } }
        body(by: { code: "WG-A" }) { code meetings(before: "bad") { totalCount } mandates { totalCount } }
        bodies(first: 2, orderBy: [{ field: CODE }]) {
            nodes { code meetings(after: "bad") { nodes { id } } }
            edges { node { code sessions(first: 101) { totalCount } } }
        }
    }"#;
    let (data, mut errors) = partly(&app.anonymous(), query).await;
    errors.sort();
    assert_eq!(
        errors,
        [
            "INVALID_CURSOR bodies.nodes.0.meetings",
            "INVALID_CURSOR bodies.nodes.1.meetings",
            "INVALID_CURSOR body.meetings",
            "INVALID_CURSOR meetings",
            "INVALID_PAGE bodies.edges.0.node.sessions",
            "INVALID_PAGE bodies.edges.1.node.sessions",
        ]
    );
    let expected = json!({
        "viewer": { "role": "ANONYMOUS" },
        "meetings": null,
        "body": { "code": "WG-A", "meetings": null, "mandates": { "totalCount": 0 } },
        "bodies": {
            "nodes": [{ "code": "EC", "meetings": null }, { "code": "PL", "meetings": null }],
            "edges": [{ "node": { "code": "EC", "sessions": null } }, { "node": { "code": "PL", "sessions": null } }],
        },
    });
    assert_eq!(data, expected);
}

async fn too_many_ids_fail_their_list_only(app: TestApp) {
    let ids = vec!["\"mtg_1\""; 101].join(", ");
    let (data, errors) =
        partly(&app.anonymous(), &format!("{{ viewer {{ role }} nodes(ids: [{ids}]) {{ id }} }}")).await;
    assert_eq!(errors, ["INVALID_ARGUMENT nodes"]);
    assert_eq!(data, json!({ "viewer": { "role": "ANONYMOUS" }, "nodes": null }));
}

async fn a_fault_fails_the_fields_that_need_what_is_lost(app: TestApp) {
    let (body, meeting) = (app.body("WG-A").await, app.planned_meeting(json!({})).await["id"].clone());
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    for table in ["organization", "meeting", "participation"] {
        lose(&app, table).await;
    }
    let query = format!(
        "{{
            viewer {{ role }}
            meetings {{ totalCount nodes {{ id }} }}
            nodes(ids: [\"{body}\", {meeting}]) {{ id }}
            mandates {{ totalCount nodes {{ role organization {{ acronym }} body {{ code meetings {{ totalCount }} }} }} }}
        }}"
    );
    let (data, mut errors) = partly(&app.anonymous(), &query).await;
    errors.sort();
    assert_eq!(
        errors,
        [
            "INTERNAL mandates.nodes.0.body.meetings",
            "INTERNAL mandates.nodes.0.organization",
            "INTERNAL meetings",
            "INTERNAL nodes.1",
        ]
    );
    let mandate = json!({ "role": "MEMBER", "organization": null, "body": { "code": "WG-A", "meetings": null } });
    let expected = json!({
        "viewer": { "role": "ANONYMOUS" },
        "meetings": null,
        "nodes": [{ "id": body }, null],
        "mandates": { "totalCount": 1, "nodes": [mandate] },
    });
    assert_eq!(data, expected);
}

async fn a_lost_count_leaves_its_record(app: TestApp) {
    lose(&app, "participation").await;
    let query = "{ meetings(first: 1) { nodes { kind participationCount participations { totalCount } } } }";
    let (data, mut errors) = partly(&app.anonymous(), query).await;
    errors.sort();
    assert_eq!(errors, ["INTERNAL meetings.nodes.0.participationCount", "INTERNAL meetings.nodes.0.participations"]);
    assert!(data["meetings"]["nodes"][0]["kind"].is_string());
}

async fn a_record_without_its_parts_is_none_and_the_error_names_them(app: TestApp) {
    lose(&app, "meeting_organizer").await;
    for page in ["nodes { title organizers { role } }", "edges { node { title organizers { role } } }"] {
        let query = format!("{{ viewer {{ role }} meetings {{ {page} }} }}");
        let (data, errors) = partly(&app.anonymous(), &query).await;
        let place = if page.starts_with('n') { "nodes.0" } else { "edges.0.node" };
        assert_eq!(errors, [format!("INTERNAL meetings.{place}.organizers")]);
        assert_eq!(data, json!({ "viewer": { "role": "ANONYMOUS" }, "meetings": null }));
    }
}

async fn a_transaction_that_is_given_up_as_it_begins_keeps_no_connection(app: TestApp) {
    let mut given_up = 0;
    for _ in 0..200 {
        given_up += usize::from(tokio::time::timeout(Duration::ZERO, app.app.databases.begin()).await.is_err());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(given_up > 0, "each has begun at once");
    let other = app.second().await;
    for writer in [&app, &other].repeat(20) {
        // It waits for the other transaction, and fails in the end.
        writer.app.databases.write.execute_unprepared("UPDATE change_head SET seq = seq").await.unwrap();
    }
}

on_postgres! {
    a_statement_for_which_no_request_waits_any_more_is_given_up,
}

async fn a_statement_for_which_no_request_waits_any_more_is_given_up(app: TestApp) {
    let patient = app.second_with(|config| config.limits.seconds = 20).await;
    let slow = "SELECT pg_sleep(12)";
    let [hasty, patient] = [&app, &patient].map(|app| app.app.databases.read.execute_unprepared(slow));
    let (given_up, done) = tokio::join!(hasty, patient);
    assert_eq!(Error::from(given_up.expect_err("too long")).code(), "UNAVAILABLE");
    done.expect("in time");
}
