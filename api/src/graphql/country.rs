//! Countries.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::country;
use entity::id::RecordId as _;
use entity::text::Locale;

use super::connection::{Connection, Node, cost, list, list_of};
use super::found;
use super::mandate::Mandate;
use super::meeting::Meeting;
use super::organization::Organization;
use super::recommendation::Recommendation;
use super::scalar::{Translation, localized, translations};
use super::session::session;
use crate::service;
use crate::service::country::{CountryBy, CountryFilter, CountryOrder};
use crate::service::mandate::{MandateFilter, MandateOrder};
use crate::service::meeting::{MeetingFilter, MeetingOrder};
use crate::service::organization::{OrganizationFilter, OrganizationOrder};
use crate::service::page::Window;
use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};

pub struct Country(pub Arc<country::Model>);

impl Node for Country {
    type Entity = country::Entity;
    fn new(row: Arc<country::Model>) -> Self {
        Self(row)
    }
}

/// A state. Five take part in the council.
#[Object]
impl Country {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The ISO 3166-1 alpha-2 code.
    async fn iso2(&self) -> &str {
        &self.0.iso2
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

    /// Whether the state takes part in the council.
    async fn participating(&self) -> bool {
        self.0.participating
    }

    /// The organisations of the country.
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
        let page = list_of(
            session(ctx),
            "Country.organizations",
            (self.0.id.uuid(), service::organization::of_country()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The meetings held in the country.
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
            "Country.meetings",
            (self.0.id.uuid(), service::meeting::of_country()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The mandates of the state's delegations.
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
            "Country.mandates",
            (self.0.id.uuid(), service::mandate::of_country()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// The recommendations addressed to the country, or to an organisation as its authority.
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
            "Country.recommendations",
            (self.0.id.uuid(), service::recommendation::of_addressed_country()),
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

#[derive(Default)]
pub struct CountryQuery;

#[Object]
impl CountryQuery {
    /// A country. Null if there is none that you may see.
    async fn country(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: CountryBy,
    ) -> Option<Result<Country>> {
        found(service::country::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }

    /// The countries that the record refers to.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn countries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which countries.")] filter: Option<Box<CountryFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<CountryOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Country>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "countries", filter, order_by, window).await)
    }
}
