//! One figure about an operation, a country or the region, with its source. It must never be added to figures of another kind.

use crate::id::{CountryId, OperationFigureId, OrganizationId, RepatriationOperationId, SourceId};
use crate::meeting::CountQualifier;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What a figure counts.
    FigureScope {
        /// One operation.
        Operation,
        /// All operations of a country.
        Country,
        /// The region.
        Region,
    }
}

vocabulary! {
    /// How far a figure can be trusted.
    Confidence {
        /// Stated by an authority.
        A,
        /// Reported by media, consistent.
        B,
        /// Reported by one source, uncertain.
        C,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operation_figure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OperationFigureId,
    pub operation_id: Option<RepatriationOperationId>,
    pub country_id: Option<CountryId>,
    pub scope: FigureScope,
    pub as_of: NaiveDate,
    pub total: Option<i32>,
    pub women: Option<i32>,
    pub men: Option<i32>,
    pub children: Option<i32>,
    pub qualifier: CountQualifier,
    pub confidence: Confidence,
    pub preferred: bool,
    pub source_id: SourceId,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(OperationFigureId, OperationFigure);
