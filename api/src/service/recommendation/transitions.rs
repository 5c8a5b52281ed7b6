//! The transitions of a recommendation, from draft to transmission. Which ones are allowed stands in `domain/lifecycle.rs`.

use async_graphql::{ID, InputObject};
use chrono::{Datelike as _, NaiveDate};
use entity::body::BodyKind;
use entity::change::ChangeReason;
use entity::consensus_procedure::ConsensusOutcome;
use entity::consensus_procedure::ConsensusStage::{Adoption, Agreement};
use entity::date::Date;
use entity::id::{BodyId, MeetingId, RecommendationId};
use entity::{body, meeting, recommendation};
use sea_orm::{ColumnTrait, Condition};

use super::parts::addressees_of;
use super::room::{self, Room, RoomPositionInput, Stated};
use super::{WHAT, put};
use crate::auth::{Act, Standing, Viewer};
use crate::clock::day_in;
use crate::domain::action::Action;
use crate::domain::consensus::{is_allowed_beside, nothing_stands, stated_somewhere};
use crate::domain::label::Label;
use crate::domain::lifecycle::{Transition, is_before_committee, next};
use crate::domain::validation::{Validated, all, both, combine};
use crate::domain::{fields, meeting as meetings, recommendation as rules};
use crate::error::Error;
use crate::service::consensus::{self, Opening};
use crate::service::context::AppContext;
use crate::service::meeting::parts::sessions_of;
use crate::service::read;
use crate::service::tx::{Tx, Written};

/// Names a recommendation at a version.
#[derive(Clone, Debug, InputObject)]
pub struct RecommendationMoveInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
}

/// What a body has come to at a meeting: an agreement, or none.
#[derive(Clone, Debug, InputObject)]
pub struct RecordAgreementInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The meeting, in session or concluded, with a session of the body.
    pub meeting_id: ID,
    /// What organisations stated in the room, at most 100.
    #[graphql(default)]
    pub positions: Vec<RoomPositionInput>,
}

/// A text that is sent back to its body.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnRecommendationInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The meeting at which it was sent back, in session or concluded, with a session of the Executive Committee or of the plenary. If the text
    /// is on its agenda, that is among its decisions. Null if it was not at a meeting.
    pub meeting_id: Option<ID>,
    /// What organisations stated in the room of that meeting, at most 100.
    #[graphql(default)]
    pub positions: Vec<RoomPositionInput>,
}

/// An adoption at a meeting of the Executive Committee or the plenary.
#[derive(Clone, Debug, InputObject)]
pub struct AdoptRecommendationInput {
    /// The recommendation.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The meeting, in session or concluded, with a session of the Executive Committee or of the plenary.
    pub meeting_id: ID,
    /// The day of adoption, one of the meeting's. Its last one, but not after today, unless given.
    pub adopted_on: Option<Date>,
    /// That the text, which is published by its adoption, and what is stated with it hold no personal data on returnees. Must be true.
    pub no_personal_data: bool,
    /// What organisations stated in the room, at most 100. Statements and reservations are published with the text.
    #[graphql(default)]
    pub positions: Vec<RoomPositionInput>,
}

/// A recommendation that takes the place of an earlier one.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeRecommendationInput {
    /// The earlier recommendation, adopted or transmitted.
    pub id: ID,
    /// The version of the earlier one that you have read.
    pub expected_version: i32,
    /// The later recommendation, adopted or transmitted.
    pub superseded_by_id: ID,
}

/// A transition of one recommendation: it is read at the expected version, and its next state is known.
pub(super) struct Step<'a> {
    pub tx: Tx<'a>,
    pub before: recommendation::Model,
    pub after: recommendation::Model,
}

/// Who must do a transition.
#[derive(Clone, Copy)]
pub(super) enum RequiredRole {
    /// Whoever may edit the text.
    Editor,
    /// Whoever may take the text back.
    Withdrawer,
    /// The chair of the text's own body.
    GroupChair,
    /// The chair of the Executive Committee.
    CommitteeChair,
    /// The chair of the body before which the text lies.
    ChairInTurn,
    /// Whoever keeps the register.
    Keeper,
}

impl<'a> Step<'a> {
    pub async fn begin(
        app: &'a AppContext,
        viewer: &'a Viewer,
        action: Action,
        (id, expected_version): (&ID, i32),
        (step, required): (Transition, RequiredRole),
    ) -> Result<Self, Error> {
        viewer.require(Act::Write)?;
        let id = fields::id::<RecommendationId>("id", id, WHAT)?;
        let tx = app.begin(viewer, action).await?;
        let before = tx.get_at::<recommendation::Entity>(id, expected_version, WHAT).await?;
        require(&tx, viewer, &before, required).await?;
        let after = recommendation::Model { status: next(before.status, step)?, ..before.clone() };
        if is_before_committee(before.status) {
            is_allowed_beside(step, consensus::pending(&tx, id).await?.is_some())?;
        }
        Ok(Self { tx, before, after })
    }

    pub async fn finish(self) -> Result<Written<recommendation::Model>, Error> {
        self.finish_because(None).await
    }

    /// The meeting, with a session of the text's body, at which the body comes to something.
    pub async fn meeting_of_group(&self, id: &ID) -> Result<Validated<meeting::Model>, Error> {
        let meeting = match locked_meeting(&self.tx, id).await? {
            Ok(meeting) => meeting,
            Err(refusals) => return Ok(Err(refusals)),
        };
        let sessions = sessions_of(&self.tx, meeting.id).await?;
        let carries = sessions.iter().any(|session| session.body_id == self.before.body_id);
        let held = all([
            meetings::reached_at(meeting.status, carries, "the recommendation's body"),
            rules::really_held(self.before.is_demo, meeting.is_demo),
        ]);
        Ok(held.map(|()| meeting))
    }

    /// The body that adopts the text at a meeting: the Executive Committee or the plenary, with a session there.
    pub async fn adopting_at(&self, meeting: &meeting::Model) -> Result<Validated<BodyId>, Error> {
        let adopting = adopting_body(&self.tx, meeting.id).await?;
        let is_held = rules::really_held(self.before.is_demo, meeting.is_demo);
        Ok(both(meetings::adopts_at(meeting.status, adopting), is_held).map(|(committee, ())| committee))
    }

    /// The meeting at which the body before which the text lies comes to something, and that body.
    pub async fn meeting_in_turn(&self, id: &ID) -> Result<Validated<(meeting::Model, BodyId)>, Error> {
        if !is_before_committee(self.before.status) {
            return Ok(self.meeting_of_group(id).await?.map(|meeting| (meeting, self.before.body_id)));
        }
        let meeting = match locked_meeting(&self.tx, id).await? {
            Ok(meeting) => meeting,
            Err(refusals) => return Ok(Err(refusals)),
        };
        let agreed_on = agreed_on(&self.tx, &self.before, &meeting.timezone).await?;
        let committee = both(self.adopting_at(&meeting).await?, rules::lies_before(agreed_on, meeting.ends_on));
        Ok(committee.map(|(committee, ())| (meeting, committee)))
    }

    /// A meeting and the body that comes to something there, with what organisations stated in the room.
    pub async fn stated_at(
        &self,
        place: Validated<(meeting::Model, BodyId)>,
        positions: &[RoomPositionInput],
        agreed: bool,
    ) -> Result<Validated<(meeting::Model, BodyId, Vec<Stated>)>, Error> {
        let (meeting, body) = match place {
            Ok(place) => place,
            Err(refusals) => return Ok(Err(refusals)),
        };
        let room = Room { meeting: &meeting, body, agreed, text: &self.before.text };
        let stated = room::plan(&self.tx, &room, positions).await?;
        Ok(stated.map(|stated| (meeting, body, stated)))
    }

    /// The text changes, or at least its procedures do.
    async fn finish_because(mut self, reason: Option<ChangeReason>) -> Result<Written<recommendation::Model>, Error> {
        let row = put(&mut self.tx, &self.before, self.after, true, reason).await?;
        self.tx.commit(row).await
    }
}

async fn require(
    tx: &Tx<'_>,
    viewer: &Viewer,
    row: &recommendation::Model,
    required: RequiredRole,
) -> Result<(), Error> {
    match required {
        RequiredRole::Keeper => viewer.require(Act::KeepRegister),
        RequiredRole::Withdrawer => viewer.require(Act::Withdraw { drafted_by: row.drafted_by_id }),
        RequiredRole::Editor => {
            let standing = tx.standing(row.body_id).await?;
            viewer.require(Act::EditText { standing: &standing, drafted_by: row.drafted_by_id })
        }
        RequiredRole::CommitteeChair => viewer.require(Act::Chair { standing: &committee_standing(tx).await? }),
        RequiredRole::ChairInTurn if is_before_committee(row.status) => {
            viewer.require(Act::Chair { standing: &committee_standing(tx).await? })
        }
        RequiredRole::GroupChair | RequiredRole::ChairInTurn => {
            viewer.require(Act::Chair { standing: &tx.standing(row.body_id).await? })
        }
    }
}

/// The viewer's standing in the Executive Committee.
async fn committee_standing(tx: &Tx<'_>) -> Result<Standing, Error> {
    match tx.body_of_kind(BodyKind::ExecutiveCommittee).await? {
        Some(committee) => tx.standing(committee.id).await,
        None => Ok(Standing::default()),
    }
}

pub async fn open_discussion(
    app: &AppContext,
    viewer: &Viewer,
    input: RecommendationMoveInput,
) -> Result<Written<recommendation::Model>, Error> {
    let named = (&input.id, input.expected_version);
    Step::begin(app, viewer, Action::OpenDiscussion, named, (Transition::OpenDiscussion, RequiredRole::Editor))
        .await?
        .finish()
        .await
}

pub async fn withdraw(
    app: &AppContext,
    viewer: &Viewer,
    input: RecommendationMoveInput,
) -> Result<Written<recommendation::Model>, Error> {
    let named = (&input.id, input.expected_version);
    let step = Step::begin(
        app,
        viewer,
        Action::WithdrawRecommendation,
        named,
        (Transition::Withdraw, RequiredRole::Withdrawer),
    )
    .await?;
    step.finish_because(Some(ChangeReason::WithdrawnDraft)).await
}

pub async fn record_agreement(
    app: &AppContext,
    viewer: &Viewer,
    input: RecordAgreementInput,
) -> Result<Written<recommendation::Model>, Error> {
    let RecordAgreementInput { id, expected_version, meeting_id, positions } = input;
    let named = (&id, expected_version);
    let mut step = Step::begin(
        app,
        viewer,
        Action::RecordAgreement,
        named,
        (Transition::RecordAgreement, RequiredRole::GroupChair),
    )
    .await?;
    let standing = consensus::positions_on_latest(&step.tx, step.before.id).await?;
    let group = step.before.body_id;
    let place = step.meeting_of_group(&meeting_id).await?.map(|meeting| (meeting, group));
    let place = step.stated_at(place, &positions, true).await?;
    combine!((meeting, group, stated) = place, () = nothing_stands(&standing));
    let opening = Opening { text: &step.before, body: group, meeting: &meeting, stage: Agreement };
    let recorded = consensus::record_in_meeting(&mut step.tx, opening, ConsensusOutcome::Adopted).await?;
    room::record(&mut step.tx, &meeting, &recorded, stated).await?;
    step.after.agreed_meeting_id = Some(meeting.id);
    step.finish().await
}

/// The body has found no consensus on the text as it is; a changed one opens the discussion again.
pub async fn record_no_consensus(
    app: &AppContext,
    viewer: &Viewer,
    input: RecordAgreementInput,
) -> Result<Written<recommendation::Model>, Error> {
    let RecordAgreementInput { id, expected_version, meeting_id, positions } = input;
    let step = (Transition::RecordNoConsensus, RequiredRole::GroupChair);
    let mut step = Step::begin(app, viewer, Action::RecordNoConsensus, (&id, expected_version), step).await?;
    let group = step.before.body_id;
    let place = step.meeting_of_group(&meeting_id).await?.map(|meeting| (meeting, group));
    let (meeting, group, stated) = step.stated_at(place, &positions, false).await??;
    let opening = Opening { text: &step.before, body: group, meeting: &meeting, stage: Agreement };
    let recorded = consensus::record_in_meeting(&mut step.tx, opening, ConsensusOutcome::Broken).await?;
    room::record(&mut step.tx, &meeting, &recorded, stated).await?;
    step.finish().await
}

pub async fn submit(
    app: &AppContext,
    viewer: &Viewer,
    input: RecommendationMoveInput,
) -> Result<Written<recommendation::Model>, Error> {
    let named = (&input.id, input.expected_version);
    Step::begin(app, viewer, Action::SubmitToExecutiveCommittee, named, (Transition::Submit, RequiredRole::GroupChair))
        .await?
        .finish()
        .await
}

/// The text goes back to its body; its agreement no longer holds.
pub async fn return_to_group(
    app: &AppContext,
    viewer: &Viewer,
    input: ReturnRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    let ReturnRecommendationInput { id, expected_version, meeting_id, positions } = input;
    let step = (Transition::Return, RequiredRole::CommitteeChair);
    let mut step = Step::begin(app, viewer, Action::ReturnRecommendation, (&id, expected_version), step).await?;
    stated_somewhere(meeting_id.is_some(), positions.len())?;
    if let Some(meeting_id) = meeting_id {
        let place = step.meeting_in_turn(&meeting_id).await?;
        let (meeting, committee, stated) = step.stated_at(place, &positions, false).await??;
        let opening = Opening { text: &step.before, body: committee, meeting: &meeting, stage: Adoption };
        let recorded = consensus::record_in_meeting(&mut step.tx, opening, ConsensusOutcome::Broken).await?;
        room::record(&mut step.tx, &meeting, &recorded, stated).await?;
    }
    step.after.agreed_meeting_id = None;
    step.finish().await
}

pub async fn adopt(
    app: &AppContext,
    viewer: &Viewer,
    input: AdoptRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    let AdoptRecommendationInput { id, expected_version, meeting_id, no_personal_data, adopted_on, positions } = input;
    let named = (&id, expected_version);
    let step =
        Step::begin(app, viewer, Action::AdoptRecommendation, named, (Transition::Adopt, RequiredRole::CommitteeChair))
            .await?;
    let adoption = match locked_meeting(&step.tx, &meeting_id).await? {
        Ok(meeting) => {
            let committee = step.adopting_at(&meeting).await?;
            let place = committee.map(|committee| (meeting.clone(), committee));
            let place = step.stated_at(place, &positions, true).await?;
            both(place, adoption_day(&step, &meeting, adopted_on).await?)
        }
        Err(refusals) => Err(refusals),
    };
    let standing = consensus::positions_on_latest(&step.tx, step.before.id).await?;
    let adoptable = adoptable(&step.tx, &step.before, no_personal_data).await?;
    combine!(((meeting, committee, stated), adopted_on) = adoption, () = adoptable, () = nothing_stands(&standing));
    let Step { mut tx, before, mut after } = step;
    give_adoption(&tx, &mut after, (Some(meeting.id), adopted_on)).await?;
    let row = put(&mut tx, &before, after, false, None).await?;
    // It is as public as the text, which is published by now.
    let opening = Opening { text: &row, body: committee, meeting: &meeting, stage: Adoption };
    let recorded = consensus::record_in_meeting(&mut tx, opening, ConsensusOutcome::Adopted).await?;
    room::record(&mut tx, &meeting, &recorded, stated).await?;
    tx.commit(row).await
}

/// Whether a text can be adopted as it is, and so be published.
pub(super) async fn adoptable(
    tx: &Tx<'_>,
    text: &recommendation::Model,
    no_personal_data: bool,
) -> Result<Validated<()>, Error> {
    let addressees = addressees_of(tx, text.id).await?.len();
    Ok(all([rules::declared(no_personal_data), rules::adoptable(text, addressees)]))
}

/// The day of an adoption at a meeting.
pub(super) async fn adoption_day(
    step: &Step<'_>,
    meeting: &meeting::Model,
    adopted_on: Option<Date>,
) -> Result<Validated<NaiveDate>, Error> {
    let agreed_on = agreed_on(&step.tx, &step.before, &meeting.timezone).await?;
    let (days, today) = ((meeting.starts_on, meeting.ends_on), day_in(step.tx.now(), &meeting.timezone));
    let adopted_on = rules::adoption_day(adopted_on.map(|Date(day)| day), days, today);
    Ok(adopted_on.and_then(|adopted_on| rules::adopted_after(agreed_on, adopted_on).map(|()| adopted_on)))
}

/// Gives a text what its adoption brings: its label, its meeting, its day. It has been declared to hold no personal data.
pub(super) async fn give_adoption(
    tx: &Tx<'_>,
    text: &mut recommendation::Model,
    (meeting, day): (Option<MeetingId>, NaiveDate),
) -> Result<(), Error> {
    let label = next_label(tx, text, day.year()).await?;
    text.label = Some(label.to_string());
    text.label_year = Some(label.year);
    text.label_serial = Some(label.serial);
    text.adopted_on = Some(day);
    text.meeting_id = meeting;
    text.no_personal_data = true;
    Ok(())
}

/// The meeting at which a text is agreed or adopted. It is locked: its days and sessions must not change meanwhile.
pub(super) async fn locked_meeting(tx: &Tx<'_>, id: &ID) -> Result<Validated<meeting::Model>, Error> {
    if let Ok(id) = id.parse::<MeetingId>() {
        tx.lock_row::<meeting::Entity>(id).await?;
    }
    tx.named::<meeting::Entity>("meetingId", id, "meeting").await
}

/// The first day, in a time zone, on which the body may have agreed: when its silence elapsed, or else when the meeting began at which it agreed. The rule holds
/// whether or not the viewer may see these.
async fn agreed_on(tx: &Tx<'_>, row: &recommendation::Model, timezone: &str) -> Result<Option<NaiveDate>, Error> {
    let Some(agreed_at) = row.agreed_meeting_id else { return Ok(None) };
    if let Some(at) = consensus::agreed_by_silence_at(tx, row).await? {
        return Ok(Some(day_in(at, timezone)));
    }
    let meeting = read::get::<meeting::Entity>(tx.db(), &Viewer::system("rule"), agreed_at).await?;
    Ok(meeting.map(|meeting| meeting.starts_on))
}

/// The body with a session at a meeting that may adopt: the Executive Committee, or else the plenary.
pub async fn adopting_body(tx: &Tx<'_>, meeting: MeetingId) -> Result<Option<BodyId>, Error> {
    let bodies: Vec<BodyId> = sessions_of(tx, meeting).await?.iter().map(|session| session.body_id).collect();
    let bodies = read::by_ids::<body::Entity>(tx.db(), tx.viewer(), &bodies).await?;
    let adopting = bodies.iter().filter(|body| meetings::may_adopt(body.kind));
    Ok(adopting.min_by_key(|body| body.kind != BodyKind::ExecutiveCommittee).map(|body| body.id))
}

/// The body is locked, so that two adoptions at once get two labels.
async fn next_label(tx: &Tx<'_>, row: &recommendation::Model, year: i32) -> Result<Label, Error> {
    tx.lock_row::<body::Entity>(row.body_id).await?;
    let body = tx.get::<body::Entity>("id", row.body_id, "body").await?;
    let last = last_serial(tx, row.body_id, row.is_demo, year).await?;
    Ok(Label::next(row.is_demo, &body.code, year, last))
}

/// The last serial of a body's labels in a year; demonstrations have their own serials.
pub async fn last_serial(tx: &Tx<'_>, body: BodyId, is_demo: bool, year: i32) -> Result<Option<i32>, Error> {
    let given = Condition::all()
        .add(recommendation::Column::BodyId.eq(body))
        .add(recommendation::Column::IsDemo.eq(is_demo))
        .add(recommendation::Column::LabelYear.eq(year));
    tx.highest::<recommendation::Entity>(recommendation::Column::LabelSerial, given).await
}

pub async fn transmit(
    app: &AppContext,
    viewer: &Viewer,
    input: RecommendationMoveInput,
) -> Result<Written<recommendation::Model>, Error> {
    let named = (&input.id, input.expected_version);
    Step::begin(
        app,
        viewer,
        Action::TransmitRecommendation,
        named,
        (Transition::Transmit, RequiredRole::CommitteeChair),
    )
    .await?
    .finish()
    .await
}

/// Returns the earlier recommendation. The later one changes as well: it then names what it supersedes.
pub async fn supersede(
    app: &AppContext,
    viewer: &Viewer,
    input: SupersedeRecommendationInput,
) -> Result<Written<recommendation::Model>, Error> {
    let SupersedeRecommendationInput { id, expected_version, superseded_by_id } = input;
    let path = "supersededById";
    let named = (&id, expected_version);
    let mut step = Step::begin(
        app,
        viewer,
        Action::SupersedeRecommendation,
        named,
        (Transition::Supersede, RequiredRole::CommitteeChair),
    )
    .await?;
    let successor_id = fields::id::<RecommendationId>(path, &superseded_by_id, WHAT)?;
    step.tx.lock_row::<recommendation::Entity>(successor_id).await?;
    let successor = step.tx.get::<recommendation::Entity>(path, successor_id, WHAT).await?;
    rules::supersedes(path, &step.before, &successor)?;
    let linked = recommendation::Model { supersedes_id: Some(step.before.id), ..successor.clone() };
    put(&mut step.tx, &successor, linked, false, None).await?;
    step.finish().await
}
