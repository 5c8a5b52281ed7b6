//! The symbol of an instrument, such as `S/RES/2396 (2017)` or `SEC.DOC/2/00/Rev.1`: kept as its issuer writes it, and found in any spelling. It
//! knows no record.

use super::fields;
use super::validation::{Validated, ValidationError, ensure};

/// The longest symbol, in characters.
const LONGEST: usize = 64;

/// A symbol that is one line of printable Latin characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// As it was written, without spaces at its ends.
    pub written: String,
    /// The same for all spellings of one symbol.
    pub folded: String,
}

impl Symbol {
    pub fn parse(path: &str, value: &str) -> Validated<Self> {
        let written = fields::text(path, value, LONGEST)?;
        let is_plain = written.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        ensure(is_plain && written.chars().any(|c| c.is_ascii_alphanumeric()), || {
            ValidationError::invalid(path, "Use Latin letters, digits, punctuation and plain spaces.")
        })?;
        Ok(Self { folded: folded(&written), written })
    }

    /// As `parse`. A symbol that stays as it is written also stays folded as it is: two that an older version took are told apart.
    pub fn parse_unless_same(before: &Self, path: &str, value: &str) -> Validated<Self> {
        let symbol = Self::parse(path, value)?;
        Ok(if symbol.written == before.written { before.clone() } else { symbol })
    }
}

/// What all spellings of a symbol have in common: case and blanks mean nothing. A resolution of the Security Council has one number for ever, after
/// which the year in brackets is often left out.
pub fn folded(symbol: &str) -> String {
    let mut folded: String = symbol.chars().filter(|c| !c.is_whitespace()).collect();
    folded.make_ascii_uppercase();
    if let Some(number) = folded.strip_prefix("S/RES/").and_then(without_year) {
        folded.truncate("S/RES/".len() + number.len());
    }
    folded
}

/// A number that a year in brackets follows.
fn without_year(text: &str) -> Option<&str> {
    let (number, year) = text.strip_suffix(')')?.split_once('(')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number) && year.len() == 4 && is_number(year)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{Symbol, folded};

    #[test]
    fn spellings_of_one_symbol_are_one() {
        for spellings in [
            &["S/RES/2396 (2017)", "S/RES/2396(2017)", "s/res/2396 ( 2017 )", "S/RES/2396", "S / RES / 2396"][..],
            &["A/RES/60/288/Add.1", "a/res/60/288/add. 1"],
            &["SEC.DOC/2/00/Rev.1", "SEC.DOC/2/00/REV.1"],
        ] {
            assert!(spellings.iter().all(|one| folded(one) == folded(spellings[0])), "{spellings:?}");
        }
        for (one, other) in [
            ("S/RES/2396", "S/RES/239"),
            ("A/70/674", "A/70/674/Add.1"),
            ("A/RES/60/288 (2006)", "A/RES/60/288"),
            ("S/RES/2396 (17)", "S/RES/2396"),
            ("S/RES/2396/Add.1 (2017)", "S/RES/2396/Add.1"),
        ] {
            assert_ne!(folded(one), folded(other));
        }
    }

    #[test]
    fn a_symbol_is_kept_as_it_is_written() {
        let symbol = Symbol::parse("symbol", " S/RES/2396 (2017) ").unwrap();
        assert_eq!((symbol.written.as_str(), symbol.folded.as_str()), ("S/RES/2396 (2017)", "S/RES/2396"));
        assert!(Symbol::parse("symbol", "Пост. 7").is_err());
        for wrong in [" ", "/", "()", "S/RES/2396\u{a0}(2017)"] {
            assert!(Symbol::parse("symbol", wrong).is_err(), "{wrong}");
        }
    }
}
