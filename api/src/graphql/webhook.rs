//! Webhooks in the schema, for administrators. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::RecordType;
use entity::date::DateTime;
use entity::webhook::{WebhookReason, WebhookStatus};
use entity::webhook_delivery::DeliveryOutcome;

use super::loader::DeliveriesOf;
use super::object::object;
use super::payload::{ChangeReference, UserError, mutations, payload};
use super::session::session;
use crate::error::Error;
use crate::service::retry::retry_on_conflict;
use crate::service::tx::Written;
use crate::service::webhook::{self, Keyed, RegisterWebhookInput, ReplayWebhookInput, WebhookInput, webhooks};

object!(Webhook: webhook);

/// An address that is called when a record changes (Standard Webhooks 1.0.0). A message is signed in `webhook-signature`,
/// and says what has changed and where in the feed: `{"type": "record.updated", "timestamp": …, "data": {"cursor", "kind",
/// "type", "id", "version", "reason", "replacedBy"}}`. Messages come in the order of the feed. A message that fails is sent
/// again, at growing intervals, for up to a day; those after it wait. For administrators.
#[Object]
impl Webhook {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The address that is called.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// The types of records that it is told of; all types if empty.
    async fn types(&self) -> &[RecordType] {
        &self.0.types.0
    }

    /// The client whose view of the register it has; null for what everyone sees.
    async fn client_id(&self) -> Option<ID> {
        self.0.client_id.map(|id| id.to_string().into())
    }

    /// Whether it is told of changes.
    async fn status(&self) -> WebhookStatus {
        self.0.status
    }

    /// Why it is disabled, if it is.
    async fn reason(&self) -> Option<WebhookReason> {
        self.0.reason
    }

    /// Its position in the feed: a cursor.
    async fn position(&self, ctx: &Context<'_>) -> String {
        session(ctx).app.feed.cursor(self.0.position).to_string()
    }

    /// When a message that has failed is sent again; null if none has failed.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.next_attempt_at.map(DateTime)
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// The last 100 attempts to deliver, newest first. They are kept for 30 days.
    async fn deliveries(&self, ctx: &Context<'_>) -> Option<Result<Vec<WebhookDelivery>>> {
        let rows = session(ctx).loaders.one(DeliveriesOf(self.0.id)).await;
        let deliveries = rows.map(|rows| rows.unwrap_or_default().iter().cloned().map(WebhookDelivery).collect());
        Some(deliveries.map_err(Into::into))
    }
}

object!(WebhookDelivery: webhook_delivery);

/// The outcome of an attempt to deliver a message. For administrators.
#[Object]
impl WebhookDelivery {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The id of the message, as in `webhook-id`. The same in every attempt.
    async fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// The outcome.
    async fn outcome(&self) -> DeliveryOutcome {
        self.0.outcome
    }

    /// The number of the attempt in a row, from 1. A message that replaces an older one of the same record continues its count.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// The HTTP status of the receiver's answer, if it answered.
    async fn status(&self) -> Option<String> {
        self.0.http_status.map(|status| status.to_string())
    }

    /// Why the attempt failed, if it did.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// When it was made.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}

#[derive(Default)]
pub struct WebhookQuery;

#[Object]
impl WebhookQuery {
    /// The webhooks, newest first: the active ones, of which there are at most 100, then others; at most 500 in all. For
    /// administrators.
    async fn webhooks(&self, ctx: &Context<'_>) -> Option<Result<Vec<Webhook>>> {
        let session = session(ctx);
        let rows = webhooks(&session.app.databases.read, &session.viewer).await;
        let rows = rows.map(|rows| rows.into_iter().map(|row| Webhook(std::sync::Arc::new(row))).collect());
        Some(rows.map_err(Into::into))
    }
}

payload! {
    /// The answer to a mutation of a webhook.
    WebhookPayload {
        /// The webhook after the write.
        webhook: Webhook
    }
}

payload! {
    /// The answer to a test delivery.
    TestWebhookPayload {
        /// The outcome of the delivery.
        delivery: WebhookDelivery
    }
}

/// The answer to a mutation that gives a webhook a secret.
#[derive(SimpleObject)]
pub struct KeyedWebhookPayload {
    /// The secret with which the receiver checks signatures. It is shown once.
    secret: Option<String>,
    /// The webhook after the write.
    webhook: Option<Webhook>,
    /// Why the input was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
    /// Always null: webhooks are not in the feed.
    change: Option<ChangeReference>,
}

impl KeyedWebhookPayload {
    fn of(outcome: Result<Written<Keyed>, Error>) -> Result<Self> {
        let (keyed, refusals) = match outcome {
            Ok(Written { record, .. }) => (Some(record), Vec::new()),
            Err(error) => (None, error.refusals()?),
        };
        let (secret, webhook) = keyed.map(|Keyed { secret, row }| (secret, Webhook(std::sync::Arc::new(row)))).unzip();
        let user_errors = refusals.into_iter().map(UserError::from).collect();
        Ok(Self { secret, webhook, user_errors, change: None })
    }
}

mutations! {
    WebhookMutation {
        /// Disables a webhook. For administrators.
        disable_webhook(WebhookInput, "The webhook.") -> WebhookPayload = webhook::disable;
        /// Enables a webhook: it continues where it was, or from now on if the feed no longer goes back so far. For
        /// administrators. `INVALID_STATE` if 100 are active already.
        enable_webhook(WebhookInput, "The webhook.") -> WebhookPayload = webhook::enable;
        /// Sends a webhook again what comes after a cursor. For administrators. Top-level errors: `INVALID_CURSOR` for what
        /// is not a cursor, `CURSOR_EXPIRED` for one of another database, one older than the feed is kept, or one beyond its end.
        replay_webhook(ReplayWebhookInput, "The webhook, and the cursor to start after.") -> WebhookPayload = webhook::replay;
        /// Sends a test message at once, and answers with its outcome. For administrators; not with an `Idempotency-Key`.
        test_webhook(WebhookInput, "The webhook.") -> TestWebhookPayload = webhook::test;
    }
}

#[derive(Default)]
pub struct WebhookSecretMutation;

#[Object]
impl WebhookSecretMutation {
    /// Registers a webhook. It is told of what changes from now on. For administrators; not with an `Idempotency-Key`,
    /// since the answer holds the secret. `INVALID` for an address that is not https, `NOT_FOUND` if the client does not
    /// exist, `INVALID_STATE` if the client is not active or does not have the scope `SYNC`, or if 100 webhooks are active already.
    async fn register_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new webhook.")] input: RegisterWebhookInput,
    ) -> Option<Result<KeyedWebhookPayload>> {
        let session = session(ctx);
        Some(KeyedWebhookPayload::of(
            retry_on_conflict(&session.app, || webhook::register(&session.app, &session.viewer, input.clone())).await,
        ))
    }

    /// Gives a webhook a new secret. For 24 hours messages are signed with the previous one as well. For administrators;
    /// not with an `Idempotency-Key`.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook.")] input: WebhookInput,
    ) -> Option<Result<KeyedWebhookPayload>> {
        let session = session(ctx);
        Some(KeyedWebhookPayload::of(
            retry_on_conflict(&session.app, || webhook::rotate(&session.app, &session.viewer, input.clone())).await,
        ))
    }
}
