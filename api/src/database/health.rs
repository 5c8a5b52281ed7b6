//! What statements have shown about a database: whether its file is still the one that was opened, whether it accepts writes, and since
//! when its connections are usable. It runs no statement.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{DbErr, RuntimeErr};

use super::failure;

/// The shortest time between two renewals of connections to a server that accepts no writes, in microseconds.
const AT_MOST_EVERY: u64 = 1_000_000;

/// The time within which the connection of an abandoned statement comes back, in microseconds.
const RELEASED_WITHIN: u64 = 1_000_000;

#[derive(Debug)]
pub struct Health {
    file: OnceLock<File>,
    /// The last write failed: for lack of space, by a failing disk, or because the server accepts none.
    refuses_writes: AtomicBool,
    /// A write has succeeded.
    has_written: AtomicBool,
    opened: Instant,
    /// When the connections were found to be no longer usable, in microseconds after `opened`.
    renewed: AtomicU64,
    /// When a statement was last abandoned, in microseconds after `opened`.
    abandoned: AtomicU64,
}

/// The file of a database, and what distinguishes it from another one in its place.
#[derive(Debug)]
struct File {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl File {
    fn is_there(&self) -> bool {
        self.identity.is_none() || self.identity == identity(&self.path)
    }
}

/// The device and the inode of a file.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

impl Default for Health {
    fn default() -> Self {
        Self {
            file: OnceLock::new(),
            refuses_writes: AtomicBool::new(false),
            has_written: AtomicBool::new(false),
            opened: Instant::now(),
            renewed: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
        }
    }
}

impl Health {
    /// Remembers the file of an open database.
    pub fn watch(&self, path: PathBuf) {
        let identity = identity(&path);
        self.file.get_or_init(|| File { path, identity });
    }

    /// Fails if the file was deleted or replaced: what is written to it would be lost.
    pub fn check_file(&self) -> Result<(), DbErr> {
        match self.file.get() {
            Some(file) if !file.is_there() => {
                let message = format!("{} was deleted or replaced under the service", file.path.display());
                Err(DbErr::Conn(RuntimeErr::Internal(message)))
            }
            _ => Ok(()),
        }
    }

    /// Remembers what an error says of the database and of its connections.
    pub fn note(&self, error: &DbErr) {
        if failure::is_unwritable(error) {
            self.refuses_writes.store(true, Ordering::Relaxed);
        }
        if failure::is_read_only(error) {
            self.lead_elsewhere();
        } else if failure::is_broken(error) {
            self.renew();
        }
    }

    /// Makes the pools close all present connections.
    pub fn renew(&self) {
        self.renewed.store(micros(self.opened.elapsed()), Ordering::Relaxed);
    }

    /// Makes the pools close their connections to a server that accepts no writes: by now the address may lead to another server. Not at
    /// every error, since it may still lead to the same one.
    pub fn lead_elsewhere(&self) {
        let (now, renewed) = (micros(self.opened.elapsed()), self.renewed.load(Ordering::Relaxed));
        if renewed == 0 || now.saturating_sub(renewed) > AT_MOST_EVERY {
            self.renew();
        }
    }

    /// Remembers that a statement was abandoned.
    pub fn note_abandoned(&self) {
        self.abandoned.store(micros(self.opened.elapsed()), Ordering::Relaxed);
    }

    /// Whether a connection that comes back may still be running an abandoned statement.
    pub fn was_abandoned(&self) -> bool {
        let abandoned = self.abandoned.load(Ordering::Relaxed);
        abandoned != 0 && micros(self.opened.elapsed()).saturating_sub(abandoned) < RELEASED_WITHIN
    }

    /// Remembers that a write has succeeded.
    pub fn note_write(&self) {
        self.refuses_writes.store(false, Ordering::Relaxed);
        self.has_written.store(true, Ordering::Relaxed);
    }

    /// Whether the last write succeeded. Unknown before the first one.
    pub fn is_known_to_take_writes(&self) -> bool {
        self.has_written.load(Ordering::Relaxed) && !self.refuses_writes()
    }

    pub fn refuses_writes(&self) -> bool {
        self.refuses_writes.load(Ordering::Relaxed)
    }

    /// Whether a connection of this age is usable: those that existed when one of them broke are not.
    pub fn keeps(&self, age: Duration) -> bool {
        let renewed = self.renewed.load(Ordering::Relaxed);
        renewed == 0 || micros(age) < micros(self.opened.elapsed()).saturating_sub(renewed)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
