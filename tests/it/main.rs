//! Every integration test, in one binary: one link step.

mod council;
mod limits;
mod refusals;
