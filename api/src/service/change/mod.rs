//! The change feed in the database: its head, and the append that every transaction ends with. It decides nothing about who sees a change:
//! `since` reads the feed for a viewer.
#![expect(clippy::disallowed_methods, reason = "the feed's own tables are written by `Tx::commit` alone")]

pub mod identity;
mod recent;
pub mod since;

use chrono::TimeDelta;
use entity::change::{ChangeKind, ChangeReason};
use entity::{RecordType, change, change_head};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult as _, IntoActiveModel, Iterable as _,
    QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::constraint::refused_write;
use super::context::AppContext;
use super::context::feed::{ChangeCursor, Head, Identity};
use super::prune::PORTION;
use crate::database::home::here;
use crate::domain::audience::Access;
use crate::error::Error;
use crate::telemetry::chain;

/// The channel on which other processes are notified of the new head.
pub const CHANNEL: &str = "rec_feed";

/// The cursor that a client sent, if it belongs to this database. Another process may have changed the identity of the feed meanwhile.
pub async fn cursor(app: &AppContext, text: &str) -> Result<ChangeCursor, Error> {
    match app.feed.head().identity.open(text) {
        Err(Error::CursorExpired) => head(app).await?.identity.open(text),
        opened => opened,
    }
}

/// Lets this process know of all changes up to a cursor that a client has from another one. Fails if the feed has no such change.
pub async fn reach(app: &AppContext, text: &str) -> Result<(), Error> {
    let cursor = cursor(app, text).await?;
    let is_known = |head: Head| cursor.is_of(head.identity) && cursor.seq <= head.seq;
    if is_known(app.feed.head()) || is_known(head(app).await?) { Ok(()) } else { Err(Error::CursorExpired) }
}

/// What a transaction did to one record, before the change has a number.
#[derive(Clone, Debug)]
pub struct Pending {
    pub record: RecordType,
    pub id: Uuid,
    pub kind: ChangeKind,
    pub version: i32,
    pub reason: Option<ChangeReason>,
    pub replaced_by: Option<Uuid>,
    pub access: Access,
    /// Who could see it before the transaction; `None` if it is new.
    pub access_before: Option<Access>,
}

/// Numbers the changes and writes them: the last statements before a commit. The lock on the head makes the order of numbers the order of
/// commits, without gaps. `identity` is that of the feed when the transaction began. Returns the new head.
pub async fn append(
    txn: &impl ConnectionTrait,
    identity: Identity,
    changes: &[Pending],
    actor: &str,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<Head, Error> {
    let count = i64::try_from(changes.len()).map_err(|error| Error::Internal(error.into()))?;
    let head = advance(txn, count).await?;
    if head.identity != identity {
        return Err(identity::is_another());
    }
    let rows = (head.seq - count + 1..=head.seq).zip(changes).map(|(seq, pending)| {
        change::Model {
            seq,
            at,
            actor: actor.to_owned(),
            subject_kind: pending.record,
            subject_id: pending.id,
            kind: pending.kind,
            version: pending.version,
            reason: pending.reason,
            replaced_by: pending.replaced_by,
            audience: pending.access.0,
            owner: pending.access.1,
            audience_before: pending.access_before.map(|access| access.0),
            owner_before: pending.access_before.and_then(|access| access.1),
        }
        .into_active_model()
    });
    let rows: Vec<change::ActiveModel> = rows.collect();
    for chunk in rows.chunks(CHUNK) {
        change::Entity::insert_many(chunk.to_vec()).exec_without_returning(txn).await.map_err(refused_write)?;
    }
    Ok(head)
}

/// Rows of one insert statement: below the databases' limits on parameters.
const CHUNK: usize = 1000;

/// Takes the next numbers. Takes none if the feed has another identity.
async fn advance(txn: &impl ConnectionTrait, by: i64) -> Result<Head, Error> {
    let backend = txn.get_database_backend();
    let seq = Expr::col(change_head::Column::Seq);
    let is_home = Expr::col(change_head::Column::Home).eq(here(backend));
    let mut returned: Vec<Expr> = change_head::Column::iter().map(Expr::col).collect();
    returned.push(is_home);
    if backend == DbBackend::Postgres {
        // PostgreSQL notifies other processes when this transaction commits.
        returned.push(Func::cust("pg_notify").arg(CHANNEL).arg(seq.clone().cast_as("text")).into());
    }
    let update = Query::update()
        .table(change_head::Entity)
        .value(change_head::Column::Seq, seq.add(by))
        .returning(Query::returning().exprs(returned))
        .take();
    let row = txn.query_one(&update).await.map_err(refused_write)?;
    let row = row.ok_or_else(|| Error::internal("the feed has no head"))?;
    if row.try_get_by_index::<Option<bool>>(change_head::Column::iter().count())? != Some(true) {
        return Err(identity::is_another());
    }
    Ok(Head::of(&change_head::Model::from_query_result(&row, "")?))
}

/// The last committed change. This process knows of it from then on.
pub async fn head(app: &AppContext) -> Result<Head, Error> {
    let head = Head::of(&bounds(&app.databases.read).await?);
    notify(app, head);
    Ok(head)
}

/// Lets this process know of all that is committed. If the database cannot be reached, it hears of it later. Returns whether it knows.
pub async fn catch_up(app: &AppContext) -> bool {
    match head(app).await {
        Ok(_) => true,
        Err(error) => {
            tracing::debug!(error = chain(&error), "the head of the feed cannot be read");
            false
        }
    }
}

/// Notifies every follower in this process that the feed has grown. Does nothing within a request's transaction, which is not committed
/// yet.
pub fn notify(app: &AppContext, head: Head) {
    if app.databases.commits() && head.is_after(app.feed.head()) {
        // Before any follower is notified.
        identity::mark(&app.databases, head);
        app.feed.notify(head);
    }
}

/// The number of the last change, the number of the last deleted one, and the identity of the feed.
pub async fn bounds(db: &impl ConnectionTrait) -> Result<change_head::Model, Error> {
    change_head::Entity::find().one(db).await?.ok_or_else(|| Error::internal("the feed has no head"))
}

/// Deletes the changes that are older than the retention time. Returns how many.
pub async fn prune(app: &AppContext) -> Result<u64, Error> {
    let db = &app.databases.write;
    let kept_from = app.clock.now() - TimeDelta::days(app.config.feed_days.into());
    let change_head::Model { seq: head, mut floor, .. } = bounds(db).await?;
    let kept = change::Entity::find().filter(change::Column::At.gte(kept_from)).select_only();
    let first: Option<i64> = kept.column_as(change::Column::Seq.min(), "first").into_tuple().one(db).await?.flatten();
    // Changes that were appended since the head was read are kept.
    let last = Ord::min(head, first.map_or(head, |first| first - 1));
    let mut forgotten = 0;
    while floor < last {
        floor = Ord::min(last, floor.saturating_add_unsigned(PORTION));
        app.databases.let_others_write().await;
        forgotten += forget(app, floor).await?;
    }
    Ok(forgotten)
}

/// Deletes the changes up to a number.
async fn forget(app: &AppContext, floor: i64) -> Result<u64, Error> {
    let txn = app.databases.begin().await?;
    let old = change::Entity::delete_many().filter(change::Column::Seq.lte(floor));
    let forgotten = old.exec(&txn).await.map_err(refused_write)?.rows_affected;
    let update = change_head::Entity::update_many().col_expr(change_head::Column::Floor, floor.into());
    update.filter(change_head::Column::Floor.lt(floor)).exec(&txn).await.map_err(refused_write)?;
    txn.commit().await.map_err(refused_write)?;
    Ok(forgotten)
}
