//! The service over HTTP: its answers besides GraphQL, and which requests it accepts.

use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use rec_api::config::{Introspection, Switch};
use rec_api::digest::sha256;
use rec_tests::program::{Serving, ask, command, run};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;

use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn send(app: &TestApp, request: axum::http::request::Builder, body: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let answer = app.router().oneshot(request).await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
    (status, headers, bytes.to_vec())
}

async fn get(app: &TestApp, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
    send(app, Request::get(path), "").await
}

/// The code of an answer's first error.
fn code(bytes: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(bytes).expect("JSON");
    answer["errors"][0]["extensions"]["code"].as_str().expect("a code").to_owned()
}

/// A text as it is encoded in a URL.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |link, byte| link + &format!("%{byte:02X}"))
}

async fn asked(app: &TestApp, body: Value) -> (u16, Value) {
    let (parts, bytes) = app.anonymous().post(body.to_string()).await;
    (parts.status.as_u16(), serde_json::from_slice(&bytes).expect("JSON"))
}

/// Documents that are refused, and with which status.
const REFUSED: [(&str, u16); 5] = [
    ("{", 400),
    ("{ nothing }", 422),
    ("query A { __typename } query B { __typename }", 422),
    ("query($id: ID!) { node(id: $id) { id } }", 422),
    ("{ themes(first: 1) { nodes { id } } @oops }", 400),
];

/// A query of which one field fails.
const PARTIAL: &str = "{ role: viewer { role } themes(after: \"nonsense\") { totalCount } }";

/// The status, the content type and the body of the answer to a query.
async fn accepting(app: &TestApp, accept: &str, query: &str) -> (u16, String, Vec<u8>) {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    let (status, headers, bytes) = send(app, request, &json!({ "query": query }).to_string()).await;
    (status.as_u16(), headers["content-type"].to_str().unwrap().to_owned(), bytes)
}

on_both_databases! {
    an_operation_is_chosen_by_its_name,
    a_get_reads_and_changes_nothing,
    a_query_reads_and_changes_nothing,
    other_methods_are_told_which_are_answered,
    an_answer_has_the_form_and_the_status_that_its_client_takes,
    older_clients_can_have_the_statuses_that_they_know,
    a_body_is_one_request,
    what_is_no_request_is_refused_before_its_token_is_read,
    a_request_is_json_and_says_so,
    a_fault_of_ours_is_told_by_its_request_only,
    the_schema_can_be_kept_for_those_with_a_token,
    the_schema_says_the_same_of_itself_at_every_coming,
    the_explorer_can_be_switched_off,
    a_client_asks_for_so_many_points_a_minute,
    a_cost_is_told_to_whoever_asks_for_it,
    pages_of_named_origins_read_answers_and_no_others,
    documents_are_named_by_their_hash,
    a_query_that_was_sent_before_is_named_by_whoever_has_a_token,
    the_metrics_tell_of_requests_and_not_of_what_was_asked,
    a_service_on_another_schema_is_not_ready,
    what_the_database_does_not_give_is_said_to_be_unavailable,
    a_service_without_its_database_lives_but_is_not_ready,
    the_explorer_is_whole,
    what_is_not_there_is_not_found,
}

async fn an_operation_is_chosen_by_its_name(app: TestApp) {
    let query = "query One { viewer { role } } query Two { bodies { totalCount } }";
    let chosen = asked(&app, json!({ "query": query, "operationName": "Two" })).await;
    assert_eq!(chosen, (200, json!({ "data": { "bodies": { "totalCount": 6 } } })));
    let only = asked(&app, json!({ "query": "{ __typename }", "operationName": "" })).await;
    assert_eq!(only, (200, json!({ "data": { "__typename": "Query" } })));
    for name in [Value::Null, json!(""), json!("Three")] {
        let (status, body) = asked(&app, json!({ "query": query, "operationName": name })).await;
        assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (422, &json!("OPERATION_RESOLUTION_FAILURE")));
        assert!(body.get("data").is_none());
    }
}

async fn a_get_reads_and_changes_nothing(app: TestApp) {
    let query = "query($code: String!) { body(by: { code: $code }) { code } }";
    let link = format!("/graphql?query={}&variables={}", encoded(query), encoded(r#"{"code":"EC"}"#));
    let (status, headers, bytes) = get(&app, &link).await;
    assert_eq!((status.as_u16(), &headers["content-type"]), (200, &"application/json; charset=utf-8".parse().unwrap()));
    assert_eq!(bytes, br#"{"data":{"body":{"code":"EC"}}}"#);
    let chosen = encoded(
        "query A { viewer { role } } mutation B { removeAgendaItem(input: { id: \"a\", expectedVersion: 1 }) { change { cursor } } }",
    );
    assert_eq!(get(&app, &format!("/graphql?query={chosen}&operationName=A")).await.0, StatusCode::OK);
    let before = app.traces().await;
    let (status, headers, bytes) = get(&app, &format!("/graphql?query={chosen}&operationName=B")).await;
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &"POST".parse().unwrap()));
    assert_eq!(code(&bytes), "METHOD_NOT_ALLOWED");
    assert_eq!(app.traces().await, before);
    for (wrong, refused) in [
        ("/graphql", 422),
        ("/graphql?query=%7Bviewer%7Brole%7D%7D&variables=1", 422),
        ("/graphql?query=%7Bviewer%7Brole%7D%7D&variables=%7B", 400),
    ] {
        let (status, _, bytes) = get(&app, wrong).await;
        assert_eq!((status.as_u16(), code(&bytes).as_str()), (refused, "BAD_REQUEST"), "{wrong}");
    }
}

async fn a_query_reads_and_changes_nothing(app: TestApp) {
    let query = async |body: &Value, headers: &[(&str, &str)]| {
        let request = Request::builder().method("QUERY").uri("/graphql").header("content-type", "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        send(&app, request, &body.to_string()).await
    };
    let read = json!({ "query": "query($code: String!) { body(by: { code: $code }) { code } }", "variables": { "code": "EC" } });
    let (status, headers, bytes) = query(&read, &[]).await;
    assert_eq!((status.as_u16(), bytes.as_slice()), (200, br#"{"data":{"body":{"code":"EC"}}}"#.as_slice()));
    assert_eq!(headers["accept-query"], "application/json, application/graphql-response+json");
    assert_eq!(headers["allow"], "GET,HEAD,POST,QUERY");
    // The same request again has not changed.
    let known = [("if-none-match", headers["etag"].to_str().unwrap())];
    let (status, _, bytes) = query(&read, &known).await;
    assert_eq!((status.as_u16(), bytes.is_empty()), (304, true));
    let other = json!({ "query": read["query"], "variables": { "code": "WG-A" } });
    assert_eq!(query(&other, &known).await.0.as_u16(), 200);
    let before = app.traces().await;
    let write = json!({ "query": "mutation { removeAgendaItem(input: { id: \"a\", expectedVersion: 1 }) { change { cursor } } }" });
    let (status, headers, bytes) = query(&write, &[]).await;
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &"POST".parse().unwrap()));
    assert_eq!(code(&bytes), "METHOD_NOT_ALLOWED");
    assert_eq!(app.traces().await, before);
    let untyped = Request::builder().method("QUERY").uri("/graphql");
    let (status, headers, _) = send(&app, untyped, &read.to_string()).await;
    assert!(status.as_u16() == 415 && headers.contains_key("accept-query"));
    assert!(app.metrics().await.contains("rec_requests_total{method=\"QUERY\",status=\"200\"} 2"));
}

async fn other_methods_are_told_which_are_answered(app: TestApp) {
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let (status, headers, _) = send(&app, Request::builder().method(method).uri("/graphql"), "").await;
        assert_eq!((status.as_u16(), &headers["allow"]), (405, &"GET,HEAD,POST,QUERY".parse().unwrap()), "{method}");
    }
    assert!(app.metrics().await.contains("rec_requests_total{method=\"OTHER\",status=\"405\"} 4"));
}

async fn an_answer_has_the_form_and_the_status_that_its_client_takes(app: TestApp) {
    let (plain, newer) = ("application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8");
    for (accept, form) in [
        ("*/*", plain),
        ("application/json", plain),
        ("application/graphql-response+json", newer),
        ("application/graphql-response+json, application/json;q=0.9", newer),
    ] {
        let (status, content_type, _) = accepting(&app, accept, "{ viewer { role } }").await;
        assert_eq!((status, content_type.as_str()), (200, form), "{accept}");
        let (status, content_type, bytes) = accepting(&app, accept, PARTIAL).await;
        assert_eq!((status, content_type.as_str()), (294, form), "{accept}");
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(answer["data"], json!({ "role": { "role": "ANONYMOUS" }, "themes": null }));
        for (wrong, refused) in REFUSED {
            let (status, content_type, bytes) = accepting(&app, accept, wrong).await;
            assert_eq!((status, content_type.as_str()), (refused, newer), "{accept} {wrong}");
            assert!(!String::from_utf8_lossy(&bytes).contains("\"data\""), "{wrong}");
        }
    }
    let (status, content_type, bytes) = accepting(&app, "text/html", "{ viewer { role } }").await;
    assert_eq!((status, content_type.as_str(), code(&bytes).as_str()), (406, plain, "NOT_ACCEPTABLE"));
}

async fn older_clients_can_have_the_statuses_that_they_know(app: TestApp) {
    let legacy = app.second_with(|config| config.legacy_status = Switch::On).await;
    let (plain, newer) = ("application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8");
    for query in REFUSED.map(|(query, _)| query).into_iter().chain([PARTIAL]) {
        let (status, content_type, _) = accepting(&legacy, "application/json", query).await;
        assert_eq!((status, content_type.as_str()), (200, plain), "{query}");
        let (status, content_type, _) = accepting(&legacy, "application/graphql-response+json", query).await;
        assert!(status > 200 && content_type == newer, "{query}");
    }
    let (status, _, _) = send(&legacy, Request::post("/graphql").header("content-type", "application/json"), "{").await;
    assert_eq!(status.as_u16(), 400, "it is no GraphQL request");
}

async fn a_body_is_one_request(app: TestApp) {
    let post = async |body: &str| {
        let request = Request::post("/graphql").header("content-type", "application/json");
        let (status, _, bytes) = send(&app, request, body).await;
        (status.as_u16(), code(&bytes))
    };
    let batch = format!("[{}]", [r#"{"query":"{ viewer { role } }"}"#; 3].join(","));
    for several in [&batch, "[]", " [[[["] {
        assert_eq!(post(several).await, (422, "BATCH_NOT_SUPPORTED".to_owned()));
    }
    for (wrong, status) in [
        ("", 400),
        ("{", 400),
        ("NONSENSE", 400),
        ("1", 422),
        (r#"{"qeury":"{ a }"}"#, 422),
        (r#"{"query":1}"#, 422),
        (r#"{"query":"{ a }","variables":[]}"#, 422),
        (r#"{"query":"{ a }","extensions":"x"}"#, 422),
        (r#"{"query":"{ a }","operationName":1}"#, 422),
    ] {
        assert_eq!(post(wrong).await, (status, "BAD_REQUEST".to_owned()), "{wrong}");
    }
    let more =
        json!({ "query": "{ __typename }", "variables": null, "extensions": null, "operationName": null, "more": 1 });
    assert_eq!(asked(&app, more).await.0, 200, "what is not understood is ignored");
    assert_eq!(post(&format!(r#"{{"query":"{}"}}"#, " ".repeat(300 * 1024))).await, (413, "BODY_TOO_LARGE".to_owned()));
}

async fn what_is_no_request_is_refused_before_its_token_is_read(app: TestApp) {
    let request =
        Request::post("/graphql").header("content-type", "text/plain").header("authorization", "Bearer a.b.c");
    assert_eq!(send(&app, request, "{}").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

async fn a_request_is_json_and_says_so(app: TestApp) {
    let body = json!({ "query": "{ viewer { role } }" }).to_string();
    let post = || Request::post("/graphql");
    let typed = |kind: &str| post().header("content-type", kind);
    for wrong in [post(), typed("text/plain"), typed("application/graphql"), typed("multipart/form-data")] {
        let (status, _, bytes) = send(&app, wrong, &body).await;
        let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNSUPPORTED_MEDIA_TYPE");
    }
    for right in ["application/json", "Application/JSON; charset=utf-8", "application/graphql-response+json"] {
        assert_eq!(send(&app, typed(right), &body).await.0, StatusCode::OK, "{right}");
    }
}

async fn a_fault_of_ours_is_told_by_its_request_only(app: TestApp) {
    app.app.databases.write.execute_unprepared("ALTER TABLE theme RENAME TO elsewhere").await.expect("a rename");
    let request = Request::post("/graphql").header("content-type", "application/json");
    let (status, headers, bytes) = send(&app, request, r#"{ "query": "{ themes { nodes { id } } }" }"#).await;
    let id = headers["x-request-id"].to_str().expect("an id");
    assert!(id.len() >= 32 && status == 294);
    let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
    let expected = json!({
        "message": "The service has failed. Quote the request id when you report it.", "path": ["themes"],
        "locations": [{ "line": 1, "column": 3 }], "extensions": { "code": "INTERNAL", "requestId": id },
    });
    assert_eq!(answer, json!({ "data": { "themes": null }, "errors": [expected] }));
    let input = json!({ "code": "T", "name": [{ "locale": "EN", "text": "T" }], "kind": "SDG" });
    assert_eq!(app.secretariat().mutation_error("createTheme", input).await, "INTERNAL");
}

async fn the_schema_can_be_kept_for_those_with_a_token(app: TestApp) {
    let closed = app.second_with(|config| config.introspection = Introspection::Authenticated).await;
    let hidden = "query A { viewer { role ...F } } query B { ...G } fragment F on Viewer { __typename } fragment G on Query { __schema { types { name } } }";
    for (query, operation) in
        [("{ __schema { types { name } } }", None), ("{ __type(name: \"Body\") { name } }", None), (hidden, Some("A"))]
    {
        let (_, answer) = asked(&closed, json!({ "query": query, "operationName": operation })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{query}");
    }
    closed.reader().query("{ __schema { queryType { name } } }").await;
    app.anonymous().query("{ __schema { queryType { name } } }").await;
    // Whoever guesses learns nothing, whether a guess is right or wrong.
    let told = "{\"errors\":[{\"extensions\":{\"code\":\"GRAPHQL_VALIDATION_FAILED\"},\"message\":\"The document does not fit the schema.\"}]}";
    for guess in [
        "{ bodie { id } }",
        "{ bodies }",
        "{ bodies(frist: 1) { totalCount } }",
        "{ body(by: { cod: \"EC\" }) { id } }",
    ] {
        assert_eq!(closed.anonymous().send(guess, json!({})).await.text, told, "{guess}");
    }
    assert!(app.anonymous().send("{ bodie { id } }", json!({})).await.text.contains("bodies"));
    closed.anonymous().query("{ __typename }").await;
    let (status, headers, body) = get(&closed, "/schema.graphql").await;
    assert_eq!((status, code(&body).as_str()), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
    assert!(headers.contains_key("x-request-id") && headers.contains_key("www-authenticate"));
    let limited = app.second_with(|config| config.limits.rate_points = 1000).await;
    let (status, headers, body) = get(&limited, "/schema.graphql").await;
    assert_eq!((status, headers["ratelimit-remaining"].to_str().unwrap()), (StatusCode::OK, "850"));
    assert!(headers.contains_key("x-request-id") && !body.is_empty());
    let figures = limited.metrics().await;
    assert!(figures.contains("operation=\"schema.graphql\""), "{figures}");
    let packed = Request::get("/schema.graphql").header("accept-encoding", "gzip");
    let (_, headers, small) = send(&app, packed, "").await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert!(small.len() * 4 < body.len());
}

async fn the_schema_says_the_same_of_itself_at_every_coming(app: TestApp) {
    let query = "{ __type(name: \"_Service\") { name } __schema { queryType { fields { name } } } }";
    let first = app.anonymous().query(query).await;
    assert_eq!(first["__type"], Value::Null);
    for _ in 0..3 {
        assert_eq!(app.anonymous().query(query).await, first);
    }
    let (status, body) = asked(&app, json!({ "query": "{ _service { sdl } }" })).await;
    assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (422, &json!("GRAPHQL_VALIDATION_FAILED")));
}

async fn the_explorer_can_be_switched_off(app: TestApp) {
    let bare = app.second_with(|config| config.explorer = Switch::Off).await;
    for path in ["/", "/explorer/start.js"] {
        assert_eq!(get(&bare, path).await.0, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(get(&app, path).await.0, StatusCode::OK, "{path}");
    }
}

async fn a_client_asks_for_so_many_points_a_minute(app: TestApp) {
    let limited = app.second_with(|config| config.limits.rate_points = 100).await;
    let query = r#"{ "query": "{ bodies(first: 20) { nodes { id code } } }" }"#;
    let (parts, _) = limited.anonymous().post(query).await;
    // 1 + 20 * (1 + 2) points.
    let told = ["ratelimit-policy", "ratelimit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| parts.headers[name].to_str().unwrap().to_owned());
    assert_eq!(told, ["\"points\";q=100;w=60", "\"points\";r=39;t=37", "100", "39", "37"]);
    let (parts, bytes) = limited.anonymous().post(query).await;
    assert_eq!((parts.status.as_u16(), code(&bytes).as_str()), (429, "RATE_LIMITED"));
    let wait: u64 = parts.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let begun = Instant::now();
    let (parts, _) = limited.reader().post(query).await;
    assert_eq!(parts.status, StatusCode::OK, "another client has its own points");
    let (parts, _) = limited.reader().post(r#"{ "query": "{ viewer { role } }" }"#).await;
    let remaining: u128 = parts.headers["ratelimit-remaining"].to_str().unwrap().parse().unwrap();
    // A point comes back every 600 milliseconds.
    assert!((37..=37 + begun.elapsed().as_millis() / 600).contains(&remaining), "{remaining}");
    let (parts, _) = app.anonymous().post(query).await;
    assert!(!parts.headers.contains_key("ratelimit-limit"), "without a limit nothing is told");
}

async fn a_cost_is_told_to_whoever_asks_for_it(app: TestApp) {
    let body = r#"{ "query": "{ bodies(first: 3) { nodes { id } } }" }"#;
    let post = || Request::post("/graphql").header("content-type", "application/json");
    let told: Value = serde_json::from_slice(&send(&app, post().header("x-cost", "1"), body).await.2).expect("JSON");
    assert_eq!(told["extensions"], json!({ "cost": { "requested": 7, "maximum": 20_000 } }));
    let plain: Value = serde_json::from_slice(&send(&app, post(), body).await.2).expect("JSON");
    assert!(plain.get("extensions").is_none());
}

async fn pages_of_named_origins_read_answers_and_no_others(app: TestApp) {
    let dashboard = "https://dashboard.example.org";
    let open = app.second_with(|config| config.origins = vec![dashboard.to_owned()]).await;
    let preflight = |origin: &str| {
        Request::builder()
            .method("OPTIONS")
            .uri("/graphql")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization")
    };
    let allowed = |headers: &HeaderMap| {
        headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, headers, _) = send(&open, preflight(dashboard), "").await;
    assert_eq!((status, allowed(&headers).as_deref()), (StatusCode::OK, Some(dashboard)));
    let (_, headers, _) = send(&open, preflight("https://stranger.example"), "").await;
    assert_eq!(allowed(&headers), None);
    let post = Request::post("/graphql").header("content-type", "application/json").header("origin", dashboard);
    let (_, headers, _) = send(&open, post, r#"{ "query": "{ viewer { role } }" }"#).await;
    assert_eq!(allowed(&headers).as_deref(), Some(dashboard));
    let read = headers["access-control-expose-headers"].to_str().unwrap();
    for header in ["etag", "accept-query", "ratelimit", "x-request-id"] {
        assert!(read.split(',').any(|name| name.eq_ignore_ascii_case(header)), "{header} is not read: {read}");
    }
    let (status, headers, _) = send(&app, preflight(dashboard), "").await;
    assert_eq!((status, allowed(&headers)), (StatusCode::METHOD_NOT_ALLOWED, None), "off unless origins are named");
}

async fn documents_are_named_by_their_hash(app: TestApp) {
    let query = "{ viewer { role } }";
    let hash = sha256(query);
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("documents.json");
    std::fs::write(&manifest, json!({ hash.as_str(): query }).to_string()).unwrap();
    let strict = app
        .second_with(|config| {
            config.trusted_documents = Some(manifest);
            config.trusted_documents_only = true;
        })
        .await;
    let named = json!({ "documentId": format!("sha256:{hash}") });
    assert_eq!(asked(&strict, named.clone()).await, (200, json!({ "data": { "viewer": { "role": "ANONYMOUS" } } })));
    let (status, _, _) = get(&strict, &format!("/graphql?documentId=sha256:{hash}")).await;
    assert_eq!(status, StatusCode::OK);
    let code =
        |answer: (u16, Value)| (answer.0, answer.1["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned());
    let unknown = json!({ "documentId": "sha256:00" });
    assert_eq!(code(asked(&strict, unknown).await), (422, "DOCUMENT_NOT_FOUND".to_owned()));
    assert_eq!(code(asked(&strict, json!({ "query": query })).await), (403, "ONLY_TRUSTED_DOCUMENTS".to_owned()));
    assert_eq!(code(asked(&app, named).await), (422, "DOCUMENT_NOT_FOUND".to_owned()));
}

async fn a_query_that_was_sent_before_is_named_by_whoever_has_a_token(app: TestApp) {
    let query = "{ viewer { role } }";
    let hash = "4bfe2fe1b9dbb0bbf5c2d4cb0e9b7d7f4b6d4f4ee6d6a6ac4d4c7f2e3c3a0f10";
    let extensions = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let reader = app.reader();
    let ask = async |body: Value| {
        let (_, bytes) = reader.post(body.to_string()).await;
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let wrong = ask(json!({ "query": query, "extensions": extensions(hash) })).await;
    assert_eq!(wrong["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_MISMATCH");
    let hash = sha256(query);
    let unknown = ask(json!({ "extensions": extensions(&hash) })).await;
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    let data = json!({ "data": { "viewer": { "role": "READER" } } });
    assert_eq!(ask(json!({ "query": query, "extensions": extensions(&hash) })).await, data);
    assert_eq!(ask(json!({ "extensions": extensions(&hash) })).await, data);
    let (_, anonymous) = asked(&app, json!({ "extensions": extensions(&hash) })).await;
    assert_eq!(anonymous["errors"][0]["message"], "PersistedQueryNotSupported");
}

async fn the_metrics_tell_of_requests_and_not_of_what_was_asked(app: TestApp) {
    for _ in 0..3 {
        app.anonymous().query("query Bodies { bodies { nodes { code } } }").await;
    }
    assert_eq!(app.anonymous().error("{ nothing }").await, "GRAPHQL_VALIDATION_FAILED");
    let (status, headers, bytes) = get(&app, "/metrics").await;
    let text = String::from_utf8(bytes).expect("text");
    assert!(status == StatusCode::OK && headers["content-type"].to_str().unwrap().contains("openmetrics-text"));
    for line in [
        "rec_requests_total{method=\"POST\",status=\"200\"} 3",
        "rec_requests_total{method=\"POST\",status=\"422\"} 1",
        "rec_errors_total{code=\"GRAPHQL_VALIDATION_FAILED\"} 1",
        "rec_request_seconds_count{operation=\"Bodies\"} 3",
        "rec_documents_total{outcome=\"new\"} 1",
        "rec_documents_total{outcome=\"fits\"} 1",
        "rec_documents_total{outcome=\"kept\"} 1",
        "# TYPE rec_connections gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    let statements = text.lines().find_map(|line| line.strip_prefix("rec_statements_total ")).expect("statements");
    assert_eq!(statements.parse::<u64>().unwrap(), app.app.databases.statements());
}

async fn a_service_on_another_schema_is_not_ready(app: TestApp) {
    assert_eq!(get(&app, "/health/ready").await.0, StatusCode::OK);
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_later', 0)";
    app.app.databases.write.execute_unprepared(later).await.unwrap();
    assert_eq!(get(&app, "/health/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

async fn what_the_database_does_not_give_is_said_to_be_unavailable(app: TestApp) {
    app.app.databases.close().await.unwrap();
    let answer = app.anonymous().send("{ bodies { totalCount } }", json!({})).await;
    assert_eq!(answer.status, 294);
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    assert!(answer.body["errors"][0]["extensions"]["requestId"].is_string());
    // Without it the service cannot tell who a partner is, either.
    let answer = app.partner("OSCE").send("{ viewer { role } }", json!({})).await;
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["extensions"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE"))
    );
}

async fn a_service_without_its_database_lives_but_is_not_ready(app: TestApp) {
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get(&app, path).await.0, StatusCode::OK);
    }
    app.app.databases.close().await.expect("a close");
    let (status, _, text) = get(&app, "/health/ready").await;
    assert_eq!((status, text.as_slice()), (StatusCode::SERVICE_UNAVAILABLE, &b"not ready\n"[..]));
    let (status, _, text) = get(&app, "/health/live").await;
    assert_eq!((status, text.as_slice()), (StatusCode::OK, &b"live\n"[..]));
}

async fn the_explorer_is_whole(app: TestApp) {
    let (status, headers, page) = get(&app, "/").await;
    let kind = |headers: &HeaderMap| headers["content-type"].to_str().expect("a type").to_owned();
    assert_eq!((status, kind(&headers).as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
    assert!(headers.contains_key("content-security-policy"));
    assert_eq!(
        (&headers["x-content-type-options"], &headers["referrer-policy"]),
        (&HeaderValue::from_static("nosniff"), &HeaderValue::from_static("no-referrer"))
    );
    let page = String::from_utf8(page).expect("text");
    let links: Vec<&str> = page.split(['"', '\'']).filter(|part| part.starts_with('/')).collect();
    assert!(links.len() > 6 && !page.contains("http"), "{links:?}");
    for link in links {
        let (status, headers, bytes) = get(&app, link).await;
        assert_eq!((status, bytes.is_empty()), (StatusCode::OK, false), "{link}");
        let expected = match link.rsplit_once('.').expect("an ending").1 {
            "js" => "text/javascript",
            "css" => "text/css",
            _ => "application/graphql; charset=utf-8",
        };
        assert_eq!(kind(&headers), expected, "{link}");
        let packed = headers.get("content-encoding").is_some_and(|encoding| encoding == "gzip");
        assert_eq!(packed, bytes.starts_with(&[0x1f, 0x8b]), "{link}");
    }
}

async fn what_is_not_there_is_not_found(app: TestApp) {
    for path in ["/nothing", "/explorer/", "/explorer/../data", "/health", "/graphql/x"] {
        assert_eq!(get(&app, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_token_of_another_issuer_or_audience_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let configured = |issuer: &str, audience: &str| {
        let mut command = command(directory.path());
        command.env("REC_JWT_ISSUER", issuer).env("REC_JWT_AUDIENCE", audience);
        command
    };
    let serving = Serving::start(&mut configured("council", "council-api"));
    for (issuer, audience, known) in
        [("council", "council-api", true), ("rec", "council-api", false), ("council", "rec-api", false)]
    {
        let printed = run(configured(issuer, audience).args(["token", "--role", "reader"])).stdout;
        let token = String::from_utf8(printed).expect("text");
        let answer = ask(serving.port, Some(token.trim()), "{ viewer { role } }", &json!({})).expect("an answer");
        let expected = if known {
            json!({ "data": { "viewer": { "role": "READER" } } })
        } else {
            json!({ "errors": [{ "message": "The token is not valid.", "extensions": { "code": "UNAUTHENTICATED" } }] })
        };
        assert_eq!(answer, expected, "{issuer} {audience}");
    }
}
