//! Keyset paging. A cursor holds the sort keys and the id of a row, and a fingerprint of the list that it belongs to. Nulls sort last in
//! both directions; the id breaks ties and follows the direction of the first key. It runs no statement: `list` and `nested` do.

mod keyset;
mod sort;

use async_graphql::{InputType, Value as Input};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};
use entity::Row;
use entity::id::RecordId;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, SelectStatement};
use sea_orm::{ColumnTrait, ColumnType, ModelTrait, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use self::keyset::{Term, beyond_all, null_rank};
pub(crate) use self::sort::sort;
pub use self::sort::{Direction, Key, Sort};
use super::filter::{Filter, Scope, as_stored, is_storable};
use super::read::Visible;
use super::relation::Relation;
use super::walk::Walk;
use crate::auth::Viewer;
use crate::error::Error;

/// Rows of a page if neither `first` nor `last` is given.
pub const DEFAULT_PAGE: u64 = 25;
/// The most sort keys of a list.
const MOST_KEYS: usize = 5;

/// The paging arguments of a connection, as the client gave them.
#[derive(Clone, Debug)]
pub struct Window {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
    /// The most rows that the installation allows for a page.
    pub longest: u64,
}

/// A requested list: which rows, in which order, and which page of them.
pub struct Listing<E: Row> {
    pub condition: Condition,
    keys: Vec<Key<E>>,
    limit: u64,
    backward: bool,
    after: Option<Position>,
    before: Option<Position>,
    fingerprint: [u8; 6],
    identity: String,
    /// The walk through its rows, if indexes have them in order.
    walk: Option<Walk>,
}

/// The rows of a list that have a value in the first key, or those that have none; in order.
pub struct Section {
    /// The condition by which an index finds its rows.
    pub condition: Condition,
    /// Which of these come after a position, or before another.
    pub beyond: Condition,
    /// The same by the first key alone: includes the rows that are equal in it.
    pub reached: Condition,
    pub order: Vec<(Expr, Order)>,
    /// If rows are in the order of their ids alone: the ids that they come after, or before.
    pub by_id: Option<Vec<(Beyond, Uuid)>>,
}

/// On which side of a row other rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    Above,
    Below,
}

/// Where a row stands in a list: its sort keys and its id.
#[derive(Clone, Debug)]
struct Position {
    values: Vec<Value>,
    id: Uuid,
}

/// A page of a list, in the list's order.
pub struct Page<M> {
    pub rows: Vec<(M, String)>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<M> Page<M> {
    pub fn map<T>(self, change: impl Fn(M) -> T) -> Page<T> {
        let rows = self.rows.into_iter().map(|(row, cursor)| (change(row), cursor)).collect();
        Page { rows, has_next: self.has_next, has_previous: self.has_previous }
    }
}

impl<E: Row> Listing<E> {
    /// `place` names the list (`meetings`, `Body.meetings`), so that its cursors fit no other list. `relation` is how its rows belong to a
    /// parent.
    pub fn new<F, S>(
        place: &str,
        relation: Option<&Relation>,
        filter: Option<&F>,
        order: Option<&[S]>,
        window: &Window,
        viewer: &Viewer,
    ) -> Result<Self, Error>
    where
        E: Visible,
        F: Filter<Entity = E>,
        S: Sort<Entity = E>,
    {
        let order = order.unwrap_or_default();
        if order.len() > MOST_KEYS {
            return Err(Error::InvalidArgument { message: format!("orderBy: at most {MOST_KEYS} keys.") });
        }
        let filter_as_written = as_written(filter.into_iter().map(InputType::to_value).collect());
        let order_as_written = as_written(order.iter().map(InputType::to_value).collect());
        let identity = format!("{place} {filter_as_written} {order_as_written}");
        let digest = Sha256::digest(identity.as_bytes());
        let fingerprint = [digest[0], digest[1], digest[2], digest[3], digest[4], digest[5]];
        let keys: Vec<Key<E>> = order.iter().map(Sort::key).collect();
        let condition = match filter {
            Some(filter) => Scope::new(viewer).apply(filter)?,
            None => Condition::all(),
        };
        let (limit, backward) = size(window)?;
        let position =
            |cursor: &Option<String>| cursor.as_deref().map(|text| decode(text, &keys, fingerprint)).transpose();
        let (after, before) = (position(&window.after)?, position(&window.before)?);
        let identity = format!("{identity} {window:?}");
        let is_led = relation.is_some_and(Relation::is_levelled);
        let walk = Scope::walking::<E>(viewer, keys.first().map(|key| key.column), is_led);
        let walk = walk.map(|scope| scope.walk(filter)).transpose()?.flatten();
        Ok(Self { condition, keys, limit, backward, after, before, fingerprint, identity, walk })
    }

    /// The newest rows, up to a limit.
    pub fn newest(limit: u64) -> Self {
        Self::newest_by(limit, None)
    }

    /// As `newest`, sorted by another key first.
    pub fn newest_by(limit: u64, first: Option<Key<E>>) -> Self {
        let identity = format!("newest {limit} {:?}", first.as_ref().map(|key| key.column.as_column_ref()));
        let keys = first.into_iter().chain([Key { column: E::ID, direction: Direction::Desc }]).collect();
        let condition = Condition::all();
        Self {
            condition,
            keys,
            limit,
            backward: false,
            after: None,
            before: None,
            fingerprint: [0; 6],
            identity,
            walk: None,
        }
    }

    /// Equal for equal lists, so that the same page of many parents is read in one statement.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How the list is walked in its order, if indexes have all of its rows in order.
    pub fn walk(&self) -> Option<&Walk>
    where
        E: Visible,
    {
        self.walk.as_ref().filter(|_| E::ORDERED.is_some_and(|ordered| ordered.is_whole))
    }

    /// As `walk`, for the rows of a parent. Where no index has these in order and a filter asks for some of them only, they are better
    /// found and sorted: a walk would search the whole table for rare rows, for each parent.
    pub fn walk_of(&self, relation: &Relation, parent: Expr) -> Option<Walk>
    where
        E: Visible,
    {
        let walk = if relation.is_levelled() {
            self.walk.as_ref()
        } else {
            self.walk().filter(|walk| walk.condition.is_empty())
        };
        Some(walk?.of_parent::<E>(relation, parent))
    }

    /// Its rows, one section after the other. An index has the first key in order; rows that are equal in it are sorted by the other keys.
    pub fn sections(&self) -> Vec<Section> {
        let may_be_null = self.keys.first().is_some_and(|key| key.column.def().is_null());
        let has_nulls = may_be_null && self.walk.as_ref().is_none_or(|walk| !walk.has_values);
        [false, true].into_iter().take(if has_nulls { 2 } else { 1 }).map(|of_nulls| self.section(of_nulls)).collect()
    }

    fn section(&self, of_nulls: bool) -> Section {
        let column = |column: E::Column| Expr::col(column.as_column_ref());
        let mut condition = Condition::all();
        if let Some(key) = self.keys.first().filter(|key| key.column.def().is_null()) {
            let value = column(key.column);
            condition = condition.add(if of_nulls { value.is_null() } else { value.is_not_null() });
        }
        let (mut beyond, mut reached) = (Condition::all(), Condition::all());
        for (position, flipped) in [(&self.after, false), (&self.before, true)] {
            if let Some(position) = position {
                beyond = beyond.add(self.beyond_in(position, of_nulls, flipped));
                reached = reached.add_option(self.bound_in(position, of_nulls, flipped));
            }
        }
        let first = self.keys.first().map(|key| (column(key.column), self.is_descending() != self.backward));
        let order = first.into_iter().chain(self.sort_exprs(1, column));
        let order = order.map(|(expr, descending)| (expr, if descending { Order::Desc } else { Order::Asc })).collect();
        let side = |descending: bool| if descending { Beyond::Below } else { Beyond::Above };
        let bounds = [(&self.after, side(self.is_descending())), (&self.before, side(!self.is_descending()))];
        let ids = bounds.into_iter().filter_map(|(position, side)| Some((side, position.as_ref()?.id)));
        let by_id = self.keys.is_empty().then(|| ids.collect());
        Section { condition, beyond, reached, order, by_id }
    }

    /// The comparison with a position by the first key, in the section of rows that have a value there.
    fn first_term(&self, position: &Position, of_nulls: bool, flipped: bool) -> Option<Term> {
        let key = self.keys.first().filter(|_| !of_nulls)?;
        let value = position.values.first().filter(|value| **value != value.as_null())?;
        Some(Term::new(Expr::col(key.column.as_column_ref()), value.clone(), self.is_descending() != flipped))
    }

    /// The lowest value of the first key that rows of a section after a position can have; if `flipped`, the highest one before it. An
    /// index can start there, whatever the other keys are.
    fn bound_in(&self, position: &Position, of_nulls: bool, flipped: bool) -> Option<Expr> {
        self.first_term(position, of_nulls, flipped).map(|first| first.reached())
    }

    /// The rows of a section that come after a position; before it, if `flipped`.
    fn beyond_in(&self, position: &Position, of_nulls: bool, flipped: bool) -> Condition {
        let others = self.terms(1, position, flipped);
        if self.keys.is_empty() {
            return beyond_all(&others);
        }
        let is_among_nulls = position.values.first().is_none_or(|value| *value == value.as_null());
        match self.first_term(position, of_nulls, flipped) {
            Some(first) => beyond_all(&[first].into_iter().chain(others).collect::<Vec<Term>>()),
            None if of_nulls && is_among_nulls => beyond_all(&others),
            // The whole section lies beyond the position, or none of it does.
            None if of_nulls != flipped => Condition::all(),
            None => Condition::all().add(Expr::value(false)),
        }
    }

    /// The most rows of a page.
    pub fn length(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// The most rows that are read: one more than a page tells whether there is another page.
    pub fn most(&self) -> u64 {
        self.limit + 1
    }

    /// Orders a statement on the table itself, and limits it.
    pub fn order(&self, select: &mut SelectStatement) {
        for (expr, descending) in self.sort_exprs(self.ended(), |column| Expr::col(column.as_column_ref())) {
            select.order_by_expr(expr, if descending { Order::Desc } else { Order::Asc });
        }
        select.limit(self.most());
    }

    /// Adds the page's condition, order and limit to a statement on the table itself.
    pub fn narrow(&self, select: &mut SelectStatement) {
        if let Some(position) = &self.after {
            select.cond_where(self.beyond(position, self.is_descending()));
        }
        if let Some(position) = &self.before {
            select.cond_where(self.beyond(position, !self.is_descending()));
        }
        self.order(select);
    }

    /// Orders a statement in which the table is called `alias`, the way `narrow` does.
    pub fn order_as(&self, select: &mut SelectStatement, alias: &'static str) {
        for (expr, descending) in self.sort_exprs(self.ended(), |column| Expr::col((alias, column))) {
            select.order_by_expr(expr, if descending { Order::Desc } else { Order::Asc });
        }
    }

    /// The page, made of the rows that a narrowed statement returned.
    pub fn page(&self, mut rows: Vec<E::Model>) -> Page<E::Model> {
        let wanted = self.length();
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        if self.backward {
            rows.reverse();
        }
        let (has_next, has_previous) =
            if self.backward { (self.before.is_some(), more) } else { (more, self.after.is_some()) };
        let rows = rows.into_iter().map(|row| {
            let cursor = self.cursor(&row);
            (row, cursor)
        });
        Page { rows: rows.collect(), has_next, has_previous }
    }

    fn is_descending(&self) -> bool {
        self.keys.first().is_some_and(|key| key.direction == Direction::Desc)
    }

    /// The expressions that the list is sorted by, without the first `after` keys, each with its direction; reversed for a page that is
    /// read backward.
    fn sort_exprs(&self, after: usize, column: impl Fn(E::Column) -> Expr) -> Vec<(Expr, bool)> {
        let mut exprs = Vec::new();
        for key in self.keys.iter().skip(after) {
            let descending = key.direction == Direction::Desc;
            if key.column.def().is_null() {
                exprs.push((null_rank(column(key.column), descending), descending));
            }
            exprs.push((column(key.column), descending));
        }
        exprs.push((column(E::ID), self.is_descending()));
        exprs.into_iter().map(|(expr, descending)| (expr, descending != self.backward)).collect()
    }

    /// How many of the first keys are null in all rows that follow, because the page begins among nulls, which come last. They are left out
    /// of the sorting: SQLite would sort the rows again although its index has them in order.
    fn ended(&self) -> usize {
        let Some(after) = self.after.as_ref().filter(|_| !self.backward) else { return 0 };
        after.values.iter().take_while(|value| **value == value.as_null()).count()
    }

    /// The rows that come strictly after a position if `descending` is the list's own direction, else strictly before it.
    fn beyond(&self, position: &Position, descending: bool) -> Condition {
        let flipped = descending != self.is_descending();
        let (mut all, terms) = (Condition::all(), self.terms(0, position, flipped));
        let ends = terms.iter().take_while(|term| term.null.is_some()).count();
        let (ends, terms) = terms.split_at(ends);
        for term in ends {
            all = all.add_option(term.null.clone());
        }
        all.add(beyond_all(terms))
    }

    /// The comparisons with a position by the id and by the keys, without the first `after` ones.
    fn terms(&self, after: usize, position: &Position, flipped: bool) -> Vec<Term> {
        let column = |column: E::Column| Expr::col(column.as_column_ref());
        let mut terms = Vec::new();
        for (key, value) in self.keys.iter().zip(&position.values).skip(after) {
            let descending = key.direction == Direction::Desc;
            let is_null = *value == value.as_null();
            if key.column.def().is_null() {
                // The rank is true for nulls in ascending order, and for values in descending order.
                let rank = Term::new(null_rank(column(key.column), descending), is_null != descending, descending);
                terms.push(if is_null && !flipped { rank.at_the_end(&column(key.column)) } else { rank });
            }
            if !is_null {
                terms.push(Term::new(column(key.column), value.clone(), descending));
            }
        }
        terms.push(Term::new(column(E::ID), position.id, self.is_descending()));
        terms.into_iter().map(|term| Term { descending: term.descending != flipped, ..term }).collect()
    }

    fn cursor(&self, row: &E::Model) -> String {
        let values: Vec<serde_json::Value> = self.keys.iter().map(|key| to_json(&row.get(key.column))).collect();
        let body = serde_json::json!([E::id(row).uuid().simple().to_string(), values]);
        let mut bytes = self.fingerprint.to_vec();
        bytes.extend_from_slice(body.to_string().as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A value as the client wrote it, without absent fields: its cursors outlive a field that is added or renamed here.
fn as_written(value: Input) -> Input {
    match value {
        Input::Object(fields) => {
            let given = fields.into_iter().filter(|(_, value)| *value != Input::Null);
            Input::Object(given.map(|(name, value)| (name, as_written(value))).collect())
        }
        Input::List(values) => Input::List(values.into_iter().map(as_written).collect()),
        value => value,
    }
}

/// How many rows a page has, and whether it is read backward.
fn size(window: &Window) -> Result<(u64, bool), Error> {
    let checked = |name: &str, count: i32| match u64::try_from(count) {
        Ok(count) if (1..=window.longest).contains(&count) => Ok(count),
        _ => Err(Error::InvalidPage(format!("{name} is from 1 to {}.", window.longest))),
    };
    match (window.first, window.last) {
        (Some(_), Some(_)) => Err(Error::InvalidPage("Give first or last, not both.".to_owned())),
        (Some(first), None) => Ok((checked("first", first)?, false)),
        (None, Some(last)) => Ok((checked("last", last)?, true)),
        (None, None) => Ok((Ord::min(DEFAULT_PAGE, window.longest), window.before.is_some() && window.after.is_none())),
    }
}

fn decode<E: Row>(text: &str, keys: &[Key<E>], fingerprint: [u8; 6]) -> Result<Position, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::InvalidCursor)?;
    let body = bytes.strip_prefix(&fingerprint).ok_or(Error::InvalidCursor)?;
    let (id, values): (Uuid, Vec<serde_json::Value>) =
        serde_json::from_slice(body).map_err(|_| Error::InvalidCursor)?;
    if values.len() != keys.len() {
        return Err(Error::InvalidCursor);
    }
    let values = keys.iter().zip(values).map(|(key, value)| {
        let column = key.column.def();
        let value = from_json(column.get_column_type(), value)?;
        // A value that no row can hold is in no cursor of ours, and PostgreSQL would not take it.
        (is_storable(&value) && (column.is_null() || value != value.as_null())).then_some(value)
    });
    Ok(Position { values: values.collect::<Option<_>>().ok_or(Error::InvalidCursor)?, id })
}

fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::String(Some(text)) => text.as_str().into(),
        Value::Int(Some(number)) => (*number).into(),
        Value::Bool(Some(flag)) => (*flag).into(),
        Value::ChronoDate(Some(date)) => date.to_string().into(),
        Value::ChronoDateTimeUtc(Some(at)) => at.to_rfc3339().into(),
        _ => serde_json::Value::Null,
    }
}

/// The value of a sort key of that type; `None` if it has another type.
fn from_json(kind: &ColumnType, value: serde_json::Value) -> Option<Value> {
    let text = value.as_str();
    Some(match kind {
        ColumnType::String(_) | ColumnType::Text => Value::String(match value {
            serde_json::Value::Null => None,
            value => Some(value.as_str()?.to_owned()),
        }),
        ColumnType::Integer if value == serde_json::Value::Null => Value::Int(None),
        ColumnType::Integer => Value::Int(Some(i32::try_from(value.as_i64()?).ok()?)),
        ColumnType::Boolean => Value::Bool(Some(value.as_bool()?)),
        ColumnType::Date if value == serde_json::Value::Null => Value::ChronoDate(None),
        ColumnType::Date => Value::ChronoDate(Some(text?.parse::<NaiveDate>().ok()?)),
        ColumnType::TimestampWithTimeZone if value == serde_json::Value::Null => Value::ChronoDateTimeUtc(None),
        ColumnType::TimestampWithTimeZone => as_stored(text?.parse::<DateTime<Utc>>().ok()?.into()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::{InputType as _, value};
    use entity::recommendation;

    use super::{ColumnType, Listing, Window, from_json};
    use crate::auth::Viewer;
    use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};

    #[test]
    fn a_time_in_a_cursor_counts_to_the_microsecond() {
        let time = |text: &str| from_json(&ColumnType::TimestampWithTimeZone, text.into());
        assert_eq!(time("2026-01-15T04:00:00.0000019Z"), time("2026-01-15T04:00:00.000001Z"));
        assert_ne!(time("2026-01-15T04:00:00.000002Z"), time("2026-01-15T04:00:00.000001Z"));
    }

    #[test]
    fn a_cursor_belongs_to_what_its_client_has_written() {
        let filter = value!({ "status": { "eq": null }, "body": { "code": { "eq": "WG-A" } }, "or": null });
        let filter = RecommendationFilter::parse(Some(filter)).unwrap_or_else(|_| panic!("a filter"));
        let order =
            RecommendationOrder::parse(Some(value!({ "field": "LABEL" }))).unwrap_or_else(|_| panic!("an order"));
        let window = Window { first: Some(1), after: None, last: None, before: None, longest: 100 };
        let list = Listing::<recommendation::Entity>::new(
            "recommendations",
            None,
            Some(&filter),
            Some(&[order]),
            &window,
            &Viewer::anonymous(),
        )
        .unwrap();
        let written = r#"recommendations [{status: {}, body: {code: {eq: "WG-A"}}}] [{field: LABEL, direction: ASC}]"#;
        assert!(list.identity().starts_with(written), "{}", list.identity());
    }
}
