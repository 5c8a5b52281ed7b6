//! External ids: what other systems call our records, and who owns those systems.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
CREATE TABLE source_system (
    id {uuid} PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    audience smallint NOT NULL,
    owner {uuid} REFERENCES organization (id)
);
CREATE TABLE external_id (
    id {uuid} PRIMARY KEY,
    source_system {text} NOT NULL REFERENCES source_system (name),
    value {text} NOT NULL,
    record_kind {text} NOT NULL,
    record_id {uuid} NOT NULL,
    created_at {time} NOT NULL,
    audience smallint NOT NULL,
    owner {uuid} REFERENCES organization (id),
    UNIQUE (record_kind, source_system, value)
);
CREATE INDEX external_id_record ON external_id (record_id);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = spell(UP, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP TABLE external_id").await?;
        db.execute_unprepared("DROP TABLE source_system").await.map(drop)
    }
}
