//! Reading from replicas: a query goes to one that has every change that this process knew of when the query came, and else to the primary.
//! It writes nothing, and does not decide which queries may: what the feed does not tell of must be read from the primary.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::change::bounds;
use super::context::AppContext;
use super::context::feed::Head;
use super::context::replicas::Position;
use crate::database::schema;
use crate::error::Error;
use crate::telemetry::chain;

/// How long a query waits for a replica to get the last changes. One that takes longer lags, and is not waited for until it has caught up.
pub const PATIENCE: Duration = Duration::from_millis(50);
/// How often a replica is asked where it is when no query waits, and how often one that does not answer is tried.
const POLL: Duration = Duration::from_secs(1);
/// How often it is asked while it is behind: after this time, then after twice as long each time, up to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// A replica that does not answer within this time is away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// The context for a query that reads all changes up to a head: from a replica that has them, if there is one soon.
pub async fn reading(app: &Arc<AppContext>, head: Head) -> Arc<AppContext> {
    let found = match app.replicas.that_has(head) {
        None if app.replicas.keep_up() => timeout(PATIENCE, app.replicas.that_gets(head)).await.ok(),
        found => found,
    };
    found.map_or_else(|| Arc::clone(app), |number| Arc::new(app.reading_from(number)))
}

/// Keeps this process informed about where the replicas are.
pub async fn follow(app: &AppContext) -> Infallible {
    join_all((0..app.replicas.count()).map(|number| follow_one(app, number))).await;
    std::future::pending().await
}

async fn follow_one(app: &AppContext, number: usize) -> Infallible {
    loop {
        let Err(error) = ask(app, number).await;
        if app.replicas.note(number, None).is_some() {
            tracing::warn!(replica = number, error = chain(&error), "a replica is left out");
        } else {
            tracing::debug!(replica = number, error = chain(&error), "a replica is still left out");
        }
        sleep(POLL).await;
    }
}

/// Asks a replica where it is, whenever a query waits for one and once a second, until it does not answer.
async fn ask(app: &AppContext, number: usize) -> Result<Infallible, Error> {
    let mut wanted = app.replicas.wanted();
    let migrations = in_time(async { Ok(app.replicas.replica(number).migrations().await?) }).await?;
    if !schema::is_current(migrations) {
        return Err(Error::internal("it has another schema"));
    }
    loop {
        wanted.mark_unchanged();
        catch_up(app, number).await?;
        let _ = timeout(POLL, wanted.changed()).await;
    }
}

/// Asks a replica where it is until it has what the primary had at the beginning.
async fn catch_up(app: &AppContext, number: usize) -> Result<(), Error> {
    let (goal, began, (mut pause, longest)) = (app.feed.head(), Instant::now(), PAUSES);
    loop {
        let asked = Instant::now();
        let head = in_time(head(app, number)).await?;
        let keeps_up = began.elapsed() < PATIENCE;
        let before = app.replicas.note(number, Some(Position { head, asked, keeps_up }));
        match before.map(|before| before.keeps_up) {
            None => tracing::info!(replica = number, "a replica is read from"),
            Some(true) if !keeps_up => tracing::warn!(replica = number, "a replica lags"),
            Some(false) if keeps_up => tracing::info!(replica = number, "a replica keeps up again"),
            Some(_) => {}
        }
        // The feed may have become another one meanwhile.
        if head.includes(goal) || head.includes(app.feed.head()) {
            return Ok(());
        }
        sleep(pause).await;
        pause = longest.min(pause * 2);
    }
}

/// The last change that a replica has.
async fn head(app: &AppContext, number: usize) -> Result<Head, Error> {
    Ok(Head::of(&bounds(&app.replicas.replica(number).connection()).await?))
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let done = timeout(ANSWERS_WITHIN, work).await;
    done.map_err(|_| Error::Unavailable("the replica does not answer in time".into()))?
}
