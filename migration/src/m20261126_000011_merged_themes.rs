//! Allows merging a theme of adopted recommendations: their rows then name the other theme, and are otherwise kept.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP_POSTGRES: &str = include_str!("m20261126_000011_merged_themes/up.postgres.sql");
const UP_SQLITE: &str = include_str!("m20261126_000011_merged_themes/up.sqlite.sql");
const DOWN_POSTGRES: &str = include_str!("m20261126_000011_merged_themes/down.postgres.sql");
const DOWN_SQLITE: &str = include_str!("m20261126_000011_merged_themes/down.sqlite.sql");

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        db.execute_unprepared(&spell("ALTER TABLE theme ADD COLUMN merged_into_id {uuid}", backend)).await?;
        db.execute_unprepared(if backend == DbBackend::Postgres { UP_POSTGRES } else { UP_SQLITE }).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        db.execute_unprepared(if backend == DbBackend::Postgres { DOWN_POSTGRES } else { DOWN_SQLITE }).await?;
        db.execute_unprepared("ALTER TABLE theme DROP COLUMN merged_into_id").await.map(drop)
    }
}
