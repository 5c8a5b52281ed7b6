//! Deletes what is too old, a batch at a time, so that concurrent writers wait for one batch at most. It knows no table: each caller says
//! which rows are old.
#![expect(
    clippy::disallowed_methods,
    reason = "what is forgotten is no part of the register: neither the read layer nor the unit of work knows it"
)]

use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait, Iterable as _, PrimaryKeyToColumn, QueryFilter as _};

use super::constraint::refused_write;
use crate::error::Error;
use crate::service::context::AppContext;

/// The rows of one batch: measured, either database deletes as many within 0.03 seconds.
pub const PORTION: u64 = 10_000;

/// Deletes the rows that meet a condition. Returns how many.
pub async fn rows<E: EntityTrait>(app: &AppContext, old: Condition) -> Result<u64, Error> {
    let key: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let portion = Query::select().columns(key.clone()).from(E::default()).cond_where(old).limit(PORTION).take();
    let among = Expr::tuple(key.iter().map(|column| column.into_expr())).in_subquery(portion);
    let mut forgotten = 0;
    loop {
        app.databases.let_others_write().await;
        let delete = E::delete_many().filter(among.clone());
        let gone = delete.exec(&app.databases.write).await.map_err(refused_write)?.rows_affected;
        forgotten += gone;
        // Another process may have deleted some of the same rows.
        if gone == 0 {
            return Ok(forgotten);
        }
    }
}
