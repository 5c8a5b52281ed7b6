//! What is done to meetings.

use super::{AgendaItem, Meeting, Participation};
use crate::graphql::payload::{mutations, payload};
use crate::service::meeting::agenda::{
    self, AddAgendaItemInput, RemoveAgendaItemInput, ReorderAgendaItemsInput, UpdateAgendaItemInput,
};
use crate::service::meeting::moves::{self, MeetingMoveInput, PostponeMeetingInput};
use crate::service::meeting::participation::{self, RecordParticipationInput};
use crate::service::meeting::parts::{self, SetBodySessionsInput, SetMeetingOrganizersInput};
use crate::service::meeting::{self, ScheduleMeetingInput, UpdateMeetingInput};

payload! {
    /// The answer of a mutation of a meeting.
    MeetingPayload {
        /// The meeting after the write; in a conflict, as it is now.
        meeting: Meeting
    }
}

payload! {
    /// The answer of a mutation of an agenda item.
    AgendaItemPayload {
        /// The agenda item after the write; in a conflict, as it is now.
        agenda_item: AgendaItem
    }
}

payload! {
    /// The answer of a mutation of a participation.
    ParticipationPayload {
        /// The participation after the write; in a conflict, as it is now.
        participation: Participation
    }
}

mutations! {
    MeetingMutation {
        /// Schedules a meeting, with its organisers and sessions if they are known. It is planned. For the secretariat.
        schedule_meeting(ScheduleMeetingInput, "The new meeting.") -> MeetingPayload = meeting::schedule;
        /// Changes a meeting. Not once it is cancelled. For the secretariat.
        update_meeting(UpdateMeetingInput, "The meeting, its version, and what changes.") -> MeetingPayload
            = meeting::update, of id;
        /// Confirms a planned or postponed meeting. It needs an organiser. For the secretariat.
        confirm_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = moves::confirm, of id;
        /// Opens a confirmed meeting, on its first day at the earliest. For the secretariat.
        open_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = moves::open, of id;
        /// Concludes a confirmed or open meeting, once its last day has passed. For the secretariat.
        conclude_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = moves::conclude, of id;
        /// Cancels a meeting that has not been opened. For the secretariat.
        cancel_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = moves::cancel, of id;
        /// Puts off a planned or confirmed meeting. For the secretariat.
        postpone_meeting(PostponeMeetingInput, "The meeting, its version, and its new days if they are known.") -> MeetingPayload
            = moves::postpone, of id;
        /// Replaces the organisers of a meeting. For the secretariat.
        set_meeting_organizers(SetMeetingOrganizersInput, "The meeting, its version, and all organisers.") -> MeetingPayload
            = parts::set_meeting_organizers, of id;
        /// Replaces the body sessions of a meeting. An ordinal is unique in its body. For the secretariat.
        set_body_sessions(SetBodySessionsInput, "The meeting, its version, and all sessions.") -> MeetingPayload
            = parts::set_body_sessions, of id;
        /// Adds an item at the end of a meeting's agenda. A change of the meeting. For the secretariat.
        add_agenda_item(AddAgendaItemInput, "The meeting and the new item.") -> AgendaItemPayload
            = agenda::add;
        /// Changes an agenda item. A change of the meeting. For the secretariat.
        update_agenda_item(UpdateAgendaItemInput, "The item, its version, and what changes.") -> AgendaItemPayload
            = agenda::update, of id;
        /// Removes an agenda item. Not once the meeting is concluded. A change of the meeting, which is returned. For the secretariat.
        remove_agenda_item(RemoveAgendaItemInput, "The item and its version.") -> MeetingPayload
            = agenda::remove, in conflict agenda::meeting_of;
        /// Gives an agenda a new order. A change of the meeting, which is returned. For the secretariat.
        reorder_agenda_items(ReorderAgendaItemsInput, "The meeting, its version, and all items in their new order.") -> MeetingPayload
            = agenda::reorder, of meeting_id;
        /// Records an organisation's part in a meeting, or changes what is recorded. For the secretariat, and for partners
        /// their own organisation's.
        record_participation(RecordParticipationInput, "The meeting, the organisation, and its part.") -> ParticipationPayload
            = participation::record, in conflict participation::current;
    }
}
