//! What a use case reads within its transaction, and locks until it ends. It writes nothing.
#![expect(clippy::disallowed_methods, reason = "a part of the one place that writes entities")]

use std::collections::{HashMap, HashSet};

use entity::id::BodyId;
use entity::{Record, Row, body, mandate};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, DbBackend, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::Tx;
use crate::auth::Standing;
use crate::database;
use crate::domain::council::is_valid_on;
use crate::domain::fields;
use crate::domain::validation::{Validated, ValidationError};
use crate::error::Error;
use crate::service::constraint::refused_write;
use crate::service::patch;
use crate::service::read::{self, Visible};

impl Tx<'_> {
    /// The record that an input names; a hidden one is treated like a missing one. `what` is its kind in plain words.
    pub async fn get<E: Visible>(&self, path: &str, id: E::Id, what: &str) -> Result<E::Model, Error> {
        read::get::<E>(&self.txn, &self.viewer, id).await?.ok_or_else(|| ValidationError::not_found(path, what).into())
    }

    /// As `get`, for an id as an input writes it. The validation errors may be put together with those of the input's other fields.
    pub async fn named<E: Visible>(&self, path: &str, id: &str, what: &str) -> Result<Validated<E::Model>, Error> {
        match fields::id(path, id, what) {
            Ok(id) => Error::validated(self.get::<E>(path, id, what).await),
            Err(refusals) => Ok(Err(refusals)),
        }
    }

    /// As `named`, for an id that may be missing.
    pub async fn named_if_given<E: Visible>(
        &self,
        path: &str,
        id: Option<&str>,
        what: &str,
    ) -> Result<Validated<Option<E::Model>>, Error> {
        match id {
            Some(id) => Ok(self.named::<E>(path, id, what).await?.map(Some)),
            None => Ok(Ok(None)),
        }
    }

    /// Checks, in one statement, that all records that an input names exist, each at its own place.
    pub async fn check_named<E: Visible>(
        &self,
        named: Vec<(String, E::Id)>,
        what: &str,
    ) -> Result<Validated<()>, Error> {
        let known = self.known::<E>(named.iter().map(|(_, id)| *id).collect()).await?;
        Ok(patch::named(&named, &known, what))
    }

    /// Those of the records that exist, in one statement.
    pub async fn known<E: Visible>(&self, ids: Vec<E::Id>) -> Result<HashSet<E::Id>, Error> {
        read::seen::<E>(&self.txn, &self.viewer, ids).await
    }

    /// Those of the records that exist, by their ids, in one statement.
    pub async fn by_id<E: Visible>(&self, mut ids: Vec<E::Id>) -> Result<HashMap<E::Id, E::Model>, Error> {
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = read::by_ids::<E>(&self.txn, &self.viewer, &ids).await?;
        Ok(rows.into_iter().map(|row| (E::id(&row), row)).collect())
    }

    /// The record that is to be changed, at the version that its author has read. It is locked until the transaction ends: a concurrent
    /// writer that has read the same version waits, and then conflicts.
    pub async fn get_at<E: Visible + Record>(
        &self,
        id: E::Id,
        expected_version: i32,
        what: &str,
    ) -> Result<E::Model, Error> {
        self.lock_row::<E>(id).await?;
        let row = self.get::<E>("id", id, what).await?;
        if E::version(&row) == expected_version { Ok(row) } else { Err(Error::stale()) }
    }

    /// A record that an input names and all records above it, from near to far. Concurrent calls for this kind of record wait until the
    /// transaction ends: two changes at once could close a circle that neither of them sees.
    pub async fn ancestors<E: Visible>(
        &self,
        path: &str,
        nearest: Option<E::Id>,
        above: impl Fn(&E::Model) -> Option<E::Id>,
        what: &str,
    ) -> Result<Vec<E::Id>, Error> {
        if nearest.is_some() {
            self.advisory_lock(E::default().table_name()).await?;
        }
        let (mut chain, mut next) = (Vec::new(), nearest);
        while let Some(id) = next.filter(|id| !chain.contains(id)) {
            chain.push(id);
            next = above(&self.get::<E>(path, id, what).await?);
        }
        Ok(chain)
    }

    /// Waits for every other transaction that has locked the same matter, and locks it until this one ends.
    pub async fn advisory_lock(&self, matter: &str) -> Result<(), Error> {
        database::advisory_lock(&self.txn, matter).await.map_err(refused_write)
    }

    /// Locks a record until the transaction ends, so that what is computed from its children stays true until then. Recommendations are locked
    /// first, then meetings, then agenda items, then bodies.
    pub async fn lock_row<E: Row>(&self, id: E::Id) -> Result<(), Error> {
        self.lock_rows::<E>(&[id]).await
    }

    /// As `lock_row`, for several records, in the order of their ids: two transactions that lock the same records cannot deadlock.
    pub async fn lock_rows<E: Row>(&self, ids: &[E::Id]) -> Result<(), Error> {
        let backend = self.txn.get_database_backend();
        if backend == DbBackend::Postgres && !ids.is_empty() {
            E::find()
                .filter(read::among(backend, E::ID, ids))
                .select_only()
                .column(E::ID)
                .order_by_asc(E::ID)
                .lock_exclusive()
                .into_tuple::<E::Id>()
                .all(&self.txn)
                .await
                .map_err(refused_write)?;
        }
        Ok(())
    }

    /// What the viewer's organisation is in a body today.
    pub async fn standing(&self, body: BodyId) -> Result<Standing, Error> {
        Ok(self.standings().await?.remove(&body).unwrap_or_default())
    }

    /// What the viewer's organisation is today in each body where it has a mandate.
    pub async fn standings(&self) -> Result<HashMap<BodyId, Standing>, Error> {
        let mut standings: HashMap<BodyId, Standing> = HashMap::new();
        let Some(organization) = self.viewer.acts_for() else { return Ok(standings) };
        let held = Condition::all().add(mandate::Column::OrganizationId.eq(organization));
        let today = self.today();
        for mandate in read::all::<mandate::Entity>(&self.txn, &self.viewer, held).await? {
            if is_valid_on(&mandate, today) {
                standings.entry(mandate.body_id).or_default().roles.push(mandate.role);
            }
        }
        Ok(standings)
    }

    /// The active body of a kind.
    pub async fn body_of_kind(&self, kind: body::BodyKind) -> Result<Option<body::Model>, Error> {
        let active = Condition::all().add(body::Column::Kind.eq(kind)).add(body::Column::Active.eq(true));
        read::find::<body::Entity>(&self.txn, &self.viewer, active).await
    }
}
