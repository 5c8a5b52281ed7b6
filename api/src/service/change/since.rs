//! The feed as a viewer reads it from a cursor on: a page of it, or batch by batch. It writes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::change::ChangeReason;
use entity::client::Scope;
use entity::{RecordType, change, change_head};
use sea_orm::sea_query::{Asterisk, Condition, Expr, JoinType, Order, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, FromQueryResult, IdenStatic as _, Iterable};

use super::recent::recent;
use super::{cursor, head, notify};
use crate::auth::Viewer;
use crate::domain::feed::{SeenAs, collapse, seen_as};
use crate::error::Error;
use crate::service::acting::still_acts;
use crate::service::context::AppContext;
use crate::service::context::feed::{ChangeCursor, Head, Identity};
use crate::service::context::recent::Read;
use crate::service::read::within;
use crate::service::registry::format_id;
use crate::service::timeout::paused;
use crate::telemetry::chain;

/// The most changes that are read at once.
pub const LONGEST: i32 = 500;
/// How many are read unless a client asks otherwise, and at once for a follower that is behind.
pub const DEFAULT: i32 = 100;
/// How many a follower is sent at once.
const AT_ONCE: usize = 100;

/// A change, as a viewer sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub cursor: ChangeCursor,
    pub kind: SeenAs,
    pub record: RecordType,
    pub id: String,
    /// `None` if the viewer may no longer see the record.
    pub version: Option<i32>,
    pub at: DateTime<Utc>,
    pub reason: Option<ChangeReason>,
    /// The id of the record that a merged one was merged into.
    pub replaced_by: Option<String>,
}

/// Changes in the order of their commits.
#[derive(Debug)]
pub struct Batch {
    pub changes: Vec<Seen>,
    /// Where to read on.
    pub end: ChangeCursor,
    pub has_next: bool,
}

/// The changes after a cursor that the viewer may see, at most `first`. Without a cursor, from the beginning.
pub async fn since(
    app: &AppContext,
    viewer: &Viewer,
    after: Option<&str>,
    first: Option<i32>,
    records: &[RecordType],
) -> Result<Batch, Error> {
    viewer.require_scope(Some(Scope::Sync))?;
    let first = first.unwrap_or(DEFAULT);
    if !(1..=LONGEST).contains(&first) {
        return Err(Error::InvalidPage(format!("first: from 1 to {LONGEST}.")));
    }
    let after = match after {
        Some(text) => cursor(app, text).await?,
        None => app.feed.cursor(0),
    };
    batch(app, viewer, after, first, records).await
}

/// Where a follower begins: after a cursor, or else at the head of the feed.
pub async fn start(app: &AppContext, after: Option<&str>) -> Result<ChangeCursor, Error> {
    match after {
        Some(text) => cursor(app, text).await,
        None => Ok(head(app).await?.cursor()),
    }
}

/// The next batch of a follower. If the database cannot be reached, it tries again for a while.
pub async fn next(
    app: &AppContext,
    viewer: &Viewer,
    after: ChangeCursor,
    records: &[RecordType],
) -> Result<Batch, Error> {
    viewer.require_scope(Some(Scope::Sync))?;
    let read = async || {
        let batch = next_once(app, viewer, after, records).await?;
        if !batch.changes.is_empty() {
            still_acts(app, viewer).await?;
        }
        Ok::<_, Error>(batch)
    };
    let again = async {
        for _ in 1..TRIES {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match read().await {
                Err(error) if error.is_fault() => {}
                outcome => return outcome,
            }
        }
        read().await
    };
    match read().await {
        Err(error) if error.is_fault() => {
            tracing::warn!(error = chain(&error), "the feed cannot be read, and is read again");
            paused(again).await
        }
        outcome => outcome,
    }
}

/// The head of the feed, if a follower at a cursor is to be told of nothing up to there. Looks only at the changes that all followers share.
pub async fn unchanged_until(
    app: &AppContext,
    viewer: &Viewer,
    after: ChangeCursor,
    records: &[RecordType],
) -> Option<ChangeCursor> {
    let (lines, head) = recent(app, after).await.ok()??;
    let is_told =
        |line: &change::Model| records.contains(&line.subject_kind) && seen(head.identity, viewer, line).is_some();
    (!lines.iter().any(|line| is_told(line))).then(|| head.cursor())
}

/// The next batch, from the changes that all followers share if they go back far enough.
async fn next_once(
    app: &AppContext,
    viewer: &Viewer,
    after: ChangeCursor,
    records: &[RecordType],
) -> Result<Batch, Error> {
    let Some((lines, head)) = recent(app, after).await? else {
        return batch(app, viewer, after, DEFAULT, records).await;
    };
    let wanted = lines.iter().filter(|line| records.contains(&line.subject_kind));
    let mut seen = wanted.filter_map(|line| seen(head.identity, viewer, line)).peekable();
    let changes: Vec<Seen> = seen.by_ref().take(AT_ONCE).collect();
    let has_next = seen.peek().is_some();
    let end = changes.last().filter(|_| has_next).map_or(head.cursor(), |last| last.cursor);
    Ok(Batch { changes: collapse(changes, |change| change.id.clone()), end, has_next })
}

/// How often a failed read is tried again, a second apart: the database may be restarting.
const TRIES: u32 = 60;

async fn batch(
    app: &AppContext,
    viewer: &Viewer,
    after: ChangeCursor,
    first: i32,
    records: &[RecordType],
) -> Result<Batch, Error> {
    let most = usize::try_from(first).unwrap_or_default();
    let could = within(viewer, change::Column::AudienceBefore, change::Column::OwnerBefore);
    let can = within(viewer, change::Column::Audience, change::Column::Owner);
    let wanted = Condition::all()
        .add(change::Column::SubjectKind.is_in(records.iter().copied()))
        .add(Condition::any().add(could).add(can));
    let Read { head, floor, mut lines } =
        read(app, after.seq, u64::try_from(first).unwrap_or_default() + 1, wanted).await?;
    if !after.is_of(head.identity) || !(floor..=head.seq).contains(&after.seq) {
        return Err(Error::CursorExpired);
    }
    let has_next = lines.len() > most;
    lines.truncate(most);
    let end = lines.last().filter(|_| has_next).map_or(head.seq, |last| last.seq);
    let changes = lines.iter().filter_map(|line| seen(head.identity, viewer, line)).collect();
    let changes = collapse(changes, |change: &Seen| change.id.clone());
    Ok(Batch { changes, end: Head { seq: end, ..head }.cursor(), has_next })
}

/// The changes after a number that meet a condition, at most `most`, with the head of the feed and the number of the last deleted change.
pub async fn read(app: &AppContext, after: i64, most: u64, wanted: Condition) -> Result<Read, Error> {
    let mut changes = Query::select();
    changes
        .columns(change::Column::iter())
        .from(change::Entity)
        .and_where(change::Column::Seq.gt(after))
        .cond_where(wanted)
        .order_by(change::Column::Seq, Order::Asc)
        .limit(most);
    let mut statement = Query::select();
    for column in change_head::Column::iter() {
        statement.expr_as(Expr::col((change_head::Entity, column)), format!("head_{}", column.as_str()));
    }
    statement
        .column(("c", Asterisk))
        .from(change_head::Entity)
        .join_subquery(JoinType::LeftJoin, changes, "c", Expr::value(true))
        .order_by(("c", change::Column::Seq), Order::Asc);
    let rows = app.databases.read.query_all(&statement).await?;
    let row = rows.first().ok_or_else(|| Error::internal("the feed has no head"))?;
    let bounds = change_head::Model::from_query_result(row, "head_")?;
    let (head, floor) = (Head::of(&bounds), bounds.floor);
    // From now on the caches must not return a record that is older than its change.
    notify(app, head);
    let mut lines = Vec::new();
    for row in &rows {
        // A head without a change is also a row.
        if row.try_get::<Option<i64>>("", "seq")?.is_some() {
            lines.push(change::Model::from_query_result(row, "")?);
        }
    }
    Ok(Read { head, floor, lines })
}

fn seen(identity: Identity, viewer: &Viewer, line: &change::Model) -> Option<Seen> {
    let could = line.audience_before.is_some_and(|audience| viewer.admits((audience, line.owner_before)));
    let kind = seen_as(line.kind, could, viewer.admits((line.audience, line.owner)))?;
    let is_lost = kind == SeenAs::AccessLost;
    Some(Seen {
        cursor: Head { identity, seq: line.seq }.cursor(),
        kind,
        record: line.subject_kind,
        id: format_id(line.subject_kind, line.subject_id)?,
        version: (!is_lost).then_some(line.version),
        at: line.at,
        reason: line.reason.filter(|_| !is_lost),
        replaced_by: line.replaced_by.filter(|_| !is_lost).and_then(|id| format_id(line.subject_kind, id)),
    })
}
