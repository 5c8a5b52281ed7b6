//! `graphql-transport-ws`: many operations over one socket, which is closed with the protocol's codes.

use std::time::Duration;

use rec_api::auth::Role;
use rec_api::auth::token::{Grant, issue};
use rec_tests::given::text;
use rec_tests::program::metrics;
use rec_tests::socket::{Heard, Socket};
use rec_tests::wait::until;
use rec_tests::{TestApp, on_both_databases, on_postgres};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const PROTOCOL: &str = "graphql-transport-ws";
const FOLLOW: &str = "subscription { serviceStatus { head } }";

fn init() -> Value {
    json!({ "type": "connection_init" })
}

fn follow(id: &str) -> Value {
    json!({ "id": id, "type": "subscribe", "payload": { "query": FOLLOW } })
}

/// The code that a socket is closed with after these messages.
async fn closed(port: u16, messages: Vec<Message>) -> Option<u16> {
    let mut socket = Socket::open(port, PROTOCOL, None).await.expect("a socket");
    for message in messages {
        socket.send(message).await;
    }
    socket.closed().await
}

fn texts(messages: &[Value]) -> Vec<Message> {
    messages.iter().map(|message| Message::Text(message.to_string().into())).collect()
}

/// The value of a metric with its labels. The service counts shortly after the client has received its message.
async fn counted(port: u16, metric: &str, figure: &str) {
    let line = format!("{metric} {figure}");
    let figures = async || tokio::task::spawn_blocking(move || metrics(port)).await.expect("figures");
    until(&line, async || figures().await.lines().any(|one| one == line)).await;
}

on_both_databases! {
    operations_run_beside_each_other_and_each_is_told_to_its_id,
    an_operation_that_is_refused_ends_with_one_error,
    a_client_that_has_heard_enough_hears_no_more,
    a_socket_that_breaks_the_protocol_is_closed_with_its_code,
    a_client_that_closes_its_socket_gets_its_frame_back,
    what_runs_on_a_socket_is_limited_in_size,
    a_client_that_does_not_say_that_it_is_there_is_not,
    an_operation_that_takes_too_long_is_given_up,
    a_socket_belongs_to_an_organisation_as_long_as_that_is_active,
    a_token_in_the_header_is_a_token,
    a_message_is_at_most_as_long_as_a_body,
    the_end_of_a_token_is_the_end_of_its_socket,
    the_end_of_the_service_is_the_end_of_every_socket,
}

async fn operations_run_beside_each_other_and_each_is_told_to_its_id(app: TestApp) {
    let port = app.serve().await;
    let mut socket = Socket::begin(port, Some(&app.token(Role::Secretariat, None))).await;
    socket.subscribe("heads", FOLLOW).await;
    let first = socket.message().await;
    assert_eq!((&first["type"], &first["id"]), (&json!("next"), &json!("heads")));
    // The second time the document is cached.
    for id in ["one", "other \" id"] {
        socket.subscribe(id, "{ bodies(first: 1) { nodes { code reportsTo { code } } } }").await;
        let data = json!({ "bodies": { "nodes": [{ "code": "PL", "reportsTo": null }] } });
        assert_eq!(socket.message().await, json!({ "type": "next", "id": id, "payload": { "data": data } }));
        assert_eq!(socket.message().await, json!({ "type": "complete", "id": id }));
    }
    let input = json!({ "code": "NEW", "kind": "SUBJECT", "name": text("New") });
    let query = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { change { cursor } } }";
    let payload = json!({ "query": query, "variables": { "input": input } });
    socket.say(&json!({ "id": "write", "type": "subscribe", "payload": payload })).await;
    let mut heard = [socket.message().await, socket.message().await, socket.message().await];
    heard.sort_by_key(|message| (message["id"].to_string(), message["type"] == "complete"));
    let [status, written, complete] = heard;
    assert_eq!(complete, json!({ "type": "complete", "id": "write" }));
    let cursor = &written["payload"]["data"]["createTheme"]["change"]["cursor"];
    assert!(cursor.is_string(), "{written}");
    assert_eq!(&status["payload"]["data"]["serviceStatus"]["head"], cursor);
}

async fn an_operation_that_is_refused_ends_with_one_error(app: TestApp) {
    let port = app.serve().await;
    let mut socket = Socket::begin(port, None).await;
    for (query, code) in [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
    ] {
        for id in ["1", "1"] {
            socket.subscribe(id, query).await;
            let error = socket.message().await;
            assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!(id)), "{query}");
            assert_eq!(error["payload"][0]["extensions"]["code"], code, "{query}");
        }
    }
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.message().await, json!({ "type": "pong" }), "nothing follows an error");
}

async fn a_client_that_has_heard_enough_hears_no_more(app: TestApp) {
    let port = app.serve().await;
    let mut socket = Socket::begin(port, None).await;
    socket.say(&follow("1")).await;
    socket.message().await;
    socket.say(&json!({ "type": "complete", "id": "1" })).await;
    // The id can be used again.
    socket.say(&follow("1")).await;
    socket.message().await;
    app.secretariat().payload("createTheme", json!({ "code": "X", "kind": "SUBJECT", "name": text("X") }), "id").await;
    assert_eq!(socket.message().await["id"], "1");
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.message().await["type"], "pong", "the first subscription has ended");
    counted(port, "rec_subscriptions{transport=\"socket\"}", "1").await;
    counted(port, "rec_subscriptions_ended_total{transport=\"socket\",reason=\"left\"}", "1").await;
    drop(socket);
    counted(port, "rec_sockets_ended_total{reason=\"broken\"}", "1").await;
    counted(port, "rec_sockets", "0").await;
}

async fn a_client_that_closes_its_socket_gets_its_frame_back(app: TestApp) {
    let port = app.serve().await;
    for code in [CloseCode::Normal, CloseCode::Away, CloseCode::from(4499)] {
        let mut socket = Socket::begin(port, None).await;
        socket.subscribe("1", FOLLOW).await;
        socket.message().await;
        socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
        assert_eq!(socket.closed().await, Some(code.into()));
    }
}

async fn what_runs_on_a_socket_is_limited_in_size(app: TestApp) {
    let port = app.second_with(|config| config.limits.body = 2048).await.serve().await;
    let long = |id: &str| {
        let variables = json!({ "types": vec!["THEME"; 200] });
        let query = "subscription($types: [RecordType!]) { changes(types: $types) { recordId } }";
        json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } })
    };
    let messages = |count: u32| -> Vec<Value> { (0..count).map(|number| long(&number.to_string())).collect() };
    assert!((1639..2048).contains(&long("0").to_string().len()), "four of them fit, and five do not");
    let mut all = vec![init()];
    all.extend(messages(5));
    assert_eq!(closed(port, texts(&all)).await, Some(4429));
    // What has ended does not count.
    let mut socket = Socket::begin(port, None).await;
    for message in messages(20) {
        socket.say(&message).await;
        socket.say(&json!({ "id": message["id"], "type": "complete" })).await;
    }
    for ping in [r#"{"type":"ping"}"#, "\u{feff}{\"type\":\"ping\"}"] {
        socket.send(Message::Text(ping.into())).await;
        assert_eq!(socket.message().await["type"], "pong");
    }
}

async fn a_socket_that_breaks_the_protocol_is_closed_with_its_code(app: TestApp) {
    let app = app
        .second_with(|config| {
            config.limits.init_seconds = 1;
            config.limits.socket_operations = 3;
        })
        .await;
    let port = app.serve().await;
    let token = |value: &str| json!({ "type": "connection_init", "payload": { "authorization": value } });
    let valid = format!("Bearer {}", app.token(Role::Reader, None));
    for (code, messages) in [
        (4400, vec![Message::Text("nonsense".into())]),
        (4400, vec![Message::Text(format!("\u{feff}\u{feff}{}", init()).into())]),
        (4400, vec![Message::Binary(init().to_string().into_bytes().into())]),
        (4400, texts(&[json!({ "type": "unknown" })])),
        (4400, texts(&[init(), json!({ "type": "subscribe", "payload": { "query": FOLLOW } })])),
        (4400, texts(&[init(), json!({ "id": "1", "type": "subscribe", "payload": {} })])),
        (4400, texts(&[init(), follow(&"x".repeat(256))])),
        (4401, texts(&[follow("1")])),
        (4403, texts(&[token("Bearer a.b.c")])),
        (4403, texts(&[token("")])),
        (4403, texts(&[json!({ "type": "connection_init", "payload": { "Authorization": 1 } })])),
        (
            4403,
            texts(&[
                json!({ "type": "connection_init", "payload": { "Authorization": valid, "authorization": valid } }),
            ]),
        ),
        (4408, Vec::new()),
        (4409, texts(&[init(), follow("1"), follow("1")])),
        (4429, texts(&[init(), init()])),
        (4429, texts(&[init(), follow("1"), follow("2"), follow("3"), follow("4")])),
    ] {
        assert_eq!(closed(port, messages.clone()).await, Some(code), "{messages:?}");
    }
    for (protocol, origin, status) in
        [("graphql-ws", None, 400), (PROTOCOL, Some("https://stranger.example"), 403), (PROTOCOL, Some("null"), 403)]
    {
        assert_eq!(Socket::open(port, protocol, origin).await.err(), Some(status), "{protocol} {origin:?}");
    }
    for (reason, sockets) in
        [("malformed", "7"), ("init_timeout", "1"), ("too_many_operations", "1"), ("forbidden", "4")]
    {
        counted(port, &format!("rec_sockets_ended_total{{reason=\"{reason}\"}}"), sockets).await;
    }
    counted(port, "rec_subscriptions_ended_total{transport=\"socket\",reason=\"too_many_operations\"}", "3").await;
    counted(port, "rec_sockets", "0").await;
    // Sockets that were not opened are counted as well.
    counted(port, "rec_errors_total{code=\"FORBIDDEN_ORIGIN\"}", "2").await;
    counted(port, "rec_requests_total{method=\"SOCKET\",status=\"400\"}", "1").await;
}

async fn a_client_that_does_not_say_that_it_is_there_is_not(app: TestApp) {
    let app = app.second_with(|config| config.limits.heartbeat_seconds = 2).await;
    let port = app.serve().await;
    let (mut there, mut silent) = (Socket::begin(port, None).await, Socket::begin(port, None).await);
    // A client that is read answers pings by itself.
    tokio::select! {
        heard = there.wait() => panic!("{heard:?}"),
        () = counted(port, "rec_sockets_ended_total{reason=\"silent\"}", "1") => {}
    }
    assert!(matches!(silent.next().await, Heard::Closed(_)));
    there.say(&json!({ "type": "ping" })).await;
    assert_eq!(there.message().await["type"], "pong");
}

async fn an_operation_that_takes_too_long_is_given_up(app: TestApp) {
    let hasty = app.second_with(|config| config.limits.seconds = 1).await;
    let mut socket = Socket::begin(hasty.serve().await, Some(&hasty.token(Role::Secretariat, None))).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE change_head SET seq = seq").await.unwrap();
    let mutation = "mutation { createTheme(input: { code: \"X\", kind: SDG, name: [{ locale: EN, text: \"X\" }] }) { change { cursor } } }";
    socket.subscribe("1", mutation).await;
    let refused = socket.message().await;
    assert_eq!((&refused["type"], &refused["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("TIMEOUT")));
    held.rollback().await.unwrap();
}

async fn a_socket_belongs_to_an_organisation_as_long_as_that_is_active(app: TestApp) {
    let port = app.serve().await;
    let mut socket = Socket::begin(port, Some(&app.token(Role::Partner, Some("UNOCT")))).await;
    socket.subscribe("1", "{ viewer { role } }").await;
    assert_eq!(socket.message().await["payload"]["data"]["viewer"]["role"], "PARTNER");
    socket.message().await;
    let found = app.anonymous().query(r#"{ organization(by: { acronym: "UNOCT" }) { id version } }"#).await;
    let input = rec_tests::given::at(&found["organization"]);
    app.secretariat().mutate("deactivateOrganization", input, "id").await;
    socket.subscribe("2", "{ viewer { role } }").await;
    assert_eq!(socket.closed().await, Some(4403));
}

async fn a_token_in_the_header_is_a_token(app: TestApp) {
    let port = app.serve().await;
    for (token, payload, role) in [
        (app.token(Role::Reader, None), Value::Null, Some("READER")),
        ("a.b.c".to_owned(), Value::Null, None),
        (
            "a.b.c".to_owned(),
            json!({ "Authorization": format!("Bearer {}", app.token(Role::Admin, None)) }),
            Some("ADMIN"),
        ),
    ] {
        let headers = [("authorization", format!("Bearer {token}"))];
        let mut socket = Socket::open_with(port, PROTOCOL, &headers).await.expect("a socket");
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        let Some(role) = role else {
            assert_eq!(socket.closed().await, Some(4403));
            continue;
        };
        assert_eq!(socket.message().await["type"], "connection_ack");
        socket.subscribe("1", "{ viewer { role } }").await;
        assert_eq!(socket.message().await["payload"]["data"]["viewer"]["role"], role);
    }
}

async fn a_message_is_at_most_as_long_as_a_body(app: TestApp) {
    let app = app.second_with(|config| config.limits.body = 1000).await;
    let port = app.serve().await;
    let mut socket = Socket::begin(port, None).await;
    let padded = |length: usize| {
        let message = json!({ "type": "ping", "payload": { "padding": "" } }).to_string();
        message.replace("\"\"", &format!("\"{}\"", "x".repeat(length - message.len())))
    };
    socket.send(Message::Text(padded(1000).into())).await;
    assert_eq!(socket.message().await["type"], "pong");
    socket.send(Message::Text(padded(1001).into())).await;
    assert_eq!(socket.next().await, Heard::Closed(Some(4400)));
}

async fn the_end_of_a_token_is_the_end_of_its_socket(app: TestApp) {
    let port = app.serve().await;
    let grant = Grant { role: Role::Reader, organization: None, valid_for: Duration::from_secs(4), client: None };
    let (keys, clock) = (&app.app.keys, &app.app.clock);
    let token = issue(keys.own(), &app.app.config.trust(), &grant, clock.uuid(), clock.now()).unwrap();
    let mut socket = Socket::begin(port, Some(&token)).await;
    socket.say(&follow("1")).await;
    socket.message().await;
    assert_eq!(socket.closed().await, Some(4403));
    counted(port, "rec_sockets_ended_total{reason=\"expired\"}", "1").await;
    counted(port, "rec_subscriptions_ended_total{transport=\"socket\",reason=\"expired\"}", "1").await;
}

async fn the_end_of_the_service_is_the_end_of_every_socket(app: TestApp) {
    let port = app.serve().await;
    let mut before_init = Socket::open(port, PROTOCOL, None).await.expect("a socket");
    let mut socket = Socket::begin(port, None).await;
    socket.say(&follow("1")).await;
    socket.message().await;
    app.app.stopping.send_replace(true);
    assert_eq!(socket.closed().await, Some(1001));
    assert_eq!(before_init.closed().await, Some(1001));
}

on_postgres! {
    an_operation_that_is_slow_to_begin_holds_up_no_other,
    what_has_begun_comes_to_its_end_before_the_service_stops,
    a_database_that_is_away_is_no_end_of_a_socket,
}

async fn an_operation_that_is_slow_to_begin_holds_up_no_other(app: TestApp) {
    let forgetful = app.second_with(|config| config.keep_seconds = 0).await;
    let mut socket = Socket::begin(forgetful.serve().await, Some(&forgetful.token(Role::Partner, Some("UNOCT")))).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE organization IN ACCESS EXCLUSIVE MODE").await.unwrap();
    // The token is read when the operation begins.
    socket.subscribe("1", "{ viewer { role } }").await;
    for _ in 0..3 {
        socket.say(&json!({ "type": "ping" })).await;
        assert_eq!(socket.message().await, json!({ "type": "pong" }));
    }
    held.rollback().await.unwrap();
    assert_eq!(socket.message().await["payload"]["data"]["viewer"]["role"], "PARTNER");
}

async fn what_has_begun_comes_to_its_end_before_the_service_stops(app: TestApp) {
    let forgetful = app.second_with(|config| config.keep_seconds = 0).await;
    let port = forgetful.serve().await;
    let mut preparing = Socket::begin(port, Some(&forgetful.token(Role::Partner, Some("UNOCT")))).await;
    let mut writing = Socket::begin(port, Some(&forgetful.token(Role::Secretariat, None))).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE organization, theme IN ACCESS EXCLUSIVE MODE").await.unwrap();
    preparing.say(&follow("1")).await;
    let create = "mutation { createTheme(input: { code: \"ONE\", kind: SDG, name: [{ locale: EN, text: \"One\" }] }) { theme { code } } }";
    writing.subscribe("1", create).await;
    app.others_wait(2).await;
    forgetful.app.stopping.send_replace(true);
    // Enough time for it to stop too early.
    tokio::time::sleep(Duration::from_millis(300)).await;
    held.rollback().await.unwrap();
    assert_eq!(preparing.closed().await, Some(1001));
    assert_eq!(writing.message().await["payload"]["data"]["createTheme"]["theme"]["code"], "ONE");
    assert_eq!(writing.closed().await, Some(1001));
}

async fn a_database_that_is_away_is_no_end_of_a_socket(app: TestApp) {
    let forgetful = app.second_with(|config| (config.keep_seconds, config.limits.seconds) = (0, 1)).await;
    let token = forgetful.token(Role::Partner, Some("UNOCT"));
    let port = forgetful.serve().await;
    let mut socket = Socket::begin(port, Some(&token)).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE organization IN ACCESS EXCLUSIVE MODE").await.unwrap();
    socket.subscribe("1", "{ viewer { role } }").await;
    let refused = socket.message().await;
    assert_eq!((&refused["type"], &refused["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("TIMEOUT")));
    let mut other = Socket::open(port, PROTOCOL, None).await.expect("a socket");
    other.say(&json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } })).await;
    assert_eq!(other.closed().await, Some(1013));
    held.rollback().await.unwrap();
    socket.subscribe("1", "{ viewer { role } }").await;
    assert_eq!(socket.message().await["payload"]["data"]["viewer"]["role"], "PARTNER");
}
