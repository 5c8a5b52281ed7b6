//! Organisations.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::RecordId as _;
use entity::organization;
use entity::organization::OrganizationKind;
use entity::text::Locale;

use super::connection::{Connection, Node, cost, list, list_of};
use super::country::Country;
use super::mandate::Mandate;
use super::meeting::{Meeting, Participation};
use super::payload::{changed, created, payload};
use super::recommendation::Recommendation;
use super::scalar::{Translation, localized, translations};
use super::session::session;
use super::{found, to_one};
use crate::service;
use crate::service::mandate::{MandateFilter, MandateOrder};
use crate::service::meeting::participation::{ParticipationFilter, ParticipationOrder};
use crate::service::meeting::{MeetingFilter, MeetingOrder};
use crate::service::organization::{
    CreateOrganizationInput, DeactivateOrganizationInput, OrganizationBy, OrganizationFilter, OrganizationOrder,
    UpdateOrganizationInput,
};
use crate::service::page::Window;
use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};

pub struct Organization(pub Arc<organization::Model>);

impl Node for Organization {
    type Entity = organization::Entity;
    fn new(row: Arc<organization::Model>) -> Self {
        Self(row)
    }
}

/// An organisation. Organisations speak, not persons.
#[Object]
impl Organization {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The acronym. Unique.
    async fn acronym(&self) -> &str {
        &self.0.acronym
    }

    /// The name.
    async fn name(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> String {
        localized(ctx, &self.0.name, locale)
    }

    /// The name. In every language.
    async fn name_translations(&self) -> Vec<Translation> {
        translations(&self.0.name)
    }

    /// What kind of organisation it is.
    async fn kind(&self) -> OrganizationKind {
        self.0.kind
    }

    /// The town of the seat.
    async fn seat(&self) -> Option<&str> {
        self.0.seat.as_deref()
    }

    /// The web address.
    async fn website(&self) -> Option<&str> {
        self.0.website.as_deref()
    }

    /// Whether it organises the council's meetings.
    async fn organizer(&self) -> bool {
        self.0.organizer
    }

    /// Whether it is active.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The organisation above.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        to_one::<Organization>(session(ctx), self.0.parent_id).await
    }

    /// The organisations below.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisations.")] filter: Option<Box<OrganizationFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<OrganizationOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Organization>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Organization.children",
            (self.0.id.uuid(), service::organization::of_parent()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// Its country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    /// The meetings that it organises.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn meetings_organized(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which meetings.")] filter: Option<Box<MeetingFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<MeetingOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Meeting>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Organization.meetingsOrganized",
            (self.0.id.uuid(), service::meeting::of_organizer()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The meetings that it takes part in, as far as you may see it.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn participations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which participations.")] filter: Option<Box<ParticipationFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<
            Vec<ParticipationOrder>,
        >,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Participation>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Organization.participations",
            (self.0.id.uuid(), service::meeting::participation::of_organization()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// What it is in bodies.
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
        let page = list_of(
            session(ctx),
            "Organization.mandates",
            (self.0.id.uuid(), service::mandate::of_organization()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The recommendations addressed to it.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn recommendations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which recommendations.")] filter: Option<Box<RecommendationFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<
            Vec<RecommendationOrder>,
        >,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Recommendation>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Organization.recommendations",
            (self.0.id.uuid(), service::recommendation::of_addressed_organization()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
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
    /// The answer of a mutation of an organisation.
    OrganizationPayload {
        /// The organisation after the write; in a conflict, as it is now.
        organization: Organization
    }
}

#[derive(Default)]
pub struct OrganizationQuery;

#[Object]
impl OrganizationQuery {
    /// An organisation. Null if there is none that you may see.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: OrganizationBy,
    ) -> Option<Result<Organization>> {
        found(service::organization::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }

    /// The organisations that the record knows.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisations.")] filter: Option<Box<OrganizationFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<OrganizationOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Organization>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "organizations", filter, order_by, window).await)
    }

    /// The organisations that organise the council's meetings.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn organizers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisations.")] filter: Option<Box<OrganizationFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<OrganizationOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Organization>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "organizers", Some(OrganizationFilter::organizers(filter)), order_by, window).await)
    }
}

#[derive(Default)]
pub struct OrganizationMutation;

#[Object]
impl OrganizationMutation {
    /// Creates an organisation. For the secretariat.
    async fn create_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new organisation.")] input: CreateOrganizationInput,
    ) -> Option<Result<OrganizationPayload>> {
        let session = session(ctx);
        created(service::organization::create(&session.app, &session.viewer, input).await)
    }

    /// Changes an organisation. For the secretariat.
    async fn update_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organisation, its version, and what changes.")] input: UpdateOrganizationInput,
    ) -> Option<Result<OrganizationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::organization::update(&session.app, &session.viewer, input).await).await
    }

    /// Deactivates an organisation: it stays in the record, and its tokens are refused. For the secretariat.
    async fn deactivate_organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organisation and its version.")] input: DeactivateOrganizationInput,
    ) -> Option<Result<OrganizationPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::organization::deactivate(&session.app, &session.viewer, input).await).await
    }
}
