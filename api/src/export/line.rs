//! What a line says about a record: its type, its id and version, and the fields that the schema shows, under the same
//! names. It never names another record that the viewer may not see.
//!
//! Other records are named by their ids; short lists stand in the line in the form that the bulk writes take.

use std::collections::{HashMap, HashSet};

use async_graphql::resolver_utils::EnumType as _;
use chrono::{DateTime, SecondsFormat, Utc};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::change::ChangeReason;
use entity::id::{BodyId, CountryId, MeetingId, OrganizationId, RecommendationId, SourceId};
use entity::meeting_organizer::OrganizerRole;
use entity::text::{Locale, LocalizedText};
use entity::{
    ModelOf, Part, Record, RecordType, Row, addressee, agenda_item, agenda_item_recommendation, alternative_title,
    body, body_session, country, instrument, mandate, meeting, meeting_organizer, meeting_source, organization,
    participation, recommendation, recommendation_instrument, recommendation_revision, recommendation_theme, source,
    theme,
};
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

use crate::auth::Viewer;
use crate::domain::feed::SeenAs;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::read::{self, Visible};

/// A record that can be written as a line.
pub trait Line: Record + Visible {
    /// What is read in addition to write records: what belongs to them, and which of the others that they name the viewer sees.
    type Parts: Send + Sync;
    fn parts(
        app: &AppContext,
        viewer: &Viewer,
        rows: &[Self::Model],
    ) -> impl Future<Output = Result<Self::Parts, Error>> + Send;
    fn write(
        row: &Self::Model,
        parts: &Self::Parts,
        viewer: &Viewer,
        lines: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error>;
}

/// A record that was removed, or that the viewer may no longer see.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gone<'a> {
    #[serde(rename = "type")]
    pub record: RecordType,
    pub id: &'a str,
    pub removed: SeenAs,
    pub reason: Option<ChangeReason>,
    pub replaced_by: Option<&'a str>,
}

/// The last line of an export.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    #[serde(rename = "type")]
    pub record: &'static str,
    /// Where to continue from.
    pub cursor: String,
    /// How many lines come before.
    pub lines: u64,
}

/// Writes a value as a line.
pub fn write(value: &impl Serialize, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *lines, value)?;
    lines.push(b'\n');
    Ok(())
}

/// Translations in the form of inputs: the original first.
struct Texts<'a>(&'a LocalizedText);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let original = self.0.original();
        let first = self.0.iter().filter(|(locale, _)| *locale == original);
        let others = self.0.iter().filter(|(locale, _)| *locale != original);
        serializer.collect_seq(first.chain(others).map(|(locale, text)| Translation { locale, text }))
    }
}

struct Translation<'a> {
    locale: Locale,
    text: &'a str,
}

impl Serialize for Translation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut translation = serializer.serialize_struct("Translation", 2)?;
        translation.serialize_field("locale", name_of(self.locale))?;
        translation.serialize_field("text", self.text)?;
        translation.end()
    }
}

/// The name of a language in the schema.
fn name_of(locale: Locale) -> &'static str {
    Locale::items().iter().find(|item| item.value == locale).map_or("", |item| item.name)
}

/// A time as the schema writes it. It is formatted first: chrono would pass it to the serializer letter by letter.
struct At(DateTime<Utc>);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// An id as text.
struct Id<I>(I);

impl<I: std::fmt::Display> Serialize for Id<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Writes a line: the fields that all records have, and those of this one.
///
/// `line!(lines, row: body { code, name_folded: _ } => { "code": code })` expands to
/// `let body::Model { id, version, …, code, name_folded: _ } = row;`, which stops compiling when the table gets a column,
/// and to an entry of a JSON object for each field, by `serde_json`.
/// A macro, since a derive of serde would need a second struct with every column.
macro_rules! line {
    ($lines:expr, $row:ident: $table:ident { $($taken:tt)* } => { $($name:literal: $value:expr,)* }) => {{
        let $table::Model { id, version, created_at, updated_at, audience: _, owner: _, $($taken)* } = $row;
        let mut serializer = serde_json::Serializer::new(&mut *$lines);
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("type", &Self::TYPE)?;
        fields.serialize_entry("id", &Id(id))?;
        fields.serialize_entry("version", version)?;
        fields.serialize_entry("createdAt", &At(*created_at))?;
        fields.serialize_entry("updatedAt", &At(*updated_at))?;
        $(fields.serialize_entry($name, &$value)?;)*
        serde::ser::SerializeMap::end(fields)?;
        $lines.push(b'\n');
        Ok(())
    }};
}

/// Records that have no parts.
///
/// `plain! { body { code } => { "code": code, } }` expands to
/// `impl Line for body::Entity`, which reads no parts,
/// and writes `line!` of what is taken from the row.
/// A macro, since each table is taken apart by the names of its own columns.
macro_rules! plain {
    ($($table:ident { $($taken:tt)* } => { $($fields:tt)* })*) => {$(
        impl Line for $table::Entity {
            type Parts = ();

            async fn parts(_: &AppContext, _: &Viewer, _: &[Self::Model]) -> Result<(), Error> {
                Ok(())
            }

            fn write(row: &Self::Model, (): &(), _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                line!(lines, row: $table { $($taken)* } => { $($fields)* })
            }
        }
    )*};
}

plain! {
    body { code, kind, name, name_folded: _, mandate_text, established_on, active, reports_to_id } => {
        "code": code,
        "kind": kind,
        "name": Texts(name),
        "mandateText": mandate_text.as_ref().map(Texts),
        "establishedOn": established_on,
        "active": active,
        "reportsToId": reports_to_id.map(Id),
    }
    country { iso2, name, name_folded: _, participating } => {
        "iso2": iso2,
        "name": Texts(name),
        "participating": participating,
    }
    instrument { symbol, title, title_folded: _, adopted_on } => {
        "symbol": symbol,
        "title": Texts(title),
        "adoptedOn": adopted_on,
    }
    mandate { organization_id, body_id, country_id, role, can_object, valid_from, valid_to } => {
        "organizationId": Id(organization_id),
        "bodyId": Id(body_id),
        "countryId": country_id.map(Id),
        "role": role,
        "canObject": can_object,
        "validFrom": valid_from,
        "validTo": valid_to,
    }
    organization { acronym, name, name_folded: _, kind, seat, website, organizer, active, parent_id, country_id } => {
        "acronym": acronym,
        "name": Texts(name),
        "kind": kind,
        "seat": seat,
        "website": website,
        "organizer": organizer,
        "active": active,
        "parentId": parent_id.map(Id),
        "countryId": country_id.map(Id),
    }
    source { title, publisher, url, published_on, language } => {
        "title": title,
        "publisher": publisher,
        "url": url,
        "publishedOn": published_on,
        "language": language,
    }
    theme { code, name, name_folded: _, kind, parent_id, merged_into_id: _ } => {
        "code": code,
        "name": Texts(name),
        "kind": kind,
        "parentId": parent_id.map(Id),
    }
}

/// The parts of records, by record.
struct PartsOf<P: Part>(HashMap<P::ParentId, Vec<ModelOf<P>>>);

impl<P: Part + Visible> PartsOf<P> {
    async fn read(app: &AppContext, viewer: &Viewer, parents: &[P::ParentId]) -> Result<Self, Error> {
        let mut parts: HashMap<P::ParentId, Vec<ModelOf<P>>> = HashMap::new();
        for part in read::children::<P>(&app.databases.read, viewer, parents).await? {
            parts.entry(P::parent(&part)).or_default().push(part);
        }
        Ok(Self(parts))
    }

    fn of(&self, parent: P::ParentId) -> &[ModelOf<P>] {
        self.0.get(&parent).map(Vec::as_slice).unwrap_or_default()
    }
}

fn ids_of<E: Row>(rows: &[E::Model]) -> Vec<E::Id> {
    rows.iter().map(E::id).collect()
}

impl Line for agenda_item::Entity {
    type Parts = AgendaParts;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        let links = PartsOf::read(app, viewer, &ids_of::<Self>(rows)).await?;
        let named = links.0.values().flatten().map(|link: &agenda_item_recommendation::Model| link.recommendation_id);
        let named: Vec<RecommendationId> = named.collect();
        let seen = read::seen_of_known::<recommendation::Entity>(&app.databases.read, viewer, named).await?;
        Ok(AgendaParts { links, seen })
    }

    fn write(row: &Self::Model, parts: &Self::Parts, _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let named = parts.links.of(row.id).iter().map(|link| link.recommendation_id);
        let named: Vec<_> = named.filter(|id| parts.seen.contains(id)).map(Id).collect();
        line!(lines, row: agenda_item { meeting_id, body_id, number, position, title, kind, chatham_house } => {
            "meetingId": Id(meeting_id),
            "bodyId": body_id.map(Id),
            "number": number,
            "position": position,
            "title": Texts(title),
            "kind": kind,
            "chathamHouse": chatham_house,
            "recommendationIds": named,
        })
    }
}

/// What agenda items are about.
pub struct AgendaParts {
    links: PartsOf<agenda_item_recommendation::Entity>,
    seen: HashSet<RecommendationId>,
}

impl Line for participation::Entity {
    type Parts = HashSet<MeetingId>;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        read::seen_of_known::<meeting::Entity>(
            &app.databases.read,
            viewer,
            rows.iter().map(|row| row.meeting_id).collect(),
        )
        .await
    }

    fn write(row: &Self::Model, seen: &Self::Parts, _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        line!(lines, row: participation { meeting_id, organization_id, capacity, attendance, delegates } => {
            "meetingId": Some(*meeting_id).filter(|id| seen.contains(id)).map(Id),
            "organizationId": Id(organization_id),
            "capacity": capacity,
            "attendance": attendance,
            "delegates": delegates,
        })
    }
}

/// What belongs to meetings.
pub struct MeetingParts {
    organizers: PartsOf<meeting_organizer::Entity>,
    sessions: PartsOf<body_session::Entity>,
    titles: PartsOf<alternative_title::Entity>,
    sources: PartsOf<meeting_source::Entity>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Organizer {
    organization_id: Id<OrganizationId>,
    role: OrganizerRole,
}

impl Organizer {
    fn of(part: &meeting_organizer::Model) -> Self {
        let meeting_organizer::Model {
            id: _,
            meeting_id: _,
            organization_id,
            role,
            position: _,
            audience: _,
            owner: _,
        } = *part;
        Self { organization_id: Id(organization_id), role }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    body_id: Id<BodyId>,
    ordinal: i32,
}

impl Session {
    fn of(part: &body_session::Model) -> Self {
        let body_session::Model { id: _, meeting_id: _, body_id, ordinal, audience: _, owner: _ } = *part;
        Self { body_id: Id(body_id), ordinal }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Title<'a> {
    title: Texts<'a>,
    source_id: Id<SourceId>,
}

impl<'a> Title<'a> {
    fn of(part: &'a alternative_title::Model) -> Self {
        let alternative_title::Model { id: _, meeting_id: _, source_id, title, position: _, audience: _, owner: _ } =
            part;
        Self { title: Texts(title), source_id: Id(*source_id) }
    }
}

impl Line for meeting::Entity {
    type Parts = MeetingParts;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        let ids = ids_of::<Self>(rows);
        Ok(MeetingParts {
            organizers: PartsOf::read(app, viewer, &ids).await?,
            sessions: PartsOf::read(app, viewer, &ids).await?,
            titles: PartsOf::read(app, viewer, &ids).await?,
            sources: PartsOf::read(app, viewer, &ids).await?,
        })
    }

    fn write(row: &Self::Model, parts: &Self::Parts, _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let organizers = parts.organizers.of(row.id).iter().map(Organizer::of);
        let sessions = parts.sessions.of(row.id).iter().map(Session::of);
        let titles = parts.titles.of(row.id).iter().map(Title::of);
        line!(lines, row: meeting {
            title, title_folded: _, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme,
            participant_count, count_qualifier, chatham_house, sensitivity, country_id, is_demo
        } => {
            "title": Texts(title),
            "kind": kind,
            "modality": modality,
            "status": status,
            "startsOn": starts_on,
            "endsOn": ends_on,
            "timezone": timezone,
            "city": city,
            "venue": venue,
            "countryId": country_id.map(Id),
            "theme": theme.as_ref().map(Texts),
            "participantCount": participant_count,
            "countQualifier": count_qualifier,
            "chathamHouse": chatham_house,
            "sensitivity": sensitivity,
            "isDemo": is_demo,
            "organizers": organizers.collect::<Vec<_>>(),
            "sessions": sessions.collect::<Vec<_>>(),
            "alternativeTitles": titles.collect::<Vec<_>>(),
            "sourceIds": parts.sources.of(row.id).iter().map(|part| Id(part.source_id)).collect::<Vec<_>>(),
        })
    }
}

/// What belongs to recommendations, and which of the others that they name the viewer sees.
pub struct RecommendationParts {
    addressees: PartsOf<addressee::Entity>,
    themes: PartsOf<recommendation_theme::Entity>,
    instruments: PartsOf<recommendation_instrument::Entity>,
    revisions: PartsOf<recommendation_revision::Entity>,
    meetings: HashSet<MeetingId>,
    superseded: HashSet<RecommendationId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Addressee {
    category: AddresseeCategory,
    role: AddresseeRole,
    country_id: Option<Id<CountryId>>,
    organization_id: Option<Id<OrganizationId>>,
}

impl Addressee {
    fn of(part: &addressee::Model) -> Self {
        let addressee::Model {
            id: _,
            recommendation_id: _,
            category,
            role,
            country_id,
            organization_id,
            position: _,
            audience: _,
            owner: _,
        } = *part;
        Self { category, role, country_id: country_id.map(Id), organization_id: organization_id.map(Id) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Revision<'a> {
    number: i32,
    title: Texts<'a>,
    text: Texts<'a>,
    rationale: Option<Texts<'a>>,
    change_note: Option<&'a str>,
    created_at: At,
}

impl<'a> Revision<'a> {
    /// What was changed and why is told to those who see who drafted.
    fn of(part: &'a recommendation_revision::Model, shows_attribution: bool) -> Self {
        let recommendation_revision::Model {
            id: _,
            recommendation_id: _,
            number,
            title,
            text,
            rationale,
            change_note,
            created_at,
            audience: _,
            owner: _,
        } = part;
        Self {
            number: *number,
            title: Texts(title),
            text: Texts(text),
            rationale: rationale.as_ref().map(Texts),
            change_note: change_note.as_deref().filter(|_| shows_attribution),
            created_at: At(*created_at),
        }
    }
}

impl Line for recommendation::Entity {
    type Parts = RecommendationParts;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        let ids = ids_of::<Self>(rows);
        let meetings: Vec<MeetingId> =
            rows.iter().flat_map(|row| [row.meeting_id, row.agreed_meeting_id]).flatten().collect();
        let superseded: Vec<RecommendationId> = rows.iter().filter_map(|row| row.supersedes_id).collect();
        Ok(RecommendationParts {
            addressees: PartsOf::read(app, viewer, &ids).await?,
            themes: PartsOf::read(app, viewer, &ids).await?,
            instruments: PartsOf::read(app, viewer, &ids).await?,
            revisions: PartsOf::read(app, viewer, &ids).await?,
            meetings: read::seen_of_known::<meeting::Entity>(&app.databases.read, viewer, meetings).await?,
            superseded: read::seen_of_known::<Self>(&app.databases.read, viewer, superseded).await?,
        })
    }

    fn write(
        row: &Self::Model,
        parts: &Self::Parts,
        viewer: &Viewer,
        lines: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        let shows_attribution = viewer.sees_attribution();
        let meeting = |id: Option<MeetingId>| id.filter(|id| parts.meetings.contains(id)).map(Id);
        let addressees = parts.addressees.of(row.id).iter().map(Addressee::of);
        let revisions = parts.revisions.of(row.id).iter().map(|part| Revision::of(part, shows_attribution));
        line!(lines, row: recommendation {
            body_id, label, label_year: _, label_serial: _, kind, status, title, title_folded: _, text, rationale, priority,
            target_date, adopted_on, agreed_meeting_id, meeting_id, drafted_by_id, supersedes_id, is_demo, no_personal_data
        } => {
            "label": label,
            "kind": kind,
            "status": status,
            "bodyId": Id(body_id),
            "title": Texts(title),
            "text": Texts(text),
            "rationale": rationale.as_ref().map(Texts),
            "priority": priority,
            "targetDate": target_date,
            "adoptedOn": adopted_on,
            "meetingId": meeting(*meeting_id),
            "agreedMeetingId": meeting(*agreed_meeting_id),
            "draftedById": drafted_by_id.filter(|_| shows_attribution).map(Id),
            "supersedesId": supersedes_id.filter(|id| parts.superseded.contains(id)).map(Id),
            "isDemo": is_demo,
            "noPersonalData": no_personal_data,
            "addressees": addressees.collect::<Vec<_>>(),
            "themeIds": parts.themes.of(row.id).iter().map(|part| Id(part.theme_id)).collect::<Vec<_>>(),
            "instrumentIds": parts.instruments.of(row.id).iter().map(|part| Id(part.instrument_id)).collect::<Vec<_>>(),
            "revisions": revisions.collect::<Vec<_>>(),
        })
    }
}
