//! The rules of a meeting besides its state. They do not judge who may change it.

use chrono::{DateTime, NaiveDate, Utc};
use entity::body::{self, BodyKind};
use entity::consensus_procedure::{self, ConsensusOutcome, ConsensusStage};
use entity::id::MeetingId;
use entity::meeting::{self, MeetingKind, MeetingStatus, Modality, Sensitivity};
use entity::participation::Attendance;
use entity::recommendation;

use super::fields;
use super::validation::{Validated, ValidationError, ValidationErrorCode, all, combine, ensure, none};

/// A meeting ends on the day it starts, or later.
pub fn dates(starts_on: NaiveDate, ends_on: NaiveDate) -> Validated<()> {
    combine!(() = fields::day("startsOn", starts_on).map(drop), () = fields::day("endsOn", ends_on).map(drop));
    ensure(ends_on >= starts_on, || ValidationError::invalid("endsOn", "The meeting ends before it starts."))
}

/// An online meeting has no venue.
pub fn venue(modality: Modality, venue: Option<&str>) -> Validated<()> {
    ensure(modality != Modality::Online || venue.is_none(), || {
        ValidationError::invalid("venue", "An online meeting has no venue.")
    })
}

/// A count has a qualifier, and a qualifier has a count.
pub fn count(count: Option<i32>, qualified: bool) -> Validated<()> {
    all([
        ensure(count.is_none_or(|count| count >= 0), || {
            ValidationError::invalid("participantCount", "A count is not negative.")
        }),
        ensure(count.is_some() == qualified, || {
            ValidationError::required(
                "countQualifier",
                "A participant count and its qualifier are given together or not at all.",
            )
        }),
    ])
}

/// The IANA name of the zone in which the meeting's days are counted.
pub fn timezone(path: &str, name: &str) -> Validated<String> {
    let zone: Result<chrono_tz::Tz, _> = name.parse();
    zone.map(|zone| zone.name().to_owned()).map_err(|_| {
        vec![ValidationError::invalid(path, "This is not a time zone of the IANA database, such as Asia/Tashkent.")]
    })
}

/// The greatest ordinal of a session that is not part of a demonstration.
pub const LAST_ORDINAL: i32 = 9999;

/// A body counts its sessions from 1.
pub fn ordinal(path: &str, ordinal: i32) -> Validated<()> {
    ensure((1..=LAST_ORDINAL).contains(&ordinal), || {
        ValidationError::invalid(path, format!("Ordinals count from 1 to {LAST_ORDINAL}."))
    })
}

pub const ORDINAL_TAKEN: &str =
    "The body has a session of this ordinal already. A cancelled meeting gives its ordinal back by setBodySessions.";

/// An ordinal of a body belongs to one session.
pub fn ordinal_is_free(free: bool) -> Validated<()> {
    ensure(free, || ValidationError::new(ValidationErrorCode::AlreadyExists, "sessions", ORDINAL_TAKEN))
}

/// Briefings, side events and dialogues carry no body session.
pub fn carries_sessions(kind: MeetingKind) -> bool {
    !matches!(kind, MeetingKind::Briefing | MeetingKind::SideEvent | MeetingKind::ConferenceOrDialogue)
}

pub fn sessions(kind: MeetingKind, count: usize) -> Validated<()> {
    ensure(count == 0 || carries_sessions(kind), || {
        ValidationError::invalid("sessions", "Briefings, side events and dialogues carry no body session.")
    })
}

/// A meeting has at least one organiser from its confirmation on.
pub fn organizers(status: MeetingStatus, count: usize) -> Validated<()> {
    let needed = matches!(status, MeetingStatus::Confirmed | MeetingStatus::InSession | MeetingStatus::Concluded);
    ensure(!needed || count > 0, || {
        ValidationError::state("organizers", "From its confirmation on a meeting has an organiser.")
    })
}

/// A meeting is concluded on the day after its last day at the earliest: only once `endsOn` has passed.
pub fn may_conclude(ends_on: NaiveDate, today: NaiveDate) -> Validated<()> {
    ensure(today > ends_on, || {
        ValidationError::state("id", format!("The meeting ends on {ends_on}; it is concluded after that day."))
    })
}

/// A meeting in session cannot be moved into the future, and neither can a concluded one.
pub fn still_held(row: &meeting::Model, today: NaiveDate) -> Validated<()> {
    // In one state at most one of them is broken.
    ensure(row.status != MeetingStatus::InSession || today >= row.starts_on, || {
        ValidationError::state("startsOn", "The meeting is in session: it has started.")
    })?;
    ensure(row.status != MeetingStatus::Concluded || today > row.ends_on, || {
        ValidationError::state("endsOn", "The meeting is concluded: it has ended.")
    })
}

/// A meeting opens on its first day or later.
pub fn may_open(starts_on: NaiveDate, today: NaiveDate) -> Validated<()> {
    ensure(today >= starts_on, || {
        ValidationError::state("id", format!("The meeting starts on {starts_on}; it cannot be opened before."))
    })
}

/// Something can only be recorded as reached at a meeting that takes or took place with a session of the body.
pub fn reached_at(status: MeetingStatus, has_session: bool, body: &str) -> Validated<()> {
    let held = matches!(status, MeetingStatus::InSession | MeetingStatus::Concluded);
    all([
        ensure(held, || ValidationError::state("meetingId", "The meeting is neither in session nor concluded.")),
        ensure(has_session, || {
            ValidationError::state("meetingId", format!("The meeting carries no session of {body}."))
        }),
    ])
}

/// As `reached_at`, for an adoption by the body that may adopt and has a session there, if one does.
pub fn adopts_at<B>(status: MeetingStatus, body: Option<B>) -> Validated<B> {
    reached_at(status, body.is_some(), "the Executive Committee or the plenary")?;
    body.ok_or_else(Vec::new)
}

/// The Executive Committee adopts; the plenary, to which it reports, may adopt as well.
pub fn may_adopt(kind: BodyKind) -> bool {
    matches!(kind, BodyKind::ExecutiveCommittee | BodyKind::Plenary)
}

/// Whether a meeting's last day is today, in its own time zone, or to come.
pub fn is_to_come(ends_on: NaiveDate, today: NaiveDate) -> bool {
    ends_on >= today
}

/// The states of a meeting that has a day and is not over.
pub const TO_COME: [MeetingStatus; 3] = [MeetingStatus::Planned, MeetingStatus::Confirmed, MeetingStatus::InSession];

/// The attendances that say that an organisation comes, or may come.
pub fn is_expected(attendance: Attendance) -> bool {
    attendance == Attendance::Invited || TAKING_PART.contains(&attendance)
}

/// Whether a silence is over before a meeting begins, or on its first day: `deadline` is its day in the meeting's zone.
pub fn ends_before(deadline: NaiveDate, starts_on: NaiveDate) -> bool {
    deadline <= starts_on
}

/// The attendances that mean taking part: such an organisation reads who else takes part under the Chatham House Rule.
pub const TAKING_PART: [Attendance; 3] = [Attendance::Confirmed, Attendance::Present, Attendance::Remote];

/// Whether a meeting has begun: it is in session or over, or its first day has come. A postponed one has no day yet.
pub fn has_begun(status: MeetingStatus, starts_on: NaiveDate, today: NaiveDate) -> bool {
    match status {
        MeetingStatus::InSession | MeetingStatus::Concluded => true,
        MeetingStatus::Postponed | MeetingStatus::Cancelled => false,
        MeetingStatus::Planned | MeetingStatus::Confirmed => starts_on <= today,
    }
}

/// Whether an organisation that records its own part lets itself in: it may answer its invitation before the meeting, and correct what is
/// recorded, but not take part without having been invited, nor invite itself. Under the Chatham House Rule, where whoever takes part reads
/// who else does, only the secretariat lets it in.
pub fn lets_itself_in(has_begun: bool, before: Option<Attendance>, after: Attendance) -> bool {
    let takes_part = |attendance: Attendance| TAKING_PART.contains(&attendance);
    match before {
        None => true,
        // Nobody is there before the meeting.
        Some(Attendance::Invited) => takes_part(after) && (has_begun || after != Attendance::Confirmed),
        Some(before) => after == Attendance::Invited || (takes_part(after) && !takes_part(before)),
    }
}

/// Whether a participation is confirmed: the secretariat records it, or it is what became of one that was, without letting itself in.
pub fn is_confirmed(by_secretariat: bool, lets_itself_in: bool, was_confirmed: bool) -> bool {
    by_secretariat || (was_confirmed && !lets_itself_in)
}

/// How many people an organisation sends.
pub fn delegates(count: Option<i32>) -> Validated<()> {
    ensure(count.is_none_or(|count| count > 0), || ValidationError::invalid("delegates", "Delegates count from 1."))
}

/// A new order names every item of the agenda, and no other one. `named` has the place of each in the input.
pub fn names_whole_agenda<I: PartialEq>(agenda: &[I], named: &[(String, I)]) -> Validated<()> {
    let others = named.iter().filter(|(_, item)| !agenda.contains(item));
    let others = others.map(|(path, _)| ValidationError::invalid(path, "This is no item of this agenda."));
    let whole = agenda.iter().all(|item| named.iter().any(|(_, other)| other == item));
    all([
        none(others.collect()),
        ensure(whole, || ValidationError::invalid("itemIds", "Name every item of this agenda.")),
    ])
}

/// A postponed meeting is confirmed for today or a future day.
pub fn may_confirm(before: MeetingStatus, starts_on: NaiveDate, today: NaiveDate) -> Validated<()> {
    ensure(before != MeetingStatus::Postponed || starts_on >= today, || {
        ValidationError::state("id", "The meeting was postponed, and its days have passed. Give it new ones first.")
    })
}

/// A cancelled meeting can give back sessions, but takes no others.
pub fn gives_back<T: PartialEq>(path: &str, status: MeetingStatus, before: &[T], after: &[T]) -> Validated<()> {
    let only_fewer = status != MeetingStatus::Cancelled || after.iter().all(|one| before.contains(one));
    ensure(only_fewer, || {
        ValidationError::state(path, "The meeting is cancelled: it gives sessions back, and takes no others.")
    })
}

/// Whether the meeting's days still allow what was reached at it: a text is adopted on one of them, or after them by a silence that was opened
/// there by the body that adopts, and not before its own body agreed. `day` is that of a moment, in the council's zone.
pub fn rests_on_days(
    text: &recommendation::Model,
    meeting: &meeting::Model,
    silences: &[consensus_procedure::Model],
    day: impl Fn(DateTime<Utc>) -> NaiveDate,
) -> bool {
    let Some(adopted_on) = text.adopted_on else { return true };
    let is_adoption = |silence: &&consensus_procedure::Model| silence.stage == ConsensusStage::Adoption;
    let mut on_text = silences.iter().filter(is_adoption).filter(|silence| silence.recommendation_id == text.id);
    let by_silence = on_text
        .any(|silence| silence.outcome == ConsensusOutcome::Adopted && silence.closed_at.map(&day) == Some(adopted_on));
    let is_held = meeting.starts_on <= adopted_on && (adopted_on <= meeting.ends_on || by_silence);
    let adopted = text.meeting_id != Some(meeting.id) || is_held;
    adopted && (text.agreed_meeting_id != Some(meeting.id) || meeting.starts_on <= adopted_on)
}

/// Whether the meeting's sessions, `of` these bodies, still allow what was reached at it.
pub fn rests_on_sessions(text: &recommendation::Model, meeting: MeetingId, of: &[body::Model]) -> bool {
    let agreed = text.agreed_meeting_id != Some(meeting) || of.iter().any(|body| body.id == text.body_id);
    agreed && (text.meeting_id != Some(meeting) || of.iter().any(|body| may_adopt(body.kind)))
}

/// What was recorded as reached at a meeting must stay valid: the meeting keeps the sessions and days that this needs.
pub fn keeps_reached(path: &str, still_holds: bool) -> Validated<()> {
    ensure(still_holds, || {
        ValidationError::state(
            path,
            "A recommendation was agreed or adopted at this meeting; what that rests on stays.",
        )
    })
}

/// While a silence is open, its meeting keeps the session of the body, and is not hidden from those who may object.
pub fn keeps_silences(
    silences: &[consensus_procedure::Model],
    sensitivity: Sensitivity,
    of: &[body::Model],
) -> Validated<()> {
    let pending: Vec<_> = silences.iter().filter(|row| row.outcome == ConsensusOutcome::Pending).collect();
    let has_session = |row: &&consensus_procedure::Model| of.iter().any(|body| body.id == row.body_id);
    all([
        ensure(pending.iter().all(has_session), || {
            ValidationError::state("sessions", "A silence that this body has opened at the meeting is not over.")
        }),
        ensure(pending.is_empty() || sensitivity != Sensitivity::Confidential, || {
            ValidationError::state(
                "sensitivity",
                "A silence that was opened at the meeting is not over: who may object sees it.",
            )
        }),
    ])
}

/// Nobody takes part in a cancelled meeting.
pub fn takes_participations(status: MeetingStatus) -> Validated<()> {
    ensure(status != MeetingStatus::Cancelled, || ValidationError::state("meetingId", "The meeting is cancelled."))
}

/// What is recorded of a concluded meeting may grow and be corrected; nothing is taken out.
pub fn keeps<T: PartialEq>(path: &str, status: MeetingStatus, before: &[T], after: &[T]) -> Validated<()> {
    let count = |list: &[T], one: &T| list.iter().filter(|other| *other == one).count();
    let kept = status != MeetingStatus::Concluded || before.iter().all(|one| count(before, one) <= count(after, one));
    ensure(kept, || ValidationError::state(path, "Nothing is taken out of the record of a concluded meeting."))
}

#[cfg(test)]
mod tests {
    use super::{
        count, dates, gives_back, has_begun, is_confirmed, keeps, lets_itself_in, may_conclude, may_confirm,
        names_whole_agenda, organizers, reached_at, sessions, timezone, venue,
    };
    use chrono::NaiveDate;
    use entity::meeting::{MeetingKind, MeetingStatus, Modality};
    use entity::participation::Attendance;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 11, day).unwrap()
    }

    #[test]
    fn nobody_lets_itself_in_but_by_answering_an_invitation() {
        use Attendance::{Absent, Confirmed, Excused, Invited, Present, Remote};
        let all = [Invited, Confirmed, Present, Remote, Excused, Absent];
        let entering = |has_begun, before| -> Vec<Attendance> {
            all.into_iter().filter(|after| lets_itself_in(has_begun, before, *after)).collect()
        };
        for (has_begun, invited) in [(false, vec![Present, Remote]), (true, vec![Confirmed, Present, Remote])] {
            assert_eq!(entering(has_begun, None), all);
            assert_eq!(entering(has_begun, Some(Invited)), invited);
            for before in [Confirmed, Present, Remote] {
                assert_eq!(entering(has_begun, Some(before)), [Invited]);
            }
            for before in [Excused, Absent] {
                assert_eq!(entering(has_begun, Some(before)), [Invited, Confirmed, Present, Remote]);
            }
        }
    }

    #[test]
    fn a_meeting_has_begun_on_its_first_day() {
        use MeetingStatus::{Cancelled, Concluded, Confirmed, InSession, Planned, Postponed};
        for (status, expected) in [
            (Planned, [false, true, true]),
            (Confirmed, [false, true, true]),
            (Postponed, [false; 3]),
            (Cancelled, [false; 3]),
            (InSession, [true; 3]),
            (Concluded, [true; 3]),
        ] {
            assert_eq!([26, 27, 28].map(|today| has_begun(status, day(27), day(today))), expected, "{status:?}");
        }
    }

    #[test]
    fn what_an_organisation_enters_is_not_confirmed() {
        for (by_secretariat, lets_in, was, expected) in [
            (true, true, false, true),
            (true, false, false, true),
            (false, false, true, true),
            (false, true, true, false),
            (false, false, false, false),
            (false, true, false, false),
        ] {
            assert_eq!(is_confirmed(by_secretariat, lets_in, was), expected);
        }
    }

    #[test]
    fn dates_are_in_order_and_a_conclusion_comes_after_them() {
        assert!(dates(day(27), day(27)).is_ok());
        assert!(dates(day(27), day(26)).is_err());
        assert!(may_conclude(day(27), day(27)).is_err());
        assert!(may_conclude(day(27), day(28)).is_ok());
    }

    #[test]
    fn an_online_meeting_has_no_venue_and_a_count_its_qualifier() {
        assert!(venue(Modality::Online, Some("Hall")).is_err());
        assert!(venue(Modality::Hybrid, Some("Hall")).is_ok());
        assert!(count(Some(40), false).is_err());
        assert!(count(None, true).is_err());
        assert!(count(Some(-1), true).is_err());
        assert!(count(Some(40), true).is_ok());
    }

    #[test]
    fn sessions_and_organisers_follow_kind_and_state() {
        assert!(sessions(MeetingKind::Briefing, 1).is_err());
        assert!(sessions(MeetingKind::Plenary, 5).is_ok());
        assert!(organizers(MeetingStatus::Planned, 0).is_ok());
        assert!(organizers(MeetingStatus::Confirmed, 0).is_err());
        assert!(reached_at(MeetingStatus::Planned, true, "WG-A").is_err());
        assert!(reached_at(MeetingStatus::Concluded, false, "WG-A").is_err());
        assert!(reached_at(MeetingStatus::Concluded, true, "WG-A").is_ok());
    }

    #[test]
    fn what_is_said_twice_is_kept_twice() {
        assert!(keeps("titles", MeetingStatus::Concluded, &[1, 1], &[1]).is_err());
        assert!(keeps("titles", MeetingStatus::Concluded, &[1, 1], &[2, 1, 1]).is_ok());
        assert!(keeps("titles", MeetingStatus::Planned, &[1, 1], &[]).is_ok());
    }

    #[test]
    fn a_cancelled_meeting_takes_no_session() {
        assert!(gives_back("sessions", MeetingStatus::Cancelled, &[1, 2], &[2]).is_ok());
        assert!(gives_back("sessions", MeetingStatus::Cancelled, &[1, 2], &[3]).is_err());
        assert!(gives_back("sessions", MeetingStatus::Planned, &[1], &[3]).is_ok());
    }

    #[test]
    fn a_postponed_meeting_needs_days_to_come_and_an_agenda_all_its_items() {
        assert!(may_confirm(MeetingStatus::Postponed, day(1), day(2)).is_err());
        assert!(may_confirm(MeetingStatus::Postponed, day(2), day(2)).is_ok());
        assert!(may_confirm(MeetingStatus::Planned, day(1), day(2)).is_ok());
        let paths = |agenda: &[i32], named: &[i32]| -> Vec<String> {
            let named: Vec<_> =
                named.iter().enumerate().map(|(index, one)| (format!("itemIds.{index}"), *one)).collect();
            let refusals = names_whole_agenda(agenda, &named).err().unwrap_or_default();
            refusals.iter().map(|refusal| refusal.path.join(".")).collect()
        };
        assert!(paths(&[1, 2], &[2, 1]).is_empty());
        assert_eq!(paths(&[1, 2], &[2]), ["itemIds"]);
        assert_eq!(paths(&[1, 2], &[2, 4, 3]), ["itemIds.1", "itemIds.2", "itemIds"]);
    }

    #[test]
    fn a_time_zone_is_one_of_the_database() {
        assert_eq!(timezone("timezone", "Asia/Tashkent"), Ok("Asia/Tashkent".into()));
        assert!(timezone("timezone", "Tashkent").is_err());
    }
}
