//! What a line says of a record: its type, its id and version, and the fields that the schema shows, in the same words. Other
//! records are named by their ids, where the viewer may see them; short lists stand in the line as the bulk writes take them.

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

/// A record that is written as a line.
pub trait Line: Record + Visible {
    /// What belongs to some records and is written with them.
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

/// A record that is gone, or that the viewer may no longer see.
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

/// The end of an export.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    #[serde(rename = "type")]
    pub record: &'static str,
    /// Where to go on from.
    pub cursor: String,
    /// How many lines stand before.
    pub lines: u64,
}

/// Writes a value as a line.
pub fn write(value: &impl Serialize, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *lines, value)?;
    lines.push(b'\n');
    Ok(())
}

/// Translations as inputs have them: the original first.
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

/// A language as the schema names it.
fn name_of(locale: Locale) -> &'static str {
    Locale::items().iter().find(|item| item.value == locale).map_or("", |item| item.name)
}

/// A time as the schema has it. It is text before it is written: chrono would hand it over letter by letter.
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

/// Writes a line: what all records have, and the fields of this one.
macro_rules! line {
    ($lines:expr, $row:expr, { $($name:literal: $value:expr,)* }) => {{
        let mut serializer = serde_json::Serializer::new(&mut *$lines);
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("type", &Self::TYPE)?;
        fields.serialize_entry("id", &Id($row.id))?;
        fields.serialize_entry("version", &$row.version)?;
        fields.serialize_entry("createdAt", &At($row.created_at))?;
        fields.serialize_entry("updatedAt", &At($row.updated_at))?;
        $(fields.serialize_entry($name, &$value)?;)*
        serde::ser::SerializeMap::end(fields)?;
        $lines.push(b'\n');
        Ok(())
    }};
}

/// A record that no other rows belong to.
macro_rules! plain {
    ($($table:ident { $($name:literal: |$row:ident| $value:expr,)* })*) => {$(
        impl Line for $table::Entity {
            type Parts = ();

            async fn parts(_: &AppContext, _: &Viewer, _: &[Self::Model]) -> Result<(), Error> {
                Ok(())
            }

            fn write(row: &Self::Model, (): &(), _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                line!(lines, row, { $($name: { let $row = row; $value },)* })
            }
        }
    )*};
}

plain! {
    body {
        "code": |row| &row.code,
        "kind": |row| row.kind,
        "name": |row| Texts(&row.name),
        "mandateText": |row| row.mandate_text.as_ref().map(Texts),
        "establishedOn": |row| row.established_on,
        "active": |row| row.active,
        "reportsToId": |row| row.reports_to_id.map(Id),
    }
    country {
        "iso2": |row| &row.iso2,
        "name": |row| Texts(&row.name),
        "participating": |row| row.participating,
    }
    instrument {
        "symbol": |row| &row.symbol,
        "title": |row| Texts(&row.title),
        "adoptedOn": |row| row.adopted_on,
    }
    mandate {
        "organizationId": |row| Id(row.organization_id),
        "bodyId": |row| Id(row.body_id),
        "countryId": |row| row.country_id.map(Id),
        "role": |row| row.role,
        "canObject": |row| row.can_object,
        "validFrom": |row| row.valid_from,
        "validTo": |row| row.valid_to,
    }
    organization {
        "acronym": |row| &row.acronym,
        "name": |row| Texts(&row.name),
        "kind": |row| row.kind,
        "seat": |row| &row.seat,
        "website": |row| &row.website,
        "organizer": |row| row.organizer,
        "active": |row| row.active,
        "parentId": |row| row.parent_id.map(Id),
        "countryId": |row| row.country_id.map(Id),
    }
    source {
        "title": |row| &row.title,
        "publisher": |row| &row.publisher,
        "url": |row| &row.url,
        "publishedOn": |row| row.published_on,
        "language": |row| &row.language,
    }
    theme {
        "code": |row| &row.code,
        "name": |row| Texts(&row.name),
        "kind": |row| row.kind,
        "parentId": |row| row.parent_id.map(Id),
    }
}

/// The parts of records, by their records.
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
        line!(lines, row, {
            "meetingId": Id(row.meeting_id),
            "bodyId": row.body_id.map(Id),
            "number": &row.number,
            "position": row.position,
            "title": Texts(&row.title),
            "kind": row.kind,
            "chathamHouse": row.chatham_house,
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
        line!(lines, row, {
            "meetingId": Some(row.meeting_id).filter(|id| seen.contains(id)).map(Id),
            "organizationId": Id(row.organization_id),
            "capacity": row.capacity,
            "attendance": row.attendance,
            "delegates": row.delegates,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    body_id: Id<BodyId>,
    ordinal: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Title<'a> {
    title: Texts<'a>,
    source_id: Id<SourceId>,
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
        let organizers = parts.organizers.of(row.id).iter();
        let organizers =
            organizers.map(|part| Organizer { organization_id: Id(part.organization_id), role: part.role });
        let sessions = parts.sessions.of(row.id).iter();
        let sessions = sessions.map(|part| Session { body_id: Id(part.body_id), ordinal: part.ordinal });
        let titles = parts.titles.of(row.id).iter();
        let titles = titles.map(|part| Title { title: Texts(&part.title), source_id: Id(part.source_id) });
        line!(lines, row, {
            "title": Texts(&row.title),
            "kind": row.kind,
            "modality": row.modality,
            "status": row.status,
            "startsOn": row.starts_on,
            "endsOn": row.ends_on,
            "timezone": &row.timezone,
            "city": &row.city,
            "venue": &row.venue,
            "countryId": row.country_id.map(Id),
            "theme": row.theme.as_ref().map(Texts),
            "participantCount": row.participant_count,
            "countQualifier": row.count_qualifier,
            "chathamHouse": row.chatham_house,
            "sensitivity": row.sensitivity,
            "isDemo": row.is_demo,
            "organizers": organizers.collect::<Vec<_>>(),
            "sessions": sessions.collect::<Vec<_>>(),
            "alternativeTitles": titles.collect::<Vec<_>>(),
            "sourceIds": parts.sources.of(row.id).iter().map(|part| Id(part.source_id)).collect::<Vec<_>>(),
        })
    }
}

/// What belongs to recommendations, and the others that they name.
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
        let is_told = viewer.sees_attribution();
        let meeting = |id: Option<MeetingId>| id.filter(|id| parts.meetings.contains(id)).map(Id);
        let addressees = parts.addressees.of(row.id).iter().map(|part| Addressee {
            category: part.category,
            role: part.role,
            country_id: part.country_id.map(Id),
            organization_id: part.organization_id.map(Id),
        });
        let revisions = parts.revisions.of(row.id).iter().map(|part| Revision {
            number: part.number,
            title: Texts(&part.title),
            text: Texts(&part.text),
            rationale: part.rationale.as_ref().map(Texts),
            change_note: part.change_note.as_deref().filter(|_| is_told),
            created_at: At(part.created_at),
        });
        line!(lines, row, {
            "label": &row.label,
            "kind": row.kind,
            "status": row.status,
            "bodyId": Id(row.body_id),
            "title": Texts(&row.title),
            "text": Texts(&row.text),
            "rationale": row.rationale.as_ref().map(Texts),
            "priority": row.priority,
            "targetDate": row.target_date,
            "adoptedOn": row.adopted_on,
            "meetingId": meeting(row.meeting_id),
            "agreedMeetingId": meeting(row.agreed_meeting_id),
            "draftedById": row.drafted_by_id.filter(|_| is_told).map(Id),
            "supersedesId": row.supersedes_id.filter(|id| parts.superseded.contains(id)).map(Id),
            "isDemo": row.is_demo,
            "noPersonalData": row.no_personal_data,
            "addressees": addressees.collect::<Vec<_>>(),
            "themeIds": parts.themes.of(row.id).iter().map(|part| Id(part.theme_id)).collect::<Vec<_>>(),
            "instrumentIds": parts.instruments.of(row.id).iter().map(|part| Id(part.instrument_id)).collect::<Vec<_>>(),
            "revisions": revisions.collect::<Vec<_>>(),
        })
    }
}
