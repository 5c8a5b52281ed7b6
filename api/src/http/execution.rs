//! Executes a prepared request. No execution may exceed its time limit, occupy every worker with a new document, end the service by a panic,
//! or show a client more of an error than it may read.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};
use axum::http::StatusCode;
use futures_util::{FutureExt as _, poll};
use serde_json::json;

use super::access_log::Bounds;
use super::admission::Inadmissible;
use super::answer::Answer;
use super::idempotency::keep;
use super::prepare::{Execution, Prepared, Told};
use super::state::Service;
use crate::error::Error;
use crate::service::change::catch_up;
use crate::telemetry::chain;

/// The answer to a query or a mutation. The caller limits its time.
pub async fn answer(service: &Service, prepared: Prepared, request_id: &str) -> Answer {
    let execution = match prepared {
        Prepared::Answered(answer) => return answer,
        Prepared::Executes(execution) => *execution,
        Prepared::Subscribes(_) => return needs_stream(),
    };
    let Execution { operation, introspects, told, open, vacancy, kind } = execution;
    let schema = if introspects { &service.schema } else { &service.trusting };
    let (request, batches) = operation.request(Arc::default());
    let known = service.app.feed.head();
    let execution = async {
        // Boxed: it is large, and is moved several times.
        let execution = Box::pin(schema.execute(request));
        let response = in_turn(service, introspects, batches.drive(execution)).await;
        drop(batches);
        finish(service, response, told, request_id)
    };
    let answer = match vacancy {
        Some(vacancy) => {
            let (answer, status) = service.responses.get_or_execute(vacancy, execution).await;
            if service.responses.is_on() {
                service.metrics.response(status.name());
            }
            answer
        }
        None => execution.await,
    };
    let answer = match open {
        Some(open) => keep(service, open, answer, request_id).await,
        None => answer,
    };
    if kind == OperationType::Mutation && answer.is_whole() && service.app.feed.head() == known {
        // It was refused, perhaps by what another process has written: a client that reads again must find that.
        catch_up(&service.app).await;
    }
    answer
}

/// Runs a future within the bounds of a request. `Err`: it took too long, or panicked.
pub async fn in_time<T>(bounds: &Bounds, work: impl Future<Output = T>) -> Result<T, Answer> {
    let Bounds { request_id, until, scope } = bounds;
    let done = scope.during(tokio::time::timeout_at((*until).into(), unharmed(work))).await;
    done.map_err(|_| too_long(request_id))?.map_err(|panic| Answer::of_error(&panic, request_id))
}

pub fn too_long(request_id: &str) -> Answer {
    let message = "The request took too long and was given up.";
    Answer::fault(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message, request_id)
}

/// The answer to a subscription whose client takes no stream.
fn needs_stream() -> Answer {
    let message = "A subscription needs a stream: send Accept: text/event-stream, or open a WebSocket.";
    Answer::inadmissible(&Inadmissible::new("GRAPHQL_VALIDATION_FAILED", message))
}

/// Runs an execution. If the schema is written out in its first step, that waits for its turn.
async fn in_turn<T>(service: &Service, introspects: bool, execution: impl Future<Output = T>) -> T {
    let mut execution = pin!(execution);
    if introspects {
        let _turn = service.admission.turn().await;
        if let Poll::Ready(output) = poll!(&mut execution) {
            return output;
        }
    }
    execution.await
}

/// Runs a future; a panic in it is a fault of this request only.
pub async fn unharmed<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|_| Error::internal("a panic"))
}

/// Turns a response into an answer. Without `data` the request itself was wrong.
pub fn finish(service: &Service, mut response: Response, told: Told, request_id: &str) -> Answer {
    let executed = was_executed(&response);
    let codes = response.errors.iter_mut().map(|error| publish(error, executed, request_id)).collect();
    if !executed {
        let body = json!({ "errors": response.errors }).to_string().into_bytes();
        return Answer::document_refused(body, codes);
    }
    if let Some(cost) = told.cost {
        let maximum = service.app.config.limits.cost;
        response.extensions.insert("cost".to_owned(), async_graphql::value!({ "requested": cost, "maximum": maximum }));
    }
    if let Some(version) = told.data_version {
        response.extensions.insert("dataVersion".to_owned(), version.into());
    }
    match serde_json::to_vec(&response) {
        Ok(body) => Answer::executed(body, codes),
        Err(error) => Answer::of_error(&error.into(), request_id),
    }
}

/// Whether the request was executed: an error without a path belongs to the request itself.
fn was_executed(response: &Response) -> bool {
    response.errors.iter().all(|error| !error.path.is_empty())
}

/// Prepares an error for the client, which reads its code and its message. Returns the code; for a fault the chain of
/// causes is logged.
fn publish(error: &mut ServerError, executed: bool, request_id: &str) -> &'static str {
    let own = error.source::<Error>().or_else(|| error.source::<Arc<Error>>().map(AsRef::as_ref));
    let code = match own {
        Some(own) => own.code(),
        None if executed => "INVALID_ARGUMENT",
        None => "GRAPHQL_VALIDATION_FAILED",
    };
    let told_id = own.filter(|own| own.is_fault()).map(|fault| {
        tracing::error!(request_id, error = chain(fault), "a request failed");
        request_id
    });
    let mut extensions = error.extensions.take().unwrap_or_default();
    extensions.set("code", code);
    if let Some(id) = told_id {
        extensions.set("requestId", id);
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
