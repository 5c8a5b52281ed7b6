//! The council's register, the feed and the audit trail.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &str = include_str!("m20261124_000001_record/tables.sql");
const GUARDS_POSTGRES: &str = include_str!("m20261124_000001_record/guards.postgres.sql");
const GUARDS_SQLITE: &str = include_str!("m20261124_000001_record/guards.sqlite.sql");

/// Children before parents.
const DROP_ORDER: [&str; 24] = [
    "audit",
    "change",
    "change_head",
    "operation_figure",
    "repatriation_operation",
    "addressee",
    "recommendation_revision",
    "recommendation_instrument",
    "recommendation_theme",
    "recommendation",
    "instrument",
    "theme",
    "participation",
    "agenda_item",
    "meeting_source",
    "alternative_title",
    "meeting_organizer",
    "body_session",
    "meeting",
    "mandate",
    "body",
    "organization",
    "source",
    "country",
];

const FUNCTIONS: [&str; 3] = ["refuse_change", "refuse_mandate_overlap", "refuse_adopted_text_change"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let db = manager.get_connection();
        db.execute_unprepared(&spell(TABLES, backend)).await?;
        let (guards, first_head) = match backend {
            DbBackend::Postgres => (GUARDS_POSTGRES, "INSERT INTO change_head VALUES (1, 0, gen_random_uuid())"),
            _ => (GUARDS_SQLITE, "INSERT INTO change_head VALUES (1, 0, randomblob(16))"),
        };
        db.execute_unprepared(guards).await?;
        db.execute_unprepared(first_head).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for table in DROP_ORDER {
            db.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            for function in FUNCTIONS {
                db.execute_unprepared(&format!("DROP FUNCTION {function}()")).await?;
            }
        }
        Ok(())
    }
}
