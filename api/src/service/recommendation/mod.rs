//! Recommendations: which exist, and who sees them. Writing their texts (`text`) and their transitions stand beside; the rules stand in
//! `domain/recommendation.rs`.

pub mod paragraphs;
pub mod parts;
pub mod past;
pub mod position;
pub mod room;
pub mod row;
pub mod silence;
pub mod text;
pub mod transitions;
pub mod upsert;
mod wanted;

use async_graphql::{ID, InputObject, OneofObject};
use entity::change::ChangeReason;
use entity::date::{Date, DateTime};
use entity::id::RecommendationId;
use entity::recommendation::{Priority, RecommendationKind, RecommendationStatus};
use entity::{
    addressee, agenda_item, agenda_item_recommendation, recommendation, recommendation_instrument,
    recommendation_revision, recommendation_theme,
};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};

use super::body::BodyFilter;
use super::consensus;
use super::country::CountryFilter;
use super::document_access;
use super::external_id::{self, ExternalIdInput};
use super::filter::{BooleanFilter, EnumFilter, IdFilter, ListFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::instrument::InstrumentFilter;
use super::meeting::MeetingFilter;
use super::organization::OrganizationFilter;
use super::page::sort;
use super::read::{self, Ordered, Visible};
use super::relation::Relation;
use super::theme::ThemeFilter;
use super::tx::Tx;
use crate::auth::Viewer;
use crate::domain::audience::{self, Access};
use crate::error::Error;

impl Visible for recommendation::Entity {
    const ORDERED: Option<Ordered<Self::Column>> = {
        use recommendation::Column::{
            AdoptedOn, BodyId, CreatedAt, DraftedById, Id, Label, MeetingId, Status, TargetDate, UpdatedAt,
        };
        let found = &[Id, Label, MeetingId, TargetDate, AdoptedOn, CreatedAt, UpdatedAt];
        Some(Ordered { is_whole: true, leading: &[BodyId, Status], found, owner: Some(DraftedById) })
    };
}

/// The word for a recommendation in validation errors.
const WHAT: &str = "recommendation";

/// Names one recommendation.
#[derive(Clone, Debug, OneofObject)]
pub enum RecommendationBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its label, such as `REC/WG-A/2024/3`, in upper or lower case. Only adopted ones have a label.
    Label(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which recommendations.
#[derive(Clone, Debug, Default, InputObject)]
pub struct RecommendationFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By label.
    pub label: Option<StringFilter>,
    /// By title, in any language.
    pub title: Option<TextFilter>,
    /// By kind.
    pub kind: Option<EnumFilter<RecommendationKind>>,
    /// By status.
    pub status: Option<EnumFilter<RecommendationStatus>>,
    /// By priority.
    pub priority: Option<EnumFilter<Priority>>,
    /// By target date.
    pub target_date: Option<OrderedFilter<Date>>,
    /// By the date of adoption.
    pub adopted_on: Option<OrderedFilter<Date>>,
    /// By the time of creation.
    pub created_at: Option<OrderedFilter<DateTime>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// Whether it is a demonstration. `{ eq: false }` leaves the real ones.
    pub is_demo: Option<BooleanFilter>,
    /// By the body that drafts it.
    pub body: Option<Box<BodyFilter>>,
    /// By the meeting of adoption.
    pub meeting: Option<Box<MeetingFilter>>,
    /// By themes.
    pub themes: Option<ListFilter<ThemeFilter>>,
    /// By instruments.
    pub instruments: Option<ListFilter<InstrumentFilter>>,
    /// By the organisations that it is addressed to.
    pub addressed_organizations: Option<ListFilter<OrganizationFilter>>,
    /// By the countries that it is addressed to.
    pub addressed_countries: Option<ListFilter<CountryFilter>>,
    /// All of these must match.
    pub and: Option<Vec<RecommendationFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<RecommendationFilter>>,
    /// This must not match.
    pub not: Option<Box<RecommendationFilter>>,
}

// The body comes first: the first leading field is served by an index, and labels begin with the body.
filter!(RecommendationFilter => recommendation::Entity, |this, scope| [
    scope.related(this.body.as_deref(), recommendation::Column::BodyId),
    scope.field(this.id.as_ref().map(IdFilter::of::<RecommendationId>).as_ref(), recommendation::Column::Id),
    scope.field(this.label.as_ref().map(StringFilter::with_codes).as_ref(), recommendation::Column::Label),
    scope.field(this.title.as_ref(), recommendation::Column::TitleFolded),
    scope.field(this.kind.as_ref(), recommendation::Column::Kind),
    scope.field(this.status.as_ref(), recommendation::Column::Status),
    scope.field(this.priority.as_ref(), recommendation::Column::Priority),
    scope.field(this.target_date.as_ref(), recommendation::Column::TargetDate),
    scope.field(this.adopted_on.as_ref(), recommendation::Column::AdoptedOn),
    scope.field(this.created_at.as_ref(), recommendation::Column::CreatedAt),
    scope.field(this.updated_at.as_ref(), recommendation::Column::UpdatedAt),
    scope.field(this.is_demo.as_ref(), recommendation::Column::IsDemo),
    scope.related(this.meeting.as_deref(), recommendation::Column::MeetingId),
    scope.some::<recommendation::Entity, _, recommendation_theme::Entity>(
        this.themes.as_ref(), recommendation_theme::Column::RecommendationId, recommendation_theme::Column::ThemeId,
    ),
    scope.some::<recommendation::Entity, _, recommendation_instrument::Entity>(
        this.instruments.as_ref(),
        recommendation_instrument::Column::RecommendationId,
        recommendation_instrument::Column::InstrumentId,
    ),
    scope.some::<recommendation::Entity, _, addressee::Entity>(
        this.addressed_organizations.as_ref(), addressee::Column::RecommendationId, addressee::Column::OrganizationId,
    ),
    scope.some::<recommendation::Entity, _, addressee::Entity>(
        this.addressed_countries.as_ref(), addressee::Column::RecommendationId, addressee::Column::CountryId,
    ),
]);

sort! {
    /// What recommendations can be sorted by.
    RecommendationOrderField, RecommendationOrder => recommendation {
        /// The label, by code points.
        Label => Label,
        /// The status.
        Status => Status,
        /// The target date.
        TargetDate => TargetDate,
        /// The date of adoption.
        AdoptedOn => AdoptedOn,
        /// The time of creation.
        CreatedAt => CreatedAt,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &RecommendationBy,
) -> Result<Option<recommendation::Model>, Error> {
    match by {
        RecommendationBy::Id(id) => read::by_text_id::<recommendation::Entity>(db, viewer, id).await,
        RecommendationBy::Label(label) => {
            read::by_code::<recommendation::Entity>(db, viewer, recommendation::Column::Label, label).await
        }
        RecommendationBy::ExternalId(by) => external_id::find::<recommendation::Entity>(db, viewer, by).await,
    }
}

/// Writes a changed recommendation: its access follows its state, and its parts get the same access.
async fn put(
    tx: &mut Tx<'_>,
    before: &recommendation::Model,
    mut after: recommendation::Model,
    parts_changed: bool,
    reason: Option<ChangeReason>,
) -> Result<recommendation::Model, Error> {
    let access = audience::of_recommendation(after.status, after.drafted_by_id);
    (after.audience, after.owner) = access;
    if access != (before.audience, before.owner) {
        tx.inherit::<addressee::Entity>(&[after.id], access).await?;
        inherit_revisions(tx, before, &after).await?;
        let seen_by = audience::of_either(access, (before.audience, before.owner));
        consensus::follow_text(tx, after.id, seen_by).await?;
        document_access::follow_text(tx, after.id, access).await?;
        tx.inherit::<recommendation_theme::Entity>(&[after.id], access).await?;
        tx.inherit::<recommendation_instrument::Entity>(&[after.id], access).await?;
        tell_of_agendas(tx, after.id, seen_by).await?;
    }
    match reason {
        Some(reason) => tx.update_because::<recommendation::Entity>(before, after, reason).await,
        None if parts_changed => tx.touch::<recommendation::Entity>(before, after).await,
        None => tx.update::<recommendation::Entity>(before, after).await,
    }
}

/// Notifies of the agenda items about a recommendation whose audience has changed: their readers now see it there, or no longer do.
async fn tell_of_agendas(tx: &mut Tx<'_>, id: RecommendationId, seen_by: Access) -> Result<(), Error> {
    let items = Query::select()
        .column(agenda_item_recommendation::Column::AgendaItemId)
        .from(agenda_item_recommendation::Entity)
        .and_where(agenda_item_recommendation::Column::RecommendationId.eq(id))
        .take();
    let about = Condition::all().add(agenda_item::Column::Id.in_subquery(items));
    tx.notify_where::<agenda_item::Entity>(about, seen_by).await
}

/// If a text opens to more readers, only its latest revision does: the earlier ones were not written for the new readers.
async fn inherit_revisions(
    tx: &mut Tx<'_>,
    before: &recommendation::Model,
    after: &recommendation::Model,
) -> Result<(), Error> {
    let access = (after.audience, after.owner);
    if after.audience > before.audience {
        return tx.inherit::<recommendation_revision::Entity>(&[after.id], access).await;
    }
    let number = tx.highest::<recommendation_revision::Entity>(
        recommendation_revision::Column::Number,
        Condition::all().add(recommendation_revision::Column::RecommendationId.eq(after.id)),
    );
    let latest = Condition::all().add(recommendation_revision::Column::Number.eq(number.await?));
    tx.inherit_where::<recommendation_revision::Entity>(&[after.id], access, latest).await
}

/// The recommendations that a body drafts.
pub fn of_body() -> Relation {
    Relation::levelled(recommendation::Column::BodyId)
}

/// The recommendations adopted at a meeting.
pub fn of_meeting() -> Relation {
    Relation::direct(recommendation::Column::MeetingId)
}

/// The recommendations that their body agreed on at a meeting.
pub fn of_agreement() -> Relation {
    Relation::direct(recommendation::Column::AgreedMeetingId)
}

/// The recommendations that an organisation has drafted.
pub fn of_drafter() -> Relation {
    Relation::levelled(recommendation::Column::DraftedById)
}

/// The recommendations addressed to an organisation.
pub fn of_addressed_organization() -> Relation {
    Relation::through::<addressee::Entity>(addressee::Column::OrganizationId)
}

/// The recommendations addressed to a country.
pub fn of_addressed_country() -> Relation {
    Relation::through::<addressee::Entity>(addressee::Column::CountryId)
}

/// The recommendations on a theme.
pub fn of_theme() -> Relation {
    Relation::through::<recommendation_theme::Entity>(recommendation_theme::Column::ThemeId)
}

/// The recommendations that refer to an instrument.
pub fn of_instrument() -> Relation {
    Relation::through::<recommendation_instrument::Entity>(recommendation_instrument::Column::InstrumentId)
}

/// The recommendations that supersede these, at most one each.
pub async fn successors(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    earlier: &[RecommendationId],
) -> Result<Vec<recommendation::Model>, Error> {
    let supersedes = read::among(db.get_database_backend(), recommendation::Column::SupersedesId, earlier);
    read::all::<recommendation::Entity>(db, viewer, Condition::all().add(supersedes)).await
}
