//! `/graphql`: from a request to its answer. Calls the steps in their order, and has no rules of its own but which answers HTTP caches may
//! keep.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::access_log::{LogEntry, Method};
use super::answer::Answer;
use super::authentication::authenticate;
use super::conditional::{Form, Freshness};
use super::encoding::Encoding;
use super::execution::{answer, in_time};
use super::listener::PeerAddress;
use super::media::{Media, is_named};
use super::prepare::{Caller, Prepared, RequestContext, prepare};
use super::request::{GraphqlRequest, Parameters, too_large};
use super::state::Service;
use super::{events, socket};
use crate::auth::Role;
use crate::config::Switch;

/// The methods that are answered.
pub const ALLOWED: HeaderValue = HeaderValue::from_static("GET,HEAD,POST,QUERY");
/// Where a client learns that it may send queries by QUERY, and in which form (RFC 10008).
pub const ACCEPT_QUERY: (HeaderName, HeaderValue) = (
    HeaderName::from_static("accept-query"),
    HeaderValue::from_static("application/json, application/graphql-response+json"),
);

/// QUERY (RFC 10008), which has a body like a POST, and is safe and idempotent like a GET.
pub fn query_method() -> axum::http::Method {
    axum::http::Method::from_bytes(b"QUERY").unwrap_or_default()
}

pub async fn post(State(service): State<Service>, request: Request) -> Response {
    with_body(&service, request, Method::Post).await
}

/// A request that has its document in its body.
async fn with_body(service: &Service, mut request: Request, method: Method) -> Response {
    let (headers, peer) = (std::mem::take(request.headers_mut()), request.extensions().get::<PeerAddress>().cloned());
    let entry = LogEntry::of(service, method, &headers);
    let caller = Caller { headers: &headers, peer: peer.as_ref(), method };
    if announces_more(&headers, service.app.config.limits.body) {
        return handle(service, caller, entry, || Err(too_large())).await;
    }
    // A client that sends a byte a second does not hold a connection for ever.
    let body = tokio::time::timeout(service.time_limit(), Bytes::from_request(request, &())).await;
    handle(service, caller, entry, || GraphqlRequest::of_body(&headers, body)).await
}

/// Whether a request announces a body that is larger than allowed.
fn announces_more(headers: &HeaderMap, largest: usize) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > largest)
}

pub async fn get(
    State(service): State<Service>,
    uri: Uri,
    headers: HeaderMap,
    peer: Option<Extension<PeerAddress>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    let peer = peer.map(|Extension(peer)| peer);
    if let Ok(upgrade) = upgrade {
        return socket::open(service, upgrade, &headers, peer);
    }
    let entry = LogEntry::of(&service, Method::Get, &headers);
    if uri.query().is_none() && service.app.config.explorer == Switch::On && is_named(&headers, "text/html") {
        // A browser's page, which may be behind a proxy at another path.
        let explorer = if uri.path().ends_with('/') { "../" } else { "./" };
        return entry.begin(([(header::VARY, "accept")], Redirect::to(explorer)).into_response());
    }
    let caller = Caller { headers: &headers, peer: peer.as_ref(), method: Method::Get };
    let asked = || {
        let message = "Write query, variables, operationName, extensions and documentId, each at most once.";
        let refused = |_| Answer::no_request(StatusCode::UNPROCESSABLE_ENTITY, "BAD_REQUEST", message);
        GraphqlRequest::of_parameters(parameters.map_err(refused)?.0)
    };
    handle(&service, caller, entry, asked).await
}

/// A request with another method.
pub async fn other(State(service): State<Service>, request: Request) -> Response {
    if request.method().as_str() == "QUERY" {
        let mut response = with_body(&service, request, Method::Query).await;
        // Else the router names the methods that it knows itself.
        response.headers_mut().entry(header::ALLOW).or_insert(ALLOWED);
        return response;
    }
    let entry = LogEntry::of(&service, Method::Other, request.headers());
    let message = "Ask by POST, or, to read only, by GET or QUERY.";
    let refused = Answer::no_request(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
    let mut response = entry.answer(refused, Media::Json);
    response.headers_mut().insert(header::ALLOW, ALLOWED);
    response.headers_mut().extend([ACCEPT_QUERY]);
    response
}

/// How a client that takes `application/json` is answered.
fn plain(service: &Service) -> Media {
    match service.app.config.legacy_status {
        Switch::On => Media::Legacy,
        Switch::Off => Media::Json,
    }
}

async fn handle(
    service: &Service,
    caller: Caller<'_>,
    mut entry: LogEntry,
    asked: impl FnOnce() -> Result<GraphqlRequest, Answer>,
) -> Response {
    let bounds = entry.bounds();
    let (media, takes_events) = (Media::accepted(caller.headers, plain(service)), events::are_taken(caller.headers));
    let work = async {
        if media.is_none() && !takes_events {
            let message = "Answers are application/graphql-response+json, application/json or text/event-stream.";
            return Err(Answer::no_request(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message));
        }
        let asked = asked()?;
        let viewer = authenticate(service, caller, &mut entry).await?;
        let prepared = prepare(service, RequestContext::of(service, viewer, caller), asked, &mut entry).await?;
        // A client that accepts both gets a stream for a subscription, and an answer for anything else.
        if takes_events && (media.is_none() || prepared.goes_on()) {
            return Ok(Done::Streams(Box::new(prepared)));
        }
        Ok(Done::Answers(answer(service, prepared, &bounds.request_id).await))
    };
    let done = in_time(&bounds, Box::pin(work)).await;
    // A client that accepts only events is refused in the newer form.
    let refusal = if takes_events { Media::GraphqlResponse } else { Media::Json };
    match done.unwrap_or_else(Err) {
        Ok(Done::Streams(prepared)) => events::stream(service, *prepared, entry, bounds),
        // Clients of event streams show nothing of an answer with another status.
        Err(answer) if media.is_none() && takes_events && answer.refuses_document() => {
            events::stream(service, Prepared::Answered(answer), entry, bounds)
        }
        Ok(Done::Answers(answer)) | Err(answer) => {
            let encoding = Encoding::accepted(caller.headers).filter(|_| answer.is_worth_encoding());
            let form = Form { media: media.unwrap_or(refusal), encoding };
            let answer = if caller.method.only_reads() { fresh(service, caller, &entry, answer, form) } else { answer };
            let answer = match encoding {
                Some(encoding) => answer.encoded(encoding),
                None => answer,
            };
            let is_unsupported = answer.status(form.media) == StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let mut response = entry.answer(answer, form.media);
            if caller.method.only_reads() || is_unsupported {
                response.headers_mut().extend([ACCEPT_QUERY]);
            }
            response
        }
    }
}

/// An answer to a GET or a QUERY, if it may be cached, with what HTTP caches are told of it. What everyone may read is shared.
fn fresh(service: &Service, caller: Caller<'_>, entry: &LogEntry, answer: Answer, form: Form) -> Answer {
    let Some(hash) = answer.hash() else { return answer };
    let is_public = !entry.viewer.is_some_and(Role::has_token);
    let shared_for = is_public.then(|| Duration::from_secs(service.app.config.keep_seconds));
    let freshness = Freshness::of(hash, form, caller.headers, shared_for);
    answer.fresh(freshness)
}

/// What a request leads to.
enum Done {
    Answers(Answer),
    Streams(Box<Prepared>),
}
