//! The response cache: what it answers is what the database says, to whoever asks, and what HTTP caches are told is true.

mod fresh;
mod http;
mod kept;

use axum::http::HeaderMap;
use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::{RESPONSE_CACHE, TestApp};
use serde_json::json;

const THEME: &str = "{ theme(by: { code: \"COUNTED\" }) { id version name } }";
const TEXTS: &str =
    "{ recommendations(first: 50) { totalCount nodes { label title text status body { name } draftedBy { name } } } }";

/// How many statements a query runs.
async fn statements(app: &TestApp, client: &Client, query: &str) -> u64 {
    let before = app.app.databases.statements();
    client.query(query).await;
    app.app.databases.statements() - before
}

/// Gives a theme a name, and returns the number in it.
async fn rename(client: &Client, number: u32) {
    let theme = client.query(THEME).await["theme"].take();
    client.mutate("updateTheme", at_with(&theme, json!({ "name": text(&number.to_string()) })), "id").await;
}

async fn number(client: &Client) -> u32 {
    client.query(THEME).await["theme"]["name"].as_str().unwrap().parse().unwrap()
}

async fn counted(app: &TestApp) {
    app.secretariat()
        .mutate("createTheme", json!({ "code": "COUNTED", "name": text("0"), "kind": "SUBJECT" }), "id")
        .await;
}

/// An application that caches answers for as long as the program does.
async fn caching(app: &TestApp) -> TestApp {
    app.second_with(|config| config.limits.response_cache = RESPONSE_CACHE).await
}

/// An application that caches answers for longer than a test takes.
async fn keeping(app: &TestApp) -> TestApp {
    app.second_with(|config| {
        config.keep_seconds = 60;
        config.limits.response_cache = RESPONSE_CACHE;
    })
    .await
}

/// The path of a GET.
fn path(query: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/graphql", [("query", query)]).unwrap();
    format!("/graphql?{}", url.query().unwrap())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}
