//! Queues in which requests of one process wait for each other. They hold nothing across processes.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// The number of queues of a process.
const QUEUES: usize = 256;

/// Where requests of one process with the same key wait for each other, before they take a connection. Different keys may share a queue.
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
    /// Waits until the other requests with a client's key are done.
    pub async fn turn(&self, client: &str, key: &str) -> OwnedMutexGuard<()> {
        let hash = self.hasher.hash_one((client, key));
        let index = usize::try_from(hash % QUEUES as u64).unwrap_or_default();
        Arc::clone(&self.queues[index]).lock_owned().await
    }
}
