//! Traces, as an OpenTelemetry collector receives them from the program.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use rec_tests::program::{Serving, ask_with, command, run};
use serde_json::json;

type Received = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A collector on a port of its own, and what it has received.
async fn collector() -> (u16, Received) {
    let received = Received::default();
    let take = async |State(received): State<Received>, bytes: Bytes| {
        received.lock().expect("spans").push(ExportTraceServiceRequest::decode(bytes).expect("a request of OTLP"));
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(axum::serve(listener, router).into_future());
    (port, received)
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let value = span.attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value?;
    match value {
        Any::StringValue(text) => Some(text),
        Any::IntValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_of_its_clients_trace() {
    let (port, received) = collector().await;
    let directory = tempfile::tempdir().expect("a directory");
    let asking = directory.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut command = command(&asking.join("data"));
        let serving = Serving::start(command.env("REC_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}/")));
        let headers = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
        let query = "query Secret($code: String!) { body(by: { code: $code }) { code reportsTo { code } } }";
        let body = json!({ "query": query, "variables": { "code": "WG-A" } });
        assert!(ask_with(serving.port, headers, &body).expect("an answer")["data"]["body"].is_object());
        ask_with(serving.port, "", &json!({ "query": "{ nothing }" })).expect("an answer");
        // What has not been sent yet is sent at the end.
        serving.stop();
    })
    .await
    .expect("two requests");
    let received = received.lock().expect("spans");
    let resources: Vec<_> = received.iter().flat_map(|request| &request.resource_spans).collect();
    assert!(format!("{:?}", resources[0].resource).contains("StringValue(\"rec\")"), "{:?}", resources[0].resource);
    let spans: Vec<_> = resources.iter().flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans).collect();
    let requests: Vec<_> = spans.iter().filter(|span| span.name == "/graphql").collect();
    let [named, refused] = requests.as_slice() else { panic!("{spans:?}") };
    assert_eq!(named.kind(), SpanKind::Server);
    assert_eq!(named.trace_id, 0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes());
    assert_eq!(named.parent_span_id, 0xb7ad6b7169203331_u64.to_be_bytes());
    for (key, value) in [
        ("graphql.operation.name", Some("Secret")),
        ("http.request.method", Some("POST")),
        ("http.response.status_code", Some("200")),
        ("rec.statements", Some("2")),
        ("rec.viewer", Some("Anonymous")),
        ("rec.codes", Some("")),
    ] {
        assert_eq!(attribute(named, key).as_deref(), value, "{key}");
    }
    assert!(attribute(named, "rec.cost").is_some_and(|cost| cost != "0"));
    let stages: Vec<_> = spans.iter().filter(|span| span.parent_span_id == named.span_id).collect();
    let mut inner: Vec<_> = stages.iter().map(|span| span.name.as_str()).collect();
    inner.sort_unstable();
    assert_eq!(inner, ["admission", "execution"]);
    for span in &stages {
        assert!(named.start_time_unix_nano <= span.start_time_unix_nano);
        assert!(
            span.start_time_unix_nano <= span.end_time_unix_nano && span.end_time_unix_nano <= named.end_time_unix_nano
        );
    }
    assert!(refused.parent_span_id.is_empty() && refused.trace_id != named.trace_id);
    assert_eq!(attribute(refused, "rec.codes").as_deref(), Some("GRAPHQL_VALIDATION_FAILED"));
    let everything = format!("{received:?}");
    assert!(!everything.contains("WG-A") && !everything.contains("reportsTo"), "no variable and no text");
}

#[test]
fn a_wrong_address_is_said_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = command(&directory.path().join("data"));
    let output = run(command.env("REC_OTLP_ENDPOINT", "not an address").env("REC_LISTEN", "127.0.0.1:0"));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("REC_OTLP_ENDPOINT") && said.trim().lines().count() == 1, "{said}");
}
