//! Lexical limits: what the raw text of a document must keep within before it is parsed. Does not parse it.

use super::Inadmissible;
use crate::config::Limits;

/// Limits what the parser is given: its length, its tokens, and the nesting of its brackets, which would overflow the
/// parser's stack. Strings and comments are skipped. Tokens are counted roughly: names, numbers, strings, punctuation.
pub fn guard(text: &str, limits: &Limits) -> Result<(), Inadmissible> {
    let (longest, deepest, most) = (limits.document, limits.nesting, limits.tokens);
    if text.len() > longest {
        return Err(Inadmissible::new("DOCUMENT_TOO_LONG", format!("The document is longer than {longest} bytes.")));
    }
    let (mut depth, mut tokens, mut in_word) = (0_usize, 0_usize, false);
    for (_, byte) in outside_strings(text) {
        match byte {
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
        let goes_on = word && in_word;
        let ignored = byte.is_ascii_whitespace() || byte == b',';
        if !goes_on && !ignored {
            tokens += 1;
        }
        in_word = word;
        if depth > deepest {
            let message = format!("Brackets are nested deeper than {deepest} levels.");
            return Err(Inadmissible::new("DOCUMENT_TOO_NESTED", message));
        }
        if tokens > most {
            return Err(Inadmissible::new("TOO_MANY_TOKENS", format!("The document has more than {most} tokens.")));
        }
    }
    Ok(())
}

/// The bytes of a text with their places, without comments; of a string only its first quotation mark.
pub fn outside_strings(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let bytes = text.as_bytes();
    let mut next = 0;
    std::iter::from_fn(move || {
        loop {
            let at = next;
            match *bytes.get(at)? {
                b'#' => {
                    let end = bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                    next += end.unwrap_or(bytes.len() - at);
                }
                b'"' => {
                    next = end_of_string(bytes, at);
                    return Some((at, b'"'));
                }
                byte => {
                    next += 1;
                    return Some((at, byte));
                }
            }
        }
    })
}

/// The position after a string that begins at `start`, in one line or in a block.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            b'\n' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Inadmissible, Limits};

    fn guard(text: &str) -> Result<(), Inadmissible> {
        super::guard(text, &Limits::DEFAULT)
    }

    #[test]
    fn brackets_are_counted_outside_strings_and_comments() {
        assert!(guard(&format!("{{ a(b: {}1{}) }}", "[".repeat(60), "]".repeat(60))).is_ok());
        assert_eq!(guard(&"[".repeat(Limits::DEFAULT.nesting + 1)).unwrap_err().code, "DOCUMENT_TOO_NESTED");
        assert!(guard(&format!("{{ a(b: \"{}\") }}", "[".repeat(500))).is_ok());
        assert!(guard(&format!("{{ a(b: \"\"\"{} \\\"\"\" \"\"\") }}", "[".repeat(500))).is_ok());
        assert!(guard(&format!("# {}\n{{ a }}", "[".repeat(500))).is_ok());
        assert!(guard(&format!("\"\\\"\" {}", "[".repeat(500))).is_err());
    }

    #[test]
    fn length_and_tokens_are_bounded() {
        assert_eq!(guard(&"a".repeat(Limits::DEFAULT.document + 1)).unwrap_err().code, "DOCUMENT_TOO_LONG");
        assert_eq!(guard(&"{ a } ".repeat(2000)).unwrap_err().code, "TOO_MANY_TOKENS");
        assert!(guard(&"a ".repeat(4000)).is_ok());
    }
}
