//! Who may read a row, as a value that is written on it: never more than may read its parent. It judges no viewer: `Viewer::admits` and
//! `service::read` do.

use std::cmp::Ordering;

use entity::Audience;
use entity::id::OrganizationId;
use entity::meeting::Sensitivity;
use entity::recommendation::RecommendationStatus;

/// The audience of a row, and the organisation that may read it as well.
pub type Access = (Audience, Option<OrganizationId>);

/// What everyone may read.
pub const OPEN: Access = (Audience::Public, None);
/// What only the secretariat may read.
pub const CLOSED: Access = (Audience::Confidential, None);

pub fn of_meeting(sensitivity: Sensitivity) -> Access {
    let audience = match sensitivity {
        Sensitivity::Public => Audience::Public,
        Sensitivity::ParticipantsOnly => Audience::Participants,
        Sensitivity::Confidential => Audience::Confidential,
    };
    (audience, None)
}

/// Under the Chatham House Rule only participants and the secretariat read who takes part; others see counts. The row's own organisation
/// reads it if it may see the meeting; the other participants do by the rule of `participation::visible`.
pub fn of_participation(sensitivity: Sensitivity, chatham_house: bool, organization: OrganizationId) -> Access {
    let (audience, _) = of_meeting(sensitivity);
    match audience {
        Audience::Confidential => (audience, None),
        _ if chatham_house => (Audience::Confidential, Some(organization)),
        _ => (audience, Some(organization)),
    }
}

/// An earlier revision stays with those who could read it: when a text opens to more readers, only its latest revision does.
pub fn of_earlier_revision((audience, owner): Access) -> Access {
    (audience.max(Audience::Participants), owner)
}

/// A draft is read by its drafter, a text under discussion by the participants, an adopted one by everyone.
pub fn of_recommendation(status: RecommendationStatus, drafted_by: Option<OrganizationId>) -> Access {
    use RecommendationStatus::{
        Adopted, AgreedInGroup, Draft, NoConsensus, Returned, SubmittedToExcom, Superseded, Transmitted,
        UnderDiscussion, UnderSilence, Withdrawn,
    };
    let audience = match status {
        Draft | Withdrawn => Audience::Confidential,
        UnderDiscussion | UnderSilence | AgreedInGroup | NoConsensus | SubmittedToExcom | Returned => {
            Audience::Participants
        }
        Adopted | Transmitted | Superseded => Audience::Public,
    };
    (audience, drafted_by)
}

/// Who sees both of two records. The owner of the less public one sees the other one as a participant.
pub fn of_both(one: Access, other: Access) -> Access {
    match one.0.cmp(&other.0) {
        Ordering::Less => other,
        Ordering::Equal => (one.0, one.1.filter(|_| one.1 == other.1)),
        Ordering::Greater => one,
    }
}

/// Who sees at least one of two records. If both have an owner, the first one is named: no use case opens or closes two such records.
pub fn of_either(one: Access, other: Access) -> Access {
    match one.0.cmp(&other.0) {
        Ordering::Less => one,
        Ordering::Equal => (one.0, one.1.or(other.1)),
        Ordering::Greater => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSED, OPEN, of_both, of_either, of_meeting, of_participation, of_recommendation};
    use crate::domain::lifecycle::{Transition, next};
    use entity::Audience::{Confidential, Participants, Public};
    use entity::id::{OrganizationId, RecordId};
    use entity::meeting::Sensitivity;
    use entity::recommendation::RecommendationStatus::{self, *};
    use sea_orm::Iterable;
    use uuid::Uuid;

    fn drafter() -> OrganizationId {
        OrganizationId::new(Uuid::from_u128(1))
    }

    #[test]
    fn whoever_sees_both_sees_the_more_closed_one() {
        let drafters = (Confidential, Some(drafter()));
        assert_eq!(of_both(OPEN, drafters), drafters);
        assert_eq!(of_both(drafters, OPEN), drafters);
        assert_eq!(of_both((Participants, None), drafters), drafters);
        assert_eq!(of_both(CLOSED, (Participants, Some(drafter()))), CLOSED);
        assert_eq!(of_both(OPEN, OPEN), OPEN);
        assert_eq!(of_both(drafters, drafters), drafters);
        assert_eq!(of_both(CLOSED, drafters), CLOSED);
        assert_eq!(of_both(drafters, CLOSED), CLOSED);
    }

    #[test]
    fn whoever_sees_one_of_two_sees_the_more_open_one() {
        let drafters = (Confidential, Some(drafter()));
        assert_eq!(of_either(OPEN, drafters), OPEN);
        assert_eq!(of_either(drafters, (Participants, None)), (Participants, None));
        assert_eq!(of_either(CLOSED, drafters), drafters);
        assert_eq!(of_either(drafters, CLOSED), drafters);
    }

    #[test]
    fn a_revision_changes_nobodys_access() {
        for status in RecommendationStatus::iter() {
            if let Ok(after) = next(status, Transition::Revise) {
                assert_eq!(of_recommendation(status, None), of_recommendation(after, None), "{status:?}");
            }
        }
    }

    #[test]
    fn a_text_is_its_drafters_then_the_participants_then_everyones() {
        let audiences: Vec<_> =
            RecommendationStatus::iter().map(|status| (status, of_recommendation(status, None).0)).collect();
        assert_eq!(
            audiences,
            [
                (Draft, Confidential),
                (UnderDiscussion, Participants),
                (UnderSilence, Participants),
                (AgreedInGroup, Participants),
                (NoConsensus, Participants),
                (Withdrawn, Confidential),
                (SubmittedToExcom, Participants),
                (Returned, Participants),
                (Adopted, Public),
                (Transmitted, Public),
                (Superseded, Public),
            ]
        );
        for status in RecommendationStatus::iter() {
            assert_eq!(of_recommendation(status, Some(drafter())).1, Some(drafter()), "{status:?}");
            assert_eq!(of_recommendation(status, None).1, None, "{status:?}");
        }
    }

    #[test]
    fn a_meeting_is_for_those_whom_its_sensitivity_names() {
        let audiences: Vec<_> = Sensitivity::iter().map(of_meeting).collect();
        assert_eq!(audiences, [(Public, None), (Participants, None), (Confidential, None)]);
    }

    #[test]
    fn a_participation_is_never_more_open_than_its_meeting() {
        let own = Some(drafter());
        for (sensitivity, open, under_chatham_house) in [
            (Sensitivity::Public, (Public, own), (Confidential, own)),
            (Sensitivity::ParticipantsOnly, (Participants, own), (Confidential, own)),
            (Sensitivity::Confidential, (Confidential, None), (Confidential, None)),
        ] {
            assert_eq!(of_participation(sensitivity, false, drafter()), open, "{sensitivity:?}");
            assert_eq!(of_participation(sensitivity, true, drafter()), under_chatham_house, "{sensitivity:?}");
        }
    }
}
