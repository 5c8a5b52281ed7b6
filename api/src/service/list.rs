//! A page of a list. Where indexes have its rows in order, audience by audience, they are walked until the page is full; unless a part of
//! the filter matches few rows: those are found and sorted.
#![expect(
    clippy::disallowed_methods,
    reason = "a file of the read layer: rows are told by `read::select`, or audience by audience by `level::levels`"
)]

use sea_orm::sea_query::{Asterisk, Condition, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbBackend};

use super::candidates::{Candidates, Columns};
use super::condition::{all_tested, tested};
use super::level::{Level, levels};
use super::page::{Beyond, Listing, Page, Section};
use super::read::{self, Visible};
use super::walk::Walk;
use crate::auth::Viewer;
use crate::error::Error;

/// A page of a list.
pub async fn page<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    listing: &Listing<E>,
) -> Result<Page<E::Model>, Error> {
    Ok(listing.page(read::rows::<E>(db, &page_of(db.get_database_backend(), viewer, listing)).await?))
}

/// The statement for a page of a list.
pub fn page_of<E: Visible>(backend: DbBackend, viewer: &Viewer, listing: &Listing<E>) -> SelectStatement {
    if let Some(walk) = listing.walk() {
        return walked(backend, viewer, listing, walk);
    }
    let mut statement = read::select::<E>(viewer).cond_where(listing.condition.clone()).take();
    listing.narrow(&mut statement);
    statement
}

/// The rows of a page without their cursors.
pub async fn first<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    listing: &Listing<E>,
) -> Result<Vec<E::Model>, Error> {
    Ok(page(db, viewer, listing).await?.rows.into_iter().map(|(row, _)| row).collect())
}

/// The rows of several statements, each with its own limit: SQLite takes none directly in a part of a union.
fn union(parts: impl IntoIterator<Item = (&'static str, SelectStatement)>) -> SelectStatement {
    let whole = |(name, part)| Query::select().column(Asterisk).from_subquery(part, name).take();
    let mut parts = parts.into_iter().map(whole);
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.union(UnionType::All, part);
    }
    all
}

/// What must hold of the rows of an audience that are walked, and for walking them at all. The rows of an organisation are walked by its
/// own index, whatever else must hold.
fn passed_by<E: Visible>(walk: &Walk, level: &Level) -> (Level, Condition) {
    let (is_child, columns) = (walk.is_child(), Columns::of_rows::<E>());
    let Some(organization) = level.owner else { return (level.clone(), walk.condition.clone().add_option(is_child)) };
    let is_its = columns.owned_by(organization);
    if columns.indexed_owner.is_none() {
        return (level.clone(), walk.condition.clone().add_option(is_child).add(is_its));
    }
    let condition = all_tested(&walk.condition).add(is_its);
    match &walk.parent {
        Some((column, id)) if columns.are_owned_by(column) => {
            (level.under(level.gate.clone().add(id.clone().eq(organization))), condition)
        }
        _ => (level.clone(), condition.add_option(is_child.map(tested))),
    }
}

/// The rows of a section in an audience, as many as a page has.
fn branch<E: Visible>(
    backend: DbBackend,
    listing: &Listing<E>,
    walk: &Walk,
    level: &Level,
    section: &Section,
) -> SelectStatement {
    let Section { condition, beyond, reached, order, by_id } = section;
    let (audience, id) = (Expr::col(E::AUDIENCE.as_column_ref()), Expr::col(E::ID.as_column_ref()));
    let (level, passed_by) = passed_by::<E>(walk, level);
    let mut branch = Query::select();
    branch.column(E::ID.as_column_ref()).from(E::default().table_ref()).cond_where(passed_by);
    match by_id {
        // Otherwise PostgreSQL would scan all rows in the order of the ids. A range of audiences makes it use the index on the audience.
        Some(bounds) if backend == DbBackend::Postgres => {
            branch.cond_where(level.gate.clone());
            let level = Expr::value(level.audience);
            branch.and_where(audience.clone().gte(level.clone())).and_where(audience.clone().lte(level.clone()));
            for (side, bound) in bounds {
                let place = Expr::tuple([audience.clone(), id.clone()]);
                let bound = Expr::tuple([level.clone(), Expr::value(*bound)]);
                branch.and_where(if *side == Beyond::Above { place.gt(bound) } else { place.lt(bound) });
            }
            branch.order_by_expr(audience, order.first().map_or(Order::Asc, |(_, order)| order.clone()));
        }
        _ => level.look_for(backend, &mut branch, audience),
    }
    // Otherwise SQLite would choose the index of all rows before that of an organisation's.
    let beyond = if level.owner.is_some() { all_tested(beyond) } else { beyond.clone() };
    // Of two bounds of a key SQLite begins at the one written first: this way at the row, and not at the first of all rows with an equal
    // key.
    branch.cond_where(condition.clone()).cond_where(beyond).cond_where(reached.clone());
    for (expr, order) in order {
        branch.order_by_expr(expr.clone(), order.clone());
    }
    branch.limit(listing.most()).take()
}

/// The rows of an audience that are candidates, as many as a page has: for few.
fn few<E: Visible>(
    backend: DbBackend,
    viewer: &Viewer,
    listing: &Listing<E>,
    walk: &Walk,
    level: &Level,
    candidates: &Candidates,
) -> SelectStatement {
    let mut few = Query::select();
    few.column(E::ID.as_column_ref()).from(E::default().table_ref()).cond_where(E::visible(viewer));
    few.and_where(candidates.hold(backend, level, Expr::col(E::ID.as_column_ref())));
    few.cond_where(all_tested(&walk.condition).add_option(walk.is_child().map(tested)));
    listing.narrow(&mut few);
    few
}

/// The statement for a page: the first rows of each part of the list, and of these the first.
pub fn walked<E: Visible>(backend: DbBackend, viewer: &Viewer, listing: &Listing<E>, walk: &Walk) -> SelectStatement {
    let (mut parts, sections) = (Vec::new(), listing.sections());
    for level in levels(viewer) {
        let mut are_many = Condition::all();
        for candidates in walk.candidates_for(level.owner) {
            let are_few = candidates.are_few(backend, &level);
            let level = level.under(are_many.clone().add(are_few.clone()));
            parts.push(("few", few(backend, viewer, listing, walk, &level, candidates)));
            are_many = are_many.add(are_few.not());
        }
        let level = level.under(are_many);
        parts.extend(sections.iter().map(|section| ("branch", branch(backend, listing, walk, &level, section))));
    }
    let mut page = Query::select();
    page.column((E::default(), Asterisk)).from_subquery(union(parts), "found");
    let is_found = Expr::col(E::ID.as_column_ref()).eq(Expr::col(("found", E::ID)));
    match backend {
        // Each row is looked up: PostgreSQL does not know how many ids there are, and might read the whole table.
        DbBackend::Postgres => {
            let row =
                Query::select().column(Asterisk).from(E::default().table_ref()).and_where(is_found).limit(1).take();
            page.join_lateral(JoinType::InnerJoin, row, E::default(), Condition::all());
        }
        _ => {
            page.cross_join(E::default().table_ref()).and_where(is_found);
        }
    }
    listing.order(&mut page);
    page
}
