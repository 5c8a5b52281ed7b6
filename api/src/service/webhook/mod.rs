//! Webhooks: registering, rotating, disabling, replaying, testing. `deliver` reads the feed for each of them, `webhook_sender` calls their
//! addresses.

pub mod deliver;

use std::collections::HashMap;

use async_graphql::{ID, InputObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use entity::id::{RecordId as _, WebhookDeliveryId, WebhookId};
use entity::webhook::{Secret, Secrets, Types, WebhookReason, WebhookStatus};
use entity::webhook_delivery::DeliveryOutcome;
use entity::{Audience, RecordType, client, webhook, webhook_delivery};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait as _, ConnectionTrait};
use serde_json::json;
use uuid::Uuid;

use super::change;
use super::client::administered;
use super::idempotency::forbids_keys;
use super::page::{Direction, Key, Listing, Page};
use super::read::{self, Visible};
use super::relation::Relation;
use super::tx::{Tx, Written};
use super::{list, nested};
use crate::auth::seal::SEALED;
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::validation::{ValidationError, combine};
use crate::domain::{fields, webhook as rules};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::webhook_sender::Posted;

/// The most webhooks that are listed, and the most deliveries of each.
const SHOWN: u64 = 500;
const DELIVERIES_SHOWN: u64 = 100;

impl Visible for webhook::Entity {
    const BY_ACCESS: bool = false;

    fn visible(viewer: &Viewer) -> Condition {
        administered(viewer)
    }
}

impl Visible for webhook_delivery::Entity {
    const BY_ACCESS: bool = false;

    fn visible(viewer: &Viewer) -> Condition {
        administered(viewer)
    }
}

/// A new webhook.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterWebhookInput {
    /// The address that is called, with https://. Private addresses are refused unless the configuration allows them.
    pub url: String,
    /// The types of records that it is notified of; all of them unless given.
    #[graphql(default)]
    pub types: Vec<RecordType>,
    /// The client whose rights decide what it sees. Without one it is notified of what everyone sees.
    pub client_id: Option<ID>,
}

/// Names a webhook.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookInput {
    /// The webhook.
    pub id: ID,
}

/// The place in the feed from which a webhook is notified again.
#[derive(Clone, Debug, InputObject)]
pub struct ReplayWebhookInput {
    /// The webhook.
    pub id: ID,
    /// A cursor of the change feed: what comes after it is sent again.
    pub after: String,
}

/// A webhook with a secret that is shown once.
#[derive(Clone, Debug)]
pub struct Keyed {
    pub secret: String,
    pub row: webhook::Model,
}

/// The active webhooks first, then the others, each the newest first, up to the limit.
pub async fn webhooks(db: &impl ConnectionTrait, viewer: &Viewer) -> Result<Vec<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let active_first = Key { column: webhook::Column::Status, direction: Direction::Asc };
    list::first(db, viewer, &Listing::<webhook::Entity>::newest_by(SHOWN, Some(active_first))).await
}

/// The last deliveries of several webhooks, the newest first for each.
pub async fn deliveries(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    webhooks: &[WebhookId],
) -> Result<HashMap<WebhookId, Vec<webhook_delivery::Model>>, Error> {
    let of_webhook = Relation::direct(webhook_delivery::Column::WebhookId);
    let ids: Vec<Uuid> = webhooks.iter().map(|id| id.uuid()).collect();
    let pages =
        nested::pages(db, viewer, &of_webhook, &ids, &Listing::<webhook_delivery::Entity>::newest(DELIVERIES_SHOWN))
            .await?;
    let rows = |page: Page<_>| page.rows.into_iter().map(|(row, _)| row).collect();
    Ok(pages.into_iter().map(|(id, page)| (WebhookId::new(id), rows(page))).collect())
}

pub async fn register(app: &AppContext, viewer: &Viewer, input: RegisterWebhookInput) -> Result<Written<Keyed>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let RegisterWebhookInput { url, types, client_id } = input;
    let mut tx = app.begin(viewer, Action::RegisterWebhook).await?;
    let client_id = client_id.as_ref().map(|id| id.as_str());
    let client = tx.named_if_given::<client::Entity>("clientId", client_id, "client").await?;
    combine!(
        url = rules::address("url", &url, app.config.webhooks_private()),
        () = fields::distinct("types", &types),
        client = client,
    );
    client.as_ref().map(rules::may_see_with).transpose()?;
    check_room(&tx, "").await?;
    let (id, secret) = (tx.new_id(), new_secret()?);
    let feed = change::bounds(tx.db()).await?;
    let row = webhook::Model {
        id,
        url,
        client_id: client.map(|client| client.id),
        types: Types(types),
        secrets: Secrets(vec![Secret { secret: sealed(app, &secret, id)?, until: None }]),
        status: WebhookStatus::Active,
        reason: None,
        position: feed.seq,
        epoch: Some(feed.epoch),
        failures: 0,
        next_attempt_at: None,
        lease_holder: None,
        lease_until: None,
        created_at: tx.now(),
        audience: Audience::Confidential,
        owner: None,
    };
    tx.insert_unversioned::<webhook::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(Keyed { secret, row }).await
}

/// Checks that one more webhook may be active. A concurrent caller waits until the transaction ends.
async fn check_room(tx: &Tx<'_>, path: &str) -> Result<(), Error> {
    tx.advisory_lock("webhook").await?;
    let active = Condition::all().add(webhook::Column::Status.eq(WebhookStatus::Active));
    let active = read::count::<webhook::Entity>(tx.db(), tx.viewer(), active).await?;
    Ok(rules::has_room(path, usize::try_from(active).unwrap_or(usize::MAX))?)
}

/// 32 random bytes, in the form that the specification asks for.
fn new_secret() -> Result<String, Error> {
    let mut key = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut key).map_err(|_| Error::internal("no random numbers"))?;
    Ok(format!("{}{}", rules::SECRET_PREFIX, STANDARD.encode(key)))
}

fn sealed(app: &AppContext, secret: &str, webhook: WebhookId) -> Result<String, Error> {
    app.keys.own().seal.close(secret, &webhook.to_string())
}

/// Seals the secrets that a version before kept as they are.
pub async fn seal_secrets(app: &AppContext) -> Result<(), Error> {
    let viewer = Viewer::system("serve");
    if read::all::<webhook::Entity>(&app.databases.read, &viewer, Condition::all()).await?.iter().all(is_sealed) {
        return Ok(());
    }
    let mut tx = app.begin(&viewer, Action::SealWebhookSecrets).await?;
    tx.advisory_lock("webhook").await?;
    let rows = read::all::<webhook::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
    tx.lock_rows::<webhook::Entity>(&rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    // As they are now that nobody else writes them.
    let mut rows = read::all::<webhook::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
    rows.retain(|row| !is_sealed(row));
    for row in &mut rows {
        for one in row.secrets.0.iter_mut().filter(|one| !one.secret.starts_with(SEALED)) {
            one.secret = sealed(app, &one.secret, row.id)?;
        }
    }
    tx.update_unversioned::<webhook::Entity>(&rows).await?;
    tx.commit(()).await.map(drop)
}

fn is_sealed(row: &webhook::Model) -> bool {
    row.secrets.0.iter().all(|one| one.secret.starts_with(SEALED))
}

/// The new secret signs from now on; the previous one also does, for a day.
pub async fn rotate(app: &AppContext, viewer: &Viewer, input: WebhookInput) -> Result<Written<Keyed>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let (mut tx, before) = held(app, viewer, Action::RotateWebhookSecret, &input.id).await?;
    let secret = new_secret()?;
    let secrets = rules::rotated(&before.secrets.0, sealed(app, &secret, before.id)?, tx.now());
    let row = webhook::Model { secrets: Secrets(secrets), ..before };
    tx.update_unversioned::<webhook::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(Keyed { secret, row }).await
}

pub async fn disable(app: &AppContext, viewer: &Viewer, input: WebhookInput) -> Result<Written<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let (mut tx, before) = held(app, viewer, Action::DisableWebhook, &input.id).await?;
    let reason = Some(WebhookReason::ByAdministrator);
    let row = webhook::Model { status: WebhookStatus::Disabled, reason, ..before };
    tx.update_unversioned::<webhook::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(row).await
}

/// It continues at its position; if the feed no longer goes back that far, from now on.
pub async fn enable(app: &AppContext, viewer: &Viewer, input: WebhookInput) -> Result<Written<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let (mut tx, before) = held(app, viewer, Action::EnableWebhook, &input.id).await?;
    if before.status == WebhookStatus::Disabled {
        check_room(&tx, "id").await?;
    }
    let feed = change::bounds(tx.db()).await?;
    let position = rules::goes_on_at(before.position, feed.floor, feed.seq);
    let row = webhook::Model {
        status: WebhookStatus::Active,
        reason: None,
        position,
        failures: 0,
        next_attempt_at: None,
        ..before
    };
    tx.update_unversioned::<webhook::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(row).await
}

pub async fn replay(
    app: &AppContext,
    viewer: &Viewer,
    input: ReplayWebhookInput,
) -> Result<Written<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let after = change::cursor(app, &input.after).await?.seq;
    let (mut tx, before) = held(app, viewer, Action::ReplayWebhook, &input.id).await?;
    let feed = change::bounds(tx.db()).await?;
    if !(feed.floor..=feed.seq).contains(&after) {
        return Err(Error::CursorExpired);
    }
    let row = webhook::Model { position: after, failures: 0, next_attempt_at: None, ..before };
    tx.update_unversioned::<webhook::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(row).await
}

/// Sends a message without a change, at once, whether the webhook is active or not. It is not tried again.
pub async fn test(
    app: &AppContext,
    viewer: &Viewer,
    input: WebhookInput,
) -> Result<Written<webhook_delivery::Model>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let id = fields::id::<WebhookId>("id", &input.id, "webhook")?;
    let row = read::get::<webhook::Entity>(&app.databases.read, viewer, id).await?;
    let row = row.ok_or_else(|| ValidationError::not_found("id", "webhook"))?;
    let at = app.clock.now();
    let message_id = format!("msg_{}", app.clock.uuid().simple());
    let body = json!({ "type": "webhook.test", "timestamp": at, "data": {} }).to_string();
    let posted = app.webhook_sender.post(&row, &message_id, at, &body).await;
    let mut tx = app.begin(viewer, Action::TestWebhook).await?;
    let delivery = logged(tx.new_id(), tx.now(), row.id, (message_id, 1), &posted);
    tx.insert_unversioned::<webhook_delivery::Entity>(std::slice::from_ref(&delivery)).await?;
    tx.commit(delivery).await
}

/// The line of the log for an attempt to deliver a message.
fn logged(
    id: WebhookDeliveryId,
    at: DateTime<Utc>,
    webhook_id: WebhookId,
    (message_id, attempt): (String, i32),
    posted: &Posted,
) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id,
        webhook_id,
        message_id,
        outcome: if posted.is_delivered() { DeliveryOutcome::Delivered } else { DeliveryOutcome::Failed },
        http_status: posted.status,
        error: posted.error.clone(),
        attempt,
        at,
        audience: Audience::Confidential,
        owner: None,
    }
}

async fn held<'a>(
    app: &'a AppContext,
    viewer: &'a Viewer,
    action: Action,
    id: &str,
) -> Result<(Tx<'a>, webhook::Model), Error> {
    let id = fields::id::<WebhookId>("id", id, "webhook")?;
    let tx = app.begin(viewer, action).await?;
    tx.lock_row::<webhook::Entity>(id).await?;
    let row = tx.get::<webhook::Entity>("id", id, "webhook").await?;
    Ok((tx, row))
}
