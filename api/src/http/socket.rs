//! The protocol `graphql-transport-ws` on a WebSocket: one connection, many operations. The close codes are the protocol's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::future::{self, AbortHandle, BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Service;
use super::answer::Answer;
use super::execution::{answers, in_time};
use super::lifetime::{Credential, Over, over};
use super::listen::Place;
use super::media::Media;
use super::prepare::{Asking, Caller, prepare};
use super::report::{Method, Reported, Told};
use super::request::Asked;
use super::viewer::{authorization, authorize};
use crate::auth::Viewer;
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
        Told::of(&service, Method::Socket, &headers).answer(Answer::refused(status, code, message), Media::Json)
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

/// What comes of an operation.
enum News {
    /// It is a subscription, which has no end of its own.
    GoesOn,
    /// A message to the client.
    Message(String),
    /// The last message, and why it is the last.
    Last(String, &'static str),
    /// The socket is over: who talks may do so no longer.
    Over(End),
}

/// An operation that runs.
struct Running {
    handle: AbortHandle,
    goes_on: bool,
    open: Open,
}

impl Running {
    fn end(self, reason: &'static str) {
        self.handle.abort();
        self.open.end(reason);
    }
}

/// Who talks over a socket.
#[derive(Clone)]
struct Speaker {
    service: Service,
    /// Those that the socket was opened with.
    headers: HeaderMap,
    place: Option<Place>,
    /// How it has said who it is, as a header would.
    authorization: Option<String>,
}

/// The talk over one socket.
struct Talk {
    service: Service,
    /// Who talks, once it has said who it is; until then what is known of it.
    speaker: Arc<Speaker>,
    is_begun: bool,
    /// When the client is asked whether it is there.
    heartbeat: Interval,
    /// Whether it has said anything since it was asked last.
    is_heard: bool,
    /// What ends the socket if the client does not.
    until: BoxFuture<'static, End>,
    running: HashMap<String, Running>,
    /// What comes of the operation of an id.
    news: SelectAll<BoxStream<'static, (String, News)>>,
}

impl Talk {
    fn new(service: Service, headers: HeaderMap, place: Option<Place>) -> Self {
        let init_time = Duration::from_secs(service.app.config.limits.init_seconds);
        let late = tokio::time::sleep(init_time).map(|()| End::InitTimeout);
        let until = future::select(Box::pin(over(&service, Credential::default()).map(End::from)), Box::pin(late));
        let until = until.map(|first| first.factor_first().0).boxed();
        let heartbeat = Duration::from_secs(service.app.config.limits.heartbeat_seconds);
        let mut heartbeat = interval_at(Instant::now() + heartbeat, heartbeat);
        // Who was asked late has as long to answer.
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let speaker = Arc::new(Speaker { service: service.clone(), headers, place, authorization: None });
        let (running, news) = (HashMap::new(), SelectAll::new());
        Self { service, speaker, is_begun: false, heartbeat, is_heard: true, until, running, news }
    }

    async fn run(mut self, mut socket: WebSocket) -> End {
        let end = loop {
            let done = tokio::select! {
                biased;
                end = &mut self.until => Err(end),
                said = socket.recv() => self.hear(said, &mut socket).await,
                Some((id, news)) = self.news.next() => self.tell(&id, news, &mut socket).await,
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
        loop {
            for (_, running) in self.running.extract_if(|_, running| running.goes_on) {
                running.end(End::Stopped.name());
            }
            if self.running.is_empty() {
                return;
            }
            let Some((id, news)) = self.news.next().await else { return };
            if self.tell(&id, news, socket).await.is_err() {
                return;
            }
        }
    }

    /// Asks the client whether it is there. One that has said nothing since it was asked before is not.
    async fn ask(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        if !std::mem::take(&mut self.is_heard) {
            return Err(End::Silent);
        }
        send(socket, Message::Ping(Bytes::new())).await
    }

    /// Tells what comes of an operation.
    async fn tell(&mut self, id: &str, news: News, socket: &mut WebSocket) -> Result<(), End> {
        match news {
            News::GoesOn => {
                if let Some(running) = self.running.get_mut(id) {
                    running.goes_on = true;
                }
                Ok(())
            }
            News::Message(text) => say(socket, text).await,
            News::Last(text, reason) => {
                if let Some(running) = self.running.remove(id) {
                    running.end(reason);
                }
                say(socket, text).await
            }
            News::Over(end) => Err(end),
        }
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
                let speaker = Arc::make_mut(&mut self.speaker);
                let of_header = authorization(&speaker.headers).map(str::to_owned);
                speaker.authorization = payload.as_ref().and_then(authorization_in).or(of_header);
                let viewer = speaker.viewer().await?;
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
                self.subscribe(id, payload)
            }
            Said::Complete { id } => {
                if let Some(running) = self.running.remove(&id) {
                    running.end(End::Left.name());
                }
                Ok(())
            }
        }
    }

    fn subscribe(&mut self, id: String, asked: Asked) -> Result<(), End> {
        if !asked.names_a_document() || id.len() > LONGEST_ID {
            return Err(End::Malformed);
        }
        if self.running.contains_key(&id) {
            return Err(End::SubscriberExists);
        }
        if self.running.len() >= self.service.app.config.limits.socket_operations {
            return Err(End::TooManyOperations);
        }
        let (handle, registration) = AbortHandle::new_pair();
        // Boxed: every socket would have the room of it.
        let news = stream::once(Box::pin(Arc::clone(&self.speaker).ask(asked, id.clone()))).flatten();
        let of_id = id.clone();
        let news = stream::Abortable::new(news, registration).map(move |news| (of_id.clone(), news));
        let open = self.service.metrics.subscription(Transport::Socket);
        self.running.insert(id, Running { handle, goes_on: false, open });
        self.news.push(news.boxed());
        Ok(())
    }
}

impl Speaker {
    /// Who talks, as of now: an organisation may have been deactivated since the socket was opened.
    async fn viewer(&self) -> Result<Viewer, End> {
        let authorized = authorize(&self.service.app, self.authorization.as_deref());
        match tokio::time::timeout(self.service.time_limit(), authorized).await {
            Ok(Ok(viewer)) => Ok(viewer),
            Ok(Err(Error::Unauthenticated(_))) => {
                let payer = self.caller().payer(&self.service, &Viewer::anonymous());
                // It is refused whether or not its address has points left.
                let _ = self.service.rates.take(&payer, 1);
                Err(End::Forbidden)
            }
            Ok(Err(error)) => {
                tracing::error!(error = chain(&error), "authentication failed");
                Err(End::Failed)
            }
            Err(_) => Err(End::Failed),
        }
    }

    fn caller(&self) -> Caller<'_> {
        Caller { headers: &self.headers, place: self.place.as_ref(), method: Method::Socket }
    }

    /// What comes of what is asked under an id.
    async fn ask(self: Arc<Self>, asked: Asked, id: String) -> BoxStream<'static, News> {
        let viewer = match self.viewer().await {
            Ok(viewer) => viewer,
            Err(end) => return stream::once(future::ready(News::Over(end))).boxed(),
        };
        let service = &self.service;
        let mut told = Told::of(service, Method::Socket, &self.headers);
        told.viewer = Some(viewer.role);
        let (request_id, count) = (told.request_id.clone(), told.statements.clone());
        let preparing = prepare(service, Asking::of(service, viewer, self.caller()), asked, &mut told);
        match count.during(in_time(service, &request_id, preparing)).await.unwrap_or_else(Err) {
            Ok(prepared) => {
                let goes_on = prepared.goes_on().then_some(News::GoesOn);
                stream::iter(goes_on).chain(news(answers(service.clone(), prepared, told), id)).boxed()
            }
            Err(answer) => {
                told.report(Reported::of(&answer, Media::GraphqlResponse));
                news(stream::once(future::ready(answer)).boxed(), id)
            }
        }
    }
}

/// The messages of an operation: `next` for each of its results, then `complete`; or one `error` if it was not executed, after
/// which nothing is said.
fn news(answers: BoxStream<'static, Answer>, id: String) -> BoxStream<'static, News> {
    let complete = json!({ "type": "complete", "id": id }).to_string();
    let id = Value::from(id);
    let results = answers.map(move |answer| {
        if answer.is_executed() {
            News::Message(format!(r#"{{"type":"next","id":{id},"payload":{}}}"#, answer.text()))
        } else {
            News::Last(format!(r#"{{"type":"error","id":{id},"payload":{}}}"#, answer.errors()), "refused")
        }
    });
    results.chain(stream::once(future::ready(News::Last(complete, "completed")))).boxed()
}

/// What a client has written as its `Authorization`, as a header would have it.
fn authorization_in(payload: &Map<String, Value>) -> Option<String> {
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
