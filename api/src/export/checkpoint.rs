//! Checkpoints, by which a mirror proves itself equal: how many records of each type a viewer sees, and a hash of their
//! lines. Stores nothing: the lines are those of an export.

use std::pin::pin;
use std::sync::Arc;

use entity::RecordType;
use futures_util::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

use super::export;
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;

/// The records of a type that a viewer sees, counted and hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub record: RecordType,
    pub count: i64,
    /// The sum, modulo 2^128, of `number_of` their lines.
    pub sum: u128,
}

/// The checkpoints of some types. Their lines are made as for an export, and not kept.
pub async fn checkpoints(
    app: &Arc<AppContext>,
    viewer: &Viewer,
    records: &[RecordType],
) -> Result<Vec<Checkpoint>, Error> {
    let mut checkpoints = Vec::new();
    for record in records {
        checkpoints.push(of(app, viewer, *record).await?);
    }
    Ok(checkpoints)
}

async fn of(app: &Arc<AppContext>, viewer: &Viewer, record: RecordType) -> Result<Checkpoint, Error> {
    let mut checkpoint = Checkpoint { record, count: 0, sum: 0 };
    let mut pieces = pin!(export(Arc::clone(app), viewer.clone(), vec![record], None));
    let mut last = None;
    while let Some(piece) = pieces.try_next().await? {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            // The last line is the end of the export, not a record.
            if let Some(number) = last.replace(number_of(line.trim_ascii_end())) {
                checkpoint.count += 1;
                checkpoint.sum = checkpoint.sum.wrapping_add(number);
            }
        }
    }
    Ok(checkpoint)
}

/// The first 16 bytes of the SHA-256 of a line without its line feed, as a big-endian number.
pub fn number_of(line: &[u8]) -> u128 {
    let hash = Sha256::digest(line);
    hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::number_of;

    /// The beginning of what `printf 'rec_0197 1' | sha256sum` prints.
    #[test]
    fn the_number_of_a_line_is_what_anyone_can_compute() {
        assert_eq!(number_of(b"rec_0197 1"), 0x4d54_1701_48f9_425d_3bf3_04a7_6f0f_6e82);
    }
}
