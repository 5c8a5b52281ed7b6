//! What an organisation is in a body, and from when to when.

use crate::id::{BodyId, CountryId, MandateId, OrganizationId};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What an organisation is in a body.
    MandateRole {
        /// Leads the body.
        Chair,
        /// Leads the body together with others.
        CoChair,
        /// Keeps the body's texts.
        Rapporteur,
        /// Takes part in the body's work and consensus.
        Member,
        /// Follows the body's work.
        Observer,
        /// Serves the body.
        Secretariat,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mandate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MandateId,
    pub organization_id: OrganizationId,
    pub body_id: BodyId,
    pub country_id: Option<CountryId>,
    pub role: MandateRole,
    pub can_object: bool,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(MandateId, Mandate);
