//! Instruments.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::RecordId as _;
use entity::instrument;
use entity::text::Locale;

use super::connection::{Connection, Node, cost, list, list_of};
use super::payload::{changed, created, payload};
use super::recommendation::Recommendation;
use super::scalar::{Translation, localized, translations};
use super::session::session;
use crate::service;
use crate::service::instrument::{CreateInstrumentInput, InstrumentFilter, InstrumentOrder, UpdateInstrumentInput};
use crate::service::page::Window;
use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};

pub struct Instrument(pub Arc<instrument::Model>);

impl Node for Instrument {
    type Entity = instrument::Entity;
    fn new(row: Arc<instrument::Model>) -> Self {
        Self(row)
    }
}

/// A legal instrument or resolution that recommendations refer to.
#[Object]
impl Instrument {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The symbol, such as `S/RES/2396`. Unique.
    async fn symbol(&self) -> &str {
        &self.0.symbol
    }

    /// The title.
    async fn title(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> String {
        localized(ctx, &self.0.title, locale)
    }

    /// The title. In every language.
    async fn title_translations(&self) -> Vec<Translation> {
        translations(&self.0.title)
    }

    /// The date of adoption.
    async fn adopted_on(&self) -> Option<NaiveDate> {
        self.0.adopted_on
    }

    /// The recommendations that refer to it.
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
            "Instrument.recommendations",
            (self.0.id.uuid(), service::recommendation::of_instrument()),
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
    /// The answer of a mutation of an instrument.
    InstrumentPayload {
        /// The instrument after the write; in a conflict, as it is now.
        instrument: Instrument
    }
}

#[derive(Default)]
pub struct InstrumentQuery;

#[Object]
impl InstrumentQuery {
    /// What recommendations refer to.
    #[graphql(complexity = "cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "a connection has that many")]
    async fn instruments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which instruments.")] filter: Option<Box<InstrumentFilter>>,
        #[graphql(desc = "In which order. By time of creation unless given.")] order_by: Option<Vec<InstrumentOrder>>,
        #[graphql(desc = "How many from the start, 1 to 100. 25 unless given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Option<Result<Connection<Instrument>>> {
        let window = Window { first, after, last, before };
        Some(list(session(ctx), "instruments", filter, order_by, window).await)
    }
}

#[derive(Default)]
pub struct InstrumentMutation;

#[Object]
impl InstrumentMutation {
    /// Creates an instrument. For the secretariat.
    async fn create_instrument(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new instrument.")] input: CreateInstrumentInput,
    ) -> Option<Result<InstrumentPayload>> {
        let session = session(ctx);
        created(service::instrument::create(&session.app, &session.viewer, input).await)
    }

    /// Changes an instrument. For the secretariat.
    async fn update_instrument(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instrument, its version, and what changes.")] input: UpdateInstrumentInput,
    ) -> Option<Result<InstrumentPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::instrument::update(&session.app, &session.viewer, input).await).await
    }
}
