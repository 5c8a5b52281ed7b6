//! The history of the schema. It depends on nothing of ours; a migration is never edited once it has landed.

mod dialect;
mod m20261124_000001_record;
mod m20261124_000002_demo_meetings;
mod m20261124_000003_guards;
mod m20261124_000004_agenda_recommendations;
mod m20261124_000005_feed_floor;
mod m20261124_000006_external_ids;
mod m20261124_000007_idempotency_keys;
mod m20261124_000008_clients;
mod m20261124_000009_webhooks;
mod m20261124_000010_merged;
mod m20261126_000011_merged_themes;
mod m20261128_000012_write_probe;
mod m20261128_000013_ordered_lists;
mod m20261128_000014_feed_identity;
mod m20261128_000015_levelled_lists;
mod m20261128_000016_seen_links;
mod m20261128_000017_own_rows;
mod m20261129_000018_led_lists;
mod m20261130_000019_confirmed_participations;
mod m20261130_000020_local_clients;
mod m20261130_000021_sealed_cursors;
mod m20261130_000022_folded_symbols;
mod m20261130_000023_found_symbols;
mod m20261130_000024_consensus_procedures;
mod m20261130_000025_positions;
mod m20261201_000026_documents;
mod m20261201_000027_found_positions;
mod m20261201_000028_quorum;
mod m20261201_000029_adoptions_of_the_past;
mod m20261201_000030_led_by_parents;
mod m20261201_000031_paragraphs;
mod m20261201_000032_record_states;
mod m20261201_000033_stages;

use sea_orm_migration::async_trait;
pub use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Runs the migrations below, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_record::Migration),
            Box::new(m20261124_000002_demo_meetings::Migration),
            Box::new(m20261124_000003_guards::Migration),
            Box::new(m20261124_000004_agenda_recommendations::Migration),
            Box::new(m20261124_000005_feed_floor::Migration),
            Box::new(m20261124_000006_external_ids::Migration),
            Box::new(m20261124_000007_idempotency_keys::Migration),
            Box::new(m20261124_000008_clients::Migration),
            Box::new(m20261124_000009_webhooks::Migration),
            Box::new(m20261124_000010_merged::Migration),
            Box::new(m20261126_000011_merged_themes::Migration),
            Box::new(m20261128_000012_write_probe::Migration),
            Box::new(m20261128_000013_ordered_lists::Migration),
            Box::new(m20261128_000014_feed_identity::Migration),
            Box::new(m20261128_000015_levelled_lists::Migration),
            Box::new(m20261128_000016_seen_links::Migration),
            Box::new(m20261128_000017_own_rows::Migration),
            Box::new(m20261129_000018_led_lists::Migration),
            Box::new(m20261130_000019_confirmed_participations::Migration),
            Box::new(m20261130_000020_local_clients::Migration),
            Box::new(m20261130_000021_sealed_cursors::Migration),
            Box::new(m20261130_000022_folded_symbols::Migration),
            Box::new(m20261130_000023_found_symbols::Migration),
            Box::new(m20261130_000024_consensus_procedures::Migration),
            Box::new(m20261130_000025_positions::Migration),
            Box::new(m20261201_000026_documents::Migration),
            Box::new(m20261201_000027_found_positions::Migration),
            Box::new(m20261201_000028_quorum::Migration),
            Box::new(m20261201_000029_adoptions_of_the_past::Migration),
            Box::new(m20261201_000030_led_by_parents::Migration),
            Box::new(m20261201_000031_paragraphs::Migration),
            Box::new(m20261201_000032_record_states::Migration),
            Box::new(m20261201_000033_stages::Migration),
        ]
    }
}
