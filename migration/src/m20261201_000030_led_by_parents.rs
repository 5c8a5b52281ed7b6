//! The documents and procedures of a meeting, an agenda item or a text are found audience by audience, as the recommendations of a meeting are:
//! without the audience in the index, the embedded database counted all of them again for each of them.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Each index, its table, and the column of the parent.
const INDEXES: [(&str, &str, &str); 4] = [
    ("document_meeting", "document", "meeting_id"),
    ("document_agenda_item", "document", "agenda_item_id"),
    ("document_recommendation", "document", "recommendation_id"),
    ("consensus_procedure_meeting", "consensus_procedure", "meeting_id"),
];

async fn replace(manager: &SchemaManager<'_>, rest: &str) -> Result<(), DbErr> {
    for (index, table, parent) in INDEXES {
        manager.get_connection().execute_unprepared(&format!("DROP INDEX {index}")).await?;
        let create = format!("CREATE INDEX {index} ON {table} ({parent}, {rest})");
        manager.get_connection().execute_unprepared(&create).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "audience, id, owner").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, "id").await
    }
}
