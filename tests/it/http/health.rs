//! What a service says of its own state.

use axum::http::StatusCode;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::{code, get};

on_both_databases! {
    the_metrics_tell_of_requests_and_not_of_what_was_asked,
    a_service_on_another_schema_is_not_ready,
    what_the_database_does_not_give_is_said_to_be_unavailable,
    a_service_without_its_database_lives_but_is_not_ready,
}

async fn the_metrics_tell_of_requests_and_not_of_what_was_asked(app: TestApp) {
    for _ in 0..3 {
        app.anonymous().query("query Bodies { bodies { nodes { code } } }").await;
    }
    assert_eq!(app.anonymous().error("{ nothing }").await, "GRAPHQL_VALIDATION_FAILED");
    let (status, headers, bytes) = get(&app, "/metrics").await;
    let text = String::from_utf8(bytes).expect("text");
    assert!(status == StatusCode::OK && headers["content-type"].to_str().unwrap().contains("openmetrics-text"));
    for line in [
        "rec_requests_total{method=\"POST\",status=\"200\"} 3",
        "rec_requests_total{method=\"POST\",status=\"422\"} 1",
        "rec_errors_total{code=\"GRAPHQL_VALIDATION_FAILED\"} 1",
        "rec_request_seconds_count{operation=\"Bodies\"} 3",
        "rec_documents_total{outcome=\"new\"} 1",
        "rec_documents_total{outcome=\"fits\"} 1",
        "rec_documents_total{outcome=\"kept\"} 1",
        "# TYPE rec_connections gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    let statements = text.lines().find_map(|line| line.strip_prefix("rec_statements_total ")).expect("statements");
    assert_eq!(statements.parse::<u64>().unwrap(), app.app.databases.statements());
}

async fn a_service_on_another_schema_is_not_ready(app: TestApp) {
    assert_eq!(get(&app, "/health/ready").await.0, StatusCode::OK);
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_later', 0)";
    app.app.databases.write.execute_unprepared(later).await.unwrap();
    assert_eq!(get(&app, "/health/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

async fn what_the_database_does_not_give_is_said_to_be_unavailable(app: TestApp) {
    app.app.databases.close().await.unwrap();
    let answer = app.anonymous().send("{ bodies { totalCount } }", json!({})).await;
    assert_eq!(answer.status, 294);
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    assert!(answer.body["errors"][0]["extensions"]["requestId"].is_string());
    // Without it the service cannot tell who a partner is, either.
    let answer = app.partner("OSCE").send("{ viewer { role } }", json!({})).await;
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["extensions"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE"))
    );
}

async fn a_service_without_its_database_lives_but_is_not_ready(app: TestApp) {
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get(&app, path).await.0, StatusCode::OK);
    }
    app.app.databases.close().await.expect("a close");
    let (status, _, text) = get(&app, "/health/ready").await;
    assert_eq!((status, code(&text).as_str()), (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"));
    let (status, _, text) = get(&app, "/health/live").await;
    assert_eq!((status, text.as_slice()), (StatusCode::OK, &b"live\n"[..]));
}
