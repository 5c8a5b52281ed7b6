//! A meeting or an event of the council.

use crate::id::{CountryId, MeetingId, OrganizationId};
use crate::record_state::{MeetingState, State};
use crate::text::LocalizedText;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What kind of meeting it is.
    MeetingKind {
        /// A meeting of the whole council.
        Plenary,
        /// A meeting of the Executive Committee.
        ExecutiveCommittee,
        /// A meeting of one working group.
        WorkingGroup,
        /// A meeting of several working groups together.
        JointWorkingGroups,
        /// A briefing on the council. It carries no body session.
        Briefing,
        /// An event beside another event. It carries no body session.
        SideEvent,
        /// A conference or dialogue. It carries no body session.
        ConferenceOrDialogue,
        /// A training or workshop.
        TrainingOrWorkshop,
        /// A consultation of experts.
        ExpertConsultation,
    }
}

vocabulary! {
    /// How people meet.
    Modality {
        /// In one room.
        InPerson,
        /// By video. Such a meeting has no venue.
        Online,
        /// In one room and by video.
        Hybrid,
    }
}

vocabulary! {
    /// The status of a meeting.
    MeetingStatus {
        /// Scheduled, not yet confirmed.
        Planned,
        /// Confirmed; it has at least one organiser.
        Confirmed,
        /// In progress.
        InSession,
        /// Over. What is recorded of it is kept for good.
        Concluded,
        /// Postponed; it can be planned again.
        Postponed,
        /// Cancelled.
        Cancelled,
    }
}

vocabulary! {
    /// How exact a count is.
    CountQualifier {
        /// Exactly that many.
        Exact,
        /// About that many.
        About,
        /// More than that.
        Over,
        /// That many or more.
        AtLeast,
        /// That many or fewer.
        AtMost,
    }
}

vocabulary! {
    /// Who may read a record.
    Sensitivity {
        /// Everyone.
        Public,
        /// Readers, partners and the secretariat.
        ParticipantsOnly,
        /// The secretariat.
        Confidential,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meeting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MeetingId,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub title_folded: String,
    pub kind: MeetingKind,
    pub modality: Modality,
    pub status: MeetingStatus,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    #[sea_orm(column_type = "Text")]
    pub timezone: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub city: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub venue: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub theme: Option<LocalizedText>,
    pub participant_count: Option<i32>,
    pub count_qualifier: Option<CountQualifier>,
    pub chatham_house: bool,
    pub sensitivity: Sensitivity,
    pub country_id: Option<CountryId>,
    pub is_demo: bool,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

impl Model {
    fn state(&self) -> State {
        State::Meeting(MeetingState {
            status: self.status,
            modality: self.modality,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            timezone: self.timezone.clone(),
            country_id: self.country_id,
            sensitivity: self.sensitivity,
            chatham_house: self.chatham_house,
            organizers: Vec::new(),
            sessions: Vec::new(),
        })
    }
}

record!(MeetingId, Meeting, folds title => title_folded, keeps state);
