//! Filters of lists, and how they become conditions. A filter only reads what the viewer may see: relation filters go through the read
//! layer of the related table. The comparisons with one column stand in `compare`.

mod compare;
pub mod found;
mod walking;

use std::borrow::Cow;
use std::cell::Cell;

use async_graphql::{InputObject, InputType, TypeName};
use entity::Row;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, SelectStatement};

use self::compare::Sought;
pub use self::compare::{
    BooleanFilter, Compare, EnumFilter, IdFilter, OrNone, OrderedFilter, StringFilter, TextFilter, as_stored,
    is_storable,
};
use self::walking::Walking;
use super::candidates::Columns;
use super::condition::{all_tested, any, tested};
use super::read::{Visible, select};
use super::walk::Walk;
use crate::auth::Viewer;
use crate::error::Error;

/// The most relations from a record to what its filter compares: SQLite parses no deeper statements.
const MOST_RELATIONS: u32 = 10;
/// The most comparisons of one filter.
const MOST_COMPARISONS: u32 = 100;
/// The most comparisons and relations of a filter whose list is walked in order.
const MOST_WALKED: u32 = 6;

/// A filter of one record type.
pub trait Filter: InputType {
    type Entity: Row;
    /// What the fields of the filter ask for, all of which must hold.
    fn fields(&self, scope: &Scope<'_>) -> Result<Condition, Error>;
    /// `and`, `or`, `not`.
    fn logic(&self) -> Logic<'_, Self>;
    /// Whether it asks for a value that at most one record has, such as a code.
    fn names_one(&self) -> bool {
        false
    }
}

/// The logical operators of a filter.
pub struct Logic<'a, F> {
    pub and: Option<&'a Vec<F>>,
    pub or: Option<&'a Vec<F>>,
    pub not: Option<&'a F>,
}

/// One reading of a filter: for whom, how many comparisons are left, and how many relations deep it is.
pub struct Scope<'a> {
    pub viewer: &'a Viewer,
    left: Cell<u32>,
    away: Cell<u32>,
    /// How many comparisons and relations were counted: a filter may name fields and ask for nothing.
    asked: Cell<u32>,
    walking: Option<Walking>,
}

impl<'a> Scope<'a> {
    pub fn new(viewer: &'a Viewer) -> Self {
        let (left, away) = (Cell::new(MOST_COMPARISONS), Cell::new(0));
        Self { viewer, left, away, asked: Cell::new(0), walking: None }
    }

    /// For a list that is walked in order, sorted by `key` first. `is_led` if indexes have the rows of its parent in order.
    pub fn walking<E: Visible>(viewer: &'a Viewer, key: Option<E::Column>, is_led: bool) -> Option<Self> {
        Some(Self { walking: Some(Walking::of::<E>(key, is_led)?), ..Self::new(viewer) })
    }

    /// `None` for a filter that is too large to be repeated for each part of a page: SQLite takes 32,766 values in a statement.
    pub fn walk<F: Filter>(self, filter: Option<&F>) -> Result<Option<Walk>, Error> {
        let condition = filter.map_or_else(|| Ok(Condition::all()), |filter| self.apply(filter))?;
        let condition = if self.asked.get() == 0 { Condition::all() } else { condition };
        let walking = self.walking.filter(|_| self.asked.get() <= MOST_WALKED);
        Ok(walking.map(|walking| walking.into_walk(condition)))
    }

    /// How the list's own rows are walked; `None` while related rows are read, which a database finds all at once.
    fn walked(&self) -> Option<&Walking> {
        self.walking.as_ref().filter(|_| self.away.get() == 0)
    }

    pub fn apply<F: Filter>(&self, filter: &F) -> Result<Condition, Error> {
        self.spend()?;
        let mut all = Condition::all().add(filter.fields(self)?);
        let Logic { and, or, not } = filter.logic();
        for filter in and.into_iter().flatten() {
            all = all.add(self.apply(filter)?);
        }
        if let Some(alternatives) = or {
            let mut any = Condition::any().add(Expr::value(false));
            for filter in alternatives {
                any = any.add(self.choice(filter)?);
            }
            self.asked.set(self.asked.get() + 1);
            all = all.add(if self.walked().is_some() { all_tested(&any) } else { any });
        }
        if let Some(filter) = not {
            // An unknown result (a comparison with null) does not match, so its negation does.
            self.asked.set(self.asked.get() + 1);
            all = all.add(tested(Expr::from(self.choice(filter)?)).not());
        }
        Ok(all)
    }

    /// A condition that a matching row need not meet.
    fn choice<F: Filter>(&self, filter: &F) -> Result<Condition, Error> {
        match &self.walking {
            Some(walking) => walking.choose(|| self.apply(filter)),
            None => self.apply(filter),
        }
    }

    /// The comparisons of a field, if the filter names it.
    pub fn field<C: Compare>(&self, comparison: Option<&C>, column: impl ColumnTrait) -> Result<Condition, Error> {
        let Some(comparison) = comparison else { return Ok(Condition::all()) };
        self.spend()?;
        self.asked.set(self.asked.get() + 1);
        let condition = comparison.compare(&Expr::col(column.as_column_ref()))?;
        let (Some(walking), sought) = (self.walked(), comparison.sought()) else { return Ok(condition) };
        if walking.leads(column, sought, &condition) {
            return Ok(condition);
        }
        walking.may_find(column, sought, &condition);
        Ok(all_tested(&condition))
    }

    /// Rows whose `column` is the id of a related row that matches.
    pub fn related<F>(&self, filter: Option<&F>, column: impl ColumnTrait) -> Result<Condition, Error>
    where
        F: Filter<Entity: Visible>,
    {
        let Some(filter) = filter else { return Ok(Condition::all()) };
        self.asked.set(self.asked.get() + 1);
        let (id, mut ids) = (Expr::col(column.as_column_ref()), self.matching(filter)?);
        let condition = Condition::all().add(is_among(id.clone(), ids.clone(), filter));
        let sought = sought(filter);
        let Some(walking) = self.walked() else { return Ok(condition) };
        if walking.leads(column, sought, &condition) {
            return Ok(condition);
        }
        // For several related rows, the search would be repeated for each part of the page.
        if sought == Sought::One {
            walking.may_find(column, sought, &condition);
        }
        let is_it = Expr::col(F::Entity::ID.as_column_ref()).eq(id);
        Ok(Condition::all().add(any(ids.and_where(is_it).take())))
    }

    /// Rows of `E` that a table between relates to at least one matching row.
    pub fn some<E: Row, F, L: Visible>(
        &self,
        list: Option<&ListFilter<F>>,
        child: L::Column,
        related: L::Column,
    ) -> Result<Condition, Error>
    where
        F: Filter<Entity: Visible>,
    {
        let Some(list) = list else { return Ok(Condition::all()) };
        self.asked.set(self.asked.get() + 1);
        let of_related = |filter: &F| -> Result<Condition, Error> {
            let id = Expr::col(related.as_column_ref());
            Ok(Condition::all().add(is_among(id, self.matching(filter)?, filter)))
        };
        let mut all = Condition::all();
        if let Some(some) = list.some.as_deref() {
            let condition = of_related(some)?;
            if let Some(walking) = self.walked().filter(|_| L::BY_ACCESS && some.names_one()) {
                walking.may_find_by(Columns::of::<L>(child), &condition);
            }
            all = all.add(self.linked::<E, L>(child, condition));
        }
        if let Some(none) = list.none.as_deref() {
            all = all.add(self.linked::<E, L>(child, of_related(none)?).not());
        }
        Ok(all)
    }

    /// Rows of `E` that a table between names, in those of its rows that the viewer may see.
    fn linked<E: Row, L: Visible>(&self, child: L::Column, condition: Condition) -> Expr {
        let (id, child) = (Expr::col(E::ID.as_column_ref()), child.as_column_ref());
        let mut links = select::<L>(self.viewer);
        if self.walked().is_some() {
            return any(links.and_where(Expr::col(child).eq(id)).cond_where(all_tested(&condition)).take());
        }
        id.in_subquery(links.clear_selects().column(child).cond_where(condition).take())
    }

    fn matching<F: Filter<Entity: Visible>>(&self, filter: &F) -> Result<SelectStatement, Error> {
        self.away.set(self.away.get() + 1);
        if self.away.get() > MOST_RELATIONS {
            let message = format!("filter: at most {MOST_RELATIONS} relations within each other.");
            return Err(Error::InvalidArgument { message });
        }
        let mut matching = select::<F::Entity>(self.viewer).cond_where(self.apply(filter)?).take();
        self.away.set(self.away.get() - 1);
        Ok(matching.clear_selects().column(F::Entity::ID.as_column_ref()).take())
    }

    fn spend(&self) -> Result<(), Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| Error::InvalidArgument {
            message: format!("filter: at most {MOST_COMPARISONS} comparisons."),
        })?;
        self.left.set(left);
        Ok(())
    }
}

/// Whether an id is among those that a filter of related rows finds. With one id an index has the rows in order; with several they are
/// sorted.
fn is_among<F: Filter>(id: Expr, ids: SelectStatement, filter: &F) -> Expr {
    if filter.names_one() { id.eq(ids) } else { id.in_subquery(ids) }
}

/// What an index can find by a filter of related rows.
fn sought(filter: &impl Filter) -> Sought {
    if filter.names_one() { Sought::One } else { Sought::Several }
}

/// A condition on related rows of which there may be several.
#[derive(Clone, Debug, InputObject)]
#[graphql(name_type)]
pub struct ListFilter<F: InputType> {
    /// At least one related record matches.
    pub some: Option<Box<F>>,
    /// No related record matches.
    pub none: Option<Box<F>>,
}

/// `ThemeListFilter` for a `ThemeFilter`.
impl<F: InputType> TypeName for ListFilter<F> {
    fn type_name() -> Cow<'static, str> {
        let of_one = F::type_name();
        format!("{}ListFilter", of_one.trim_end_matches("Filter")).into()
    }
}

/// From a filter's fields, and those of them that no two records have alike, expands to `impl Filter` with
/// `fields`, all of whose conditions must hold;
/// `logic`, its `and`, `or` and `not`; and
/// `names_one`, whether one of the unique fields is asked for by a value.
macro_rules! filter {
    ($filter:ty => $entity:ty $(, unique [$($key:ident),+])?, |$this:ident, $scope:ident| [$($condition:expr),* $(,)?]) => {
        impl $crate::service::filter::Filter for $filter {
            type Entity = $entity;

            fn fields(&self, $scope: &$crate::service::filter::Scope<'_>) -> Result<sea_orm::Condition, $crate::error::Error> {
                let $this = self;
                let mut all = sea_orm::Condition::all();
                $(all = all.add($condition?);)*
                Ok(all)
            }

            fn logic(&self) -> $crate::service::filter::Logic<'_, Self> {
                $crate::service::filter::Logic { and: self.and.as_ref(), or: self.or.as_ref(), not: self.not.as_deref() }
            }

            $(fn names_one(&self) -> bool {
                $(self.$key.as_ref().is_some_and(|comparison| comparison.eq.is_some()))||+
            })?
        }
    };
}
pub(crate) use filter;
