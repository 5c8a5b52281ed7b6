//! Results of subscriptions for all followers that are to receive the same: executed once, and cached for a short while. Does not decide which
//! they are (`admission` does), and takes no points.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::answer::Answer;
use super::response_cache::Key;
use super::single_flight::{Flight, single_flight};
use crate::service::context::feed::ChangeCursor;

/// How many bytes of results are cached.
const BYTES: u64 = 4 << 20;
/// How long. Followers that are to receive the same ask for it at the same time.
const KEEP: Duration = Duration::from_secs(5);
/// What a result takes beside its body, in bytes.
const RESULT: usize = 256;

/// What results depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub key: Key,
    /// The cursor that they come after.
    pub after: ChangeCursor,
    /// The cursor of the last change that the process knew of before they were executed.
    pub head: ChangeCursor,
}

/// The results of one execution of a subscription.
#[derive(Clone, Debug, Default)]
pub struct Results {
    pub answers: Vec<Answer>,
    /// Where the next execution reads on, and whether there are further results now; `None` if the subscription ends.
    pub next: Option<(ChangeCursor, bool)>,
}

impl Results {
    /// Whether they may be given to others. Errors name their request: each request has its own.
    fn are_whole(&self) -> bool {
        self.next.is_some() && self.answers.iter().all(Answer::is_whole)
    }
}

pub struct FanOut {
    results: Cache<Span, Arc<Results>>,
}

impl Default for FanOut {
    fn default() -> Self {
        Self { results: Cache::builder().max_capacity(BYTES).weigher(weight).time_to_live(KEEP).build() }
    }
}

impl FanOut {
    /// The results of an execution, and whether it was executed for another follower.
    pub async fn get_or_execute(&self, span: Span, execution: impl Future<Output = Results>) -> (Arc<Results>, bool) {
        let mut execution = std::pin::pin!(execution);
        let lead = async {
            let results = Arc::new(execution.as_mut().await);
            if results.are_whole() { Ok(results) } else { Err(results) }
        };
        match single_flight(&self.results, span, lead).await {
            Flight::Led(Ok(results)) => (results, false),
            Flight::Led(Err(results)) => (Arc::clone(&results), false),
            Flight::Shared(results) => (results, true),
            Flight::Alone => (Arc::new(execution.await), false),
        }
    }
}

fn weight(_: &Span, results: &Arc<Results>) -> u32 {
    let size: usize = results.answers.iter().map(|answer| RESULT + answer.body().len()).sum();
    u32::try_from(RESULT + size).unwrap_or(u32::MAX)
}
