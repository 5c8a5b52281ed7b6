//! The rules of consensus, which is the absence of any objection: deadlines, and what a procedure comes to. They do not judge who may open one.

use chrono::{DateTime, Datelike as _, SubsecRound as _, TimeDelta, Utc};
use entity::consensus_procedure::ConsensusOutcome;
use entity::id::MandateId;
use entity::mandate;
use entity::position::{self, PositionKind, PositionState};
use entity::recommendation::RecommendationStatus;
use entity::text::LocalizedText;
use sea_orm::EnumIter;

use super::fields;
use super::lifecycle::{Transition, next};
use super::validation::{Validated, ValidationError, all, ensure};

/// The shortest silence, and how long one lasts unless another deadline is given. Source: the council's procedure, in `docs/procedure.md`.
pub const SHORTEST: TimeDelta = TimeDelta::hours(24);
pub const USUAL: TimeDelta = TimeDelta::hours(72);

/// When a silence that is opened now elapses, to the microsecond.
pub fn deadline(given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Validated<DateTime<Utc>> {
    let deadline = given.map_or(now + USUAL, |given| given.trunc_subsecs(6));
    ensure(deadline >= now + SHORTEST, || {
        ValidationError::invalid("deadline", "A silence lasts 24 hours at least, from now on.")
    })?;
    ensure(fields::YEARS.contains(&deadline.year()), || {
        ValidationError::invalid("deadline", "The year has more than four digits.")
    })?;
    Ok(deadline)
}

/// Whether a silence has elapsed: it ends at its deadline, not after it.
pub fn has_elapsed(deadline: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now >= deadline
}

/// Whether a position keeps a body from consensus.
pub fn blocks(kind: PositionKind) -> bool {
    match kind {
        PositionKind::Objection | PositionKind::Amendment => true,
        PositionKind::InterpretativeStatement | PositionKind::FormalReservation | PositionKind::Support => false,
    }
}

/// Whether a position is attached to a text that is adopted, and published with it.
pub fn is_attached(kind: PositionKind) -> bool {
    matches!(kind, PositionKind::InterpretativeStatement | PositionKind::FormalReservation)
}

/// An organisation states a position while its procedure is open.
pub fn is_open(outcome: ConsensusOutcome, deadline: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Validated<()> {
    let open = outcome == ConsensusOutcome::Pending && deadline.is_none_or(|deadline| !has_elapsed(deadline, now));
    ensure(open, || ValidationError::state("procedureId", "The procedure is closed."))
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

/// What a silence comes to in which nobody has objected, and the state of its text.
pub fn elapse(status: RecommendationStatus, body_active: bool) -> Validated<(ConsensusOutcome, RecommendationStatus)> {
    if body_active {
        Ok((ConsensusOutcome::Adopted, after(status, Transition::ElapseSilence)?))
    } else {
        Ok((ConsensusOutcome::Lapsed, after(status, Transition::EndSilence)?))
    }
}

fn after(status: RecommendationStatus, step: Transition) -> Validated<RecommendationStatus> {
    next(status, step).map_err(|refusal| vec![refusal])
}

#[cfg(test)]
mod tests {
    use super::{deadline, elapse, has_elapsed};
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
    }

    #[test]
    fn a_silence_ends_at_its_deadline() {
        let tick = TimeDelta::microseconds(1);
        assert!(!has_elapsed(now(), now() - tick));
        assert!(has_elapsed(now(), now()));
        assert!(has_elapsed(now(), now() + tick));
    }

    #[test]
    fn only_a_text_under_silence_is_agreed_by_silence() {
        for status in RecommendationStatus::iter() {
            let is_under_silence = status == RecommendationStatus::UnderSilence;
            assert_eq!(elapse(status, true).is_ok(), is_under_silence, "{status:?}");
            assert_eq!(elapse(status, false).is_ok(), is_under_silence, "{status:?}");
        }
        let under_silence = RecommendationStatus::UnderSilence;
        assert_eq!(elapse(under_silence, true), Ok((ConsensusOutcome::Adopted, RecommendationStatus::AgreedInGroup)));
        assert_eq!(elapse(under_silence, false), Ok((ConsensusOutcome::Lapsed, RecommendationStatus::UnderDiscussion)));
    }
}
