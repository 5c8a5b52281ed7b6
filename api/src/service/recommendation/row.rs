//! What is written of a recommendation by itself: the inputs, and the rows that they build and change. A new field of a recommendation is added
//! here. Holds no use case.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::date::Date;
use entity::id::{BodyId, ParagraphId};
use entity::paragraph::Paragraphs;
use entity::recommendation;
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};
use entity::text::LocalizedText;

use super::paragraphs::{ParagraphInput, words};
use super::parts::AddresseeInput;
use crate::domain::validation::{Validated, combine};
use crate::domain::{audience, fields, recommendation as rules};
use crate::service::external_id::ExternalIdInput;
use crate::service::patch::{LocalizedTextInput, localized, patch, patch_optional_text, patch_required, patch_text};
use crate::service::tx::Tx;

/// A new draft.
#[derive(Clone, Debug, InputObject)]
pub struct DraftRecommendationInput {
    /// The body that drafts it. Partners draft where their organisation holds a mandate today.
    pub body_id: ID,
    /// What kind of text it is.
    pub kind: RecommendationKind,
    /// The title. At most 300 characters each.
    pub title: Vec<LocalizedTextInput>,
    /// The text as a whole, at most 20,000 characters each; or else give its paragraphs. No data on individuals.
    pub text: Option<Vec<LocalizedTextInput>>,
    /// The text as operative paragraphs, at most 100, in their order. An empty list is the same as none.
    #[graphql(default)]
    pub paragraphs: Vec<ParagraphInput>,
    /// Why it is needed.
    pub rationale: Option<Vec<LocalizedTextInput>>,
    /// How pressing it is.
    pub priority: Option<Priority>,
    /// By when it should be implemented. Today or later.
    pub target_date: Option<Date>,
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
    /// The text as a whole; replaces all languages, and the paragraphs unless it is what they say.
    pub text: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// The text as operative paragraphs, at most 100, in their order; replaces all of them, and the text. `null` or an empty list makes it a text
    /// without paragraphs, in the same words unless others are given.
    pub paragraphs: MaybeUndefined<Vec<ParagraphInput>>,
    /// Why it is needed; replaces all languages.
    pub rationale: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// How pressing it is.
    pub priority: MaybeUndefined<Priority>,
    /// By when it should be implemented. Today or later.
    pub target_date: MaybeUndefined<Date>,
    /// What it is about; replaces all.
    pub theme_ids: MaybeUndefined<Vec<ID>>,
    /// What it refers to; replaces all.
    pub instrument_ids: MaybeUndefined<Vec<ID>>,
    /// What was changed in the text, and why. Kept with the revision; refused if there is no new revision.
    pub change_note: Option<String>,
}

impl ReviseRecommendationInput {
    /// Whether it says what the text is.
    pub fn gives_text(&self) -> bool {
        let gives_words = [&self.title, &self.text, &self.rationale].iter().any(|text| !text.is_undefined());
        gives_words || !self.paragraphs.is_undefined()
    }
}

/// A recommendation as another system describes it. In a row for an existing recommendation, what is omitted stays and `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpsertRecommendationRowInput {
    /// What your system calls it.
    pub external_id: Option<ExternalIdInput>,
    /// The recommendation, if rows are matched by `ID`.
    pub id: Option<ID>,
    /// The version that you have read. If it is given, the row is refused with `CONFLICT` at any other version.
    pub expected_version: Option<i32>,
    /// The body that drafts it. Partners draft where their organisation holds a mandate today. A text stays with its
    /// body.
    pub body_id: ID,
    /// What kind of text it is.
    pub kind: RecommendationKind,
    /// The title. At most 300 characters each.
    pub title: Vec<LocalizedTextInput>,
    /// The text as a whole, at most 20,000 characters each; or else give its paragraphs. No data on individuals.
    pub text: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// The text as operative paragraphs, at most 100, in their order; if the text is given too, they say the same. An identity that the text does
    /// not have is left out of account, so that the lines of another register can be written.
    pub paragraphs: MaybeUndefined<Vec<ParagraphInput>>,
    /// Why it is needed.
    pub rationale: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// How pressing it is.
    pub priority: MaybeUndefined<Priority>,
    /// By when it should be implemented. Today or later.
    pub target_date: MaybeUndefined<Date>,
    /// What it is about, at most 100.
    pub theme_ids: MaybeUndefined<Vec<ID>>,
    /// What it refers to, at most 100.
    pub instrument_ids: MaybeUndefined<Vec<ID>>,
    /// Whom it asks to act, at most 100.
    pub addressees: MaybeUndefined<Vec<AddresseeInput>>,
}

impl UpsertRecommendationRowInput {
    pub(super) fn draft(&self) -> DraftRecommendationInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            body_id,
            kind,
            title,
            text,
            paragraphs,
            rationale,
            priority,
            target_date,
            theme_ids: _,
            instrument_ids: _,
            addressees: _,
        } = self.clone();
        DraftRecommendationInput {
            body_id,
            kind,
            title,
            text: text.take(),
            paragraphs: known_only(paragraphs.take().unwrap_or_default(), &Paragraphs::default()),
            rationale: rationale.take(),
            priority: priority.take(),
            target_date: target_date.take(),
            theme_ids: Vec::new(),
            instrument_ids: Vec::new(),
            addressees: Vec::new(),
        }
    }

    pub(super) fn revision(&self, before: &recommendation::Model) -> ReviseRecommendationInput {
        let Self {
            external_id: _,
            id: _,
            expected_version: _,
            body_id: _,
            kind,
            title,
            text,
            paragraphs,
            rationale,
            priority,
            target_date,
            theme_ids: _,
            instrument_ids: _,
            addressees: _,
        } = self.clone();
        ReviseRecommendationInput {
            id: before.id.to_string().into(),
            expected_version: before.version,
            kind: MaybeUndefined::Value(kind),
            title: MaybeUndefined::Value(title),
            text,
            paragraphs: paragraphs.map_value(|list| known_only(list, &before.paragraphs)),
            rationale,
            priority,
            target_date,
            theme_ids: MaybeUndefined::Undefined,
            instrument_ids: MaybeUndefined::Undefined,
            change_note: None,
        }
    }
}

/// The paragraphs without identities that the text does not have.
fn known_only(mut given: Vec<ParagraphInput>, before: &Paragraphs) -> Vec<ParagraphInput> {
    let is_known = |id: &ID| before.0.iter().any(|one| id.parse() == Ok(one.identity));
    for one in &mut given {
        one.identity = one.identity.take().filter(|id| is_known(id) || id.parse::<ParagraphId>().is_err());
    }
    given
}

/// A draft of nobody's, of which nothing else is known. For seeds.
pub fn new_row(
    tx: &Tx<'_>,
    body_id: BodyId,
    kind: RecommendationKind,
    title: LocalizedText,
    text: LocalizedText,
) -> recommendation::Model {
    let (audience, owner) = audience::of_recommendation(RecommendationStatus::Draft, None);
    recommendation::Model {
        id: tx.new_id(),
        body_id,
        label: None,
        label_year: None,
        label_serial: None,
        kind,
        status: RecommendationStatus::Draft,
        title_folded: title.folded(),
        title,
        text,
        paragraphs: Paragraphs::default(),
        rationale: None,
        priority: None,
        target_date: None,
        adopted_on: None,
        agreed_meeting_id: None,
        meeting_id: None,
        adoption_source_id: None,
        drafted_by_id: None,
        supersedes_id: None,
        is_demo: false,
        no_personal_data: false,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

pub(super) fn build_row(
    tx: &Tx<'_>,
    body_id: Validated<BodyId>,
    input: DraftRecommendationInput,
) -> Validated<recommendation::Model> {
    let DraftRecommendationInput {
        body_id: _,
        title,
        text,
        paragraphs,
        rationale,
        kind,
        priority,
        target_date,
        theme_ids: _,
        instrument_ids: _,
        addressees: _,
    } = input;
    let text = text.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    combine!(
        body_id = body_id,
        title = localized("title", &title, fields::NAME),
        (text, paragraphs) = words(tx, text, MaybeUndefined::Value(paragraphs), None),
        rationale = rationale.map(|text| localized("rationale", &text, fields::BODY_TEXT)).transpose(),
        () = rules::target_date(target_date.map(|Date(day)| day), tx.today()),
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
        paragraphs,
        rationale,
        priority,
        target_date: target_date.map(|Date(day)| day),
        adopted_on: None,
        agreed_meeting_id: None,
        meeting_id: None,
        adoption_source_id: None,
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

pub(super) fn apply_revision(
    tx: &Tx<'_>,
    before: &recommendation::Model,
    input: ReviseRecommendationInput,
) -> Validated<recommendation::Model> {
    let ReviseRecommendationInput {
        id: _,
        expected_version: _,
        kind,
        title,
        text,
        paragraphs,
        rationale,
        priority,
        target_date,
        theme_ids: _,
        instrument_ids: _,
        change_note: _,
    } = input;
    let words = words(tx, text, paragraphs, Some(before));
    let before = before.clone();
    combine!(
        kind = patch_required("kind", kind, before.kind, Ok),
        title = patch_text("title", title, before.title, fields::NAME),
        (text, paragraphs) = words,
        rationale = patch_optional_text("rationale", rationale, before.rationale, fields::BODY_TEXT),
        priority = patch(priority, before.priority, Ok),
        target_date = patch(target_date, before.target_date, |Date(day)| {
            rules::new_target_date(day, before.target_date, tx.today())
        }),
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
        paragraphs,
        rationale,
        priority,
        target_date,
        adopted_on: before.adopted_on,
        agreed_meeting_id: before.agreed_meeting_id,
        meeting_id: before.meeting_id,
        adoption_source_id: before.adoption_source_id,
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
