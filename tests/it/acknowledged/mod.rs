//! What is acknowledged is kept, and everyone sees it, whatever failed before: a disk, memory, an interrupted statement, a request that is
//! cut off, a broken connection. What is not acknowledged leaves nothing that blocks others.

mod disk;
mod memory;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use rec_tests::client::Client;
use rec_tests::given::text;
use rec_tests::postgres::{self, Cluster};
use rec_tests::wait::until;
use rec_tests::{Database, TestApp, on_both_databases, on_databases, on_postgres};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use serde_json::{Value, json};

pub(crate) const CREATE: &str = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { theme { id } userErrors { code } \
                      change { cursor } } }";

/// The variables of a mutation; codes are in upper case.
pub(crate) fn theme(code: &str) -> Value {
    json!({ "input": { "code": code, "name": text(code), "kind": "SUBJECT" } })
}

/// The outcome of a mutation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged,
    Refused,
    Failed(String),
}

impl Outcome {
    /// The code of the error, if it failed.
    fn acknowledged(self) -> Result<(), String> {
        match self {
            Self::Acknowledged => Ok(()),
            Self::Failed(code) => Err(code),
            Self::Refused => panic!("refused"),
        }
    }
}

pub(crate) fn outcome(body: &Value) -> Outcome {
    if let Some(code) = body["errors"][0]["extensions"]["code"].as_str() {
        return Outcome::Failed(code.to_owned());
    }
    let payload = &body["data"]["createTheme"];
    match payload["userErrors"][0]["code"].as_str() {
        Some("ALREADY_EXISTS") => Outcome::Refused,
        None if payload["change"]["cursor"].is_string() => Outcome::Acknowledged,
        _ => panic!("{body}"),
    }
}

/// The outcomes of one thing that is tried with more and more space or time.
#[derive(Debug, Default)]
struct Tries {
    failed: u32,
    /// How many succeeded since the last failure.
    in_a_row: u32,
}

impl Tries {
    /// Notes a success; returns whether there is enough by now.
    fn succeed(&self) -> bool {
        self.in_a_row == 3
    }

    fn note(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.in_a_row += 1,
            Err(code) => {
                assert_eq!(code, "UNAVAILABLE");
                (self.failed, self.in_a_row) = (self.failed + 1, 0);
            }
        }
    }
}

/// A writer in one application and readers in another one, on the same database.
struct Pair {
    writer: Client,
    reader: Client,
    other: TestApp,
    acknowledged: BTreeSet<String>,
}

impl Pair {
    async fn of(app: &TestApp) -> Self {
        let other = app.second().await;
        Self { writer: app.secretariat(), reader: other.anonymous(), other, acknowledged: BTreeSet::new() }
    }

    /// Sends a mutation; if it is acknowledged, others see it at once.
    async fn write(&mut self, client: &Client, code: &str) -> Outcome {
        let outcome = outcome(&client.send(CREATE, theme(code)).await.body);
        if outcome == Outcome::Acknowledged {
            self.sees(code).await;
            self.acknowledged.insert(code.to_owned());
        }
        outcome
    }

    async fn sees(&self, code: &str) {
        let query = "query($code: String!) { theme(by: { code: $code }) { code } }";
        assert_eq!(self.reader.query_with(query, json!({ "code": code })).await["theme"]["code"], code, "lost");
    }

    /// After something has failed a duplicate is still refused, and new writes are accepted.
    async fn goes_on(&mut self, name: &str) {
        let writer = self.writer.clone();
        if let Some(known) = self.acknowledged.first().cloned() {
            assert_eq!(self.write(&writer, &known).await, Outcome::Refused);
        }
        assert_eq!(self.write(&writer, &format!("AFTER-{name}")).await, Outcome::Acknowledged);
        let keyed = writer.keyed(name);
        assert_eq!(self.write(&keyed, &format!("KEYED-{name}")).await, Outcome::Acknowledged);
    }

    /// Everything that was acknowledged is in the database, once in its feed, and no transaction is left open.
    async fn end(mut self) {
        // What was begun and abandoned ends before this one begins.
        self.goes_on("LAST").await;
        let codes = self.other.rows("SELECT code AS x FROM theme").await;
        let codes: BTreeSet<String> = codes.iter().filter_map(|row| row["x"].as_str()).map(str::to_owned).collect();
        assert_eq!(self.acknowledged.difference(&codes).collect::<Vec<_>>(), Vec::<&String>::new(), "lost");
        let seqs = self.other.rows("SELECT seq AS x FROM change ORDER BY seq").await;
        let seqs: Vec<i64> = seqs.iter().filter_map(|row| row["x"].as_i64()).collect();
        assert!(seqs.windows(2).all(|two| two[0] + 1 == two[1]), "a gap in the feed");
        let head = self.other.rows("SELECT seq AS x FROM change_head").await;
        assert_eq!(head[0]["x"].as_i64(), seqs.last().copied());
        if self.other.database == Database::Postgres {
            let open =
                "SELECT query AS x FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'";
            assert_eq!(self.other.rows(open).await, Vec::<Value>::new());
            // The service and the server always agreed on whether there was a transaction. (If a savepoint's end was cut off, its rollback
            // fails, and the whole transaction is rolled back.)
            let said = postgres::said(&self.other.url);
            let strayed = said.iter().find(|line| line.contains("transaction in progress"));
            assert_eq!(strayed, None);
        }
    }
}

/// The output of a future, unless it is dropped after so many polls.
async fn cut_off<T>(polls: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    std::future::poll_fn(move |context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Interrupts the writer's next statements after so many instructions of SQLite's virtual machine.
async fn interrupt_after(steps: u64, app: &TestApp) {
    let left = Arc::new(AtomicU64::new(steps));
    let pool = app.app.databases.write.driver().get_sqlite_connection_pool();
    let mut connection = pool.acquire().await.unwrap();
    connection.lock_handle().await.unwrap().set_progress_handler(1, move || {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    });
    connection.return_to_pool().await;
}

on_both_databases! {
    a_request_that_is_cut_off_anywhere_harms_no_other_one,
}

async fn a_request_that_is_cut_off_anywhere_harms_no_other_one(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    let writer = pair.writer.clone();
    pair.goes_on("FIRST").await;
    let mut cut = 0;
    for round in 0..500 {
        let code = format!("CUT-{round}");
        let client = if round % 3 == 0 { writer.keyed(&format!("KEY-{round}")) } else { writer.clone() };
        let sent = client.send(CREATE, theme(&code));
        let answer = match round % 2 {
            0 => cut_off(round / 2 % 12, sent).await,
            _ => tokio::time::timeout(Duration::from_micros(u64::from(round) * 37 % 6000), sent).await.ok(),
        };
        if let Some(answer) = answer {
            assert_eq!(outcome(&answer.body), Outcome::Acknowledged, "{code}");
            pair.sees(&code).await;
            pair.acknowledged.insert(code.clone());
        } else {
            cut += 1;
            if round % 3 == 0 {
                // With its key it is done once, whether it was done before or not.
                assert_eq!(outcome(&client.send(CREATE, theme(&code)).await.body), Outcome::Acknowledged, "{code}");
                pair.sees(&code).await;
                pair.acknowledged.insert(code.clone());
            }
        }
        if round % 4 == 0 {
            pair.goes_on(&code).await;
        }
    }
    assert!(cut > 50, "cut off {cut} times");
    pair.end().await;
}

on_databases! { [sqlite Sqlite]
    a_statement_that_is_interrupted_anywhere_loses_nothing,
    a_part_that_is_refused_under_a_key_is_no_part_of_what_is_kept,
    a_file_that_was_deleted_or_replaced_takes_no_writes,
}

async fn a_statement_that_is_interrupted_anywhere_loses_nothing(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    let writer = pair.writer.clone();
    let (mut tries, mut step) = (Tries::default(), 0_u64);
    while !tries.succeed() {
        step += 5;
        interrupt_after(step, &app).await;
        let written = pair.write(&writer, &format!("STEP-{step}")).await;
        tries.note(written.acknowledged());
        app.app.databases.write.driver().get_sqlite_connection_pool().acquire().await.unwrap().close().await.unwrap();
        pair.goes_on(&format!("{step}")).await;
    }
    assert!(tries.failed > 20, "{tries:?}");
    pair.end().await;
}

async fn a_part_that_is_refused_under_a_key_is_no_part_of_what_is_kept(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    let both = "mutation($one: CreateThemeInput!, $other: CreateThemeInput!) {
        refused: createTheme(input: $one) { userErrors { code } change { cursor } }
        createTheme(input: $other) { theme { id } userErrors { code } change { cursor } }
    }";
    let (mut tries, mut step) = (Tries::default(), 0_u64);
    while !tries.succeed() {
        step += 5;
        interrupt_after(step, &app).await;
        let code = format!("STEP-{step}");
        let variables = json!({ "one": theme("AFTER-FIRST")["input"], "other": theme(&code)["input"] });
        let body = pair.writer.keyed(&code).send(both, variables).await.body;
        let acknowledged = outcome(&body).acknowledged();
        if acknowledged.is_ok() {
            assert_eq!(body["data"]["refused"]["userErrors"][0]["code"], "ALREADY_EXISTS");
            pair.sees(&code).await;
            pair.acknowledged.insert(code);
        }
        tries.note(acknowledged);
        app.app.databases.write.driver().get_sqlite_connection_pool().acquire().await.unwrap().close().await.unwrap();
        pair.goes_on(&format!("{step}")).await;
    }
    assert!(tries.failed > 30, "{tries:?}");
    pair.end().await;
}

async fn a_file_that_was_deleted_or_replaced_takes_no_writes(app: TestApp) {
    let file = app.url.strip_prefix("sqlite://").unwrap().to_owned();
    let writer = app.secretariat();
    assert_eq!(outcome(&writer.send(CREATE, theme("BEFORE")).await.body), Outcome::Acknowledged);
    let (moved, ready) = (format!("{file}.moved"), async || app.anonymous().get("/health/ready", &[]).await.0.status);
    std::fs::rename(&file, &moved).unwrap();
    let refused = Outcome::Failed("UNAVAILABLE".to_owned());
    assert_eq!((outcome(&writer.send(CREATE, theme("DELETED")).await.body), ready().await.as_u16()), (refused, 503));
    std::fs::copy(&moved, &file).unwrap();
    let answer = writer.send(CREATE, theme("REPLACED")).await;
    assert_eq!((outcome(&answer.body), ready().await.as_u16()), (Outcome::Failed("UNAVAILABLE".to_owned()), 503));
    assert_eq!(answer.headers["retry-after"], "1");
    std::fs::rename(&moved, &file).unwrap();
    assert_eq!(
        (outcome(&writer.send(CREATE, theme("BACK")).await.body), ready().await.as_u16()),
        (Outcome::Acknowledged, 200)
    );
}

on_postgres! {
    a_connection_that_is_left_in_a_transaction_is_closed,
    a_connection_that_ends_anywhere_loses_nothing,
    a_statement_that_is_cancelled_loses_nothing,
    after_a_restart_no_request_fails_for_an_old_connection,
    a_server_that_takes_no_writes_is_not_ready_until_the_address_leads_to_another,
}

async fn a_connection_that_is_left_in_a_transaction_is_closed(app: TestApp) {
    let other = app.second().await;
    let sleeping = "SELECT pid AS x FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                    AND query LIKE 'BEGIN; SELECT pg_sleep%'";
    for _ in 0..20 {
        // Abandoned while it begins a transaction that sqlx does not know of.
        let begun = app.app.databases.read.execute_unprepared("BEGIN; SELECT pg_sleep(60)");
        tokio::select! {
            ended = begun => panic!("it sleeps: {ended:?}"),
            () = until("it sleeps", async || !other.rows(sleeping).await.is_empty()) => {}
        }
        until("it is stopped", async || other.rows(sleeping).await.is_empty()).await;
    }
    let open = "SELECT query AS x FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'";
    until("none is left in one", async || other.rows(open).await.is_empty()).await;
}

async fn a_connection_that_ends_anywhere_loses_nothing(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    let writer = pair.writer.clone();
    pair.goes_on("FIRST").await;
    let others = "SELECT count(pg_terminate_backend(pid)) AS x FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND application_name = 'rec'";
    let begun = Instant::now();
    for number in 0..5 {
        assert_eq!(pair.write(&writer, &format!("WHOLE-{number}")).await, Outcome::Acknowledged);
    }
    let usual = begun.elapsed() / 5;
    let mut failed = 0;
    for round in 0..60_u32 {
        let ending = async {
            // At any moment of the time that one takes.
            tokio::time::sleep(usual * round / 40).await;
            pair.other.rows(others).await;
        };
        let code = format!("ENDED-{round}");
        let sent = writer.send(CREATE, theme(&code));
        let (answer, ()) = tokio::join!(sent, ending);
        match outcome(&answer.body) {
            Outcome::Acknowledged => {
                pair.sees(&code).await;
                pair.acknowledged.insert(code);
            }
            Outcome::Failed(code) => {
                assert_eq!(code, "UNAVAILABLE");
                failed += 1;
            }
            Outcome::Refused => panic!("refused"),
        }
        pair.goes_on(&format!("{round}")).await;
    }
    assert!(failed > 0, "none was cut");
    pair.end().await;
}

async fn a_statement_that_is_cancelled_loses_nothing(app: TestApp) {
    let mut pair = Pair::of(&app).await;
    pair.goes_on("FIRST").await;
    let aside = sea_orm::Database::connect(&app.url).await.unwrap();
    let cancel = "SELECT count(pg_cancel_backend(pid)) AS x FROM pg_stat_activity WHERE datname = current_database() \
                  AND wait_event_type = 'Lock' AND application_name = 'rec'";
    for (code, table) in [("RECORD", "theme"), ("HEAD", "change_head"), ("CHANGE", "change")] {
        let lock = aside.begin().await.unwrap();
        lock.execute_unprepared(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).await.unwrap();
        let cancelling = async {
            loop {
                pair.other.rows(cancel).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let answer = tokio::select! {
            answer = pair.writer.send(CREATE, theme(code)) => answer,
            () = cancelling => unreachable!("it goes on until there is an answer"),
        };
        assert_eq!(outcome(&answer.body), Outcome::Failed("UNAVAILABLE".to_owned()), "{table}");
        lock.rollback().await.unwrap();
        pair.goes_on(code).await;
    }
    pair.end().await;
}

async fn after_a_restart_no_request_fails_for_an_old_connection(shared: TestApp) {
    drop(shared);
    let mut server = Cluster::start().expect("PostgreSQL's programs, for a server that may be stopped");
    let app = TestApp::on(&server).await;
    let client = app.anonymous();
    let all = futures_util::future::join_all((0..4).map(|_| client.send("{ bodies { totalCount } }", json!({})))).await;
    assert!(all.iter().all(|answer| answer.body["errors"].is_null()));
    server.restart().await;
    // All connections of the pool lead to the old server.
    for number in 0..10 {
        assert_eq!(
            outcome(&app.secretariat().send(CREATE, theme(&format!("R{number}"))).await.body),
            Outcome::Acknowledged
        );
        assert_eq!(client.send("{ bodies { totalCount } }", json!({})).await.body["errors"], Value::Null);
    }
}

async fn a_server_that_takes_no_writes_is_not_ready_until_the_address_leads_to_another(app: TestApp) {
    let ready = async || app.anonymous().get("/health/ready", &[]).await.0.status.as_u16();
    let becomes = async |status: u16| {
        until("it is ready or not", async || ready().await == status).await;
    };
    assert_eq!(ready().await, 200);
    let name = app.rows("SELECT CAST(current_database() AS text) AS x").await[0]["x"].as_str().unwrap().to_owned();
    let aside = sea_orm::Database::connect(&app.url).await.unwrap();
    // New sessions behave as on a server of that kind.
    let lead = async |read_only: &str| {
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}");
        aside.execute_unprepared(&sql).await.unwrap();
    };
    lead("on").await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rec'";
    aside.execute_unprepared(end).await.unwrap();
    becomes(503).await;
    let written = outcome(&app.secretariat().send(CREATE, theme("READ-ONLY")).await.body);
    assert_eq!(written, Outcome::Failed("UNAVAILABLE".to_owned()));
    lead("off").await;
    // Only this readiness check makes the pool close the old connections.
    becomes(200).await;
    assert_eq!(outcome(&app.secretariat().send(CREATE, theme("WRITTEN")).await.body), Outcome::Acknowledged);
}
