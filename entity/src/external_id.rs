//! An external id: what another system calls a record. Its owner is that of the system.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::RecordType;
use crate::id::{ExternalIdId, OrganizationId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_id")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExternalIdId,
    #[sea_orm(column_type = "Text")]
    pub source_system: String,
    #[sea_orm(column_type = "Text")]
    pub value: String,
    pub record_kind: RecordType,
    pub record_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(ExternalIdId);
