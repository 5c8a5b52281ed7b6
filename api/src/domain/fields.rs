//! What a text, a code, a web address or an id of an input must look like. Parse once here; trust the type after. It knows no topic.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use entity::id::RecordId;
use entity::text::{Locale, LocalizedText};

use super::validation::{Validated, ValidationError, ValidationErrorCode, all, combine, each, ensure};

/// The longest texts, in characters.
pub const NAME: usize = 300;
pub const BODY_TEXT: usize = 20_000;
pub const NOTE: usize = 2_000;
pub const CODE: usize = 32;
pub const URL: usize = 2_000;
/// The longest list of an input.
pub const LIST: usize = 100;
/// The years that both databases store and sort in the same order: those of four digits.
pub const YEARS: RangeInclusive<i32> = 1000..=9999;

/// A text in one language, as an input gives it.
#[derive(Clone, Copy, Debug)]
pub struct Translation<'a> {
    pub locale: Locale,
    pub text: &'a str,
    /// Whether the writer says that the text was written in this language.
    pub original: bool,
}

/// A text in all its languages, as an input gives it.
#[derive(Clone, Debug)]
pub struct GivenText {
    /// Written in the language that the input names, or in its first.
    text: LocalizedText,
    names_original: bool,
}

impl GivenText {
    /// The text of a new record.
    pub fn new_text(self) -> LocalizedText {
        self.text
    }

    /// Whether it says the same as another text in the same languages, whichever the original is.
    pub fn repeats(&self, before: &LocalizedText) -> bool {
        self.text.clone().written_in(before.original()) == *before
    }

    /// The text that comes after another one, which stays written in the same language unless the input says otherwise.
    pub fn after(self, before: &LocalizedText) -> LocalizedText {
        if self.names_original { self.text } else { self.text.written_in(before.original()) }
    }
}

/// A day that both databases can store.
pub fn day(path: &str, value: impl Into<NaiveDate>) -> Validated<NaiveDate> {
    let value = value.into();
    ensure(YEARS.contains(&value.year()), || {
        ValidationError::invalid(path, "The year has four digits, from 1000 on.")
    })?;
    Ok(value)
}

pub fn optional_day(path: &str, value: Option<impl Into<NaiveDate>>) -> Validated<Option<NaiveDate>> {
    value.map(|value| day(path, value)).transpose()
}

/// A text without the spaces around it, and all that is wrong with it. What is empty, or shows nothing, has no other fault.
fn clean(path: &str, text: &str, longest: usize) -> Validated<String> {
    let text = text.trim();
    let printable = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    ensure(!text.is_empty(), || ValidationError::required(path, "The text is empty."))?;
    all([
        ensure(text.chars().count() <= longest, || {
            ValidationError::new(
                ValidationErrorCode::TooLong,
                path,
                format!("The text is longer than {longest} characters."),
            )
        }),
        ensure(printable, || ValidationError::invalid(path, "The text holds a control character.")),
        ensure(!text.contains(is_directional), || {
            ValidationError::invalid(path, "The text holds a control character for the direction of writing.")
        }),
    ])?;
    ensure(text.chars().any(is_visible), || ValidationError::required(path, "The text is empty."))?;
    Ok(text.to_owned())
}

/// Whether a character shows anything: it is no white space, no control or format character, no filler and no variation selector. (The
/// default ignorable code points of Unicode 17, the blank Braille pattern, the marks of annotations and hieroglyphs, and noncharacters.)
fn is_visible(c: char) -> bool {
    let is_ignorable = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{13430}'..='\u{1345f}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    let is_noncharacter = u32::from(c) & 0xfffe == 0xfffe;
    !(c.is_whitespace() || c.is_control() || is_ignorable || is_noncharacter)
}

/// Whether a character controls the direction of the text around it (Unicode's property `Bidi_Control`), or its shapes (U+206A to U+206F, whose use
/// Unicode discourages): two names that look the same would be different.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// A plain text: not empty, no control characters, at most `longest` characters. Leading and trailing spaces are dropped.
pub fn text(path: &str, value: &str, longest: usize) -> Validated<String> {
    clean(path, value, longest)
}

pub fn optional_text(path: &str, value: Option<&str>, longest: usize) -> Validated<Option<String>> {
    value.map(|value| text(path, value, longest)).transpose()
}

/// Translations, each language at most once.
pub fn localized<'a>(
    path: &str,
    entries: impl IntoIterator<Item = Translation<'a>>,
    longest: usize,
) -> Validated<GivenText> {
    let entries: Vec<Translation<'_>> = entries.into_iter().collect();
    ensure(!entries.is_empty(), || ValidationError::required(path, "At least one language is needed."))?;
    let (mut seen, mut original) = (BTreeSet::new(), None);
    let texts = each(entries.iter().enumerate().map(|(index, entry)| {
        let twice = || ValidationError::invalid(&format!("{path}.{index}.locale"), "This language is given twice.");
        let another =
            || ValidationError::invalid(&format!("{path}.{index}.original"), "Another language is the original.");
        combine!(
            () = ensure(seen.insert(entry.locale), twice),
            () = ensure(!entry.original || original.replace(entry.locale).is_none(), another),
            text = clean(&format!("{path}.{index}.text"), entry.text, longest),
        );
        Ok((entry.locale, text))
    }))?;
    let mut texts = texts.into_iter();
    let (first, text) = texts.next().ok_or_else(Vec::new)?;
    let text = texts.fold(LocalizedText::new(first, text), |all, (locale, text)| all.with(locale, text));
    Ok(GivenText { text: text.written_in(original.unwrap_or(first)), names_original: original.is_some() })
}

/// A key such as `WG-A`, `UNOCT` or `SDG-16`: upper-case Latin letters, digits and hyphens, starting with a letter.
pub fn code(path: &str, value: &str) -> Validated<String> {
    let is_shown = value.chars().any(is_visible);
    let formed = value.trim().starts_with(|c: char| c.is_ascii_uppercase())
        && value.trim().chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
    combine!(
        value = clean(path, value, CODE),
        () = ensure(formed || !is_shown, || {
            ValidationError::invalid(path, "Use upper-case Latin letters, digits and hyphens, and start with a letter.")
        }),
    );
    Ok(value)
}

/// A web address.
pub fn url(path: &str, value: &str) -> Validated<String> {
    let (trimmed, is_shown) = (value.trim(), value.chars().any(is_visible));
    let rest = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    // Browsers, and their parser, would take a host from behind three slashes, and a slash for a backslash.
    let is_plain = rest.is_some_and(|rest| !rest.starts_with('/') && rest.chars().all(|c| is_visible(c) && c != '\\'));
    let has_host = url::Url::parse(trimmed).is_ok_and(|url| {
        url.host().is_some_and(|host| names_a_host(&host)) && url.username().is_empty() && url.password().is_none()
    });
    combine!(
        value = clean(path, value, URL),
        () = ensure(is_plain && has_host || !is_shown, || {
            ValidationError::invalid(
                path,
                "Use an address of a host that starts with https:// or http://, without a user.",
            )
        }),
    );
    Ok(value)
}

/// Whether each label of a name has a letter or a digit. (The root's label is empty.)
fn names_a_host(host: &url::Host<&str>) -> bool {
    let url::Host::Domain(name) = host else { return true };
    name.trim_end_matches('.').split('.').all(|label| label.contains(char::is_alphanumeric))
}

/// An id of one kind. Anything else names no record of the kind, and the refusal says what an id looks like: a code, an acronym or the id of
/// another kind may have been meant.
pub fn id<I: RecordId>(path: &str, value: &str, what: &str) -> Validated<I> {
    value.parse().map_err(|_| vec![no_id(path, what, &format!("{}_", I::PREFIX))])
}

/// Says what the id of a record begins with, where another text is given.
pub fn no_id(path: &str, what: &str, beginning: &str) -> ValidationError {
    let message = format!(
        "There is no such {what}: its id begins with {beginning}. If you have a code, an acronym or a label, look up the id first."
    );
    ValidationError::new(ValidationErrorCode::NotFound, path, message)
}

/// The ids of a list, each once: at `list.3`, or at a field of its elements, such as `list.3.bodyId`.
pub fn ids<'a, I: RecordId>(
    list: &str,
    field: Option<&str>,
    values: impl IntoIterator<Item = &'a str>,
    what: &str,
) -> Validated<Vec<I>> {
    let values: Vec<&str> = values.into_iter().collect();
    let field = field.map(|field| format!(".{field}")).unwrap_or_default();
    let ids = values.iter().enumerate().map(|(index, value)| id(&format!("{list}.{index}{field}"), value, what));
    combine!(ids = each(ids), () = distinct(list, &values));
    Ok(ids)
}

/// A list of at most `LIST` elements, without the same element twice.
pub fn distinct<T: Ord>(path: &str, values: &[T]) -> Validated<()> {
    let count = values.iter().collect::<BTreeSet<_>>().len();
    let twice = || ValidationError::invalid(path, "The same element is given twice.");
    all([short(path, values), ensure(count == values.len(), twice)])
}

pub fn short<T>(path: &str, values: &[T]) -> Validated<()> {
    ensure(values.len() <= LIST, || {
        ValidationError::new(ValidationErrorCode::TooLong, path, format!("The list has more than {LIST} elements."))
    })
}

/// A language, by its ISO 639-1 code: two small Latin letters.
pub fn language(path: &str, code: &str) -> Validated<String> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    ensure(is_code, || {
        ValidationError::invalid(path, "The ISO 639-1 code of a language has two small Latin letters.")
    })?;
    Ok(code.to_owned())
}

/// A list of `count` elements can take one more.
pub fn room(path: &str, count: usize) -> Validated<()> {
    ensure(count < LIST, || {
        ValidationError::new(ValidationErrorCode::TooLong, path, format!("The list has {LIST} elements already."))
    })
}

#[cfg(test)]
mod tests {
    use super::{Translation, code, localized, text, url};
    use crate::domain::validation::{Validated, ValidationErrorCode};
    use entity::text::{Locale, LocalizedText};

    #[test]
    fn all_that_is_wrong_with_a_value_is_told() {
        use ValidationErrorCode::{Invalid, Required, TooLong};
        let codes = |checked: Validated<String>| -> Vec<ValidationErrorCode> {
            checked.unwrap_err().into_iter().map(|one| one.code).collect()
        };
        let long = format!("{}\u{7}\u{202e}", "a".repeat(40));
        assert_eq!(codes(super::text("t", &long, 32)), [TooLong, Invalid, Invalid]);
        assert_eq!(codes(super::code("t", &long)), [TooLong, Invalid, Invalid, Invalid]);
        assert_eq!(codes(super::url("t", &format!("ftp://{}", "a".repeat(2_000)))), [TooLong, Invalid]);
        for nothing in ["", " ", "\u{200b}"] {
            for checked in [super::text("t", nothing, 32), super::code("t", nothing), super::url("t", nothing)] {
                assert_eq!(codes(checked), [Required], "{nothing:?}");
            }
        }
    }

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(text("t", "  a b ", 3), Ok("a b".into()));
        let refused = |value: &str| text("t", value, 3).unwrap_err()[0].code;
        assert_eq!(refused("   "), ValidationErrorCode::Required);
        assert_eq!(refused("abcd"), ValidationErrorCode::TooLong);
        assert_eq!(refused("a\0b"), ValidationErrorCode::Invalid);
        let tags = "\u{e0041}\u{e0042}";
        for empty in [
            "\u{200b}",
            "\u{2060} \u{feff}",
            "\u{3164}",
            "\u{2800}\u{ad}",
            tags,
            "\u{fff9}",
            "\u{180b}",
            "\u{1d173}",
            "\u{fdd0}",
            "\u{1ffff}",
        ] {
            assert_eq!(refused(empty), ValidationErrorCode::Required, "{empty:?}");
        }
        for turned in ["a\u{202e}", "\u{2066}a", "a\u{202a}b", "\u{200e}a", "a\u{200f}", "\u{61c}a", "a\u{206a}"] {
            assert_eq!(refused(turned), ValidationErrorCode::Invalid, "{turned:?}");
        }
        for kept in ["\u{2b9}", "o\u{2bb}", "a\u{200d}", "\u{1f1fa}"] {
            assert_eq!(text("t", kept, 3), Ok(kept.into()));
        }
    }

    #[test]
    fn the_original_language_is_named_or_stays_or_is_the_first() {
        let entry = |locale, original| Translation { locale, text: "Peace", original };
        let originals = |entries: [Translation<'_>; 2]| {
            let text = localized("title", entries, 10).unwrap();
            let after = |before| text.clone().after(&LocalizedText::new(before, "Before")).original();
            [text.clone().new_text().original(), after(Locale::En), after(Locale::Kk)]
        };
        let unnamed = [entry(Locale::Ru, false), entry(Locale::En, false)];
        assert_eq!(originals(unnamed), [Locale::Ru, Locale::En, Locale::Ru]);
        let named = [entry(Locale::En, false), entry(Locale::Ru, true)];
        assert_eq!(originals(named), [Locale::Ru, Locale::Ru, Locale::Ru]);
    }

    #[test]
    fn mistakes_in_translations_have_paths() {
        let entry = |text, original| Translation { locale: Locale::En, text, original };
        let refusals = localized("title", [entry("", true), entry("x", true)], 10).unwrap_err();
        let paths: Vec<String> = refusals.iter().map(|r| r.path.join(".")).collect();
        assert_eq!(paths, ["title.0.text", "title.1.locale", "title.1.original"]);
        assert!(localized("title", [], 10).is_err());
    }

    #[test]
    fn codes_and_links_have_a_form() {
        assert!(code("c", "WG-A").is_ok());
        for wrong in ["wg-a", "1A", "WG A", "ВГ-А", "-A"] {
            assert!(code("c", wrong).is_err(), "{wrong}");
        }
        for right in ["https://isrs.uz", "http://127.0.0.1:80/a", "https://[::1]/", "https://isrs.uz./"] {
            assert!(url("l", right).is_ok(), "{right}");
        }
        assert!(url("l", "https://совет.уз/путь?a=b#c").is_ok());
        for wrong in [
            "isrs.uz",
            "https://",
            "javascript:alert(1)",
            "https://a b",
            "https://?q",
            "https:///isrs.uz",
            "https://#a",
            "https://user@isrs.uz",
            "https://:80/",
            "https://\u{ad}.org",
            "https://isrs.uz\\@isrs.uz",
            "https://-",
            "https://isrs..uz",
            "https://isrs.uz/\u{200b}",
            "ftp://isrs.uz",
        ] {
            assert!(url("l", wrong).is_err(), "{wrong}");
        }
    }
}
