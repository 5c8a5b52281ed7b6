//! The viewer behind a request's `Authorization` header.

use axum::http::{HeaderMap, header};

use crate::App;
use crate::auth::Viewer;
use crate::auth::token::verify;
use crate::error::Error;
use crate::service::organization::acting;

/// The viewer of a request.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Viewer, Error> {
    let value = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    authorize(app, value).await
}

/// No authorization is anonymous; one that is not a valid bearer token is refused.
pub async fn authorize(app: &App, authorization: Option<&str>) -> Result<Viewer, Error> {
    let Some(value) = authorization else { return Ok(Viewer::anonymous()) };
    let token = bearer(value).ok_or(Error::Unauthenticated("The Authorization header holds no bearer token."))?;
    let now = app.clock.now();
    let claims = verify(token, &app.keys, &app.config.trust(), now).await?;
    let organization = match &claims.organization {
        Some(named) => acting(app, named).await?,
        None => None,
    };
    let viewer = Viewer::of(claims, organization)?;
    if let Some(token) = viewer.token {
        if app.tokens.is_revoked(token) {
            return Err(Error::Unauthenticated("The token is revoked."));
        }
        app.tokens.note(token, now);
    }
    Ok(viewer)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|token| !token.is_empty())
}
