//! An answer: its body and its status, with the whole status policy. Executes nothing and logs only faults.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::stream;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::admission::{Fault, Inadmissible};
use super::conditional::Freshness;
use super::encoding::{Encoding, Encodings, SMALLEST};
use super::media::Media;
use crate::error::Error;
use crate::telemetry::chain;

/// Marks an answer that was given before.
pub const IS_AGAIN: HeaderName = HeaderName::from_static("idempotency-replayed");
pub const TRUE: HeaderValue = HeaderValue::from_static("true");
/// After how many seconds to retry when the database does not answer.
const AWAY_SECONDS: u16 = 1;

/// The outcome of a request, and the GraphQL response as JSON. Clones share the body.
#[derive(Clone, Debug)]
pub struct Answer {
    outcome: Outcome,
    body: Bytes,
    /// The codes of its errors.
    pub codes: Vec<&'static str>,
    /// The cursor of a result of a subscription, if the client selects it.
    pub cursor: Option<String>,
    /// Whether it was given before, under its idempotency key.
    pub is_again: bool,
    /// The hash of its body, if it may be cached.
    hash: Option<Arc<str>>,
    /// What HTTP caches are told of it; `None`: they may not store it.
    freshness: Option<Box<Freshness>>,
    /// Its body in content codings, if it may be cached.
    encodings: Option<Arc<Encodings>>,
    /// The content coding of its body.
    encoding: Option<Encoding>,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Executed: there are data, or null. Single fields may have failed.
    Executed { is_whole: bool },
    /// Nothing was executed, because of the document, the operation, its variables or its cost.
    DocumentRefused(StatusCode),
    /// Nothing was executed, for another reason.
    Refused(StatusCode),
    /// It was no GraphQL request, or not one that could be read.
    NoRequest(StatusCode),
}

/// Partial success: there are data and errors (GraphQL over HTTP of September 2026, "Partial success").
const PARTIAL: u16 = 294;

impl Outcome {
    /// The status policy of GraphQL over HTTP, first edition (September 2026), "Status Codes".
    fn status(self, media: Media) -> StatusCode {
        match self {
            Self::Executed { is_whole: true } => StatusCode::OK,
            Self::Executed { .. } if media != Media::Legacy => StatusCode::from_u16(PARTIAL).unwrap_or(StatusCode::OK),
            Self::DocumentRefused(status) if media != Media::Legacy => status,
            Self::Executed { .. } | Self::DocumentRefused(_) => StatusCode::OK,
            Self::Refused(status) | Self::NoRequest(status) => status,
        }
    }

    /// The media type of the body. What a client that takes `application/json` finds under another status than 2xx is marked as a GraphQL
    /// response; what comes before there is one is not.
    fn content_type(self, media: Media) -> &'static str {
        match self {
            Self::DocumentRefused(_) | Self::Refused(_) if media == Media::Json => {
                Media::GraphqlResponse.content_type()
            }
            Self::NoRequest(_) => Media::Json.content_type(),
            _ => media.content_type(),
        }
    }
}

/// The status of a request whose document, variables or cost were refused.
fn refusal(code: &str) -> StatusCode {
    match code {
        "GRAPHQL_PARSE_FAILED" => StatusCode::BAD_REQUEST,
        "ONLY_TRUSTED_DOCUMENTS" => StatusCode::FORBIDDEN,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl Answer {
    pub fn executed(body: Vec<u8>, codes: Vec<&'static str>) -> Self {
        Self::of(Outcome::Executed { is_whole: codes.is_empty() }, body, codes)
    }

    fn of(outcome: Outcome, body: Vec<u8>, codes: Vec<&'static str>) -> Self {
        Self {
            outcome,
            body: body.into(),
            codes,
            cursor: None,
            is_again: false,
            hash: None,
            freshness: None,
            encodings: None,
            encoding: None,
        }
    }

    /// An answer that was given before.
    pub fn again(body: String) -> Self {
        let errors = serde_json::from_str::<Value>(&body).ok().filter(|body| body.get("errors").is_some());
        let outcome = Outcome::Executed { is_whole: errors.is_none() };
        Self { is_again: true, ..Self::of(outcome, body.into_bytes(), Vec::new()) }
    }

    /// The same errors without data, because nothing was written after all.
    #[must_use]
    pub fn without_data(mut self) -> Self {
        if let Ok(Value::Object(mut body)) = serde_json::from_slice(&self.body) {
            body.insert("data".to_owned(), Value::Null);
            self.body = Value::Object(body).to_string().into();
        }
        self
    }

    /// A document that was refused, with errors that carry their codes.
    pub fn document_refused(body: Vec<u8>, codes: Vec<&'static str>) -> Self {
        Self::of(Outcome::DocumentRefused(refusal(codes.first().copied().unwrap_or_default())), body, codes)
    }

    pub fn inadmissible(Inadmissible { code, faults }: &Inadmissible) -> Self {
        let errors = faults.iter().map(|Fault { message, locations }| match locations.as_slice() {
            [] => json!({ "message": message, "extensions": { "code": code } }),
            _ => json!({ "message": message, "locations": locations, "extensions": { "code": code } }),
        });
        let body = json!({ "errors": errors.collect::<Value>() }).to_string().into_bytes();
        Self::document_refused(body, vec![code; faults.len()])
    }

    /// A request that is not allowed, or that does not get further.
    pub fn refused(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self::failed(status, code, error(message, &json!({ "code": code })))
    }

    /// What is no GraphQL request, or could not be read as one.
    pub fn no_request(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self::of(Outcome::NoRequest(status), error(message, &json!({ "code": code })), vec![code])
    }

    /// A request whose client has too few points left for so many seconds. Clients that see no headers read the time in the error.
    pub fn rate_limited(seconds: u64) -> Self {
        let message = format!("You have asked for too much. Retry after {seconds} seconds.");
        let extensions = json!({ "code": "RATE_LIMITED", "retryAfter": seconds });
        Self::failed(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", error(&message, &extensions))
    }

    /// A request that failed through no fault of the client.
    pub fn fault(status: StatusCode, code: &'static str, message: &str, request_id: &str) -> Self {
        let extensions = json!({ "code": code, "requestId": request_id });
        Self::failed(status, code, error(message, &extensions))
    }

    fn failed(status: StatusCode, code: &'static str, body: Vec<u8>) -> Self {
        Self::of(Outcome::Refused(status), body, vec![code])
    }

    /// A request that failed as a whole. For a fault the chain of causes is logged.
    pub fn of_error(error: &Error, request_id: &str) -> Self {
        // A use case's validation errors are part of a mutation's answer. If they fail a whole request, that is a fault.
        if matches!(error, Error::Refused(_)) {
            return Self::of_error(&Error::internal(error.to_string()), request_id);
        }
        let (status, code, message) = (status_of(error), error.code(), error.to_string());
        if error.is_fault() {
            tracing::error!(request_id, error = chain(error), "a request failed");
            return Self::fault(status, code, &message, request_id);
        }
        Self::refused(status, code, &message)
    }

    pub fn at(mut self, cursor: Option<String>) -> Self {
        self.cursor = cursor;
        self
    }

    /// The same answer, which may be cached, with the hash of its body.
    #[must_use]
    pub fn hashed(self) -> Self {
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&self.body)[..16]);
        Self { hash: Some(hash.into()), encodings: Some(Arc::default()), ..self.compact() }
    }

    /// The same answer with a copy of its body, which takes no more memory than it has bytes.
    #[must_use]
    pub fn compact(self) -> Self {
        Self { body: Bytes::copy_from_slice(&self.body), ..self }
    }

    /// Whether its body is so large that a content coding saves something.
    pub fn is_worth_encoding(&self) -> bool {
        self.body.len() >= SMALLEST
    }

    /// The same answer with its body in a content coding, for a client that accepts it.
    #[must_use]
    pub fn encoded(mut self, encoding: Encoding) -> Self {
        if self.freshness.as_ref().is_some_and(|freshness| freshness.is_current) {
            // It is sent without its body.
            return self;
        }
        let encoded = match &self.encodings {
            Some(encodings) => encodings.of(encoding, &self.body),
            None => encoding.encode(&self.body),
        };
        match encoded {
            Ok(body) => (self.body, self.encoding) = (body, Some(encoding)),
            // Only its memory can fail it.
            Err(error) => tracing::warn!(%error, "an answer is not compressed"),
        }
        self
    }

    /// The same answer with what HTTP caches are told of it.
    #[must_use]
    pub fn fresh(self, freshness: Freshness) -> Self {
        Self { freshness: Some(Box::new(freshness)), ..self }
    }

    /// Whether shared caches may give it to others.
    pub fn is_shared(&self) -> bool {
        self.freshness.as_ref().is_some_and(|freshness| freshness.is_shared())
    }

    /// The hash of its body, if it may be cached.
    pub fn hash(&self) -> Option<&str> {
        self.hash.as_deref()
    }

    pub fn is_executed(&self) -> bool {
        matches!(self.outcome, Outcome::Executed { .. })
    }

    /// Whether a document, its variables or its cost were refused.
    pub fn refuses_document(&self) -> bool {
        matches!(self.outcome, Outcome::DocumentRefused(_))
    }

    /// Whether it was executed without errors.
    pub fn is_whole(&self) -> bool {
        self.is_executed() && self.codes.is_empty()
    }

    /// Whether the client is to blame (a status of 4xx).
    pub fn is_of_the_client(&self) -> bool {
        self.status(Media::GraphqlResponse).is_client_error()
    }

    pub fn status(&self, media: Media) -> StatusCode {
        match &self.freshness {
            Some(freshness) if freshness.is_current => StatusCode::NOT_MODIFIED,
            _ => self.outcome.status(media),
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The whole answer as JSON.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The errors of an answer that was not executed.
    pub fn errors(&self) -> Value {
        serde_json::from_slice::<Value>(&self.body).map(|mut body| body["errors"].take()).unwrap_or_default()
    }

    /// The answer as a client receives it.
    pub fn respond(self, media: Media) -> axum::response::Response {
        let status = self.status(media);
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(self.outcome.content_type(media)));
        let mut response = match status {
            // A body whose length is not known: a length would be taken for that of the answer.
            StatusCode::NOT_MODIFIED => {
                (status, Body::from_stream(stream::empty::<Result<Bytes, Infallible>>())).into_response()
            }
            _ => (status, [content_type], self.body).into_response(),
        };
        let headers = response.headers_mut();
        if let Some(encoding) = self.encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
        }
        match self.freshness {
            Some(freshness) => freshness.write(headers),
            None => drop(headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))),
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        if self.codes.contains(&"UNAVAILABLE") {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(AWAY_SECONDS));
        }
        if self.is_again {
            headers.insert(IS_AGAIN, TRUE);
        }
        response
    }
}

pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Conflict { .. } => StatusCode::CONFLICT,
        Error::CursorExpired => StatusCode::GONE,
        Error::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Error::InvalidCursor | Error::InvalidFeedCursor | Error::InvalidPage(_) | Error::InvalidArgument { .. } => {
            StatusCode::BAD_REQUEST
        }
        Error::WriteConflict(_) | Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Refused(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn error(message: &str, extensions: &Value) -> Vec<u8> {
    json!({ "errors": [{ "message": message, "extensions": extensions }] }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{Answer, Outcome};
    use crate::error::Error;
    use crate::http::media::Media::{GraphqlResponse, Json, Legacy};

    const JSON: &str = "application/json; charset=utf-8";
    const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";

    #[test]
    fn an_error_has_its_status_and_a_fault_tells_the_request() {
        for (error, status, tells_id) in [
            (Error::Unauthenticated("no"), 401, false),
            (Error::CursorExpired, 410, false),
            (Error::IdempotencyKeyReused, 422, false),
            (Error::WriteConflict("another".into()), 503, true),
            (Error::Unavailable("away".into()), 503, true),
            (Error::internal("broken"), 500, true),
        ] {
            let answer = Answer::of_error(&error, "some-id");
            assert_eq!(answer.status(Json).as_u16(), status, "{error:?}");
            assert_eq!(answer.codes, [error.code()]);
            let extensions = &answer.errors()[0]["extensions"];
            assert_eq!((&extensions["code"], extensions["requestId"] == "some-id"), (&error.code().into(), tells_id));
            assert!(!answer.text().contains("broken") && !answer.text().contains("away"));
        }
    }

    #[test]
    fn a_status_follows_the_outcome_and_the_form() {
        for (outcome, status, legacy, plain, newer) in [
            (Outcome::Executed { is_whole: true }, 200, 200, JSON, GRAPHQL),
            (Outcome::Executed { is_whole: false }, 294, 200, JSON, GRAPHQL),
            (Outcome::DocumentRefused(StatusCode::BAD_REQUEST), 400, 200, GRAPHQL, GRAPHQL),
            (Outcome::DocumentRefused(StatusCode::UNPROCESSABLE_ENTITY), 422, 200, GRAPHQL, GRAPHQL),
            (Outcome::Refused(StatusCode::UNPROCESSABLE_ENTITY), 422, 422, GRAPHQL, GRAPHQL),
            (Outcome::Refused(StatusCode::UNAUTHORIZED), 401, 401, GRAPHQL, GRAPHQL),
            (Outcome::NoRequest(StatusCode::BAD_REQUEST), 400, 400, JSON, JSON),
            (Outcome::NoRequest(StatusCode::NOT_ACCEPTABLE), 406, 406, JSON, JSON),
        ] {
            let statuses = [Json, GraphqlResponse, Legacy].map(|media| outcome.status(media).as_u16());
            assert_eq!(statuses, [status, status, legacy], "{outcome:?}");
            let types = [Json, GraphqlResponse, Legacy].map(|media| outcome.content_type(media));
            assert_eq!(types, [plain, newer, JSON], "{outcome:?}");
        }
    }
}
