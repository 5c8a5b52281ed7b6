//! Another title under which a source names a meeting.

use crate::id::{AlternativeTitleId, MeetingId, OrganizationId, SourceId};
use crate::text::LocalizedText;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alternative_title")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlternativeTitleId,
    pub meeting_id: MeetingId,
    pub source_id: SourceId,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(AlternativeTitleId of MeetingId: MeetingId, meeting_id, by Position);
