//! A consensus procedure: how a body comes to one exact revision of a text.

use crate::id::{BodyId, ConsensusProcedureId, MeetingId, OrganizationId, RecommendationId, RevisionId};
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// How consensus is sought.
    ConsensusMode {
        /// In the room, at a meeting.
        InMeeting,
        /// In writing: the text is agreed, or adopted, if nobody objects before the deadline.
        Silence,
    }
}

vocabulary! {
    /// What a body seeks consensus for.
    ConsensusStage {
        /// To agree on its own draft.
        Agreement,
        /// To adopt a text that is submitted: by the Executive Committee or the plenary.
        Adoption,
    }
}

vocabulary! {
    /// What a consensus procedure has come to.
    ConsensusOutcome {
        /// Open: the deadline has not come.
        Pending,
        /// There was no objection: the body has the text by consensus.
        Adopted,
        /// There was an objection or an amendment, or the body found no consensus in the room.
        Broken,
        /// Ended without a result by those who opened it.
        Withdrawn,
        /// Ended without a result: at the deadline the body was not active any more, or the text not under silence.
        Lapsed,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consensus_procedure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsensusProcedureId,
    pub recommendation_id: RecommendationId,
    pub revision_id: RevisionId,
    pub body_id: BodyId,
    pub meeting_id: MeetingId,
    pub stage: ConsensusStage,
    pub mode: ConsensusMode,
    pub outcome: ConsensusOutcome,
    pub opened_at: DateTime<Utc>,
    /// Of a silence: when the text is agreed, or adopted, unless somebody has objected before.
    pub deadline: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(ConsensusProcedureId, ConsensusProcedure);

part!(@of RecommendationId: RecommendationId, recommendation_id, by OpenedAt);
