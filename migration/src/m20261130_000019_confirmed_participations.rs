//! Whether a participation is confirmed: recorded by the secretariat, not only by the organisation itself.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What others than the secretariat may have written is not confirmed. The feed names the author of a change as far as it goes back.
const UP: [&str; 2] = [
    "ALTER TABLE participation ADD COLUMN confirmed boolean NOT NULL DEFAULT false",
    "UPDATE participation SET confirmed = true WHERE EXISTS (
        SELECT 1 FROM change WHERE change.subject_id = participation.id AND change.kind = 'CREATED'
    ) AND NOT EXISTS (
        SELECT 1 FROM change WHERE change.subject_id = participation.id AND change.actor NOT IN ('secretariat', 'admin')
    )",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in UP {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE participation DROP COLUMN confirmed").await.map(drop)
    }
}
