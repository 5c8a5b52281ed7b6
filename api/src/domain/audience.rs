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

/// A consensus procedure is read by those who read both its revision and its meeting: a procedure on an earlier revision stays with those who
/// could read that one.
pub fn of_procedure(revision: Access, meeting: Access) -> Access {
    of_both(revision, meeting)
}

/// A position is read by the organisation itself and the readers of its procedure; under the Chatham House Rule of the meeting by the
/// secretariat, and by the other participants by the rule of `position::visible`; if it is published with a text, by everyone.
pub fn of_position(procedure: Access, is_published: bool, chatham_house: bool, organization: OrganizationId) -> Access {
    let audience = if is_published { Audience::Public } else { of_unpublished_position(procedure, chatham_house) };
    (audience, Some(organization))
}

/// Who reads the positions of all organisations in a procedure, as long as they are not published.
pub fn of_unpublished_position((audience, _): Access, chatham_house: bool) -> Audience {
    if chatham_house { Audience::Confidential } else { audience }
}

/// A document is read by those who read all that it belongs to, as far as its own sensitivity goes.
pub fn of_document(sensitivity: Sensitivity, belongs_to: impl IntoIterator<Item = Access>) -> Access {
    belongs_to.into_iter().fold(of_meeting(sensitivity), of_both)
}

/// Who sees both of two records. The owner of the less public one sees the other one as a participant.
pub fn of_both(one: Access, other: Access) -> Access {
    match one.0.cmp(&other.0) {
        Ordering::Less => other,
        Ordering::Equal => (one.0, one.1.filter(|_| one.1 == other.1)),
        Ordering::Greater => one,
    }
}

/// Who sees at least one of two records. If both are confidential and have owners, only the first owner is named.
pub fn of_either(one: Access, other: Access) -> Access {
    match one.0.cmp(&other.0) {
        Ordering::Less => one,
        Ordering::Equal => (one.0, one.1.or(other.1)),
        Ordering::Greater => other,
    }
}

/// Whether the readers of the one may read the other.
fn reads(readers_of: Access, (audience, owner): Access) -> bool {
    match readers_of {
        (Audience::Confidential, Some(organization)) => {
            audience < Audience::Confidential || owner == Some(organization)
        }
        (most, _) => audience <= most,
    }
}

/// Who sees that a record names others than before, or in another order: of the readers of the record itself, and of those that may read each
/// of the others. Nobody, if nothing differs.
pub fn of_difference<I: PartialEq + Copy>(
    record: Access,
    before: &[(I, Access)],
    after: &[(I, Access)],
) -> Vec<Access> {
    let mut readers = vec![record];
    for (_, access) in before.iter().chain(after) {
        // Whoever owns what is not confidential reads it as others do.
        let (audience, owner) = of_both(record, *access);
        let both = (audience, owner.filter(|_| audience == Audience::Confidential));
        if !readers.contains(&both) {
            readers.push(both);
        }
    }
    let shown = |reader: Access, named: &[(I, Access)]| -> Vec<I> {
        let seen = named.iter().filter(|(_, access)| reads(reader, of_both(record, *access)));
        seen.map(|(one, _)| *one).collect()
    };
    readers.retain(|reader| shown(*reader, before) != shown(*reader, after));
    readers
}

#[cfg(test)]
mod tests {
    use super::{
        CLOSED, OPEN, of_both, of_difference, of_either, of_meeting, of_participation, of_position, of_recommendation,
    };
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
    fn a_position_is_never_more_open_than_its_procedure_unless_it_is_published() {
        for audience in [Public, Participants, Confidential] {
            for chatham_house in [false, true] {
                let access = of_position((audience, None), false, chatham_house, drafter());
                assert!(access.0 >= audience);
                assert_eq!(access.0 == Confidential, chatham_house || audience == Confidential);
                assert_eq!(access.1, Some(drafter()));
                assert_eq!(of_position((audience, None), true, chatham_house, drafter()).0, Public);
            }
        }
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
    fn a_difference_is_seen_by_those_who_see_what_differs() {
        let of = |number: u128| (Confidential, Some(OrganizationId::new(Uuid::from_u128(number))));
        let discussed = (Participants, None);
        for (before, after, seen_by) in [
            (vec![(1, OPEN)], vec![(1, OPEN)], vec![]),
            (vec![(1, OPEN)], vec![(1, OPEN), (2, CLOSED)], vec![CLOSED]),
            (vec![(1, OPEN)], vec![(2, of(5)), (1, OPEN), (3, of(6))], vec![of(5), of(6)]),
            (vec![(1, discussed), (2, of(5))], vec![(2, of(5)), (1, discussed)], vec![of(5)]),
            (vec![(1, discussed)], vec![], vec![discussed]),
            (vec![], vec![(1, (Participants, of(5).1)), (2, (Participants, of(6).1))], vec![discussed]),
            (vec![(1, OPEN), (2, CLOSED)], vec![(2, CLOSED)], vec![OPEN, CLOSED]),
            (vec![(1, CLOSED), (2, of(5))], vec![(2, of(5)), (1, CLOSED)], vec![CLOSED]),
        ] {
            assert_eq!(of_difference(OPEN, &before, &after), seen_by, "{before:?} {after:?}");
        }
        assert_eq!(of_difference(discussed, &[], &[(1, OPEN)]), [discussed]);
        assert_eq!(of_difference(CLOSED, &[], &[(1, OPEN)]), [CLOSED]);
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
