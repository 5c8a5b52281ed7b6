//! Every integration test, in one binary: one link step.

mod council;
mod crash;
mod feed;
mod limits;
mod migration;
mod program;
mod refusals;
mod schema;
