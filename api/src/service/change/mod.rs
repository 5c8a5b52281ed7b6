//! The change feed: its cursor, its head, and the append that every transaction ends with. `since` reads it.
#![expect(
    clippy::disallowed_methods,
    reason = "the feed's own tables pass neither door: they are written by `Tx::commit` alone"
)]

pub mod checkpoint;
pub mod published;
mod recent;
pub mod since;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use entity::change::{ChangeKind, ChangeReason};
use entity::{RecordType, change, change_head};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tokio::sync::watch;
use uuid::Uuid;

use self::recent::Recent;
use super::constraint::refused_write;
use super::prune::PORTION;
use crate::App;
use crate::domain::audience::Access;
use crate::error::Error;

/// Where other processes are told the new head when the feed grows.
pub const CHANNEL: &str = "rec_feed";

/// The feed of one database: its name, a doorbell that rings when it grows, and its last changes. The doorbell carries nothing but
/// the head; whoever follows reads on from its own cursor.
#[derive(Debug)]
pub struct Feed {
    epoch: Uuid,
    head: watch::Sender<i64>,
    recent: Recent,
}

impl Feed {
    pub async fn open(db: &impl ConnectionTrait) -> Result<Self, Error> {
        let row = change_head::Entity::find().one(db).await?;
        let row = row.ok_or_else(|| Error::internal("the feed has no head"))?;
        Ok(Self { epoch: row.epoch, head: watch::Sender::new(row.seq), recent: Recent::of(row.seq) })
    }

    pub fn cursor(&self, seq: i64) -> ChangeCursor {
        ChangeCursor { epoch: self.epoch, seq }
    }

    /// The number of a cursor that a client wrote, if it is one of this database.
    pub fn read(&self, cursor: &str) -> Result<i64, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
        let (epoch, seq) = bytes.split_at_checked(8).ok_or(Error::InvalidCursor)?;
        let seq = i64::from_be_bytes(seq.try_into().map_err(|_| Error::InvalidCursor)?);
        if self.epoch.as_bytes().starts_with(epoch) { Ok(seq) } else { Err(Error::CursorExpired) }
    }

    /// Tells every follower that the feed has grown to `seq`.
    pub fn ring(&self, seq: i64) {
        self.head.send_if_modified(|head| {
            let grown = seq > *head;
            *head = Ord::max(seq, *head);
            grown
        });
    }

    /// The number of the last change that this process has heard of.
    pub fn head(&self) -> i64 {
        *self.head.borrow()
    }

    /// Hears of every change from now on.
    pub fn follow(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }
}

/// Where a change stands in the feed of one database. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeCursor {
    epoch: Uuid,
    seq: i64,
}

impl ChangeCursor {
    pub fn seq(self) -> i64 {
        self.seq
    }
}

impl std::fmt::Display for ChangeCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = self.epoch.as_bytes()[..8].to_vec();
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// What a transaction did to one record, before it has its number.
#[derive(Clone, Debug)]
pub struct Pending {
    pub record: RecordType,
    pub id: Uuid,
    pub kind: ChangeKind,
    pub version: i32,
    pub reason: Option<ChangeReason>,
    pub replaced_by: Option<Uuid>,
    pub access: Access,
    /// Who could see it before the transaction; nobody, if it is new.
    pub access_before: Option<Access>,
}

/// Numbers the changes and writes them: the last statements before a commit. The lock on the head makes the order of
/// numbers the order of commits, without gaps. Returns the last number.
pub async fn append(
    txn: &impl ConnectionTrait,
    changes: &[Pending],
    actor: &str,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<i64, Error> {
    let count = i64::try_from(changes.len()).map_err(|error| Error::Internal(error.into()))?;
    let last = advance(txn, count).await?;
    let rows = (last - count + 1..=last).zip(changes).map(|(seq, pending)| {
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
    Ok(last)
}

/// Rows of one insert statement: below the databases' limits on parameters.
const CHUNK: usize = 1000;

async fn advance(txn: &impl ConnectionTrait, by: i64) -> Result<i64, Error> {
    let seq = Expr::col(change_head::Column::Seq);
    let mut returned = vec![seq.clone()];
    if txn.get_database_backend() == DbBackend::Postgres {
        // Other processes hear of it when this transaction commits.
        returned.push(Func::cust("pg_notify").arg(CHANNEL).arg(seq.clone().cast_as("text")).into());
    }
    let update = Query::update()
        .table(change_head::Entity)
        .value(change_head::Column::Seq, seq.add(by))
        .returning(Query::returning().exprs(returned))
        .take();
    let row = txn.query_one(&update).await.map_err(refused_write)?;
    let row = row.ok_or_else(|| Error::internal("the feed has no head"))?;
    Ok(row.try_get_by_index(0)?)
}

/// The number of the last change that is committed. This process has heard of it from then on.
pub async fn head(app: &App) -> Result<i64, Error> {
    let head = bounds(&app.databases.read).await?.seq;
    ring(app, head);
    Ok(head)
}

/// Tells every follower in this process that the feed has grown to `seq`. Within a request's transaction it has not yet.
pub fn ring(app: &App, seq: i64) {
    if app.databases.commits() {
        app.feed.ring(seq);
    }
}

/// The number of the last change, and of the last one that is forgotten.
pub async fn bounds(db: &impl ConnectionTrait) -> Result<change_head::Model, Error> {
    change_head::Entity::find().one(db).await?.ok_or_else(|| Error::internal("the feed has no head"))
}

/// Forgets the changes that are older than the feed is kept. Returns how many.
pub async fn prune(app: &App) -> Result<u64, Error> {
    let db = &app.databases.write;
    let kept_from = app.clock.now() - TimeDelta::days(app.config.feed_days.into());
    let change_head::Model { seq: head, mut floor, .. } = bounds(db).await?;
    let kept = change::Entity::find().filter(change::Column::At.gte(kept_from)).select_only();
    let first: Option<i64> = kept.column_as(change::Column::Seq.min(), "first").into_tuple().one(db).await?.flatten();
    // What was appended since the head was read is kept.
    let last = Ord::min(head, first.map_or(head, |first| first - 1));
    let mut forgotten = 0;
    while floor < last {
        floor = Ord::min(last, floor.saturating_add_unsigned(PORTION));
        forgotten += forget(app, floor).await?;
    }
    Ok(forgotten)
}

/// Forgets the changes up to a number.
async fn forget(app: &App, floor: i64) -> Result<u64, Error> {
    let txn = app.databases.begin().await?;
    let old = change::Entity::delete_many().filter(change::Column::Seq.lte(floor));
    let forgotten = old.exec(&txn).await.map_err(refused_write)?.rows_affected;
    let update = change_head::Entity::update_many().col_expr(change_head::Column::Floor, floor.into());
    update.filter(change_head::Column::Floor.lt(floor)).exec(&txn).await.map_err(refused_write)?;
    txn.commit().await.map_err(refused_write)?;
    Ok(forgotten)
}
