//! The rules of consensus, which is the absence of any objection: deadlines, and what a procedure comes to. They do not judge who may open one.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use entity::consensus_procedure::{self, ConsensusMode, ConsensusOutcome, ConsensusStage};
use entity::id::MandateId;
use entity::meeting::Sensitivity;
use entity::position::{self, PositionKind, PositionState};
use entity::recommendation::RecommendationStatus;
use entity::text::LocalizedText;
use entity::{Audience, mandate, recommendation_revision};
use sea_orm::EnumIter;

use super::fields;
use super::lifecycle::{Transition, is_before_committee, next};
use super::validation::{Validated, ValidationError, ValidationErrorCode, all, ensure};

/// The shortest silence, and how long one lasts unless another deadline is given. Source: the council's procedure, in `docs/procedure.md`.
pub const SHORTEST: TimeDelta = TimeDelta::hours(24);
pub const USUAL: TimeDelta = TimeDelta::hours(72);

/// When a silence that is opened now elapses, to the microsecond. A leap second is the next one.
pub fn deadline(given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Validated<DateTime<Utc>> {
    let given = given.map(|given| DateTime::from_timestamp_micros(given.timestamp_micros()).unwrap_or(given));
    let deadline = given.unwrap_or(now + USUAL);
    ensure(deadline >= now + SHORTEST, || {
        ValidationError::invalid("deadline", "A silence lasts 24 hours at least, from now on.")
    })?;
    ensure(fields::YEARS.contains(&deadline.year()), || {
        ValidationError::invalid("deadline", "The year has more than four digits.")
    })?;
    Ok(deadline)
}

/// What consensus on a text in this status is sought for.
pub fn stage_of(status: RecommendationStatus) -> ConsensusStage {
    if is_before_committee(status) { ConsensusStage::Adoption } else { ConsensusStage::Agreement }
}

/// A silence is opened by a body that can still agree.
pub fn may_agree(body_active: bool) -> Validated<()> {
    ensure(body_active, || ValidationError::state("id", "The body is not active."))
}

/// A text has so many procedures at most before another silence is opened on it. What is recorded in the room is not limited.
pub fn room(procedures: usize) -> Validated<()> {
    ensure(procedures < fields::LIST, || {
        let message = format!("The recommendation has had {} consensus procedures.", fields::LIST);
        ValidationError::new(ValidationErrorCode::TooLong, "id", message)
    })
}

/// A text before the Executive Committee keeps its status under silence: while one is open, nothing else is done to it.
pub fn is_allowed_beside(step: Transition, silence_is_open: bool) -> Validated<()> {
    let ends_silence = matches!(step, Transition::EndSilence | Transition::ElapseSilence);
    ensure(ends_silence == silence_is_open, || {
        let words = if silence_is_open { "A silence" } else { "No silence" };
        ValidationError::state("id", format!("{words} on the recommendation is open."))
    })
}

/// How many positions an organisation may state in a procedure, those that it has withdrawn among them.
const POSITIONS: i64 = 10;

/// An active organisation states a position, and not again and again.
pub fn may_state(organization_active: bool, stated_before: i64) -> Validated<()> {
    let message = || format!("The organisation has stated {POSITIONS} positions in this procedure.");
    all([
        ensure(organization_active, || ValidationError::state("organizationId", "The organisation is not active.")),
        ensure(stated_before < POSITIONS, || {
            ValidationError::new(ValidationErrorCode::TooLong, "organizationId", message())
        }),
    ])
}

/// Whether a silence has elapsed: it ends at its deadline, not after it.
pub fn has_elapsed(deadline: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now >= deadline
}

/// The silence by which the body of a text has agreed on it last; none if it did so in the room.
pub fn last_silence(procedures: &[consensus_procedure::Model]) -> Option<&consensus_procedure::Model> {
    let is_agreement = |row: &&consensus_procedure::Model| row.stage == ConsensusStage::Agreement;
    let mut agreed = procedures.iter().filter(is_agreement).filter(|row| row.outcome == ConsensusOutcome::Adopted);
    agreed.next_back().filter(|row| row.mode == ConsensusMode::Silence)
}

/// The first and the last moment at which somebody may object: at a deadline it is too late.
pub fn moments_open(row: &consensus_procedure::Model) -> (DateTime<Utc>, DateTime<Utc>) {
    let before = |deadline: DateTime<Utc>| deadline - TimeDelta::microseconds(1);
    let ended_early = row.closed_at.filter(|at| row.deadline != Some(*at));
    (row.opened_at, ended_early.or(row.deadline.map(before)).unwrap_or(row.opened_at))
}

/// Those of the mandates whose organisations have no position among these, or have withdrawn it. Silence is no objection.
pub fn silent<'a>(
    may_object: &'a [Arc<mandate::Model>],
    positions: &'a [&position::Model],
) -> impl Iterator<Item = &'a Arc<mandate::Model>> {
    may_object.iter().filter(|mandate| {
        let mut its = positions.iter().filter(|row| row.organization_id == mandate.organization_id);
        !its.any(|row| row.withdrawn_at.is_none())
    })
}

/// A statement or a reservation in a silence that publishes the text is published without another look: it is declared to hold no personal data.
pub fn is_declared(kind: PositionKind, status: RecommendationStatus, no_personal_data: bool) -> Validated<()> {
    let is_published = attaches(kind) && is_before_committee(status);
    ensure(no_personal_data || !is_published, || {
        let message = "What is published with the text is declared to hold no personal data.";
        ValidationError::required("noPersonalData", message)
    })
}

/// Whether a position keeps a body from consensus.
pub fn blocks(kind: PositionKind) -> bool {
    match kind {
        PositionKind::Objection | PositionKind::Amendment => true,
        PositionKind::InterpretativeStatement | PositionKind::FormalReservation | PositionKind::Support => false,
    }
}

/// Whether a position is attached to its revision: it is published with the text. What is withdrawn is not.
pub fn is_attached(row: &position::Model) -> bool {
    attaches(row.kind) && row.withdrawn_at.is_none()
}

fn attaches(kind: PositionKind) -> bool {
    matches!(kind, PositionKind::InterpretativeStatement | PositionKind::FormalReservation)
}

/// Whether a position is published, with the revision that it is about.
pub fn is_published(row: &position::Model, revision: &recommendation_revision::Model) -> bool {
    is_attached(row) && revision.audience == Audience::Public
}

/// A position is stated, and a silence withdrawn, while the procedure is open.
pub fn is_open(
    path: &str,
    outcome: ConsensusOutcome,
    deadline: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Validated<()> {
    let open = outcome == ConsensusOutcome::Pending && deadline.is_none_or(|deadline| !has_elapsed(deadline, now));
    ensure(open, || ValidationError::state(path, "The procedure is closed."))
}

/// A silence is opened where those who may object see it.
pub fn is_seen(sensitivity: Sensitivity) -> Validated<()> {
    ensure(sensitivity != Sensitivity::Confidential, || {
        ValidationError::state(
            "meetingId",
            "The meeting is confidential: those who may object would not see the silence.",
        )
    })
}

/// The mandate in whose name a position is stated: one of those that the organisation holds in the body today. To object, or to propose another
/// text, it must be one that lets its holder object.
pub fn mandate_for(kind: PositionKind, held: &[mandate::Model]) -> Validated<MandateId> {
    let able = held.iter().find(|mandate| mandate.can_object);
    let chosen = if blocks(kind) { able } else { able.or(held.first()) };
    chosen.map(|mandate| mandate.id).ok_or_else(|| {
        vec![if held.is_empty() {
            ValidationError::state("organizationId", "The organisation holds no mandate in the body today.")
        } else {
            ValidationError::state("kind", "No mandate of the organisation lets it object today.")
        }]
    })
}

/// Positions in the room are stated at a meeting.
pub fn stated_somewhere(at_meeting: bool, positions: usize) -> Validated<()> {
    ensure(at_meeting || positions == 0, || {
        ValidationError::required("meetingId", "Positions are stated at a meeting.")
    })
}

/// Where a body has found consensus in the room, nobody there has objected or proposed another text.
pub fn is_heard(kind: PositionKind, agreed: bool) -> Validated<()> {
    ensure(!(agreed && blocks(kind)), || {
        ValidationError::invalid("kind", "Consensus is the absence of any objection: the body has not found it.")
    })
}

/// An amendment proposes a text that differs, and nothing else does. Everyone but who supports a text says why.
pub fn says_why(
    kind: PositionKind,
    text: Option<&LocalizedText>,
    proposed: Option<&LocalizedText>,
    current: &LocalizedText,
) -> Validated<()> {
    let is_amendment = kind == PositionKind::Amendment;
    all([
        ensure(text.is_some() || kind == PositionKind::Support, || {
            ValidationError::required("text", "A position says why; only a support need not.")
        }),
        ensure(proposed.is_some() || !is_amendment, || {
            ValidationError::required("proposedText", "An amendment proposes a text.")
        }),
        ensure(proposed.is_none() || is_amendment, || {
            ValidationError::invalid("proposedText", "Only an amendment proposes a text.")
        }),
        ensure(proposed != Some(current), || {
            ValidationError::invalid("proposedText", "It is the text that the procedure is about.")
        }),
    ])
}

/// What has become of a position.
pub fn state_of(row: &position::Model) -> PositionState {
    if row.withdrawn_at.is_some() {
        PositionState::Withdrawn
    } else if row.maintained_at.is_some() {
        PositionState::Maintained
    } else if row.answered_at.is_some() {
        PositionState::Answered
    } else {
        PositionState::Stated
    }
}

/// What can be done to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter)]
pub enum Reaction {
    Answer,
    Maintain,
    Withdraw,
}

/// Whether a position takes a reaction: an answer once; it is maintained after an answer; and what is withdrawn stays so. What is published with
/// an adopted text stays as it is.
pub fn takes(state: PositionState, step: Reaction, is_published: bool) -> Validated<()> {
    use PositionState::{Answered, Maintained, Stated, Withdrawn};
    let takes = matches!(
        (step, state),
        (Reaction::Answer, Stated)
            | (Reaction::Maintain, Answered)
            | (Reaction::Withdraw, Stated | Answered | Maintained)
    );
    let words = match state {
        Stated => "not answered yet",
        Answered => "answered",
        Maintained => "maintained",
        Withdrawn => "withdrawn",
    };
    let done = match step {
        Reaction::Answer => "answered",
        Reaction::Maintain => "maintained",
        Reaction::Withdraw => "withdrawn",
    };
    ensure(takes, || ValidationError::state("id", format!("A position that is {words} cannot be {done}.")))?;
    ensure(!is_published, || ValidationError::state("id", "The position is published with the adopted text."))
}

/// A body agrees on a revision to which no objection and no amendment stands.
pub fn nothing_stands(positions: &[position::Model]) -> Validated<()> {
    let stands = |row: &position::Model| blocks(row.kind) && row.withdrawn_at.is_none();
    ensure(!positions.iter().any(stands), || {
        ValidationError::state(
            "id",
            "An objection or an amendment to this revision stands. It is withdrawn, or the text is revised.",
        )
    })
}

/// What a silence comes to in which nobody has objected, and the state of its text. A text that is not under silence any more stays as it is.
pub fn elapse(status: RecommendationStatus, body_active: bool) -> (ConsensusOutcome, RecommendationStatus) {
    let step = if body_active { Transition::ElapseSilence } else { Transition::EndSilence };
    match next(status, step) {
        Ok(after) if body_active => (ConsensusOutcome::Adopted, after),
        Ok(after) => (ConsensusOutcome::Lapsed, after),
        Err(_) => (ConsensusOutcome::Lapsed, status),
    }
}

#[cfg(test)]
mod tests {
    use super::{deadline, elapse, has_elapsed, is_allowed_beside};
    use chrono::{DateTime, TimeDelta, Utc};
    use entity::consensus_procedure::ConsensusOutcome;
    use entity::recommendation::RecommendationStatus;
    use sea_orm::Iterable as _;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_silence_lasts_a_day_at_least_and_three_unless_told_otherwise() {
        let day = TimeDelta::hours(24);
        assert_eq!(deadline(None, now()), Ok(now() + day * 3));
        assert_eq!(deadline(Some(now() + day), now()), Ok(now() + day));
        assert_eq!(deadline(Some(now() + day + TimeDelta::nanoseconds(999)), now()), Ok(now() + day));
        for early in [now(), now() - day, now() + day - TimeDelta::microseconds(1)] {
            assert_eq!(deadline(Some(early), now()).unwrap_err()[0].path, ["deadline"]);
        }
        assert!(deadline(Some(DateTime::<Utc>::MAX_UTC), now()).is_err());
        let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
        assert_eq!(deadline(at("2028-02-01T00:00:60.5Z"), now()).ok(), at("2028-02-01T00:01:00.5Z"));
        assert!(deadline(at("9999-12-31T23:59:60Z"), now()).is_err());
    }

    #[test]
    fn beside_an_open_silence_only_that_ends() {
        use crate::domain::lifecycle::Transition;
        for step in Transition::iter() {
            let ends = matches!(step, Transition::EndSilence | Transition::ElapseSilence);
            assert_eq!(is_allowed_beside(step, true).is_ok(), ends, "{step:?}");
            assert_eq!(is_allowed_beside(step, false).is_ok(), !ends, "{step:?}");
        }
    }

    #[test]
    fn a_silence_ends_at_its_deadline() {
        let tick = TimeDelta::microseconds(1);
        assert!(!has_elapsed(now(), now() - tick));
        assert!(has_elapsed(now(), now()));
        assert!(has_elapsed(now(), now() + tick));
    }

    #[test]
    fn only_a_text_under_silence_is_agreed_or_adopted_by_silence() {
        use RecommendationStatus::{Adopted, AgreedInGroup, SubmittedToExcom, UnderDiscussion, UnderSilence};
        let others = RecommendationStatus::iter().filter(|status| !matches!(status, UnderSilence | SubmittedToExcom));
        for status in others {
            assert_eq!(elapse(status, true), (ConsensusOutcome::Lapsed, status));
            assert_eq!(elapse(status, false), (ConsensusOutcome::Lapsed, status));
        }
        assert_eq!(elapse(UnderSilence, true), (ConsensusOutcome::Adopted, AgreedInGroup));
        assert_eq!(elapse(UnderSilence, false), (ConsensusOutcome::Lapsed, UnderDiscussion));
        assert_eq!(elapse(SubmittedToExcom, true), (ConsensusOutcome::Adopted, Adopted));
        assert_eq!(elapse(SubmittedToExcom, false), (ConsensusOutcome::Lapsed, SubmittedToExcom));
    }
}
