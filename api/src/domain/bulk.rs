//! The rules of bulk writes: how rows name their records, what a failed row does to the others, what becomes of a row.

use super::validation::{Validated, ValidationError, ensure};

/// Most rows of one bulk write.
pub const ROWS: usize = 500;

/// How the rows of a bulk write name the records that they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum MatchBy {
    /// By `externalId`, which every row has. A row whose external id is new creates a record.
    ExternalId,
    /// By `id`. A row without one creates a record.
    Id,
}

/// What a row that is refused does to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ErrorPolicy {
    /// Nothing is written if any row is refused.
    RejectAll,
    /// All other rows are written.
    SkipFailed,
}

/// What became of a row of a bulk write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "RowOutcome")]
pub enum Outcome {
    /// A new record was created.
    Created,
    /// The record was changed.
    Updated,
    /// The record says what the row says already: nothing of it was written. An external id that is new was linked.
    Unchanged,
    /// Nothing was written: for its own `userErrors`, or, if it has none, because another row was refused.
    Failed,
}

/// Whether a row has the key that rows are matched by, and only that one.
pub fn has_its_key(match_by: MatchBy, id: bool, external_id: bool) -> Validated<()> {
    match match_by {
        MatchBy::ExternalId => {
            ensure(external_id, || ValidationError::required("externalId", "Rows are matched by it."))?;
            ensure(!id, || ValidationError::invalid("id", "Rows are matched by externalId."))
        }
        MatchBy::Id => Ok(()),
    }
}

/// No two rows are about the same record.
pub fn is_the_first(path: &str, first: bool) -> Validated<()> {
    ensure(first, || ValidationError::invalid(path, "Another row is about the same record."))
}

/// Of a bulk write that others have crossed again and again, no row is written.
pub fn crossed() -> ValidationError {
    ValidationError::conflict(
        "",
        "Others have written the same records at the same time. Nothing is written. Send it again.",
    )
}

/// A row that names a version is about a record at that version.
pub fn is_at(version: Option<i32>, expected: Option<i32>) -> Validated<()> {
    ensure(expected.is_none() || expected == version, || {
        ValidationError::conflict("expectedVersion", "The record has changed since it was read.")
    })
}
