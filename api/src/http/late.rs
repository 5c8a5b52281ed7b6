//! The stream of a connection, whose client is told if its request does not come in time: hyper 1.12 closes the connection without a word.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const BODY: &str =
    r#"{"errors":[{"message":"The request did not come in time.","extensions":{"code":"REQUEST_TIMEOUT"}}]}"#;

/// Tells the stream that the time is over.
#[derive(Clone, Debug, Default)]
pub struct Late(Arc<AtomicBool>);

impl Late {
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A stream that ends with the status 408 if its first request has begun to arrive and the time for it is over. A later one may be the rest of a
/// body that nobody has read: a client that has its answer is told nothing more.
pub struct Awaited {
    stream: TcpStream,
    late: Late,
    has_begun: bool,
    has_answered: bool,
}

impl Awaited {
    pub fn new(stream: TcpStream, late: Late) -> Self {
        Self { stream, late, has_begun: false, has_answered: false }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if self.has_begun && !self.has_answered && self.late.0.load(Ordering::Relaxed) {
            let head = "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n";
            let answer = format!("{head}content-length: {}\r\n\r\n{BODY}", BODY.len());
            // It is short, and nothing else waits to be sent: it is taken at once, or the client is gone.
            let _ = self.stream.try_write(answer.as_bytes());
        }
    }
}

impl AsyncRead for Awaited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.has_begun |= buffer.filled().len() > before;
        read
    }
}

impl AsyncWrite for Awaited {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.has_answered = true;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.has_answered = true;
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
