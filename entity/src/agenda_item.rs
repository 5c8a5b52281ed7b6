//! An item of a meeting's agenda.

use crate::id::{AgendaItemId, BodyId, MeetingId, OrganizationId};
use crate::text::LocalizedText;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

vocabulary! {
    /// What happens under an agenda item.
    AgendaItemKind {
        /// A session of several contributions.
        Session,
        /// A presentation.
        Presentation,
        /// A discussion.
        Discussion,
        /// A decision is taken.
        Decision,
        /// Opening, closing, and other business.
        Administrative,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agenda_item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgendaItemId,
    pub meeting_id: MeetingId,
    pub body_id: Option<BodyId>,
    #[sea_orm(column_type = "Text")]
    pub number: String,
    pub position: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    pub kind: AgendaItemKind,
    pub chatham_house: bool,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(AgendaItemId, AgendaItem);

part!(@of MeetingId: MeetingId, meeting_id, by Position);
