//! The two state machines of the register: of a recommendation until its adoption, and of a meeting until its conclusion. Each is one
//! table; what a transition needs besides (a procedure, addressees, dates) stands in the rules of the topic.

use entity::meeting::MeetingStatus;
use entity::recommendation::RecommendationStatus;
use sea_orm::EnumIter;

use super::validation::ValidationError;

/// What can be done to a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter)]
pub enum Transition {
    Revise,
    OpenDiscussion,
    Withdraw,
    OpenSilence,
    EndSilence,
    ElapseSilence,
    RecordAgreement,
    RecordNoConsensus,
    Submit,
    Return,
    Adopt,
    RecordAdoption,
    Transmit,
    Supersede,
    SetAddressees,
}

impl Transition {
    fn verb(self) -> &'static str {
        match self {
            Self::Revise => "revised",
            Self::OpenDiscussion => "put under discussion",
            Self::Withdraw => "withdrawn",
            Self::OpenSilence => "put under silence",
            Self::EndSilence => "taken out of silence",
            Self::ElapseSilence => "agreed or adopted by silence",
            Self::RecordAgreement => "recorded as agreed",
            Self::RecordNoConsensus => "recorded as without consensus",
            Self::Submit => "submitted to the Executive Committee",
            Self::Return => "returned",
            Self::Adopt => "adopted",
            Self::RecordAdoption => "recorded as adopted in the past",
            Self::Transmit => "transmitted",
            Self::Supersede => "superseded",
            Self::SetAddressees => "given other addressees",
        }
    }
}

/// The state after a transition, or why it is refused.
pub fn next(status: RecommendationStatus, step: Transition) -> Result<RecommendationStatus, ValidationError> {
    use RecommendationStatus::{
        Adopted, AgreedInGroup, Draft, NoConsensus, Returned, SubmittedToExcom, Superseded, Transmitted,
        UnderDiscussion, UnderSilence, Withdrawn,
    };
    use Transition::{
        Adopt, ElapseSilence, EndSilence, OpenDiscussion, OpenSilence, RecordAdoption, RecordAgreement,
        RecordNoConsensus, Return, Revise, SetAddressees, Submit, Supersede, Transmit, Withdraw,
    };
    let after = match (step, status) {
        // The Executive Committee has no status of its own for a silence: the procedure tells.
        (Revise | SetAddressees, Draft | UnderDiscussion)
        | (SetAddressees, AgreedInGroup | Returned | NoConsensus)
        | (OpenSilence | EndSilence, SubmittedToExcom) => status,
        // After a failed consensus only a new revision opens the discussion again.
        (Revise, NoConsensus) | (OpenDiscussion, Draft | Returned) | (EndSilence, UnderSilence) => UnderDiscussion,
        (Withdraw, Draft | UnderDiscussion | NoConsensus) => Withdrawn,
        (OpenSilence, UnderDiscussion) => UnderSilence,
        (RecordAgreement, UnderDiscussion) | (ElapseSilence, UnderSilence) => AgreedInGroup,
        (RecordNoConsensus, UnderDiscussion) => NoConsensus,
        (Submit, AgreedInGroup) => SubmittedToExcom,
        (Return, SubmittedToExcom) => Returned,
        // What was adopted before the council worked with the service has gone no way through it.
        (Adopt | ElapseSilence, SubmittedToExcom) | (RecordAdoption, Draft) => Adopted,
        (Transmit, Adopted) => Transmitted,
        (Supersede, Adopted | Transmitted) => Superseded,
        // Each transition is named, so that a new one does not compile before its rule is written.
        (
            Revise | OpenDiscussion | Withdraw | OpenSilence | EndSilence | ElapseSilence | RecordAgreement
            | RecordNoConsensus | Submit | Return | Adopt | RecordAdoption | Transmit | Supersede | SetAddressees,
            _,
        ) => {
            let message = format!("A recommendation that is {} cannot be {}.", words(status), step.verb());
            return Err(ValidationError::state("id", message));
        }
    };
    Ok(after)
}

/// Whether a text lies before the Executive Committee, and no longer before its own body.
pub fn is_before_committee(status: RecommendationStatus) -> bool {
    status == RecommendationStatus::SubmittedToExcom
}

/// Whether the next step is the drafter's: to revise the text, or to put it up for discussion.
pub fn is_with_drafter(status: RecommendationStatus) -> bool {
    [Transition::Revise, Transition::OpenDiscussion].into_iter().any(|step| next(status, step).is_ok())
}

/// What can be done to a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter)]
pub enum MeetingTransition {
    Update,
    SetSessions,
    Confirm,
    Open,
    Conclude,
    Postpone,
    Cancel,
}

impl MeetingTransition {
    fn verb(self) -> &'static str {
        match self {
            Self::Update | Self::SetSessions => "changed",
            Self::Confirm => "confirmed",
            Self::Open => "opened",
            Self::Conclude => "concluded",
            Self::Postpone => "postponed",
            Self::Cancel => "cancelled",
        }
    }
}

/// The state after a transition, or why it is refused. A postponed meeting is confirmed again for future days. A cancelled one is over, but
/// can give back the ordinals of its sessions. What is recorded of a concluded one can still be completed.
pub fn next_meeting(status: MeetingStatus, step: MeetingTransition) -> Result<MeetingStatus, ValidationError> {
    use MeetingStatus::{Cancelled, Concluded, Confirmed, InSession, Planned, Postponed};
    use MeetingTransition::{Cancel, Conclude, Confirm, Open, Postpone, SetSessions, Update};
    let after = match (step, status) {
        (Update | SetSessions, Planned | Confirmed | InSession | Concluded | Postponed) | (SetSessions, Cancelled) => {
            status
        }
        (Confirm, Planned | Postponed) => Confirmed,
        (Open, Confirmed) => InSession,
        (Conclude, Confirmed | InSession) => Concluded,
        (Postpone, Planned | Confirmed) => Postponed,
        (Cancel, Planned | Confirmed | Postponed) => Cancelled,
        (Update | Confirm | Open | Conclude | Postpone | Cancel, _) => {
            let message = format!("A meeting that is {} cannot be {}.", meeting_words(status), step.verb());
            return Err(ValidationError::state("id", message));
        }
    };
    Ok(after)
}

/// The state in plain words.
fn words(status: RecommendationStatus) -> &'static str {
    match status {
        RecommendationStatus::Draft => "a draft",
        RecommendationStatus::UnderDiscussion => "under discussion",
        RecommendationStatus::UnderSilence => "under silence",
        RecommendationStatus::AgreedInGroup => "agreed in its group",
        RecommendationStatus::NoConsensus => "without consensus",
        RecommendationStatus::Withdrawn => "withdrawn",
        RecommendationStatus::SubmittedToExcom => "before the Executive Committee",
        RecommendationStatus::Returned => "returned",
        RecommendationStatus::Adopted => "adopted",
        RecommendationStatus::Transmitted => "transmitted",
        RecommendationStatus::Superseded => "superseded",
    }
}

fn meeting_words(status: MeetingStatus) -> &'static str {
    match status {
        MeetingStatus::Planned => "planned",
        MeetingStatus::Confirmed => "confirmed",
        MeetingStatus::InSession => "in session",
        MeetingStatus::Concluded => "concluded",
        MeetingStatus::Postponed => "postponed",
        MeetingStatus::Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::MeetingTransition::{self, Cancel, Conclude, Confirm, Open, Postpone};
    use super::{Transition, next, next_meeting};
    use entity::meeting::MeetingStatus::{self, Cancelled, Concluded, Confirmed, InSession, Planned, Postponed};
    use entity::recommendation::RecommendationStatus::{self, *};
    use sea_orm::Iterable;

    /// Written from section 4 of the domain's description, not copied from the table above.
    const ADOPTION: [(RecommendationStatus, RecommendationStatus); 20] = [
        (Draft, UnderDiscussion),
        (Draft, Withdrawn),
        (UnderDiscussion, UnderSilence),
        (UnderDiscussion, AgreedInGroup),
        (UnderDiscussion, NoConsensus),
        (UnderDiscussion, Withdrawn),
        (UnderSilence, AgreedInGroup),
        (UnderSilence, UnderDiscussion),
        (AgreedInGroup, SubmittedToExcom),
        (SubmittedToExcom, Adopted),
        (SubmittedToExcom, Returned),
        (Returned, UnderDiscussion),
        (NoConsensus, UnderDiscussion),
        (NoConsensus, Withdrawn),
        (Adopted, Transmitted),
        (Adopted, Superseded),
        (Transmitted, Superseded),
        // Transitions that keep the state.
        (Draft, Draft),
        (UnderDiscussion, UnderDiscussion),
        (AgreedInGroup, AgreedInGroup),
    ];

    #[test]
    fn every_state_and_transition_follows_the_description() {
        for status in RecommendationStatus::iter() {
            for step in Transition::iter() {
                if let Ok(after) = next(status, step) {
                    let is_silence = matches!(step, Transition::OpenSilence | Transition::EndSilence);
                    let stays = status == after
                        && (step == Transition::SetAddressees || is_silence && status == SubmittedToExcom);
                    let is_past = step == Transition::RecordAdoption && (status, after) == (Draft, Adopted);
                    assert!(stays || is_past || ADOPTION.contains(&(status, after)), "{status:?} {step:?} {after:?}");
                }
            }
        }
        for (from, to) in ADOPTION {
            assert!(Transition::iter().any(|step| next(from, step) == Ok(to)), "no move leads from {from:?} to {to:?}");
        }
    }

    #[test]
    fn every_transition_leads_where_it_should_and_nowhere_else() {
        use Transition::*;
        let allowed: Vec<(Transition, RecommendationStatus, RecommendationStatus)> = Transition::iter()
            .flat_map(|step| RecommendationStatus::iter().map(move |status| (step, status)))
            .filter_map(|(step, status)| next(status, step).ok().map(|after| (step, status, after)))
            .collect();
        assert_eq!(
            allowed,
            [
                (Revise, Draft, Draft),
                (Revise, UnderDiscussion, UnderDiscussion),
                (Revise, NoConsensus, UnderDiscussion),
                (OpenDiscussion, Draft, UnderDiscussion),
                (OpenDiscussion, Returned, UnderDiscussion),
                (Withdraw, Draft, Withdrawn),
                (Withdraw, UnderDiscussion, Withdrawn),
                (Withdraw, NoConsensus, Withdrawn),
                (OpenSilence, UnderDiscussion, UnderSilence),
                (OpenSilence, SubmittedToExcom, SubmittedToExcom),
                (EndSilence, UnderSilence, UnderDiscussion),
                (EndSilence, SubmittedToExcom, SubmittedToExcom),
                (ElapseSilence, UnderSilence, AgreedInGroup),
                (ElapseSilence, SubmittedToExcom, Adopted),
                (RecordAgreement, UnderDiscussion, AgreedInGroup),
                (RecordNoConsensus, UnderDiscussion, NoConsensus),
                (Submit, AgreedInGroup, SubmittedToExcom),
                (Return, SubmittedToExcom, Returned),
                (Adopt, SubmittedToExcom, Adopted),
                (RecordAdoption, Draft, Adopted),
                (Transmit, Adopted, Transmitted),
                (Supersede, Adopted, Superseded),
                (Supersede, Transmitted, Superseded),
                (SetAddressees, Draft, Draft),
                (SetAddressees, UnderDiscussion, UnderDiscussion),
                (SetAddressees, AgreedInGroup, AgreedInGroup),
                (SetAddressees, NoConsensus, NoConsensus),
                (SetAddressees, Returned, Returned),
            ]
        );
    }

    #[test]
    fn a_text_is_edited_only_while_its_body_discusses_it() {
        let editable: Vec<_> =
            RecommendationStatus::iter().filter(|status| next(*status, Transition::Revise).is_ok()).collect();
        assert_eq!(editable, [Draft, UnderDiscussion, NoConsensus]);
        assert_eq!(next(NoConsensus, Transition::Revise), Ok(UnderDiscussion));
        assert!(next(NoConsensus, Transition::OpenDiscussion).is_err(), "a new revision only");
    }

    #[test]
    fn every_transition_of_a_meeting_leads_where_it_should() {
        let allowed: Vec<(MeetingStatus, MeetingTransition, MeetingStatus)> = MeetingStatus::iter()
            .flat_map(|status| MeetingTransition::iter().map(move |step| (status, step)))
            .filter_map(|(status, step)| next_meeting(status, step).ok().map(|after| (status, step, after)))
            .filter(|(_, step, _)| !matches!(step, MeetingTransition::Update | MeetingTransition::SetSessions))
            .collect();
        assert_eq!(
            allowed,
            [
                (Planned, Confirm, Confirmed),
                (Planned, Postpone, Postponed),
                (Planned, Cancel, Cancelled),
                (Confirmed, Open, InSession),
                (Confirmed, Conclude, Concluded),
                (Confirmed, Postpone, Postponed),
                (Confirmed, Cancel, Cancelled),
                (InSession, Conclude, Concluded),
                (Postponed, Confirm, Confirmed),
                (Postponed, Cancel, Cancelled),
            ]
        );
        let fixed: Vec<_> =
            MeetingStatus::iter().filter(|s| next_meeting(*s, MeetingTransition::Update).is_err()).collect();
        assert_eq!(fixed, [Cancelled]);
        assert!(MeetingStatus::iter().all(|status| next_meeting(status, MeetingTransition::SetSessions) == Ok(status)));
    }
}
