//! The result of one attempt to deliver a message.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::{OrganizationId, WebhookDeliveryId, WebhookId};

vocabulary! {
    /// The result of an attempt.
    DeliveryOutcome {
        /// The receiver answered with a status of success.
        Delivered,
        /// It did not.
        Failed,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    pub webhook_id: WebhookId,
    #[sea_orm(column_type = "Text")]
    pub message_id: String,
    pub outcome: DeliveryOutcome,
    pub http_status: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub attempt: i32,
    pub at: DateTime<Utc>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(WebhookDeliveryId);
