//! Door 1: every read. A row that the viewer may not see is simply not found.
#![expect(clippy::disallowed_methods, reason = "the one place that reads entities")]

use std::collections::{HashMap, HashSet};

use entity::id::{OrganizationId, RecordId};
use entity::{Audience, Part, RecordType, Row};
use sea_orm::sea_query::{
    ArrayType, Asterisk, Condition, DynIden, Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{
    ActiveEnum as _, ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult, IdenStatic as _, Iterable as _,
    Value,
};
use uuid::Uuid;

use super::change::published::{published, with_published};
use super::page::{Beyond, Listing, Page, Section};
use crate::auth::Viewer;
use crate::error::Error;

/// Who may see which rows of a table.
pub trait Visible: Row {
    /// Whether a process keeps its rows: they are few, many records name them, and who may see them is written on them.
    const KEPT: bool = false;
    /// Whether indexes have the rows of each audience in every order of their lists.
    const LEVELLED: bool = false;

    /// The rows that the viewer may see: those of its audience, and those of its own organisation.
    fn visible(viewer: &Viewer) -> Condition {
        by_access::<Self>(viewer)
    }
}

/// The rule of most tables: what is written on the row itself.
pub fn by_access<E: Row>(viewer: &Viewer) -> Condition {
    within(viewer, E::AUDIENCE, E::OWNER)
}

/// The rows whose access, in these columns, admits a viewer. `Viewer::admits` judges the same of one row.
pub fn within(viewer: &Viewer, audience: impl ColumnTrait, owner: impl ColumnTrait) -> Condition {
    let within = match viewer.clearance() {
        Audience::Confidential => return Condition::all(),
        // Neither a range nor equal: SQLite would find the rows by it and sort them, where an index has them in the order of the list.
        Audience::Participants => audience.ne(Audience::Confidential),
        Audience::Public => audience.ne(Audience::Confidential).and(audience.ne(Audience::Participants)),
    };
    match viewer.sees_for() {
        Some(organization) => Condition::any().add(within).add(owner.eq(organization)),
        None => Condition::all().add(within),
    }
}

/// A row that is there, if the viewer may see it. What it may write it does not always read.
pub fn shown<E: Row>(viewer: &Viewer, row: E::Model) -> Option<E::Model> {
    Some(row).filter(|row| viewer.admits((E::audience(row), E::owner(row))))
}

/// A statement on the rows that the viewer may see. It names no column: a test holds the schema equal to the entities.
pub fn select<E: Visible>(viewer: &Viewer) -> SelectStatement {
    select_all::<E>().cond_where(E::visible(viewer)).take()
}

fn select_all<E: Row>() -> SelectStatement {
    Query::select().column((E::default(), Asterisk)).from(E::default().table_ref()).take()
}

async fn rows<E: Row>(db: &impl ConnectionTrait, statement: &SelectStatement) -> Result<Vec<E::Model>, Error> {
    let rows = db.query_all(statement).await?;
    Ok(rows.iter().map(|row| E::Model::from_query_result(row, "")).collect::<Result<_, DbErr>>()?)
}

pub async fn get<E: Visible>(db: &impl ConnectionTrait, viewer: &Viewer, id: E::Id) -> Result<Option<E::Model>, Error> {
    find::<E>(db, viewer, Condition::all().add(E::ID.eq(id))).await
}

/// The row with a natural key.
pub async fn find<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    condition: Condition,
) -> Result<Option<E::Model>, Error> {
    let row = db.query_one(select::<E>(viewer).cond_where(condition).limit(1)).await?;
    Ok(row.map(|row| E::Model::from_query_result(&row, "")).transpose()?)
}

/// All rows that meet a condition. For lists that are known to be short.
pub async fn all<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    condition: Condition,
) -> Result<Vec<E::Model>, Error> {
    rows::<E>(db, select::<E>(viewer).cond_where(condition)).await
}

pub async fn by_ids<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[E::Id],
) -> Result<Vec<E::Model>, Error> {
    let wanted = among(db.get_database_backend(), E::ID, ids);
    rows::<E>(db, select::<E>(viewer).and_where(wanted)).await
}

/// As `seen`, of rows that are there: whoever sees all sees them.
pub async fn seen_of_known<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: Vec<E::Id>,
) -> Result<HashSet<E::Id>, Error> {
    if E::visible(viewer).is_empty() { Ok(ids.into_iter().collect()) } else { seen::<E>(db, viewer, ids).await }
}

/// Those of the ids whose rows are there and the viewer may see.
pub async fn seen<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    mut ids: Vec<E::Id>,
) -> Result<HashSet<E::Id>, Error> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let wanted = among(db.get_database_backend(), E::ID, &ids);
    let mut statement = select::<E>(viewer).and_where(wanted).take();
    let rows = db.query_all(statement.clear_selects().column(E::ID.as_column_ref())).await?;
    rows.iter().map(|row| Ok(row.try_get("", E::ID.as_str())?)).collect()
}

/// The rows after one of them, in the order of their ids, that what is written on them lets the viewer see: what the feed
/// tells of them.
pub async fn after<E: Row>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    last: Option<E::Id>,
    limit: u64,
) -> Result<Vec<E::Model>, Error> {
    let mut statement = select_all::<E>().cond_where(by_access::<E>(viewer)).take();
    if let Some(last) = last {
        statement.and_where(E::ID.gt(last));
    }
    rows::<E>(db, statement.order_by(E::ID, Order::Asc).limit(limit)).await
}

/// As `by_ids`, those that what is written on them lets the viewer see: what the feed tells of them.
pub async fn admitted<E: Row>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[E::Id],
) -> Result<Vec<E::Model>, Error> {
    let wanted = among(db.get_database_backend(), E::ID, ids);
    rows::<E>(db, select_all::<E>().cond_where(by_access::<E>(viewer)).and_where(wanted)).await
}

/// The parts of several parents, each parent's in their order.
pub async fn children<P: Part + Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    parents: &[P::ParentId],
) -> Result<Vec<P::Model>, Error> {
    let of_parents = among(db.get_database_backend(), P::PARENT, parents);
    let mut statement = select::<P>(viewer).and_where(of_parents).take();
    rows::<P>(db, statement.order_by(P::ORDER, Order::Asc).order_by(P::ID, Order::Asc)).await
}

pub async fn list<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    listing: &Listing<E>,
) -> Result<Page<E::Model>, Error> {
    Ok(listing.page(rows::<E>(db, &page_of(db.get_database_backend(), viewer, listing)).await?))
}

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

/// The rows of a section that have an audience, as many as a page has.
fn branch<E: Visible>(backend: DbBackend, listing: &Listing<E>, level: &Level, section: &Section) -> SelectStatement {
    let Section { condition, order, by_id } = section;
    let (audience, id) = (Expr::col(E::AUDIENCE.as_column_ref()), Expr::col(E::ID.as_column_ref()));
    let mut branch = Query::select();
    branch.column(E::ID.as_column_ref()).from(E::default().table_ref()).cond_where(listing.condition.clone());
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

/// A page of a list whose rows an index has in order, audience by audience: the first of each, and of these the first. `link` is what all
/// of them hang on.
fn levelled<E: Visible>(
    backend: DbBackend,
    viewer: &Viewer,
    listing: &Listing<E>,
    sections: &[Section],
    link: Option<&Expr>,
) -> SelectStatement {
    let levels = levels(viewer);
    let branches = levels.iter().flat_map(|level| sections.iter().map(move |section| (level, section)));
    let mut branches = branches.map(|(level, section)| {
        let branch = branch(backend, listing, level, section).and_where_option(link.cloned()).take();
        // SQLite takes no limit in a part of a union itself.
        Query::select().column(Asterisk).from_subquery(branch, "branch").take()
    });
    let mut found = branches.next().unwrap_or_default();
    for branch in branches {
        found.union(UnionType::All, branch);
    }
    let is_one_of_them = Expr::col(E::ID.as_column_ref()).eq(Expr::col(("found", E::ID)));
    let mut page = Query::select();
    page.column((E::default(), Asterisk)).from_subquery(found, "found");
    page.cross_join(E::default().table_ref()).and_where(is_one_of_them);
    listing.order(&mut page);
    page
}

/// The statement that a page of a list is read by.
pub fn page_of<E: Visible>(backend: DbBackend, viewer: &Viewer, listing: &Listing<E>) -> SelectStatement {
    if let Some(sections) = listing.sections().filter(|_| E::LEVELLED) {
        return levelled(backend, viewer, listing, &sections, None);
    }
    let mut statement = select::<E>(viewer).cond_where(listing.condition.clone()).take();
    listing.narrow(&mut statement);
    statement
}

/// The rows of a list without its cursors.
pub async fn first<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    listing: &Listing<E>,
) -> Result<Vec<E::Model>, Error> {
    Ok(list(db, viewer, listing).await?.rows.into_iter().map(|(row, _)| row).collect())
}

pub async fn count<E: Visible>(db: &impl ConnectionTrait, viewer: &Viewer, condition: Condition) -> Result<i64, Error> {
    let mut statement = select::<E>(viewer).cond_where(condition).take();
    let row = db.query_one(statement.clear_selects().expr_as(Expr::col(Asterisk).count(), "n")).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or(0))
}

/// How many records of each type there are that is published, whoever may see them.
pub async fn sizes(db: &impl ConnectionTrait) -> Result<HashMap<RecordType, u64>, Error> {
    let mut statement = Query::select();
    for record in published(None) {
        if let Some(mut counted) = with_published!(record, E => select_all::<E>()) {
            counted.clear_selects().expr(Expr::col(Asterisk).count());
            statement.expr_as(counted, record.to_value());
        }
    }
    let row = db.query_one(&statement).await?.ok_or_else(|| Error::internal("nothing was counted"))?;
    let count = |record: RecordType| -> Result<(RecordType, u64), Error> {
        let count: i64 = row.try_get("", &record.to_value())?;
        Ok((record, u64::try_from(count).unwrap_or_default()))
    };
    published(None).into_iter().map(count).collect()
}

/// How the rows of a table hang on a parent: by a column of their own, or through a table between.
#[derive(Clone)]
pub struct Link {
    /// The column that holds the parent's id.
    parent: (DynIden, DynIden),
    /// In a table between: the column that holds the child's id.
    child: Option<(DynIden, DynIden)>,
    /// Whether indexes have the children of each parent in every order, audience by audience.
    is_levelled: bool,
}

impl Link {
    pub fn direct(parent: impl ColumnTrait) -> Self {
        Self { parent: parent.as_column_ref(), child: None, is_levelled: false }
    }

    /// As `direct`, where indexes have the children of each parent in every order, audience by audience.
    pub fn levelled(parent: impl ColumnTrait) -> Self {
        Self { is_levelled: true, ..Self::direct(parent) }
    }

    pub fn through(parent: impl ColumnTrait, child: impl ColumnTrait) -> Self {
        Self { parent: parent.as_column_ref(), child: Some(child.as_column_ref()), is_levelled: false }
    }

    /// The children of the parent whose id is `parent`.
    fn of<E: Row>(&self, parent: Expr) -> Expr {
        let is_parent = Expr::col(self.parent.clone()).eq(parent);
        match &self.child {
            None => is_parent,
            Some(child) => {
                let ids = Query::select().column(child.clone()).from(self.parent.0.clone()).and_where(is_parent).take();
                Expr::col(E::ID.as_column_ref()).in_subquery(ids)
            }
        }
    }
}

/// The same page of several parents, in one statement.
pub async fn pages<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    link: &Link,
    parents: &[Uuid],
    listing: &Listing<E>,
) -> Result<HashMap<Uuid, Page<E::Model>>, Error> {
    let statement = pages_of(db.get_database_backend(), viewer, link, parents, listing);
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
    link: &Link,
    parents: &[Uuid],
    listing: &Listing<E>,
) -> SelectStatement {
    let of_parent = link.of::<E>(parent_of_row(backend));
    let sections = listing.sections().filter(|_| E::LEVELLED && link.is_levelled);
    let mut inner = if let Some(sections) = sections {
        levelled(backend, viewer, listing, &sections, Some(&of_parent))
    } else {
        let mut inner = select::<E>(viewer).cond_where(listing.condition.clone()).and_where(of_parent).take();
        listing.narrow(&mut inner);
        inner
    };
    let mut outer = Query::select();
    outer.expr_as(parent_of_row(backend), PARENT).column(("c", Asterisk)).from_function(each(backend, parents), "p");
    if backend == DbBackend::Postgres {
        outer.join_lateral(JoinType::InnerJoin, inner, "c", Expr::value(true));
    } else {
        // SQLite has no lateral join; a correlated list of ids does the same. It keeps the order of a cross join: it could take the
        // table first, and make the list anew for each of its rows.
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
    link: &Link,
    parents: &[Uuid],
    condition: Condition,
) -> Result<HashMap<Uuid, i64>, Error> {
    let counted = select::<E>(viewer).cond_where(condition).take();
    tally(db, link.of::<E>(parent_of_row(db.get_database_backend())), parents, counted).await
}

/// How many parts each of several parents has, the hidden ones included: a count that a rule lets everyone see who
/// sees the parent.
pub async fn headcounts<P: Part>(db: &impl ConnectionTrait, parents: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
    let link = Link::direct(P::PARENT);
    tally(db, link.of::<P>(parent_of_row(db.get_database_backend())), parents, select_all::<P>()).await
}

async fn tally(
    db: &impl ConnectionTrait,
    of_parent: Expr,
    parents: &[Uuid],
    mut counted: SelectStatement,
) -> Result<HashMap<Uuid, i64>, Error> {
    let backend = db.get_database_backend();
    counted.clear_selects().expr(Expr::col(Asterisk).count()).and_where(of_parent);
    let mut outer = Query::select();
    outer.expr_as(parent_of_row(backend), PARENT).expr_as(counted, "n").from_function(each(backend, parents), "p");
    let rows = db.query_all(&outer).await?;
    rows.iter().map(|row| Ok((row.try_get("", PARENT)?, row.try_get("", "n")?))).collect()
}

/// The name of the parent's id in the statements above.
const PARENT: &str = "parent__";

/// A row for each id, called `p`.
fn each(backend: DbBackend, ids: &[Uuid]) -> sea_orm::sea_query::FunctionCall {
    match backend {
        DbBackend::Postgres => Func::cust("unnest").arg(array(ids.iter().copied())),
        _ => Func::cust("json_each").arg(json(ids.iter().copied())),
    }
}

/// The id in a row of `each`.
fn parent_of_row(backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::col(("p", "p")),
        _ => Func::cust("unhex").arg(Expr::col(("p", "value"))).into(),
    }
}

/// Whether a column's id is one of `ids`. The statement is the same for any number of them.
pub fn among<I: RecordId>(backend: DbBackend, column: impl ColumnTrait, ids: &[I]) -> Expr {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    among_uuids(backend, column, &uuids)
}

/// As `among`, of ids of any kind.
pub fn among_uuids(backend: DbBackend, column: impl ColumnTrait, ids: &[Uuid]) -> Expr {
    let column = Expr::col(column.as_column_ref());
    let uuids = ids.iter().copied();
    if backend == DbBackend::Postgres {
        return Expr::cust_with_exprs("$1 = ANY($2)", [column, array(uuids)]);
    }
    let listed = Query::select()
        .expr(Func::cust("unhex").arg(Expr::col("value")))
        .from_function(Func::cust("json_each").arg(json(uuids)), "listed")
        .take();
    column.in_subquery(listed)
}

/// Whether a column's text is one of `texts`. The statement is the same for any number of them.
pub fn among_texts<'a>(backend: DbBackend, column: impl ColumnTrait, texts: impl IntoIterator<Item = &'a str>) -> Expr {
    let column = Expr::col(column.as_column_ref());
    let texts: Vec<&str> = texts.into_iter().collect();
    if backend == DbBackend::Postgres {
        let texts = texts.into_iter().map(Value::from).collect();
        let texts = Value::Array(ArrayType::String, Some(Box::new(texts)));
        return Expr::cust_with_exprs("$1 = ANY($2)", [column, Expr::value(texts)]);
    }
    let texts = Expr::value(serde_json::Value::from(texts).to_string());
    let listed = Func::cust("json_each").arg(texts);
    column.in_subquery(Query::select().column("value").from_function(listed, "listed").take())
}

fn array(ids: impl Iterator<Item = Uuid>) -> Expr {
    let ids: Vec<Value> = ids.map(Value::from).collect();
    Expr::value(Value::Array(ArrayType::Uuid, Some(Box::new(ids))))
}

fn json(ids: impl Iterator<Item = Uuid>) -> Expr {
    let ids: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
    Expr::value(serde_json::Value::from(ids).to_string())
}

/// The record whose id a client wrote. An id of another kind answers like one that does not exist.
pub async fn by_text_id<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id: &str,
) -> Result<Option<E::Model>, Error> {
    match id.parse::<E::Id>() {
        Ok(id) => get::<E>(db, viewer, id).await,
        Err(_) => Ok(None),
    }
}

/// The record with a natural key that a client wrote.
pub async fn by_key<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    column: E::Column,
    key: &str,
) -> Result<Option<E::Model>, Error> {
    // PostgreSQL stores no NUL character: no record has such a key.
    if key.contains('\0') {
        return Ok(None);
    }
    find::<E>(db, viewer, Condition::all().add(column.eq(key))).await
}
