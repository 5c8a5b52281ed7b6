//! The protocol `graphql-transport-ws` on a WebSocket: one connection, many operations. The close codes are the protocol's.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use chrono::{DateTime, Utc};
use futures_util::future::{self, AbortHandle};
use futures_util::stream::{self, SelectAll, Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Service;
use super::answer::Answer;
use super::events::{driven, end};
use super::graphql::{Asking, Method, Told, Work, authorize, prepare, publish_all, report, was_executed};
use super::media::Media;
use super::request::Asked;
use crate::auth::Viewer;
use crate::database::counting;

/// The name of the protocol, as clients ask for it.
const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to say who it is.
const INIT_TIME: Duration = Duration::from_secs(3);
/// The most operations of a socket at once.
const MOST_OPERATIONS: usize = 100;

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

/// Why a socket is closed, in the protocol's codes.
#[derive(Clone, Copy)]
enum End {
    Going,
    Malformed,
    Unauthorized,
    Forbidden,
    InitTimeout,
    SubscriberExists,
    TooManyInits,
    TooManyOperations,
    Expired,
}

impl End {
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::Going => (1001, "The service stops"),
            Self::Malformed => (4400, "This is no message of the protocol"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::Forbidden => (4403, "Forbidden"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::SubscriberExists => (4409, "A subscriber with this id already exists"),
            Self::TooManyInits => (4429, "Too many initialisation requests"),
            Self::TooManyOperations => (4429, "Too many operations at once"),
            Self::Expired => (4403, "The token has expired"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

/// Opens a socket, if the client speaks the protocol, and is no page of a stranger.
pub fn open(
    service: Service,
    upgrade: WebSocketUpgrade,
    headers: HeaderMap,
    extensions: Extensions,
) -> axum::response::Response {
    if !is_welcome(&headers, &service.app.config.origins) {
        let message = "Pages of other origins open no sockets.";
        return Answer::refused(StatusCode::FORBIDDEN, "FORBIDDEN_ORIGIN", message).respond(Media::Json, "");
    }
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(service.app.config.limits.body);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, format!("The protocol is {PROTOCOL}.\n")).into_response();
    }
    upgrade.on_upgrade(async move |socket| {
        let following = service.metrics.following();
        Box::pin(Talk::new(service, headers, extensions).run(socket)).await;
        drop(following);
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

type Messages = Pin<Box<dyn Stream<Item = (String, Value)> + Send>>;

/// The talk over one socket.
struct Talk {
    service: Service,
    headers: HeaderMap,
    extensions: Extensions,
    /// Who talks, once that is said.
    viewer: Option<Viewer>,
    /// The operations that run, each with what ends it.
    running: HashMap<String, AbortHandle>,
    results: SelectAll<Messages>,
}

impl Talk {
    fn new(service: Service, headers: HeaderMap, extensions: Extensions) -> Self {
        Self { service, headers, extensions, viewer: None, running: HashMap::new(), results: SelectAll::new() }
    }

    async fn run(mut self, mut socket: WebSocket) {
        let mut stopping = Box::pin(end(&self.service, None));
        let mut deadline = Box::pin(tokio::time::sleep(INIT_TIME));
        let closed = loop {
            tokio::select! {
                said = socket.recv() => match said {
                    Some(Ok(message)) => match self.hear(message, &mut socket).await {
                        Ok(Some(expires_in)) => deadline = Box::pin(tokio::time::sleep(expires_in)),
                        Ok(None) => {}
                        Err(end) => break end,
                    },
                    Some(Err(_)) => break Some(End::Malformed),
                    None => break None,
                },
                Some((id, message)) = self.results.next() => {
                    if message["type"] != "next" {
                        self.running.remove(&id);
                    }
                    if say(&mut socket, &message).await.is_err() {
                        break None;
                    }
                }
                () = &mut deadline => break Some(if self.viewer.is_some() { End::Expired } else { End::InitTimeout }),
                () = &mut stopping => break Some(End::Going),
            }
        };
        if let Some(end) = closed {
            // Who has gone does not hear it.
            let _ = socket.send(Message::Close(Some(end.frame()))).await;
        }
    }

    /// Answers a message. `Ok(Some)`: the client has said who it is, for so long. `Err`: the socket is closed.
    async fn hear(&mut self, message: Message, socket: &mut WebSocket) -> Result<Option<Duration>, Option<End>> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Some(End::Malformed)),
            Message::Close(_) => return Err(None),
            Message::Ping(_) | Message::Pong(_) => return Ok(None),
        };
        match serde_json::from_str(&text).map_err(|_| Some(End::Malformed))? {
            Said::ConnectionInit { .. } if self.viewer.is_some() => Err(Some(End::TooManyInits)),
            Said::ConnectionInit { payload } => {
                let token = payload.as_ref().and_then(authorization);
                let viewer = authorize(&self.service.app, token.as_deref()).await.map_err(|_| Some(End::Forbidden))?;
                let lives = viewer.expires_at.map(|at: DateTime<Utc>| at - self.service.app.clock.now());
                self.viewer = Some(viewer);
                say(socket, &json!({ "type": "connection_ack" })).await?;
                Ok(Some(lives.map_or(FOREVER, |lives| lives.to_std().unwrap_or_default())))
            }
            Said::Ping {} => say(socket, &json!({ "type": "pong" })).await.map(|()| None),
            Said::Pong {} => Ok(None),
            Said::Subscribe { id, payload } => {
                let viewer = self.viewer.clone().ok_or(Some(End::Unauthorized))?;
                self.subscribe(id, payload, viewer).await.map(|()| None).map_err(Some)
            }
            Said::Complete { id } => {
                if let Some(running) = self.running.remove(&id) {
                    running.abort();
                }
                Ok(None)
            }
        }
    }

    async fn subscribe(&mut self, id: String, asked: Asked, viewer: Viewer) -> Result<(), End> {
        if !asked.names_a_document() {
            return Err(End::Malformed);
        }
        if self.running.contains_key(&id) {
            return Err(End::SubscriberExists);
        }
        if self.running.len() >= MOST_OPERATIONS {
            return Err(End::TooManyOperations);
        }
        let request_id = self.service.app.clock.uuid().simple().to_string();
        let (started, mut told) = (Instant::now(), Told::default());
        let asking = Asking::over_socket(&self.service, viewer, &self.headers, &self.extensions);
        let (prepared, statements) = counting(prepare(&self.service, asking, asked, &mut told)).await;
        let (status, codes) =
            prepared.as_ref().map_or_else(|answer| (400, answer.codes.clone()), |_| (200, Vec::new()));
        let work = Work { method: Method::Socket, status, codes: &codes, statements, took: started.elapsed() };
        report(&self.service, &request_id, &told, &work);
        let results: Messages = match prepared {
            Ok(prepared) => {
                let schema = if prepared.admitted.is_known { &self.service.trusting } else { &self.service.schema };
                let results = driven(schema.execute_stream(prepared.request), prepared.batches);
                Box::pin(messages(results, id.clone(), request_id))
            }
            Err(answer) => {
                let message = json!({ "type": "error", "id": id, "payload": answer.errors() });
                Box::pin(stream::once(future::ready((id.clone(), message))))
            }
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.running.insert(id, handle);
        self.results.push(Box::pin(stream::Abortable::new(results, registration)));
        Ok(())
    }
}

/// A token without an end, which the service itself never gives.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// The messages of an operation: its results and `complete`, or one `error` if it was not executed.
fn messages(
    results: impl Stream<Item = async_graphql::Response> + Send + 'static,
    id: String,
    request_id: String,
) -> impl Stream<Item = (String, Value)> + Send {
    let ended = json!({ "type": "complete", "id": id });
    let (of_results, of_end) = (id.clone(), id);
    let results = results.map(move |mut response| {
        let executed = was_executed(&response);
        publish_all(&mut response, &request_id);
        let message = if executed {
            json!({ "type": "next", "id": of_results, "payload": response })
        } else {
            json!({ "type": "error", "id": of_results, "payload": response.errors })
        };
        (of_results.clone(), message)
    });
    // An error is the last word.
    let mut refused = false;
    results.chain(stream::once(future::ready((of_end, ended)))).take_while(move |(_, message)| {
        let goes_on = !refused;
        refused = message["type"] == "error";
        future::ready(goes_on)
    })
}

/// What a client has written as its `Authorization`, as a header would have it.
fn authorization(payload: &Map<String, Value>) -> Option<String> {
    let named = payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    named.map(|(_, value)| value.as_str().unwrap_or_default().to_owned())
}

async fn say(socket: &mut WebSocket, message: &Value) -> Result<(), Option<End>> {
    socket.send(Message::Text(message.to_string().into())).await.map_err(|_| None)
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
