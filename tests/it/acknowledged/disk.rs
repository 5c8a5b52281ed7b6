//! Full disks and failing disks.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use rec_tests::disk::SmallDisk;
use rec_tests::given::text;
use rec_tests::postgres::Cluster;
use rec_tests::program::{Serving, ask_with, command, command_ignoring, get, run};
use rec_tests::rlimit::limit;
use rec_tests::wait::until;
use rec_tests::{TestApp, on_databases, on_postgres};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;
use tempfile::NamedTempFile;

use super::{CREATE, Outcome, Pair, outcome, theme};

on_databases! { [sqlite Sqlite]
    a_disk_that_is_full_at_any_statement_loses_nothing,
    a_service_that_has_written_nothing_yet_knows_whether_it_could,
}

async fn a_disk_that_is_full_at_any_statement_loses_nothing(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    let body = app.body("WG-A").await;
    let long = "A sentence of a text that takes many pages. ".repeat(400);
    let (mut failed, mut room) = (0, 0);
    loop {
        let pages = app.rows("SELECT CAST(page_count AS text) AS x FROM pragma_page_count").await[0]["x"]
            .as_str()
            .unwrap()
            .parse::<u32>()
            .unwrap();
        app.app.databases.write.execute_unprepared(&format!("PRAGMA max_page_count = {}", pages + room)).await.unwrap();
        let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("A draft"), "text": text(&long) });
        let drafted = app.secretariat().payload_or_error("draftRecommendation", draft).await;
        match drafted {
            Err(code) => assert_eq!(code, "UNAVAILABLE"),
            Ok(payload) => {
                assert_eq!(payload["userErrors"], json!([]), "{payload}");
                break;
            }
        }
        failed += 1;
        room += 1;
        pair.goes_on(&format!("{room}")).await;
    }
    assert!(failed > 5, "{failed} statements found no room");
    pair.end().await;
}

async fn a_service_that_has_written_nothing_yet_knows_whether_it_could(app: TestApp) {
    let fresh = app.second().await;
    let write = &fresh.app.databases.write;
    // No more pages than there are already.
    write.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    assert_eq!(fresh.anonymous().get("/health/ready", &[]).await.0.status, 503);
    write.execute_unprepared("PRAGMA max_page_count = 100000").await.unwrap();
    for _ in 0..2 {
        assert_eq!(fresh.anonymous().get("/health/ready", &[]).await.0.status, 200);
    }
}

on_postgres! {
    a_server_without_room_loses_nothing,
    a_server_without_room_for_its_log_loses_nothing,
}

async fn a_server_without_room_loses_nothing(shared: TestApp) {
    drop(shared);
    let Some(disk) = SmallDisk::mount(48) else { return };
    let server = Cluster::start().expect("PostgreSQL's programs, for a server of its own");
    let app = TestApp::on_disk(&server, disk.path()).await;
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    for round in 0..5 {
        disk.fill(400_000);
        write_until_full(&app).await;
        assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 503);
        disk.empty();
        assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 200);
        pair.goes_on(&format!("{round}")).await;
    }
    pair.end().await;
}

/// Writes long texts until there is no room for one.
async fn write_until_full(app: &TestApp) {
    let body = app.body("WG-A").await;
    // Random digits: the server would compress other texts.
    let long = || (0..300).map(|_| app.app.clock.uuid().to_string()).collect::<String>();
    for _ in 0..1000 {
        let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("A draft"), "text": text(&long()[..9000]) });
        match app.secretariat().payload_or_error("draftRecommendation", draft).await {
            Err(code) => return assert_eq!(code, "UNAVAILABLE"),
            Ok(payload) => assert_eq!(payload["userErrors"], json!([])),
        }
    }
    panic!("there is always room");
}

/// The server ends itself when its write-ahead log cannot grow, and does not start again before there is room.
async fn a_server_without_room_for_its_log_loses_nothing(shared: TestApp) {
    drop(shared);
    let Some(disk) = SmallDisk::mount(64) else { return };
    let mut server = Cluster::start_with_log_in(disk.path()).expect("PostgreSQL's programs, for a server of its own");
    let url = server.create_database().await;
    // The test's other servers acknowledge what they have not written yet.
    let db = sea_orm::Database::connect(&url).await.unwrap();
    db.execute_unprepared(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$",
    )
    .await
    .unwrap();
    db.close().await.unwrap();
    let app = TestApp::at_address(url).await;
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    for round in 0..2 {
        disk.fill(3 << 20);
        write_until_full(&app).await;
        assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 503);
        disk.empty();
        server.restart().await;
        until("it is ready again", async || app.anonymous().get("/health/ready", &[]).await.0.status == 200).await;
        pair.goes_on(&format!("{round}")).await;
    }
    pair.end().await;
}

/// A program that writes, and one that reads what was acknowledged.
struct Programs {
    writing: Serving,
    reading: Serving,
    authorization: String,
    acknowledged: BTreeSet<String>,
    /// The address of their database.
    url: String,
    /// What the writing program logs, where it may write a file.
    log: Option<NamedTempFile>,
}

impl Programs {
    fn start(data: &Path, log: Option<NamedTempFile>, command: impl Fn(&Path) -> Command) -> Self {
        let serving = || {
            let mut command = command(data);
            command.env("REC_RATE_POINTS", "0");
            command
        };
        let stderr = log.as_ref().map_or_else(Stdio::null, |log| log.reopen().expect("the file").into());
        let writing = Serving::logging(&mut serving(), stderr);
        let token = run(command(data).args(["token", "--role", "secretariat"])).stdout;
        let token = String::from_utf8(token).expect("a token");
        let authorization = format!("Authorization: Bearer {}\r\n", token.trim());
        let url = format!("sqlite://{}", data.join("rec.db").display());
        let reading = Serving::start(&mut serving());
        Self { writing, reading, authorization, acknowledged: BTreeSet::new(), url, log }
    }

    /// The end of what the writing program has logged.
    fn last_lines(&self) -> String {
        let Some(log) = &self.log else { return String::new() };
        let log = std::fs::read_to_string(log.path()).expect("a log");
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    fn write(&mut self, code: &str, key: Option<&str>) -> Outcome {
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let headers = format!("{}{key}", self.authorization);
        let body = json!({ "query": CREATE, "variables": theme(code) });
        let outcome = outcome(&ask_with(self.writing.port, &headers, &body).expect("an answer"));
        if outcome == Outcome::Acknowledged {
            let query = format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}");
            let seen = ask_with(self.reading.port, "", &json!({ "query": query })).expect("an answer");
            assert_eq!(seen["data"]["theme"]["code"], code, "lost");
            self.acknowledged.insert(code.to_owned());
        }
        outcome
    }

    fn ready(&self) -> u16 {
        get(self.writing.port, "/health/ready")
    }

    /// Writes until there is no space left, again and again. `confine` leaves space for so many bytes, and `free` lifts that.
    fn lose_nothing(mut self, rounds: u64, confine: impl Fn(&Serving, u64), free: impl Fn(&Serving)) {
        assert_eq!(self.write("FIRST", None), Outcome::Acknowledged);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let db = runtime.block_on(sea_orm::Database::connect(&self.url)).expect("the file");
        let mut unready = 0;
        for round in 0..rounds {
            // A write-ahead log that starts again from its beginning would have space.
            runtime.block_on(db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")).expect("an empty log");
            confine(&self.writing, round * 7919 % 40_000);
            for number in 0.. {
                assert!(number < 1000, "there is always room");
                let code = format!("R{round}-{number}");
                match self.write(&code, (number % 2 == 1).then_some(code.as_str())) {
                    Outcome::Acknowledged => {}
                    Outcome::Refused => panic!("refused"),
                    Outcome::Failed(failure) => {
                        assert_eq!(failure, "UNAVAILABLE");
                        // A log that starts again from its beginning has space, but the readiness probe needs some more.
                        unready += u64::from(self.ready() == 503);
                        break;
                    }
                }
            }
            free(&self.writing);
            assert_eq!(self.write("FIRST", None), Outcome::Refused);
            assert_eq!(self.write(&format!("A{round}"), None), Outcome::Acknowledged, "{}", self.last_lines());
            assert_eq!(self.ready(), 200);
        }
        assert!(unready > rounds / 2, "{unready} times of {rounds} it was told");
        self.writing.kill();
        self.reading.kill();
        let kept = runtime.block_on(async {
            let rows = Statement::from_string(DbBackend::Sqlite, "SELECT code AS x FROM theme");
            let rows = db.query_all_raw(rows).await.expect("rows");
            rows.iter().map(|row| row.try_get("", "x").expect("a code")).collect::<BTreeSet<String>>()
        });
        assert_eq!(self.acknowledged.difference(&kept).collect::<Vec<_>>(), Vec::<&String>::new(), "lost");
    }
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let programs = Programs::start(&disk.path().join("data"), NamedTempFile::new().ok(), command);
    programs.lose_nothing(500, |_, room| disk.fill(room), |_| disk.empty());
}

#[test]
fn a_disk_that_fails_loses_nothing_that_was_acknowledged() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let programs = Programs::start(data.path(), None, |data| command_ignoring("XFSZ", data));
    // A write beyond the largest allowed size of a file fails in another way than a full disk: SQLite calls it an I/O error.
    let confine = |writing: &Serving, room| limit(writing.id(), "fsize", Some(room));
    programs.lose_nothing(100, confine, |writing| limit(writing.id(), "fsize", None));
}
