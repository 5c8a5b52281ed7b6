//! What a process knows of tokens without asking the database for each request: which are revoked, and which were used. It runs no
//! statement.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

/// The tokens that are revoked and have not expired, and the uses that are not written yet.
#[derive(Debug, Default)]
pub struct Tokens {
    revoked: watch::Sender<Arc<HashSet<Uuid>>>,
    used: Mutex<HashMap<Uuid, DateTime<Utc>>>,
    /// Locked while revoked tokens are read: a read that begins later returns newer data.
    pub reading: tokio::sync::Mutex<()>,
}

impl Tokens {
    pub fn is_revoked(&self, token: Uuid) -> bool {
        self.revoked.borrow().contains(&token)
    }

    /// Resolves when a token is revoked.
    pub async fn revocation(&self, token: Option<Uuid>) {
        let mut revoked = self.revoked.subscribe();
        let is_revoked = |revoked: &Arc<HashSet<Uuid>>| token.is_some_and(|token| revoked.contains(&token));
        if revoked.wait_for(is_revoked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Replaces the set of revoked tokens.
    pub fn know(&self, revoked: HashSet<Uuid>) {
        self.revoked.send_if_modified(|known| {
            let differs = **known != revoked;
            if differs {
                *known = Arc::new(revoked);
            }
            differs
        });
    }

    /// Notes that a token was used.
    pub fn note(&self, token: Uuid, at: DateTime<Utc>) {
        self.used().insert(token, at);
    }

    /// The uses that are not written yet.
    pub fn uses(&self) -> Vec<(Uuid, DateTime<Utc>)> {
        self.used().iter().map(|(token, at)| (*token, *at)).collect()
    }

    /// Drops the uses that are written. A token may have been used again meanwhile.
    pub fn forget(&self, written: &[(Uuid, DateTime<Utc>)]) {
        let mut left = self.used();
        for (token, at) in written {
            if left.get(token) == Some(at) {
                left.remove(token);
            }
        }
    }

    fn used(&self) -> MutexGuard<'_, HashMap<Uuid, DateTime<Utc>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
