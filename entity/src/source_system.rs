//! Another system that has its own names for our records. It belongs to the organisation that used it first; to the secretariat if it has
//! no owner.

use crate::id::{OrganizationId, SourceSystemId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source_system")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SourceSystemId,
    #[sea_orm(column_type = "Text", unique)]
    pub name: String,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(SourceSystemId);
