//! Adoptions of the past, for the historical record: known by a source, without a way through the service. The rules stand in
//! `domain/recommendation.rs`.

use async_graphql::{ID, InputObject};
use chrono::NaiveDate;
use entity::consensus_procedure::{ConsensusOutcome, ConsensusStage};
use entity::date::Date;
use entity::id::BodyId;
use entity::{meeting, recommendation, source};

use super::put;
use super::room::{self, RoomPositionInput};
use super::transitions::{RequiredRole, Step, adoptable, adoption_day, give_adoption, locked_meeting};
use crate::auth::Viewer;
use crate::clock::council_day;
use crate::domain::action::Action;
use crate::domain::consensus::stated_somewhere;
use crate::domain::lifecycle::Transition;
use crate::domain::recommendation as rules;
use crate::domain::validation::{Validated, both, combine};
use crate::error::Error;
use crate::service::consensus::{self, Opening};
use crate::service::context::AppContext;
use crate::service::tx::Written;

/// An adoption before the council worked with the service.
#[derive(Clone, Debug, InputObject)]
pub struct RecordAdoptionInput {
    /// The recommendation, a draft.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The published source that says so. Everyone may read it.
    pub source_id: ID,
    /// The day of adoption, before the one on which the text was drafted here; if a meeting is named, one of its days. The label is of its year.
    pub adopted_on: Date,
    /// By when it should be implemented, from the day of adoption on; it may have passed. That of the draft unless given.
    pub target_date: Option<Date>,
    /// The meeting at which it was adopted, with a session of the Executive Committee or of the plenary. Null if it is not on record.
    pub meeting_id: Option<ID>,
    /// That the text, which is published by this, and what is stated with it hold no personal data on returnees. Must be true.
    pub no_personal_data: bool,
    /// What organisations stated at that meeting, at most 100. Statements and reservations are published with the text.
    #[graphql(default)]
    pub positions: Vec<RoomPositionInput>,
}

/// Records an adoption of the past. A procedure is recorded with it only if something was stated: otherwise it has gone no way through the service.
pub async fn record(
    app: &AppContext,
    viewer: &Viewer,
    input: RecordAdoptionInput,
) -> Result<Written<recommendation::Model>, Error> {
    let RecordAdoptionInput {
        id,
        expected_version,
        source_id,
        adopted_on: Date(day),
        target_date,
        meeting_id,
        no_personal_data,
        positions,
    } = input;
    let step = (Transition::RecordAdoption, RequiredRole::Keeper);
    let step = Step::begin(app, viewer, Action::RecordAdoption, (&id, expected_version), step).await?;
    let source = step.tx.named::<source::Entity>("sourceId", &source_id, "source").await?;
    let source = source.and_then(|source| rules::is_published(source.audience).map(|()| source.id));
    let past = rules::past_day(day, council_day(step.before.created_at));
    let place = past_meeting(&step, meeting_id.as_ref(), past.as_ref().ok()).await?;
    let place = match place {
        Ok(Some((meeting, committee))) => step.stated_at(Ok((meeting, committee)), &positions, true).await?.map(Some),
        Ok(None) => stated_somewhere(false, positions.len()).map(|()| None),
        Err(refusals) => Err(refusals),
    };
    let adoptable = adoptable(&step.tx, &step.before, no_personal_data).await?;
    let target_date = rules::past_target_date(target_date.map(|Date(day)| day), day);
    combine!(source = source, place = place, day = past, () = adoptable, target_date = target_date);
    let Step { mut tx, before, mut after } = step;
    give_adoption(&tx, &mut after, (place.as_ref().map(|(meeting, ..)| meeting.id), day)).await?;
    after.adoption_source_id = Some(source);
    after.target_date = target_date.or(after.target_date);
    let row = put(&mut tx, &before, after, false, None).await?;
    if let Some((meeting, body, stated)) = place.filter(|(.., stated)| !stated.is_empty()) {
        let opening = Opening { text: &row, body, meeting: &meeting, stage: ConsensusStage::Adoption };
        let recorded = consensus::record_in_meeting(&mut tx, opening, ConsensusOutcome::Adopted).await?;
        room::record(&mut tx, &meeting, &recorded, stated).await?;
    }
    tx.commit(row).await
}

/// The meeting of an adoption of the past, if it is on record, and the body that adopted there. A day that is refused already is not judged again.
async fn past_meeting(
    step: &Step<'_>,
    meeting: Option<&ID>,
    day: Option<&NaiveDate>,
) -> Result<Validated<Option<(meeting::Model, BodyId)>>, Error> {
    let Some(meeting) = meeting else { return Ok(Ok(None)) };
    let meeting = match locked_meeting(&step.tx, meeting).await? {
        Ok(meeting) => meeting,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let committee = step.adopting_at(&meeting).await?;
    let held = match day {
        Some(day) => adoption_day(step, &meeting, Some(Date(*day))).await?.map(drop),
        None => Ok(()),
    };
    Ok(both(committee, held).map(|(committee, ())| Some((meeting, committee))))
}
