//! The cached rows of a process, valid until the feed grows. It reads nothing: `service/cache.rs` fills it.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::feed::Head;

/// The most rows in the cache: an installation has some hundreds of such records. Beyond it the cache starts empty again.
const MOST: usize = 10_000;

/// The cache of a process.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Entries>);

#[derive(Debug)]
pub struct Entries {
    /// The head of the feed for which the rows are valid.
    pub head: Option<Head>,
    since: Instant,
    /// Rows of all types, by id.
    pub rows: HashMap<Uuid, Arc<dyn Any + Send + Sync>>,
}

impl Default for Entries {
    fn default() -> Self {
        Self { head: None, since: Instant::now(), rows: HashMap::new() }
    }
}

impl Cache {
    /// Rows that are read through the cache from now on are at least as new as they were then.
    pub fn since(&self, head: Head, keep: Duration) -> Instant {
        self.with(head, keep, |entries| entries.since)
    }

    /// Calls `done` with the rows that are valid at this head of the feed and not older than `keep`.
    pub fn with<T>(&self, head: Head, keep: Duration, done: impl FnOnce(&mut Entries) -> T) -> T {
        let head = Some(head);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.head != head || entries.since.elapsed() > keep || entries.rows.len() > MOST {
            *entries = Entries { head, ..Entries::default() };
        }
        done(&mut entries)
    }
}
