//! The feed of one database as a process knows it: its identity, its head, and its followers. It neither reads nor writes the feed:
//! `change` does.

use aes::Aes128;
use aes::cipher::{Block, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
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
    /// The key that seals the cursors of this database, which nobody is shown.
    pub cursor_key: Uuid,
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
        let change_head::Model { epoch, cursor_key, first_version, seq, .. } = *row;
        Self { identity: Identity { epoch, cursor_key, first_version }, seq }
    }

    pub fn cursor(self) -> ChangeCursor {
        ChangeCursor { epoch: self.identity.epoch, key: self.identity.cursor_key, seq: self.seq }
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

/// The place of a change in the feed of one database. As a text it is opaque to clients: nobody can tell how far two of them are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChangeCursor {
    pub epoch: Uuid,
    key: Uuid,
    pub seq: i64,
}

/// How many bytes of the epoch a cursor has, before those of its number.
const OF_EPOCH: usize = 8;

/// What seals the one block of a cursor.
fn cipher(key: Uuid) -> Aes128 {
    Aes128::new(&key.into_bytes().into())
}

impl Identity {
    /// The cursor that a text stands for. Error: `INVALID_CURSOR` if it is none, `CURSOR_EXPIRED` if it is one of another feed.
    pub fn open(self, text: &str) -> Result<ChangeCursor, Error> {
        let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::InvalidFeedCursor)?;
        let mut block: Block<Aes128> = sealed.as_slice().try_into().map_err(|_| Error::InvalidFeedCursor)?;
        cipher(self.cursor_key).decrypt_block(&mut block);
        let number = block.strip_prefix(&self.epoch.as_bytes()[..OF_EPOCH]);
        let number = number.and_then(|number| number.try_into().ok()).ok_or(Error::CursorExpired)?;
        Ok(Head { identity: self, seq: i64::from_be_bytes(number) }.cursor())
    }
}

impl ChangeCursor {
    /// Whether it belongs to the feed with this identity.
    pub fn is_of(self, identity: Identity) -> bool {
        self.epoch == identity.epoch
    }
}

impl std::fmt::Display for ChangeCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut block = Block::<Aes128>::default();
        let (begin, number) = block.split_at_mut(OF_EPOCH);
        begin.copy_from_slice(&self.epoch.as_bytes()[..OF_EPOCH]);
        number.copy_from_slice(&self.seq.to_be_bytes());
        cipher(self.key).encrypt_block(&mut block);
        f.write_str(&URL_SAFE_NO_PAD.encode(block))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Head, Identity};
    use crate::error::Error;

    fn identity(epoch: u128) -> Identity {
        Identity { epoch: Uuid::from_u128(epoch << 64), cursor_key: Uuid::from_u128(7), first_version: 1 }
    }

    #[test]
    fn a_cursor_is_opened_by_its_own_feed_alone() {
        let (one, other) = (identity(1), identity(2));
        for seq in [0, 1, 2, i64::MAX] {
            let cursor = Head { identity: one, seq }.cursor();
            assert_eq!(one.open(&cursor.to_string()).unwrap(), cursor);
            assert!(matches!(other.open(&cursor.to_string()), Err(Error::CursorExpired)));
        }
        for wrong in ["", "AAAA", "no cursor", "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"] {
            assert!(matches!(one.open(wrong), Err(Error::InvalidFeedCursor)), "{wrong}");
        }
    }

    #[test]
    fn neighbours_have_nothing_in_common() {
        let texts: Vec<String> = (0..64).map(|seq| Head { identity: identity(7), seq }.cursor().to_string()).collect();
        for (one, next) in texts.iter().zip(&texts[1..]) {
            let same = one.bytes().zip(next.bytes()).filter(|(a, b)| a == b).count();
            assert!(same < 6, "{one} {next}");
        }
    }
}
