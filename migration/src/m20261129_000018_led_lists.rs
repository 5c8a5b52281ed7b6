//! Indexes that have the meetings in a country, and the sessions and agenda items of a body, in the order of each list.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A table, the column of the parent of its lists, and what these are sorted by before the id.
const LISTS: [(&str, &str, &[&str]); 3] = [
    ("meeting", "country", &["starts_on", "ends_on", "kind", "status", "updated_at"]),
    ("body_session", "body", &["id", "ordinal"]),
    ("agenda_item", "body", &["id", "position", "kind", "updated_at"]),
];

/// The index that some of these replace.
const BEFORE: (&str, &str) = ("agenda_item_body", "agenda_item (body_id)");

/// The name of each index, and its columns.
fn indexes() -> impl Iterator<Item = (String, String)> {
    LISTS.into_iter().flat_map(|(table, of, keys)| {
        keys.iter().map(move |key| {
            let key_and_id = if *key == "id" { (*key).to_owned() } else { format!("{key}, id") };
            (format!("{table}_{of}_by_{key}"), format!("{table} ({of}_id, audience, {key_and_id}, owner)"))
        })
    })
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (name, on) in indexes() {
            db.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
        }
        db.execute_unprepared(&format!("DROP INDEX {}", BEFORE.0)).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(&format!("CREATE INDEX {} ON {}", BEFORE.0, BEFORE.1)).await?;
        for (name, _) in indexes() {
            db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}
