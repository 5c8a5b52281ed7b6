//! The protocol `graphql-transport-ws` on a WebSocket: one connection, many operations. The close codes are the protocol's.

use std::collections::HashMap;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::future::{self, AbortHandle, BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, Interval, interval_at};

use super::Service;
use super::answer::Answer;
use super::execution::{answers, in_time};
use super::lifetime::{Credential, Over, over};
use super::listen::Place;
use super::media::Media;
use super::prepare::{Asking, prepare};
use super::report::{Method, Outcome, Told};
use super::request::Asked;
use super::viewer::authorize;
use crate::auth::Viewer;
use crate::database::counting;
use crate::error::Error;
use crate::telemetry::chain;
use crate::telemetry::metrics::{Open, Transport};

/// The name of the protocol, as clients ask for it.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may leave a message unread. One that waits for it costs memory, and what has happened meanwhile it can read
/// when it comes again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a socket that is closed stays for its client to hear why.
const FAREWELL: Duration = Duration::from_secs(1);
/// The longest id of an operation, in bytes.
const LONGEST_ID: usize = 255;
/// What a socket holds of the bytes that come and go, beside the message at hand. A thousand quiet sockets cost little.
const BUFFER: usize = 4096;

/// What a client sends.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Ping {},
    Pong {},
    Subscribe {
        id: String,
        payload: Asked,
    },
    Complete {
        id: String,
    },
}

/// Why a socket comes to its end.
#[derive(Clone, Copy)]
enum End {
    Left,
    Slow,
    /// It has not said for a while that it is there.
    Silent,
    /// The connection is gone without a word, or a frame cannot be read.
    Broken,
    Stopped,
    /// A fault of the service itself.
    Failed,
    Malformed,
    Unauthorized,
    Forbidden,
    InitTimeout,
    SubscriberExists,
    TooManyInits,
    TooManyOperations,
    Expired,
    Revoked,
}

impl End {
    /// The reason's name among the metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Slow => "slow",
            Self::Silent => "silent",
            Self::Broken => "broken",
            Self::Stopped => Over::Stopped.name(),
            Self::Expired => Over::Expired.name(),
            Self::Revoked => Over::Revoked.name(),
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::InitTimeout => "init_timeout",
            Self::SubscriberExists => "subscriber_exists",
            Self::TooManyInits => "too_many_inits",
            Self::TooManyOperations => "too_many_operations",
        }
    }

    /// The protocol's code and words; `None` if nobody would read them.
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Left | Self::Slow | Self::Silent => return None,
            Self::Stopped => (1001, "The service stops"),
            Self::Broken | Self::Malformed => (4400, "This is no message of the protocol"),
            Self::Failed => (4500, "Internal error"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::Forbidden => (4403, "Forbidden"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::SubscriberExists => (4409, "A subscriber with this id already exists"),
            Self::TooManyInits => (4429, "Too many initialisation requests"),
            Self::TooManyOperations => (4429, "Too many operations at once"),
            Self::Expired => (4403, "The token has expired"),
            Self::Revoked => (4403, "The token is revoked"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        match over {
            Over::Expired => Self::Expired,
            Over::Revoked => Self::Revoked,
            Over::Stopped => Self::Stopped,
        }
    }
}

/// Opens a socket, if the client speaks the protocol, and is no page of a stranger.
pub fn open(
    service: Service,
    upgrade: WebSocketUpgrade,
    headers: HeaderMap,
    place: Option<Place>,
) -> axum::response::Response {
    let refused = |status, code, message: &str| {
        Told::of(&service, Method::Socket, &headers).answer(Answer::refused(status, code, message), Media::Json, 0)
    };
    if !is_welcome(&headers, &service.app.config.origins) {
        return refused(StatusCode::FORBIDDEN, "FORBIDDEN_ORIGIN", "Pages of other origins open no sockets.");
    }
    let upgrade = upgrade.protocols([PROTOCOL]).read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let longest = service.app.config.limits.body;
    let upgrade = upgrade.max_message_size(longest).max_frame_size(longest);
    if upgrade.selected_protocol().is_none() {
        return refused(StatusCode::BAD_REQUEST, "BAD_REQUEST", &format!("The protocol is {PROTOCOL}."));
    }
    upgrade.on_upgrade(async move |socket| {
        let open = service.metrics.socket();
        let end = Box::pin(Talk::new(service, headers, place).run(socket)).await;
        open.end(end.name());
    })
}

/// Whether no browser's page opens the socket, or one of our own address or of an origin that is named.
fn is_welcome(headers: &HeaderMap, origins: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    if origins.iter().any(|one| one.as_bytes() == origin.as_bytes()) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    origin.is_some() && origin == host
}

/// A message to the client.
struct Saying {
    id: String,
    text: String,
    /// Why it is the last one of its operation.
    ends: Option<&'static str>,
}

/// An operation that runs.
struct Running {
    handle: AbortHandle,
    /// Whether it is a subscription, which has no end of its own.
    goes_on: bool,
    open: Open,
}

impl Running {
    fn end(self, reason: &'static str) {
        self.handle.abort();
        self.open.end(reason);
    }
}

/// The talk over one socket.
struct Talk {
    service: Service,
    headers: HeaderMap,
    place: Option<Place>,
    /// Whether the client has said who it is.
    is_begun: bool,
    /// How it has said that, as a header would.
    authorization: Option<String>,
    /// When the client is asked whether it is there, and whether it has said anything since it was.
    heartbeat: Interval,
    is_heard: bool,
    /// What ends the socket if the client does not.
    until: BoxFuture<'static, End>,
    running: HashMap<String, Running>,
    results: SelectAll<BoxStream<'static, Saying>>,
}

impl Talk {
    fn new(service: Service, headers: HeaderMap, place: Option<Place>) -> Self {
        let init_time = Duration::from_secs(service.app.config.limits.init_seconds);
        let late = tokio::time::sleep(init_time).map(|()| End::InitTimeout);
        let until = future::select(Box::pin(over(&service, Credential::default()).map(End::from)), Box::pin(late));
        let until = until.map(|first| first.factor_first().0).boxed();
        let heartbeat = Duration::from_secs(service.app.config.limits.heartbeat_seconds);
        let heartbeat = interval_at(Instant::now() + heartbeat, heartbeat);
        let (running, results) = (HashMap::new(), SelectAll::new());
        Self {
            service,
            headers,
            place,
            is_begun: false,
            authorization: None,
            heartbeat,
            is_heard: true,
            until,
            running,
            results,
        }
    }

    async fn run(mut self, mut socket: WebSocket) -> End {
        let end = loop {
            let done = tokio::select! {
                biased;
                end = &mut self.until => Err(end),
                said = socket.recv() => self.hear(said, &mut socket).await,
                Some(saying) = self.results.next() => self.tell(saying, &mut socket).await,
                _ = self.heartbeat.tick() => self.ask(&mut socket).await,
            };
            if let Err(end) = done {
                break end;
            }
        };
        if matches!(end, End::Stopped) {
            self.finish(&mut socket).await;
        }
        for (_, running) in self.running.drain() {
            running.end(end.name());
        }
        if let Some(frame) = end.frame() {
            // Who has gone, or does not listen, does not hear it.
            let _ = tokio::time::timeout(FAREWELL, part(socket, frame)).await;
        }
        end
    }

    /// Lets the queries and mutations that run come to their end.
    async fn finish(&mut self, socket: &mut WebSocket) {
        for (_, running) in self.running.extract_if(|_, running| running.goes_on) {
            running.end(End::Stopped.name());
        }
        while !self.running.is_empty()
            && let Some(saying) = self.results.next().await
            && self.tell(saying, socket).await.is_ok()
        {}
    }

    /// Asks the client whether it is there; it has answered what it was asked before.
    async fn ask(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if !std::mem::take(&mut self.is_heard) {
            return Err(End::Silent);
        }
        send(socket, Message::Ping(Bytes::new())).await
    }

    /// Tells what an operation has come to.
    async fn tell(&mut self, saying: Saying, socket: &mut WebSocket) -> Result<(), End> {
        if let Some(reason) = saying.ends
            && let Some(running) = self.running.remove(&saying.id)
        {
            running.end(reason);
        }
        say(socket, saying.text).await
    }

    /// Answers what comes from the socket.
    async fn hear(&mut self, said: Option<Result<Message, axum::Error>>, socket: &mut WebSocket) -> Result<(), End> {
        self.is_heard = true;
        let text = match said.ok_or(End::Left)?.map_err(|_| End::Broken)? {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(End::Malformed),
            Message::Close(_) => return Err(End::Left),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        match serde_json::from_str(&text).map_err(|_| End::Malformed)? {
            Said::ConnectionInit { .. } if self.is_begun => Err(End::TooManyInits),
            Said::ConnectionInit { payload } => {
                let of_header = || self.headers.get(header::AUTHORIZATION).map(|one| one.to_str().unwrap_or_default());
                let of_payload = payload.as_ref().and_then(authorization);
                self.authorization = of_payload.or_else(|| of_header().map(str::to_owned));
                let viewer = self.viewer().await?;
                self.until = over(&self.service, Credential::from(&viewer)).map(End::from).boxed();
                self.is_begun = true;
                say(socket, json!({ "type": "connection_ack" }).to_string()).await
            }
            Said::Ping {} => say(socket, json!({ "type": "pong" }).to_string()).await,
            Said::Pong {} => Ok(()),
            Said::Subscribe { id, payload } => {
                if !self.is_begun {
                    return Err(End::Unauthorized);
                }
                self.subscribe(id, payload).await
            }
            Said::Complete { id } => {
                if let Some(running) = self.running.remove(&id) {
                    running.end(End::Left.name());
                }
                Ok(())
            }
        }
    }

    /// Who talks, as of now: an organisation may have been deactivated since the socket was opened.
    async fn viewer(&mut self) -> Result<Viewer, End> {
        let viewer = authorize(&self.service.app, self.authorization.as_deref()).await;
        viewer.map_err(|error| match error {
            Error::Unauthenticated(_) => End::Forbidden,
            error => {
                tracing::error!(error = chain(&error), "authentication failed");
                End::Failed
            }
        })
    }

    async fn subscribe(&mut self, id: String, asked: Asked) -> Result<(), End> {
        if !asked.names_a_document() || id.len() > LONGEST_ID {
            return Err(End::Malformed);
        }
        if self.running.contains_key(&id) {
            return Err(End::SubscriberExists);
        }
        if self.running.len() >= self.service.app.config.limits.socket_operations {
            return Err(End::TooManyOperations);
        }
        let viewer = self.viewer().await?;
        let mut told = Told::of(&self.service, Method::Socket, &self.headers);
        let request_id = told.request_id.clone();
        let asking = Asking::over_socket(&self.service, viewer, &self.headers, self.place.as_ref());
        // Boxed: every socket would have the room of it.
        let preparing = Box::pin(prepare(&self.service, asking, asked, &mut told));
        let (prepared, statements) = counting(in_time(&self.service, &request_id, preparing)).await;
        let mut goes_on = false;
        let answers = match prepared.unwrap_or_else(Err) {
            Ok(prepared) => {
                told.statements = statements;
                goes_on = prepared.kind == Some(OperationType::Subscription);
                answers(self.service.clone(), prepared, told)
            }
            Err(answer) => {
                let status = answer.status(Media::GraphqlResponse).as_u16();
                told.report(&Outcome { status, executed: false, codes: &answer.codes, statements });
                stream::once(future::ready(answer)).boxed()
            }
        };
        let (handle, registration) = AbortHandle::new_pair();
        let sayings = stream::Abortable::new(sayings(answers, id.clone()), registration);
        self.running
            .insert(id, Running { handle, goes_on, open: self.service.metrics.subscription(Transport::Socket) });
        self.results.push(sayings.boxed());
        Ok(())
    }
}

/// The messages of an operation: `next` for each of its results, then `complete`; or one `error` if it was not executed, after
/// which nothing is said.
fn sayings(answers: BoxStream<'static, Answer>, id: String) -> BoxStream<'static, Saying> {
    let of_id = id.clone();
    let results = answers.map(move |answer| {
        let (id, kind) = (Value::from(&*of_id), if answer.is_executed() { "next" } else { "error" });
        let payload = if answer.is_executed() { answer.text().into_owned() } else { answer.errors().to_string() };
        let text = format!(r#"{{"type":"{kind}","id":{id},"payload":{payload}}}"#);
        Saying { id: of_id.clone(), text, ends: (!answer.is_executed()).then_some("refused") }
    });
    let text = json!({ "type": "complete", "id": id }).to_string();
    results.chain(stream::once(future::ready(Saying { id, text, ends: Some("completed") }))).boxed()
}

/// What a client has written as its `Authorization`, as a header would have it.
fn authorization(payload: &Map<String, Value>) -> Option<String> {
    let named = payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    named.map(|(_, value)| value.as_str().unwrap_or_default().to_owned())
}

/// Says why the socket is closed, and waits until the client has closed it too: a connection that is dropped with messages unread
/// is reset, and the client would not hear why.
async fn part(mut socket: WebSocket, frame: CloseFrame) {
    if socket.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = socket.recv().await {}
    }
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
