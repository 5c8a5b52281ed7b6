//! Themes.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::id::RecordId as _;
use entity::text::Locale;
use entity::theme;
use entity::theme::ThemeKind;

use super::connection::{Connection, Node, cost, list, list_of};
use super::payload::{changed, created, payload};
use super::recommendation::Recommendation;
use super::scalar::{Translation, localized, translations};
use super::session::session;
use super::to_one;
use crate::service;
use crate::service::page::Window;
use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};
use crate::service::theme::{CreateThemeInput, ThemeFilter, ThemeOrder, UpdateThemeInput};

pub struct Theme(pub Arc<theme::Model>);

impl Node for Theme {
    type Entity = theme::Entity;
    fn new(row: Arc<theme::Model>) -> Self {
        Self(row)
    }
}

/// What recommendations are about: a subject, an affected group or a development goal.
#[Object]
impl Theme {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The code, such as `SDG-16`. Unique.
    async fn code(&self) -> &str {
        &self.0.code
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

    /// What kind of theme it is.
    async fn kind(&self) -> ThemeKind {
        self.0.kind
    }

    /// The theme above.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<Theme>> {
        to_one::<Theme>(session(ctx), self.0.parent_id).await
    }

    /// The themes below.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which themes.")] filter: Option<Box<ThemeFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<ThemeOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Theme>>> {
        let window = Window { first, after, last, before };
        let page = list_of(
            session(ctx),
            "Theme.children",
            (self.0.id.uuid(), service::theme::of_parent()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The recommendations on it.
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
            "Theme.recommendations",
            (self.0.id.uuid(), service::recommendation::of_theme()),
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
    /// The answer of a mutation of a theme.
    ThemePayload {
        /// The theme after the write; in a conflict, as it is now.
        theme: Theme
    }
}

#[derive(Default)]
pub struct ThemeQuery;

#[Object]
impl ThemeQuery {
    /// What recommendations are about.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn themes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which themes.")] filter: Option<Box<ThemeFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<ThemeOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Theme>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "themes", filter, order_by, window).await)
    }
}

#[derive(Default)]
pub struct ThemeMutation;

#[Object]
impl ThemeMutation {
    /// Creates a theme. For the secretariat.
    async fn create_theme(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new theme.")] input: CreateThemeInput,
    ) -> Option<Result<ThemePayload>> {
        let session = session(ctx);
        created(service::theme::create(&session.app, &session.viewer, input).await)
    }

    /// Changes a theme. For the secretariat.
    async fn update_theme(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The theme, its version, and what changes.")] input: UpdateThemeInput,
    ) -> Option<Result<ThemePayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::theme::update(&session.app, &session.viewer, input).await).await
    }
}
