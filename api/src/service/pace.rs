//! How a command that writes much leaves room for others: in transactions that hold the database for a short time only, and between
//! which those go first that wait.

use std::time::Duration;

use crate::service::context::AppContext;

/// How long a transaction shall work before its commit. What the disk takes then is the same for few rows and for many.
const WORK: Duration = Duration::from_millis(12);
/// The rows by which transactions differ, so that most statements are known already.
const STEP: usize = 25;
/// The rows of the first one, if as few are enough.
const FIRST: usize = 100;

/// How many rows a command writes in its next transaction.
#[derive(Debug)]
pub struct Pace {
    fewest: usize,
    most: usize,
    rows: usize,
}

impl Pace {
    /// At least so many rows, whatever they take, for each commit writes the pages of the indexes again that it touches; and at most.
    pub fn between(fewest: usize, most: usize) -> Self {
        Self { fewest, most, rows: FIRST.clamp(fewest, most) }
    }

    /// How many rows the next transaction takes.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Before a transaction: lets those write that wait.
    pub async fn yields(&self, app: &AppContext) {
        app.databases.let_others_write().await;
    }

    /// Before its commit, or after: so many rows were so much work. One that crossed with another one was none, and tells nothing.
    pub fn learn(&mut self, rows: usize, worked: Duration) {
        if worked.is_zero() {
            return;
        }
        let next = if worked > 4 * WORK {
            self.rows / 2 / STEP * STEP
        } else if worked > WORK {
            self.rows.saturating_sub(STEP)
        } else if rows >= self.rows {
            self.rows + STEP
        } else {
            self.rows
        };
        self.rows = next.clamp(self.fewest, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_as_large_as_their_time_allows() {
        let mut pace = Pace::between(50, 500);
        for (each, least, most) in [(10, 500, 500), (110, 100, 125), (36, 325, 350), (10_000, 50, 50), (1, 500, 500)] {
            for _ in 0..30 {
                let rows = pace.rows();
                pace.learn(rows, Duration::from_micros(each) * u32::try_from(rows).unwrap());
            }
            assert!((least..=most).contains(&pace.rows()), "{} rows of {each} µs", pace.rows());
        }
    }

    #[test]
    fn a_transaction_of_few_rows_tells_nothing_of_many() {
        let mut pace = Pace::between(50, 500);
        pace.learn(1, Duration::from_millis(1));
        assert_eq!(pace.rows(), FIRST);
        pace.learn(1, Duration::from_millis(50));
        assert_eq!(pace.rows(), 50);
    }
}
