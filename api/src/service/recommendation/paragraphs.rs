//! The text of a recommendation as inputs give it: as a whole, or by its operative paragraphs. The rules stand in `domain/paragraph.rs`.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::addressee::Addressed;
use entity::date::Date;
use entity::id::ThemeId;
use entity::paragraph::Paragraphs;
use entity::recommendation;
use entity::text::LocalizedText;

use super::parts::{AddresseeInput, addressees_of, themes_of};
use super::wanted::{Wanted, addressed, theme_ids};
use crate::domain::fields;
use crate::domain::paragraph::{self as rules, GivenParagraph};
use crate::domain::validation::{Validated, ValidationError, combine, each};
use crate::error::Error;
use crate::service::patch::{LocalizedTextInput, given_text};
use crate::service::tx::Tx;

/// An operative paragraph of a text.
#[derive(Clone, Debug, InputObject)]
pub struct ParagraphInput {
    /// Of a paragraph that the text has already: which one. Unless it is given, it is the one that says the same, or else the one that has its
    /// number.
    pub identity: Option<ID>,
    /// Its number: 1 of the first, 2 of the second, and so on.
    pub number: i32,
    /// Its words, at most 20,000 characters each, and of all paragraphs together. All are in the same languages. No data on individuals.
    pub text: Vec<LocalizedTextInput>,
    /// By when it should be implemented, if that differs from the whole text. Today or later.
    pub target_date: Option<Date>,
    /// Whom it asks to act, if not all the addressees of the whole text: some of these, at most 100, each in a role of its own.
    #[graphql(default)]
    pub addressees: Vec<AddresseeInput>,
    /// What it is about, if not all that the whole text is: some of its themes, at most 100.
    #[graphql(default)]
    pub theme_ids: Vec<ID>,
}

/// What a text says, and its paragraphs.
type Words = (LocalizedText, Paragraphs);

/// The text that an input gives, after the one before. A text that says the same as before keeps its paragraphs.
pub(super) fn words(
    tx: &Tx<'_>,
    text: MaybeUndefined<Vec<LocalizedTextInput>>,
    paragraphs: MaybeUndefined<Vec<ParagraphInput>>,
    before: Option<&recommendation::Model>,
) -> Validated<Words> {
    let is_plain = !paragraphs.is_undefined();
    let given = paragraphs.take().filter(|list| !list.is_empty());
    let before_text = before.map(|before| &before.text);
    combine!(whole = whole_text(text, before_text), given = given.map(|list| follow(tx, &list, before)).transpose(),);
    let Some(paragraphs) = given else {
        let text = rules::is_given(whole.or_else(|| before_text.cloned()))?;
        let kept = before.filter(|before| !is_plain && before.text == text);
        return Ok((text, kept.map(|before| before.paragraphs.clone()).unwrap_or_default()));
    };
    let text = rules::composed(&paragraphs).ok_or_else(Vec::new)?;
    rules::says_the_same(whole.is_none_or(|whole| whole == text))?;
    Ok((text, paragraphs))
}

fn whole_text(
    given: MaybeUndefined<Vec<LocalizedTextInput>>,
    before: Option<&LocalizedText>,
) -> Validated<Option<LocalizedText>> {
    match given {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Err(vec![ValidationError::required("text", "This cannot be cleared.")]),
        MaybeUndefined::Value(text) => text_after("text", &text, before).map(Some),
    }
}

fn text_after(path: &str, given: &[LocalizedTextInput], before: Option<&LocalizedText>) -> Validated<LocalizedText> {
    let given = given_text(path, given, fields::BODY_TEXT)?;
    Ok(match before {
        Some(before) => given.after(before),
        None => given.new_text(),
    })
}

/// The paragraphs of an input, after those before.
fn follow(tx: &Tx<'_>, given: &[ParagraphInput], before: Option<&recommendation::Model>) -> Validated<Paragraphs> {
    let parsed = given.iter().enumerate().map(|(index, one)| {
        let within = |one: ValidationError| one.within("paragraphs", index);
        parse(one, before.map(|before| &before.text))
            .map_err(|refusals: Vec<ValidationError>| refusals.into_iter().map(within).collect())
    });
    combine!(() = fields::short("paragraphs", given), given = each(parsed));
    let none = Paragraphs::default();
    rules::follow(given, before.map_or(&none, |before| &before.paragraphs), tx.today(), || tx.new_id())
}

fn parse(given: &ParagraphInput, before: Option<&LocalizedText>) -> Validated<GivenParagraph> {
    let ParagraphInput { identity, number, text, target_date, addressees, theme_ids: themes } = given;
    combine!(
        identity = identity.as_ref().map(|id| fields::id("identity", id, "paragraph")).transpose(),
        text = text_after("text", text, before),
        target_date = fields::optional_day("targetDate", *target_date),
        addressees = addressed(addressees),
        theme_ids = theme_ids(themes),
    );
    Ok(GivenParagraph { identity, number: *number, text, target_date, addressees, theme_ids })
}

/// Whether the whole text asks to act whom its paragraphs do, and is about what they are, once `wanted` is written.
pub(super) async fn fit(
    tx: &Tx<'_>,
    row: &recommendation::Model,
    wanted: &Wanted,
    gives_paragraphs: bool,
) -> Result<Validated<()>, Error> {
    let has_own = row.paragraphs.0.iter().any(|one| !one.addressees.is_empty() || !one.theme_ids.is_empty());
    if !has_own {
        return Ok(Ok(()));
    }
    let addressees = match &wanted.addressees {
        Some(addressees) => addressees.clone(),
        None => addressees_of(tx, row.id).await?.iter().map(Addressed::of).collect(),
    };
    let themes = match &wanted.themes {
        Some(themes) => themes.clone(),
        None => themes_of(tx, row.id).await?.iter().map(|part| part.theme_id).collect::<Vec<ThemeId>>(),
    };
    Ok(rules::fit(&row.paragraphs, &addressees, &themes, gives_paragraphs))
}
