//! What is done to meetings.

use super::{AgendaItem, Meeting, Participation};
use crate::graphql::bulk::upserts;
use crate::graphql::payload::{mutations, payload};
use crate::service::meeting::agenda::{
    self, AddAgendaItemInput, RemoveAgendaItemInput, ReorderAgendaItemsInput, UpdateAgendaItemInput,
};
use crate::service::meeting::participation::{self, RecordParticipationInput};
use crate::service::meeting::parts::{self, SetBodySessionsInput, SetMeetingOrganizersInput};
use crate::service::meeting::transitions::{self, MeetingMoveInput, PostponeMeetingInput};
use crate::service::meeting::upsert::{UpsertMeetingsInput, upsert};
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
        /// `ALREADY_EXISTS` if a body has a session of that ordinal.
        schedule_meeting(ScheduleMeetingInput, "The new meeting.") -> MeetingPayload = meeting::schedule;
        /// Changes a meeting. For the secretariat. `INVALID_STATE` once it is cancelled; if a meeting in session would
        /// not have started, or a concluded one not have ended; and if an alternative title or a source is taken out of
        /// the record of a concluded one.
        update_meeting(UpdateMeetingInput, "The meeting, its version, and what changes.") -> MeetingPayload
            = meeting::update, of id;
        /// Confirms a planned or postponed meeting. For the secretariat. `INVALID_STATE` in any other state, and
        /// without an organiser.
        confirm_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::confirm, of id;
        /// Opens a confirmed meeting, on its first day at the earliest. For the secretariat. `INVALID_STATE` in any
        /// other state, and before that day.
        open_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::open, of id;
        /// Concludes a meeting that is confirmed or in session, once its last day has passed. For the secretariat.
        /// `INVALID_STATE` in any other state, and until then.
        conclude_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::conclude, of id;
        /// Cancels a planned, confirmed or postponed meeting. For the secretariat. `INVALID_STATE` in any other state.
        cancel_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::cancel, of id;
        /// Puts off a planned or confirmed meeting. For the secretariat. `INVALID_STATE` in any other state.
        postpone_meeting(PostponeMeetingInput, "The meeting, its version, and its new days if they are known.")
            -> MeetingPayload = transitions::postpone, of id;
        /// Replaces the organisers of a meeting. For the secretariat. `INVALID_STATE` once it is cancelled; with no
        /// organiser, from its confirmation on; and if one is taken out of the record of a concluded meeting.
        set_meeting_organizers(SetMeetingOrganizersInput, "The meeting, its version, and all organisers.")
            -> MeetingPayload = parts::set_meeting_organizers, of id;
        /// Replaces the body sessions of a meeting. For the secretariat. `ALREADY_EXISTS` if a body has a session of
        /// that ordinal; `INVALID` for briefings, side events and dialogues, which carry none; `INVALID_STATE` once the
        /// meeting is cancelled, and if a session is taken out of the record of a concluded one.
        set_body_sessions(SetBodySessionsInput, "The meeting, its version, and all sessions.") -> MeetingPayload
            = parts::set_body_sessions, of id;
        /// Adds an item at the end of a meeting's agenda. A change of the meeting. For the secretariat. `INVALID_STATE`
        /// once the meeting is cancelled.
        add_agenda_item(AddAgendaItemInput, "The meeting and the new item.") -> AgendaItemPayload
            = agenda::add;
        /// Changes an agenda item. A change of the meeting. For the secretariat. `INVALID_STATE` once the meeting is
        /// cancelled.
        update_agenda_item(UpdateAgendaItemInput, "The item, its version, and what changes.") -> AgendaItemPayload
            = agenda::update, of id;
        /// Removes an agenda item. A change of the meeting, which is returned. For the secretariat. `INVALID_STATE`
        /// once the meeting is concluded or cancelled.
        remove_agenda_item(RemoveAgendaItemInput, "The item and its version.") -> MeetingPayload
            = agenda::remove, in conflict agenda::meeting_of;
        /// Gives an agenda a new order. A change of the meeting, which is returned. For the secretariat. `INVALID`
        /// unless every item is named once; `INVALID_STATE` once the meeting is cancelled.
        reorder_agenda_items(ReorderAgendaItemsInput, "The meeting, its version, and all items in their new order.")
            -> MeetingPayload = agenda::reorder, of meeting_id;
        /// Records an organisation's part in a meeting, or changes what is recorded. For the secretariat, and for
        /// partners their own organisation's; under the Chatham House Rule partners only change what is recorded.
        /// `INVALID_STATE` once the meeting is cancelled; `CONFLICT` without the version of what is recorded already.
        record_participation(RecordParticipationInput, "The meeting, the organisation, and its part.")
            -> ParticipationPayload = participation::record, in conflict participation::current;
    }
}

upserts! {
    /// The answer of a bulk write of meetings.
    UpsertMeetingsPayload of UpsertMeetingsRow {
        meeting: Meeting;
        upsert_meetings(UpsertMeetingsInput, "The rows, and how to go about them.") = upsert;
        /// Schedules and changes many meetings, up to 500, in one transaction. The rules are those of `scheduleMeeting`,
        /// `updateMeeting`, `setMeetingOrganizers` and `setBodySessions`. A row that says what is recorded already is
        /// `UNCHANGED`, in any state. For the secretariat.
        MeetingUpsert
    }
}
