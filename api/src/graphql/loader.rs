//! One loader a request, with typed keys: rows by id, parts of a parent, a page of each parent, counts.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use entity::id::{RecommendationId, RecordId};
use entity::{Part, Row, recommendation};
use uuid::Uuid;

use super::batch::{Batches, NoDelay};
use crate::App;
use crate::auth::Viewer;
use crate::error::Error;
use crate::service;
use crate::service::page::{Listing, Page};
use crate::service::read::{self, Link, Visible};

/// What the loaders read with.
pub struct Reader {
    app: Arc<App>,
    viewer: Arc<Viewer>,
}

pub type Loaders = DataLoader<Reader, HashMapCache>;

/// The loaders of one request. Within it a row is read once.
pub fn loaders(app: Arc<App>, viewer: Arc<Viewer>, batches: &Batches) -> Loaders {
    DataLoader::with_cache(Reader { app, viewer }, batches.clone(), NoDelay, HashMapCache::default())
}

/// Makes a type a key of a loader: how it is copied, and by what two keys are equal.
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

/// A row, by its id.
pub struct ById<E: Row>(pub E::Id);
key!(ById<E: Row>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<E: Visible> Loader<ById<E>> for Reader {
    type Value = Arc<E::Model>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ById<E>]) -> Result<HashMap<ById<E>, Self::Value>, Self::Error> {
        let ids: Vec<E::Id> = keys.iter().map(|key| key.0).collect();
        let rows = read::by_ids::<E>(&self.app.databases.read, &self.viewer, &ids).await?;
        Ok(rows.into_iter().map(|row| (ById(E::id(&row)), Arc::new(row))).collect())
    }
}

/// The parts of a parent, in their order.
pub struct PartsOf<P: Part>(pub P::ParentId);
key!(PartsOf<P: Part>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<P: Part + Visible> Loader<PartsOf<P>> for Reader {
    type Value = Arc<Vec<Arc<P::Model>>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[PartsOf<P>]) -> Result<HashMap<PartsOf<P>, Self::Value>, Self::Error> {
        let parents: Vec<P::ParentId> = keys.iter().map(|key| key.0).collect();
        let mut parts: HashMap<P::ParentId, Vec<Arc<P::Model>>> =
            parents.iter().map(|parent| (*parent, Vec::new())).collect();
        for row in read::children::<P>(&self.app.databases.read, &self.viewer, &parents).await? {
            parts.entry(P::parent(&row)).or_default().push(Arc::new(row));
        }
        Ok(parts.into_iter().map(|(parent, rows)| (PartsOf(parent), Arc::new(rows))).collect())
    }
}

/// How many parts a parent has, the hidden ones included.
pub struct Headcount<P: Part>(pub P::ParentId);
key!(Headcount<P: Part>, |key| copy Self(key.0), equal by |key: &Self| key.0);

impl<P: Part> Loader<Headcount<P>> for Reader {
    type Value = i64;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Headcount<P>]) -> Result<HashMap<Headcount<P>, i64>, Self::Error> {
        let parents: Vec<Uuid> = keys.iter().map(|key| key.0.uuid()).collect();
        let counts = read::headcounts::<P>(&self.app.databases.read, &parents).await?;
        Ok(keys.iter().map(|key| (key.clone(), counts.get(&key.0.uuid()).copied().unwrap_or(0))).collect())
    }
}

/// One list of the children of one parent.
pub struct ChildrenOf<E: Row> {
    pub parent: Uuid,
    pub link: Link,
    pub listing: Arc<Listing<E>>,
}

impl<E: Row> ChildrenOf<E> {
    fn copy(&self) -> Self {
        Self { parent: self.parent, link: self.link.clone(), listing: Arc::clone(&self.listing) }
    }

    fn identity(&self) -> (Uuid, String) {
        (self.parent, self.listing.identity().to_owned())
    }
}

/// A page of a parent's children.
pub struct PageOf<E: Row>(pub ChildrenOf<E>);
key!(PageOf<E: Row>, |key| copy Self(key.0.copy()), equal by |key: &Self| key.0.identity());

impl<E: Visible> Loader<PageOf<E>> for Reader {
    type Value = Arc<Page<Arc<E::Model>>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[PageOf<E>]) -> Result<HashMap<PageOf<E>, Self::Value>, Self::Error> {
        let mut pages = HashMap::new();
        for group in same_list(keys, |key| &key.0) {
            let ChildrenOf { link, listing, .. } = &group[0].0;
            let parents: Vec<Uuid> = group.iter().map(|key| key.0.parent).collect();
            let mut found = read::pages::<E>(&self.app.databases.read, &self.viewer, link, &parents, listing).await?;
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

impl<E: Visible> Loader<CountOf<E>> for Reader {
    type Value = i64;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CountOf<E>]) -> Result<HashMap<CountOf<E>, i64>, Self::Error> {
        let mut counts = HashMap::new();
        for group in same_list(keys, |key| &key.0) {
            let ChildrenOf { link, listing, .. } = &group[0].0;
            let parents: Vec<Uuid> = group.iter().map(|key| key.0.parent).collect();
            let condition = listing.condition.clone();
            let found = read::counts::<E>(&self.app.databases.read, &self.viewer, link, &parents, condition).await?;
            counts.extend(group.into_iter().map(|key| (key.clone(), found.get(&key.0.parent).copied().unwrap_or(0))));
        }
        Ok(counts)
    }
}

/// The keys by the list that they ask for: one statement each.
fn same_list<K, E: Row>(keys: &[K], children: impl Fn(&K) -> &ChildrenOf<E>) -> Vec<Vec<&K>> {
    let mut groups: HashMap<&str, Vec<&K>> = HashMap::new();
    for key in keys {
        groups.entry(children(key).listing.identity()).or_default().push(key);
    }
    groups.into_values().collect()
}

/// The recommendation that takes the place of another one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Successor(pub RecommendationId);

impl Loader<Successor> for Reader {
    type Value = Arc<recommendation::Model>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Successor]) -> Result<HashMap<Successor, Self::Value>, Self::Error> {
        let earlier: Vec<RecommendationId> = keys.iter().map(|key| key.0).collect();
        let rows = service::recommendation::successors(&self.app.databases.read, &self.viewer, &earlier).await?;
        let keyed = rows.into_iter().filter_map(|row| Some((Successor(row.supersedes_id?), Arc::new(row))));
        Ok(keyed.collect())
    }
}
