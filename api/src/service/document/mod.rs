//! Documents: which exist, how the secretariat keeps them, and how their access follows from what they belong to. The rules stand in
//! `domain/document.rs`.

mod parents;
mod row;
pub mod upsert;

use async_graphql::{ID, InputObject, OneofObject};
use entity::date::{Date, DateTime};
use entity::document::{self, DocumentKind};
use entity::id::DocumentId;
use entity::meeting::Sensitivity;
use sea_orm::ConnectionTrait;

use self::parents::{Named, Parents};
pub use self::row::{CreateDocumentInput, DocumentVersionInput, UpdateDocumentInput};
use super::body::BodyFilter;
use super::external_id::{self, ExternalIdInput};
use super::filter::{EnumFilter, IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::meeting::MeetingFilter;
use super::page::sort;
use super::read::{self, Ordered, Visible};
use super::recommendation::RecommendationFilter;
use super::relation::Relation;
use super::tx::Written;
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::fields;
use crate::domain::symbol::folded;
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
