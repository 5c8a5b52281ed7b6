//! A legal instrument or resolution that recommendations refer to.

use crate::id::{InstrumentId, OrganizationId};
use crate::text::LocalizedText;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instrument")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InstrumentId,
    #[sea_orm(column_type = "Text")]
    pub symbol: String,
    #[sea_orm(column_type = "Text")]
    pub symbol_folded: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub title_folded: String,
    pub adopted_on: Option<NaiveDate>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(InstrumentId, Instrument, folds title => title_folded);
