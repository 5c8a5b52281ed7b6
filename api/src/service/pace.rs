//! How a command that writes much leaves room for others: its transactions are short, and between them waiting writers go first. It writes
//! nothing itself.

use std::time::Duration;

use crate::service::context::AppContext;

/// How long a transaction should work before its commit. The disk then takes the same time for few rows as for many.
const WORK: Duration = Duration::from_millis(12);
/// The number of rows changes in these steps, so that most statements are prepared already.
const STEP: usize = 25;
/// The rows of the first transaction, if the bounds allow it.
const FIRST: usize = 100;

/// How many rows a command writes in its next transaction.
#[derive(Debug)]
pub struct Pace {
    fewest: usize,
    most: usize,
    rows: usize,
}

impl Pace {
    /// At least `fewest` rows, however long they take, because each commit rewrites the index pages that it touches; and at most `most`.
    pub fn between(fewest: usize, most: usize) -> Self {
        Self { fewest, most, rows: FIRST.clamp(fewest, most) }
    }

    /// How many rows the next transaction takes.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Before a transaction: lets waiting writers go first.
    pub async fn yields(&self, app: &AppContext) {
        app.databases.let_others_write().await;
    }

    /// Learns how long the work for so many rows took. A write that failed by a conflict reports no time, and teaches nothing.
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
