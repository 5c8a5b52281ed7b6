//! What belongs to a meeting.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use entity::agenda_item::AgendaItemKind;
use entity::id::MeetingId;
use entity::meeting_organizer::OrganizerRole;
use entity::participation::{Attendance, Capacity};
use entity::text::Locale;
use entity::{agenda_item, alternative_title, body_session, meeting_organizer, meeting_source, participation, source};

use super::Meeting;
use crate::graphql::body::Body;
use crate::graphql::connection::Node;
use crate::graphql::loader::ById;
use crate::graphql::organization::Organization;
use crate::graphql::scalar::{Translation, localized, translations};
use crate::graphql::session::{Session, session};
use crate::graphql::source::Source;
use crate::graphql::{known, to_one};

pub struct MeetingOrganizer(pub Arc<meeting_organizer::Model>);

impl Node for MeetingOrganizer {
    type Entity = meeting_organizer::Entity;
    fn new(row: Arc<meeting_organizer::Model>) -> Self {
        Self(row)
    }
}

/// An organisation that organises a meeting.
#[Object]
impl MeetingOrganizer {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it does for the meeting.
    async fn role(&self) -> OrganizerRole {
        self.0.role
    }

    /// The organisation. Null only beside an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }
}

pub struct BodySession(pub Arc<body_session::Model>);

impl Node for BodySession {
    type Entity = body_session::Entity;
    fn new(row: Arc<body_session::Model>) -> Self {
        Self(row)
    }
}

/// The session of a body that a meeting carries.
#[Object]
impl BodySession {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The number of the session, counted by the body from 1.
    async fn ordinal(&self) -> i32 {
        self.0.ordinal
    }

    /// The body. Null only beside an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.0.body_id).await
    }

    /// The meeting.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
    }
}

pub struct AlternativeTitle(pub Arc<alternative_title::Model>);

impl Node for AlternativeTitle {
    type Entity = alternative_title::Entity;
    fn new(row: Arc<alternative_title::Model>) -> Self {
        Self(row)
    }
}

/// Another title under which a source names a meeting.
#[Object]
impl AlternativeTitle {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
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

    /// The source; null where you may not see it.
    async fn source(&self, ctx: &Context<'_>) -> Option<Result<Source>> {
        to_one::<Source>(session(ctx), Some(self.0.source_id)).await
    }
}

pub struct AgendaItem(pub Arc<agenda_item::Model>);

impl Node for AgendaItem {
    type Entity = agenda_item::Entity;
    fn new(row: Arc<agenda_item::Model>) -> Self {
        Self(row)
    }
}

/// A point on a meeting's agenda.
#[Object]
impl AgendaItem {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The number that the agenda prints.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Where it stands in the agenda, from 1.
    async fn position(&self) -> i32 {
        self.0.position
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

    /// What happens under it.
    async fn kind(&self) -> AgendaItemKind {
        self.0.kind
    }

    /// Whether the Chatham House Rule holds for it.
    async fn chatham_house(&self) -> bool {
        self.0.chatham_house
    }

    /// The body that it belongs to.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        to_one::<Body>(session(ctx), self.0.body_id).await
    }

    /// The meeting.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
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

pub struct Participation(pub Arc<participation::Model>);

impl Node for Participation {
    type Entity = participation::Entity;
    fn new(row: Arc<participation::Model>) -> Self {
        Self(row)
    }
}

/// An organisation's part in a meeting. No person is named.
#[Object]
impl Participation {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The meeting.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
    }

    /// The organisation. Null only beside an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// In which capacity.
    async fn capacity(&self) -> Capacity {
        self.0.capacity
    }

    /// Whether it comes or came.
    async fn attendance(&self) -> Attendance {
        self.0.attendance
    }

    /// How many delegates; null if it is not known.
    async fn delegates(&self) -> Option<i32> {
        self.0.delegates
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

/// The sources of a meeting, in order.
pub async fn sources(session: &Session, meeting: MeetingId) -> Result<Vec<Source>> {
    let links = session.parts::<meeting_source::Entity>(meeting).await?;
    let rows = session.loaders.many(links.iter().map(|link| ById::<source::Entity>(link.source_id))).await?;
    Ok(rows.into_iter().map(Source).collect())
}
