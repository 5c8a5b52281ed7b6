//! Conditions that no index is used for. It only builds expressions.

use sea_orm::sea_query::{Condition, Expr, Func, SelectStatement};

/// A condition that the planner cannot use an index for: it is tested row by row.
pub fn tested(condition: Expr) -> Expr {
    Func::coalesce([condition, Expr::value(false)]).into()
}

/// As `tested`, if there is a condition.
pub fn all_tested(condition: &Condition) -> Condition {
    if condition.is_empty() { Condition::all() } else { Condition::all().add(tested(Expr::from(condition.clone()))) }
}

/// Whether a statement finds a row, tested row by row: PostgreSQL might read all that an `EXISTS` covers.
pub fn any(mut found: SelectStatement) -> Expr {
    let found = found.clear_selects().expr(Expr::value(true)).limit(1).take();
    tested(found.into())
}
