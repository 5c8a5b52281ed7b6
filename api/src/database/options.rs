//! How connections are opened, and which of them a pool keeps. It runs no statement of a use case.

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
use super::home::NOTE_SERVER;
use super::interrupt::Interrupt;
use super::replica::Sighting;
use super::worker::Checkup;

/// A connection that is not available within this time is an error.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a write to a SQLite file waits for other processes.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a connection to a replica, after which the primary is asked.
const REPLICA_TIMEOUT: Duration = Duration::from_secs(1);
/// A connection that was idle for this long is tested before it is used.
const TEST_AFTER: Duration = Duration::from_secs(10);
/// How many statements a connection keeps prepared.
const PREPARED: usize = 512;
/// How long a PostgreSQL connection may take to end an abandoned statement before it is closed.
const LAST_CHANCE: Duration = Duration::from_millis(50);
/// How often PostgreSQL checks during a statement whether its client is still connected, in milliseconds. From version 14 on.
const CLIENT_CHECK: &str = "SET client_connection_check_interval = 100";
/// PostgreSQL plans a statement once for each connection, for any values. From version 12 on.
const PLANNED_ONCE: &str = "SET plan_cache_mode = force_generic_plan";
/// After so many instructions SQLite checks whether a statement is still wanted: every few tens of microseconds.
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

/// The file that a database's address names.
pub fn file(url: &str) -> Result<PathBuf, DbErr> {
    let options = url.parse::<SqliteConnectOptions>();
    let options = options.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok(options.get_filename().to_owned())
}

/// Whether the server has no open transaction on a connection, whatever sqlx counts: the start of an open one would be earlier than that of
/// this statement.
async fn is_outside(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = connection.fetch_one("SELECT now() = statement_timestamp()").await?;
    row.try_get(0)
}

/// Makes a pool keep no connection that still runs an abandoned statement, none that sqlx counts as in a transaction, and none that existed
/// when another one broke.
fn in_a_known_state(options: PoolOptions<Postgres>, health: &Arc<Health>) -> PoolOptions<Postgres> {
    let health = Arc::clone(health);
    options.after_release(move |connection, about| {
        let (keeps, may_work) = (health.keeps(about.age), health.was_abandoned());
        Box::pin(async move {
            if may_work && !timeout(LAST_CHANCE, is_outside(connection)).await.unwrap_or(Ok(false))? {
                return Ok(false);
            }
            if connection.is_in_transaction() {
                // The rollback may still be pending.
                connection.ping().await?;
            }
            Ok(keeps && !connection.is_in_transaction())
        })
    })
}

/// Sets the timeout of statements, the check for lost clients, and planning once, and notes the server. A replica is compared with what was seen
/// of it before instead.
fn set_up(options: PoolOptions<Postgres>, timeout: String, replica: Option<Arc<Sighting>>) -> PoolOptions<Postgres> {
    options.after_connect(move |connection, _| {
        let (timeout, replica) = (AssertSqlSafe(timeout.clone()), replica.clone());
        Box::pin(async move {
            connection.execute(timeout).await?;
            if let Some(replica) = replica {
                let before = replica.last();
                let row = connection.fetch_one(Sighting::STATEMENT).await?;
                replica.compare(before, row.try_get(0)?, row.try_get(1)?);
            } else {
                connection.execute(NOTE_SERVER).await?;
            }
            for setting in [CLIENT_CHECK, PLANNED_ONCE] {
                match connection.execute(setting).await {
                    // An older server lacks the setting: abandoned statements then end by their timeout, and some are planned again.
                    Err(sqlx::Error::Database(_)) | Ok(_) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    })
}

/// Makes a reader's pool keep no connection whose thread has panicked.
fn at_work(options: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    let checkup = Checkup::new();
    options.after_release(move |connection, _| {
        let checkup = checkup.clone();
        Box::pin(async move { checkup.pass(connection).await.map(|()| true) })
    })
}

/// As `at_work`; and the writer's pool keeps no connection that is in a transaction, whatever sqlx counts.
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

/// Makes SQLite check during a statement whether it is still wanted, and sets how long it waits for other processes.
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

/// The connection that writes to a SQLite database. Writers wait in the queue, and not in SQLite.
pub fn writer(url: &str, interrupt: &Interrupt) -> ConnectOptions {
    let (mut options, interrupt) = (sqlite(url), interrupt.clone());
    options.map_sqlx_sqlite_pool_opts(move |pool| {
        outside_of_transactions(set_up_file(pool, &interrupt, Duration::ZERO), &interrupt)
    });
    options
}

/// A connection that reads it, opened at once or when it is first used.
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
            // Makes `INSERT OR REPLACE` run the triggers of the row that it replaces.
            .pragma("recursive_triggers", "ON")
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(PREPARED)
    });
    options
}

/// Connections to PostgreSQL whose statements have the timeout `limit`.
pub fn postgres(url: &str, connections: u32, limit: Duration, health: &Arc<Health>) -> ConnectOptions {
    postgres_or_replica(url, connections, limit, health, None)
}

fn postgres_or_replica(
    url: &str,
    connections: u32,
    limit: Duration,
    health: &Arc<Health>,
    replica: Option<Arc<Sighting>>,
) -> ConnectOptions {
    let mut options = options(url, connections);
    let (released, acquired) = (Arc::clone(health), Arc::clone(health));
    // Set by a statement, not in the startup message, which a pooler would refuse.
    let timeout = format!("SET statement_timeout = {}", limit.as_millis());
    options
        .set_application_name("rec")
        .map_sqlx_postgres_pool_opts(move |pool| {
            set_up(in_a_known_state(pool, &released), timeout.clone(), replica.clone())
        })
        .map_sqlx_postgres_before_acquire(move |_, about| {
            let keeps = acquired.keeps(about.age);
            Box::pin(async move { Ok(keeps) })
        })
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(PREPARED));
    options
}

/// As `postgres`, to a replica. None is opened yet; each is compared with what was seen of the server before.
pub fn replica(
    url: &str,
    connections: u32,
    limit: Duration,
    health: &Arc<Health>,
    seen: &Arc<Sighting>,
) -> ConnectOptions {
    let mut options = postgres_or_replica(url, connections, limit, health, Some(Arc::clone(seen)));
    options.connect_lazy(true).acquire_timeout(REPLICA_TIMEOUT);
    options
}
