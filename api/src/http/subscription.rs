//! The answers to an operation as they come: one for a query or a mutation, each result for a subscription. It does not send them.
//!
//! A subscription is executed again whenever the feed has grown; between executions it only waits. Followers that are to receive the same
//! share an execution.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Response, Value};
use axum::http::StatusCode;
use entity::RecordType;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::watch;

use super::access_log::{Bounds, LogEntry, Outcome};
use super::answer::Answer;
use super::execution::{answer, finish, in_time, too_long, unharmed};
use super::fan_out::{Results, Span};
use super::media::Media;
use super::prepare::{Prepared, Subscription, take};
use super::state::Service;
use crate::graphql::fetch::{Fetch, Start};
use crate::service::change::since;
use crate::service::context::feed::{ChangeCursor, Head, Identity};
use crate::service::recommendation::silence::settle;
use crate::service::timeout::within;

/// After so many bytes of results, and after so much time, an execution makes no more: they are sent first.
const LARGEST: usize = 256 << 10;
const LONGEST: Duration = Duration::from_millis(50);

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
    state: State,
    /// Of whose changes it tells, once it was executed.
    records: Option<Vec<RecordType>>,
    /// How many of the next results are paid for. The first one is, from the beginning.
    paid: usize,
    entry: LogEntry,
    /// Each result has the time limit of a request.
    bounds: Bounds,
}

/// What a subscription does next.
enum State {
    /// It is executed.
    Reads(Start),
    Sends(Sending),
    /// It waits for a change after this cursor.
    Waits(ChangeCursor),
    Ended,
}

/// The results of an execution on their way.
struct Sending {
    results: Arc<Results>,
    sent: usize,
    /// Whether it was executed for another follower.
    are_shared: bool,
}

impl State {
    /// What comes after the results of an execution.
    fn after(results: &Results) -> Self {
        match results.next {
            Some((cursor, true)) => Self::Reads(Start::Cursor(cursor)),
            Some((cursor, false)) => Self::Waits(cursor),
            None => Self::Ended,
        }
    }

    /// Whether there may be another result.
    fn goes_on(&self) -> bool {
        match self {
            Self::Reads(_) | Self::Waits(_) => true,
            Self::Sends(sending) => sending.results.answers.len() > sending.sent,
            Self::Ended => false,
        }
    }
}

impl Sending {
    fn next(&mut self) -> Option<Answer> {
        let answer = self.results.answers.get(self.sent)?.clone();
        self.sent += 1;
        Some(answer)
    }
}

impl Following {
    fn begin(service: Service, subscription: Subscription, entry: LogEntry, bounds: Bounds) -> Self {
        let (head, state) = (service.app.feed.follow(), State::Reads(subscription.start.clone()));
        Self { service, subscription, head, state, records: None, paid: 1, entry, bounds }
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
            // A client that cannot pay for the next result subscribes again after the last one.
            if self.paid == 0
                && self.state.goes_on()
                && let Err(refused) = self.pay()
            {
                return Some(refused);
            }
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                // Boxed: otherwise every follower would hold the memory for this future all the time.
                State::Reads(start) => State::Sends(Box::pin(self.read(start)).await),
                State::Sends(mut sending) => match sending.next() {
                    Some(answer) => {
                        self.service.metrics.result(sending.are_shared);
                        self.entry.log(Outcome::of(&answer, Media::GraphqlResponse));
                        (self.state, self.paid) = (State::Sends(sending), self.paid - 1);
                        return Some(answer);
                    }
                    None => State::after(&sending.results),
                },
                State::Waits(cursor) => {
                    if !self.entry.is_logged() {
                        self.entry.log(Outcome::begun(StatusCode::OK));
                    }
                    self.head.wait_for(|head| head.is_beyond(cursor)).await.ok()?;
                    match Box::pin(self.unchanged_until(cursor)).await {
                        Some(cursor) => State::Waits(cursor),
                        None => State::Reads(Start::Cursor(cursor)),
                    }
                }
                State::Ended => return None,
            };
        }
    }

    /// Takes the points for another result.
    fn pay(&mut self) -> Result<(), Answer> {
        let Subscription { payer, cost, .. } = &self.subscription;
        take(&self.service, payer, *cost, &mut self.entry)?;
        self.paid += 1;
        Ok(())
    }

    /// The head of the feed, if nothing up to there is a result: then there is nothing to execute.
    async fn unchanged_until(&self, after: ChangeCursor) -> Option<ChangeCursor> {
        let viewer = &self.subscription.operation.viewer;
        since::unchanged_until(&self.service.app, viewer, after, self.records.as_ref()?).await
    }

    /// Reads the next results: those of another follower that is to receive the same, if there is one.
    async fn read(&mut self, start: Start) -> Sending {
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
        self.records.clone_from(&results.records);
        Sending { results, sent: 0, are_shared }
    }

    /// Executes the subscription once: for all results that there are now, or as many as the client can pay for, if they take little time and
    /// memory. The points for each are taken before it is made.
    async fn execute(&mut self, start: Start) -> Results {
        let (service, fetch) = (self.service.clone(), Arc::new(Fetch::new(start)));
        settle(&service.app).await;
        let (request, batches) = self.subscription.operation.clone().request(Arc::clone(&fetch));
        let mut responses = service.trusting.execute_stream(request);
        let (began, mut answers, mut size) = (Instant::now(), Vec::new(), 0);
        while fetch.goes_on(answers.len()) {
            let is_enough = size > LARGEST || began.elapsed() > LONGEST;
            if !answers.is_empty() && (is_enough || self.paid == answers.len() && self.pay().is_err()) {
                break;
            }
            tokio::task::consume_budget().await;
            let done = within(service.time_limit(), unharmed(batches.drive(responses.next()))).await;
            let answer = match done {
                Some(Ok(None)) => break,
                Some(Ok(Some(response))) => self.finish(response),
                Some(Err(panic)) => Answer::of_error(&panic, &self.bounds.request_id),
                None => too_long(&self.bounds.request_id),
            };
            size += answer.body().len();
            answers.push(answer);
            if answers.last().is_some_and(|last| !last.is_executed()) {
                return Results { answers, ..Results::default() };
            }
        }
        let Some(fetched) = fetch.fetched() else { return Results { answers, ..Results::default() } };
        Results { next: fetch.next(answers.len()), records: fetched.records.clone(), answers }
    }

    /// Turns a response into a result.
    fn finish(&mut self, response: Response) -> Answer {
        let (cursor, told) =
            (cursor(&response.data, self.service.app.feed.head().identity), self.subscription.told.clone());
        finish(&self.service, response, told, &self.bounds.request_id).at(cursor)
    }
}

/// The position of a result in its subscription: the `cursor` of its only field, if it was selected.
fn cursor(data: &Value, feed: Identity) -> Option<String> {
    let Value::Object(fields) = data else { return None };
    match fields.values().next()? {
        Value::Object(followed) => match followed.get("cursor")? {
            // Another field may have this name.
            Value::String(cursor) => feed.open(cursor).is_ok().then(|| cursor.clone()),
            _ => None,
        },
        _ => None,
    }
}
