//! What all spellings of an instrument's symbol have in common, by which it is found.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::dialect::spell;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Of those that differ in nothing else, the first is found in any spelling, the others as they are written. (No symbol that is folded has a
/// blank.)
const UP: [&str; 6] = [
    "ALTER TABLE instrument ADD COLUMN symbol_folded {text} NOT NULL DEFAULT ''",
    "UPDATE instrument SET symbol_folded = upper(replace(symbol, ' ', ''))",
    "UPDATE instrument SET symbol_folded = substr(symbol_folded, 1, length(symbol_folded) - 6) WHERE {is_of_year}",
    "UPDATE instrument SET symbol_folded = symbol_folded || ' ' || symbol
        WHERE EXISTS (SELECT 1 FROM instrument other WHERE other.symbol_folded = instrument.symbol_folded AND other.id < instrument.id)",
    "CREATE UNIQUE INDEX instrument_symbol_folded_key ON instrument (symbol_folded)",
    "DROP INDEX instrument_symbol_folded",
];

const DOWN: [&str; 3] = [
    "CREATE INDEX instrument_symbol_folded ON instrument (lower(symbol))",
    "DROP INDEX instrument_symbol_folded_key",
    "ALTER TABLE instrument DROP COLUMN symbol_folded",
];

/// A resolution of the Security Council with its year in brackets.
fn is_of_year(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => r"symbol_folded ~ '^S/RES/[0-9]+\([0-9]{4}\)$'",
        _ => {
            "symbol_folded GLOB 'S/RES/[0-9]*([0-9][0-9][0-9][0-9])'
                AND substr(symbol_folded, 7, length(symbol_folded) - 12) NOT GLOB '*[^0-9]*'"
        }
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for step in UP {
            let sql = spell(step, backend).replace("{is_of_year}", is_of_year(backend));
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for step in DOWN {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }
}
