//! A replica: a hot standby of the PostgreSQL database, which only reads. It decides neither who reads from it nor what.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{Database, DatabaseConnection, DbErr, Statement};
use tokio::sync::watch;

use super::health::Health;
use super::interrupt::Interrupt;
use super::{Connection, Connections, Pool, address, failure, options, schema, scope};

/// The connections to a replica. Clones share them.
#[derive(Clone, Debug)]
pub struct Replica(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    place: String,
    pool: Pool,
    /// A connection of its own by which it is asked how far it is: it waits for no query.
    checks: Pool,
    generation: Arc<AtomicU64>,
    /// Tells who waits for the server that it does not answer.
    renewed: watch::Sender<()>,
    fallbacks: AtomicU64,
}

/// Grows whenever the server may be another one than before, or an older state of it: a connection is new, or is broken, or does not answer.
/// What was known of the server before does not hold any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

impl Replica {
    /// Prepares connections to a server, none of which is opened yet. `prepare` is called for what they are taken from.
    pub(super) async fn open(
        url: &str,
        connections: u32,
        limit: Duration,
        prepare: impl Fn(&mut DatabaseConnection),
    ) -> Result<Self, DbErr> {
        let (health, generation) = (Arc::new(Health::default()), Arc::new(AtomicU64::new(0)));
        let opened = Arc::clone(&generation);
        let opened = move || {
            opened.fetch_add(1, Ordering::SeqCst);
        };
        let queries = options::replica(url, connections, limit, &health, opened);
        let checks = options::replica(url, 1, limit, &health, || {});
        let mut pools = [Database::connect(queries).await?, Database::connect(checks).await?];
        pools.iter_mut().for_each(prepare);
        let [pool, checks] = pools.map(|pool| {
            let connections = Connections::Pool(pool, Interrupt::Postgres(Arc::clone(&health)));
            Pool { connections, health: Arc::clone(&health), queue: None }
        });
        let (place, renewed) = (address::without_credentials(url), watch::Sender::default());
        Ok(Self(Arc::new(Parts { place, pool, checks, generation, renewed, fallbacks: AtomicU64::new(0) })))
    }

    /// Its address, without the user and the password.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    pub fn generation(&self) -> Generation {
        Generation(self.0.generation.load(Ordering::SeqCst))
    }

    /// The connection by which it is asked how far it is.
    pub fn checks(&self) -> Connection {
        Connection::Pool(self.0.checks.clone())
    }

    /// The migrations that have run on it.
    pub async fn migrations(&self) -> Result<Vec<String>, DbErr> {
        schema::seen(&self.checks()).await
    }

    /// Closes all present connections as soon as the work on them has ended, and lets nobody wait for that.
    pub fn renew(&self) {
        self.0.pool.health.renew();
        self.0.generation.fetch_add(1, Ordering::SeqCst);
        self.0.renewed.send_replace(());
    }

    /// How many requests were given up by it so far, and went on with the primary.
    pub fn fallbacks(&self) -> u64 {
        self.0.fallbacks.load(Ordering::Relaxed)
    }

    /// How many connections are in use, and how many are idle.
    pub(super) fn count(&self) -> (usize, usize) {
        self.0.pool.count()
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.0.pool.close().await?;
        self.0.checks.close().await
    }
}

/// What a request reads from a replica of a generation. From the first read on that it fails, the request reads from the primary: it never
/// goes back to what is older.
#[derive(Debug)]
pub struct Reading {
    replica: Replica,
    generation: Generation,
    primary: Pool,
    is_over: AtomicBool,
}

impl Reading {
    pub(super) fn new(replica: Replica, generation: Generation, primary: Pool) -> Self {
        Self { replica, generation, primary, is_over: AtomicBool::new(false) }
    }

    pub(super) fn primary(&self) -> &Pool {
        &self.primary
    }

    /// Reads, from the primary if the replica does not answer.
    pub(super) async fn read<T, F>(
        &self,
        statement: Statement,
        run: impl Fn(DatabaseConnection, Statement) -> F,
    ) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        if !self.is_over.load(Ordering::Relaxed) {
            if let Some(found) = self.read_from_replica(|connection| run(connection, statement.clone())).await {
                return Ok(found);
            }
            if !self.is_over.swap(true, Ordering::Relaxed) {
                self.replica.0.fallbacks.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.primary.read(statement, run).await
    }

    /// `None` if the replica fails, for whatever reason: a standby also cancels reads that are in the way of what it replays.
    async fn read_from_replica<T, F>(&self, run: impl FnOnce(DatabaseConnection) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let _turn = scope::may_read().await;
        let mut renewed = self.replica.0.renewed.subscribe();
        if self.replica.generation() != self.generation {
            return None;
        }
        let outcome = tokio::select! {
            outcome = self.replica.0.pool.run(run) => outcome,
            _ = renewed.changed() => return None,
        };
        if outcome.as_ref().is_err_and(failure::is_broken) {
            self.replica.renew();
        }
        outcome.ok().filter(|_| self.replica.generation() == self.generation)
    }
}
