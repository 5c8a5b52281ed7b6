//! Indexes that have the meetings of each audience in the order of each list, and the rows that name a record by audience: a viewer that
//! may not see all of them finds few rows without scanning past the others, and counts without reading the table.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The name of each index, and its columns. The rows that only an organisation may see are found by its `own` indexes.
const INDEXES: [(&str, &str); 21] = [
    ("recommendation_meeting", "recommendation (meeting_id, audience, id, owner)"),
    ("recommendation_agreed_meeting", "recommendation (agreed_meeting_id, audience, id, owner)"),
    ("recommendation_theme_theme", "recommendation_theme (theme_id, audience, recommendation_id, owner)"),
    (
        "recommendation_instrument_instrument",
        "recommendation_instrument (instrument_id, audience, recommendation_id, owner)",
    ),
    ("addressee_organization", "addressee (organization_id, audience, recommendation_id, owner)"),
    ("addressee_country", "addressee (country_id, audience, recommendation_id, owner)"),
    ("recommendation_theme_own", "recommendation_theme (theme_id, owner, recommendation_id) WHERE owner IS NOT NULL"),
    (
        "recommendation_instrument_own",
        "recommendation_instrument (instrument_id, owner, recommendation_id) WHERE owner IS NOT NULL",
    ),
    ("addressee_organization_own", "addressee (organization_id, owner, recommendation_id) WHERE owner IS NOT NULL"),
    ("addressee_country_own", "addressee (country_id, owner, recommendation_id) WHERE owner IS NOT NULL"),
    ("addressee_recommendation", "addressee (recommendation_id, position, organization_id, country_id, audience)"),
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

/// The indexes that some of these replace.
const BEFORE: [(&str, &str); 16] = [
    ("recommendation_meeting", "recommendation (meeting_id, id)"),
    ("recommendation_agreed_meeting", "recommendation (agreed_meeting_id)"),
    ("recommendation_theme_theme", "recommendation_theme (theme_id, recommendation_id)"),
    ("recommendation_instrument_instrument", "recommendation_instrument (instrument_id, recommendation_id)"),
    ("addressee_organization", "addressee (organization_id, recommendation_id)"),
    ("addressee_country", "addressee (country_id, recommendation_id)"),
    ("addressee_recommendation", "addressee (recommendation_id, position)"),
    ("recommendation_drafted_by", "recommendation (drafted_by_id, id)"),
    ("meeting_country", "meeting (country_id)"),
    ("meeting_organizer_organization", "meeting_organizer (organization_id)"),
    ("meeting_source_source", "meeting_source (source_id)"),
    ("meeting_starts_on", "meeting (starts_on, id)"),
    ("meeting_ends_on", "meeting (ends_on, id)"),
    ("meeting_kind", "meeting (kind, id)"),
    ("meeting_status", "meeting (status, id)"),
    ("meeting_updated", "meeting (updated_at, id)"),
];

/// What recommendations are sorted by before the id.
const KEYS: [&str; 7] = ["id", "label", "status", "target_date", "adopted_on", "created_at", "updated_at"];

/// The recommendations of a drafter, in every order. Most rows have no drafter.
fn drafted() -> impl Iterator<Item = (String, String)> {
    KEYS.into_iter().map(|key| {
        let key_and_id = if key == "id" { key.to_owned() } else { format!("{key}, id") };
        let on =
            format!("recommendation (drafted_by_id, audience, {key_and_id}, owner) WHERE drafted_by_id IS NOT NULL");
        (format!("recommendation_drafted_by_{key}"), on)
    })
}

async fn create(manager: &SchemaManager<'_>, name: &str, on: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await.map(drop)
}

async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await.map(drop)
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in BEFORE {
            drop_index(manager, name).await?;
        }
        for (name, on) in INDEXES {
            create(manager, name, on).await?;
        }
        for (name, on) in drafted() {
            create(manager, &name, &on).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in drafted() {
            drop_index(manager, &name).await?;
        }
        for (name, _) in INDEXES {
            drop_index(manager, name).await?;
        }
        for (name, on) in BEFORE {
            create(manager, name, on).await?;
        }
        Ok(())
    }
}
