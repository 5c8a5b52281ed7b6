//! A replica: a hot standby of the PostgreSQL database, which only reads. It knows no table, and does not decide who reads from it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{Database, DatabaseConnection, DbErr};

use super::health::Health;
use super::interrupt::Interrupt;
use super::{Connection, Connections, Pool, options, schema};

/// The connections to a replica. Clones share them.
#[derive(Clone, Debug)]
pub struct Replica {
    pool: Pool,
}

impl Replica {
    /// Prepares connections to a server, none of which is opened yet. `prepare` is called for what they are taken from.
    pub(super) async fn open(
        url: &str,
        connections: u32,
        limit: Duration,
        prepare: impl Fn(&mut DatabaseConnection),
    ) -> Result<Self, DbErr> {
        let health = Arc::new(Health::default());
        let mut pool = Database::connect(options::replica(url, connections, limit, &health)).await?;
        prepare(&mut pool);
        let connections = Connections::Pool(pool, Interrupt::Postgres(Arc::clone(&health)));
        Ok(Self { pool: Pool { connections, health, queue: None, fallback: None } })
    }

    /// Where reads go that fall back to the primary.
    pub(super) fn with_fallback(&self, primary: &Pool) -> Connection {
        Connection::Pool(Pool { fallback: Some(Arc::new(primary.clone())), ..self.pool.clone() })
    }

    /// The replica alone, for code that asks how far it is.
    pub fn connection(&self) -> Connection {
        Connection::Pool(self.pool.clone())
    }

    /// The migrations that have run on it.
    pub async fn migrations(&self) -> Result<Vec<String>, DbErr> {
        schema::seen(&self.connection()).await
    }

    /// Whether what was seen at a time is still true of the server at its address: no connection has broken since.
    pub fn is_same_since(&self, seen: Instant) -> bool {
        self.pool.health.keeps(seen.elapsed())
    }

    /// How many connections are in use, and how many are idle.
    pub(super) fn count(&self) -> (usize, usize) {
        self.pool.count()
    }
}
