//! The decisions of a meeting: what became there of a text on its agenda. It judges nobody.

use std::sync::Arc;

use async_graphql::Enum;
use entity::consensus_procedure::{self, ConsensusMode, ConsensusOutcome, ConsensusStage};
use entity::id::BodyId;
use entity::meeting::{self, MeetingStatus};
use entity::recommendation::RecommendationStatus;
use entity::{Audience, agenda_item, position, recommendation};

use super::consensus::is_attached;
use super::lifecycle::is_before_committee;

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

/// What a meeting came to on a text.
pub struct Outcome<'a> {
    pub item: &'a agenda_item::Model,
    pub text: &'a recommendation::Model,
    /// The body that sought consensus on it there.
    pub sought_by: Option<BodyId>,
    pub decided: DecisionOutcome,
}

impl Outcome<'_> {
    /// Whether it leaves the text open for one of the bodies that were `in_session`.
    pub fn is_left_to(&self, body: BodyId, in_session: &[BodyId]) -> bool {
        let settled = matches!(self.decided, DecisionOutcome::Adopted | DecisionOutcome::Agreed);
        !settled && self.awaits(body) && self.concerns(body, in_session)
    }

    /// Whether the text still awaits a body: until it is adopted or withdrawn, and its own body until it has agreed.
    fn awaits(&self, body: BodyId) -> bool {
        use RecommendationStatus::{Adopted, AgreedInGroup, SubmittedToExcom, Superseded, Transmitted, Withdrawn};
        match self.text.status {
            Adopted | Transmitted | Superseded | Withdrawn => false,
            AgreedInGroup | SubmittedToExcom => self.text.body_id != body,
            _ => true,
        }
    }

    /// The body of the agenda item, the one that drafts the text, and the one that sought consensus. An item of no body concerns all that were in
    /// session if the text is none of theirs, or lies before the Executive Committee.
    fn concerns(&self, body: BodyId, in_session: &[BodyId]) -> bool {
        let drafted_by = self.text.body_id;
        let is_theirs = in_session.contains(&drafted_by) && !is_before_committee(self.text.status);
        let of_nobody = self.item.body_id.is_none() && !is_theirs;
        of_nobody || [self.item.body_id, self.sought_by, Some(drafted_by)].contains(&Some(body))
    }
}

/// Of the procedures on a text, from the first to the last: by which each body has decided at a meeting, on agreement and on adoption. It is the
/// last one that came to something, or is open; or else the last one.
pub fn last_at(
    procedures: &[Arc<consensus_procedure::Model>],
    meeting: &meeting::Model,
) -> Vec<Arc<consensus_procedure::Model>> {
    let came_to_nothing = |row: &consensus_procedure::Model| {
        matches!(row.outcome, ConsensusOutcome::Withdrawn | ConsensusOutcome::Lapsed)
    };
    let mut last: Vec<Arc<consensus_procedure::Model>> = Vec::new();
    for row in procedures.iter().filter(|row| row.meeting_id == meeting.id) {
        match last.iter().position(|one| (one.body_id, one.stage) == (row.body_id, row.stage)) {
            Some(index) if came_to_nothing(row) && !came_to_nothing(&last[index]) => {}
            Some(index) => {
                last.remove(index);
                last.push(Arc::clone(row));
            }
            None => last.push(Arc::clone(row)),
        }
    }
    last
}

/// What the last procedure of a body at a meeting means for the text.
pub fn outcome_of(outcome: ConsensusOutcome, mode: ConsensusMode, stage: ConsensusStage) -> DecisionOutcome {
    match (outcome, mode, stage) {
        (ConsensusOutcome::Adopted, _, ConsensusStage::Adoption) => DecisionOutcome::Adopted,
        (ConsensusOutcome::Adopted, _, ConsensusStage::Agreement) => DecisionOutcome::Agreed,
        (ConsensusOutcome::Broken, ConsensusMode::InMeeting, ConsensusStage::Adoption) => DecisionOutcome::Returned,
        (ConsensusOutcome::Broken, ..) => DecisionOutcome::NoConsensus,
        (ConsensusOutcome::Pending, ..) => DecisionOutcome::UnderSilence,
        (ConsensusOutcome::Withdrawn | ConsensusOutcome::Lapsed, ..) => DecisionOutcome::Noted,
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

/// Whether a position belongs to what was decided in a procedure: it is attached to the same revision. Those on the adopted revision are published
/// with it, also where the procedure in which they were stated is hidden. `on_text` are the procedures on the text, from the first to the last.
pub fn belongs_to(
    row: &position::Model,
    decided: &consensus_procedure::Model,
    text: &recommendation::Model,
    on_text: &[Arc<consensus_procedure::Model>],
) -> bool {
    let mut stated_in = on_text.iter().filter(|procedure| procedure.id == row.procedure_id);
    let on_revision = stated_in.any(|procedure| procedure.revision_id == decided.revision_id);
    // Nothing is opened on an adopted text after the procedure that has adopted it.
    let adopted = on_text.last().filter(|_| text.label.is_some());
    let is_published =
        row.audience == Audience::Public && adopted.is_some_and(|one| one.revision_id == decided.revision_id);
    is_attached(row) && (on_revision || is_published)
}

#[cfg(test)]
mod tests {
    use super::{DecisionOutcome, Outcome};
    use chrono::DateTime;
    use entity::Audience;
    use entity::agenda_item::{self, AgendaItemKind};
    use entity::id::{AgendaItemId, BodyId, MeetingId, RecommendationId, RecordId as _};
    use entity::paragraph::Paragraphs;
    use entity::recommendation::{self, RecommendationKind, RecommendationStatus};
    use entity::text::{Locale, LocalizedText};
    use sea_orm::Iterable as _;
    use uuid::Uuid;

    fn body(id: u128) -> BodyId {
        BodyId::new(Uuid::from_u128(id))
    }

    fn item(body_id: Option<BodyId>) -> agenda_item::Model {
        let title = LocalizedText::new(Locale::En, "An item");
        agenda_item::Model {
            id: AgendaItemId::new(Uuid::from_u128(1)),
            meeting_id: MeetingId::new(Uuid::from_u128(1)),
            body_id,
            number: "1".to_owned(),
            position: 1,
            title,
            kind: AgendaItemKind::Decision,
            chatham_house: false,
            audience: Audience::Public,
            owner: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    /// A text of the first body.
    fn text(status: RecommendationStatus) -> recommendation::Model {
        let title = LocalizedText::new(Locale::En, "A text");
        recommendation::Model {
            id: RecommendationId::new(Uuid::from_u128(1)),
            body_id: body(1),
            label: None,
            label_year: None,
            label_serial: None,
            kind: RecommendationKind::Recommendation,
            status,
            title_folded: title.folded(),
            text: title.clone(),
            paragraphs: Paragraphs::default(),
            title,
            rationale: None,
            priority: None,
            target_date: None,
            adopted_on: None,
            agreed_meeting_id: None,
            meeting_id: None,
            adoption_source_id: None,
            drafted_by_id: None,
            supersedes_id: None,
            is_demo: false,
            no_personal_data: false,
            audience: Audience::Participants,
            owner: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    fn left_to(item: &agenda_item::Model, status: RecommendationStatus, decided: DecisionOutcome, of: u128) -> bool {
        let outcome = Outcome { item, text: &text(status), sought_by: None, decided };
        outcome.is_left_to(body(of), &[body(1), body(2)])
    }

    #[test]
    fn what_was_neither_settled_there_nor_since_is_open() {
        use DecisionOutcome::{Adopted, Agreed, NoConsensus, Noted, Returned, UnderSilence};
        use RecommendationStatus as Status;
        let settled = [Status::Withdrawn, Status::Adopted, Status::Transmitted, Status::Superseded];
        let with_others = [Status::AgreedInGroup, Status::SubmittedToExcom];
        for status in Status::iter() {
            for decided in [Adopted, Agreed] {
                assert!(!left_to(&item(Some(body(2))), status, decided, 2), "{status:?}");
            }
            for decided in [NoConsensus, Noted, Returned, UnderSilence] {
                let is_open = !settled.contains(&status);
                assert_eq!(left_to(&item(Some(body(2))), status, decided, 2), is_open, "{status:?}");
                let is_open = is_open && !with_others.contains(&status);
                assert_eq!(left_to(&item(Some(body(2))), status, decided, 1), is_open, "{status:?}");
            }
        }
    }

    #[test]
    fn an_item_concerns_the_bodies_that_it_is_about() {
        use RecommendationStatus::{SubmittedToExcom, UnderDiscussion};
        let (text, nobody) = (text(UnderDiscussion), item(None));
        let noted = |sought_by, in_session: &[BodyId], of: u128| {
            let outcome = Outcome { item: &nobody, text: &text, sought_by, decided: DecisionOutcome::Noted };
            outcome.is_left_to(body(of), in_session)
        };
        let both = [body(1), body(2)];
        assert!(noted(None, &both, 1));
        assert!(!noted(None, &both, 2), "the text is another body's, which was there");
        assert!(noted(Some(body(2)), &both, 2));
        assert!(noted(None, &[body(2)], 2), "nobody else was there");
        assert!(left_to(&nobody, SubmittedToExcom, DecisionOutcome::Noted, 2));
        assert!(!left_to(&item(Some(body(3))), UnderDiscussion, DecisionOutcome::Noted, 2));
    }
}
