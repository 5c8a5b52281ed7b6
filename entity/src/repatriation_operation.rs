//! A repatriation operation. Aggregates only; shown to the secretariat alone until disclosure control exists.

use crate::id::{CountryId, OrganizationId, RepatriationOperationId};
use crate::text::LocalizedText;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// How exactly the dates are known.
    DatePrecision {
        /// To the day.
        Day,
        /// To the month; the day is a placeholder.
        Month,
        /// To the year; month and day are placeholders.
        Year,
    }
}

/// ISO 3166-1 alpha-2 codes of the states that people were repatriated from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, FromJsonQueryResult)]
pub struct Origins(pub Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "repatriation_operation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RepatriationOperationId,
    pub country_id: CountryId,
    #[sea_orm(column_type = "Text", nullable)]
    pub code_name: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub name: Option<LocalizedText>,
    pub date_from: NaiveDate,
    pub date_to: NaiveDate,
    pub date_precision: DatePrecision,
    #[sea_orm(column_type = "JsonBinary")]
    pub origins: Origins,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(RepatriationOperationId, RepatriationOperation);
