//! Inputs that several mutations share, and how an update input changes a row: an omitted field keeps its value, `null` clears it. It names
//! no topic.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::id::RecordId;
use entity::text::{Locale, LocalizedText};

use crate::domain::fields::{self, GivenText, Translation};
use crate::domain::validation::{Validated, ValidationError, none};

/// A text in one language. The order of a list says nothing, unless the original language is neither named nor one that the text had before: then
/// it is the first.
#[derive(Clone, Debug, InputObject)]
pub struct LocalizedTextInput {
    /// The language.
    pub locale: Locale,
    /// The text, not empty.
    pub text: String,
    /// Whether the text was written in this language: true for one of a list at most. If it is named for none, the original language stays
    /// as it was, as long as it is given; else it is the first of the list.
    #[graphql(default)]
    pub original: bool,
}

/// The translations of an input.
pub fn given_text(path: &str, entries: &[LocalizedTextInput], longest: usize) -> Validated<GivenText> {
    let entries = entries.iter().map(|LocalizedTextInput { locale, text, original }| Translation {
        locale: *locale,
        text,
        original: *original,
    });
    fields::localized(path, entries, longest)
}

/// The translations of an input as the text of a new record.
pub fn localized(path: &str, entries: &[LocalizedTextInput], longest: usize) -> Validated<LocalizedText> {
    given_text(path, entries, longest).map(GivenText::new_text)
}

/// The new text of a column that is never null.
pub fn patch_text(
    path: &str,
    value: MaybeUndefined<Vec<LocalizedTextInput>>,
    current: LocalizedText,
    longest: usize,
) -> Validated<LocalizedText> {
    let before = current.clone();
    patch_required(path, value, current, |entries| Ok(given_text(path, &entries, longest)?.after(&before)))
}

/// The new text of a nullable column.
pub fn patch_optional_text(
    path: &str,
    value: MaybeUndefined<Vec<LocalizedTextInput>>,
    current: Option<LocalizedText>,
    longest: usize,
) -> Validated<Option<LocalizedText>> {
    let before = current.clone();
    let after = |given: GivenText| match &before {
        Some(before) => given.after(before),
        None => given.new_text(),
    };
    patch(value, current, |entries| given_text(path, &entries, longest).map(after))
}

/// An id that an input may give, with its place, if it is an id at all: that it is one is checked with the row.
pub fn given<I: RecordId>(path: &str, id: Option<&ID>) -> Vec<(String, I)> {
    id.and_then(|id| id.parse().ok()).map(|id| (path.to_owned(), id)).into_iter().collect()
}

/// The same for the elements of a list: `list.3.field`.
pub fn given_in<'a, I: RecordId>(
    list: &str,
    field: &str,
    ids: impl IntoIterator<Item = Option<&'a ID>>,
) -> Vec<(String, I)> {
    let ids = ids.into_iter().enumerate();
    ids.flat_map(|(index, id)| given(&format!("{list}.{index}{field}"), id)).collect()
}

/// Checks that the records that an input names are known, each at its own place in the input.
pub fn named<I: Eq + Hash, H: BuildHasher>(named: &[(String, I)], known: &HashSet<I, H>, what: &str) -> Validated<()> {
    let missing = named.iter().filter(|(_, id)| !known.contains(id));
    none(missing.map(|(path, _)| ValidationError::not_found(path, what)).collect())
}

/// The list that replaces another one; `null` empties it.
pub fn replaced<T: Clone>(list: &MaybeUndefined<Vec<T>>) -> Option<Vec<T>> {
    match list {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Vec::new()),
        MaybeUndefined::Value(list) => Some(list.clone()),
    }
}

/// Whether two lists whose order says nothing hold the same.
pub fn are_same<T: PartialEq>(before: Vec<T>, mut wanted: Vec<T>) -> bool {
    let take =
        |wanted: &mut Vec<T>, one| wanted.iter().position(|other| *other == one).map(|index| wanted.swap_remove(index));
    before.into_iter().all(|one| take(&mut wanted, one).is_some()) && wanted.is_empty()
}

/// The new value of a nullable column.
pub fn patch<T, U>(
    value: MaybeUndefined<T>,
    current: Option<U>,
    check: impl FnOnce(T) -> Validated<U>,
) -> Validated<Option<U>> {
    match value {
        MaybeUndefined::Undefined => Ok(current),
        MaybeUndefined::Null => Ok(None),
        MaybeUndefined::Value(value) => check(value).map(Some),
    }
}

/// The new value of a column that is never null: `null` is refused.
pub fn patch_required<T, U>(
    path: &str,
    value: MaybeUndefined<T>,
    current: U,
    check: impl FnOnce(T) -> Validated<U>,
) -> Validated<U> {
    match value {
        MaybeUndefined::Undefined => Ok(current),
        MaybeUndefined::Null => Err(vec![ValidationError::required(path, "This cannot be cleared.")]),
        MaybeUndefined::Value(value) => check(value),
    }
}
