//! The plenary, the Executive Committee or a working group.

use crate::id::{BodyId, OrganizationId};
use crate::text::LocalizedText;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What kind of body it is. There is one active plenary and one active Executive Committee.
    BodyKind {
        /// The whole council.
        Plenary,
        /// The committee that adopts recommendations.
        ExecutiveCommittee,
        /// A group that drafts recommendations on its subject.
        WorkingGroup,
    }
}

vocabulary! {
    /// For whom an organisation speaks in a body.
    ParticipantCategory {
        /// The delegation of a state, and institutes and bodies of governments.
        Government,
        /// Organisations of states, the United Nations, and the Red Cross and Red Crescent Movement.
        InternationalOrganization,
        /// Civil society organisations, universities and research institutions.
        CivilSociety,
        /// Donors and funds, and all others.
        Other,
    }
}

/// How many delegations of a category are to be present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuorumPart {
    pub category: ParticipantCategory,
    pub delegations: i32,
}

/// The quorum of a body: what is to be present of each category. A body without a rule has no part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Quorum(pub Vec<QuorumPart>);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "body")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BodyId,
    #[sea_orm(column_type = "Text")]
    pub code: String,
    pub kind: BodyKind,
    #[sea_orm(column_type = "JsonBinary")]
    pub name: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub name_folded: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub mandate_text: Option<LocalizedText>,
    pub established_on: Option<NaiveDate>,
    pub active: bool,
    pub reports_to_id: Option<BodyId>,
    #[sea_orm(column_type = "JsonBinary")]
    pub quorum: Quorum,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(BodyId, Body, folds name => name_folded);
