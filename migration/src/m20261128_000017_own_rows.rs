//! Indexes that count the rows that only an organisation may see: of a body or a meeting, and of what recommendations name.

use sea_orm_migration::async_trait;
use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// A table whose rows name something for a recommendation, and the column that names it.
const LINKS: [(&str, &str); 4] = [
    ("recommendation_theme", "theme"),
    ("recommendation_instrument", "instrument"),
    ("addressee", "organization"),
    ("addressee", "country"),
];

/// What a recommendation belongs to, whoever drafted it: the names of indexes, and their columns.
const DRAFTED: [(&str, &str); 3] =
    [("body", "body_id"), ("meeting", "meeting_id"), ("agreed_meeting", "agreed_meeting_id")];

async fn execute(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await.map(drop)
}

/// Replaces the indexes on what each of these tables names: owner by owner, in the order of these columns.
async fn order_links(manager: &SchemaManager<'_>, by: &str) -> Result<(), DbErr> {
    for (table, named) in LINKS {
        let name = if table == "addressee" { format!("addressee_{named}_own") } else { format!("{table}_own") };
        execute(manager, &format!("DROP INDEX {name}")).await?;
        let on = format!("{table} ({named}_id, owner, {by}) WHERE owner IS NOT NULL");
        execute(manager, &format!("CREATE INDEX {name} ON {on}")).await?;
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        order_links(manager, "audience, recommendation_id").await?;
        for (of, column) in DRAFTED {
            let on = format!(
                "recommendation (drafted_by_id, audience, {column}, id, owner) WHERE drafted_by_id IS NOT NULL"
            );
            execute(manager, &format!("CREATE INDEX recommendation_drafted_by_{of} ON {on}")).await?;
        }
        // Otherwise it expects few rows of a drafter, an audience and a state, which depend on each other, and sorts all of them.
        if manager.get_database_backend() == DbBackend::Postgres {
            let together = "(dependencies) ON drafted_by_id, audience, status FROM recommendation";
            execute(manager, &format!("CREATE STATISTICS recommendation_drafted {together}")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            execute(manager, "DROP STATISTICS recommendation_drafted").await?;
        }
        for (of, _) in DRAFTED {
            execute(manager, &format!("DROP INDEX recommendation_drafted_by_{of}")).await?;
        }
        order_links(manager, "recommendation_id").await
    }
}
