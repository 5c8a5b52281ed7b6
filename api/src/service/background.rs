//! The background tasks of a process that serves: they follow the commits and the revoked tokens of other processes and the replicas,
//! record silences that elapse, deliver webhooks, write which tokens were used, and delete what is too old. They hold no rules.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use sea_orm::DbBackend;
use sea_orm::sqlx::{self, postgres::PgListener};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::change::{self, CHANNEL, identity, notify};
use super::client::tokens;
use super::context::AppContext;
use super::context::feed::Head;
use super::recommendation::silence;
use super::webhook::deliver::{self, deliver};
use super::{idempotency, replica, sizes};
use crate::error::Error;
use crate::telemetry::chain;

/// How often the head is polled: a commit that was not announced is noticed then.
const POLL: Duration = Duration::from_secs(1);
/// How often revoked tokens are read, and how often the uses of tokens are written.
const REVOCATIONS: Duration = Duration::from_millis(500);
const USES: Duration = Duration::from_secs(5);
/// How often the records of each type are counted.
const SIZES: Duration = Duration::from_mins(1);
/// How often what is too old is deleted, and how long after the start for the first time.
const PRUNE: Duration = Duration::from_hours(24);
const FIRST_PRUNE: Duration = Duration::from_mins(1);

/// Runs the tasks until the service stops.
pub async fn run(app: Arc<AppContext>) {
    let mut stopping = app.stopping.subscribe();
    let attended = async {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => {}
            never = supervised(&app, |app| async move { poll(&app).await }) => match never {},
            never = supervised(&app, |app| async move { listen(&app).await }) => match never {},
            never = supervised(&app, |app| async move { forget(&app, FIRST_PRUNE).await }) => match never {},
            never = supervised(&app, |app| async move { know_revocations(&app).await }) => match never {},
            never = supervised(&app, |app| async move { record_silences(&app).await }) => match never {},
            never = supervised(&app, |app| async move { write_uses(&app).await }) => match never {},
            never = supervised(&app, |app| async move { know_sizes(&app).await }) => match never {},
        }
    };
    // Deliveries that have begun are finished.
    tokio::join!(attended, supervised(&app, |app| async move { deliver(&app).await }));
    let _ = tokens::write_uses(&app).await;
}

/// Keeps a process informed about its replicas: as long as it answers requests.
pub async fn follow_replicas(app: Arc<AppContext>) -> Infallible {
    supervised(&app, |app| async move { replica::follow(&app).await }).await
}

/// Runs a task, and starts it again if it panics: without it a service would accept tokens that are revoked. Tasks that never end return
/// `Infallible`. Dropping this stops the task.
async fn supervised<C: Clone, T: Send + 'static, F>(context: &C, task: impl Fn(C) -> F) -> T
where
    F: Future<Output = T> + Send + 'static,
{
    loop {
        let mut running = JoinSet::new();
        running.spawn(task(context.clone()));
        match running.join_next().await {
            Some(Ok(output)) => return output,
            Some(Err(error)) => {
                tracing::error!(error = error.to_string(), "a background task has panicked, and begins again");
            }
            None => {}
        }
        sleep(POLL).await;
    }
}

/// Keeps this process informed about revoked tokens. If the database cannot be reached, it tries again.
async fn know_revocations(app: &AppContext) -> Infallible {
    loop {
        sleep(REVOCATIONS).await;
        if let Err(error) = tokens::read_revoked(app).await {
            tracing::warn!(error = chain(&error), "it cannot be read which tokens are revoked");
        }
    }
}

/// Keeps this process informed about how many records there are.
async fn know_sizes(app: &AppContext) -> Infallible {
    loop {
        sleep(SIZES).await;
        if let Err(error) = sizes::read(app).await {
            tracing::warn!(error = chain(&error), "it cannot be read how many records there are");
        }
    }
}

/// Records each silence that elapses, and keeps this process informed about when the next one does: others may open one.
async fn record_silences(app: &AppContext) -> Infallible {
    let mut head = None;
    loop {
        let now = app.feed.head();
        if head == Some(now) {
            silence::settle(app).await;
        } else {
            match silence::record_elapsed(app).await {
                Ok(()) => head = Some(now),
                Err(error) => tracing::warn!(error = chain(&error), "it cannot be read when a silence elapses"),
            }
        }
        sleep(POLL).await;
    }
}

async fn write_uses(app: &AppContext) -> Infallible {
    loop {
        sleep(USES).await;
        if let Err(error) = tokens::write_uses(app).await {
            tracing::warn!(error = chain(&error), "it cannot be written which tokens are used");
        }
    }
}

/// Polls the head, in case a notification is missed.
pub async fn poll(app: &AppContext) -> Infallible {
    loop {
        // If the database cannot be reached, it tries again.
        if let Err(error) = identity::keep(app).await {
            tracing::debug!(error = chain(&error), "the head of the feed cannot be read");
        }
        sleep(POLL).await;
    }
}

/// Listens for the commits of other processes. If the connection breaks, it connects again.
pub async fn listen(app: &AppContext) -> Infallible {
    if app.databases.backend() != DbBackend::Postgres {
        return future::pending().await;
    }
    let url = app.config.database_url();
    loop {
        let Err(error) = hear(app, &url).await;
        tracing::warn!(
            error = error.to_string(),
            "the commits of other processes are not heard, and read every second"
        );
        sleep(POLL).await;
    }
}

/// Notifies the followers of the feed at each commit, until the connection breaks.
async fn hear(app: &AppContext, url: &str) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        if let Ok(seq) = listener.recv().await?.payload().parse() {
            notify(app, Head { seq, ..app.feed.head() });
        }
    }
}

/// Deletes once what is too old. Returns how much of each kind.
pub async fn prune(app: &AppContext) -> [(&'static str, Result<u64, Error>); 4] {
    [
        ("changes", change::prune(app).await),
        ("answers", idempotency::prune(app).await),
        ("deliveries", deliver::prune(app).await),
        ("tokens", tokens::prune(app).await),
    ]
}

/// Deletes what is too old, again and again; for the first time after `first`.
pub async fn forget(app: &AppContext, first: Duration) -> Infallible {
    sleep(first).await;
    loop {
        for (what, forgotten) in prune(app).await {
            match forgotten {
                Ok(0) => {}
                Ok(count) => tracing::info!(what, count, "what is too old is forgotten"),
                Err(error) => tracing::error!(what, error = chain(&error), "what is too old cannot be forgotten"),
            }
        }
        sleep(PRUNE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::supervised;

    #[tokio::test]
    async fn a_task_that_panics_begins_again_and_one_that_ends_does_not() {
        let begun = Arc::new(AtomicU32::new(0));
        supervised(&begun, |begun| async move {
            assert!(begun.fetch_add(1, Ordering::Relaxed) == 1, "for a test");
        })
        .await;
        assert_eq!(begun.load(Ordering::Relaxed), 2);
    }
}
