//! What operators see: logs on standard error, metrics and traces. Decides nothing about a request.

pub mod metrics;
pub mod traces;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::error::Error;

/// Starts logging, for people or in JSON lines. `filter` is a `tracing` filter such as `info`.
pub fn start<W>(filter: &str, writer: W, for_people: bool) -> Result<(), String>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("REC_LOG: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = if for_people {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    started.map_err(|error| error.to_string())
}

/// Logs panics, which are faults of the service like others. To be called before a database is opened, which adds a count
/// of some of them.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| tracing::error!(panic = panic.to_string(), "a panic")));
}

/// An error with all its causes, for the log. For a fault only the causes: its own message is for clients.
pub fn chain(error: &Error) -> String {
    let first: &dyn std::error::Error = match error {
        Error::Unavailable(cause) | Error::Internal(cause) => cause.as_ref(),
        error => error,
    };
    let causes = std::iter::successors(Some(first), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
