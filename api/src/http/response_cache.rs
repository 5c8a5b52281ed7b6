//! The response cache: answers to queries that read the register alone, each for as long as the feed does not grow, and no longer than
//! `REC_KEEP_SECONDS`. Requests that ask the same at once are executed once. It neither decides what may be cached (`admission` does), nor
//! takes points.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use entity::text::Locale;
use moka::Expiry;
use moka::future::Cache;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::admission::Hash;
use super::answer::Answer;

/// How long a request waits for another one that asks the same. Then it is executed itself: the other client may be slow to get a connection.
const PATIENCE: Duration = Duration::from_millis(250);

/// What an entry takes beside its body, in bytes.
const ENTRY: usize = 512;

/// What an answer depends on.
#[derive(Serialize)]
pub struct Question<'a> {
    pub document: &'a Hash,
    pub operation: Option<&'a str>,
    pub variables: Option<&'a Map<String, Value>>,
    pub languages: &'a [Locale],
    /// What the viewer sees.
    pub sight: String,
    pub extensions: Extensions,
    /// The cursor of the last change that the process knows of.
    pub head: &'a str,
}

/// What a client wants to be told beside the data.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Extensions {
    pub cost: bool,
    pub data_version: bool,
}

/// The hash of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

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
    /// When the request came: what it reads is not older.
    pub came: Instant,
}

pub struct ResponseCache {
    /// `None`: the cache is off.
    entries: Option<Cache<Key, Arc<Entry>>>,
    keep: Duration,
}

/// Entries expire one by one: each is as old as its request.
struct Until;

impl Expiry<Key, Arc<Entry>> for Until {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry>, created: Instant) -> Option<Duration> {
        Some(entry.until.saturating_duration_since(created))
    }
}

impl ResponseCache {
    /// A cache of so many bytes, whose answers are kept for so long. It is off if either is zero.
    pub fn of(bytes: u64, keep: Duration) -> Self {
        let weight = |_: &Key, entry: &Arc<Entry>| u32::try_from(ENTRY + entry.answer.body().len()).unwrap_or(u32::MAX);
        let entries = || Cache::builder().max_capacity(bytes).weigher(weight).expire_after(Until).build();
        Self { entries: (bytes > 0 && !keep.is_zero()).then(entries), keep }
    }

    /// How long answers are kept.
    pub fn keep(&self) -> Duration {
        self.keep
    }

    pub async fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.entries.as_ref()?.get(key).await
    }

    /// The answer to a request whose answer was not in the cache. If it is executed without errors, its answer is cached, and given to all who
    /// ask the same meanwhile.
    pub async fn get_or_execute(&self, vacancy: Vacancy, execution: impl Future<Output = Answer>) -> Answer {
        let Some(entries) = &self.entries else { return execution.await };
        let Vacancy { key, charge, came } = vacancy;
        let (mut execution, leads) = (pin!(execution), AtomicBool::new(false));
        let shared = {
            let lead = async {
                leads.store(true, Ordering::Relaxed);
                let answer = execution.as_mut().await;
                if !answer.is_whole() {
                    return Err(answer);
                }
                Ok(Arc::new(Entry { answer: answer.hashed(), charge, until: came + self.keep }))
            };
            let mut shared = pin!(entries.try_get_with(key, lead));
            match timeout(PATIENCE, shared.as_mut()).await {
                Ok(shared) => Some(shared),
                Err(_) if leads.load(Ordering::Relaxed) => Some(shared.await),
                Err(_) => None,
            }
        };
        match shared {
            Some(Ok(entry)) => entry.answer.clone(),
            // Errors name their request: each request has its own.
            Some(Err(answer)) if leads.load(Ordering::Relaxed) => Answer::clone(&answer),
            Some(Err(_)) | None => execution.await,
        }
    }
}
