//! Keyset conditions: which rows come after a position, in a form that an index serves. It knows no list and no viewer.

use sea_orm::Value;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};

/// One comparison of a keyset condition.
pub struct Term {
    pub expr: Expr,
    pub value: Value,
    pub descending: bool,
    /// What holds of all rows that follow, if the position is among the nulls, which come last.
    pub null: Option<Expr>,
}

impl Term {
    pub fn new(expr: Expr, value: impl Into<Value>, descending: bool) -> Self {
        Self { expr, value: value.into(), descending, null: None }
    }

    /// The rows that are equal to the position, or come after it.
    pub fn reached(&self) -> Expr {
        let (expr, value) = (self.expr.clone(), self.value.clone());
        if self.descending { expr.lte(value) } else { expr.gte(value) }
    }

    /// Says the same in three ways: SQLite uses the equality to search the index, PostgreSQL the range.
    pub fn at_the_end(mut self, column: &Expr) -> Self {
        let (rank, value) = (|| self.expr.clone(), || self.value.clone());
        self.null = Some(self.reached().and(rank().eq(value())).and(column.clone().is_null()));
        self
    }
}

/// The rows that come after all terms.
pub fn beyond_all(terms: &[Term]) -> Condition {
    if terms.iter().all(|term| term.descending == terms[0].descending) {
        return Condition::all().add(tuple_compare(terms));
    }
    // Mixed directions: equal in the first keys and beyond in the next, with one alternative for each key.
    let mut alternatives = Condition::any();
    for end in 0..terms.len() {
        let mut all = Condition::all();
        for term in &terms[..end] {
            all = all.add(term.expr.clone().eq(term.value.clone()));
        }
        alternatives = alternatives.add(all.add(compare(&terms[end])));
    }
    alternatives
}

/// An expression that puts nulls last when it is sorted in the direction of its key.
pub fn null_rank(column: Expr, descending: bool) -> Expr {
    if descending { column.is_not_null() } else { column.is_null() }
}

fn compare(term: &Term) -> Expr {
    let (expr, value) = (term.expr.clone(), term.value.clone());
    if term.descending { expr.lt(value) } else { expr.gt(value) }
}

/// `(a, b, id) > (…)`, which both databases answer from an index.
fn tuple_compare(terms: &[Term]) -> Expr {
    let descending = terms[0].descending;
    let (exprs, values): (Vec<Expr>, Vec<Expr>) =
        terms.iter().map(|term| (term.expr.clone(), Expr::value(term.value.clone()))).unzip();
    let (left, right) = (Expr::tuple(exprs), Expr::tuple(values));
    if descending { left.lt(right) } else { left.gt(right) }
}
