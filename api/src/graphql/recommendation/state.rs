//! What a recommendation was at an instant. Has names and shapes; no SQL and no rules.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use chrono::Utc;
use entity::date::{Date, DateTime};
use entity::id::{RecommendationId, RecordId as _};
use entity::recommendation::{Priority, RecommendationStatus};
use entity::recommendation_revision;
use entity::record_state::{RecommendationState as Kept, State};

use super::RecommendationRevision;
use super::parts::AddressedParty;
use crate::graphql::session::{Session, session};

pub struct RecommendationState {
    of: RecommendationId,
    since: chrono::DateTime<Utc>,
    version: i32,
    state: Kept,
}

impl RecommendationState {
    /// `None` if no state of the time is kept, or it was not for the viewer.
    pub async fn at(session: &Session, of: RecommendationId, at: chrono::DateTime<Utc>) -> Result<Option<Self>> {
        let Some(kept) = session.state_at(of.uuid(), at).await? else { return Ok(None) };
        let State::Recommendation(state) = &kept.state else { return Ok(None) };
        Ok(Some(Self { of, since: kept.since, version: kept.version, state: state.clone() }))
    }
}

/// What a recommendation was at an instant: its status, its text and whom it asked to act. What is not here is as it is now. It was for those who
/// could see the recommendation then.
#[Object]
impl RecommendationState {
    /// Since when this version of the record had stood.
    async fn since(&self) -> DateTime {
        DateTime(self.since)
    }

    /// The version of the record.
    async fn version(&self) -> i32 {
        self.version
    }

    /// The status of the text.
    async fn status(&self) -> RecommendationStatus {
        self.state.status
    }

    /// The label; null before the adoption.
    async fn label(&self) -> Option<&str> {
        self.state.label.as_deref()
    }

    /// How urgent it was.
    async fn priority(&self) -> Option<Priority> {
        self.state.priority
    }

    /// By when it should be implemented.
    async fn target_date(&self) -> Option<Date> {
        self.state.target_date.map(Date)
    }

    /// The day of adoption; null before.
    async fn adopted_on(&self) -> Option<Date> {
        self.state.adopted_on.map(Date)
    }

    /// The addressees, whom it asked to act, in order.
    async fn addressees(&self) -> Vec<AddressedParty> {
        self.state.addressees.iter().copied().map(AddressedParty::new).collect()
    }

    /// The text: its latest revision of the time. Null if you may not see that one.
    async fn revision(&self, ctx: &Context<'_>) -> Result<Option<RecommendationRevision>> {
        let revisions = session(ctx).parts::<recommendation_revision::Entity>(self.of).await?;
        let latest = revisions.iter().find(|revision| revision.number == self.state.revision);
        Ok(latest.map(|revision| RecommendationRevision(Arc::clone(revision))))
    }
}
