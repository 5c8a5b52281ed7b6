//! Whether the process lives, and whether it can answer.

use axum::extract::State;
use axum::http::StatusCode;

use super::Service;
use crate::telemetry::chain;

pub async fn live() -> &'static str {
    "live\n"
}

/// 200 once the schema is up to date and the database answers. A service that listens has migrated.
pub async fn ready(State(service): State<Service>) -> (StatusCode, &'static str) {
    match service.app.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(error = chain(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    }
}
