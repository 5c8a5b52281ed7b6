//! The transitions of a meeting from its plan to its conclusion. Which ones are allowed stands in `domain/lifecycle.rs`.

use async_graphql::{ID, InputObject};
use entity::date::Date;
use entity::id::MeetingId;
use entity::meeting;

use super::parts::organizers_of;
use crate::auth::{Act, Viewer};
use crate::clock::day_in;
use crate::domain::action::Action;
use crate::domain::lifecycle::{MeetingTransition, next_meeting};
use crate::domain::{fields, meeting as rules};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::tx::Written;

/// Names a meeting at a version.
#[derive(Clone, Debug, InputObject)]
pub struct MeetingMoveInput {
    /// The meeting.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
}

/// A meeting that is postponed, with its new days if they are known.
#[derive(Clone, Debug, InputObject)]
pub struct PostponeMeetingInput {
    /// The meeting.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The new first day.
    pub starts_on: Option<Date>,
    /// The new last day. The new first one unless given.
    pub ends_on: Option<Date>,
}

pub async fn confirm(
    app: &AppContext,
    viewer: &Viewer,
    input: MeetingMoveInput,
) -> Result<Written<meeting::Model>, Error> {
    step(app, viewer, Action::ConfirmMeeting, &input, MeetingTransition::Confirm, |_| {}).await
}

pub async fn open(
    app: &AppContext,
    viewer: &Viewer,
    input: MeetingMoveInput,
) -> Result<Written<meeting::Model>, Error> {
    step(app, viewer, Action::OpenMeeting, &input, MeetingTransition::Open, |_| {}).await
}

pub async fn conclude(
    app: &AppContext,
    viewer: &Viewer,
    input: MeetingMoveInput,
) -> Result<Written<meeting::Model>, Error> {
    step(app, viewer, Action::ConcludeMeeting, &input, MeetingTransition::Conclude, |_| {}).await
}

pub async fn cancel(
    app: &AppContext,
    viewer: &Viewer,
    input: MeetingMoveInput,
) -> Result<Written<meeting::Model>, Error> {
    step(app, viewer, Action::CancelMeeting, &input, MeetingTransition::Cancel, |_| {}).await
}

pub async fn postpone(
    app: &AppContext,
    viewer: &Viewer,
    input: PostponeMeetingInput,
) -> Result<Written<meeting::Model>, Error> {
    let PostponeMeetingInput { id, expected_version, starts_on, ends_on } = input;
    let (starts_on, ends_on) = (starts_on.map(|Date(day)| day), ends_on.map(|Date(day)| day));
    let named = MeetingMoveInput { id, expected_version };
    step(app, viewer, Action::PostponeMeeting, &named, MeetingTransition::Postpone, |row| {
        row.starts_on = starts_on.unwrap_or(row.starts_on);
        row.ends_on = ends_on.or(starts_on).unwrap_or(row.ends_on);
    })
    .await
}

async fn step(
    app: &AppContext,
    viewer: &Viewer,
    action: Action,
    input: &MeetingMoveInput,
    step: MeetingTransition,
    change: impl FnOnce(&mut meeting::Model),
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let MeetingMoveInput { id, expected_version } = input;
    let id = fields::id::<MeetingId>("id", id, "meeting")?;
    let mut tx = app.begin(viewer, action).await?;
    let before = tx.get_at::<meeting::Entity>(id, *expected_version, "meeting").await?;
    let mut after = before.clone();
    after.status = next_meeting(before.status, step)?;
    change(&mut after);
    rules::dates(after.starts_on, after.ends_on)?;
    let today = day_in(tx.now(), &after.timezone);
    match step {
        MeetingTransition::Confirm => rules::may_confirm(before.status, after.starts_on, today)?,
        MeetingTransition::Open => rules::may_open(after.starts_on, today)?,
        MeetingTransition::Conclude => rules::may_conclude(after.ends_on, today)?,
        MeetingTransition::Update
        | MeetingTransition::SetSessions
        | MeetingTransition::Postpone
        | MeetingTransition::Cancel => {}
    }
    rules::organizers(after.status, organizers_of(&tx, id).await?.len())?;
    let row = tx.update::<meeting::Entity>(&before, after).await?;
    tx.commit(row).await
}
