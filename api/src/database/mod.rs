//! The connections: one pool on PostgreSQL; on SQLite one writer and a pool of readers, so that neither waits for the other.

pub mod address;
mod failure;
mod health;
pub mod home;
mod readiness;
mod transaction;
pub mod watermark;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sea_query::{Func, Query};
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection as _, Executor as _, Sqlite};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

pub use self::failure::{is_away, is_busy, is_crossed};
use self::health::Health;
pub use self::transaction::Transaction;
use self::watermark::Watermark;

/// A connection that nobody got within this time is an error, not a wait.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that has rested this long is tested before it is used.
const TEST_AFTER: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared.
const PREPARED: usize = 512;

tokio::task_local! {
    /// The count of the request that runs.
    static OF_REQUEST: Count;
}

/// How many statements a request has run so far. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<AtomicU64>);

impl Count {
    /// What a future comes to, whose statements are counted.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        OF_REQUEST.scope(self.clone(), work).await
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where statements go: to whichever connection of a pool is free, or to that of a transaction.
#[derive(Clone, Debug)]
pub enum Connection {
    Pool(Pool),
    Within(Within),
}

/// The connections of a database, and what is known of it.
#[derive(Clone, Debug)]
pub struct Pool {
    connections: DatabaseConnection,
    health: Arc<Health>,
}

/// A transaction in which others begin as parts of it.
#[derive(Clone, Debug)]
pub struct Within {
    txn: Arc<Transaction>,
    pool: Pool,
}

impl Pool {
    /// Reads. What has broken its connection is tried once more on a new one: it has written nothing.
    async fn read<T, F>(&self, statement: Statement, run: impl Fn(Statement) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let again = is_read(&statement).then(|| statement.clone());
        let outcome = self.noted(run(statement).await);
        match (outcome, again) {
            (Err(error), Some(statement)) if failure::is_broken(&error) => self.noted(run(statement).await),
            (outcome, _) => outcome,
        }
    }

    fn noted<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        outcome.inspect_err(|error| self.health.note(error))
    }
}

/// Whether a statement writes nothing.
fn is_read(statement: &Statement) -> bool {
    statement.sql.starts_with("SELECT")
}

impl Connection {
    /// The pool, for what is done outside of transactions: streams, figures, the end.
    pub fn pool(&self) -> &DatabaseConnection {
        match self {
            Self::Pool(pool) | Self::Within(Within { pool, .. }) => &pool.connections,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it passes on what the doors and the feed send")]
#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.pool().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => {
                pool.health.check_file()?;
                pool.noted(pool.connections.execute_raw(statement).await)
            }
            Self::Within(within) => within.txn.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => {
                pool.health.check_file()?;
                pool.noted(pool.connections.execute_unprepared(sql).await)
            }
            Self::Within(within) => within.txn.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.read(statement, |statement| pool.connections.query_one_raw(statement)).await,
            Self::Within(within) => within.txn.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.read(statement, |statement| pool.connections.query_all_raw(statement)).await,
            Self::Within(within) => within.txn.query_all_raw(statement).await,
        }
    }
}

/// Where reads and writes go. Clones share the pools.
#[derive(Clone, Debug)]
pub struct Databases {
    pub read: Connection,
    pub write: Connection,
    /// How far the feed was handed out; beside a SQLite file only.
    pub watermark: Option<Arc<Watermark>>,
    health: Arc<Health>,
    statements: Arc<AtomicU64>,
}

impl Databases {
    /// Opens the database of an address; a SQLite file is created if there is none. PostgreSQL gives up a statement that takes longer
    /// than `limit`; of SQLite whoever waits for it gives it up.
    pub async fn open(url: &str, connections: u32, limit: Duration) -> Result<Self, DbErr> {
        let statements = Arc::new(AtomicU64::new(0));
        let is_sqlite = url.starts_with("sqlite:");
        let health = Arc::new(Health::default());
        let (mut read, mut write) = if is_sqlite {
            // The writer comes first: it creates the file and sets it to write-ahead logging.
            let mut writer = sqlite(url, 1);
            writer.map_sqlx_sqlite_pool_opts(outside_of_transactions);
            let write = Database::connect(writer).await?;
            (Database::connect(sqlite(url, connections)).await?, write)
        } else {
            let pool = Database::connect(postgres(url, connections, limit, &health)).await?;
            (pool.clone(), pool)
        };
        let file = is_sqlite.then(|| file(url)).transpose()?;
        let watermark = file.as_deref().map(|file| Arc::new(Watermark::beside(file)));
        if let Some(file) = file {
            health.watch(file);
        }
        for pool in [&mut read, &mut write] {
            let statements = Arc::clone(&statements);
            pool.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
                // Outside of requests nobody counts.
                let _ = OF_REQUEST.try_with(Count::add);
            });
        }
        let [read, write] =
            [read, write].map(|connections| Connection::Pool(Pool { connections, health: Arc::clone(&health) }));
        Ok(Self { read, write, watermark, health, statements })
    }

    /// Begins a transaction that writes. On SQLite it takes the writer's lock at once: a read that becomes a write would be
    /// refused later. What has broken its connection is tried once more on a new one.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let pool = match &self.write {
            Connection::Pool(pool) => pool,
            Connection::Within(within) => return within.txn.begin().await,
        };
        self.health.check_file()?;
        let begun = match pool.noted(begun_in_any_case(pool.connections.clone()).await) {
            Err(error) if failure::is_broken(&error) => {
                pool.noted(begun_in_any_case(pool.connections.clone()).await)?
            }
            begun => begun?,
        };
        Ok(Transaction::new(begun, Arc::clone(&self.health)))
    }

    /// The same databases, with all statements in a transaction. What begins in it is a part of it.
    #[must_use]
    pub fn within(&self, txn: &Arc<Transaction>) -> Self {
        let within = |one: &Connection| match one {
            Connection::Pool(pool) | Connection::Within(Within { pool, .. }) => {
                Connection::Within(Within { txn: Arc::clone(txn), pool: pool.clone() })
            }
        };
        Self { read: within(&self.read), write: within(&self.write), ..self.clone() }
    }

    /// Whether what is committed is committed for others as well.
    pub fn commits(&self) -> bool {
        matches!(self.write, Connection::Pool(_))
    }

    /// Tells PostgreSQL's planner what its tables hold, after many rows have come at once. SQLite chooses better without: of a sample
    /// it takes what half of a table has for rare, and sorts it.
    #[expect(clippy::disallowed_methods, reason = "what a planner knows is neither read nor written")]
    pub async fn refresh_statistics(&self) -> Result<(), DbErr> {
        if self.backend() != DbBackend::Postgres {
            return Ok(());
        }
        let txn = self.begin().await?;
        unlimited(&txn).await?;
        txn.execute_unprepared("ANALYZE").await?;
        txn.commit().await
    }

    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// The connections of each pool that are used, and those that rest.
    pub fn connections(&self) -> Vec<(&'static str, &'static str, usize)> {
        let pools: &[(&str, &DatabaseConnection)] = match self.backend() {
            DbBackend::Postgres => &[("all", self.read.pool())],
            _ => &[("read", self.read.pool()), ("write", self.write.pool())],
        };
        let states = pools.iter().flat_map(|(name, pool)| {
            let (size, idle) = if pool.get_database_backend() == DbBackend::Postgres {
                let pool = pool.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            } else {
                let pool = pool.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            [(*name, "used", size.saturating_sub(idle)), (*name, "idle", idle)]
        });
        states.collect()
    }

    /// How many statements have been run so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

/// Begins a transaction in a task, which ends even if nobody waits for it any more: sqlx 0.9.0 gives a connection whose `BEGIN` is
/// on its way back to the pool with the transaction open (its issue 4393), and what others write on it then is never committed.
async fn begun_in_any_case(pool: DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let begun = tokio::spawn(async move { pool.begin_with_options(options).await });
    begun.await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
}

/// Waits for every other transaction that asks to be alone with the same matter, until this one ends. On SQLite a
/// transaction that writes always is.
#[expect(clippy::disallowed_methods, reason = "a lock is neither read nor written")]
pub async fn alone(txn: &Transaction, matter: &str) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        let key = Func::cust("hashtext").arg(matter);
        let lock = Query::select().expr(Func::cust("pg_advisory_xact_lock").arg(key)).take();
        txn.query_one(&lock).await?;
    }
    Ok(())
}

/// Lets the statements of a transaction take as long as they need.
#[expect(clippy::disallowed_methods, reason = "a setting is neither read nor written")]
pub async fn unlimited(txn: &Transaction) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    }
    Ok(())
}

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
fn file(url: &str) -> Result<PathBuf, DbErr> {
    let options = url.parse::<SqliteConnectOptions>();
    let options = options.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok(options.get_filename().to_owned())
}

/// Lets a pool keep no connection that sqlx counts in a transaction, and none that was there when one of them broke.
fn in_a_known_state<D: sqlx::Database>(options: PoolOptions<D>, health: &Arc<Health>) -> PoolOptions<D> {
    let health = Arc::clone(health);
    options.after_release(move |connection, about| {
        let keeps = health.keeps(about.age);
        Box::pin(async move {
            if connection.is_in_transaction() {
                // What takes it back may be on its way.
                connection.ping().await?;
            }
            Ok(keeps && !connection.is_in_transaction())
        })
    })
}

/// Lets the writer's pool keep no connection that is in a transaction, whatever sqlx counts.
fn outside_of_transactions(options: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    options.after_release(|connection, _| {
        Box::pin(async move {
            let is_outside = connection.execute("ROLLBACK").await.is_err_and(|error| failure::is_in_none(&error));
            Ok(is_outside && !connection.is_in_transaction())
        })
    })
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.idle_timeout(None).max_lifetime(None).map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is acknowledged is on the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // `INSERT OR REPLACE` then asks the guards of the row that it replaces.
            .pragma("recursive_triggers", "ON")
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(PREPARED)
    });
    options
}

fn postgres(url: &str, connections: u32, limit: Duration, health: &Arc<Health>) -> ConnectOptions {
    let mut options = options(url, connections);
    let (released, acquired) = (Arc::clone(health), Arc::clone(health));
    options
        .statement_timeout(limit)
        .set_application_name("rec")
        .map_sqlx_postgres_pool_opts(move |pool| in_a_known_state(pool, &released))
        .map_sqlx_postgres_before_acquire(move |_, about| {
            let keeps = acquired.keeps(about.age);
            Box::pin(async move { Ok(keeps) })
        })
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(PREPARED));
    options
}
