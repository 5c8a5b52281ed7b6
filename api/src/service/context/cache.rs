//! Rows that a process keeps, as long as the feed does not grow.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::feed::Head;

/// The most rows that are entries: an installation has some hundreds of such records. Beyond it all are read anew.
const MOST: usize = 10_000;

/// The rows that a process keeps.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Entries>);

#[derive(Debug)]
pub struct Entries {
    /// The head of the feed at which they are as they were read.
    pub head: Option<Head>,
    since: Instant,
    /// Of all types, by their ids.
    pub rows: HashMap<Uuid, Arc<dyn Any + Send + Sync>>,
}

impl Default for Entries {
    fn default() -> Self {
        Self { head: None, since: Instant::now(), rows: HashMap::new() }
    }
}

impl Cache {
    /// What is done with the rows that are still as they were read: at this head of the feed, and no longer ago than this.
    pub fn with<T>(&self, head: Head, keep: Duration, done: impl FnOnce(&mut Entries) -> T) -> T {
        let head = Some(head);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.head != head || entries.since.elapsed() > keep || entries.rows.len() > MOST {
            *entries = Entries { head, ..Entries::default() };
        }
        done(&mut entries)
    }
}
