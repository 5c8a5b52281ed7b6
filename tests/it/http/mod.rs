//! The service over HTTP: its answers besides GraphQL, and which requests it accepts.

mod answer;
mod browser;
mod documents;
mod health;
mod request;
mod schema;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use rec_tests::TestApp;
use serde_json::Value;
use tower::ServiceExt as _;

async fn send(app: &TestApp, request: axum::http::request::Builder, body: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let answer = app.router().oneshot(request).await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    (status, headers, bytes.to_vec())
}

async fn get(app: &TestApp, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    send(app, Request::get(path), "").await
}

/// The code of an answer's first error.
fn code(bytes: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(bytes).expect("JSON");
    answer["errors"][0]["extensions"]["code"].as_str().expect("a code").to_owned()
}

/// A text as it is encoded in a URL.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |link, byte| link + &format!("%{byte:02X}"))
}

async fn asked(app: &TestApp, body: Value) -> (u16, Value) {
    let (parts, bytes) = app.anonymous().post(body.to_string()).await;
    (parts.status.as_u16(), serde_json::from_slice(&bytes).expect("JSON"))
}

/// What a page names with `href` and `src`, but for what stands in the page itself.
pub(crate) fn links(page: &str) -> Vec<&str> {
    let parts: Vec<&str> = page.split('"').collect();
    let named = parts.windows(2).filter(|pair| pair[0].ends_with("href=") || pair[0].ends_with("src="));
    named.map(|pair| pair[1]).filter(|link| !link.starts_with("data:")).collect()
}
