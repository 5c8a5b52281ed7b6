//! One execution of a subscription: from where on it reads the feed, and how far it comes. A field yields the results that are there, and does not
//! wait for others: whoever executes it does so again when the feed has grown.

use std::sync::OnceLock;

use entity::RecordType;

use crate::service::change::since::Batch;
use crate::service::context::feed::ChangeCursor;

/// From where on an execution reads, and how far it has come.
#[derive(Debug, Default)]
pub struct Fetch {
    pub start: Start,
    fetched: OnceLock<Fetched>,
}

/// From where on an execution reads.
#[derive(Clone, Debug, Default)]
pub enum Start {
    /// From where the arguments of the field say.
    #[default]
    Arguments,
    /// After the last cursor that the client received from an earlier stream.
    LastEvent(String),
    /// After a cursor of this feed.
    Cursor(ChangeCursor),
}

/// How far an execution has come.
#[derive(Debug)]
pub struct Fetched {
    /// The position after each result.
    pub results: Vec<ChangeCursor>,
    /// The position after all of them.
    pub end: ChangeCursor,
    /// Whether there are further results now.
    pub has_next: bool,
    /// The types of records of whose changes it tells; `None` if it tells of every change, whoever sees it.
    pub records: Option<Vec<RecordType>>,
}

impl Fetch {
    pub fn new(start: Start) -> Self {
        Self { start, fetched: OnceLock::new() }
    }

    /// How far the execution has come; `None` if it failed before.
    pub fn fetched(&self) -> Option<&Fetched> {
        self.fetched.get()
    }

    /// Whether it may yield another result after so many.
    pub fn goes_on(&self, made: usize) -> bool {
        // An error before the results is the only one.
        self.fetched().map_or(made == 0, |fetched| fetched.results.len() > made)
    }

    /// Where to read on after so many results, and whether there are further ones now; `None` if that is not known.
    pub fn next(&self, made: usize) -> Option<(ChangeCursor, bool)> {
        let fetched = self.fetched()?;
        if made >= fetched.results.len() {
            return Some((fetched.end, fetched.has_next));
        }
        Some((*fetched.results.get(made.checked_sub(1)?)?, true))
    }

    /// Notes the one batch of changes that the execution yields.
    pub fn note_batch(&self, batch: &Batch, records: Vec<RecordType>) {
        let results = batch.changes.iter().map(|change| change.cursor).collect();
        self.note(Fetched { results, end: batch.end, has_next: batch.has_next, records: Some(records) });
    }

    /// Notes that the execution yields one result, for the feed as it is at a cursor.
    pub fn note_state(&self, at: ChangeCursor) {
        self.note(Fetched { results: vec![at], end: at, has_next: false, records: None });
    }

    fn note(&self, fetched: Fetched) {
        // A subscription has one field, so there is nothing to overwrite.
        let _ = self.fetched.set(fetched);
    }
}
