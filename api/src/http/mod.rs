//! Routes and layers, outermost first.

mod admission;
mod answer;
mod explorer;
mod graphql;
mod health;
mod language;
mod media;
mod request;
mod viewer;

use std::sync::Arc;

use async_graphql::ValidationMode;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use self::admission::Admission;
use crate::App;
use crate::graphql::{Schema, schema, sdl};

/// What every handler knows.
#[derive(Clone)]
pub struct Service {
    app: Arc<App>,
    schema: Schema,
    /// Executes documents that were found to fit the schema, and does not ask again.
    trusting: Schema,
    admission: Arc<Admission>,
}

/// The whole service as one router.
pub fn router(app: Arc<App>) -> Router {
    let limits = app.config.limits.clone();
    let (largest_body, dearest) = (limits.body, limits.cost);
    let admission = Arc::new(Admission::to(&sdl(), limits));
    let (schema, trusting) = (schema(ValidationMode::Strict, dearest), schema(ValidationMode::Fast, dearest));
    let service = Service { app, schema, trusting, admission };
    Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .layer(DefaultBodyLimit::max(largest_body))
        .route("/schema.graphql", get(contract))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(explorer::routes())
        .with_state(service)
}

/// The published contract.
async fn contract() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/graphql; charset=utf-8")], sdl())
}
