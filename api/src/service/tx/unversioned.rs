//! Unversioned rows: clients, webhooks, external ids. Writing them changes no record and adds nothing to the feed, but a line to the audit
//! trail.
#![expect(clippy::disallowed_methods, reason = "a part of the one place that writes entities")]

use entity::Row;
use sea_orm::{ColumnTrait as _, IntoActiveModel as _, QueryFilter as _};

use super::{Tx, longest, replacing};
use crate::error::Error;
use crate::service::constraint::refused_write;

impl Tx<'_> {
    /// New rows.
    pub async fn insert_unversioned<E: Row>(&mut self, rows: &[E::Model]) -> Result<(), Error> {
        self.write_rows::<E>(rows).await?;
        self.note_unversioned::<E>(rows);
        Ok(())
    }

    /// Writes all of rows that are there, in one statement per chunk.
    pub async fn update_unversioned<E: Row>(&mut self, rows: &[E::Model]) -> Result<(), Error> {
        for chunk in rows.chunks(longest::<E>()) {
            let active = chunk.iter().map(|row| row.clone().into_active_model());
            let update = E::insert_many(active).on_conflict(replacing::<E>());
            update.exec_without_returning(&self.txn).await.map_err(refused_write)?;
        }
        self.note_unversioned::<E>(rows);
        Ok(())
    }

    /// Removes a row.
    pub async fn remove_unversioned<E: Row>(&mut self, row: &E::Model) -> Result<(), Error> {
        E::delete_many().filter(E::ID.eq(E::id(row))).exec(&self.txn).await.map_err(refused_write)?;
        self.note_unversioned::<E>(std::slice::from_ref(row));
        Ok(())
    }

    fn note_unversioned<E: Row>(&mut self, rows: &[E::Model]) {
        self.wrote_unversioned |= !rows.is_empty();
        self.subjects.extend(rows.iter().map(|row| E::id(row).to_string()));
    }
}
