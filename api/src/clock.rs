//! Time and chance: the only module that reads the system's clock or creates ids. Decides nothing by the time; everyone
//! else is given the clock as an argument.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use entity::id::RecordId;
use uuid::{Builder, Uuid};

/// The time zone in which the council's days begin and end.
pub const COUNCIL_ZONE: chrono_tz::Tz = chrono_tz::Asia::Tashkent;

/// The day in an IANA time zone; in the council's zone if the name is unknown.
pub fn day_in(at: DateTime<Utc>, zone: &str) -> NaiveDate {
    at.with_timezone(&zone.parse().unwrap_or(COUNCIL_ZONE)).date_naive()
}

/// The council's day, in Tashkent.
pub fn council_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&COUNCIL_ZONE).date_naive()
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

    /// The council's day.
    pub fn today(&self) -> NaiveDate {
        council_day(self.now())
    }

    /// Moves a fixed clock forward; the system's clock stays as it is.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Fixed(at) = self {
            *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
        }
    }

    /// A new id. Ids of one process sort in the order in which they were created, and hardly tell how many are between two of them.
    pub fn new_id<I: RecordId>(&self) -> I {
        I::new(self.uuid())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that creates ids")]
    pub fn uuid(&self) -> Uuid {
        static LAST: Mutex<Option<Place>> = Mutex::new(None);
        let now = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        // The version and the variant of a random UUID are left out.
        let chance = Uuid::new_v4().as_u128();
        let chance = (chance >> 80) << 62 | (chance & ((1 << 62) - 1));
        let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = last.map_or_else(|| Place::fresh(now, chance), |last| last.next(now, chance));
        *last = Some(next);
        next.uuid()
    }
}

/// The place of an id of version 7 (RFC 9562) among all ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    millisecond: u64,
    /// What distinguishes the ids of one millisecond: `BITS` bits.
    within: u128,
}

impl Place {
    const BITS: u32 = 74;
    /// The most bits of a step from one id to the next one.
    const STEP_BITS: u128 = 60;

    /// A place in the lower half of a millisecond. `chance` has 110 random bits.
    fn fresh(millisecond: u64, chance: u128) -> Self {
        Self { millisecond, within: chance & ((1 << (Self::BITS - 1)) - 1) }
    }

    /// The place of the next id. Steps of 0 to 60 bits have the same chance: the longest one between two ids hides how many there are.
    fn next(self, now: u64, chance: u128) -> Self {
        if now > self.millisecond {
            return Self::fresh(now, chance);
        }
        let (length, bits) = ((chance >> 62) % (Self::STEP_BITS + 1), chance & ((1 << Self::STEP_BITS) - 1));
        let within = self.within + 1 + (bits & ((1 << length) - 1));
        // When the clock stands still, or goes back, ids go on.
        if within >> Self::BITS == 0 { Self { within, ..self } } else { Self::fresh(self.millisecond + 1, chance) }
    }

    fn uuid(self) -> Uuid {
        let (high, low) = (self.within >> 62, self.within & ((1 << 62) - 1));
        let bytes = (high << 64 | low).to_be_bytes();
        let mut within = [0; 10];
        within.copy_from_slice(&bytes[6..]);
        Builder::from_unix_timestamp_millis(self.millisecond, &within).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Place};
    use chrono::DateTime;
    use uuid::{Uuid, Variant};

    #[test]
    fn ids_are_in_order_and_count_nothing() {
        let clock = Clock::fixed(DateTime::from_timestamp_millis(1_800_000_000_000).unwrap());
        let ids: Vec<Uuid> = (0..2_000).map(|_| clock.uuid()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == Variant::RFC4122));
        let steps = |over: usize| -> Vec<u128> {
            let mut steps: Vec<u128> =
                ids.windows(over + 1).map(|ids| ids[over].as_u128() - ids[0].as_u128()).collect();
            steps.sort_unstable();
            steps
        };
        // Many steps over one id are longer than many over five.
        let (one, five) = (steps(1), steps(5));
        assert!(one[one.len() * 9 / 10] > five[five.len() / 10]);
    }

    #[test]
    fn ids_go_on_when_a_millisecond_is_full() {
        let full = Place { millisecond: 5, within: (1 << Place::BITS) - 1 };
        let next = full.next(4, 7);
        assert_eq!((next.millisecond, next.within), (6, 7));
        assert!(next.uuid() > full.uuid());
        assert_eq!(full.next(9, 7).millisecond, 9);
    }
}
