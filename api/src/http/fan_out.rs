//! Results of subscriptions for all followers that are to receive the same: executed once, and cached for a short while. Does not decide which
//! followers these are (`admission` does), and takes no points.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use entity::RecordType;
use moka::future::Cache;
use moka::policy::EvictionPolicy;

use super::answer::Answer;
use super::response_cache::Key;
use super::single_flight::{Flight, single_flight};
use crate::service::context::feed::ChangeCursor;

/// How many bytes of results are cached.
const BYTES: u64 = 4 << 20;
/// How long. Followers that are to receive the same ask for it at the same time.
const KEEP: Duration = Duration::from_secs(5);
/// How many followers lead at most, one after the other, while those before them are not done.
const LEADERS: u8 = 20;
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
    /// The types of records of whose changes the subscription tells; `None` if it tells of every change, or failed.
    pub records: Option<Vec<RecordType>>,
}

impl Results {
    /// The same results in no more memory than they have bytes.
    fn compact(self) -> Self {
        Self { answers: self.answers.into_iter().map(Answer::compact).collect(), ..self }
    }

    /// Whether they may be given to others. Errors name their request: each request has its own.
    fn are_whole(&self) -> bool {
        self.next.is_some() && self.answers.iter().all(Answer::is_whole)
    }
}

pub struct FanOut {
    /// By span and leader.
    results: Cache<(Span, u8), Arc<Results>>,
}

impl Default for FanOut {
    fn default() -> Self {
        // The last ones are wanted, however often earlier ones were.
        let results = Cache::builder().max_capacity(BYTES).weigher(weight).eviction_policy(EvictionPolicy::lru());
        Self { results: results.time_to_live(KEEP).build() }
    }
}

impl FanOut {
    /// The results of an execution, and whether it was executed for another follower.
    pub async fn get_or_execute(&self, span: Span, execution: impl Future<Output = Results>) -> (Arc<Results>, bool) {
        let mut execution = pin!(execution);
        for leader in 0..LEADERS {
            if let Some(results) = self.results.get(&(span, leader)).await {
                return (results, true);
            }
            let lead = async {
                let results = Arc::new(execution.as_mut().await.compact());
                if results.are_whole() { Ok(results) } else { Err(results) }
            };
            match single_flight(&self.results, (span, leader), lead).await {
                Flight::Led(Ok(results)) => return (results, false),
                Flight::Led(Err(results)) => return (Arc::clone(&results), false),
                Flight::Shared(results) => return (results, true),
                Flight::Failed => break,
                // All of them began to wait at once. If all went on alone, they would also execute at once: one of them leads.
                Flight::Late => {}
            }
        }
        (Arc::new(execution.await), false)
    }
}

fn weight(_: &(Span, u8), results: &Arc<Results>) -> u32 {
    let size: usize = results.answers.iter().map(|answer| RESULT + answer.body().len()).sum();
    u32::try_from(RESULT + size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use uuid::Uuid;

    use super::{Answer, ChangeCursor, FanOut, Key, Results, Span};
    use crate::service::context::feed::{Head, Identity};

    fn cursor(seq: i64) -> ChangeCursor {
        let identity = Identity { epoch: Uuid::nil(), cursor_key: Uuid::nil(), first_version: 1 };
        Head { identity, seq }.cursor()
    }

    fn span() -> Span {
        Span { key: Key([0; 32]), after: cursor(1), head: cursor(1) }
    }

    fn results(body: &str, codes: Vec<&'static str>) -> Results {
        let answers = vec![Answer::executed(body.as_bytes().to_vec(), codes)];
        Results { answers, next: Some((span().after, false)), records: None }
    }

    fn text(results: &Results) -> String {
        results.answers[0].text().into_owned()
    }

    #[tokio::test]
    async fn results_are_shared_unless_they_have_errors_or_end() {
        let ended = Results { next: None, ..results("one", Vec::new()) };
        for (first, is_shared) in
            [(results("one", Vec::new()), true), (results("one", vec!["INTERNAL"]), false), (ended, false)]
        {
            let fan_out = FanOut::default();
            assert!(!fan_out.get_or_execute(span(), ready(first)).await.1);
            let (second, was_shared) = fan_out.get_or_execute(span(), ready(results("two", Vec::new()))).await;
            assert_eq!((was_shared, text(&second).as_str()), (is_shared, if is_shared { "one" } else { "two" }));
            let later = Span { head: cursor(2), ..span() };
            let (third, was_shared) = fan_out.get_or_execute(later, ready(results("three", Vec::new()))).await;
            assert_eq!((was_shared, text(&third).as_str()), (false, "three"), "the feed has grown");
        }
    }

    #[tokio::test]
    async fn another_one_executes_if_the_first_one_leaves() {
        let fan_out = FanOut::default();
        let mut first = Box::pin(fan_out.get_or_execute(span(), pending()));
        assert!(futures_util::poll!(&mut first).is_pending());
        let mut second = Box::pin(fan_out.get_or_execute(span(), ready(results("two", Vec::new()))));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(text(&second.await.0), "two");
    }

    #[tokio::test]
    async fn one_of_those_who_wait_executes_if_the_first_one_is_slow() {
        let fan_out = FanOut::default();
        let waiting = async {
            let work = |number: usize| fan_out.get_or_execute(span(), ready(results(&number.to_string(), Vec::new())));
            futures_util::future::join_all((0..100).map(work)).await
        };
        let all = tokio::select! {
            biased;
            _ = fan_out.get_or_execute(span(), pending()) => unreachable!("it never ends"),
            all = waiting => all,
        };
        assert_eq!(all.iter().filter(|(_, is_shared)| !is_shared).count(), 1, "one of them executed");
    }
}
