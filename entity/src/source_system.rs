//! Another system that calls our records by its own names. It is its owner's, who used it first; the secretariat's if it
//! has none.

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
