//! Organisations: listing, creating, updating and deactivating them. Writing many at once stands in `upsert`.

pub mod row;
pub mod upsert;

use async_graphql::{ID, InputObject, OneofObject};
use entity::date::DateTime;
use entity::id::OrganizationId;
use entity::organization::OrganizationKind;
use entity::{country, mandate, organization};
use sea_orm::ConnectionTrait;

use self::row::{CreateOrganizationInput, UpdateOrganizationInput, apply_update, build_row};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::validation::{Validated, all, combine};
use crate::domain::{council, fields};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::country::CountryFilter;
use crate::service::external_id::{self, ExternalIdInput};
use crate::service::filter::{BooleanFilter, EnumFilter, IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use crate::service::grant::{self, Asked};
use crate::service::page::sort;
use crate::service::patch::given;
use crate::service::read::{self, Visible};
use crate::service::relation::Relation;
use crate::service::tx::{Tx, Written};

impl Visible for organization::Entity {
    const CACHED: bool = true;
}

/// The word for an organisation in validation errors.
const WHAT: &str = "organisation";

/// Names one organisation.
#[derive(Clone, Debug, OneofObject)]
pub enum OrganizationBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its acronym, in upper or lower case.
    Acronym(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which organisations.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OrganizationFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By acronym.
    pub acronym: Option<StringFilter>,
    /// By name, in any language.
    pub name: Option<TextFilter>,
    /// By kind.
    pub kind: Option<EnumFilter<OrganizationKind>>,
    /// By the town of the seat.
    pub seat: Option<StringFilter>,
    /// Whether it organises the council's meetings.
    pub organizer: Option<BooleanFilter>,
    /// Whether it is active.
    pub active: Option<BooleanFilter>,
    /// By its country.
    pub country: Option<Box<CountryFilter>>,
    /// By the organisation above.
    pub parent: Option<Box<OrganizationFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<OrganizationFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<OrganizationFilter>>,
    /// This must not match.
    pub not: Option<Box<OrganizationFilter>>,
}

filter!(OrganizationFilter => organization::Entity, unique [id, acronym], |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<OrganizationId>).as_ref(), organization::Column::Id),
    scope.field(this.acronym.as_ref().map(StringFilter::with_codes).as_ref(), organization::Column::Acronym),
    scope.field(this.name.as_ref(), organization::Column::NameFolded),
    scope.field(this.kind.as_ref(), organization::Column::Kind),
    scope.field(this.seat.as_ref(), organization::Column::Seat),
    scope.field(this.organizer.as_ref(), organization::Column::Organizer),
    scope.field(this.active.as_ref(), organization::Column::Active),
    scope.related(this.country.as_deref(), organization::Column::CountryId),
    scope.related(this.parent.as_deref(), organization::Column::ParentId),
    scope.field(this.updated_at.as_ref(), organization::Column::UpdatedAt),
]);

impl OrganizationFilter {
    /// Narrows a filter to the organisations that organise the council's meetings.
    pub fn organizers(filter: Option<Box<Self>>) -> Box<Self> {
        let organizer = Some(BooleanFilter { eq: Some(true), ne: None });
        Box::new(Self { organizer, and: filter.map(|filter| vec![*filter]), ..Self::default() })
    }
}

sort! {
    /// What organisations can be sorted by.
    OrganizationOrderField, OrganizationOrder => organization {
        /// The acronym.
        Acronym => Acronym,
        /// The kind.
        Kind => Kind,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &OrganizationBy,
) -> Result<Option<organization::Model>, Error> {
    match by {
        OrganizationBy::Id(id) => read::by_text_id::<organization::Entity>(db, viewer, id).await,
        OrganizationBy::Acronym(acronym) => {
            read::by_code::<organization::Entity>(db, viewer, organization::Column::Acronym, acronym).await
        }
        OrganizationBy::ExternalId(by) => external_id::find::<organization::Entity>(db, viewer, by).await,
    }
}

/// Names an organisation at a version.
#[derive(Clone, Debug, InputObject)]
pub struct DeactivateOrganizationInput {
    /// The organisation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
}

pub async fn create(
    app: &AppContext,
    viewer: &Viewer,
    mut input: CreateOrganizationInput,
) -> Result<Written<organization::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::CreateOrganization).await?;
    let (id, wanted) = (tx.new_id(), std::mem::take(&mut input.mandates));
    let asked: Vec<Asked<'_>> = wanted.iter().map(|one| Asked::of_new_organization(id, one)).collect();
    let mandates = grant::of_new_record(&tx, &asked).await?;
    let named = check_named(&tx, input.parent_id.as_ref(), input.country_id.as_ref()).await?;
    combine!(row = build_row(&tx, id, input), () = named, mandates = mandates);
    let row = tx.insert::<organization::Entity>(row).await?;
    tx.insert_many::<mandate::Entity>(mandates).await?;
    tx.commit(row).await
}

pub async fn update(
    app: &AppContext,
    viewer: &Viewer,
    input: UpdateOrganizationInput,
) -> Result<Written<organization::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<OrganizationId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::UpdateOrganization).await?;
    let before = tx.get_at::<organization::Entity>(id, input.expected_version, WHAT).await?;
    let named =
        check_named(&tx, input.parent_id.as_opt_ref().flatten(), input.country_id.as_opt_ref().flatten()).await?;
    let parent: Option<OrganizationId> = input.parent_id.as_opt_ref().flatten().and_then(|id| id.parse().ok());
    combine!(
        () = council::no_cycle("parentId", id, parent.as_slice()),
        after = apply_update(&before, input),
        () = named,
    );
    if after.parent_id != before.parent_id {
        council::no_cycle("parentId", id, &ancestors(&tx, after.parent_id).await?)?;
    }
    let row = tx.update::<organization::Entity>(&before, after).await?;
    tx.commit(row).await
}

/// A deactivated organisation stays in the register; its tokens are refused from then on.
pub async fn deactivate(
    app: &AppContext,
    viewer: &Viewer,
    input: DeactivateOrganizationInput,
) -> Result<Written<organization::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<OrganizationId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::DeactivateOrganization).await?;
    let before = tx.get_at::<organization::Entity>(id, input.expected_version, WHAT).await?;
    let after = organization::Model { active: false, ..before.clone() };
    let row = tx.update::<organization::Entity>(&before, after).await?;
    tx.commit(row).await
}

/// Checks that the records that an input names exist. Whether their ids are ids is judged with the row.
async fn check_named(tx: &Tx<'_>, parent: Option<&ID>, country: Option<&ID>) -> Result<Validated<()>, Error> {
    Ok(all([
        tx.check_named::<organization::Entity>(given("parentId", parent), WHAT).await?,
        tx.check_named::<country::Entity>(given("countryId", country), "country").await?,
    ]))
}

/// The wanted parent and all organisations above it.
async fn ancestors(tx: &Tx<'_>, parent: Option<OrganizationId>) -> Result<Vec<OrganizationId>, Error> {
    tx.ancestors::<organization::Entity>("parentId", parent, |row| row.parent_id, WHAT).await
}

/// The organisations of a country.
pub fn of_country() -> Relation {
    Relation::direct(organization::Column::CountryId)
}

/// The organisations below another one.
pub fn of_parent() -> Relation {
    Relation::direct(organization::Column::ParentId)
}
