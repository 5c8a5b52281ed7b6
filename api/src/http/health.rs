//! Health checks: whether the process is alive, and whether it can answer. They need no token and cost no points.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::answer::Answer;
use super::media::Media;
use super::state::Service;
use crate::database::schema;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::telemetry::chain;

/// The beginning of their paths.
pub const PREFIX: &str = "/health/";

/// A health check waits no longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn live() -> &'static str {
    "live\n"
}

/// 200 while the schema is up to date, and the database answers and accepts writes. A service that listens has migrated already.
pub async fn ready(State(service): State<Service>) -> Response {
    match tokio::time::timeout(PATIENCE, is_ready(&service.app)).await {
        Ok(Ok(())) => return "ready\n".into_response(),
        Ok(Err(error)) => tracing::warn!(error = chain(&error), "not ready"),
        Err(_) => tracing::warn!("not ready in time"),
    }
    let message = "The service is not ready.";
    Answer::no_request(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message).respond(Media::Plain)
}

async fn is_ready(app: &AppContext) -> Result<(), Error> {
    app.databases.check_writable(app.clock.uuid()).await?;
    if schema::is_current(app.databases.migrations().await?) {
        Ok(())
    } else {
        Err(Error::internal("the database has another schema"))
    }
}
