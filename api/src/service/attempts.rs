//! Use cases that are tried again.

use crate::App;
use crate::error::Error;

/// How often a use case is tried that others have crossed.
pub const ATTEMPTS: usize = 3;

/// Tries a use case again that the database has given up, such as one of two that wait for each other. In a transaction of the whole
/// request nothing more can be done after that.
pub async fn settled<T, F: Future<Output = Result<T, Error>>>(app: &App, attempt: impl Fn() -> F) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::GivenUp) if app.databases.commits() => {}
            outcome => return outcome,
        }
    }
    attempt().await
}
