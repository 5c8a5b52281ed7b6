//! The subscription to the state of the service. Shows how far the change feed has come, and no record.

use async_graphql::{Context, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, Stream};

use super::session::session;
use crate::service::timeout::paused;

/// How far the change feed has come.
#[derive(SimpleObject)]
pub struct ServiceStatus {
    /// The cursor of the last change in the feed.
    head: String,
    /// The time at the service.
    at: DateTime<Utc>,
}

#[derive(Default)]
pub struct StatusSubscription;

#[Subscription]
impl StatusSubscription {
    /// How far the change feed has come: at once, and again whenever the register changes. For everyone; it does not say
    /// what has changed.
    async fn service_status<'a>(&self, ctx: &Context<'a>) -> impl Stream<Item = ServiceStatus> + 'a {
        let app = &session(ctx).app;
        let (head, is_first) = (app.feed.follow(), true);
        stream::unfold((head, is_first), move |(mut head, is_first)| async move {
            if !is_first {
                paused(head.changed()).await.ok()?;
            }
            let cursor = head.borrow_and_update().cursor();
            let status = ServiceStatus { head: cursor.to_string(), at: app.clock.now() };
            Some((status, (head, false)))
        })
    }
}
