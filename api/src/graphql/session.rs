//! What all resolvers of a request share: the application, the viewer, the wanted languages, and the loaders. Has no rules.

use std::sync::Arc;

use async_graphql::Context;
use chrono::{DateTime, Utc};
use entity::text::Locale;
use entity::{Part, record_state};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::batch::Batches;
use super::fetch::Fetch;
use super::loader::{ById, Cached, Loaders, PartsOf, StateAt};
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::read::Visible;

pub struct Session {
    pub app: Arc<AppContext>,
    pub viewer: Arc<Viewer>,
    /// The languages that the client reads, best first.
    pub languages: Vec<Locale>,
    pub loaders: Loaders,
    /// What a subscription reads now.
    pub fetch: Arc<Fetch>,
}

impl Session {
    pub fn new(app: Arc<AppContext>, viewer: Arc<Viewer>, languages: Vec<Locale>, batches: &Batches) -> Self {
        let loaders = Loaders::new(Arc::clone(&app), Arc::clone(&viewer), batches);
        Self { app, viewer, languages, loaders, fetch: Arc::default() }
    }

    #[must_use]
    pub fn fetching(self, fetch: Arc<Fetch>) -> Self {
        Self { fetch, ..self }
    }

    /// Whether the viewer may see who drafted a text, and what was changed in it and why.
    pub fn sees_drafting(&self) -> bool {
        self.viewer.sees_attribution()
    }

    /// The row with an id that a client gives; `None` if there is none that the viewer may see.
    pub async fn row<E: Visible>(&self, id: E::Id) -> Result<Option<Arc<E::Model>>, Arc<Error>> {
        self.loaders.one(ById::<E>(id)).await
    }

    /// A row that another row names; `None` if the viewer may not see it.
    pub async fn named<E: Visible>(&self, id: E::Id) -> Result<Option<Arc<E::Model>>, Arc<Error>> {
        if E::CACHED { self.loaders.one(Cached::<E>(id)).await } else { self.row::<E>(id).await }
    }

    /// The rows that another row names, in its order, as far as the viewer may see them.
    pub async fn all_named<E: Visible>(
        &self,
        ids: impl IntoIterator<Item = E::Id>,
    ) -> Result<Vec<Arc<E::Model>>, Arc<Error>> {
        let rows = try_join_all(ids.into_iter().map(|id| self.named::<E>(id))).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// A row that must exist, because another row names it and everyone may see it.
    pub async fn known<E: Visible>(&self, id: E::Id) -> Result<Arc<E::Model>, Arc<Error>> {
        let row = self.named::<E>(id).await?;
        row.ok_or_else(|| Arc::new(Error::internal(format!("{id} is referred to, but not there"))))
    }

    /// What a record was at an instant; `None` if that is not kept, or was not for the viewer. Error for an instant that has not come.
    pub async fn state_at(
        &self,
        record: Uuid,
        at: DateTime<Utc>,
    ) -> Result<Option<Arc<record_state::Model>>, Arc<Error>> {
        self.loaders.one(StateAt(record, at)).await
    }

    /// The parts of a parent, in their order.
    pub async fn parts<P: Part + Visible>(&self, parent: P::ParentId) -> Result<Arc<Vec<Arc<P::Model>>>, Arc<Error>> {
        Ok(self.loaders.one(PartsOf::<P>(parent)).await?.unwrap_or_default())
    }
}

/// The session of a request. Every request has one.
pub fn session<'a>(context: &Context<'a>) -> &'a Session {
    context.data_unchecked::<Session>()
}
