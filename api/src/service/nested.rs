//! The lists of several records: the same page of each, and how many there are, in one statement. Who sees a row is decided as in `list`;
//! only `headcounts` counts hidden rows.
#![expect(
    clippy::disallowed_methods,
    reason = "a file of the read layer: rows are told as in `list`; `headcounts` alone counts hidden ones"
)]

use std::collections::HashMap;

use entity::Part;
use sea_orm::sea_query::{Asterisk, Condition, Expr, ExprTrait, Func, FunctionCall, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbBackend, FromQueryResult as _};
use uuid::Uuid;

use super::list::walked;
use super::page::{Listing, Page};
use super::read::{self, Visible};
use super::relation::Relation;
use crate::auth::Viewer;
use crate::error::Error;

/// The name of the parent's id in the statements below.
const PARENT: &str = "parent__";

/// The same page of several parents, in one statement.
pub async fn pages<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    relation: &Relation,
    parents: &[Uuid],
    listing: &Listing<E>,
) -> Result<HashMap<Uuid, Page<E::Model>>, Error> {
    let statement = pages_of(db.get_database_backend(), viewer, relation, parents, listing);
    let mut rows: HashMap<Uuid, Vec<E::Model>> = parents.iter().map(|parent| (*parent, Vec::new())).collect();
    for row in db.query_all(&statement).await? {
        let parent: Uuid = row.try_get("", PARENT)?;
        rows.entry(parent).or_default().push(E::Model::from_query_result(&row, "")?);
    }
    Ok(rows.into_iter().map(|(parent, rows)| (parent, listing.page(rows))).collect())
}

/// The statement that the same page of several parents is read by.
pub fn pages_of<E: Visible>(
    backend: DbBackend,
    viewer: &Viewer,
    relation: &Relation,
    parents: &[Uuid],
    listing: &Listing<E>,
) -> SelectStatement {
    let parent = || parent_of_row(backend);
    let mut inner = if let Some(walk) = listing.walk_of(relation, parent()) {
        walked(backend, viewer, listing, &walk)
    } else {
        let of_parent = relation.of::<E>(parent());
        let mut inner = read::select::<E>(viewer).cond_where(listing.condition.clone()).and_where(of_parent).take();
        listing.narrow(&mut inner);
        inner
    };
    let mut outer = Query::select();
    outer.expr_as(parent(), PARENT).column(("c", Asterisk)).from_function(each(backend, parents), "p");
    if backend == DbBackend::Postgres {
        outer.join_lateral(JoinType::InnerJoin, inner, "c", Condition::all());
    } else {
        // SQLite has no lateral join; a correlated list of ids does the same. It keeps the order of a cross join: otherwise it could read
        // the table first, and build the list again for each of its rows.
        inner.clear_selects().column(E::ID.as_column_ref());
        outer
            .join_as(JoinType::CrossJoin, E::default(), "c", Condition::all())
            .and_where(Expr::col(("c", E::ID)).in_subquery(inner));
    }
    listing.order_as(&mut outer, "c");
    outer
}

/// How many children each of several parents has, in one statement.
pub async fn counts<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    relation: &Relation,
    parents: &[Uuid],
    condition: Condition,
) -> Result<HashMap<Uuid, i64>, Error> {
    tally(db, &counts_of::<E>(db.get_database_backend(), viewer, relation, parents, condition)).await
}

/// The statement that children are counted by.
pub fn counts_of<E: Visible>(
    backend: DbBackend,
    viewer: &Viewer,
    relation: &Relation,
    parents: &[Uuid],
    condition: Condition,
) -> SelectStatement {
    let parent = parent_of_row(backend);
    let parts = relation.parts(viewer, parent.clone()).filter(|_| condition.is_empty());
    let counted = parts.unwrap_or_else(|| {
        let mut children = read::select::<E>(viewer).cond_where(condition).and_where(relation.of::<E>(parent)).take();
        children.clear_selects().expr(Expr::col(Asterisk).count()).take()
    });
    of_each(backend, parents, counted)
}

/// How many parts each of several parents has, including hidden ones: a rule lets everyone who sees the parent see this number.
pub async fn headcounts<P: Part>(db: &impl ConnectionTrait, parents: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
    let backend = db.get_database_backend();
    let of_parent = Relation::direct(P::PARENT).of::<P>(parent_of_row(backend));
    let mut parts = read::select_all::<P>();
    let counted = parts.clear_selects().expr(Expr::col(Asterisk).count()).and_where(of_parent).take();
    tally(db, &of_each(backend, parents, counted)).await
}

/// What is counted of each parent.
fn of_each(backend: DbBackend, parents: &[Uuid], counted: SelectStatement) -> SelectStatement {
    let mut outer = Query::select();
    outer
        .expr_as(parent_of_row(backend), PARENT)
        .expr_as(counted, "n")
        .from_function(each(backend, parents), "p")
        .take()
}

async fn tally(db: &impl ConnectionTrait, counted: &SelectStatement) -> Result<HashMap<Uuid, i64>, Error> {
    let rows = db.query_all(counted).await?;
    rows.iter().map(|row| Ok((row.try_get("", PARENT)?, row.try_get("", "n")?))).collect()
}

/// A row for each id, to be called `p`, and the id in it.
pub fn each_of(backend: DbBackend, ids: &[Uuid]) -> (FunctionCall, Expr) {
    (each(backend, ids), parent_of_row(backend))
}

/// A row for each id, called `p`.
fn each(backend: DbBackend, ids: &[Uuid]) -> FunctionCall {
    match backend {
        DbBackend::Postgres => Func::cust("unnest").arg(read::array(ids.iter().copied())),
        _ => Func::cust("json_each").arg(read::json(ids.iter().copied())),
    }
}

/// The id in a row of `each`.
fn parent_of_row(backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::col(("p", "p")),
        _ => Func::cust("unhex").arg(Expr::col(("p", "value"))).into(),
    }
}
