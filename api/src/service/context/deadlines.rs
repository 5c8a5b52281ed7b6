//! When the next silence elapses, as far as this process knows. It reads and records nothing: `recommendation::silence` does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::domain::consensus::has_elapsed;

#[derive(Debug, Default)]
pub struct Deadlines {
    known: Mutex<Known>,
    /// Held by whoever records what has elapsed.
    pub turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    next: Option<DateTime<Utc>>,
    /// Counts what this process has opened.
    opened: u64,
    /// Until when nobody tries to record what has elapsed.
    given_up_until: Option<Instant>,
}

impl Deadlines {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a silence has elapsed and may not be recorded yet.
    pub fn are_due(&self, now: DateTime<Utc>) -> bool {
        let known = *self.known();
        known.given_up_until.is_none_or(|until| Instant::now() >= until)
            && known.next.is_some_and(|deadline| has_elapsed(deadline, now))
    }

    /// Lets nothing be due for a while: it cannot be recorded now.
    pub fn give_up(&self, pause: Duration) {
        self.known().given_up_until = Some(Instant::now() + pause);
    }

    /// Notes a silence that this process has opened.
    pub fn open(&self, deadline: DateTime<Utc>) {
        let mut known = self.known();
        known.next = Some(known.next.map_or(deadline, |next| next.min(deadline)));
        known.opened += 1;
    }

    /// A mark for `know`: what is opened after it was not there yet when the database was read.
    pub fn mark(&self) -> u64 {
        self.known().opened
    }

    /// Notes what the database has, if nothing was opened after the mark.
    pub fn know(&self, next: Option<DateTime<Utc>>, mark: u64) {
        let mut known = self.known();
        if known.opened == mark {
            known.next = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Deadlines;
    use chrono::{DateTime, TimeDelta, Utc};

    #[test]
    fn what_is_opened_while_the_database_is_read_stays_known() {
        let at = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let (deadlines, day) = (Deadlines::default(), TimeDelta::hours(24));
        let mark = deadlines.mark();
        deadlines.open(at + day);
        deadlines.open(at);
        deadlines.know(None, mark);
        assert_eq!(deadlines.known().next, Some(at));
        assert!(deadlines.are_due(at) && !deadlines.are_due(at - day));
        deadlines.give_up(Duration::from_hours(1));
        assert!(!deadlines.are_due(at));
        deadlines.know(Some(at + day), deadlines.mark());
        assert_eq!(deadlines.known().next, Some(at + day));
    }
}
