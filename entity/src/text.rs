//! Localised text: language -> text, with one original language. Stored as one JSON column.

use std::fmt;

use sea_orm::FromJsonQueryResult;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A language in which the council's register is kept. English and Russian are the working languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, async_graphql::Enum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English, a working language.
    En,
    /// Russian, a working language.
    Ru,
    /// Uzbek.
    Uz,
    /// Kazakh.
    Kk,
    /// Kyrgyz.
    Ky,
    /// Tajik.
    Tg,
    /// Turkmen.
    Tk,
}

impl Locale {
    pub const ALL: [Self; 7] = [Self::En, Self::Ru, Self::Uz, Self::Kk, Self::Ky, Self::Tg, Self::Tk];

    /// The ISO 639-1 code, in lower case.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Uz => "uz",
            Self::Kk => "kk",
            Self::Ky => "ky",
            Self::Tg => "tg",
            Self::Tk => "tk",
        }
    }

    /// The locale of a language code, in any case; regions are ignored (`ru-KZ` is Russian).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let language = code.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.code().eq_ignore_ascii_case(language))
    }
}

/// One text in one or more languages. The original is one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct LocalizedText {
    original: Locale,
    texts: Texts,
}

/// Each language once, in the order of `Locale`; a map in JSON. There are few: a list is smaller and faster than a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Texts(Vec<(Locale, String)>);

impl Texts {
    fn get(&self, locale: Locale) -> Option<&str> {
        self.0.iter().find(|(one, _)| *one == locale).map(|(_, text)| text.as_str())
    }

    fn insert(&mut self, locale: Locale, text: String) {
        match self.0.binary_search_by_key(&locale, |(one, _)| *one) {
            Ok(index) => self.0[index].1 = text,
            Err(index) => self.0.insert(index, (locale, text)),
        }
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(locale, text)| (locale, text)))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Languages;

        impl<'de> Visitor<'de> for Languages {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("texts by language")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some((locale, text)) = map.next_entry()? {
                    texts.insert(locale, text);
                }
                Ok(texts)
            }
        }

        deserializer.deserialize_map(Languages)
    }
}

impl LocalizedText {
    #[must_use]
    pub fn new(original: Locale, text: impl Into<String>) -> Self {
        Self { original, texts: Texts(vec![(original, text.into())]) }
    }

    /// Adds or replaces the text in one language; the original language stays.
    #[must_use]
    pub fn with(mut self, locale: Locale, text: impl Into<String>) -> Self {
        self.texts.insert(locale, text.into());
        self
    }

    /// The text in the first of the `wanted` languages that exists, else the original.
    #[must_use]
    pub fn best(&self, wanted: &[Locale]) -> &str {
        let mut locales = wanted.iter().copied().chain([self.original]);
        locales.find_map(|locale| self.texts.get(locale)).unwrap_or_default()
    }

    #[must_use]
    pub fn has(&self, locale: Locale) -> bool {
        self.texts.get(locale).is_some()
    }

    #[must_use]
    pub fn original(&self) -> Locale {
        self.original
    }

    /// All languages, in the order of `Locale`.
    pub fn iter(&self) -> impl Iterator<Item = (Locale, &str)> {
        self.texts.0.iter().map(|(locale, text)| (*locale, text.as_str()))
    }

    /// All languages in lower case, one line for each: what a case-insensitive search reads.
    #[must_use]
    pub fn folded(&self) -> String {
        let lines: Vec<String> = self.texts.0.iter().map(|(_, text)| text.to_lowercase()).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Locale, LocalizedText};

    #[test]
    fn the_best_text_is_the_first_wanted_or_the_original() {
        let text = LocalizedText::new(Locale::En, "Peace").with(Locale::Ru, "Мир");
        assert_eq!(text.best(&[Locale::Ru]), "Мир");
        assert_eq!(text.best(&[Locale::Uz, Locale::Ru]), "Мир");
        assert_eq!(text.best(&[Locale::Uz]), "Peace");
        assert_eq!(text.folded(), "peace\nмир");
    }

    #[test]
    fn texts_are_a_map_in_json_whatever_their_order() {
        let json = r#"{"original":"ru","texts":{"ru":"Мир","en":"Peace"}}"#;
        let text: LocalizedText = serde_json::from_str(json).expect("a text");
        assert_eq!(text, LocalizedText::new(Locale::Ru, "Мир").with(Locale::En, "Peace"));
        assert_eq!(
            serde_json::to_string(&text).expect("JSON"),
            r#"{"original":"ru","texts":{"en":"Peace","ru":"Мир"}}"#
        );
    }

    #[test]
    fn a_region_does_not_hide_a_language() {
        assert_eq!(Locale::from_code("ru-KZ"), Some(Locale::Ru));
        assert_eq!(Locale::from_code("UZ"), Some(Locale::Uz));
        assert_eq!(Locale::from_code("fr"), None);
    }
}
