//! A webhook: an address that is notified of changes, and up to where in the feed it has been notified.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::RecordType;
use crate::id::{ClientId, OrganizationId, WebhookId};

vocabulary! {
    /// Whether a webhook is notified of changes.
    WebhookStatus {
        /// It is.
        Active,
        /// It is not.
        Disabled,
    }
}

vocabulary! {
    /// Why a webhook is disabled.
    WebhookReason {
        /// An administrator has disabled it.
        ByAdministrator,
        /// Its address has answered 410 Gone.
        Gone,
        /// Every attempt of the retry schedule has failed.
        Exhausted,
        /// The feed no longer goes back to its position.
        LeftBehind,
        /// Its client is no longer active.
        ClientInactive,
    }
}

/// The types that it is notified of; empty for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Types(pub Vec<RecordType>);

/// The secrets that its messages are signed with. The newest first; an older one until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Secrets(pub Vec<Secret>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// `sealed_` and base64: sealed with the service's key for the printed id of the webhook. `whsec_` and base64 until an older version's
    /// is sealed, at the next start.
    pub secret: String,
    pub until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookId,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    pub client_id: Option<ClientId>,
    #[sea_orm(column_type = "JsonBinary")]
    pub types: Types,
    #[sea_orm(column_type = "JsonBinary")]
    pub secrets: Secrets,
    pub status: WebhookStatus,
    pub reason: Option<WebhookReason>,
    /// The number of the last change that it was sent, or need not be sent.
    pub position: i64,
    /// The identity of the feed of which it was last notified.
    pub epoch: Option<Uuid>,
    /// Failed attempts since the last successful one.
    pub failures: i32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The process that delivers, and until when no other one may.
    pub lease_holder: Option<Uuid>,
    pub lease_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(WebhookId);
