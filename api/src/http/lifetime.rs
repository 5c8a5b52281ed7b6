//! How long an event stream or a socket may last: until its token expires or is revoked, or the service stops. Only tells
//! the end reason; closing is up to the caller.

use chrono::{DateTime, Utc};
use futures_util::future::{self, Either};

use uuid::Uuid;

use super::state::Service;
use crate::auth::Viewer;

/// The end reason of a stream or socket.
#[derive(Clone, Copy)]
pub enum EndReason {
    Expired,
    Revoked,
    Stopped,
}

impl EndReason {
    /// The name of the reason in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Stopped => "stopped",
        }
    }
}

/// What admits a viewer, and until when.
#[derive(Clone, Copy, Default)]
pub struct Credential {
    expires_at: Option<DateTime<Utc>>,
    token: Option<Uuid>,
}

impl From<&Viewer> for Credential {
    fn from(viewer: &Viewer) -> Self {
        Self { expires_at: viewer.expires_at, token: viewer.token }
    }
}

/// Resolves when a token expires or is revoked, or the service stops.
pub fn until_end(service: &Service, credential: Credential) -> impl Future<Output = EndReason> + Send + use<> {
    let mut stopping = service.app.stopping.subscribe();
    let expired = until_expired(service, credential);
    async move {
        tokio::select! {
            end_reason = expired => end_reason,
            _ = stopping.wait_for(|stopping| *stopping) => EndReason::Stopped,
        }
    }
}

/// Resolves when a token expires or is revoked.
pub fn until_expired(
    service: &Service,
    Credential { expires_at, token }: Credential,
) -> impl Future<Output = EndReason> + Send + use<> {
    let left = expires_at.map(|at| (at - service.app.clock.now()).to_std().unwrap_or_default());
    let expired = left.map_or_else(|| Either::Left(future::pending()), |left| Either::Right(tokio::time::sleep(left)));
    let revoked = service.app.tokens.revocation(token);
    async move {
        tokio::select! {
            () = expired => EndReason::Expired,
            () = revoked => EndReason::Revoked,
        }
    }
}
