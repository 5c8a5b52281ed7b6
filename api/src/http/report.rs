//! What operators are told of a request: a line of the log, the metrics and a trace. No token, no variable, no text.

use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use axum::http::HeaderMap;
use axum::response::Response;
use opentelemetry::{Context, KeyValue};

use super::Service;
use super::answer::Answer;
use super::media::Media;
use super::rate::Allowance;
use crate::auth::Role;
use crate::database::counted;
use crate::telemetry::metrics::Answered;
use crate::telemetry::traces::Traced;

/// How a request came.
#[derive(Clone, Copy)]
pub enum Method {
    Get,
    Post,
    Socket,
    Other,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Socket => "SOCKET",
            Self::Other => "OTHER",
        }
    }

    /// A GET only reads: whatever follows a link, a browser or a proxy, changes nothing.
    pub fn allows(self, operation: OperationType) -> bool {
        !matches!(self, Self::Get) || operation != OperationType::Mutation
    }
}

/// The status of a request whose client went away before it was answered: nobody was sent it.
const CANCELLED: u16 = 499;

/// What is known of a request, the more the further it comes. It is told of once: when it is reported, or else when it is given
/// up.
pub struct Told {
    service: Service,
    pub request_id: String,
    /// What is asked.
    pub path: &'static str,
    method: Method,
    /// The trace that its client has begun; `None` if no traces are sent.
    trace: Option<Context>,
    came: Instant,
    /// When its execution began, counted from its coming, if traces are sent.
    admitted: Option<Duration>,
    pub operation: Option<String>,
    /// The beginning of the document's hash.
    pub document: Option<String>,
    pub viewer: Option<Role>,
    pub cost: Option<u64>,
    pub allowance: Option<Allowance>,
    /// The statements that were run before those of the outcome.
    pub statements: u64,
    is_reported: bool,
}

/// What became of a request. Of a subscription: of its beginning.
pub struct Outcome<'a> {
    pub status: u16,
    /// Whether something was executed.
    pub executed: bool,
    /// The codes of its errors.
    pub codes: &'a [&'static str],
    pub statements: u64,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.report(&Outcome { status: CANCELLED, executed: false, codes: &[], statements: counted() });
    }
}

impl Told {
    /// A request comes.
    pub fn of(service: &Service, method: Method, headers: &HeaderMap) -> Self {
        Self {
            service: service.clone(),
            request_id: service.app.clock.uuid().simple().to_string(),
            path: "/graphql",
            method,
            trace: service.app.traces.begun(headers),
            came: Instant::now(),
            admitted: None,
            operation: None,
            document: None,
            viewer: None,
            cost: None,
            allowance: None,
            statements: 0,
            is_reported: false,
        }
    }

    /// It may be executed.
    pub fn is_admitted(&mut self) {
        self.admitted = self.trace.as_ref().map(|_| self.came.elapsed());
    }

    pub fn is_reported(&self) -> bool {
        self.is_reported
    }

    /// It is answered. What a subscription comes to after its beginning is counted only.
    pub fn report(&mut self, outcome: &Outcome<'_>) {
        let Outcome { status, executed, codes, statements } = *outcome;
        let statements = self.statements + statements;
        if std::mem::replace(&mut self.is_reported, true) {
            self.service.metrics.failed(codes);
            return;
        }
        let has_token = self.viewer.is_some_and(|role| role > Role::Anonymous);
        let (method, operation, took) = (self.method.name(), self.operation.as_deref(), self.came.elapsed());
        self.service.metrics.answered(&Answered { method, status, executed, codes, operation, has_token, took });
        tracing::info!(
            request_id = self.request_id,
            operation,
            document = self.document,
            viewer = self.viewer.map(tracing::field::debug),
            cost = self.cost,
            statements,
            milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            status,
            codes = codes.join(" "),
            "request"
        );
        if let Some(trace) = &self.trace {
            let (came_at, admitted) = (self.service.app.clock.now() - took, self.admitted);
            let traced = Traced { path: self.path, came_at, admitted, took, status };
            self.service.app.traces.request(trace, &traced, || self.attributes(outcome));
        }
    }

    /// It is answered at once: the answer as its client receives it.
    pub fn answer(mut self, answer: Answer, media: Media, statements: u64) -> Response {
        let (executed, codes) = (answer.is_executed(), answer.codes.clone());
        let mut response = answer.respond(media, &self.request_id);
        self.allowance.inspect(|allowance| allowance.write(response.headers_mut()));
        let status = response.status().as_u16();
        self.report(&Outcome { status, executed, codes: &codes, statements });
        response
    }

    fn attributes(&self, outcome: &Outcome<'_>) -> Vec<KeyValue> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method.name()),
            KeyValue::new("http.response.status_code", i64::from(outcome.status)),
            KeyValue::new("rec.request_id", self.request_id.clone()),
            KeyValue::new("rec.statements", number(self.statements + outcome.statements)),
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
