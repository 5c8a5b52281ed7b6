//! What a write leaves in the database, to show that a refused one leaves nothing.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sea_orm::{ConnectionTrait as _, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Value, json};

use crate::client::Client;
use crate::wait::until;
use crate::{Database, TestApp};

/// A mutation, its input, and the validation errors that it must get.
pub type Case = (&'static str, Value, Vec<String>);

/// Tables whose rows must be seen by the same viewers as their record.
const SEEN_WITH: [(&str, &str); 7] = [
    ("addressee", "addressee AS part JOIN recommendation AS record ON record.id = part.recommendation_id"),
    (
        "recommendation_theme",
        "recommendation_theme AS part JOIN recommendation AS record ON record.id = part.recommendation_id",
    ),
    (
        "recommendation_instrument",
        "recommendation_instrument AS part JOIN recommendation AS record ON record.id = part.recommendation_id",
    ),
    ("meeting_organizer", "meeting_organizer AS part JOIN meeting AS record ON record.id = part.meeting_id"),
    ("body_session", "body_session AS part JOIN meeting AS record ON record.id = part.meeting_id"),
    ("meeting_source", "meeting_source AS part JOIN meeting AS record ON record.id = part.meeting_id"),
    (
        "recommendation",
        "(SELECT id, audience, drafted_by_id AS owner FROM recommendation) AS part JOIN recommendation AS record ON record.id = part.id",
    ),
];

impl TestApp {
    /// Each table of the database with the number of its rows and a fingerprint of all that they hold.
    pub async fn traces(&self) -> Vec<String> {
        let mut selects = Vec::new();
        for (table, row) in self.tables().await {
            selects.push(format!("SELECT '{table}' AS what, {row} AS held FROM \"{table}\" AS held_row"));
        }
        let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for mut row in self.rows(&format!("{} ORDER BY 1, 2", selects.join(" UNION ALL "))).await {
            let text = |value: Value| value.as_str().expect("a text").to_owned();
            held.entry(text(row["what"].take())).or_default().push(text(row["held"].take()));
        }
        let fingerprint = |rows: &[String]| {
            let mut hasher = DefaultHasher::new();
            rows.hash(&mut hasher);
            hasher.finish()
        };
        held.iter().map(|(table, rows)| format!("{table}: {} rows, {:016x}", rows.len(), fingerprint(rows))).collect()
    }

    /// The tables of the database, each with an expression that gives a whole row as text.
    async fn tables(&self) -> Vec<(String, String)> {
        let sql = match self.database {
            Database::Sqlite => {
                "SELECT m.name AS what, group_concat('quote(\"' || c.name || '\")', ' || '','' || ') AS held
                 FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' GROUP BY m.name"
            }
            Database::Postgres => {
                "SELECT tablename AS what, 'held_row::text' AS held FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let tables = self.rows(sql).await;
        assert!(tables.len() > 20, "{tables:?}");
        let text = |value: &Value| value.as_str().expect("a name").to_owned();
        tables.iter().map(|table| (text(&table["what"]), text(&table["held"]))).collect()
    }

    /// Lists are found through the parts of records, and what only an organisation may see by its drafter, so whoever may see the one must
    /// see the other. Returns the tables that have rows.
    pub async fn parts_are_seen_with_their_records(&self) -> Vec<&'static str> {
        let mut there = Vec::new();
        for (part, on) in SEEN_WITH {
            let sql = format!(
                "SELECT CAST(count(*) AS text) AS n, CAST(count(CASE WHEN part.audience <> record.audience OR NOT COALESCE(
                     part.owner = record.owner, part.owner IS NULL AND record.owner IS NULL) THEN 1 END) AS text) AS other
                 FROM {on}"
            );
            let counted = self.rows(&sql).await.remove(0);
            assert_eq!(counted["other"], "0", "{part} is not seen as its record");
            if counted["n"] != "0" {
                there.push(part);
            }
        }
        there
    }

    /// The rows of a statement, as JSON.
    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        let db = &self.app.databases.write;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| JsonValue::from_query_result(row, "").expect("a row as JSON")).collect()
    }

    /// Waits until so many others wait for a lock in this database; on SQLite, until so many writes of this application wait for the file.
    pub async fn others_wait(&self, count: usize) {
        let waiting =
            "SELECT pid AS x FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let wait = async || match self.database {
            Database::Postgres => self.rows(waiting).await.len() >= count,
            Database::Sqlite => self.app.databases.writes_waiting() >= Some(count),
        };
        until("others wait for a lock", wait).await;
    }

    /// Every case is refused with its validation errors, and none leaves anything behind.
    pub async fn refuses(&self, client: &Client, cases: Vec<Case>) {
        assert!(!cases.is_empty());
        let before = self.traces().await;
        let mut wrong = Vec::new();
        for (mutation, input, expected) in cases {
            let refusals = client.refusals(mutation, input.clone()).await;
            if refusals != expected {
                let shown: String = input.to_string().chars().take(300).collect();
                wrong.push(format!("{mutation} {shown}\n  must: {expected:?}\n  does: {refusals:?}"));
            }
        }
        assert!(wrong.is_empty(), "{} wrong answers\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(self.traces().await, before, "a refused write leaves nothing behind");
    }

    /// Every query or mutation gets a top-level error with this code, and leaves nothing behind.
    pub async fn fails(&self, client: &Client, code: &str, requests: Vec<(String, Value)>) {
        assert!(!requests.is_empty());
        let before = self.traces().await;
        let mut wrong = Vec::new();
        for (query, variables) in requests {
            let answer = client.send(&query, variables.clone()).await;
            if answer.body["errors"][0]["extensions"]["code"] != code {
                let (variables, body) = (variables.to_string(), answer.body.to_string());
                let short = |text: &str| text.chars().take(400).collect::<String>();
                wrong.push(format!("{}\n  with: {}\n  does: {}", short(&query), short(&variables), short(&body)));
            }
        }
        assert!(wrong.is_empty(), "{} answers are not {code}\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!(self.traces().await, before, "a failed request leaves nothing behind");
    }
}

/// `input` with another value at `path`, which is written with dots: `addressees.0.countryId`.
pub fn with(input: &Value, path: &str, value: impl Into<Value>) -> Value {
    let mut changed = input.clone();
    match changed.pointer_mut(&format!("/{}", path.replace('.', "/"))) {
        Some(place) => *place = value.into(),
        None => changed[path] = value.into(),
    }
    changed
}

/// One validation error: `CODE path`.
pub fn one(code: &str, path: &str) -> Vec<String> {
    vec![format!("{code} {path}")]
}

/// A text in English alone.
pub fn english(text: &str) -> Value {
    json!([{ "locale": "EN", "text": text }])
}
