//! `POST /graphql`: from a request's bytes to its answer.

use std::time::Duration;

use async_graphql::{Request, Response, ServerError, Variables};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};

use super::admission::Inadmissible;
use super::viewer::authenticate;
use super::{Service, language};
use crate::error::Error;
use crate::graphql::batch::Batches;
use crate::graphql::session::Session;
use crate::telemetry::chain;

/// A request that takes longer is given up.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const REQUEST_ID: &str = "x-request-id";
const RESPONSE_JSON: &str = "application/graphql-response+json";

/// What a client sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Map<String, Value>>,
}

/// An answer: its status, and the GraphQL response as JSON.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    /// A request that was not executed.
    fn refusal(status: StatusCode, code: &str, message: &str) -> Self {
        Self::error(status, message, &json!({ "code": code }))
    }

    /// A request that failed through no fault of the client.
    fn fault(status: StatusCode, code: &str, message: &str, request_id: &str) -> Self {
        Self::error(status, message, &json!({ "code": code, "requestId": request_id }))
    }

    fn error(status: StatusCode, message: &str, extensions: &Value) -> Self {
        let body = json!({ "errors": [{ "message": message, "extensions": extensions }] });
        Self { status, body: body.to_string().into_bytes() }
    }
}

pub async fn handle(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> axum::response::Response {
    let request_id = service.app.clock.uuid().simple().to_string();
    let answer = match answer(&service, &headers, body, &request_id).await {
        Ok(answer) | Err(answer) => answer,
    };
    let mut response = (answer.status, answer.body).into_response();
    let content_type = if prefers_plain_json(&headers) { "application/json" } else { RESPONSE_JSON };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if answer.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn answer(
    service: &Service,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    request_id: &str,
) -> Result<Answer, Answer> {
    let body = read(headers, body)?;
    let viewer = authenticate(&service.app, headers).await.map_err(|error| unauthenticated(&error, request_id))?;
    let variables = body.variables.map(|variables| Variables::from_json(Value::Object(variables))).unwrap_or_default();
    let document = service.admission.admit(&body.query, body.operation_name.as_deref(), &variables);
    let document =
        document.map_err(|Inadmissible { code, message }| Answer::refusal(StatusCode::BAD_REQUEST, code, &message))?;
    let batches = Batches::default();
    let session = Session::new(service.app.clone(), viewer, language::accepted(headers), &batches);
    let mut request = Request::new(body.query).data(session).variables(variables);
    request.operation_name = body.operation_name;
    request.set_parsed_query(document.parsed.clone());
    let schema = if document.is_valid() { &service.trusting } else { &service.schema };
    let execution = batches.drive(schema.execute(request));
    let response = tokio::time::timeout(TIME_LIMIT, execution).await.map_err(|_| {
        let message = "The request took too long and was given up.";
        Answer::fault(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message, request_id)
    })?;
    if was_executed(&response) {
        document.found_valid();
    }
    finish(response, request_id)
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Body, Answer> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") && !media_type.eq_ignore_ascii_case(RESPONSE_JSON) {
        let message = "Send the request as application/json.";
        return Err(Answer::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    }
    let body = body.map_err(|rejection| {
        Answer::refusal(rejection.status(), "BODY_TOO_LARGE", "The request's body is too large or was cut off.")
    })?;
    serde_json::from_slice(&body).map_err(|_| {
        let message = "The body is not a JSON object with a query, and optionally variables and operationName.";
        Answer::refusal(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    })
}

fn unauthenticated(error: &Error, request_id: &str) -> Answer {
    if let Error::Unauthenticated(reason) = error {
        return Answer::refusal(StatusCode::UNAUTHORIZED, error.code(), reason);
    }
    tracing::error!(request_id, error = chain(error), "authentication failed");
    Answer::fault(StatusCode::INTERNAL_SERVER_ERROR, error.code(), &error.to_string(), request_id)
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
    let status = if executed { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let body = if executed {
        serde_json::to_vec(&response)
    } else {
        serde_json::to_vec(&json!({ "errors": response.errors }))
    };
    match body {
        Ok(body) => Ok(Answer { status, body }),
        Err(error) => {
            let error = Error::Internal(error.into());
            tracing::error!(request_id, error = chain(&error), "an answer cannot be written");
            Err(Answer::fault(StatusCode::INTERNAL_SERVER_ERROR, error.code(), &error.to_string(), request_id))
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

/// The library tells its limits by their words only.
fn request_error_code(message: &str) -> &'static str {
    match message {
        "Query is too complex." => "QUERY_TOO_COMPLEX",
        "Query is nested too deep." => "QUERY_TOO_DEEP",
        _ => "GRAPHQL_VALIDATION_FAILED",
    }
}

/// Whether a client asks for `application/json` and not for the newer type.
fn prefers_plain_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains(RESPONSE_JSON)
}
