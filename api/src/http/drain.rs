//! The bodies of requests. What a client still sends when it is answered already is read and dropped, for a while: most clients write their
//! request to its end, and do not read an answer if the connection is closed before. Knows no requests.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The most bytes that are read of a body that nobody wants.
const MOST: usize = 32 << 20;
/// The longest time that it may take.
const LONGEST: Duration = Duration::from_secs(10);

/// A body whose rest is drained when it is dropped.
pub struct Drained {
    body: Option<Incoming>,
    /// Whether the client waits to be told that it may send it.
    waits: bool,
}

impl Drained {
    /// The body of a request with these headers.
    pub fn new(body: Incoming, headers: &HeaderMap) -> Self {
        Self { body: Some(body), waits: headers.contains_key(EXPECT) }
    }
}

impl HttpBody for Drained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = frame {
            self.body = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream() && !self.waits)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout(LONGEST, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut read = 0;
    while read < MOST {
        match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}
