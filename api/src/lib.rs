//! The service of the Regional Expert Council: one GraphQL API over its register. This file names the modules and holds no
//! code but the allocator.
//!
//! The dependencies, which `tests/it/layers.rs` checks: `main -> cli -> server -> http -> graphql -> export -> service -> domain -> entity`;
//! the commands `backup`, `import` and `mirror` stand beside `server`. `auth`, `clock`, `config`, `database`, `digest`, `error`,
//! `telemetry` and `unicode` stand below, each named only where the table of that test lets it. `graphql` and `http` never name `sea_orm`;
//! `domain` names only what lists the values of an enum. `service` and `domain` name `async_graphql` for inputs and enums only: each of
//! these words is written once, with its public text.

pub mod auth;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod database;
pub mod digest;
pub mod domain;
pub mod error;
pub mod export;
pub mod graphql;
pub mod http;
pub mod import;
pub mod mirror;
pub mod server;
pub mod service;
pub mod telemetry;
pub mod unicode;

/// A page of rows is thousands of small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
