//! Consensus procedures: how a body comes to a text. What was agreed or adopted before has none.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLE: &str = "
CREATE TABLE consensus_procedure (
    id {uuid} PRIMARY KEY,
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    revision_id {uuid} NOT NULL REFERENCES recommendation_revision (id),
    body_id {uuid} NOT NULL REFERENCES body (id),
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    mode {text} NOT NULL,
    outcome {text} NOT NULL,
    opened_at {time} NOT NULL,
    deadline {time},
    closed_at {time},
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK ((mode = 'SILENCE') = (deadline IS NOT NULL)),
    CHECK ((outcome = 'PENDING') = (closed_at IS NULL))
)";

/// One procedure at most is pending for a text.
const PENDING: &str = "CREATE UNIQUE INDEX consensus_procedure_one_pending ON consensus_procedure (recommendation_id) WHERE outcome = 'PENDING'";

/// By what else procedures are found.
const FOUND: [(&str, &str); 4] = [
    ("due", "outcome, deadline"),
    ("recommendation", "recommendation_id, opened_at, id"),
    ("revision", "revision_id"),
    ("meeting", "meeting_id, id"),
];

/// The columns before the key of the indexes that have the procedures of each audience in the order of each list, and what lists are sorted by
/// before the id.
const LISTS: [(&str, &str); 3] =
    [("seen", "audience"), ("body_seen", "body_id, audience"), ("outcome_seen", "outcome, audience")];
const KEYS: [&str; 4] = ["", "deadline", "opened_at", "updated_at"];

fn indexes(backend: DbBackend) -> Vec<String> {
    let found = FOUND
        .iter()
        .map(|(name, columns)| format!("CREATE INDEX consensus_procedure_{name} ON consensus_procedure ({columns})"));
    let listed = LISTS.iter().flat_map(|(kind, first)| {
        KEYS.iter().map(move |key| {
            let (name, key) = if key.is_empty() { ("id", String::new()) } else { (*key, format!(", {key}")) };
            let owner = if backend == DbBackend::Postgres { ") INCLUDE (owner" } else { ", owner" };
            format!(
                "CREATE INDEX consensus_procedure_{kind}_by_{name} ON consensus_procedure ({first}{key}, id{owner})"
            )
        })
    });
    found.chain(listed).collect()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        db.execute_unprepared(&spell(TABLE, backend)).await?;
        db.execute_unprepared(PENDING).await?;
        for index in indexes(backend) {
            db.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE consensus_procedure").await.map(drop)
    }
}
