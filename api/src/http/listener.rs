//! Connections: how many there may be in all and per address, how long headers may take to arrive, and how connections end
//! with the service. Knows requests by path and headers only; the router answers them.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::header::{CONNECTION, RETRY_AFTER, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use futures_util::{FutureExt as _, StreamExt as _};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use super::address::{Share, Shares, forwarded};
use super::answer::Answer;
use super::drain::Drained;
use super::health::PREFIX as HEALTH;
use super::late::{Awaited, Late};
use super::media::Media;
use crate::config::{Config, Switch};

/// After a failed `accept`, such as when no descriptors are left: meanwhile some may become free.
const PAUSE: Duration = Duration::from_millis(100);
/// After so long a silence the system checks whether the client is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);
/// When the service stops, a client that has just connected has so long to begin a request that is on its way.
const LAST_CALL: Duration = Duration::from_millis(200);

/// How many connections beyond the limit are still answered: with the health of the service, or else that it is full.
const SPARE: usize = 32;
/// How many of these may be of one address.
const SPARE_OF_ONE: usize = 4;
/// How long a connection beyond the limit may last.
const SPARE_LIFE: Duration = Duration::from_secs(15);
/// How long its headers may take to arrive.
const SPARE_HEAD: Duration = Duration::from_secs(2);

/// Serves until the service stops. Then it takes only the connections that have arrived by then, and resolves when the open
/// ones have finished their requests and the sockets are closed. A connection beyond the limits is told so, unless it asks
/// for the health of the service.
pub async fn serve(listener: TcpListener, router: Router, config: &Config, stopping: watch::Receiver<bool>) {
    let limits = &config.limits;
    let unread = Duration::from_secs(limits.unread_seconds);
    let connections = Connections {
        builder: builder(Duration::from_secs(limits.head_seconds)),
        spare_builder: builder(SPARE_HEAD),
        router,
        places: Arc::new(Semaphore::new(limits.connections as usize)),
        spare: Arc::new(Semaphore::new(SPARE)),
        shares: Shares::of(limits.connections_per_address),
        spare_shares: Shares::of(SPARE_OF_ONE),
        trusts_proxy: config.trust_proxy == Switch::On,
        stopping: stopping.clone(),
    };
    let mut stopped = stopping;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopping| *stopping) => break,
        };
        match accepted {
            Ok((stream, address)) => connections.begin(stream, address, unread),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    // All that have arrived, however many: tokio would make a task pause among them.
    while let Some(Ok((stream, address))) = tokio::task::unconstrained(listener.accept()).now_or_never() {
        connections.begin(stream, address, unread);
    }
    drop(listener);
    // Waits until all connections are closed.
    drop(connections.places.acquire_many(limits.connections).await);
}

fn builder(head: Duration) -> Builder {
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
    builder.preserve_header_case(true);
    builder
}

/// What all connections share.
struct Connections {
    builder: Builder,
    spare_builder: Builder,
    router: Router,
    places: Arc<Semaphore>,
    spare: Arc<Semaphore>,
    shares: Arc<Shares>,
    spare_shares: Arc<Shares>,
    trusts_proxy: bool,
    stopping: watch::Receiver<bool>,
}

impl Connections {
    /// Begins a connection that has arrived: within the limits, beyond them, or, if there are too many even of these, not at all.
    fn begin(&self, stream: TcpStream, address: SocketAddr, unread: Duration) {
        adjust(&stream, unread);
        match self.peer(address) {
            Ok(peer) => {
                let (builder, stopping) = (self.builder.clone(), self.stopping.clone());
                // Behind a trusted proxy each request takes a share, not the connection.
                let shares = self.trusts_proxy.then(|| Arc::clone(&self.shares));
                tokio::spawn(connection(builder, stream, peer, shares, self.router.clone(), stopping));
            }
            Err(rejection) => {
                let spare = Arc::clone(&self.spare).try_acquire_owned().ok();
                if let Some(spare) = spare.zip(self.spare_shares.take(address.ip())) {
                    let (builder, router) = (self.spare_builder.clone(), self.router.clone());
                    tokio::spawn(async move {
                        beyond(builder, stream, rejection, router).await;
                        drop(spare);
                    });
                }
            }
        }
    }

    fn peer(&self, address: SocketAddr) -> Result<PeerAddress, &'static Rejection> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| &FULL)?;
        let share = if self.trusts_proxy { None } else { Some(self.shares.take(address.ip()).ok_or(&TOO_MANY)?) };
        Ok(PeerAddress { address, _held: Arc::new((permit, share)), share: None })
    }
}

/// Why a connection or a request is refused.
struct Rejection {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

const FULL: Rejection = Rejection {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "UNAVAILABLE",
    message: "There are too many connections. Come again in a moment.",
};

const TOO_MANY: Rejection = Rejection {
    status: StatusCode::TOO_MANY_REQUESTS,
    code: "TOO_MANY_CONNECTIONS",
    message: "Your address has too many connections. Close some.",
};

impl Rejection {
    fn answer(&self) -> Response<Body> {
        let mut response = Answer::refused(self.status, self.code, self.message).respond(Media::Plain);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// A connection beyond the limits gets one answer: the health of the service if it asks for that, or else the rejection.
async fn beyond(builder: Builder, stream: TcpStream, rejection: &'static Rejection, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            if request.uri().path().starts_with(HEALTH) {
                let Ok(mut response) = router.oneshot(drained(request)).await;
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                return Ok::<_, Infallible>(response);
            }
            drop(drained(request));
            Ok(rejection.answer())
        }
    });
    let _ = tokio::time::timeout(SPARE_LIFE, builder.serve_connection(TokioIo::new(stream), service)).await;
}

/// The same request, whose body is drained if nobody reads it.
fn drained(request: Request<Incoming>) -> Request<Body> {
    let (parts, body) = request.into_parts();
    let body = Body::new(Drained::new(body, &parts.headers));
    Request::from_parts(parts, body)
}

/// Asks the system to send small answers at once, to check whether a silent client is still there, and to cut a connection
/// whose client leaves data unread. Where this cannot be set, it is left out.
fn adjust(stream: &TcpStream, unread: Duration) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(unread));
    #[cfg(not(target_os = "linux"))]
    let _ = unread;
}

/// The address of a client, with its place among the connections. Its requests carry it, so that a socket, which leaves its
/// connection, keeps the place.
#[derive(Clone)]
pub struct PeerAddress {
    address: SocketAddr,
    _held: Arc<(OwnedSemaphorePermit, Option<Share>)>,
    /// The share of the address that a proxy forwards.
    share: Option<Arc<Share>>,
}

impl PeerAddress {
    /// The address that has connected.
    pub fn address(&self) -> IpAddr {
        self.address.ip()
    }
}

/// The peer address of a request: behind a trusted proxy, with a share of the forwarded address.
fn shared(
    peer: &PeerAddress,
    shares: Option<&Arc<Shares>>,
    headers: &HeaderMap,
) -> Result<PeerAddress, &'static Rejection> {
    let address = || forwarded(headers).unwrap_or(peer.address());
    let share = shares.map(|shares| shares.take(address()).ok_or(&TOO_MANY));
    Ok(PeerAddress { share: share.transpose()?.map(Arc::new), ..peer.clone() })
}

/// A body that keeps the share of a forwarded address until it is sent, if it is a stream.
fn held(body: Body, peer: PeerAddress) -> Body {
    if peer.share.is_none() || body.size_hint().exact().is_some() {
        return body;
    }
    let in_place = move |part| {
        let _place = &peer;
        part
    };
    Body::from_stream(body.into_data_stream().map(in_place))
}

/// Serves a connection through the router, which is given its peer address.
async fn connection(
    builder: Builder,
    stream: TcpStream,
    peer: PeerAddress,
    shares: Option<Arc<Shares>>,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let begun = Arc::new(Notify::new());
    let tell = Arc::clone(&begun);
    let service = service_fn(move |mut request: Request<Incoming>| {
        tell.notify_one();
        // Some clients, such as gql, look for the headers of a socket in the letter case in which they have written them.
        let names = request.headers().contains_key(UPGRADE).then(|| request.extensions().clone());
        // The health of the service is told in any case.
        let shares = shares.as_ref().filter(|_| !request.uri().path().starts_with(HEALTH));
        let placed = shared(&peer, shares, request.headers());
        if let Ok(peer) = &placed {
            request.extensions_mut().insert(peer.clone());
        }
        let router = router.clone();
        async move {
            let peer = match placed {
                Ok(peer) => peer,
                Err(rejection) => {
                    drop(drained(request));
                    return Ok::<_, Infallible>(rejection.answer());
                }
            };
            let Ok(mut response) = router.oneshot(drained(request)).await;
            response.extensions_mut().extend(names.unwrap_or_default());
            Ok(response.map(|body| held(body, peer)))
        }
    });
    let late = Late::default();
    let stream = TokioIo::new(Awaited::new(stream, late.clone()));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service).with_upgrades());
    // A client that breaks the connection off is told nothing.
    tokio::select! {
        ended = &mut connection => {
            if ended.is_err_and(|error| error.is_timeout()) {
                late.set();
            }
            return;
        }
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    // hyper closes a connection that has sent nothing yet. A connection that has sent a request before is not waited for.
    tokio::select! {
        _ = &mut connection => return,
        () = begun.notified() => {}
        () = tokio::time::sleep(LAST_CALL) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
