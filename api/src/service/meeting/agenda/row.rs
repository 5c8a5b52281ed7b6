//! What is written of agenda items: the inputs, and the rows that they build and change. A new field of an item is added here. Holds no use
//! case.

use async_graphql::{ID, InputObject, MaybeUndefined};
use entity::agenda_item::AgendaItemKind;
use entity::id::{AgendaItemId, BodyId, RecommendationId};
use entity::text::LocalizedText;
use entity::{agenda_item, agenda_item_recommendation, meeting};

use crate::domain::fields;
use crate::domain::validation::{Validated, combine, each};
use crate::service::patch::{LocalizedTextInput, given, given_in, localized, patch, patch_required, patch_text};
use crate::service::tx::Tx;

/// A new agenda item.
#[derive(Clone, Debug, InputObject)]
pub struct AgendaItemInput {
    /// The number that the agenda prints, such as `3` or `3 (a)`. The next position unless given.
    pub number: Option<String>,
    /// The title.
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

/// A new agenda item. It comes last.
#[derive(Clone, Debug, InputObject)]
pub struct AddAgendaItemInput {
    /// The meeting.
    pub meeting_id: ID,
    #[graphql(flatten)]
    pub item: AgendaItemInput,
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
    /// The recommendations that the item is about; replaces all. If not everyone who sees the item sees the difference, it keeps its version:
    /// nobody learns of drafts in this way.
    pub recommendation_ids: MaybeUndefined<Vec<ID>>,
    /// The recommendations that you have read, in any order. If the item is about others by now, it is refused with `CONFLICT`.
    pub expected_recommendation_ids: Option<Vec<ID>>,
}

/// A new item, parsed.
pub struct Item {
    number: Option<String>,
    title: LocalizedText,
    kind: AgendaItemKind,
    body_id: Option<BodyId>,
    chatham_house: bool,
    recommendation_ids: Vec<RecommendationId>,
}

/// The records that items name, each with its place, also in items that are not well formed.
#[derive(Default)]
pub struct Names {
    pub bodies: Vec<(String, BodyId)>,
    pub recommendations: Vec<(String, RecommendationId)>,
}

/// An item whose fields stand under a path, which is empty or ends with a dot.
pub fn parse(path: &str, input: &AgendaItemInput) -> (Validated<Item>, Names) {
    let AgendaItemInput { body_id, recommendation_ids, .. } = input;
    let names = Names {
        bodies: given(&format!("{path}bodyId"), body_id.as_ref()),
        recommendations: given_in(&format!("{path}recommendationIds"), "", recommendation_ids.iter().map(Some)),
    };
    (parse_item(path, input), names)
}

fn parse_item(path: &str, input: &AgendaItemInput) -> Validated<Item> {
    let AgendaItemInput { number, title, kind, body_id, chatham_house, recommendation_ids: about } = input;
    combine!(
        number = fields::optional_text(&format!("{path}number"), number.as_deref(), fields::CODE),
        title = localized(&format!("{path}title"), title, fields::NAME),
        body_id = body_id.as_ref().map(|id| fields::id(&format!("{path}bodyId"), id, "body")).transpose(),
        recommendation_ids = recommendation_ids(path, about),
    );
    Ok(Item { number, title, kind: *kind, body_id, chatham_house: *chatham_house, recommendation_ids })
}

/// The agenda of a new meeting, and what it names.
pub fn parse_agenda(agenda: &[AgendaItemInput]) -> (Validated<Vec<Item>>, Names) {
    let mut names = Names::default();
    let items = agenda.iter().enumerate().map(|(index, input)| {
        let (item, of_item) = parse(&format!("agenda.{index}."), input);
        names.bodies.extend(of_item.bodies);
        names.recommendations.extend(of_item.recommendations);
        item
    });
    let items: Vec<Validated<Item>> = items.collect();
    (listed(agenda, items), names)
}

fn listed(agenda: &[AgendaItemInput], items: Vec<Validated<Item>>) -> Validated<Vec<Item>> {
    combine!(() = fields::short("agenda", agenda), items = each(items));
    Ok(items)
}

/// The recommendations that an item is about.
pub fn recommendation_ids(path: &str, wanted: &[ID]) -> Validated<Vec<RecommendationId>> {
    let ids = wanted.iter().map(|id| id.as_str());
    fields::ids(&format!("{path}recommendationIds"), None, ids, "recommendation")
}

/// The row of a new item, and the recommendations that it is about.
pub fn build_row(
    tx: &Tx<'_>,
    meeting: &meeting::Model,
    position: i32,
    item: Item,
) -> (agenda_item::Model, Vec<RecommendationId>) {
    let Item { number, title, kind, body_id, chatham_house, recommendation_ids } = item;
    let (id, at) = (tx.new_id(), tx.now());
    let row = agenda_item::Model {
        id,
        meeting_id: meeting.id,
        body_id,
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
    (row, recommendation_ids)
}

pub fn recommendation_rows(
    tx: &Tx<'_>,
    meeting: &meeting::Model,
    item: AgendaItemId,
    wanted: &[RecommendationId],
) -> Vec<agenda_item_recommendation::Model> {
    let rows = wanted.iter().zip(0..).map(|(recommendation_id, position)| agenda_item_recommendation::Model {
        id: tx.new_id(),
        agenda_item_id: item,
        recommendation_id: *recommendation_id,
        position,
        audience: meeting.audience,
        owner: meeting.owner,
    });
    rows.collect()
}

pub fn apply_update(before: &agenda_item::Model, input: UpdateAgendaItemInput) -> Validated<agenda_item::Model> {
    let UpdateAgendaItemInput {
        id: _,
        expected_version: _,
        expected_recommendation_ids: _,
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
        title = patch_text("title", title, before.title, fields::NAME),
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
