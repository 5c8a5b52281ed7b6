//! What recommendations and meetings were from one version to the next. Of what is there already, the present state is kept, since its last change.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLE: &str = "
CREATE TABLE record_state (
    id {uuid} PRIMARY KEY,
    record_id {uuid} NOT NULL,
    version integer NOT NULL,
    since {time} NOT NULL,
    state {json} NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (record_id, version)
)";

/// The id of the present state is that of its record: each record has one.
const PRESENT_POSTGRES: &str = include_str!("m20261201_000032_record_states/present.postgres.sql");
const PRESENT_SQLITE: &str = include_str!("m20261201_000032_record_states/present.sqlite.sql");

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (db, backend) = (manager.get_connection(), manager.get_database_backend());
        db.execute_unprepared(&spell(TABLE, backend)).await?;
        let present = if backend == DbBackend::Postgres { PRESENT_POSTGRES } else { PRESENT_SQLITE };
        db.execute_unprepared(present).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE record_state").await.map(drop)
    }
}
