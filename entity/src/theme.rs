//! A theme: what recommendations are about.

use crate::id::{OrganizationId, ThemeId};
use crate::text::LocalizedText;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What kind of theme it is.
    ThemeKind {
        /// A subject of the council's work.
        Subject,
        /// A group of people that recommendations are about.
        AffectedGroup,
        /// A Sustainable Development Goal.
        Sdg,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "theme")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ThemeId,
    #[sea_orm(column_type = "Text")]
    pub code: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub name: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub name_folded: String,
    pub kind: ThemeKind,
    pub parent_id: Option<ThemeId>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
    /// The theme that this one is being merged into: the guards then let the themes of adopted recommendations change.
    pub merged_into_id: Option<ThemeId>,
}

record!(ThemeId, Theme, folds name => name_folded);
