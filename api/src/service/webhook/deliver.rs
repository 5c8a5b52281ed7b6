//! Delivering: for each webhook a reader of the feed with its own stored position. A lease on its row makes one process the
//! one that delivers; position and log are written after the receiver has answered, so that nothing is lost over a restart. A
//! message that was delivered and not noted is sent again under the same id.
#![expect(
    clippy::disallowed_methods,
    reason = "positions, leases and the log of deliveries are no part of the record: they pass neither door"
)]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::client::ClientRole;
use entity::webhook::{Column, Entity, Model, WebhookReason, WebhookStatus};
use entity::webhook_delivery::DeliveryOutcome;
use entity::{Audience, client, organization, webhook_delivery};
use futures_util::stream::{self, StreamExt as _};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use serde_json::json;
use uuid::Uuid;

use super::post::Posted;
use crate::App;
use crate::auth::{Role, Viewer};
use crate::domain::feed::SeenAs;
use crate::domain::webhook::patience;
use crate::error::Error;
use crate::service::change::published::published;
use crate::service::change::since::{Seen, since};
use crate::service::constraint::refused_write;
use crate::telemetry::chain;

/// How long a process that has died keeps others from delivering.
const LEASE: TimeDelta = TimeDelta::seconds(15);
/// The changes that are read at once.
const PORTION: i32 = 100;
/// The webhooks that are called at once.
const AT_ONCE: usize = 16;
/// How often it is asked what is due, if the feed does not grow.
const ROUND: Duration = Duration::from_secs(1);
/// How long the log of deliveries goes back, in days.
const LOGGED_DAYS: i64 = 30;

/// Delivers until the service stops. The process goes by a name of its own.
pub async fn deliver(app: &App) {
    let (me, mut head) = (app.clock.uuid(), app.feed.head());
    loop {
        head.borrow_and_update();
        match round(app, me).await {
            Ok(true) => {}
            Ok(false) => drop(tokio::time::timeout(ROUND, head.changed()).await),
            Err(error) => {
                tracing::error!(error = chain(&error), "webhooks cannot be delivered");
                tokio::time::sleep(ROUND).await;
            }
        }
    }
}

/// Serves every webhook that is due, a portion each. Returns whether there is more.
pub async fn round(app: &App, me: Uuid) -> Result<bool, Error> {
    let now = app.clock.now();
    let head = crate::service::change::head(&app.databases.read).await?;
    let due = Condition::all()
        .add(Column::Status.eq(WebhookStatus::Active))
        .add(Column::Position.ne(head))
        .add(Condition::any().add(Column::NextAttemptAt.is_null()).add(Column::NextAttemptAt.lte(now)))
        .add(free(me, now));
    let due = Entity::find().filter(due).all(&app.databases.read).await?;
    let served: Vec<Result<bool, Error>> =
        stream::iter(due).map(|row| serve(app, me, row)).buffer_unordered(AT_ONCE).collect().await;
    let mut more = false;
    for outcome in served {
        more |= outcome?;
    }
    Ok(more)
}

/// No other process delivers.
fn free(me: Uuid, now: DateTime<Utc>) -> Condition {
    Condition::any().add(Column::LeaseUntil.is_null()).add(Column::LeaseUntil.lt(now)).add(Column::LeaseHolder.eq(me))
}

/// Takes or renews the lease, if it is free.
async fn take(app: &App, me: Uuid, row: &Model) -> Result<bool, Error> {
    let now = app.clock.now();
    let taken = Entity::update_many()
        .col_expr(Column::LeaseHolder, me.into())
        .col_expr(Column::LeaseUntil, (now + LEASE).into())
        .filter(Column::Id.eq(row.id))
        .filter(Column::Status.eq(WebhookStatus::Active))
        .filter(free(me, now));
    Ok(taken.exec(&app.databases.write).await.map_err(refused_write)?.rows_affected == 1)
}

/// Delivers a portion to one webhook. Returns whether there is more for it now.
async fn serve(app: &App, me: Uuid, row: Model) -> Result<bool, Error> {
    if !take(app, me, &row).await? {
        return Ok(false);
    }
    // As it is, now that nobody else changes where it stands.
    let Some(mut row) = Entity::find_by_id(row.id).one(&app.databases.write).await? else { return Ok(false) };
    let Some(viewer) = viewer_of(app, &row).await? else {
        disable(app, me, &row, WebhookReason::ClientInactive).await?;
        return Ok(false);
    };
    let wanted = Some(row.types.0.as_slice()).filter(|types| !types.is_empty());
    let after = app.feed.cursor(row.position).to_string();
    let batch = match since(app, &viewer, Some(&after), Some(PORTION), &published(wanted)).await {
        Err(Error::CursorExpired) => {
            disable(app, me, &row, WebhookReason::LeftBehind).await?;
            return Ok(false);
        }
        batch => batch?,
    };
    for change in &batch.changes {
        if !take(app, me, &row).await? || !tell(app, me, &mut row, change).await? {
            return Ok(false);
        }
    }
    let moved = Entity::update_many()
        .col_expr(Column::Position, batch.end.seq().into())
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .filter(Column::Id.eq(row.id))
        .filter(Column::LeaseHolder.eq(me))
        .filter(Column::Position.eq(row.position));
    moved.exec(&app.databases.write).await.map_err(refused_write)?;
    Ok(batch.has_next)
}

/// With whose sight a webhook sees; none if its client is no longer active.
async fn viewer_of(app: &App, row: &Model) -> Result<Option<Viewer>, Error> {
    let Some(id) = row.client_id else { return Ok(Some(Viewer::anonymous())) };
    let db = &app.databases.read;
    let Some(client) = client::Entity::find_by_id(id).one(db).await?.filter(|client| client.active) else {
        return Ok(None);
    };
    let organization = match client.organization_id {
        Some(id) => organization::Entity::find_by_id(id).one(db).await?.filter(|organization| organization.active),
        None => None,
    };
    if client.organization_id.is_some() && organization.is_none() {
        return Ok(None);
    }
    let role = match client.role {
        ClientRole::Reader => Role::Reader,
        ClientRole::Partner => Role::Partner,
        ClientRole::Secretariat => Role::Secretariat,
    };
    let subject = format!("webhook:{}", row.id);
    let (organization, scopes) = (organization.map(Arc::new), Some(client.scopes.0));
    Ok(Some(Viewer { role, subject, organization, scopes, ..Viewer::anonymous() }))
}

/// Tells a webhook of a change, and notes what came of it. Returns whether it was delivered.
async fn tell(app: &App, me: Uuid, row: &mut Model, change: &Seen) -> Result<bool, Error> {
    let (id, at, stood) = (message_id(row, change), app.clock.now(), row.position);
    let posted = app.poster.post(row, &id, at, &message(change)).await;
    let attempt = row.failures + 1;
    let delivered = posted.is_delivered();
    if delivered {
        (row.position, row.failures, row.next_attempt_at) = (change.cursor.seq(), 0, None);
    } else {
        row.failures = attempt;
        let luck = app.clock.uuid().into_bytes()[15];
        let wait = patience(attempt, luck, posted.retry_after);
        row.next_attempt_at = wait.map(|wait| at + wait);
        if posted.is_gone() {
            (row.status, row.reason) = (WebhookStatus::Disabled, Some(WebhookReason::Gone));
        } else if wait.is_none() {
            (row.status, row.reason) = (WebhookStatus::Disabled, Some(WebhookReason::Exhausted));
        }
    }
    let noted = note(app, me, row, stood, (id, attempt), &posted).await?;
    Ok(delivered && noted)
}

/// The same change has the same id, however often it is sent to a webhook.
fn message_id(row: &Model, change: &Seen) -> String {
    format!("msg_{}_{}", row.id.0.simple(), change.cursor.seq())
}

/// A thin message: what changed, and where to read on. What it says now is asked of the service.
fn message(change: &Seen) -> String {
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
    json!({ "type": name, "timestamp": at, "data": data }).to_string()
}

/// Writes where a webhook stands, and the line of its log. Returns whether this process still delivers to it, from where it
/// stood.
async fn note(
    app: &App,
    me: Uuid,
    row: &Model,
    stood: i64,
    (id, attempt): (String, i32),
    posted: &Posted,
) -> Result<bool, Error> {
    let txn = app.databases.begin().await?;
    let now = app.clock.now();
    let update = Entity::update_many()
        .col_expr(Column::Position, row.position.into())
        .col_expr(Column::Failures, row.failures.into())
        .col_expr(Column::NextAttemptAt, Expr::value(row.next_attempt_at))
        .col_expr(Column::LeaseUntil, Expr::value(Some(now + LEASE).filter(|_| posted.is_delivered())))
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
    let line = webhook_delivery::Model {
        id: app.clock.mint(),
        webhook_id: row.id,
        message_id: id,
        outcome: if posted.is_delivered() { DeliveryOutcome::Delivered } else { DeliveryOutcome::Failed },
        http_status: posted.status,
        error: posted.error.clone(),
        attempt,
        at: now,
        audience: Audience::Confidential,
        owner: None,
    };
    let insert = webhook_delivery::Entity::insert(line.into_active_model());
    insert.exec_without_returning(&txn).await.map_err(refused_write)?;
    txn.commit().await.map_err(refused_write)?;
    Ok(noted)
}

async fn disable(app: &App, me: Uuid, row: &Model, reason: WebhookReason) -> Result<(), Error> {
    let update = Entity::update_many()
        .col_expr(Column::Status, Expr::value(WebhookStatus::Disabled))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .filter(Column::Id.eq(row.id))
        .filter(Column::LeaseHolder.eq(me));
    update.exec(&app.databases.write).await.map(drop).map_err(refused_write)
}

/// Forgets the log of deliveries that is older than it is kept. Returns how many lines.
pub async fn prune(app: &App) -> Result<u64, Error> {
    let kept_from = app.clock.now() - TimeDelta::days(LOGGED_DAYS);
    let old = webhook_delivery::Entity::delete_many().filter(webhook_delivery::Column::At.lt(kept_from));
    Ok(old.exec(&app.databases.write).await.map_err(refused_write)?.rows_affected)
}
