//! The unit of work: every write goes through it. A transaction checks versions, stamps rows, and writes its changes to the feed and its
//! line to the audit trail in the same commit; dropped before `commit`, it leaves nothing behind.
#![expect(clippy::disallowed_methods, reason = "the one place that writes entities")]

mod parts;
mod pending;
mod reading;
mod states;
mod unversioned;

use std::collections::HashMap;
use std::time::Instant;

use chrono::{DateTime, NaiveDate, Utc};
use entity::audit::Subjects;
use entity::change::{ChangeKind, ChangeReason};
use entity::id::RecordId;
use entity::{Record, Row, audit, external_id, record_state};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, QueryFilter,
    QuerySelect,
};
use uuid::Uuid;

use super::change::{Pending, append, notify};
use super::constraint::refused_write;
use crate::auth::Viewer;
use crate::clock::COUNCIL_ZONE;
use crate::database::Transaction;
use crate::domain::action::Action;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::context::feed::{ChangeCursor, Head, Identity};

/// The most rows in one statement: both databases take at least 32,766 parameters.
fn longest<E: Row>() -> usize {
    32_000 / E::Column::iter().count()
}

/// Overwrites all columns of the row with the same id.
fn replacing<E: Row>() -> OnConflict {
    let columns = E::Column::iter().filter(|column| column.as_str() != E::ID.as_str());
    OnConflict::column(E::ID).update_columns(columns).to_owned()
}

/// What a use case has written: the record, and where the write stands in the feed. `cursor` is `None` if nothing changed.
#[derive(Clone, Debug)]
pub struct Written<M> {
    pub record: M,
    pub cursor: Option<ChangeCursor>,
}

pub struct Tx<'a> {
    app: &'a AppContext,
    /// The author, with everything that its role sees.
    viewer: Viewer,
    action: Action,
    at: DateTime<Utc>,
    begun: Instant,
    /// The identity of the feed when this began.
    feed: Identity,
    txn: Transaction,
    changes: Vec<Pending>,
    /// What is kept of the records that were written, as they are after this.
    states: HashMap<Uuid, record_state::Model>,
    /// The index in `changes` of each record that was written.
    written: HashMap<Uuid, usize>,
    /// The indexes in `changes` of each record that is notified but was not written.
    notified: HashMap<Uuid, Vec<usize>>,
    subjects: Vec<String>,
    /// Whether an unversioned row was written.
    wrote_unversioned: bool,
}

impl AppContext {
    /// Begins a use case. The audit trail names its action.
    pub async fn begin<'a>(&'a self, viewer: &Viewer, action: Action) -> Result<Tx<'a>, Error> {
        let tx = self.begin_at(viewer, action, DateTime::UNIX_EPOCH).await?;
        Ok(Tx { at: self.clock.now(), ..tx })
    }

    /// As `begin`, for what happened at another time and is only recorded now.
    pub async fn begin_at<'a>(&'a self, viewer: &Viewer, action: Action, at: DateTime<Utc>) -> Result<Tx<'a>, Error> {
        viewer.require_scope(action.scope())?;
        let feed = self.feed.head().identity;
        let txn = self.databases.begin().await?;
        Ok(Tx {
            app: self,
            viewer: viewer.unlimited(),
            action,
            at,
            begun: Instant::now(),
            feed,
            txn,
            changes: Vec::new(),
            states: HashMap::new(),
            written: HashMap::new(),
            notified: HashMap::new(),
            subjects: Vec::new(),
            wrote_unversioned: false,
        })
    }
}

impl Tx<'_> {
    /// The time of the whole transaction.
    pub fn now(&self) -> DateTime<Utc> {
        self.at
    }

    /// When the transaction was opened.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// The day of the transaction, in the council's time zone.
    pub fn today(&self) -> NaiveDate {
        self.at.with_timezone(&COUNCIL_ZONE).date_naive()
    }

    pub fn new_id<I: RecordId>(&self) -> I {
        self.app.clock.new_id()
    }

    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The connection of this transaction, for the read layer.
    pub fn db(&self) -> &Transaction {
        &self.txn
    }

    pub async fn insert<E: Record>(&mut self, row: E::Model) -> Result<E::Model, Error> {
        let mut rows = self.insert_many::<E>(vec![row]).await?;
        rows.pop().ok_or_else(|| Error::internal("an insert has lost its row"))
    }

    /// New records, in one statement per chunk.
    pub async fn insert_many<E: Record>(&mut self, mut rows: Vec<E::Model>) -> Result<Vec<E::Model>, Error> {
        for row in &mut rows {
            E::stamp(row, 1, self.at);
        }
        self.write_rows::<E>(&rows).await?;
        for row in &rows {
            self.note::<E>(row, ChangeKind::Created, None, None);
        }
        Ok(rows)
    }

    /// Writes what differs between `before` and `after`, and raises the version. Writes nothing if nothing differs.
    pub async fn update<E: Record>(&mut self, before: &E::Model, after: E::Model) -> Result<E::Model, Error> {
        if *before == after { Ok(after) } else { self.write_update::<E>(before, after, None).await }
    }

    /// As `update`, for a change that has a reason in the feed.
    pub async fn update_because<E: Record>(
        &mut self,
        before: &E::Model,
        after: E::Model,
        reason: ChangeReason,
    ) -> Result<E::Model, Error> {
        self.write_update::<E>(before, after, Some(reason)).await
    }

    /// As `update`, but raises the version even if the row itself is the same, because its parts have changed.
    pub async fn touch<E: Record>(&mut self, before: &E::Model, after: E::Model) -> Result<E::Model, Error> {
        self.write_update::<E>(before, after, None).await
    }

    /// As `touch`, for several records that this transaction has not written before, in one statement per chunk. The rows must be locked.
    pub async fn touch_many<E: Record>(&mut self, rows: &mut [(E::Model, E::Model)]) -> Result<(), Error> {
        for (before, after) in &mut *rows {
            E::stamp(after, self.feed.next_version(E::version(before)), self.at);
        }
        let replace = replacing::<E>().action_and_where(self.is_next::<E>()).to_owned();
        for chunk in rows.chunks(longest::<E>()) {
            let active = chunk.iter().map(|(_, after)| after.clone().into_active_model());
            let insert = E::insert_many(active).on_conflict(replace.clone());
            let written = insert.exec_without_returning(&self.txn).await.map_err(refused_write)?;
            if usize::try_from(written).ok() != Some(chunk.len()) {
                return Err(Error::write_conflict());
            }
        }
        for (before, after) in &*rows {
            self.note::<E>(after, ChangeKind::Updated, Some((E::audience(before), E::owner(before))), None);
        }
        Ok(())
    }

    /// Whether the version of a written row directly follows the stored one.
    fn is_next<E: Record>(&self) -> Expr {
        let (there, written) = (Expr::col((E::default(), E::VERSION)), Expr::col(("excluded", E::VERSION)));
        let one_more = there.clone().eq(written.clone().sub(1));
        // A row that was last changed under another identity of the feed jumps to the first version of the present one.
        let first = self.feed.first_version;
        one_more.or(there.lt(first - 1).and(written.eq(first)))
    }

    async fn write_update<E: Record>(
        &mut self,
        before: &E::Model,
        mut after: E::Model,
        reason: Option<ChangeReason>,
    ) -> Result<E::Model, Error> {
        let version = E::version(before);
        // One transaction raises the version once, however often it writes the record.
        let is_written = self.written.contains_key(&E::id(before).uuid());
        let next = if is_written { version } else { self.feed.next_version(version) };
        E::stamp(&mut after, next, self.at);
        let mut changed = <E::ActiveModel as ActiveModelTrait>::default();
        let mut differs = false;
        for column in E::Column::iter() {
            let value = after.get(column);
            if before.get(column) != value {
                changed.set(column, value);
                differs = true;
            }
        }
        if differs {
            let update = E::update_many().set(changed).filter(E::ID.eq(E::id(before))).filter(E::VERSION.eq(version));
            if update.exec(&self.txn).await.map_err(refused_write)?.rows_affected == 0 {
                return Err(Error::write_conflict());
            }
        }
        let access_before = (E::audience(before), E::owner(before));
        self.note::<E>(&after, ChangeKind::Updated, Some(access_before), reason);
        Ok(after)
    }

    /// Removes a record for good; the feed keeps a tombstone.
    pub async fn remove<E: Record>(&mut self, row: &E::Model, reason: ChangeReason) -> Result<(), Error> {
        let delete = E::delete_many().filter(E::ID.eq(E::id(row))).filter(E::VERSION.eq(E::version(row)));
        if delete.exec(&self.txn).await.map_err(refused_write)?.rows_affected == 0 {
            return Err(Error::write_conflict());
        }
        let named = external_id::Entity::delete_many().filter(external_id::Column::RecordId.eq(E::id(row).uuid()));
        named.exec(&self.txn).await.map_err(refused_write)?;
        if E::state(row).is_some() {
            let its = record_state::Column::RecordId.eq(E::id(row).uuid());
            record_state::Entity::delete_many().filter(its).exec(&self.txn).await.map_err(refused_write)?;
        }
        let access = (E::audience(row), E::owner(row));
        let mut tombstone = row.clone();
        E::stamp(&mut tombstone, self.feed.next_version(E::version(row)), self.at);
        self.note::<E>(&tombstone, ChangeKind::Removed, Some(access), Some(reason));
        Ok(())
    }

    /// Removes a record that was merged into another one; its external ids then belong to the other one.
    pub async fn merge<E: Record>(&mut self, row: &E::Model, into: E::Id) -> Result<(), Error> {
        let (from, into) = (E::id(row).uuid(), into.uuid());
        let named = external_id::Entity::update_many().col_expr(external_id::Column::RecordId, into.into());
        let named = named.filter(external_id::Column::RecordId.eq(from));
        named.exec(&self.txn).await.map_err(refused_write)?;
        self.remove::<E>(row, ChangeReason::Merged).await?;
        if let Some(index) = self.written.get(&from) {
            self.changes[*index].replaced_by = Some(into);
        }
        Ok(())
    }

    /// Lets the guards of the database know that a record is merged into another one. It is removed later in this transaction.
    pub async fn mark_merged<E: Record>(&self, column: E::Column, id: E::Id, into: E::Id) -> Result<(), Error> {
        let mark = E::update_many().col_expr(column, Expr::value(into)).filter(E::ID.eq(id));
        mark.exec(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// Inserts rows, except those whose key exists already.
    pub async fn insert_missing<E: Row>(&self, rows: Vec<E::Model>, key: E::Column) -> Result<(), Error> {
        let active = rows.into_iter().map(IntoActiveModel::into_active_model);
        let insert = E::insert_many(active).on_conflict(OnConflict::column(key).do_nothing().to_owned());
        insert.exec_without_returning(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// The highest value of a column, whoever may see the rows.
    pub async fn highest<E: Row>(&self, column: E::Column, among: Condition) -> Result<Option<i32>, Error> {
        let highest =
            E::find().filter(among).select_only().column_as(column.max(), "highest").into_tuple::<Option<i32>>();
        Ok(highest.one(&self.txn).await?.flatten())
    }

    /// Ends a use case without writing anything.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.txn.rollback().await?)
    }

    /// Numbers the changes, writes them and the audit line, commits, and notifies the followers of the feed.
    pub async fn commit<M>(mut self, record: M) -> Result<Written<M>, Error> {
        if self.changes.is_empty() && !self.wrote_unversioned {
            self.txn.rollback().await?;
            return Ok(Written { record, cursor: None });
        }
        self.write_states().await?;
        let line = audit::Model {
            id: self.app.clock.new_id(),
            at: self.at,
            actor: self.viewer.subject.clone(),
            action: self.action.name().to_owned(),
            subjects: Subjects(self.subjects),
        };
        audit::Entity::insert(line.into_active_model())
            .exec_without_returning(&self.txn)
            .await
            .map_err(refused_write)?;
        let head = if self.changes.is_empty() {
            None
        } else {
            Some(append(&self.txn, self.feed, &self.changes, &self.viewer.actor(), self.at).await?)
        };
        self.txn.commit().await.map_err(refused_write)?;
        head.inspect(|head| notify(self.app, *head));
        Ok(Written { record, cursor: head.map(Head::cursor) })
    }

    async fn write_rows<E: Row>(&self, rows: &[E::Model]) -> Result<(), Error> {
        for chunk in rows.chunks(longest::<E>()) {
            let active = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
            E::insert_many(active).exec_without_returning(&self.txn).await.map_err(refused_write)?;
        }
        Ok(())
    }
}
