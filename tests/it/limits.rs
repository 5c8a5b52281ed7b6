//! Each limit of a request, with its code. Those of a connection are tested in `attacks`, and those of a socket in `socket`.

use axum::http::StatusCode;
use rec_api::config::Limits;
use rec_tests::TestApp;
use rec_tests::on_both_databases;
use rec_tests::socket::Socket;
use rec_tests::wait::PATIENCE;
use serde_json::{Value, json};

use crate::statements::loaded;

async fn post(app: &TestApp, body: String) -> (StatusCode, String) {
    let (parts, bytes) = app.anonymous().post(body).await;
    let body: Value = serde_json::from_slice(&bytes).expect("JSON");
    (parts.status, body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned())
}

async fn code(app: &TestApp, query: &str) -> (StatusCode, String) {
    post(app, json!({ "query": query }).to_string()).await
}

/// The result of a thread of its own. Otherwise a service that hangs would hang the test that should notice it.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(PATIENCE).expect("an answer in time")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn nested(depth: usize) -> String {
    format!(
        "{{ body(by: {{ code: \"WG-A\" }}) {{ {}code{} }} }}",
        "reportsTo { ".repeat(depth - 2),
        " }".repeat(depth - 2)
    )
}

/// A chain of fragments, each of which spreads the next one twice.
fn fragments(levels: usize) -> String {
    let link = |level| format!("fragment F{level} on Query {{ ...F{next} ...F{next} }}", next = level + 1);
    let chain = (0..levels).map(link).collect::<Vec<_>>().join(" ");
    format!("{{ ...F0 }} {chain} fragment F{levels} on Query {{ viewer {{ role }} }}")
}

on_both_databases! {
    a_selection_is_at_most_fifteen_deep,
    a_legitimate_selection_of_depth_fifteen_works,
    a_query_that_costs_too_much_is_refused,
    a_short_list_costs_as_if_it_had_five_records,
    a_cost_beyond_all_measure_is_refused,
    a_chain_of_fragments_does_not_stall_the_service,
    an_operation_has_at_most_so_many_root_fields_aliases_and_directives,
    every_limit_is_configured,
    a_request_that_takes_too_long_is_given_up,
    a_page_is_as_long_as_the_installation_allows,
    a_client_has_so_many_points_a_minute,
    a_token_that_is_refused_costs_a_point_of_its_address_whichever_way_it_comes,
    so_many_documents_are_kept,
    a_batch_is_refused,
    a_list_has_a_thousand_values,
    a_document_is_not_too_long_and_not_too_nested,
    a_body_is_at_most_256_kib,
    a_body_that_is_no_request_is_refused,
    ids_keys_and_comparisons_are_counted,
    deep_filters_are_answered_or_refused_but_never_fail,
}

async fn a_selection_is_at_most_fifteen_deep(app: TestApp) {
    assert_eq!(code(&app, &nested(15)).await, (StatusCode::OK, "none".to_owned()));
    assert_eq!(code(&app, &nested(16)).await, (StatusCode::UNPROCESSABLE_ENTITY, "QUERY_TOO_DEEP".to_owned()));
    let hidden = format!(
        "{{ body(by: {{ code: \"WG-A\" }}) {{ ...F }} }} fragment F on Body {{ {}code{} }}",
        "reportsTo { ".repeat(14),
        " }".repeat(14)
    );
    assert_eq!(code(&app, &hidden).await.1, "QUERY_TOO_DEEP");
}

async fn a_legitimate_selection_of_depth_fifteen_works(app: TestApp) {
    loaded(&app).await;
    let query = "{ recommendations(first: 2, orderBy: [{ field: LABEL }]) { nodes { meeting { organizers { organization { \
                 meetingsOrganized(first: 2) { nodes { sessions { body { recommendations(first: 2) { nodes { addressees { \
                 country { mandates(first: 2) { totalCount } } } } } } } } } } } } } } }";
    let data = app.anonymous().query(query).await;
    let path = "/recommendations/nodes/0/meeting/organizers/0/organization/meetingsOrganized/nodes/0/sessions";
    assert!(data.pointer(path).is_some_and(Value::is_array), "{data}");
}

async fn a_query_that_costs_too_much_is_refused(app: TestApp) {
    let page = |first: u32| {
        format!(
            "{{ bodies(first: {first}) {{ nodes {{ meetings(first: {first}) {{ nodes {{ \
        recommendations(first: {first}) {{ nodes {{ id }} }} }} }} }} }} }}"
        )
    };
    assert_eq!(code(&app, &page(10)).await, (StatusCode::OK, "none".to_owned()));
    assert_eq!(code(&app, &page(100)).await, (StatusCode::UNPROCESSABLE_ENTITY, "QUERY_TOO_COMPLEX".to_owned()));
    // If multiplied without overflow checks, these wrap to zero.
    let wraps = "{ bodies(first: 65536) { nodes { meetings(first: 65536) { nodes { recommendations(first: 65536) { nodes { \
                 body { meetings(first: 65536) { nodes { id } } } } } } } } } }";
    assert_eq!(code(&app, wraps).await.1, "QUERY_TOO_COMPLEX");
}

async fn a_short_list_costs_as_if_it_had_five_records(app: TestApp) {
    let refused = (StatusCode::UNPROCESSABLE_ENTITY, "QUERY_TOO_COMPLEX".to_owned());
    let lists = |page: &str, agenda: &str| {
        let back = format!("organizers {{ meeting {{ agenda {{ {agenda} }} }} }}");
        format!("{{ {page} {{ nodes {{ organizers {{ meeting {{ agenda {{ meeting {{ {back} }} }} }} }} }} }} }}")
    };
    // From the inside: an agenda of one field 1 + 5 * 1, organisers 1 + 5 * (1 + 6) = 36, agenda 1 + 5 * (1 + 36) = 186, organisers 1 + 5 *
    // (1 + 186) = 936, and a page of 21 with its nodes 1 + 21 * (1 + 936) = 19,678.
    assert_eq!(code(&app, &lists("meetings(first: 21)", "id")).await, (StatusCode::OK, "none".to_owned()));
    assert_eq!(code(&app, &lists("meetings(first: 22)", "id")).await, refused);
    assert_eq!(code(&app, &lists("meetings(last: 21)", "id number")).await, refused);
    // Without a page size, 25 is assumed.
    assert_eq!(code(&app, &lists("meetings", "id")).await, refused);
}

async fn a_cost_beyond_all_measure_is_refused(app: TestApp) {
    // None of these pages is allowed alone, and their sum must not overflow to a small number.
    let dear = "meetings(first: 100) { nodes { body: recommendations(first: 100) { nodes { meeting { recommendations(first: \
                100) { nodes { body { meetings(first: 100) { nodes { recommendations(first: 100) { nodes { id } } } } } } \
                } } } } } }";
    let many: Vec<String> = (0..15).map(|number| format!("m{number}: {dear}")).collect();
    assert_eq!(code(&app, &format!("{{ {} }}", many.join(" "))).await.1, "QUERY_TOO_COMPLEX");
}

async fn a_chain_of_fragments_does_not_stall_the_service(app: TestApp) {
    assert_eq!(code(&app, &fragments(4)).await, (StatusCode::OK, "none".to_owned()));
    for levels in [20, 30, 60] {
        let (client, query) = (app.anonymous(), fragments(levels));
        let answer = in_time(move || block_on(client.send(&query, json!({}))));
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{levels} levels");
        assert_eq!(answer.body["errors"][0]["extensions"]["code"], "TOO_MANY_FIELDS", "{levels} levels");
    }
    let circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    assert_eq!(code(&app, circle).await.1, "GRAPHQL_VALIDATION_FAILED");
    // Validation also begins at fragments that no operation spreads, and at each of a circle.
    let unused = fragments(30).replacen("{ ...F0 }", "{ feedHead }", 1);
    let link = |level| format!("fragment F{level} on Query {{ ...F{0} ...F{0} ...F{1} }}", level + 1, level - 1);
    let circles = format!(
        "{{ ...F30 }} fragment F0 on Query {{ ...F1 }} {} fragment F30 on Query {{ ...F29 }}",
        (1..30).map(link).collect::<Vec<_>>().join(" ")
    );
    for (query, expected) in [(unused, "TOO_MANY_FIELDS"), (circles, "GRAPHQL_VALIDATION_FAILED")] {
        let client = app.anonymous();
        let answer = in_time(move || block_on(client.send(&query, json!({}))));
        assert_eq!(answer.body["errors"][0]["extensions"]["code"], expected);
    }
}

async fn an_operation_has_at_most_so_many_root_fields_aliases_and_directives(app: TestApp) {
    let several = |count: usize, what: &dyn Fn(usize) -> String| (0..count).map(what).collect::<Vec<_>>().join(" ");
    let roots = |count| format!("{{ {} }}", several(count, &|_| "viewer { role }".to_owned()));
    let aliases = |count| format!("{{ viewer {{ {} }} }}", several(count, &|number| format!("a{number}: role")));
    let directives = |count| format!("{{ viewer {{ {} }} }}", several(count, &|_| "role @skip(if: false)".to_owned()));
    for (limit, write, refusal) in [
        (20, &roots as &dyn Fn(usize) -> String, "TOO_MANY_ROOT_FIELDS"),
        (30, &aliases, "TOO_MANY_ALIASES"),
        (20, &directives, "TOO_MANY_DIRECTIVES"),
    ] {
        assert_eq!(code(&app, &write(limit)).await, (StatusCode::OK, "none".to_owned()), "{refusal}");
        assert_eq!(code(&app, &write(limit + 1)).await, (StatusCode::UNPROCESSABLE_ENTITY, refusal.to_owned()));
    }
}

async fn every_limit_is_configured(app: TestApp) {
    let strict = app
        .second_with(|config| {
            config.limits = Limits {
                body: 200,
                document: 90,
                tokens: 30,
                nesting: 5,
                depth: 3,
                cost: 20,
                root_fields: 2,
                aliases: 1,
                directives: 1,
                fields: 10,
                ..Limits::DEFAULT
            };
        })
        .await;
    let long = format!("{{ viewer {{ role }} }} # {}", "x".repeat(80));
    for (query, refusal) in [
        ("{ viewer { role } }", "none"),
        (long.as_str(), "DOCUMENT_TOO_LONG"),
        ("{ a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e }", "TOO_MANY_TOKENS"),
        ("{ a(b: [[[[[1]]]]]) }", "DOCUMENT_TOO_NESTED"),
        (
            "query A { viewer { role role role role role } } query B { viewer { role role role role } }",
            "TOO_MANY_FIELDS",
        ),
        ("{ body(by: { code: \"EC\" }) { reportsTo { reportsTo { code } } } }", "QUERY_TOO_DEEP"),
        ("{ bodies { nodes { id } } }", "QUERY_TOO_COMPLEX"),
        ("{ viewer { role } viewer { role } viewer { role } }", "TOO_MANY_ROOT_FIELDS"),
        ("{ viewer { a: role b: role } }", "TOO_MANY_ALIASES"),
        ("{ viewer { role @skip(if: false) @include(if: true) } }", "TOO_MANY_DIRECTIVES"),
    ] {
        assert_eq!(code(&strict, query).await.1, refusal, "{query}");
    }
    let body = json!({ "query": "{ viewer { role } }", "variables": { "padding": "x".repeat(200) } }).to_string();
    assert_eq!(post(&strict, body).await.1, "BODY_TOO_LARGE");
}

async fn a_request_that_takes_too_long_is_given_up(app: TestApp) {
    let hasty = app.second_with(|config| config.limits.seconds = 1).await;
    let held = app.app.databases.begin().await.expect("a transaction");
    sea_orm::ConnectionTrait::execute_unprepared(&held, "UPDATE change_head SET seq = seq").await.expect("a lock");
    let input = json!({ "code": "LATE", "kind": "SUBJECT", "name": [{ "locale": "EN", "text": "Late" }] });
    let query = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { change { cursor } } }";
    let secretariat = hasty.secretariat();
    let answer = secretariat.send(query, json!({ "input": input })).await;
    let error = &answer.body["errors"][0]["extensions"];
    assert_eq!((answer.status.as_u16(), &error["code"]), (503, &json!("TIMEOUT")));
    assert!(error["requestId"].is_string());
    held.rollback().await.expect("a rollback");
    // It has left nothing behind, neither a record nor a lock.
    secretariat.mutate("createTheme", input, "id").await;
}

async fn a_page_is_as_long_as_the_installation_allows(app: TestApp) {
    let short = app.second_with(|config| config.limits.page = 3).await;
    let page = async |app: &TestApp, arguments: &str| {
        app.anonymous().send(&format!("{{ countries{arguments} {{ nodes {{ iso2 }} }} }}"), json!({})).await.body
    };
    let rows = |body: &Value| body["data"]["countries"]["nodes"].as_array().map(Vec::len);
    assert_eq!(rows(&page(&short, "(first: 3)").await), Some(3));
    assert_eq!(rows(&page(&short, "").await), Some(3), "the default is no more than the most");
    assert_eq!(page(&short, "(first: 4)").await["errors"][0]["extensions"]["code"], "INVALID_PAGE");
    assert_eq!(page(&app, "(last: 101)").await["errors"][0]["extensions"]["code"], "INVALID_PAGE");
    assert!(page(&app, "(last: 100)").await.get("errors").is_none());
}

async fn a_client_has_so_many_points_a_minute(app: TestApp) {
    let limited = app.second_with(|config| config.limits.rate_points = 5).await;
    assert_eq!(code(&limited, "{ viewer { role } }").await, (StatusCode::OK, "none".to_owned()));
    let refused = (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED".to_owned());
    assert_eq!(code(&limited, "{ a: viewer { role } b: viewer { role } }").await, refused);
}

async fn a_token_that_is_refused_costs_a_point_of_its_address_whichever_way_it_comes(app: TestApp) {
    for path in ["/graphql?query=%7B__typename%7D", "/schema.graphql", "/export.ndjson"] {
        let limited = app.second_with(|config| config.limits.rate_points = 2).await;
        let stranger = limited.with_authorization("Bearer a.b.c");
        for status in [401, 401, 429] {
            assert_eq!(stranger.get(path, &[]).await.0.status.as_u16(), status, "{path}");
        }
        assert_eq!(code(&limited, "{ __typename }").await, (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED".to_owned()));
    }
    let port = app.second_with(|config| config.limits.rate_points = 2).await.serve().await;
    let mut sockets = Vec::new();
    for payload in [json!({}), json!({ "Authorization": "Bearer a.b.c" }), json!({ "Authorization": "Bearer d.e.f" })] {
        let mut socket = Socket::open(port, "graphql-transport-ws", None).await.expect("a socket");
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        sockets.push(socket);
    }
    for socket in &mut sockets[1..] {
        assert_eq!(socket.closed().await, Some(4403));
    }
    assert_eq!(sockets[0].message().await["type"], "connection_ack");
    sockets[0].subscribe("1", "{ __typename }").await;
    let refused = sockets[0].message().await["payload"][0]["extensions"].take();
    assert_eq!(
        (&refused["code"], refused["retryAfter"].as_u64().is_some_and(|seconds| seconds > 0)),
        (&json!("RATE_LIMITED"), true)
    );
}

async fn so_many_documents_are_kept(app: TestApp) {
    let is_kept = async |app: &TestApp| {
        let (one, other) = ("{ viewer { role } }", "{ viewer { __typename } }");
        for query in [one, one, other, other, one] {
            assert_eq!(code(app, query).await.0, StatusCode::OK);
        }
        app.metrics().await.contains("rec_documents_total{outcome=\"kept\"} 1")
    };
    assert!(is_kept(&app).await);
    assert!(!is_kept(&app.second_with(|config| config.limits.kept_documents = 1).await).await);
    // Room for the text and three nodes of 256 bytes: for one of them, but not for two.
    let narrow = app.second_with(|config| config.limits.kept_bytes = 1200).await;
    assert!(!is_kept(&narrow).await);
    for _ in 0..2 {
        code(&narrow, "{ viewer { role } }").await;
    }
    assert!(narrow.metrics().await.contains("rec_documents_total{outcome=\"kept\"} 1"));
}

async fn a_batch_is_refused(app: TestApp) {
    let batch = r#"[{ "query": "{ viewer { role } }" }]"#;
    let (parts, body) = app.anonymous().post(batch).await;
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        (parts.status, &body["errors"][0]["extensions"]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("BATCH_NOT_SUPPORTED"))
    );
}

async fn a_list_has_a_thousand_values(app: TestApp) {
    let query = "query($ids: [ID!]) { meetings(filter: { id: { in: $ids } }) { totalCount } }";
    // With a thousand values the filter itself says that they are too many.
    for (values, is_executed) in [(1000, true), (1001, false)] {
        let body = app.anonymous().send(query, json!({ "ids": vec!["mtg_0"; values] })).await.body;
        assert_eq!(body["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT");
        assert_eq!(body.get("data").is_some(), is_executed, "{values}: {body}");
    }
}

async fn a_document_is_not_too_long_and_not_too_nested(app: TestApp) {
    let refused = |code: &str| (StatusCode::UNPROCESSABLE_ENTITY, code.to_owned());
    let commented = |length: usize| format!("{{ viewer {{ role }} }} #{}", "x".repeat(length - 21));
    assert_eq!(code(&app, &commented(32 * 1024)).await.0, StatusCode::OK);
    assert_eq!(code(&app, &commented(32 * 1024 + 1)).await, refused("DOCUMENT_TOO_LONG"));
    let tokens = format!("{{ viewer {{ {} }} }}", "role ".repeat(4000));
    assert_eq!(code(&app, &tokens).await, refused("TOO_MANY_TOKENS"));
    for bomb in [
        "[".repeat(4096),
        format!("{{ nodes(ids: {}1{}) {{ id }} }}", "[".repeat(2000), "]".repeat(2000)),
        format!("{{ meetings(filter: {}", "{ not: ".repeat(1500)),
        "{a".repeat(2000),
        "query(".repeat(700),
    ] {
        assert_eq!(code(&app, &bomb).await, refused("DOCUMENT_TOO_NESTED"));
    }
    for broken in ["", "{", "}", "query", "{ viewer { role }", "\u{0}", "{ viewer(: 1) }", "\"\"\""] {
        let refused = (StatusCode::BAD_REQUEST, "GRAPHQL_PARSE_FAILED".to_owned());
        assert_eq!(code(&app, broken).await, refused, "{broken:?}");
    }
}

async fn a_body_is_at_most_256_kib(app: TestApp) {
    let padded = |length: usize| {
        let body = json!({ "query": "{ viewer { role } }", "variables": { "padding": "" } }).to_string();
        body.replace("\"padding\":\"\"", &format!("\"padding\":\"{}\"", "x".repeat(length - body.len())))
    };
    assert_eq!(post(&app, padded(256 * 1024)).await.0, StatusCode::OK);
    assert_eq!(post(&app, padded(256 * 1024 + 1)).await, (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE".to_owned()));
}

async fn a_body_that_is_no_request_is_refused(app: TestApp) {
    let nested = format!(
        "{{\"query\":\"{{ viewer {{ role }} }}\",\"variables\":{{\"a\":{}1{}}}}}",
        "[".repeat(4096),
        "]".repeat(4096)
    );
    let (unreadable, not_well_formed) = (StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY);
    for (body, status) in [
        ("", unreadable),
        (nested.as_str(), unreadable),
        ("null", not_well_formed),
        ("{}", not_well_formed),
        ("{\"query\":1}", not_well_formed),
        ("{\"query\":\"{ viewer { role } }\",\"variables\":[]}", not_well_formed),
    ] {
        let refused = (status, "BAD_REQUEST".to_owned());
        assert_eq!(post(&app, body.to_owned()).await, refused, "{}", &body[..body.len().min(60)]);
    }
}

async fn ids_keys_and_comparisons_are_counted(app: TestApp) {
    let anonymous = app.anonymous();
    let ids = |count: usize| json!({ "ids": vec!["mtg_0197aaaaaaaa7aaa8aaaaaaaaaaaaaaa"; count] });
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(anonymous.query_with(nodes, ids(100)).await["nodes"].as_array().map(Vec::len), Some(100));
    assert_eq!(anonymous.error_with(nodes, ids(101)).await, "INVALID_ARGUMENT");
    let order = "query($keys: [MeetingOrder!]) { meetings(orderBy: $keys) { nodes { id } } }";
    let keys = |count: usize| json!({ "keys": vec![json!({ "field": "STARTS_ON" }); count] });
    anonymous.query_with(order, keys(5)).await;
    assert_eq!(anonymous.error_with(order, keys(6)).await, "INVALID_ARGUMENT");
    let filter = "query($filter: MeetingFilter) { meetings(filter: $filter) { totalCount } }";
    // A filter is one comparison, and each of its fields another one.
    let any = |count: usize| json!({ "filter": { "or": vec![json!({ "kind": { "ne": "PLENARY" } }); count] } });
    anonymous.query_with(filter, any(49)).await;
    assert_eq!(anonymous.error_with(filter, any(50)).await, "INVALID_ARGUMENT");
    let listed = "query($codes: [String!]) { bodies(filter: { code: { in: $codes } }) { totalCount } }";
    let codes = |count: usize| json!({ "codes": vec!["EC"; count] });
    assert_eq!(anonymous.query_with(listed, codes(100)).await["bodies"]["totalCount"], 1);
    anonymous.error_with(listed, codes(101)).await;
}

async fn deep_filters_are_answered_or_refused_but_never_fail(app: TestApp) {
    let query = "query($filter: BodyFilter) { bodies(filter: $filter) { totalCount } }";
    for key in ["not", "reportsTo"] {
        for depth in [10, 40, 90] {
            let filter = (0..depth).fold(json!({ "code": { "eq": "PL" } }), |inner, _| json!({ key: inner }));
            let answer = app.anonymous().send(query, json!({ "filter": filter })).await;
            let code = answer.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none");
            assert!(matches!(code, "none" | "INVALID_ARGUMENT"), "{depth} times {key}: {}", answer.body);
            assert!(depth > 10 || code == "none", "{depth} times {key}: {}", answer.body);
        }
    }
}
