//! Positions of organisations on a text, and what becomes of them. An objection or an amendment breaks a silence at once. The rules stand in
//! `domain/consensus.rs`.

use async_graphql::{ID, InputObject};
use entity::consensus_procedure::{self, ConsensusOutcome};
use entity::id::{ConsensusProcedureId, OrganizationId, PositionId};
use entity::position::{self, PositionKind};
use entity::text::LocalizedText;
use entity::{mandate, meeting, organization, recommendation, recommendation_revision};
use sea_orm::{ColumnTrait as _, Condition};

use super::put;
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::consensus::{self as rules, Reaction};
use crate::domain::council::is_valid_on;
use crate::domain::fields;
use crate::domain::lifecycle::{Transition, next};
use crate::domain::validation::{Validated, ValidationError, combine};
use crate::error::Error;
use crate::service::consensus::{self, position_access};
use crate::service::context::AppContext;
use crate::service::meeting::participation::attended_meetings;
use crate::service::patch::{LocalizedTextInput, localized};
use crate::service::read::{self, Visible, by_access, select};
use crate::service::tx::{Tx, Written};

/// The words for a position and its procedure in validation errors.
const WHAT: &str = "position";
const PROCEDURE: &str = "consensus procedure";

impl Visible for position::Entity {
    const BY_ACCESS: bool = false;

    fn visible(viewer: &Viewer) -> Condition {
        let written = by_access::<Self>(viewer);
        let Some(meetings) = attended_meetings(viewer) else { return written };
        let mut procedures = select::<consensus_procedure::Entity>(viewer)
            .and_where(consensus_procedure::Column::MeetingId.in_subquery(meetings))
            .take();
        let procedures = procedures.clear_selects().column(consensus_procedure::Column::Id.as_column_ref()).take();
        Condition::any().add(written).add(position::Column::ProcedureId.in_subquery(procedures))
    }
}

/// What an organisation says of a text.
#[derive(Clone, Debug, InputObject)]
pub struct StatePositionInput {
    /// The procedure, which is open.
    pub procedure_id: ID,
    /// The organisation. Partners speak for their own only.
    pub organization_id: ID,
    /// What it says.
    pub kind: PositionKind,
    /// Why, at most 2,000 characters each. Only a support need not say it. No data on individuals.
    pub text: Option<Vec<LocalizedTextInput>>,
    /// Of an amendment: the whole text that it proposes, at most 20,000 characters each.
    pub proposed_text: Option<Vec<LocalizedTextInput>>,
    /// That it holds no personal data on returnees. Must be true of a statement or a reservation on a submitted text, with which it is published
    /// at the deadline; not needed otherwise.
    #[graphql(default)]
    pub no_personal_data: bool,
}

/// An answer to a position.
#[derive(Clone, Debug, InputObject)]
pub struct AnswerPositionInput {
    /// The position.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The answer, at most 2,000 characters each. No data on individuals.
    pub answer: Vec<LocalizedTextInput>,
}

/// Names a position at a version.
#[derive(Clone, Debug, InputObject)]
pub struct PositionMoveInput {
    /// The position.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
}

/// What a position is about, locked.
struct Matter {
    text: recommendation::Model,
    procedure: consensus_procedure::Model,
    revision: recommendation_revision::Model,
    meeting: meeting::Model,
}

impl Matter {
    /// What a procedure is about, as far as a viewer may see it.
    async fn lock(tx: &Tx<'_>, viewer: &Viewer, id: ConsensusProcedureId) -> Result<Option<Self>, Error> {
        let db = tx.db();
        let Some(found) = read::get::<consensus_procedure::Entity>(db, viewer, id).await? else { return Ok(None) };
        tx.lock_row::<recommendation::Entity>(found.recommendation_id).await?;
        // Its sensitivity, and whether the Chatham House Rule holds, must not change meanwhile.
        tx.lock_row::<meeting::Entity>(found.meeting_id).await?;
        let text = read::get::<recommendation::Entity>(db, viewer, found.recommendation_id).await?;
        let procedure = read::get::<consensus_procedure::Entity>(db, viewer, id).await?;
        let revision = read::get::<recommendation_revision::Entity>(db, viewer, found.revision_id).await?;
        let meeting = read::get::<meeting::Entity>(db, viewer, found.meeting_id).await?;
        let all = text.zip(procedure).zip(revision.zip(meeting));
        Ok(all.map(|((text, procedure), (revision, meeting))| Self { text, procedure, revision, meeting }))
    }
}

pub async fn state(
    app: &AppContext,
    viewer: &Viewer,
    input: StatePositionInput,
) -> Result<Written<position::Model>, Error> {
    viewer.require(Act::Write)?;
    let organization_id = fields::id::<OrganizationId>("organizationId", &input.organization_id, "organisation");
    if let Ok(organization) = organization_id {
        viewer.require(Act::SpeakFor { organization })?;
    }
    let procedure_id = fields::id::<ConsensusProcedureId>("procedureId", &input.procedure_id, PROCEDURE);
    let mut tx = app.begin(viewer, Action::StatePosition).await?;
    let matter = match procedure_id {
        Ok(id) => {
            let matter = Matter::lock(&tx, tx.viewer(), id).await?;
            matter.ok_or_else(|| vec![ValidationError::not_found("procedureId", PROCEDURE)])
        }
        Err(refusals) => Err(refusals),
    };
    let organization =
        tx.named::<organization::Entity>("organizationId", &input.organization_id, "organisation").await?;
    combine!(matter = matter, organization = organization, (text, proposed_text) = parse(&input));
    let held = mandates_today(&tx, &matter, organization.id).await?;
    let stated_before = number_stated(&tx, &matter, organization.id).await?;
    combine!(
        () = rules::may_state(organization.active, stated_before),
        () = rules::is_declared(input.kind, matter.text.status, input.no_personal_data),
        () = rules::is_open("procedureId", matter.procedure.outcome, matter.procedure.deadline, tx.now()),
        mandate_id = rules::mandate_for(input.kind, &held),
        () = rules::says_why(input.kind, text.as_ref(), proposed_text.as_ref(), &matter.revision.text),
    );
    let mut row = position::Model {
        id: tx.new_id(),
        recommendation_id: matter.text.id,
        procedure_id: matter.procedure.id,
        organization_id: organization.id,
        mandate_id,
        kind: input.kind,
        text,
        proposed_text,
        stated_at: tx.now(),
        answer: None,
        answered_by_id: None,
        answered_at: None,
        maintained_at: None,
        withdrawn_at: None,
        audience: matter.procedure.audience,
        owner: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    (row.audience, row.owner) = position_access(&row, &matter.procedure, &matter.revision, &matter.meeting);
    let row = tx.insert::<position::Entity>(row).await?;
    if rules::blocks(row.kind) {
        break_silence(&mut tx, &matter).await?;
    }
    tx.commit(row).await
}

/// What is said, and what is proposed.
type Said = (Option<LocalizedText>, Option<LocalizedText>);

fn parse(input: &StatePositionInput) -> Validated<Said> {
    combine!(
        text = input.text.as_ref().map(|text| localized("text", text, fields::NOTE)).transpose(),
        proposed_text =
            input.proposed_text.as_ref().map(|text| localized("proposedText", text, fields::BODY_TEXT)).transpose(),
    );
    Ok((text, proposed_text))
}

/// How many positions the organisation has stated in the procedure.
async fn number_stated(tx: &Tx<'_>, matter: &Matter, organization: OrganizationId) -> Result<i64, Error> {
    let its = Condition::all()
        .add(position::Column::ProcedureId.eq(matter.procedure.id))
        .add(position::Column::OrganizationId.eq(organization));
    read::count::<position::Entity>(tx.db(), &Viewer::system("rule"), its).await
}

async fn mandates_today(
    tx: &Tx<'_>,
    matter: &Matter,
    organization: OrganizationId,
) -> Result<Vec<mandate::Model>, Error> {
    let held = Condition::all()
        .add(mandate::Column::OrganizationId.eq(organization))
        .add(mandate::Column::BodyId.eq(matter.procedure.body_id));
    let mut held = read::all::<mandate::Entity>(tx.db(), tx.viewer(), held).await?;
    held.retain(|mandate| is_valid_on(mandate, tx.today()));
    Ok(held)
}

async fn break_silence(tx: &mut Tx<'_>, matter: &Matter) -> Result<(), Error> {
    consensus::close(tx, &matter.procedure, ConsensusOutcome::Broken).await?;
    let status = next(matter.text.status, Transition::EndSilence)?;
    let after = recommendation::Model { status, ..matter.text.clone() };
    put(tx, &matter.text, after, true, None).await.map(drop)
}

/// A position at the version that its author has read, and what it is about.
async fn locked(tx: &Tx<'_>, id: &ID, expected_version: i32) -> Result<(Matter, position::Model), Error> {
    let id = fields::id::<PositionId>("id", id, WHAT)?;
    let procedure = tx.get::<position::Entity>("id", id, WHAT).await?.procedure_id;
    // An organisation sees its position also where it may no longer see the procedure.
    let matter = Matter::lock(tx, &Viewer::system("position"), procedure).await?;
    let matter = matter.ok_or_else(|| ValidationError::not_found("id", WHAT))?;
    Ok((matter, tx.get_at::<position::Entity>(id, expected_version, WHAT).await?))
}

pub async fn answer(
    app: &AppContext,
    viewer: &Viewer,
    input: AnswerPositionInput,
) -> Result<Written<position::Model>, Error> {
    viewer.require(Act::Write)?;
    let mut tx = app.begin(viewer, Action::AnswerPosition).await?;
    let (matter, before) = locked(&tx, &input.id, input.expected_version).await?;
    viewer.require(Act::Chair { standing: &tx.standing(matter.procedure.body_id).await? })?;
    combine!(
        answer = localized("answer", &input.answer, fields::NOTE),
        () = rules::takes(rules::state_of(&before), Reaction::Answer, rules::is_published(&before, &matter.revision)),
    );
    let after = position::Model {
        answer: Some(answer),
        answered_by_id: viewer.acts_for(),
        answered_at: Some(tx.now()),
        ..before.clone()
    };
    let row = tx.update::<position::Entity>(&before, after).await?;
    tx.commit(row).await
}

pub async fn maintain(
    app: &AppContext,
    viewer: &Viewer,
    input: PositionMoveInput,
) -> Result<Written<position::Model>, Error> {
    react(app, viewer, input, Action::MaintainPosition, Reaction::Maintain).await
}

pub async fn withdraw(
    app: &AppContext,
    viewer: &Viewer,
    input: PositionMoveInput,
) -> Result<Written<position::Model>, Error> {
    react(app, viewer, input, Action::WithdrawPosition, Reaction::Withdraw).await
}

/// What the organisation itself does with its position.
async fn react(
    app: &AppContext,
    viewer: &Viewer,
    input: PositionMoveInput,
    action: Action,
    step: Reaction,
) -> Result<Written<position::Model>, Error> {
    viewer.require(Act::Write)?;
    let mut tx = app.begin(viewer, action).await?;
    let (matter, before) = locked(&tx, &input.id, input.expected_version).await?;
    viewer.require(Act::SpeakFor { organization: before.organization_id })?;
    rules::takes(rules::state_of(&before), step, rules::is_published(&before, &matter.revision))?;
    let (now, is_maintained) = (tx.now(), step == Reaction::Maintain);
    let after = position::Model {
        maintained_at: is_maintained.then_some(now),
        withdrawn_at: (!is_maintained).then_some(now),
        ..before.clone()
    };
    let row = tx.update::<position::Entity>(&before, after).await?;
    tx.commit(row).await
}
