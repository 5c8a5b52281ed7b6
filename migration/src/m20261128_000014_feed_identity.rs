//! Where the feed's numbers were handed out, so that a restored copy is recognised as another feed, and of which identity each webhook has
//! been notified.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "
ALTER TABLE change_head ADD COLUMN home {text};
ALTER TABLE change_head ADD COLUMN first_version integer NOT NULL DEFAULT 1;
ALTER TABLE webhook ADD COLUMN epoch {uuid};
UPDATE webhook SET epoch = (SELECT epoch FROM change_head);
";

const DOWN: &str = "
ALTER TABLE webhook DROP COLUMN epoch;
ALTER TABLE change_head DROP COLUMN first_version;
ALTER TABLE change_head DROP COLUMN home;
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = spell(UP, manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await.map(drop)
    }
}
