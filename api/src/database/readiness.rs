//! Whether a database takes writes, found out at no cost while it does.
#![expect(clippy::disallowed_methods, reason = "a probe and a setting are no part of the record")]

use std::time::Duration;

use entity::write_probe::{Column, Entity};
use sea_orm::sea_query::{Func, Query};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _, RuntimeErr};
use uuid::Uuid;

use super::Databases;

/// What the probe writes: more than the few kilobytes that are left on a disk that is full.
const FILLER: usize = 64 * 1024;
/// A database that is busy for longer is not called unready: it may be at work for others.
const PATIENCE: Duration = Duration::from_secs(1);

impl Databases {
    /// Finds out whether writes are taken: the file is the one that was opened, the server is no copy of another one, and if the last
    /// write has failed for want of room, `mark` can be written again and again into as much room as a mutation needs.
    pub async fn check_writable(&self, mark: Uuid) -> Result<(), DbErr> {
        self.health.check_file()?;
        if self.backend() == DbBackend::Postgres && self.is_read_only().await? {
            return Err(DbErr::Conn(RuntimeErr::Internal("the server takes no writes".to_owned())));
        }
        if self.health.refuses_writes() {
            let probe = tokio::time::timeout(PATIENCE, self.probe(mark));
            return probe.await.unwrap_or(Ok(()));
        }
        Ok(())
    }

    async fn is_read_only(&self) -> Result<bool, DbErr> {
        let setting = Func::cust("current_setting").arg("transaction_read_only");
        let row = self.write.query_one(Query::select().expr_as(setting, "setting")).await?;
        let setting: Option<String> = row.map(|row| row.try_get("", "setting")).transpose()?;
        Ok(setting.as_deref() == Some("on"))
    }

    async fn probe(&self, mark: Uuid) -> Result<(), DbErr> {
        let mark = mark.simple().to_string();
        let filler = mark.repeat(FILLER / mark.len());
        Entity::update_many().col_expr(Column::Filler, filler.into()).exec(&self.write).await.map(drop)
    }
}
