//! The response cache: answers to queries that read the register alone, each for as long as the feed does not grow, and no longer than
//! `REC_KEEP_SECONDS`. Requests that ask the same at once are executed once, if that does not take long. It neither decides what may be cached
//! (`admission` does), nor takes points.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::Variables;
use entity::text::Locale;
use moka::Expiry;
use moka::future::Cache;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::admission::Hash;
use super::answer::Answer;
use super::single_flight::{Flight, single_flight};

/// What an entry takes beside its body and the name of its operation, in bytes.
const ENTRY: usize = 512;

/// What an answer depends on.
#[derive(Serialize)]
pub struct Question<'a> {
    pub document: &'a Hash,
    pub operation: Option<&'a str>,
    pub variables: &'a Variables,
    pub languages: &'a [Locale],
    /// What the viewer sees.
    pub sight: String,
    pub wants: Wants,
    /// The cursor of the last change that the process knows of; `None` if the question is asked again after each change.
    pub head: Option<String>,
}

/// What a client wants to be told beside the data.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Wants {
    pub cost: bool,
    pub data_version: bool,
}

/// The hash of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub(super) [u8; 32]);

impl Key {
    pub fn of(question: &Question<'_>) -> Option<Self> {
        serde_json::to_vec(question).ok().map(|question| Self(Sha256::digest(question).into()))
    }
}

/// An answer in the cache, with what is charged and logged for it.
#[derive(Debug)]
pub struct Entry {
    pub answer: Answer,
    pub charge: Charge,
    until: Instant,
}

/// What a request is charged, and by which names it is logged.
#[derive(Clone, Debug)]
pub struct Charge {
    pub cost: u64,
    pub operation: Option<String>,
    /// The beginning of the document's hash.
    pub document: String,
}

/// The place of an answer that is not in the cache yet.
pub struct Vacancy {
    pub key: Key,
    pub charge: Charge,
    /// What the request reads is not older than this.
    pub since: Instant,
    /// Whether the answer may be that of another request.
    pub takes_cached: bool,
}

/// Whether an answer was in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheStatus {
    Hit,
    Miss,
    /// From another request that asked the same at once.
    Shared,
}

impl CacheStatus {
    /// Its name in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Miss => "miss",
            Self::Hit => "hit",
            Self::Shared => "shared",
        }
    }
}

pub struct ResponseCache {
    /// `None`: the cache is off.
    entries: Option<Cache<Key, Arc<Entry>>>,
    keep: Duration,
}

/// Entries expire one by one: each is as old as what its request has read.
struct Until;

impl Expiry<Key, Arc<Entry>> for Until {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry>, created: Instant) -> Option<Duration> {
        Some(entry.until.saturating_duration_since(created))
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Arc<Entry>,
        updated: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.until.saturating_duration_since(updated))
    }
}

impl ResponseCache {
    /// A cache of so many bytes, whose answers are kept for so long. It is off if either is zero.
    pub fn of(bytes: u64, keep: Duration) -> Self {
        let entries = || Cache::builder().max_capacity(bytes).weigher(weight).expire_after(Until).build();
        Self { entries: (bytes > 0 && !keep.is_zero()).then(entries), keep }
    }

    /// Whether there is a cache at all.
    pub fn is_on(&self) -> bool {
        self.entries.is_some()
    }

    pub async fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.entries.as_ref()?.get(key).await
    }

    /// The answer to a request whose answer was not in the cache, and whether it was meanwhile. If it is executed without errors, its answer is
    /// cached, and given to those that ask the same meanwhile.
    pub async fn get_or_execute(
        &self,
        vacancy: Vacancy,
        execution: impl Future<Output = Answer>,
    ) -> (Answer, CacheStatus) {
        let Some(entries) = &self.entries else { return (hashed(execution.await), CacheStatus::Miss) };
        let Vacancy { key, charge, since, takes_cached } = vacancy;
        if let Some(entry) = entries.get(&key).await.filter(|_| takes_cached) {
            return (entry.answer.clone(), CacheStatus::Hit);
        }
        let until = since + self.keep;
        let mut execution = pin!(execution);
        if takes_cached {
            let lead = async {
                let answer = hashed(execution.as_mut().await);
                let charge = charge.clone();
                if answer.is_whole() { Ok(Arc::new(Entry { answer, charge, until })) } else { Err(answer) }
            };
            match single_flight(entries, key, lead).await {
                Flight::Led(Ok(entry)) => return (entry.answer.clone(), CacheStatus::Miss),
                // Errors name their request: each request has its own.
                Flight::Led(Err(answer)) => return (Answer::clone(&answer), CacheStatus::Miss),
                // It may have taken so long that it has expired for whoever came later.
                Flight::Shared(entry) if since <= entry.until => return (entry.answer.clone(), CacheStatus::Shared),
                Flight::Shared(_) | Flight::Failed | Flight::Late => {}
            }
        }
        let answer = hashed(execution.await);
        if answer.is_whole() {
            // Others need not wait for the first one any more.
            entries.insert(key, Arc::new(Entry { answer: answer.clone(), charge, until })).await;
        }
        (answer, CacheStatus::Miss)
    }
}

/// An answer that may be cached, unless it has errors.
fn hashed(answer: Answer) -> Answer {
    if answer.is_whole() { answer.hashed() } else { answer }
}

fn weight(_: &Key, entry: &Arc<Entry>) -> u32 {
    let name = entry.charge.operation.as_ref().map_or(0, String::len);
    let body = entry.answer.body().len();
    // Its content codings take as much as the body at most.
    let encodings = if entry.answer.is_worth_encoding() { body } else { 0 };
    u32::try_from(ENTRY + name + body + encodings).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::{Duration, Instant};

    use super::{Answer, CacheStatus, Charge, Key, ResponseCache, Vacancy};
    use crate::http::single_flight::PATIENCE;

    fn vacancy() -> Vacancy {
        let charge = Charge { cost: 1, operation: None, document: String::new() };
        Vacancy { key: Key([0; 32]), charge, since: Instant::now(), takes_cached: true }
    }

    fn answer(body: &str) -> Answer {
        Answer::executed(body.as_bytes().to_vec(), Vec::new())
    }

    #[tokio::test]
    async fn who_waits_too_long_is_executed_and_leaves_its_answer_to_others() {
        let cache = ResponseCache::of(1 << 20, Duration::from_mins(1));
        let mut first = Box::pin(cache.get_or_execute(vacancy(), pending()));
        assert!(futures_util::poll!(&mut first).is_pending());
        let began = Instant::now();
        let second = cache.get_or_execute(vacancy(), ready(answer("second")));
        let (second, status) = second.await;
        assert_eq!((second.text().as_ref(), status), ("second", CacheStatus::Miss));
        assert!(began.elapsed() >= PATIENCE);
        assert_eq!(cache.get(&vacancy().key).await.unwrap().answer.text(), "second");
    }

    #[tokio::test]
    async fn who_waits_gets_the_answer_of_the_first_or_leads_when_that_one_leaves() {
        let cache = ResponseCache::of(1 << 20, Duration::from_mins(1));
        for leaves in [false, true] {
            let key = Key([u8::from(leaves); 32]);
            let (told, answered) = tokio::sync::oneshot::channel::<()>();
            let first = async { drop(answered.await) };
            let execution = async {
                first.await;
                answer("first")
            };
            let mut first = Box::pin(cache.get_or_execute(Vacancy { key, ..vacancy() }, execution));
            assert!(futures_util::poll!(&mut first).is_pending());
            let mut second = Box::pin(cache.get_or_execute(Vacancy { key, ..vacancy() }, ready(answer("second"))));
            assert!(futures_util::poll!(&mut second).is_pending());
            let expected = if leaves {
                drop(first);
                ("second", CacheStatus::Miss)
            } else {
                drop(told);
                assert_eq!(first.await.0.text(), "first");
                ("first", CacheStatus::Shared)
            };
            let began = Instant::now();
            let (second, status) = second.await;
            assert_eq!((second.text().as_ref(), status), expected);
            assert!(began.elapsed() < PATIENCE);
        }
    }

    #[tokio::test]
    async fn an_answer_that_took_long_is_not_given_to_who_came_late() {
        let cache = ResponseCache::of(1 << 20, Duration::from_millis(20));
        let (told, answered) = tokio::sync::oneshot::channel::<()>();
        let execution = async {
            drop(answered.await);
            answer("old")
        };
        let mut first = Box::pin(cache.get_or_execute(vacancy(), execution));
        assert!(futures_util::poll!(&mut first).is_pending());
        tokio::time::sleep(Duration::from_millis(30)).await;
        let mut second = Box::pin(cache.get_or_execute(vacancy(), ready(answer("new"))));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(told);
        assert_eq!(first.await.0.text(), "old");
        assert_eq!(second.await.0.text(), "new");
    }
}
