//! `/graphql`: from a request to its answer.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError, Variables};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use futures_util::poll;
use serde_json::{Value, json};

use super::admission::Admitted;
use super::answer::Answer;
use super::media::Media;
use super::request::{Asked, Parameters};
use super::viewer::authenticate;
use super::{Service, language};
use crate::error::Error;
use crate::graphql::batch::Batches;
use crate::graphql::session::Session;
use crate::telemetry::chain;

pub async fn post(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> axum::response::Response {
    handle(&service, &headers, || Asked::of_body(&headers, body), |_| true).await
}

/// Reads only: whatever follows a link, a browser or a proxy, changes nothing.
pub async fn get(
    State(service): State<Service>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> axum::response::Response {
    let asked = || match parameters {
        Ok(Query(parameters)) => Asked::of_parameters(parameters),
        Err(_) => Err(Answer::refused(StatusCode::BAD_REQUEST, "BAD_REQUEST", "The parameters are not readable.")),
    };
    handle(&service, &headers, asked, |operation| operation == OperationType::Query).await
}

async fn handle(
    service: &Service,
    headers: &HeaderMap,
    asked: impl FnOnce() -> Result<Asked, Answer>,
    allows: impl Fn(OperationType) -> bool,
) -> axum::response::Response {
    let request_id = service.app.clock.uuid().simple().to_string();
    let Some(media) = Media::accepted(headers) else {
        let message = "Answers are application/graphql-response+json or application/json.";
        let answer = Answer::refused(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message);
        return answer.respond(Media::Json, &request_id);
    };
    let answer = match asked() {
        Ok(asked) => answer(service, headers, asked, allows, &request_id).await,
        Err(answer) => Err(answer),
    };
    let (Ok(answer) | Err(answer)) = answer;
    answer.respond(media, &request_id)
}

async fn answer(
    service: &Service,
    headers: &HeaderMap,
    asked: Asked,
    allows: impl Fn(OperationType) -> bool,
    request_id: &str,
) -> Result<Answer, Answer> {
    let viewer = authenticate(&service.app, headers).await.map_err(|error| unauthenticated(&error, request_id))?;
    let variables = asked.variables.map(|variables| Variables::from_json(Value::Object(variables))).unwrap_or_default();
    let admitted = service.admission.admit(&asked.query, asked.operation_name.as_deref(), &variables).await;
    let admitted = admitted.map_err(|refusal| Answer::inadmissible(&refusal))?;
    let (Admitted::Known(document) | Admitted::New(document)) = &admitted;
    if !document.operation_type(asked.operation_name.as_deref()).is_none_or(allows) {
        let message = "A GET only reads. Send mutations by POST.";
        return Err(Answer::refused(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message));
    }
    let batches = Batches::default();
    let session = Session::new(service.app.clone(), viewer, language::accepted(headers), &batches);
    let mut request = Request::new(asked.query).data(session).variables(variables);
    request.operation_name = asked.operation_name;
    request.set_parsed_query(document.parsed.clone());
    let time_limit = Duration::from_secs(service.app.config.limits.seconds);
    let response = tokio::time::timeout(time_limit, execute(service, admitted, request, &batches)).await;
    let response = response.map_err(|_| {
        let message = "The request took too long and was given up.";
        Answer::fault(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message, request_id)
    })?;
    finish(response, request_id)
}

/// Executes a request. The first step of a new document, in which it is validated, waits for its turn.
async fn execute(service: &Service, admitted: Admitted, request: Request, batches: &Batches) -> Response {
    match admitted {
        Admitted::Known(_) => batches.drive(service.trusting.execute(request)).await,
        Admitted::New(document) => {
            let mut execution = pin!(batches.drive(service.schema.execute(request)));
            let turn = service.admission.turn().await;
            let first = poll!(&mut execution);
            drop(turn);
            let response = match first {
                Poll::Ready(response) => response,
                Poll::Pending => execution.await,
            };
            if was_executed(&response) {
                service.admission.keep(document);
            }
            response
        }
    }
}

fn unauthenticated(error: &Error, request_id: &str) -> Answer {
    if let Error::Unauthenticated(reason) = error {
        return Answer::refused(StatusCode::UNAUTHORIZED, error.code(), reason);
    }
    tracing::error!(request_id, error = chain(error), "authentication failed");
    Answer::internal(error, request_id)
}

/// Whether a request came to its execution: an error that has no path is one of the request itself.
fn was_executed(response: &Response) -> bool {
    response.errors.iter().all(|error| !error.path.is_empty())
}

/// The answer of an executed request. Without `data` the request itself was wrong.
fn finish(mut response: Response, request_id: &str) -> Result<Answer, Answer> {
    let executed = was_executed(&response);
    for error in &mut response.errors {
        publish(error, executed, request_id);
    }
    let body = if executed {
        serde_json::to_vec(&response)
    } else {
        serde_json::to_vec(&json!({ "errors": response.errors }))
    };
    match body {
        Ok(body) if executed => Ok(Answer::executed(body)),
        Ok(body) => Ok(Answer::document_refused(body)),
        Err(error) => {
            let error = Error::Internal(error.into());
            tracing::error!(request_id, error = chain(&error), "an answer cannot be written");
            Err(Answer::internal(&error, request_id))
        }
    }
}

/// What a client may read of an error: its code and its words. The chain of an internal fault goes to the log.
fn publish(error: &mut ServerError, executed: bool, request_id: &str) {
    let own = error.source::<Error>().or_else(|| error.source::<std::sync::Arc<Error>>().map(AsRef::as_ref));
    let code = match own {
        Some(own) => {
            if let Error::Internal(_) = own {
                tracing::error!(request_id, error = chain(own), "a request failed");
            }
            own.code()
        }
        None if executed => "INVALID_ARGUMENT",
        None => request_error_code(&error.message),
    };
    let mut extensions = error.extensions.take().unwrap_or_default();
    extensions.set("code", code);
    if code == "INTERNAL" {
        extensions.set("requestId", request_id);
    }
    error.extensions = Some(extensions);
}

/// The library tells its limit by its words only.
fn request_error_code(message: &str) -> &'static str {
    match message {
        "Query is too complex." => "QUERY_TOO_COMPLEX",
        _ => "GRAPHQL_VALIDATION_FAILED",
    }
}
