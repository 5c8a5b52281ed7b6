//! Server-Sent Events: one operation on each connection, with its results as they come.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use rec_api::auth::Role;
use rec_api::auth::token::{Grant, issue};
use rec_api::service::change::identity;
use rec_tests::given::text;
use rec_tests::wait::in_time;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const CREATE: &str = "mutation {
    createTheme(input: { code: \"NEW\", kind: SDG, name: [{ locale: EN, text: \"New\" }] }) { userErrors { code } }
}";
const FOLLOW: &str = "subscription { serviceStatus { head at } }";

/// An open stream of events.
struct Events {
    status: StatusCode,
    content_type: String,
    /// Whether it is marked as a repeated answer.
    is_again: bool,
    bytes: BodyDataStream,
    /// What was received and is not read yet.
    text: String,
    /// The id of the last event, if it had one.
    id: Option<String>,
}

impl Events {
    async fn open(app: &TestApp, token: Option<&str>, query: &str) -> Self {
        let mut request =
            Request::post("/graphql").header("content-type", "application/json").header("accept", "text/event-stream");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = Body::from(json!({ "query": query }).to_string());
        Self::of(app, request.body(body).unwrap()).await
    }

    async fn of(app: &TestApp, request: Request<Body>) -> Self {
        let response = app.router().oneshot(request).await.unwrap();
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        let is_again = response.headers().contains_key("idempotency-replayed");
        let (status, bytes) = (response.status(), response.into_body().into_data_stream());
        Self { status, content_type, is_again, bytes, text: String::new(), id: None }
    }

    /// The next event: its name and its data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let Some(name) = field("event:") else { continue };
                self.id = field("id:").map(str::to_owned);
                let data = field("data:").filter(|data| !data.is_empty());
                return Some((name.to_owned(), data.map_or(Value::Null, |data| serde_json::from_str(data).unwrap())));
            }
            let bytes = in_time("an event", self.bytes.next()).await?;
            self.text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
        }
    }

    async fn head(&mut self) -> String {
        let (name, result) = self.next().await.unwrap();
        assert_eq!(name, "next");
        result["data"]["serviceStatus"]["head"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned()
    }

    /// The stream breaks off, so that its client comes again.
    async fn breaks_off(&mut self) {
        assert_eq!(self.next().await, None);
    }

    /// The operation ends, and the stream says so.
    async fn ends(&mut self) {
        assert_eq!(self.next().await, Some(("complete".to_owned(), Value::Null)));
        assert_eq!(self.next().await, None);
    }
}

async fn write(app: &TestApp, code: &str) -> Value {
    let input = json!({ "code": code, "kind": "SUBJECT", "name": text(code) });
    app.secretariat().payload("createTheme", input, "id").await["change"]["cursor"].take()
}

on_both_databases! {
    a_subscription_tells_at_once_and_whenever_the_record_changes,
    several_followers_are_told_alike_and_one_that_leaves_costs_nothing,
    a_stream_that_was_lost_goes_on_after_the_last_event,
    a_query_is_one_result,
    a_quiet_stream_says_that_it_is_there,
    a_mutation_that_comes_again_is_answered_again,
    the_end_of_a_token_is_the_end_of_its_stream,
    the_end_of_the_service_is_the_end_of_every_stream,
    a_mutation_that_has_begun_comes_to_its_end,
    an_operation_that_takes_too_long_is_given_up,
    a_refused_document_is_a_result_and_a_refused_client_has_no_stream,
    who_takes_events_among_others_has_them_for_subscriptions_only,
    what_becomes_of_a_stream_is_counted,
    open_streams_are_counted,
}

async fn a_subscription_tells_at_once_and_whenever_the_record_changes(app: TestApp) {
    let mut events = Events::open(&app, None, FOLLOW).await;
    assert_eq!((events.status, events.content_type.as_str()), (StatusCode::OK, "text/event-stream"));
    let first = events.head().await;
    for code in ["ONE", "TWO"] {
        let cursor = write(&app, code).await;
        let head = events.head().await;
        assert_eq!(cursor, head);
        assert_ne!(head, first);
    }
}

async fn several_followers_are_told_alike_and_one_that_leaves_costs_nothing(app: TestApp) {
    let (mut one, mut other) = (Events::open(&app, None, FOLLOW).await, Events::open(&app, None, FOLLOW).await);
    assert_eq!(one.head().await, other.head().await);
    drop(one);
    let cursor = write(&app, "ONE").await;
    assert_eq!(other.head().await, cursor);
}

async fn a_stream_that_was_lost_goes_on_after_the_last_event(app: TestApp) {
    let open = async |query: &str, last: Option<&str>| {
        let request =
            Request::post("/graphql").header("content-type", "application/json").header("accept", "text/event-stream");
        let request = last.into_iter().fold(request, |request, id| request.header("last-event-id", id));
        Events::of(&app, request.body(Body::from(json!({ "query": query }).to_string())).unwrap()).await
    };
    let start = app.app.feed.head().cursor().to_string();
    let query = format!("subscription {{ changes(after: \"{start}\", types: [THEME]) {{ cursor version }} }}");
    let (one, two) = (write(&app, "ONE").await, write(&app, "TWO").await);
    let mut events = open(&query, None).await;
    events.next().await;
    assert_eq!(events.id.as_deref(), one.as_str());
    let mut events = open(&query, events.id.as_deref()).await;
    let (_, result) = events.next().await.unwrap();
    assert_eq!((&result["data"]["changes"]["cursor"], events.id.as_deref()), (&two, two.as_str()));
    // Without the cursor in the selection there are no ids.
    let mut events = open("subscription { changes { version } }", one.as_str()).await;
    events.next().await;
    assert_eq!(events.id, None);
    let mut events = open(&query, Some("x")).await;
    let (_, result) = events.next().await.unwrap();
    assert_eq!(result["errors"][0]["extensions"]["code"], "INVALID_CURSOR");
    // An id from before a restore.
    identity::renew(&app.app.databases, &app.app.clock, identity::When::Always).await.unwrap();
    identity::keep(&app.app).await.unwrap();
    let mut events = open("subscription { changes(types: [THEME]) { cursor } }", two.as_str()).await;
    let (_, result) = events.next().await.unwrap();
    assert_eq!(result["errors"][0]["extensions"]["code"], "CURSOR_EXPIRED");
}

async fn a_query_is_one_result(app: TestApp) {
    // The second time the document is cached.
    for _ in 0..2 {
        let mut events = Events::open(&app, None, "{ bodies(first: 1) { nodes { code reportsTo { code } } } }").await;
        let data = json!({ "data": { "bodies": { "nodes": [{ "code": "PL", "reportsTo": null }] } } });
        assert_eq!(events.next().await, Some(("next".to_owned(), data)));
        events.ends().await;
    }
}

async fn a_quiet_stream_says_that_it_is_there(app: TestApp) {
    let app = app.second_with(|config| config.limits.events_heartbeat_seconds = 1).await;
    let mut events = Events::open(&app, None, FOLLOW).await;
    events.head().await;
    let comment = in_time("a comment", events.bytes.next()).await;
    assert_eq!(comment.unwrap().unwrap().as_ref(), b":\n\n");
}

async fn a_mutation_that_comes_again_is_answered_again(app: TestApp) {
    let token = app.token(Role::Secretariat, None);
    let mut told = Vec::new();
    for _ in 0..2 {
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .header("authorization", format!("Bearer {token}"))
            .header("idempotency-key", "one");
        let mut events =
            Events::of(&app, request.body(Body::from(json!({ "query": CREATE }).to_string())).unwrap()).await;
        told.push((events.is_again, events.next().await));
    }
    assert_eq!((told[0].0, told[1].0), (false, true));
    assert_eq!(told[0].1, told[1].1);
    assert_eq!(told[0].1.as_ref().unwrap().1["data"]["createTheme"]["userErrors"], json!([]));
}

async fn the_end_of_a_token_is_the_end_of_its_stream(app: TestApp) {
    // Long enough to receive the first event.
    let grant = Grant { role: Role::Reader, organization: None, valid_for: Duration::from_secs(4), client: None };
    let (keys, clock) = (&app.app.keys, &app.app.clock);
    let token = issue(keys.own(), &app.app.config.trust(), &grant, clock.uuid(), clock.now()).unwrap();
    let mut events = Events::open(&app, Some(&token), FOLLOW).await;
    events.head().await;
    events.breaks_off().await;
}

async fn the_end_of_the_service_is_the_end_of_every_stream(app: TestApp) {
    let mut events = Events::open(&app, None, FOLLOW).await;
    events.head().await;
    app.app.stopping.send_replace(true);
    events.breaks_off().await;
}

async fn a_mutation_that_has_begun_comes_to_its_end(app: TestApp) {
    let other = app.second().await;
    let held = other.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE change_head SET seq = seq").await.unwrap();
    let token = app.token(Role::Secretariat, None);
    let mut events = Events::open(&app, Some(&token), CREATE).await;
    app.app.stopping.send_replace(true);
    let ends = async {
        app.others_wait(1).await;
        held.commit().await.unwrap();
    };
    let (event, ()) = tokio::join!(events.next(), ends);
    let (name, result) = event.expect("an event");
    assert_eq!((name.as_str(), &result["data"]["createTheme"]["userErrors"]), ("next", &json!([])));
    events.ends().await;
}

async fn an_operation_that_takes_too_long_is_given_up(app: TestApp) {
    let hasty = app.second_with(|config| config.limits.seconds = 1).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE change_head SET seq = seq").await.unwrap();
    let token = hasty.token(Role::Secretariat, None);
    let (_, result) = Events::open(&hasty, Some(&token), CREATE).await.next().await.expect("an event");
    assert_eq!(result["errors"][0]["extensions"]["code"], "TIMEOUT");
    held.rollback().await.unwrap();
}

async fn a_refused_document_is_a_result_and_a_refused_client_has_no_stream(app: TestApp) {
    for (query, code) in [
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query($a: ID!) { node(id: $a) { id } }", "INVALID_ARGUMENT"),
    ] {
        let mut events = Events::open(&app, None, query).await;
        assert_eq!(events.status, StatusCode::OK, "{query}");
        let (_, result) = events.next().await.unwrap();
        assert_eq!(result["errors"][0]["extensions"]["code"], code);
        events.ends().await;
    }
    let events = Events::open(&app, Some("a.b.c"), FOLLOW).await;
    assert_eq!(events.status, StatusCode::UNAUTHORIZED);
    assert!(events.content_type.starts_with("application/graphql-response+json"));
    let link =
        |query: &str| query.bytes().fold("/graphql?query=".to_owned(), |link, byte| link + &format!("%{byte:02X}"));
    let get =
        |query: &str| Request::get(link(query)).header("accept", "text/event-stream").body(Body::empty()).unwrap();
    assert_eq!(Events::of(&app, get("mutation { __typename }")).await.status, 405);
    let mut events = Events::of(&app, get(FOLLOW)).await;
    events.head().await;
    let plain = app.anonymous().error(FOLLOW).await;
    assert_eq!(plain, "GRAPHQL_VALIDATION_FAILED", "a subscription needs a stream");
}

async fn who_takes_events_among_others_has_them_for_subscriptions_only(app: TestApp) {
    let urql = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed";
    let ask = |accept: &str, query: &str| {
        let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
        request.body(Body::from(json!({ "query": query }).to_string())).unwrap()
    };
    for (accept, query, form) in [
        (urql, "{ viewer { role } }", "application/graphql-response+json; charset=utf-8"),
        (urql, FOLLOW, "text/event-stream"),
        ("Text/Event-Stream", "{ viewer { role } }", "text/event-stream"),
        ("application/json, text/event-stream;q=0", FOLLOW, "application/graphql-response+json; charset=utf-8"),
    ] {
        assert_eq!(Events::of(&app, ask(accept, query)).await.content_type, form, "{accept} {query}");
    }
    assert_eq!(Events::of(&app, ask("text/event-stream;q=0", FOLLOW)).await.status, StatusCode::NOT_ACCEPTABLE);
}

async fn what_becomes_of_a_stream_is_counted(app: TestApp) {
    for query in ["{ nothing }", "subscription { nothing }"] {
        Events::open(&app, None, query).await.next().await;
    }
    Events::open(&app, None, "query Streamed { organizations { totalCount } }").await.next().await;
    Events::open(&app, None, FOLLOW).await.head().await;
    let text = app.metrics().await;
    for line in [
        "rec_requests_total{method=\"POST\",status=\"422\"} 2",
        "rec_requests_total{method=\"POST\",status=\"200\"} 2",
        "rec_errors_total{code=\"GRAPHQL_VALIDATION_FAILED\"} 2",
        "rec_request_seconds_count{operation=\"Streamed\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not among\n{text}");
    }
}

async fn open_streams_are_counted(app: TestApp) {
    let metrics = async || {
        let text = app.metrics().await;
        text.lines().find_map(|line| line.strip_prefix("rec_subscriptions{transport=\"events\"} ")).unwrap().to_owned()
    };
    let mut events = Events::open(&app, None, FOLLOW).await;
    events.head().await;
    assert_eq!(metrics().await, "1");
    drop(events);
    assert_eq!(metrics().await, "0");
}
