//! Answers: their form and status, and what they say of cost and of faults.

use std::time::Instant;

use axum::http::{Request, StatusCode};
use rec_api::config::Switch;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::{code, send};

/// Documents that are refused, and with which status.
const REFUSED: [(&str, u16); 5] = [
    ("{", 400),
    ("{ nothing }", 422),
    ("query A { __typename } query B { __typename }", 422),
    ("query($id: ID!) { node(id: $id) { id } }", 422),
    ("{ themes(first: 1) { nodes { id } } @oops }", 400),
];

/// A query of which one field fails.
const PARTIAL: &str = "{ role: viewer { role } themes(after: \"nonsense\") { totalCount } }";

/// The status, the content type and the body of the answer to a query.
async fn accepting(app: &TestApp, accept: &str, query: &str) -> (u16, String, Vec<u8>) {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    let (status, headers, bytes) = send(app, request, &json!({ "query": query }).to_string()).await;
    (status.as_u16(), headers["content-type"].to_str().unwrap().to_owned(), bytes)
}

on_both_databases! {
    an_answer_has_the_form_and_the_status_that_its_client_takes,
    older_clients_can_have_the_statuses_that_they_know,
    a_fault_of_ours_is_told_by_its_request_only,
    a_client_asks_for_so_many_points_a_minute,
    a_cost_is_told_to_whoever_asks_for_it,
}

async fn an_answer_has_the_form_and_the_status_that_its_client_takes(app: TestApp) {
    let (plain, newer) = ("application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8");
    for (accept, form) in [
        ("*/*", plain),
        ("application/json", plain),
        ("application/graphql-response+json", newer),
        ("application/graphql-response+json, application/json;q=0.9", newer),
    ] {
        let (status, content_type, _) = accepting(&app, accept, "{ viewer { role } }").await;
        assert_eq!((status, content_type.as_str()), (200, form), "{accept}");
        let (status, content_type, bytes) = accepting(&app, accept, PARTIAL).await;
        assert_eq!((status, content_type.as_str()), (294, form), "{accept}");
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(answer["data"], json!({ "role": { "role": "ANONYMOUS" }, "themes": null }));
        for (wrong, refused) in REFUSED {
            let (status, content_type, bytes) = accepting(&app, accept, wrong).await;
            assert_eq!((status, content_type.as_str()), (refused, newer), "{accept} {wrong}");
            assert!(!String::from_utf8_lossy(&bytes).contains("\"data\""), "{wrong}");
        }
    }
    let (status, content_type, bytes) = accepting(&app, "text/html", "{ viewer { role } }").await;
    assert_eq!((status, content_type.as_str(), code(&bytes).as_str()), (406, plain, "NOT_ACCEPTABLE"));
}

async fn older_clients_can_have_the_statuses_that_they_know(app: TestApp) {
    let legacy = app.second_with(|config| config.legacy_status = Switch::On).await;
    let (plain, newer) = ("application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8");
    for query in REFUSED.map(|(query, _)| query).into_iter().chain([PARTIAL]) {
        let (status, content_type, _) = accepting(&legacy, "application/json", query).await;
        assert_eq!((status, content_type.as_str()), (200, plain), "{query}");
        let (status, content_type, _) = accepting(&legacy, "application/graphql-response+json", query).await;
        assert!(status > 200 && content_type == newer, "{query}");
    }
    let (status, _, _) = send(&legacy, Request::post("/graphql").header("content-type", "application/json"), "{").await;
    assert_eq!(status.as_u16(), 400, "it is no GraphQL request");
}

async fn a_fault_of_ours_is_told_by_its_request_only(app: TestApp) {
    app.app.databases.write.execute_unprepared("ALTER TABLE theme RENAME TO elsewhere").await.expect("a rename");
    let request = Request::post("/graphql").header("content-type", "application/json");
    let (status, headers, bytes) = send(&app, request, r#"{ "query": "{ themes { nodes { id } } }" }"#).await;
    let id = headers["x-request-id"].to_str().expect("an id");
    assert!(id.len() >= 32 && status == 294);
    let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
    let expected = json!({
        "message": "The service has failed. Quote the request id when you report it.", "path": ["themes"],
        "locations": [{ "line": 1, "column": 3 }], "extensions": { "code": "INTERNAL", "requestId": id },
    });
    assert_eq!(answer, json!({ "data": { "themes": null }, "errors": [expected] }));
    let input = json!({ "code": "T", "name": [{ "locale": "EN", "text": "T" }], "kind": "SDG" });
    assert_eq!(app.secretariat().mutation_error("createTheme", input).await, "INTERNAL");
}

async fn a_client_asks_for_so_many_points_a_minute(app: TestApp) {
    let limited = app.second_with(|config| config.limits.rate_points = 100).await;
    let query = r#"{ "query": "{ bodies(first: 20) { nodes { id code } } }" }"#;
    let (parts, _) = limited.anonymous().post(query).await;
    // 1 + 20 * (1 + 2) points.
    let told = ["ratelimit-policy", "ratelimit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| parts.headers[name].to_str().unwrap().to_owned());
    assert_eq!(told, ["\"points\";q=100;w=60", "\"points\";r=39;t=37", "100", "39", "37"]);
    let (parts, bytes) = limited.anonymous().post(query).await;
    assert_eq!((parts.status.as_u16(), code(&bytes).as_str()), (429, "RATE_LIMITED"));
    let wait: u64 = parts.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let begun = Instant::now();
    let (parts, _) = limited.reader().post(query).await;
    assert_eq!(parts.status, StatusCode::OK, "another client has its own points");
    let (parts, _) = limited.reader().post(r#"{ "query": "{ viewer { role } }" }"#).await;
    let remaining: u128 = parts.headers["ratelimit-remaining"].to_str().unwrap().parse().unwrap();
    // A point comes back every 600 milliseconds.
    assert!((37..=37 + begun.elapsed().as_millis() / 600).contains(&remaining), "{remaining}");
    let (parts, _) = app.anonymous().post(query).await;
    assert!(!parts.headers.contains_key("ratelimit-limit"), "without a limit nothing is told");
}

async fn a_cost_is_told_to_whoever_asks_for_it(app: TestApp) {
    let body = r#"{ "query": "{ bodies(first: 3) { nodes { id } } }" }"#;
    let post = || Request::post("/graphql").header("content-type", "application/json");
    let told: Value = serde_json::from_slice(&send(&app, post().header("x-cost", "1"), body).await.2).expect("JSON");
    assert_eq!(told["extensions"], json!({ "cost": { "requested": 7, "maximum": 20_000 } }));
    let plain: Value = serde_json::from_slice(&send(&app, post(), body).await.2).expect("JSON");
    assert!(plain.get("extensions").is_none());
}
