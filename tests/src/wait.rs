//! Waiting for what surely comes. A test waits for an event and not for a time, so that how fast a machine is decides nothing.

use std::time::{Duration, Instant};

/// Longer than anything takes that does not hang.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is asked whether something is so.
const PAUSE: Duration = Duration::from_millis(5);

/// What a future comes to that surely ends.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    in_time(what, asked).await;
}

/// How long something takes at most, here and now: the longest of many times, after a first one that does not count. What is
/// asserted of a time is measured by it.
pub fn usual(mut work: impl FnMut()) -> Duration {
    work();
    let times = (0..20).map(|_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    });
    times.max().unwrap_or_default()
}
