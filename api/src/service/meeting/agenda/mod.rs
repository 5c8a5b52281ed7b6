//! The agenda of a meeting. It is a part of the meeting: every change of it also changes the meeting.

pub(super) mod row;

use std::collections::HashMap;

use async_graphql::{ID, InputObject};
use entity::agenda_item::AgendaItemKind;
use entity::change::ChangeReason;
use entity::date::DateTime;
use entity::id::{AgendaItemId, MeetingId, RecommendationId};
use entity::{agenda_item, agenda_item_recommendation, body, meeting, recommendation};

pub use self::row::{AddAgendaItemInput, AgendaItemInput, UpdateAgendaItemInput};
use self::row::{Item, Names, apply_update, build_row, parse, recommendation_ids, recommendation_rows};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::audience::{Access, of_difference};
use crate::domain::document::leaves_no_documents;
use crate::domain::lifecycle::{MeetingTransition, next_meeting};
use crate::domain::validation::{Validated, all, combine};
use crate::domain::{fields, meeting as rules};
use crate::error::Error;
use crate::service::body::BodyFilter;
use crate::service::context::AppContext;
use crate::service::document_access;
use crate::service::filter::{EnumFilter, IdFilter, OrderedFilter, filter};
use crate::service::meeting::MeetingFilter;
use crate::service::page::sort;
use crate::service::patch::{are_same, given, given_in, replaced};
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
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
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
    scope.field(this.updated_at.as_ref(), agenda_item::Column::UpdatedAt),
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
    let AddAgendaItemInput { meeting_id, item } = input;
    let meeting_id = fields::id::<MeetingId>("meetingId", &meeting_id, "meeting");
    let mut tx = app.begin(viewer, Action::AddAgendaItem).await?;
    let (item, names) = parse("", &item);
    lock_named(&tx, &names).await?;
    let meeting = match meeting_id {
        Ok(id) => Error::validated(lock_meeting(&tx, "meetingId", id).await)?,
        Err(refusals) => Err(refusals),
    };
    combine!(meeting = meeting, () = check_named(&tx, names).await?, item = item);
    next_meeting(meeting.status, MeetingTransition::Update).map_err(|refusal| refusal.at("meetingId"))?;
    let agenda = agenda_of(&tx, meeting.id).await?;
    fields::room("meetingId", agenda.len())?;
    let position = agenda.last().map_or(1, |last| last.position + 1);
    let (row, wanted) = build_row(&tx, &meeting, position, item);
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
    let wanted = replaced(&input.recommendation_ids);
    let locked = match &wanted {
        Some(wanted) => Some(lock_linked(&tx, id, wanted).await?),
        None => None,
    };
    let (meeting, before) = lock_item(&tx, id, input.expected_version).await?;
    next_meeting(meeting.status, MeetingTransition::Update)?;
    let linked = links_of(&tx, id).await?;
    if locked.is_some_and(|locked| locked != linked) {
        return Err(Error::write_conflict());
    }
    if let Some(expected) = &input.expected_recommendation_ids
        && !are_same(linked.into_iter().map(Some).collect(), expected.iter().map(|id| id.parse().ok()).collect())
    {
        return Err(Error::Conflict { path: vec!["expectedRecommendationIds".to_owned()] });
    }
    let names = Names {
        bodies: given("bodyId", input.body_id.as_opt_ref().flatten()),
        recommendations: given_in("recommendationIds", "", wanted.iter().flatten().map(Some)),
    };
    combine!(
        () = check_named(&tx, names).await?,
        wanted = wanted.map(|wanted| recommendation_ids("", &wanted)).transpose(),
        after = apply_update(&before, input),
    );
    let seen_by = match wanted {
        Some(wanted) => set_recommendations(&mut tx, &meeting, &before, &wanted).await?,
        None => Vec::new(),
    };
    if after == before && !seen_by.contains(&(before.audience, before.owner)) {
        tx.notify_of_parts::<agenda_item::Entity>(&before, &seen_by);
        return tx.commit(after).await;
    }
    let row = tx.touch::<agenda_item::Entity>(&before, after).await?;
    tx.touch::<meeting::Entity>(&meeting, meeting.clone()).await?;
    tx.commit(row).await
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
    all([
        rules::keeps("id", meeting.status, &[id], &[]),
        leaves_no_documents(document_access::number_of_item(&tx, id).await?),
    ])?;
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

/// Adds the agenda of a new meeting.
pub(super) async fn add_all(tx: &mut Tx<'_>, meeting: &meeting::Model, items: Vec<Item>) -> Result<(), Error> {
    let (mut rows, mut about) = (Vec::new(), Vec::new());
    for (item, position) in items.into_iter().zip(1..) {
        let (row, wanted) = build_row(tx, meeting, position, item);
        about.extend(recommendation_rows(tx, meeting, row.id, &wanted));
        rows.push(row);
    }
    tx.insert_many::<agenda_item::Entity>(rows).await?;
    tx.replace_parts::<agenda_item_recommendation::Entity>(Vec::new(), about).await?;
    Ok(())
}

/// Locks the recommendations that items name, before the meeting: their access must not change meanwhile, or the items would have to be notified
/// again.
pub(super) async fn lock_named(tx: &Tx<'_>, names: &Names) -> Result<(), Error> {
    tx.lock_rows::<recommendation::Entity>(&names.recommendations.iter().map(|(_, id)| *id).collect::<Vec<_>>()).await
}

/// Checks that all that items name exists.
pub(super) async fn check_named(tx: &Tx<'_>, names: Names) -> Result<Validated<()>, Error> {
    let Names { bodies, recommendations } = names;
    Ok(all([
        tx.check_named::<body::Entity>(bodies, "body").await?,
        tx.check_named::<recommendation::Entity>(recommendations, "recommendation").await?,
    ]))
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
    let ids = fields::ids::<AgendaItemId>("itemIds", None, input.item_ids.iter().map(|id| id.as_str()), WHAT);
    if meeting.version != input.expected_version {
        return Err(Error::stale());
    }
    next_meeting(meeting.status, MeetingTransition::Update).map_err(|refusal| refusal.at("meetingId"))?;
    let agenda = locked_items(&tx, &[meeting_id]).await?;
    let items: Vec<AgendaItemId> = agenda.iter().map(|item| item.id).collect();
    let named = given_in("itemIds", "", input.item_ids.iter().map(Some));
    combine!(ids = ids, () = rules::names_whole_agenda(&items, &named));
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

/// Locks the recommendations that an item is about, and those that it shall be about: their access says who is told of the change. Returns the
/// former, which may be others by the time when the meeting is locked.
async fn lock_linked(tx: &Tx<'_>, item: AgendaItemId, wanted: &[ID]) -> Result<Vec<RecommendationId>, Error> {
    let linked = links_of(tx, item).await?;
    let wanted = wanted.iter().filter_map(|id| id.parse::<RecommendationId>().ok());
    tx.lock_rows::<recommendation::Entity>(&linked.iter().copied().chain(wanted).collect::<Vec<_>>()).await?;
    Ok(linked)
}

async fn links_of(tx: &Tx<'_>, item: AgendaItemId) -> Result<Vec<RecommendationId>, Error> {
    let links = read::children::<agenda_item_recommendation::Entity>(tx.db(), tx.viewer(), &[item]).await?;
    Ok(links.iter().map(|link| link.recommendation_id).collect())
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

/// Sets the recommendations that an item is about; returns who sees that they differ.
async fn set_recommendations(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    item: &agenda_item::Model,
    wanted: &[RecommendationId],
) -> Result<Vec<Access>, Error> {
    let before = read::children::<agenda_item_recommendation::Entity>(tx.db(), tx.viewer(), &[item.id]).await?;
    let kept: Vec<RecommendationId> = before.iter().map(|row| row.recommendation_id).collect();
    rules::keeps("recommendationIds", meeting.status, &kept, wanted)?;
    let named = read::by_ids::<recommendation::Entity>(tx.db(), tx.viewer(), &[&kept, wanted].concat()).await?;
    let access: HashMap<RecommendationId, Access> =
        named.into_iter().map(|row| (row.id, (row.audience, row.owner))).collect();
    let with_access = |ids: &[RecommendationId]| -> Vec<(RecommendationId, Access)> {
        ids.iter().filter_map(|id| Some((*id, *access.get(id)?))).collect()
    };
    let seen_by = of_difference((item.audience, item.owner), &with_access(&kept), &with_access(wanted));
    let after = recommendation_rows(tx, meeting, item.id, wanted);
    tx.replace_parts::<agenda_item_recommendation::Entity>(before, after).await?;
    Ok(seen_by)
}

async fn agenda_of(tx: &Tx<'_>, id: MeetingId) -> Result<Vec<agenda_item::Model>, Error> {
    read::children::<agenda_item::Entity>(tx.db(), tx.viewer(), &[id]).await
}
