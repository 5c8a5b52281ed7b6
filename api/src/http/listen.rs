//! Connections: how many there may be, how long their heads may take, and how they end with the service.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

use crate::config::Limits;

/// After a failed `accept`, such as for want of descriptors, others may become free.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves; then takes no more connections, and resolves when those that are open have finished their
/// requests. Connections beyond the limit wait until one is closed.
pub async fn serve(listener: TcpListener, router: Router, limits: &Limits, stop: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    let head_time = Duration::from_secs(limits.head_seconds);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_time);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(head_time);
    let (open, graceful) = (Arc::new(Semaphore::new(limits.connections)), GracefulShutdown::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let permit = Arc::clone(&open).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, address)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(permit) = permit else { break };
        let place = Place { address, _permit: Arc::new(permit) };
        let connection = graceful.watch(connect(&builder, stream, place, router.clone()));
        // Whoever breaks a connection off has nothing to be told.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// A place among the connections. Its requests carry it, so that a socket, which leaves its connection, keeps it.
#[derive(Clone)]
struct Place {
    address: SocketAddr,
    _permit: Arc<OwnedSemaphorePermit>,
}

/// A connection that answers through the router, which is told the client's address.
fn connect(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    place: Place,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error: Send> + Send + use<> {
    // Small answers are not to wait for more. Where that cannot be set, they do.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(place.address));
        request.extensions_mut().insert(place.clone());
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}))
        }
    });
    builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned()
}
