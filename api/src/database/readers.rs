//! The connections by which a SQLite database is read. Each is a pool of its own, so that what it works at can be stopped when nobody
//! waits for it any more.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{ConnAcquireErr, Database, DatabaseConnection, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::interrupt::Interrupt;
use super::options::{self, ACQUIRE_TIMEOUT};
use super::worker::whole;

#[derive(Debug)]
pub struct Readers {
    all: Vec<Reader>,
    /// The last one that was used comes last.
    free: Mutex<Vec<usize>>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Reader {
    connection: DatabaseConnection,
    interrupt: Interrupt,
}

impl Readers {
    /// So many, of which the first one connects at once. `prepare` sees each before it is used.
    pub async fn open(url: &str, count: u32, prepare: impl Fn(&mut DatabaseConnection)) -> Result<Self, DbErr> {
        let mut all = Vec::new();
        for number in 0..count {
            let interrupt = Interrupt::of_sqlite();
            let options = options::reader(url, &interrupt, number > 0);
            let mut connection = Database::connect(options).await?;
            prepare(&mut connection);
            all.push(Reader { connection, interrupt });
        }
        let places = Arc::new(Semaphore::new(all.len()));
        // The first one is taken first.
        let mut free: Vec<usize> = (0..all.len()).rev().collect();
        if let [.., next, last] = free.as_mut_slice() {
            std::mem::swap(next, last);
        }
        Ok(Self { free: Mutex::new(free), all, places })
    }

    /// Runs something on a connection that is free. Given up, it is stopped, and the connection is free when that is done.
    pub async fn run<T, F>(self: &Arc<Self>, work: impl FnOnce(DatabaseConnection) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let mut taken = self.take().await?;
        let outcome = whole(work(taken.reader().connection.clone())).await;
        taken.is_done = true;
        outcome
    }

    async fn take(self: &Arc<Self>) -> Result<Taken, DbErr> {
        let place = timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let place = place.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let index = self.warmest().ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        Ok(Taken { readers: Arc::clone(self), index, place: Some(place), is_done: false })
    }

    /// The one of those that are free that was used last but one: its pages and statements are in memory, and sqlx, which tests a
    /// connection after its use, is done with that.
    fn warmest(&self) -> Option<usize> {
        let mut free = self.free();
        let place = free.len().saturating_sub(2);
        (place < free.len()).then(|| free.remove(place))
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are used, and how many of the others are connected.
    pub fn count(&self) -> (usize, usize) {
        let connected = self.all.iter().map(|reader| reader.connection.get_sqlite_connection_pool().size());
        let connected = usize::try_from(connected.sum::<u32>()).unwrap_or(usize::MAX);
        let used = self.all.len().saturating_sub(self.free().len());
        (used, connected.saturating_sub(used))
    }

    pub async fn close(&self) -> Result<(), DbErr> {
        for reader in &self.all {
            reader.connection.close_by_ref().await?;
        }
        Ok(())
    }

    /// One of them, for what asks for no connection.
    pub fn any(&self) -> &DatabaseConnection {
        &self.all[0].connection
    }
}

/// A connection that is used.
struct Taken {
    readers: Arc<Readers>,
    index: usize,
    place: Option<OwnedSemaphorePermit>,
    is_done: bool,
}

impl Taken {
    fn reader(&self) -> &Reader {
        &self.readers.all[self.index]
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let (readers, index, place) = (Arc::clone(&self.readers), self.index, self.place.take());
        if self.is_done {
            readers.free().push(index);
            return;
        }
        self.reader().interrupt.fire();
        let stopped = async move {
            let reader = &readers.all[index];
            // It comes after what was stopped, and is too short to be stopped itself.
            let _ = reader.connection.ping().await;
            reader.interrupt.reset();
            readers.free().push(index);
            drop(place);
        };
        // Without a runtime the service has ended.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(stopped));
        }
    }
}
