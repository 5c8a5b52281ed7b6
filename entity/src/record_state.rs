//! What a record was from one of its versions to the next, so that it can be read as of an instant. It holds no free text: a meeting's title that
//! was corrected does not come back. Immutable.

use crate::addressee::Addressed;
use crate::body_session;
use crate::id::{BodyId, CountryId, OrganizationId, RecordStateId};
use crate::meeting::{MeetingStatus, Modality, Sensitivity};
use crate::meeting_organizer::{self, OrganizerRole};
use crate::recommendation::{Priority, RecommendationStatus};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A recommendation. Its text is that of the revision with this number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationState {
    pub status: RecommendationStatus,
    pub label: Option<String>,
    pub priority: Option<Priority>,
    pub target_date: Option<NaiveDate>,
    pub adopted_on: Option<NaiveDate>,
    pub revision: i32,
    pub addressees: Vec<Addressed>,
}

/// A meeting, without its title and its theme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MeetingState {
    pub status: MeetingStatus,
    pub modality: Modality,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub timezone: String,
    pub country_id: Option<CountryId>,
    pub sensitivity: Sensitivity,
    pub chatham_house: bool,
    pub organizers: Vec<Organizing>,
    pub sessions: Vec<Sitting>,
}

/// An organiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organizing {
    pub organization_id: OrganizationId,
    pub role: OrganizerRole,
}

impl Organizing {
    #[must_use]
    pub fn of(row: &meeting_organizer::Model) -> Self {
        Self { organization_id: row.organization_id, role: row.role }
    }
}

/// A session of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sitting {
    pub body_id: BodyId,
    pub ordinal: i32,
}

impl Sitting {
    #[must_use]
    pub fn of(row: &body_session::Model) -> Self {
        Self { body_id: row.body_id, ordinal: row.ordinal }
    }
}

/// The state of a record whose states are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    Recommendation(RecommendationState),
    Meeting(MeetingState),
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "record_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RecordStateId,
    pub record_id: Uuid,
    pub version: i32,
    pub since: DateTime<Utc>,
    #[sea_orm(column_type = "JsonBinary")]
    pub state: State,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

row!(RecordStateId);
