//! What a meeting was at an instant. Has names and shapes; no SQL and no rules.

use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use chrono::Utc;
use entity::date::{Date, DateTime};
use entity::id::{MeetingId, RecordId as _};
use entity::meeting::{MeetingStatus, Modality, Sensitivity};
use entity::meeting_organizer::OrganizerRole;
use entity::record_state::{MeetingState as Kept, Organizing, Sitting, State};

use crate::graphql::body::Body;
use crate::graphql::country::Country;
use crate::graphql::object::{known, to_one};
use crate::graphql::organization::Organization;
use crate::graphql::session::{Session, session};

pub struct MeetingState {
    since: chrono::DateTime<Utc>,
    version: i32,
    state: Kept,
}

impl MeetingState {
    /// `None` if no state of the time is kept, or it was not for the viewer.
    pub async fn at(session: &Session, of: MeetingId, at: chrono::DateTime<Utc>) -> Result<Option<Self>> {
        let Some(kept) = session.state_at(of.uuid(), at).await? else { return Ok(None) };
        let State::Meeting(state) = &kept.state else { return Ok(None) };
        Ok(Some(Self { since: kept.since, version: kept.version, state: state.clone() }))
    }
}

/// What a meeting was at an instant: when and how it was to be held, by whom and for which bodies. What is not here, such as titles, is as it is
/// now. It was for those who could see the meeting then.
#[Object]
impl MeetingState {
    /// Since when this version of the record had stood.
    async fn since(&self) -> DateTime {
        DateTime(self.since)
    }

    /// The version of the record.
    async fn version(&self) -> i32 {
        self.version
    }

    /// The status.
    async fn status(&self) -> MeetingStatus {
        self.state.status
    }

    /// How it was to be held.
    async fn modality(&self) -> Modality {
        self.state.modality
    }

    /// The first day, in the time zone of the meeting.
    async fn starts_on(&self) -> Date {
        Date(self.state.starts_on)
    }

    /// The last day, in the time zone of the meeting.
    async fn ends_on(&self) -> Date {
        Date(self.state.ends_on)
    }

    /// The IANA time zone.
    async fn timezone(&self) -> &str {
        &self.state.timezone
    }

    /// Who could read it.
    async fn sensitivity(&self) -> Sensitivity {
        self.state.sensitivity
    }

    /// Whether the Chatham House Rule held.
    async fn chatham_house(&self) -> bool {
        self.state.chatham_house
    }

    /// The country.
    async fn country(&self, ctx: &Context<'_>) -> Option<Result<Country>> {
        to_one::<Country>(session(ctx), self.state.country_id).await
    }

    /// The organisations that organised it, in order.
    async fn organizers(&self) -> Vec<FormerOrganizer> {
        let former = |organizing: &Organizing| FormerOrganizer { role: organizing.role, organizing: *organizing };
        self.state.organizers.iter().map(former).collect()
    }

    /// The sessions of bodies that it carried.
    async fn sessions(&self) -> Vec<FormerSession> {
        let former = |sitting: &Sitting| FormerSession { ordinal: sitting.ordinal, sitting: *sitting };
        self.state.sessions.iter().map(former).collect()
    }
}

/// An organisation that organised a meeting at an instant.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct FormerOrganizer {
    /// What it did for the meeting.
    role: OrganizerRole,
    #[graphql(skip)]
    organizing: Organizing,
}

#[ComplexObject]
impl FormerOrganizer {
    /// The organisation. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.organizing.organization_id).await
    }
}

/// A session of a body that a meeting carried at an instant.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct FormerSession {
    /// The number in the body's count.
    ordinal: i32,
    #[graphql(skip)]
    sitting: Sitting,
}

#[ComplexObject]
impl FormerSession {
    /// The body. Null only together with an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.sitting.body_id).await
    }
}
