//! Sources.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::RecordId as _;
use entity::source;

use super::connection::{Connection, Node, cost, list_of};
use super::meeting::Meeting;
use super::session::session;
use crate::service;
use crate::service::meeting::{MeetingFilter, MeetingOrder};
use crate::service::page::Window;

pub struct Source(pub Arc<source::Model>);

impl Node for Source {
    type Entity = source::Entity;
    fn new(row: Arc<source::Model>) -> Self {
        Self(row)
    }
}

/// A published source of a fact.
#[Object]
impl Source {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Who published it.
    async fn publisher(&self) -> Option<&str> {
        self.0.publisher.as_deref()
    }

    /// The web address.
    async fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The date of publication.
    async fn published_on(&self) -> Option<NaiveDate> {
        self.0.published_on
    }

    /// The ISO 639-1 code of its language.
    async fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }

    /// The meetings that it tells of.
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
            "Source.meetings",
            (self.0.id.uuid(), service::meeting::of_source()),
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
