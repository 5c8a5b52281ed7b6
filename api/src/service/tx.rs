//! Door 2: every write. A transaction checks versions, stamps rows, and ends with its changes in the feed and its line in
//! the audit trail, all in one commit. What is dropped before `commit` leaves nothing behind.
#![expect(clippy::disallowed_methods, reason = "the one place that writes entities")]

mod beside;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::audit::Subjects;
use entity::change::{ChangeKind, ChangeReason};
use entity::id::{BodyId, RecordId};
use entity::{ModelOf, Part, Record, Row, audit, body, external_id, mandate};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, ModelTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::change::{ChangeCursor, Pending, append};
use super::constraint::refused_write;
use super::input;
use super::read::{self, Visible};
use crate::app::App;
use crate::auth::{Standing, Viewer};
use crate::database;
use crate::domain::audience::{Access, of_both};
use crate::domain::council::is_valid_on;
use crate::domain::refusal::Refusal;
use crate::domain::scope;
use crate::error::Error;

/// Whether two parts of a parent say the same, wherever they stand in its order.
fn is_same_part<P: Part>(one: &P::Model, other: &P::Model) -> bool {
    let beside = [P::ID.as_str(), P::ORDER.as_str()];
    let mut columns = P::Column::iter().filter(|column| !beside.contains(&column.as_str()));
    columns.all(|column| one.get(column) == other.get(column))
}

/// The parts of a parent before and after.
type Replaced<P> = (Vec<ModelOf<P>>, Vec<ModelOf<P>>);

/// Gives the parts that stay the ids that they have.
fn keep_ids<P: Part>(before: &[P::Model], after: &mut [P::Model]) {
    let mut left: Vec<&P::Model> = before.iter().collect();
    for part in after {
        if let Some(index) = left.iter().position(|one| is_same_part::<P>(one, part)) {
            P::set_id(part, P::id(left.remove(index)));
        }
    }
}

/// The most rows of one statement: both databases take 32,766 parameters or more.
fn longest<E: Row>() -> usize {
    32_000 / E::Column::iter().count()
}

/// Writes all of a row in the place of the one with its id.
fn replacing<E: Row>() -> OnConflict {
    let columns = E::Column::iter().filter(|column| column.as_str() != E::ID.as_str());
    OnConflict::column(E::ID).update_columns(columns).to_owned()
}

/// What a use case has written: the record, and where the write stands in the feed. No cursor if nothing changed.
#[derive(Clone, Debug)]
pub struct Written<M> {
    pub record: M,
    pub cursor: Option<ChangeCursor>,
}

pub struct Tx<'a> {
    app: &'a App,
    /// Its author, with the whole sight of its role.
    viewer: Viewer,
    action: &'static str,
    at: DateTime<Utc>,
    txn: DatabaseTransaction,
    changes: Vec<Pending>,
    /// Where each record that was written stands in `changes`.
    written: HashMap<Uuid, usize>,
    /// Where each record that is told of and was not written stands in `changes`.
    told: HashMap<Uuid, usize>,
    subjects: Vec<String>,
    /// Whether something was written that stands beside the record.
    beside: bool,
}

impl App {
    /// Begins a use case. `action` is its name in the audit trail: the mutation or the command.
    pub async fn begin<'a>(&'a self, viewer: &Viewer, action: &'static str) -> Result<Tx<'a>, Error> {
        viewer.require_scope(scope::of_mutation(action))?;
        let txn = self.databases.begin().await?;
        let at = self.clock.now();
        Ok(Tx {
            app: self,
            viewer: viewer.unlimited(),
            action,
            at,
            txn,
            changes: Vec::new(),
            written: HashMap::new(),
            told: HashMap::new(),
            subjects: Vec::new(),
            beside: false,
        })
    }
}

impl Tx<'_> {
    /// The time of the whole transaction.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The council's day.
    pub fn today(&self) -> NaiveDate {
        self.app.clock.today()
    }

    pub fn mint<I: RecordId>(&self) -> I {
        self.app.clock.mint()
    }

    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The connection of this transaction, for reads through door 1.
    pub fn db(&self) -> &DatabaseTransaction {
        &self.txn
    }

    /// The record that an input names; hidden answers like missing. `what` is its kind in plain words.
    pub async fn get<E: Visible>(&self, path: &str, id: E::Id, what: &str) -> Result<E::Model, Error> {
        read::get::<E>(&self.txn, &self.viewer, id).await?.ok_or_else(|| Refusal::not_found(path, what).into())
    }

    /// Checks, in one statement, that all records are there that an input names, each at its own place.
    pub async fn check_named<E: Visible>(&self, named: Vec<(String, E::Id)>, what: &str) -> Result<(), Error> {
        let known = self.known::<E>(named.iter().map(|(_, id)| *id).collect()).await?;
        Ok(input::named(&named, &known, what)?)
    }

    /// Those of the records that are there, in one statement.
    pub async fn known<E: Visible>(&self, ids: Vec<E::Id>) -> Result<HashSet<E::Id>, Error> {
        read::seen::<E>(&self.txn, &self.viewer, ids).await
    }

    /// Those of the records that are there, by their ids, in one statement.
    pub async fn by_id<E: Visible>(&self, mut ids: Vec<E::Id>) -> Result<HashMap<E::Id, E::Model>, Error> {
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = read::by_ids::<E>(&self.txn, &self.viewer, &ids).await?;
        Ok(rows.into_iter().map(|row| (E::id(&row), row)).collect())
    }

    /// The record that is to be changed, at the version that its author has read. It is held until the transaction ends:
    /// whoever else has read that version waits, and then conflicts.
    pub async fn get_at<E: Visible + Record>(
        &self,
        id: E::Id,
        expected_version: i32,
        what: &str,
    ) -> Result<E::Model, Error> {
        self.hold::<E>(id).await?;
        let row = self.get::<E>("id", id, what).await?;
        if E::version(&row) == expected_version { Ok(row) } else { Err(Error::stale()) }
    }

    /// A record that an input names and all above it, from near to far. Whoever else asks for those of this kind waits
    /// until the transaction ends: two changes at once could close a circle that neither of them sees.
    pub async fn ancestors<E: Visible>(
        &self,
        path: &str,
        nearest: Option<E::Id>,
        above: impl Fn(&E::Model) -> Option<E::Id>,
        what: &str,
    ) -> Result<Vec<E::Id>, Error> {
        if nearest.is_some() {
            self.alone(E::default().table_name()).await?;
        }
        let (mut chain, mut next) = (Vec::new(), nearest);
        while let Some(id) = next.filter(|id| !chain.contains(id)) {
            chain.push(id);
            next = above(&self.get::<E>(path, id, what).await?);
        }
        Ok(chain)
    }

    /// Waits for every other transaction that asks to be alone with the same matter, until this one ends.
    pub async fn alone(&self, matter: &str) -> Result<(), Error> {
        database::alone(&self.txn, matter).await.map_err(refused_write)
    }

    /// Holds a record until the transaction ends, so that what is computed from its children is still true then.
    pub async fn hold<E: Row>(&self, id: E::Id) -> Result<(), Error> {
        self.hold_all::<E>(&[id]).await
    }

    /// As `hold`, several records, in the order of their ids: two transactions that hold the same ones do not wait for
    /// each other in a circle.
    pub async fn hold_all<E: Row>(&self, ids: &[E::Id]) -> Result<(), Error> {
        let backend = self.txn.get_database_backend();
        if backend == DbBackend::Postgres && !ids.is_empty() {
            E::find()
                .filter(read::among(backend, E::ID, ids))
                .select_only()
                .column(E::ID)
                .order_by_asc(E::ID)
                .lock_exclusive()
                .into_tuple::<E::Id>()
                .all(&self.txn)
                .await
                .map_err(refused_write)?;
        }
        Ok(())
    }

    /// What the viewer's organisation is in a body today.
    pub async fn standing(&self, body: BodyId) -> Result<Standing, Error> {
        Ok(self.standings().await?.remove(&body).unwrap_or_default())
    }

    /// What the viewer's organisation is today in each body where it is something.
    pub async fn standings(&self) -> Result<HashMap<BodyId, Standing>, Error> {
        let mut standings: HashMap<BodyId, Standing> = HashMap::new();
        let Some(organization) = self.viewer.acts_for() else { return Ok(standings) };
        let held = Condition::all().add(mandate::Column::OrganizationId.eq(organization));
        let today = self.today();
        for mandate in read::all::<mandate::Entity>(&self.txn, &self.viewer, held).await? {
            if is_valid_on(&mandate, today) {
                standings.entry(mandate.body_id).or_default().roles.push(mandate.role);
            }
        }
        Ok(standings)
    }

    /// The active body of a kind.
    pub async fn body_of_kind(&self, kind: body::BodyKind) -> Result<Option<body::Model>, Error> {
        let active = Condition::all().add(body::Column::Kind.eq(kind)).add(body::Column::Active.eq(true));
        read::find::<body::Entity>(&self.txn, &self.viewer, active).await
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

    /// Writes what differs between `before` and `after`, and one version more. Writes nothing if nothing differs.
    pub async fn update<E: Record>(&mut self, before: &E::Model, after: E::Model) -> Result<E::Model, Error> {
        if *before == after { Ok(after) } else { self.write_update::<E>(before, after, None).await }
    }

    /// As `update`, for a change that the feed gives a reason for.
    pub async fn update_because<E: Record>(
        &mut self,
        before: &E::Model,
        after: E::Model,
        reason: ChangeReason,
    ) -> Result<E::Model, Error> {
        self.write_update::<E>(before, after, Some(reason)).await
    }

    /// As `update`; one version more even if the row itself is the same, because its parts have changed.
    pub async fn touch<E: Record>(&mut self, before: &E::Model, after: E::Model) -> Result<E::Model, Error> {
        self.write_update::<E>(before, after, None).await
    }

    /// As `touch`, several records that this transaction has not written before, in one statement per chunk. The rows
    /// are held.
    pub async fn touch_many<E: Record>(&mut self, rows: &mut [(E::Model, E::Model)]) -> Result<(), Error> {
        for (before, after) in &mut *rows {
            E::stamp(after, E::version(before) + 1, self.at);
        }
        let one_more = Expr::col((E::default(), E::VERSION)).eq(Expr::col(("excluded", E::VERSION)).sub(1));
        let replace = replacing::<E>().action_and_where(one_more).to_owned();
        for chunk in rows.chunks(longest::<E>()) {
            let active = chunk.iter().map(|(_, after)| after.clone().into_active_model());
            let insert = E::insert_many(active).on_conflict(replace.clone());
            let written = insert.exec_without_returning(&self.txn).await.map_err(refused_write)?;
            if usize::try_from(written).ok() != Some(chunk.len()) {
                return Err(Error::stale());
            }
        }
        for (before, after) in &*rows {
            self.note::<E>(after, ChangeKind::Updated, Some((E::audience(before), E::owner(before))), None);
        }
        Ok(())
    }

    /// Tells of the records that meet a condition, whoever may see them: they name another one that others see than before, of which
    /// those read who see `named` at least. Others are told nothing, and no version tells them that there is something. The records
    /// that this transaction has written are told of already.
    pub async fn tell_where<E: Record + Visible>(&mut self, which: Condition, named: Access) -> Result<(), Error> {
        let everyone = Viewer::system("tell");
        let naming = read::all::<E>(&self.txn, &everyone, which).await?;
        let ids: Vec<E::Id> = naming.iter().map(E::id).filter(|id| !self.written.contains_key(&id.uuid())).collect();
        self.hold_all::<E>(&ids).await?;
        for row in read::by_ids::<E>(&self.txn, &everyone, &ids).await? {
            self.tell::<E>(&row, of_both((E::audience(&row), E::owner(&row)), named));
        }
        Ok(())
    }

    fn tell<E: Record>(&mut self, row: &E::Model, access: Access) {
        let id = E::id(row).uuid();
        if let Some(index) = self.told.get(&id) {
            let told = &mut self.changes[*index];
            told.access = told.access.min(access);
            told.access_before = Some(told.access);
            return;
        }
        self.told.insert(id, self.changes.len());
        self.changes.push(Pending {
            record: E::TYPE,
            id,
            kind: ChangeKind::Updated,
            version: E::version(row),
            reason: None,
            replaced_by: None,
            access,
            access_before: Some(access),
        });
    }

    async fn write_update<E: Record>(
        &mut self,
        before: &E::Model,
        mut after: E::Model,
        reason: Option<ChangeReason>,
    ) -> Result<E::Model, Error> {
        let version = E::version(before);
        // One transaction is one version, however often it writes the record.
        let next = if self.written.contains_key(&E::id(before).uuid()) { version } else { version + 1 };
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
                return Err(Error::stale());
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
            return Err(Error::stale());
        }
        let named = external_id::Entity::delete_many().filter(external_id::Column::RecordId.eq(E::id(row).uuid()));
        named.exec(&self.txn).await.map_err(refused_write)?;
        let access = (E::audience(row), E::owner(row));
        let mut tombstone = row.clone();
        E::stamp(&mut tombstone, E::version(row) + 1, self.at);
        self.note::<E>(&tombstone, ChangeKind::Removed, Some(access), Some(reason));
        Ok(())
    }

    /// Removes a record for good whose place another one takes; what other systems call it is the other one's from now on.
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

    /// New parts of records that this transaction writes too.
    pub async fn insert_parts<P: Part>(&mut self, rows: Vec<P::Model>) -> Result<(), Error> {
        self.write_rows::<P>(&rows).await
    }

    /// Makes `after` the parts of the parents whose parts are `before`. Returns the parents of which they differ. A part
    /// that stays keeps its id.
    pub async fn replace_parts<P: Part>(
        &mut self,
        before: Vec<P::Model>,
        after: Vec<P::Model>,
    ) -> Result<HashSet<P::ParentId>, Error> {
        let mut parts: HashMap<P::ParentId, Replaced<P>> = HashMap::new();
        for part in before {
            parts.entry(P::parent(&part)).or_default().0.push(part);
        }
        for part in after {
            parts.entry(P::parent(&part)).or_default().1.push(part);
        }
        for (before, after) in parts.values_mut() {
            keep_ids::<P>(before, after);
        }
        parts.retain(|_, (before, after)| before != after);
        let replaced: Vec<P::ParentId> =
            parts.iter().filter(|(_, (before, _))| !before.is_empty()).map(|(parent, _)| *parent).collect();
        if !replaced.is_empty() {
            let old = P::delete_many().filter(read::among(self.txn.get_database_backend(), P::PARENT, &replaced));
            old.exec(&self.txn).await.map_err(refused_write)?;
        }
        let changed = parts.keys().copied().collect();
        let rows: Vec<P::Model> = parts.into_values().flat_map(|(_, after)| after).collect();
        self.write_rows::<P>(&rows).await?;
        Ok(changed)
    }

    /// Tells the guards of the database that a record is merged into another one. It is removed later in this transaction.
    pub async fn mark_merged<E: Record>(&self, column: E::Column, id: E::Id, into: E::Id) -> Result<(), Error> {
        let mark = E::update_many().col_expr(column, Expr::value(into)).filter(E::ID.eq(id));
        mark.exec(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// Puts one record in the place of another one in the parts that name it. Of a parent that names both, the other's part stays.
    pub async fn put_in_place<P: Part>(&mut self, column: P::Column, from: Uuid, into: Uuid) -> Result<(), Error> {
        let has_it = Query::select().column(P::PARENT).from(P::default()).and_where(column.eq(into)).take();
        let update = P::update_many().col_expr(column, into.into()).filter(column.eq(from));
        let moved = update.filter(P::PARENT.not_in_subquery(has_it)).exec(&self.txn).await;
        moved.map_err(refused_write)?;
        P::delete_many().filter(column.eq(from)).exec(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// New rows, except those whose key is there already.
    pub async fn insert_missing<E: Row>(&self, rows: Vec<E::Model>, key: E::Column) -> Result<(), Error> {
        let active = rows.into_iter().map(IntoActiveModel::into_active_model);
        let insert = E::insert_many(active).on_conflict(OnConflict::column(key).do_nothing().to_owned());
        insert.exec_without_returning(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// Writes the access of parents on all their parts. Parts that are records have versions, and are updated as such.
    pub async fn inherit<P: Part>(&mut self, parents: &[P::ParentId], access: Access) -> Result<(), Error> {
        self.inherit_where::<P>(parents, access, Condition::all()).await
    }

    /// Writes the access of parents on some of their parts.
    pub async fn inherit_where<P: Part>(
        &mut self,
        parents: &[P::ParentId],
        access: Access,
        which: Condition,
    ) -> Result<(), Error> {
        let of_parents = read::among(self.txn.get_database_backend(), P::PARENT, parents);
        let update = P::update_many().col_expr(P::AUDIENCE, access.0.into()).col_expr(P::OWNER, access.1.into());
        update.filter(of_parents).filter(which).exec(&self.txn).await.map_err(refused_write)?;
        Ok(())
    }

    /// The highest value of a column, whoever may see the rows.
    pub async fn highest<E: Row>(&self, column: E::Column, among: Condition) -> Result<Option<i32>, Error> {
        let highest =
            E::find().filter(among).select_only().column_as(column.max(), "highest").into_tuple::<Option<i32>>();
        Ok(highest.one(&self.txn).await?.flatten())
    }

    /// The highest value of a column among the parts of each of several parents.
    pub async fn highest_of<P: Part>(
        &self,
        column: P::Column,
        parents: &[P::ParentId],
    ) -> Result<HashMap<P::ParentId, i32>, Error> {
        if parents.is_empty() {
            return Ok(HashMap::new());
        }
        let of_parents = P::find().filter(read::among(self.txn.get_database_backend(), P::PARENT, parents));
        let highest = of_parents.select_only().column(P::PARENT).column_as(column.max(), "highest").group_by(P::PARENT);
        Ok(highest.into_tuple::<(P::ParentId, i32)>().all(&self.txn).await?.into_iter().collect())
    }

    /// Ends a use case that leaves nothing behind.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.txn.rollback().await?)
    }

    /// Numbers the changes, writes them and the audit line, commits, and rings the doorbell.
    pub async fn commit<M>(self, record: M) -> Result<Written<M>, Error> {
        if self.changes.is_empty() && !self.beside {
            self.txn.rollback().await?;
            return Ok(Written { record, cursor: None });
        }
        let line = audit::Model {
            id: self.app.clock.mint(),
            at: self.at,
            actor: self.viewer.subject.clone(),
            action: self.action.to_owned(),
            subjects: Subjects(self.subjects),
        };
        audit::Entity::insert(line.into_active_model())
            .exec_without_returning(&self.txn)
            .await
            .map_err(refused_write)?;
        let last = if self.changes.is_empty() {
            None
        } else {
            Some(append(&self.txn, &self.changes, &self.viewer.actor(), self.at).await?)
        };
        self.txn.commit().await.map_err(refused_write)?;
        // Within a transaction others see nothing of it yet.
        last.filter(|_| self.app.databases.commits()).inspect(|last| self.app.feed.ring(*last));
        Ok(Written { record, cursor: last.map(|last| self.app.feed.cursor(last)) })
    }

    async fn write_rows<E: Row>(&self, rows: &[E::Model]) -> Result<(), Error> {
        for chunk in rows.chunks(longest::<E>()) {
            let active = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
            E::insert_many(active).exec_without_returning(&self.txn).await.map_err(refused_write)?;
        }
        Ok(())
    }

    /// Puts what was done to a record into the pending changes, or adds it to what was done to it before.
    fn note<E: Record>(
        &mut self,
        row: &E::Model,
        kind: ChangeKind,
        access_before: Option<Access>,
        reason: Option<ChangeReason>,
    ) {
        let id = E::id(row).uuid();
        let access = (E::audience(row), E::owner(row));
        if let Some(index) = self.written.get(&id) {
            let pending = &mut self.changes[*index];
            (pending.version, pending.access) = (E::version(row), access);
            pending.reason = reason.or(pending.reason);
            if kind == ChangeKind::Removed {
                pending.kind = kind;
            }
            return;
        }
        let pending = Pending {
            record: E::TYPE,
            id,
            kind,
            version: E::version(row),
            reason,
            replaced_by: None,
            access,
            access_before,
        };
        self.subjects.push(E::id(row).to_string());
        // What was told of it before is told with it.
        let index = self.told.remove(&id).unwrap_or(self.changes.len());
        if index < self.changes.len() {
            self.changes[index] = pending;
        } else {
            self.changes.push(pending);
        }
        self.written.insert(id, index);
    }
}
