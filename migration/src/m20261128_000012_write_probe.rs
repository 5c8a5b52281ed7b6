//! A row to write to when readiness asks whether the database accepts writes.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
CREATE TABLE write_probe (
    id integer PRIMARY KEY,
    filler {text} NOT NULL
);
INSERT INTO write_probe VALUES (1, '');
";

/// Compressed values would find space where other rows find none.
const PLAIN_POSTGRES: &str = "ALTER TABLE write_probe ALTER COLUMN filler SET STORAGE EXTERNAL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (backend, db) = (manager.get_database_backend(), manager.get_connection());
        db.execute_unprepared(&spell(UP, backend)).await?;
        if backend == DbBackend::Postgres {
            db.execute_unprepared(PLAIN_POSTGRES).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE write_probe").await.map(drop)
    }
}
