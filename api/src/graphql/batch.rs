//! Runs the batches of a request's loaders, one per level, in the request's own task. Uses no timer and no other task.
//!
//! A batch runs only when the execution can go no further: by then every resolver of a level has named its keys. A timer
//! would add a millisecond per level, and another thread might start a batch before it is complete.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

/// The batches of one request that are still to run.
#[derive(Clone, Default)]
pub struct Batches {
    queue: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Batches {
    /// Runs an execution to its end, and the batches of a level whenever the execution waits for them.
    pub async fn drive<T>(&self, execution: impl Future<Output = T>) -> T {
        let mut execution = pin!(execution);
        let mut running = FuturesUnordered::new();
        std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(output) = execution.as_mut().poll(context) {
                    return Poll::Ready(output);
                }
                running.extend(self.take());
                // A batch that has ended lets the execution continue.
                match running.poll_next_unpin(context) {
                    Poll::Ready(Some(())) => {}
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// Adds a batch that runs when the execution can go no further.
    pub fn add(&self, batch: impl Future<Output = ()> + Send + 'static) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(batch.boxed());
    }

    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
