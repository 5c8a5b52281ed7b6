//! The agenda of a meeting. It is a part of the meeting: every change of it also changes the meeting.

use std::collections::HashMap;

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::agenda_item::AgendaItemKind;
use entity::change::ChangeReason;
use entity::id::{AgendaItemId, MeetingId, RecommendationId};
use entity::{agenda_item, agenda_item_recommendation, body, meeting, recommendation};

use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::audience::Access;
use crate::domain::lifecycle::{MeetingTransition, next_meeting};
use crate::domain::validation::{Validated, combine};
use crate::domain::{fields, meeting as rules};
use crate::error::Error;
use crate::service::body::BodyFilter;
use crate::service::context::AppContext;
use crate::service::filter::{EnumFilter, IdFilter, filter};
use crate::service::meeting::MeetingFilter;
use crate::service::page::sort;
use crate::service::patch::{LocalizedTextInput, given, given_in, localized, patch, patch_required, replaced};
use crate::service::read::{self, Ordered, Visible};
use crate::service::relation::Relation;
use crate::service::tx::{Tx, Written};

/// The word for an agenda item in validation errors.
const WHAT: &str = "agenda item";

impl Visible for agenda_item::Entity {
    const ORDERED: Option<Ordered<Self::Column>> = {
        use agenda_item::Column::{BodyId, Id, MeetingId};
        Some(Ordered { is_whole: false, leading: &[BodyId], found: &[Id, MeetingId], owner: None })
    };
}
impl Visible for agenda_item_recommendation::Entity {}

/// Which agenda items.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AgendaItemFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By what happens under the item.
    pub kind: Option<EnumFilter<AgendaItemKind>>,
    /// By the meeting, as far as you may see it.
    pub meeting: Option<Box<MeetingFilter>>,
    /// By the body that the item belongs to.
    pub body: Option<Box<BodyFilter>>,
    /// All of these must match.
    pub and: Option<Vec<AgendaItemFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<AgendaItemFilter>>,
    /// This must not match.
    pub not: Option<Box<AgendaItemFilter>>,
}

filter!(AgendaItemFilter => agenda_item::Entity, |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<AgendaItemId>).as_ref(), agenda_item::Column::Id),
    scope.field(this.kind.as_ref(), agenda_item::Column::Kind),
    scope.related(this.meeting.as_deref(), agenda_item::Column::MeetingId),
    scope.related(this.body.as_deref(), agenda_item::Column::BodyId),
]);

sort! {
    /// What agenda items can be sorted by.
    AgendaItemOrderField, AgendaItemOrder => agenda_item {
        /// The place in its agenda.
        Position => Position,
        /// What happens under it.
        Kind => Kind,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

/// The agenda items that belong to a body.
pub fn of_body() -> Relation {
    Relation::levelled(agenda_item::Column::BodyId)
}

/// The agenda items that are about a recommendation.
pub fn of_recommendation() -> Relation {
    Relation::through::<agenda_item_recommendation::Entity>(agenda_item_recommendation::Column::RecommendationId)
}

/// A new agenda item. It comes last.
#[derive(Clone, Debug, InputObject)]
pub struct AddAgendaItemInput {
    /// The meeting.
    pub meeting_id: ID,
    /// The number that the agenda prints, such as `3` or `3 (a)`. The next position unless given.
    pub number: Option<String>,
    /// The title; the first language is the original.
    pub title: Vec<LocalizedTextInput>,
    /// What happens under the item.
    pub kind: AgendaItemKind,
    /// The body that the item belongs to.
    pub body_id: Option<ID>,
    /// Whether the Chatham House Rule holds for the item.
    #[graphql(default)]
    pub chatham_house: bool,
    /// The recommendations that the item is about, at most 100.
    #[graphql(default)]
    pub recommendation_ids: Vec<ID>,
}

/// A change of an agenda item. What is omitted stays; `null` clears.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateAgendaItemInput {
    /// The agenda item.
    pub id: ID,
    /// The version of the item that you have read.
    pub expected_version: i32,
    /// The number that the agenda prints.
    pub number: MaybeUndefined<String>,
    /// The title; replaces all languages.
    pub title: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// What happens under the item.
    pub kind: MaybeUndefined<AgendaItemKind>,
    /// The body that the item belongs to.
    pub body_id: MaybeUndefined<ID>,
    /// Whether the Chatham House Rule holds for the item.
    pub chatham_house: MaybeUndefined<bool>,
    /// The recommendations that the item is about; replaces all.
    pub recommendation_ids: MaybeUndefined<Vec<ID>>,
}

/// Names an agenda item at a version.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveAgendaItemInput {
    /// The agenda item.
    pub id: ID,
    /// The version of the item that you have read.
    pub expected_version: i32,
    /// Whether another item says the same. Otherwise the item should not have been entered.
    #[graphql(default)]
    pub duplicate: bool,
}

/// A new order of an agenda.
#[derive(Clone, Debug, InputObject)]
pub struct ReorderAgendaItemsInput {
    /// The meeting.
    pub meeting_id: ID,
    /// The version of the meeting that you have read.
    pub expected_version: i32,
    /// All items of the agenda, each once, in the new order.
    pub item_ids: Vec<ID>,
}

pub async fn add(
    app: &AppContext,
    viewer: &Viewer,
    input: AddAgendaItemInput,
) -> Result<Written<agenda_item::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let AddAgendaItemInput { meeting_id, number, title, kind, body_id, chatham_house, recommendation_ids } = input;
    let meeting_id = fields::id::<MeetingId>("meetingId", &meeting_id, "meeting");
    let mut tx = app.begin(viewer, Action::AddAgendaItem).await?;
    let meeting = match meeting_id {
        Ok(id) => Error::validated(lock_meeting(&tx, "meetingId", id).await)?,
        Err(refusals) => Err(refusals),
    };
    let body = tx.named_if_given::<body::Entity>("bodyId", body_id.as_ref().map(|id| id.as_str()), "body").await?;
    let wanted = Error::validated(named_recommendations(&tx, &recommendation_ids).await)?;
    combine!(
        meeting = meeting,
        number = fields::optional_text("number", number.as_deref(), fields::CODE),
        title = localized("title", &title, fields::NAME),
        body = body,
        wanted = wanted,
    );
    let meeting_id = meeting.id;
    next_meeting(meeting.status, MeetingTransition::Update).map_err(|refusal| refusal.at("meetingId"))?;
    let agenda = agenda_of(&tx, meeting_id).await?;
    fields::room("meetingId", agenda.len())?;
    let position = agenda.last().map_or(1, |last| last.position + 1);
    let (id, at) = (tx.new_id(), tx.now());
    let row = agenda_item::Model {
        id,
        meeting_id,
        body_id: body.map(|body| body.id),
        number: number.unwrap_or_else(|| position.to_string()),
        position,
        title,
        kind,
        chatham_house,
        audience: meeting.audience,
        owner: meeting.owner,
        created_at: at,
        updated_at: at,
        version: 1,
    };
    let row = tx.insert::<agenda_item::Entity>(row).await?;
    set_recommendations(&mut tx, &meeting, &row, &wanted).await?;
    tx.touch::<meeting::Entity>(&meeting, meeting.clone()).await?;
    tx.commit(row).await
}

pub async fn update(
    app: &AppContext,
    viewer: &Viewer,
    input: UpdateAgendaItemInput,
) -> Result<Written<agenda_item::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<AgendaItemId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::UpdateAgendaItem).await?;
    let (meeting, before) = lock_item(&tx, id, input.expected_version).await?;
    next_meeting(meeting.status, MeetingTransition::Update)?;
    let wanted = match replaced(&input.recommendation_ids) {
        Some(wanted) => Error::validated(named_recommendations(&tx, &wanted).await)?.map(Some),
        None => Ok(None),
    };
    let body = given("bodyId", input.body_id.as_opt_ref().flatten());
    let named = tx.check_named::<body::Entity>(body, "body").await?;
    combine!(after = apply_update(&before, input), () = named, wanted = wanted);
    let parts_changed = match wanted {
        Some(wanted) => set_recommendations(&mut tx, &meeting, &before, &wanted).await?,
        None => false,
    };
    if after == before && !parts_changed {
        return tx.commit(after).await;
    }
    let row = tx.touch::<agenda_item::Entity>(&before, after).await?;
    tx.touch::<meeting::Entity>(&meeting, meeting.clone()).await?;
    tx.commit(row).await
}

fn apply_update(before: &agenda_item::Model, input: UpdateAgendaItemInput) -> Validated<agenda_item::Model> {
    let UpdateAgendaItemInput {
        id: _,
        expected_version: _,
        number,
        title,
        kind,
        body_id,
        chatham_house,
        recommendation_ids: _,
    } = input;
    let before = before.clone();
    combine!(
        number =
            patch_required("number", number, before.number, |number| fields::text("number", &number, fields::CODE)),
        title = patch_required("title", title, before.title, |title| localized("title", &title, fields::NAME)),
        kind = patch_required("kind", kind, before.kind, Ok),
        body_id = patch(body_id, before.body_id, |id| fields::id("bodyId", &id, "body")),
        chatham_house = patch_required("chathamHouse", chatham_house, before.chatham_house, Ok),
    );
    Ok(agenda_item::Model {
        id: before.id,
        meeting_id: before.meeting_id,
        body_id,
        number,
        position: before.position,
        title,
        kind,
        chatham_house,
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}

/// Returns the meeting. The item leaves a tombstone in the feed.
pub async fn remove(
    app: &AppContext,
    viewer: &Viewer,
    input: RemoveAgendaItemInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<AgendaItemId>("id", &input.id, WHAT)?;
    let mut tx = app.begin(viewer, Action::RemoveAgendaItem).await?;
    let (meeting, item) = lock_item(&tx, id, input.expected_version).await?;
    next_meeting(meeting.status, MeetingTransition::Update)?;
    rules::keeps("id", meeting.status, &[id], &[])?;
    set_recommendations(&mut tx, &meeting, &item, &[]).await?;
    let reason = if input.duplicate { ChangeReason::Duplicate } else { ChangeReason::EnteredInError };
    tx.remove::<agenda_item::Entity>(&item, reason).await?;
    let row = tx.touch::<meeting::Entity>(&meeting, meeting.clone()).await?;
    tx.commit(row).await
}

/// The meeting of an agenda item, for a conflict about the item.
pub async fn meeting_of(
    app: &AppContext,
    viewer: &Viewer,
    input: &RemoveAgendaItemInput,
) -> Result<Option<meeting::Model>, Error> {
    let db = &app.databases.read;
    match read::by_text_id::<agenda_item::Entity>(db, viewer, &input.id).await? {
        Some(item) => read::get::<meeting::Entity>(db, viewer, item.meeting_id).await,
        None => Ok(None),
    }
}

/// Returns the meeting.
pub async fn reorder(
    app: &AppContext,
    viewer: &Viewer,
    input: ReorderAgendaItemsInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let meeting_id = fields::id::<MeetingId>("meetingId", &input.meeting_id, "meeting")?;
    let mut tx = app.begin(viewer, Action::ReorderAgendaItems).await?;
    let meeting = lock_meeting(&tx, "meetingId", meeting_id).await?;
    let ids = input.item_ids.iter().enumerate();
    let ids = ids.map(|(index, id)| fields::id::<AgendaItemId>(&format!("itemIds.{index}"), id, WHAT));
    let ids = fields::each_once("itemIds", ids.collect());
    if meeting.version != input.expected_version {
        return Err(Error::stale());
    }
    next_meeting(meeting.status, MeetingTransition::Update).map_err(|refusal| refusal.at("meetingId"))?;
    let (ids, agenda) = (ids?, locked_items(&tx, &[meeting_id]).await?);
    rules::names_whole_agenda(&agenda.iter().map(|item| item.id).collect::<Vec<_>>(), &ids)?;
    let places: HashMap<AgendaItemId, i32> = ids.into_iter().zip(1..).collect();
    let mut changed = false;
    for before in &agenda {
        let after = agenda_item::Model { position: places[&before.id], ..before.clone() };
        changed |= after != *before;
        tx.update::<agenda_item::Entity>(before, after).await?;
    }
    let row = if changed { tx.touch::<meeting::Entity>(&meeting, meeting.clone()).await? } else { meeting };
    tx.commit(row).await
}

/// The meeting of an agenda, locked. A concurrent change of the agenda waits, and does not conflict.
async fn lock_meeting(tx: &Tx<'_>, path: &str, id: MeetingId) -> Result<meeting::Model, Error> {
    tx.lock_row::<meeting::Entity>(id).await?;
    tx.get::<meeting::Entity>(path, id, "meeting").await
}

/// The meeting of an item, and the item at the version that its author has read. The meeting is locked first, as by whoever changes the whole
/// agenda: two of them cannot deadlock.
async fn lock_item(
    tx: &Tx<'_>,
    id: AgendaItemId,
    expected_version: i32,
) -> Result<(meeting::Model, agenda_item::Model), Error> {
    let meeting_id = tx.get::<agenda_item::Entity>("id", id, WHAT).await?.meeting_id;
    let meeting = lock_meeting(tx, "id", meeting_id).await?;
    Ok((meeting, tx.get_at::<agenda_item::Entity>(id, expected_version, WHAT).await?))
}

/// The items of locked meetings, locked too: recommendations touch the items that name them, and do not lock the meeting.
async fn locked_items(tx: &Tx<'_>, meetings: &[MeetingId]) -> Result<Vec<agenda_item::Model>, Error> {
    let items = read::children::<agenda_item::Entity>(tx.db(), tx.viewer(), meetings).await?;
    tx.lock_rows::<agenda_item::Entity>(&items.iter().map(|item| item.id).collect::<Vec<_>>()).await?;
    read::children::<agenda_item::Entity>(tx.db(), tx.viewer(), meetings).await
}

/// Copies the access of meetings to all their items.
pub(super) async fn follow_meetings(tx: &mut Tx<'_>, meetings: &[MeetingId], access: Access) -> Result<(), Error> {
    let items = locked_items(tx, meetings).await?;
    let ids: Vec<AgendaItemId> = items.iter().map(|item| item.id).collect();
    tx.inherit::<agenda_item_recommendation::Entity>(&ids, access).await?;
    let follow = |before: agenda_item::Model| {
        let after = agenda_item::Model { audience: access.0, owner: access.1, ..before.clone() };
        (before, after)
    };
    tx.touch_many::<agenda_item::Entity>(&mut items.into_iter().map(follow).collect::<Vec<_>>()).await
}

/// The recommendations that an item is to be about, locked: their access must not change meanwhile, or the item would have to be notified
/// again.
async fn named_recommendations(tx: &Tx<'_>, wanted: &[ID]) -> Result<Vec<RecommendationId>, Error> {
    let list = "recommendationIds";
    let ids = wanted.iter().enumerate();
    let ids = ids.map(|(index, id)| fields::id::<RecommendationId>(&format!("{list}.{index}"), id, "recommendation"));
    let names = given_in(list, "", wanted.iter().map(Some));
    tx.lock_rows::<recommendation::Entity>(&names.iter().map(|(_, id)| *id).collect::<Vec<_>>()).await?;
    combine!(
        ids = fields::each_once(list, ids.collect()),
        () = tx.check_named::<recommendation::Entity>(names, "recommendation").await?,
    );
    Ok(ids)
}

/// Sets the recommendations that an item is about; returns whether that changes them.
async fn set_recommendations(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    item: &agenda_item::Model,
    wanted: &[RecommendationId],
) -> Result<bool, Error> {
    let before = read::children::<agenda_item_recommendation::Entity>(tx.db(), tx.viewer(), &[item.id]).await?;
    let kept: Vec<RecommendationId> = before.iter().map(|row| row.recommendation_id).collect();
    rules::keeps("recommendationIds", meeting.status, &kept, wanted)?;
    let after = wanted.iter().zip(0..).map(|(recommendation_id, position)| agenda_item_recommendation::Model {
        id: tx.new_id(),
        agenda_item_id: item.id,
        recommendation_id: *recommendation_id,
        position,
        audience: meeting.audience,
        owner: meeting.owner,
    });
    let after = after.collect();
    Ok(!tx.replace_parts::<agenda_item_recommendation::Entity>(before, after).await?.is_empty())
}

async fn agenda_of(tx: &Tx<'_>, id: MeetingId) -> Result<Vec<agenda_item::Model>, Error> {
    read::children::<agenda_item::Entity>(tx.db(), tx.viewer(), &[id]).await
}
