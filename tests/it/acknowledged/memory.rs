//! Lack of memory.

use std::process::Command;

use rec_tests::given::text;
use rec_tests::postgres::Cluster;
use rec_tests::program::{Serving, ask_with, command, run};
use rec_tests::rlimit::{data, limit};
use rec_tests::{Database, TestApp, on_postgres};
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};
use serde_json::json;

use super::{CREATE, Outcome, Pair, Tries, outcome, theme};

/// Something for which a server lacks memory: writing a long text.
async fn draft(app: &TestApp, body: &str) -> Result<(), String> {
    let long = "A sentence of a text that takes many pages. ".repeat(400);
    let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("A draft"), "text": text(&long) });
    let payload = app.secretariat().payload_or_error("draftRecommendation", draft).await?;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    Ok(())
}

/// Reads a list: the answer must be complete, or an error.
async fn read(app: &TestApp) -> Result<(), String> {
    let body = app.secretariat().send("{ meetings(first: 100) { nodes { venue } totalCount } }", json!({})).await.body;
    if let Some(code) = body["errors"][0]["extensions"]["code"].as_str() {
        return Err(code.to_owned());
    }
    let meetings = &body["data"]["meetings"];
    assert_eq!(meetings["nodes"].as_array().unwrap().len(), meetings["totalCount"], "cut short");
    Ok(())
}

/// The most memory that SQLite may take in a process, in bytes.
const MOST: u32 = 48 << 20;

/// Memory of SQLite that nothing else can use.
struct Ballast(DatabaseConnection);

impl Ballast {
    async fn new() -> Self {
        let ballast = sea_orm::Database::connect(ConnectOptions::new("sqlite::memory:").max_connections(1).to_owned())
            .await
            .unwrap();
        ballast.execute_unprepared("PRAGMA page_size = 512; CREATE TABLE held (page blob)").await.unwrap();
        Self(ballast)
    }

    /// Takes so many more pages, or as many as there are. Returns how many.
    async fn hold(&self, pages: u32) -> u32 {
        let (mut held, mut size) = (0, 4096);
        while held < pages && size > 0 {
            size = size.min(pages - held);
            let insert = format!(
                "WITH RECURSIVE page (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM page LIMIT {size}) \
                 INSERT INTO held SELECT zeroblob(400) FROM page"
            );
            match self.0.execute_unprepared(&insert).await {
                Ok(_) => held += size,
                Err(_) => size /= 2,
            }
        }
        held
    }

    async fn release(self) {
        self.0.close().await.unwrap();
    }
}

/// The name of this test, which runs in a process of its own: SQLite's limit holds for the whole process, and is never raised.
const ALONE: &str = "acknowledged::memory::sqlite_without_memory_loses_nothing";

#[test]
fn sqlite_without_memory_loses_nothing() {
    const IS_ALONE: &str = "REC_TEST_IS_ALONE";
    if std::env::var_os(IS_ALONE).is_some() {
        return rec_tests::run(Database::Sqlite, memory_that_ends_anywhere);
    }
    let tests = std::env::current_exe().unwrap();
    let output = Command::new(tests).args([ALONE, "--exact", "--nocapture"]).env(IS_ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn memory_that_ends_anywhere(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    let body = app.body("WG-A").await;
    draft(&app, &body).await.unwrap();
    app.app.databases.write.execute_unprepared(&format!("PRAGMA hard_heap_limit = {MOST}")).await.unwrap();
    let ballast = Ballast::new().await;
    let all = ballast.hold(u32::MAX).await;
    ballast.release().await;
    let (mut drafts, mut reads, mut left) = (Tries::default(), Tries::default(), 0);
    while !drafts.succeed() {
        let ballast = Ballast::new().await;
        ballast.hold(all - left).await;
        drafts.note(draft(&app, &body).await);
        for _ in 0..10 {
            reads.note(read(&app).await);
        }
        ballast.release().await;
        assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 200);
        left += 3;
        pair.goes_on(&format!("{left}")).await;
    }
    assert!(drafts.failed > 5 && reads.failed > 5, "{drafts:?} {reads:?}");
    pair.end().await;
}

/// The program itself has no more memory than it has taken, or little more: SQLite says so, or the program ends as if it were killed.
#[test]
fn a_program_without_memory_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let start = || Serving::start(command(directory.path()).env("REC_RATE_POINTS", "0"));
    let (mut acknowledged, mut failed) = (Vec::new(), 0);
    for round in 0..6 {
        // Before the service starts: while it waits it may get memory for later.
        let token = run(command(directory.path()).args(["token", "--role", "secretariat"])).stdout;
        let serving = start();
        let authorization = format!("Authorization: Bearer {}\r\n", String::from_utf8(token).unwrap().trim());
        limit(serving.id(), "data", Some(data(serving.id()) + round * (64 << 10)));
        for number in 0..40 {
            let code = format!("M{round}-{number}");
            let create = json!({ "query": CREATE, "variables": theme(&code) });
            match ask_with(serving.port, &authorization, &create).map(|answer| outcome(&answer)) {
                Some(Outcome::Acknowledged) => acknowledged.push(code),
                Some(Outcome::Refused) => panic!("refused"),
                Some(Outcome::Failed(_)) | None => failed += 1,
            }
        }
        serving.kill();
    }
    let serving = start();
    for code in &acknowledged {
        let query = format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}");
        let seen = ask_with(serving.port, "", &json!({ "query": query })).unwrap();
        assert_eq!(seen["data"]["theme"]["code"], *code, "lost");
    }
    serving.kill();
    assert!(failed > 0 && acknowledged.len() > 40, "{failed} failed, {} acknowledged", acknowledged.len());
}

on_postgres! {
    a_server_without_memory_loses_nothing,
}

async fn a_server_without_memory_loses_nothing(shared: TestApp) {
    drop(shared);
    let server = Cluster::start().expect("PostgreSQL's programs, for a server of its own");
    let app = TestApp::on(&server).await;
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    let body = app.body("WG-A").await;
    let (mut drafts, mut left) = (Tries::default(), 0);
    while !drafts.succeed() {
        let processes =
            "SELECT pid AS x FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rec'";
        let processes = pair.other.rows(processes).await;
        let processes: Vec<u32> = processes.iter().map(|row| row["x"].as_u64().unwrap().try_into().unwrap()).collect();
        for process in &processes {
            server.limit(*process, "data", Some(data(*process) + left));
        }
        drafts.note(draft(&app, &body).await);
        for process in processes {
            server.limit(process, "data", None);
        }
        assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 200);
        left += 4 << 10;
        pair.goes_on(&format!("{left}")).await;
    }
    assert!(drafts.failed > 5, "{drafts:?}");
    pair.end().await;
}
