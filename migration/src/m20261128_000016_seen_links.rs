//! Indexes that have what names a record apart by audience: whoever may not see all of it finds few rows without passing the others, and
//! counts without reading any.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The name of each index, its table and first column, and what followed that before.
const INDEXES: [(&str, &str, &str, &str); 7] = [
    ("recommendation_meeting", "recommendation", "meeting_id", ", id"),
    ("recommendation_agreed_meeting", "recommendation", "agreed_meeting_id", ""),
    ("recommendation_drafted_by", "recommendation", "drafted_by_id", ", id"),
    ("recommendation_theme_theme", "recommendation_theme", "theme_id", ", recommendation_id"),
    ("recommendation_instrument_instrument", "recommendation_instrument", "instrument_id", ", recommendation_id"),
    ("addressee_organization", "addressee", "organization_id", ", recommendation_id"),
    ("addressee_country", "addressee", "country_id", ", recommendation_id"),
];

async fn exchange(manager: &SchemaManager<'_>, is_new: bool) -> Result<(), DbErr> {
    let db = manager.get_connection();
    for (name, table, column, before) in INDEXES {
        let child = if table == "recommendation" { "id" } else { "recommendation_id" };
        let after = if is_new { format!(", audience, {child}, owner") } else { before.to_owned() };
        db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        db.execute_unprepared(&format!("CREATE INDEX {name} ON {table} ({column}{after})")).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        exchange(manager, true).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        exchange(manager, false).await
    }
}
