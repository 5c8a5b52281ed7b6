//! The operative paragraphs of a text, and what one revision says otherwise in them than another one. Has names and shapes; no SQL and no rules.

use std::collections::HashSet;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::date::Date;
use entity::id::RecommendationId;
use entity::paragraph;
use entity::text::Locale;
use entity::{recommendation, theme};

use super::Recommendation;
use super::diff::{TextDiff, compared};
use super::parts::AddressedParty;
use crate::domain::paragraph::{Reference, differing};
use crate::error::Error;
use crate::graphql::object::to_one;
use crate::graphql::scalar::{Translation, localized, translations};
use crate::graphql::session::{Session, session};
use crate::graphql::theme::Theme;
use crate::service::recommendation::{self as service, RecommendationBy};

const NO_REFERENCE: &str = "A reference is a label, ¶ and the number of a paragraph, such as REC/WG-A/2024/3 ¶2.";

/// A paragraph of a text, or of one of its revisions.
pub struct Paragraph {
    of: RecommendationId,
    label: Option<String>,
    row: paragraph::Paragraph,
}

impl Paragraph {
    /// The paragraphs of a text.
    pub fn of_text(row: &recommendation::Model) -> Vec<Self> {
        let own = |one: &paragraph::Paragraph| Self { of: row.id, label: row.label.clone(), row: one.clone() };
        row.paragraphs.0.iter().map(own).collect()
    }

    /// The paragraphs of a revision.
    pub fn of_revision(of: RecommendationId, paragraphs: &paragraph::Paragraphs) -> Vec<Self> {
        paragraphs.0.iter().map(|one| Self::of_revised(of, one)).collect()
    }

    fn of_revised(of: RecommendationId, one: &paragraph::Paragraph) -> Self {
        Self { of, label: None, row: one.clone() }
    }
}

/// A numbered operative paragraph of a text, or of one of its revisions. It is seen with the text.
#[Object]
impl Paragraph {
    /// Which paragraph it is: the same in every revision of the text, whatever its number and its words are there. It is no global id: a cache
    /// that keeps records by their ids keeps a paragraph with its text.
    async fn identity(&self) -> ID {
        self.row.identity.to_string().into()
    }

    /// Its number, from 1.
    async fn number(&self) -> i32 {
        self.row.number
    }

    /// How it is cited, such as `REC/WG-A/2024/3 ¶2`; what the query `paragraph` finds. Null before the adoption, and in a revision.
    async fn reference(&self) -> Option<String> {
        let label = self.label.clone()?;
        Some(Reference { label, number: self.row.number }.to_string())
    }

    /// Its words, without the number.
    async fn text(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The wanted language; else one of `Accept-Language`, else the other script of one of these, else the original."
        )]
        locale: Option<Locale>,
    ) -> String {
        localized(ctx, &self.row.text, locale)
    }

    /// Its words, without the number. In every language.
    async fn text_translations(&self) -> Vec<Translation> {
        translations(&self.row.text)
    }

    /// By when it should be implemented, if that differs from the whole text. Null: by the `targetDate` of the text.
    async fn target_date(&self) -> Option<Date> {
        self.row.target_date.map(Date)
    }

    /// Whom it asks to act, if not all the addressees of the whole text. Empty: all of them.
    async fn addressees(&self) -> Vec<AddressedParty> {
        self.row.addressees.iter().copied().map(AddressedParty::new).collect()
    }

    /// What it is about, if not all that the whole text is. Empty: all themes of the text.
    async fn themes(&self, ctx: &Context<'_>) -> Result<Vec<Theme>> {
        // Two that were merged into one are one.
        let mut seen = HashSet::new();
        let ids = self.row.theme_ids.iter().copied().filter(|id| seen.insert(*id));
        let rows = session(ctx).all_named::<theme::Entity>(ids).await?;
        Ok(rows.into_iter().map(Theme).collect())
    }

    /// The recommendation. Null if you may not see it.
    async fn recommendation(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), Some(self.of)).await
    }
}

/// A paragraph that one revision has otherwise than another one: other words, another number, another target date, other addressees or themes.
#[derive(SimpleObject)]
pub struct ParagraphDiff {
    /// Which paragraph it is.
    identity: ID,
    /// As it was; null if it is inserted.
    from: Option<Paragraph>,
    /// As it is; null if it is deleted.
    to: Option<Paragraph>,
    /// Its words, in the languages in which they differ.
    text: Vec<TextDiff>,
}

/// The paragraphs that differ between two revisions of a text, by their later numbers; those that are deleted come last.
pub fn diffs(of: RecommendationId, from: &paragraph::Paragraphs, to: &paragraph::Paragraphs) -> Vec<ParagraphDiff> {
    let diff = |(from, to): (Option<&paragraph::Paragraph>, Option<&paragraph::Paragraph>)| {
        let identity = to.or(from)?.identity.to_string().into();
        let text = compared(from.map(|one| &one.text), to.map(|one| &one.text));
        let paragraph = |one| Paragraph::of_revised(of, one);
        Some(ParagraphDiff { identity, from: from.map(paragraph), to: to.map(paragraph), text })
    };
    differing(from, to).into_iter().filter_map(diff).collect()
}

/// The paragraph that a reference cites, as far as the viewer may see it.
pub async fn cited(session: &Session, reference: &str) -> Result<Option<Paragraph>> {
    let no_reference = || Error::InvalidArgument { message: NO_REFERENCE.to_owned() };
    let Reference { label, number } = Reference::parse(reference).ok_or_else(no_reference)?;
    let text = service::find(&session.app.databases.read, &session.viewer, &RecommendationBy::Label(label)).await?;
    let paragraphs = text.map(|row| Paragraph::of_text(&row)).unwrap_or_default();
    Ok(paragraphs.into_iter().find(|one| one.row.number == number))
}
