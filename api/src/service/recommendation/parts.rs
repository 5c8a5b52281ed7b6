//! What belongs to a recommendation and changes with it: addressees, themes, instruments, revisions. It does not change the state of a
//! recommendation: `transitions` does.

use async_graphql::{ID, InputObject};
use entity::addressee::{Addressed, AddresseeCategory, AddresseeRole};
use entity::id::{InstrumentId, RecommendationId, ThemeId};
use entity::{addressee, recommendation, recommendation_instrument, recommendation_revision, recommendation_theme};
use sea_orm::{ColumnTrait, Condition};

use super::wanted::Wanted;
use super::{WHAT, paragraphs, put};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::fields;
use crate::domain::lifecycle::{Transition, next};
use crate::domain::validation::{Validated, all};
use crate::error::Error;
use crate::service::context::AppContext;
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
    let (wanted, formed) = Wanted::parse(None, None, Some(&addressees));
    let named = wanted.check_named(&tx).await?;
    all([formed, named])?;
    paragraphs::fit(&tx, &before, &wanted, false).await??;
    let changed = set_parts(&mut tx, &before, wanted).await?;
    let row = put(&mut tx, &before, before.clone(), changed, None).await?;
    tx.commit(row).await
}

/// Makes these the parts of a recommendation; returns whether that changes them.
pub(super) async fn set_parts(tx: &mut Tx<'_>, row: &recommendation::Model, wanted: Wanted) -> Result<bool, Error> {
    let Wanted { themes, instruments, addressees, names: _ } = wanted;
    let mut changed = false;
    if let Some(themes) = themes {
        changed |= set_themes(tx, row, &themes).await?;
    }
    if let Some(instruments) = instruments {
        changed |= set_instruments(tx, row, &instruments).await?;
    }
    if let Some(addressees) = addressees {
        changed |= replace_addressees(tx, row, &addressees).await?;
    }
    Ok(changed)
}

async fn replace_addressees(
    tx: &mut Tx<'_>,
    row: &recommendation::Model,
    addressed: &[Addressed],
) -> Result<bool, Error> {
    let before = addressees_of(tx, row.id).await?;
    let after = addressee_rows(tx, row, addressed);
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

pub(super) async fn themes_of(tx: &Tx<'_>, id: RecommendationId) -> Result<Vec<recommendation_theme::Model>, Error> {
    read::children::<recommendation_theme::Entity>(tx.db(), tx.viewer(), &[id]).await
}

async fn set_themes(tx: &mut Tx<'_>, row: &recommendation::Model, ids: &[ThemeId]) -> Result<bool, Error> {
    let before = themes_of(tx, row.id).await?;
    let after = theme_rows(tx, row, ids);
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

async fn set_instruments(tx: &mut Tx<'_>, row: &recommendation::Model, ids: &[InstrumentId]) -> Result<bool, Error> {
    let before = read::children::<recommendation_instrument::Entity>(tx.db(), tx.viewer(), &[row.id]).await?;
    let after = instrument_rows(tx, row, ids);
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
        paragraphs: row.paragraphs.clone(),
        rationale: row.rationale.clone(),
        change_note,
        created_at: tx.now(),
        audience: row.audience,
        owner: row.owner,
    })
}
