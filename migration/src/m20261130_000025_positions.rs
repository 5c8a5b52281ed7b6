//! Positions of organisations on texts in consensus procedures.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: [&str; 5] = [
    "
CREATE TABLE position (
    id {uuid} PRIMARY KEY,
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    procedure_id {uuid} NOT NULL REFERENCES consensus_procedure (id),
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    mandate_id {uuid} NOT NULL REFERENCES mandate (id),
    kind {text} NOT NULL,
    text {json},
    proposed_text {json},
    stated_at {time} NOT NULL,
    answer {json},
    answered_by_id {uuid} REFERENCES organization (id),
    answered_at {time},
    maintained_at {time},
    withdrawn_at {time},
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK ((kind = 'AMENDMENT') = (proposed_text IS NOT NULL)),
    CHECK (kind = 'SUPPORT' OR text IS NOT NULL),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK (maintained_at IS NULL OR withdrawn_at IS NULL)
)",
    // One that is withdrawn leaves room for another one.
    "CREATE UNIQUE INDEX position_one_of_organization ON position (procedure_id, organization_id) WHERE withdrawn_at IS NULL",
    "CREATE INDEX position_recommendation ON position (recommendation_id, stated_at, id)",
    "CREATE INDEX position_organization ON position (organization_id, id)",
    "CREATE INDEX position_mandate ON position (mandate_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in UP {
            manager.get_connection().execute_unprepared(&spell(sql, manager.get_database_backend())).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE position").await.map(drop)
    }
}
