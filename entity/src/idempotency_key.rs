//! A request with an idempotency key, and its answer, written in the transaction of its effects.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// Whose key it is.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub client: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// A hash of the request's body.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// The answer as JSON; `None` until the transaction ends.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
    pub at: DateTime<Utc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
