//! Who is present at a session, in the schema. Has names and shapes; no SQL and no rules.

use std::sync::Arc;

use async_graphql::{Object, Result};
use entity::body::{ParticipantCategory, Quorum};
use entity::{body, body_session, mandate, meeting, organization, participation};
use futures_util::future::try_join_all;

use crate::domain::attendance::{Present, attendance, is_known, is_present, is_quorate, required};
use crate::graphql::loader::{Headcount, HeldIn};
use crate::graphql::session::Session;

pub struct SessionAttendance {
    quorum: Quorum,
    present: Vec<Present>,
}

/// The delegations that are or were present at a session, and the quorum of its body. Nothing is refused without a quorum.
#[Object]
impl SessionAttendance {
    /// The delegations of each category.
    async fn categories(&self) -> Vec<CategoryAttendance> {
        let of = |one: &Present| CategoryAttendance { present: *one, required: required(&self.quorum, one.category) };
        self.present.iter().map(of).collect()
    }

    /// Whether as many delegations of each category are present as the body's quorum asks for. Null if it has none.
    async fn quorate(&self) -> Option<bool> {
        is_quorate(&self.quorum, &self.present)
    }
}

pub struct CategoryAttendance {
    present: Present,
    required: Option<i32>,
}

/// The delegations of a category at a session.
#[Object]
impl CategoryAttendance {
    /// The category.
    async fn category(&self) -> ParticipantCategory {
        self.present.category
    }

    /// How many are present, in the room or by video: organisations that hold a mandate in the body on one of the meeting's days, other than as
    /// observer or secretariat. A state has one delegation, however many of its organisations are there.
    async fn present(&self) -> usize {
        self.present.delegations
    }

    /// How many the body's quorum asks for; null if it asks for none.
    async fn required(&self) -> Option<i32> {
        self.required
    }
}

/// Who is present at a session; `None` before its meeting begins, and if the viewer does not read everyone's part in it.
pub async fn of_session(session: &Session, row: &body_session::Model) -> Result<Option<SessionAttendance>> {
    let Some(meeting) = session.named::<meeting::Entity>(row.meeting_id).await? else { return Ok(None) };
    let parts = session.parts::<participation::Entity>(meeting.id).await?;
    let count = session.loaders.one(Headcount::<participation::Entity>(meeting.id)).await?;
    let reads_all = usize::try_from(count.unwrap_or_default()) == Ok(parts.len());
    if !is_known(&meeting) || !reads_all {
        return Ok(None);
    }
    let present = parts.iter().filter(|part| is_present(part.attendance)).map(async |part| {
        let organization = session.known::<organization::Entity>(part.organization_id).await?;
        let held = session.loaders.one(HeldIn(row.body_id, part.organization_id)).await?.unwrap_or_default();
        Result::<_>::Ok((organization, held))
    });
    let present: Vec<(Arc<organization::Model>, Arc<Vec<mandate::Model>>)> = try_join_all(present).await?;
    let body = session.known::<body::Entity>(row.body_id).await?;
    let days = (meeting.starts_on, meeting.ends_on);
    let held = present.iter().map(|(organization, held)| (organization.as_ref(), held.as_slice()));
    Ok(Some(SessionAttendance { quorum: body.quorum.clone(), present: attendance(held, days) }))
}
