//! Indexes that have the rows of a body, and of a state, in the order of a list. They replace those that found the rows a viewer may see
//! only to sort them: most rows are seen by most viewers.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Nulls sort last in both directions, so each direction has its own index.
const INDEXES: [(&str, &str); 13] = [
    ("recommendation_due_last", "recommendation ((target_date IS NOT NULL), target_date, id)"),
    // Rows are counted without reading the table. If the id were not the second column, the index would be skip-scanned and then sorted.
    ("recommendation_body_seen", "recommendation (body_id, id, owner, audience)"),
    ("recommendation_body_created", "recommendation (body_id, created_at, id)"),
    ("recommendation_body_updated", "recommendation (body_id, updated_at, id)"),
    ("recommendation_body_adopted", "recommendation (body_id, (adopted_on IS NULL), adopted_on, id)"),
    ("recommendation_body_newest", "recommendation (body_id, (adopted_on IS NOT NULL), adopted_on, id)"),
    ("recommendation_status_created", "recommendation (status, created_at, id)"),
    ("recommendation_status_updated", "recommendation (status, updated_at, id)"),
    ("recommendation_status_adopted", "recommendation (status, (adopted_on IS NULL), adopted_on, id)"),
    ("recommendation_status_newest", "recommendation (status, (adopted_on IS NOT NULL), adopted_on, id)"),
    ("meeting_ends_on", "meeting (ends_on, id)"),
    ("meeting_kind", "meeting (kind, id)"),
    ("meeting_status", "meeting (status, id)"),
];

const NO_MORE: [(&str, &str); 3] = [
    ("recommendation_body", "recommendation (body_id, id)"),
    ("recommendation_audience", "recommendation (audience, id)"),
    ("recommendation_owner", "recommendation (owner, id)"),
];

async fn exchange(manager: &SchemaManager<'_>, new: &[(&str, &str)], old: &[(&str, &str)]) -> Result<(), DbErr> {
    let db = manager.get_connection();
    for (name, on) in new {
        db.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
    }
    for (name, _) in old {
        db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        exchange(manager, &INDEXES, &NO_MORE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        exchange(manager, &NO_MORE, &INDEXES).await
    }
}
