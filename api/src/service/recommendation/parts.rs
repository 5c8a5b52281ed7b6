//! What belongs to a recommendation and changes with it: addressees, themes, instruments, revisions.

use async_graphql::{ID, InputObject};
use entity::addressee::{AddresseeCategory, AddresseeRole};
use entity::id::{CountryId, InstrumentId, OrganizationId, RecommendationId, ThemeId};
use entity::{
    addressee, country, instrument, organization, recommendation, recommendation_instrument, recommendation_revision,
    recommendation_theme, theme,
};

use sea_orm::{ColumnTrait, Condition};

use super::{WHAT, put};
use crate::app::App;
use crate::auth::{Act, Viewer};
use crate::domain::lifecycle::{Move, next};
use crate::domain::refusal::{All as _, Refusal, each};
use crate::domain::{input, recommendation as rules};
use crate::error::Error;
use crate::service::input::placed;
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
    app: &App,
    viewer: &Viewer,
    input: SetAddresseesInput,
) -> Result<Written<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    let id = input::id::<RecommendationId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, "setAddressees").await?;
    let before = tx.get_at::<recommendation::Entity>(id, input.expected_version, WHAT).await?;
    let standing = tx.standing(before.body_id).await?;
    viewer.require(Act::EditText { standing: &standing, drafted_by: before.drafted_by_id })?;
    next(before.status, Move::SetAddressees)?;
    let changed = replace_addressees(&mut tx, &before, &input.addressees).await?;
    let row = put(&mut tx, &before, before.clone(), changed, None).await?;
    tx.commit(row).await
}

type Addressed = (AddresseeCategory, Option<CountryId>, Option<OrganizationId>);

pub(super) async fn replace_addressees(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    wanted: &[AddresseeInput],
) -> Result<bool, Error> {
    input::short("addressees", wanted)?;
    let parsed = each(wanted.iter().enumerate().map(|(index, one)| addressed(index, one)))?;
    input::distinct("addressees", parsed.clone())?;
    let countries = parsed.iter().enumerate();
    let countries =
        countries.filter_map(|(index, (_, country, _))| Some((format!("addressees.{index}.countryId"), (*country)?)));
    tx.check_named::<country::Entity>(countries.collect(), "country").await?;
    let organizations = parsed.iter().enumerate();
    let organizations =
        organizations.filter_map(|(index, one)| Some((format!("addressees.{index}.organizationId"), one.2?)));
    tx.check_named::<organization::Entity>(organizations.collect(), "organisation").await?;
    let before = addressees_of(tx, row.id).await?;
    let after =
        parsed.into_iter().zip(wanted).zip(0..).map(|(((category, country_id, organization_id), one), position)| {
            addressee::Model {
                id: tx.mint(),
                recommendation_id: row.id,
                category,
                role: one.role,
                country_id,
                organization_id,
                position,
                audience: row.audience,
                owner: row.owner,
            }
        });
    let after = after.collect();
    tx.replace_parts::<addressee::Entity>(row.id, &before, after).await
}

fn addressed(index: usize, one: &AddresseeInput) -> Result<Addressed, Vec<Refusal>> {
    let path = format!("addressees.{index}");
    let (country, organization, ()) = (
        one.country_id.as_ref().map(|id| input::id(&format!("{path}.countryId"), id, "country")).transpose(),
        one.organization_id
            .as_ref()
            .map(|id| input::id(&format!("{path}.organizationId"), id, "organisation"))
            .transpose(),
        rules::addressee(&path, one.category, one.country_id.is_some(), one.organization_id.is_some()),
    )
        .all()?;
    Ok((one.category, country, organization))
}

pub(super) async fn addressees_of(tx: &Tx<'_>, id: RecommendationId) -> Result<Vec<addressee::Model>, Error> {
    read::children::<addressee::Entity>(tx.db(), tx.viewer(), &[id]).await
}

pub(super) async fn set_themes(tx: &mut Tx<'_>, row: &recommendation::Model, wanted: &[ID]) -> Result<bool, Error> {
    let ids =
        wanted.iter().enumerate().map(|(index, id)| input::id::<ThemeId>(&format!("themeIds.{index}"), id, "theme"));
    let ids = input::distinct("themeIds", each(ids)?)?;
    tx.check_named::<theme::Entity>(placed("themeIds", "", &ids), "theme").await?;
    let before = read::children::<recommendation_theme::Entity>(tx.db(), tx.viewer(), &[row.id]).await?;
    let after = ids.into_iter().zip(0..).map(|(theme_id, position)| recommendation_theme::Model {
        id: tx.mint(),
        recommendation_id: row.id,
        theme_id,
        position,
        audience: row.audience,
        owner: row.owner,
    });
    let after = after.collect();
    tx.replace_parts::<recommendation_theme::Entity>(row.id, &before, after).await
}

pub(super) async fn set_instruments(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    wanted: &[ID],
) -> Result<bool, Error> {
    let ids = wanted.iter().enumerate();
    let ids = ids.map(|(index, id)| input::id::<InstrumentId>(&format!("instrumentIds.{index}"), id, "instrument"));
    let ids = input::distinct("instrumentIds", each(ids)?)?;
    tx.check_named::<instrument::Entity>(placed("instrumentIds", "", &ids), "instrument").await?;
    let before = read::children::<recommendation_instrument::Entity>(tx.db(), tx.viewer(), &[row.id]).await?;
    let after = ids.into_iter().zip(0..).map(|(instrument_id, position)| recommendation_instrument::Model {
        id: tx.mint(),
        recommendation_id: row.id,
        instrument_id,
        position,
        audience: row.audience,
        owner: row.owner,
    });
    let after = after.collect();
    tx.replace_parts::<recommendation_instrument::Entity>(row.id, &before, after).await
}

/// Keeps the text that the recommendation has now as its next revision.
pub(super) async fn add_revision(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    change_note: Option<String>,
) -> Result<(), Error> {
    let of_text = Condition::all().add(recommendation_revision::Column::RecommendationId.eq(row.id));
    let last = tx.highest::<recommendation_revision::Entity>(recommendation_revision::Column::Number, of_text).await?;
    input::room("text", usize::try_from(last.unwrap_or(0)).unwrap_or_default())?;
    let revision = recommendation_revision::Model {
        id: tx.mint(),
        recommendation_id: row.id,
        number: last.unwrap_or(0) + 1,
        title: row.title.clone(),
        text: row.text.clone(),
        rationale: row.rationale.clone(),
        change_note,
        created_at: tx.at(),
        audience: row.audience,
        owner: row.owner,
    };
    tx.insert_parts::<recommendation_revision::Entity>(vec![revision]).await
}
