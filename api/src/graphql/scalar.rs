//! Localised text in the schema. Chooses among the languages of a text, and translates nothing.

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

/// The text in the wanted language; else in the first of `Accept-Language` that it has; else in the other script of one of these; else in
/// the original.
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

/// Declares the texts of a table's row; they appear among the fields of the row's object. `maybe`: those that a row need
/// not have. Expands to
/// `struct BodyTexts<'a>(&'a body::Model)`, and an `#[Object]` with, for each text,
/// `name(locale)`, the text in one language, and
/// `nameTranslations`, the text in every language.
/// A macro, since each field of the schema has its own name and description.
macro_rules! texts {
    (
        $texts:ident of $table:ident { $($text:ident, $translations:ident: $doc:tt;)* }
        $(maybe { $($maybe:ident, $maybe_translations:ident: $maybe_doc:tt;)* })?
    ) => {
        pub struct $texts<'a>(&'a entity::$table::Model);

        #[async_graphql::Object]
        impl $texts<'_> {
            $(
                #[doc = $doc]
                async fn $text(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "The wanted language; else one of `Accept-Language`, else the other script of one of these, else the original.")]
                    locale: Option<entity::text::Locale>,
                ) -> String {
                    $crate::graphql::scalar::localized(ctx, &self.0.$text, locale)
                }

                #[doc = concat!($doc, " In every language.")]
                async fn $translations(&self) -> Vec<$crate::graphql::scalar::Translation> {
                    $crate::graphql::scalar::translations(&self.0.$text)
                }
            )*
            $($(
                #[doc = $maybe_doc]
                async fn $maybe(
                    &self,
                    ctx: &async_graphql::Context<'_>,
                    #[graphql(desc = "The wanted language; else one of `Accept-Language`, else the other script of one of these, else the original.")]
                    locale: Option<entity::text::Locale>,
                ) -> Option<String> {
                    let text = self.0.$maybe.as_ref();
                    text.map(|text| $crate::graphql::scalar::localized(ctx, text, locale))
                }

                #[doc = concat!($maybe_doc, " In every language; empty if there is none.")]
                async fn $maybe_translations(&self) -> Vec<$crate::graphql::scalar::Translation> {
                    self.0.$maybe.as_ref().map($crate::graphql::scalar::translations).unwrap_or_default()
                }
            )*)?
        }
    };
}
pub(crate) use texts;
