//! Meetings in the schema: `parts` has what belongs to them, `mutation` what can be done to them. Has names and shapes; no
//! SQL and no rules.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use entity::date::{Date, DateTime};
use entity::id::RecordId as _;
use entity::meeting::{CountQualifier, MeetingKind, MeetingStatus, Modality, Sensitivity};
use entity::participation;

mod attendance;
mod decision;
mod mutation;
mod pack;
mod parts;
mod state;

use self::decision::Decision;
pub use self::mutation::{MeetingMutation, MeetingUpsert};
use self::pack::MeetingPack;
pub use self::parts::{AgendaItem, AlternativeTitle, BodySession, MeetingOrganizer, Participation};
use self::state::MeetingState;
use super::connection::connections;
use super::consensus::ConsensusProcedure;
use super::country::Country;
use super::document::Document;
use super::external_id::ExternalIds;
use super::loader::Headcount;
use super::object::{Stamp, found, object, parts as parts_of, to_one};
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::session;
use super::source::Source;
use crate::service;
use crate::service::meeting::{MeetingBy, MeetingFilter, MeetingOrder};

object!(Meeting: meeting, MeetingFilter, MeetingOrder);

texts! {
    MeetingTexts of meeting {
        title, title_translations: "The title.";
    } maybe {
        theme, theme_translations: "The theme of the meeting.";
    }
}

/// A meeting or an event of the council.
#[Object]
impl Meeting {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it was at an instant. Null before the first state that is kept, and if it was not for you then. Error, for an instant that has not
    /// come: `INVALID_ARGUMENT`.
    async fn as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instant.")] at: DateTime,
    ) -> Option<Result<MeetingState>> {
        MeetingState::at(session(ctx), self.0.id, at.0).await.transpose()
    }

    /// Other titles under which sources name it.
    async fn alternative_titles(&self, ctx: &Context<'_>) -> Result<Vec<AlternativeTitle>> {
        parts_of::<AlternativeTitle>(session(ctx), self.0.id).await
    }

    /// What kind of meeting it is.
    async fn kind(&self) -> MeetingKind {
        self.0.kind
    }

    /// How people meet.
    async fn modality(&self) -> Modality {
        self.0.modality
    }

    /// The status of the meeting.
    async fn status(&self) -> MeetingStatus {
        self.0.status
    }

    /// The first day, in the time zone of the meeting.
    async fn starts_on(&self) -> Date {
        Date(self.0.starts_on)
    }

    /// The last day, in the time zone of the meeting.
    async fn ends_on(&self) -> Date {
        Date(self.0.ends_on)
    }

    /// The IANA name of the time zone of the days.
    async fn timezone(&self) -> &str {
        &self.0.timezone
    }

    /// The town.
    async fn city(&self) -> Option<&str> {
        self.0.city.as_deref()
    }

    /// The building. Online meetings have none.
    async fn venue(&self) -> Option<&str> {
        self.0.venue.as_deref()
    }

    /// The country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    /// How many people took part, as the sources say; read it with `countQualifier`.
    async fn participant_count(&self) -> Option<i32> {
        self.0.participant_count
    }

    /// How exact `participantCount` is.
    async fn count_qualifier(&self) -> Option<CountQualifier> {
        self.0.count_qualifier
    }

    /// Whether the Chatham House Rule applies: who takes part is shown only to participants and the secretariat.
    async fn chatham_house(&self) -> bool {
        self.0.chatham_house
    }

    /// Who may read it.
    async fn sensitivity(&self) -> Sensitivity {
        self.0.sensitivity
    }

    /// The organisers, in order.
    async fn organizers(&self, ctx: &Context<'_>) -> Result<Vec<MeetingOrganizer>> {
        parts_of::<MeetingOrganizer>(session(ctx), self.0.id).await
    }

    /// The body sessions that it carries, by ordinal.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<BodySession>> {
        parts_of::<BodySession>(session(ctx), self.0.id).await
    }

    /// The agenda, in order.
    async fn agenda(&self, ctx: &Context<'_>) -> Result<Vec<AgendaItem>> {
        parts_of::<AgendaItem>(session(ctx), self.0.id).await
    }

    /// What each item of the agenda came to, in order: the outcome section of a report, generated from the procedures on its recommendations. An item
    /// has a decision for each recommendation and each body that sought consensus on it. Empty before the meeting is in session.
    async fn decisions(&self, ctx: &Context<'_>) -> Result<Vec<Decision>> {
        decision::of_meeting(session(ctx), &self.0).await
    }

    /// What a delegation needs before it: the agenda, the silences that end before it, who is expected and can object, and what was left open.
    async fn pack(&self) -> MeetingPack {
        MeetingPack(Arc::clone(&self.0))
    }

    /// The sources of what is recorded about it, in order.
    async fn sources(&self, ctx: &Context<'_>) -> Result<Vec<Source>> {
        parts::sources(session(ctx), self.0.id).await
    }

    /// Whether it is a demonstration, not a meeting of the council. Never count demonstrations together with real meetings.
    async fn is_demo(&self) -> bool {
        self.0.is_demo
    }

    /// How many participations are recorded, including those that the Chatham House Rule hides. Null only together with an error.
    async fn participation_count(&self, ctx: &Context<'_>) -> Option<Result<i64>> {
        let count = session(ctx).loaders.one(Headcount::<participation::Entity>(self.0.id)).await;
        Some(count.map(Option::unwrap_or_default).map_err(Into::into))
    }

    #[graphql(flatten)]
    fn texts(&self) -> MeetingTexts<'_> {
        MeetingTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> MeetingLists {
        MeetingLists(self.0.id.uuid())
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
    MeetingLists of Meeting {
        /// Its participations, as far as you may see them.
        participations: Participation, "Which participations.", by service::meeting::participation::of_meeting;
        /// The recommendations adopted at it.
        recommendations: Recommendation, "Which recommendations.", by service::recommendation::of_meeting;
        /// The recommendations on which their body agreed at it, as far as you may see them.
        recommendations_agreed: Recommendation, "Which recommendations.", by service::recommendation::of_agreement;
        /// The documents that belong to it, those of its agenda items among them.
        documents: Document, "Which documents.", by service::document::of_meeting;
        /// The consensus procedures that were opened at it: what bodies came to, or may come to.
        consensus_procedures: ConsensusProcedure, "Which procedures.", by service::consensus::of_meeting;
    }
}

#[derive(Default)]
pub struct MeetingQuery;

#[Object]
impl MeetingQuery {
    /// A meeting. Null if there is none that you may see.
    async fn meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: MeetingBy,
    ) -> Option<Result<Meeting>> {
        found(service::meeting::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Meetings {
        /// The meetings of the council.
        meetings: Meeting, "Which meetings.";
    }
}
