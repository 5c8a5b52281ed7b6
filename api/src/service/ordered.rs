//! A page of a list whose rows indexes have in every order, audience by audience. They are passed by in the order of the list until the page
//! is full; unless something that the list asks for holds of few rows: those are found by it, and sorted.

use entity::id::OrganizationId;
use entity::{Audience, Row};
use sea_orm::sea_query::{
    Asterisk, Condition, DynIden, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{ColumnTrait as _, DbBackend, Iterable as _};

use super::page::{Beyond, Listing, Section, Walk};
use super::read::Visible;
use crate::auth::Viewer;

/// The most rows of an audience that are found and sorted.
pub const FEW: u64 = 256;
/// The same of those of an organisation, of which there are fewer to pass by.
const FEW_OWN: u64 = 64;

/// An audience whose rows a viewer may see: all of them, or its organisation's.
#[derive(Clone)]
struct Level {
    audience: Audience,
    owner: Option<OrganizationId>,
    /// What must hold that its rows are looked for at all.
    gate: Condition,
}

impl Level {
    fn few(&self) -> u64 {
        if self.owner.is_some() { FEW_OWN } else { FEW }
    }

    fn under(&self, gate: Condition) -> Self {
        Self { gate, ..self.clone() }
    }

    /// Asks for the rows of the audience. SQLite would ask each row for what is the same for all: there the audience is unknown unless it
    /// holds, and no row has an unknown one.
    fn look_for(&self, backend: DbBackend, select: &mut SelectStatement, audience: Expr) {
        if backend == DbBackend::Sqlite && !self.gate.is_empty() {
            let audience_or_none = Expr::case(self.gate.clone(), Expr::value(self.audience));
            select.and_where(audience.eq(audience_or_none));
        } else {
            select.and_where(audience.eq(self.audience)).cond_where(self.gate.clone());
        }
    }
}

/// The audiences of which a viewer may see rows.
fn levels(viewer: &Viewer) -> Vec<Level> {
    let level = |audience| {
        let owner = if audience <= viewer.clearance() { None } else { Some(viewer.sees_for()?) };
        Some(Level { audience, owner, gate: Condition::all() })
    };
    Audience::iter().filter_map(level).collect()
}

/// A column of a table.
pub type ColumnName = (DynIden, DynIden);

/// A column of a table that holds ids, and those that tell who may see them.
#[derive(Clone, Debug)]
pub struct Columns {
    pub id: ColumnName,
    audience: ColumnName,
    owner: ColumnName,
    /// What names the owner as well, where indexes have the rows of each.
    indexed_owner: Option<ColumnName>,
}

impl Columns {
    pub fn of<E: Row>(id: E::Column) -> Self {
        let (audience, owner) = (E::AUDIENCE.as_column_ref(), E::OWNER.as_column_ref());
        Self { id: id.as_column_ref(), audience, owner, indexed_owner: None }
    }

    /// Those of the table of a list itself.
    pub fn of_rows<E: Visible>() -> Self {
        let indexed_owner = E::ORDERED.and_then(|ordered| ordered.owner).map(|owner| owner.as_column_ref());
        Self { indexed_owner, ..Self::of::<E>(E::ID) }
    }

    /// Whether indexes have the rows of each owner.
    pub fn are_owned(&self) -> bool {
        self.indexed_owner.is_some()
    }

    /// As `are_owned`, by this column.
    pub fn are_owned_by(&self, column: &ColumnName) -> bool {
        self.indexed_owner.as_ref() == Some(column)
    }

    /// The rows of an organisation.
    fn owned_by(&self, organization: OrganizationId) -> Condition {
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

/// What may hold of few rows of an audience.
#[derive(Clone, Debug)]
pub struct Candidates {
    pub columns: Columns,
    pub condition: Condition,
    /// What an index has them in the order of: else PostgreSQL might read the table until it has met with enough of them.
    pub order: Vec<ColumnName>,
}

impl Candidates {
    /// The rows of one value, which an index has in the order of their ids.
    pub fn of_rows(columns: Columns, condition: Condition) -> Self {
        let order = vec![columns.id.clone()];
        Self { columns, condition, order }
    }

    /// The ids of those of an audience, one more than few at most.
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

    fn are_few(&self, backend: DbBackend, level: &Level) -> Expr {
        let (all, ids) = (Expr::col(Asterisk).count(), self.ids(backend, level));
        Expr::from(Query::select().expr(all).from_subquery(ids, "candidate").take()).lte(level.few())
    }

    fn hold(&self, backend: DbBackend, level: &Level, id: Expr) -> Expr {
        let ids = self.ids(backend, level);
        match backend {
            // Ids that are known are looked up; those of a query might be joined with the whole table.
            DbBackend::Postgres => Expr::cust_with_exprs("$1 = ANY(ARRAY $2)", [id, Expr::from(ids)]),
            _ => id.in_subquery(ids),
        }
    }
}

/// A condition that no index is asked for: it is told of one row after the other.
pub fn tested(condition: Expr) -> Expr {
    Func::coalesce([condition, Expr::value(false)]).into()
}

/// As `tested`, if there is a condition.
pub fn all_tested(condition: &Condition) -> Condition {
    if condition.is_empty() { Condition::all() } else { Condition::all().add(tested(Expr::from(condition.clone()))) }
}

/// Whether a statement finds a row. It is asked of one row after the other: what `EXISTS` holds PostgreSQL might read as a whole.
pub fn any(mut found: SelectStatement) -> Expr {
    let found = found.clear_selects().expr(Expr::value(true)).limit(1).take();
    tested(found.into())
}

/// The rows of several statements, each of which has its own limit: SQLite takes none in a part of a union itself.
fn union(parts: impl IntoIterator<Item = (&'static str, SelectStatement)>) -> SelectStatement {
    let whole = |(name, part)| Query::select().column(Asterisk).from_subquery(part, name).take();
    let mut parts = parts.into_iter().map(whole);
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.union(UnionType::All, part);
    }
    all
}

/// What must hold of the rows of an audience that are passed by, and that any are. Those of an organisation an index has in order, whatever
/// else must hold.
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

/// The rows of a section that have an audience, as many as a page has.
fn branch<E: Visible>(
    backend: DbBackend,
    listing: &Listing<E>,
    walk: &Walk,
    level: &Level,
    section: &Section,
) -> SelectStatement {
    let Section { condition, beyond, order, by_id } = section;
    let (audience, id) = (Expr::col(E::AUDIENCE.as_column_ref()), Expr::col(E::ID.as_column_ref()));
    let (level, passed_by) = passed_by::<E>(walk, level);
    let mut branch = Query::select();
    branch.column(E::ID.as_column_ref()).from(E::default().table_ref()).cond_where(passed_by);
    match by_id {
        // PostgreSQL would pass by all rows in the order of the ids, wherever it may, and looks for the audience as a range in its index.
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
    // The index of all rows would lead SQLite there sooner than that of an organisation's.
    let beyond = if level.owner.is_some() { all_tested(beyond) } else { beyond.clone() };
    branch.cond_where(condition.clone()).cond_where(beyond);
    for (expr, order) in order {
        branch.order_by_expr(expr.clone(), order.clone());
    }
    branch.limit(listing.most()).take()
}

/// The rows of an audience of which something holds, as many as a page has: for few.
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

/// The statement of a page: the first rows of each part of the list, and of these the first.
pub fn page<E: Visible>(backend: DbBackend, viewer: &Viewer, listing: &Listing<E>, walk: &Walk) -> SelectStatement {
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
        // Each row is looked up: for ids of which it does not know how many there are, PostgreSQL might read the whole table.
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
