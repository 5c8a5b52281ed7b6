//! How a command that writes much leaves room for others: in transactions that hold the database for a short time only, and between
//! which those go first that wait.

use std::time::Duration;

use crate::App;

/// How long a transaction shall hold the database.
const HOLD: Duration = Duration::from_millis(25);
/// The rows of one are a multiple of this, so that most statements are known already; fewer are not worth a commit.
const STEP: usize = 25;
/// How many transactions the time of a row is the average of, about.
const MEMORY: u32 = 8;

/// How many rows a command writes in its next transaction.
#[derive(Debug)]
pub struct Pace {
    most: usize,
    rows: usize,
    /// What a row has taken of late.
    each: Duration,
}

impl Pace {
    pub fn new(most: usize) -> Self {
        Self { most, rows: STEP, each: HOLD / 100 }
    }

    /// How many rows the next transaction takes.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Before a transaction: lets those write that wait.
    pub async fn yields(&self, app: &App) {
        app.databases.let_others_write().await;
    }

    /// After one: so many rows have held the database for so long.
    pub fn learn(&mut self, rows: usize, held: Duration) {
        let Ok(count @ 1..) = u32::try_from(rows) else { return };
        self.each = (self.each * (MEMORY - 1) + held / count) / MEMORY;
        let fit = HOLD.as_nanos() / self.each.as_nanos().max(1);
        let fit = usize::try_from(fit).unwrap_or(self.most).min(self.most);
        self.rows = Ord::max(fit / STEP * STEP, STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_as_large_as_their_time_allows() {
        let mut pace = Pace::new(500);
        for (each, rows) in [(10, 500), (250, 100), (60, 400), (10_000, STEP), (1, 500)] {
            for _ in 0..100 {
                let taken = pace.rows();
                pace.learn(taken, Duration::from_micros(each) * u32::try_from(taken).unwrap());
            }
            assert_eq!(pace.rows(), rows, "{each} µs a row");
        }
        pace.learn(0, Duration::ZERO);
        assert_eq!(pace.rows(), 500);
    }
}
