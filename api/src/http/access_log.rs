//! The access log: what operators are told about a request, in a line of the log, the metrics and a trace. Never writes a
//! token, a variable or a text.

use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use opentelemetry::{Context, KeyValue};

use super::answer::Answer;
use super::media::Media;
use super::rate_limit::{Allowance, Payer};
use super::state::Service;
use crate::auth::Role;
use crate::database::scope::Scope;
use crate::telemetry::metrics::Answered;
use crate::telemetry::traces::Traced;

/// How a request arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    /// QUERY (RFC 10008): a POST that only reads.
    Query,
    Socket,
    Other,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Query => "QUERY",
            Self::Socket => "SOCKET",
            Self::Other => "OTHER",
        }
    }

    /// A GET and a QUERY only read: whatever follows a link or sends a request again, a browser or a proxy, changes nothing.
    pub fn only_reads(self) -> bool {
        matches!(self, Self::Get | Self::Query)
    }

    pub fn allows(self, operation: OperationType) -> bool {
        !self.only_reads() || operation != OperationType::Mutation
    }
}

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The status in the log of a request whose client left before the answer. It is never sent.
const CANCELLED: u16 = 499;

/// What is known about a request, more and more as it proceeds. It is logged once: by `log`, or else when it is dropped.
pub struct LogEntry {
    service: Service,
    request_id: String,
    /// The path that is requested.
    pub path: &'static str,
    method: Method,
    /// The trace that the client has started; `None` if no traces are sent.
    trace: Option<Context>,
    came: Instant,
    /// When the execution began, counted from the arrival, if traces are sent.
    admitted: Option<Duration>,
    pub operation: Option<String>,
    /// The beginning of the document's hash.
    pub document: Option<String>,
    pub viewer: Option<Role>,
    pub cost: Option<u64>,
    pub allowance: Option<Allowance>,
    scope: Scope,
    is_logged: bool,
}

/// The deadline for the work on a request, and the count of its statements. Clones share the count.
#[derive(Clone)]
pub struct Bounds {
    pub request_id: String,
    /// The deadline.
    pub until: Instant,
    pub scope: Scope,
}

/// The outcome of a request; for a subscription, of its beginning.
#[derive(Clone, Copy)]
pub struct Outcome<'a> {
    status: u16,
    /// Whether something was executed.
    executed: bool,
    /// The codes of its errors.
    codes: &'a [&'static str],
}

impl<'a> Outcome<'a> {
    /// The client left before the answer.
    const CANCELLED: Self = Self { status: CANCELLED, executed: false, codes: &[] };

    pub fn of(answer: &'a Answer, media: Media) -> Self {
        Self { status: answer.status(media).as_u16(), executed: answer.is_executed(), codes: &answer.codes }
    }

    /// Answered with a body that follows and is not inspected here.
    pub fn begun(status: StatusCode) -> Self {
        Self { status: status.as_u16(), executed: true, codes: &[] }
    }
}

impl Drop for LogEntry {
    fn drop(&mut self) {
        self.log(Outcome::CANCELLED);
    }
}

impl LogEntry {
    /// A request arrives.
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
            scope: Scope::default(),
            is_logged: false,
        }
    }

    /// Names the client: from now on the request shares the client's limit of database connections.
    pub fn goes_by(&self, payer: &Payer) {
        self.scope.goes_by(|| self.service.lanes.of(payer));
    }

    /// The bounds of the work on it, which begins now.
    pub fn bounds(&self) -> Bounds {
        let until = Instant::now() + self.service.time_limit();
        Bounds { request_id: self.request_id.clone(), until, scope: self.scope.clone() }
    }

    /// Notes that it may be executed.
    pub fn admitted(&mut self) {
        self.admitted = self.trace.as_ref().map(|_| self.came.elapsed());
    }

    /// Logs nothing: this was not a request.
    pub fn forget(mut self) {
        self.is_logged = true;
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    pub fn is_logged(&self) -> bool {
        self.is_logged
    }

    /// Logs the answer. Of what a subscription answers after its beginning, only the errors are counted.
    pub fn log(&mut self, outcome: Outcome<'_>) {
        let Outcome { status, executed, codes } = outcome;
        if std::mem::replace(&mut self.is_logged, true) {
            self.service.metrics.failed(codes);
            return;
        }
        let has_token = self.viewer.is_some_and(Role::has_token);
        let (method, operation, took) = (self.method.name(), self.operation.as_deref(), self.came.elapsed());
        self.service.metrics.answered(&Answered { method, status, executed, codes, operation, has_token, took });
        tracing::info!(
            request_id = self.request_id,
            operation,
            document = self.document,
            viewer = self.viewer.map(tracing::field::debug),
            cost = self.cost,
            statements = self.scope.statements(),
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

    /// Logs an answer that is complete, and returns it as the client receives it.
    pub fn answer(mut self, answer: Answer, media: Media) -> Response {
        self.log(Outcome::of(&answer, media));
        if answer.is_shared() {
            // What is left to this client is nothing to others.
            self.allowance = None;
        }
        (self.headers(), answer.respond(media)).into_response()
    }

    /// Logs an answer whose body is streamed, and returns it.
    pub fn begin(mut self, response: Response) -> Response {
        self.log(Outcome::begun(response.status()));
        (self.headers(), response).into_response()
    }

    /// The headers of the answer: the request's id, and the points that are left.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        self.allowance.inspect(|allowance| allowance.write(&mut headers));
        headers
    }

    fn attributes(&self, outcome: Outcome<'_>) -> Vec<KeyValue> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut attributes = vec![
            KeyValue::new("http.request.method", self.method.name()),
            KeyValue::new("http.response.status_code", i64::from(outcome.status)),
            KeyValue::new("rec.request_id", self.request_id.clone()),
            KeyValue::new("rec.statements", number(self.scope.statements())),
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
