//! How long an event stream or a socket may last: until its token expires or is revoked, or the service stops. Only tells
//! the end reason; closing is up to the caller.

use std::future;
use std::time::Duration;

use chrono::{DateTime, Utc};
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
    let service = service.clone();
    // Thousands of followers wait here. What is awaited is made within: a future that is moved into another one takes its memory twice.
    async move {
        let mut stopping = service.app.stopping.subscribe();
        tokio::select! {
            end_reason = until_expired(&service, credential) => end_reason,
            _ = stopping.wait_for(|stopping| *stopping) => EndReason::Stopped,
        }
    }
}

/// Resolves when a token expires or is revoked.
pub async fn until_expired(service: &Service, Credential { expires_at, token }: Credential) -> EndReason {
    let left = expires_at.map(|at| (at - service.app.clock.now()).to_std().unwrap_or_default());
    tokio::select! {
        () = passed(left) => EndReason::Expired,
        () = service.app.tokens.revocation(token) => EndReason::Revoked,
    }
}

/// Resolves after a time; never if there is none.
async fn passed(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => future::pending().await,
    }
}
