//! Texts that look the same are the same: what comes in gets Normalization Form C. (Not NFKC, which takes the accent of an Uzbek `o´` for a
//! space and a mark.) And lines that are one line. Knows no type and no transport.

use std::borrow::Cow;

use async_graphql::Value;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// What some editors and libraries begin a text in UTF-8 with. It means nothing (RFC 8259, section 8.1).
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

pub fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

pub fn nfc(text: String) -> String {
    if text.is_ascii() || is_nfc(&text) { text } else { text.nfc().collect() }
}

/// All texts in a value, but for the names of fields.
pub fn normalize(value: &mut Value) {
    match value {
        Value::String(text) => *text = nfc(std::mem::take(text)),
        Value::List(values) => values.iter_mut().for_each(normalize),
        Value::Object(fields) => fields.values_mut().for_each(normalize),
        Value::Null | Value::Number(_) | Value::Boolean(_) | Value::Binary(_) | Value::Enum(_) => {}
    }
}

/// JSON without U+2028 and U+2029, which may stand in it, and end a line for some readers, such as Python's `splitlines`: they are escaped.
pub fn in_one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\u{2028}', '\u{2029}']) {
        json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029").into()
    } else {
        json.into()
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::{in_one_line, nfc, normalize, without_mark};

    #[test]
    fn a_line_is_one_for_every_reader() {
        assert_eq!(in_one_line("\"a\u{2028}b\u{2029}\""), r#""a\u2028b\u2029""#);
    }

    #[test]
    fn a_mark_is_left_out_once() {
        assert_eq!(["\u{feff}{}", "{}\u{feff}", ""].map(without_mark), ["{}", "{}\u{feff}", ""]);
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        // A Cyrillic й of two code points, and a Latin one with two marks in the other order.
        assert_eq!(nfc("\u{438}\u{306}".to_owned()), "\u{439}");
        assert_eq!(nfc("a\u{302}\u{323}".to_owned()), "\u{1ead}");
        for text in ["plain", "o\u{b4}zbek", "o\u{2bb}zbek", "ﬁ", "\u{1f1fa}\u{1f1ff}"] {
            assert_eq!(nfc(text.to_owned()), text);
        }
        let mut given = value!({ "a": ["e\u{301}", 1, null], "b": { "c": "e\u{301}" } });
        normalize(&mut given);
        assert_eq!(given, value!({ "a": ["\u{e9}", 1, null], "b": { "c": "\u{e9}" } }));
    }
}
