//! How a filter is read for a list that is walked in order: what an index can find, and what is tested row by row. It builds no statement.

use std::cell::{Cell, RefCell};

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, IdenStatic};

use super::compare::Sought;
use crate::service::candidates::{Candidates, Columns};
use crate::service::read::Visible;
use crate::service::walk::{MOST_CANDIDATES, Walk};

pub struct Walking {
    columns: Columns,
    /// The column that the list is sorted by first.
    key: Option<&'static str>,
    leading: Vec<&'static str>,
    found: Vec<&'static str>,
    /// Whether the rows of one value are asked for, which the index has in order.
    is_led: Cell<bool>,
    /// Whether all rows that are asked for have a value in the column that the list is sorted by.
    has_values: Cell<bool>,
    /// How many alternatives and negations surround the part that is being read.
    choices: Cell<u32>,
    candidates: RefCell<Vec<(Sought, Candidates)>>,
    /// What an index has in the order of the list for all rows, but not for the rows of one organisation.
    own_candidates: RefCell<Vec<Candidates>>,
}

impl Walking {
    /// For a list that indexes have in order. `is_led` if it has a parent by which they have it in order.
    pub fn of<E: Visible>(key: Option<E::Column>, is_led: bool) -> Option<Self> {
        let ordered = E::ORDERED?;
        // A walk goes audience by audience.
        const { assert!(E::BY_ACCESS || E::ORDERED.is_none()) };
        let names = |columns: &[E::Column]| columns.iter().map(IdenStatic::as_str).collect();
        Some(Self {
            columns: Columns::of_rows::<E>(),
            key: key.map(|column| column.as_str()),
            leading: names(ordered.leading),
            found: names(ordered.found),
            is_led: Cell::new(is_led),
            has_values: Cell::new(false),
            choices: Cell::new(0),
            candidates: RefCell::default(),
            own_candidates: RefCell::default(),
        })
    }

    /// The walk over the rows that meet a condition.
    pub fn into_walk(self, condition: Condition) -> Walk {
        let mut candidates = self.candidates.into_inner();
        candidates.sort_by_key(|(sought, _)| *sought);
        let candidates = candidates.into_iter().map(|(_, one)| one).take(MOST_CANDIDATES).collect();
        let (has_values, own_candidates) = (self.has_values.get(), self.own_candidates.into_inner());
        Walk { condition, parent: None, has_values, candidates, own_candidates }
    }

    /// Reads a part of the filter that a matching row need not meet.
    pub fn choose<T>(&self, read: impl FnOnce() -> T) -> T {
        self.choices.set(self.choices.get() + 1);
        let chosen = read();
        self.choices.set(self.choices.get() - 1);
        chosen
    }

    /// Whether an index has the rows with what is sought in a column, in the order of the list.
    pub fn leads(&self, column: impl ColumnTrait, sought: Sought, condition: &Condition) -> bool {
        if self.choices.get() > 0 {
            return false;
        }
        let is_key = self.key == Some(column.as_str()) && matches!(sought, Sought::One | Sought::Range);
        self.has_values.set(self.has_values.get() || is_key);
        let leads = is_key || (self.is_leading(column, sought) && !self.is_led.replace(true));
        if leads && self.columns.are_owned() {
            self.own_candidates.borrow_mut().extend(self.candidates(column, sought, condition));
        }
        leads
    }

    fn is_leading(&self, column: impl ColumnTrait, sought: Sought) -> bool {
        sought == Sought::One && self.leading.contains(&column.as_str())
    }

    /// Notes the rows that meet a condition as candidates, if an index finds them.
    pub fn may_find(&self, column: impl ColumnTrait, sought: Sought, condition: &Condition) {
        if let Some(candidates) = self.candidates(column, sought, condition) {
            self.note(sought, candidates);
        }
    }

    fn candidates(&self, column: impl ColumnTrait, sought: Sought, condition: &Condition) -> Option<Candidates> {
        let (name, columns, condition) = (column.as_str(), self.columns.clone(), condition.clone());
        let order = match sought {
            Sought::Nothing => return None,
            Sought::One => vec![columns.id.clone()],
            Sought::Range => vec![column.as_column_ref(), columns.id.clone()],
            Sought::Several => vec![],
        };
        let is_found = self.leading.contains(&name) || self.found.contains(&name);
        is_found.then_some(Candidates { columns, condition, order })
    }

    /// As `may_find`, for the rows that `columns` of a table between name for one related row.
    pub fn may_find_by(&self, columns: Columns, condition: &Condition) {
        self.note(Sought::One, Candidates::of_rows(columns, condition.clone()));
    }

    fn note(&self, sought: Sought, found: Candidates) {
        if self.choices.get() == 0 {
            self.candidates.borrow_mut().push((sought, found));
        }
    }
}
