//! What a mirror proves itself equal with: how many records of each type a viewer sees, and a hash of their ids and versions.

use std::pin::pin;

use entity::client::Scope;
use entity::id::RecordId as _;
use entity::{Record, RecordType};
use futures_util::TryStreamExt as _;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait as _, ConnectionTrait, StreamTrait};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::published::with_published;
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::read::by_access;

/// The records of a type that a viewer sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub record: RecordType,
    pub count: i64,
    /// The sum, modulo 2^128, of a number for each record: the first 16 bytes, big-endian, of the SHA-256 of its id, a space and
    /// its version.
    pub sum: u128,
}

/// The checkpoints of some types, each in one statement whose rows are not kept.
pub async fn checkpoints<C>(db: &C, viewer: &Viewer, records: &[RecordType]) -> Result<Vec<Checkpoint>, Error>
where
    C: ConnectionTrait + StreamTrait,
{
    viewer.require_scope(Some(Scope::Sync))?;
    let mut checkpoints = Vec::new();
    for record in records {
        checkpoints.extend(with_published!(record, E => of::<E, C>(db, viewer).await?));
    }
    Ok(checkpoints)
}

async fn of<E: Record, C: ConnectionTrait + StreamTrait>(db: &C, viewer: &Viewer) -> Result<Checkpoint, Error> {
    let ids = Query::select()
        .expr_as(Expr::col(E::ID.as_column_ref()), "id")
        .expr_as(Expr::col(E::VERSION.as_column_ref()), "version")
        .from(E::default().table_ref())
        .cond_where(by_access::<E>(viewer))
        .take();
    let mut checkpoint = Checkpoint { record: E::TYPE, count: 0, sum: 0 };
    let mut rows = pin!(db.stream(&ids).await?);
    while let Some(row) = rows.try_next().await? {
        let (id, version): (Uuid, i32) = (row.try_get("", "id")?, row.try_get("", "version")?);
        checkpoint.count += 1;
        checkpoint.sum = checkpoint.sum.wrapping_add(number(&E::Id::new(id).to_string(), version));
    }
    Ok(checkpoint)
}

fn number(id: &str, version: i32) -> u128 {
    let hash = Sha256::digest(format!("{id} {version}"));
    hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::number;

    /// As `printf 'rec_0197 1' | sha256sum` begins.
    #[test]
    fn the_number_of_a_record_is_what_anyone_can_compute() {
        assert_eq!(number("rec_0197", 1), 0x4d54_1701_48f9_425d_3bf3_04a7_6f0f_6e82);
    }
}
