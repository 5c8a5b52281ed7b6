//! Routes.
pub fn router(_app: std::sync::Arc<crate::App>) -> axum::Router {
    axum::Router::new()
}
