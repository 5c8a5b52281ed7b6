//! Conditions that no index is asked for.

use sea_orm::sea_query::{Condition, Expr, Func, SelectStatement};

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
