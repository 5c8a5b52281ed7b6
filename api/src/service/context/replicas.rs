//! The replicas as a process knows them: up to which change each one has the feed, and whether it keeps up. It runs no statement:
//! `service/replica.rs` does.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::feed::Head;
use crate::database::replica::{Generation, Replica};

/// The replicas of a process.
#[derive(Debug, Default)]
pub struct Replicas {
    all: Vec<Known>,
    /// Tells who waits for a replica that one has moved on.
    moved: watch::Sender<()>,
    /// Tells who asks the replicas that someone waits.
    wanted: watch::Sender<()>,
    turn: AtomicUsize,
    /// How often a replica was chosen to read from, and how often the primary was.
    chosen: [AtomicU64; 2],
}

#[derive(Debug)]
struct Known {
    replica: Replica,
    position: Mutex<Option<Position>>,
}

/// Where a replica was when it was last asked.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// The last change that it has.
    pub head: Head,
    /// Of the replica when it was asked.
    pub generation: Generation,
    /// Whether it had within a moment what the primary had.
    pub keeps_up: bool,
}

/// A replica that is read from.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    pub number: usize,
    pub generation: Generation,
}

/// Whether a replica is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    KeepsUp,
    Lags,
    Away,
}

impl Standing {
    pub const ALL: [Self; 3] = [Self::KeepsUp, Self::Lags, Self::Away];

    /// Its name in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeepsUp => "keeps_up",
            Self::Lags => "lags",
            Self::Away => "away",
        }
    }
}

impl Replicas {
    pub fn of(replicas: impl IntoIterator<Item = Replica>) -> Self {
        let known = |replica| Known { replica, position: Mutex::default() };
        Self { all: replicas.into_iter().map(known).collect(), ..Self::default() }
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }

    pub fn replica(&self, number: usize) -> &Replica {
        &self.all[number].replica
    }

    /// Remembers where a replica is; `None` if it does not answer.
    pub fn note(&self, number: usize, position: Option<Position>) {
        *self.all[number].position() = position;
        self.moved.send_replace(());
    }

    /// Whether a replica kept up when it was last asked, even if its generation was another one.
    pub fn kept_up(&self, number: usize) -> bool {
        self.all[number].position().is_some_and(|position| position.keeps_up)
    }

    /// Where a replica was when it was last asked, unless that may be true no longer.
    pub fn position(&self, number: usize) -> Option<Position> {
        self.all[number].known()
    }

    /// A replica that has all changes up to a head, in turn.
    pub fn that_has(&self, head: Head) -> Option<Choice> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..self.count()).find_map(|next| {
            let number = first.wrapping_add(next) % self.count();
            let position = self.position(number).filter(|position| position.head.includes(head))?;
            Some(Choice { number, generation: position.generation })
        })
    }

    /// As `that_has`, of one that may still have to get there.
    pub async fn that_gets(&self, head: Head) -> Choice {
        let mut moved = self.moved.subscribe();
        self.wanted.send_replace(());
        loop {
            if let Some(choice) = self.that_has(head) {
                return choice;
            }
            if moved.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether it is worth waiting for one.
    pub fn keep_up(&self) -> bool {
        (0..self.count()).any(|number| self.kept_up(number))
    }

    /// A receiver that is told when someone waits.
    pub fn wanted(&self) -> watch::Receiver<()> {
        self.wanted.subscribe()
    }

    /// Counts a choice.
    pub fn count_choice(&self, choice: Option<Choice>) {
        self.chosen[usize::from(choice.is_none())].fetch_add(1, Ordering::Relaxed);
    }

    /// How each one stands, with how many changes it is behind a head, for the metrics.
    pub fn standings(&self, head: Head) -> impl Iterator<Item = (&Replica, Standing, Option<i64>)> {
        self.all.iter().map(move |known| {
            let position = *known.position();
            let standing = match position {
                None => Standing::Away,
                Some(Position { keeps_up: true, .. }) => Standing::KeepsUp,
                Some(_) => Standing::Lags,
            };
            (&known.replica, standing, position.map(|position| Ord::max(head.seq - position.head.seq, 0)))
        })
    }

    /// How often a replica was chosen to read from, and how often the primary.
    pub fn choices(&self) -> [u64; 2] {
        [0, 1].map(|index| self.chosen[index].load(Ordering::Relaxed))
    }
}

impl Known {
    fn position(&self) -> MutexGuard<'_, Option<Position>> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> Option<Position> {
        self.position().filter(|position| position.generation == self.replica.generation())
    }
}
