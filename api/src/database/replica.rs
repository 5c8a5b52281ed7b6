//! A replica: a hot standby of the PostgreSQL database, which only reads. It decides neither who reads from it nor what.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::watch;
use tokio::time::timeout;

use super::health::Health;
use super::interrupt::Interrupt;
use super::{Connection, Connections, Pool, address, failure, options, schema, scope};

/// A read that takes longer goes on with the primary: the connection may lead to nobody.
const READS_WITHIN: Duration = Duration::from_secs(3);

/// The connections to a replica. Clones share them.
#[derive(Clone, Debug)]
pub struct Replica(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    place: String,
    pool: Pool,
    /// A connection of its own by which it is asked how far it is: it waits for no query.
    checks: Pool,
    seen: Arc<Sighting>,
    /// Tells who waits for the server that it does not answer.
    renewed: watch::Sender<()>,
    fallbacks: AtomicU64,
}

/// Grows whenever the server may be another one than before, or in an older state: it was started again, or does not answer. What was known of
/// it before does not hold any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

/// What was last seen of the server of a replica: when it was started, and up to which byte of the log it had replayed.
#[derive(Debug, Default)]
pub struct Sighting {
    generation: AtomicU64,
    last: Mutex<Option<(String, i64)>>,
}

impl Sighting {
    /// A standby that was promoted replays no more, but writes.
    pub(super) const STATEMENT: &str = "SELECT CAST(pg_postmaster_start_time() AS text), \
         CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0' AS bigint)";

    /// What was last seen.
    pub(super) fn last(&self) -> Option<(String, i64)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares the server with what was seen before it was asked. One that was started again, or whose processes were, may be in an older
    /// state.
    pub(super) fn compare(&self, before: Option<(String, i64)>, started: String, replayed: Option<i64>) {
        let replayed = replayed.unwrap_or_default();
        let is_same = before.is_none_or(|(before, at)| before == started && at <= replayed);
        if !is_same {
            self.grow();
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = last.as_ref().filter(|(before, _)| is_same && *before == started).map_or(replayed, |(_, at)| *at);
        *last = Some((started, replayed.max(newest)));
    }

    fn grow(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl Replica {
    /// Prepares connections to a server, none of which is opened yet. `prepare` is called for what they are taken from.
    pub(super) async fn open(
        url: &str,
        connections: u32,
        limit: Duration,
        prepare: impl Fn(&mut DatabaseConnection),
    ) -> Result<Self, DbErr> {
        let (health, seen) = (Arc::new(Health::default()), Arc::new(Sighting::default()));
        let queries = options::replica(url, connections, limit, &health, &seen);
        let checks = options::replica(url, 1, limit, &health, &seen);
        let mut pools = [Database::connect(queries).await?, Database::connect(checks).await?];
        pools.iter_mut().for_each(prepare);
        let [pool, checks] = pools.map(|pool| {
            let connections = Connections::Pool(pool, Interrupt::Postgres(Arc::clone(&health)));
            Pool { connections, health: Arc::clone(&health), queue: None }
        });
        let (place, renewed) = (address::without_credentials(url), watch::Sender::default());
        Ok(Self(Arc::new(Parts { place, pool, checks, seen, renewed, fallbacks: AtomicU64::new(0) })))
    }

    /// Its address, without the user and the password.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    pub fn generation(&self) -> Generation {
        Generation(self.0.seen.generation.load(Ordering::SeqCst))
    }

    /// The connection by which it is asked how far it is.
    pub fn checks(&self) -> Connection {
        Connection::Pool(self.0.checks.clone())
    }

    /// Remembers how far it has replayed the log. What was read of it before is not newer than that.
    #[expect(clippy::disallowed_methods, reason = "the state of a server is no part of the register")]
    pub async fn sight(&self) -> Result<(), DbErr> {
        let (before, statement) =
            (self.0.seen.last(), Statement::from_string(DbBackend::Postgres, Sighting::STATEMENT));
        if let Some(row) = self.checks().query_one_raw(statement).await? {
            self.0.seen.compare(before, row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        Ok(())
    }

    /// The migrations that have run on it.
    pub async fn migrations(&self) -> Result<Vec<String>, DbErr> {
        schema::seen(&self.checks()).await
    }

    /// Closes all present connections as soon as the work on them has ended, and lets nobody wait for that.
    pub fn renew(&self) {
        self.0.pool.health.renew();
        self.0.seen.grow();
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
            outcome = timeout(READS_WITHIN, self.replica.0.pool.run(run)) => outcome.ok()?,
            _ = renewed.changed() => return None,
        };
        if outcome.as_ref().is_err_and(failure::is_broken) {
            self.replica.renew();
        }
        outcome.ok().filter(|_| self.replica.generation() == self.generation)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::Sighting;

    #[test]
    fn a_server_that_was_started_again_or_is_behind_what_was_seen_may_be_in_an_older_state() {
        let seen = Sighting::default();
        for (started, replayed, generation) in [
            ("a", Some(5), 0),
            ("a", Some(5), 0),
            ("a", Some(9), 0),
            ("a", Some(8), 1),
            ("a", Some(8), 1),
            ("b", Some(9), 2),
            ("b", None, 3),
        ] {
            seen.compare(seen.last(), started.to_owned(), replayed);
            assert_eq!(seen.generation.load(Ordering::SeqCst), generation, "{started} {replayed:?}");
        }
        // Two are asked at once, and the one that was asked first is heard last.
        let before = seen.last();
        seen.compare(before.clone(), "b".to_owned(), Some(20));
        seen.compare(before, "b".to_owned(), Some(10));
        assert_eq!((seen.generation.load(Ordering::SeqCst), seen.last()), (3, Some(("b".to_owned(), 20))));
    }
}
