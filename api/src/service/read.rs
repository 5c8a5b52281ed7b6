//! The read layer: every read of the register goes through it. A row that the viewer may not see is simply not found; nothing here writes.
#![expect(clippy::disallowed_methods, reason = "the one place that reads entities")]

use std::collections::HashSet;

use entity::id::RecordId;
use entity::{Audience, Part, RecordType, Row};
use sea_orm::sea_query::{
    ArrayType, Asterisk, Condition, Expr, ExprTrait, Func, Order, Query, SelectStatement, UnionType,
};
use sea_orm::{
    ActiveEnum as _, ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult, IdenStatic as _, QueryResult,
    Value,
};
use uuid::Uuid;

use super::registry::{published, with_published};
use crate::auth::Viewer;
use crate::error::Error;

/// Who may see which rows of a table.
pub trait Visible: Row {
    /// Whether a process caches its rows: they are few, many records refer to them, and who may see them is written on them.
    const CACHED: bool = false;
    /// Whether the access that is written on a row alone decides who sees it.
    const BY_ACCESS: bool = true;
    /// Which rows indexes have audience by audience in every order of the lists; `None` if there are no such indexes.
    const ORDERED: Option<Ordered<Self::Column>> = None;

    /// The rows that the viewer may see: those of its audiences, and those of its own organisation.
    fn visible(viewer: &Viewer) -> Condition {
        by_access::<Self>(viewer)
    }
}

/// Which rows of a table indexes have, audience by audience.
pub struct Ordered<C: 'static> {
    /// Whether indexes have all rows in every order. If not, they only have those with one value of `leading`.
    pub is_whole: bool,
    /// Columns for one value of which indexes have the rows in every order of the lists.
    pub leading: &'static [C],
    /// Columns by whose values indexes find rows.
    pub found: &'static [C],
    /// Another column that names the owner of a row, if indexes have the rows of each in every order of the lists. It must equal the owner:
    /// a row in which they differ would be in no list of its owner's.
    pub owner: Option<C>,
}

/// The rule of most tables: the access that is written on the row itself.
pub fn by_access<E: Row>(viewer: &Viewer) -> Condition {
    within(viewer, E::AUDIENCE, E::OWNER)
}

/// The rows whose access, in these columns, admits a viewer. `Viewer::admits` judges the same for one row in memory.
pub fn within(viewer: &Viewer, audience: impl ColumnTrait, owner: impl ColumnTrait) -> Condition {
    let within = match viewer.clearance() {
        Audience::Confidential => return Condition::all(),
        // Neither a range nor an equality: SQLite would use it to find the rows and sort them, where an index has them in the order of the
        // list.
        Audience::Participants => audience.ne(Audience::Confidential),
        Audience::Public => audience.ne(Audience::Confidential).and(audience.ne(Audience::Participants)),
    };
    match viewer.sees_for() {
        Some(organization) => Condition::any().add(within).add(owner.eq(organization)),
        None => Condition::all().add(within),
    }
}

/// An existing row, if the viewer may see it: a viewer may not always read what it may write.
pub fn shown<E: Row>(viewer: &Viewer, row: E::Model) -> Option<E::Model> {
    Some(row).filter(|row| viewer.admits((E::audience(row), E::owner(row))))
}

/// A statement on the rows that the viewer may see. It names no columns: a test keeps the schema equal to the entities.
pub fn select<E: Visible>(viewer: &Viewer) -> SelectStatement {
    select_all::<E>().cond_where(E::visible(viewer)).take()
}

pub(super) fn select_all<E: Row>() -> SelectStatement {
    Query::select().column((E::default(), Asterisk)).from(E::default().table_ref()).take()
}

pub(super) async fn rows<E: Row>(
    db: &impl ConnectionTrait,
    statement: &SelectStatement,
) -> Result<Vec<E::Model>, Error> {
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

/// The first of the rows that meet a condition, by a column for which there is an index.
pub async fn first<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    condition: Condition,
    by: E::Column,
) -> Result<Option<E::Model>, Error> {
    let mut statement = select::<E>(viewer).cond_where(condition).take();
    Ok(rows::<E>(db, statement.order_by(by, Order::Asc).limit(1)).await?.pop())
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

/// As `seen`, for ids of rows that are known to exist: a viewer that sees everything sees them without a statement.
pub async fn seen_of_known<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: Vec<E::Id>,
) -> Result<HashSet<E::Id>, Error> {
    if E::visible(viewer).is_empty() { Ok(ids.into_iter().collect()) } else { seen::<E>(db, viewer, ids).await }
}

/// Those of the ids whose rows exist and the viewer may see.
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

/// The rows after a given id, in the order of their ids, whose access admits the viewer: as the feed judges.
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

/// As `by_ids`, for rows whose access admits the viewer: as the feed judges.
pub async fn admitted<E: Row>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[E::Id],
) -> Result<Vec<E::Model>, Error> {
    let wanted = among(db.get_database_backend(), E::ID, ids);
    rows::<E>(db, select_all::<E>().cond_where(by_access::<E>(viewer)).and_where(wanted)).await
}

/// The parts of several parents, in each parent's order.
pub async fn children<P: Part + Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    parents: &[P::ParentId],
) -> Result<Vec<P::Model>, Error> {
    let of_parents = among(db.get_database_backend(), P::PARENT, parents);
    let mut statement = select::<P>(viewer).and_where(of_parents).take();
    rows::<P>(db, statement.order_by(P::ORDER, Order::Asc).order_by(P::ID, Order::Asc)).await
}

pub async fn count<E: Visible>(db: &impl ConnectionTrait, viewer: &Viewer, condition: Condition) -> Result<i64, Error> {
    let mut statement = select::<E>(viewer).cond_where(condition).take();
    let row = db.query_one(statement.clear_selects().expr_as(Expr::col(Asterisk).count(), "n")).await?;
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or(0))
}

/// How many records there are of each published type for each audience.
pub async fn sizes(db: &impl ConnectionTrait) -> Result<Vec<(RecordType, Audience, u64)>, Error> {
    let counted = published(None).into_iter().filter_map(|record| {
        with_published!(record, E => {
            let mut counted = select_all::<E>();
            counted.clear_selects().expr_as(Expr::value(record.to_value()), "record");
            counted.expr_as(E::AUDIENCE.into_expr(), "audience").expr_as(Expr::col(Asterisk).count(), "n");
            counted.add_group_by([E::AUDIENCE.into_expr()]).take()
        })
    });
    let all = counted.reduce(|mut all, one| all.union(UnionType::All, one).take());
    let all = all.ok_or_else(|| Error::internal("nothing is counted"))?;
    let count = |row: QueryResult| -> Result<(RecordType, Audience, u64), Error> {
        let count: i64 = row.try_get("", "n")?;
        Ok((row.try_get("", "record")?, row.try_get("", "audience")?, u64::try_from(count).unwrap_or_default()))
    };
    db.query_all(&all).await?.into_iter().map(count).collect()
}

/// Whether a column's id is one of `ids`. The statement is the same for any number of them.
pub fn among<I: RecordId>(backend: DbBackend, column: impl ColumnTrait, ids: &[I]) -> Expr {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    among_uuids(backend, column, &uuids)
}

/// As `among`, for a value that is no plain column.
pub fn is_among<I: RecordId>(backend: DbBackend, value: Expr, ids: &[I]) -> Expr {
    among_values(backend, value, ids.iter().map(|id| id.uuid()))
}

/// As `among`, for ids of any kind.
pub fn among_uuids(backend: DbBackend, column: impl ColumnTrait, ids: &[Uuid]) -> Expr {
    among_values(backend, Expr::col(column.as_column_ref()), ids.iter().copied())
}

fn among_values(backend: DbBackend, value: Expr, uuids: impl Iterator<Item = Uuid>) -> Expr {
    if backend == DbBackend::Postgres {
        return Expr::cust_with_exprs("$1 = ANY($2)", [value, array(uuids)]);
    }
    let listed = Query::select()
        .expr(Func::cust("unhex").arg(Expr::col("value")))
        .from_function(Func::cust("json_each").arg(json(uuids)), "listed")
        .take();
    value.in_subquery(listed)
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

pub(super) fn array(ids: impl Iterator<Item = Uuid>) -> Expr {
    let ids: Vec<Value> = ids.map(Value::from).collect();
    Expr::value(Value::Array(ArrayType::Uuid, Some(Box::new(ids))))
}

pub(super) fn json(ids: impl Iterator<Item = Uuid>) -> Expr {
    let ids: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
    Expr::value(serde_json::Value::from(ids).to_string())
}

/// The record whose id a client sent. Error for a text that is no id of the kind.
pub async fn by_text_id<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id: &str,
) -> Result<Option<E::Model>, Error> {
    get::<E>(db, viewer, id.parse()?).await
}

/// The record whose code a client sent, in upper or lower case: codes are upper-case.
pub async fn by_code<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    column: E::Column,
    code: &str,
) -> Result<Option<E::Model>, Error> {
    by_key::<E>(db, viewer, column, &code.to_ascii_uppercase()).await
}

/// Whether a record may have a key: PostgreSQL stores no NUL character.
fn is_stored(key: &str) -> bool {
    !key.contains('\0')
}

/// The record whose natural key a client sent.
pub async fn by_key<E: Visible>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    column: E::Column,
    key: &str,
) -> Result<Option<E::Model>, Error> {
    if !is_stored(key) {
        return Ok(None);
    }
    find::<E>(db, viewer, Condition::all().add(column.eq(key))).await
}
