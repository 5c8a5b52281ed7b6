//! `Idempotency-Key`: a mutation that is sent again is not executed again. Stores nothing itself: the service does, in the
//! mutation's transaction.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::answer::Answer;
use super::state::Service;
use crate::auth::Viewer;
use crate::digest::sha256;
use crate::service::context::AppContext;
use crate::service::idempotency::{Claimed, KeyedRequest, Open, claim};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key.
const LONGEST: usize = 255;

/// The codes of errors that may be gone on a retry.
const FAULTS: [&str; 2] = ["INTERNAL", "UNAVAILABLE"];

/// The key of a request, and a hash of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    key: String,
    fingerprint: String,
}

impl IdempotencyKey {
    pub fn of(headers: &HeaderMap, body: &Bytes) -> Result<Option<Self>, Answer> {
        let Some(key) = headers.get(KEY) else { return Ok(None) };
        let key = key.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()));
        let key = key.ok_or_else(|| {
            let message = "An Idempotency-Key has 1 to 255 printable Latin characters.";
            Answer::refused(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
        })?;
        Ok(Some(Self { key: key.to_owned(), fingerprint: sha256(body) }))
    }

    /// The keyed request of its client; `None` without a token.
    pub fn by(self, viewer: &Viewer) -> Option<KeyedRequest> {
        Some(KeyedRequest { client: viewer.identity()?, key: self.key, fingerprint: self.fingerprint })
    }
}

/// What is known of a request's idempotency key.
#[derive(Default)]
pub enum Idempotency {
    /// There is none.
    #[default]
    NoKey,
    /// The key is new, and its transaction is open.
    First(Open),
    /// The key was used before: the stored answer.
    Again(String),
}

impl Idempotency {
    /// Claims a request's key, if it has one. Also returns the application that is to execute it.
    pub async fn of(
        service: &Service,
        idempotency_key: Option<IdempotencyKey>,
        viewer: &Viewer,
        request_id: &str,
    ) -> Result<(Arc<AppContext>, Self), Answer> {
        let Some(keyed) = idempotency_key.and_then(|idempotency_key| idempotency_key.by(viewer)) else {
            return Ok((Arc::clone(&service.app), Self::NoKey));
        };
        // Boxed: most requests have no key, and should not reserve its memory.
        match Box::pin(claim(&service.app, keyed)).await {
            Ok(Claimed::First(app, open)) => Ok((app, Self::First(open))),
            Ok(Claimed::Again(answer)) => Ok((Arc::clone(&service.app), Self::Again(answer))),
            Err(error) => Err(Answer::of_error(&error, request_id)),
        }
    }
}

/// Commits what was done for the first time, with its answer. If it failed by a fault of the service, nothing is kept, so
/// that it may be sent again.
pub async fn keep(service: &Service, open: Open, answer: Answer, request_id: &str) -> Answer {
    if !answer.is_executed() {
        return answer;
    }
    if answer.codes.iter().any(|code| FAULTS.contains(code)) {
        return answer.without_data();
    }
    match open.keep(&service.app, &answer.text()).await {
        Ok(()) => answer,
        Err(error) => Answer::of_error(&error, request_id),
    }
}
