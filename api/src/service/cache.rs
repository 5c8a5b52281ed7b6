//! What many records name and what seldom changes, such as bodies and organisations. A process keeps the rows that it has read as
//! long as the feed does not grow: they are as they were read. What passes by the feed, such as a statement by hand, is noticed
//! when they are read again, at the latest after `REC_KEEP_SECONDS`.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entity::id::RecordId as _;

use super::context::AppContext;
use super::context::cache::Entries;
use super::read::{self, Visible};
use crate::auth::Viewer;
use crate::error::Error;

/// As `read::by_ids`, from memory as far as it goes.
pub async fn by_ids<E: Visible>(app: &AppContext, viewer: &Viewer, ids: &[E::Id]) -> Result<Vec<Arc<E::Model>>, Error> {
    // Within a transaction others see nothing of what it has written, and it sees nothing of what they have.
    if !E::CACHED || app.config.keep_seconds == 0 || !app.databases.commits() {
        let rows = read::by_ids::<E>(&app.databases.read, viewer, ids).await?;
        return Ok(rows.into_iter().map(Arc::new).collect());
    }
    let (head, mut rows) = cached(app, |entries| (entries.head, known::<E>(entries, ids)));
    let missing: Vec<E::Id> = ids.iter().filter(|id| !rows.contains_key(id)).copied().collect();
    if !missing.is_empty() {
        let read = read::by_ids::<E>(&app.databases.read, &Viewer::system("cache"), &missing).await?;
        let read: Vec<(E::Id, Arc<E::Model>)> = read.into_iter().map(|row| (E::id(&row), Arc::new(row))).collect();
        cached(app, |entries| {
            // What was read before the feed has grown may be older than that.
            if entries.head == head {
                entries
                    .rows
                    .extend(read.iter().map(|(id, row)| (id.uuid(), Arc::clone(row) as Arc<dyn Any + Send + Sync>)));
            }
        });
        rows.extend(read);
    }
    Ok(rows.into_values().filter(|row| viewer.admits((E::audience(row), E::owner(row)))).collect())
}

fn cached<T>(app: &AppContext, done: impl FnOnce(&mut Entries) -> T) -> T {
    app.cache.with(app.feed.head(), Duration::from_secs(app.config.keep_seconds), done)
}

fn known<E: Visible>(entries: &Entries, ids: &[E::Id]) -> HashMap<E::Id, Arc<E::Model>> {
    let known = ids.iter().filter_map(|id| {
        let row = Arc::clone(entries.rows.get(&id.uuid())?);
        Some((*id, row.downcast().ok()?))
    });
    known.collect()
}
