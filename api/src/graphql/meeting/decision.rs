//! The decisions of a meeting in the schema. Has names and shapes; what was decided is found by `domain/decision.rs`.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use entity::id::BodyId;
use entity::{agenda_item, agenda_item_recommendation, consensus_procedure, meeting, position, recommendation};
use futures_util::future::try_join_all;

use super::AgendaItem;
use crate::domain::decision::{DecisionOutcome, Outcome, belongs_to, decides, last_at, outcome_of, outcome_without};
use crate::graphql::consensus::{ConsensusProcedure, Position};
use crate::graphql::recommendation::Recommendation;
use crate::graphql::session::{Session, session};

pub struct Decision {
    item: Arc<agenda_item::Model>,
    text: Option<Arc<recommendation::Model>>,
    procedure: Option<Arc<consensus_procedure::Model>>,
    outcome: DecisionOutcome,
}

/// What a point on a meeting's agenda came to, as it is now: what is under silence may still be agreed, adopted or objected to.
#[Object]
impl Decision {
    /// The agenda item.
    async fn agenda_item(&self) -> AgendaItem {
        AgendaItem(Arc::clone(&self.item))
    }

    /// The recommendation; null for an agenda item that is about none that you may see.
    async fn recommendation(&self) -> Option<Recommendation> {
        self.text.as_ref().map(|text| Recommendation(Arc::clone(text)))
    }

    /// What was decided.
    async fn outcome(&self) -> DecisionOutcome {
        self.outcome
    }

    /// The procedure by which the body decided at the meeting, which tells the body and the revision: the last one that came to something or is
    /// open, or else the last one. Null if you may see none there.
    async fn procedure(&self) -> Option<ConsensusProcedure> {
        self.procedure.as_ref().map(|procedure| ConsensusProcedure(Arc::clone(procedure)))
    }

    /// The interpretative statements and formal reservations on the revision that was decided, from the first to the last, as far as you may
    /// see them: those of an adopted text are published with it.
    async fn statements(&self, ctx: &Context<'_>) -> Result<Vec<Position>> {
        let Some((text, decided)) = self.text.as_ref().zip(self.procedure.as_ref()) else { return Ok(Vec::new()) };
        let session = session(ctx);
        let procedures = session.parts::<consensus_procedure::Entity>(text.id).await?;
        let positions = session.parts::<position::Entity>(text.id).await?;
        let attached = positions.iter().filter(|row| belongs_to(row, decided, text, &procedures));
        Ok(attached.map(|row| Position(Arc::clone(row))).collect())
    }
}

impl Decision {
    /// Whether it leaves a text open for one of these bodies, of those that were in session.
    pub fn is_left_to(&self, bodies: &[BodyId], in_session: &[BodyId]) -> bool {
        let Some(text) = &self.text else { return false };
        let sought_by = self.procedure.as_ref().map(|procedure| procedure.body_id);
        let outcome = Outcome { item: &self.item, text, sought_by, decided: self.outcome };
        bodies.iter().any(|body| outcome.is_left_to(*body, in_session))
    }
}

/// The decisions of a meeting, in the order of its agenda.
pub async fn of_meeting(session: &Session, meeting: &meeting::Model) -> Result<Vec<Decision>> {
    if !decides(meeting.status) {
        return Ok(Vec::new());
    }
    let items = session.parts::<agenda_item::Entity>(meeting.id).await?;
    let decisions = try_join_all(items.iter().map(|item| of_item(session, meeting, item))).await?;
    Ok(decisions.into_iter().flatten().collect())
}

async fn of_item(session: &Session, meeting: &meeting::Model, item: &Arc<agenda_item::Model>) -> Result<Vec<Decision>> {
    let links = session.parts::<agenda_item_recommendation::Entity>(item.id).await?;
    let ids = links.iter().map(|link| link.recommendation_id);
    let texts = session.all_named::<recommendation::Entity>(ids).await?;
    if texts.is_empty() {
        return Ok(vec![Decision {
            item: Arc::clone(item),
            text: None,
            procedure: None,
            outcome: DecisionOutcome::Noted,
        }]);
    }
    let decisions = try_join_all(texts.iter().map(|text| on_text(session, meeting, item, text))).await?;
    Ok(decisions.into_iter().flatten().collect())
}

async fn on_text(
    session: &Session,
    meeting: &meeting::Model,
    item: &Arc<agenda_item::Model>,
    text: &Arc<recommendation::Model>,
) -> Result<Vec<Decision>> {
    let decision =
        |procedure, outcome| Decision { item: Arc::clone(item), text: Some(Arc::clone(text)), procedure, outcome };
    let procedures = session.parts::<consensus_procedure::Entity>(text.id).await?;
    let last = last_at(&procedures, meeting);
    if last.is_empty() {
        return Ok(vec![decision(None, outcome_without(text, meeting))]);
    }
    let decided = last.into_iter().map(|procedure| {
        let outcome = outcome_of(procedure.outcome, procedure.mode, procedure.stage);
        decision(Some(procedure), outcome)
    });
    Ok(decided.collect())
}
