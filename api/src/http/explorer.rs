//! The explorer page at `/`: GraphiQL, compiled into the program, so that it works without the internet. Serves static
//! files and nothing else.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use tower_http::compression::CompressionLayer;

use super::encoding::Encoding;
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
    let plain = PLAIN.into_iter().fold(page, |router, (path, content_type, bytes)| {
        router.route(path, get(move || async move { asset(content_type, Bytes::from_static(bytes)) }))
    });
    PACKED.into_iter().fold(plain.layer(CompressionLayer::new()), |router, (path, content_type, bytes)| {
        let unpacked: Arc<OnceLock<Bytes>> = Arc::default();
        router
            .route(path, get(move |headers: HeaderMap| async move { packed(content_type, bytes, &unpacked, &headers) }))
    })
}

/// A file as it is compiled in; unpacked, once for all, for clients that do not take gzip.
fn packed(
    content_type: &'static str,
    bytes: &'static [u8],
    unpacked: &OnceLock<Bytes>,
    headers: &HeaderMap,
) -> Response {
    let vary = [(header::VARY, "accept-encoding")];
    if Encoding::Gzip.is_accepted(headers) {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (encoding, vary, asset(content_type, Bytes::from_static(bytes))).into_response();
    }
    (vary, asset(content_type, unpacked.get_or_init(|| unpack(bytes)).clone())).into_response()
}

fn unpack(bytes: &[u8]) -> Bytes {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unpacked).expect("our own file");
    unpacked.into()
}

async fn page() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE))
}

fn asset(content_type: &'static str, bytes: Bytes) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes)
}
