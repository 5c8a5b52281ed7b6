//! The answers to an operation as they come: one for a query or a mutation, each result for a subscription. Streams them, and carries them to no
//! client.
//!
//! A subscription is executed again whenever the feed has grown; between executions it only waits. Followers that are to receive the same
//! share an execution.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::Value;
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::watch;

use super::access_log::{Bounds, LogEntry, Outcome};
use super::answer::Answer;
use super::execution::{answer, finish, first_poll, in_time, schema_for, too_long, unharmed};
use super::fan_out::{Results, Span};
use super::media::Media;
use super::prepare::{Prepared, Subscription, take};
use super::state::Service;
use crate::graphql::fetch::{Fetch, Start};
use crate::service::context::feed::{ChangeCursor, Head};
use crate::service::timeout::within;

/// After how many bytes of results an execution of a subscription makes no more: they are sent first.
const LARGEST: usize = 256 << 10;

/// The answers to an operation as they come: one for a query or a mutation, each result for a subscription. A refused
/// request, or a fault of the service, is the last of them.
pub fn answers(
    service: Service,
    prepared: Prepared,
    mut entry: LogEntry,
    bounds: Bounds,
) -> BoxStream<'static, Answer> {
    let prepared = match prepared {
        Prepared::Subscribes(subscription) => return Following::begin(service, *subscription, entry, bounds).answers(),
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
    subscription: Subscription,
    head: watch::Receiver<Head>,
    /// The results of the last execution, and how many of them are sent.
    results: Option<Arc<Results>>,
    sent: usize,
    state: State,
    /// How many of the next results are paid for. The first one is, from the beginning.
    paid: usize,
    entry: LogEntry,
    /// Each result has the time limit of a request.
    bounds: Bounds,
}

/// What a subscription does when it has no more results to send.
#[derive(Clone)]
enum State {
    /// It reads on.
    Reads(Start),
    /// It waits for a change after this cursor.
    Waits(ChangeCursor),
    Ended,
}

impl Following {
    fn begin(service: Service, mut subscription: Subscription, entry: LogEntry, bounds: Bounds) -> Self {
        let start = subscription.last_event.take().map_or(Start::Arguments, Start::LastEvent);
        let (head, state) = (service.app.feed.follow(), State::Reads(start));
        Self { service, subscription, head, results: None, sent: 0, state, paid: 1, entry, bounds }
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
        loop {
            if !self.has_results() && matches!(self.state, State::Ended) {
                return None;
            }
            // A client that cannot pay for the next result subscribes again after the last one.
            if self.paid == 0
                && let Err(refused) = self.pay()
            {
                return Some(refused);
            }
            if let Some(answer) = self.take_result() {
                return Some(answer);
            }
            if let State::Waits(cursor) = self.state {
                if !self.entry.is_logged() {
                    self.entry.log(Outcome::begun(StatusCode::OK));
                }
                self.head.wait_for(|head| head.is_beyond(cursor)).await.ok()?;
                self.state = State::Reads(Start::Cursor(cursor));
            }
            // Boxed: otherwise every follower would hold the memory for this future all the time.
            Box::pin(self.read()).await;
        }
    }

    /// Whether there are results to send. Those that are sent are dropped: they may be the last copy.
    fn has_results(&mut self) -> bool {
        self.results.take_if(|results| results.answers.len() == self.sent);
        self.results.is_some()
    }

    /// The next of the results that are there, which is paid for.
    fn take_result(&mut self) -> Option<Answer> {
        let answer = self.results.as_ref()?.answers.get(self.sent)?.clone();
        (self.paid, self.sent) = (self.paid - 1, self.sent + 1);
        self.entry.log(Outcome::of(&answer, Media::GraphqlResponse));
        Some(answer)
    }

    /// Takes the points for another result.
    fn pay(&mut self) -> Result<(), Answer> {
        let Subscription { payer, cost, .. } = &self.subscription;
        take(&self.service, payer, *cost, &mut self.entry)?;
        self.paid += 1;
        Ok(())
    }

    /// Reads the next results, those of another follower that is to receive the same if there is one.
    async fn read(&mut self) {
        let State::Reads(start) = std::mem::replace(&mut self.state, State::Ended) else { return };
        let (service, scope, head) = (self.service.clone(), self.bounds.scope.clone(), *self.head.borrow());
        let span = match (self.subscription.key, &start) {
            (Some(key), Start::Cursor(after)) => Some(Span { key, after: *after, head: head.cursor() }),
            _ => None,
        };
        let execution = scope.during(self.execute(start));
        let (results, are_shared) = match span {
            Some(span) => service.fan_out.get_or_execute(span, execution).await,
            None => (Arc::new(execution.await), false),
        };
        service.metrics.results(are_shared, results.answers.len());
        self.state = match results.next {
            Some((cursor, true)) => State::Reads(Start::Cursor(cursor)),
            Some((cursor, false)) => State::Waits(cursor),
            None => State::Ended,
        };
        (self.results, self.sent) = (Some(results), 0);
    }

    /// Executes the subscription once, for as many results as are paid for, and do not take too much memory. The points for each are taken
    /// before it is made.
    async fn execute(&mut self, start: Start) -> Results {
        let fetch = Arc::new(Fetch::new(start));
        let validity = self.subscription.validity;
        let service = self.service.clone();
        let (request, batches) = self.subscription.operation.clone().request(Arc::clone(&fetch));
        let mut responses = schema_for(&service, validity.is_checked()).execute_stream(request);
        let mut is_checked = validity.is_checked();
        let (mut answers, mut size) = (Vec::new(), 0);
        loop {
            let fetched = fetch.fetched();
            if fetched.is_some_and(|fetched| fetched.results.len() == answers.len()) {
                break;
            }
            if size > LARGEST || self.paid == answers.len() && self.pay().is_err() {
                let after = fetched.and_then(|fetched| fetched.results.get(answers.len() - 1));
                return Results { next: after.map(|after| (*after, true)), answers };
            }
            let mut response = pin!(within(service.time_limit(), unharmed(batches.drive(responses.next()))));
            let done = match first_poll(&service, std::mem::take(&mut is_checked), response.as_mut()).await {
                Poll::Ready(done) => done,
                Poll::Pending => response.await,
            };
            let request_id = &self.bounds.request_id;
            let answer = match done {
                Some(Ok(None)) => break,
                Some(Ok(Some(response))) => {
                    let cursor = cursor(&response.data);
                    let unproven = self.subscription.validity.unproven.take();
                    let told = self.subscription.told.clone();
                    finish(&service, unproven, response, told, request_id).at(cursor)
                }
                Some(Err(panic)) => Answer::of_error(&panic, request_id),
                None => too_long(request_id),
            };
            let goes_on = answer.is_executed();
            size += answer.body().len();
            answers.push(answer);
            if !goes_on {
                return Results { answers, next: None };
            }
        }
        Results { answers, next: fetch.fetched().map(|fetched| (fetched.end, fetched.has_next)) }
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
