//! The viewer behind a request's `Authorization` header.

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use crate::App;
use crate::auth::token::verify;
use crate::auth::{Role, Viewer};
use crate::error::Error;
use crate::service::organization::{OrganizationBy, find};

/// No header is anonymous; a header that is not a valid bearer token is refused.
pub async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Viewer, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Viewer::anonymous()) };
    let token = value
        .to_str()
        .ok()
        .and_then(bearer)
        .ok_or(Error::Unauthenticated("The Authorization header holds no bearer token."))?;
    let claims = verify(token, &app.keys, &app.config.trust(), app.clock.now()).await?;
    let mut viewer = Viewer { role: claims.role, subject: claims.sub, organization: None };
    if let (Role::Partner, Some(acronym)) = (claims.role, claims.organization) {
        let organization = find(&app.databases.read, &viewer, &OrganizationBy::Acronym(acronym)).await?;
        let organization = organization.filter(|organization| organization.active);
        viewer.organization =
            Some(Arc::new(organization.ok_or(Error::Unauthenticated("The token's organisation is not active."))?));
    }
    Ok(viewer)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|token| !token.is_empty())
}
