//! A recommendation that an agenda item is about.

use crate::id::{AgendaItemId, AgendaItemRecommendationId, OrganizationId, RecommendationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agenda_item_recommendation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgendaItemRecommendationId,
    pub agenda_item_id: AgendaItemId,
    pub recommendation_id: RecommendationId,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(AgendaItemRecommendationId of AgendaItemId: AgendaItemId, agenda_item_id, by Position);
