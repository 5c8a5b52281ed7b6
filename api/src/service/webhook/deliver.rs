//! Delivering: each webhook is a reader of the feed with its own stored position, and no delivery runs inside a use case. A lease on its
//! row makes one process the one that delivers; position and log are written after the receiver has answered, so that a restart loses
//! nothing. A message that was delivered but not noted is sent again under the same id.
#![expect(
    clippy::disallowed_methods,
    reason = "positions, leases and the log of deliveries are no part of the register: neither the read layer nor the unit of work knows them"
)]

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::WebhookId;
use entity::webhook::{Column, Entity, Model, WebhookReason, WebhookStatus};
use entity::{client, organization, webhook_delivery};
use futures_util::FutureExt as _;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, ExprTrait as _, IntoActiveModel as _, QueryFilter as _,
    QuerySelect as _,
};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::logged;
use crate::auth::Viewer;
use crate::domain::feed::SeenAs;
use crate::domain::webhook::{Fate, fate};
use crate::error::Error;
use crate::service::change::head;
use crate::service::change::since::{Seen, since};
use crate::service::constraint::refused_write;
use crate::service::context::AppContext;
use crate::service::context::feed::{Head, Identity};
use crate::service::registry::published;
use crate::service::webhook_sender::Posted;
use crate::service::{prune, read};
use crate::telemetry::chain;

/// How long a process that has died keeps others from delivering. It is renewed before each message, which takes 8 seconds at most: the
/// rest allows for the clocks of the processes, which need not agree to the second.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// The changes that are read at once.
const PORTION: i32 = 100;
/// How long a batch of deliveries continues. A change of the webhook or its client takes effect after it.
const READ_AGAIN: TimeDelta = TimeDelta::seconds(2);
/// How often due webhooks are looked for if the feed does not grow.
const ROUND: Duration = Duration::from_secs(1);
/// How long a process waits after the feed has grown before it looks for due webhooks: what is committed meanwhile is looked for at once.
/// Otherwise each process would look after each commit of every other one.
const GATHERS: Duration = Duration::from_millis(20);
/// How long the log of deliveries is kept, in days.
const LOGGED_DAYS: i64 = 30;

/// Delivers until the service stops; a message that is being sent then is still noted. No webhook waits for another one.
pub async fn deliver(app: &Arc<AppContext>) {
    let (me, mut head, mut stopping) = (app.clock.uuid(), app.feed.follow(), app.stopping.subscribe());
    let (mut served, mut busy) = (JoinSet::new(), HashMap::new());
    while !*stopping.borrow_and_update() || !served.is_empty() {
        head.borrow_and_update();
        if !*app.stopping.borrow() {
            for id in due_or_none(app, me).await {
                if busy.values().all(|one| *one != id) {
                    busy.insert(served.spawn(serve_or_wait(Arc::clone(app), me, id)).id(), id);
                }
            }
        }
        tokio::select! {
            Some(ended) = served.join_next_with_id() => {
                let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
                busy.remove(&task);
            }
            () = grown(&mut head) => {}
            _ = stopping.changed() => {}
            () = sleep(ROUND) => {}
        }
    }
}

/// Resolves a moment after the feed has grown.
async fn grown(head: &mut watch::Receiver<Head>) {
    let _ = head.changed().await;
    sleep(GATHERS).await;
}

async fn due_or_none(app: &AppContext, me: Uuid) -> Vec<WebhookId> {
    due(app, me).await.unwrap_or_else(|error| {
        tracing::error!(error = chain(&error), "it cannot be read which webhooks are due");
        Vec::new()
    })
}

async fn serve_or_wait(app: Arc<AppContext>, me: Uuid, id: WebhookId) {
    let webhook = id.to_string();
    match AssertUnwindSafe(serve(&app, me, id)).catch_unwind().await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => tracing::error!(webhook, error = chain(&error), "a webhook cannot be served"),
        Err(_) => tracing::error!(webhook, "to serve a webhook has panicked"),
    }
    sleep(ROUND).await;
}

/// The webhooks that may be sent something now.
pub async fn due(app: &AppContext, me: Uuid) -> Result<Vec<WebhookId>, Error> {
    let (now, head) = (app.clock.now(), app.feed.head());
    let due = Condition::all()
        .add(Column::Status.eq(WebhookStatus::Active))
        .add(is_behind(head))
        .add(Condition::any().add(Column::NextAttemptAt.is_null()).add(Column::NextAttemptAt.lte(now)))
        .add(free(me, now));
    let due = Entity::find().select_only().column(Column::Id).filter(due);
    Ok(due.into_tuple().all(&app.databases.read).await?)
}

/// Its position is before the head, or in another feed.
fn is_behind(head: Head) -> Condition {
    let is_unknown = Column::Epoch.is_null().and(Column::Position.ne(head.seq));
    Condition::any().add(Column::Position.lt(head.seq)).add(Column::Epoch.ne(head.identity.epoch)).add(is_unknown)
}

/// No other process holds the lease.
fn free(me: Uuid, now: DateTime<Utc>) -> Condition {
    Condition::any().add(Column::LeaseUntil.is_null()).add(Column::LeaseUntil.lt(now)).add(Column::LeaseHolder.eq(me))
}

/// Takes or renews the lease, if it is free.
async fn take(app: &AppContext, me: Uuid, id: WebhookId) -> Result<bool, Error> {
    let now = app.clock.now();
    let taken = Entity::update_many()
        .col_expr(Column::LeaseHolder, me.into())
        .col_expr(Column::LeaseUntil, (now + LEASE).into())
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq(WebhookStatus::Active))
        .filter(free(me, now));
    Ok(taken.exec(&app.databases.write).await.map_err(refused_write)?.rows_affected == 1)
}

/// Gives the lease back, so that the next process need not wait for its end.
async fn release(app: &AppContext, me: Uuid, id: WebhookId) -> Result<(), Error> {
    let released = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .filter(Column::Id.eq(id))
        .filter(Column::LeaseHolder.eq(me));
    released.exec(&app.databases.write).await.map(drop).map_err(refused_write)
}

/// Delivers a batch to one webhook, if no other process does.
pub async fn serve(app: &AppContext, me: Uuid, id: WebhookId) -> Result<(), Error> {
    if !take(app, me, id).await? {
        return Ok(());
    }
    let served = portion(app, me, id).await;
    release(app, me, id).await?;
    served
}

/// Sends a webhook its next changes, for a short time: then its row and what it may see are read again.
async fn portion(app: &AppContext, me: Uuid, id: WebhookId) -> Result<(), Error> {
    // Read now that no other process changes its position.
    let Some(mut row) = Entity::find_by_id(id).one(&app.databases.write).await? else { return Ok(()) };
    let Some(viewer) = viewer_of(app, &row).await? else {
        return disable(app, me, &row, WebhookReason::ClientInactive).await;
    };
    let identity = head(app).await?.identity;
    if row.epoch != Some(identity.epoch) {
        let message = renewed(app, &row, identity);
        if !tell(app, me, &mut row, message).await? {
            return Ok(());
        }
    }
    let wanted = Some(row.types.0.as_slice()).filter(|types| !types.is_empty());
    let after = Head { identity, seq: row.position }.cursor().to_string();
    let batch = match since(app, &viewer, Some(&after), Some(PORTION), &published(wanted)).await {
        // The feed has another identity by now: the next round says so to the receiver.
        Err(Error::CursorExpired) if head(app).await?.identity != identity => return Ok(()),
        Err(Error::CursorExpired) => return disable(app, me, &row, WebhookReason::LeftBehind).await,
        batch => batch?,
    };
    let until = app.clock.now() + READ_AGAIN;
    for change in &batch.changes {
        let is_over = *app.stopping.borrow() || app.clock.now() > until;
        let message = message_of(&row, change);
        if is_over || !take(app, me, id).await? || !tell(app, me, &mut row, message).await? {
            return Ok(());
        }
    }
    let moved = Entity::update_many()
        .col_expr(Column::Position, batch.end.seq.into())
        .filter(Column::Id.eq(id))
        .filter(Column::LeaseHolder.eq(me))
        .filter(Column::Position.eq(row.position));
    moved.exec(&app.databases.write).await.map(drop).map_err(refused_write)
}

/// The viewer for whom a webhook reads; `None` if its client is no longer active.
async fn viewer_of(app: &AppContext, row: &Model) -> Result<Option<Viewer>, Error> {
    let Some(id) = row.client_id else { return Ok(Some(Viewer::anonymous())) };
    let (db, reader) = (&app.databases.read, Viewer::system("webhook"));
    let Some(client) = read::get::<client::Entity>(db, &reader, id).await? else { return Ok(None) };
    let organization = match client.organization_id {
        Some(id) => read::get::<organization::Entity>(db, &reader, id).await?,
        None => None,
    };
    Ok(Viewer::of_client(client, organization, format!("webhook:{}", row.id)))
}

/// One message to a webhook, and its position after it.
struct Message {
    /// The same when a message is sent again.
    id: String,
    body: String,
    epoch: Uuid,
    position: i64,
}

/// Sends a message to a webhook, and notes the result. Returns whether it was delivered.
async fn tell(app: &AppContext, me: Uuid, row: &mut Model, message: Message) -> Result<bool, Error> {
    let (at, stood) = (app.clock.now(), row.position);
    let posted = app.webhook_sender.post(row, &message.id, at, &message.body).await;
    let answered_at = app.clock.now();
    let attempt = row.failures + 1;
    let luck = app.clock.uuid().into_bytes()[15];
    let fate = fate(posted.status, attempt, luck, posted.retry_after);
    if fate == Fate::Delivered {
        (row.epoch, row.position) = (Some(message.epoch), message.position);
        (row.failures, row.next_attempt_at) = (0, None);
    } else {
        row.failures = attempt;
    }
    match fate {
        Fate::Delivered => {}
        Fate::Again(wait) => row.next_attempt_at = Some(answered_at + wait),
        Fate::Gone => (row.status, row.reason) = (WebhookStatus::Disabled, Some(WebhookReason::Gone)),
        Fate::Exhausted => (row.status, row.reason) = (WebhookStatus::Disabled, Some(WebhookReason::Exhausted)),
    }
    let noted = note(app, me, row, stood, (message.id, attempt), &posted).await?;
    Ok(fate == Fate::Delivered && noted)
}

/// A thin message: what changed, and where to read on. The receiver asks the service for the present state.
fn message_of(row: &Model, change: &Seen) -> Message {
    let Seen { cursor, kind, record, id, version, at, reason, replaced_by } = change;
    let name = match kind {
        SeenAs::Created => "record.created",
        SeenAs::Updated => "record.updated",
        SeenAs::Removed => "record.removed",
        SeenAs::AccessLost => "record.access_lost",
    };
    let data = json!({
        "cursor": cursor.to_string(), "kind": kind, "type": record, "id": id, "version": version, "reason": reason,
        "replacedBy": replaced_by,
    });
    Message {
        id: format!("msg_{}_{cursor}", row.id.0.simple()),
        body: json!({ "type": name, "timestamp": at, "data": data }).to_string(),
        epoch: cursor.epoch,
        position: cursor.seq,
    }
}

/// A message that the feed has another identity: changes that were sent before may be lost.
fn renewed(app: &AppContext, row: &Model, identity: Identity) -> Message {
    let cursor = Head { identity, seq: row.position }.cursor();
    Message {
        id: format!("msg_{}_{cursor}_renewed", row.id.0.simple()),
        body: json!({ "type": "feed.renewed", "timestamp": app.clock.now(), "data": { "cursor": cursor.to_string() } })
            .to_string(),
        epoch: identity.epoch,
        position: row.position,
    }
}

/// Writes the position of a webhook, and the line of its log. Returns whether this process still delivers to it, from the position where it
/// stood.
async fn note(
    app: &AppContext,
    me: Uuid,
    row: &Model,
    stood: i64,
    (id, attempt): (String, i32),
    posted: &Posted,
) -> Result<bool, Error> {
    let txn = app.databases.begin().await?;
    let update = Entity::update_many()
        .col_expr(Column::Epoch, row.epoch.into())
        .col_expr(Column::Position, row.position.into())
        .col_expr(Column::Failures, row.failures.into())
        .col_expr(Column::NextAttemptAt, Expr::value(row.next_attempt_at))
        .filter(Column::Id.eq(row.id))
        .filter(Column::LeaseHolder.eq(me))
        .filter(Column::Position.eq(stood));
    let update = match row.status {
        WebhookStatus::Active => update,
        WebhookStatus::Disabled => {
            update.col_expr(Column::Status, Expr::value(row.status)).col_expr(Column::Reason, Expr::value(row.reason))
        }
    };
    let noted = update.exec(&txn).await.map_err(refused_write)?.rows_affected == 1;
    let line = logged(app.clock.new_id(), app.clock.now(), row.id, (id, attempt), posted);
    let insert = webhook_delivery::Entity::insert(line.into_active_model());
    insert.exec_without_returning(&txn).await.map_err(refused_write)?;
    txn.commit().await.map_err(refused_write)?;
    Ok(noted)
}

async fn disable(app: &AppContext, me: Uuid, row: &Model, reason: WebhookReason) -> Result<(), Error> {
    let update = Entity::update_many()
        .col_expr(Column::Status, Expr::value(WebhookStatus::Disabled))
        .col_expr(Column::Reason, Expr::value(reason))
        .filter(Column::Id.eq(row.id))
        .filter(Column::LeaseHolder.eq(me));
    update.exec(&app.databases.write).await.map(drop).map_err(refused_write)
}

/// Deletes the log of deliveries that is older than the retention time. Returns how many lines.
pub async fn prune(app: &AppContext) -> Result<u64, Error> {
    let old = webhook_delivery::Column::At.lt(app.clock.now() - TimeDelta::days(LOGGED_DAYS));
    prune::rows::<webhook_delivery::Entity>(app, Condition::all().add(old)).await
}
