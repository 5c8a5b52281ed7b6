//! `/graphql`: from a request to its answer.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Variables};
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequest as _, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use entity::text::Locale;
use serde_json::Value;

use super::admission::Admitted;
use super::admission::texts::Named;
use super::answer::Answer;
use super::execution::answer;
use super::media::Media;
use super::rate::{Allowance, client};
use super::report::{Method, Outcome, Told};
use super::request::{Asked, Parameters};
use super::viewer::authenticate;
pub use super::viewer::authorize;
use super::{Service, events, language, socket};
use crate::auth::{Role, Viewer};
use crate::config::Switch;
use crate::database::counting;
use crate::error::Error;
use crate::graphql::batch::Batches;
use crate::graphql::session::Session;
use crate::telemetry::chain;

pub async fn post(State(service): State<Service>, request: axum::extract::Request) -> axum::response::Response {
    let (headers, extensions) = (request.headers().clone(), request.extensions().clone());
    // Whoever sends a byte a second does not hold a connection for ever.
    let body = tokio::time::timeout(time_limit(&service), Bytes::from_request(request, &())).await;
    let asked = || Asked::of_body(&headers, body);
    handle(&service, Caller { headers: &headers, extensions: &extensions, method: Method::Post }, asked).await
}

pub async fn get(
    State(service): State<Service>,
    headers: HeaderMap,
    extensions: Extensions,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> axum::response::Response {
    if let Ok(upgrade) = upgrade {
        return socket::open(service, upgrade, headers, extensions);
    }
    let asked = || match parameters {
        Ok(Query(parameters)) => Asked::of_parameters(parameters),
        Err(_) => Err(Answer::refused(StatusCode::BAD_REQUEST, "BAD_REQUEST", "The parameters are not readable.")),
    };
    handle(&service, Caller { headers: &headers, extensions: &extensions, method: Method::Get }, asked).await
}

/// A request with this header is told its cost in `extensions.cost`.
const WANTS_COST: &str = "x-cost";

/// How long a request may take to come, and how long to be answered.
pub fn time_limit(service: &Service) -> Duration {
    Duration::from_secs(service.app.config.limits.seconds)
}

/// How a request came.
#[derive(Clone, Copy)]
struct Caller<'a> {
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
    method: Method,
}

async fn handle(
    service: &Service,
    caller: Caller<'_>,
    asked: impl FnOnce() -> Result<Asked, Answer>,
) -> axum::response::Response {
    let mut told = Told::of(service, caller.method);
    let request_id = told.request_id.clone();
    let streams = events::are_wanted(caller.headers);
    // Who asks for events is refused in the newer form, whose status tells.
    let media = if streams { Some(Media::GraphqlResponse) } else { Media::accepted(caller.headers) };
    let media = media.ok_or_else(|| {
        let message = "Answers are application/graphql-response+json, application/json or text/event-stream.";
        Answer::refused(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
    });
    let (media, asked) = match media {
        Ok(media) => (media, asked()),
        Err(refusal) => (Media::Json, Err(refusal)),
    };
    let work = async {
        let asked = asked?;
        let viewer = authenticate(&service.app, caller.headers).await;
        let viewer = viewer.map_err(|error| unauthenticated(&error, &request_id))?;
        let prepared = prepare(service, Asking::of(service, viewer, caller), asked, &mut told).await?;
        if streams {
            Ok(Done::Streams(Box::new(prepared)))
        } else {
            Ok(Done::Answers(answer(service, prepared, &request_id).await))
        }
    };
    let (done, statements) = counting(work).await;
    let (mut response, codes) = match done {
        Ok(Done::Streams(prepared)) => (events::stream(service, *prepared, request_id.clone()), Vec::new()),
        Ok(Done::Answers(answer)) | Err(answer) => {
            let codes = answer.codes.clone();
            (answer.respond(media, &request_id), codes)
        }
    };
    if let Some(allowance) = told.allowance {
        allowance.write(response.headers_mut());
    }
    let status = response.status().as_u16();
    told.report(service, caller.headers, &Outcome { status, codes: &codes, statements });
    response
}

/// What a request comes to.
enum Done {
    Answers(Answer),
    Streams(Box<Prepared>),
}

/// A request that may be executed: its viewer is known, has the points, and may ask for it.
pub struct Prepared {
    pub request: Request,
    pub admitted: Admitted,
    pub batches: Batches,
    /// When the viewer's token expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// What kind of operation it is; `None` if there is no such one, as the execution will say.
    pub kind: Option<OperationType>,
    /// The cost, if the client wants to be told.
    pub told_cost: Option<u64>,
}

/// Who asks, and how.
pub struct Asking {
    viewer: Viewer,
    /// Whose points are taken.
    client: String,
    languages: Vec<Locale>,
    method: Method,
    wants_cost: bool,
}

impl Asking {
    fn of(service: &Service, viewer: Viewer, caller: Caller<'_>) -> Self {
        let Caller { headers, extensions, method } = caller;
        let client = client(&viewer, headers, extensions, service.app.config.trust_proxy == Switch::On);
        let (languages, wants_cost) = (language::accepted(headers), headers.contains_key(WANTS_COST));
        Self { viewer, client, languages, method, wants_cost }
    }

    /// With the headers that the socket was opened with.
    pub fn over_socket(service: &Service, viewer: Viewer, headers: &HeaderMap, extensions: &Extensions) -> Self {
        Self::of(service, viewer, Caller { headers, extensions, method: Method::Socket })
    }
}

pub async fn prepare(service: &Service, asking: Asking, asked: Asked, told: &mut Told) -> Result<Prepared, Answer> {
    let Asking { viewer, client, languages, method, wants_cost } = asking;
    told.viewer = Some(viewer.role);
    take(service, &client, 1, told)?;
    let variables = asked.variables.map(|variables| Variables::from_json(Value::Object(variables))).unwrap_or_default();
    let (query, document_id) = (asked.query.as_deref(), asked.document_id.as_deref());
    let named = Named { query, document_id, extensions: asked.extensions.as_ref() };
    let text = service.texts.resolve(named, viewer.role > Role::Anonymous);
    let text = text.map_err(|refusal| Answer::inadmissible(&refusal))?;
    let admitted = service.admission.admit(&text, asked.operation_name.as_deref(), &variables).await;
    let admitted = admitted.map_err(|refusal| Answer::inadmissible(&refusal))?;
    let document = &admitted.document;
    service.metrics.document(admitted.is_known);
    told.cost = Some(admitted.cost);
    take(service, &client, admitted.cost.saturating_sub(1), told)?;
    told.operation = document.operation_name(asked.operation_name.as_deref());
    told.document = Some(document.short_hash());
    let kind = document.operation_type(asked.operation_name.as_deref());
    if !kind.is_none_or(|kind| method.allows(kind)) {
        let message = "A GET only reads. Send mutations by POST.";
        return Err(Answer::refused(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message));
    }
    if document.introspects() && !viewer.may_introspect(service.app.config.introspection) {
        let message = "The schema is shown to whoever has a token.";
        return Err(Answer::refused(StatusCode::FORBIDDEN, "INTROSPECTION_DISABLED", message));
    }
    told.is_admitted();
    let batches = Batches::default();
    let (told_cost, expires_at) = (wants_cost.then_some(admitted.cost), viewer.expires_at);
    let session = Session::new(service.app.clone(), viewer, languages, &batches);
    let mut request = Request::new(&*text).data(session).variables(variables);
    request.operation_name = asked.operation_name;
    request.set_parsed_query(document.parsed.clone());
    Ok(Prepared { request, admitted, batches, expires_at, kind, told_cost })
}

/// Takes points from a client that has them.
fn take(service: &Service, client: &str, points: u64, told: &mut Told) -> Result<(), Answer> {
    let (Ok(allowance) | Err(allowance)) = service.rates.take(client, points).map_err(Some);
    told.allowance = allowance.or(told.allowance);
    if allowance.is_some_and(Allowance::is_exhausted) {
        let message = "You have asked for too much. Retry after the seconds of the Retry-After header.";
        return Err(Answer::refused(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message));
    }
    Ok(())
}

fn unauthenticated(error: &Error, request_id: &str) -> Answer {
    if let Error::Unauthenticated(reason) = error {
        return Answer::refused(StatusCode::UNAUTHORIZED, error.code(), reason);
    }
    tracing::error!(request_id, error = chain(error), "authentication failed");
    Answer::internal(error, request_id)
}
