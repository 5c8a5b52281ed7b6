//! The messages of clients in the protocol, and the end reasons of a socket with the protocol's codes. Sends and receives nothing.

use axum::extract::ws::CloseFrame;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::lifetime::EndReason;
use crate::http::request::GraphqlRequest;

/// What a client sends.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Value>>,
    },
    Ping {},
    Pong {},
    Subscribe {
        id: String,
        payload: GraphqlRequest,
    },
    Complete {
        id: String,
    },
}

/// The end reason of a socket.
#[derive(Clone, Copy)]
pub enum End {
    /// The client has closed the socket.
    Closed,
    /// The client is gone.
    Left,
    Slow,
    /// The client has sent nothing for a while, not even an answer to a ping.
    Silent,
    /// The connection was cut without a close message, or a frame cannot be read.
    Broken,
    Stopped,
    /// The service cannot authenticate the client at the moment.
    Unavailable,
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
    /// The name of the reason in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed | Self::Left => "left",
            Self::Slow => "slow",
            Self::Silent => "silent",
            Self::Broken => "broken",
            Self::Stopped => EndReason::Stopped.name(),
            Self::Expired => EndReason::Expired.name(),
            Self::Revoked => EndReason::Revoked.name(),
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::InitTimeout => "init_timeout",
            Self::SubscriberExists => "subscriber_exists",
            Self::TooManyInits => "too_many_inits",
            Self::TooManyOperations => "too_many_operations",
        }
    }

    /// The protocol's code and its reason; `None` if nobody would read them.
    pub fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Closed | Self::Left | Self::Slow | Self::Silent => return None,
            Self::Stopped => (1001, "The service stops"),
            Self::Broken | Self::Malformed => (4400, "This is no message of the protocol"),
            Self::Unavailable => (1013, "Try again later"),
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

impl From<EndReason> for End {
    fn from(end_reason: EndReason) -> Self {
        match end_reason {
            EndReason::Expired => Self::Expired,
            EndReason::Revoked => Self::Revoked,
            EndReason::Stopped => Self::Stopped,
        }
    }
}
