//! How a statement is stopped when nobody waits for its outcome any more: the request was cancelled, or its client has disconnected.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::health::Health;

/// What stops the running statement of a connection.
#[derive(Clone, Debug)]
pub enum Interrupt {
    /// SQLite checks this while it works.
    Sqlite(Arc<AtomicBool>),
    /// The connection is closed if it comes back to its pool with the statement still running; PostgreSQL notices.
    Postgres(Arc<Health>),
}

impl Interrupt {
    pub fn of_sqlite() -> Self {
        Self::Sqlite(Arc::default())
    }

    /// Stops the running statement of the connection.
    pub fn fire(&self) {
        match self {
            Self::Sqlite(flag) => flag.store(true, Ordering::Relaxed),
            Self::Postgres(health) => health.note_abandoned(),
        }
    }

    /// Makes the connection usable again.
    pub fn reset(&self) {
        if let Self::Sqlite(flag) = self {
            flag.store(false, Ordering::Relaxed);
        }
    }

    pub fn is_fired(&self) -> bool {
        matches!(self, Self::Sqlite(flag) if flag.load(Ordering::Relaxed))
    }
}

/// The outcome of a statement. If this is dropped earlier, the statement is stopped before its connection goes back to the pool, where it
/// is tested whether it still works.
pub async fn interruptible<T>(interrupt: &Interrupt, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut underway = Underway { interrupt, is_known: false };
    let outcome = work.as_mut().await;
    underway.is_known = true;
    outcome
}

struct Underway<'a> {
    interrupt: &'a Interrupt,
    is_known: bool,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.is_known {
            self.interrupt.fire();
        }
    }
}
