//! The explorer page at `/`: GraphiQL, compiled into the program, so that it works without the internet. Serves static
//! files and nothing else.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::DecompressionLayer;

use super::state::Service;

const PAGE: &str = include_str!("../../explorer/index.html");

/// A file of the page: its path, its type, its bytes.
type Asset = (&'static str, &'static str, &'static [u8]);

/// Compressed with gzip, so that the program is smaller.
const PACKED: [Asset; 4] = [
    ("/explorer/react.js", "text/javascript", include_bytes!("../../explorer/react.production.min.js.gz")),
    ("/explorer/react-dom.js", "text/javascript", include_bytes!("../../explorer/react-dom.production.min.js.gz")),
    ("/explorer/graphiql.js", "text/javascript", include_bytes!("../../explorer/graphiql.min.js.gz")),
    ("/explorer/graphiql.css", "text/css", include_bytes!("../../explorer/graphiql.min.css.gz")),
];
const PLAIN: [Asset; 2] = [
    ("/explorer/page.css", "text/css", include_bytes!("../../explorer/page.css")),
    ("/explorer/start.js", "text/javascript", include_bytes!("../../explorer/start.js")),
];
/// The page may run its own files only.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
                      worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub fn routes() -> Router<Service> {
    let page = Router::new().route("/", get(page));
    let packed = PACKED.into_iter().fold(page, |router, (path, content_type, bytes)| {
        router
            .route(path, get(move || async move { ([(header::CONTENT_ENCODING, "gzip")], asset(content_type, bytes)) }))
    });
    let all = PLAIN.into_iter().fold(packed, |router, (path, content_type, bytes)| {
        router.route(path, get(move || async move { asset(content_type, bytes) }))
    });
    // Unpacked for whoever does not take gzip, and packed as others take it.
    all.layer(DecompressionLayer::new()).layer(CompressionLayer::new())
}

async fn page() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE))
}

fn asset(content_type: &'static str, bytes: &'static [u8]) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes)
}
