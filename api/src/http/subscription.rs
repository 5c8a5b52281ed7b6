//! The answers to an operation as they come: one for a query or a mutation, each result for a subscription. Streams them, and carries them to no
//! client.

use std::pin::pin;
use std::task::Poll;

use async_graphql::{Response, Value};
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::access_log::{Bounds, LogEntry, Outcome};
use super::admission::Hash;
use super::answer::Answer;
use super::execution::{answer, finish, first_poll, in_time, schema_for, too_long, unharmed};
use super::media::Media;
use super::prepare::{Execution, Prepared, Told, take};
use super::rate_limit::Payer;
use super::state::Service;
use crate::graphql::batch::Batches;
use crate::service::timeout::within;

/// The answers to an operation as they come: one for a query or a mutation, each result for a subscription. A refused
/// request, or a fault of the service, is the last of them.
pub fn answers(
    service: Service,
    prepared: Prepared,
    mut entry: LogEntry,
    bounds: Bounds,
) -> BoxStream<'static, Answer> {
    let prepared = match prepared {
        Prepared::Executes(execution) if execution.goes_on() => {
            return Following::begin(service, *execution, entry, bounds).answers();
        }
        prepared => prepared,
    };
    let answer = async move {
        let answered = in_time(&bounds, Box::pin(answer(&service, prepared, &bounds.request_id))).await;
        let answer = answered.unwrap_or_else(|fault| fault);
        entry.log(Outcome::of(&answer, Media::GraphqlResponse));
        answer
    };
    stream::once(answer).boxed()
}

/// A subscription in progress.
struct Following {
    service: Service,
    results: BoxStream<'static, Response>,
    unproven: Option<Hash>,
    is_validated: bool,
    batches: Batches,
    told: Told,
    /// Who pays for each result before it is computed, and how much.
    payer: Payer,
    cost: u64,
    /// Whether the next result is paid for. The first one is, from the beginning.
    is_paid: bool,
    entry: LogEntry,
    /// Each result has the time limit of a request.
    bounds: Bounds,
}

impl Following {
    fn begin(service: Service, execution: Execution, entry: LogEntry, bounds: Bounds) -> Self {
        let (schema, is_validated) = (schema_for(&service, &execution).clone(), execution.is_validated());
        let Execution { request, unproven, batches, told, payer, cost, .. } = execution;
        let results = schema.execute_stream(request);
        Self { service, results, unproven, is_validated, batches, told, payer, cost, is_paid: true, entry, bounds }
    }

    fn answers(self) -> BoxStream<'static, Answer> {
        // Boxed: the stream would hold it twice.
        let answers = stream::unfold(Some(Box::new(self)), async |following| {
            let mut following = following?;
            let answer = following.next().await?;
            let goes_on = answer.is_executed();
            Some((answer, goes_on.then_some(following)))
        });
        answers.boxed()
    }

    /// The next result. Working on it has the time limit of a request, waiting for it has none. The subscription is logged when
    /// it begins to wait, or with its first result.
    async fn next(&mut self) -> Option<Answer> {
        let Self { service, results, unproven, is_validated, batches, told, payer, cost, is_paid, entry, bounds } =
            self;
        // A client that cannot pay for the next result subscribes again after the last one.
        if !std::mem::take(is_paid)
            && let Err(refused) = take(service, payer, *cost, entry)
        {
            return Some(refused);
        }
        let Bounds { request_id, scope, .. } = bounds;
        let first_result = async {
            let mut work = pin!(within(service.time_limit(), unharmed(batches.drive(results.next()))));
            if let Poll::Ready(done) = first_poll(service, std::mem::take(is_validated), work.as_mut()).await {
                return done;
            }
            if !entry.is_logged() {
                entry.log(Outcome::begun(StatusCode::OK));
            }
            work.await
        };
        let answer = match scope.during(first_result).await {
            Some(Ok(response)) => {
                let response = response?;
                let cursor = cursor(&response.data);
                finish(service, unproven.take(), response, told.clone(), request_id).at(cursor)
            }
            Some(Err(panic)) => Answer::of_error(&panic, request_id),
            None => too_long(request_id),
        };
        entry.log(Outcome::of(&answer, Media::GraphqlResponse));
        Some(answer)
    }
}

/// The position of a result in its subscription: the `cursor` of its only field, if it was selected.
fn cursor(data: &Value) -> Option<String> {
    let Value::Object(fields) = data else { return None };
    match fields.values().next()? {
        Value::Object(followed) => match followed.get("cursor")? {
            Value::String(cursor) => Some(cursor.clone()),
            _ => None,
        },
        _ => None,
    }
}
