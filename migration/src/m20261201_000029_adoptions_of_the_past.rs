//! By which source an adoption of the past is known, for the historical record. It stays with the adopted text.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMN: &str = "ALTER TABLE recommendation ADD COLUMN adoption_source_id {uuid} REFERENCES source (id)";
const INDEX: &str = "CREATE INDEX recommendation_adoption_source ON recommendation (adoption_source_id, id)
    WHERE adoption_source_id IS NOT NULL";

const GUARD_POSTGRES: &str = "CREATE TRIGGER recommendation_adoption_source BEFORE UPDATE ON recommendation
    FOR EACH ROW WHEN (OLD.label IS NOT NULL AND NEW.adoption_source_id IS DISTINCT FROM OLD.adoption_source_id)
    EXECUTE FUNCTION refuse_change('an adopted text is immutable')";
const GUARD_SQLITE: &str = "CREATE TRIGGER recommendation_adoption_source BEFORE UPDATE ON recommendation
    WHEN OLD.label IS NOT NULL AND NEW.adoption_source_id IS NOT OLD.adoption_source_id
    BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        let guard = if backend == DbBackend::Postgres { GUARD_POSTGRES } else { GUARD_SQLITE };
        for sql in [&spell(COLUMN, backend), INDEX, guard] {
            db.execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on = if manager.get_database_backend() == DbBackend::Postgres { " ON recommendation" } else { "" };
        for sql in [
            &format!("DROP TRIGGER recommendation_adoption_source{on}"),
            "DROP INDEX recommendation_adoption_source",
            "ALTER TABLE recommendation DROP COLUMN adoption_source_id",
        ] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
