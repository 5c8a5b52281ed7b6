//! `GET /export.ndjson`: the record as lines, as the caller may see it.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use entity::RecordType;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use super::Service;
use super::answer::Answer;
use super::lifetime::{Credential, over};
use super::listen::Place;
use super::media::Media;
use super::prepare::{Caller, take};
use super::report::{Method, Outcome, Told};
use super::viewer::authenticate;
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::change::published::{published, typed};
use crate::telemetry::chain;

/// What an export costs, however long it is.
const POINTS: u64 = 5000;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-ndjson");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Names of types, with commas between; all of them unless given.
    types: Option<String>,
    /// A cursor of the feed: what has changed since.
    after: Option<String>,
}

pub async fn export(
    State(service): State<Service>,
    headers: HeaderMap,
    place: Option<Extension<Place>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    let mut told = Told::of(&service, Method::Get, &headers);
    let place = place.map(|Extension(place)| place);
    let caller = Caller { headers: &headers, place: place.as_ref(), method: Method::Get };
    let response = begin(&service, caller, parameters, &mut told).await;
    let mut response = response.unwrap_or_else(|answer| answer.respond(Media::Json, &told.request_id));
    told.allowance.inspect(|allowance| allowance.write(response.headers_mut()));
    let status = response.status().as_u16();
    told.report(&Outcome { status, codes: &[], statements: 0 });
    response
}

async fn begin(
    service: &Service,
    caller: Caller<'_>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    told: &mut Told,
) -> Result<Response, Answer> {
    let viewer = authenticate(&service.app, caller.headers).await;
    let viewer = viewer.map_err(|error| refused(service, caller, &error, told))?;
    told.viewer = Some(viewer.role);
    take(service, &caller.client(service, &viewer), POINTS, told)?;
    let Query(parameters) = parameters.map_err(|rejection| invalid(&rejection.body_text()))?;
    let records = types(parameters.types.as_deref())?;
    let over = over(service, Credential::from(&viewer));
    let mut lines = Box::pin(crate::export::export(service.app.clone(), viewer, records, parameters.after));
    // What is wrong with the request shows in the first lines.
    let first = lines.next().await.transpose().map_err(|error| refused(service, caller, &error, told))?;
    let request_id = told.request_id.clone();
    let lines = lines.inspect_err(move |error| {
        tracing::error!(request_id, error = chain(error), "an export broke off");
    });
    let lines = stream::iter(first.map(Ok)).chain(lines).take_until(Box::pin(over));
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from_stream(lines)).into_response())
}

fn types(named: Option<&str>) -> Result<Vec<RecordType>, Answer> {
    let Some(named) = named else { return Ok(published(None)) };
    let wanted: Option<Vec<RecordType>> = named.split(',').map(typed).collect();
    wanted
        .map(|wanted| published(Some(&wanted)))
        .ok_or_else(|| invalid("types: names of record types, such as MEETING,RECOMMENDATION."))
}

fn invalid(message: &str) -> Answer {
    Answer::refused(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
}

fn refused(service: &Service, caller: Caller<'_>, error: &Error, told: &mut Told) -> Answer {
    let status = match error {
        Error::Unauthenticated(_) => {
            let address = caller.client(service, &Viewer::anonymous());
            if let Err(exhausted) = take(service, &address, 1, told) {
                return exhausted;
            }
            StatusCode::UNAUTHORIZED
        }
        Error::InvalidCursor => StatusCode::BAD_REQUEST,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::CursorExpired => StatusCode::GONE,
        _ => {
            tracing::error!(request_id = told.request_id, error = chain(error), "an export failed");
            return Answer::internal(error, &told.request_id);
        }
    };
    Answer::refused(status, error.code(), &error.to_string())
}
