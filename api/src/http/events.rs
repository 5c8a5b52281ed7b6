//! Server-Sent Events in distinct connections mode (the protocol of `graphql-sse`): one operation per connection, `next`
//! for each result, `complete` at the end. Streams answers, and executes nothing itself.
//!
//! A comment now and then keeps proxies from closing a quiet connection.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};

use super::access_log::{Bounds, LogEntry};
use super::answer::{Answer, IS_AGAIN, TRUE};
use super::lifetime::{EndReason, until_end};
use super::media::is_named;
use super::prepare::Prepared;
use super::state::Service;
use super::subscription::answers;
use crate::telemetry::metrics::{Open, Transport};
use crate::unicode::in_one_line;

const EVENT_STREAM: &str = "text/event-stream";
/// What proxies are told: events are passed on as they come. nginx would keep them until its buffers are full.
const UNBUFFERED: [(HeaderName, HeaderValue); 2] = [
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
];

/// Whether a client accepts a stream of events.
pub fn are_taken(headers: &HeaderMap) -> bool {
    is_named(headers, EVENT_STREAM)
}

/// A stream that is open.
struct Following {
    answers: BoxStream<'static, Answer>,
    end_reason: BoxFuture<'static, EndReason>,
    open: Open,
}

/// Streams the results of an operation to its end; those of a subscription until the token expires or is revoked, or the service stops.
pub fn stream(service: &Service, prepared: Prepared, entry: LogEntry, bounds: Bounds) -> axum::response::Response {
    let follower = prepared.follower();
    let mut headers = entry.headers();
    if prepared.is_again() {
        headers.insert(IS_AGAIN, TRUE);
    }
    headers.extend(UNBUFFERED);
    let following = Following {
        // A query or a mutation in progress is finished.
        end_reason: match follower {
            Some(credential) => until_end(service, credential).boxed(),
            None => future::pending().boxed(),
        },
        answers: answers(service.clone(), prepared, entry, bounds),
        open: service.metrics.subscription(Transport::Events),
    };
    let heartbeat = Duration::from_secs(service.app.config.limits.events_heartbeat_seconds);
    (headers, Sse::new(events(following)).keep_alive(KeepAlive::new().interval(heartbeat))).into_response()
}

/// `next` for each result, and `complete` at the end of the operation. When the token expires or is revoked, or the service
/// stops, the stream of a subscription breaks off, so that the client connects again.
fn events(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(following), |following| async move {
        let mut following = following?;
        tokio::select! {
            biased;
            end_reason = &mut following.end_reason => {
                following.open.end(end_reason.name());
                None
            }
            answer = following.answers.next() => Some(if let Some(answer) = answer {
                (Ok(next(&answer)), Some(following))
            } else {
                following.open.end("completed");
                (Ok(Event::default().event("complete").data("")), None)
            }),
        }
    })
}

/// A result. A client that loses the stream sends the id of the last one as `Last-Event-ID`, and continues after it.
fn next(answer: &Answer) -> Event {
    let event = Event::default().event("next").data(in_one_line(&answer.text()));
    // An id must be one line.
    match answer.cursor.as_ref().filter(|cursor| !cursor.contains(['\r', '\n', '\0'])) {
        Some(cursor) => event.id(cursor),
        None => event,
    }
}
