//! The protocol `graphql-transport-ws` on a WebSocket: one connection, many operations. Carries messages only: operations
//! are admitted and executed as over HTTP.

mod protocol;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use futures_util::future::{self, BoxFuture, FutureExt as _};
use futures_util::stream::{BoxStream, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use self::protocol::{ClientMessage, End};
use super::access_log::{LogEntry, Method, Outcome};
use super::answer::Answer;
use super::authentication::{authenticate_by, authorization};
use super::execution::in_time;
use super::lifetime::{Credential, until_end};
use super::listener::PeerAddress;
use super::media::Media;
use super::prepare::{Caller, Prepared, RequestContext, prepare};
use super::request::GraphqlRequest;
use super::state::Service;
use super::subscription::answers;
use crate::auth::Viewer;
use crate::telemetry::metrics::{Open, Transport};
use crate::unicode::without_mark;

/// The name of the protocol, which clients request.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may leave a message unread. To wait longer costs memory, and the client can read what it has missed
/// when it connects again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a socket that is closed waits for its client to read why.
const FAREWELL: Duration = Duration::from_secs(1);
/// The longest id of an operation, in bytes.
const LONGEST_ID: usize = 255;
/// The operations that run on a socket take together as much as so many of the longest bodies.
const BODIES: usize = 4;
/// The size of a socket's buffers to read and to write, beside the current message. It is small, so that thousands of quiet
/// sockets cost little.
const BUFFER: usize = 1024;

/// Opens a socket, if the client speaks the protocol and is not a page of another origin.
pub fn open(
    service: Service,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
    peer: Option<PeerAddress>,
) -> axum::response::Response {
    let refused = |status, code, message: &str| {
        LogEntry::of(&service, Method::Socket, headers).answer(Answer::refused(status, code, message), Media::Plain)
    };
    if !is_welcome(headers, &service.app.config.origins) {
        return refused(StatusCode::FORBIDDEN, "FORBIDDEN_ORIGIN", "Pages of other origins open no sockets.");
    }
    let upgrade = upgrade.protocols([PROTOCOL]).read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let longest = service.app.config.limits.body;
    let upgrade = upgrade.max_message_size(longest).max_frame_size(longest);
    if upgrade.selected_protocol().is_none() {
        return refused(StatusCode::BAD_REQUEST, "BAD_REQUEST", &format!("The protocol is {PROTOCOL}."));
    }
    let headers = copied(headers);
    upgrade.on_upgrade(async move |socket| {
        let open = service.metrics.socket();
        let end = Box::pin(Talk::new(service, headers, peer).run(socket)).await;
        open.end(end.name());
    })
}

/// Whether the socket is opened by no browser's page, or by one of our own address or of a configured origin.
fn is_welcome(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    if origins.iter().any(|one| one.as_bytes() == origin.as_bytes()) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    origin.is_some() && origin == host
}

/// What an operation reports.
struct OperationEvent {
    id: String,
    /// Tells the socket's operations apart, because an id may be used again.
    number: u64,
    kind: EventKind,
}

enum EventKind {
    /// It is a subscription, which does not end by itself.
    GoesOn,
    /// A message to the client.
    Message(String),
    /// The last message, and the end reason.
    Last(String, &'static str),
    /// The socket must end: its client is no longer admitted.
    End(End),
}

/// Where an operation reports its results. It waits until the client can be told.
struct EventSender {
    id: String,
    number: u64,
    socket: mpsc::Sender<Box<OperationEvent>>,
}

impl EventSender {
    async fn send(&self, kind: EventKind) {
        // A closed socket receives nothing.
        let _ = self.socket.send(Box::new(OperationEvent { id: self.id.clone(), number: self.number, kind })).await;
    }
}

/// An operation in progress. It runs in a task of its own: what it holds meanwhile does not wait for a client that does not read.
struct Running {
    number: u64,
    /// The length of the message that asked for it, in bytes: it keeps its document and variables in memory.
    size: usize,
    _task: Task,
    goes_on: bool,
    open: Open,
}

impl Running {
    fn end(self, reason: &'static str) {
        self.open.end(reason);
    }
}

/// A task that is aborted when it is dropped.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The client of a socket.
#[derive(Clone)]
struct SocketClient {
    service: Service,
    /// The headers that the socket was opened with.
    headers: HeaderMap,
    peer: Option<PeerAddress>,
    /// How the client has identified itself, in the form of a header.
    authorization: Option<String>,
}

/// The conversation over one socket.
struct Talk {
    service: Service,
    /// The client, once it has identified itself; until then what is known of it.
    client: Arc<SocketClient>,
    is_begun: bool,
    /// When the client is pinged.
    heartbeat: Interval,
    /// Whether the client has sent anything since the last ping.
    is_heard: bool,
    /// What ends the socket if the client does not.
    until: BoxFuture<'static, End>,
    running: HashMap<String, Running>,
    /// How many operations there were so far.
    asked: u64,
    /// Boxed: a channel reserves room for many of them.
    news: mpsc::Receiver<Box<OperationEvent>>,
    tellers: mpsc::Sender<Box<OperationEvent>>,
}

impl Talk {
    fn new(service: Service, headers: HeaderMap, peer: Option<PeerAddress>) -> Self {
        let init_time = Duration::from_secs(service.app.config.limits.init_seconds);
        let late = tokio::time::sleep(init_time).map(|()| End::InitTimeout);
        let until = future::select(Box::pin(until_end(&service, Credential::default()).map(End::from)), Box::pin(late));
        let until = until.map(|first| first.factor_first().0).boxed();
        let heartbeat = Duration::from_secs(service.app.config.limits.heartbeat_seconds);
        let mut heartbeat = interval_at(Instant::now() + heartbeat, heartbeat);
        // A client that is pinged late has as long to answer as any other.
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let client = Arc::new(SocketClient { service: service.clone(), headers, peer, authorization: None });
        let (tellers, news) = mpsc::channel(1);
        let running = HashMap::new();
        Self { service, client, is_begun: false, heartbeat, is_heard: true, until, running, asked: 0, news, tellers }
    }

    async fn run(mut self, mut socket: WebSocket) -> End {
        let end = loop {
            // In random order: a flood of one kind does not keep the others waiting.
            let done = tokio::select! {
                end = &mut self.until => Err(end),
                said = socket.recv() => self.hear(said, &mut socket).await,
                Some(news) = self.news.recv() => self.send(*news, &mut socket).await,
                _ = self.heartbeat.tick() => self.ask(&mut socket).await,
            };
            if let Err(end) = done {
                break end;
            }
        };
        if matches!(end, End::Stopped | End::Expired | End::Revoked | End::Forbidden) {
            self.finish(end, &mut socket).await;
        }
        for (_, running) in self.running.drain() {
            running.end(end.name());
        }
        // A client that has left, or does not read, is not told.
        let farewell = async {
            match end.frame() {
                Some(frame) => part(socket, frame).await,
                None if matches!(end, End::Closed) => answer_close(socket).await,
                None => {}
            }
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
        end
    }

    /// Ends the subscriptions, and waits until the queries and mutations in progress are finished.
    async fn finish(&mut self, end: End, socket: &mut WebSocket) {
        loop {
            for (_, running) in self.running.extract_if(|_, running| running.goes_on) {
                running.end(end.name());
            }
            if self.running.is_empty() {
                return;
            }
            let Some(news) = self.news.recv().await else { return };
            if let Err(End::Slow | End::Left) = self.send(*news, socket).await {
                return;
            }
        }
    }

    /// Pings the client. One that has sent nothing since the last ping is gone.
    async fn ask(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if !std::mem::take(&mut self.is_heard) {
            return Err(End::Silent);
        }
        send(socket, Message::Ping(Bytes::new())).await
    }

    /// Sends what an operation reports, if the operation still runs.
    async fn send(&mut self, news: OperationEvent, socket: &mut WebSocket) -> Result<(), End> {
        let OperationEvent { id, number, kind } = news;
        let Some(running) = self.running.get_mut(&id).filter(|running| running.number == number) else { return Ok(()) };
        match kind {
            EventKind::GoesOn => {
                running.goes_on = true;
                Ok(())
            }
            EventKind::Message(text) => say(socket, text).await,
            EventKind::Last(text, reason) => {
                if let Some(running) = self.running.remove(&id) {
                    running.end(reason);
                }
                say(socket, text).await
            }
            EventKind::End(end) => {
                if let Some(running) = self.running.remove(&id) {
                    running.end(end.name());
                }
                Err(end)
            }
        }
    }

    /// Handles what comes from the socket.
    async fn hear(&mut self, said: Option<Result<Message, axum::Error>>, socket: &mut WebSocket) -> Result<(), End> {
        self.is_heard = true;
        let text = match said.ok_or(End::Left)?.map_err(|_| End::Broken)? {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(End::Malformed),
            Message::Close(_) => return Err(End::Closed),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        match serde_json::from_str(without_mark(&text)).map_err(|_| End::Malformed)? {
            ClientMessage::ConnectionInit { .. } if self.is_begun => Err(End::TooManyInits),
            ClientMessage::ConnectionInit { payload } => {
                let client = Arc::make_mut(&mut self.client);
                let of_header = authorization(&client.headers).map(str::to_owned);
                client.authorization = payload.as_ref().and_then(authorization_in).or(of_header);
                // Boxed: otherwise every socket would reserve its memory as long as it is open.
                let viewer = tokio::select! {
                    end = &mut self.until => return Err(end),
                    viewer = Box::pin(client.viewer()) => viewer?,
                };
                self.until = until_end(&self.service, Credential::from(&viewer)).map(End::from).boxed();
                self.is_begun = true;
                say(socket, json!({ "type": "connection_ack" }).to_string()).await
            }
            ClientMessage::Ping {} => say(socket, json!({ "type": "pong" }).to_string()).await,
            ClientMessage::Pong {} => Ok(()),
            ClientMessage::Subscribe { id, payload } => {
                if !self.is_begun {
                    return Err(End::Unauthorized);
                }
                self.subscribe(id, payload, text.len())
            }
            ClientMessage::Complete { id } => {
                if let Some(running) = self.running.remove(&id) {
                    running.end(End::Left.name());
                }
                Ok(())
            }
        }
    }

    fn subscribe(&mut self, id: String, asked: GraphqlRequest, size: usize) -> Result<(), End> {
        if !asked.names_a_document() || id.len() > LONGEST_ID {
            return Err(End::Malformed);
        }
        if self.running.contains_key(&id) {
            return Err(End::SubscriberExists);
        }
        let (limits, kept) =
            (&self.service.app.config.limits, self.running.values().map(|one| one.size).sum::<usize>());
        if self.running.len() >= limits.socket_operations || kept + size > BODIES * limits.body {
            return Err(End::TooManyOperations);
        }
        self.asked += 1;
        let sender = EventSender { id: id.clone(), number: self.asked, socket: self.tellers.clone() };
        let entry = LogEntry::of(&self.service, Method::Socket, &self.client.headers);
        let task = Task(tokio::spawn(Arc::clone(&self.client).serve(asked, entry, sender)).abort_handle());
        let open = self.service.metrics.subscription(Transport::Socket);
        self.running.insert(id, Running { number: self.asked, size, _task: task, goes_on: false, open });
        Ok(())
    }
}

/// Why an operation is not started.
enum Refused {
    /// The client cannot be authenticated, or its token is refused.
    Client(Answer),
    Operation(Answer),
}

impl SocketClient {
    fn caller(&self) -> Caller<'_> {
        Caller { headers: &self.headers, peer: self.peer.as_ref(), method: Method::Socket }
    }

    async fn authenticate(&self, entry: &mut LogEntry) -> Result<Viewer, Answer> {
        authenticate_by(&self.service, self.authorization.as_deref(), self.caller(), entry).await
    }

    /// Authenticates the client that opens the socket. A refusal is logged.
    async fn viewer(&self) -> Result<Viewer, End> {
        let mut entry = LogEntry::of(&self.service, Method::Socket, &self.headers);
        let bounds = entry.bounds();
        match in_time(&bounds, self.authenticate(&mut entry)).await.unwrap_or_else(Err) {
            Ok(viewer) => {
                entry.forget();
                Ok(viewer)
            }
            Err(answer) => {
                entry.log(Outcome::of(&answer, Media::GraphqlResponse));
                Err(if answer.is_of_the_client() { End::Forbidden } else { End::Unavailable })
            }
        }
    }

    /// Executes an operation, and reports its results.
    async fn serve(self: Arc<Self>, asked: GraphqlRequest, entry: LogEntry, sender: EventSender) {
        // Boxed: otherwise a subscription would keep the memory of its beginning.
        match Box::pin(self.begun(asked, entry)).await {
            Ok((goes_on, mut answers)) => {
                if goes_on {
                    sender.send(EventKind::GoesOn).await;
                }
                while let Some(answer) = answers.next().await {
                    sender.send(message(&answer, &sender.id)).await;
                }
                let complete = json!({ "type": "complete", "id": sender.id }).to_string();
                sender.send(EventKind::Last(complete, "completed")).await;
            }
            Err(Refused::Client(answer)) if answer.is_of_the_client() => {
                sender.send(EventKind::End(End::Forbidden)).await;
            }
            Err(Refused::Client(answer) | Refused::Operation(answer)) => {
                sender.send(message(&answer, &sender.id)).await;
            }
        }
    }

    /// Whether an operation is a subscription, and its answers. A refusal is logged.
    async fn begun(
        &self,
        asked: GraphqlRequest,
        mut entry: LogEntry,
    ) -> Result<(bool, BoxStream<'static, Answer>), Refused> {
        let bounds = entry.bounds();
        let begun = in_time(&bounds, Box::pin(self.begin(asked, &mut entry))).await;
        match begun.unwrap_or_else(|late| Err(Refused::Operation(late))) {
            Ok(prepared) => Ok((prepared.goes_on(), answers(self.service.clone(), prepared, entry, bounds))),
            Err(refused) => {
                let (Refused::Client(answer) | Refused::Operation(answer)) = &refused;
                entry.log(Outcome::of(answer, Media::GraphqlResponse));
                Err(refused)
            }
        }
    }

    /// Authenticates again: an organisation may have been deactivated since the socket was opened.
    async fn begin(&self, asked: GraphqlRequest, entry: &mut LogEntry) -> Result<Prepared, Refused> {
        let viewer = self.authenticate(entry).await.map_err(Refused::Client)?;
        let context = RequestContext::of(&self.service, viewer, self.caller());
        prepare(&self.service, context, asked, entry).await.map_err(Refused::Operation)
    }
}

/// A result of an operation; or the only `error` of one that was not executed, after which nothing follows.
fn message(answer: &Answer, id: &str) -> EventKind {
    let id = Value::from(id);
    if answer.is_executed() {
        EventKind::Message(format!(r#"{{"type":"next","id":{id},"payload":{}}}"#, answer.text()))
    } else {
        EventKind::Last(format!(r#"{{"type":"error","id":{id},"payload":{}}}"#, answer.errors()), "refused")
    }
}

/// A copy of headers that does not keep the whole request in memory.
fn copied(headers: &HeaderMap) -> HeaderMap {
    let copied =
        headers.iter().map(|(name, value)| Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?)));
    copied.flatten().collect()
}

/// The `Authorization` in the payload of a client, in the form of a header. Two, in different cases, are none that is valid.
fn authorization_in(payload: &Map<String, Value>) -> Option<String> {
    let mut named = payload.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let (_, value) = named.next()?;
    let single = value.as_str().filter(|_| named.next().is_none());
    Some(single.unwrap_or_default().to_owned())
}

/// Sends why the socket is closed, and waits until the client has closed it too: a connection that is dropped with messages
/// unread is reset, and the client would not learn why.
async fn part(mut socket: WebSocket, frame: CloseFrame) {
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
}

/// Sends the close frame back that a client has sent, which tungstenite does as soon as the socket is read again.
async fn answer_close(mut socket: WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}

async fn say(socket: &mut WebSocket, text: String) -> Result<(), End> {
    send(socket, Message::Text(text.into())).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    let sent = tokio::time::timeout(PATIENCE, socket.send(message)).await;
    sent.map_err(|_| End::Slow)?.map_err(|_| End::Left)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::is_welcome;

    #[test]
    fn pages_of_strangers_open_no_sockets() {
        let headers = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("rec.example.org:8080"))]);
            headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            headers
        };
        let origins = ["https://dashboard.example.org".to_owned()];
        for own in [None, Some("https://rec.example.org:8080"), Some("https://dashboard.example.org")] {
            assert!(is_welcome(&headers(own), &origins), "{own:?}");
        }
        for stranger in
            ["https://rec.example.org", "https://evil.example", "null", "https://rec.example.org:8080.evil.example"]
        {
            assert!(!is_welcome(&headers(Some(stranger)), &origins), "{stranger}");
        }
    }
}
