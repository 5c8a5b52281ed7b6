//! The rules of bulk writes: how rows name their records, what a failed row does to the others, what becomes of a row. It plans and writes
//! no rows.

use super::validation::{Validated, ValidationError, ensure};

/// The most rows of one bulk write.
pub const ROWS: usize = 500;

/// How the rows of a bulk write name the records that they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum MatchBy {
    /// By `externalId`, which every row has. A row whose external id is new creates a record.
    ExternalId,
    /// By `id`. A row without one creates a record.
    Id,
}

/// What happens to the other rows if one is refused.
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
    /// The record already says what the row says: nothing of it was written. A new external id was linked.
    Unchanged,
    /// Nothing was written: because of its own `userErrors`, or, if it has none, because another row was refused.
    Failed,
}

/// A row has the key that rows are matched by, and only that one.
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

/// After repeated write conflicts no row of a bulk write is written.
pub fn write_conflict() -> ValidationError {
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
