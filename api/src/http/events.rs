//! Server-Sent Events in distinct connections mode: an operation a connection, `next` for each of its results, `complete` at
//! its end (the protocol of `graphql-sse`). A comment now and then keeps proxies from closing a quiet connection.

use std::time::Duration;

use async_graphql::Response;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use chrono::{DateTime, Utc};
use futures_util::future::{self, Either};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};

use super::Service;
use super::graphql::{Prepared, publish_all};
use crate::graphql::batch::Batches;

/// Quiet connections are closed by proxies, some after 30 seconds.
const HEARTBEAT: Duration = Duration::from_secs(12);
const EVENT_STREAM: &str = "text/event-stream";

/// Whether a client asks for a stream of events.
pub fn are_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().map(str::trim) == Some(EVENT_STREAM))
}

/// The results of an operation until it ends, the token expires or the service stops.
pub fn stream(service: &Service, prepared: Prepared, request_id: String) -> axum::response::Response {
    let Prepared { request, admitted, batches, expires_at, .. } = prepared;
    let schema = if admitted.is_known { &service.trusting } else { &service.schema };
    let results = driven(schema.execute_stream(request), batches);
    let events = results.take_until(Box::pin(end(service, expires_at))).map(move |mut response| {
        publish_all(&mut response, &request_id);
        // The stream breaks off where an answer cannot be written: the client comes again.
        serde_json::to_string(&response).map(|body| Event::default().event("next").data(body))
    });
    let complete = stream::once(future::ready(Ok(Event::default().event("complete").data(""))));
    let following = service.metrics.following();
    let events = events.chain(complete).inspect(move |_| {
        // Lives as long as the stream does.
        let _ = &following;
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

/// The results of an execution, each with the batches that it waits for.
pub fn driven(results: BoxStream<'static, Response>, batches: Batches) -> impl Stream<Item = Response> {
    stream::unfold((results, batches), |(mut results, batches)| async move {
        let response = batches.drive(results.next()).await?;
        Some((response, (results, batches)))
    })
}

/// Resolves when a token expires, or the service stops.
pub fn end(service: &Service, expires_at: Option<DateTime<Utc>>) -> impl Future<Output = ()> + use<> {
    let mut stopping = service.app.stopping.subscribe();
    let left = expires_at.map(|at| (at - service.app.clock.now()).to_std().unwrap_or_default());
    let expired = left.map_or_else(|| Either::Left(future::pending()), |left| Either::Right(tokio::time::sleep(left)));
    async move {
        tokio::select! {
            () = expired => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
}
