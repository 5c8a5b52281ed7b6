//! Introspection under names that validation can be given types for: bluejay-parser 0.5.0 has the types of 2021 under their own names, and takes
//! no others there. Each name is as long as the one that it stands for, so that places stay the same. Judges nothing.

use super::lexical::outside_strings;

/// What a schema with the type `Query` is validated with in addition.
const TYPES: &str = include_str!("introspection.graphql");
const ROOT: (&str, &str) = ("type Query {", "type Query { __schema: __Schema! __type(name: String!): __Type ");

/// All words of introspection but `__typename`, which every type has, without the underscores that they begin with.
const WORDS: [&str; 10] = [
    "schema",
    "type",
    "Schema",
    "Type",
    "TypeKind",
    "Field",
    "InputValue",
    "EnumValue",
    "Directive",
    "DirectiveLocation",
];

const OUTSIDE: &str = "__";
/// What stands for the underscores.
const INSIDE: &str = "_0";

/// How a document is to be validated.
#[derive(Debug, PartialEq, Eq)]
pub enum Translation {
    /// In these words, with the types of introspection.
    Into(String),
    /// As it is, with these types: it has no words of introspection.
    Same,
    /// As it is, without these types: it has names that would be taken for them.
    Without,
}

/// The definition of a schema, with that of its introspection.
pub fn with_introspection(sdl: &str) -> String {
    assert!(sdl.contains(ROOT.0), "a schema has the type Query");
    let whole = sdl.replacen(ROOT.0, ROOT.1, 1) + TYPES;
    translated(&whole, OUTSIDE, INSIDE).unwrap_or(whole)
}

pub fn translate(document: &str) -> Translation {
    if tokens(&code(document)).any(|token| is_word(token, INSIDE)) {
        return Translation::Without;
    }
    translated(document, OUTSIDE, INSIDE).map_or(Translation::Same, Translation::Into)
}

/// What is said of a translated document, in its own words. (It has none of ours.)
pub fn translate_back(message: String) -> String {
    WORDS.iter().fold(message, |message, word| message.replace(&format!("{INSIDE}{word}"), &format!("{OUTSIDE}{word}")))
}

/// Whether a name of the schema has another one beside it, with the definition of today.
pub fn is_outdated(name: &str) -> bool {
    is_word(name.as_bytes(), OUTSIDE)
}

fn translated(text: &str, from: &str, into: &str) -> Option<String> {
    let (code, mut written, mut at) = (code(text), None, 0);
    for token in tokens(&code) {
        if is_word(token, from) {
            let written = written.get_or_insert_with(|| text.as_bytes().to_vec());
            written[at..at + into.len()].copy_from_slice(into.as_bytes());
        }
        at += token.len();
    }
    String::from_utf8(written?).ok()
}

/// A text with blanks in place of strings and comments.
fn code(text: &str) -> Vec<u8> {
    let mut code = vec![b' '; text.len()];
    outside_strings(text).for_each(|(at, byte)| code[at] = byte);
    code
}

/// Code in pieces: its names, and what stands between them.
fn tokens(code: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_of_name = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric();
    code.chunk_by(move |one, next| is_of_name(one) && is_of_name(next))
}

fn is_word(token: &[u8], prefix: &str) -> bool {
    let rest = token.strip_prefix(prefix.as_bytes());
    rest.is_some_and(|rest| WORDS.iter().any(|word| word.as_bytes() == rest))
}

#[cfg(test)]
mod tests {
    use super::{Translation, translate, translate_back};

    #[test]
    fn words_of_introspection_are_translated_and_back() {
        for (text, known) in [
            ("{ __schema { types { name __typename } } }", "{ _0schema { types { name __typename } } }"),
            ("fragment F on __Type { ofType { ...F } }", "fragment F on _0Type { ofType { ...F } }"),
            ("{ a(b: \"ü\") __type(name: \"ü\") { kind } }", "{ a(b: \"ü\") _0type(name: \"ü\") { kind } }"),
            ("{ __types b__type __type }", "{ __types b__type _0type }"),
        ] {
            assert_eq!(translate(text), Translation::Into(known.to_owned()));
        }
        assert_eq!(translate("{ a { __typename b__type _0typename } }"), Translation::Same);
        for text in ["{ _0type: a }", "{ __schema { types { name } } a(b: $_0type) }"] {
            assert_eq!(translate(text), Translation::Without);
        }
        assert_eq!(translate("{ a(b: \"_0type __type\") } # __type _0type"), Translation::Same);
        assert_eq!(translate_back("Unknown \"_0Type\".".to_owned()), "Unknown \"__Type\".");
    }
}
