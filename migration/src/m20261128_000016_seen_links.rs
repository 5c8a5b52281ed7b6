//! Indexes that have the meetings of each audience in the order of each list, and what names a record apart by audience: whoever may not
//! see all of it finds few rows without passing the others, and counts without reading any.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The name of each index, and what it is on.
const INDEXES: [(&str, &str); 17] = [
    ("recommendation_meeting", "recommendation (meeting_id, audience, id, owner)"),
    ("recommendation_agreed_meeting", "recommendation (agreed_meeting_id, audience, id, owner)"),
    ("recommendation_drafted_by", "recommendation (drafted_by_id, audience, id, owner)"),
    ("recommendation_theme_theme", "recommendation_theme (theme_id, audience, recommendation_id, owner)"),
    (
        "recommendation_instrument_instrument",
        "recommendation_instrument (instrument_id, audience, recommendation_id, owner)",
    ),
    ("addressee_organization", "addressee (organization_id, audience, recommendation_id, owner)"),
    ("addressee_country", "addressee (country_id, audience, recommendation_id, owner)"),
    ("meeting_country", "meeting (country_id, audience, id, owner)"),
    ("meeting_organizer_organization", "meeting_organizer (organization_id, audience, meeting_id, owner)"),
    ("meeting_source_source", "meeting_source (source_id, audience, meeting_id, owner)"),
    ("body_session_body", "body_session (body_id, audience, meeting_id, owner)"),
    ("meeting_seen_by_id", "meeting (audience, id, owner)"),
    ("meeting_starts_on", "meeting (audience, starts_on, id, owner)"),
    ("meeting_ends_on", "meeting (audience, ends_on, id, owner)"),
    ("meeting_kind", "meeting (audience, kind, id, owner)"),
    ("meeting_status", "meeting (audience, status, id, owner)"),
    ("meeting_updated", "meeting (audience, updated_at, id, owner)"),
];

/// Those whose place some of these take.
const BEFORE: [(&str, &str); 15] = [
    ("recommendation_meeting", "recommendation (meeting_id, id)"),
    ("recommendation_agreed_meeting", "recommendation (agreed_meeting_id)"),
    ("recommendation_drafted_by", "recommendation (drafted_by_id, id)"),
    ("recommendation_theme_theme", "recommendation_theme (theme_id, recommendation_id)"),
    ("recommendation_instrument_instrument", "recommendation_instrument (instrument_id, recommendation_id)"),
    ("addressee_organization", "addressee (organization_id, recommendation_id)"),
    ("addressee_country", "addressee (country_id, recommendation_id)"),
    ("meeting_country", "meeting (country_id)"),
    ("meeting_organizer_organization", "meeting_organizer (organization_id)"),
    ("meeting_source_source", "meeting_source (source_id)"),
    ("meeting_starts_on", "meeting (starts_on, id)"),
    ("meeting_ends_on", "meeting (ends_on, id)"),
    ("meeting_kind", "meeting (kind, id)"),
    ("meeting_status", "meeting (status, id)"),
    ("meeting_updated", "meeting (updated_at, id)"),
];

async fn exchange(manager: &SchemaManager<'_>, old: &[(&str, &str)], new: &[(&str, &str)]) -> Result<(), DbErr> {
    let db = manager.get_connection();
    for (name, _) in old {
        db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
    }
    for (name, on) in new {
        db.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        exchange(manager, &BEFORE, &INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        exchange(manager, &INDEXES, &BEFORE).await
    }
}
