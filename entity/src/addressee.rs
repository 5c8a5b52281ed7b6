//! Whom a recommendation asks to act.

use crate::id::{AddresseeId, CountryId, OrganizationId, RecommendationId};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// Whom a recommendation is addressed to.
    AddresseeCategory {
        /// A government.
        Government,
        /// An international organisation.
        InternationalOrganization,
        /// Civil society.
        CivilSociety,
        /// Everyone concerned.
        AllStakeholders,
    }
}

vocabulary! {
    /// What the addressee is asked to do.
    AddresseeRole {
        /// Lead the implementation.
        Lead,
        /// Support it.
        Supporting,
    }
}

/// Who is asked to act, and in which role: of a whole text, or of one of its paragraphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Addressed {
    pub category: AddresseeCategory,
    pub country_id: Option<CountryId>,
    pub organization_id: Option<OrganizationId>,
    pub role: AddresseeRole,
}

impl Addressed {
    #[must_use]
    pub fn of(row: &Model) -> Self {
        let Model {
            id: _,
            recommendation_id: _,
            category,
            role,
            country_id,
            organization_id,
            position: _,
            audience: _,
            owner: _,
        } = *row;
        Self { category, country_id, organization_id, role }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "addressee")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AddresseeId,
    pub recommendation_id: RecommendationId,
    pub category: AddresseeCategory,
    pub role: AddresseeRole,
    pub country_id: Option<CountryId>,
    pub organization_id: Option<OrganizationId>,
    pub position: i32,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
}

part!(AddresseeId of RecommendationId: RecommendationId, recommendation_id, by Position);
