//! The schema of a database, and whether it is the one of this program. It changes it only by the migrations.

use std::collections::HashSet;

use migration::{Migrator, MigratorTrait as _};
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, DbErr};

use super::{Databases, advisory_lock, unlimited};

#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("the database has a newer schema than this program ({0}); start a newer rec")]
    Newer(String),
    #[error("cannot migrate the database: {0}")]
    Migration(DbErr),
}

/// The migrations of this program.
fn known() -> HashSet<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// Fails if a migration has run on the database that this program does not know.
pub fn check(seen: impl IntoIterator<Item = String>) -> Result<(), SchemaError> {
    let known = known();
    seen.into_iter().find(|seen| !known.contains(seen)).map_or(Ok(()), |unknown| Err(SchemaError::Newer(unknown)))
}

/// Whether a database on which these migrations have run has the schema of this program.
pub fn is_current(seen: Vec<String>) -> bool {
    HashSet::from_iter(seen) == known()
}

/// The migrations that have run on a database. It creates no table for them, as the migrator does: a standby would refuse.
#[expect(clippy::disallowed_methods, reason = "the history of the schema is no part of the register")]
pub(super) async fn seen(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let versions = Query::select().column("version").from(Migrator::migration_table_name()).take();
    let rows = connection.query_all(&versions).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

/// Runs the migrations that have not run on the database, in one transaction; another program that starts meanwhile waits. Refuses a
/// database on which a migration has run that we do not know.
pub async fn migrate(databases: &Databases) -> Result<(), SchemaError> {
    let txn = databases.begin().await.map_err(SchemaError::Migration)?;
    unlimited(&txn).await.map_err(SchemaError::Migration)?;
    advisory_lock(&txn, "migrate").await.map_err(SchemaError::Migration)?;
    let within = txn.inner().map_err(SchemaError::Migration)?;
    Migrator::install(within).await.map_err(SchemaError::Migration)?;
    let seen = Migrator::get_migration_models(within).await.map_err(SchemaError::Migration)?;
    let is_current = seen.len() == known().len();
    check(seen.into_iter().map(|seen| seen.version))?;
    if is_current {
        return txn.rollback().await.map_err(SchemaError::Migration);
    }
    Migrator::up(within, None).await.map_err(SchemaError::Migration)?;
    txn.commit().await.map_err(SchemaError::Migration)
}
