//! The operative paragraphs of a text: their numbers, their identity from one revision to the next, the text that they make, and what a
//! reference to one of them looks like. It knows no viewer.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use entity::addressee::Addressed;
use entity::id::{ParagraphId, ThemeId};
use entity::paragraph::{Paragraph, Paragraphs};
use entity::text::{Locale, LocalizedText};

use super::fields::BODY_TEXT;
use super::recommendation::new_target_date;
use super::validation::{Validated, ValidationError, ValidationErrorCode, all, each, ensure};

const LIST: &str = "paragraphs";

/// What stands between a label and the number of a paragraph.
const PILCROW: char = '¶';

/// A paragraph, as an input gives it.
#[derive(Clone, Debug)]
pub struct GivenParagraph {
    pub identity: Option<ParagraphId>,
    pub number: i32,
    pub text: LocalizedText,
    pub target_date: Option<NaiveDate>,
    pub addressees: Vec<Addressed>,
    pub theme_ids: Vec<ThemeId>,
}

/// How a paragraph of an adopted text is cited: `REC/WG-A/2024/3 ¶2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub label: String,
    pub number: i32,
}

impl Reference {
    /// `None` for what is no label, `¶` and a number, with or without blanks between them.
    pub fn parse(text: &str) -> Option<Self> {
        let (label, number) = text.split_once(PILCROW)?;
        Self::of(label.trim(), number.trim())
    }

    fn of(label: &str, number: &str) -> Option<Self> {
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_number)?;
        (!label.is_empty()).then(|| Self { label: label.to_owned(), number })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {PILCROW}{}", self.label, self.number)
    }
}

/// The paragraphs that come after those before. One that is given with its identity keeps it; another one is the paragraph that has said the same,
/// or else the one that had its number; what is left is new.
pub fn follow(
    given: Vec<GivenParagraph>,
    before: &Paragraphs,
    today: NaiveDate,
    mut new_identity: impl FnMut() -> ParagraphId,
) -> Validated<Paragraphs> {
    all([
        are_numbered(&given),
        are_identified(&given, before),
        are_in_the_same_languages(&given),
        are_distinct(&given),
    ])?;
    let identities = identities(&given, before);
    let paragraphs = given.into_iter().zip(identities).enumerate().map(|(index, (one, identity))| {
        let before = before.0.iter().find(|earlier| Some(earlier.identity) == identity);
        let before = before.and_then(|earlier| earlier.target_date);
        let target_date = one.target_date.map(|day| new_target_date(day, before, today)).transpose();
        Ok(Paragraph {
            identity: identity.unwrap_or_else(&mut new_identity),
            number: one.number,
            text: one.text,
            target_date: target_date.map_err(|refusals| within(refusals, index))?,
            addressees: one.addressees,
            theme_ids: one.theme_ids,
        })
    });
    let paragraphs = Paragraphs(each(paragraphs)?);
    let is_short =
        composed(&paragraphs).is_none_or(|text| text.iter().all(|(_, text)| text.chars().count() <= BODY_TEXT));
    ensure(is_short, || {
        ValidationError::new(
            ValidationErrorCode::TooLong,
            LIST,
            format!("The paragraphs are longer than {BODY_TEXT} characters together."),
        )
    })?;
    Ok(paragraphs)
}

fn within(refusals: Vec<ValidationError>, index: usize) -> Vec<ValidationError> {
    refusals.into_iter().map(|one| one.within(LIST, index)).collect()
}

fn place(index: usize, field: &str) -> String {
    format!("{LIST}.{index}.{field}")
}

fn are_numbered(given: &[GivenParagraph]) -> Validated<()> {
    let checks = given.iter().enumerate().zip(1..).map(|((index, one), number)| {
        ensure(one.number == number, || {
            let path = place(index, "number");
            ValidationError::invalid(&path, format!("Paragraphs are numbered from 1 in their order: this is {number}."))
        })
    });
    each(checks).map(drop)
}

fn are_identified(given: &[GivenParagraph], before: &Paragraphs) -> Validated<()> {
    let mut seen = BTreeSet::new();
    let named = given.iter().enumerate().filter_map(|(index, one)| Some((index, one.identity?)));
    let checks = named.map(|(index, identity)| {
        let path = place(index, "identity");
        ensure(before.0.iter().any(|earlier| earlier.identity == identity), || {
            ValidationError::not_found(&path, "paragraph in the text")
        })?;
        ensure(seen.insert(identity), || ValidationError::invalid(&path, "The same paragraph is given twice."))
    });
    each(checks).map(drop)
}

/// A text that lacks a paragraph in one of its languages is not the same text in both.
fn are_in_the_same_languages(given: &[GivenParagraph]) -> Validated<()> {
    let languages = |one: &GivenParagraph| -> Vec<Locale> { one.text.iter().map(|(locale, _)| locale).collect() };
    let Some(first) = given.first() else { return Ok(()) };
    let checks = given.iter().enumerate().map(|(index, one)| {
        let is_same = languages(one) == languages(first) && one.text.original() == first.text.original();
        ensure(is_same, || {
            ValidationError::invalid(
                &place(index, "text"),
                "All paragraphs are in the same languages, and written in the same one.",
            )
        })
    });
    each(checks).map(drop)
}

fn are_distinct(given: &[GivenParagraph]) -> Validated<()> {
    let checks = given.iter().enumerate().map(|(index, one)| {
        let same = given[..index].iter().find(|earlier| earlier.text == one.text);
        ensure(same.is_none(), || ValidationError::invalid(&place(index, "text"), "Another paragraph says the same."))
    });
    each(checks).map(drop)
}

/// The identity of each paragraph that there was before.
fn identities(given: &[GivenParagraph], before: &Paragraphs) -> Vec<Option<ParagraphId>> {
    let mut left: Vec<&Paragraph> = before.0.iter().collect();
    let mut take = |is_it: &dyn Fn(&Paragraph) -> bool| {
        let index = left.iter().position(|earlier| is_it(earlier))?;
        Some(left.remove(index).identity)
    };
    let mut found: Vec<Option<ParagraphId>> =
        given.iter().map(|one| one.identity.and_then(|named| take(&|earlier| earlier.identity == named))).collect();
    for (one, identity) in given.iter().zip(&mut found).filter(|(_, identity)| identity.is_none()) {
        *identity = take(&|earlier| earlier.text == one.text);
    }
    for (one, identity) in given.iter().zip(&mut found).filter(|(_, identity)| identity.is_none()) {
        *identity = take(&|earlier| earlier.number == one.number);
    }
    found
}

/// The text that paragraphs make: each with its number, in the languages that all of them have. `None` of no paragraph.
pub fn composed(paragraphs: &Paragraphs) -> Option<LocalizedText> {
    let first = &paragraphs.0.first()?.text;
    let in_locale = |locale: Locale| {
        let texts = paragraphs.0.iter().map(|one| format!("{}. {}", one.number, one.text.best(&[locale])));
        (locale, texts.collect::<Vec<_>>().join("\n\n"))
    };
    let mut texts = first.iter().map(|(locale, _)| in_locale(locale));
    let (locale, text) = texts.next()?;
    let text = texts.fold(LocalizedText::new(locale, text), |all, (locale, text)| all.with(locale, text));
    Some(text.written_in(first.original()))
}

/// The whole text asks to act whom one of its paragraphs does, and is about what one of them is: whoever looks for a text finds it by its
/// paragraphs. `given` says whether an input gives the paragraphs, or the lists of the whole text.
pub fn fit(paragraphs: &Paragraphs, addressees: &[Addressed], themes: &[ThemeId], given: bool) -> Validated<()> {
    let whom = |one: &Addressed| (one.category, one.country_id, one.organization_id);
    let refusal = |number: i32, field: &str, of_whole: &str, message: &str| {
        let index = number - 1;
        let path = if given { format!("{LIST}.{index}.{field}") } else { of_whole.to_owned() };
        ValidationError::invalid(&path, format!("Paragraph {number} {message}"))
    };
    let checks = paragraphs.0.iter().flat_map(|one| {
        let number = one.number;
        let addressees = one.addressees.iter().enumerate().map(move |(index, its)| {
            ensure(addressees.iter().any(|other| whom(other) == whom(its)), || {
                let message = "asks somebody to act who is not among the addressees of the whole text.";
                refusal(number, &format!("addressees.{index}"), "addressees", message)
            })
        });
        let themes = one.theme_ids.iter().enumerate().map(move |(index, its)| {
            ensure(themes.contains(its), || {
                let message = "has a theme that is not among those of the whole text.";
                refusal(number, &format!("themeIds.{index}"), "themeIds", message)
            })
        });
        addressees.chain(themes)
    });
    each(checks).map(drop)
}

/// Of a new text, one of the two must be given.
pub fn is_given(text: Option<LocalizedText>) -> Validated<LocalizedText> {
    text.ok_or_else(|| vec![ValidationError::required("text", "Give the text, or its paragraphs.")])
}

/// A text is given as a whole or by its paragraphs; if both are given, they say the same.
pub fn says_the_same(is_same: bool) -> Validated<()> {
    ensure(is_same, || {
        ValidationError::invalid("text", "A text is given as a whole or by its paragraphs: this is not what they say.")
    })
}

/// The paragraphs of two revisions that differ: each as it was and as it is. What was deleted comes last.
pub fn differing<'a>(from: &'a Paragraphs, to: &'a Paragraphs) -> Vec<(Option<&'a Paragraph>, Option<&'a Paragraph>)> {
    let in_list = |list: &'a Paragraphs, one: &Paragraph| list.0.iter().find(|other| other.identity == one.identity);
    let later = to.0.iter().map(|one| (in_list(from, one), Some(one))).filter(|(before, after)| before != after);
    let deleted = from.0.iter().filter(|one| in_list(to, one).is_none()).map(|one| (Some(one), None));
    later.chain(deleted).collect()
}

#[cfg(test)]
mod tests {
    use super::{GivenParagraph, Reference, composed, differing, follow};
    use chrono::NaiveDate;
    use entity::id::{ParagraphId, RecordId as _};
    use entity::paragraph::Paragraphs;
    use entity::text::{Locale, LocalizedText};
    use uuid::Uuid;

    fn identity(number: u128) -> ParagraphId {
        ParagraphId::new(Uuid::from_u128(number))
    }

    fn given(words: &[(&str, Option<u128>)]) -> Vec<GivenParagraph> {
        let one = |((words, named), number): (&(&str, Option<u128>), i32)| GivenParagraph {
            identity: named.map(identity),
            number,
            text: LocalizedText::new(Locale::En, *words),
            target_date: None,
            addressees: Vec::new(),
            theme_ids: Vec::new(),
        };
        words.iter().zip(1..).map(one).collect()
    }

    /// New paragraphs are identified from `first` on.
    fn after(before: &Paragraphs, words: &[(&str, Option<u128>)], first: u128) -> Paragraphs {
        let mut next = first..;
        let today = NaiveDate::from_ymd_opt(2026, 1, 15).expect("a day");
        follow(given(words), before, today, || identity(next.next().expect("a number"))).expect("paragraphs")
    }

    fn numbers(paragraphs: &Paragraphs) -> Vec<u128> {
        paragraphs.0.iter().map(|one| one.identity.uuid().as_u128()).collect()
    }

    #[test]
    fn a_reference_is_a_label_and_a_number() {
        let cited = Reference { label: "REC/WG-A/2024/3".to_owned(), number: 2 };
        assert_eq!(cited.to_string(), "REC/WG-A/2024/3 ¶2");
        for text in ["REC/WG-A/2024/3 ¶2", "REC/WG-A/2024/3¶2", " REC/WG-A/2024/3 ¶ 02 "] {
            assert_eq!(Reference::parse(text), Some(cited.clone()), "{text}");
        }
        for text in ["REC/WG-A/2024/3", "¶2", "A ¶", "A ¶two", "A ¶-1", "A ¶+1", "A ¶1¶2", "A ¶99999999999"] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_paragraph_is_known_by_its_identity_its_words_or_its_number() {
        let before = after(&Paragraphs::default(), &[("A", None), ("B", None), ("C", None)], 1);
        assert_eq!(numbers(&before), [1, 2, 3]);
        for (words, expected) in [
            (vec![("A", None), ("New", None), ("B", None), ("C", None)], vec![1, 10, 2, 3]),
            (vec![("C", None), ("B", None), ("A", None)], vec![3, 2, 1]),
            (vec![("A", None), ("Other", None), ("C", None)], vec![1, 2, 3]),
            (vec![("Other", Some(3)), ("C", None)], vec![3, 2]),
            (vec![("B", Some(1)), ("A", Some(2))], vec![1, 2]),
        ] {
            assert_eq!(numbers(&after(&before, &words, 10)), expected, "{words:?}");
        }
    }

    #[test]
    fn paragraphs_make_a_text_and_tell_what_differs() {
        let before = after(&Paragraphs::default(), &[("A", None), ("B", None)], 1);
        assert_eq!(composed(&before).expect("a text").best(&[Locale::En]), "1. A\n\n2. B");
        assert_eq!(composed(&Paragraphs::default()), None);
        let later = after(&before, &[("B", None), ("C", None)], 10);
        let ids = |pairs: Vec<(Option<_>, Option<_>)>| -> Vec<(Option<u128>, Option<u128>)> {
            let id = |one: Option<&entity::paragraph::Paragraph>| one.map(|one| one.identity.uuid().as_u128());
            pairs.into_iter().map(|(from, to)| (id(from), id(to))).collect()
        };
        assert_eq!(ids(differing(&before, &later)), [(Some(2), Some(2)), (None, Some(10)), (Some(1), None)]);
        assert_eq!(differing(&before, &before), []);
    }
}
