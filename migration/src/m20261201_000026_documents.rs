//! Documents: what they are, where they are kept in which languages, and what they belong to.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLE: &str = "
CREATE TABLE document (
    id {uuid} PRIMARY KEY,
    symbol {text},
    symbol_folded {text} UNIQUE,
    kind {text} NOT NULL,
    title {json} NOT NULL,
    title_folded {text} NOT NULL,
    sensitivity {text} NOT NULL,
    issued_on {date},
    versions {json} NOT NULL,
    meeting_id {uuid} REFERENCES meeting (id),
    agenda_item_id {uuid} REFERENCES agenda_item (id),
    body_id {uuid} REFERENCES body (id),
    recommendation_id {uuid} REFERENCES recommendation (id),
    no_personal_data boolean NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK ((symbol IS NULL) = (symbol_folded IS NULL)),
    CHECK (agenda_item_id IS NULL OR meeting_id IS NOT NULL),
    CHECK (sensitivity <> 'PUBLIC' OR no_personal_data)
)";

/// What documents belong to.
const FOUND: [(&str, &str); 4] = [
    ("meeting", "meeting_id, id"),
    ("agenda_item", "agenda_item_id, id"),
    ("recommendation", "recommendation_id, id"),
    ("owner", "owner, id"),
];

/// The columns before the key of the indexes that have the documents of each audience in the order of each list, and what lists are sorted by
/// before the id.
const LISTS: [(&str, &str); 3] =
    [("seen", "audience"), ("body_seen", "body_id, audience"), ("kind_seen", "kind, audience")];
const KEYS: [&str; 4] = ["", "issued_on", "symbol", "updated_at"];

fn indexes(backend: DbBackend) -> Vec<String> {
    let found = FOUND.iter().map(|(name, columns)| format!("CREATE INDEX document_{name} ON document ({columns})"));
    let listed = LISTS.iter().flat_map(|(list, first)| {
        KEYS.iter().map(move |key| {
            let (name, key) = if key.is_empty() { ("id", String::new()) } else { (*key, format!(", {key}")) };
            let owner = if backend == DbBackend::Postgres { ") INCLUDE (owner" } else { ", owner" };
            format!("CREATE INDEX document_{list}_by_{name} ON document ({first}{key}, id{owner})")
        })
    });
    found.chain(listed).collect()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        db.execute_unprepared(&spell(TABLE, backend)).await?;
        for index in indexes(backend) {
            db.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE document").await.map(drop)
    }
}
