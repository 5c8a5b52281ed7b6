//! How long a stream of events or a socket may last: until its token expires, or the service stops.

use chrono::{DateTime, Utc};
use futures_util::future::{self, Either};

use super::Service;

/// Why it is over.
#[derive(Clone, Copy)]
pub enum Over {
    Expired,
    Stopped,
}

impl Over {
    /// The reason's name among the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Stopped => "stopped",
        }
    }
}

/// Resolves when a token expires, or the service stops.
pub fn over(service: &Service, expires_at: Option<DateTime<Utc>>) -> impl Future<Output = Over> + Send + use<> {
    let mut stopping = service.app.stopping.subscribe();
    let left = expires_at.map(|at| (at - service.app.clock.now()).to_std().unwrap_or_default());
    let expired = left.map_or_else(|| Either::Left(future::pending()), |left| Either::Right(tokio::time::sleep(left)));
    async move {
        tokio::select! {
            () = expired => Over::Expired,
            _ = stopping.wait_for(|stopping| *stopping) => Over::Stopped,
        }
    }
}
