//! Consensus procedures, and the positions of organisations in them, in the schema. Has names and shapes; no SQL and no rules.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::NaiveDate;
use entity::consensus_procedure::{ConsensusMode, ConsensusOutcome, ConsensusStage};
use entity::date::DateTime;
use entity::id::{BodyId, RecordId as _};
use entity::position::{self as position_row, PositionKind, PositionState};
use entity::{consensus_procedure, meeting, recommendation_revision};

use super::body::Body;
use super::connection::connections;
use super::external_id::ExternalIds;
use super::loader::MayObject;
use super::mandate::Mandate;
use super::meeting::Meeting;
use super::object::{Stamp, found, known, object, to_one};
use super::organization::Organization;
use super::payload::{mutations, payload};
use super::recommendation::diff::{TextDiff, compared};
use super::recommendation::{Recommendation, RecommendationRevision};
use super::scalar::texts;
use super::session::{Session, session};
use crate::domain::consensus::{silent, state_of};
use crate::service;
use crate::service::consensus::{ConsensusProcedureBy, ConsensusProcedureFilter, ConsensusProcedureOrder};
use crate::service::recommendation::position::{self, AnswerPositionInput, PositionMoveInput, StatePositionInput};

object!(ConsensusProcedure: consensus_procedure, ConsensusProcedureFilter, ConsensusProcedureOrder);

/// How a body comes to one exact revision of a text. Consensus is the absence of any objection: nothing is counted. Visible to those who
/// may see both the revision and the meeting.
#[Object]
impl ConsensusProcedure {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The recommendation.
    async fn recommendation(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), Some(self.0.recommendation_id)).await
    }

    /// The revision of its text that it is about.
    async fn revision(&self, ctx: &Context<'_>) -> Option<Result<RecommendationRevision>> {
        to_one::<RecommendationRevision>(session(ctx), Some(self.0.revision_id)).await
    }

    /// The body that seeks consensus: the one that drafts the text, or the one that adopts it. Null only together with an error.
    async fn body(&self, ctx: &Context<'_>) -> Option<Result<Body>> {
        known::<Body>(session(ctx), self.0.body_id).await
    }

    /// The meeting at which it was opened.
    async fn meeting(&self, ctx: &Context<'_>) -> Option<Result<Meeting>> {
        to_one::<Meeting>(session(ctx), Some(self.0.meeting_id)).await
    }

    /// What it is sought for: the agreement of the body that drafts the text, or its adoption.
    async fn stage(&self) -> ConsensusStage {
        self.0.stage
    }

    /// How consensus is sought.
    async fn mode(&self) -> ConsensusMode {
        self.0.mode
    }

    /// What it has come to.
    async fn outcome(&self) -> ConsensusOutcome {
        self.0.outcome
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime {
        DateTime(self.0.opened_at)
    }

    /// Of a silence: when the text is agreed, or adopted, unless somebody has objected before. It takes effect at this moment. Null in the room.
    async fn deadline(&self) -> Option<DateTime> {
        self.0.deadline.map(DateTime)
    }

    /// When it ended: a silence without an objection at its deadline. Null while it is pending.
    async fn closed_at(&self) -> Option<DateTime> {
        self.0.closed_at.map(DateTime)
    }

    /// Who may object, or could: the mandates in the body that let their holders object on one of the days, in the council's time zone, on which it
    /// is or was open.
    async fn may_object(&self, ctx: &Context<'_>) -> Result<Vec<Mandate>> {
        may_object(session(ctx), self.0.body_id, service::consensus::days_open(&self.0)).await
    }

    /// Of those who may object, or could: whose organisation has no position in this procedure, or has withdrawn it. Silence is no objection. Null
    /// under the Chatham House Rule of the meeting, except for the secretariat, and for a drafter of a withdrawn text.
    async fn silent(&self, ctx: &Context<'_>) -> Option<Result<Vec<Mandate>>> {
        let session = session(ctx);
        let meeting = match session.named::<meeting::Entity>(self.0.meeting_id).await {
            Ok(meeting) => meeting?,
            Err(error) => return Some(Err(error.into())),
        };
        if !service::consensus::reads_all_positions(&session.viewer, &self.0, &meeting) {
            return None;
        }
        Some(self.silent_of(session).await)
    }

    /// The positions of organisations that you may see, from the first to the last.
    async fn positions(&self, ctx: &Context<'_>) -> Result<Vec<Position>> {
        let on_text = session(ctx).parts::<position_row::Entity>(self.0.recommendation_id).await?;
        let of_procedure = on_text.iter().filter(|row| row.procedure_id == self.0.id);
        Ok(of_procedure.map(|row| Position(Arc::clone(row))).collect())
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

/// The mandates that let their holders object in a body on one of these days.
pub(super) async fn may_object(session: &Session, body: BodyId, days: (NaiveDate, NaiveDate)) -> Result<Vec<Mandate>> {
    let held = session.loaders.one(MayObject(body, days)).await?.unwrap_or_default();
    Ok(held.iter().map(|mandate| Mandate(Arc::clone(mandate))).collect())
}

impl ConsensusProcedure {
    async fn silent_of(&self, session: &Session) -> Result<Vec<Mandate>> {
        let key = MayObject(self.0.body_id, service::consensus::days_open(&self.0));
        let held = session.loaders.one(key).await?.unwrap_or_default();
        let on_text = session.parts::<position_row::Entity>(self.0.recommendation_id).await?;
        let said: Vec<&position_row::Model> = on_text
            .iter()
            .map(AsRef::as_ref)
            .filter(|row: &&position_row::Model| row.procedure_id == self.0.id)
            .collect();
        Ok(silent(&held, &said).map(|mandate| Mandate(Arc::clone(mandate))).collect())
    }
}

#[derive(Default)]
pub struct ConsensusQuery;

#[Object]
impl ConsensusQuery {
    /// A consensus procedure. Null if there is none that you may see.
    async fn consensus_procedure(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: ConsensusProcedureBy,
    ) -> Option<Result<ConsensusProcedure>> {
        found(service::consensus::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    ConsensusProcedures {
        /// The consensus procedures that you may see, those on demonstrations among them.
        consensus_procedures: ConsensusProcedure, "Which procedures.";
    }
}

object!(Position: position);

texts! {
    PositionTexts of position {
    } maybe {
        text, text_translations: "Why.";
        proposed_text, proposed_text_translations: "Of an amendment: the text that it proposes.";
        answer, answer_translations: "What the chair has answered.";
    }
}

/// What an organisation says of a text in a consensus procedure. Organisations speak, not persons. An objection or an amendment breaks a
/// silence at once; statements and reservations are published with the adopted text and never block. Visible to the organisation
/// itself, and to those who may see the procedure; under the Chatham House Rule of its meeting to the participants and the secretariat; if it is
/// published, to everyone. Of a withdrawn text, to the organisation itself, to its
/// drafter if that took part in the meeting, and to the secretariat.
#[Object]
impl Position {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The procedure; null if you may not see it.
    async fn procedure(&self, ctx: &Context<'_>) -> Option<Result<ConsensusProcedure>> {
        to_one::<ConsensusProcedure>(session(ctx), Some(self.0.procedure_id)).await
    }

    /// The recommendation; null if you may not see it.
    async fn recommendation(&self, ctx: &Context<'_>) -> Option<Result<Recommendation>> {
        to_one::<Recommendation>(session(ctx), Some(self.0.recommendation_id)).await
    }

    /// The organisation in whose name it is stated. Null only together with an error.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        known::<Organization>(session(ctx), self.0.organization_id).await
    }

    /// The mandate by which the organisation speaks. Null only together with an error.
    async fn mandate(&self, ctx: &Context<'_>) -> Option<Result<Mandate>> {
        known::<Mandate>(session(ctx), self.0.mandate_id).await
    }

    /// What it says.
    async fn kind(&self) -> PositionKind {
        self.0.kind
    }

    /// What has become of it.
    async fn state(&self) -> PositionState {
        state_of(&self.0)
    }

    /// What an amendment proposes otherwise than the revision that it is about, by language and by words. Empty for other positions; null if you may
    /// not see the revision. Costs 20 points.
    async fn diff(&self, ctx: &Context<'_>) -> Option<Result<Vec<TextDiff>>> {
        let Some(proposed) = &self.0.proposed_text else { return Some(Ok(Vec::new())) };
        let session = session(ctx);
        let revision = proposed_on(session, &self.0).await.transpose()?;
        Some(revision.map(|revision| compared(Some(&revision.text), Some(proposed))))
    }

    /// When it was stated.
    async fn stated_at(&self) -> DateTime {
        DateTime(self.0.stated_at)
    }

    /// When it was answered.
    async fn answered_at(&self) -> Option<DateTime> {
        self.0.answered_at.map(DateTime)
    }

    /// The organisation that has answered it; null for the secretariat.
    async fn answered_by(&self, ctx: &Context<'_>) -> Option<Result<Organization>> {
        to_one::<Organization>(session(ctx), self.0.answered_by_id).await
    }

    /// When the organisation said that it stands by it; null once it is withdrawn.
    async fn maintained_at(&self) -> Option<DateTime> {
        self.0.maintained_at.map(DateTime)
    }

    /// When the organisation took it back. A silence that it has broken stays broken.
    async fn withdrawn_at(&self) -> Option<DateTime> {
        self.0.withdrawn_at.map(DateTime)
    }

    #[graphql(flatten)]
    fn texts(&self) -> PositionTexts<'_> {
        PositionTexts(&self.0)
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

/// The revision that a position is about.
async fn proposed_on(
    session: &Session,
    position: &position_row::Model,
) -> Result<Option<Arc<recommendation_revision::Model>>> {
    let procedures = session.parts::<consensus_procedure::Entity>(position.recommendation_id).await?;
    let Some(procedure) = procedures.iter().find(|row| row.id == position.procedure_id) else { return Ok(None) };
    let revisions = session.parts::<recommendation_revision::Entity>(position.recommendation_id).await?;
    Ok(revisions.iter().find(|row| row.id == procedure.revision_id).map(Arc::clone))
}

payload! {
    /// The answer to a mutation of a position.
    PositionPayload {
        /// The position after the write; after a conflict, as it is now.
        position: Position
    }
}

mutations! {
    PositionMutation {
        /// States what an organisation says of a text in an open procedure, in the name of a mandate that it holds in the body
        /// today. An objection or an amendment breaks a silence at once: the text is under discussion again, or stays submitted. For partners on
        /// behalf of their own organisation, and the secretariat. `INVALID_STATE` if the procedure is closed, if the
        /// organisation is not active or holds no mandate in the body today, and if it objects and no mandate lets it; `TOO_LONG` if it
        /// has stated ten positions in the procedure; `ALREADY_EXISTS` if it
        /// has a position in this procedure that is not withdrawn.
        state_position(StatePositionInput, "The procedure, the organisation, and what it says.") -> PositionPayload
            = position::state;
        /// Answers a position, once. For the secretariat and the chair and co-chair of the procedure's body. `INVALID_STATE`
        /// if it is answered or withdrawn, or published with the adopted text.
        answer_position(AnswerPositionInput, "The position, its version and the answer.") -> PositionPayload
            = position::answer, of id;
        /// Says that the organisation stands by its position although it was answered. For partners on behalf of their own
        /// organisation, and the secretariat. `INVALID_STATE` unless it is answered, and if it is published.
        maintain_position(PositionMoveInput, "The position and its version.") -> PositionPayload
            = position::maintain, of id;
        /// Takes a position back. A silence that it has broken stays broken; a new one can be opened on the same revision
        /// once no objection stands. For partners on behalf of their own organisation, and the secretariat. `INVALID_STATE` if it
        /// is withdrawn, or published with the adopted text.
        withdraw_position(PositionMoveInput, "The position and its version.") -> PositionPayload
            = position::withdraw, of id;
    }
}
