//! What operators are told of a request: a line of the log, the metrics and a trace. No token, no variable, no text.

use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;

use super::Service;
use super::rate::Allowance;
use crate::auth::Role;
use crate::telemetry::metrics::Answered;
use crate::telemetry::traces::Traced;

/// How a request came.
#[derive(Clone, Copy)]
pub enum Method {
    Get,
    Post,
    Socket,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Socket => "SOCKET",
        }
    }

    /// A GET only reads: whatever follows a link, a browser or a proxy, changes nothing.
    pub fn allows(self, operation: OperationType) -> bool {
        !matches!(self, Self::Get) || operation != OperationType::Mutation
    }
}

/// What is known of a request, the more the further it comes.
pub struct Told {
    pub request_id: String,
    method: Method,
    came_at: DateTime<Utc>,
    came: Instant,
    /// When its execution began, counted from its coming.
    admitted: Option<Duration>,
    pub operation: Option<String>,
    /// The beginning of the document's hash.
    pub document: Option<String>,
    pub viewer: Option<Role>,
    pub cost: Option<u64>,
    pub allowance: Option<Allowance>,
}

/// What became of a request. Of a stream: of its beginning.
pub struct Outcome<'a> {
    pub status: u16,
    /// The codes of its errors.
    pub codes: &'a [&'static str],
    pub statements: u64,
}

/// A request whose answer is streamed, to be told of when that begins.
pub struct Telling {
    pub told: Told,
    pub headers: HeaderMap,
}

impl Telling {
    pub fn request_id(&self) -> &str {
        &self.told.request_id
    }

    pub fn report(&self, service: &Service, outcome: &Outcome<'_>) {
        self.told.report(service, &self.headers, outcome);
    }
}

impl Told {
    /// A request comes.
    pub fn of(service: &Service, method: Method) -> Self {
        let clock = &service.app.clock;
        Self {
            request_id: clock.uuid().simple().to_string(),
            method,
            came_at: clock.now(),
            came: Instant::now(),
            admitted: None,
            operation: None,
            document: None,
            viewer: None,
            cost: None,
            allowance: None,
        }
    }

    /// It may be executed.
    pub fn is_admitted(&mut self) {
        self.admitted = Some(self.came.elapsed());
    }

    /// It is answered.
    pub fn report(&self, service: &Service, headers: &HeaderMap, outcome: &Outcome<'_>) {
        let Outcome { status, codes, statements } = *outcome;
        let has_token = self.viewer.is_some_and(|role| role > Role::Anonymous);
        let (method, operation, took) = (self.method.name(), self.operation.as_deref(), self.came.elapsed());
        service.metrics.answered(&Answered { method, status, codes, operation, has_token, took });
        tracing::info!(
            request_id = self.request_id,
            operation,
            document = self.document,
            viewer = self.viewer.map(|role| format!("{role:?}")),
            cost = self.cost,
            statements,
            milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            status,
            codes = codes.join(" "),
            "request"
        );
        let Self { came_at, admitted, .. } = *self;
        let attributes = || self.attributes(outcome);
        service.app.traces.request(&Traced { came_at, admitted, took, headers, status }, attributes);
    }

    fn attributes(&self, outcome: &Outcome<'_>) -> Vec<KeyValue> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method.name()),
            KeyValue::new("http.response.status_code", i64::from(outcome.status)),
            KeyValue::new("rec.request_id", self.request_id.clone()),
            KeyValue::new("rec.statements", number(outcome.statements)),
            KeyValue::new("rec.codes", outcome.codes.join(" ")),
        ];
        let known = [
            ("graphql.operation.name", self.operation.clone()),
            ("rec.document", self.document.clone()),
            ("rec.viewer", self.viewer.map(|role| format!("{role:?}"))),
        ];
        attributes.extend(known.into_iter().filter_map(|(name, value)| Some(KeyValue::new(name, value?))));
        attributes.extend(self.cost.map(|cost| KeyValue::new("rec.cost", number(cost))));
        attributes
    }
}
