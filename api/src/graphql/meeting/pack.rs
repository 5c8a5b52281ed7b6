//! What is put before a meeting, in the schema. Has names and shapes; no SQL and no rules.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use entity::id::{BodyId, MeetingId, OrganizationId, RecordId as _};
use entity::{body_session, mandate, meeting, participation};
use futures_util::future::try_join_all;

use super::decision::{self, Decision};
use super::{AgendaItem, Participation};
use crate::domain::meeting::is_expected;
use crate::graphql::connection::connections;
use crate::graphql::consensus::{ConsensusProcedure, may_object};
use crate::graphql::document::Document;
use crate::graphql::loader::{ChildrenOf, HeldBefore, PageOf};
use crate::graphql::mandate::Mandate;
use crate::graphql::object::{known, parts};
use crate::graphql::organization::Organization;
use crate::graphql::session::{Session, session};
use crate::service;

pub struct MeetingPack(pub Arc<meeting::Model>);

/// What a delegation needs before a meeting, as it is now.
#[Object]
impl MeetingPack {
    /// The agenda, in order, with its recommendations and documents.
    async fn agenda(&self, ctx: &Context<'_>) -> Result<Vec<AgendaItem>> {
        parts::<AgendaItem>(session(ctx), self.0.id).await
    }

    /// The open procedures of the bodies in session whose deadline comes before the meeting or on its first day, in its time zone, from the
    /// first deadline on. Null only together with an error: `INVALID_PAGE` if `first` is none or more than 100.
    async fn procedures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 25 if omitted.")] first: Option<i32>,
    ) -> Option<Result<Vec<ConsensusProcedure>>> {
        Some(self.ending_before(session(ctx), first).await)
    }

    /// The organisations that are invited, have confirmed, or take or took part, in the order in which that was recorded, as far as you may see
    /// it: under the Chatham House Rule others see who could object, but not who comes.
    async fn delegations(&self, ctx: &Context<'_>) -> Result<Vec<ExpectedDelegation>> {
        let session = session(ctx);
        let able = self.able(session).await?;
        let parts = session.parts::<participation::Entity>(self.0.id).await?;
        let mut delegations: Vec<ExpectedDelegation> = Vec::new();
        for part in parts.iter().filter(|part| is_expected(part.attendance)) {
            let known = delegations.iter().position(|one| one.organization == part.organization_id);
            let index = known.unwrap_or_else(|| {
                delegations.push(ExpectedDelegation::new(part.organization_id, &able));
                delegations.len() - 1
            });
            delegations[index].participations.push(Arc::clone(part));
        }
        Ok(delegations)
    }

    /// Who may object at it, expected or not: the mandates in the bodies in session that let their holders object on one of its days.
    async fn may_object(&self, ctx: &Context<'_>) -> Result<Vec<Mandate>> {
        Ok(self.able(session(ctx)).await?.into_iter().map(Mandate).collect())
    }

    /// What the last meeting of each body in session, the one with its session before this one, has left open for it: its decisions on texts
    /// that were neither agreed nor adopted there, nor since by this body, and are not withdrawn.
    async fn open_items(&self, ctx: &Context<'_>) -> Result<Vec<Decision>> {
        let session = session(ctx);
        let sessions = session.parts::<body_session::Entity>(self.0.id).await?;
        let before = try_join_all(sessions.iter().map(|row| session.loaders.one(HeldBefore::of(row)))).await?;
        let mut last: Vec<(MeetingId, Vec<BodyId>)> = Vec::new();
        for row in before.into_iter().flatten() {
            match last.iter_mut().find(|(meeting, _)| *meeting == row.meeting_id) {
                Some((_, bodies)) => bodies.push(row.body_id),
                None => last.push((row.meeting_id, vec![row.body_id])),
            }
        }
        let open = try_join_all(last.iter().map(|(meeting, bodies)| left_open(session, *meeting, bodies))).await?;
        Ok(open.into_iter().flatten().collect())
    }

    #[graphql(flatten)]
    fn connections(&self) -> MeetingPackLists {
        MeetingPackLists(self.0.id.uuid())
    }
}

connections! {
    MeetingPackLists of MeetingPack {
        /// The documents that belong to the meeting, those of its agenda items among them.
        documents: Document, "Which documents.", by service::document::of_meeting;
    }
}

/// What a meeting has left open for some of its bodies.
async fn left_open(session: &Session, id: MeetingId, bodies: &[BodyId]) -> Result<Vec<Decision>> {
    let Some(meeting) = session.named::<meeting::Entity>(id).await? else { return Ok(Vec::new()) };
    let in_session = in_session(session, id).await?;
    let decisions = decision::of_meeting(session, &meeting).await?;
    Ok(decisions.into_iter().filter(|decision| decision.is_left_to(bodies, &in_session)).collect())
}

/// The bodies in session at a meeting.
async fn in_session(session: &Session, meeting: MeetingId) -> Result<Vec<BodyId>> {
    let sessions = session.parts::<body_session::Entity>(meeting).await?;
    let mut seen = HashSet::new();
    Ok(sessions.iter().map(|row| row.body_id).filter(|body| seen.insert(*body)).collect())
}

impl MeetingPack {
    async fn ending_before(&self, session: &Session, first: Option<i32>) -> Result<Vec<ConsensusProcedure>> {
        let listing = Arc::new(service::meeting::pack::open_procedures(&session.app, &session.viewer, first)?);
        let pages = in_session(session, self.0.id).await?.into_iter().map(|body| {
            let (relation, listing) = (service::consensus::of_body(), Arc::clone(&listing));
            session.loaders.one(PageOf(ChildrenOf { parent: body.uuid(), relation, listing }))
        });
        let pages = try_join_all(pages).await?;
        let rows = pages.iter().flatten().flat_map(|page| &page.rows).map(|(row, _)| row);
        let before = rows.filter(|row| service::meeting::pack::ends_before(row, &self.0));
        let mut rows: Vec<_> = before.map(Arc::clone).collect();
        rows.sort_unstable_by_key(|row| (row.deadline, row.id));
        rows.truncate(listing.length());
        Ok(rows.into_iter().map(ConsensusProcedure).collect())
    }

    /// The mandates in the bodies in session that let their holders object on one of the meeting's days.
    async fn able(&self, session: &Session) -> Result<Vec<Arc<mandate::Model>>> {
        let days = (self.0.starts_on, self.0.ends_on);
        let bodies = in_session(session, self.0.id).await?;
        let held = try_join_all(bodies.into_iter().map(|body| may_object(session, body, days))).await?;
        Ok(held.into_iter().flatten().map(|Mandate(row)| row).collect())
    }
}

pub struct ExpectedDelegation {
    organization: OrganizationId,
    participations: Vec<Arc<participation::Model>>,
    can_object: Vec<Arc<mandate::Model>>,
}

impl ExpectedDelegation {
    /// A delegation with those of the mandates that it holds.
    fn new(organization: OrganizationId, able: &[Arc<mandate::Model>]) -> Self {
        let its = able.iter().filter(|mandate| mandate.organization_id == organization);
        Self { organization, participations: Vec::new(), can_object: its.map(Arc::clone).collect() }
    }
}

/// An organisation that is expected at a meeting.
#[Object]
impl ExpectedDelegation {
    /// The organisation. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.organization).await
    }

    /// In which capacities it is expected.
    async fn participations(&self) -> Vec<Participation> {
        self.participations.iter().map(|row| Participation(Arc::clone(row))).collect()
    }

    /// The mandates by which it may object at the meeting; empty if it may not.
    async fn can_object(&self) -> Vec<Mandate> {
        self.can_object.iter().map(|row| Mandate(Arc::clone(row))).collect()
    }
}
