//! The identity of the feed, which changes as soon as the database is found to be a restored backup or a copy. What was handed out before
//! (cursors, versions, ids of messages) is then not handed out again for something else.
//!
//! A restored SQLite database is recognised by its high-water mark, a PostgreSQL one by where it stands (`database/home.rs`). Where neither
//! shows it, as for a disk that was set back as a whole, the operator runs `rec renew-feed`.
#![expect(clippy::disallowed_methods, reason = "the feed's own tables are written by `Tx::commit` alone")]

use entity::change_head::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ConnectionTrait, EntityTrait as _, FromQueryResult as _, QuerySelect as _, QueryTrait as _};

use uuid::Uuid;

use super::notify;
use crate::clock::Clock;
use crate::database::home::here;
use crate::database::watermark::Mark;
use crate::database::{self, Databases};
use crate::domain::feed::first_version;
use crate::error::Error;
use crate::service::constraint::refused_write;
use crate::service::context::AppContext;
use crate::service::context::feed::Head;

/// The error of a write if the feed is not the one that this process knows.
pub fn is_another() -> Error {
    Error::Unavailable("the database was restored or copied, and its feed has no identity of its own yet".into())
}

/// The head of the feed, and whether the database is still the one that handed out its numbers; `None` on a standby server.
struct Found {
    row: Model,
    is_home: Option<bool>,
}

async fn find(db: &impl ConnectionTrait) -> Result<Found, Error> {
    let backend = db.get_database_backend();
    // A feed whose home is not known yet counts as at home.
    let is_home = Expr::col(Column::Home).if_null(here(backend)).eq(here(backend));
    let found = Entity::find().expr_as(is_home, "is_home").build(backend);
    let row = db.query_one_raw(found).await?.ok_or_else(|| Error::internal("the feed has no head"))?;
    Ok(Found { is_home: row.try_get("", "is_home")?, row: Model::from_query_result(&row, "")? })
}

/// Whether a database holds less than was handed out from it.
fn is_rewound(databases: &Databases, row: &Model, mark: Option<Mark>) -> bool {
    let is_behind = |mark: Mark| mark.epoch != row.epoch || mark.seq > row.seq;
    databases.watermark.is_some() && mark.is_none_or(is_behind)
}

fn read_mark(databases: &Databases) -> Result<Option<Mark>, Error> {
    let mark = databases.watermark.as_ref().map(|watermark| watermark.read()).transpose();
    Ok(mark.map_err(|error| Error::Internal(error.into()))?.flatten())
}

/// Notes up to which change the feed was handed out.
pub fn mark(databases: &Databases, head: Head) {
    let Some(watermark) = &databases.watermark else { return };
    if let Err(error) = watermark.raise(Mark { epoch: head.identity.epoch, seq: head.seq }) {
        tracing::warn!(error = error.to_string(), "how far the feed was handed out cannot be noted");
    }
}

/// The head of the feed. If the database was restored or copied, the feed first gets a new identity.
pub async fn settle(databases: &Databases, clock: &Clock) -> Result<Head, Error> {
    // Read before the head: a commit in between raises both.
    let mark = read_mark(databases)?;
    let Found { row, is_home } = find(&databases.read).await?;
    if row.home.is_some() && is_home == Some(true) && !is_rewound(databases, &row, mark) {
        return Ok(Head::of(&row));
    }
    renew(databases, clock, When::Starting).await
}

/// When the feed gets a new identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// If the database was restored or copied. One without a home is new: it is noted.
    Starting,
    /// If it was, or has no home, which was noted at the start: it lacks that, and what was written since.
    Running,
    /// In any case.
    Always,
}

/// Gives the feed a new identity, if it needs one.
pub async fn renew(databases: &Databases, clock: &Clock, when: When) -> Result<Head, Error> {
    let txn = databases.begin().await?;
    database::advisory_lock(&txn, "feed").await?;
    let Found { mut row, is_home } = find(&txn).await?;
    let has_home = row.home.is_some();
    let is_another = if has_home {
        is_home != Some(true) || is_rewound(databases, &row, read_mark(databases)?)
    } else {
        when == When::Running
    };
    let is_renewed = is_another || when == When::Always;
    if has_home && !is_renewed {
        txn.rollback().await?;
        return Ok(Head::of(&row));
    }
    let mut update = Entity::update_many().col_expr(Column::Home, here(txn.get_database_backend()));
    if is_renewed {
        // A cursor has the first half of it, so the half with more random bits goes first.
        row.epoch = Uuid::from_u128(clock.uuid().as_u128().rotate_left(64));
        row.first_version = Ord::max(row.first_version + 1, first_version(clock.now()));
        update =
            update.col_expr(Column::Epoch, row.epoch.into()).col_expr(Column::FirstVersion, row.first_version.into());
    }
    update.exec(&txn).await.map_err(refused_write)?;
    txn.commit().await.map_err(refused_write)?;
    if let Some(watermark) = &databases.watermark {
        let mark = Mark { epoch: row.epoch, seq: row.seq };
        watermark.set(mark).map_err(|error| Error::Internal(error.into()))?;
    }
    if is_another {
        tracing::warn!(
            "the database was restored or copied: its feed has a new identity, and mirrors read everything again"
        );
    }
    Ok(Head::of(&row))
}

/// Reads the head of the feed, and gives it a new identity if the database was replaced while the service runs.
pub async fn keep(app: &AppContext) -> Result<(), Error> {
    let Found { row, is_home } = find(&app.databases.read).await?;
    // A standby is no home, and does not become one here.
    let is_elsewhere = is_home == Some(false) || (is_home == Some(true) && row.home.is_none());
    let head = if is_elsewhere { renew(&app.databases, &app.clock, When::Running).await? } else { Head::of(&row) };
    notify(app, head);
    Ok(())
}
