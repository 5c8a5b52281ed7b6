//! Countries: reference data that everyone reads. No mutation writes them.

use async_graphql::{ID, InputObject, OneofObject};
use entity::country;
use entity::date::DateTime;
use entity::id::CountryId;
use sea_orm::ConnectionTrait;

use super::external_id::{self, ExternalIdInput};
use super::filter::{BooleanFilter, IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::page::sort;
use super::read::{self, Visible};
use crate::auth::Viewer;
use crate::error::Error;

impl Visible for country::Entity {
    const CACHED: bool = true;
}

/// Names one country.
#[derive(Clone, Debug, OneofObject)]
pub enum CountryBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its ISO 3166-1 alpha-2 code, in upper or lower case.
    Iso2(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which countries.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CountryFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By ISO 3166-1 alpha-2 code.
    pub iso2: Option<StringFilter>,
    /// By name, in any language.
    pub name: Option<TextFilter>,
    /// Whether the state takes part in the council.
    pub participating: Option<BooleanFilter>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<CountryFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<CountryFilter>>,
    /// This must not match.
    pub not: Option<Box<CountryFilter>>,
}

filter!(CountryFilter => country::Entity, unique [id, iso2], |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<CountryId>).as_ref(), country::Column::Id),
    scope.field(this.iso2.as_ref().map(StringFilter::with_codes).as_ref(), country::Column::Iso2),
    scope.field(this.name.as_ref(), country::Column::NameFolded),
    scope.field(this.participating.as_ref(), country::Column::Participating),
    scope.field(this.updated_at.as_ref(), country::Column::UpdatedAt),
]);

sort! {
    /// What countries can be sorted by.
    CountryOrderField, CountryOrder => country {
        /// The ISO 3166-1 alpha-2 code.
        Iso2 => Iso2,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(db: &impl ConnectionTrait, viewer: &Viewer, by: &CountryBy) -> Result<Option<country::Model>, Error> {
    match by {
        CountryBy::Id(id) => read::by_text_id::<country::Entity>(db, viewer, id).await,
        CountryBy::Iso2(iso2) => read::by_code::<country::Entity>(db, viewer, country::Column::Iso2, iso2).await,
        CountryBy::ExternalId(by) => external_id::find::<country::Entity>(db, viewer, by).await,
    }
}
