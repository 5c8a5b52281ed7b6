//! Documents: which exist, how the secretariat keeps them, and how their access follows from what they belong to. The rules stand in
//! `domain/document.rs`.

mod row;

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use entity::date::{Date, DateTime};
use entity::document::{self, DocumentKind};
use entity::id::{DocumentId, MeetingId, RecommendationId, RecordId};
use entity::meeting::Sensitivity;
use entity::{agenda_item, body, meeting, recommendation};
use sea_orm::ConnectionTrait;

pub use self::row::{CreateDocumentInput, DocumentVersionInput, UpdateDocumentInput};
use super::body::BodyFilter;
use super::external_id::{self, ExternalIdInput};
use super::filter::{EnumFilter, IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::meeting::MeetingFilter;
use super::page::sort;
use super::read::{self, Ordered, Visible};
use super::recommendation::RecommendationFilter;
use super::relation::Relation;
use super::tx::{Tx, Written};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::audience::Access;
use crate::domain::symbol::folded;
use crate::domain::validation::{Validated, combine};
use crate::domain::{document as rules, fields};
use crate::error::Error;
use crate::service::context::AppContext;

/// The word for a document in validation errors.
const WHAT: &str = "document";

impl Visible for document::Entity {
    const ORDERED: Option<Ordered<Self::Column>> = {
        use document::Column::{BodyId, Id, IssuedOn, Kind, MeetingId, RecommendationId, SymbolFolded, UpdatedAt};
        let found = &[Id, IssuedOn, MeetingId, RecommendationId, SymbolFolded, UpdatedAt];
        Some(Ordered { is_whole: true, leading: &[BodyId, Kind], found, owner: None })
    };
}

/// Names one document.
#[derive(Clone, Debug, OneofObject)]
pub enum DocumentBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its symbol, in any spelling: `SEC.DOC/2/00/Rev.1` and `sec.doc/2/00/rev. 1` are one.
    Symbol(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which documents.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DocumentFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By symbol, to which `eq`, `ne`, `in` and `notIn` compare in any spelling.
    pub symbol: Option<StringFilter>,
    /// By title, in any language.
    pub title: Option<TextFilter>,
    /// By kind.
    pub kind: Option<EnumFilter<DocumentKind>>,
    /// By who may read it, at most.
    pub sensitivity: Option<EnumFilter<Sensitivity>>,
    /// By the day on which it was issued.
    pub issued_on: Option<OrderedFilter<Date>>,
    /// By the body to which it belongs.
    pub body: Option<Box<BodyFilter>>,
    /// By the meeting to which it belongs.
    pub meeting: Option<Box<MeetingFilter>>,
    /// By the recommendation to which it belongs.
    pub recommendation: Option<Box<RecommendationFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<DocumentFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<DocumentFilter>>,
    /// This must not match.
    pub not: Option<Box<DocumentFilter>>,
}

// The body comes first: the first leading field is served by an index.
filter!(DocumentFilter => document::Entity, unique [id, symbol], |this, scope| [
    scope.related(this.body.as_deref(), document::Column::BodyId),
    scope.field(this.id.as_ref().map(IdFilter::of::<DocumentId>).as_ref(), document::Column::Id),
    scope.field(this.symbol.as_ref().and_then(StringFilter::in_any_spelling).as_ref(), document::Column::SymbolFolded),
    scope.field(this.symbol.as_ref().and_then(StringFilter::as_written).as_ref(), document::Column::Symbol),
    scope.field(this.title.as_ref(), document::Column::TitleFolded),
    scope.field(this.kind.as_ref(), document::Column::Kind),
    scope.field(this.sensitivity.as_ref(), document::Column::Sensitivity),
    scope.field(this.issued_on.as_ref(), document::Column::IssuedOn),
    scope.related(this.meeting.as_deref(), document::Column::MeetingId),
    scope.related(this.recommendation.as_deref(), document::Column::RecommendationId),
    scope.field(this.updated_at.as_ref(), document::Column::UpdatedAt),
]);

sort! {
    /// What documents can be sorted by.
    DocumentOrderField, DocumentOrder => document {
        /// The day on which it was issued.
        IssuedOn => IssuedOn,
        /// The symbol.
        Symbol => Symbol,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

/// The documents of a body.
pub fn of_body() -> Relation {
    Relation::levelled(document::Column::BodyId)
}

/// The documents of a meeting, those of its agenda items among them.
pub fn of_meeting() -> Relation {
    Relation::direct(document::Column::MeetingId)
}

/// The documents of an agenda item.
pub fn of_agenda_item() -> Relation {
    Relation::direct(document::Column::AgendaItemId)
}

/// The documents of a recommendation.
pub fn of_recommendation() -> Relation {
    Relation::direct(document::Column::RecommendationId)
}

pub async fn find(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &DocumentBy,
) -> Result<Option<document::Model>, Error> {
    match by {
        DocumentBy::Id(id) => read::by_text_id::<document::Entity>(db, viewer, id).await,
        DocumentBy::Symbol(symbol) => {
            read::by_key::<document::Entity>(db, viewer, document::Column::SymbolFolded, &folded(symbol)).await
        }
        DocumentBy::ExternalId(by) => external_id::find::<document::Entity>(db, viewer, by).await,
    }
}

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
struct Named {
    meeting: Option<String>,
    agenda_item: Option<String>,
    body: Option<String>,
    recommendation: Option<String>,
    /// What it names of meeting and agenda item.
    path: &'static str,
}

impl Named {
    fn of_new(input: &CreateDocumentInput) -> Self {
        let text = |id: &Option<ID>| id.as_ref().map(|id| id.to_string());
        Self {
            meeting: text(&input.meeting_id),
            agenda_item: text(&input.agenda_item_id),
            body: text(&input.body_id),
            recommendation: text(&input.recommendation_id),
            path: "agendaItemId",
        }
    }

    fn after(input: &UpdateDocumentInput, before: &document::Model) -> Self {
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
    async fn named(tx: &Tx<'_>, named: &Named) -> Result<Validated<Self>, Error> {
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
    fn with_meeting(self) -> Validated<(Self, Option<MeetingId>)> {
        let meeting = self.meeting.as_ref().map(|meeting| meeting.id);
        let meeting = rules::meeting_of(self.named, meeting, self.agenda_item.as_ref())?;
        Ok((self, meeting))
    }

    /// Who reads each of them; everyone reads the body.
    fn access(&self) -> impl Iterator<Item = Access> {
        let meeting = self.meeting.as_ref().map(|meeting| (meeting.audience, meeting.owner));
        let text = self.recommendation.as_ref().map(|text| (text.audience, text.owner));
        meeting.into_iter().chain(text)
    }
}

pub async fn create(
    app: &AppContext,
    viewer: &Viewer,
    input: CreateDocumentInput,
) -> Result<Written<document::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::CreateDocument).await?;
    let parents = Parents::named(&tx, &Named::of_new(&input)).await?;
    let row = row::build(&tx, input, parents)?;
    let row = tx.insert::<document::Entity>(row).await?;
    tx.commit(row).await
}

pub async fn update(
    app: &AppContext,
    viewer: &Viewer,
    input: UpdateDocumentInput,
) -> Result<Written<document::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<DocumentId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::UpdateDocument).await?;
    let known = tx.get::<document::Entity>("id", id, WHAT).await?;
    let parents = Parents::named(&tx, &Named::after(&input, &known)).await?;
    let before = tx.get_at::<document::Entity>(id, input.expected_version, WHAT).await?;
    let after = row::apply(&tx, &before, input, parents)?;
    let row = tx.update::<document::Entity>(&before, after).await?;
    tx.commit(row).await
}
