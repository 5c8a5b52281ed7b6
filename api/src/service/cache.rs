//! A cache of the rows that many records refer to and that seldom change, such as bodies and organisations. It is valid until the feed
//! grows, so it needs no invalidation of its own; a change that is not in the feed, such as a statement by hand, is noticed after
//! `REC_KEEP_SECONDS` at the latest.

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

/// As `read::by_ids`, from the cache where possible.
pub async fn by_ids<E: Visible>(app: &AppContext, viewer: &Viewer, ids: &[E::Id]) -> Result<Vec<Arc<E::Model>>, Error> {
    // An open transaction sees its own writes, which must not get into the cache, and may not see what others have committed.
    if !E::CACHED || app.config.keep_seconds == 0 || !app.databases.commits() {
        let rows = read::by_ids::<E>(&app.databases.read, viewer, ids).await?;
        return Ok(rows.into_iter().map(Arc::new).collect());
    }
    let (head, mut rows) = cached(app, |entries| (entries.head, known::<E>(entries, ids)));
    let missing: Vec<E::Id> = ids.iter().filter(|id| !rows.contains_key(id)).copied().collect();
    if !missing.is_empty() {
        let is_as_new = head.is_some_and(|head| app.reads_up_to(head));
        let read = read::by_ids::<E>(&app.databases.read, &Viewer::system("cache"), &missing).await?;
        let read: Vec<(E::Id, Arc<E::Model>)> = read.into_iter().map(|row| (E::id(&row), Arc::new(row))).collect();
        cached(app, |entries| {
            // If the feed has grown meanwhile, or goes on where the replica ends, these rows may be outdated.
            if is_as_new && entries.head == head {
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
