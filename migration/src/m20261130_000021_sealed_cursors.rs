//! A key that seals the cursors of the feed. Those of before are of no use any more.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let steps: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => {
                &["ALTER TABLE change_head ADD COLUMN cursor_key uuid NOT NULL DEFAULT gen_random_uuid()"]
            }
            // SQLite adds no column whose default is made by chance.
            _ => &[
                "ALTER TABLE change_head ADD COLUMN cursor_key blob NOT NULL DEFAULT x'00'",
                "UPDATE change_head SET cursor_key = randomblob(16)",
            ],
        };
        for step in steps {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE change_head DROP COLUMN cursor_key").await.map(drop)
    }
}
