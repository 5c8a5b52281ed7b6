//! `GET /schema.graphql`: the published contract, for whoever may ask for the schema.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::answer::Answer;
use super::execution::in_time;
use super::listen::Place;
use super::media::Media;
use super::prepare::{Caller, take};
use super::report::{Method, Told};
use super::state::Service;
use super::viewer::authenticate;

/// What it is called in the log and the metrics.
const OPERATION: &str = "schema.graphql";

/// What it costs: about a point for each of its kilobytes.
const POINTS: u64 = 150;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/graphql; charset=utf-8");

pub async fn contract(State(service): State<Service>, headers: HeaderMap, place: Option<Extension<Place>>) -> Response {
    let mut told = Told::of(&service, Method::Get, &headers);
    (told.path, told.operation) = ("/schema.graphql", Some(OPERATION.to_owned()));
    let place = place.map(|Extension(place)| place);
    let caller = Caller { headers: &headers, place: place.as_ref(), method: Method::Get };
    let bounds = told.bounds();
    let allowed = Box::pin(allow(&service, caller, &mut told));
    match in_time(&bounds, allowed).await.unwrap_or_else(Err) {
        Ok(()) => told.begin(([(header::CONTENT_TYPE, CONTENT_TYPE)], service.sdl.clone()).into_response()),
        Err(answer) => told.answer(answer, Media::Json),
    }
}

async fn allow(service: &Service, caller: Caller<'_>, told: &mut Told) -> Result<(), Answer> {
    let viewer = authenticate(service, caller, told).await?;
    take(service, &caller.payer(service, &viewer), POINTS, told)?;
    if viewer.may_introspect(service.app.config.introspection) {
        return Ok(());
    }
    let message = "The schema is shown to whoever has a token.";
    Err(Answer::refused(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message))
}
