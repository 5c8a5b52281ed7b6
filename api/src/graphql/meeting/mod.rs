//! Meetings. What belongs to them stands in `parts`, what is done to them in `mutation`.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::RecordId as _;
use entity::meeting::{CountQualifier, MeetingKind, MeetingStatus, Modality, Sensitivity};
use entity::text::Locale;
use entity::{meeting, participation};

mod mutation;
mod parts;

pub use self::mutation::MeetingMutation;
pub use self::parts::{AgendaItem, AlternativeTitle, BodySession, MeetingOrganizer, Participation};
use super::connection::{Connection, Node, cost, list, list_of};
use super::country::Country;
use super::loader::Headcount;
use super::recommendation::Recommendation;
use super::scalar::{Translation, localized, translations};
use super::session::session;
use super::source::Source;
use super::{found, parts as parts_of, to_one};
use crate::service;
use crate::service::meeting::participation::{ParticipationFilter, ParticipationOrder};
use crate::service::meeting::{MeetingBy, MeetingFilter, MeetingOrder};
use crate::service::page::Window;
use crate::service::recommendation::{RecommendationFilter, RecommendationOrder};

pub struct Meeting(pub Arc<meeting::Model>);

impl Node for Meeting {
    type Entity = meeting::Entity;
    fn new(row: Arc<meeting::Model>) -> Self {
        Self(row)
    }
}

/// A meeting or an event of the council.
#[Object]
impl Meeting {
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

    /// Where it stands.
    async fn status(&self) -> MeetingStatus {
        self.0.status
    }

    /// The first day, in the time zone of the meeting.
    async fn starts_on(&self) -> NaiveDate {
        self.0.starts_on
    }

    /// The last day, in the time zone of the meeting.
    async fn ends_on(&self) -> NaiveDate {
        self.0.ends_on
    }

    /// The IANA name of the time zone of the days.
    async fn timezone(&self) -> &str {
        &self.0.timezone
    }

    /// The town.
    async fn city(&self) -> Option<&str> {
        self.0.city.as_deref()
    }

    /// The house. Online meetings have none.
    async fn venue(&self) -> Option<&str> {
        self.0.venue.as_deref()
    }

    /// The country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.0.country_id).await
    }

    /// The theme of the meeting.
    async fn theme(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The wanted language. Else those of `Accept-Language`, else the original.")] locale: Option<
            Locale,
        >,
    ) -> Option<String> {
        self.0.theme.as_ref().map(|text| localized(ctx, text, locale))
    }

    /// The theme of the meeting. In every language; empty if there is none.
    async fn theme_translations(&self) -> Vec<Translation> {
        self.0.theme.as_ref().map(translations).unwrap_or_default()
    }

    /// How many people took part, as the sources say; read it with `countQualifier`.
    async fn participant_count(&self) -> Option<i32> {
        self.0.participant_count
    }

    /// How exact `participantCount` is.
    async fn count_qualifier(&self) -> Option<CountQualifier> {
        self.0.count_qualifier
    }

    /// Whether the Chatham House Rule holds: who takes part is shown to participants and the secretariat only.
    async fn chatham_house(&self) -> bool {
        self.0.chatham_house
    }

    /// Who may read it.
    async fn sensitivity(&self) -> Sensitivity {
        self.0.sensitivity
    }

    /// Who organises it, in order.
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

    /// The sources of what is recorded about it, in order.
    async fn sources(&self, ctx: &Context<'_>) -> Result<Vec<Source>> {
        parts::sources(session(ctx), self.0.id).await
    }

    /// Who takes part, as far as you may see it.
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
            "Meeting.participations",
            (self.0.id.uuid(), service::meeting::participation::of_meeting()),
            filter,
            order_by,
            window,
        )
        .await;
        Some(page)
    }

    /// How many participations are recorded, those included that the Chatham House Rule hides. Null only beside an error.
    async fn participation_count(&self, ctx: &Context<'_>) -> Option<Result<i64>> {
        let count = session(ctx).loaders.one(Headcount::<participation::Entity>(self.0.id)).await;
        Some(count.map(Option::unwrap_or_default).map_err(Into::into))
    }

    /// The recommendations adopted at it.
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
            "Meeting.recommendations",
            (self.0.id.uuid(), service::recommendation::of_meeting()),
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

    /// The meetings of the council.
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
        Some(list(session(ctx), "meetings", filter, order_by, window).await)
    }
}
