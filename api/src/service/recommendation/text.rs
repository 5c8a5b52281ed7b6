//! Writing a recommendation: drafting and revising its text. Who may do so, and in which states, is judged by `auth` and `domain`.

use async_graphql::{ID, InputObject, MaybeUndefined};
use chrono::NaiveDate;
use entity::id::{BodyId, RecommendationId};
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};
use entity::{body, recommendation};

use super::parts::{AddresseeInput, add_revision, replace_addressees, set_instruments, set_themes};
use super::{WHAT, put};
use crate::auth::{Act, Standing, Viewer};
use crate::domain::action::Action;
use crate::domain::lifecycle::{Transition, next};
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, fields, recommendation as rules};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::input::{LocalizedTextInput, localized, patch, patch_required, replaced};
use crate::service::tx::{Tx, Written};

/// A new draft.
#[derive(Clone, Debug, InputObject)]
pub struct DraftRecommendationInput {
    /// The body that drafts it. Partners draft where their organisation holds a mandate today.
    pub body_id: ID,
    /// What kind of text it is.
    pub kind: RecommendationKind,
    /// The title; the first language is the original. At most 300 characters each.
    pub title: Vec<LocalizedTextInput>,
    /// The text. At most 20,000 characters each. No data on individuals.
    pub text: Vec<LocalizedTextInput>,
    /// Why it is needed.
    pub rationale: Option<Vec<LocalizedTextInput>>,
    /// How pressing it is.
    pub priority: Option<Priority>,
    /// By when it should be implemented. Today or later.
    pub target_date: Option<NaiveDate>,
    /// What it is about, at most 100.
    #[graphql(default)]
    pub theme_ids: Vec<ID>,
    /// What it refers to, at most 100.
    #[graphql(default)]
    pub instrument_ids: Vec<ID>,
    /// Whom it asks to act, at most 100.
    #[graphql(default)]
    pub addressees: Vec<AddresseeInput>,
}

/// A change of a text that is not agreed yet. What is omitted stays; `null` clears. A changed title, text or rationale
/// is a new revision.
#[derive(Clone, Debug, InputObject)]
pub struct ReviseRecommendationInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// What kind of text it is.
    pub kind: MaybeUndefined<RecommendationKind>,
    /// The title; replaces all languages.
    pub title: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// The text; replaces all languages.
    pub text: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// Why it is needed; replaces all languages.
    pub rationale: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// How pressing it is.
    pub priority: MaybeUndefined<Priority>,
    /// By when it should be implemented. Today or later.
    pub target_date: MaybeUndefined<NaiveDate>,
    /// What it is about; replaces all.
    pub theme_ids: MaybeUndefined<Vec<ID>>,
    /// What it refers to; replaces all.
    pub instrument_ids: MaybeUndefined<Vec<ID>>,
    /// What was changed in the text, and why. Kept with the revision; refused if there is no new revision.
    pub change_note: Option<String>,
}

pub async fn draft(
    app: &AppContext,
    viewer: &Viewer,
    input: DraftRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    let body_id = fields::id::<BodyId>("bodyId", &input.body_id, "body")?;
    let mut tx = app.begin(viewer, Action::DraftRecommendation).await?;
    let body = tx.get::<body::Entity>("bodyId", body_id, "body").await?;
    may_draft(viewer, &tx.standing(body_id).await?, &body)?;
    let row = build_row(&tx, body_id, input.clone())?;
    let row = tx.insert::<recommendation::Entity>(row).await?;
    add_revision(&mut tx, &row, None).await?;
    set_themes(&mut tx, &row, &input.theme_ids).await?;
    set_instruments(&mut tx, &row, &input.instrument_ids).await?;
    replace_addressees(&mut tx, &row, &input.addressees).await?;
    tx.commit(row).await
}

/// Checks that the viewer may draft in a body where its organisation has this standing.
pub(super) fn may_draft(viewer: &Viewer, standing: &Standing, body: &body::Model) -> Result<(), Error> {
    viewer.require(Act::Propose { standing })?;
    Ok(rules::drafts(body.active)?)
}

pub(super) fn build_row(
    tx: &Tx<'_>,
    body_id: BodyId,
    input: DraftRecommendationInput,
) -> Result<recommendation::Model, Error> {
    let DraftRecommendationInput {
        body_id: _,
        title,
        text,
        rationale,
        kind,
        priority,
        target_date,
        theme_ids: _,
        instrument_ids: _,
        addressees: _,
    } = input;
    combine!(
        title = localized("title", &title, fields::NAME),
        text = localized("text", &text, fields::BODY_TEXT),
        rationale = rationale.map(|text| localized("rationale", &text, fields::BODY_TEXT)).transpose(),
        () = rules::target_date(target_date, tx.today()),
    );
    let drafted_by_id = tx.viewer().acts_for();
    let status = RecommendationStatus::Draft;
    let (audience, owner) = audience::of_recommendation(status, drafted_by_id);
    Ok(recommendation::Model {
        id: tx.new_id(),
        body_id,
        label: None,
        label_year: None,
        label_serial: None,
        kind,
        status,
        title_folded: title.folded(),
        title,
        text,
        rationale,
        priority,
        target_date,
        adopted_on: None,
        agreed_meeting_id: None,
        meeting_id: None,
        drafted_by_id,
        supersedes_id: None,
        is_demo: false,
        no_personal_data: false,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    })
}

pub async fn revise(
    app: &AppContext,
    viewer: &Viewer,
    input: ReviseRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    combine!(
        id = fields::id::<RecommendationId>("id", &input.id, WHAT),
        change_note = fields::optional_text("changeNote", input.change_note.as_deref(), fields::NOTE)
    );
    let mut tx = app.begin(viewer, Action::ReviseRecommendation).await?;
    let before = tx.get_at::<recommendation::Entity>(id, input.expected_version, WHAT).await?;
    let standing = tx.standing(before.body_id).await?;
    let (themes, instruments) = (replaced(&input.theme_ids), replaced(&input.instrument_ids));
    may_revise(viewer, &standing, &before)?;
    let mut after = apply_revision(&before, input)?;
    reopen(&tx, &before, &mut after)?;
    rules::notes_a_change(change_note.is_some(), is_new_text(&before, &after))?;
    let mut parts_changed = false;
    if is_new_text(&before, &after) {
        add_revision(&mut tx, &after, change_note).await?;
        parts_changed = true;
    }
    if let Some(themes) = themes {
        parts_changed |= set_themes(&mut tx, &after, &themes).await?;
    }
    if let Some(instruments) = instruments {
        parts_changed |= set_instruments(&mut tx, &after, &instruments).await?;
    }
    let row = put(&mut tx, &before, after, parts_changed, None).await?;
    tx.commit(row).await
}

/// Checks that the viewer may revise a text of a body where its organisation has this standing, in the current state of the text.
pub(super) fn may_revise(viewer: &Viewer, standing: &Standing, before: &recommendation::Model) -> Result<(), Error> {
    viewer.require(Act::EditText { standing, drafted_by: before.drafted_by_id })?;
    Ok(next(before.status, Transition::Revise).map(drop)?)
}

/// Checks that a text may be revised, and sets the state that follows.
pub(super) fn reopen(
    tx: &Tx<'_>,
    before: &recommendation::Model,
    after: &mut recommendation::Model,
) -> Result<(), Error> {
    after.status = next(before.status, Transition::Revise)?;
    if after.target_date != before.target_date {
        rules::target_date(after.target_date, tx.today())?;
    }
    Ok(rules::reopens(before.status, is_new_text(before, after))?)
}

/// Whether there is a new text, which is kept as a revision.
pub(super) fn is_new_text(before: &recommendation::Model, after: &recommendation::Model) -> bool {
    (&after.title, &after.text, &after.rationale) != (&before.title, &before.text, &before.rationale)
}

pub(super) fn apply_revision(
    before: &recommendation::Model,
    input: ReviseRecommendationInput,
) -> Validated<recommendation::Model> {
    let ReviseRecommendationInput {
        id: _,
        expected_version: _,
        kind,
        title,
        text,
        rationale,
        priority,
        target_date,
        theme_ids: _,
        instrument_ids: _,
        change_note: _,
    } = input;
    let before = before.clone();
    combine!(
        kind = patch_required("kind", kind, before.kind, Ok),
        title = patch_required("title", title, before.title, |title| localized("title", &title, fields::NAME)),
        text = patch_required("text", text, before.text, |text| localized("text", &text, fields::BODY_TEXT)),
        rationale = patch(rationale, before.rationale, |text| localized("rationale", &text, fields::BODY_TEXT)),
        priority = patch(priority, before.priority, Ok),
        target_date = patch(target_date, before.target_date, Ok),
    );
    Ok(recommendation::Model {
        id: before.id,
        body_id: before.body_id,
        label: before.label,
        label_year: before.label_year,
        label_serial: before.label_serial,
        kind,
        status: before.status,
        title_folded: title.folded(),
        title,
        text,
        rationale,
        priority,
        target_date,
        adopted_on: before.adopted_on,
        agreed_meeting_id: before.agreed_meeting_id,
        meeting_id: before.meeting_id,
        drafted_by_id: before.drafted_by_id,
        supersedes_id: before.supersedes_id,
        is_demo: before.is_demo,
        no_personal_data: before.no_personal_data,
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}
