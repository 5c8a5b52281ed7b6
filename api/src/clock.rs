//! Time and chance: the only module that reads the system's clock or creates ids. Decides nothing by the time; everyone
//! else is given the clock as an argument.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use entity::id::RecordId;
use uuid::{ContextV7, Timestamp, Uuid};

/// The time zone in which the council's days begin and end.
pub const COUNCIL_ZONE: chrono_tz::Tz = chrono_tz::Asia::Tashkent;

/// The day in an IANA time zone; in the council's zone if the name is unknown.
pub fn day_in(at: DateTime<Utc>, zone: &str) -> NaiveDate {
    at.with_timezone(&zone.parse().unwrap_or(COUNCIL_ZONE)).date_naive()
}

/// Where the time comes from.
#[derive(Debug)]
pub enum Clock {
    System,
    /// Stands still until it is moved; for tests.
    Fixed(Mutex<DateTime<Utc>>),
}

impl Clock {
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Mutex::new(at))
    }

    /// Now, in UTC, to the microsecond: what both databases can store.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Fixed(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        now.trunc_subsecs(6)
    }

    /// The council's day, in Tashkent.
    pub fn today(&self) -> NaiveDate {
        self.now().with_timezone(&COUNCIL_ZONE).date_naive()
    }

    /// Moves a fixed clock forward; the system's clock stays as it is.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Fixed(at) = self {
            *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
        }
    }

    /// A new id. Ids of one process sort in the order in which they were created.
    pub fn new_id<I: RecordId>(&self) -> I {
        I::new(self.uuid())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that creates ids")]
    pub fn uuid(&self) -> Uuid {
        static CONTEXT: Mutex<ContextV7> = Mutex::new(ContextV7::new());
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&CONTEXT, seconds, now.timestamp_subsec_nanos()))
    }
}
