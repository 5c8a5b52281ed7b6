//! Every integration test, in one binary: one link step.

mod access;
mod council;
mod privacy;
mod tokens;
