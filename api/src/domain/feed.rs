//! What a viewer is told of a change: only what it may see of the record, before and after. It reads no feed, and numbers
//! nothing.

use std::collections::HashSet;
use std::hash::Hash;

use async_graphql::Enum;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use entity::change::ChangeKind;

/// What happened to a record, as the viewer sees it.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "ChangeKind")]
pub enum SeenAs {
    /// There is a record that you could not see before: it is new, or has become visible to you.
    Created,
    /// A record that you could see has changed.
    Updated,
    /// A record is gone for good. Remove it.
    Removed,
    /// You may no longer see a record. Remove it. From now on you are told nothing more about it.
    AccessLost,
}

/// How a change appears to a viewer that `could` see the record before, and `can` see it after. `None` if not at all.
pub fn seen_as(kind: ChangeKind, could: bool, can: bool) -> Option<SeenAs> {
    match (kind, could, can) {
        (ChangeKind::Removed, true, _) => Some(SeenAs::Removed),
        (ChangeKind::Removed, false, _) | (_, false, false) => None,
        (_, true, false) => Some(SeenAs::AccessLost),
        (ChangeKind::Created, ..) | (_, false, true) => Some(SeenAs::Created),
        (ChangeKind::Updated, true, true) => Some(SeenAs::Updated),
    }
}

/// The first version that is given under a new identity of the feed: the seconds since 2026. All versions that a restored backup has lost
/// were lower, unless a record was changed more than once a second for all that time.
pub fn first_version(at: DateTime<Utc>) -> i32 {
    let since = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc();
    i32::try_from((at - since).num_seconds()).unwrap_or(i32::MAX / 2).clamp(1, i32::MAX / 2)
}

/// Keeps only the last of several changes of one record, in its place.
pub fn collapse<T, K: Eq + Hash>(changes: Vec<T>, record: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut last: Vec<T> = changes.into_iter().rev().filter(|change| seen.insert(record(change))).collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_told_what_it_may_see() {
        use ChangeKind::{Created, Removed, Updated};
        for (kind, could, can, expected) in [
            (Created, false, true, Some(SeenAs::Created)),
            (Created, false, false, None),
            (Updated, true, true, Some(SeenAs::Updated)),
            (Updated, true, false, Some(SeenAs::AccessLost)),
            (Updated, false, true, Some(SeenAs::Created)),
            (Updated, false, false, None),
            (Removed, true, true, Some(SeenAs::Removed)),
            (Removed, false, true, None),
            (Removed, false, false, None),
        ] {
            assert_eq!(seen_as(kind, could, can), expected, "{kind:?} {could} {can}");
        }
    }

    #[test]
    fn versions_go_on_above_all_that_were_given() {
        for (at, expected) in [
            ("2025-06-01T00:00:00Z", 1),
            ("2026-01-01T00:00:30Z", 30),
            ("2026-01-15T04:00:00Z", 14 * 86_400 + 4 * 3600),
            ("2036-01-01T00:00:00Z", 3652 * 86_400),
        ] {
            assert_eq!(first_version(at.parse().unwrap()), expected, "{at}");
        }
    }

    #[test]
    fn the_last_change_of_a_record_stays_where_it_stands() {
        let changes = vec![("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)];
        assert_eq!(collapse(changes, |change| change.0), [("a", 3), ("c", 4), ("b", 5)]);
        assert_eq!(collapse(Vec::<(&str, i32)>::new(), |change| change.0), []);
    }
}
