//! Use cases that are tried again.

use crate::error::Error;

/// How often a use case is tried that others have crossed.
pub const ATTEMPTS: usize = 3;

/// Tries a use case again that the database has given up, such as one of two that wait for each other. Nothing of it is done: it is
/// a transaction, or within one of the whole request a part of that.
pub async fn settled<T, F: Future<Output = Result<T, Error>>>(attempt: impl Fn() -> F) -> Result<T, Error> {
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::GivenUp) => {}
            outcome => return outcome,
        }
    }
    attempt().await
}
