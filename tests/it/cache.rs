//! The cache: what it answers is what the database says.

use std::time::Duration;

use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::wait::until;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

const MANDATES: &str =
    "{ mandates(first: 100) { nodes { organization { acronym name } body { code } country { iso2 } } } }";

async fn statements(app: &TestApp, client: &Client) -> u64 {
    let before = app.app.databases.statements();
    client.query(MANDATES).await;
    app.app.databases.statements() - before
}

const THEMES: &str = "{ feedHead recommendations { nodes { themes { code } } } }";

/// The name of the organisation of a mandate, as the mandate shows it.
async fn name(client: &Client) -> Value {
    client.query("{ mandates(first: 1) { nodes { organization { name } } } }").await["mandates"]["nodes"][0]["organization"]["name"].take()
}

async fn rename(app: &TestApp, english: &str) {
    let query = "{ mandates(first: 1) { nodes { organization { id version } } } }";
    let organization = app.secretariat().query(query).await["mandates"]["nodes"][0]["organization"].take();
    app.secretariat()
        .mutate("updateOrganization", at_with(&organization, json!({ "name": text(english) })), "id")
        .await;
}

on_both_databases! {
    what_is_kept_is_not_read_again_until_the_record_changes,
    a_change_is_seen_at_once,
    a_change_of_another_process_is_seen_when_it_is_heard_of,
    a_record_is_never_older_than_the_change_that_it_is_told_with,
    what_passes_by_the_feed_is_seen_after_a_second,
    who_may_see_a_row_is_asked_of_what_is_kept,
    a_request_with_a_key_sees_what_it_has_written,
}

async fn what_is_kept_is_not_read_again_until_the_record_changes(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let app = app.second_with(|config| config.keep_seconds = 60).await;
    let reader = app.reader();
    let first = statements(&app, &reader).await;
    assert_eq!(statements(&app, &reader).await, 1, "{first} before: the list alone");
    assert_eq!(statements(&app, &app.anonymous()).await, 1, "whoever asks");
    app.theme("NEW").await;
    assert_eq!(statements(&app, &reader).await, first);
}

async fn a_change_is_seen_at_once(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    for english in ["One", "Two", "Three"] {
        name(&app.anonymous()).await;
        rename(&app, english).await;
        assert_eq!(name(&app.anonymous()).await, english);
    }
}

async fn a_change_of_another_process_is_seen_when_it_is_heard_of(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    // Longer than the test waits.
    let (served, other) = (app.second_with(|config| config.keep_seconds = 3600).await, app);
    served.serve().await;
    name(&served.anonymous()).await;
    rename(&other, "Renamed").await;
    until("it is heard of", async || name(&served.anonymous()).await == "Renamed").await;
}

async fn a_record_is_never_older_than_the_change_that_it_is_told_with(app: TestApp) {
    let theme = app.theme("ONE").await;
    app.draft_with("WG-A", json!({ "themeIds": [theme] })).await;
    let (served, other) = (app.second_with(|config| config.keep_seconds = 60).await, app);
    let start = served.secretariat().query(THEMES).await["feedHead"].take();
    other.secretariat().mutate("updateTheme", json!({ "id": theme, "expectedVersion": 1, "code": "TWO" }), "id").await;
    let by_id = served
        .secretariat()
        .query_with("query($id: ID!) { node(id: $id) { ... on Theme { code } } }", json!({ "id": theme }))
        .await;
    assert_eq!(by_id["node"]["code"], "TWO");
    let query =
        "query($after: String) { changes(after: $after) { edges { version node { ... on Theme { version code } } } } }";
    let told = served.secretariat().query_with(query, json!({ "after": start })).await["changes"]["edges"].take();
    assert_eq!(told, json!([{ "version": 2, "node": { "version": 2, "code": "TWO" } }]));
    let named = served.secretariat().query(THEMES).await["recommendations"]["nodes"][0]["themes"].take();
    assert_eq!(named, json!([{ "code": "TWO" }]), "what others name is no older either");
}

async fn what_passes_by_the_feed_is_seen_after_a_second(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let before = name(&app.anonymous()).await;
    let by_hand = "UPDATE organization SET name = (SELECT name FROM organization WHERE acronym = 'ISRS')";
    app.app.databases.write.execute_unprepared(by_hand).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_ne!(name(&app.anonymous()).await, before);
}

async fn who_may_see_a_row_is_asked_of_what_is_kept(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let hide = "UPDATE organization SET audience = 1 WHERE acronym = 'OSCE'";
    app.app.databases.write.execute_unprepared(hide).await.unwrap();
    let query = r#"{ organization(by: { acronym: "OSCE-PCUZ" }) { parent { acronym } } }"#;
    // In both orders: whichever viewer reads first fills the cache.
    for reader_is_first in [true, false] {
        let app = app.second().await;
        let parent = async |client: Client| client.query(query).await["organization"]["parent"].take();
        for reads in [reader_is_first, !reader_is_first, reader_is_first] {
            let (client, expected) =
                if reads { (app.reader(), json!({ "acronym": "OSCE" })) } else { (app.anonymous(), Value::Null) };
            assert_eq!(parent(client).await, expected);
        }
    }
}

async fn a_request_with_a_key_sees_what_it_has_written(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    name(&app.secretariat()).await;
    let query = "{ mandates(first: 1) { nodes { organization { id version } } } }";
    let organization = app.secretariat().query(query).await["mandates"]["nodes"][0]["organization"].take();
    let document = "mutation($input: UpdateOrganizationInput!, $mandate: GrantMandateInput!) {
        updateOrganization(input: $input) { userErrors { code } }
        grantMandate(input: $mandate) { mandate { organization { name } } userErrors { code } }
    }";
    let mandate = json!({ "organizationId": organization["id"], "bodyId": app.body("WG-B").await, "role": "MEMBER", "validFrom": "2025-01-01" });
    let input = at_with(&organization, json!({ "name": text("Within") }));
    let answer = app.secretariat().keyed("one").send(document, json!({ "input": input, "mandate": mandate })).await;
    assert_eq!(answer.body["data"]["grantMandate"]["mandate"]["organization"]["name"], "Within", "{}", answer.text);
    assert_eq!(name(&app.anonymous()).await, "Within");
}
