//! Meetings: listing, scheduling and changing them. Their transitions, parts, agenda and participations stand beside; the rules stand in
//! `domain/meeting.rs`.

pub mod agenda;
pub mod pack;
pub mod participation;
pub mod parts;
pub mod row;
pub mod transitions;
pub mod upsert;
mod wanted;

use async_graphql::{ID, InputObject, OneofObject};
use entity::date::{Date, DateTime};
use entity::id::MeetingId;
use entity::meeting::{MeetingKind, MeetingStatus, Modality, Sensitivity};
use entity::{
    Audience, alternative_title, body, body_session, country, meeting, meeting_organizer, meeting_source,
    participation as part, recommendation,
};
use sea_orm::{Condition, ConnectionTrait, DbBackend, Iterable as _};

use self::agenda::row::parse_agenda;
use self::row::{ScheduleMeetingInput, UpdateMeetingInput, apply_update, build_row};
use self::wanted::Wanted;
use super::body::BodyFilter;
use super::consensus;
use super::country::CountryFilter;
use super::document_access;
use super::external_id::{self, ExternalIdInput};
use super::filter::{BooleanFilter, EnumFilter, IdFilter, ListFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::organization::OrganizationFilter;
use super::page::sort;
use super::patch::{given, replaced};
use super::read::{self, Ordered, Visible};
use super::relation::Relation;
use super::tx::{Tx, Written};
use crate::auth::{Act, Viewer};
use crate::clock::council_day;
use crate::domain::action::Action;
use crate::domain::lifecycle::{MeetingTransition, next_meeting};
use crate::domain::validation::combine;
use crate::domain::{audience, fields, meeting as rules};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for meeting::Entity {
    const ORDERED: Option<Ordered<Self::Column>> = {
        use meeting::Column::{CountryId, EndsOn, Id, Kind, StartsOn, Status};
        let found = &[Id, StartsOn, EndsOn, Kind, Status];
        Some(Ordered { is_whole: true, leading: &[CountryId], found, owner: None })
    };
}

/// The word for a meeting in validation errors.
const WHAT: &str = "meeting";

/// Names one meeting.
#[derive(Clone, Debug, OneofObject)]
pub enum MeetingBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which meetings.
#[derive(Clone, Debug, Default, InputObject)]
pub struct MeetingFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By title, in any language.
    pub title: Option<TextFilter>,
    /// By kind.
    pub kind: Option<EnumFilter<MeetingKind>>,
    /// By how people meet.
    pub modality: Option<EnumFilter<Modality>>,
    /// By status.
    pub status: Option<EnumFilter<MeetingStatus>>,
    /// By who may read it.
    pub sensitivity: Option<EnumFilter<Sensitivity>>,
    /// By its first day.
    pub starts_on: Option<OrderedFilter<Date>>,
    /// By its last day.
    pub ends_on: Option<OrderedFilter<Date>>,
    /// By town.
    pub city: Option<StringFilter>,
    /// Whether the Chatham House Rule holds.
    pub chatham_house: Option<BooleanFilter>,
    /// Whether it is a demonstration. `{ eq: false }` leaves the real ones.
    pub is_demo: Option<BooleanFilter>,
    /// By country.
    pub country: Option<Box<CountryFilter>>,
    /// By the organisations that organise it.
    pub organizers: Option<ListFilter<OrganizationFilter>>,
    /// By the organisations that take part, as far as you may see them.
    pub participants: Option<ListFilter<OrganizationFilter>>,
    /// By the bodies of which it carries a session.
    pub bodies: Option<ListFilter<BodyFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<MeetingFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<MeetingFilter>>,
    /// This must not match.
    pub not: Option<Box<MeetingFilter>>,
}

filter!(MeetingFilter => meeting::Entity, unique [id], |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<MeetingId>).as_ref(), meeting::Column::Id),
    scope.field(this.title.as_ref(), meeting::Column::TitleFolded),
    scope.field(this.kind.as_ref(), meeting::Column::Kind),
    scope.field(this.modality.as_ref(), meeting::Column::Modality),
    scope.field(this.status.as_ref(), meeting::Column::Status),
    scope.field(this.sensitivity.as_ref(), meeting::Column::Sensitivity),
    scope.field(this.starts_on.as_ref(), meeting::Column::StartsOn),
    scope.field(this.ends_on.as_ref(), meeting::Column::EndsOn),
    scope.field(this.city.as_ref(), meeting::Column::City),
    scope.field(this.chatham_house.as_ref(), meeting::Column::ChathamHouse),
    scope.field(this.is_demo.as_ref(), meeting::Column::IsDemo),
    scope.related(this.country.as_deref(), meeting::Column::CountryId),
    scope.some::<meeting::Entity, _, meeting_organizer::Entity>(
        this.organizers.as_ref(), meeting_organizer::Column::MeetingId, meeting_organizer::Column::OrganizationId,
    ),
    scope.some::<meeting::Entity, _, part::Entity>(
        this.participants.as_ref(), part::Column::MeetingId, part::Column::OrganizationId,
    ),
    scope.some::<meeting::Entity, _, body_session::Entity>(
        this.bodies.as_ref(), body_session::Column::MeetingId, body_session::Column::BodyId,
    ),
    scope.field(this.updated_at.as_ref(), meeting::Column::UpdatedAt),
]);

sort! {
    /// What meetings can be sorted by.
    MeetingOrderField, MeetingOrder => meeting {
        /// The first day.
        StartsOn => StartsOn,
        /// The last day.
        EndsOn => EndsOn,
        /// The kind.
        Kind => Kind,
        /// The status.
        Status => Status,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(db: &impl ConnectionTrait, viewer: &Viewer, by: &MeetingBy) -> Result<Option<meeting::Model>, Error> {
    match by {
        MeetingBy::Id(id) => read::by_text_id::<meeting::Entity>(db, viewer, id).await,
        MeetingBy::ExternalId(by) => external_id::find::<meeting::Entity>(db, viewer, by).await,
    }
}

pub async fn schedule(
    app: &AppContext,
    viewer: &Viewer,
    input: ScheduleMeetingInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::ScheduleMeeting).await?;
    let ScheduleMeetingInput { organizers, sessions, alternative_titles, source_ids, country_id, .. } = &input;
    let country = tx.check_named::<country::Entity>(given("countryId", country_id.as_ref()), "country").await?;
    let (wanted, formed) = Wanted::parse(Some(organizers), Some(sessions), Some(alternative_titles), Some(source_ids));
    let named = wanted.check_named(&tx).await?;
    let participations = participation::plan(&tx, &input.participations).await?;
    let (agenda, on_it) = parse_agenda(&input.agenda);
    agenda::lock_named(&tx, &on_it).await?;
    let on_it = agenda::check_named(&tx, on_it).await?;
    combine!(
        () = country,
        () = formed,
        () = named,
        agenda = agenda,
        () = on_it,
        participations = participations,
        row = build_row(&tx, input),
    );
    let row = tx.insert::<meeting::Entity>(row).await?;
    parts::set_parts(&mut tx, &row, wanted).await??;
    agenda::add_all(&mut tx, &row, agenda).await?;
    participation::add_all(&mut tx, &row, participations).await?;
    tx.commit(row).await
}

pub async fn update(
    app: &AppContext,
    viewer: &Viewer,
    input: UpdateMeetingInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<MeetingId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::UpdateMeeting).await?;
    let before = tx.get_at::<meeting::Entity>(id, input.expected_version, WHAT).await?;
    next_meeting(before.status, MeetingTransition::Update)?;
    let (titles, sources) = (replaced(&input.alternative_titles), replaced(&input.source_ids));
    let (wanted, formed) = Wanted::parse(None, None, titles.as_deref(), sources.as_deref());
    let named = wanted.check_named(&tx).await?;
    let country = given("countryId", input.country_id.as_opt_ref().flatten());
    let country = tx.check_named::<country::Entity>(country, "country").await?;
    let sessions = parts::sessions_of(&tx, id).await?;
    let bodies = sessions.iter().map(|session| session.body_id).collect();
    let bodies: Vec<body::Model> = tx.by_id::<body::Entity>(bodies).await?.into_values().collect();
    let silences = consensus::silences_at(&tx, &[id]).await?;
    let organizers = parts::organizers_of(&tx, id).await?.len();
    combine!(
        () = country,
        () = formed,
        () = named,
        () = rules::sessions(*input.kind.as_opt_ref().flatten().unwrap_or(&before.kind), sessions.len()),
        () = rules::organizers(before.status, organizers),
        after = apply_update(&before, input),
    );
    let texts = reached_at(&tx, &[id]).await?;
    combine!(
        () = rules::still_held(&after, crate::clock::day_in(tx.now(), &after.timezone)),
        () = rules::keeps_reached(
            "startsOn",
            texts.iter().all(|text| rules::rests_on_days(text, &after, &silences, council_day))
        ),
        () = rules::keeps_silences(&silences, after.sensitivity, &bodies),
        parts_changed = parts::set_parts(&mut tx, &after, wanted).await?,
    );
    cascade_access(&mut tx, &[(&before, &after)]).await?;
    let row = if parts_changed {
        tx.touch::<meeting::Entity>(&before, after).await?
    } else {
        tx.update::<meeting::Entity>(&before, after).await?
    };
    tx.commit(row).await
}

/// A meeting as it was and as it is.
type Changed<'a> = (&'a meeting::Model, &'a meeting::Model);

/// Copies changed access of meetings to all that belongs to them.
async fn cascade_access(tx: &mut Tx<'_>, changed: &[Changed<'_>]) -> Result<(), Error> {
    let is_discreet = |row: &meeting::Model| (row.sensitivity, row.chatham_house);
    let discreet = changed.iter().filter(|(before, after)| is_discreet(before) != is_discreet(after));
    let discreet: Vec<&meeting::Model> = discreet.map(|(_, after)| *after).collect();
    // Procedures and positions are locked before documents and agendas, as by a text whose access changes.
    consensus::follow_meetings(tx, &discreet).await?;
    let moved = changed.iter().filter(|(before, after)| before.sensitivity != after.sensitivity);
    let moved: Vec<Changed<'_>> = moved.copied().collect();
    for sensitivity in Sensitivity::iter() {
        let ids = ids_of(&moved, |(_, after)| after.sensitivity == sensitivity);
        if !ids.is_empty() {
            let access = audience::of_meeting(sensitivity);
            tx.inherit::<body_session::Entity>(&ids, access).await?;
            tx.inherit::<meeting_organizer::Entity>(&ids, access).await?;
            tx.inherit::<alternative_title::Entity>(&ids, access).await?;
            tx.inherit::<meeting_source::Entity>(&ids, access).await?;
            document_access::follow_meetings(tx, &ids, access).await?;
            agenda::follow_meetings(tx, &ids, access).await?;
        }
    }
    notify_of_reached(tx, &moved).await?;
    participation::follow_meetings(tx, &discreet).await
}

fn ids_of(meetings: &[Changed<'_>], which: impl Fn(&Changed<'_>) -> bool) -> Vec<MeetingId> {
    meetings.iter().filter(|changed| which(changed)).map(|(_, after)| after.id).collect()
}

/// Notifies of the recommendations that were agreed or adopted at meetings whose audience has changed: a recommendation names its meeting
/// to whoever may see it.
async fn notify_of_reached(tx: &mut Tx<'_>, moved: &[Changed<'_>]) -> Result<(), Error> {
    for audience in Audience::iter() {
        let ids = ids_of(moved, |(before, after)| before.audience.min(after.audience) == audience);
        if !ids.is_empty() {
            let reached = is_reached_at(tx.db().get_database_backend(), &ids);
            tx.notify_where::<recommendation::Entity>(reached, (audience, None)).await?;
        }
    }
    Ok(())
}

/// The recommendations that were agreed or adopted at meetings.
pub(super) async fn reached_at(tx: &Tx<'_>, ids: &[MeetingId]) -> Result<Vec<recommendation::Model>, Error> {
    let at = is_reached_at(tx.db().get_database_backend(), ids);
    read::all::<recommendation::Entity>(tx.db(), tx.viewer(), at).await
}

fn is_reached_at(backend: DbBackend, ids: &[MeetingId]) -> Condition {
    let among = |column: recommendation::Column| read::among(backend, column, ids);
    Condition::any().add(among(recommendation::Column::MeetingId)).add(among(recommendation::Column::AgreedMeetingId))
}

/// A body's meetings: those that carry a session of it.
pub fn of_body() -> Relation {
    Relation::through::<body_session::Entity>(body_session::Column::BodyId)
}

/// The meetings that an organisation organises.
pub fn of_organizer() -> Relation {
    Relation::through::<meeting_organizer::Entity>(meeting_organizer::Column::OrganizationId)
}

/// The meetings in a country.
pub fn of_country() -> Relation {
    Relation::levelled(meeting::Column::CountryId)
}

/// The meetings that a source mentions.
pub fn of_source() -> Relation {
    Relation::through::<meeting_source::Entity>(meeting_source::Column::SourceId)
}
