//! An organisation's part in a meeting. It names no person.

use crate::id::{MeetingId, OrganizationId, ParticipationId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// In which capacity an organisation takes part.
    Capacity {
        /// Heads a state's delegation.
        HeadOfDelegation,
        /// Takes part as a delegate.
        Delegate,
        /// Speaks.
        Speaker,
        /// Moderates.
        Moderator,
        /// Reports.
        Rapporteur,
        /// Attends as an observer.
        Observer,
        /// Serves the meeting.
        Secretariat,
    }
}

vocabulary! {
    /// Whether an organisation comes or came.
    Attendance {
        /// Invited.
        Invited,
        /// Has confirmed that it comes.
        Confirmed,
        /// Was in the room.
        Present,
        /// Took part by video.
        Remote,
        /// Sent apologies.
        Excused,
        /// Did not come.
        Absent,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "participation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ParticipationId,
    pub meeting_id: MeetingId,
    pub organization_id: OrganizationId,
    pub capacity: Capacity,
    pub attendance: Attendance,
    pub delegates: Option<i32>,
    /// Whether the secretariat has recorded it, or let stand what the organisation answered to its invitation.
    pub confirmed: bool,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(ParticipationId, Participation);

part!(@of MeetingId: MeetingId, meeting_id, by Id);
