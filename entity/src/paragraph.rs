//! The operative paragraphs of a text. They are stored with the text and with each of its revisions, as one JSON column.

use crate::addressee::Addressed;
use crate::id::{ParagraphId, ThemeId};
use crate::text::LocalizedText;
use chrono::NaiveDate;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// A numbered paragraph, which asks to act. Its identity is the same in every revision, whatever its number and words are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paragraph {
    pub identity: ParagraphId,
    pub number: i32,
    pub text: LocalizedText,
    /// By when it should be implemented, if that differs from the whole text.
    pub target_date: Option<NaiveDate>,
    /// Whom it asks to act, if not all whom the whole text does.
    pub addressees: Vec<Addressed>,
    /// What it is about, if not all that the whole text is.
    pub theme_ids: Vec<ThemeId>,
}

/// The paragraphs of a text by number; none of a plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Paragraphs(pub Vec<Paragraph>);
