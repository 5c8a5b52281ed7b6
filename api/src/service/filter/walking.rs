//! How a filter is read for a list that is passed by in its order: what an index may be asked for, and what is told of one row after the
//! other.

use std::cell::{Cell, RefCell};

use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, IdenStatic};

use super::compare::Sought;
use crate::service::ordered::{Candidates, Columns};
use crate::service::read::Visible;

/// The most comparisons of a filter by which few rows are looked for.
const MOST_CANDIDATES: usize = 3;

pub struct Walking {
    columns: Columns,
    /// The column that the list is sorted by.
    key: Option<&'static str>,
    leading: Vec<&'static str>,
    found: Vec<&'static str>,
    /// Whether the rows of one value are asked for, so that the index has those in order.
    is_led: Cell<bool>,
    /// Within how many alternatives and negations the filter is read.
    choices: Cell<u32>,
    candidates: RefCell<Vec<(Sought, Candidates)>>,
}

impl Walking {
    /// Of a list that indexes have in order. `is_led` if it hangs on a parent by which they have it.
    pub fn of<E: Visible>(key: Option<E::Column>, is_led: bool) -> Option<Self> {
        let ordered = E::ORDERED?;
        // A walk goes audience by audience.
        const { assert!(E::BY_ACCESS || E::ORDERED.is_none()) };
        let names = |columns: &[E::Column]| columns.iter().map(IdenStatic::as_str).collect();
        Some(Self {
            columns: Columns::of::<E>(E::ID),
            key: key.map(|column| column.as_str()),
            leading: names(ordered.leading),
            found: names(ordered.found),
            is_led: Cell::new(is_led),
            choices: Cell::new(0),
            candidates: RefCell::default(),
        })
    }

    /// What may hold of few rows, the likeliest first.
    pub fn into_candidates(self) -> Vec<Candidates> {
        let mut candidates = self.candidates.into_inner();
        candidates.sort_by_key(|(sought, _)| *sought);
        candidates.into_iter().map(|(_, one)| one).take(MOST_CANDIDATES).collect()
    }

    /// Reads what need not hold of a row that matches.
    pub fn choose<T>(&self, read: impl FnOnce() -> T) -> T {
        self.choices.set(self.choices.get() + 1);
        let chosen = read();
        self.choices.set(self.choices.get() - 1);
        chosen
    }

    /// Whether an index is asked for the rows with what is sought in a column, in the order of the list.
    pub fn leads(&self, column: impl ColumnTrait, sought: Sought) -> bool {
        if self.choices.get() > 0 {
            return false;
        }
        let is_key = self.key == Some(column.as_str()) && matches!(sought, Sought::One | Sought::Range);
        is_key || (sought == Sought::One && self.leading.contains(&column.as_str()) && !self.is_led.replace(true))
    }

    /// Notes what may hold of few rows, if an index finds them.
    pub fn may_find(&self, column: impl ColumnTrait, sought: Sought, condition: &Condition) {
        let (name, columns, condition) = (column.as_str(), self.columns.clone(), condition.clone());
        let order = match sought {
            Sought::Nothing => return,
            Sought::One => vec![columns.id.clone()],
            Sought::Range => vec![column.as_column_ref(), columns.id.clone()],
            Sought::Several => vec![],
        };
        if self.leading.contains(&name) || self.found.contains(&name) {
            self.note(sought, Candidates { columns, condition, order });
        }
    }

    /// As `may_find`, of rows that `columns` of a table between name for one related row.
    pub fn may_find_by(&self, columns: Columns, condition: &Condition) {
        let order = vec![columns.id.clone()];
        self.note(Sought::One, Candidates { columns, condition: condition.clone(), order });
    }

    fn note(&self, sought: Sought, found: Candidates) {
        if self.choices.get() == 0 {
            self.candidates.borrow_mut().push((sought, found));
        }
    }
}
