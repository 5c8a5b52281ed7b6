//! An organisation that organises a meeting.

use crate::id::{MeetingId, MeetingOrganizerId, OrganizationId};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What an organiser does for a meeting.
    OrganizerRole {
        /// Holds the meeting at its seat.
        Host,
        /// Organises the meeting.
        Organizer,
        /// Organises the meeting together with the organisers.
        CoOrganizer,
        /// Supports the meeting.
        Supporter,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meeting_organizer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MeetingOrganizerId,
    pub meeting_id: MeetingId,
    pub organization_id: OrganizationId,
    pub role: OrganizerRole,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(MeetingOrganizerId of MeetingId: MeetingId, meeting_id, by Position);
