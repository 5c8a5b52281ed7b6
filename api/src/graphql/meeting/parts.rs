//! What belongs to a meeting: organisers, sessions, titles, agenda items, participations and sources. Has names and shapes;
//! no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::agenda_item::AgendaItemKind;
use entity::id::{MeetingId, RecordId as _};
use entity::meeting_organizer::OrganizerRole;
use entity::participation::{Attendance, Capacity};
use entity::{agenda_item_recommendation, meeting_source, recommendation, source};

use super::Meeting;
use super::attendance::{self, SessionAttendance};
use crate::graphql::body::Body;
use crate::graphql::connection::connections;
use crate::graphql::document::Document;
use crate::graphql::external_id::ExternalIds;
use crate::graphql::object::{Stamp, known, object, to_one};
use crate::graphql::organization::Organization;
use crate::graphql::recommendation::Recommendation;
use crate::graphql::scalar::texts;
use crate::graphql::session::{Session, session};
use crate::graphql::source::Source;
use crate::service;
use crate::service::meeting::agenda::{AgendaItemFilter, AgendaItemOrder};
use crate::service::meeting::participation::{ParticipationFilter, ParticipationOrder};
use crate::service::meeting::parts::{BodySessionFilter, BodySessionOrder};

object!(MeetingOrganizer: meeting_organizer);

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

    /// The organisation. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// The meeting. Null if you may not see it.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
    }
}

object!(BodySession: body_session, BodySessionFilter, BodySessionOrder);

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

    /// The body. Null only together with an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.0.body_id).await
    }

    /// The meeting.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
    }

    /// The delegations that are or were present, by category, and whether they are a quorum. Null before the meeting is in session; and under the
    /// Chatham House Rule for those who do not read who takes part, since with the mandates, which are public, the numbers would tell it.
    async fn attendance(&self, ctx: &Context<'_>) -> Option<Result<SessionAttendance>> {
        attendance::of_session(session(ctx), &self.0).await.transpose()
    }
}

object!(AlternativeTitle: alternative_title);

texts! {
    AlternativeTitleTexts of alternative_title {
        title, title_translations: "The title.";
    }
}

/// Another title under which a source names a meeting.
#[Object]
impl AlternativeTitle {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The source. Null if you may not see it.
    async fn source(&self, ctx: &Context<'_>) -> Option<Result<Source>> {
        to_one::<Source>(session(ctx), Some(self.0.source_id)).await
    }

    /// The meeting. Null if you may not see it.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
    }

    #[graphql(flatten)]
    fn texts(&self) -> AlternativeTitleTexts<'_> {
        AlternativeTitleTexts(&self.0)
    }
}

object!(AgendaItem: agenda_item, AgendaItemFilter, AgendaItemOrder);

texts! {
    AgendaItemTexts of agenda_item {
        title, title_translations: "The title.";
    }
}

/// A point on a meeting's agenda.
#[Object]
impl AgendaItem {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The number that is printed on the agenda.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Its position on the agenda, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// What happens under it.
    async fn kind(&self) -> AgendaItemKind {
        self.0.kind
    }

    /// The recommendations that it is about, in order, as far as you may see them.
    async fn recommendations(&self, ctx: &Context<'_>) -> Result<Vec<Recommendation>> {
        let session = session(ctx);
        let links = session.parts::<agenda_item_recommendation::Entity>(self.0.id).await?;
        let texts = session.all_named::<recommendation::Entity>(links.iter().map(|link| link.recommendation_id));
        Ok(texts.await?.into_iter().map(Recommendation).collect())
    }

    /// Whether the Chatham House Rule applies to it.
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

    #[graphql(flatten)]
    fn connections(&self) -> AgendaItemLists {
        AgendaItemLists(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn texts(&self) -> AgendaItemTexts<'_> {
        AgendaItemTexts(&self.0)
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

connections! {
    AgendaItemLists of AgendaItem {
        /// The documents that belong to it.
        documents: Document, "Which documents.", by service::document::of_agenda_item;
    }
}

object!(Participation: participation, ParticipationFilter, ParticipationOrder);

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

    /// The organisation. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// The capacity in which the organisation takes part.
    async fn capacity(&self) -> Capacity {
        self.0.capacity
    }

    /// Whether the organisation attends or attended.
    async fn attendance(&self) -> Attendance {
        self.0.attendance
    }

    /// Whether the secretariat has recorded it; how an organisation answers the secretariat's invitation before the day of the meeting, and
    /// corrects its part, stays confirmed. Under the Chatham House Rule an organisation reads who else takes part by a confirmed participation
    /// only, not by one in which it has entered itself.
    async fn confirmed(&self) -> bool {
        self.0.confirmed
    }

    /// How many delegates; null if it is not known.
    async fn delegates(&self) -> Option<i32> {
        self.0.delegates
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

/// The sources of a meeting, in order.
pub async fn sources(session: &Session, meeting: MeetingId) -> Result<Vec<Source>> {
    let links = session.parts::<meeting_source::Entity>(meeting).await?;
    let rows = session.all_named::<source::Entity>(links.iter().map(|link| link.source_id)).await?;
    Ok(rows.into_iter().map(Source).collect())
}
