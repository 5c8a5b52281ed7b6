//! What many records name and what seldom changes, such as bodies and organisations. A process keeps the rows that it has read as
//! long as the feed does not grow: they are as they were read. What passes by the feed, such as a statement by hand, is noticed
//! when they are read again, at the latest after `REC_KEEP_SECONDS`.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use entity::id::RecordId as _;
use uuid::Uuid;

use super::change::Head;
use super::read::{self, Visible};
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;

/// The most rows that are kept: an installation has some hundreds of such records. Beyond it all are read anew.
const MOST: usize = 10_000;

/// The rows that a process keeps.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Contents>);

#[derive(Debug)]
struct Contents {
    /// The head of the feed at which they are as they were read.
    head: Option<Head>,
    since: Instant,
    /// Of all types, by their ids.
    rows: HashMap<Uuid, Arc<dyn Any + Send + Sync>>,
}

impl Default for Contents {
    fn default() -> Self {
        Self { head: None, since: Instant::now(), rows: HashMap::new() }
    }
}

impl Kept {
    /// What is done with the rows that are still as they were read.
    fn with<T>(&self, app: &AppContext, done: impl FnOnce(&mut Contents) -> T) -> T {
        let (head, keep) = (Some(app.feed.head()), Duration::from_secs(app.config.keep_seconds));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.head != head || kept.since.elapsed() > keep || kept.rows.len() > MOST {
            *kept = Contents { head, ..Contents::default() };
        }
        done(&mut kept)
    }
}

/// As `read::by_ids`, from memory as far as it goes.
pub async fn by_ids<E: Visible>(app: &AppContext, viewer: &Viewer, ids: &[E::Id]) -> Result<Vec<Arc<E::Model>>, Error> {
    // Within a transaction others see nothing of what it has written, and it sees nothing of what they have.
    if !E::KEPT || app.config.keep_seconds == 0 || !app.databases.commits() {
        let rows = read::by_ids::<E>(&app.databases.read, viewer, ids).await?;
        return Ok(rows.into_iter().map(Arc::new).collect());
    }
    let (head, mut rows) = app.kept.with(app, |kept| (kept.head, known::<E>(kept, ids)));
    let missing: Vec<E::Id> = ids.iter().filter(|id| !rows.contains_key(id)).copied().collect();
    if !missing.is_empty() {
        let read = read::by_ids::<E>(&app.databases.read, &Viewer::system("kept"), &missing).await?;
        let read: Vec<(E::Id, Arc<E::Model>)> = read.into_iter().map(|row| (E::id(&row), Arc::new(row))).collect();
        app.kept.with(app, |kept| {
            // What was read before the feed has grown may be older than that.
            if kept.head == head {
                kept.rows
                    .extend(read.iter().map(|(id, row)| (id.uuid(), Arc::clone(row) as Arc<dyn Any + Send + Sync>)));
            }
        });
        rows.extend(read);
    }
    Ok(rows.into_values().filter(|row| viewer.admits((E::audience(row), E::owner(row)))).collect())
}

fn known<E: Visible>(kept: &Contents, ids: &[E::Id]) -> HashMap<E::Id, Arc<E::Model>> {
    let known = ids.iter().filter_map(|id| {
        let row = Arc::clone(kept.rows.get(&id.uuid())?);
        Some((*id, row.downcast().ok()?))
    });
    known.collect()
}
