//! The connections: one pool on PostgreSQL, and one for each of its replicas; on SQLite one writer and a pool of readers, so that neither waits
//! for the other. It knows no table and no rule.

pub mod address;
mod failure;
mod health;
pub mod home;
mod interrupt;
mod limits;
mod options;
pub mod private;
mod queue;
mod readers;
mod readiness;
pub mod replica;
pub mod schema;
pub mod scope;
mod transaction;
pub mod watermark;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::sea_query::{Func, Query};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

pub use self::failure::{is_away, is_busy, is_write_conflict};
use self::health::Health;
use self::interrupt::{Interrupt, interruptible};
pub use self::limits::planned_once;
use self::queue::Queue;
use self::readers::Readers;
use self::replica::{Generation, Reading, Replica};
use self::scope::Turn;
pub use self::transaction::Transaction;
use self::watermark::Watermark;
use self::worker::whole;

/// Where statements go: to any free connection of a pool, to a replica, or to the connection of a transaction.
#[derive(Clone, Debug)]
pub enum Connection {
    Pool(Pool),
    Replica(Arc<Reading>),
    Within(Within),
}

/// The connections of a database, and their health.
#[derive(Clone, Debug)]
pub struct Pool {
    connections: Connections,
    health: Arc<Health>,
    /// Where writes to a SQLite file wait.
    queue: Option<Arc<Queue>>,
}

#[derive(Clone, Debug)]
enum Connections {
    /// The one that writes to SQLite, or all of PostgreSQL.
    Pool(DatabaseConnection, Interrupt),
    /// Those that read SQLite.
    Readers(Arc<Readers>),
}

/// A transaction in which others begin as savepoints.
#[derive(Clone, Debug)]
pub struct Within {
    txn: Arc<Transaction>,
    pool: Pool,
}

impl Pool {
    /// Reads. If the connection breaks, it tries once more on a new one: nothing was written.
    async fn read<T, F>(
        &self,
        statement: Statement,
        run: impl Fn(DatabaseConnection, Statement) -> F,
    ) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let _turn = scope::may_read().await;
        let again = is_read(&statement).then(|| statement.clone());
        let outcome = self.run(|connection| run(connection, statement)).await;
        match (outcome, again) {
            (Err(error), Some(statement)) if failure::is_broken(&error) => {
                self.run(|connection| run(connection, statement)).await
            }
            (outcome, _) => outcome,
        }
    }

    /// Runs something on a connection. If this is dropped, the statement is stopped.
    async fn run<T, F>(&self, work: impl FnOnce(DatabaseConnection) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        self.noted(match &self.connections {
            Connections::Pool(pool, interrupt @ Interrupt::Postgres(_)) => {
                interruptible(interrupt, work(pool.clone())).await
            }
            // A request that still waits for the writer must not stop another one's statement. Writes outside of transactions are short.
            Connections::Pool(pool, Interrupt::Sqlite(_)) => whole(work(pool.clone())).await,
            Connections::Readers(readers) => readers.run(work).await,
        })
    }

    /// Writes outside of transactions.
    async fn write<T, F>(&self, work: impl Fn(DatabaseConnection) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        self.health.check_file()?;
        match &self.queue {
            Some(queue) => self.noted(queue.pass(|| work(self.any().clone())).await),
            None => self.run(work).await,
        }
    }

    fn noted<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        outcome.inspect_err(|error| self.health.note(error))
    }

    fn any(&self) -> &DatabaseConnection {
        match &self.connections {
            Connections::Pool(pool, _) => pool,
            Connections::Readers(readers) => readers.any(),
        }
    }

    async fn close(&self) -> Result<(), DbErr> {
        match &self.connections {
            Connections::Pool(pool, _) => pool.close_by_ref().await,
            Connections::Readers(readers) => readers.close().await,
        }
    }

    /// How many connections are in use, and how many are idle.
    fn count(&self) -> (usize, usize) {
        let (size, idle) = match &self.connections {
            Connections::Readers(readers) => return readers.count(),
            Connections::Pool(pool, _) if pool.get_database_backend() == DbBackend::Postgres => {
                let pool = pool.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            Connections::Pool(pool, _) => {
                let pool = pool.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        (usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(idle), idle)
    }
}

/// No timeout.
const UNLIMITED: Duration = Duration::ZERO;

/// Whether a statement only reads.
fn is_read(statement: &Statement) -> bool {
    statement.sql.starts_with("SELECT")
}

impl Connection {
    fn pool(&self) -> &Pool {
        match self {
            Self::Pool(pool) | Self::Within(Within { pool, .. }) => pool,
            Self::Replica(reading) => reading.primary(),
        }
    }

    /// Closes all connections, once the work on them has ended.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.pool().close().await
    }

    /// A connection pool of the driver, for code that inspects it from outside.
    pub fn driver(&self) -> &DatabaseConnection {
        self.pool().any()
    }
}

#[expect(clippy::disallowed_methods, reason = "it passes on what the read layer and the feed send")]
async fn query_one(connection: DatabaseConnection, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
    connection.query_one_raw(statement).await
}

#[expect(clippy::disallowed_methods, reason = "it passes on what the read layer and the feed send")]
async fn query_all(connection: DatabaseConnection, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
    connection.query_all_raw(statement).await
}

#[expect(clippy::disallowed_methods, reason = "it passes on what the read layer, the unit of work and the feed send")]
#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        self.pool().any().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(_) | Self::Replica(_) => {
                let pool = self.pool();
                let write = |connection: DatabaseConnection| {
                    let statement = statement.clone();
                    async move { connection.execute_raw(statement).await }
                };
                pool.write(write).await
            }
            Self::Within(within) => within.txn.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(_) | Self::Replica(_) => {
                let write = |connection: DatabaseConnection| async move { connection.execute_unprepared(sql).await };
                self.pool().write(write).await
            }
            Self::Within(within) => within.txn.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.read(planned_once(statement), query_one).await,
            Self::Replica(reading) => reading.read(planned_once(statement), query_one).await,
            Self::Within(within) => within.txn.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.read(planned_once(statement), query_all).await,
            Self::Replica(reading) => reading.read(planned_once(statement), query_all).await,
            Self::Within(within) => within.txn.query_all_raw(statement).await,
        }
    }
}

/// Where reads and writes go. Clones share the pools.
#[derive(Clone, Debug)]
pub struct Databases {
    pub read: Connection,
    pub write: Connection,
    /// Up to which change the feed was handed out; beside a SQLite file only.
    pub watermark: Option<Arc<Watermark>>,
    pub replicas: Arc<[Replica]>,
    /// A connection of its own for health checks, which wait for nobody.
    checks: DatabaseConnection,
    /// A connection to PostgreSQL for long work outside of transactions.
    maintenance: Option<DatabaseConnection>,
    health: Arc<Health>,
    statements: Arc<AtomicU64>,
}

impl Databases {
    /// Opens the database of an address; a SQLite file is created if there is none. PostgreSQL cancels a statement that takes longer than
    /// `limit`. On both databases a statement is stopped when nobody waits for its outcome any more. Replicas need not answer yet.
    pub async fn open(url: &str, replicas: &[String], connections: u32, limit: Duration) -> Result<Self, DbErr> {
        let (statements, health) = (Arc::new(AtomicU64::new(0)), Arc::new(Health::default()));
        let prepare = |connection: &mut DatabaseConnection| {
            let statements = Arc::clone(&statements);
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
                scope::count();
            });
        };
        let (read, write, checks, maintenance, watermark, queue) = if url.starts_with("sqlite:") {
            worker::watch();
            let file = options::file(url)?;
            if !url.contains("mode=ro")
                && let Err(error) = private::keep(&file)
            {
                // The database itself may still be of use, such as one of another account; if not, SQLite says why.
                tracing::warn!(%error, file = %file.display(), "the files of the database may be open to others");
            }
            // The writer comes first: it sets the file to write-ahead logging.
            let interrupt = Interrupt::of_sqlite();
            let mut writer = Database::connect(options::writer(url, &interrupt)).await?;
            prepare(&mut writer);
            let readers = Readers::open(url, connections, prepare).await?;
            let checks = Database::connect(options::reader(url, &Interrupt::of_sqlite(), true)).await?;
            let (watermark, queue) = (Some(Arc::new(Watermark::beside(&file))), Some(Arc::new(Queue::beside(&file))));
            health.watch(file);
            let (readers, writer) = (Connections::Readers(Arc::new(readers)), Connections::Pool(writer, interrupt));
            (readers, writer, checks, None, watermark, queue)
        } else {
            let mut pool = Database::connect(options::postgres(url, connections, limit, &health)).await?;
            prepare(&mut pool);
            let mut checks = options::postgres(url, 1, limit, &health);
            let checks = Database::connect(checks.connect_lazy(true).clone()).await?;
            let mut maintenance = options::postgres(url, 1, UNLIMITED, &health);
            let maintenance = Database::connect(maintenance.connect_lazy(true).clone()).await?;
            let pool = Connections::Pool(pool, Interrupt::Postgres(Arc::clone(&health)));
            (pool.clone(), pool, checks, Some(maintenance), None, None)
        };
        let [read, write] = [(read, None), (write, queue)]
            .map(|(connections, queue)| Pool { connections, health: Arc::clone(&health), queue })
            .map(Connection::Pool);
        let replicas = replicas.iter().map(|url| Replica::open(url, connections, limit, prepare));
        let replicas = futures_util::future::try_join_all(replicas).await?.into();
        Ok(Self { read, write, watermark, replicas, checks, maintenance, health, statements })
    }

    /// The same databases, with reads that go to a replica of a generation, and to the primary from the first one on that the replica fails.
    #[must_use]
    pub fn reading_from(&self, replica: &Replica, generation: Generation) -> Self {
        let reading = Reading::new(replica.clone(), generation, self.write.pool().clone());
        Self { read: Connection::Replica(Arc::new(reading)), ..self.clone() }
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once: a read that becomes a write would be refused later. If
    /// the connection breaks, it tries once more on a new one.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let pool = match &self.write {
            Connection::Pool(pool) => pool,
            Connection::Replica(reading) => reading.primary(),
            Connection::Within(within) => return within.txn.begin().await,
        };
        let Connections::Pool(_, interrupt) = &pool.connections else {
            return Err(DbErr::Custom("a connection that reads begins no transaction".to_owned()));
        };
        self.health.check_file()?;
        let turn = scope::may_write().await;
        let (begun, turn) = begun_in_any_case(pool, turn).await?;
        let (begun, turn) = match pool.noted(begun) {
            Err(error) if failure::is_broken(&error) => begun_in_any_case(pool, turn).await?,
            begun => (begun, turn),
        };
        Ok(Transaction::new(pool.noted(begun)?, Arc::clone(&self.health), interrupt.clone(), turn))
    }

    /// Lets waiting writers of other processes go first: for a command between two of its many transactions.
    pub async fn let_others_write(&self) {
        if let Some(queue) = &self.write.pool().queue {
            queue.let_others().await;
        }
    }

    /// Whether a write of any process waits for a SQLite file that another process writes to.
    pub fn is_waited_for(&self) -> bool {
        self.write.pool().queue.as_ref().is_some_and(|queue| queue.is_waited_for())
    }

    /// How many writes of this process wait for the one writer of SQLite, beyond those that their client's lane holds back. `None` on
    /// PostgreSQL, which has many.
    pub fn writes_waiting(&self) -> Option<usize> {
        self.write.pool().queue.as_ref().map(|queue| queue.waiting())
    }

    /// The same databases, with all statements in a transaction. A transaction that begins in it is a part of it.
    #[must_use]
    pub fn within(&self, txn: &Arc<Transaction>) -> Self {
        let within = |one: &Connection| Connection::Within(Within { txn: Arc::clone(txn), pool: one.pool().clone() });
        Self { read: within(&self.read), write: within(&self.write), ..self.clone() }
    }

    /// Whether a commit here makes changes visible to others.
    pub fn commits(&self) -> bool {
        matches!(self.write, Connection::Pool(_))
    }

    /// Updates PostgreSQL's statistics after many rows were written at once, and its map of pages that everyone sees: until then it takes
    /// scanning a whole table for cheaper than using an index. SQLite plans better without statistics: its sample makes it take half of a
    /// table for few rows, and sort them.
    #[expect(clippy::disallowed_methods, reason = "what a planner knows is neither read nor written")]
    pub async fn refresh_statistics(&self) -> Result<(), DbErr> {
        match &self.maintenance {
            Some(maintenance) => maintenance.execute_unprepared("VACUUM (ANALYZE)").await.map(drop),
            None => Ok(()),
        }
    }

    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// How many connections of each pool are in use, and how many are idle.
    pub fn connections(&self) -> Vec<(&'static str, &'static str, usize)> {
        let pools: &[(&str, &Connection)] = match self.backend() {
            DbBackend::Postgres => &[("all", &self.read)],
            _ => &[("read", &self.read), ("write", &self.write)],
        };
        let pools = pools.iter().map(|(name, connection)| (*name, connection.pool().count()));
        let replicas = self.replicas.iter().map(|replica| ("replica", replica.count()));
        let replicas = replicas.reduce(|(name, (used, idle)), (_, more)| (name, (used + more.0, idle + more.1)));
        let states = pools.chain(replicas);
        states.flat_map(|(name, (used, idle))| [(name, "used", used), (name, "idle", idle)]).collect()
    }

    /// Closes all connections.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.write.close().await?;
        // On PostgreSQL both are one pool; closing it twice is harmless.
        self.read.close().await?;
        for replica in self.replicas.iter() {
            replica.close().await?;
        }
        if let Some(maintenance) = &self.maintenance {
            maintenance.close_by_ref().await?;
        }
        self.checks.close_by_ref().await
    }

    /// How many statements have run so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}

/// Begins a transaction in a task, which ends even if nobody waits for it any more: sqlx 0.9.0 would give a connection with a pending
/// `BEGIN` back to the pool with the transaction open (its issue 4393), and what others write on it then is never committed.
async fn begun_in_any_case(pool: &Pool, turn: Turn) -> Result<(Result<DatabaseTransaction, DbErr>, Turn), DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let (connections, queue) = (pool.any().clone(), pool.queue.clone());
    // The turn lasts until the transaction has begun.
    let begun = tokio::spawn(async move {
        let attempt = || connections.begin_with_options(options);
        let begun = match queue {
            Some(queue) => queue.pass(attempt).await,
            None => attempt().await,
        };
        (begun, turn)
    });
    begun.await.map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))
}

/// Waits for every other transaction that has locked the same matter, and locks it until this one ends. On SQLite a transaction that writes
/// is always alone.
#[expect(clippy::disallowed_methods, reason = "a lock is neither read nor written")]
pub async fn advisory_lock(txn: &Transaction, matter: &str) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        let key = Func::cust("hashtext").arg(matter);
        let lock = Query::select().expr(Func::cust("pg_advisory_xact_lock").arg(key)).take();
        txn.query_one(&lock).await?;
    }
    Ok(())
}

/// Switches the timeout off for the statements of a transaction.
#[expect(clippy::disallowed_methods, reason = "a setting is neither read nor written")]
pub async fn unlimited(txn: &Transaction) -> Result<(), DbErr> {
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    }
    Ok(())
}
