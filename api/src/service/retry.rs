//! Use cases that are tried again.

use crate::error::Error;
use crate::service::context::AppContext;
use crate::telemetry::chain;

/// How often a use case is tried that others cross.
const ATTEMPTS: usize = 3;

/// Tries a use case again that another writer has crossed, such as one of two that wait for each other. Nothing of it is done: it
/// is a transaction, or within one of the whole request a part of that. If it is crossed again and again, it is a conflict; but an
/// error under a key, where a conflict would be kept, and said again to whoever repeats.
pub async fn retry_on_conflict<T, F: Future<Output = Result<T, Error>>>(
    app: &AppContext,
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::GivenUp(_)) => {}
            outcome => return outcome,
        }
    }
    attempt().await.map_err(|error| match error {
        Error::GivenUp(_) => {
            tracing::warn!(error = chain(&error), "a write was crossed {ATTEMPTS} times");
            if app.databases.commits() { Error::Conflict { path: Vec::new() } } else { error }
        }
        error => error,
    })
}
