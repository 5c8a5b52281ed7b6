//! What comes next for the viewer's organisation, in the schema. Has names and shapes; no SQL and no rules.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use entity::ModelOf;
use entity::id::OrganizationId;

use super::consensus::ConsensusProcedure;
use super::meeting::Meeting;
use super::object::{Node, known};
use super::organization::Organization;
use super::recommendation::Recommendation;
use super::session::session;
use crate::error::Error;
use crate::service::own_agenda::{self, Asked};

pub struct AgendaForMe(OrganizationId);

impl AgendaForMe {
    fn asked<'a>(&self, ctx: &Context<'a>, first: Option<i32>) -> Asked<'a> {
        let session = session(ctx);
        Asked { app: &session.app, viewer: &session.viewer, organization: self.0, first }
    }
}

/// What comes next for the organisation that you act for: a list to work through, not a part of the record. A list has up to 25 records, or as
/// many as `first` says; `INVALID_PAGE` if that is none or more than 100.
#[Object]
impl AgendaForMe {
    /// The organisation. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0).await
    }

    /// The procedures that await its position, from the first deadline on: they are open, in bodies in which it holds a mandate today, and it has
    /// stated no position in them, not even one that it has withdrawn. What can be stated depends on the mandate (`mayObject`). Null only together
    /// with an error.
    async fn procedures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 25 if omitted.")] first: Option<i32>,
    ) -> Option<Result<Vec<ConsensusProcedure>>> {
        Some(objects(own_agenda::procedures(&self.asked(ctx, first)).await))
    }

    /// The recommendations that it has drafted and can revise, put up for discussion or withdraw, from the last change on: drafts, and texts
    /// that are under discussion, without consensus, or returned. Null only together with an error.
    async fn drafts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 25 if omitted.")] first: Option<i32>,
    ) -> Option<Result<Vec<Recommendation>>> {
        Some(objects(own_agenda::drafts(&self.asked(ctx, first)).await))
    }

    /// The next meetings with a session of a body in which it holds a mandate today, from the first to end: planned, confirmed or in session, and
    /// not over today, in their own time zone. A postponed one has no day. Null only together with an error.
    async fn meetings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 25 if omitted.")] first: Option<i32>,
    ) -> Option<Result<Vec<Meeting>>> {
        Some(objects(own_agenda::meetings(&self.asked(ctx, first)).await))
    }
}

fn objects<N: Node>(rows: Result<Vec<ModelOf<N::Entity>>, Error>) -> Result<Vec<N>> {
    Ok(rows?.into_iter().map(|row| N::new(Arc::new(row))).collect())
}

#[derive(Default)]
pub struct OwnAgendaQuery;

#[Object]
impl OwnAgendaQuery {
    /// What comes next for the organisation that you act for: procedures that await its position, texts of its own, meetings of its bodies. For
    /// partners whose token may read; null for everyone else.
    async fn agenda_for_me(&self, ctx: &Context<'_>) -> Option<AgendaForMe> {
        session(ctx).viewer.sees_for().map(AgendaForMe)
    }
}
