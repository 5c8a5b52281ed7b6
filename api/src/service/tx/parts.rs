//! The parts of records: they are written with the record that they belong to, and have its access. They have no feed lines of their own.
#![expect(clippy::disallowed_methods, reason = "a part of the one place that writes entities")]

use std::collections::{HashMap, HashSet};

use entity::id::RecordId;
use entity::{ModelOf, Part, Row};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait as _, DbBackend, IdenStatic as _, Iterable as _, ModelTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::Tx;
use crate::domain::audience::Access;
use crate::error::Error;
use crate::service::constraint::refused_write;
use crate::service::read;

/// Whether two parts of a parent say the same, whatever their places in its order.
fn is_same_part<P: Part>(one: &P::Model, other: &P::Model) -> bool {
    let beside = [P::ID.as_str(), P::ORDER.as_str()];
    let mut columns = P::Column::iter().filter(|column| !beside.contains(&column.as_str()));
    columns.all(|column| one.get(column) == other.get(column))
}

/// The parts of a parent before and after.
type Replaced<P> = (Vec<ModelOf<P>>, Vec<ModelOf<P>>);

/// Gives the parts that stay the ids that they already have.
fn keep_ids<P: Part>(before: &[P::Model], after: &mut [P::Model]) {
    let mut left: Vec<&P::Model> = before.iter().collect();
    for part in after {
        if let Some(index) = left.iter().position(|one| is_same_part::<P>(one, part)) {
            P::set_id(part, P::id(left.remove(index)));
        }
    }
}

impl Tx<'_> {
    /// New parts of records that this transaction writes too.
    pub async fn insert_parts<P: Part>(&mut self, rows: Vec<P::Model>) -> Result<(), Error> {
        self.write_rows::<P>(&rows).await
    }

    /// Replaces the parts `before` of their parents by `after`. Returns the parents whose parts differ. A part that stays keeps its id.
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

    /// Replaces the record `from` by `into` in the parts that name it. If a parent names both, the part that names `from` is deleted.
    pub async fn put_in_place<P: Part>(&mut self, column: P::Column, from: Uuid, into: Uuid) -> Result<(), Error> {
        let has_it = Query::select().column(P::PARENT).from(P::default()).and_where(column.eq(into)).take();
        let update = P::update_many().col_expr(column, into.into()).filter(column.eq(from));
        let moved = update.filter(P::PARENT.not_in_subquery(has_it)).exec(&self.txn).await;
        moved.map_err(refused_write)?;
        P::delete_many().filter(column.eq(from)).exec(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// The parents of parts in which a JSON column names a record by its printed id.
    pub async fn parents_naming<P: Part>(
        &self,
        column: P::Column,
        id: impl RecordId,
    ) -> Result<Vec<P::ParentId>, Error> {
        let naming = P::find().filter(self.text_of(column).like(format!("%{id}%")));
        let parents = naming.select_only().column(P::PARENT).distinct().into_tuple();
        Ok(parents.all(&self.txn).await?)
    }

    /// Replaces the record `from` by `into` wherever a JSON column names it by its printed id.
    pub async fn put_in_place_within<E: Row>(
        &self,
        column: E::Column,
        from: impl RecordId,
        into: impl RecordId,
    ) -> Result<(), Error> {
        let (text, from, into) = (self.text_of(column), from.to_string(), into.to_string());
        let named = text.clone().like(format!("%{from}%"));
        let replaced: Expr = Func::cust("replace").args([text, from.into(), into.into()]).into();
        let is_postgres = self.txn.get_database_backend() == DbBackend::Postgres;
        let replaced = if is_postgres { replaced.cast_as("jsonb") } else { replaced };
        let update = E::update_many().col_expr(column, replaced).filter(named);
        update.exec(&self.txn).await.map(drop).map_err(refused_write)
    }

    /// A JSON column as the text that it is, or that it prints as.
    fn text_of(&self, column: impl ColumnTrait) -> Expr {
        let held = Expr::col(column);
        if self.txn.get_database_backend() == DbBackend::Postgres { held.cast_as("text") } else { held }
    }

    /// Copies the access of parents to all their parts. Parts that are records have versions, and are updated as such.
    pub async fn inherit<P: Part>(&mut self, parents: &[P::ParentId], access: Access) -> Result<(), Error> {
        self.inherit_where::<P>(parents, access, Condition::all()).await
    }

    /// Copies the access of parents to some of their parts.
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
}
