//! Candidates: the rows that meet one part of a filter, if they are few. They are found by an index and sorted, instead of walking the
//! whole list.

use entity::Row;
use entity::id::OrganizationId;
use sea_orm::sea_query::{Asterisk, Condition, DynIden, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, DbBackend};

use super::condition::tested;
use super::level::{Level, levels};
use super::read::Visible;
use crate::auth::Viewer;

/// A column of a table.
pub type ColumnName = (DynIden, DynIden);

/// A column that holds the ids of rows, and the columns that tell who may see these rows.
#[derive(Clone, Debug)]
pub struct Columns {
    pub id: ColumnName,
    audience: ColumnName,
    owner: ColumnName,
    /// Another column that names the owner, if indexes have the rows of each owner in order.
    pub indexed_owner: Option<ColumnName>,
}

impl Columns {
    pub fn of<E: Row>(id: E::Column) -> Self {
        let (audience, owner) = (E::AUDIENCE.as_column_ref(), E::OWNER.as_column_ref());
        Self { id: id.as_column_ref(), audience, owner, indexed_owner: None }
    }

    /// The columns of the list's own table.
    pub fn of_rows<E: Visible>() -> Self {
        let indexed_owner = E::ORDERED.and_then(|ordered| ordered.owner).map(|owner| owner.as_column_ref());
        Self { indexed_owner, ..Self::of::<E>(E::ID) }
    }

    /// Whether indexes have the rows of each owner in order.
    pub fn are_owned(&self) -> bool {
        self.indexed_owner.is_some()
    }

    /// Whether indexes have the rows of each owner in order by this column.
    pub fn are_owned_by(&self, column: &ColumnName) -> bool {
        self.indexed_owner.as_ref() == Some(column)
    }

    /// The rows that an organisation owns.
    pub fn owned_by(&self, organization: OrganizationId) -> Condition {
        let is_its = Expr::col(self.owner.clone()).eq(organization);
        match &self.indexed_owner {
            Some(owner) => Condition::all().add(Expr::col(owner.clone()).eq(organization)).add(tested(is_its)),
            None => Condition::all().add(is_its),
        }
    }

    /// The rows that a viewer may see.
    pub fn seen(&self, viewer: &Viewer) -> Condition {
        levels(viewer).into_iter().fold(Condition::any(), |seen, level| {
            let is_its = level.owner.map(|owner| Expr::col(self.owner.clone()).eq(owner));
            let of_level = Condition::all().add(Expr::col(self.audience.clone()).eq(level.audience));
            seen.add(of_level.add_option(is_its))
        })
    }
}

/// The rows that meet a condition, which may be few of an audience.
#[derive(Clone, Debug)]
pub struct Candidates {
    pub columns: Columns,
    pub condition: Condition,
    /// The order in which an index has them. Without it PostgreSQL might scan the table until it has found enough of them.
    pub order: Vec<ColumnName>,
}

impl Candidates {
    /// The rows with one value, which an index has in the order of their ids.
    pub fn of_rows(columns: Columns, condition: Condition) -> Self {
        let order = vec![columns.id.clone()];
        Self { columns, condition, order }
    }

    /// Their ids in an audience, at most one more than the limit for few.
    fn ids(&self, backend: DbBackend, level: &Level) -> SelectStatement {
        let (Columns { id, audience, .. }, mut ids) = (&self.columns, Query::select());
        ids.column(id.clone()).from(id.0.clone()).cond_where(self.condition.clone());
        level.look_for(backend, &mut ids, Expr::col(audience.clone()));
        ids.cond_where(level.owner.map_or_else(Condition::all, |organization| self.columns.owned_by(organization)));
        for column in &self.order {
            ids.order_by(column.clone(), Order::Asc);
        }
        ids.limit(level.few() + 1).take()
    }

    /// Whether there are few of them in an audience.
    pub fn are_few(&self, backend: DbBackend, level: &Level) -> Expr {
        let (all, ids) = (Expr::col(Asterisk).count(), self.ids(backend, level));
        Expr::from(Query::select().expr(all).from_subquery(ids, "candidate").take()).lte(level.few())
    }

    /// Whether an id is among theirs in an audience.
    pub fn hold(&self, backend: DbBackend, level: &Level, id: Expr) -> Expr {
        let ids = self.ids(backend, level);
        match backend {
            // An array of known ids is looked up; PostgreSQL might join a subquery with the whole table.
            DbBackend::Postgres => Expr::cust_with_exprs("$1 = ANY(ARRAY $2)", [id, Expr::from(ids)]),
            _ => id.in_subquery(ids),
        }
    }
}
