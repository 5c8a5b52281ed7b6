//! A client of `graphql-transport-ws` that can also break the protocol.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::wait::in_time;

/// A socket that is open.
pub struct Socket(WebSocketStream<TcpStream>);

/// What a client receives.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Message(Value),
    /// The socket is closed, with this code if there was one.
    Closed(Option<u16>),
}

impl Socket {
    /// Opens a socket. `Err` is the status of the refusal.
    pub async fn open(port: u16, protocol: &str, origin: Option<&str>) -> Result<Self, u16> {
        let headers = origin.map(|origin| ("origin", origin.to_owned()));
        Self::open_with(port, protocol, headers.as_slice()).await
    }

    /// The same, with any headers.
    pub async fn open_with(port: u16, protocol: &str, more: &[(&'static str, String)]) -> Result<Self, u16> {
        Self::open_at(port, "/graphql", protocol, more).await
    }

    async fn open_at(port: u16, path: &str, protocol: &str, more: &[(&'static str, String)]) -> Result<Self, u16> {
        let mut request = format!("ws://127.0.0.1:{port}{path}").into_client_request().expect("a request");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", protocol.parse().expect("a header"));
        for (name, value) in more {
            headers.insert(*name, value.parse().expect("a header"));
        }
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a socket and sends `connection_init`.
    pub async fn begin(port: u16, token: Option<&str>) -> Self {
        let socket = Self::open(port, "graphql-transport-ws", None).await.expect("a socket");
        socket.begun(token).await
    }

    /// The same as anonymous, at another path.
    pub async fn begin_at(port: u16, path: &str) -> Self {
        let socket = Self::open_at(port, path, "graphql-transport-ws", &[]).await.expect("a socket");
        socket.begun(None).await
    }

    async fn begun(mut self, token: Option<&str>) -> Self {
        let payload = token.map(|token| json!({ "Authorization": format!("Bearer {token}") }));
        self.say(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.next().await, Heard::Message(json!({ "type": "connection_ack" })));
        self
    }

    pub async fn say(&mut self, message: &Value) {
        self.send(Message::Text(message.to_string().into())).await;
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(&json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }

    /// Sends anything. If the socket is closed already, a failure does not count.
    pub async fn send(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// Sends bytes that need not be frames.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("a connection");
    }

    /// What comes next; fails if nothing does.
    pub async fn next(&mut self) -> Heard {
        in_time("a message", self.wait()).await
    }

    /// What comes next, however long that takes.
    pub async fn wait(&mut self) -> Heard {
        match self.wait_for_text().await {
            Ok(text) => Heard::Message(serde_json::from_str(&text).expect("JSON")),
            Err(code) => Heard::Closed(code),
        }
    }

    /// The same, unread. `Err`: the socket is closed, with this code if there was one.
    pub async fn wait_for_text(&mut self) -> Result<Utf8Bytes, Option<u16>> {
        loop {
            return match self.0.next().await {
                Some(Ok(Message::Text(text))) => Ok(text),
                Some(Ok(Message::Close(frame))) => Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Err(None),
            };
        }
    }

    /// The message that comes next.
    pub async fn message(&mut self) -> Value {
        match self.next().await {
            Heard::Message(message) => message,
            Heard::Closed(code) => panic!("closed with {code:?}"),
        }
    }

    /// The code that the socket is closed with; messages before it are ignored.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Heard::Closed(code) = self.next().await {
                return code;
            }
        }
    }
}
