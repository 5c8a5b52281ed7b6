//! Indexes for lists that begin with the newest, and guards for what is adopted.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Nulls sort last in both directions, so each direction has its own index.
const INDEXES: [(&str, &str); 6] = [
    ("recommendation_created", "recommendation (created_at, id)"),
    ("recommendation_newest", "recommendation ((adopted_on IS NOT NULL), adopted_on, id)"),
    ("recommendation_last_label", "recommendation ((label IS NOT NULL), label, id)"),
    ("recommendation_due", "recommendation ((target_date IS NULL), target_date, id)"),
    ("recommendation_status", "recommendation (status, id)"),
    ("meeting_updated", "meeting (updated_at, id)"),
];

const GUARDS_POSTGRES: &str = include_str!("m20261124_000003_guards/guards.postgres.sql");
const GUARDS_SQLITE: &str = include_str!("m20261124_000003_guards/guards.sqlite.sql");
const UNGUARD_POSTGRES: &str = include_str!("m20261124_000003_guards/unguard.postgres.sql");
const UNGUARD_SQLITE: &str = include_str!("m20261124_000003_guards/unguard.sqlite.sql");

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (name, on) in INDEXES {
            db.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
        }
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        db.execute_unprepared(if postgres { GUARDS_POSTGRES } else { GUARDS_SQLITE }).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        db.execute_unprepared(if postgres { UNGUARD_POSTGRES } else { UNGUARD_SQLITE }).await?;
        for (name, _) in INDEXES {
            db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}
