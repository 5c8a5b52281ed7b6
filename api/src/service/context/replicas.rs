//! The replicas as a process knows them: up to which change each one has the feed, and whether it keeps up. It runs no statement:
//! `service/replica.rs` does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::feed::Head;
use crate::database::replica::Replica;

/// The replicas of a process.
#[derive(Debug, Default)]
pub struct Replicas {
    all: Vec<Known>,
    /// Tells who waits for a replica that one has moved on.
    moved: watch::Sender<()>,
    /// Tells who asks the replicas that someone waits.
    wanted: watch::Sender<()>,
    turn: AtomicUsize,
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
    /// When it was asked.
    pub asked: Instant,
    /// Whether it has what the primary had a moment ago.
    pub keeps_up: bool,
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

    /// Remembers where a replica is; `None` if it does not answer. Returns where it was.
    pub fn note(&self, number: usize, position: Option<Position>) -> Option<Position> {
        let before = std::mem::replace(&mut *self.all[number].position(), position);
        self.moved.send_replace(());
        before
    }

    /// Whether a replica has all changes up to a head.
    pub fn has(&self, number: usize, head: Head) -> bool {
        self.all[number].known().is_some_and(|position| position.head.includes(head))
    }

    /// A replica that has all changes up to a head, in turn.
    pub fn that_has(&self, head: Head) -> Option<usize> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..self.count()).map(|next| first.wrapping_add(next) % self.count()).find(|number| self.has(*number, head))
    }

    /// As `that_has`, of one that may still have to get there.
    pub async fn that_gets(&self, head: Head) -> usize {
        let mut moved = self.moved.subscribe();
        self.wanted.send_replace(());
        loop {
            if let Some(number) = self.that_has(head) {
                return number;
            }
            if moved.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether it is worth waiting for one.
    pub fn keep_up(&self) -> bool {
        self.standings().any(|standing| standing == Standing::KeepsUp)
    }

    /// How many there are of each standing; nothing without replicas.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let of = |standing: Standing| (standing.name(), self.standings().filter(|one| *one == standing).count());
        if self.all.is_empty() { Vec::new() } else { Standing::ALL.map(of).to_vec() }
    }

    fn standings(&self) -> impl Iterator<Item = Standing> {
        self.all.iter().map(|known| match known.known() {
            None => Standing::Away,
            Some(position) if position.keeps_up => Standing::KeepsUp,
            Some(_) => Standing::Lags,
        })
    }

    /// A receiver that is told when someone waits.
    pub fn wanted(&self) -> watch::Receiver<()> {
        self.wanted.subscribe()
    }
}

impl Known {
    fn position(&self) -> MutexGuard<'_, Option<Position>> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its position, unless its server may be another one by now.
    fn known(&self) -> Option<Position> {
        self.position().filter(|position| self.replica.is_same_since(position.asked))
    }
}
