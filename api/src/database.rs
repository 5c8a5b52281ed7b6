//! The connections: one pool on PostgreSQL; on SQLite one writer and a pool of readers, so that neither waits for the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sea_query::{Func, Query};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

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
    Pool(DatabaseConnection),
    Within(Within),
}

/// A transaction in which others begin as parts of it. After a statement of its own has failed nothing more is done in it: the
/// database has given it up, and what follows would be no part of it.
#[derive(Clone, Debug)]
pub struct Within {
    txn: Arc<DatabaseTransaction>,
    pool: DatabaseConnection,
    has_failed: Arc<AtomicBool>,
}

impl Within {
    fn txn(&self) -> Result<&DatabaseTransaction, DbErr> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(DbErr::Custom("the transaction has failed before".to_owned()));
        }
        Ok(&self.txn)
    }

    fn note<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        outcome.inspect_err(|_| self.has_failed.store(true, Ordering::Relaxed))
    }

    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.note(self.txn()?.begin().await)
    }
}

impl Connection {
    /// The pool, for what is done outside of transactions: streams, figures, the end.
    pub fn pool(&self) -> &DatabaseConnection {
        match self {
            Self::Pool(pool) | Self::Within(Within { pool, .. }) => pool,
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
            Self::Pool(pool) => pool.execute_raw(statement).await,
            Self::Within(within) => within.note(within.txn()?.execute_raw(statement).await),
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_unprepared(sql).await,
            Self::Within(within) => within.note(within.txn()?.execute_unprepared(sql).await),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_one_raw(statement).await,
            Self::Within(within) => within.note(within.txn()?.query_one_raw(statement).await),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_all_raw(statement).await,
            Self::Within(within) => within.note(within.txn()?.query_all_raw(statement).await),
        }
    }
}

/// Where reads and writes go. Clones share the pools.
#[derive(Clone, Debug)]
pub struct Databases {
    pub read: Connection,
    pub write: Connection,
    statements: Arc<AtomicU64>,
}

impl Databases {
    /// Opens the database of an address; a SQLite file is created if there is none. PostgreSQL gives up a statement that takes longer
    /// than `limit`; of SQLite whoever waits for it gives it up.
    pub async fn open(url: &str, connections: u32, limit: Duration) -> Result<Self, DbErr> {
        let statements = Arc::new(AtomicU64::new(0));
        let (mut read, mut write) = if url.starts_with("sqlite:") {
            // The writer comes first: it creates the file and sets it to write-ahead logging.
            let write = Database::connect(sqlite(url, 1)).await?;
            (Database::connect(sqlite(url, connections)).await?, write)
        } else {
            let pool = Database::connect(postgres(url, connections, limit)).await?;
            (pool.clone(), pool)
        };
        for pool in [&mut read, &mut write] {
            let statements = Arc::clone(&statements);
            pool.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
                // Outside of requests nobody counts.
                let _ = OF_REQUEST.try_with(Count::add);
            });
        }
        Ok(Self { read: Connection::Pool(read), write: Connection::Pool(write), statements })
    }

    /// Begins a transaction that writes. On SQLite it takes the writer's lock at once: a read that becomes a write would be
    /// refused later.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let pool = match &self.write {
            Connection::Pool(pool) => pool,
            Connection::Within(within) => return within.begin().await,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        begun_in_any_case(pool.clone(), options).await
    }

    /// The same databases, with all statements in a transaction. What begins in it is a part of it.
    #[must_use]
    pub fn within(&self, txn: &Arc<DatabaseTransaction>) -> Self {
        let has_failed = Arc::new(AtomicBool::new(false));
        let within = |one: &Connection| {
            let (txn, pool, has_failed) = (Arc::clone(txn), one.pool().clone(), Arc::clone(&has_failed));
            Connection::Within(Within { txn, pool, has_failed })
        };
        Self { read: within(&self.read), write: within(&self.write), statements: Arc::clone(&self.statements) }
    }

    /// Whether what is committed is committed for others as well.
    pub fn commits(&self) -> bool {
        matches!(self.write, Connection::Pool(_))
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
async fn begun_in_any_case(
    pool: DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    let begun = tokio::spawn(async move { pool.begin_with_options(options).await });
    begun.await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
}

/// Waits for every other transaction that asks to be alone with the same matter, until this one ends. On SQLite a
/// transaction that writes always is.
#[expect(clippy::disallowed_methods, reason = "a lock is neither read nor written")]
pub async fn alone(txn: &DatabaseTransaction, matter: &str) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        let key = Func::cust("hashtext").arg(matter);
        let lock = Query::select().expr(Func::cust("pg_advisory_xact_lock").arg(key)).take();
        txn.query_one(&lock).await?;
    }
    Ok(())
}

/// Lets the statements of a transaction take as long as they need.
#[expect(clippy::disallowed_methods, reason = "a setting is neither read nor written")]
pub async fn unlimited(txn: &DatabaseTransaction) -> Result<(), DbErr> {
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

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.idle_timeout(None).max_lifetime(None).map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            // `INSERT OR REPLACE` then asks the guards of the row that it replaces.
            .pragma("recursive_triggers", "ON")
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(PREPARED)
    });
    options
}

fn postgres(url: &str, connections: u32, limit: Duration) -> ConnectOptions {
    let mut options = options(url, connections);
    options
        .statement_timeout(limit)
        .set_application_name("rec")
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(PREPARED));
    options
}
