//! What two states of a text say differently, language by language and word by word. It knows no record and no viewer.

use async_graphql::Enum;
use entity::text::{Locale, LocalizedText};
use similar::{Change, ChangeTag};

/// The most lines of two texts that are compared, and the most words of what differs in them: the time grows with their square. A longer piece is
/// shown as replaced. (Measured with similar 3.2.1: 600 words that have little in common take 1.2 ms.)
const MOST: usize = 300;

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
pub struct TextSegment {
    pub kind: SegmentKind,
    pub text: String,
}

/// A language in which two texts differ. One of the two may not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextDiff {
    pub locale: Locale,
    pub segments: Vec<TextSegment>,
}

/// The languages in which two texts differ, in the order of `Locale`.
pub fn diffs(before: Option<&LocalizedText>, after: Option<&LocalizedText>) -> Vec<TextDiff> {
    let of_locale = |locale| (locale, in_locale(before, locale), in_locale(after, locale));
    let texts = Locale::ALL.into_iter().map(of_locale).filter(|(_, before, after)| before != after);
    texts.map(|(locale, before, after)| TextDiff { locale, segments: segments(before, after) }).collect()
}

/// The text in one language; empty if it does not have that language.
fn in_locale(text: Option<&LocalizedText>, locale: Locale) -> &str {
    let mut texts = text.into_iter().flat_map(LocalizedText::iter);
    texts.find(|(one, _)| *one == locale).map_or("", |(_, text)| text)
}

/// The pieces of two texts in their order: first by lines, then those that differ by words.
fn segments(before: &str, after: &str) -> Vec<TextSegment> {
    let mut pieces = Pieces::default();
    if before.lines().count() + after.lines().count() > MOST {
        pieces.replace(before, after);
        return pieces.finish();
    }
    let (mut deleted, mut inserted) = (String::new(), String::new());
    for change in similar::TextDiff::from_lines(before, after).iter_all_changes() {
        match change.tag() {
            ChangeTag::Delete => deleted.push_str(change.value()),
            ChangeTag::Insert => inserted.push_str(change.value()),
            ChangeTag::Equal => {
                pieces.compare(&std::mem::take(&mut deleted), &std::mem::take(&mut inserted));
                pieces.keep(change.value());
            }
        }
    }
    pieces.compare(&deleted, &inserted);
    pieces.finish()
}

/// How many words of two texts stand between what they have in common at their beginnings and ends.
fn differing_words(before: &str, after: &str) -> usize {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.split_whitespace().collect(), after.split_whitespace().collect());
    let at_beginning = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[at_beginning..], &after[at_beginning..]);
    let at_end = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    before.len() + after.len() - 2 * at_end
}

/// The pieces so far, what is deleted and inserted at the present place, and a blank after it.
#[derive(Default)]
struct Pieces {
    done: Vec<TextSegment>,
    deleted: String,
    inserted: String,
    blank: String,
}

impl Pieces {
    /// Adds two texts that take each other's place.
    fn compare(&mut self, before: &str, after: &str) {
        if differing_words(before, after) > MOST {
            self.replace(before, after);
            return;
        }
        similar::TextDiff::from_words(before, after).iter_all_changes().for_each(|change| self.change(&change));
    }

    fn change(&mut self, change: &Change<&str>) {
        let is_open = !self.deleted.is_empty() || !self.inserted.is_empty();
        match change.tag() {
            ChangeTag::Delete => self.replace(change.value(), ""),
            ChangeTag::Insert => self.replace("", change.value()),
            // A blank between two changes belongs to both, so that a phrase is changed as a whole.
            ChangeTag::Equal if is_open && self.blank.is_empty() && change.value().trim().is_empty() => {
                change.value().clone_into(&mut self.blank);
            }
            ChangeTag::Equal => self.keep(change.value()),
        }
    }

    fn replace(&mut self, before: &str, after: &str) {
        let blank = std::mem::take(&mut self.blank);
        self.deleted.push_str(&blank);
        self.inserted.push_str(&blank);
        self.deleted.push_str(before);
        self.inserted.push_str(after);
    }

    /// Ends the present place. What is deleted comes before what takes its place.
    fn keep(&mut self, text: &str) {
        let place = [
            (SegmentKind::Deleted, std::mem::take(&mut self.deleted)),
            (SegmentKind::Inserted, std::mem::take(&mut self.inserted)),
            (SegmentKind::Kept, std::mem::take(&mut self.blank)),
            (SegmentKind::Kept, text.to_owned()),
        ];
        for (kind, text) in place {
            self.add(kind, text);
        }
    }

    fn add(&mut self, kind: SegmentKind, text: String) {
        match self.done.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.kind == kind => last.text.push_str(&text),
            _ => self.done.push(TextSegment { kind, text }),
        }
    }

    fn finish(mut self) -> Vec<TextSegment> {
        self.keep("");
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::SegmentKind::{Deleted, Inserted, Kept};
    use super::{MOST, diffs, segments};
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
            ("a\nb", "a\n\nb", "a\n[+\n]b"),
            ("ўзбек тили", "oʻzbek tili", "[-ўзбек тили][+oʻzbek tili]"),
        ] {
            assert_eq!(said(before, after), expected);
        }
    }

    #[test]
    fn lines_that_stay_are_kept_and_long_pieces_that_differ_are_replaced() {
        assert_eq!(
            said("One.\nTwo is old.\nThree.", "One.\nTwo is new.\nThree."),
            "One.\nTwo is [-old.][+new.]\nThree."
        );
        let words = |word: &str, count: usize| format!("first {} last", vec![word; count].join(" "));
        let long = words("a", MOST);
        assert_eq!(segments(&long, &long.replacen('a', "b", 1)).len(), 4, "one word of many");
        let replaced = segments(&long, &words("b", MOST));
        assert_eq!(replaced.iter().map(|one| one.kind).collect::<Vec<_>>(), [Deleted, Inserted]);
        let lines = "line\n".repeat(MOST);
        assert_eq!(segments(&lines, &format!("{lines}more")).len(), 2);
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
        let found: Vec<Locale> = diffs(Some(&before), Some(&after)).iter().map(|one| one.locale).collect();
        assert_eq!(found, [Locale::Ru, Locale::Uz, Locale::Kk]);
        assert_eq!(diffs(None, Some(&before)).len(), 3);
        assert_eq!(diffs(Some(&after), Some(&after)), []);
    }
}
