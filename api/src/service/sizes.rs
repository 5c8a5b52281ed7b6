//! Counts the records, since what a list can cost depends on how many there are. It keeps the numbers in the context.

use super::context::AppContext;
use super::read;
use crate::error::Error;

/// Counts the records of each type again.
pub async fn read(app: &AppContext) -> Result<(), Error> {
    app.sizes.know(&read::sizes(&app.databases.read).await?);
    Ok(())
}
