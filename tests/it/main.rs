//! Every integration test, in one binary: one link step.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails its test")]

mod access;
mod council;
mod filter;
mod guard;
mod language;
mod lists;
mod mandate;
mod meeting;
mod officer;
mod participation;
mod privacy;
mod readme;
mod recommendation;
mod tokens;
