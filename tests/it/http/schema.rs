//! The schema and the explorer: who sees them.

use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use rec_api::config::{Introspection, Switch};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{asked, code, get, links, send};

on_both_databases! {
    the_schema_can_be_kept_for_those_with_a_token,
    the_schema_says_the_same_of_itself_at_every_coming,
    a_scalar_that_nothing_has_is_not_told_of,
    the_explorer_can_be_switched_off,
    the_explorer_is_whole,
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

async fn a_scalar_that_nothing_has_is_not_told_of(app: TestApp) {
    let query = "query($int: String!, $float: String = \"Float\") {
        int: __type(name: $int) { name } float: __type(name: $float) { name } here: __type(name: \"Float\") { kind }
        __schema { all: types { name } kinds: types { kind } }
    }";
    for app in [&app, &app.second_with(|config| config.federation = Switch::On).await] {
        let answer = app.anonymous().query_with(query, json!({ "int": "Int" })).await;
        assert_eq!(
            json!([answer["int"], answer["float"], answer["here"]]),
            json!([{ "name": "Int" }, null, null]),
            "{answer}"
        );
        let all: Vec<&str> =
            answer["__schema"]["all"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap()).collect();
        assert_eq!(answer["__schema"]["kinds"].as_array().unwrap().len(), all.len());
        let used: Vec<&str> =
            ["Boolean", "Float", "ID", "Int", "String"].into_iter().filter(|name| all.contains(name)).collect();
        assert_eq!(used, ["Boolean", "ID", "Int", "String"]);
        let published = String::from_utf8(get(app, "/schema.graphql").await.2).unwrap();
        let fits = |name: &&str| published.contains(&format!(" {name}")) || name.starts_with("__");
        assert!(all.iter().all(fits), "{all:?}");
    }
}

async fn the_explorer_can_be_switched_off(app: TestApp) {
    let bare = app.second_with(|config| config.explorer = Switch::Off).await;
    for path in ["/", "/explorer/start.js"] {
        assert_eq!(get(&bare, path).await.0, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(get(&app, path).await.0, StatusCode::OK, "{path}");
    }
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
    let links = links(&page);
    assert!(links.len() > 6 && !page.contains("http"), "{links:?}");
    for link in links {
        let (status, headers, bytes) = get(&app, &format!("/{link}")).await;
        assert_eq!((status, bytes.is_empty()), (StatusCode::OK, false), "{link}");
        let expected = match link.rsplit_once('.').expect("an ending").1 {
            "js" => "text/javascript",
            "css" => "text/css",
            _ => "application/graphql; charset=utf-8",
        };
        assert_eq!(kind(&headers), expected, "{link}");
        assert!(!headers.contains_key("content-encoding") && std::str::from_utf8(&bytes).is_ok(), "{link}");
        let request = Request::get(format!("/{link}")).header("accept-encoding", "gzip");
        let (_, headers, packed) = send(&app, request, "").await;
        assert!(packed.len() < 1000 || packed.starts_with(&[0x1f, 0x8b]), "{link}");
        assert!(packed.len() <= bytes.len() && headers["vary"].to_str().unwrap().contains("accept-encoding"), "{link}");
    }
}
