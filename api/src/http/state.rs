//! The state that all handlers share. Only holds the parts, and does nothing with them.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;

use super::admission::Admission;
use super::admission::persisted::PersistedDocuments;
use super::fan_out::FanOut;
use super::lanes::Lanes;
use super::rate_limit::Rates;
use super::response_cache::ResponseCache;
use crate::graphql::Schema;
use crate::service::context::AppContext;
use crate::telemetry::metrics::Metrics;

/// Clones share the parts.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

impl Service {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

pub struct Parts {
    pub app: Arc<AppContext>,
    pub schema: Schema,
    /// Executes documents that are known to fit the schema and do not ask for it.
    pub trusting: Schema,
    pub admission: Admission,
    pub metrics: Metrics,
    pub rates: Rates,
    pub lanes: Lanes,
    pub texts: PersistedDocuments,
    pub responses: ResponseCache,
    pub fan_out: FanOut,
    /// The schema in the definition language.
    pub sdl: Bytes,
}

impl Deref for Service {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    /// How long the body of a request may take to arrive, and how long its answer may take.
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(self.app.config.limits.seconds)
    }
}
