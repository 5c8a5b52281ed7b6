//! A GraphQL request as it arrives over HTTP: the JSON body of a POST, or the query of a GET. Reads its form, and does not
//! look into the document.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::idempotency::IdempotencyKey;
use super::media::is_json;
use crate::unicode::{BYTE_ORDER_MARK, without_mark};

/// What a client asks.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GraphqlRequest {
    #[serde(default)]
    pub query: Option<String>,
    /// Names a trusted document: `sha256:…`.
    #[serde(default)]
    pub document_id: Option<String>,
    /// An empty name is none.
    #[serde(default)]
    pub operation_name: Option<String>,
    #[serde(default)]
    pub variables: Option<Map<String, Value>>,
    #[serde(default)]
    pub extensions: Option<Map<String, Value>>,
    /// The idempotency key, under which a mutation may be sent again.
    #[serde(skip)]
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The parameters of a GET; objects are written as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl GraphqlRequest {
    /// The request in a body, if the body arrived in time.
    pub fn of_body(
        headers: &HeaderMap,
        body: Result<Result<Bytes, BytesRejection>, tokio::time::error::Elapsed>,
    ) -> Result<Self, Answer> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_json(content_type) {
            let message = "Send the request as application/json, in UTF-8.";
            return Err(Answer::no_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        let body = body.map_err(|_| {
            let message = "The request's body did not come in time.";
            Answer::no_request(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
        })?;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => bad_request("The request's body was cut off."),
        })?;
        let body =
            body.strip_prefix(BYTE_ORDER_MARK.as_bytes()).map_or_else(|| body.clone(), |text| body.slice_ref(text));
        let is_json = || serde_json::from_slice::<IgnoredAny>(&body).is_ok();
        if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') && is_json() {
            let message = "Several requests in one body are not answered. Send one request.";
            return Err(Answer::no_request(StatusCode::UNPROCESSABLE_ENTITY, "BATCH_NOT_SUPPORTED", message));
        }
        let idempotency_key = IdempotencyKey::of(headers, &body)?;
        match serde_json::from_slice::<Self>(&body) {
            Ok(asked) if asked.names_a_document() => Ok(Self { idempotency_key, ..asked }),
            // What is no request in its beginning may be cut off in its end.
            Err(error) if !error.is_data() || !is_json() => Err(bad_request("The body is not JSON.")),
            _ => Err(not_well_formed(
                "The body is not a JSON object with a query, and optionally variables, operationName and extensions.",
            )),
        }
    }

    /// Whether it has a document, or names one.
    pub fn names_a_document(&self) -> bool {
        let persisted = self.extensions.as_ref().is_some_and(|extensions| extensions.contains_key("persistedQuery"));
        self.query.is_some() || self.document_id.is_some() || persisted
    }

    pub fn of_parameters(parameters: Parameters) -> Result<Self, Answer> {
        let document_id = parameters.document_id.filter(|id| !id.is_empty());
        let object = |text: Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => serde_json::from_str(without_mark(text)).map_err(|error| {
                let message = "Write variables and extensions as JSON objects.";
                if error.is_data() { not_well_formed(message) } else { bad_request(message) }
            }),
        };
        let asked = Self {
            query: parameters.query,
            document_id,
            operation_name: parameters.operation_name,
            variables: object(parameters.variables)?,
            extensions: object(parameters.extensions)?,
            idempotency_key: None,
        };
        if asked.names_a_document() { Ok(asked) } else { Err(not_well_formed("The query is missing.")) }
    }
}

pub fn too_large() -> Answer {
    Answer::no_request(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "The request's body is too large.")
}

fn bad_request(message: &str) -> Answer {
    Answer::no_request(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

/// What can be read, and is no GraphQL request.
fn not_well_formed(message: &str) -> Answer {
    Answer::no_request(StatusCode::UNPROCESSABLE_ENTITY, "BAD_REQUEST", message)
}
