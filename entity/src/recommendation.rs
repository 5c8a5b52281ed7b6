//! A recommendation or proposed solution, reached by consensus.

use crate::id::{BodyId, MeetingId, OrganizationId, RecommendationId, SourceId};
use crate::paragraph::Paragraphs;
use crate::record_state::{RecommendationState, State};
use crate::text::LocalizedText;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What kind of text it is.
    RecommendationKind {
        /// Something that addressees are asked to do.
        Recommendation,
        /// A way to solve a problem that the council puts forward.
        ProposedSolution,
    }
}

vocabulary! {
    /// The status of a text until its adoption and after it.
    RecommendationStatus {
        /// Being written by the organisation that drafts it.
        Draft,
        /// Under discussion in the body.
        UnderDiscussion,
        /// Under a silence procedure; the text is not edited.
        UnderSilence,
        /// The body has agreed by consensus.
        AgreedInGroup,
        /// The body found no consensus on this revision.
        NoConsensus,
        /// Withdrawn before adoption.
        Withdrawn,
        /// Submitted to the Executive Committee, which seeks consensus on it in the room or by a silence.
        SubmittedToExcom,
        /// Sent back by the Executive Committee.
        Returned,
        /// Adopted. The text has its label and is immutable.
        Adopted,
        /// Sent to its addressees.
        Transmitted,
        /// Replaced by a later recommendation.
        Superseded,
    }
}

vocabulary! {
    /// How urgent it is.
    Priority {
        /// Low.
        Low,
        /// Medium.
        Medium,
        /// High.
        High,
        /// Urgent.
        Urgent,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recommendation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RecommendationId,
    pub body_id: BodyId,
    #[sea_orm(column_type = "Text", nullable)]
    pub label: Option<String>,
    pub label_year: Option<i32>,
    pub label_serial: Option<i32>,
    pub kind: RecommendationKind,
    pub status: RecommendationStatus,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub title_folded: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub text: LocalizedText,
    #[sea_orm(column_type = "JsonBinary")]
    pub paragraphs: Paragraphs,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub rationale: Option<LocalizedText>,
    pub priority: Option<Priority>,
    pub target_date: Option<NaiveDate>,
    pub adopted_on: Option<NaiveDate>,
    pub agreed_meeting_id: Option<MeetingId>,
    pub meeting_id: Option<MeetingId>,
    /// Of an adoption of the past: by which source it is known.
    pub adoption_source_id: Option<SourceId>,
    pub drafted_by_id: Option<OrganizationId>,
    pub supersedes_id: Option<RecommendationId>,
    pub is_demo: bool,
    pub no_personal_data: bool,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

impl Model {
    fn state(&self) -> State {
        State::Recommendation(RecommendationState {
            status: self.status,
            label: self.label.clone(),
            priority: self.priority,
            target_date: self.target_date,
            adopted_on: self.adopted_on,
            revision: 0,
            addressees: Vec::new(),
        })
    }
}

record!(RecommendationId, Recommendation, folds title => title_folded, keeps state);
