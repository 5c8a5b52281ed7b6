//! A database that was set back, copied or swapped: nothing that was handed out before is confused with what comes after.

mod embedded;

use std::path::{Path, PathBuf};

use rec_api::service::change::identity;
use rec_api::service::client::revocations::revoke_all;
use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::postgres::Cluster;
use rec_tests::socket::Socket;
use rec_tests::{Database, TestApp, on_both_databases, on_postgres, postgres, program};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::changes::{checkpoints, head, lines};
use crate::mirror::Copy;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{deliver, header, open, register};

/// How a backup is made and restored.
#[derive(Clone, Copy)]
enum Means {
    /// The file, or the database, is copied.
    Copy,
    /// `rec backup` and `rec restore`; `pg_dump` and `pg_restore`.
    Commands,
}

/// A backup of a database, made while nobody is connected to it.
struct Backup {
    database: Database,
    means: Means,
    place: String,
    folder: TempDir,
}

impl Backup {
    async fn of(database: Database, means: Means, url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        let mut place = file.display().to_string();
        match (database, means) {
            (Database::Sqlite, Means::Copy) => drop(std::fs::copy(file_of(url), &file).unwrap()),
            (Database::Postgres, Means::Copy) => place = postgres::copy_database(url).await,
            (Database::Sqlite, Means::Commands) => drop(of_url(folder.path(), url, &["backup", &place]).unwrap()),
            (Database::Postgres, Means::Commands) => {
                postgres::command("pg_dump", &["--format=custom", "--file", &place, "--dbname", url]);
            }
        }
        Self { database, means, place, folder }
    }

    async fn put_back(&self, url: &str) {
        match (self.database, self.means) {
            // Over the existing file.
            (Database::Sqlite, Means::Copy) => drop(std::fs::copy(&self.place, file_of(url)).unwrap()),
            (Database::Postgres, Means::Copy) => postgres::put_back(&self.place, url).await,
            (Database::Sqlite, Means::Commands) => {
                drop(of_url(self.folder.path(), url, &["restore", &self.place]).unwrap());
            }
            (Database::Postgres, Means::Commands) => {
                postgres::command("pg_restore", &["--clean", "--if-exists", "--dbname", url, &self.place]);
            }
        }
    }
}

fn file_of(url: &str) -> PathBuf {
    url.strip_prefix("sqlite://").unwrap().into()
}

/// A service that may call this machine, in place of another one.
async fn advisory_lock(app: &TestApp) -> TestApp {
    let opened = open(app).await;
    app.disconnect().await;
    opened
}

/// The service before a backup, and the backup.
async fn backed_up(app: TestApp, means: Means) -> (TestApp, Backup) {
    let (database, mut made) = (app.database, None);
    let app = app.restarted_after(async |url| made = Some(Backup::of(database, means, &url).await)).await;
    (app, made.unwrap())
}

async fn restored(app: TestApp, backup: &Backup) -> TestApp {
    app.restarted_after(async |url| backup.put_back(&url).await).await
}

async fn rename(client: &Client, theme: &Value, name: &str) -> Value {
    client.mutate("updateTheme", at_with(theme, json!({ "name": text(name) })), "id version").await
}

fn new_theme(code: &str) -> Value {
    json!({ "code": code, "name": text(code), "kind": "SUBJECT" })
}

const CHANGES: &str = "query($after: String) { changes(after: $after) { endCursor } }";

async fn mirror_begins_again(app: TestApp, means: Means) {
    let theme = app.theme("LAW").await;
    let theme = json!({ "id": theme, "version": 1 });
    let (app, backup) = backed_up(app, means).await;
    let mut copy = Copy::at(app.serve().await);
    rename(&app.secretariat(), &theme, "Lost").await;
    copy.once(None).await;
    let app = restored(app, &backup).await;
    copy.goes_to(app.serve().await);
    rename(&app.secretariat(), &theme, "Found").await;
    let said = copy.once(None).await;
    assert!(said[0].contains("begins again") && said.last().unwrap().starts_with("Equal: "), "{said:?}");
    assert!(copy.says(&theme["id"]).await.contains("Found"));
}

async fn webhook_hears_of_a_restore(app: TestApp, means: Means) {
    let app = advisory_lock(&app).await;
    let receiver = Receiver::default();
    register(&app, json!({ "url": receiver.listen().await })).await;
    app.theme("KEPT").await;
    let (app, backup) = backed_up(app, means).await;
    app.theme("LOST").await;
    deliver(&app).await;
    let ids = |heard: &[(axum::http::HeaderMap, Value)]| -> Vec<String> {
        heard.iter().map(|(headers, _)| header(headers, "webhook-id")).collect()
    };
    let before = receiver.take();
    let types: Vec<&Value> = before.iter().map(|(_, body)| &body["type"]).collect();
    assert_eq!(types, ["record.created", "record.created"]);
    let app = restored(app, &backup).await;
    app.theme("FOUND").await;
    deliver(&app).await;
    let after = receiver.take();
    let types: Vec<&Value> = after.iter().map(|(_, body)| &body["type"]).collect();
    assert_eq!(types, ["feed.renewed", "record.created", "record.created"]);
    assert!(ids(&after).iter().all(|id| !ids(&before).contains(id)), "{after:?}");
    // The message names a cursor of the new feed.
    let cursor = after[0].1["data"]["cursor"].clone();
    app.anonymous().query_with(CHANGES, json!({ "after": cursor })).await;
    deliver(&app).await;
    assert!(receiver.take().is_empty());
}

on_both_databases! {
    a_restored_backup_is_another_feed,
    a_mirror_of_a_restored_service_begins_again,
    a_mirror_of_a_service_that_was_restored_by_commands_begins_again,
    a_webhook_hears_of_a_restore_and_of_no_message_twice_under_one_id,
    a_webhook_hears_of_a_restore_by_commands,
    what_is_followed_ends_when_the_feed_becomes_another_one,
    a_checkpoint_covers_what_a_line_says,
}

async fn a_restored_backup_is_another_feed(app: TestApp) {
    let app = advisory_lock(&app).await;
    let theme = app
        .secretariat()
        .mutate("createTheme", json!({ "code": "LAW", "name": text("Law"), "kind": "SUBJECT" }), "id version")
        .await;
    let kept = app.secretariat().keyed("kept").mutate("createTheme", new_theme("KEPT"), "id").await;
    let before = head(&app.anonymous()).await;
    let (app, backup) = backed_up(app, Means::Copy).await;
    assert_eq!(head(&app.anonymous()).await, before, "a restart alone is no other feed");
    // Lost with the restore.
    let again = app.secretariat().keyed("lost").mutate("createTheme", new_theme("AGAIN"), "id").await;
    let lost = rename(&app.secretariat(), &theme, "Lost").await;
    let lost_cursor = head(&app.anonymous()).await;
    let app = restored(app, &backup).await;
    let client = app.anonymous();
    assert_ne!(head(&client).await, before);
    for cursor in [&before, &lost_cursor] {
        assert_eq!(client.error_with(CHANGES, json!({ "after": cursor })).await, "CURSOR_EXPIRED");
    }
    let stale = app.secretariat().refusals("updateTheme", at_with(&lost, json!({ "name": text("Stale") }))).await;
    assert_eq!(stale, ["CONFLICT expectedVersion"]);
    // The kept answers are those of the backup; what was lost is done again.
    assert_eq!(app.secretariat().keyed("kept").mutate("createTheme", new_theme("KEPT"), "id").await, kept);
    assert_ne!(app.secretariat().keyed("lost").mutate("createTheme", new_theme("AGAIN"), "id").await, again);
    // As many changes as were lost: their numbers and versions are given again, under another identity.
    let found = rename(&app.secretariat(), &theme, "Found").await;
    assert!(found["version"].as_i64() > Some(10_000), "{found}");
    assert_ne!(head(&client).await, lost_cursor);
    assert_eq!(client.error_with(CHANGES, json!({ "after": lost_cursor })).await, "CURSOR_EXPIRED");
    let stale = app.secretariat().refusals("updateTheme", at_with(&lost, json!({ "name": text("Stale") }))).await;
    assert_eq!(stale, ["CONFLICT expectedVersion"]);
    let again = rename(&app.secretariat(), &found, "Again").await;
    assert_eq!(again["version"].as_i64(), found["version"].as_i64().map(|version| version + 1));
}

async fn a_mirror_of_a_restored_service_begins_again(app: TestApp) {
    mirror_begins_again(app, Means::Copy).await;
}

async fn a_mirror_of_a_service_that_was_restored_by_commands_begins_again(app: TestApp) {
    mirror_begins_again(app, Means::Commands).await;
}

async fn a_webhook_hears_of_a_restore_and_of_no_message_twice_under_one_id(app: TestApp) {
    webhook_hears_of_a_restore(app, Means::Copy).await;
}

async fn a_webhook_hears_of_a_restore_by_commands(app: TestApp) {
    webhook_hears_of_a_restore(app, Means::Commands).await;
}

async fn what_is_followed_ends_when_the_feed_becomes_another_one(app: TestApp) {
    let mut follower = Socket::begin(app.serve_requests().await, None).await;
    let start = head(&app.anonymous()).await;
    follower.subscribe("1", &format!("subscription {{ changes(after: {start}) {{ recordId }} }}")).await;
    let (databases, clock) = (&app.app.databases, &app.app.clock);
    let before = app.app.feed.head();
    let renewed = identity::renew(databases, clock, identity::When::Always).await.unwrap();
    assert_ne!(renewed.identity, before.identity);
    // This process does not know of it yet: it hands out no number of the old feed.
    let input = json!({ "input": { "code": "LAW", "name": text("Law"), "kind": "SUBJECT" } });
    let create = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { theme { id } } }";
    assert_eq!(app.secretariat().error_with(create, input.clone()).await, "UNAVAILABLE");
    identity::keep(&app.app).await.unwrap();
    let refused = follower.message().await;
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED");
    assert_eq!(follower.message().await["type"], "complete");
    app.secretariat().query_with(create, input).await;
}

async fn a_connection_notes_its_server(app: TestApp) {
    let noted = "SELECT current_setting('rec.server', true) = system_identifier::text AS x FROM pg_control_system()";
    assert_eq!(app.rows(noted).await[0]["x"], true);
}

async fn a_checkpoint_covers_what_a_line_says(app: TestApp) {
    let theme = app.theme("LAW").await;
    let copy = Copy::at(app.serve().await);
    copy.once(None).await;
    app.app.databases.write.execute_unprepared("UPDATE theme SET code = 'LAX' WHERE code = 'LAW'").await.unwrap();
    let data = app.anonymous().query("{ checkpoint(types: [THEME]) { type count hash } }").await;
    let lines = lines(&app.anonymous()).await;
    let (count, hash) = checkpoints(lines.iter().map(String::as_str))["THEME"].clone();
    assert_eq!(data["checkpoint"], json!([{ "type": "THEME", "count": count, "hash": hash }]));
    let said = copy.once(None).await;
    assert!(said[0].contains("differs") && said.last().unwrap().starts_with("Equal: "), "{said:?}");
    assert!(copy.says(&theme.as_str().into()).await.contains("LAX"));
}

on_postgres! {
    tokens_that_a_restore_has_made_good_again_are_revoked_by_a_command,
    a_database_that_is_swapped_under_the_service_gives_no_number_of_the_old_feed,
    a_server_recovered_to_a_point_in_time_is_another_feed,
    a_connection_notes_its_server,
}

async fn tokens_that_a_restore_has_made_good_again_are_revoked_by_a_command(app: TestApp) {
    let client = app
        .admin()
        .mutate("registerClient", json!({ "purpose": "sync", "role": "READER", "scopes": ["READ", "SYNC"] }), "id")
        .await;
    let query = "mutation($input: IssueTokenInput!) { issueToken(input: $input) { bearer token { id } } }";
    let input = json!({ "input": { "clientId": client["id"], "days": 1 } });
    let issued = app.admin().query_with(query, input).await["issueToken"].take();
    let bearer = format!("Bearer {}", issued["bearer"].as_str().unwrap());
    let (app, backup) = backed_up(app, Means::Commands).await;
    assert_eq!(app.with_authorization(&bearer).query("{ viewer { role } }").await["viewer"]["role"], "READER");
    app.admin().mutate("revokeToken", json!({ "id": issued["token"]["id"] }), "id").await;
    assert_eq!(app.with_authorization(&bearer).error("{ viewer { role } }").await, "UNAUTHENTICATED");
    let app = restored(app, &backup).await;
    assert_eq!(app.with_authorization(&bearer).query("{ viewer { role } }").await["viewer"]["role"], "READER");
    // Like `rec renew-feed --revoke-tokens`, at the time of this service.
    revoke_all(&app.app).await.unwrap();
    assert_eq!(app.with_authorization(&bearer).error("{ viewer { role } }").await, "UNAUTHENTICATED");
}

/// The service keeps running, as when an address moves to another server.
async fn a_database_that_is_swapped_under_the_service_gives_no_number_of_the_old_feed(app: TestApp) {
    app.theme("KEPT").await;
    let (app, backup) = backed_up(app, Means::Copy).await;
    let identity = app.app.feed.head().identity;
    app.theme("LOST").await;
    let lost = head(&app.anonymous()).await;
    backup.put_back(&app.url).await;
    let create = |code: &str| json!({ "input": { "code": code, "name": text("Law"), "kind": "SUBJECT" } });
    let mutation = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { theme { id } } }";
    let mut codes = Vec::new();
    for number in 0..5 {
        codes.push(app.secretariat().error_with(mutation, create(&format!("T{number}"))).await);
    }
    assert!(codes.iter().all(|code| code == "UNAVAILABLE"), "{codes:?}");
    identity::keep(&app.app).await.unwrap();
    assert_ne!(app.app.feed.head().identity, identity);
    app.secretariat().query_with(mutation, create("FOUND")).await;
    assert_eq!(app.anonymous().error_with(CHANGES, json!({ "after": lost })).await, "CURSOR_EXPIRED");
}

async fn a_server_recovered_to_a_point_in_time_is_another_feed(shared: TestApp) {
    drop(shared);
    let server = Cluster::start().expect("PostgreSQL's programs, for a server of its own");
    let database = server.create_database().await;
    let app = TestApp::at_address(database.clone()).await;
    let backup = server.base_backup();
    app.theme("KEPT").await;
    let kept = head(&app.anonymous()).await;
    server.restore_point("kept").await;
    app.theme("LOST").await;
    let lost = head(&app.anonymous()).await;
    let recovered = server.recovered(backup, "kept").await;
    let app = TestApp::at_address(recovered.url_at(recovered.port, &database)).await;
    let client = app.anonymous();
    let themes = client
        .query("{ kept: theme(by: { code: \"KEPT\" }) { code } lost: theme(by: { code: \"LOST\" }) { code } }")
        .await;
    assert_eq!(themes, json!({ "kept": { "code": "KEPT" }, "lost": null }));
    for cursor in [kept, lost] {
        assert_eq!(client.error_with(CHANGES, json!({ "after": cursor })).await, "CURSOR_EXPIRED");
    }
    app.theme("LOST").await;
}

/// The program's standard output, or its standard error when it fails.
fn rec(data: &Path, arguments: &[&str]) -> Result<String, String> {
    told(program::command(data).args(arguments))
}

/// The same, for the database at an address.
fn of_url(data: &Path, url: &str, arguments: &[&str]) -> Result<String, String> {
    told(program::command(data).env("REC_DATABASE_URL", url).args(arguments))
}

fn told(command: &mut std::process::Command) -> Result<String, String> {
    let output = program::run(command);
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}
