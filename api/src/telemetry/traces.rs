//! Traces for operators, sent to an OpenTelemetry collector by OTLP over HTTP: a span for each request, and in it one for
//! each stage. Like the log, they hold no token, no variable and no text.

use std::fmt::{Debug, Formatter};
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;

/// How long the collector may take, also when the service stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where traces are sent; nowhere unless a collector is named.
#[derive(Default)]
pub struct Traces(Option<SdkTracerProvider>);

/// A request that has been answered.
pub struct Traced {
    pub path: &'static str,
    pub came_at: DateTime<Utc>,
    /// When its execution began, counted from its arrival; `None` if it was not admitted.
    pub admitted: Option<Duration>,
    pub took: Duration,
    pub status: u16,
}

impl Debug for Traces {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Traces").field(&self.0.is_some()).finish()
    }
}

impl Traces {
    /// Sends traces to the collector at an address such as `http://localhost:4318`, if one is given.
    pub fn to(endpoint: Option<&str>) -> Result<Self, String> {
        let Some(endpoint) = endpoint else { return Ok(Self::default()) };
        let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_endpoint(address).with_timeout(PATIENCE).build();
        let exporter = exporter.map_err(|error| error.to_string())?;
        let resource = Resource::builder().with_service_name("rec").build();
        Ok(Self(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())))
    }

    /// The trace that a client has started (`traceparent`), if traces are sent.
    pub fn begun(&self, headers: &HeaderMap) -> Option<Context> {
        self.0.as_ref().map(|_| TraceContextPropagator::new().extract(&HeaderExtractor(headers)))
    }

    /// Records a request, as part of the trace that its client has started or of one of its own.
    pub fn request(&self, begun: &Context, answered: &Traced, attributes: impl FnOnce() -> Vec<KeyValue>) {
        let Some(provider) = &self.0 else { return };
        let tracer = provider.tracer("rec");
        let at = |after: Duration| SystemTime::from(answered.came_at) + after;
        let request = tracer.span_builder(answered.path).with_kind(SpanKind::Server);
        let request = request.with_start_time(at(Duration::ZERO)).with_attributes(attributes());
        let mut span = request.start_with_context(&tracer, begun);
        if answered.status >= 500 {
            span.set_status(Status::error(""));
        }
        let inside = Context::new().with_span(span);
        let admitted = answered.admitted.unwrap_or(answered.took);
        for (name, from, to) in [("admission", Duration::ZERO, admitted), ("execution", admitted, answered.took)] {
            if from < to {
                let stage = tracer.span_builder(name).with_start_time(at(from));
                stage.start_with_context(&tracer, &inside).end_with_timestamp(at(to));
            }
        }
        inside.span().end_with_timestamp(at(answered.took));
    }

    /// Sends what is not sent yet. Blocks.
    pub fn close(&self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown_with_timeout(PATIENCE)
        {
            tracing::warn!(error = error.to_string(), "the last traces were not sent");
        }
    }
}
