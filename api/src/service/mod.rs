//! The use cases, and the only code that uses the database. They name nothing of `graphql` or `http`.
//!
//! There are two layers over the database. Every read goes through the read layer (`read`, `list`, `nested`: a hidden row is not found),
//! every write through the unit of work (`tx`). clippy refuses a third way. Topics stand above what they share, and never name each other
//! in a circle: `tests/it/layers.rs`.

pub mod acting;
pub mod background;
pub mod body;
pub mod bulk;
pub mod cache;
pub mod candidates;
pub mod change;
pub mod client;
pub mod condition;
pub mod consensus;
pub mod constraint;
pub mod context;
pub mod country;
pub mod document;
pub mod document_access;
pub mod external_id;
pub mod filter;
mod grant;
pub mod idempotency;
pub mod instrument;
pub mod level;
pub mod list;
pub mod mandate;
pub mod meeting;
pub mod nested;
pub mod operation;
pub mod organization;
pub mod own_agenda;
pub mod pace;
pub mod page;
pub mod patch;
pub mod prune;
pub mod read;
pub mod recommendation;
pub mod record_state;
pub mod registry;
pub mod relation;
pub mod replica;
pub mod retry;
pub mod seed;
pub mod sizes;
pub mod source;
pub mod theme;
pub mod timeout;
pub mod tx;
pub mod walk;
pub mod webhook;
pub mod webhook_sender;
