//! The public register of the council, compiled into the program. It is loaded once, into an empty database: what the secretariat corrects
//! afterwards is never undone and never doubled.

mod entries;

use std::collections::{BTreeMap, HashMap};

use entity::id::{BodyId, CountryId, MeetingId, OrganizationId, RepatriationOperationId, SourceId};
use entity::meeting::{CountQualifier, Sensitivity};
use entity::operation_figure::FigureScope;
use entity::participation::{Attendance, Capacity};
use entity::repatriation_operation::Origins;
use entity::text::{Locale, LocalizedText};
use entity::{
    agenda_item, alternative_title, body, body_session, country, meeting, meeting_organizer, meeting_source,
    operation_figure, organization, participation, repatriation_operation, source,
};

use self::entries::{
    AgendaEntry, BodyEntry, CountryEntry, MeetingEntry, Names, OperationEntry, OrganizationEntry, Record, SourceEntry,
};
use super::is_empty;
use crate::auth::Viewer;
use crate::domain::action::Action;
use crate::domain::audience;
use crate::error::Error;
use crate::service;
use crate::service::context::AppContext;
use crate::service::meeting::row as meeting_rows;
use crate::service::organization::row as organization_rows;
use crate::service::tx::Tx;

const COUNCIL: &str = include_str!("../../../../seed/council.json");
const OPERATIONS: &str = include_str!("../../../../seed/operations.csv");

/// Loads the register if nothing has been loaded yet; returns how many records were added.
pub async fn load(app: &AppContext) -> Result<usize, Error> {
    let record: Record = serde_json::from_str(COUNCIL).map_err(|error| Error::Internal(error.into()))?;
    let viewer = Viewer::system("seed");
    let tx = app.begin(&viewer, Action::SeedPublic).await?;
    // If two programs start on an empty database, one loads, and the other finds the data loaded.
    tx.advisory_lock("seed public").await?;
    if !is_empty(tx.db(), &viewer).await? {
        return tx.commit(0).await.map(|written| written.record);
    }
    let mut loading = Loading::new(tx);
    loading.countries(record.countries).await?;
    loading.sources(record.sources).await?;
    loading.organizations(record.organizations).await?;
    loading.bodies(record.bodies).await?;
    for entry in record.meetings {
        loading.meeting(entry).await?;
    }
    loading.operations().await?;
    let Loading { tx, added, .. } = loading;
    tx.commit(added).await.map(|written| written.record)
}

/// The transaction, and the ids behind the keys of the files.
struct Loading<'a> {
    tx: Tx<'a>,
    added: usize,
    countries: HashMap<String, CountryId>,
    organizations: HashMap<String, OrganizationId>,
    bodies: HashMap<String, BodyId>,
    /// By address.
    source_ids: HashMap<String, SourceId>,
    /// By the file's own keys.
    source_keys: HashMap<String, SourceId>,
}

impl<'a> Loading<'a> {
    fn new(tx: Tx<'a>) -> Self {
        Self {
            tx,
            added: 0,
            countries: HashMap::new(),
            organizations: HashMap::new(),
            bodies: HashMap::new(),
            source_ids: HashMap::new(),
            source_keys: HashMap::new(),
        }
    }

    async fn countries(&mut self, entries: Vec<CountryEntry>) -> Result<(), Error> {
        for entry in entries {
            let (audience, owner) = audience::OPEN;
            let name = localized(&entry.name)?;
            let row = country::Model {
                id: self.tx.new_id(),
                iso2: entry.iso2.clone(),
                name_folded: name.folded(),
                name,
                participating: entry.participating,
                audience,
                owner,
                created_at: self.tx.now(),
                updated_at: self.tx.now(),
                version: 1,
            };
            let row = self.tx.insert::<country::Entity>(row).await?;
            self.countries.insert(entry.iso2, row.id);
            self.added += 1;
        }
        Ok(())
    }

    async fn sources(&mut self, entries: BTreeMap<String, SourceEntry>) -> Result<(), Error> {
        for (key, entry) in entries {
            let id = self.source(entry, audience::OPEN).await?;
            self.source_keys.insert(key, id);
        }
        Ok(())
    }

    async fn source(&mut self, entry: SourceEntry, (audience, owner): audience::Access) -> Result<SourceId, Error> {
        if let Some(id) = self.source_ids.get(&entry.url) {
            return Ok(*id);
        }
        let row = source::Model {
            id: self.tx.new_id(),
            title: entry.title,
            publisher: entry.publisher,
            url: Some(entry.url.clone()),
            published_on: entry.published_on,
            language: entry.language,
            audience,
            owner,
            created_at: self.tx.now(),
            updated_at: self.tx.now(),
            version: 1,
        };
        let row = self.tx.insert::<source::Entity>(row).await?;
        self.source_ids.insert(entry.url, row.id);
        self.added += 1;
        Ok(row.id)
    }

    /// The file names parents before children.
    async fn organizations(&mut self, entries: Vec<OrganizationEntry>) -> Result<(), Error> {
        for entry in entries {
            let name = localized(&entry.name)?;
            let row = organization::Model {
                seat: entry.seat,
                website: entry.website,
                organizer: entry.organizer,
                parent_id: optional(&self.organizations, entry.parent.as_deref())?,
                country_id: optional(&self.countries, entry.country.as_deref())?,
                ..organization_rows::new_row(&self.tx, entry.acronym.clone(), name, entry.kind)
            };
            let row = self.tx.insert::<organization::Entity>(row).await?;
            self.organizations.insert(entry.acronym, row.id);
            self.added += 1;
        }
        Ok(())
    }

    /// The file names a body before those that report to it.
    async fn bodies(&mut self, entries: Vec<BodyEntry>) -> Result<(), Error> {
        for entry in entries {
            let name = localized(&entry.name)?;
            let row = body::Model {
                established_on: entry.established_on,
                reports_to_id: optional(&self.bodies, entry.reports_to.as_deref())?,
                ..service::body::new_row(&self.tx, entry.code.clone(), entry.kind, name)
            };
            let row = self.tx.insert::<body::Entity>(row).await?;
            self.bodies.insert(entry.code, row.id);
            self.added += 1;
        }
        Ok(())
    }

    async fn meeting(&mut self, entry: MeetingEntry) -> Result<(), Error> {
        let (_audience, _owner) = audience::of_meeting(Sensitivity::Public);
        let title = localized(&entry.title)?;
        let row = meeting::Model {
            status: entry.status,
            ends_on: entry.ends_on,
            timezone: entry.timezone.clone(),
            city: entry.city.clone(),
            theme: entry.theme.as_ref().map(localized).transpose()?,
            participant_count: entry.participants.as_ref().map(|participants| participants.count),
            count_qualifier: entry.participants.as_ref().map(|participants| participants.qualifier),
            country_id: optional(&self.countries, entry.country.as_deref())?,
            ..meeting_rows::new_row(&self.tx, title, entry.kind, entry.modality, entry.starts_on)
        };
        let row = self.tx.insert::<meeting::Entity>(row).await?;
        self.added += 1;
        self.meeting_parts(row.id, &entry).await?;
        self.agenda(row.id, entry.agenda).await?;
        self.participations(row.id, entry.participations).await
    }

    async fn meeting_parts(&mut self, meeting_id: MeetingId, entry: &MeetingEntry) -> Result<(), Error> {
        let (audience, owner) = audience::OPEN;
        let mut organizers = Vec::new();
        for ((acronym, role), position) in entry.organizers.iter().zip(0..) {
            let (id, organization_id) = (self.tx.new_id(), named(&self.organizations, acronym)?);
            organizers.push(meeting_organizer::Model {
                id,
                meeting_id,
                organization_id,
                role: *role,
                position,
                audience,
                owner,
            });
        }
        self.tx.insert_parts::<meeting_organizer::Entity>(organizers).await?;
        let mut sessions = Vec::new();
        for session in &entry.sessions {
            let (id, body_id) = (self.tx.new_id(), named(&self.bodies, &session.body)?);
            sessions.push(body_session::Model { id, meeting_id, body_id, ordinal: session.ordinal, audience, owner });
        }
        self.tx.insert_parts::<body_session::Entity>(sessions).await?;
        let mut titles = Vec::new();
        for (title, position) in entry.alternative_titles.iter().zip(0..) {
            let (id, source_id) = (self.tx.new_id(), named(&self.source_keys, &title.source)?);
            let title = localized(&title.text)?;
            titles.push(alternative_title::Model { id, meeting_id, source_id, title, position, audience, owner });
        }
        self.tx.insert_parts::<alternative_title::Entity>(titles).await?;
        let mut sources = Vec::new();
        for (key, position) in entry.sources.iter().zip(0..) {
            let (id, source_id) = (self.tx.new_id(), named(&self.source_keys, key)?);
            sources.push(meeting_source::Model { id, meeting_id, source_id, position, audience, owner });
        }
        self.tx.insert_parts::<meeting_source::Entity>(sources).await
    }

    async fn agenda(&mut self, meeting_id: MeetingId, entries: Vec<AgendaEntry>) -> Result<(), Error> {
        for (entry, position) in entries.into_iter().zip(1..) {
            let (audience, owner) = audience::OPEN;
            let row = agenda_item::Model {
                id: self.tx.new_id(),
                meeting_id,
                body_id: None,
                number: entry.number,
                position,
                title: localized(&entry.title)?,
                kind: entry.kind,
                chatham_house: false,
                audience,
                owner,
                created_at: self.tx.now(),
                updated_at: self.tx.now(),
                version: 1,
            };
            self.tx.insert::<agenda_item::Entity>(row).await?;
            self.added += 1;
        }
        Ok(())
    }

    async fn participations(&mut self, meeting_id: MeetingId, entries: Vec<(String, Capacity)>) -> Result<(), Error> {
        for (acronym, capacity) in entries {
            let organization_id = named(&self.organizations, &acronym)?;
            let (audience, owner) = audience::of_participation(Sensitivity::Public, false, organization_id);
            let row = participation::Model {
                id: self.tx.new_id(),
                meeting_id,
                organization_id,
                capacity,
                attendance: Attendance::Present,
                delegates: None,
                confirmed: true,
                audience,
                owner,
                created_at: self.tx.now(),
                updated_at: self.tx.now(),
                version: 1,
            };
            self.tx.insert::<participation::Entity>(row).await?;
            self.added += 1;
        }
        Ok(())
    }

    async fn operations(&mut self) -> Result<(), Error> {
        for entry in csv::Reader::from_reader(OPERATIONS.as_bytes()).deserialize() {
            let entry: OperationEntry = entry.map_err(|error| Error::Internal(error.into()))?;
            let country_id = named(&self.countries, &entry.state)?;
            self.operation(country_id, entry).await?;
        }
        Ok(())
    }

    /// Only the secretariat reads operations, their figures and their sources until disclosure control exists.
    async fn operation(&mut self, country_id: CountryId, entry: OperationEntry) -> Result<(), Error> {
        let (audience, owner) = audience::CLOSED;
        let row = repatriation_operation::Model {
            id: self.tx.new_id(),
            country_id,
            code_name: entry.operation.clone(),
            name: None,
            date_from: entry.date_from,
            date_to: entry.date_to,
            date_precision: entry.date_precision,
            origins: Origins(vec![entry.origin.clone()]),
            audience,
            owner,
            created_at: self.tx.now(),
            updated_at: self.tx.now(),
            version: 1,
        };
        let row = self.tx.insert::<repatriation_operation::Entity>(row).await?;
        self.added += 1;
        self.figure(row.id, entry).await
    }

    async fn figure(&mut self, operation_id: RepatriationOperationId, entry: OperationEntry) -> Result<(), Error> {
        let named = entry.operation.as_deref().map_or_else(|| entry.date_from.to_string(), str::to_owned);
        let source = SourceEntry {
            title: format!("Report on the repatriation operation {named}"),
            publisher: entry.source_url.split('/').nth(2).map(str::to_owned),
            published_on: None,
            url: entry.source_url.clone(),
            language: None,
        };
        let source_id = self.source(source, audience::CLOSED).await?;
        let (audience, owner) = audience::CLOSED;
        let row = operation_figure::Model {
            id: self.tx.new_id(),
            operation_id: Some(operation_id),
            country_id: None,
            scope: FigureScope::Operation,
            as_of: entry.date_to,
            total: entry.total,
            women: entry.women,
            men: entry.men,
            children: entry.children,
            qualifier: CountQualifier::Exact,
            confidence: entry.confidence,
            preferred: true,
            source_id,
            audience,
            owner,
            created_at: self.tx.now(),
            updated_at: self.tx.now(),
            version: 1,
        };
        self.tx.insert::<operation_figure::Entity>(row).await?;
        self.added += 1;
        Ok(())
    }
}

/// English is the original where it exists.
fn localized(names: &Names) -> Result<LocalizedText, Error> {
    let original = if names.contains_key(&Locale::En) { Some(Locale::En) } else { names.keys().next().copied() };
    let original = original.ok_or_else(|| Error::internal("the public register has a text in no language"))?;
    let first = LocalizedText::new(original, names[&original].clone());
    Ok(names.iter().fold(first, |all, (locale, text)| all.with(*locale, text.clone())))
}

fn named<I: Copy>(ids: &HashMap<String, I>, key: &str) -> Result<I, Error> {
    ids.get(key)
        .copied()
        .ok_or_else(|| Error::internal(format!("the public register names {key}, which it does not define")))
}

fn optional<I: Copy>(ids: &HashMap<String, I>, key: Option<&str>) -> Result<Option<I>, Error> {
    key.map(|key| named(ids, key)).transpose()
}
