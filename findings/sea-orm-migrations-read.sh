#!/usr/bin/env bash
# sea-orm-migration 2.0.4 on PostgreSQL 18: to ask which migrations have run is a write, and fails in a session that only reads.
#
# The guess: `get_migration_models` and `get_pending_migrations` select from `seaql_migrations`, so a replica can be asked whether it has the
# schema of the program. What is seen: both send CREATE TABLE IF NOT EXISTS first. PostgreSQL refuses that in a read-only transaction, as all
# of a hot standby are, although the table is there; a SELECT from the same table in the same session succeeds.
source "$(dirname "$0")/lib.sh"
with_postgres 18.4.0-beta.17
cd "$folder"
cargo init --quiet --name asked asked
cd asked
cargo add --quiet sea-orm-migration@=2.0.4 --no-default-features --features sqlx-postgres,runtime-tokio
cargo add --quiet tokio@1 --features macros,rt
cat > src/main.rs <<'RUST'
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(First)]
    }
}

#[derive(DeriveMigrationName)]
struct First;

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE TABLE thing (n int)").await.map(drop)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let owner = Database::connect(&url).await.unwrap();
    Migrator::up(&owner, None).await.unwrap();
    let roles = "CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on; \
                 GRANT SELECT ON seaql_migrations TO reader";
    owner.execute_unprepared(roles).await.unwrap();
    let reader = Database::connect(url.replace("//postgres@", "//reader@")).await.unwrap();
    let count = Statement::from_string(DbBackend::Postgres, "SELECT count(*) AS n FROM seaql_migrations");
    let row = reader.query_one_raw(count).await.unwrap().unwrap();
    println!("a SELECT finds {} migration", row.try_get::<i64>("", "n").unwrap());
    for refused in [
        Migrator::get_migration_models(&reader).await.map(drop).unwrap_err(),
        Migrator::get_pending_migrations(&reader).await.map(drop).unwrap_err(),
    ] {
        println!("{refused}");
        assert!(refused.to_string().contains("cannot execute CREATE TABLE in a read-only transaction"));
    }
    // Whoever may write is answered.
    assert_eq!(Migrator::get_migration_models(&owner).await.unwrap().len(), 1);
}
RUST
cargo run --quiet -- "$url"
