//! A state.

use crate::id::{CountryId, OrganizationId};
use crate::text::LocalizedText;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "country")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CountryId,
    #[sea_orm(column_type = "Text")]
    pub iso2: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub name: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub name_folded: String,
    pub participating: bool,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(CountryId, Country, folds name => name_folded);
