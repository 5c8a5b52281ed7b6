//! The text of a document: where in it something stands, and two legal forms of it that the parser (bluejay-parser 0.5.0) does not know. Does not
//! parse it.

use std::borrow::Cow;
use std::collections::HashSet;

use async_graphql::Pos;

use super::lexical::outside_strings;

/// What the alias in empty selection sets starts with.
const ALIAS: &str = "__empty";

/// What empty selection sets are filled with before they are parsed: a field under an alias that the document does not give, so that it merges
/// with every field beside it. Short, and found in one pass, whatever the document holds.
fn filling(text: &str) -> String {
    let numbers = text.match_indices(ALIAS).filter_map(|(at, _)| {
        let rest = &text[at + ALIAS.len()..];
        rest[..rest.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
    });
    let given: HashSet<usize> = numbers.collect();
    let free = (0..=given.len()).find(|number| !given.contains(number)).unwrap_or_default();
    format!("{ALIAS}{free}:__typename")
}

/// A text as the parser reads it.
pub struct Source<'a> {
    original: &'a str,
    text: Cow<'a, str>,
    /// Where empty selection sets were filled, and with how many bytes each.
    filled: Vec<usize>,
    filling: usize,
    /// Where each line of the original begins.
    lines: Vec<usize>,
    is_ascii: bool,
}

/// A change that turns a form that the parser does not know into one that it knows.
enum Edit {
    /// `{}` is a selection set (GraphQL of September 2026, "Selection Sets").
    Fill { at: usize },
    /// `$ name` is a variable: what is ignored may stand between the two ("Variables").
    Move { dollar: usize, name: usize },
}

impl<'a> Source<'a> {
    pub fn of(original: &'a str) -> Self {
        let (edits, lines) = (edits(original), line_starts(original));
        let (mut filled, filling) = (Vec::new(), if edits.is_empty() { String::new() } else { filling(original) });
        let text =
            if edits.is_empty() { original.into() } else { rewrite(original, &edits, &filling, &mut filled).into() };
        Self { original, text, filled, filling: filling.len(), lines, is_ascii: original.is_ascii() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether what stands here only fills an empty selection set.
    pub fn is_filling(&self, at: usize) -> bool {
        self.filled.binary_search(&at).is_ok()
    }

    /// The line and the column, from 1, of a byte of the text. Columns count UTF-16 units, as graphql-js and editors do.
    pub fn position(&self, at: usize) -> Pos {
        let inserted = self.filled.partition_point(|filled| *filled < at) * self.filling;
        let at = self.original.floor_char_boundary(at.saturating_sub(inserted));
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let units = || self.original[start..at].chars().map(char::len_utf16).sum();
        let before: usize = if self.is_ascii { at - start } else { units() };
        Pos { line, column: before + 1 }
    }
}

fn rewrite(original: &str, edits: &[Edit], filling: &str, filled: &mut Vec<usize>) -> String {
    let (mut text, mut done) = (String::with_capacity(original.len() + edits.len() * filling.len()), 0);
    for edit in edits {
        match *edit {
            Edit::Fill { at } => {
                text.push_str(&original[done..at]);
                filled.push(text.len());
                text.push_str(filling);
                done = at;
            }
            Edit::Move { dollar, name } => {
                text.push_str(&original[done..dollar]);
                text.push_str(&original[dollar + 1..name]);
                text.push('$');
                done = name;
            }
        }
    }
    text.push_str(&original[done..]);
    text
}

fn edits(text: &str) -> Vec<Edit> {
    let (mut edits, mut parentheses, mut last) = (Vec::new(), 0_usize, (0, b' '));
    for (at, byte) in outside_strings(text) {
        if is_ignored(byte) {
            continue;
        }
        match byte {
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            // Within parentheses it is a value.
            b'}' if last.1 == b'{' && parentheses == 0 => edits.push(Edit::Fill { at: last.0 + 1 }),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' if last.1 == b'$' && last.0 + 1 < at => {
                edits.push(Edit::Move { dollar: last.0, name: at });
            }
            _ => {}
        }
        last = (at, byte);
    }
    edits
}

/// Whether a byte outside strings and comments is ignored. (The last three are the byte order mark.)
fn is_ignored(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF)
}

fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
}

#[cfg(test)]
mod tests {
    use async_graphql::Pos;

    use super::Source;

    #[test]
    fn what_the_parser_does_not_know_is_rewritten() {
        for (text, read) in [
            ("{ a { b } }", "{ a { b } }"),
            ("{}", "{__empty0:__typename}"),
            ("{ a { , } b {#c\n} }", "{ a {__empty0:__typename , } b {__empty0:__typename#c\n} }"),
            ("{ a(b: {}) { c(d: [{ }]) } }", "{ a(b: {}) { c(d: [{ }]) } }"),
            (
                "query($ a: A = {}) { b(c: $ , a, d: \"$ {}\") {} }",
                "query( $a: A = {}) { b(c:  , $a, d: \"$ {}\") {__empty0:__typename} }",
            ),
            ("{ a(b: $#c\nd) }", "{ a(b: #c\n$d) }"),
            ("{ a(b: \"\"\"{}\"\"\") } # {}", "{ a(b: \"\"\"{}\"\"\") } # {}"),
            ("{ __empty0: a { __empty1 {} } }", "{ __empty0: a { __empty1 {__empty2:__typename} } }"),
            ("{\u{feff}}", "{__empty0:__typename\u{feff}}"),
            ("$", "$"),
        ] {
            assert_eq!(Source::of(text).text(), read, "{text}");
        }
    }

    #[test]
    fn what_is_filled_in_stays_short() {
        let names = |count: usize| (0..count).map(|number| format!("__empty{number}")).collect::<Vec<_>>().join(" ");
        for (given, alias) in [
            (format!("__empty{}", "_".repeat(9_000)), "__empty0:"),
            (format!("__empty{}", "9".repeat(9_000)), "__empty0:"),
            (names(1_000), "__empty1000:"),
        ] {
            let text = format!("{{ {given} a {{}} }}");
            assert!(Source::of(&text).text().ends_with(&format!("a {{{alias}__typename}} }}")));
        }
    }

    #[test]
    fn places_are_those_of_the_original() {
        let text = "{ a {} b\r\n\tü{}😀\rx";
        let source = Source::of(text);
        let place = |what: &str, line, column| {
            let at = source.text().find(what).unwrap();
            assert_eq!(source.position(at), Pos { line, column }, "{what:?}");
        };
        place("a", 1, 3);
        place("b", 1, 8);
        place("ü", 2, 2);
        place("😀", 2, 5);
        place("x", 3, 1);
        assert_eq!(source.position(usize::MAX), Pos { line: 3, column: 2 });
        let filled = source.text().find("__empty").unwrap();
        assert!(source.is_filling(filled) && !source.is_filling(filled + 1));
    }
}
