//! Routes and layers, outermost first.

mod admission;
mod explorer;
mod graphql;
mod health;
mod language;
mod viewer;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};

use crate::App;

/// The largest request body, in bytes.
const LARGEST_BODY: usize = 256 * 1024;

/// What every handler knows.
#[derive(Clone)]
pub struct Service {
    app: Arc<App>,
    schema: crate::graphql::Schema,
    documents: Arc<admission::Documents>,
}

/// The whole service as one router.
pub fn router(app: Arc<App>) -> Router {
    let service = Service { app, schema: crate::graphql::schema(), documents: Arc::default() };
    Router::new()
        .route("/graphql", post(graphql::handle))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .route("/schema.graphql", get(schema))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(explorer::routes())
        .with_state(service)
}

/// The published contract.
async fn schema() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/graphql; charset=utf-8")], crate::graphql::sdl())
}
