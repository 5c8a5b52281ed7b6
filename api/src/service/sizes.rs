//! Counting the records, for what a list can make the database do.

use super::context::AppContext;
use super::read;
use crate::error::Error;

/// Counts the records of each type anew.
pub async fn read(app: &AppContext) -> Result<(), Error> {
    app.sizes.know(read::sizes(&app.databases.read).await?);
    Ok(())
}
