//! One line of the feed: which record changed, how, and who could and can see it. Written by every transaction.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use crate::id::OrganizationId;
use crate::{Audience, RecordType};

vocabulary! {
    /// What happened to a record.
    ChangeKind {
        /// It was created.
        Created,
        /// It was changed.
        Updated,
        /// It was removed.
        Removed,
    }
}

vocabulary! {
    /// Why a record was removed or withdrawn.
    ChangeReason {
        /// A text was withdrawn before its adoption. Its drafter and the secretariat still see the record.
        WithdrawnDraft,
        /// It should not have been entered.
        EnteredInError,
        /// Another record says the same.
        Duplicate,
        /// It was merged into another record, which takes its place.
        Merged,
    }
}

/// For a removed or hidden row there is no current state to judge by, so the line keeps its audience before and after.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub at: DateTime<Utc>,
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    pub subject_kind: RecordType,
    pub subject_id: Uuid,
    pub kind: ChangeKind,
    pub version: i32,
    pub reason: Option<ChangeReason>,
    pub audience: Audience,
    pub owner: Option<OrganizationId>,
    pub audience_before: Option<Audience>,
    pub owner_before: Option<OrganizationId>,
    /// The record that a merged one was merged into; of the same type.
    pub replaced_by: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
