//! What a body sought consensus for: to agree on its draft, or to adopt a text. Of the procedures that are there, those of another body than the
//! text's own were about its adoption, and those at the meeting that adopted it.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMN: &str = "ALTER TABLE consensus_procedure ADD COLUMN stage {text} NOT NULL DEFAULT 'AGREEMENT'
    CHECK (stage IN ('AGREEMENT', 'ADOPTION'))";
const ADOPTIONS: &str = "UPDATE consensus_procedure SET stage = 'ADOPTION' WHERE EXISTS (
    SELECT 1 FROM recommendation WHERE recommendation.id = consensus_procedure.recommendation_id AND (
        recommendation.body_id <> consensus_procedure.body_id
        OR recommendation.meeting_id = consensus_procedure.meeting_id
            AND consensus_procedure.body_id IN (SELECT id FROM body WHERE kind <> 'WORKING_GROUP')
    )
)";
const DOWN: &str = "ALTER TABLE consensus_procedure DROP COLUMN stage";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        db.execute_unprepared(&spell(COLUMN, backend)).await?;
        db.execute_unprepared(ADOPTIONS).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
