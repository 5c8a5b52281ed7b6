//! An organisation. Only organisations speak in the council, not persons.

use crate::id::{CountryId, OrganizationId};
use crate::text::LocalizedText;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What kind of organisation it is.
    OrganizationKind {
        /// An institute of a state.
        NationalInstitute,
        /// A ministry, service or mission of a government.
        GovernmentBody,
        /// An organisation of states.
        IntergovernmentalOrganization,
        /// A field operation of an intergovernmental organisation.
        IgoFieldOperation,
        /// An office of the United Nations.
        UnOffice,
        /// A regional centre of the United Nations.
        UnRegionalCentre,
        /// An agency, fund or programme of the United Nations.
        UnAgencyFundProgramme,
        /// The Red Cross and Red Crescent Movement.
        RedCrossMovement,
        /// A donor or a fund.
        DonorOrFund,
        /// A civil society organisation.
        CivilSociety,
        /// A university or research institution.
        Academic,
        /// None of the above.
        Other,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organization")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrganizationId,
    #[sea_orm(column_type = "Text")]
    pub acronym: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub name: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub name_folded: String,
    pub kind: OrganizationKind,
    #[sea_orm(column_type = "Text", nullable)]
    pub seat: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub website: Option<String>,
    pub organizer: bool,
    pub active: bool,
    pub parent_id: Option<OrganizationId>,
    pub country_id: Option<CountryId>,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(OrganizationId, Organization, folds name => name_folded);
