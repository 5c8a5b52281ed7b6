//! `GET /schema.graphql`: the published schema, for clients that may read it. Serves a text that was made at the start.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::access_log::{LogEntry, Method};
use super::admission::DEFINITIONS;
use super::answer::Answer;
use super::authentication::authenticate;
use super::execution::in_time;
use super::listener::PeerAddress;
use super::media::Media;
use super::prepare::{Caller, take};
use super::state::Service;

/// Its name in the log and the metrics.
const OPERATION: &str = "schema.graphql";

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/graphql; charset=utf-8");

pub async fn schema(
    State(service): State<Service>,
    headers: HeaderMap,
    peer: Option<Extension<PeerAddress>>,
) -> Response {
    let mut entry = LogEntry::of(&service, Method::Get, &headers);
    (entry.path, entry.operation) = ("/schema.graphql", Some(OPERATION.to_owned()));
    let peer = peer.map(|Extension(peer)| peer);
    let caller = Caller { headers: &headers, peer: peer.as_ref(), method: Method::Get };
    let bounds = entry.bounds();
    let allowed = Box::pin(allow(&service, caller, &mut entry));
    match in_time(&bounds, allowed).await.unwrap_or_else(Err) {
        Ok(()) => entry.begin(([(header::CONTENT_TYPE, CONTENT_TYPE)], service.sdl.clone()).into_response()),
        Err(answer) => entry.answer(answer, Media::Plain),
    }
}

async fn allow(service: &Service, caller: Caller<'_>, entry: &mut LogEntry) -> Result<(), Answer> {
    let viewer = authenticate(service, caller, entry).await?;
    take(service, &caller.payer(service, &viewer), DEFINITIONS, entry)?;
    if viewer.may_introspect(service.app.config.introspection) {
        return Ok(());
    }
    let message = "The schema is shown to whoever has a token.";
    Err(Answer::refused(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message))
}
