//! How a database explains that it finds the rows of a statement.

use entity::Row;
use rec_api::auth::Role;
use rec_api::database::planned_once;
use rec_tests::{Database, TestApp};
use sea_orm::sea_query::{ArrayType, PostgresQueryBuilder, QueryBuilder as _, SelectStatement};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement, Value};

/// The plan of a statement, a line for each step, as it is planned for the service.
pub async fn plan(app: &TestApp, statement: &SelectStatement) -> String {
    plans(app, statement).await.swap_remove(0)
}

/// As `plan`, which on PostgreSQL is for any values; and there also the plan for the actual values, for which the planner knows how many
/// rows have them.
pub async fn plans(app: &TestApp, statement: &SelectStatement) -> Vec<String> {
    let statement = planned_once(app.app.databases.backend().build(statement));
    match app.database {
        Database::Sqlite => {
            let explained = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement };
            vec![lines(&app.app.databases.write.query_all_raw(explained).await.unwrap(), "detail")]
        }
        Database::Postgres => plans_of_prepared(app, &statement).await,
    }
}

async fn plans_of_prepared(app: &TestApp, statement: &Statement) -> Vec<String> {
    let values = statement.values.iter().flat_map(|values| &values.0);
    let types: Vec<&str> = values.clone().map(type_of).collect();
    let written = |value| format!("{}::{}", PostgresQueryBuilder.value_to_string(value), type_of(value));
    let given: Vec<String> = values.map(written).collect();
    let in_brackets = |listed: String| if listed.is_empty() { listed } else { format!("({listed})") };
    let explain = format!("EXPLAIN EXECUTE page{}", in_brackets(given.join(", ")));
    let txn = app.app.databases.begin().await.unwrap();
    let prepare = format!("PREPARE page{} AS {}", in_brackets(types.join(", ")), statement.sql);
    txn.execute_unprepared(&prepare).await.unwrap();
    let mut plans = Vec::new();
    for setting in ["SELECT 1", "SET LOCAL plan_cache_mode = force_custom_plan"] {
        txn.execute_unprepared(setting).await.unwrap();
        let explained = Statement::from_string(DbBackend::Postgres, explain.clone());
        plans.push(lines(&txn.query_all_raw(explained).await.unwrap(), "QUERY PLAN"));
    }
    txn.execute_unprepared("DEALLOCATE page").await.unwrap();
    txn.rollback().await.unwrap();
    plans
}

fn lines(rows: &[QueryResult], column: &str) -> String {
    rows.iter().map(|row| row.try_get::<String>("", column).unwrap() + "\n").collect()
}

/// The PostgreSQL type in which a value is sent.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::SmallInt(_) => "smallint",
        Value::Int(_) => "int",
        Value::BigInt(_) | Value::BigUnsigned(_) => "bigint",
        Value::String(_) => "text",
        Value::Uuid(_) => "uuid",
        Value::ChronoDate(_) => "date",
        Value::ChronoDateTimeUtc(_) => "timestamptz",
        Value::Array(ArrayType::Uuid, _) => "uuid[]",
        other => panic!("no type: {other:?}"),
    }
}

/// The most rows of a page, plus one.
const LONGEST: u32 = 101;

/// How deep in a PostgreSQL plan pages are sorted that were found in order.
const OF_PAGES: usize = 14;

/// Whether a plan reads a whole table, or sorts more than pages: pages that were found in order, audience by audience, are sorted together.
pub fn costs_the_table<E: Row>(plan: &str) -> bool {
    let table = E::default().table_name().to_owned();
    let is_whole = |line: &str| {
        [table.as_str(), "addressee", "recommendation_theme", "meeting_organizer", "body_session", "agenda_item"]
            .iter()
            .any(|table| line.contains(&format!("Seq Scan on {table}")) || line.contains(&format!("SCAN {table}")))
    };
    // On PostgreSQL a single branch is part of the statement itself: above it a page is sorted.
    let is_levelled = plan.contains("branch") || plan.contains("Nested Loop");
    let mut branch: Option<Branch> = None;
    let mut probe = None;
    for line in plan.lines() {
        let depth = line.find(|letter: char| !letter.is_whitespace()).unwrap_or_default();
        if line.contains("InitPlan") {
            probe = probe.or(Some(depth));
        } else if probe.is_some_and(|probe| depth <= probe) {
            probe = None;
        }
        let mut ended = None;
        if let Some(is_few) = begins(line) {
            ended = branch.take();
            branch = Some(Branch { depth, is_few, ..Branch::default() });
        } else if line.contains("SCAN branch")
            || line.contains("SCAN few")
            || (line.contains("->") && branch.is_some_and(|one| depth <= one.depth))
        {
            ended = branch.take();
        }
        if ended.is_some_and(Branch::sorts_others) {
            return true;
        }
        // Where PostgreSQL expects few rows it sorts them: to count them, or for a page of them; in an incremental sort some more.
        let most = if line.contains("Incremental Sort") { 3 * LONGEST } else { LONGEST };
        let is_large = probe.is_none() && expected_rows(line) > most;
        let sorts = line.contains("USE TEMP B-TREE FOR") || (line.contains("Sort  (") && is_large);
        match &mut branch {
            Some(branch) => branch.sorts |= sorts,
            None if sorts && (!is_levelled || depth > OF_PAGES) => return true,
            None => {}
        }
        if is_whole(line) {
            return true;
        }
    }
    branch.is_some_and(Branch::sorts_others)
}

/// The number of rows that PostgreSQL expects from a step of a plan.
pub fn expected_rows(line: &str) -> u32 {
    let rows = line.split_once("rows=").map_or("", |(_, rest)| rest);
    rows.split(' ').next().and_then(|rows| rows.parse().ok()).unwrap_or_default()
}

/// Whether a part of a plan begins, and whether it is one of candidates.
pub fn begins(line: &str) -> Option<bool> {
    ["branch", "few"].into_iter().zip([false, true]).find_map(|(name, is_few)| {
        let begins = line.contains(&format!("CO-ROUTINE {name}")) || line.contains(&format!("Subquery Scan on {name}"));
        begins.then_some(is_few)
    })
}

/// A part of a plan: the rows of one audience.
#[derive(Clone, Copy, Default)]
struct Branch {
    depth: usize,
    sorts: bool,
    /// Rows that are found as candidates, and sorted.
    is_few: bool,
}

impl Branch {
    fn sorts_others(self) -> bool {
        self.sorts && !self.is_few
    }
}

/// Whether an index of that column finds the rows of each audience; for the rows of an organisation, an index of its drafter.
pub fn begins_with(plan: &str, column: &str, role: Role) -> bool {
    let asked = |line: &str, column: &str| {
        line.contains(&format!("({column}=?"))
            || line.contains(&format!("({column} = "))
            || line.contains(&format!("= {column})"))
    };
    let of_audience = |line: &&str| {
        (["recommendation", "meeting"].iter().any(|table| line.contains(&format!("SEARCH {table} USING")))
            && line.contains("audience=?"))
            || (line.contains("Index Cond") && line.contains("(audience = "))
    };
    let is_by_drafter = |line: &str| role == Role::Partner && asked(line, "drafted_by_id");
    let mut lines = plan.lines().filter(of_audience).peekable();
    lines.peek().is_some() && lines.all(|line| asked(line, column) || is_by_drafter(line))
}
