//! Themes: subjects, affected groups and development goals. The rules stand in `domain/council.rs`.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use entity::date::DateTime;
use entity::id::ThemeId;
use entity::theme::ThemeKind;
use entity::{recommendation, recommendation_revision, recommendation_theme, theme};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait};

use super::external_id::{self, ExternalIdInput};
use super::filter::{EnumFilter, IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::page::sort;
use super::patch::{LocalizedTextInput, given, localized, patch, patch_required, patch_text};
use super::read::{self, Visible};
use super::relation::Relation;
use super::tx::{Tx, Written};
use crate::auth::{Act, Viewer};
use crate::clock::Clock;
use crate::domain::action::Action;
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, council, fields};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for theme::Entity {
    const CACHED: bool = true;
}

/// Names one theme.
#[derive(Clone, Debug, OneofObject)]
pub enum ThemeBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its code, in upper or lower case.
    Code(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which themes.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ThemeFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By code.
    pub code: Option<StringFilter>,
    /// By name, in any language.
    pub name: Option<TextFilter>,
    /// By kind.
    pub kind: Option<EnumFilter<ThemeKind>>,
    /// By the theme above.
    pub parent: Option<Box<ThemeFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<ThemeFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<ThemeFilter>>,
    /// This must not match.
    pub not: Option<Box<ThemeFilter>>,
}

filter!(ThemeFilter => theme::Entity, unique [id, code], |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<ThemeId>).as_ref(), theme::Column::Id),
    scope.field(this.code.as_ref().map(StringFilter::with_codes).as_ref(), theme::Column::Code),
    scope.field(this.name.as_ref(), theme::Column::NameFolded),
    scope.field(this.kind.as_ref(), theme::Column::Kind),
    scope.related(this.parent.as_deref(), theme::Column::ParentId),
    scope.field(this.updated_at.as_ref(), theme::Column::UpdatedAt),
]);

sort! {
    /// What themes can be sorted by.
    ThemeOrderField, ThemeOrder => theme {
        /// The code.
        Code => Code,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(db: &impl ConnectionTrait, viewer: &Viewer, by: &ThemeBy) -> Result<Option<theme::Model>, Error> {
    match by {
        ThemeBy::Id(id) => read::by_text_id::<theme::Entity>(db, viewer, id).await,
        ThemeBy::Code(code) => read::by_code::<theme::Entity>(db, viewer, theme::Column::Code, code).await,
        ThemeBy::ExternalId(by) => external_id::find::<theme::Entity>(db, viewer, by).await,
    }
}

/// A new theme.
#[derive(Clone, Debug, InputObject)]
pub struct CreateThemeInput {
    /// Upper-case Latin letters, digits and hyphens, such as `SDG-16`. Unique.
    pub code: String,
    /// The name.
    pub name: Vec<LocalizedTextInput>,
    /// What kind of theme it is.
    pub kind: ThemeKind,
    /// The theme above.
    pub parent_id: Option<ID>,
}

/// A change of a theme. What is omitted stays; `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateThemeInput {
    /// The theme.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The code. Unique.
    pub code: MaybeUndefined<String>,
    /// The name; replaces all languages.
    pub name: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// What kind of theme it is.
    pub kind: MaybeUndefined<ThemeKind>,
    /// The theme above.
    pub parent_id: MaybeUndefined<ID>,
}

pub async fn create(
    app: &AppContext,
    viewer: &Viewer,
    input: CreateThemeInput,
) -> Result<Written<theme::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::CreateTheme).await?;
    let parent = tx.check_named::<theme::Entity>(given("parentId", input.parent_id.as_ref()), "theme").await?;
    combine!(row = build_row(&app.clock, input), () = parent);
    let row = tx.insert::<theme::Entity>(row).await?;
    tx.commit(row).await
}

fn build_row(clock: &Clock, input: CreateThemeInput) -> Validated<theme::Model> {
    let CreateThemeInput { code, name, kind, parent_id } = input;
    combine!(
        code = fields::code("code", &code),
        name = localized("name", &name, fields::NAME),
        parent_id = parent_id.map(|id| fields::id("parentId", &id, "theme")).transpose(),
    );
    let ((audience, owner), at) = (audience::OPEN, clock.now());
    Ok(theme::Model {
        id: clock.new_id(),
        code,
        name_folded: name.folded(),
        name,
        kind,
        parent_id,
        audience,
        owner,
        created_at: at,
        updated_at: at,
        version: 1,
        merged_into_id: None,
    })
}

pub async fn update(
    app: &AppContext,
    viewer: &Viewer,
    input: UpdateThemeInput,
) -> Result<Written<theme::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<ThemeId>("id", &input.id, "theme")?;
    let mut tx = app.begin(viewer, Action::UpdateTheme).await?;
    let before = tx.get_at::<theme::Entity>(id, input.expected_version, "theme").await?;
    let parent: Option<&ID> = input.parent_id.as_opt_ref().flatten();
    let above: Option<ThemeId> = parent.and_then(|id| id.parse().ok());
    let parent = tx.check_named::<theme::Entity>(given("parentId", parent), "theme").await?;
    combine!(
        () = council::no_cycle("parentId", id, above.as_slice()),
        after = apply_update(&before, input),
        () = parent,
    );
    if after.parent_id != before.parent_id {
        council::no_cycle("parentId", id, &ancestors(&tx, after.parent_id).await?)?;
    }
    let row = tx.update::<theme::Entity>(&before, after).await?;
    tx.commit(row).await
}

fn apply_update(before: &theme::Model, input: UpdateThemeInput) -> Validated<theme::Model> {
    let UpdateThemeInput { id: _, expected_version: _, code, name, kind, parent_id } = input;
    let before = before.clone();
    combine!(
        code = patch_required("code", code, before.code, |code| fields::code("code", &code)),
        name = patch_text("name", name, before.name, fields::NAME),
        kind = patch_required("kind", kind, before.kind, Ok),
        parent_id = patch(parent_id, before.parent_id, |id| fields::id("parentId", &id, "theme")),
    );
    Ok(theme::Model {
        id: before.id,
        code,
        name_folded: name.folded(),
        name,
        kind,
        parent_id,
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
        merged_into_id: before.merged_into_id,
    })
}

/// A theme that is merged into another one.
#[derive(Clone, Debug, InputObject)]
pub struct MergeThemesInput {
    /// The theme that is removed.
    pub id: ID,
    /// The version of it that you have read.
    pub expected_version: i32,
    /// The theme that takes its place.
    pub into_id: ID,
}

/// Moves what is on a theme to another one: recommendations, the themes below, external ids. Returns the other one.
pub async fn merge(app: &AppContext, viewer: &Viewer, input: MergeThemesInput) -> Result<Written<theme::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::MergeThemes).await?;
    let ids = [("id", &input.id), ("intoId", &input.into_id)].map(|(path, id)| fields::id(path, id, "theme"));
    tx.lock_rows::<theme::Entity>(&ids.iter().flatten().copied().collect::<Vec<ThemeId>>()).await?;
    let [id, _] = ids;
    let before = match id {
        Ok(id) => Error::validated(tx.get_at::<theme::Entity>(id, input.expected_version, "theme").await)?,
        Err(refusals) => Err(refusals),
    };
    let into = tx.named::<theme::Entity>("intoId", &input.into_id, "theme").await?;
    combine!(before = before, into = into);
    let (id, into_id) = (before.id, into.id);
    council::merges(&id, &into_id)?;
    council::no_cycle("intoId", id, &ancestors(&tx, Some(into_id)).await?)?;
    tx.mark_merged::<theme::Entity>(theme::Column::MergedIntoId, id, into_id).await?;
    move_recommendations(&mut tx, id, into_id).await?;
    move_children(&mut tx, id, into_id).await?;
    tx.merge::<theme::Entity>(&before, into_id).await?;
    tx.commit(into).await
}

/// Replaces one theme by another one on every recommendation and in every paragraph, adopted ones among them.
async fn move_recommendations(tx: &mut Tx<'_>, from: ThemeId, into: ThemeId) -> Result<(), Error> {
    let on_it = Condition::all().add(recommendation_theme::Column::ThemeId.eq(from));
    let links = read::all::<recommendation_theme::Entity>(tx.db(), tx.viewer(), on_it).await?;
    let in_paragraphs = recommendation_revision::Column::Paragraphs;
    let mut ids = tx.parents_naming::<recommendation_revision::Entity>(in_paragraphs, from).await?;
    ids.extend(links.iter().map(|link| link.recommendation_id));
    tx.lock_rows::<recommendation::Entity>(&ids).await?;
    let theme = recommendation_theme::Column::ThemeId;
    tx.put_in_place::<recommendation_theme::Entity>(theme, from.0, into.0).await?;
    tx.put_in_place_within::<recommendation::Entity>(recommendation::Column::Paragraphs, from, into).await?;
    tx.put_in_place_within::<recommendation_revision::Entity>(in_paragraphs, from, into).await?;
    let rows = tx.by_id::<recommendation::Entity>(ids).await?;
    let mut touched: Vec<_> = rows.into_values().map(|row| (row.clone(), row)).collect();
    tx.touch_many::<recommendation::Entity>(&mut touched).await
}

async fn move_children(tx: &mut Tx<'_>, from: ThemeId, into: ThemeId) -> Result<(), Error> {
    let below = Condition::all().add(theme::Column::ParentId.eq(from));
    let below = read::all::<theme::Entity>(tx.db(), tx.viewer(), below).await?;
    let ids: Vec<ThemeId> = below.iter().map(|row| row.id).collect();
    tx.lock_rows::<theme::Entity>(&ids).await?;
    let rows = tx.by_id::<theme::Entity>(ids).await?.into_values().filter(|row| row.parent_id == Some(from));
    let mut moved: Vec<_> = rows.map(|row| (row.clone(), theme::Model { parent_id: Some(into), ..row })).collect();
    tx.touch_many::<theme::Entity>(&mut moved).await
}

/// The wanted parent and all themes above it.
async fn ancestors(tx: &Tx<'_>, parent: Option<ThemeId>) -> Result<Vec<ThemeId>, Error> {
    tx.ancestors::<theme::Entity>("parentId", parent, |row| row.parent_id, "theme").await
}

/// The themes below another one.
pub fn of_parent() -> Relation {
    Relation::direct(theme::Column::ParentId)
}
