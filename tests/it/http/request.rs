//! Requests: which methods, forms and bodies are one, and which are refused.

use axum::http::{Request, StatusCode};
use rec_api::auth::Role;
use rec_api::config::Switch;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{asked, code, encoded, get, send};

on_both_databases! {
    a_browser_is_led_to_the_explorer,
    a_path_with_a_slash_at_its_end_is_the_same,
    one_request_has_one_authorization,
    an_operation_is_chosen_by_its_name,
    a_get_reads_and_changes_nothing,
    a_query_reads_and_changes_nothing,
    other_methods_are_told_which_are_answered,
    a_body_is_one_request,
    what_is_cut_off_is_no_json,
    what_is_no_request_is_refused_before_its_token_is_read,
    a_request_is_json_and_says_so,
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
    let marked = link.replace("&variables=", "&variables=%EF%BB%BF");
    assert_eq!(get(&app, &marked).await.2, bytes, "a byte order mark means nothing");
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

async fn a_body_is_one_request(app: TestApp) {
    let post = async |body: &str| {
        let request = Request::post("/graphql").header("content-type", "application/json");
        let (status, _, bytes) = send(&app, request, body).await;
        (status.as_u16(), code(&bytes))
    };
    let batch = format!("[{}]", [r#"{"query":"{ viewer { role } }"}"#; 3].join(","));
    for several in [&batch, "[]", " [[[[]]]]"] {
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

async fn what_is_not_there_is_not_found(app: TestApp) {
    for path in ["/nothing", "/explorer/", "/explorer/../data", "/health", "/graphql/x"] {
        let (status, headers, bytes) = get(&app, path).await;
        assert_eq!((status, code(&bytes).as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"), "{path}");
        assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    }
    for (path, allowed) in
        [("/metrics", "GET,HEAD"), ("/export.ndjson", "GET,HEAD"), ("/health/live", "GET,HEAD"), ("/", "GET,HEAD")]
    {
        let (status, headers, bytes) = send(&app, Request::post(path), "").await;
        assert_eq!((status, code(&bytes).as_str()), (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"), "{path}");
        assert_eq!(headers["allow"], allowed, "{path}");
    }
}

async fn what_is_cut_off_is_no_json(app: TestApp) {
    let post = || Request::post("/graphql").header("content-type", "application/json");
    for (body, refused) in [
        ("[", 400),
        ("[nonsense", 400),
        ("{\"query\":1", 400),
        ("{\"query\":\"{__typename}\",\"variables\":[1],", 400),
        ("[]", 422),
        ("{\"query\":1}", 422),
    ] {
        assert_eq!(send(&app, post(), body).await.0.as_u16(), refused, "{body}");
    }
    let query = encoded("{ __typename }");
    assert_eq!(get(&app, &format!("/graphql?query={query}&query={query}")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(get(&app, &format!("/graphql?query={query}&documentId=")).await.0, StatusCode::OK);
}

async fn a_browser_is_led_to_the_explorer(app: TestApp) {
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, explorer) in [("/graphql", "./"), ("/graphql/", "../")] {
        let (status, headers, _) = send(&app, Request::get(path).header("accept", browser), "").await;
        assert_eq!((status, &headers["location"]), (StatusCode::SEE_OTHER, &explorer.parse().unwrap()), "{path}");
    }
    let asked = format!("/graphql?query={}", encoded("{ __typename }"));
    assert_eq!(send(&app, Request::get(&asked).header("accept", browser), "").await.0, StatusCode::OK);
    assert_eq!(
        get(&app, "/graphql").await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "another client is told what is missing"
    );
    let bare = app.second_with(|config| config.explorer = Switch::Off).await;
    let (status, _, _) = send(&bare, Request::get("/graphql").header("accept", browser), "").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn a_path_with_a_slash_at_its_end_is_the_same(app: TestApp) {
    let request = Request::post("/graphql/").header("content-type", "application/json");
    let (status, _, bytes) = send(&app, request, &json!({ "query": "{ __typename }" }).to_string()).await;
    assert_eq!((status, bytes.as_slice()), (StatusCode::OK, &br#"{"data":{"__typename":"Query"}}"#[..]));
}

async fn one_request_has_one_authorization(app: TestApp) {
    let bearer = format!("Bearer {}", app.token(Role::Reader, None));
    let twice = Request::post("/graphql").header("content-type", "application/json");
    let twice = twice.header("authorization", &bearer).header("authorization", &bearer);
    let (status, _, bytes) = send(&app, twice, &json!({ "query": "{ viewer { role } }" }).to_string()).await;
    assert_eq!((status, code(&bytes).as_str()), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
    for path in ["/export.ndjson", "/schema.graphql"] {
        let twice = Request::get(path).header("authorization", &bearer).header("authorization", &bearer);
        assert_eq!(send(&app, twice, "").await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
}
