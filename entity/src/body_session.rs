//! The session of a body that a meeting carries. An ordinal belongs to a body, not to a meeting.

use crate::id::{BodyId, BodySessionId, MeetingId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "body_session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BodySessionId,
    pub meeting_id: MeetingId,
    pub body_id: BodyId,
    pub ordinal: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(BodySessionId of MeetingId: MeetingId, meeting_id, by Ordinal);
