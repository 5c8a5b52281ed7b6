//! A document of the council: an agenda, a concept note, a summary. It is kept elsewhere; the record says where, in which languages, and what it
//! belongs to.

use crate::id::{AgendaItemId, BodyId, DocumentId, MeetingId, OrganizationId, RecommendationId};
use crate::meeting::Sensitivity;
use crate::text::{Locale, LocalizedText};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What kind of document it is.
    DocumentKind {
        /// An agenda.
        Agenda,
        /// A concept note.
        ConceptNote,
        /// A paper that prepares a discussion.
        BackgroundPaper,
        /// Slides of a presentation.
        Presentation,
        /// A statement of an organisation.
        Statement,
        /// The draft of a recommendation.
        DraftRecommendation,
        /// A report of a working group.
        WgReport,
        /// Minutes, or a summary of a meeting.
        MinutesOrSummary,
        /// What a meeting came to.
        OutcomeDocument,
        /// A roadmap, or a plan of work.
        RoadmapOrWorkplan,
        /// Terms of reference.
        TermsOfReference,
        /// A report on the progress of a recommendation.
        ProgressReport,
        /// A press release.
        PressRelease,
        /// A description of a good practice.
        GoodPractice,
    }
}

vocabulary! {
    /// How a language version of a document came about.
    VersionState {
        /// The document as it was written.
        Original,
        /// A translation that the issuer stands by.
        Official,
        /// Another translation by people.
        Unofficial,
        /// A translation by a machine.
        Machine,
    }
}

/// A document in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    pub locale: Locale,
    pub url: String,
    /// The SHA-256 of the file, in 64 small hexadecimal digits.
    pub sha256: Option<String>,
    pub state: VersionState,
    /// When the file was last replaced by another one.
    pub changed_at: DateTime<Utc>,
}

/// The language versions of a document, in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Versions(pub Vec<Version>);

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DocumentId,
    #[sea_orm(column_type = "Text", nullable)]
    pub symbol: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub symbol_folded: Option<String>,
    pub kind: DocumentKind,
    #[sea_orm(column_type = "JsonBinary")]
    pub title: LocalizedText,
    #[sea_orm(column_type = "Text")]
    pub title_folded: String,
    pub sensitivity: Sensitivity,
    pub issued_on: Option<NaiveDate>,
    #[sea_orm(column_type = "JsonBinary")]
    pub versions: Versions,
    pub meeting_id: Option<MeetingId>,
    pub agenda_item_id: Option<AgendaItemId>,
    pub body_id: Option<BodyId>,
    pub recommendation_id: Option<RecommendationId>,
    pub no_personal_data: bool,
    pub audience: crate::Audience,
    pub owner: Option<OrganizationId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
}

record!(DocumentId, Document, folds title => title_folded);
