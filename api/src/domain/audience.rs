//! Who may read a row, as a value that is written on it. A child is never more open than its parent.

use entity::Audience;
use entity::id::OrganizationId;
use entity::meeting::Sensitivity;
use entity::recommendation::RecommendationStatus;

/// The audience of a row and the organisation that may read it besides.
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

/// Under the Chatham House Rule the secretariat and participants alone read who takes part; others see counts.
/// The row's own organisation does if it may see the meeting; the other participants by the rule of
/// `participation::visible`.
pub fn of_participation(sensitivity: Sensitivity, chatham_house: bool, organization: OrganizationId) -> Access {
    let (audience, _) = of_meeting(sensitivity);
    match audience {
        Audience::Confidential => (audience, None),
        _ if chatham_house => (Audience::Confidential, Some(organization)),
        _ => (audience, Some(organization)),
    }
}

/// A revision that has been replaced stays with those before whom it lay: a text that opens up opens its latest one only.
pub fn of_earlier_revision((audience, owner): Access) -> Access {
    (audience.max(Audience::Participants), owner)
}

/// A draft is its drafter's; a text under discussion is the participants'; an adopted one is public.
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
