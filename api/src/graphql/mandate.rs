//! Mandates.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, NaiveDate, Utc};
use entity::mandate;
use entity::mandate::MandateRole;

use super::body::Body;
use super::connection::{Connection, Node, cost, list};
use super::country::Country;
use super::organization::Organization;
use super::payload::{changed, created, payload};
use super::session::session;
use super::{known, to_one};
use crate::service;
use crate::service::mandate::{EndMandateInput, GrantMandateInput, MandateFilter, MandateOrder};
use crate::service::page::Window;

pub struct Mandate(pub Arc<mandate::Model>);

impl Node for Mandate {
    type Entity = mandate::Entity;
    fn new(row: Arc<mandate::Model>) -> Self {
        Self(row)
    }
}

/// What an organisation is in a body, and from when to when.
#[Object]
impl Mandate {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Who holds it. Null only beside an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// In which body. Null only beside an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.0.body_id).await
    }

    /// The state whose delegation it is.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    /// What the organisation is in the body.
    async fn role(&self) -> MandateRole {
        self.0.role
    }

    /// Whether its holder can object to a consensus.
    async fn can_object(&self) -> bool {
        self.0.can_object
    }

    /// The first day.
    async fn valid_from(&self) -> NaiveDate {
        self.0.valid_from
    }

    /// The last day; null if it is open.
    async fn valid_to(&self) -> Option<NaiveDate> {
        self.0.valid_to
    }

    /// When the record was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the record was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// The version of the record, from 1; every change counts. A value for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

payload! {
    /// The answer of a mutation of a mandate.
    MandatePayload {
        /// The mandate after the write; in a conflict, as it is now.
        mandate: Mandate
    }
}

#[derive(Default)]
pub struct MandateQuery;

#[Object]
impl MandateQuery {
    /// What organisations are in bodies.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn mandates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which mandates.")] filter: Option<Box<MandateFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<MandateOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Mandate>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "mandates", filter, order_by, window).await)
    }
}

#[derive(Default)]
pub struct MandateMutation;

#[Object]
impl MandateMutation {
    /// Grants a mandate. Mandates of one organisation in one body and role do not overlap. For the secretariat.
    async fn grant_mandate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new mandate.")] input: GrantMandateInput,
    ) -> Option<Result<MandatePayload>> {
        let session = session(ctx);
        created(service::mandate::grant(&session.app, &session.viewer, input).await)
    }

    /// Ends a mandate on a day, earlier than agreed. For the secretariat.
    async fn end_mandate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mandate, its version and its last day.")] input: EndMandateInput,
    ) -> Option<Result<MandatePayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::mandate::end(&session.app, &session.viewer, input).await).await
    }
}
