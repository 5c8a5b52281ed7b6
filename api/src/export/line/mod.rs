//! What a line says about a record: its type, its id and version, and the fields that the schema shows, under the same
//! names. It never names another record that the viewer may not see.
//!
//! Other records are named by their ids; short lists stand in the line in the form that the bulk writes take.

mod of_document;
mod of_meeting;
mod of_recommendation;

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use async_graphql::resolver_utils::EnumType as _;
use chrono::{DateTime, SecondsFormat, Utc};
use entity::change::ChangeReason;
use entity::id::{ConsensusProcedureId, MeetingId, RecommendationId};
use entity::text::{Locale, LocalizedText};
use entity::{
    ModelOf, Part, Record, RecordType, Row, agenda_item, agenda_item_recommendation, body, consensus_procedure,
    country, instrument, mandate, meeting, organization, participation, position, recommendation, source, theme,
};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use crate::auth::Viewer;
use crate::domain::consensus::state_of;
use crate::domain::feed::SeenAs;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::read::{self, Visible};
use crate::unicode::in_one_line;

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

/// JSON that is one line for every reader.
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        writer.write_all(in_one_line(fragment).as_bytes())
    }
}

fn serializer(lines: &mut Vec<u8>) -> serde_json::Serializer<&mut Vec<u8>, OneLine> {
    serde_json::Serializer::with_formatter(lines, OneLine)
}

/// Writes a value as a line.
pub fn write(value: &impl Serialize, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    value.serialize(&mut serializer(lines))?;
    lines.push(b'\n');
    Ok(())
}

/// Translations in the form of inputs: the original first, and named if it is not the only one.
struct Texts<'a>(&'a LocalizedText);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let original = self.0.original();
        let is_one_of_several = self.0.iter().nth(1).is_some();
        let first = self.0.iter().filter(|(locale, _)| *locale == original);
        let others = self.0.iter().filter(|(locale, _)| *locale != original);
        serializer.collect_seq(first.chain(others).map(|(locale, text)| Translation {
            locale,
            text,
            is_named: is_one_of_several && locale == original,
        }))
    }
}

struct Translation<'a> {
    locale: Locale,
    text: &'a str,
    /// Whether it is named as the original.
    is_named: bool,
}

impl Serialize for Translation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut translation = serializer.serialize_struct("Translation", 2 + usize::from(self.is_named))?;
        translation.serialize_field("locale", name_of(self.locale))?;
        translation.serialize_field("text", self.text)?;
        if self.is_named {
            translation.serialize_field("original", &true)?;
        }
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
        let mut serializer = $crate::export::line::serializer($lines);
        let mut fields = serde::Serializer::serialize_map(&mut serializer, None)?;
        serde::ser::SerializeMap::serialize_entry(&mut fields, "type", &<$table::Entity as entity::Record>::TYPE)?;
        serde::ser::SerializeMap::serialize_entry(&mut fields, "id", &Id(id))?;
        serde::ser::SerializeMap::serialize_entry(&mut fields, "version", version)?;
        serde::ser::SerializeMap::serialize_entry(&mut fields, "createdAt", &At(*created_at))?;
        serde::ser::SerializeMap::serialize_entry(&mut fields, "updatedAt", &At(*updated_at))?;
        $(serde::ser::SerializeMap::serialize_entry(&mut fields, $name, &$value)?;)*
        serde::ser::SerializeMap::end(fields)?;
        $lines.push(b'\n');
        Ok(())
    }};
}

use line;

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
    body { code, kind, name, name_folded: _, mandate_text, established_on, active, reports_to_id, quorum } => {
        "code": code,
        "kind": kind,
        "name": Texts(name),
        "mandateText": mandate_text.as_ref().map(Texts),
        "establishedOn": established_on,
        "active": active,
        "reportsToId": reports_to_id.map(Id),
        "quorum": quorum,
    }
    consensus_procedure {
        recommendation_id, revision_id, body_id, meeting_id, stage, mode, outcome, opened_at, deadline, closed_at
    } => {
        "recommendationId": Id(recommendation_id),
        "revisionId": Id(revision_id),
        "bodyId": Id(body_id),
        "meetingId": Id(meeting_id),
        "stage": stage,
        "mode": mode,
        "outcome": outcome,
        "openedAt": At(*opened_at),
        "deadline": deadline.map(At),
        "closedAt": closed_at.map(At),
    }
    country { iso2, name, name_folded: _, participating } => {
        "iso2": iso2,
        "name": Texts(name),
        "participating": participating,
    }
    instrument { symbol, symbol_folded: _, title, title_folded: _, adopted_on } => {
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

impl Line for position::Entity {
    type Parts = PositionParts;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        let db = &app.databases.read;
        let procedures = rows.iter().map(|row| row.procedure_id).collect();
        let texts = rows.iter().map(|row| row.recommendation_id).collect();
        Ok(PositionParts {
            procedures: read::seen_of_known::<consensus_procedure::Entity>(db, viewer, procedures).await?,
            texts: read::seen_of_known::<recommendation::Entity>(db, viewer, texts).await?,
        })
    }

    fn write(row: &Self::Model, seen: &Self::Parts, _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        line!(lines, row: position {
            recommendation_id, procedure_id, organization_id, mandate_id, kind, text, proposed_text, stated_at, answer, answered_by_id,
            answered_at, maintained_at, withdrawn_at
        } => {
            "recommendationId": Some(*recommendation_id).filter(|id| seen.texts.contains(id)).map(Id),
            "procedureId": Some(*procedure_id).filter(|id| seen.procedures.contains(id)).map(Id),
            "organizationId": Id(organization_id),
            "mandateId": Id(mandate_id),
            "kind": kind,
            "text": text.as_ref().map(Texts),
            "proposedText": proposed_text.as_ref().map(Texts),
            "state": state_of(row),
            "statedAt": At(*stated_at),
            "answer": answer.as_ref().map(Texts),
            "answeredById": answered_by_id.map(Id),
            "answeredAt": answered_at.map(At),
            "maintainedAt": maintained_at.map(At),
            "withdrawnAt": withdrawn_at.map(At),
        })
    }
}

/// Which of what positions name the viewer sees.
pub struct PositionParts {
    procedures: HashSet<ConsensusProcedureId>,
    texts: HashSet<RecommendationId>,
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
        line!(lines, row: participation { meeting_id, organization_id, capacity, attendance, delegates, confirmed } => {
            "meetingId": Some(*meeting_id).filter(|id| seen.contains(id)).map(Id),
            "organizationId": Id(organization_id),
            "capacity": capacity,
            "attendance": attendance,
            "delegates": delegates,
            "confirmed": confirmed,
        })
    }
}
