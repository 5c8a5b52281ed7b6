//! The vocabulary: one file per table with its row and its enums. No I/O and no rules; the words are those of the council.

#[macro_use]
mod vocabulary;
#[macro_use]
mod row;

pub mod date;
pub mod id;
pub mod text;

pub mod addressee;
pub mod agenda_item;
pub mod agenda_item_recommendation;
pub mod alternative_title;
pub mod audit;
pub mod body;
pub mod body_session;
pub mod change;
pub mod change_head;
pub mod client;
pub mod client_token;
pub mod consensus_procedure;
pub mod country;
pub mod document;
pub mod external_id;
pub mod idempotency_key;
pub mod instrument;
pub mod mandate;
pub mod meeting;
pub mod meeting_organizer;
pub mod meeting_source;
pub mod operation_figure;
pub mod organization;
pub mod paragraph;
pub mod participation;
pub mod position;
pub mod recommendation;
pub mod recommendation_instrument;
pub mod recommendation_revision;
pub mod recommendation_theme;
pub mod record_state;
pub mod repatriation_operation;
pub mod source;
pub mod source_system;
pub mod theme;
pub mod webhook;
pub mod webhook_delivery;
pub mod write_probe;

pub use row::{Audience, ModelOf, Part, Record, RecordType, Row};
