//! Localised text at the edge.

use async_graphql::{Context, SimpleObject};
use entity::text::{Locale, LocalizedText};

use super::session::session;

/// A text in one language.
#[derive(SimpleObject)]
pub struct Translation {
    /// The language.
    locale: Locale,
    /// The text.
    text: String,
    /// Whether the text was written in this language.
    original: bool,
}

/// The text in the wanted language, else in those of `Accept-Language`, else the original.
pub fn localized(ctx: &Context<'_>, text: &LocalizedText, locale: Option<Locale>) -> String {
    let wanted: Vec<Locale> = locale.into_iter().chain(session(ctx).languages.iter().copied()).collect();
    text.best(&wanted).to_owned()
}

pub fn translations(text: &LocalizedText) -> Vec<Translation> {
    let original = text.original();
    text.iter()
        .map(|(locale, text)| Translation { locale, text: text.to_owned(), original: locale == original })
        .collect()
}
