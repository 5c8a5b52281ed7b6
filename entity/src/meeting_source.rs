//! A source of what is recorded about a meeting.

use crate::id::{MeetingId, MeetingSourceId, OrganizationId, SourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meeting_source")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MeetingSourceId,
    pub meeting_id: MeetingId,
    pub source_id: SourceId,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(MeetingSourceId of MeetingId: MeetingId, meeting_id, by Position);
