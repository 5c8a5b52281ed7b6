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
use crate::database::replica::Replica;
use crate::database::schema;
use crate::error::Error;
use crate::telemetry::chain;

/// How long a query waits for a replica to get the last changes. One that takes longer lags, and is not waited for until it has caught up.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often a replica is asked where it is when no query waits, and how often one that does not answer is tried.
const POLL: Duration = Duration::from_secs(1);
/// How often it is asked while it is behind: after this time, then after twice as long each time, up to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// A replica that does not answer within this time is away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// The context for reading all changes up to a head, and nothing but what the feed tells of: from a replica that has them, if there is one
/// soon.
pub async fn reading(app: &Arc<AppContext>, head: Head) -> Arc<AppContext> {
    if app.replicas.count() == 0 {
        return Arc::clone(app);
    }
    let choice = match app.replicas.that_has(head) {
        // Boxed: it is rare, and should not reserve memory.
        None if app.replicas.keep_up() => Box::pin(timeout(PATIENCE, app.replicas.that_gets(head))).await.ok(),
        choice => choice,
    };
    app.replicas.count_choice(choice);
    choice.map_or_else(|| Arc::clone(app), |choice| Arc::new(app.reading_from(choice)))
}

/// Keeps this process informed about where the replicas are.
pub async fn follow(app: &AppContext) -> Infallible {
    join_all((0..app.replicas.count()).map(|number| follow_one(app, number))).await;
    std::future::pending().await
}

async fn follow_one(app: &AppContext, number: usize) -> Infallible {
    let replica = app.replicas.replica(number);
    let mut told = None;
    loop {
        let Err(error) = ask(app, number, &mut told).await;
        app.replicas.note(number, None);
        // Whoever waits for it goes on with the primary.
        replica.renew();
        let why = chain(&error);
        if tells(&mut told, &why) {
            tracing::warn!(replica = replica.place(), error = why, "a replica is left out");
        }
        sleep(POLL).await;
    }
}

/// Asks a replica where it is, whenever a query waits for one and once a second, until it does not answer. `told` is what
/// the log said of it last.
async fn ask(app: &AppContext, number: usize, told: &mut Option<String>) -> Result<Infallible, Error> {
    let (mut wanted, replica) = (app.replicas.wanted(), app.replicas.replica(number));
    let migrations = in_time(async { Ok(replica.migrations().await?) }).await?;
    if !schema::is_current(migrations) {
        return Err(Error::internal("it has another schema"));
    }
    loop {
        wanted.mark_unchanged();
        ask_until_it_has_the_head(app, number, told).await?;
        let _ = timeout(POLL, wanted.changed()).await;
    }
}

/// Asks a replica where it is until it has what the primary had at the beginning.
async fn ask_until_it_has_the_head(app: &AppContext, number: usize, told: &mut Option<String>) -> Result<(), Error> {
    let (replica, goal, began) = (app.replicas.replica(number), app.feed.head(), Instant::now());
    let (mut pause, longest) = PAUSES;
    let mut kept_up = app.replicas.kept_up(number);
    loop {
        let generation = replica.generation();
        let head = in_time(head(replica)).await?;
        in_time(async { Ok(replica.sight().await?) }).await?;
        if head.identity != app.feed.head().identity {
            return Err(Error::internal("it has another feed"));
        }
        let has_it = head.includes(goal) || head.includes(app.feed.head());
        let keeps_up = began.elapsed() < PATIENCE && (has_it || kept_up);
        kept_up = keeps_up;
        if keeps_up && tells(told, "keeps up") {
            tracing::info!(replica = replica.place(), "a replica keeps up");
        } else if began.elapsed() >= PATIENCE && tells(told, "lags") {
            tracing::warn!(replica = replica.place(), "a replica lags");
        }
        app.replicas.note(number, Some(Position { head, generation, keeps_up }));
        if has_it {
            return Ok(());
        }
        sleep(pause).await;
        pause = longest.min(pause * 2);
    }
}

/// Whether the log has not said this of a replica last, which it does now.
fn tells(told: &mut Option<String>, now: &str) -> bool {
    let is_news = told.as_deref() != Some(now);
    *told = Some(now.to_owned());
    is_news
}

/// The last change that a replica has.
async fn head(replica: &Replica) -> Result<Head, Error> {
    Ok(Head::of(&bounds(&replica.checks()).await?))
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let done = timeout(ANSWERS_WITHIN, work).await;
    done.map_err(|_| Error::Unavailable("the replica does not answer in time".into()))?
}
