//! Whether the tokens of a client are issued by the command line.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A version before knows no clients of administrators.
const DOWN: [&str; 3] = [
    "DELETE FROM client_token WHERE client_id IN (SELECT id FROM client WHERE role = 'ADMIN')",
    "DELETE FROM client WHERE role = 'ADMIN'",
    "ALTER TABLE client DROP COLUMN local",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE client ADD COLUMN local boolean NOT NULL DEFAULT false";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in DOWN {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
