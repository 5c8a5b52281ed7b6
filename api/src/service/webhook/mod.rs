//! Webhooks: registering, rotating, disabling, replaying, testing. `deliver` reads the feed for each of them, `post` calls
//! their addresses.

pub mod deliver;
pub mod post;

use async_graphql::{ID, InputObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use entity::client::Scope;
use entity::id::{ClientId, WebhookId};
use entity::webhook::{Secret, Secrets, Types, WebhookReason, WebhookStatus};
use entity::webhook_delivery::DeliveryOutcome;
use entity::{Audience, RecordType, client, webhook, webhook_delivery};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait as _, ConnectionTrait};
use serde_json::json;

use self::post::Posted;
use super::change;
use super::client::administered;
use super::idempotency::forbids_keys;
use super::read::{self, Visible};
use super::tx::{Tx, Written};
use crate::app::App;
use crate::auth::{Act, Viewer};
use crate::domain::refusal::{All as _, Refusal, RefusalCode, ensure};
use crate::domain::{input, webhook as rules};
use crate::error::Error;

/// The most webhooks.
const WEBHOOKS: usize = 100;
/// How many deliveries are shown of a webhook.
const SHOWN: u64 = 100;

impl Visible for webhook::Entity {
    fn visible(viewer: &Viewer) -> Condition {
        administered(viewer)
    }
}

impl Visible for webhook_delivery::Entity {
    fn visible(viewer: &Viewer) -> Condition {
        administered(viewer)
    }
}

/// A new webhook.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterWebhookInput {
    /// The address that is called, with https://. Private addresses are refused unless the configuration allows them.
    pub url: String,
    /// The types of records that it is told of; all of them unless given.
    #[graphql(default)]
    pub types: Vec<RecordType>,
    /// The client with whose sight it sees. Without one it is told of what everyone sees.
    pub client_id: Option<ID>,
}

/// Names a webhook.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookInput {
    /// The webhook.
    pub id: ID,
}

/// From where on a webhook is told again.
#[derive(Clone, Debug, InputObject)]
pub struct ReplayWebhookInput {
    /// The webhook.
    pub id: ID,
    /// A cursor of the change feed: what comes after it is told again.
    pub after: String,
}

/// A webhook with a secret that is shown once.
#[derive(Clone, Debug)]
pub struct Keyed {
    pub secret: String,
    pub row: webhook::Model,
}

/// All webhooks, the newest first.
pub async fn webhooks(db: &impl ConnectionTrait, viewer: &Viewer) -> Result<Vec<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let mut rows = read::all::<webhook::Entity>(db, viewer, Condition::all()).await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    Ok(rows)
}

/// The last deliveries of a webhook, the newest first.
pub async fn deliveries(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id: WebhookId,
) -> Result<Vec<webhook_delivery::Model>, Error> {
    let of_webhook = Condition::all().add(webhook_delivery::Column::WebhookId.eq(id));
    read::newest::<webhook_delivery::Entity>(db, viewer, of_webhook, SHOWN).await
}

pub async fn register(app: &App, viewer: &Viewer, input: RegisterWebhookInput) -> Result<Written<Keyed>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let (url, types, client_id) = (
        rules::address("url", &input.url, app.config.webhooks_private()),
        input::distinct("types", input.types),
        input.client_id.map(|id| input::id::<ClientId>("clientId", &id, "client")).transpose(),
    )
        .all()?;
    let mut tx = app.begin(viewer, "registerWebhook").await?;
    if let Some(id) = client_id {
        let client = tx.get::<client::Entity>("clientId", id, "client").await?;
        ensure(client.active, || Refusal::state("clientId", "The client is not active."))?;
        ensure(client.scopes.0.contains(&Scope::Sync), || {
            Refusal::state("clientId", "The client has no scope for the change feed.")
        })?;
    }
    tx.alone("webhook").await?;
    let count = read::count::<webhook::Entity>(tx.db(), tx.viewer(), Condition::all()).await?;
    ensure(usize::try_from(count).is_ok_and(|count| count < WEBHOOKS), || {
        Refusal::new(RefusalCode::TooLong, "", format!("There are {WEBHOOKS} webhooks already."))
    })?;
    let secret = new_secret()?;
    let row = webhook::Model {
        id: tx.mint(),
        url,
        client_id,
        types: Types(types),
        secrets: Secrets(vec![Secret { secret: secret.clone(), until: None }]),
        status: WebhookStatus::Active,
        reason: None,
        position: change::head(tx.db()).await?,
        failures: 0,
        next_attempt_at: None,
        lease_holder: None,
        lease_until: None,
        created_at: tx.at(),
        audience: Audience::Confidential,
        owner: None,
    };
    tx.insert_beside::<webhook::Entity>(std::slice::from_ref(&row)).await?;
    tx.commit(Keyed { secret, row }).await
}

/// 32 random bytes, as the specification writes them.
fn new_secret() -> Result<String, Error> {
    let mut key = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut key).map_err(|_| Error::internal("no random numbers"))?;
    Ok(format!("{}{}", rules::SECRET_PREFIX, STANDARD.encode(key)))
}

/// The new secret signs from now on; the one before does so as well for a day.
pub async fn rotate(app: &App, viewer: &Viewer, input: WebhookInput) -> Result<Written<Keyed>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let (mut tx, before) = held(app, viewer, "rotateWebhookSecret", &input.id).await?;
    let secret = new_secret()?;
    let until = tx.at() + TimeDelta::hours(rules::ROTATION_HOURS);
    let mut secrets = vec![Secret { secret: secret.clone(), until: None }];
    let current = before.secrets.0.iter().filter(|one| one.until.is_none());
    secrets.extend(current.map(|one| Secret { until: Some(until), ..one.clone() }));
    let row = webhook::Model { secrets: Secrets(secrets), ..before };
    tx.update_beside::<webhook::Entity>(&row).await?;
    tx.commit(Keyed { secret, row }).await
}

pub async fn disable(app: &App, viewer: &Viewer, input: WebhookInput) -> Result<Written<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let (mut tx, before) = held(app, viewer, "disableWebhook", &input.id).await?;
    let reason = Some(WebhookReason::ByAdministrator);
    let row = webhook::Model { status: WebhookStatus::Disabled, reason, ..before };
    tx.update_beside::<webhook::Entity>(&row).await?;
    tx.commit(row).await
}

/// It goes on where it stood; from now on, if the feed no longer goes back so far.
pub async fn enable(app: &App, viewer: &Viewer, input: WebhookInput) -> Result<Written<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let (mut tx, before) = held(app, viewer, "enableWebhook", &input.id).await?;
    let position = match before.reason {
        Some(WebhookReason::LeftBehind) => change::head(tx.db()).await?,
        _ => before.position,
    };
    let row = webhook::Model {
        status: WebhookStatus::Active,
        reason: None,
        position,
        failures: 0,
        next_attempt_at: None,
        ..before
    };
    tx.update_beside::<webhook::Entity>(&row).await?;
    tx.commit(row).await
}

pub async fn replay(app: &App, viewer: &Viewer, input: ReplayWebhookInput) -> Result<Written<webhook::Model>, Error> {
    viewer.require(Act::Administer)?;
    let after = app.feed.read(&input.after)?;
    let (mut tx, before) = held(app, viewer, "replayWebhook", &input.id).await?;
    let head = change::head(tx.db()).await?;
    ensure((0..=head).contains(&after), || Refusal::invalid("after", "The feed does not go so far."))?;
    let row = webhook::Model { position: after, failures: 0, next_attempt_at: None, ..before };
    tx.update_beside::<webhook::Entity>(&row).await?;
    tx.commit(row).await
}

/// Sends a message of no change, at once, whether the webhook is active or not. Nothing is tried again.
pub async fn test(app: &App, viewer: &Viewer, input: WebhookInput) -> Result<Written<webhook_delivery::Model>, Error> {
    viewer.require(Act::Administer)?;
    forbids_keys(app)?;
    let id = input::id::<WebhookId>("id", &input.id, "webhook")?;
    let row = read::get::<webhook::Entity>(&app.databases.read, viewer, id).await?;
    let row = row.ok_or_else(|| Refusal::not_found("id", "webhook"))?;
    let at = app.clock.now();
    let message_id = format!("msg_{}", app.clock.uuid().simple());
    let body = json!({ "type": "webhook.test", "timestamp": at, "data": {} }).to_string();
    let posted = app.poster.post(&row, &message_id, at, &body).await;
    let mut tx = app.begin(viewer, "testWebhook").await?;
    let delivery = delivery(&tx, &row, message_id, &posted);
    tx.insert_beside::<webhook_delivery::Entity>(std::slice::from_ref(&delivery)).await?;
    tx.commit(delivery).await
}

fn delivery(tx: &Tx<'_>, row: &webhook::Model, message_id: String, posted: &Posted) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id: tx.mint(),
        webhook_id: row.id,
        message_id,
        outcome: if posted.is_delivered() { DeliveryOutcome::Delivered } else { DeliveryOutcome::Failed },
        http_status: posted.status,
        error: posted.error.clone(),
        attempt: 1,
        at: tx.at(),
        audience: Audience::Confidential,
        owner: None,
    }
}

async fn held<'a>(
    app: &'a App,
    viewer: &'a Viewer,
    action: &'static str,
    id: &str,
) -> Result<(Tx<'a>, webhook::Model), Error> {
    let id = input::id::<WebhookId>("id", id, "webhook")?;
    let tx = app.begin(viewer, action).await?;
    tx.hold::<webhook::Entity>(id).await?;
    let row = tx.get::<webhook::Entity>("id", id, "webhook").await?;
    Ok((tx, row))
}
