//! External ids: what other systems call our records. Linking one changes no version of a record and is not in the feed. A system belongs
//! to the organisation that used it first, or to the secretariat; nobody else sees its ids.

use std::collections::{HashMap, HashSet};

use async_graphql::{ID, InputObject};
use entity::id::{OrganizationId, RecordId as _};
use entity::{Audience, Record, RecordType, external_id, source_system};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use uuid::Uuid;

use super::read::{self, Visible};
use super::registry::{RecordRef, format_id, parse_id};
use super::tx::{Tx, Written};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::external::{self, ExternalKey};
use crate::domain::fields;
use crate::domain::validation::{Validated, ValidationError, combine};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for external_id::Entity {}
impl Visible for source_system::Entity {}

/// Where an external id stands in the inputs that have one.
const PATH: &str = "externalId";

/// What another system calls a record.
#[derive(Clone, Debug, InputObject)]
pub struct ExternalIdInput {
    /// The other system's name: at most 64 Latin letters, digits, and the signs `.` `-` `_` `:`. It is yours once you are the first to use
    /// it; an organisation has 50 systems at most.
    pub source_system: String,
    /// The record's id in that system, at most 200 characters.
    pub value: String,
}

/// The systems that a writer may use, by name.
#[derive(Debug, Default)]
pub struct Systems {
    known: HashMap<String, source_system::Model>,
    /// How many the writer's organisation has, and how many new ones it wants.
    owned: Option<usize>,
    new: usize,
    /// Those that belong to the writer's organisation from this transaction on.
    claimed: Vec<source_system::Model>,
}

impl Systems {
    /// Checks that the writer may use a key's system.
    pub fn check(&self, path: &str, key: &ExternalKey) -> Validated<()> {
        let is_ours = self.known.contains_key(&key.source_system);
        external::room_for_systems(path, self.owned, if is_ours { 0 } else { self.new })?;
        external::is_ours(path, is_ours)
    }

    /// Gives back the systems that none of these keys names: a row that is refused takes no name away from others.
    pub async fn give_back(&self, tx: &mut Tx<'_>, used: &HashSet<String>) -> Result<(), Error> {
        for system in self.claimed.iter().filter(|system| !used.contains(&system.name)) {
            tx.remove_unversioned::<source_system::Entity>(system).await?;
        }
        Ok(())
    }

    /// Who owns the external ids of a key's system.
    pub fn owner(&self, key: &ExternalKey) -> Option<OrganizationId> {
        self.known.get(&key.source_system).and_then(|system| system.owner)
    }
}

impl ExternalIdInput {
    pub fn parse(&self) -> Validated<ExternalKey> {
        external::key(PATH, &self.source_system, &self.value)
    }
}

/// A record and what another system calls it.
#[derive(Clone, Debug, InputObject)]
pub struct LinkExternalIdInput {
    /// The record, of any type.
    pub id: ID,
    /// What the other system calls it.
    pub external_id: ExternalIdInput,
}

/// A record and what another system has called it.
#[derive(Clone, Debug, InputObject)]
pub struct UnlinkExternalIdInput {
    /// The record, of any type.
    pub id: ID,
    /// What the other system has called it.
    pub external_id: ExternalIdInput,
}

/// The record with this external id, if the viewer may see both.
pub async fn find<E: Visible + Record>(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &ExternalIdInput,
) -> Result<Option<E::Model>, Error> {
    let Ok(key) = by.parse() else { return Ok(None) };
    let mut linked = read::select::<external_id::Entity>(viewer).cond_where(of_key(E::TYPE, &key)).take();
    linked.clear_selects().column(external_id::Column::RecordId);
    read::find::<E>(db, viewer, Condition::all().add(E::ID.in_subquery(linked))).await
}

/// The printed id of the record of a type that has this external id.
pub async fn named_by(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    record: RecordType,
    by: &ExternalIdInput,
) -> Result<Option<String>, Error> {
    let Ok(key) = by.parse() else { return Ok(None) };
    let row = read::find::<external_id::Entity>(db, viewer, of_key(record, &key)).await?;
    Ok(row.and_then(|row| format_id(record, row.record_id)))
}

fn of_key(record: RecordType, key: &ExternalKey) -> Condition {
    Condition::all()
        .add(external_id::Column::RecordKind.eq(record))
        .add(external_id::Column::SourceSystem.eq(&key.source_system))
        .add(external_id::Column::Value.eq(&key.value))
}

/// The external ids of several records that the viewer may see, by system and value.
pub async fn of_records(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    records: &[Uuid],
) -> Result<HashMap<Uuid, Vec<external_id::Model>>, Error> {
    let of_records = read::among_uuids(db.get_database_backend(), external_id::Column::RecordId, records);
    let rows = read::all::<external_id::Entity>(db, viewer, Condition::all().add(of_records)).await?;
    let mut by_record: HashMap<Uuid, Vec<external_id::Model>> = HashMap::new();
    for row in rows {
        by_record.entry(row.record_id).or_default().push(row);
    }
    for rows in by_record.values_mut() {
        rows.sort_by(|one, other| (&one.source_system, &one.value).cmp(&(&other.source_system, &other.value)));
    }
    Ok(by_record)
}

pub async fn link(
    app: &AppContext,
    viewer: &Viewer,
    input: LinkExternalIdInput,
) -> Result<Written<external_id::Model>, Error> {
    viewer.require(Act::Link)?;
    let mut tx = app.begin(viewer, Action::LinkExternalId).await?;
    combine!(record = known(&tx, &input.id).await?, key = input.external_id.parse());
    let systems = claim(&tx, &[&key]).await?;
    systems.check(PATH, &key)?;
    let known = of_keys(&tx, record.record, &[&key]).await?.remove(&key);
    if let Some(row) = known {
        external::names_one(PATH, row.record_id == record.id)?;
        tx.rollback().await?;
        return Ok(Written { record: row, cursor: None });
    }
    let linked = of_records(tx.db(), tx.viewer(), &[record.id]).await?;
    let linked = linked.get(&record.id).into_iter().flatten();
    fields::room(PATH, linked.filter(|row| row.owner == systems.owner(&key)).count())?;
    let row = row(&tx, record, key, &systems);
    tx.insert_unversioned::<external_id::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(row).await
}

pub async fn unlink(
    app: &AppContext,
    viewer: &Viewer,
    input: UnlinkExternalIdInput,
) -> Result<Written<external_id::Model>, Error> {
    viewer.require(Act::Link)?;
    let mut tx = app.begin(viewer, Action::UnlinkExternalId).await?;
    combine!(record = known(&tx, &input.id).await?, key = input.external_id.parse());
    let row = read::find::<external_id::Entity>(tx.db(), tx.viewer(), of_key(record.record, &key)).await?;
    let row =
        row.filter(|row| row.record_id == record.id).ok_or_else(|| ValidationError::not_found(PATH, "external id"))?;
    tx.remove_unversioned::<external_id::Entity>(&row).await?;
    tx.commit(row).await
}

/// The record of an id; one that the viewer may not see is refused. It is locked, so that it is not removed meanwhile.
async fn known(tx: &Tx<'_>, id: &ID) -> Result<Validated<RecordRef>, Error> {
    use super::registry::with_published;
    let RecordRef { record, id } = match parse_id(id) {
        Ok(named) => named,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let known = with_published!(record, E => {
        let id = <E as entity::Row>::Id::new(id);
        tx.lock_row::<E>(id).await?;
        tx.known::<E>(vec![id]).await?.contains(&id)
    });
    let named = RecordRef { record, id };
    Ok(if known == Some(true) { Ok(named) } else { Err(vec![ValidationError::not_found("id", "record")]) })
}

/// Makes the systems of these keys the viewer's if nobody owns them yet. Returns those that it may use.
pub async fn claim(tx: &Tx<'_>, keys: &[&ExternalKey]) -> Result<Systems, Error> {
    let names: HashSet<&str> = keys.iter().map(|key| key.source_system.as_str()).collect();
    if names.is_empty() {
        return Ok(Systems::default());
    }
    let known = known_systems(tx, &names).await?;
    let owner = tx.viewer().acts_for();
    let new = names.iter().filter(|name| !known.contains_key(**name)).map(|name| source_system::Model {
        id: tx.new_id(),
        name: (*name).to_owned(),
        audience: Audience::Confidential,
        owner,
    });
    let new: Vec<source_system::Model> = new.collect();
    if new.is_empty() {
        return Ok(Systems { known, ..Systems::default() });
    }
    let systems = Systems { known, owned: owned(tx, owner).await?, new: new.len(), claimed: Vec::new() };
    if external::room_for_systems(PATH, systems.owned, systems.new).is_err() {
        return Ok(systems);
    }
    tx.insert_missing::<source_system::Entity>(new.clone(), source_system::Column::Name).await?;
    let known = known_systems(tx, &names).await?;
    let is_known = |system: &source_system::Model| known.get(&system.name).is_some_and(|row| row.id == system.id);
    let claimed = new.into_iter().filter(is_known).collect();
    Ok(Systems { known, claimed, ..systems })
}

/// How many systems an organisation has; not counted for the secretariat.
async fn owned(tx: &Tx<'_>, owner: Option<OrganizationId>) -> Result<Option<usize>, Error> {
    let Some(owner) = owner else { return Ok(None) };
    let own = Condition::all().add(source_system::Column::Owner.eq(owner));
    let count = read::count::<source_system::Entity>(tx.db(), tx.viewer(), own).await?;
    Ok(Some(usize::try_from(count).unwrap_or(usize::MAX)))
}

async fn known_systems(tx: &Tx<'_>, names: &HashSet<&str>) -> Result<HashMap<String, source_system::Model>, Error> {
    let backend = tx.db().get_database_backend();
    let of_names = read::among_texts(backend, source_system::Column::Name, names.iter().copied());
    let rows = read::all::<source_system::Entity>(tx.db(), tx.viewer(), Condition::all().add(of_names)).await?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
}

/// What is linked under these keys.
pub async fn of_keys(
    tx: &Tx<'_>,
    record: RecordType,
    keys: &[&ExternalKey],
) -> Result<HashMap<ExternalKey, external_id::Model>, Error> {
    let (systems, values): (HashSet<&str>, HashSet<&str>) =
        keys.iter().map(|key| (key.source_system.as_str(), key.value.as_str())).unzip();
    if values.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = tx.db().get_database_backend();
    let of_keys = Condition::all()
        .add(external_id::Column::RecordKind.eq(record))
        .add(read::among_texts(backend, external_id::Column::SourceSystem, systems))
        .add(read::among_texts(backend, external_id::Column::Value, values));
    let rows = read::all::<external_id::Entity>(tx.db(), tx.viewer(), of_keys).await?;
    let keyed = rows.into_iter().map(|row| {
        let key = ExternalKey { source_system: row.source_system.clone(), value: row.value.clone() };
        (key, row)
    });
    Ok(keyed.collect())
}

/// A new external id of a record, in a system that the viewer may use.
pub fn row(
    tx: &Tx<'_>,
    RecordRef { record, id }: RecordRef,
    key: ExternalKey,
    systems: &Systems,
) -> external_id::Model {
    external_id::Model {
        id: tx.new_id(),
        record_kind: record,
        record_id: id,
        created_at: tx.now(),
        audience: Audience::Confidential,
        owner: systems.owner(&key),
        source_system: key.source_system,
        value: key.value,
    }
}
