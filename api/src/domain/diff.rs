//! What two states of a text say differently, language by language and word by word. It knows no record and no viewer.

use async_graphql::Enum;
use entity::text::{Locale, LocalizedText};
use similar::{ChangeTag, TextDiff};

/// What became of a piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SegmentKind {
    /// It stands in both texts.
    Kept,
    /// It stands in the earlier text only.
    Deleted,
    /// It stands in the later text only.
    Inserted,
}

/// A piece of a text. The earlier text is all that is kept or deleted, the later one all that is kept or inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub kind: SegmentKind,
    pub text: String,
}

/// A language in which two texts differ. One of the two may not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub locale: Locale,
    pub segments: Vec<Segment>,
}

/// The languages in which two texts differ, in the order of `Locale`.
pub fn differences(before: Option<&LocalizedText>, after: Option<&LocalizedText>) -> Vec<Difference> {
    let differences = Locale::ALL.into_iter().map(|locale| {
        let segments = segments(in_locale(before, locale), in_locale(after, locale));
        Difference { locale, segments }
    });
    differences.filter(|one| one.segments.iter().any(|segment| segment.kind != SegmentKind::Kept)).collect()
}

/// The text in one language; empty if it does not have that language.
fn in_locale(text: Option<&LocalizedText>, locale: Locale) -> &str {
    let mut texts = text.into_iter().flat_map(LocalizedText::iter);
    texts.find(|(one, _)| *one == locale).map_or("", |(_, text)| text)
}

/// The pieces of two texts in their order. What is deleted comes before what takes its place.
fn segments(before: &str, after: &str) -> Vec<Segment> {
    let diff = TextDiff::from_words(before, after);
    let (mut pieces, mut gap) = (Pieces::default(), "");
    for change in diff.iter_all_changes() {
        match change.tag() {
            // A blank between two changes belongs to both, so that a phrase is changed as a whole.
            ChangeTag::Equal if pieces.is_open() && gap.is_empty() && change.value().trim().is_empty() => {
                gap = change.value();
            }
            ChangeTag::Equal => pieces.keep(std::mem::take(&mut gap), change.value()),
            tag => {
                pieces.deleted.push_str(gap);
                pieces.inserted.push_str(std::mem::take(&mut gap));
                let side = if tag == ChangeTag::Delete { &mut pieces.deleted } else { &mut pieces.inserted };
                side.push_str(change.value());
            }
        }
    }
    pieces.keep(gap, "");
    pieces.done
}

/// The pieces so far, and what is deleted and inserted at the present place.
#[derive(Default)]
struct Pieces {
    done: Vec<Segment>,
    deleted: String,
    inserted: String,
}

impl Pieces {
    fn is_open(&self) -> bool {
        !self.deleted.is_empty() || !self.inserted.is_empty()
    }

    fn keep(&mut self, gap: &str, text: &str) {
        let (deleted, inserted) = (std::mem::take(&mut self.deleted), std::mem::take(&mut self.inserted));
        self.add(SegmentKind::Deleted, &deleted);
        self.add(SegmentKind::Inserted, &inserted);
        self.add(SegmentKind::Kept, gap);
        self.add(SegmentKind::Kept, text);
    }

    fn add(&mut self, kind: SegmentKind, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.done.last_mut() {
            Some(last) if last.kind == kind => last.text.push_str(text),
            _ => self.done.push(Segment { kind, text: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SegmentKind::{Deleted, Inserted, Kept};
    use super::{differences, segments};
    use entity::text::{Locale, LocalizedText};

    fn said(before: &str, after: &str) -> String {
        let marks = segments(before, after).into_iter().map(|segment| match segment.kind {
            Kept => segment.text,
            Deleted => format!("[-{}]", segment.text),
            Inserted => format!("[+{}]", segment.text),
        });
        marks.collect()
    }

    #[test]
    fn a_phrase_is_changed_as_a_whole() {
        for (before, after, expected) in [
            ("", "", ""),
            ("One text.", "One text.", "One text."),
            ("", "New.", "[+New.]"),
            ("Old.", "", "[-Old.]"),
            (
                "States should act soon.",
                "States shall act at once.",
                "States [-should][+shall] act [-soon.][+at once.]",
            ),
            ("the old word", "a new word", "[-the old][+a new] word"),
            ("a\nb", "a\n\nb", "a[-\n][+\n\n]b"),
            ("ўзбек тили", "oʻzbek tili", "[-ўзбек тили][+oʻzbek tili]"),
        ] {
            assert_eq!(said(before, after), expected);
        }
    }

    #[test]
    fn both_texts_can_be_put_together_again() {
        let texts = ["a b c d e", "b c  x e f", "", " a", "a b\nc d", "x\n\ny  z "];
        for (before, after) in texts.iter().flat_map(|one| texts.iter().map(move |other| (*one, *other))) {
            let pieces = segments(before, after);
            let without = |kind| -> String {
                pieces.iter().filter(|one| one.kind != kind).map(|one| one.text.as_str()).collect()
            };
            assert_eq!((without(Inserted).as_str(), without(Deleted).as_str()), (before, after));
            assert!(pieces.windows(2).all(|pair| pair[0].kind != pair[1].kind), "{pieces:?}");
        }
    }

    #[test]
    fn only_languages_that_differ_are_named() {
        let before = LocalizedText::new(Locale::En, "One").with(Locale::Ru, "Один").with(Locale::Kk, "Бір");
        let after = LocalizedText::new(Locale::En, "One").with(Locale::Ru, "Два").with(Locale::Uz, "Ikki");
        let found: Vec<Locale> = differences(Some(&before), Some(&after)).iter().map(|one| one.locale).collect();
        assert_eq!(found, [Locale::Ru, Locale::Uz, Locale::Kk]);
        assert_eq!(differences(None, Some(&before)).len(), 3);
        assert_eq!(differences(Some(&after), Some(&after)), []);
    }
}
