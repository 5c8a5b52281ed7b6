//! The entries of the public register's files, as they are written. They hold no rules.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::agenda_item::AgendaItemKind;
use entity::body::BodyKind;
use entity::meeting::{CountQualifier, MeetingKind, MeetingStatus, Modality};
use entity::meeting_organizer::OrganizerRole;
use entity::operation_figure::Confidence;
use entity::organization::OrganizationKind;
use entity::participation::Capacity;
use entity::repatriation_operation::DatePrecision;
use entity::text::Locale;
use serde::Deserialize;

pub type Names = BTreeMap<Locale, String>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub sources: BTreeMap<String, SourceEntry>,
    pub countries: Vec<CountryEntry>,
    pub organizations: Vec<OrganizationEntry>,
    pub bodies: Vec<BodyEntry>,
    pub meetings: Vec<MeetingEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceEntry {
    pub title: String,
    pub publisher: Option<String>,
    pub published_on: Option<NaiveDate>,
    pub url: String,
    pub language: Option<String>,
}

#[derive(Deserialize)]
pub struct CountryEntry {
    pub iso2: String,
    pub name: Names,
    pub participating: bool,
}

#[derive(Deserialize)]
pub struct OrganizationEntry {
    pub acronym: String,
    pub kind: OrganizationKind,
    pub parent: Option<String>,
    pub country: Option<String>,
    pub seat: Option<String>,
    pub website: Option<String>,
    #[serde(default)]
    pub organizer: bool,
    pub name: Names,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BodyEntry {
    pub code: String,
    pub kind: BodyKind,
    pub reports_to: Option<String>,
    pub established_on: Option<NaiveDate>,
    pub name: Names,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeetingEntry {
    pub kind: MeetingKind,
    pub modality: Modality,
    pub status: MeetingStatus,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub timezone: String,
    pub city: Option<String>,
    pub country: Option<String>,
    pub title: Names,
    #[serde(default)]
    pub alternative_titles: Vec<AlternativeTitleEntry>,
    pub theme: Option<Names>,
    pub participants: Option<ParticipantsEntry>,
    pub sessions: Vec<SessionEntry>,
    pub organizers: Vec<(String, OrganizerRole)>,
    #[serde(default)]
    pub participations: Vec<(String, Capacity)>,
    #[serde(default)]
    pub agenda: Vec<AgendaEntry>,
    pub sources: Vec<String>,
}

#[derive(Deserialize)]
pub struct AlternativeTitleEntry {
    pub text: Names,
    pub source: String,
}

#[derive(Deserialize)]
pub struct ParticipantsEntry {
    pub count: i32,
    pub qualifier: CountQualifier,
}

#[derive(Deserialize)]
pub struct SessionEntry {
    pub body: String,
    pub ordinal: i32,
}

#[derive(Deserialize)]
pub struct AgendaEntry {
    pub number: String,
    pub kind: AgendaItemKind,
    pub title: Names,
}

#[derive(Deserialize)]
pub struct OperationEntry {
    pub state: String,
    pub operation: Option<String>,
    pub date_from: NaiveDate,
    pub date_to: NaiveDate,
    pub date_precision: DatePrecision,
    pub origin: String,
    pub total: Option<i32>,
    pub women: Option<i32>,
    pub men: Option<i32>,
    pub children: Option<i32>,
    pub confidence: Confidence,
    pub source_url: String,
}
