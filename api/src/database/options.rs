//! How connections are opened, and which of them a pool keeps.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, PgConnection, Postgres, Row as _, Sqlite};
use sea_orm::{ConnectOptions, DbErr, RuntimeErr};
use tokio::time::timeout;

use super::failure;
use super::health::Health;
use super::interrupt::Interrupt;
use super::worker::Checkup;

/// A connection that nobody got within this time is an error, not a wait.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a write to a SQLite file waits for those of other processes.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that has rested this long is tested before it is used.
const TEST_AFTER: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared.
const PREPARED: usize = 512;
/// How long a connection to PostgreSQL may go on with a statement that was given up before it is cut.
const LAST_CHANCE: Duration = Duration::from_millis(50);
/// How often PostgreSQL looks, while it works, whether its client is still there, in milliseconds. From version 14 on.
const CLIENT_CHECK: &str = "SET client_connection_check_interval = 100";
/// PostgreSQL plans a statement once on a connection, for any values. From version 12 on.
const PLANNED_ONCE: &str = "SET plan_cache_mode = force_generic_plan";
/// After so many instructions SQLite asks whether a statement is still wanted: some tens of microseconds.
const INSTRUCTIONS: i32 = 10_000;

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(TEST_AFTER)
        .record_stmt_in_spans(false)
        .sqlx_logging(false);
    options
}

/// The file of a database's address.
pub fn file(url: &str) -> Result<PathBuf, DbErr> {
    let options = url.parse::<SqliteConnectOptions>();
    let options = options.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok(options.get_filename().to_owned())
}

/// Whether the server is in no transaction of a connection, whatever sqlx counts: one that was begun before begins before this statement.
async fn is_outside(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = connection.fetch_one("SELECT now() = statement_timestamp()").await?;
    row.try_get(0)
}

/// Lets a pool keep no connection that still works at what was given up, none that sqlx counts in a transaction, and none that was there
/// when one of them broke.
fn in_a_known_state(options: PoolOptions<Postgres>, health: &Arc<Health>) -> PoolOptions<Postgres> {
    let health = Arc::clone(health);
    options.after_release(move |connection, about| {
        let (keeps, may_work) = (health.keeps(about.age), health.was_abandoned());
        Box::pin(async move {
            if may_work && !timeout(LAST_CHANCE, is_outside(connection)).await.unwrap_or(Ok(false))? {
                return Ok(false);
            }
            if connection.is_in_transaction() {
                // What takes it back may be on its way.
                connection.ping().await?;
            }
            Ok(keeps && !connection.is_in_transaction())
        })
    })
}

/// Bounds the time of statements, and of those that nobody waits for; and has them planned once.
fn set_up(options: PoolOptions<Postgres>, timeout: String) -> PoolOptions<Postgres> {
    options.after_connect(move |connection, _| {
        let timeout = AssertSqlSafe(timeout.clone());
        Box::pin(async move {
            connection.execute(timeout).await?;
            for setting in [CLIENT_CHECK, PLANNED_ONCE] {
                match connection.execute(setting).await {
                    // An older server does without: it ends them when their time is over, and plans some anew.
                    Err(sqlx::Error::Database(_)) | Ok(_) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    })
}

/// Lets a reader's pool keep no connection whose thread has panicked.
fn at_work(options: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    let checkup = Checkup::new();
    options.after_release(move |connection, _| {
        let checkup = checkup.clone();
        Box::pin(async move { checkup.pass(connection).await.map(|()| true) })
    })
}

/// As `at_work`; and the writer's pool none that is in a transaction, whatever sqlx counts.
fn outside_of_transactions(options: PoolOptions<Sqlite>, interrupt: &Interrupt) -> PoolOptions<Sqlite> {
    let (interrupt, checkup) = (interrupt.clone(), Checkup::new());
    options.after_release(move |connection, _| {
        let (interrupt, checkup) = (interrupt.clone(), checkup.clone());
        Box::pin(async move {
            checkup.pass(connection).await.inspect_err(|_| interrupt.reset())?;
            let is_outside = connection.execute("ROLLBACK").await.is_err_and(|error| failure::is_in_none(&error));
            interrupt.reset();
            Ok(is_outside && !connection.is_in_transaction())
        })
    })
}

/// Has SQLite ask, while it works, whether that is still wanted; and wait so long for other processes from now on.
fn set_up_file(options: PoolOptions<Sqlite>, interrupt: &Interrupt, wait: Duration) -> PoolOptions<Sqlite> {
    let (interrupt, wait) = (interrupt.clone(), format!("PRAGMA busy_timeout = {}", wait.as_millis()));
    options.after_connect(move |connection, _| {
        let (interrupt, wait) = (interrupt.clone(), AssertSqlSafe(wait.clone()));
        Box::pin(async move {
            connection.execute(wait).await?;
            connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || !interrupt.is_fired());
            Ok(())
        })
    })
}

/// The connection that writes to a SQLite database. Whoever writes waits in the queue, and not in SQLite.
pub fn writer(url: &str, interrupt: &Interrupt) -> ConnectOptions {
    let (mut options, interrupt) = (sqlite(url), interrupt.clone());
    options.map_sqlx_sqlite_pool_opts(move |pool| {
        outside_of_transactions(set_up_file(pool, &interrupt, Duration::ZERO), &interrupt)
    });
    options
}

/// One of those that read it; it connects at once, or when it is used.
pub fn reader(url: &str, interrupt: &Interrupt, when_used: bool) -> ConnectOptions {
    let (mut options, interrupt) = (sqlite(url), interrupt.clone());
    options
        .connect_lazy(when_used)
        .map_sqlx_sqlite_pool_opts(move |pool| at_work(set_up_file(pool, &interrupt, BUSY_TIMEOUT)));
    options
}

fn sqlite(url: &str) -> ConnectOptions {
    let mut options = options(url, 1);
    options.idle_timeout(None).max_lifetime(None).map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is acknowledged is on the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // `INSERT OR REPLACE` then asks the guards of the row that it replaces.
            .pragma("recursive_triggers", "ON")
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(PREPARED)
    });
    options
}

/// Connections to PostgreSQL, each of whose statements may take `limit`. One that connects when it is used is for what comes seldom.
pub fn postgres(url: &str, connections: u32, limit: Duration, health: &Arc<Health>) -> ConnectOptions {
    let mut options = options(url, connections);
    let (released, acquired) = (Arc::clone(health), Arc::clone(health));
    // By statements, not at the connection's start: a pooler would refuse them there.
    let timeout = format!("SET statement_timeout = {}", limit.as_millis());
    options
        .set_application_name("rec")
        .map_sqlx_postgres_pool_opts(move |pool| set_up(in_a_known_state(pool, &released), timeout.clone()))
        .map_sqlx_postgres_before_acquire(move |_, about| {
            let keeps = acquired.keeps(about.age);
            Box::pin(async move { Ok(keeps) })
        })
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(PREPARED));
    options
}
