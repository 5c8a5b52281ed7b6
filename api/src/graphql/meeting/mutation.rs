//! What is done to meetings.

use async_graphql::{Context, Object, Result};

use super::{AgendaItem, Meeting, Participation};
use crate::error::Error;
use crate::graphql::payload::{changed, created, payload, refused};
use crate::graphql::session::session;
use crate::service;
use crate::service::meeting::agenda::{
    AddAgendaItemInput, RemoveAgendaItemInput, ReorderAgendaItemsInput, UpdateAgendaItemInput,
};
use crate::service::meeting::moves::{MeetingMoveInput, PostponeMeetingInput};
use crate::service::meeting::participation::RecordParticipationInput;
use crate::service::meeting::parts::{SetBodySessionsInput, SetMeetingOrganizersInput};
use crate::service::meeting::{ScheduleMeetingInput, UpdateMeetingInput};

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

#[derive(Default)]
pub struct MeetingMutation;

#[Object]
impl MeetingMutation {
    /// Schedules a meeting, with its organisers and sessions if they are known. It is planned. For the secretariat.
    async fn schedule_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new meeting.")] input: ScheduleMeetingInput,
    ) -> Option<Result<MeetingPayload>> {
        let session = session(ctx);
        created(service::meeting::schedule(&session.app, &session.viewer, input).await)
    }

    /// Changes a meeting. Not once it is cancelled. For the secretariat.
    async fn update_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting, its version, and what changes.")] input: UpdateMeetingInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::update(&session.app, &session.viewer, input).await).await
    }

    /// Confirms a planned or postponed meeting. It needs an organiser. For the secretariat.
    async fn confirm_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting and its version.")] input: MeetingMoveInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::moves::confirm(&session.app, &session.viewer, input).await).await
    }

    /// Opens a confirmed meeting, on its first day at the earliest. For the secretariat.
    async fn open_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting and its version.")] input: MeetingMoveInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::moves::open(&session.app, &session.viewer, input).await).await
    }

    /// Concludes a confirmed or open meeting, once its last day has passed. For the secretariat.
    async fn conclude_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting and its version.")] input: MeetingMoveInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::moves::conclude(&session.app, &session.viewer, input).await).await
    }

    /// Cancels a meeting that has not been opened. For the secretariat.
    async fn cancel_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting and its version.")] input: MeetingMoveInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::moves::cancel(&session.app, &session.viewer, input).await).await
    }

    /// Puts off a planned or confirmed meeting. For the secretariat.
    async fn postpone_meeting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting, its version, and its new days if they are known.")] input: PostponeMeetingInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::moves::postpone(&session.app, &session.viewer, input).await).await
    }

    /// Replaces the organisers of a meeting. For the secretariat.
    async fn set_meeting_organizers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting, its version, and all organisers.")] input: SetMeetingOrganizersInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(
            session,
            &id,
            service::meeting::parts::set_meeting_organizers(&session.app, &session.viewer, input).await,
        )
        .await
    }

    /// Replaces the body sessions of a meeting. An ordinal is unique in its body. For the secretariat.
    async fn set_body_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting, its version, and all sessions.")] input: SetBodySessionsInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::parts::set_body_sessions(&session.app, &session.viewer, input).await)
            .await
    }

    /// Adds an item at the end of a meeting's agenda. A change of the meeting. For the secretariat.
    async fn add_agenda_item(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting and the new item.")] input: AddAgendaItemInput,
    ) -> Option<Result<AgendaItemPayload>> {
        let session = session(ctx);
        created(service::meeting::agenda::add(&session.app, &session.viewer, input).await)
    }

    /// Changes an agenda item. A change of the meeting. For the secretariat.
    async fn update_agenda_item(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The item, its version, and what changes.")] input: UpdateAgendaItemInput,
    ) -> Option<Result<AgendaItemPayload>> {
        let (session, id) = (session(ctx), input.id.clone());
        changed(session, &id, service::meeting::agenda::update(&session.app, &session.viewer, input).await).await
    }

    /// Removes an agenda item. Not once the meeting is concluded. A change of the meeting, which is returned. For the secretariat.
    async fn remove_agenda_item(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The item and its version.")] input: RemoveAgendaItemInput,
    ) -> Option<Result<MeetingPayload>> {
        let session = session(ctx);
        match service::meeting::agenda::remove(&session.app, &session.viewer, input.clone()).await {
            Err(error @ Error::Conflict { .. }) => {
                match service::meeting::agenda::meeting_of(&session.app, &session.viewer, &input.id).await {
                    Ok(current) => Some(refused(error, current).map_err(Into::into)),
                    Err(error) => Some(Err(error.into())),
                }
            }
            outcome => created(outcome),
        }
    }

    /// Gives an agenda a new order. A change of the meeting, which is returned. For the secretariat.
    async fn reorder_agenda_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting, its version, and all items in their new order.")] input: ReorderAgendaItemsInput,
    ) -> Option<Result<MeetingPayload>> {
        let (session, id) = (session(ctx), input.meeting_id.clone());
        changed(session, &id, service::meeting::agenda::reorder(&session.app, &session.viewer, input).await).await
    }

    /// Records an organisation's part in a meeting, or changes what is recorded. For the secretariat, and for partners
    /// their own organisation's.
    async fn record_participation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The meeting, the organisation, and its part.")] input: RecordParticipationInput,
    ) -> Option<Result<ParticipationPayload>> {
        let session = session(ctx);
        match service::meeting::participation::record(&session.app, &session.viewer, input.clone()).await {
            Err(error @ Error::Conflict { .. }) => {
                match service::meeting::participation::current(&session.app, &session.viewer, &input).await {
                    Ok(current) => Some(refused(error, current).map_err(Into::into)),
                    Err(error) => Some(Err(error.into())),
                }
            }
            outcome => created(outcome),
        }
    }
}
