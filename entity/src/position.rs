//! The position of an organisation on a text, in a consensus procedure. Organisations speak, not persons.

use crate::id::{ConsensusProcedureId, MandateId, OrganizationId, PositionId, RecommendationId};
use crate::text::LocalizedText;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What an organisation says of a text.
    PositionKind {
        /// It objects: there is no consensus.
        Objection,
        /// It proposes another text: there is no consensus on this one.
        Amendment,
        /// It says how it understands the text. Published with it; never blocks.
        InterpretativeStatement,
        /// It does not hold itself bound by a part of the text. Published with it; never blocks.
        FormalReservation,
        /// It supports the text. Nothing is counted.
        Support,
    }
}

vocabulary! {
    /// What has become of a position.
    PositionState {
        /// Nobody has answered it.
        Stated,
        /// The chair has answered it; the organisation has not said whether that is enough.
        Answered,
        /// The organisation stands by it.
        Maintained,
        /// The organisation has taken it back.
        Withdrawn,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "position")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PositionId,
    pub recommendation_id: RecommendationId,
    pub procedure_id: ConsensusProcedureId,
    pub organization_id: OrganizationId,
    pub mandate_id: MandateId,
    pub kind: PositionKind,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub text: Option<LocalizedText>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub proposed_text: Option<LocalizedText>,
    pub stated_at: DateTime<Utc>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub answer: Option<LocalizedText>,
    /// The organisation that has answered; none for the secretariat.
    pub answered_by_id: Option<OrganizationId>,
    pub answered_at: Option<DateTime<Utc>>,
    pub maintained_at: Option<DateTime<Utc>>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(PositionId, Position);

part!(@of RecommendationId: RecommendationId, recommendation_id, by StatedAt);
