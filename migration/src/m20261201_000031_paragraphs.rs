//! The operative paragraphs of a text and of its revisions; plain texts, as before, have none. An adopted text keeps them.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: [&str; 2] = ["recommendation", "recommendation_revision"];

/// A theme that is merged into another one is the other one, also in a paragraph of an adopted text and of a revision.
const GUARDS_POSTGRES: &[&str] = &[
    "CREATE FUNCTION refuse_paragraph_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM theme WHERE merged_into_id IS NOT NULL) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'guard: %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
        END $$",
    "CREATE TRIGGER recommendation_paragraphs BEFORE UPDATE ON recommendation
        FOR EACH ROW WHEN (OLD.label IS NOT NULL AND NEW.paragraphs IS DISTINCT FROM OLD.paragraphs)
        EXECUTE FUNCTION refuse_paragraph_change('an adopted text is immutable')",
    "CREATE TRIGGER recommendation_revision_paragraphs BEFORE UPDATE OF paragraphs ON recommendation_revision
        FOR EACH ROW EXECUTE FUNCTION refuse_paragraph_change('a revision is immutable')",
];
const GUARDS_SQLITE: &[&str] = &[
    "CREATE TRIGGER recommendation_paragraphs BEFORE UPDATE ON recommendation
        WHEN OLD.label IS NOT NULL AND NEW.paragraphs IS NOT OLD.paragraphs
            AND NOT EXISTS (SELECT 1 FROM theme WHERE merged_into_id IS NOT NULL)
        BEGIN SELECT RAISE(ABORT, 'guard: an adopted text is immutable'); END",
    "CREATE TRIGGER recommendation_revision_paragraphs BEFORE UPDATE OF paragraphs ON recommendation_revision
        WHEN NOT EXISTS (SELECT 1 FROM theme WHERE merged_into_id IS NOT NULL)
        BEGIN SELECT RAISE(ABORT, 'guard: a revision is immutable'); END",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        for table in TABLES {
            let column = format!("ALTER TABLE {table} ADD COLUMN paragraphs {{json}} NOT NULL DEFAULT '[]'");
            db.execute_unprepared(&spell(&column, backend)).await?;
        }
        for guard in if backend == DbBackend::Postgres { GUARDS_POSTGRES } else { GUARDS_SQLITE } {
            db.execute_unprepared(guard).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        for table in TABLES {
            let on = if is_postgres { format!(" ON {table}") } else { String::new() };
            db.execute_unprepared(&format!("DROP TRIGGER {table}_paragraphs{on}")).await?;
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN paragraphs")).await?;
        }
        if is_postgres {
            db.execute_unprepared("DROP FUNCTION refuse_paragraph_change").await?;
        }
        Ok(())
    }
}
