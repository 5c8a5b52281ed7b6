//! The connections that read a SQLite database. Each is a pool of its own, so that its statement can be stopped when nobody waits for it
//! any more; none of them writes.

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
    /// In the order of use, the last one used at the end.
    free: Mutex<Vec<usize>>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Reader {
    connection: DatabaseConnection,
    interrupt: Interrupt,
}

impl Readers {
    /// Opens so many connections, of which only the first one connects at once. `prepare` is called for each before it is used.
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

    /// Runs something on a free connection. If this is dropped, the statement is stopped, and then the connection becomes free.
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

    /// The free connection that was used last but one: its pages and statements are in memory, and sqlx, which tests a connection after its
    /// use, has finished testing it.
    fn warmest(&self) -> Option<usize> {
        let mut free = self.free();
        let place = free.len().saturating_sub(2);
        (place < free.len()).then(|| free.remove(place))
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are in use, and how many of the others are connected.
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

    /// Any of them, for code that needs no free connection.
    pub fn any(&self) -> &DatabaseConnection {
        &self.all[0].connection
    }
}

/// A connection in use.
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
            // It runs after the stopped statement, and is too short to be stopped itself.
            let _ = reader.connection.ping().await;
            reader.interrupt.reset();
            readers.free().push(index);
            drop(place);
        };
        // Without a runtime the service has already ended.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(stopped));
        }
    }
}
