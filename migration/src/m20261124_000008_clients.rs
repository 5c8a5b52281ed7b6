//! API clients and the tokens that were issued for them.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
CREATE TABLE client (
    id {uuid} PRIMARY KEY,
    purpose {text} NOT NULL,
    role {text} NOT NULL,
    organization_id {uuid} REFERENCES organization (id),
    scopes {json} NOT NULL,
    active boolean NOT NULL,
    created_at {time} NOT NULL,
    audience smallint NOT NULL,
    owner {uuid}
);
CREATE TABLE client_token (
    id {uuid} PRIMARY KEY,
    client_id {uuid} NOT NULL REFERENCES client (id),
    issued_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time},
    used_at {time},
    audience smallint NOT NULL,
    owner {uuid}
);
CREATE INDEX client_token_client ON client_token (client_id, issued_at);
CREATE INDEX client_token_revoked ON client_token (expires_at) WHERE revoked_at IS NOT NULL;
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = spell(UP, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP TABLE client_token").await?;
        db.execute_unprepared("DROP TABLE client").await.map(drop)
    }
}
