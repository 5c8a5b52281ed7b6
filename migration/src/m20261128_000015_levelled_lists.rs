//! Indexes that have the recommendations of each audience in the order of each list: all of them, those of a body, and those in a state. A
//! viewer that may not see all rows reads only those that it may see.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What a list is sorted by before the id.
const KEYS: [&str; 7] = ["", "label", "status", "target_date", "adopted_on", "created_at", "updated_at"];

/// The indexes that these replace.
const NO_MORE: [(&str, &str); 18] = [
    ("recommendation_body_seen", "recommendation (body_id, id, owner, audience)"),
    ("recommendation_body_created", "recommendation (body_id, created_at, id)"),
    ("recommendation_body_updated", "recommendation (body_id, updated_at, id)"),
    ("recommendation_body_adopted", "recommendation (body_id, (adopted_on IS NULL), adopted_on, id)"),
    ("recommendation_body_newest", "recommendation (body_id, (adopted_on IS NOT NULL), adopted_on, id)"),
    ("recommendation_status_created", "recommendation (status, created_at, id)"),
    ("recommendation_status_updated", "recommendation (status, updated_at, id)"),
    ("recommendation_status_adopted", "recommendation (status, (adopted_on IS NULL), adopted_on, id)"),
    ("recommendation_status_newest", "recommendation (status, (adopted_on IS NOT NULL), adopted_on, id)"),
    ("recommendation_updated", "recommendation (updated_at, id)"),
    ("recommendation_created", "recommendation (created_at, id)"),
    ("recommendation_adopted", "recommendation ((adopted_on IS NULL), adopted_on, id)"),
    ("recommendation_newest", "recommendation ((adopted_on IS NOT NULL), adopted_on, id)"),
    ("recommendation_label", "recommendation ((label IS NULL), label, id)"),
    ("recommendation_last_label", "recommendation ((label IS NOT NULL), label, id)"),
    ("recommendation_due", "recommendation ((target_date IS NULL), target_date, id)"),
    ("recommendation_due_last", "recommendation ((target_date IS NOT NULL), target_date, id)"),
    ("recommendation_status", "recommendation (status, id)"),
];

/// For the rows that only an organisation may see. They are found by it and sorted: its own drafts are few.
const OWN: (&str, &str) = ("recommendation_own", "recommendation (owner, audience, id)");

/// The name of each index, and its columns before the key.
fn indexes() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let kinds = [("seen", "audience"), ("body_seen", "body_id, audience"), ("status_seen", "status, audience")];
    kinds.into_iter().flat_map(|(kind, first)| {
        let keys = KEYS.into_iter().filter(move |key| !(first.starts_with("status") && *key == "status"));
        keys.map(move |key| {
            (format!("recommendation_{kind}_by_{}", if key.is_empty() { "id" } else { key }), first, key)
        })
    })
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        for (name, _) in NO_MORE {
            db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for (name, first, key) in indexes() {
            let key = if key.is_empty() { String::new() } else { format!(", {key}") };
            // With the owner, the index holds all columns that the rule of visibility needs.
            let owner = if backend == DbBackend::Postgres { ") INCLUDE (owner" } else { ", owner" };
            let sql = format!("CREATE INDEX {name} ON recommendation ({first}{key}, id{owner})");
            db.execute_unprepared(&sql).await?;
        }
        db.execute_unprepared(&format!("CREATE INDEX {} ON {}", OWN.0, OWN.1)).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(&format!("DROP INDEX {}", OWN.0)).await?;
        for (name, ..) in indexes() {
            db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for (name, on) in NO_MORE {
            db.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
        }
        Ok(())
    }
}
