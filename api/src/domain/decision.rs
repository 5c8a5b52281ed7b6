//! The decisions of a meeting: what became there of a text on its agenda. It judges nobody.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::Enum;
use entity::body::BodyKind;
use entity::consensus_procedure::{self, ConsensusMode, ConsensusOutcome};
use entity::id::BodyId;
use entity::meeting::{self, MeetingStatus};
use entity::recommendation::RecommendationStatus;
use entity::{Audience, agenda_item, position, recommendation};

use super::consensus::is_attached;
use super::meeting::may_adopt;

/// What a meeting has decided on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DecisionOutcome {
    /// The Executive Committee or the plenary has adopted it, in the room or by a silence that was opened there.
    Adopted,
    /// Its body has agreed on it, in the room or by a silence that was opened there.
    Agreed,
    /// The Executive Committee or the plenary has sent it back to its body.
    Returned,
    /// Its body has found no consensus in the room, or somebody has objected to a silence that was opened there.
    NoConsensus,
    /// A silence that was opened there is not over.
    UnderSilence,
    /// It was on the agenda, and nothing was decided.
    Noted,
}

/// Only a meeting that has begun decides.
pub const DECIDES: [MeetingStatus; 2] = [MeetingStatus::InSession, MeetingStatus::Concluded];

/// Whether a meeting may have decided something.
pub fn decides(status: MeetingStatus) -> bool {
    DECIDES.contains(&status)
}

/// Whether a text still awaits its body after what a meeting came to, and is an open item of the next one.
pub fn is_open(outcome: DecisionOutcome, status: RecommendationStatus) -> bool {
    use RecommendationStatus::{Adopted, Superseded, Transmitted, Withdrawn};
    let settled = matches!(outcome, DecisionOutcome::Adopted | DecisionOutcome::Agreed);
    !settled && !matches!(status, Adopted | Transmitted | Superseded | Withdrawn)
}

/// Whether what a meeting came to concerns one of these bodies: the one of the agenda item, the one that drafts the text, or the one that sought
/// consensus.
pub fn concerns(
    item: &agenda_item::Model,
    text: &recommendation::Model,
    sought_by: Option<BodyId>,
    bodies: &[BodyId],
) -> bool {
    item.body_id.into_iter().chain([text.body_id]).chain(sought_by).any(|body| bodies.contains(&body))
}

/// Of the procedures on a text, from the first to the last: with which each body has ended at a meeting.
pub fn last_at(
    procedures: &[Arc<consensus_procedure::Model>],
    meeting: &meeting::Model,
) -> Vec<Arc<consensus_procedure::Model>> {
    let mut bodies = HashSet::new();
    let at_meeting = procedures.iter().rev().filter(|row| row.meeting_id == meeting.id);
    let mut last: Vec<_> = at_meeting.filter(|row| bodies.insert(row.body_id)).map(Arc::clone).collect();
    last.reverse();
    last
}

/// Whether a body of this kind seeks to adopt a text in a procedure, and not to agree on its own draft.
pub fn adopts(text: &recommendation::Model, procedure: &consensus_procedure::Model, body: BodyKind) -> bool {
    let is_group = procedure.body_id == text.body_id;
    may_adopt(body) && (!is_group || text.meeting_id == Some(procedure.meeting_id))
}

/// What the last procedure of a body at a meeting means for the text, whether the body `adopts` or agrees.
pub fn outcome_of(outcome: ConsensusOutcome, mode: ConsensusMode, adopts: bool) -> DecisionOutcome {
    match (outcome, mode) {
        (ConsensusOutcome::Adopted, _) if adopts => DecisionOutcome::Adopted,
        (ConsensusOutcome::Adopted, _) => DecisionOutcome::Agreed,
        (ConsensusOutcome::Broken, ConsensusMode::InMeeting) if adopts => DecisionOutcome::Returned,
        (ConsensusOutcome::Broken, _) => DecisionOutcome::NoConsensus,
        (ConsensusOutcome::Pending, _) => DecisionOutcome::UnderSilence,
        (ConsensusOutcome::Withdrawn | ConsensusOutcome::Lapsed, _) => DecisionOutcome::Noted,
    }
}

/// What a meeting without a procedure on the text means for it: what was reached before procedures were kept has none.
pub fn outcome_without(text: &recommendation::Model, meeting: &meeting::Model) -> DecisionOutcome {
    if text.meeting_id == Some(meeting.id) {
        DecisionOutcome::Adopted
    } else if text.agreed_meeting_id == Some(meeting.id) {
        DecisionOutcome::Agreed
    } else {
        DecisionOutcome::Noted
    }
}

/// Whether a position belongs to what was decided in a procedure: it is attached to the same revision, and published with it if that is adopted.
/// `on_text` are the procedures on the text.
pub fn belongs_to(
    row: &position::Model,
    decided: &consensus_procedure::Model,
    outcome: DecisionOutcome,
    on_text: &[Arc<consensus_procedure::Model>],
) -> bool {
    let mut stated_in = on_text.iter().filter(|procedure| procedure.id == row.procedure_id);
    let on_revision = stated_in.any(|procedure| procedure.revision_id == decided.revision_id);
    // The procedure in which it was stated may be hidden where it is not.
    let is_published = outcome == DecisionOutcome::Adopted && row.audience == Audience::Public;
    is_attached(row) && (on_revision || is_published)
}

#[cfg(test)]
mod tests {
    use super::{DecisionOutcome, is_open};
    use entity::recommendation::RecommendationStatus;
    use sea_orm::Iterable as _;

    #[test]
    fn what_was_neither_settled_there_nor_since_is_open() {
        use DecisionOutcome::{Adopted, Agreed, NoConsensus, Noted, Returned, UnderSilence};
        use RecommendationStatus as Status;
        let settled = [Status::Withdrawn, Status::Adopted, Status::Transmitted, Status::Superseded];
        for status in Status::iter() {
            for outcome in [Adopted, Agreed] {
                assert!(!is_open(outcome, status), "{status:?}");
            }
            for outcome in [NoConsensus, Noted, Returned, UnderSilence] {
                assert_eq!(is_open(outcome, status), !settled.contains(&status), "{status:?}");
            }
        }
    }
}
