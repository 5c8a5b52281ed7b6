//! What one revision of a text says otherwise than another one. Has names and shapes; what differs is found by `domain/diff.rs`.

use std::sync::Arc;

use async_graphql::{Object, Result, SimpleObject};
use entity::id::RecommendationId;
use entity::recommendation_revision;
use entity::text::{Locale, LocalizedText};

use super::paragraph::ParagraphDiff;
use super::{RecommendationRevision, paragraph};
use crate::domain::diff::{self, SegmentKind, diffs};
use crate::graphql::session::Session;

pub struct RevisionDiff {
    from: Arc<recommendation_revision::Model>,
    to: Arc<recommendation_revision::Model>,
}

/// What one revision says otherwise than another one, by paragraph and language.
#[Object]
impl RevisionDiff {
    /// The revision that is compared.
    async fn from(&self) -> RecommendationRevision {
        RecommendationRevision(Arc::clone(&self.from))
    }

    /// The revision that it is compared with.
    async fn to(&self) -> RecommendationRevision {
        RecommendationRevision(Arc::clone(&self.to))
    }

    /// The title, in the languages in which it differs.
    async fn title(&self) -> Vec<TextDiff> {
        compared(Some(&self.from.title), Some(&self.to.title))
    }

    /// The text, in the languages in which it differs.
    async fn text(&self) -> Vec<TextDiff> {
        compared(Some(&self.from.text), Some(&self.to.text))
    }

    /// The paragraphs that differ, by their later numbers; those that are deleted come last. Between a text given as a whole and one with
    /// paragraphs, all of these.
    async fn paragraphs(&self) -> Vec<ParagraphDiff> {
        paragraph::diffs(self.to.recommendation_id, &self.from.paragraphs, &self.to.paragraphs)
    }

    /// Why it is needed, in the languages in which that differs.
    async fn rationale(&self) -> Vec<TextDiff> {
        compared(self.from.rationale.as_ref(), self.to.rationale.as_ref())
    }
}

/// A text in one language, as it was and as it is. A language that one of the two does not have is inserted or deleted as a whole.
#[derive(SimpleObject)]
pub struct TextDiff {
    /// The language.
    locale: Locale,
    /// The pieces of both texts in their order: those that are kept or deleted are the earlier one, those that are kept or inserted the later
    /// one.
    segments: Vec<TextSegment>,
}

/// A piece of a text: some words, with the blanks between them.
#[derive(SimpleObject)]
pub struct TextSegment {
    /// What became of it.
    kind: SegmentKind,
    /// Its words.
    text: String,
}

/// What the later text says otherwise, in the languages in which it does.
pub fn compared(from: Option<&LocalizedText>, to: Option<&LocalizedText>) -> Vec<TextDiff> {
    let segment = |diff::TextSegment { kind, text }| TextSegment { kind, text };
    let of_locale = |diff::TextDiff { locale, segments }| {
        let segments = segments.into_iter().map(segment).collect();
        TextDiff { locale, segments }
    };
    diffs(from, to).into_iter().map(of_locale).collect()
}

/// The difference between two revisions of a text: the last one, and the one before it, unless others are named. `None` if one of them is not
/// there.
pub async fn between(
    session: &Session,
    recommendation: RecommendationId,
    from: Option<i32>,
    to: Option<i32>,
) -> Result<Option<RevisionDiff>> {
    let revisions = session.parts::<recommendation_revision::Entity>(recommendation).await?;
    let numbered = |number: i32| revisions.iter().find(|revision| revision.number == number);
    let to = to.map_or_else(|| revisions.last(), numbered);
    let before = |to: &recommendation_revision::Model| revisions.iter().rfind(|earlier| earlier.number < to.number);
    let from = from.map_or_else(|| to.and_then(|to| before(to)), numbered);
    Ok(from.zip(to).map(|(from, to)| RevisionDiff { from: Arc::clone(from), to: Arc::clone(to) }))
}
