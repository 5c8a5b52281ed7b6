//! The loaders of one request, with typed keys: rows by id, parts of a parent, a page of each parent, counts. They read as
//! the viewer and have no SQL; `batch` runs their batches in the request's own task.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{BodyId, BodySessionId, OrganizationId, RecommendationId, RecordId, WebhookId};
use entity::{Part, Row, body_session, external_id, mandate, recommendation, record_state, webhook_delivery};
use uuid::Uuid;

use super::batch::Batches;
use crate::auth::Viewer;
use crate::domain::council::is_valid_within;
use crate::error::Error;
use crate::service;
use crate::service::cache;
use crate::service::context::AppContext;
use crate::service::nested;
use crate::service::page::{Listing, Page};
use crate::service::read::{self, Visible};
use crate::service::relation::Relation;

/// What the loaders read with.
pub struct Reader {
    app: Arc<AppContext>,
    viewer: Arc<Viewer>,
}

/// What can be loaded, one kind of key for each kind of value.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    type Value: Clone + Send + Sync + 'static;
    /// The values of a batch of keys; a key without one is left out.
    fn load(reader: &Reader, keys: &[Self]) -> impl Future<Output = Result<HashMap<Self, Self::Value>, Error>> + Send;
}

/// The loaders of one request. They read a value once, until something is written.
pub struct Loaders {
    reader: Arc<Reader>,
    batches: Batches,
    /// A `Batch` for each kind of key.
    by_key: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Loaders {
    pub fn new(app: Arc<AppContext>, viewer: Arc<Viewer>, batches: &Batches) -> Self {
        Self { reader: Arc::new(Reader { app, viewer }), batches: batches.clone(), by_key: Mutex::default() }
    }

    /// The value of a key, read together with all others of the level; `None` if there is none.
    pub async fn one<K: Key>(&self, key: K) -> Result<Option<K::Value>, Arc<Error>> {
        let values = self.batch::<K>();
        std::future::poll_fn(|context| match values.take(&key, context.waker()) {
            Taken::Known(value) => Poll::Ready(value),
            Taken::Waits => Poll::Pending,
            Taken::WaitsFirst => {
                self.batches.add(Batch::fill(Arc::clone(&values), Arc::clone(&self.reader)));
                Poll::Pending
            }
        })
        .await
    }

    /// Forgets what was read before a write, so that the next field of the operation sees what was written.
    pub fn forget(&self) {
        self.by_key().clear();
    }

    fn by_key(&self) -> MutexGuard<'_, HashMap<TypeId, Arc<dyn Any + Send + Sync>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn batch<K: Key>(&self) -> Arc<Batch<K>> {
        let mut by_key = self.by_key();
        let values = by_key.entry(TypeId::of::<K>()).or_insert_with(|| Arc::new(Batch::<K>::default()));
        // The entry under the type of a key has that key, so the downcast succeeds.
        Arc::clone(values).downcast().unwrap_or_default()
    }
}

/// The values of one kind of key: those that are known, and the keys that are still to be read.
struct Batch<K: Key>(Mutex<Contents<K>>);

struct Contents<K: Key> {
    known: HashMap<K, Option<K::Value>>,
    /// All keys that were ever requested.
    asked: HashSet<K>,
    /// The keys that no batch reads yet.
    wanted: Vec<K>,
    /// The tasks that wait for a batch.
    waiting: Vec<Waker>,
    failed: Option<Arc<Error>>,
}

enum Taken<V> {
    Known(Result<Option<V>, Arc<Error>>),
    Waits,
    /// The first task that waits for a batch; it adds the batch.
    WaitsFirst,
}

impl<K: Key> Default for Batch<K> {
    fn default() -> Self {
        Self(Mutex::new(Contents {
            known: HashMap::new(),
            asked: HashSet::new(),
            wanted: Vec::new(),
            waiting: Vec::new(),
            failed: None,
        }))
    }
}

impl<K: Key> Batch<K> {
    fn contents(&self) -> MutexGuard<'_, Contents<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, key: &K, waker: &Waker) -> Taken<K::Value> {
        let mut contents = self.contents();
        if let Some(value) = contents.known.get(key) {
            return Taken::Known(Ok(value.clone()));
        }
        if let Some(error) = &contents.failed {
            return Taken::Known(Err(Arc::clone(error)));
        }
        contents.waiting.push(waker.clone());
        // A task that is polled again while it waits has requested its key already.
        if !contents.asked.insert(key.clone()) {
            return Taken::Waits;
        }
        contents.wanted.push(key.clone());
        if contents.wanted.len() == 1 { Taken::WaitsFirst } else { Taken::Waits }
    }

    /// Reads all keys that are wanted when the batch begins, and wakes the tasks that wait for it.
    async fn fill(self: Arc<Self>, reader: Arc<Reader>) {
        let keys: Vec<K> = {
            let mut contents = self.contents();
            std::mem::take(&mut contents.wanted)
        };
        let values = K::load(&reader, &keys).await;
        let waiting = {
            let mut contents = self.contents();
            match values {
                Ok(mut values) => contents.known.extend(keys.into_iter().map(|key| {
                    let value = values.remove(&key);
                    (key, value)
                })),
                Err(error) => contents.failed = Some(Arc::new(error)),
            }
            std::mem::take(&mut contents.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Makes a type a key of a loader: how it is copied, and by what two keys are equal. `#[derive]` would require the same of
/// the entity. Expands to
/// `impl Clone`, by `copy`;
/// `impl PartialEq` and `impl Eq`, by what they are `equal by`;
/// `impl Hash`, by the same.
macro_rules! key {
    ($key:ident<$entity:ident: $bound:path>, |$this:ident| copy $copy:expr, equal by $identity:expr) => {
        impl<$entity: $bound> Clone for $key<$entity> {
            fn clone(&self) -> Self {
                let $this = self;
                $copy
            }
        }

        impl<$entity: $bound> PartialEq for $key<$entity> {
            fn eq(&self, other: &Self) -> bool {
                let one = $identity;
                one(self) == one(other)
            }
        }

        impl<$entity: $bound> Eq for $key<$entity> {}

        impl<$entity: $bound> Hash for $key<$entity> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                let identity = $identity;
                identity(self).hash(state);
            }
        }
    };
}

/// A row by its id, as it is now.
pub struct ById<E: Row>(pub E::Id);
key!(ById<E: Row>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<E: Visible> Key for ById<E> {
    type Value = Arc<E::Model>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let ids: Vec<E::Id> = keys.iter().map(|key| key.0).collect();
        let rows = read::by_ids::<E>(&reader.app.databases.read, &reader.viewer, &ids).await?;
        Ok(rows.into_iter().map(|row| (ById(E::id(&row)), Arc::new(row))).collect())
    }
}

/// A row of a cached type, by its id, as other rows name it.
pub struct Cached<E: Row>(pub E::Id);
key!(Cached<E: Row>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<E: Visible> Key for Cached<E> {
    type Value = Arc<E::Model>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let ids: Vec<E::Id> = keys.iter().map(|key| key.0).collect();
        let rows = cache::by_ids::<E>(&reader.app, &reader.viewer, &ids).await?;
        Ok(rows.into_iter().map(|row| (Cached(E::id(&row)), row)).collect())
    }
}

/// The parts of a parent, in their order.
pub struct PartsOf<P: Part>(pub P::ParentId);
key!(PartsOf<P: Part>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<P: Part + Visible> Key for PartsOf<P> {
    type Value = Arc<Vec<Arc<P::Model>>>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let parents: Vec<P::ParentId> = keys.iter().map(|key| key.0).collect();
        let mut parts: HashMap<P::ParentId, Vec<Arc<P::Model>>> =
            parents.iter().map(|parent| (*parent, Vec::new())).collect();
        for row in read::children::<P>(&reader.app.databases.read, &reader.viewer, &parents).await? {
            parts.entry(P::parent(&row)).or_default().push(Arc::new(row));
        }
        Ok(parts.into_iter().map(|(parent, rows)| (PartsOf(parent), Arc::new(rows))).collect())
    }
}

/// How many parts a parent has, hidden ones included.
pub struct Headcount<P: Part>(pub P::ParentId);
key!(Headcount<P: Part>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<P: Part> Key for Headcount<P> {
    type Value = i64;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let parents: Vec<Uuid> = keys.iter().map(|key| key.0.uuid()).collect();
        let counts = nested::headcounts::<P>(&reader.app.databases.read, &parents).await?;
        Ok(keys.iter().map(|key| (key.clone(), counts.get(&key.0.uuid()).copied().unwrap_or(0))).collect())
    }
}

/// One list of the children of one parent.
pub struct ChildrenOf<E: Row> {
    pub parent: Uuid,
    pub relation: Relation,
    pub listing: Arc<Listing<E>>,
}

impl<E: Row> ChildrenOf<E> {
    fn copy(&self) -> Self {
        Self { parent: self.parent, relation: self.relation.clone(), listing: Arc::clone(&self.listing) }
    }

    fn identity(&self) -> (Uuid, String) {
        (self.parent, self.listing.identity().to_owned())
    }
}

/// A page of a parent's children.
pub struct PageOf<E: Row>(pub ChildrenOf<E>);
key!(PageOf<E: Row>, |key| copy Self(key.0.copy()), equal by |key: &Self| key.0.identity());

impl<E: Visible> Key for PageOf<E> {
    type Value = Arc<Page<Arc<E::Model>>>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let mut pages = HashMap::new();
        for group in same_list(keys, |key| &key.0) {
            let ChildrenOf { relation, listing, .. } = &group[0].0;
            let parents: Vec<Uuid> = group.iter().map(|key| key.0.parent).collect();
            let mut found =
                nested::pages::<E>(&reader.app.databases.read, &reader.viewer, relation, &parents, listing).await?;
            for key in group {
                if let Some(page) = found.remove(&key.0.parent) {
                    pages.insert(key.clone(), Arc::new(page.map(Arc::new)));
                }
            }
        }
        Ok(pages)
    }
}

/// How many children a parent has.
pub struct CountOf<E: Row>(pub ChildrenOf<E>);
key!(CountOf<E: Row>, |key| copy Self(key.0.copy()), equal by |key: &Self| key.0.identity());

impl<E: Visible> Key for CountOf<E> {
    type Value = i64;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let mut counts = HashMap::new();
        for group in same_list(keys, |key| &key.0) {
            let ChildrenOf { relation, listing, .. } = &group[0].0;
            let parents: Vec<Uuid> = group.iter().map(|key| key.0.parent).collect();
            let condition = listing.condition.clone();
            let found =
                nested::counts::<E>(&reader.app.databases.read, &reader.viewer, relation, &parents, condition).await?;
            counts.extend(group.into_iter().map(|key| (key.clone(), found.get(&key.0.parent).copied().unwrap_or(0))));
        }
        Ok(counts)
    }
}

/// Groups keys by the list that they ask for: each group is one statement.
fn same_list<K, E: Row>(keys: &[K], children: impl Fn(&K) -> &ChildrenOf<E>) -> Vec<Vec<&K>> {
    let mut groups: HashMap<&str, Vec<&K>> = HashMap::new();
    for key in keys {
        groups.entry(children(key).listing.identity()).or_default().push(key);
    }
    groups.into_values().collect()
}

/// The recommendation that replaces another one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Successor(pub RecommendationId);

impl Key for Successor {
    type Value = Arc<recommendation::Model>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let earlier: Vec<RecommendationId> = keys.iter().map(|key| key.0).collect();
        let rows = service::recommendation::successors(&reader.app.databases.read, &reader.viewer, &earlier).await?;
        let keyed = rows.into_iter().filter_map(|row| Some((Successor(row.supersedes_id?), Arc::new(row))));
        Ok(keyed.collect())
    }
}

/// The mandates that let their holders object in a body on one of these days.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MayObject(pub BodyId, pub (NaiveDate, NaiveDate));

impl Key for MayObject {
    type Value = Arc<Vec<Arc<mandate::Model>>>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let bodies: Vec<BodyId> = keys.iter().map(|key| key.0).collect();
        let able = service::consensus::able_to_object(&reader.app.databases.read, &reader.viewer, &bodies).await?;
        let valid = |Self(body, days): &Self| {
            let held = able.get(body).into_iter().flatten().filter(|mandate| is_valid_within(mandate, *days));
            Arc::new(held.map(Arc::clone).collect())
        };
        Ok(keys.iter().map(|key| (key.clone(), valid(key))).collect())
    }
}

/// The mandates of an organisation in a body, whenever they are valid.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeldIn(pub BodyId, pub OrganizationId);

impl Key for HeldIn {
    type Value = Arc<Vec<mandate::Model>>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let (bodies, holders): (Vec<BodyId>, Vec<OrganizationId>) = keys.iter().map(|key| (key.0, key.1)).unzip();
        let rows = service::mandate::held_in(&reader.app.databases.read, &reader.viewer, &bodies, &holders).await?;
        let mut held: HashMap<Self, Vec<mandate::Model>> = HashMap::new();
        for row in rows {
            held.entry(Self(row.body_id, row.organization_id)).or_default().push(row);
        }
        Ok(held.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
    }
}

/// The last session of a body before one of it that was held.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeldBefore {
    session: BodySessionId,
    body: BodyId,
    ordinal: i32,
}

impl HeldBefore {
    pub fn of(session: &body_session::Model) -> Self {
        Self { session: session.id, body: session.body_id, ordinal: session.ordinal }
    }
}

impl Key for HeldBefore {
    type Value = Arc<body_session::Model>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let sessions: Vec<BodySessionId> = keys.iter().map(|key| key.session).collect();
        let rows = service::meeting::pack::held_before(&reader.app.databases.read, &reader.viewer, &sessions).await?;
        let rows: Vec<_> = rows.into_iter().map(Arc::new).collect();
        let last = |key: &Self| {
            let before = rows.iter().filter(|row| row.body_id == key.body && row.ordinal < key.ordinal);
            Some((key.clone(), Arc::clone(before.max_by_key(|row| row.ordinal)?)))
        };
        Ok(keys.iter().filter_map(last).collect())
    }
}

/// What a record was at an instant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StateAt(pub Uuid, pub DateTime<Utc>);

impl Key for StateAt {
    type Value = Arc<record_state::Model>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let mut records: HashMap<DateTime<Utc>, Vec<Uuid>> = HashMap::new();
        for Self(record, at) in keys {
            records.entry(*at).or_default().push(*record);
        }
        let mut states = HashMap::new();
        for (at, records) in records {
            let found = service::record_state::as_of(&reader.app, &reader.viewer, &records, at).await?;
            states.extend(found.into_iter().map(|state| (Self(state.record_id, at), Arc::new(state))));
        }
        Ok(states)
    }
}

/// What other systems call a record.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalIdsOf(pub Uuid);

impl Key for ExternalIdsOf {
    type Value = Arc<Vec<Arc<external_id::Model>>>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let records: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let read = service::external_id::of_records(&reader.app.databases.read, &reader.viewer, &records).await?;
        let shared = |rows: Vec<external_id::Model>| Arc::new(rows.into_iter().map(Arc::new).collect());
        Ok(read.into_iter().map(|(record, rows)| (ExternalIdsOf(record), shared(rows))).collect())
    }
}

/// The last deliveries of a webhook.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeliveriesOf(pub WebhookId);

impl Key for DeliveriesOf {
    type Value = Arc<Vec<Arc<webhook_delivery::Model>>>;

    async fn load(reader: &Reader, keys: &[Self]) -> Result<HashMap<Self, Self::Value>, Error> {
        let ids: Vec<WebhookId> = keys.iter().map(|key| key.0).collect();
        let read = service::webhook::deliveries(&reader.app.databases.read, &reader.viewer, &ids).await?;
        let shared = |rows: Vec<webhook_delivery::Model>| Arc::new(rows.into_iter().map(Arc::new).collect());
        Ok(read.into_iter().map(|(webhook, rows)| (DeliveriesOf(webhook), shared(rows))).collect())
    }
}
