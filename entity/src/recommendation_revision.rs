//! One state of the text of a recommendation. Immutable.

use crate::id::{OrganizationId, RecommendationId, RevisionId};
use crate::paragraph::Paragraphs;
use crate::text::LocalizedText;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recommendation_revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevisionId,
    pub recommendation_id: RecommendationId,
    pub number: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    #[sea_orm(column_type = "JsonBinary")]
    pub text: LocalizedText,
    #[sea_orm(column_type = "JsonBinary")]
    pub paragraphs: Paragraphs,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub rationale: Option<LocalizedText>,
    #[sea_orm(column_type = "Text", nullable)]
    pub change_note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(RevisionId of RecommendationId: RecommendationId, recommendation_id, by Number);
