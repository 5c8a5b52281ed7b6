//! The subscription to the state of the service. Shows how far the change feed has come, and no record.

use async_graphql::{Context, SimpleObject, Subscription};
use entity::date::DateTime;
use futures_util::stream::{self, Stream};

use super::session::session;

/// How far the change feed has come.
#[derive(SimpleObject)]
pub struct ServiceStatus {
    /// The cursor of the last change in the feed.
    head: String,
    /// The time at the service when the head was read.
    at: DateTime,
}

#[derive(Default)]
pub struct StatusSubscription;

#[Subscription]
impl StatusSubscription {
    /// How far the change feed has come: at once, and again whenever the register changes. For everyone; it does not say
    /// what has changed.
    async fn service_status(&self, ctx: &Context<'_>) -> impl Stream<Item = ServiceStatus> {
        let session = session(ctx);
        let cursor = session.app.feed.head().cursor();
        session.fetch.note_state(cursor);
        stream::iter([ServiceStatus { head: cursor.to_string(), at: DateTime(session.app.clock.now()) }])
    }
}
