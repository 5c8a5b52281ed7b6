//! Exports: the register as lines of JSON, as a viewer may see it, all of it or what has changed since a cursor. It reads
//! only what the viewer may see, and leaves to `line` what a line says about a record.

pub mod checkpoint;
mod line;

use std::collections::VecDeque;
use std::sync::Arc;

use entity::RecordType;
use entity::client::Scope;
use entity::id::RecordId as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream};
use sea_orm::DbBackend;
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::line::{End, Gone, Line, write};
use crate::auth::Viewer;
use crate::database::scope::continued;
use crate::domain::feed::SeenAs;
use crate::error::Error;
use crate::service::change;
use crate::service::change::since::{LONGEST, Seen, since};
use crate::service::context::AppContext;
use crate::service::context::feed::ChangeCursor;
use crate::service::registry::with_published;
use crate::service::{read, replica};

/// How many records a portion has, and how many portions are made at once. On SQLite small portions, one at a time, are
/// fast enough: each connection and each thread keeps memory of its own.
const PORTIONS: (u64, usize) = (256, 4);
const PORTIONS_OF_SQLITE: (u64, usize) = (64, 1);

/// Lines come in pieces of about this many bytes. Buffers that grow beyond it take some megabytes each from the allocator.
const PIECE: usize = 60 << 10;
/// A longer piece counts as full. Most lines fit after a shorter one.
const FULL: usize = 40 << 10;

/// The lines of these types, in pieces of some tens of kilobytes. Without a cursor: all records, each once. With one: the
/// records that have changed since, and those that are gone. The last line says where to continue from; an export without
/// it is incomplete.
pub fn export(
    app: Arc<AppContext>,
    viewer: Viewer,
    records: Vec<RecordType>,
    after: Option<String>,
) -> impl Stream<Item = Result<Vec<u8>, Error>> + Send {
    let viewer = Arc::new(viewer);
    let (stage, lines) = (Stage::Begins { after }, Lines::default());
    let export = Export { app, viewer, records, lines, stage, made: VecDeque::new() };
    stream::try_unfold(export, async |mut export| {
        let piece = export.next().await?;
        Ok(piece.map(|piece| (piece, export)))
    })
}

struct Export {
    app: Arc<AppContext>,
    viewer: Arc<Viewer>,
    records: Vec<RecordType>,
    /// The lines that are made and not handed out yet.
    lines: Lines,
    stage: Stage,
    /// The portions that are being made, in order.
    made: VecDeque<BoxFuture<'static, Result<Lines, Error>>>,
}

/// Makes a portion while others are made.
fn spawned(
    portion: impl Future<Output = Result<Lines, Error>> + Send + 'static,
) -> impl Future<Output = Result<Lines, Error>> + Send {
    let mut made = Awaited(tokio::spawn(continued(portion)));
    async move { (&mut made.0).await.map_err(|error| Error::Internal(error.into()))? }
}

/// A task that is aborted when nobody waits for it any more.
struct Awaited<T>(JoinHandle<T>);

impl<T> Drop for Awaited<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lines in pieces, and how many lines there were so far.
#[derive(Default)]
struct Lines {
    pieces: VecDeque<Vec<u8>>,
    count: u64,
}

impl Lines {
    async fn of<E: Line>(app: &AppContext, viewer: &Viewer, rows: &[E::Model]) -> Result<Self, Error> {
        let mut lines = Self::default();
        if !rows.is_empty() {
            let parts = E::parts(app, viewer, rows).await?;
            for row in rows {
                E::write(row, &parts, viewer, lines.next())?;
            }
        }
        Ok(lines)
    }

    /// Where the next line is written.
    fn next(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        match self.pieces.pop_back() {
            Some(piece) if piece.len() <= FULL => self.pieces.push_back(piece),
            full => {
                self.pieces.extend(full);
                self.pieces.push_back(Vec::with_capacity(PIECE));
            }
        }
        let last = self.pieces.len() - 1;
        &mut self.pieces[last]
    }

    fn append(&mut self, more: Self) {
        self.pieces.extend(more.pieces);
        self.count += more.count;
    }
}

enum Stage {
    Begins {
        after: Option<String>,
    },
    /// Reads all records after the last one that was read.
    Reads {
        types: VecDeque<RecordType>,
        last: Option<Uuid>,
        head: ChangeCursor,
    },
    Follows {
        after: String,
    },
    Ended,
}

impl Export {
    /// The next piece of lines; `None` after the last one.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.viewer.require_scope(Some(Scope::Sync))?;
        while self.lines.pieces.is_empty() {
            match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Ended => return Ok(None),
                Stage::Begins { after: Some(after) } => self.stage = Stage::Follows { after },
                Stage::Begins { after: None } => {
                    // Whoever continues from here also receives what changes meanwhile.
                    let head = change::head(&self.app).await?;
                    self.app = replica::reading(&self.app, head).await;
                    let (types, head) = (self.records.iter().copied().collect(), head.cursor());
                    self.stage = Stage::Reads { types, last: None, head };
                }
                Stage::Follows { after } => self.follow(&after).await?,
                Stage::Reads { types, last, head } => self.read(types, last, head).await?,
            }
        }
        Ok(self.lines.pieces.pop_front())
    }

    fn portions(&self) -> (u64, usize) {
        if self.app.databases.backend() == DbBackend::Postgres { PORTIONS } else { PORTIONS_OF_SQLITE }
    }

    async fn read(
        &mut self,
        mut types: VecDeque<RecordType>,
        mut last: Option<Uuid>,
        head: ChangeCursor,
    ) -> Result<(), Error> {
        let (_, at_once) = self.portions();
        while let Some(record) = types.front().copied().filter(|_| self.made.len() < at_once) {
            last = with_published!(record, E => self.make::<E>(last).await?).flatten();
            if last.is_none() {
                types.pop_front();
            }
        }
        match self.made.pop_front() {
            Some(portion) => self.lines.append(portion.await?),
            None => return self.end(head),
        }
        self.stage = Stage::Reads { types, last, head };
        Ok(())
    }

    /// Starts a portion of the records of a type after `last`. Returns the last record of the portion, if there may be more.
    async fn make<E: Line>(&mut self, last: Option<Uuid>) -> Result<Option<Uuid>, Error> {
        let (size, _) = self.portions();
        let rows = read::after::<E>(&self.app.databases.read, &self.viewer, last.map(E::Id::new), size).await?;
        let is_full = u64::try_from(rows.len()).is_ok_and(|read| read == size);
        let last = rows.last().filter(|_| is_full).map(|row| E::id(row).uuid());
        let (app, viewer) = (Arc::clone(&self.app), Arc::clone(&self.viewer));
        let portion = async move { Lines::of::<E>(&app, &viewer, &rows).await };
        self.made.push_back(match self.app.databases.backend() {
            DbBackend::Postgres => spawned(portion).boxed(),
            _ => portion.boxed(),
        });
        Ok(last)
    }

    async fn follow(&mut self, after: &str) -> Result<(), Error> {
        let batch = since(&self.app, &self.viewer, Some(after), Some(LONGEST), &self.records).await?;
        for record in self.records.clone() {
            let of_type = batch.changes.iter().filter(|change| change.record == record);
            let (gone, there): (Vec<&Seen>, Vec<&Seen>) =
                of_type.partition(|change| matches!(change.kind, SeenAs::Removed | SeenAs::AccessLost));
            for change in gone {
                let replaced_by = change.replaced_by.as_deref();
                let gone = Gone { record, id: &change.id, removed: change.kind, reason: change.reason, replaced_by };
                write(&gone, self.lines.next())?;
            }
            if !there.is_empty() {
                with_published!(record, E => self.changed::<E>(&there).await?);
            }
        }
        if !batch.has_next {
            return self.end(batch.end);
        }
        self.stage = Stage::Follows { after: batch.end.to_string() };
        Ok(())
    }

    /// Writes records as they are now. For a record that is gone by now there is a later change.
    async fn changed<E: Line>(&mut self, changes: &[&Seen]) -> Result<(), Error> {
        let ids: Vec<E::Id> = changes.iter().filter_map(|change| change.id.parse().ok()).collect();
        let rows = read::admitted::<E>(&self.app.databases.read, &self.viewer, &ids).await?;
        self.lines.append(Lines::of::<E>(&self.app, &self.viewer, &rows).await?);
        Ok(())
    }

    fn end(&mut self, cursor: ChangeCursor) -> Result<(), Error> {
        self.stage = Stage::Ended;
        let end = End { record: "END", cursor: cursor.to_string(), lines: self.lines.count };
        Ok(write(&end, self.lines.next())?)
    }
}
