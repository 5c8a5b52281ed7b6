//! The change feed in the schema: a page of it, a subscription to it, and the checkpoints of a mirror. Has names and
//! shapes; what a viewer sees is decided by the service.

use async_graphql::{Context, ID, Object, Result, SimpleObject, Subscription};
use entity::RecordType;
use entity::change::ChangeReason;
use entity::date::DateTime;
use futures_util::future::join_all;
use futures_util::stream::{self, Stream};

use super::connection::Items;
use super::fetch::Start;
use super::node::{NodeInterface, node};
use super::session::session;
use crate::domain::feed::SeenAs;
use crate::export::checkpoint::{self, checkpoints};
use crate::service::change;
use crate::service::change::since::{Batch, Seen, next, since, start};
use crate::service::registry::published;

/// A change of a record, as you may see it.
pub struct ChangeEdge(Seen);

/// A change of a record, as you may see it. Whatever you may not see of a record is left out.
#[Object]
impl ChangeEdge {
    /// The position of the change in the feed: a value for `after`.
    async fn cursor(&self) -> String {
        self.0.cursor.to_string()
    }

    /// What happened.
    async fn kind(&self) -> SeenAs {
        self.0.kind
    }

    /// The type of the record.
    #[graphql(name = "type")]
    async fn record(&self) -> RecordType {
        self.0.record
    }

    /// The record's global id, a value for `node`. A change has no id of its own: `cursor` names it.
    async fn record_id(&self) -> ID {
        self.0.id.clone().into()
    }

    /// The record's version after the change. Null if you may no longer see it.
    async fn version(&self) -> Option<i32> {
        self.0.version
    }

    /// When the change was made.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// If the record was merged into another one, the id of that one.
    async fn replaced_by(&self) -> Option<ID> {
        self.0.replaced_by.clone().map(Into::into)
    }

    /// Why the record was withdrawn or removed, if it was.
    async fn reason(&self) -> Option<ChangeReason> {
        self.0.reason
    }

    /// The record as it is now, which may be later than this change. Null if it is gone, or if you may not see it.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<NodeInterface>> {
        if matches!(self.0.kind, SeenAs::Removed | SeenAs::AccessLost) {
            return None;
        }
        node(session(ctx), &self.0.id).await.transpose()
    }
}

/// A page of the change feed.
pub struct ChangePage(Batch);

/// A page of the change feed, in the order in which the changes were committed. Of several changes of one record it has the last one.
#[Object]
impl ChangePage {
    /// The changes.
    async fn edges(&self) -> Items<ChangeEdge> {
        Items(self.0.changes.iter().cloned().map(ChangeEdge).collect())
    }

    /// Where to continue: the value for `after` of the next page. Store it once you have written the changes of this page.
    async fn end_cursor(&self) -> String {
        self.0.end.to_string()
    }

    /// Whether there are later changes now.
    async fn has_next_page(&self) -> bool {
        self.0.has_next
    }

    /// Whether `endCursor` was the head of the feed when this page was read.
    async fn up_to_date(&self) -> bool {
        !self.0.has_next
    }
}

/// A checkpoint of one type of records, with which a mirror compares its own.
#[derive(SimpleObject)]
pub struct Checkpoint {
    /// The type of the records.
    #[graphql(name = "type")]
    record: RecordType,
    /// How many of them you may see.
    count: i64,
    /// A hash of their lines in `/export.ndjson`, in any order: for each record take the first 16 bytes of the SHA-256 of
    /// its line, byte for byte and without the line feed, as a big-endian number; the hash is the sum modulo 2^128, as 32
    /// lower-case hexadecimal digits.
    hash: String,
}

impl From<checkpoint::Checkpoint> for Checkpoint {
    fn from(checkpoint::Checkpoint { record, count, sum }: checkpoint::Checkpoint) -> Self {
        Self { record, count, hash: format!("{sum:032x}") }
    }
}

#[derive(Default)]
pub struct ChangeQuery;

#[Object]
impl ChangeQuery {
    /// The cursor of the last change. To make a mirror, read it first, then the lists, then the `changes` after it.
    async fn feed_head(&self, ctx: &Context<'_>) -> Result<String> {
        let app = &session(ctx).app;
        Ok(change::head(app).await?.cursor().to_string())
    }

    /// The changes of the register that you may see, after a cursor. Changes of a participation under the Chatham House Rule, and
    /// of a position that is not published, are shown only to the secretariat and to its own organisation. Errors: `CURSOR_EXPIRED` if the feed does not go
    /// back so far or the cursor belongs to another database (read everything again), `INVALID_CURSOR`, `INVALID_PAGE`.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only changes after this cursor. If omitted: from the beginning of the feed on.")]
        after: Option<String>,
        #[graphql(desc = "How many changes at most, 1 to 500; 100 if omitted.")] first: Option<i32>,
        #[graphql(desc = "Only records of these types. All types if omitted.")] types: Option<Vec<RecordType>>,
    ) -> Result<ChangePage> {
        let session = session(ctx);
        let records = published(types.as_deref());
        Ok(ChangePage(since(&session.app, &session.viewer, after.as_deref(), first, &records).await?))
    }

    /// How many records of each type you may see, and a hash of their lines in `/export.ndjson`, as they are now. A mirror
    /// of these lines that has the same checkpoints is equal to the last byte. It costs as much as an export. Of
    /// participations and positions under the Chatham House Rule it counts those whose changes `changes` shows you.
    async fn checkpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of these types. All types if omitted.")] types: Option<Vec<RecordType>>,
    ) -> Result<Vec<Checkpoint>> {
        let session = session(ctx);
        let records = published(types.as_deref());
        let checkpoints = checkpoints(&session.app, &session.viewer, &records).await?;
        Ok(checkpoints.into_iter().map(Into::into).collect())
    }
}

#[derive(Default)]
pub struct ChangeSubscription;

#[Subscription]
impl ChangeSubscription {
    /// The changes of the register that you may see, as they are committed: first those after the cursor, then new ones.
    /// Ends when the token expires or is revoked. To continue, subscribe again after the last cursor; an `EventSource` whose
    /// document selects `cursor` does so by itself (`Last-Event-ID`), other clients do not. Errors: as for `Query.changes`.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only changes after this cursor. If omitted: only new ones.")] after: Option<String>,
        #[graphql(desc = "Only records of these types. All types if omitted.")] types: Option<Vec<RecordType>>,
    ) -> Result<impl Stream<Item = ChangeEdge>> {
        let session = session(ctx);
        let records = published(types.as_deref());
        let (app, viewer) = (&session.app, &session.viewer);
        let after = match &session.fetch.start {
            Start::Cursor(cursor) => *cursor,
            Start::LastEvent(cursor) => start(app, Some(cursor)).await?,
            Start::Arguments => start(app, after.as_deref()).await?,
        };
        let batch = next(app, viewer, after, &records).await?;
        session.fetch.note_batch(&batch, records);
        if ctx.look_ahead().field("node").exists() {
            // All at once: then each change finds its own record, or the error.
            join_all(batch.changes.iter().map(|seen| node(session, &seen.id))).await;
        }
        Ok(stream::iter(batch.changes.into_iter().map(ChangeEdge)))
    }
}
