//! The last changes, read once for all followers of the feed. It decides nothing about who sees them.

use std::sync::Arc;

use entity::change;
use sea_orm::sea_query::Condition;

use super::since::read;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::context::feed::{ChangeCursor, Head};
use crate::service::context::recent::{MOST, Reading};

/// The changes after a cursor, and the head; `None` if the cursor is older than the shared changes.
pub async fn recent(app: &AppContext, after: ChangeCursor) -> Result<Option<(Vec<Arc<change::Model>>, Head)>, Error> {
    while !app.feed.recent.goes_to(app.feed.head()) {
        reading(app).await.map_err(Error::shared)?;
    }
    Ok(app.feed.recent.since(after))
}

fn reading(app: &AppContext) -> Reading {
    let reader = app.clone();
    app.feed.recent.reading(async move {
        let from = reader.feed.recent.head().seq;
        let read = read(&reader, from, u64::from(MOST) + 1, Condition::all()).await?;
        reader.feed.recent.read_on(read);
        Ok(())
    })
}
