//! What belongs to a recommendation and changes with it: addressees, themes, instruments, revisions. It does not change the state of a
//! recommendation: `transitions` does.

use async_graphql::{ID, InputObject};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::id::{CountryId, InstrumentId, OrganizationId, RecommendationId, ThemeId};
use entity::{
    addressee, country, instrument, organization, recommendation, recommendation_instrument, recommendation_revision,
    recommendation_theme, theme,
};

use sea_orm::{ColumnTrait, Condition};

use super::{WHAT, put};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::lifecycle::{Transition, next};
use crate::domain::validation::{Validated, combine, each};
use crate::domain::{fields, recommendation as rules};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::patch::placed;
use crate::service::read::{self, Visible};
use crate::service::tx::{Tx, Written};

impl Visible for addressee::Entity {}
impl Visible for recommendation_instrument::Entity {}
impl Visible for recommendation_revision::Entity {}
impl Visible for recommendation_theme::Entity {}

/// Whom a recommendation asks to act.
#[derive(Clone, Debug, InputObject)]
pub struct AddresseeInput {
    /// Whom it is addressed to. A government is named by its country, an international organisation by itself, and
    /// all stakeholders by neither.
    pub category: AddresseeCategory,
    /// What the addressee is asked to do.
    pub role: AddresseeRole,
    /// The country.
    pub country_id: Option<ID>,
    /// The organisation.
    pub organization_id: Option<ID>,
}

/// The addressees of a recommendation, all of them.
#[derive(Clone, Debug, InputObject)]
pub struct SetAddresseesInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// All addressees in order, at most 100. They replace those before.
    pub addressees: Vec<AddresseeInput>,
}

pub async fn set_addressees(
    app: &AppContext,
    viewer: &Viewer,
    input: SetAddresseesInput,
) -> Result<Written<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    let SetAddresseesInput { id, expected_version, addressees } = input;
    let id = fields::id::<RecommendationId>("id", &id, WHAT)?;
    let mut tx = app.begin(viewer, Action::SetAddressees).await?;
    let before = tx.get_at::<recommendation::Entity>(id, expected_version, WHAT).await?;
    let standing = tx.standing(before.body_id).await?;
    viewer.require(Act::EditText { standing: &standing, drafted_by: before.drafted_by_id })?;
    next(before.status, Transition::SetAddressees)?;
    let changed = replace_addressees(&mut tx, &before, &addressees).await?;
    let row = put(&mut tx, &before, before.clone(), changed, None).await?;
    tx.commit(row).await
}

/// Whom a recommendation asks to act, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Addressed {
    pub category: AddresseeCategory,
    pub country_id: Option<CountryId>,
    pub organization_id: Option<OrganizationId>,
    pub role: AddresseeRole,
}

impl Addressed {
    pub(super) fn of(row: &addressee::Model) -> Self {
        let addressee::Model {
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

    fn whom(&self) -> (AddresseeCategory, Option<CountryId>, Option<OrganizationId>) {
        (self.category, self.country_id, self.organization_id)
    }
}

pub(super) fn addressed(wanted: &[AddresseeInput]) -> Validated<Vec<Addressed>> {
    fields::short("addressees", wanted)?;
    let parsed = each(wanted.iter().enumerate().map(|(index, one)| addressed_one(index, one)))?;
    fields::distinct("addressees", parsed.iter().map(Addressed::whom).collect())?;
    Ok(parsed)
}

fn addressed_one(index: usize, one: &AddresseeInput) -> Validated<Addressed> {
    let (path, AddresseeInput { category, role, country_id, organization_id }) = (format!("addressees.{index}"), one);
    let (category, role, names) = (*category, *role, (country_id.is_some(), organization_id.is_some()));
    combine!(
        country_id = country_id.as_ref().map(|id| fields::id(&format!("{path}.countryId"), id, "country")).transpose(),
        organization_id = organization_id
            .as_ref()
            .map(|id| fields::id(&format!("{path}.organizationId"), id, "organisation"))
            .transpose(),
        () = rules::addressee(&path, category, names.0, names.1),
    );
    Ok(Addressed { category, country_id, organization_id, role })
}

/// The countries among the addressees, each at its place in the input.
pub(super) fn countries_of(addressed: &[Addressed]) -> Vec<(String, CountryId)> {
    let countries = addressed.iter().enumerate();
    countries.filter_map(|(index, one)| Some((format!("addressees.{index}.countryId"), one.country_id?))).collect()
}

pub(super) fn organizations_of(addressed: &[Addressed]) -> Vec<(String, OrganizationId)> {
    let organizations = addressed.iter().enumerate();
    organizations
        .filter_map(|(index, one)| Some((format!("addressees.{index}.organizationId"), one.organization_id?)))
        .collect()
}

pub(super) async fn replace_addressees(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    wanted: &[AddresseeInput],
) -> Result<bool, Error> {
    let addressed = addressed(wanted)?;
    tx.check_named::<country::Entity>(countries_of(&addressed), "country").await?;
    tx.check_named::<organization::Entity>(organizations_of(&addressed), "organisation").await?;
    let before = addressees_of(tx, row.id).await?;
    let after = addressee_rows(tx, row, &addressed);
    Ok(!tx.replace_parts::<addressee::Entity>(before, after).await?.is_empty())
}

pub(super) fn addressee_rows(
    tx: &Tx<'_>,
    row: &recommendation::Model,
    addressed: &[Addressed],
) -> Vec<addressee::Model> {
    let rows = addressed.iter().zip(0..).map(|(one, position)| addressee::Model {
        id: tx.new_id(),
        recommendation_id: row.id,
        category: one.category,
        role: one.role,
        country_id: one.country_id,
        organization_id: one.organization_id,
        position,
        audience: row.audience,
        owner: row.owner,
    });
    rows.collect()
}

pub(super) async fn addressees_of(tx: &Tx<'_>, id: RecommendationId) -> Result<Vec<addressee::Model>, Error> {
    read::children::<addressee::Entity>(tx.db(), tx.viewer(), &[id]).await
}

pub(super) fn theme_ids(wanted: &[ID]) -> Validated<Vec<ThemeId>> {
    let ids = wanted.iter().enumerate();
    let ids = ids.map(|(index, id)| fields::id::<ThemeId>(&format!("themeIds.{index}"), id, "theme"));
    fields::distinct("themeIds", each(ids)?)
}

pub(super) async fn set_themes(tx: &mut Tx<'_>, row: &recommendation::Model, wanted: &[ID]) -> Result<bool, Error> {
    let ids = theme_ids(wanted)?;
    tx.check_named::<theme::Entity>(placed("themeIds", "", &ids), "theme").await?;
    let before = read::children::<recommendation_theme::Entity>(tx.db(), tx.viewer(), &[row.id]).await?;
    let after = theme_rows(tx, row, &ids);
    Ok(!tx.replace_parts::<recommendation_theme::Entity>(before, after).await?.is_empty())
}

pub(super) fn theme_rows(
    tx: &Tx<'_>,
    row: &recommendation::Model,
    ids: &[ThemeId],
) -> Vec<recommendation_theme::Model> {
    let rows = ids.iter().zip(0..).map(|(theme_id, position)| recommendation_theme::Model {
        id: tx.new_id(),
        recommendation_id: row.id,
        theme_id: *theme_id,
        position,
        audience: row.audience,
        owner: row.owner,
    });
    rows.collect()
}

pub(super) fn instrument_ids(wanted: &[ID]) -> Validated<Vec<InstrumentId>> {
    let ids = wanted.iter().enumerate();
    let ids = ids.map(|(index, id)| fields::id::<InstrumentId>(&format!("instrumentIds.{index}"), id, "instrument"));
    fields::distinct("instrumentIds", each(ids)?)
}

pub(super) async fn set_instruments(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    wanted: &[ID],
) -> Result<bool, Error> {
    let ids = instrument_ids(wanted)?;
    tx.check_named::<instrument::Entity>(placed("instrumentIds", "", &ids), "instrument").await?;
    let before = read::children::<recommendation_instrument::Entity>(tx.db(), tx.viewer(), &[row.id]).await?;
    let after = instrument_rows(tx, row, &ids);
    Ok(!tx.replace_parts::<recommendation_instrument::Entity>(before, after).await?.is_empty())
}

pub(super) fn instrument_rows(
    tx: &Tx<'_>,
    row: &recommendation::Model,
    ids: &[InstrumentId],
) -> Vec<recommendation_instrument::Model> {
    let rows = ids.iter().zip(0..).map(|(instrument_id, position)| recommendation_instrument::Model {
        id: tx.new_id(),
        recommendation_id: row.id,
        instrument_id: *instrument_id,
        position,
        audience: row.audience,
        owner: row.owner,
    });
    rows.collect()
}

/// Keeps the current text of the recommendation as its next revision.
pub(super) async fn add_revision(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    change_note: Option<String>,
) -> Result<(), Error> {
    let of_text = Condition::all().add(recommendation_revision::Column::RecommendationId.eq(row.id));
    let last = tx.highest::<recommendation_revision::Entity>(recommendation_revision::Column::Number, of_text).await?;
    let revision = revision(tx, row, last, change_note)?;
    tx.insert_parts::<recommendation_revision::Entity>(vec![revision]).await
}

/// The revision after the last one, with the current text of the recommendation.
pub(super) fn revision(
    tx: &Tx<'_>,
    row: &recommendation::Model,
    last: Option<i32>,
    change_note: Option<String>,
) -> Validated<recommendation_revision::Model> {
    let last = last.unwrap_or(0);
    fields::room("text", usize::try_from(last).unwrap_or_default())?;
    Ok(recommendation_revision::Model {
        id: tx.new_id(),
        recommendation_id: row.id,
        number: last + 1,
        title: row.title.clone(),
        text: row.text.clone(),
        rationale: row.rationale.clone(),
        change_note,
        created_at: tx.now(),
        audience: row.audience,
        owner: row.owner,
    })
}
