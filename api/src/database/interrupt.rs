//! How a statement is stopped whose outcome nobody waits for any more: the request was given up, or its client is gone.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::health::Health;

/// What stops the statement of a connection.
#[derive(Clone, Debug)]
pub enum Interrupt {
    /// SQLite asks for this while it works.
    Sqlite(Arc<AtomicBool>),
    /// The connection is cut when it comes back to its pool with the statement still at work; PostgreSQL notices.
    Postgres(Arc<Health>),
}

impl Interrupt {
    pub fn of_sqlite() -> Self {
        Self::Sqlite(Arc::default())
    }

    /// Stops what the connection works at.
    pub fn fire(&self) {
        match self {
            Self::Sqlite(flag) => flag.store(true, Ordering::Relaxed),
            Self::Postgres(health) => health.note_abandoned(),
        }
    }

    /// Lets the connection work again.
    pub fn reset(&self) {
        if let Self::Sqlite(flag) = self {
            flag.store(false, Ordering::Relaxed);
        }
    }

    pub fn is_fired(&self) -> bool {
        matches!(self, Self::Sqlite(flag) if flag.load(Ordering::Relaxed))
    }
}

/// What comes of a statement. Dropped before that is known, it is stopped: before its connection goes back to its pool, where it is asked
/// whether it still works.
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
