//! What a request does in the database: how many statements it runs, and how many requests of its client run at once. It knows nothing of
//! HTTP.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

tokio::task_local! {
    /// The current request.
    static CURRENT: Scope;
}

/// What is known of a request. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Scope(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    statements: AtomicU64,
    lane: OnceLock<Arc<Lane>>,
}

/// How many connections the requests of one client may use at once: so many for reading, and as many for writing. A request that waits for
/// one holds none of the same kind.
#[derive(Debug)]
pub struct Lane {
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
}

impl Lane {
    pub fn new(width: usize) -> Self {
        Self { reads: Arc::new(Semaphore::new(width)), writes: Arc::new(Semaphore::new(width)) }
    }
}

/// A place in the lane of a client; `None` if it has none.
pub type Turn = Option<OwnedSemaphorePermit>;

impl Scope {
    /// Runs a future as a part of the request.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), work).await
    }

    /// Sets the lane of the client whose request it is.
    pub fn goes_by(&self, lane: impl FnOnce() -> Arc<Lane>) {
        self.0.lane.get_or_init(lane);
    }

    /// How many statements it has run so far.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }
}

/// Makes a future that the current request spawns a part of it.
pub fn continued<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let scope = CURRENT.try_with(Scope::clone).unwrap_or_default();
    async move { scope.during(work).await }
}

/// Counts a statement. Outside of requests nothing is counted.
pub fn count() {
    let _ = CURRENT.try_with(|scope| scope.0.statements.fetch_add(1, Ordering::Relaxed));
}

/// Waits until the request may read.
pub async fn may_read() -> Turn {
    turn(|lane| &lane.reads).await
}

/// Waits until the request may write.
pub async fn may_write() -> Turn {
    turn(|lane| &lane.writes).await
}

async fn turn(kind: impl Fn(&Lane) -> &Arc<Semaphore>) -> Turn {
    let queue = CURRENT.try_with(|scope| scope.0.lane.get().map(|lane| Arc::clone(kind(lane)))).ok().flatten()?;
    queue.acquire_owned().await.ok()
}
