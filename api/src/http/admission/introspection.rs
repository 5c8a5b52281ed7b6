//! Introspection in words that validation can be told of: bluejay-parser 0.5.0 knows the types of 2021 and takes no others under their names.
//! Each word is as long as the one that it stands for, so that places stay the same. Judges nothing.

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

/// What stands for the underscores; and what stands for that in the names of a document, which must not be taken for introspection.
const INTO: [(&str, &str); 2] = [("__", "_0"), ("_0", "_1")];
const BACK: [(&str, &str); 2] = [("_0", "__"), ("_1", "_0")];

/// The definition of a schema, with that of its introspection.
pub fn with_introspection(sdl: &str) -> String {
    let whole = sdl.replacen(ROOT.0, ROOT.1, 1) + TYPES;
    translated(&whole, &INTO).unwrap_or(whole)
}

/// A document in the words of this schema; `None` if it does not change.
pub fn translate(document: &str) -> Option<String> {
    translated(document, &INTO)
}

/// What is said of a document, in its own words.
pub fn translate_back(message: String) -> String {
    translated(&message, &BACK).unwrap_or(message)
}

/// Whether a name of the schema has another one beside it, with the definition of today.
pub fn is_outdated(name: &str) -> bool {
    stands_for(name.as_bytes(), &INTO[..1]).is_some()
}

fn translated(text: &str, prefixes: &[(&str, &str)]) -> Option<String> {
    let bytes = text.as_bytes();
    let tokens = bytes.chunk_by(|one, next| is_of_name(*one) && is_of_name(*next));
    let mut written = None;
    let mut at = 0;
    for token in tokens {
        if let Some(prefix) = stands_for(token, prefixes) {
            written.get_or_insert_with(|| bytes.to_vec())[at..at + prefix.len()].copy_from_slice(prefix.as_bytes());
        }
        at += token.len();
    }
    String::from_utf8(written?).ok()
}

/// What the beginning of a word becomes.
fn stands_for<'a>(token: &[u8], prefixes: &[(&str, &'a str)]) -> Option<&'a str> {
    let is_word = |rest: &[u8]| WORDS.iter().any(|word| word.as_bytes() == rest);
    prefixes.iter().find(|(from, _)| token.strip_prefix(from.as_bytes()).is_some_and(is_word)).map(|(_, to)| *to)
}

fn is_of_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::{translate, translate_back};

    #[test]
    fn words_of_introspection_are_translated_and_back() {
        for (text, known) in [
            ("{ __schema { types { name __typename } } }", "{ _0schema { types { name __typename } } }"),
            ("fragment F on __Type { ofType { ...F } }", "fragment F on _0Type { ofType { ...F } }"),
            ("{ _0type: a __types b__type }", "{ _1type: a __types b__type }"),
            ("{ a(b: \"ü\") __type(name: \"ü\") { kind } }", "{ a(b: \"ü\") _0type(name: \"ü\") { kind } }"),
        ] {
            assert_eq!(translate(text).as_deref(), Some(known));
            assert_eq!(translate_back(known.to_owned()), text);
        }
        assert_eq!(translate("{ a { __typename } }"), None);
    }
}
