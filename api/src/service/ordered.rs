//! A page of a list whose rows indexes have in every order, audience by audience. They are passed by in the order of the list until the page
//! is full; unless something that the list asks for holds of few rows: those are found by it, and sorted.

use entity::id::OrganizationId;
use entity::{Audience, Row};
use sea_orm::sea_query::{
    Asterisk, Condition, DynIden, Expr, ExprTrait, Func, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{ColumnTrait as _, DbBackend, Iterable as _};

use super::page::{Beyond, Listing, Section, Walk};
use super::read::Visible;
use crate::auth::Viewer;

/// The most rows of an audience that are found and sorted.
const FEW: u64 = 256;

/// An audience whose rows a viewer may see: all of them, or its organisation's.
struct Level {
    audience: Audience,
    owner: Option<OrganizationId>,
}

/// The audiences of which a viewer may see rows.
fn levels(viewer: &Viewer) -> Vec<Level> {
    let level = |audience| {
        let owner = if audience <= viewer.clearance() { None } else { Some(viewer.sees_for()?) };
        Some(Level { audience, owner })
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
}

impl Columns {
    pub fn of<E: Row>(id: E::Column) -> Self {
        let (audience, owner) = (E::AUDIENCE.as_column_ref(), E::OWNER.as_column_ref());
        Self { id: id.as_column_ref(), audience, owner }
    }

    /// The rows that a viewer may see.
    pub fn seen(&self, viewer: &Viewer) -> Condition {
        let levels = levels(viewer).into_iter().map(|level| self.of_level(&level));
        levels.fold(Condition::any(), Condition::add)
    }

    fn of_level(&self, level: &Level) -> Condition {
        let is_its = level.owner.map(|owner| Expr::col(self.owner.clone()).eq(owner));
        Condition::all().add(Expr::col(self.audience.clone()).eq(level.audience)).add_option(is_its)
    }
}

/// The ids of rows that may be few: of each audience that the viewer may see one more than few at most.
#[derive(Clone, Debug)]
pub struct Candidates(SelectStatement);

impl Candidates {
    /// Those that meet a condition. `order` is what an index has them in the order of: else PostgreSQL might read the table until it has met
    /// with as many.
    pub fn new(viewer: &Viewer, columns: &Columns, condition: &Condition, order: &[ColumnName]) -> Self {
        let of_level = |level: Level| {
            let mut ids = Query::select();
            ids.column(columns.id.clone()).from(columns.id.0.clone()).cond_where(condition.clone());
            ids.cond_where(columns.of_level(&level)).limit(FEW + 1);
            for column in order {
                ids.order_by(column.clone(), Order::Asc);
            }
            ids
        };
        Self(union("candidate", levels(viewer).into_iter().map(of_level)))
    }

    fn are_few(&self) -> Expr {
        let counted = Query::select().expr(Expr::col(Asterisk).count()).from_subquery(self.0.clone(), "counted").take();
        Expr::from(counted).lte(FEW)
    }

    fn hold(&self, backend: DbBackend, id: Expr) -> Expr {
        let ids = self.0.clone();
        match backend {
            // Ids that are known are looked up; those of a query might be joined with the whole table.
            DbBackend::Postgres => Expr::cust_with_exprs("$1 = ANY(ARRAY $2)", [id, Expr::from(ids)]),
            _ => id.in_subquery(ids),
        }
    }

    /// As many of a list's rows as a page has, if they are few.
    fn page<E: Visible>(
        &self,
        backend: DbBackend,
        viewer: &Viewer,
        listing: &Listing<E>,
        walk: &Walk,
    ) -> SelectStatement {
        let mut few = Query::select();
        few.column(E::ID.as_column_ref()).from(E::default().table_ref()).cond_where(E::visible(viewer));
        few.and_where(self.hold(backend, Expr::col(E::ID.as_column_ref()))).and_where(self.are_few());
        if !walk.condition.is_empty() {
            few.and_where(tested(Expr::from(walk.condition.clone())));
        }
        listing.narrow(&mut few);
        few
    }
}

/// A condition that no index is asked for: it is told of one row after the other.
pub fn tested(condition: Expr) -> Expr {
    Func::coalesce([condition, Expr::value(false)]).into()
}

/// Whether a statement finds a row. It is asked of one row after the other: what `EXISTS` holds PostgreSQL might read as a whole.
pub fn any(mut found: SelectStatement) -> Expr {
    let found = found.clear_selects().expr(Expr::value(true)).limit(1).take();
    tested(found.into())
}

/// The rows of several statements, each of which has its own limit: SQLite takes none in a part of a union itself.
fn union(name: &'static str, parts: impl IntoIterator<Item = SelectStatement>) -> SelectStatement {
    let mut parts = parts.into_iter().map(|part| Query::select().column(Asterisk).from_subquery(part, name).take());
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.union(UnionType::All, part);
    }
    all
}

/// The rows of a section that have an audience, as many as a page has.
fn branch<E: Visible>(
    backend: DbBackend,
    listing: &Listing<E>,
    walk: &Walk,
    level: &Level,
    section: &Section,
) -> SelectStatement {
    let Section { condition, order, by_id } = section;
    let (audience, id) = (Expr::col(E::AUDIENCE.as_column_ref()), Expr::col(E::ID.as_column_ref()));
    let mut branch = Query::select();
    branch.column(E::ID.as_column_ref()).from(E::default().table_ref()).cond_where(walk.condition.clone());
    match by_id {
        // PostgreSQL would pass by all rows in the order of the ids, wherever it may, and looks for the audience as a range in its index.
        Some(bounds) if backend == DbBackend::Postgres => {
            let level = Expr::value(level.audience);
            branch.and_where(audience.clone().gte(level.clone())).and_where(audience.clone().lte(level.clone()));
            for (side, bound) in bounds {
                let place = Expr::tuple([audience.clone(), id.clone()]);
                let bound = Expr::tuple([level.clone(), Expr::value(*bound)]);
                branch.and_where(if *side == Beyond::Above { place.gt(bound) } else { place.lt(bound) });
            }
            branch.order_by_expr(audience, order.first().map_or(Order::Asc, |(_, order)| order.clone()));
        }
        _ => {
            branch.and_where(audience.eq(level.audience));
        }
    }
    branch.and_where_option(level.owner.map(|owner| E::OWNER.eq(owner))).cond_where(condition.clone());
    for (expr, order) in order {
        branch.order_by_expr(expr.clone(), order.clone());
    }
    branch.limit(listing.most()).take()
}

/// The statement of a page: the first rows of each part of the list, and of these the first.
pub fn page<E: Visible>(backend: DbBackend, viewer: &Viewer, listing: &Listing<E>, walk: &Walk) -> SelectStatement {
    let (mut few, mut many) = (Vec::new(), Condition::all());
    for candidates in &walk.candidates {
        few.push(candidates.page(backend, viewer, listing, walk).cond_where(many.clone()).take());
        many = many.add(candidates.are_few().not());
    }
    let (levels, sections) = (levels(viewer), listing.sections());
    let branches = levels.iter().flat_map(|level| sections.iter().map(move |section| (level, section)));
    let branches =
        branches.map(|(level, section)| branch(backend, listing, walk, level, section).cond_where(many.clone()).take());
    let mut found = union("branch", branches);
    for few in few {
        found.union(UnionType::All, Query::select().column(Asterisk).from_subquery(few, "few").take());
    }
    let is_one_of_them = Expr::col(E::ID.as_column_ref()).eq(Expr::col(("found", E::ID)));
    let mut page = Query::select();
    page.column((E::default(), Asterisk)).from_subquery(found, "found");
    page.cross_join(E::default().table_ref()).and_where(is_one_of_them);
    listing.order(&mut page);
    page
}
