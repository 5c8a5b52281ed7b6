//! The last changes of the feed as this process has read them: all followers share one read of each. It runs no statement itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::change;
use futures_util::future::{BoxFuture, FutureExt as _, Shared};

use super::feed::{ChangeCursor, Head};
use crate::error::Error;

/// The most changes that are kept. A follower that is further behind reads for itself.
pub const MOST: u16 = 1000;

/// A read in progress. It continues even if nobody waits for it, and all who wait get its result, a failure too.
pub type Reading = Shared<BoxFuture<'static, Result<(), Arc<Error>>>>;

/// The feed at one moment.
pub struct Read {
    pub head: Head,
    /// The number of the last deleted change.
    pub floor: i64,
    pub lines: Vec<change::Model>,
}

/// A run of changes without a gap.
#[derive(Debug)]
pub struct Recent {
    known: Mutex<Known>,
    reading: Mutex<Option<Reading>>,
}

#[derive(Debug)]
struct Known {
    /// All changes after this number up to the head are here.
    after: i64,
    head: Head,
    lines: VecDeque<Arc<change::Model>>,
}

impl Recent {
    pub fn of(head: Head) -> Self {
        let known = Known { after: head.seq, head, lines: VecDeque::new() };
        Self { known: Mutex::new(known), reading: Mutex::new(None) }
    }

    /// The last change that is here.
    pub fn head(&self) -> Head {
        self.known().head
    }

    /// Whether all changes up to a head are here.
    pub fn goes_to(&self, head: Head) -> bool {
        self.known().goes_to(head)
    }

    /// The changes after a cursor, and the head; `None` if not all of them are here.
    pub fn since(&self, after: ChangeCursor) -> Option<(Vec<Arc<change::Model>>, Head)> {
        let known = self.known();
        if !after.is_of(known.head.identity) || !(known.after..=known.head.seq).contains(&after.seq) {
            return None;
        }
        let first = known.lines.partition_point(|line| line.seq <= after.seq);
        Some((known.lines.range(first..).cloned().collect(), known.head))
    }

    /// Adds what was read of the feed after the last change that is here.
    pub fn read_on(&self, read: Read) {
        self.known().read_on(read);
    }

    /// The read in progress, or else this one.
    pub fn reading(&self, read: impl Future<Output = Result<(), Error>> + Send + 'static) -> Reading {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = reading.as_ref().filter(|reading| reading.peek().is_none()) {
            return reading.clone();
        }
        let task = tokio::spawn(read);
        let begun = task.map(|done| done.unwrap_or_else(|panic| Err(Error::Internal(panic.into()))).map_err(Arc::new));
        reading.insert(begun.boxed().shared()).clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn goes_to(&self, head: Head) -> bool {
        self.head.includes(head)
    }

    /// Adds what was read of the feed after the last known change.
    fn read_on(&mut self, Read { head, floor, lines }: Read) {
        let from = std::mem::replace(&mut self.head, head);
        self.lines.extend(lines.into_iter().map(Arc::new));
        let is_whole = head.identity == from.identity
            && floor <= from.seq
            && self.lines.back().map_or(head.seq == from.seq, |last| last.seq == head.seq);
        if !is_whole {
            (self.after, self.lines) = (head.seq, VecDeque::new());
        }
        while self.lines.len() > usize::from(MOST)
            && let Some(oldest) = self.lines.pop_front()
        {
            self.after = oldest.seq;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entity::change::{ChangeKind, Model};
    use entity::{Audience, RecordType};
    use uuid::Uuid;

    use super::super::feed::Identity;
    use super::{Head, Known, MOST, Read, Recent};

    fn line(seq: i64) -> Model {
        Model {
            seq,
            at: DateTime::UNIX_EPOCH,
            actor: String::new(),
            subject_kind: RecordType::Theme,
            subject_id: Uuid::nil(),
            kind: ChangeKind::Updated,
            version: 1,
            reason: None,
            replaced_by: None,
            audience: Audience::Public,
            owner: None,
            audience_before: None,
            owner_before: None,
        }
    }

    fn head(seq: i64) -> Head {
        Head { seq, identity: Identity { epoch: Uuid::nil(), cursor_key: Uuid::nil(), first_version: 1 } }
    }

    /// What is known of a feed that stood at 100, after each read of a head, a floor, and so many changes from the first one on.
    fn known_after(reads: &[(i64, i64, i64, i64)]) -> Known {
        let mut known = Recent::of(head(100)).known.into_inner().unwrap();
        for &(seq, floor, first, count) in reads {
            known.read_on(Read { head: head(seq), floor, lines: (first..first + count).map(line).collect() });
        }
        known
    }

    #[test]
    fn of_another_feed_nothing_is_known() {
        let mut known = known_after(&[(103, 0, 101, 3)]);
        let other = Head {
            seq: 102,
            identity: Identity { epoch: Uuid::from_u128(1), cursor_key: Uuid::nil(), first_version: 1 },
        };
        assert!(known.goes_to(head(103)) && !known.goes_to(other));
        known.read_on(Read { head: other, floor: 0, lines: Vec::new() });
        assert_eq!((known.after, known.lines.len()), (102, 0));
        assert!(known.goes_to(other) && !known.goes_to(head(103)));
    }

    #[test]
    fn what_is_known_has_no_gap() {
        let most = i64::from(MOST);
        for (reads, after, count) in [
            (vec![(100, 0, 0, 0)], 100, 0),
            (vec![(103, 0, 101, 3)], 100, 3),
            (vec![(103, 0, 101, 3), (103, 0, 0, 0), (105, 0, 104, 2)], 100, 5),
            (vec![(100 + most, 0, 101, most), (101 + most, 0, 101 + most, 1)], 101, 1000),
            // More than one read returns.
            (vec![(5000, 0, 101, 1001)], 5000, 0),
            // Some of them are already deleted.
            (vec![(300, 200, 201, 100)], 300, 0),
            (vec![(300, 300, 0, 0)], 300, 0),
        ] {
            let known = known_after(&reads);
            assert_eq!((known.after, known.lines.len()), (after, count), "{reads:?}");
            assert_eq!(known.head.seq, reads.last().unwrap().0);
            assert!(known.lines.iter().map(|line| line.seq).eq(known.after + 1..=known.head.seq));
        }
    }
}
