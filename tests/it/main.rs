//! Every integration test, in one binary: one link step.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails its test")]

mod access;
mod at_once;
mod attacks;
mod changes;
mod council;
mod crash;
mod events;
mod every_list;
mod faults;
mod feed;
mod filter;
mod fresh;
mod guard;
mod http;
mod language;
mod limits;
mod lists;
mod mandate;
mod meeting;
mod migration;
mod officer;
mod participation;
mod privacy;
mod program;
mod property;
mod readme;
mod recommendation;
mod record;
mod refusals;
mod schema;
mod seeds;
mod socket;
mod times;
mod tokens;
mod traces;
