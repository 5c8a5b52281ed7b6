//! Requests that may be repeated: the key, the effects and the answer of a request are one transaction. A request with the same key that
//! comes meanwhile waits, and gets the same answer.
#![expect(
    clippy::disallowed_methods,
    reason = "keys are no part of the register: neither the read layer nor the unit of work knows them"
)]

use std::sync::Arc;

use chrono::TimeDelta;
use entity::idempotency_key::{self, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use tokio::sync::OwnedMutexGuard;

use super::constraint::refused_write;
use super::context::AppContext;
use super::context::feed::Head;
use super::{change, prune};
use crate::database::Transaction;
use crate::error::Error;

/// How long an answer is kept, in hours.
const REPLAY_HOURS: i64 = 24;

/// A request with an idempotency key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// Whose key it is: the same key of another client is a different key.
    pub client: String,
    pub key: String,
    /// A hash of the request's body.
    pub fingerprint: String,
}

/// What to do with a request that has an idempotency key.
pub enum Claimed {
    /// The first one: it is executed with this context within the transaction, and its answer is kept.
    First(Arc<AppContext>, Open),
    /// A repeated one: its answer.
    Again(String),
}

/// A request that is being executed, in an open transaction.
pub struct Open {
    txn: Arc<Transaction>,
    keyed: KeyedRequest,
    _turn: OwnedMutexGuard<()>,
}

/// Claims a key. Waits for a request that has claimed it before.
pub async fn claim(app: &AppContext, keyed: KeyedRequest) -> Result<Claimed, Error> {
    let turn = app.queues.turn(&keyed.client, &keyed.key).await;
    let txn = app.databases.begin().await?;
    let (client, key) = (keyed.client.clone(), keyed.key.clone());
    let old = Entity::delete_by_id((client.clone(), key.clone())).filter(outdated(app));
    old.exec(&txn).await.map_err(refused_write)?;
    let row = idempotency_key::Model {
        client: client.clone(),
        key: key.clone(),
        fingerprint: keyed.fingerprint.clone(),
        answer: None,
        at: app.clock.now(),
    };
    let columns = [idempotency_key::Column::Client, idempotency_key::Column::Key];
    let insert = Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
        .exec_without_returning(&txn)
        .await
        .map_err(refused_write)?;
    if insert == 1 {
        let txn = Arc::new(txn);
        return Ok(Claimed::First(Arc::new(app.within(&txn)), Open { txn, keyed, _turn: turn }));
    }
    let row = Entity::find_by_id((client, key)).one(&txn).await?;
    txn.rollback().await?;
    let row = row.ok_or_else(|| Error::internal("a key is neither free nor taken"))?;
    if row.fingerprint != keyed.fingerprint {
        return Err(Error::IdempotencyKeyReused);
    }
    row.answer.map(Claimed::Again).ok_or_else(|| Error::internal("a key has no answer"))
}

/// Refuses, under a key, what shows a secret once and so must not be kept, and what would wait for others while the transaction is open.
pub fn forbids_keys(app: &AppContext) -> Result<(), Error> {
    if app.databases.commits() {
        return Ok(());
    }
    Err(Error::InvalidArgument { message: "This is not asked for with an Idempotency-Key.".to_owned() })
}

fn outdated(app: &AppContext) -> sea_orm::sea_query::Expr {
    idempotency_key::Column::At.lte(app.clock.now() - TimeDelta::hours(REPLAY_HOURS))
}

impl Open {
    /// Commits the effects with the answer, and notifies. The context within the transaction must be dropped by then.
    pub async fn keep(self, app: &AppContext, answer: &str) -> Result<(), Error> {
        let KeyedRequest { client, key, .. } = self.keyed;
        let update = Entity::update_many()
            .col_expr(idempotency_key::Column::Answer, answer.into())
            .filter(idempotency_key::Column::Client.eq(client))
            .filter(idempotency_key::Column::Key.eq(key));
        update.exec(&*self.txn).await.map_err(refused_write)?;
        let head = Head::of(&change::bounds(&*self.txn).await?);
        let txn = Arc::into_inner(self.txn).ok_or_else(|| Error::internal("the transaction is still used"))?;
        txn.commit().await.map_err(refused_write)?;
        change::notify(app, head);
        Ok(())
    }
}

/// Deletes the answers that are older than the retention time. Returns how many.
pub async fn prune(app: &AppContext) -> Result<u64, Error> {
    prune::rows::<Entity>(app, Condition::all().add(outdated(app))).await
}
