//! Readiness: whether a database accepts writes. After a write has succeeded, no probe is written until one fails.
#![expect(clippy::disallowed_methods, reason = "a probe and a setting are no part of the register")]

use std::time::Duration;

use entity::write_probe::{Column, Entity};
use sea_orm::sea_query::{Func, Query};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _, RuntimeErr};
use uuid::Uuid;

use super::{Databases, schema};

/// The size of the probe: more than the few kilobytes that are left on a full disk.
const FILLER: usize = 64 * 1024;
/// How long the probe waits for other writers after a failed write. If one of them commits meanwhile, writes are accepted.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it waits before the first write: a busy database is ready.
const AT_FIRST: Duration = Duration::from_millis(200);

impl Databases {
    /// Finds out whether writes are accepted: the file is the one that was opened, the server is not a standby, and, if the last write
    /// failed or there was none, as much can be written as a mutation needs. `mark` must differ each time: SQLite does not write what is
    /// there already.
    pub async fn check_writable(&self, mark: Uuid) -> Result<(), DbErr> {
        self.health.check_file()?;
        if self.backend() == DbBackend::Postgres && self.is_read_only().await? {
            self.health.lead_elsewhere();
            if self.is_read_only().await? {
                return Err(refused("the server takes no writes"));
            }
        }
        if self.health.is_known_to_take_writes() {
            return Ok(());
        }
        if self.backend() == DbBackend::Postgres && self.health.refuses_writes() {
            // Some connections may date from before the server accepted writes.
            self.health.renew();
        }
        let patience = if self.health.refuses_writes() { PATIENCE } else { AT_FIRST };
        match tokio::time::timeout(patience, self.probe(mark)).await {
            Ok(outcome) => outcome,
            Err(_) if self.health.refuses_writes() => {
                Err(refused("the last write was refused, and the next one waits"))
            }
            Err(_) => Ok(()),
        }
    }

    /// The migrations that have run on it.
    pub async fn migrations(&self) -> Result<Vec<String>, DbErr> {
        schema::seen(&self.checks).await
    }

    async fn is_read_only(&self) -> Result<bool, DbErr> {
        let setting = Func::cust("current_setting").arg("transaction_read_only");
        let row = self.checks.query_one(Query::select().expr_as(setting, "setting")).await?;
        let setting: Option<String> = row.map(|row| row.try_get("", "setting")).transpose()?;
        Ok(setting.as_deref() == Some("on"))
    }

    async fn probe(&self, mark: Uuid) -> Result<(), DbErr> {
        let mark = mark.simple().to_string();
        let filler = mark.repeat(FILLER / mark.len());
        let written = Entity::update_many().col_expr(Column::Filler, filler.into()).exec(&self.write).await?;
        if written.rows_affected == 0 {
            return Err(refused("there is nothing to write to"));
        }
        self.health.note_write();
        Ok(())
    }
}

fn refused(why: &str) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(why.to_owned()))
}
