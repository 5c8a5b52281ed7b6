//! What a document belongs to, as an input names it: read, and locked, because their access decides who reads the document.

use std::collections::HashMap;

use async_graphql::{ID, MaybeUndefined};
use entity::id::{AgendaItemId, BodyId, MeetingId, RecommendationId, RecordId};
use entity::{agenda_item, body, document, meeting, recommendation};

use super::row::{CreateDocumentInput, UpdateDocumentInput};
use crate::domain::audience::Access;
use crate::domain::validation::{Validated, ValidationError, combine};
use crate::domain::{document as rules, fields};
use crate::error::Error;
use crate::service::tx::Tx;

/// What a document belongs to.
pub struct Parents {
    pub meeting: Option<meeting::Model>,
    pub agenda_item: Option<agenda_item::Model>,
    pub body: Option<body::Model>,
    pub recommendation: Option<recommendation::Model>,
    /// What the input names of meeting and agenda item, which must fit.
    named: &'static str,
}

/// What an input says that a document belongs to.
pub(super) struct Named {
    meeting: Option<String>,
    agenda_item: Option<String>,
    body: Option<String>,
    recommendation: Option<String>,
    /// What it names of meeting and agenda item.
    path: &'static str,
}

impl Named {
    pub(super) fn of_new(input: &CreateDocumentInput) -> Self {
        let text = |id: &Option<ID>| id.as_ref().map(|id| id.to_string());
        Self {
            meeting: text(&input.meeting_id),
            agenda_item: text(&input.agenda_item_id),
            body: text(&input.body_id),
            recommendation: text(&input.recommendation_id),
            path: "agendaItemId",
        }
    }

    pub(super) fn after(input: &UpdateDocumentInput, before: &document::Model) -> Self {
        fn after(given: &MaybeUndefined<ID>, before: Option<impl RecordId>) -> Option<String> {
            match given {
                MaybeUndefined::Undefined => before.map(|id| id.to_string()),
                MaybeUndefined::Null => None,
                MaybeUndefined::Value(id) => Some(id.to_string()),
            }
        }
        let is_moved = matches!(input.agenda_item_id, MaybeUndefined::Value(_));
        let stays_at = before.meeting_id.filter(|_| !is_moved);
        Self {
            meeting: after(&input.meeting_id, stays_at),
            agenda_item: after(&input.agenda_item_id, before.agenda_item_id),
            body: after(&input.body_id, before.body_id),
            recommendation: after(&input.recommendation_id, before.recommendation_id),
            path: if is_moved { "agendaItemId" } else { "meetingId" },
        }
    }
}

impl Parents {
    /// Reads them, locked: their access must not change meanwhile, nor the item be removed. The recommendation is locked before the meeting, as by
    /// all who lock both.
    pub(super) async fn named(tx: &Tx<'_>, named: &Named) -> Result<Validated<Self>, Error> {
        if let Some(id) = named.recommendation.as_ref().and_then(|id| id.parse::<RecommendationId>().ok()) {
            tx.lock_row::<recommendation::Entity>(id).await?;
        }
        let item = tx
            .named_if_given::<agenda_item::Entity>("agendaItemId", named.agenda_item.as_deref(), "agenda item")
            .await?;
        let of_item = item.as_ref().ok().and_then(|item| item.as_ref()).map(|item| item.meeting_id);
        let mut meetings: Vec<MeetingId> =
            named.meeting.as_ref().and_then(|id| id.parse().ok()).into_iter().chain(of_item).collect();
        meetings.sort_unstable();
        meetings.dedup();
        tx.lock_rows::<meeting::Entity>(&meetings).await?;
        let given = named.meeting.clone().or(of_item.map(|id| id.to_string()));
        let meeting = tx.named_if_given::<meeting::Entity>("meetingId", given.as_deref(), "meeting").await?;
        let item = tx
            .named_if_given::<agenda_item::Entity>("agendaItemId", named.agenda_item.as_deref(), "agenda item")
            .await?;
        let body = tx.named_if_given::<body::Entity>("bodyId", named.body.as_deref(), "body").await?;
        let text = tx
            .named_if_given::<recommendation::Entity>(
                "recommendationId",
                named.recommendation.as_deref(),
                "recommendation",
            )
            .await?;
        let judge = || {
            combine!(meeting = meeting, agenda_item = item, body = body, recommendation = text);
            Ok(Self { meeting, agenda_item, body, recommendation, named: named.path })
        };
        Ok(judge())
    }

    /// These, and the meeting: the named one, or that of the agenda item.
    pub(super) fn with_meeting(self) -> Validated<(Self, Option<MeetingId>)> {
        let meeting = self.meeting.as_ref().map(|meeting| meeting.id);
        let meeting = rules::meeting_of(self.named, meeting, self.agenda_item.as_ref())?;
        Ok((self, meeting))
    }

    /// Who reads each of them; everyone reads the body.
    pub(super) fn access(&self) -> impl Iterator<Item = Access> {
        let meeting = self.meeting.as_ref().map(|meeting| (meeting.audience, meeting.owner));
        let text = self.recommendation.as_ref().map(|text| (text.audience, text.owner));
        meeting.into_iter().chain(text)
    }
}

/// What the rows of a bulk write belong to, locked: one statement for each table.
pub(super) struct KnownParents {
    meetings: HashMap<MeetingId, meeting::Model>,
    agenda_items: HashMap<AgendaItemId, agenda_item::Model>,
    bodies: HashMap<BodyId, body::Model>,
    recommendations: HashMap<RecommendationId, recommendation::Model>,
}

impl KnownParents {
    pub(super) async fn read(tx: &Tx<'_>, rows: &[Named]) -> Result<Self, Error> {
        let ids = |of: fn(&Named) -> &Option<String>| rows.iter().filter_map(move |named| of(named).as_deref());
        let texts: Vec<RecommendationId> =
            ids(|named| &named.recommendation).filter_map(|id| id.parse().ok()).collect();
        let items: Vec<AgendaItemId> = ids(|named| &named.agenda_item).filter_map(|id| id.parse().ok()).collect();
        let bodies: Vec<BodyId> = ids(|named| &named.body).filter_map(|id| id.parse().ok()).collect();
        let mut meetings: Vec<MeetingId> = ids(|named| &named.meeting).filter_map(|id| id.parse().ok()).collect();
        tx.lock_rows::<recommendation::Entity>(&texts).await?;
        let found = tx.by_id::<agenda_item::Entity>(items.clone()).await?;
        meetings.extend(found.values().map(|item| item.meeting_id));
        tx.lock_rows::<meeting::Entity>(&meetings).await?;
        Ok(Self {
            meetings: tx.by_id::<meeting::Entity>(meetings).await?,
            agenda_items: tx.by_id::<agenda_item::Entity>(items).await?,
            bodies: tx.by_id::<body::Entity>(bodies).await?,
            recommendations: tx.by_id::<recommendation::Entity>(texts).await?,
        })
    }

    /// What a row names; what it names and is not there is refused.
    pub(super) fn of(&self, named: &Named) -> Validated<Parents> {
        let item = known("agendaItemId", named.agenda_item.as_deref(), &self.agenda_items, "agenda item");
        let of_item = item.as_ref().ok().and_then(|item| item.as_ref()).map(|item| item.meeting_id.to_string());
        let meeting = named.meeting.clone().or(of_item);
        combine!(
            meeting = known("meetingId", meeting.as_deref(), &self.meetings, "meeting"),
            agenda_item = item,
            body = known("bodyId", named.body.as_deref(), &self.bodies, "body"),
            recommendation =
                known("recommendationId", named.recommendation.as_deref(), &self.recommendations, "recommendation"),
        );
        Ok(Parents { meeting, agenda_item, body, recommendation, named: named.path })
    }
}

fn known<I: RecordId, M: Clone>(
    path: &str,
    id: Option<&str>,
    rows: &HashMap<I, M>,
    what: &str,
) -> Validated<Option<M>> {
    let Some(id) = id else { return Ok(None) };
    let id = fields::id::<I>(path, id, what)?;
    rows.get(&id).cloned().map(Some).ok_or_else(|| vec![ValidationError::not_found(path, what)])
}
