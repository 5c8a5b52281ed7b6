//! Mandates: what organisations are in bodies, and when. The rules stand in `domain/council.rs`.

use async_graphql::{ID, InputObject, OneofObject};
use entity::date::{Date, DateTime};
use entity::id::{BodyId, MandateId, OrganizationId};
use entity::mandate;
use entity::mandate::MandateRole;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};

use super::body::BodyFilter;
use super::country::CountryFilter;
use super::external_id::{self, ExternalIdInput};
use super::filter::{BooleanFilter, EnumFilter, IdFilter, OrNone, OrderedFilter, filter};
use super::grant::{self, Asked, MandateTermsInput};
use super::organization::OrganizationFilter;
use super::page::sort;
use super::read::{self, Visible};
use super::relation::Relation;
use super::tx::Written;
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::{council, fields};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for mandate::Entity {}

/// Names one mandate.
#[derive(Clone, Debug, OneofObject)]
pub enum MandateBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which mandates.
#[derive(Clone, Debug, Default, InputObject)]
pub struct MandateFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By role.
    pub role: Option<EnumFilter<MandateRole>>,
    /// Whether its holder can object to a consensus.
    pub can_object: Option<BooleanFilter>,
    /// By its first day.
    pub valid_from: Option<OrderedFilter<Date>>,
    /// By its last day.
    pub valid_to: Option<OrderedFilter<Date>>,
    /// Valid on this day, its first and last days included. With `canObject`: who may object to a consensus on that day.
    pub valid_on: Option<Date>,
    /// By its holder.
    pub organization: Option<Box<OrganizationFilter>>,
    /// By body.
    pub body: Option<Box<BodyFilter>>,
    /// By the state whose delegation holds it.
    pub country: Option<Box<CountryFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<MandateFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<MandateFilter>>,
    /// This must not match.
    pub not: Option<Box<MandateFilter>>,
}

filter!(MandateFilter => mandate::Entity, |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<MandateId>).as_ref(), mandate::Column::Id),
    scope.field(this.role.as_ref(), mandate::Column::Role),
    scope.field(this.can_object.as_ref(), mandate::Column::CanObject),
    scope.field(this.valid_from.as_ref(), mandate::Column::ValidFrom),
    scope.field(this.valid_to.as_ref(), mandate::Column::ValidTo),
    // As `council::is_valid_on`.
    scope.field(this.valid_on.map(OrderedFilter::at_most).as_ref(), mandate::Column::ValidFrom),
    scope.field(this.valid_on.map(OrderedFilter::at_least).map(OrNone).as_ref(), mandate::Column::ValidTo),
    scope.related(this.organization.as_deref(), mandate::Column::OrganizationId),
    scope.related(this.body.as_deref(), mandate::Column::BodyId),
    scope.related(this.country.as_deref(), mandate::Column::CountryId),
    scope.field(this.updated_at.as_ref(), mandate::Column::UpdatedAt),
]);

sort! {
    /// What mandates can be sorted by.
    MandateOrderField, MandateOrder => mandate {
        /// The first day.
        ValidFrom => ValidFrom,
        /// The last day.
        ValidTo => ValidTo,
        /// The role.
        Role => Role,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(db: &impl ConnectionTrait, viewer: &Viewer, by: &MandateBy) -> Result<Option<mandate::Model>, Error> {
    match by {
        MandateBy::Id(id) => read::by_text_id::<mandate::Entity>(db, viewer, id).await,
        MandateBy::ExternalId(by) => external_id::find::<mandate::Entity>(db, viewer, by).await,
    }
}

/// The mandates of these organisations in these bodies, whenever they are valid.
pub async fn held_in(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    bodies: &[BodyId],
    holders: &[OrganizationId],
) -> Result<Vec<mandate::Model>, Error> {
    let backend = db.get_database_backend();
    let held = Condition::all().add(read::among(backend, mandate::Column::BodyId, bodies)).add(read::among(
        backend,
        mandate::Column::OrganizationId,
        holders,
    ));
    read::all::<mandate::Entity>(db, viewer, held).await
}

/// A new mandate.
#[derive(Clone, Debug, InputObject)]
pub struct GrantMandateInput {
    /// Who holds it.
    pub organization_id: ID,
    /// In which body.
    pub body_id: ID,
    #[graphql(flatten)]
    pub terms: MandateTermsInput,
}

/// The end of a mandate.
#[derive(Clone, Debug, InputObject)]
pub struct EndMandateInput {
    /// The mandate.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The last day. Not after the last day that it already has.
    pub valid_to: Date,
}

pub async fn grant(
    app: &AppContext,
    viewer: &Viewer,
    input: GrantMandateInput,
) -> Result<Written<mandate::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let GrantMandateInput { organization_id, body_id, terms } = &input;
    let mut tx = app.begin(viewer, Action::GrantMandate).await?;
    let row = grant::alone(&tx, Asked::of(organization_id, body_id, terms)).await??;
    let of_holder = Condition::all()
        .add(mandate::Column::OrganizationId.eq(row.organization_id))
        .add(mandate::Column::BodyId.eq(row.body_id))
        .add(mandate::Column::Role.eq(row.role));
    let held = read::all::<mandate::Entity>(tx.db(), tx.viewer(), of_holder).await?;
    council::no_overlap(&held, row.valid_from, row.valid_to)?;
    let row = tx.insert::<mandate::Entity>(row).await?;
    tx.commit(row).await
}

pub async fn end(app: &AppContext, viewer: &Viewer, input: EndMandateInput) -> Result<Written<mandate::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let EndMandateInput { id, expected_version, valid_to: Date(valid_to) } = input;
    let id = fields::id::<MandateId>("id", &id, "mandate")?;
    let mut tx = app.begin(viewer, Action::EndMandate).await?;
    let before = tx.get_at::<mandate::Entity>(id, expected_version, "mandate").await?;
    council::mandate_end(&before, valid_to)?;
    let mut after = before.clone();
    after.valid_to = Some(valid_to);
    let row = tx.update::<mandate::Entity>(&before, after).await?;
    tx.commit(row).await
}

/// The mandates in a body.
pub fn of_body() -> Relation {
    Relation::direct(mandate::Column::BodyId)
}

/// The mandates of an organisation.
pub fn of_organization() -> Relation {
    Relation::direct(mandate::Column::OrganizationId)
}

/// The mandates of a state's delegations.
pub fn of_country() -> Relation {
    Relation::direct(mandate::Column::CountryId)
}
