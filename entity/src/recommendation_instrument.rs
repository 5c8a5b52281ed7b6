//! An instrument that a recommendation refers to.

use crate::id::{InstrumentId, OrganizationId, RecommendationId, RecommendationInstrumentId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recommendation_instrument")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RecommendationInstrumentId,
    pub recommendation_id: RecommendationId,
    pub instrument_id: InstrumentId,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(RecommendationInstrumentId of RecommendationId: RecommendationId, recommendation_id, by Position);
