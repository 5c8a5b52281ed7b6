//! The queue of writers to a SQLite file. SQLite's own waiting is not a queue: it sleeps longer and longer, and loses to a process that
//! writes again at once. So a write that finds the file locked tries again every other millisecond, and meanwhile holds a lock on
//! `rec.db-queue`, which shows it to a command of many transactions.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::{ConnAcquireErr, DbErr};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};

use super::failure;
use super::options::BUSY_TIMEOUT;

/// How often a waiting writer tries again.
const AGAIN: Duration = Duration::from_millis(2);
/// How long a command lets others go first.
const COURTESY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Queue {
    path: PathBuf,
    /// One write of this process tries at a time, in the order of arrival.
    first: Mutex<()>,
    /// How many writes of this process wait for the database, or use it outside of a transaction.
    waiting: AtomicUsize,
}

/// A waiting write, counted until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn at(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    /// The queue of the database in a file.
    pub fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-queue");
        Self { path: path.into(), first: Mutex::default(), waiting: AtomicUsize::new(0) }
    }

    /// Runs a write as soon as no other process writes.
    pub async fn pass<T, F>(&self, work: impl Fn() -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let _waiting = Waiting::at(&self.waiting);
        let end = Instant::now() + BUSY_TIMEOUT;
        let first = timeout_at(end, self.first.lock()).await;
        let _first = first.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let mut waiting = None;
        loop {
            match work().await {
                Err(error) if failure::is_busy(&error) && Instant::now() < end => {
                    waiting = waiting.or_else(|| self.wait().ok());
                    sleep(AGAIN).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// How many writes of this process wait, including those that run outside of transactions.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Shows other processes that a write waits, as long as the file is open.
    fn wait(&self) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path);
        // Another user may have created it.
        let file = file.or_else(|_| File::open(&self.path))?;
        file.try_lock_shared()?;
        Ok(file)
    }

    /// Lets waiting writes of other processes go first. If it cannot be seen whether there are any, there are none.
    pub async fn let_others(&self) {
        let end = Instant::now() + COURTESY;
        while self.is_waited_for() && Instant::now() < end {
            sleep(AGAIN).await;
        }
    }

    /// Whether a write of any process waits for another process. Writes that wait within their own process do not count.
    pub fn is_waited_for(&self) -> bool {
        File::open(&self.path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}
