//! What is put before a meeting, in the schema. Has names and shapes; no SQL and no rules.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use entity::id::{BodyId, OrganizationId, RecordId as _};
use entity::{body_session, mandate, meeting, participation};
use futures_util::future::try_join_all;

use super::decision::{self, Decision};
use super::{AgendaItem, Participation};
use crate::domain::meeting::is_expected;
use crate::graphql::consensus::{ConsensusProcedure, may_object};
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
    /// first deadline on. Of each body up to 100.
    async fn procedures(&self, ctx: &Context<'_>) -> Result<Vec<ConsensusProcedure>> {
        let session = session(ctx);
        let listing = Arc::new(service::meeting::pack::open_procedures(&session.app, &session.viewer)?);
        let pages = self.bodies(session).await?.into_iter().map(|body| {
            let (relation, listing) = (service::consensus::of_body(), Arc::clone(&listing));
            session.loaders.one(PageOf(ChildrenOf { parent: body.uuid(), relation, listing }))
        });
        let pages = try_join_all(pages).await?;
        let rows = pages.iter().flatten().flat_map(|page| &page.rows).map(|(row, _)| row);
        let before = rows.filter(|row| service::meeting::pack::ends_before(row, &self.0));
        let mut rows: Vec<_> = before.map(Arc::clone).collect();
        rows.sort_unstable_by_key(|row| (row.deadline, row.id));
        Ok(rows.into_iter().map(ConsensusProcedure).collect())
    }

    /// The organisations that are invited, have confirmed, or take or took part, in the order in which that was recorded, as far as you may see
    /// it: under the Chatham House Rule others see who could object, but not who comes.
    async fn delegations(&self, ctx: &Context<'_>) -> Result<Vec<ExpectedDelegation>> {
        let session = session(ctx);
        let able = self.able(session).await?;
        let mut delegations: Vec<ExpectedDelegation> = Vec::new();
        for part in session.parts::<participation::Entity>(self.0.id).await?.iter() {
            if !is_expected(part.attendance) {
                continue;
            }
            let organization = part.organization_id;
            match delegations.iter_mut().find(|one| one.organization == organization) {
                Some(one) => one.participations.push(Arc::clone(part)),
                None => {
                    let its = able.iter().filter(|mandate| mandate.organization_id == organization);
                    let can_object = its.map(Arc::clone).collect();
                    let participations = vec![Arc::clone(part)];
                    delegations.push(ExpectedDelegation { organization, participations, can_object });
                }
            }
        }
        Ok(delegations)
    }

    /// Who may object at it, expected or not: the mandates in the bodies in session that let their holders object on one of its days.
    async fn may_object(&self, ctx: &Context<'_>) -> Result<Vec<Mandate>> {
        Ok(self.able(session(ctx)).await?.into_iter().map(Mandate).collect())
    }

    /// What the last meeting of each body in session, the one with its session before this one, has left open: its decisions on texts that were
    /// neither agreed nor adopted there, and are neither adopted nor withdrawn since.
    async fn open_items(&self, ctx: &Context<'_>) -> Result<Vec<Decision>> {
        let session = session(ctx);
        let sessions = session.parts::<body_session::Entity>(self.0.id).await?;
        let before = sessions.iter().map(|row| session.loaders.one(HeldBefore::of(row)));
        let mut seen = HashSet::new();
        let last = try_join_all(before).await?.into_iter().flatten().map(|row| row.meeting_id);
        let last = session.all_named::<meeting::Entity>(last.filter(|id| seen.insert(*id))).await?;
        let bodies = self.bodies(session).await?;
        let decisions = try_join_all(last.iter().map(|meeting| decision::of_meeting(session, meeting))).await?;
        Ok(decisions.into_iter().flatten().filter(|decision| decision.is_left_to(&bodies)).collect())
    }
}

impl MeetingPack {
    /// The bodies in session.
    async fn bodies(&self, session: &Session) -> Result<Vec<BodyId>> {
        let sessions = session.parts::<body_session::Entity>(self.0.id).await?;
        let mut seen = HashSet::new();
        Ok(sessions.iter().map(|row| row.body_id).filter(|body| seen.insert(*body)).collect())
    }

    /// The mandates in them that let their holders object on one of the meeting's days.
    async fn able(&self, session: &Session) -> Result<Vec<Arc<mandate::Model>>> {
        let days = (self.0.starts_on, self.0.ends_on);
        let bodies = self.bodies(session).await?;
        let held = try_join_all(bodies.into_iter().map(|body| may_object(session, body, days))).await?;
        Ok(held.into_iter().flatten().map(|Mandate(row)| row).collect())
    }
}

pub struct ExpectedDelegation {
    organization: OrganizationId,
    participations: Vec<Arc<participation::Model>>,
    can_object: Vec<Arc<mandate::Model>>,
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
