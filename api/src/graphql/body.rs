//! Bodies and working groups.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, NaiveDate, Utc};
use entity::body;
use entity::body::BodyKind;
use entity::id::RecordId as _;
use entity::text::Locale;

use super::connection::{Connection, Node, cost, list, list_of};
use super::mandate::Mandate;
use super::meeting::{BodySession, Meeting};
use super::payload::{changed, created, payload};
use super::recommendation::Recommendation;
use super::scalar::{Translation, localized, translations};
use super::session::session;
use super::{found, to_one};
use crate::service;
use crate::service::body::{BodyBy, BodyFilter, BodyOrder, CreateBodyInput, UpdateBodyInput};
use crate::service::mandate::{MandateFilter, MandateOrder};
use crate::service::meeting::parts::{BodySessionFilter, BodySessionOrder};
use crate::service::meeting::{MeetingFilter, MeetingOrder};
use crate::service::page::Window;
use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};

pub struct Body(pub Arc<body::Model>);

impl Node for Body {
    type Entity = body::Entity;
    fn new(row: Arc<body::Model>) -> Self {
        Self(row)
    }
}

/// The plenary, the Executive Committee or a working group.
#[Object]
impl Body {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The code, such as `WG-A`. Unique; never changed.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What kind of body it is.
    async fn kind(&self) -> BodyKind {
        self.0.kind
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

    /// What the body is for.
    async fn mandate_text(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> Option<String> {
        self.0.mandate_text.as_ref().map(|text| localized(ctx, text, locale))
    }

    /// What the body is for. In every language; empty if there is none.
    async fn mandate_text_translations(&self) -> Vec<Translation> {
        self.0.mandate_text.as_ref().map(translations).unwrap_or_default()
    }

    /// The date of establishment.
    async fn established_on(&self) -> Option<NaiveDate> {
        self.0.established_on
    }

    /// Whether it is active.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The body that it reports to.
    async fn reports_to(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        to_one::<Body>(session(ctx), self.0.reports_to_id).await
    }

    /// The bodies that report to it.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn subsidiaries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bodies.")] filter: Option<Box<BodyFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<BodyOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Body>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Body.subsidiaries",
            (self.0.id.uuid(), service::body::of_superior()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// Its sessions, each in a meeting. Ordinals count from 1.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sessions.")] filter: Option<Box<BodySessionFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<BodySessionOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<BodySession>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Body.sessions",
            (self.0.id.uuid(), service::meeting::parts::of_body()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The meetings that carry a session of it.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn meetings(
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
            "Body.meetings",
            (self.0.id.uuid(), service::meeting::of_body()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// What organisations are in it.
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
            "Body.mandates",
            (self.0.id.uuid(), service::mandate::of_body()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The recommendations that it drafts.
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
            "Body.recommendations",
            (self.0.id.uuid(), service::recommendation::of_body()),
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
    /// The answer of a mutation of a body.
    BodyPayload {
        /// The body after the write; in a conflict, as it is now.
        body: Body
    }
}

#[derive(Default)]
pub struct BodyQuery;

#[Object]
impl BodyQuery {
    /// A body of any kind. Null if there is none that you may see.
    async fn body(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: BodyBy,
    ) -> Option<Result<Body>> {
        found(service::body::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }

    /// The bodies of the council.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn bodies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bodies.")] filter: Option<Box<BodyFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<BodyOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Body>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "bodies", filter, order_by, window).await)
    }

    /// A working group. Null if there is none that you may see.
    async fn working_group(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: BodyBy,
    ) -> Option<Result<Body>> {
        found(service::body::find_working_group(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }

    /// The working groups of the council.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn working_groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bodies.")] filter: Option<Box<BodyFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<BodyOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Body>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "workingGroups", Some(BodyFilter::working_groups(filter)), order_by, window).await)
    }
}

#[derive(Default)]
pub struct BodyMutation;

#[Object]
impl BodyMutation {
    /// Creates a body. For the secretariat.
    async fn create_body(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new body.")] input: CreateBodyInput,
    ) -> Option<Result<BodyPayload>> {
        let session = session(ctx);
        created(service::body::create(&session.app, &session.viewer, input).await)
    }

    /// Changes a body. For the secretariat.
    async fn update_body(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The body, its version, and what changes.")] input: UpdateBodyInput,
    ) -> Option<Result<BodyPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::body::update(&session.app, &session.viewer, input).await).await
    }
}
