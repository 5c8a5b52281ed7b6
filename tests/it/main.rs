//! Every integration test, in one binary: one link step.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails its test")]

mod access;
mod council;
mod privacy;
mod readme;
mod tokens;
