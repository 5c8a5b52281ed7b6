//! The feed of one database as a process knows it: its identity, its head, and its followers. It neither reads nor writes the feed:
//! `change` does.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::change_head;
use tokio::sync::watch;
use uuid::Uuid;

use super::recent::Recent;
use crate::error::Error;

/// What distinguishes the feed of a database from that of another one. A restored backup has another identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub epoch: Uuid,
    /// The lowest version that a record gets when it is changed.
    pub first_version: i32,
}

impl Identity {
    /// The version after this one.
    pub fn next_version(self, version: i32) -> i32 {
        Ord::max(version + 1, self.first_version)
    }
}

/// The last change of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub identity: Identity,
    pub seq: i64,
}

impl Head {
    pub fn of(row: &change_head::Model) -> Self {
        Self { identity: Identity { epoch: row.epoch, first_version: row.first_version }, seq: row.seq }
    }

    pub fn cursor(self) -> ChangeCursor {
        ChangeCursor { epoch: self.identity.epoch, seq: self.seq }
    }

    /// Whether all changes up to another head are there at this one.
    pub fn includes(self, other: Self) -> bool {
        self.identity == other.identity && self.seq >= other.seq
    }

    /// Whether there is something to read after a cursor: a later change, or another feed.
    pub fn is_beyond(self, cursor: ChangeCursor) -> bool {
        !cursor.is_of(self.identity) || self.seq > cursor.seq
    }

    /// Whether it is newer than another one: a later change, or another feed.
    pub fn is_after(self, other: Self) -> bool {
        self.identity != other.identity || self.seq > other.seq
    }
}

/// The feed of one database: its followers, and its last changes. A notification carries only the head; each follower reads on from its own
/// cursor.
#[derive(Debug)]
pub struct Feed {
    head: watch::Sender<Head>,
    pub recent: Recent,
}

impl Feed {
    /// The feed of a database whose last change is known.
    pub fn at(head: Head) -> Self {
        Self { head: watch::Sender::new(head), recent: Recent::of(head) }
    }

    pub fn cursor(&self, seq: i64) -> ChangeCursor {
        Head { seq, ..self.head() }.cursor()
    }

    /// Notifies every follower that the feed has grown, or has another identity.
    pub fn notify(&self, heard: Head) {
        self.head.send_if_modified(|head| {
            let is_news = heard.is_after(*head);
            if is_news {
                *head = heard;
            }
            is_news
        });
    }

    /// The last change that this process knows of.
    pub fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// A receiver of every change from now on.
    pub fn follow(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }
}

/// The place of a change in the feed of one database. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChangeCursor {
    pub epoch: Uuid,
    pub seq: i64,
}

/// How many bytes of the epoch a cursor has.
const OF_EPOCH: usize = 8;

impl ChangeCursor {
    /// Whether it belongs to the feed with this identity.
    pub fn is_of(self, identity: Identity) -> bool {
        self.epoch.as_bytes()[..OF_EPOCH] == identity.epoch.as_bytes()[..OF_EPOCH]
    }
}

impl std::fmt::Display for ChangeCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = self.epoch.as_bytes()[..OF_EPOCH].to_vec();
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for ChangeCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::InvalidCursor)?;
        let (begin, seq) = bytes.split_at_checked(OF_EPOCH).ok_or(Error::InvalidCursor)?;
        let seq = i64::from_be_bytes(seq.try_into().map_err(|_| Error::InvalidCursor)?);
        let mut epoch = [0; 16];
        epoch[..OF_EPOCH].copy_from_slice(begin);
        Ok(Self { epoch: Uuid::from_bytes(epoch), seq })
    }
}
