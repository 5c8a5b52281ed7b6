//! Waiting for what must happen. A test waits for an event and not for a time, so that the speed of the machine decides nothing.

use std::time::{Duration, Instant};

/// Longer than anything takes that does not hang.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(5);

/// The result of a future that must end in time.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// Waits until a condition holds.
pub async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    in_time(what, asked).await;
}

/// The longest time that something takes here and now, out of many runs after a first one that does not count. Assertions about time are
/// relative to it.
pub fn usual(mut work: impl FnMut()) -> Duration {
    work();
    let times = (0..20).map(|_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    });
    times.max().unwrap_or_default()
}
