//! What is written of a meeting by itself: the inputs, and the rows that they build and change. A new field of a meeting is added here. Holds no
//! use case.

use async_graphql::{ID, InputObject, MaybeUndefined};
use chrono::NaiveDate;
use entity::date::Date;
use entity::id::CountryId;
use entity::meeting;
use entity::meeting::{CountQualifier, MeetingKind, MeetingStatus, Modality, Sensitivity};
use entity::text::LocalizedText;

use super::agenda::AgendaItemInput;
use super::participation::NewMeetingParticipationInput;
use super::parts::{AlternativeTitleInput, BodySessionInput, MeetingOrganizerInput};
use crate::domain::validation::{Validated, across, combine};
use crate::domain::{audience, fields, meeting as rules};
use crate::service::external_id::ExternalIdInput;
use crate::service::patch::{LocalizedTextInput, localized, patch, patch_optional_text, patch_required, patch_text};
use crate::service::tx::Tx;

/// Where the council meets, unless an input says otherwise.
const TIMEZONE: &str = "Asia/Tashkent";

/// A new meeting.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleMeetingInput {
    /// The title.
    pub title: Vec<LocalizedTextInput>,
    /// What kind of meeting it is.
    pub kind: MeetingKind,
    /// How people meet.
    pub modality: Modality,
    /// The first day.
    pub starts_on: Date,
    /// The last day. The first one unless given.
    pub ends_on: Option<Date>,
    /// The IANA name of the time zone of the days. Tashkent unless given.
    #[graphql(default_with = "TIMEZONE.to_owned()")]
    pub timezone: String,
    /// The town.
    pub city: Option<String>,
    /// The building. Not for online meetings.
    pub venue: Option<String>,
    /// The country.
    pub country_id: Option<ID>,
    /// The meeting's theme.
    pub theme: Option<Vec<LocalizedTextInput>>,
    /// How many people take part; needs `countQualifier`.
    pub participant_count: Option<i32>,
    /// How exact the count is.
    pub count_qualifier: Option<CountQualifier>,
    /// Whether the Chatham House Rule holds: who takes part is shown to participants and the secretariat only.
    #[graphql(default)]
    pub chatham_house: bool,
    /// Who may read the meeting. Everyone unless given.
    #[graphql(default_with = "Sensitivity::Public")]
    pub sensitivity: Sensitivity,
    /// The organisations that organise it, at most 100.
    #[graphql(default)]
    pub organizers: Vec<MeetingOrganizerInput>,
    /// The body sessions that it carries, at most 100. None for briefings, side events and dialogues.
    #[graphql(default)]
    pub sessions: Vec<BodySessionInput>,
    /// Other titles under which sources name it, at most 100.
    #[graphql(default)]
    pub alternative_titles: Vec<AlternativeTitleInput>,
    /// The sources of what is recorded, at most 100.
    #[graphql(default)]
    pub source_ids: Vec<ID>,
    /// The agenda in its order, at most 100 items.
    #[graphql(default)]
    pub agenda: Vec<AgendaItemInput>,
    /// The organisations that are invited or take part, at most 100.
    #[graphql(default)]
    pub participations: Vec<NewMeetingParticipationInput>,
}

/// A change of a meeting. What is omitted stays; `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateMeetingInput {
    /// The meeting.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The title; replaces all languages.
    pub title: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// What kind of meeting it is.
    pub kind: MaybeUndefined<MeetingKind>,
    /// How people meet.
    pub modality: MaybeUndefined<Modality>,
    /// The first day.
    pub starts_on: MaybeUndefined<Date>,
    /// The last day.
    pub ends_on: MaybeUndefined<Date>,
    /// The IANA name of the time zone of the days.
    pub timezone: MaybeUndefined<String>,
    /// The town.
    pub city: MaybeUndefined<String>,
    /// The building. Not for online meetings.
    pub venue: MaybeUndefined<String>,
    /// The country.
    pub country_id: MaybeUndefined<ID>,
    /// The meeting's theme; replaces all languages.
    pub theme: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// How many people take part; needs `countQualifier`.
    pub participant_count: MaybeUndefined<i32>,
    /// How exact the count is.
    pub count_qualifier: MaybeUndefined<CountQualifier>,
    /// Whether the Chatham House Rule holds.
    pub chatham_house: MaybeUndefined<bool>,
    /// Who may read the meeting.
    pub sensitivity: MaybeUndefined<Sensitivity>,
    /// Other titles under which sources name it; replaces all.
    pub alternative_titles: MaybeUndefined<Vec<AlternativeTitleInput>>,
    /// The sources of what is recorded; replaces all.
    pub source_ids: MaybeUndefined<Vec<ID>>,
}

/// A meeting as another system describes it. In a row for an existing meeting, what is omitted stays and `null` clears. The status is
/// changed by its own mutations.
#[derive(Clone, Debug, InputObject)]
pub struct UpsertMeetingRowInput {
    /// What your system calls it.
    pub external_id: Option<ExternalIdInput>,
    /// The meeting, if rows are matched by `ID`.
    pub id: Option<ID>,
    /// The version that you have read. If it is given, the row is refused with `CONFLICT` at any other version.
    pub expected_version: Option<i32>,
    /// The title.
    pub title: Vec<LocalizedTextInput>,
    /// What kind of meeting it is.
    pub kind: MeetingKind,
    /// How people meet.
    pub modality: Modality,
    /// The first day.
    pub starts_on: Date,
    /// The last day. The first one of a new meeting unless given.
    pub ends_on: MaybeUndefined<Date>,
    /// The IANA name of the time zone of the days. Tashkent for a new meeting unless given.
    pub timezone: MaybeUndefined<String>,
    /// The town.
    pub city: MaybeUndefined<String>,
    /// The building. Not for online meetings.
    pub venue: MaybeUndefined<String>,
    /// The country.
    pub country_id: MaybeUndefined<ID>,
    /// The meeting's theme.
    pub theme: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// How many people take part; needs `countQualifier`.
    pub participant_count: MaybeUndefined<i32>,
    /// How exact the count is.
    pub count_qualifier: MaybeUndefined<CountQualifier>,
    /// Whether the Chatham House Rule holds. Not for a new meeting unless given.
    pub chatham_house: MaybeUndefined<bool>,
    /// Who may read the meeting. Everyone, for a new meeting, unless given.
    pub sensitivity: MaybeUndefined<Sensitivity>,
    /// The organisations that organise it, at most 100.
    pub organizers: MaybeUndefined<Vec<MeetingOrganizerInput>>,
    /// The body sessions that it carries, at most 100.
    pub sessions: MaybeUndefined<Vec<BodySessionInput>>,
    /// Other titles under which sources name it, at most 100.
    pub alternative_titles: MaybeUndefined<Vec<AlternativeTitleInput>>,
    /// The sources of what is recorded, at most 100.
    pub source_ids: MaybeUndefined<Vec<ID>>,
}

impl UpsertMeetingRowInput {
    fn schedule(&self) -> ScheduleMeetingInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            title,
            kind,
            modality,
            starts_on,
            ends_on,
            timezone,
            city,
            venue,
            country_id,
            theme,
            participant_count,
            count_qualifier,
            chatham_house,
            sensitivity,
            organizers: _,
            sessions: _,
            alternative_titles: _,
            source_ids: _,
        } = self.clone();
        ScheduleMeetingInput {
            title,
            kind,
            modality,
            starts_on,
            ends_on: ends_on.take(),
            timezone: timezone.take().unwrap_or_else(|| TIMEZONE.to_owned()),
            city: city.take(),
            venue: venue.take(),
            country_id: country_id.take(),
            theme: theme.take(),
            participant_count: participant_count.take(),
            count_qualifier: count_qualifier.take(),
            chatham_house: chatham_house.take().unwrap_or(false),
            sensitivity: sensitivity.take().unwrap_or(Sensitivity::Public),
            organizers: Vec::new(),
            sessions: Vec::new(),
            alternative_titles: Vec::new(),
            source_ids: Vec::new(),
            agenda: Vec::new(),
            participations: Vec::new(),
        }
    }

    fn update(&self, before: &meeting::Model) -> UpdateMeetingInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            title,
            kind,
            modality,
            starts_on,
            ends_on,
            timezone,
            city,
            venue,
            country_id,
            theme,
            participant_count,
            count_qualifier,
            chatham_house,
            sensitivity,
            organizers: _,
            sessions: _,
            alternative_titles: _,
            source_ids: _,
        } = self.clone();
        UpdateMeetingInput {
            id: before.id.to_string().into(),
            expected_version: before.version,
            title: MaybeUndefined::Value(title),
            kind: MaybeUndefined::Value(kind),
            modality: MaybeUndefined::Value(modality),
            starts_on: MaybeUndefined::Value(starts_on),
            ends_on,
            timezone,
            city,
            venue,
            country_id,
            theme,
            participant_count,
            count_qualifier,
            chatham_house,
            sensitivity,
            alternative_titles: MaybeUndefined::Undefined,
            source_ids: MaybeUndefined::Undefined,
        }
    }

    /// The meeting as it would be after the write.
    pub(super) fn applied(&self, tx: &Tx<'_>, before: Option<&meeting::Model>) -> Validated<meeting::Model> {
        match before {
            Some(before) => apply_update(before, self.update(before)),
            None => build_row(tx, self.schedule()),
        }
    }
}

/// A planned meeting of one day that everyone may read, and of which nothing else is known. For seeds.
pub fn new_row(
    tx: &Tx<'_>,
    title: LocalizedText,
    kind: MeetingKind,
    modality: Modality,
    starts_on: NaiveDate,
) -> meeting::Model {
    let (audience, owner) = audience::of_meeting(Sensitivity::Public);
    meeting::Model {
        id: tx.new_id(),
        title_folded: title.folded(),
        title,
        kind,
        modality,
        status: MeetingStatus::Planned,
        starts_on,
        ends_on: starts_on,
        timezone: TIMEZONE.to_owned(),
        city: None,
        venue: None,
        theme: None,
        participant_count: None,
        count_qualifier: None,
        chatham_house: false,
        sensitivity: Sensitivity::Public,
        country_id: None,
        is_demo: false,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

pub(super) fn build_row(tx: &Tx<'_>, input: ScheduleMeetingInput) -> Validated<meeting::Model> {
    let ScheduleMeetingInput {
        title,
        kind,
        modality,
        starts_on,
        ends_on,
        timezone,
        city,
        venue,
        country_id,
        theme,
        participant_count,
        count_qualifier,
        chatham_house,
        sensitivity,
        organizers: _,
        sessions,
        alternative_titles: _,
        source_ids: _,
        agenda: _,
        participations: _,
    } = input;
    let (starts_on, ends_on) = (starts_on.into(), ends_on.unwrap_or(starts_on).into());
    let venue = fields::optional_text("venue", venue.as_deref(), fields::NAME);
    combine!(
        title = localized("title", &title, fields::NAME),
        timezone = rules::timezone("timezone", &timezone),
        () = rules::dates(starts_on, ends_on),
        () = across(&Ok(modality), &venue, |modality, venue| rules::venue(*modality, venue.as_deref())),
        () = rules::count(participant_count, count_qualifier.is_some()),
        () = rules::sessions(kind, sessions.len()),
        city = fields::optional_text("city", city.as_deref(), fields::NAME),
        venue = venue,
        theme = theme.map(|theme| localized("theme", &theme, fields::NAME)).transpose(),
        country_id = country_id.map(|id| fields::id::<CountryId>("countryId", &id, "country")).transpose(),
    );
    let (audience, owner) = audience::of_meeting(sensitivity);
    Ok(meeting::Model {
        id: tx.new_id(),
        title_folded: title.folded(),
        title,
        kind,
        modality,
        status: MeetingStatus::Planned,
        starts_on,
        ends_on,
        timezone,
        city,
        venue,
        theme,
        participant_count,
        count_qualifier,
        chatham_house,
        sensitivity,
        country_id,
        is_demo: false,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    })
}

pub(super) fn apply_update(before: &meeting::Model, input: UpdateMeetingInput) -> Validated<meeting::Model> {
    let UpdateMeetingInput {
        id: _,
        expected_version: _,
        title,
        kind,
        modality,
        starts_on,
        ends_on,
        timezone,
        city,
        venue,
        country_id,
        theme,
        participant_count,
        count_qualifier,
        chatham_house,
        sensitivity,
        alternative_titles: _,
        source_ids: _,
    } = input;
    let before = before.clone();
    let modality = patch_required("modality", modality, before.modality, Ok);
    let venue = patch(venue, before.venue, |venue| fields::text("venue", &venue, fields::NAME));
    let starts_on = patch_required("startsOn", starts_on, before.starts_on, |Date(day)| Ok(day));
    let ends_on = patch_required("endsOn", ends_on, before.ends_on, |Date(day)| Ok(day));
    let participant_count = patch(participant_count, before.participant_count, Ok);
    let count_qualifier = patch(count_qualifier, before.count_qualifier, Ok);
    combine!(
        () = across(&starts_on, &ends_on, |starts_on, ends_on| rules::dates(*starts_on, *ends_on)),
        () = across(&modality, &venue, |modality, venue| rules::venue(*modality, venue.as_deref())),
        () = across(&participant_count, &count_qualifier, |count, how| rules::count(*count, how.is_some())),
        title = patch_text("title", title, before.title, fields::NAME),
        timezone = patch_required("timezone", timezone, before.timezone, |zone| rules::timezone("timezone", &zone)),
        city = patch(city, before.city, |city| fields::text("city", &city, fields::NAME)),
        venue = venue,
        theme = patch_optional_text("theme", theme, before.theme, fields::NAME),
        country_id = patch(country_id, before.country_id, |id| fields::id("countryId", &id, "country")),
        kind = patch_required("kind", kind, before.kind, Ok),
        modality = modality,
        starts_on = starts_on,
        ends_on = ends_on,
        participant_count = participant_count,
        count_qualifier = count_qualifier,
        chatham_house = patch_required("chathamHouse", chatham_house, before.chatham_house, Ok),
        sensitivity = patch_required("sensitivity", sensitivity, before.sensitivity, Ok),
    );
    let (audience, owner) = audience::of_meeting(sensitivity);
    Ok(meeting::Model {
        id: before.id,
        title_folded: title.folded(),
        title,
        kind,
        modality,
        status: before.status,
        starts_on,
        ends_on,
        timezone,
        city,
        venue,
        theme,
        participant_count,
        count_qualifier,
        chatham_house,
        sensitivity,
        country_id,
        is_demo: before.is_demo,
        audience,
        owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}
