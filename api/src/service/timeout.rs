//! The timeout of a subscription's work: making results is bounded, waiting for a database that is away is not. It knows no subscription.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

tokio::task_local! {
    /// Whether the running work is paused.
    static WAITS: Cell<bool>;
}

/// Waits without a limit, for a database that is away.
pub async fn paused<T>(waiting: impl Future<Output = T>) -> T {
    let mut waiting = pin!(waiting);
    std::future::poll_fn(|context| {
        let polled = waiting.as_mut().poll(context);
        // Outside of `within` there is nobody to tell.
        let _ = WAITS.try_with(|waits| waits.set(polled.is_pending()));
        polled
    })
    .await
}

/// The result of a future, unless it works longer than `limit` without a pause.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left: Option<Pin<Box<Sleep>>> = None;
    let timed = std::future::poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        if WAITS.with(Cell::get) {
            left = None;
            return Poll::Pending;
        }
        left.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(context).map(|()| None)
    });
    WAITS.scope(Cell::new(false), timed).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn work_is_bounded_and_waiting_is_not() {
        let work = async |waits: u32, works: u32| {
            paused(sleep(UNIT * waits)).await;
            sleep(UNIT * works).await;
            paused(sleep(UNIT * waits)).await;
            sleep(UNIT * works).await;
        };
        assert_eq!(within(UNIT * 20, work(30, 2)).await, Some(()), "it waits for longer than it may work");
        assert_eq!(within(UNIT * 20, work(0, 12)).await, Some(()), "after a pause a time of its own begins");
        assert_eq!(within(UNIT * 20, work(30, 40)).await, None);
    }
}
