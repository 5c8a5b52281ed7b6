//! Webhooks: who is notified of changes, up to where each has been, and the result of each delivery.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
CREATE TABLE webhook (
    id {uuid} PRIMARY KEY,
    url {text} NOT NULL,
    client_id {uuid} REFERENCES client (id),
    types {json} NOT NULL,
    secrets {json} NOT NULL,
    status {text} NOT NULL,
    reason {text},
    position bigint NOT NULL,
    failures integer NOT NULL,
    next_attempt_at {time},
    lease_holder {uuid},
    lease_until {time},
    created_at {time} NOT NULL,
    audience smallint NOT NULL,
    owner {uuid}
);
CREATE TABLE webhook_delivery (
    id {uuid} PRIMARY KEY,
    webhook_id {uuid} NOT NULL REFERENCES webhook (id),
    message_id {text} NOT NULL,
    outcome {text} NOT NULL,
    http_status integer,
    error {text},
    attempt integer NOT NULL,
    at {time} NOT NULL,
    audience smallint NOT NULL,
    owner {uuid}
);
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_at ON webhook_delivery (at);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = spell(UP, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP TABLE webhook_delivery").await?;
        db.execute_unprepared("DROP TABLE webhook").await.map(drop)
    }
}
