//! Connections: how many there may be, how long their heads may take, and how they end with the service.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::UPGRADE;
use futures_util::FutureExt as _;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use crate::config::Limits;

/// After a failed `accept`, such as for want of descriptors, others may become free.
const PAUSE: Duration = Duration::from_millis(100);
/// After so long a silence the system asks whether a client is there.
const KEEPALIVE: Duration = Duration::from_mins(1);
/// At the end, whoever has just connected has so long to begin a request that is on its way.
const LAST_CALL: Duration = Duration::from_millis(200);

/// Serves until the service stops; then takes no more connections than those that have come by then, and resolves when those that are
/// open have finished their requests and the sockets are closed. Connections beyond the limit wait until one is closed.
pub async fn serve(listener: TcpListener, router: Router, limits: &Limits, stopping: watch::Receiver<bool>) {
    let (mut builder, unread) = (Builder::new(), Duration::from_secs(limits.unread_seconds));
    builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(limits.head_seconds));
    builder.preserve_header_case(true);
    let places = Arc::new(Semaphore::new(limits.connections as usize));
    let begin = |permit, (stream, address)| {
        adjust(&stream, unread);
        let place = Place { address, _permit: Arc::new(permit) };
        tokio::spawn(connection(builder.clone(), stream, place, router.clone(), stopping.clone()));
    };
    let mut stopped = stopping.clone();
    loop {
        let accepted = async {
            let permit = Arc::clone(&places).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = stopped.wait_for(|stopping| *stopping) => break,
        };
        match (permit, accepted) {
            (Ok(permit), Ok(accepted)) => begin(permit, accepted),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    while let Ok(permit) = Arc::clone(&places).try_acquire_owned()
        // All that have come, however many: tokio would have a task pause among them.
        && let Some(Ok(accepted)) = tokio::task::unconstrained(listener.accept()).now_or_never()
    {
        begin(permit, accepted);
    }
    drop(listener);
    // All places are free again.
    drop(places.acquire_many(limits.connections).await);
}

/// Has the system send small answers at once, ask a silent client whether it is there, and cut a connection whose client leaves
/// unread what it is sent. Where that cannot be set, it does not.
fn adjust(stream: &TcpStream, unread: Duration) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(unread));
    #[cfg(not(target_os = "linux"))]
    let _ = unread;
}

/// A place among the connections. Its requests carry it, so that a socket, which leaves its connection, keeps it.
#[derive(Clone)]
pub struct Place {
    address: SocketAddr,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Place {
    /// The address of the client.
    pub fn address(&self) -> IpAddr {
        self.address.ip()
    }
}

/// A connection that answers through the router, which is told its place.
async fn connection(
    builder: Builder,
    stream: TcpStream,
    place: Place,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let service = service_fn(move |mut request: Request<Incoming>| {
        tell.notify_one();
        // Some clients look for the headers of a socket by the names that they have written, such as gql.
        let names = request.headers().contains_key(UPGRADE).then(|| request.extensions().clone());
        request.extensions_mut().insert(place.clone());
        let router = router.clone();
        async move {
            let Ok(mut response) = router.oneshot(request.map(Body::new)).await;
            response.extensions_mut().extend(names.unwrap_or_default());
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    // Whoever breaks a connection off has nothing to be told.
    tokio::select! {
        _ = &mut connection => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    // hyper closes a connection that has said nothing yet. Whoever has asked before is not waited for.
    tokio::select! {
        _ = &mut connection => return,
        () = begun.notified() => {}
        () = tokio::time::sleep(LAST_CALL) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
