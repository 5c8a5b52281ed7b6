//! Writing a recommendation: drafting and revising its text. Who may do so, and in which states, is judged by `auth` and `domain`.

use entity::id::RecommendationId;
use entity::{body, recommendation};

use super::parts::{add_revision, set_parts};
use super::row::{DraftRecommendationInput, ReviseRecommendationInput, apply_revision, build_row};
use super::wanted::Wanted;
use super::{WHAT, paragraphs, put};
use crate::auth::{Act, Standing, Viewer};
use crate::domain::action::Action;
use crate::domain::lifecycle::{Transition, next};
use crate::domain::validation::{Validated, combine};
use crate::domain::{fields, recommendation as rules};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::patch::replaced;
use crate::service::tx::Written;

pub async fn draft(
    app: &AppContext,
    viewer: &Viewer,
    input: DraftRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    let mut tx = app.begin(viewer, Action::DraftRecommendation).await?;
    let body = tx.named::<body::Entity>("bodyId", &input.body_id, "body").await?;
    let drafts = match &body {
        Ok(body) => may_draft(viewer, &tx.standing(body.id).await?, body)?,
        Err(_) => Ok(()),
    };
    let (wanted, formed) = Wanted::parse(Some(&input.theme_ids), Some(&input.instrument_ids), Some(&input.addressees));
    let named = wanted.check_named(&tx).await?;
    combine!(row = build_row(&tx, body.map(|body| body.id), input), () = drafts, () = formed, () = named);
    paragraphs::fit(&tx, &row, &wanted, true).await??;
    let row = tx.insert::<recommendation::Entity>(row).await?;
    add_revision(&mut tx, &row, None).await?;
    set_parts(&mut tx, &row, wanted).await?;
    tx.commit(row).await
}

/// Checks that the viewer may draft in a body where its organisation has this standing, and whether the body drafts.
pub(super) fn may_draft(viewer: &Viewer, standing: &Standing, body: &body::Model) -> Result<Validated<()>, Error> {
    viewer.require(Act::Propose { standing })?;
    Ok(rules::drafts(body.active))
}

pub async fn revise(
    app: &AppContext,
    viewer: &Viewer,
    input: ReviseRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    viewer.require(Act::Write)?;
    let id = fields::id::<RecommendationId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::ReviseRecommendation).await?;
    let before = tx.get_at::<recommendation::Entity>(id, input.expected_version, WHAT).await?;
    let standing = tx.standing(before.body_id).await?;
    let (themes, instruments) = (replaced(&input.theme_ids), replaced(&input.instrument_ids));
    viewer.require(Act::EditText { standing: &standing, drafted_by: before.drafted_by_id })?;
    next(before.status, Transition::Revise)?;
    let (wanted, formed) = Wanted::parse(themes.as_deref(), instruments.as_deref(), None);
    let named = wanted.check_named(&tx).await?;
    let (noted, gives_text) = (input.change_note.is_some(), input.gives_text());
    let gives_paragraphs = !input.paragraphs.is_undefined();
    let change_note = fields::optional_text("changeNote", input.change_note.as_deref(), fields::NOTE);
    let after = apply_revision(&tx, &before, input);
    let is_new = after.as_ref().map_or(gives_text, |after| is_new_text(&before, after));
    combine!(
        change_note = change_note,
        () = rules::notes_a_change(noted, is_new),
        mut after = after,
        () = formed,
        () = named,
    );
    paragraphs::fit(&tx, &after, &wanted, gives_paragraphs).await??;
    reopen(&before, &mut after)?;
    let mut parts_changed = false;
    if is_new_text(&before, &after) {
        add_revision(&mut tx, &after, change_note).await?;
        parts_changed = true;
    }
    parts_changed |= set_parts(&mut tx, &after, wanted).await?;
    let row = put(&mut tx, &before, after, parts_changed, None).await?;
    tx.commit(row).await
}

/// Checks that a text may be revised, and sets the state that follows.
pub(super) fn reopen(before: &recommendation::Model, after: &mut recommendation::Model) -> Result<(), Error> {
    after.status = next(before.status, Transition::Revise)?;
    Ok(rules::reopens(before.status, has_other_words(before, after))?)
}

/// Whether it says something else, and not the same in another form.
fn has_other_words(before: &recommendation::Model, after: &recommendation::Model) -> bool {
    (&after.title, &after.text, &after.rationale) != (&before.title, &before.text, &before.rationale)
}

/// Whether there is a new text, which is kept as a revision.
pub(super) fn is_new_text(before: &recommendation::Model, after: &recommendation::Model) -> bool {
    let recommendation::Model { title, text, paragraphs, rationale, .. } = after;
    (title, text, paragraphs, rationale) != (&before.title, &before.text, &before.paragraphs, &before.rationale)
}
