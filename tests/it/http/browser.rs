//! Pages of other origins.

use axum::http::{HeaderMap, Request, StatusCode};
use rec_tests::{TestApp, on_both_databases};

use super::{code, send};

on_both_databases! {
    pages_of_named_origins_read_answers_and_no_others,
}

async fn pages_of_named_origins_read_answers_and_no_others(app: TestApp) {
    let dashboard = "https://dashboard.example.org";
    let open = app.second_with(|config| config.origins = vec![dashboard.to_owned()]).await;
    let asked = "authorization,sentry-trace,baggage,apollographql-client-name";
    let preflight = |origin: &str| {
        Request::builder()
            .method("OPTIONS")
            .uri("/graphql")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", asked)
    };
    let allowed = |headers: &HeaderMap| {
        headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, headers, _) = send(&open, preflight(dashboard), "").await;
    assert_eq!((status, allowed(&headers).as_deref()), (StatusCode::OK, Some(dashboard)));
    assert_eq!(headers["access-control-allow-headers"], asked, "whatever the libraries of a page add");
    assert_eq!(headers["allow"], "GET,HEAD,POST,QUERY");
    let (status, headers, bytes) = send(&open, preflight("https://stranger.example"), "").await;
    assert_eq!((status, allowed(&headers)), (StatusCode::FORBIDDEN, None));
    assert!(String::from_utf8_lossy(&bytes).contains("REC_ORIGINS"));
    let post = Request::post("/graphql").header("content-type", "application/json").header("origin", dashboard);
    let (_, headers, _) = send(&open, post, r#"{ "query": "{ viewer { role } }" }"#).await;
    assert_eq!(allowed(&headers).as_deref(), Some(dashboard));
    let read = headers["access-control-expose-headers"].to_str().unwrap();
    for header in ["etag", "accept-query", "ratelimit", "x-request-id"] {
        assert!(read.split(',').any(|name| name.eq_ignore_ascii_case(header)), "{header} is not read: {read}");
    }
    for path in ["/graphql", "/schema.graphql", "/export.ndjson"] {
        let (status, headers, bytes) = send(&app, preflight(dashboard).uri(path), "").await;
        assert_eq!((status, allowed(&headers)), (StatusCode::FORBIDDEN, None), "off unless origins are named");
        assert_eq!(code(&bytes), "FORBIDDEN_ORIGIN");
    }
}
