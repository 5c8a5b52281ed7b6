//! What a write leaves behind, to see that a refused one leaves nothing.

use sea_orm::{ConnectionTrait as _, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Value, json};

use crate::TestApp;
use crate::client::Client;

/// Tables whose rows have a version.
const RECORDS: [&str; 11] = [
    "agenda_item",
    "body",
    "country",
    "instrument",
    "mandate",
    "meeting",
    "organization",
    "participation",
    "recommendation",
    "source",
    "theme",
];
/// Tables whose rows belong to records, the feed and the audit trail.
const OTHERS: [&str; 10] = [
    "addressee",
    "alternative_title",
    "audit",
    "body_session",
    "change",
    "meeting_organizer",
    "meeting_source",
    "recommendation_instrument",
    "recommendation_revision",
    "recommendation_theme",
];

/// A mutation, its input, and the refusals that it must meet.
pub type Case = (&'static str, Value, Vec<String>);

impl TestApp {
    /// The rows of every table and the sum of their versions, and the head of the feed.
    pub async fn traces(&self) -> Vec<Value> {
        let counted = RECORDS.iter().map(|table| format!("SELECT '{table}' AS what, count(*) AS n, sum(version) AS v"));
        let others = OTHERS.iter().map(|table| format!("SELECT '{table}' AS what, count(*) AS n, count(*) AS v"));
        let tables = RECORDS.iter().chain(&OTHERS);
        let selects: Vec<String> =
            counted.chain(others).zip(tables).map(|(sql, t)| format!("{sql} FROM {t}")).collect();
        let sql =
            format!("{} UNION ALL SELECT 'head', seq, seq FROM change_head ORDER BY 1", selects.join(" UNION ALL "));
        self.rows(&sql).await
    }

    /// The rows of a statement, as JSON.
    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        let db = &self.app.databases.write;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| JsonValue::from_query_result(row, "").expect("a row as JSON")).collect()
    }

    /// Every case is refused as it says, and all of them leave nothing behind.
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

    /// Every query or mutation is answered by a top-level error with this code, and leaves nothing behind.
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

/// One refusal: `CODE path`.
pub fn one(code: &str, path: &str) -> Vec<String> {
    vec![format!("{code} {path}")]
}

/// A text in English alone.
pub fn english(text: &str) -> Value {
    json!([{ "locale": "EN", "text": text }])
}
