//! Finds the viewer behind a request's `Authorization` header. Does not decide what a viewer may do.

use axum::http::{HeaderMap, header};

use super::access_log::LogEntry;
use super::answer::Answer;
use super::prepare::{Caller, take};
use super::state::Service;
use crate::auth::Viewer;
use crate::auth::token::verify;
use crate::error::Error;
use crate::service::acting::acting;
use crate::service::context::AppContext;

/// The viewer of a request. A token that is refused costs its address a point.
pub async fn authenticate(service: &Service, caller: Caller<'_>, entry: &mut LogEntry) -> Result<Viewer, Answer> {
    authenticate_by(service, authorization(caller.headers), caller, entry).await
}

/// The same, for an authorization that may come from elsewhere than a header.
pub async fn authenticate_by(
    service: &Service,
    authorization: Option<&str>,
    caller: Caller<'_>,
    entry: &mut LogEntry,
) -> Result<Viewer, Answer> {
    let authorized = match caller.headers.get_all(header::AUTHORIZATION).iter().nth(1) {
        Some(_) => Err(refused(entry.request_id(), "There is more than one Authorization header.")),
        None => authorize(&service.app, authorization, entry.request_id()).await,
    };
    match authorized {
        Ok(viewer) => {
            entry.viewer = Some(viewer.role);
            Ok(viewer)
        }
        Err(error) => {
            if matches!(error, Error::Unauthenticated(_)) {
                take(service, &caller.payer(service, &Viewer::anonymous()), 1, entry)?;
            }
            Err(Answer::of_error(&error, entry.request_id()))
        }
    }
}

pub fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
}

/// Without an authorization the viewer is anonymous; an authorization that is not a valid bearer token is refused.
async fn authorize(app: &AppContext, authorization: Option<&str>, request_id: &str) -> Result<Viewer, Error> {
    let Some(value) = authorization else { return Ok(Viewer::anonymous()) };
    let none = || refused(request_id, "The Authorization header holds no bearer token.");
    let token = bearer(value).ok_or_else(none)?;
    let now = app.clock.now();
    let claims = verify(token, &app.keys, &app.config.trust(), now).await.map_err(|refused| {
        log_refusal(request_id, refused.reason);
        Error::Unauthenticated(refused.told())
    })?;
    let organization = match &claims.organization {
        Some(named) => acting(app, named).await?,
        None => None,
    };
    let viewer = Viewer::of(claims, organization).inspect_err(|error| log_refusal(request_id, &error.to_string()))?;
    if let Some(token) = viewer.token {
        if app.tokens.is_revoked(token) {
            return Err(refused(request_id, "The token is revoked."));
        }
        app.tokens.note(token, now);
    }
    Ok(viewer)
}

/// A refusal whose reason its client is told.
fn refused(request_id: &str, reason: &'static str) -> Error {
    log_refusal(request_id, reason);
    Error::Unauthenticated(reason)
}

/// Why a token is refused. Never the token.
fn log_refusal(request_id: &str, reason: &str) {
    tracing::info!(request_id, reason, "a token is refused");
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|token| !token.is_empty())
}
