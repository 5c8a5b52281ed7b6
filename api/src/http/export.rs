//! `GET /export.ndjson`: the register as lines, as the caller may see it. Authenticates, takes points and streams; what the
//! lines say is up to `crate::export`.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use entity::RecordType;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use super::access_log::{Bounds, LogEntry, Method};
use super::answer::Answer;
use super::authentication::authenticate;
use super::execution::in_time;
use super::lifetime::{Credential, until_expired};
use super::listener::PeerAddress;
use super::media::Media;
use super::prepare::{Caller, take};
use super::state::Service;
use crate::service::recommendation::silence::settle;
use crate::service::registry::{parse_type, published};
use crate::telemetry::chain;

/// What a full export costs at least. It costs a point for each record in the register.
const WHOLE: u64 = 5000;
/// The cost of an export of what has changed since a cursor: that of a page of 100 changes with one field.
const SINCE: u64 = 200;

/// Its name in the log and the metrics.
const OPERATION: &str = "export.ndjson";

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-ndjson");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Names of types, separated by commas; all types if omitted.
    types: Option<String>,
    /// A cursor of the feed: only what has changed since.
    after: Option<String>,
}

pub async fn export(
    State(service): State<Service>,
    headers: HeaderMap,
    peer: Option<Extension<PeerAddress>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    let mut entry = LogEntry::of(&service, Method::Get, &headers);
    (entry.path, entry.operation) = ("/export.ndjson", Some(OPERATION.to_owned()));
    let (peer, bounds) = (peer.map(|Extension(peer)| peer), entry.bounds());
    let caller = Caller { headers: &headers, peer: peer.as_ref(), method: Method::Get };
    let beginning = Box::pin(begin(&service, caller, parameters, &bounds, &mut entry));
    match in_time(&bounds, beginning).await.unwrap_or_else(Err) {
        Ok(response) => entry.begin(response),
        Err(answer) => entry.answer(answer, Media::Plain),
    }
}

async fn begin(
    service: &Service,
    caller: Caller<'_>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    bounds: &Bounds,
    entry: &mut LogEntry,
) -> Result<Response, Answer> {
    let viewer = authenticate(service, caller, entry).await?;
    let Query(parameters) =
        parameters.map_err(|_| invalid("An export takes the parameters types and after, each once at most."))?;
    let sizes = service.app.sizes.read_by(viewer.clearance());
    let points = if parameters.after.is_some() { SINCE } else { WHOLE.max(sizes.total()) };
    take(service, &caller.payer(service, &viewer), points, entry)?;
    let records = types(parameters.types.as_deref())?;
    settle(&service.app).await;
    // An export in progress is finished when the service stops.
    let (own, credential) = (service.clone(), Credential::from(&viewer));
    let expired = async move { until_expired(&own, credential).await };
    let mut lines = Box::pin(crate::export::export(service.app.clone(), viewer, records, parameters.after));
    // What is wrong with the request shows when the first lines are read.
    let first = lines.next().await.transpose().map_err(|error| Answer::of_error(&error, &bounds.request_id))?;
    let (request_id, scope) = (bounds.request_id.clone(), bounds.scope.clone());
    let lines = stream::unfold((lines, scope), async |(mut lines, scope)| {
        let more = scope.during(lines.next()).await?;
        Some((more, (lines, scope)))
    });
    let lines = lines.inspect_err(move |error| {
        tracing::error!(request_id, error = chain(error), "an export broke off");
    });
    let lines = stream::iter(first.map(Ok)).chain(lines).take_until(Box::pin(expired));
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from_stream(lines)).into_response())
}

fn types(named: Option<&str>) -> Result<Vec<RecordType>, Answer> {
    let Some(named) = named else { return Ok(published(None)) };
    let wanted: Option<Vec<RecordType>> = named.split(',').map(parse_type).collect();
    wanted
        .map(|wanted| published(Some(&wanted)))
        .ok_or_else(|| invalid("types: names of record types, such as MEETING,RECOMMENDATION."))
}

fn invalid(message: &str) -> Answer {
    Answer::refused(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
}
