//! Computes a value once for several clients that ask for it at the same time, unless that takes long. Knows neither clients nor values.

use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use moka::future::Cache;
use tokio::time::timeout;

/// How long a client waits for another one that asks the same, which may be slow to get a connection.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// How a client came to a value.
pub enum Flight<V, E> {
    /// It was executed for this client. An error is for this client alone.
    Led(Result<V, Arc<E>>),
    /// It was executed for another client.
    Shared(V),
    /// The other client failed.
    Failed,
    /// The other client is not done yet.
    Late,
}

/// A value of a cache. If it is not there, `lead` computes it for all clients that ask for it meanwhile. It does not begin unless this client is
/// the first.
pub async fn single_flight<K, V, E>(
    cache: &Cache<K, V>,
    key: K,
    lead: impl Future<Output = Result<V, E>>,
) -> Flight<V, E>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let leads = AtomicBool::new(false);
    let lead = async {
        leads.store(true, Ordering::Relaxed);
        lead.await
    };
    let mut value = pin!(cache.try_get_with(key, lead));
    let done = match timeout(PATIENCE, value.as_mut()).await {
        Ok(done) => done,
        Err(_) if leads.load(Ordering::Relaxed) => value.await,
        Err(_) => return Flight::Late,
    };
    match done {
        done if leads.load(Ordering::Relaxed) => Flight::Led(done),
        Ok(value) => Flight::Shared(value),
        Err(_) => Flight::Failed,
    }
}
