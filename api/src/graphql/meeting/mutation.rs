//! The mutations of meetings, their agendas and participations. Has names and shapes; no SQL and no rules.

use super::{AgendaItem, Meeting, Participation};
use crate::graphql::bulk::upserts;
use crate::graphql::payload::{mutations, payload};
use crate::service::meeting;
use crate::service::meeting::agenda::{
    self, AddAgendaItemInput, RemoveAgendaItemInput, ReorderAgendaItemsInput, UpdateAgendaItemInput,
};
use crate::service::meeting::participation::{self, RecordParticipationInput};
use crate::service::meeting::parts::{self, SetBodySessionsInput, SetMeetingOrganizersInput};
use crate::service::meeting::row::{ScheduleMeetingInput, UpdateMeetingInput};
use crate::service::meeting::transitions::{self, MeetingMoveInput, PostponeMeetingInput};
use crate::service::meeting::upsert::{UpsertMeetingsInput, upsert};

payload! {
    /// The answer to a mutation of a meeting.
    MeetingPayload {
        /// The meeting after the write; after a conflict, as it is now.
        meeting: Meeting
    }
}

payload! {
    /// The answer to a mutation of an agenda item.
    AgendaItemPayload {
        /// The agenda item after the write; after a conflict, as it is now.
        agenda_item: AgendaItem
    }
}

payload! {
    /// The answer to a mutation of a participation.
    ParticipationPayload {
        /// The participation after the write; after a conflict, as it is now.
        participation: Participation
    }
}

mutations! {
    MeetingMutation {
        /// Schedules a meeting, with its organisers, its sessions, its agenda and those it invites, as far as they are known. Its
        /// status is planned. For the secretariat. `ALREADY_EXISTS` if a body has a session with that ordinal.
        schedule_meeting(ScheduleMeetingInput, "The new meeting.") -> MeetingPayload = meeting::schedule;
        /// Changes a meeting. For the secretariat. `INVALID_STATE` if the meeting is cancelled; if a meeting in session
        /// would not have started, or a concluded one not have ended; and if an alternative title or a source would be
        /// removed from a concluded one; if it would
        /// become confidential before a silence that was opened at it is over; and if a text was adopted at it on a day that
        /// would no longer be one of its days, or, by a silence, before its first one.
        update_meeting(UpdateMeetingInput, "The meeting, its version, and what changes.") -> MeetingPayload
            = meeting::update, of id;
        /// Confirms a planned or postponed meeting. For the secretariat. `INVALID_STATE` in any other state, and if it has no organiser.
        confirm_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::confirm, of id;
        /// Opens a confirmed meeting, on its first day at the earliest. For the secretariat. `INVALID_STATE` in any
        /// other state, and before that day.
        open_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::open, of id;
        /// Concludes a meeting that is confirmed or in session, once its last day has passed. For the secretariat.
        /// `INVALID_STATE` in any other state, and before that.
        conclude_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::conclude, of id;
        /// Cancels a planned, confirmed or postponed meeting. For the secretariat. `INVALID_STATE` in any other state.
        cancel_meeting(MeetingMoveInput, "The meeting and its version.") -> MeetingPayload
            = transitions::cancel, of id;
        /// Postpones a planned or confirmed meeting. For the secretariat. `INVALID_STATE` in any other state.
        postpone_meeting(PostponeMeetingInput, "The meeting, its version, and its new days if they are known.")
            -> MeetingPayload = transitions::postpone, of id;
        /// Replaces the organisers of a meeting. For the secretariat. `INVALID_STATE` if the meeting is cancelled; if it is
        /// confirmed, in session or concluded and would have no organiser; and if an organiser would be removed from a
        /// concluded meeting.
        set_meeting_organizers(SetMeetingOrganizersInput, "The meeting, its version, and all organisers.")
            -> MeetingPayload = parts::set_meeting_organizers, of id;
        /// Replaces the body sessions of a meeting. For the secretariat. `ALREADY_EXISTS` if a body has a session with that
        /// ordinal; `INVALID` for briefings, side events and dialogues, which carry none; `INVALID_STATE` if the meeting is
        /// cancelled, and if a session would be removed from a concluded one, or one on which an agreement, an adoption
        /// or an open silence rests.
        set_body_sessions(SetBodySessionsInput, "The meeting, its version, and all sessions.") -> MeetingPayload
            = parts::set_body_sessions, of id;
        /// Adds an item at the end of a meeting's agenda. This changes the meeting. For the secretariat. `INVALID_STATE` if
        /// the meeting is cancelled.
        add_agenda_item(AddAgendaItemInput, "The meeting and the new item.") -> AgendaItemPayload
            = agenda::add;
        /// Changes an agenda item. This changes the meeting, unless only links change that not everyone who sees the item may
        /// see. For the secretariat. `INVALID_STATE` if the meeting is cancelled; `CONFLICT` if the links are others than
        /// expected.
        update_agenda_item(UpdateAgendaItemInput, "The item, its version, and what changes.") -> AgendaItemPayload
            = agenda::update, of id;
        /// Removes an agenda item. This changes the meeting, which is returned. For the secretariat. `INVALID_STATE` if the
        /// meeting is concluded or cancelled, and if documents belong to the item.
        remove_agenda_item(RemoveAgendaItemInput, "The item and its version.") -> MeetingPayload
            = agenda::remove, in conflict agenda::meeting_of;
        /// Reorders the items of an agenda. This changes the meeting, which is returned. For the secretariat. `INVALID`
        /// unless every item is named once; `INVALID_STATE` if the meeting is cancelled.
        reorder_agenda_items(ReorderAgendaItemsInput, "The meeting, its version, and all items in their new order.")
            -> MeetingPayload = agenda::reorder, of meeting_id;
        /// Records an organisation's part in a meeting, or changes what is recorded. For the secretariat, and for partners
        /// on behalf of their own organisation; under the Chatham House Rule partners may only change what is recorded
        /// already, and accept an invitation before the day of the meeting. What the secretariat records is confirmed; it confirms what an organisation has entered by recording it
        /// again. `INVALID_STATE` if the meeting is cancelled; `CONFLICT` without the version of what is recorded already.
        record_participation(RecordParticipationInput, "The meeting, the organisation, and its part.")
            -> ParticipationPayload = participation::record, in conflict participation::current;
    }
}

upserts! {
    /// The answer to a bulk write of meetings.
    UpsertMeetingsPayload of UpsertMeetingsRow {
        meeting: Meeting;
        upsert_meetings(UpsertMeetingsInput, "The rows, and how to write them.") = upsert;
        /// Schedules and changes many meetings, up to 500, in one transaction. The rules are those of `scheduleMeeting`,
        /// `updateMeeting`, `setMeetingOrganizers` and `setBodySessions`. A row that repeats what is recorded already is
        /// `UNCHANGED`, in any state. For the secretariat.
        MeetingUpsert
    }
}
