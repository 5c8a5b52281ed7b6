//! Which recommendations an agenda item is about.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
CREATE TABLE agenda_item_recommendation (
    id {uuid} PRIMARY KEY,
    agenda_item_id {uuid} NOT NULL REFERENCES agenda_item (id),
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (agenda_item_id, recommendation_id)
);
CREATE INDEX agenda_item_recommendation_recommendation ON agenda_item_recommendation (recommendation_id, agenda_item_id);
CREATE INDEX agenda_item_body ON agenda_item (body_id);
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = spell(UP, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DROP INDEX agenda_item_body").await?;
        db.execute_unprepared("DROP TABLE agenda_item_recommendation").await.map(drop)
    }
}
