//! The silence procedure: it is opened on a text, withdrawn, or elapses. What has elapsed is recorded with its deadline as its time, before
//! anything is read or written, so that nobody meets a silence that is over, as long as the database takes that write.

use std::time::Duration;

use async_graphql::{ID, InputObject};
use chrono::{DateTime as Instant, Utc};
use entity::consensus_procedure::{self, ConsensusOutcome};
use entity::date::DateTime;
use entity::id::ConsensusProcedureId;
use entity::recommendation::RecommendationStatus;
use entity::{body, meeting, recommendation};
use tokio::time::timeout;

use super::put;
use super::transitions::{RecommendationMoveInput, RequiredRole, Step, adoptable, give_adoption};
use crate::auth::Viewer;
use crate::domain::action::Action;
use crate::domain::consensus as rules;
use crate::domain::lifecycle::{Transition, is_before_committee};
use crate::domain::validation::{all, combine};
use crate::error::Error;
use crate::service::change;
use crate::service::consensus::{self, Opening};
use crate::service::context::AppContext;
use crate::service::retry::retry_on_conflict;
use crate::service::tx::Written;
use crate::telemetry::chain;

/// How long a request waits until a silence that has elapsed is recorded, and for how long the next ones do not try again if that fails.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);

/// A silence on a text.
#[derive(Clone, Debug, InputObject)]
pub struct OpenSilenceInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The meeting at which it is opened, in session or concluded, with a session of the body before which the text lies: of the one that drafts
    /// it, or, once it is submitted, of the Executive Committee or the plenary.
    pub meeting_id: ID,
    /// When the text is agreed, or adopted, unless somebody has objected before: 24 hours from now, or later. In 72 hours unless given.
    pub deadline: Option<DateTime>,
    /// That the text holds no personal data on returnees. Must be true of a submitted text, which is published by its adoption; not needed before.
    pub no_personal_data: Option<bool>,
}

pub async fn open(
    app: &AppContext,
    viewer: &Viewer,
    input: OpenSilenceInput,
) -> Result<Written<recommendation::Model>, Error> {
    let OpenSilenceInput { id, expected_version, meeting_id, deadline, no_personal_data } = input;
    let step = (Transition::OpenSilence, RequiredRole::ChairInTurn);
    let mut step = Step::begin(app, viewer, Action::OpenSilence, (&id, expected_version), step).await?;
    let deadline = rules::deadline(deadline.map(|DateTime(at)| at), step.tx.now());
    let standing = consensus::positions_on_latest(&step.tx, step.before.id).await?;
    let room = consensus::room(&step.tx, step.before.id).await?;
    let adoptable = if is_before_committee(step.before.status) {
        adoptable(&step.tx, &step.before, no_personal_data.unwrap_or_default()).await?
    } else {
        Ok(())
    };
    let place = match step.meeting_in_turn(&meeting_id).await? {
        Ok((meeting, body)) => {
            let body = step.tx.get::<body::Entity>("meetingId", body, "body").await?;
            all([rules::may_agree(body.active), rules::is_seen(meeting.sensitivity)]).map(|()| (meeting, body.id))
        }
        Err(refusals) => Err(refusals),
    };
    combine!(
        () = room,
        () = adoptable,
        (meeting, body) = place,
        deadline = deadline,
        () = rules::nothing_stands(&standing),
    );
    let stage = rules::stage_of(step.before.status);
    let opening = Opening { text: &step.before, body, meeting: &meeting, stage };
    consensus::open_silence(&mut step.tx, opening, deadline).await?;
    let written = step.finish().await?;
    app.deadlines.open(deadline);
    Ok(written)
}

pub async fn withdraw(
    app: &AppContext,
    viewer: &Viewer,
    input: RecommendationMoveInput,
) -> Result<Written<recommendation::Model>, Error> {
    let step = (Transition::EndSilence, RequiredRole::ChairInTurn);
    let named = (&input.id, input.expected_version);
    let mut step = Step::begin(app, viewer, Action::WithdrawSilence, named, step).await?;
    // A text of the demonstration of before has none.
    if let Some(procedure) = consensus::pending(&step.tx, step.before.id).await? {
        rules::is_open("id", procedure.outcome, procedure.deadline, step.tx.now())?;
        consensus::close(&mut step.tx, &procedure, ConsensusOutcome::Withdrawn).await?;
    }
    step.finish().await
}

/// Records every silence that has elapsed. If that fails, or takes too long, requests go on without it for a while.
pub async fn settle(app: &AppContext) {
    if app.deadlines.are_due(app.clock.now()) {
        // Boxed: it is rare, and should not reserve memory.
        Box::pin(settle_in_turn(app)).await;
    }
}

async fn settle_in_turn(app: &AppContext) {
    let _turn = app.deadlines.turn.lock().await;
    if !app.deadlines.are_due(app.clock.now()) {
        return;
    }
    match timeout(PATIENCE, record_elapsed(app)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            app.deadlines.give_up(PAUSE);
            tracing::error!(error = chain(&error), "a silence has elapsed, and that cannot be recorded");
        }
        Err(_) => {
            app.deadlines.give_up(PAUSE);
            tracing::error!("a silence has elapsed, and the database does not record it in time");
        }
    }
}

/// Records every silence that has elapsed, also while this process did not run, and notes when the next one does.
pub async fn record_elapsed(app: &AppContext) -> Result<(), Error> {
    loop {
        let mark = app.deadlines.mark();
        let next = consensus::next_pending(&app.databases.read).await?;
        let next = next.and_then(|row| row.deadline.map(|deadline| (row.id, deadline)));
        let Some((id, deadline)) = next.filter(|(_, deadline)| rules::has_elapsed(*deadline, app.clock.now())) else {
            if app.deadlines.are_due(app.clock.now()) {
                // Another process may have recorded it: what is read from now on has it.
                change::head(app).await?;
            }
            app.deadlines.know(next.map(|(_, deadline)| deadline), mark);
            return Ok(());
        };
        retry_on_conflict(app, || elapse(app, id, deadline)).await?;
    }
}

/// Ends one silence at its deadline, unless another process has done so.
async fn elapse(app: &AppContext, id: ConsensusProcedureId, deadline: Instant<Utc>) -> Result<(), Error> {
    let mut tx = app.begin_at(&Viewer::system("silence"), Action::ElapseSilence, deadline).await?;
    let found = tx.get::<consensus_procedure::Entity>("id", id, "procedure").await?;
    tx.lock_row::<recommendation::Entity>(found.recommendation_id).await?;
    tx.lock_row::<meeting::Entity>(found.meeting_id).await?;
    let procedure = tx.get::<consensus_procedure::Entity>("id", id, "procedure").await?;
    if procedure.outcome != ConsensusOutcome::Pending {
        return tx.rollback().await;
    }
    let before = tx.get::<recommendation::Entity>("id", procedure.recommendation_id, super::WHAT).await?;
    let body = tx.get::<body::Entity>("id", procedure.body_id, "body").await?;
    let (outcome, status) = rules::elapse(before.status, body.active);
    let mut after = recommendation::Model { status, ..before.clone() };
    match (outcome, status) {
        (ConsensusOutcome::Adopted, RecommendationStatus::Adopted) => {
            let day = tx.today();
            give_adoption(&tx, &mut after, (Some(procedure.meeting_id), day)).await?;
        }
        (ConsensusOutcome::Adopted, _) => after.agreed_meeting_id = Some(procedure.meeting_id),
        _ => {}
    }
    put(&mut tx, &before, after, true, None).await?;
    // By its adoption the procedure is as public as the text.
    let procedure = tx.get::<consensus_procedure::Entity>("id", id, "procedure").await?;
    consensus::close(&mut tx, &procedure, outcome).await?;
    tx.commit(()).await.map(drop)
}
