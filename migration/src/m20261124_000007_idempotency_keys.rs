//! The answers to requests with an idempotency key.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
CREATE TABLE idempotency_key (
    client {text} NOT NULL,
    key {text} NOT NULL,
    fingerprint {text} NOT NULL,
    answer {text},
    at {time} NOT NULL,
    PRIMARY KEY (client, key)
);
CREATE INDEX idempotency_key_at ON idempotency_key (at);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = spell(UP, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE idempotency_key").await.map(drop)
    }
}
