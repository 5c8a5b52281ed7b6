//! Meetings can be demonstrations too. Those of synthetic volume, whose sessions are numbered from 1,000,001, are.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("ALTER TABLE meeting ADD COLUMN is_demo boolean NOT NULL DEFAULT false").await?;
        let synthetic = "SELECT meeting_id FROM body_session WHERE ordinal > 1000000";
        db.execute_unprepared(&format!("UPDATE meeting SET is_demo = true WHERE id IN ({synthetic})")).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE meeting DROP COLUMN is_demo").await.map(drop)
    }
}
