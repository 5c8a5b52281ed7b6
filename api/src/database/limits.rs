//! How a limit is written in a statement, so that the database need not plan the statement for each run. It changes no result.

use sea_orm::sea_query::Values;
use sea_orm::{DbBackend, Statement, Value};

/// Makes a statement that need not be planned for each run. The statement of a page is long: planning it takes longer than running it.
///
/// SQLite (3.51.3) plans for a bound limit, and prepares the statement again whenever another one is bound; it does not if the limit is an
/// expression. PostgreSQL (15) is told to plan once on a connection, for any values. For a bound limit it then expects a tenth of the rows,
/// and finds and sorts them, where a walk would find those of a page sooner: so the limit is written into the statement.
pub fn planned_once(mut statement: Statement) -> Statement {
    if statement.db_backend == DbBackend::Sqlite {
        if statement.sql.contains("LIMIT ?") {
            statement.sql = statement.sql.replace("LIMIT ?", "LIMIT +?");
        }
    } else if statement.sql.contains("LIMIT $")
        && let Some((sql, values)) = statement.values.as_ref().and_then(|values| written_out(&statement.sql, values))
    {
        (statement.sql, statement.values) = (sql, Some(values));
    }
    statement
}

/// A PostgreSQL statement with its limits written out instead of their parameters, and the values of the others. `None` if it has a dollar
/// sign that is not a parameter.
fn written_out(sql: &str, values: &Values) -> Option<(String, Values)> {
    let (mut written, mut others, mut rest) = (String::with_capacity(sql.len()), Vec::new(), sql);
    while let Some((before, number, after)) = parameter(rest) {
        written.push_str(before);
        match values.0.get(number.checked_sub(1)?)? {
            Value::BigUnsigned(Some(limit)) if before.ends_with("LIMIT ") => written.push_str(&limit.to_string()),
            value => {
                others.push(value.clone());
                written.push('$');
                written.push_str(&others.len().to_string());
            }
        }
        rest = after;
    }
    written.push_str(rest);
    (!rest.contains('$')).then_some((written, Values(others)))
}

/// The number of the first parameter of a text, with what is before it and after it.
fn parameter(sql: &str) -> Option<(&str, usize, &str)> {
    let (before, after) = sql.split_once('$')?;
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    let (number, after) = after.split_at(end);
    Some((before, number.parse().ok()?, after))
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Query};

    use super::*;

    #[test]
    fn a_statement_is_not_planned_by_a_limit_that_is_bound() {
        let planned = |backend: DbBackend| {
            let page =
                Query::select().expr(Func::cust("x")).and_where(Expr::col(Alias::new("a")).eq(7)).limit(20).take();
            let found = Query::select().from_subquery(page, "page").expr(Expr::value(8)).limit(1).offset(9).take();
            planned_once(backend.build(&found))
        };
        let sqlite = planned(DbBackend::Sqlite);
        let page = r#"(SELECT x() WHERE "a" = ? LIMIT +?) AS "page""#;
        assert_eq!(sqlite.sql, format!("SELECT ? FROM {page} LIMIT +? OFFSET ?"));
        let values = |values: Vec<Value>| Some(Values(values));
        assert_eq!(sqlite.values, values(vec![8.into(), 7.into(), 20_u64.into(), 1_u64.into(), 9_u64.into()]));
        let postgres = planned(DbBackend::Postgres);
        let page = r#"(SELECT x() WHERE "a" = $2 LIMIT 20) AS "page""#;
        assert_eq!(postgres.sql, format!("SELECT $1 FROM {page} LIMIT 1 OFFSET $3"));
        assert_eq!(postgres.values, values(vec![8.into(), 7.into(), 9_u64.into()]));
    }

    #[test]
    fn a_dollar_sign_that_is_no_parameter_leaves_a_statement_alone() {
        for sql in [r#"SELECT "a$b" LIMIT $1"#, r#"SELECT $1 LIMIT $2 "a$""#, "SELECT $0 LIMIT $1"] {
            let values = [1_u64.into(), 2_u64.into()];
            let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
            assert_eq!(planned_once(statement.clone()), statement);
        }
    }
}
