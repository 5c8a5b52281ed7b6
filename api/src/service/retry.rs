//! Retrying use cases on a write conflict. It knows no use case.

use crate::error::Error;
use crate::service::context::AppContext;
use crate::telemetry::chain;

/// How often a use case is tried that meets write conflicts.
const ATTEMPTS: usize = 3;

/// Retries a use case on a write conflict, such as a deadlock. An attempt that failed has left nothing behind: it is a transaction, or a
/// savepoint in the transaction of a request. If every attempt fails, the answer is a conflict. Under an idempotency key it is an error
/// instead: a conflict would be kept, and returned again to whoever repeats the request.
pub async fn retry_on_conflict<T, F: Future<Output = Result<T, Error>>>(
    app: &AppContext,
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::WriteConflict(_)) => {}
            outcome => return outcome,
        }
    }
    attempt().await.map_err(|error| match error {
        Error::WriteConflict(_) => {
            tracing::warn!(error = chain(&error), "a write has met with other writes {ATTEMPTS} times");
            if app.databases.commits() { Error::Conflict { path: Vec::new() } } else { error }
        }
        error => error,
    })
}
