//! A theme of a recommendation.

use crate::id::{OrganizationId, RecommendationId, RecommendationThemeId, ThemeId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recommendation_theme")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RecommendationThemeId,
    pub recommendation_id: RecommendationId,
    pub theme_id: ThemeId,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(RecommendationThemeId of RecommendationId: RecommendationId, recommendation_id, by Position);
