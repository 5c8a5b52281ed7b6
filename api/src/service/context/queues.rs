//! Where requests of a process wait for each other.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// The queues of a process.
const QUEUES: usize = 256;

/// Where the requests of one process wait for each other that come with the same key, before they take a connection. Keys share
/// queues by chance.
#[derive(Debug)]
pub struct Queues {
    queues: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

impl Default for Queues {
    fn default() -> Self {
        Self { queues: (0..QUEUES).map(|_| Arc::default()).collect(), hasher: RandomState::new() }
    }
}

impl Queues {
    /// Waits for the others with a client's key.
    pub async fn turn(&self, client: &str, key: &str) -> OwnedMutexGuard<()> {
        let hash = self.hasher.hash_one((client, key));
        let index = usize::try_from(hash % QUEUES as u64).unwrap_or_default();
        Arc::clone(&self.queues[index]).lock_owned().await
    }
}
