//! How a prepared request is executed: to one answer, or to answers as they come. None of them takes longer than it may,
//! occupies every worker with a new document, or ends the service with a panic; and none tells a client more than it may read.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};
use axum::http::StatusCode;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use futures_util::{FutureExt as _, poll};
use serde_json::json;

use super::Service;
use super::admission::Admitted;
use super::answer::Answer;
use super::media::Media;
use super::prepare::Prepared;
use super::report::{Outcome, Telling};
use crate::database::counting;
use crate::error::Error;
use crate::graphql::Schema;
use crate::telemetry::chain;

/// The answer to a query or a mutation.
pub async fn answer(service: &Service, prepared: Prepared, request_id: &str) -> Answer {
    let Prepared { request, admitted, batches, told_cost, .. } = prepared;
    let schema = schema_for(service, &admitted);
    let execution = first_step(service, &admitted, batches.drive(schema.execute(request)));
    let response = in_time(service, request_id, Box::pin(execution)).await;
    response.map_or_else(|fault| fault, |response| finish(service, admitted, response, told_cost, request_id))
}

/// What a future comes to within the time that a request may take. `Err`: it took longer, or panicked.
pub async fn in_time<T>(service: &Service, request_id: &str, work: impl Future<Output = T>) -> Result<T, Answer> {
    let done = tokio::time::timeout(service.time_limit(), unharmed(work)).await.map_err(|_| {
        let message = "The request took too long and was given up.";
        Answer::fault(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message, request_id)
    })?;
    done.map_err(|panic| Answer::internal(&panic, request_id))
}

/// The answers to an operation as they come: to a query or a mutation one, to a subscription each of its results. A request
/// that is refused, and a fault of the service itself, are the last of them.
pub fn answers(service: Service, prepared: Prepared, telling: Telling) -> BoxStream<'static, Answer> {
    if prepared.kind == Some(OperationType::Subscription) {
        return follow(service, prepared, telling);
    }
    let once = async move {
        let (answer, statements) = counting(answer(&service, prepared, telling.request_id())).await;
        tell(&service, &telling, &answer, statements);
        answer
    };
    stream::once(once).boxed()
}

fn follow(service: Service, prepared: Prepared, telling: Telling) -> BoxStream<'static, Answer> {
    let Prepared { request, admitted, batches, told_cost, .. } = prepared;
    let results = schema_for(&service, &admitted).execute_stream(request);
    let (telling, is_first) = (Arc::new(telling), true);
    let answers = stream::unfold(Some((results, admitted, is_first)), move |following| {
        let (service, batches, telling) = (service.clone(), batches.clone(), Arc::clone(&telling));
        async move {
            let (mut results, admitted, is_first) = following?;
            let next = first_step(&service, &admitted, batches.drive(results.next()));
            let (response, statements) = counting(unharmed(next)).await;
            let answer = match response {
                Ok(response) => finish(&service, admitted.clone(), response?, told_cost, telling.request_id()),
                Err(panic) => Answer::internal(&panic, telling.request_id()),
            };
            if is_first {
                tell(&service, &telling, &answer, statements);
            } else {
                service.metrics.failed(&answer.codes);
            }
            let goes_on = answer.is_executed();
            let admitted = Admitted { is_known: true, ..admitted };
            Some((answer, goes_on.then_some((results, admitted, false))))
        }
    });
    answers.boxed()
}

/// Tells operators of an operation that is streamed, at its first result.
fn tell(service: &Service, telling: &Telling, answer: &Answer, statements: u64) {
    let status = answer.status(Media::GraphqlResponse).as_u16();
    telling.report(service, &Outcome { status, codes: &answer.codes, statements });
}

/// Documents that are known to fit the schema are not asked again.
fn schema_for<'a>(service: &'a Service, admitted: &Admitted) -> &'a Schema {
    if admitted.is_known { &service.trusting } else { &service.schema }
}

/// Runs an execution. The first step of a new document, in which it is validated, waits for its turn.
async fn first_step<T>(service: &Service, admitted: &Admitted, execution: impl Future<Output = T>) -> T {
    let mut execution = pin!(execution);
    if !admitted.is_known {
        let turn = service.admission.turn().await;
        let first = poll!(&mut execution);
        drop(turn);
        if let Poll::Ready(output) = first {
            return output;
        }
    }
    execution.await
}

/// What a future comes to; a panic in it is a fault of this request only.
async fn unharmed<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|_| Error::internal("a panic"))
}

/// The answer that a response comes to. Without `data` the request itself was wrong.
fn finish(
    service: &Service,
    admitted: Admitted,
    mut response: Response,
    told_cost: Option<u64>,
    request_id: &str,
) -> Answer {
    let executed = was_executed(&response);
    if executed && !admitted.is_known {
        service.admission.keep(admitted.document);
    }
    let codes = response.errors.iter_mut().map(|error| publish(error, executed, request_id)).collect();
    if !executed {
        let body = json!({ "errors": response.errors }).to_string().into_bytes();
        return Answer::document_refused(body, codes);
    }
    if let Some(cost) = told_cost {
        let maximum = service.app.config.limits.cost;
        response.extensions.insert("cost".to_owned(), async_graphql::value!({ "requested": cost, "maximum": maximum }));
    }
    match serde_json::to_vec(&response) {
        Ok(body) => Answer::executed(body, codes),
        Err(error) => {
            let error = Error::Internal(error.into());
            tracing::error!(request_id, error = chain(&error), "an answer cannot be written");
            Answer::internal(&error, request_id)
        }
    }
}

/// Whether a request came to its execution: an error that has no path is one of the request itself.
fn was_executed(response: &Response) -> bool {
    response.errors.iter().all(|error| !error.path.is_empty())
}

/// What a client may read of an error: its code, which is returned, and its words. The chain of an internal fault goes to the
/// log.
fn publish(error: &mut ServerError, executed: bool, request_id: &str) -> &'static str {
    let own = error.source::<Error>().or_else(|| error.source::<std::sync::Arc<Error>>().map(AsRef::as_ref));
    let code = match own {
        Some(own) => {
            if let Error::Internal(_) = own {
                tracing::error!(request_id, error = chain(own), "a request failed");
            }
            own.code()
        }
        None if executed => "INVALID_ARGUMENT",
        None => "GRAPHQL_VALIDATION_FAILED",
    };
    let mut extensions = error.extensions.take().unwrap_or_default();
    extensions.set("code", code);
    if code == "INTERNAL" {
        extensions.set("requestId", request_id);
    }
    error.extensions = Some(extensions);
    code
}

#[cfg(test)]
mod tests {
    use super::unharmed;

    #[tokio::test]
    async fn a_panic_is_a_fault_of_one_request() {
        let failed: Result<(), _> = unharmed(async { panic!("on purpose") }).await;
        assert_eq!(failed.unwrap_err().code(), "INTERNAL");
        assert_eq!(unharmed(async { 1 }).await.unwrap(), 1);
    }
}
