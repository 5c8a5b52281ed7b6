//! The endpoint: routes and layers, outermost first. Holds no rules of the council, and never names `sea_orm`.

mod access_log;
mod address;
pub mod admission;
mod answer;
mod authentication;
mod conditional;
mod cors;
mod drain;
mod encoding;
mod events;
mod execution;
mod explorer;
mod export;
mod fan_out;
mod graphql;
mod health;
mod idempotency;
mod lanes;
mod language;
mod late;
mod lifetime;
pub mod listener;
mod media;
mod operation;
mod prepare;
mod quality;
mod rate_limit;
mod request;
mod response_cache;
mod schema;
mod single_flight;
mod socket;
mod state;
mod subscription;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use self::admission::persisted::PersistedDocuments;
use self::admission::{Admission, Definitions};
use self::answer::Answer;
use self::fan_out::FanOut;
use self::lanes::Lanes;
use self::media::Media;
use self::rate_limit::Rates;
use self::response_cache::ResponseCache;
use self::state::{Parts, Service};
use crate::config::Switch;
use crate::database::replica::Replica;
use crate::graphql::{Schema, federated_schema, schema, trusting_federated_schema, trusting_schema};
use crate::service::context::AppContext;
use crate::service::context::replicas::Standing;
use crate::telemetry::metrics::{Metrics, ReplicaMetrics, ReplicaState};

/// A schema, which is the same for all services of a process.
struct Published {
    schema: Schema,
    trusting: Schema,
    definitions: Arc<Definitions>,
    sdl: Bytes,
}

impl Published {
    fn of(schema: Schema, trusting: Schema) -> Self {
        let (definitions, sdl) = (Arc::new(Definitions::of(schema.definitions())), schema.sdl().into());
        Self { schema, trusting, definitions, sdl }
    }
}

static PUBLISHED: LazyLock<Published> = LazyLock::new(|| Published::of(schema(), trusting_schema()));

/// The schema as a part of a federated graph.
static FEDERATED: LazyLock<Published> =
    LazyLock::new(|| Published::of(federated_schema(), trusting_federated_schema()));

/// The whole service as one router.
pub fn router(app: Arc<AppContext>) -> Router {
    let limits = app.config.limits.clone();
    let (largest_body, rates) = (limits.body, Rates::new(limits.rate_points));
    let only_trusted = app.config.trusted_documents_only;
    let responses = ResponseCache::of(limits.response_cache, Duration::from_secs(app.config.keep_seconds));
    let texts = PersistedDocuments::new(app.trusted_documents.clone(), only_trusted, limits.clone());
    let published: &Published = if app.config.federation == Switch::On { &FEDERATED } else { &PUBLISHED };
    let admission = Admission::to(Arc::clone(&published.definitions), limits);
    for (hash, text) in &app.trusted_documents {
        if let Err(refusal) = admission.judge(text) {
            let reason = refusal.faults.first().map(|fault| fault.message.as_str());
            tracing::warn!(hash, reason, "a trusted document cannot be executed");
        }
    }
    let explorer = if app.config.explorer == Switch::On { explorer::routes() } else { Router::new() };
    let lanes = Lanes::over(app.config.database_connections);
    let parts = Parts {
        app,
        schema: published.schema.clone(),
        trusting: published.trusting.clone(),
        admission,
        metrics: Metrics::default(),
        rates,
        lanes,
        texts,
        responses,
        fan_out: FanOut::default(),
        sdl: published.sdl.clone(),
    };
    let service = Service::new(parts);
    let endpoint = get(graphql::get).post(graphql::post).fallback(graphql::other);
    let graphql = Router::new()
        .route("/graphql", endpoint.clone())
        .route("/graphql/", endpoint)
        .layer(DefaultBodyLimit::max(largest_body))
        .route("/schema.graphql", get(schema::schema).layer(CompressionLayer::new()))
        .route("/export.ndjson", get(export::export).layer(CompressionLayer::new()))
        .method_not_allowed_fallback(method_not_allowed);
    cors::for_pages(graphql, &service)
        .route("/metrics", get(metrics).layer(CompressionLayer::new()))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(explorer)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(service)
}

async fn not_found() -> Response {
    let message = "There is nothing at this path. GraphQL is at /graphql, the schema at /schema.graphql, the register as lines at /export.ndjson.";
    Answer::no_request(StatusCode::NOT_FOUND, "NOT_FOUND", message).respond(Media::Plain)
}

/// Which methods a path has is told by the router.
async fn method_not_allowed() -> Response {
    let message = "This path is not asked by this method. Allow names those that it has.";
    let refused = Answer::no_request(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
    let mut response = refused.respond(Media::Plain);
    response.headers_mut().remove(ALLOW);
    response
}

/// The metrics of this process.
async fn metrics(State(service): State<Service>) -> impl IntoResponse {
    let app = &service.app;
    let of = |(replica, standing, behind): (&Replica, Standing, Option<i64>)| ReplicaState {
        place: replica.place().to_owned(),
        states: Standing::ALL.map(|one| (one.name(), one == standing)).to_vec(),
        behind,
        fallbacks: replica.fallbacks(),
    };
    let all = app.replicas.standings(app.feed.head()).map(of).collect();
    let replicas = ReplicaMetrics { all, choices: app.replicas.choices() };
    let text = service.metrics.text(&app.databases, &replicas).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR);
    text.map(|text| ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
