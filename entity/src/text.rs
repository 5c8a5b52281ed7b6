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
    /// Uzbek in Latin script.
    Uz,
    /// Kazakh.
    Kk,
    /// Kyrgyz.
    Ky,
    /// Tajik.
    Tg,
    /// Turkmen.
    Tk,
    /// Uzbek in Cyrillic script.
    #[serde(rename = "uz-Cyrl")]
    UzCyrl,
}

impl Locale {
    pub const ALL: [Self; 8] = [Self::En, Self::Ru, Self::Uz, Self::Kk, Self::Ky, Self::Tg, Self::Tk, Self::UzCyrl];

    /// The language tag (BCP 47): the ISO 639-1 code, and the script where the language is written in another one too.
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
            Self::UzCyrl => "uz-Cyrl",
        }
    }

    /// The locale of a language tag, in any case. Regions are ignored (`ru-KZ` is Russian), and so are scripts that name no other locale
    /// (`tg-Cyrl` is Tajik).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let mut subtags = code.split(['-', '_']);
        let language = subtags.next()?;
        let of = |code: &str| Self::ALL.into_iter().find(|locale| locale.code().eq_ignore_ascii_case(code));
        let scripted = subtags.next().and_then(|script| of(&format!("{language}-{script}")));
        scripted.or_else(|| of(language))
    }

    /// The same language in its other script.
    #[must_use]
    pub fn in_other_script(self) -> Option<Self> {
        match self {
            Self::Uz => Some(Self::UzCyrl),
            Self::UzCyrl => Some(Self::Uz),
            Self::En | Self::Ru | Self::Kk | Self::Ky | Self::Tg | Self::Tk => None,
        }
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

    /// The text in the first of the `wanted` languages that exists; else in the other script of one of them; else the original.
    #[must_use]
    pub fn best(&self, wanted: &[Locale]) -> &str {
        let other_scripts = wanted.iter().filter_map(|locale| locale.in_other_script());
        let mut locales = wanted.iter().copied().chain(other_scripts).chain([self.original]);
        locales.find_map(|locale| self.texts.get(locale)).unwrap_or_default()
    }

    #[must_use]
    pub fn has(&self, locale: Locale) -> bool {
        self.texts.get(locale).is_some()
    }

    /// The same texts, written in a language that is among them; otherwise the original stays.
    #[must_use]
    pub fn written_in(mut self, original: Locale) -> Self {
        if self.has(original) {
            self.original = original;
        }
        self
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
        let text = text.with(Locale::UzCyrl, "Тинчлик");
        assert_eq!(text.best(&[Locale::Uz]), "Тинчлик");
        assert_eq!(text.best(&[Locale::Uz, Locale::Ru]), "Мир");
        let text = text.with(Locale::Uz, "Tinchlik");
        assert_eq!(text.best(&[Locale::Uz]), "Tinchlik");
        assert_eq!(text.best(&[Locale::UzCyrl]), "Тинчлик");
        assert_eq!(text.folded(), "peace\nмир\ntinchlik\nтинчлик");
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
        assert_eq!(Locale::from_code(""), None);
    }

    #[test]
    fn a_script_names_a_locale_where_a_language_has_two() {
        for (tag, locale) in [
            ("uz-Cyrl", Locale::UzCyrl),
            ("UZ_cyrl-UZ", Locale::UzCyrl),
            ("uz-Latn-UZ", Locale::Uz),
            ("uz-UZ", Locale::Uz),
            ("tg-Cyrl-TJ", Locale::Tg),
            ("kk-Latn", Locale::Kk),
        ] {
            assert_eq!(Locale::from_code(tag), Some(locale), "{tag}");
        }
        for locale in Locale::ALL {
            assert_eq!(Locale::from_code(locale.code()), Some(locale));
        }
    }
}
