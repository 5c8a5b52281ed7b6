//! What operators see: logs, to standard error, metrics and traces.

pub mod metrics;
pub mod traces;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::error::Error;

/// Starts logging: for people on a terminal, JSON lines elsewhere. `filter` is a `tracing` filter such as `info`.
pub fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("REC_LOG: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    started.map_err(|error| error.to_string())?;
    // A panic is a fault of ours as others are, and stands in the log like them.
    std::panic::set_hook(Box::new(|panic| tracing::error!(panic = panic.to_string(), "a panic")));
    Ok(())
}

/// An error with all its causes, for the log. Of a fault of ours the causes alone: its own words are for clients.
pub fn chain(error: &Error) -> String {
    let first: &dyn std::error::Error = match error {
        Error::Internal(cause) => cause.as_ref(),
        error => error,
    };
    let causes = std::iter::successors(Some(first), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
