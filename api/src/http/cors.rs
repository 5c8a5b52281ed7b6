//! Pages of other origins: which may read answers (CORS), and what the others are told. Answers no request of GraphQL.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ETAG, ORIGIN, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::access_log::{self, LogEntry};
use super::answer::{Answer, IS_AGAIN};
use super::graphql::{self, query_method};
use super::media::Media;
use super::rate_limit;
use super::state::Service;

/// Lets pages of the configured origins read answers of these routes. Other pages learn why they may not.
pub fn for_pages(routes: Router<Service>, service: &Service) -> Router<Service> {
    // A text that is not a header value is not a browser's origin either.
    let origins = service.app.config.origins.iter().filter_map(|origin| origin.parse().ok());
    let routes = match origins.collect::<Vec<HeaderValue>>() {
        none if none.is_empty() => routes,
        origins => routes.layer(for_origins(origins)).layer(map_response(vary_in_one_line)),
    };
    routes.layer(from_fn_with_state(service.clone(), refuse_strangers)).layer(from_fn(name_query))
}

/// Lets pages of these origins read answers, whichever headers they ask with: their libraries add their own, for traces and names of clients.
fn for_origins(origins: Vec<HeaderValue>) -> CorsLayer {
    let read = [
        access_log::REQUEST_ID,
        IS_AGAIN,
        rate_limit::LIMIT,
        rate_limit::REMAINING,
        rate_limit::RESET,
        rate_limit::POLICY,
        rate_limit::STATE,
        RETRY_AFTER,
        ETAG,
        graphql::ACCEPT_QUERY.0,
    ];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, query_method()])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(read)
        .vary([ORIGIN])
        .max_age(Duration::from_hours(1))
}

/// Some HTTP caches, such as nginx 1.22, read one line of `Vary` only.
async fn vary_in_one_line(mut response: Response) -> Response {
    let lines: Vec<&str> = response.headers().get_all(VARY).iter().filter_map(|line| line.to_str().ok()).collect();
    if lines.len() > 1
        && let Ok(line) = HeaderValue::from_str(&lines.join(", "))
    {
        response.headers_mut().insert(VARY, line);
    }
    response
}

/// Names the method `QUERY` in what the endpoint answers to `OPTIONS`: the router does not know it.
async fn name_query(request: Request, next: Next) -> Response {
    let is_asked = request.method() == Method::OPTIONS && matches!(request.uri().path(), "/graphql" | "/graphql/");
    let mut response = next.run(request).await;
    if is_asked {
        response.headers_mut().insert(ALLOW, graphql::ALLOWED);
    }
    response
}

/// Answers the preflight of a page that may not read answers. A browser shows its status to whoever looks for the reason.
async fn refuse_strangers(State(service): State<Service>, request: Request, next: Next) -> Response {
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || is_named(request.headers(), &service.app.config.origins) {
        return next.run(request).await;
    }
    let message = "CORS: pages of this origin may not read answers. REC_ORIGINS names those that may.";
    let refused = Answer::no_request(StatusCode::FORBIDDEN, "FORBIDDEN_ORIGIN", message);
    LogEntry::of(&service, access_log::Method::Other, request.headers()).answer(refused, Media::Plain)
}

fn is_named(headers: &HeaderMap, origins: &[String]) -> bool {
    headers.get(ORIGIN).is_some_and(|origin| origins.iter().any(|one| one.as_bytes() == origin.as_bytes()))
}
