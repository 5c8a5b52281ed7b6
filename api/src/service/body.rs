//! Bodies: the plenary, the Executive Committee and the working groups. The rules stand in `domain/council.rs`.

use async_graphql::{ID, InputObject, MaybeUndefined, OneofObject};
use entity::body::{BodyKind, ParticipantCategory, Quorum, QuorumPart};
use entity::date::{Date, DateTime};
use entity::id::BodyId;
use entity::text::LocalizedText;
use entity::{body, mandate};
use sea_orm::ConnectionTrait;

use super::external_id::{self, ExternalIdInput};
use super::filter::{BooleanFilter, EnumFilter, IdFilter, OrderedFilter, StringFilter, TextFilter, filter};
use super::grant::{self, Asked, NewBodyMandateInput};
use super::page::sort;
use super::patch::{LocalizedTextInput, given, localized, patch, patch_optional_text, patch_required, patch_text};
use super::read::{self, Visible};
use super::relation::Relation;
use super::tx::{Tx, Written};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::validation::{Validated, all, combine};
use crate::domain::{attendance, audience, council, fields};
use crate::error::Error;
use crate::service::context::AppContext;

impl Visible for body::Entity {
    const CACHED: bool = true;
}

/// Names one body.
#[derive(Clone, Debug, OneofObject)]
pub enum BodyBy {
    /// Its id. Error, for what is no id of this type: `INVALID_ARGUMENT`.
    Id(ID),
    /// Its code, such as `EC` or `WG-A`, in upper or lower case.
    Code(String),
    /// What a system of yours calls it.
    ExternalId(ExternalIdInput),
}

/// Which bodies.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BodyFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By code.
    pub code: Option<StringFilter>,
    /// By kind.
    pub kind: Option<EnumFilter<BodyKind>>,
    /// By name, in any language.
    pub name: Option<TextFilter>,
    /// By the date of establishment.
    pub established_on: Option<OrderedFilter<Date>>,
    /// Whether it is active.
    pub active: Option<BooleanFilter>,
    /// By the body that it reports to.
    pub reports_to: Option<Box<BodyFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<BodyFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<BodyFilter>>,
    /// This must not match.
    pub not: Option<Box<BodyFilter>>,
}

filter!(BodyFilter => body::Entity, unique [id, code], |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<BodyId>).as_ref(), body::Column::Id),
    scope.field(this.code.as_ref().map(StringFilter::with_codes).as_ref(), body::Column::Code),
    scope.field(this.kind.as_ref(), body::Column::Kind),
    scope.field(this.name.as_ref(), body::Column::NameFolded),
    scope.field(this.established_on.as_ref(), body::Column::EstablishedOn),
    scope.field(this.active.as_ref(), body::Column::Active),
    scope.related(this.reports_to.as_deref(), body::Column::ReportsToId),
    scope.field(this.updated_at.as_ref(), body::Column::UpdatedAt),
]);

impl BodyFilter {
    /// Narrows a filter to the working groups.
    pub fn working_groups(filter: Option<Box<Self>>) -> Box<Self> {
        let kind = Some(EnumFilter::equal(BodyKind::WorkingGroup));
        Box::new(Self { kind, and: filter.map(|filter| vec![*filter]), ..Self::default() })
    }
}

sort! {
    /// What bodies can be sorted by.
    BodyOrderField, BodyOrder => body {
        /// The code.
        Code => Code,
        /// The date of establishment.
        EstablishedOn => EstablishedOn,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

pub async fn find(db: &impl ConnectionTrait, viewer: &Viewer, by: &BodyBy) -> Result<Option<body::Model>, Error> {
    match by {
        BodyBy::Id(id) => read::by_text_id::<body::Entity>(db, viewer, id).await,
        BodyBy::Code(code) => read::by_code::<body::Entity>(db, viewer, body::Column::Code, code).await,
        BodyBy::ExternalId(by) => external_id::find::<body::Entity>(db, viewer, by).await,
    }
}

/// A body that is a working group.
pub async fn find_working_group(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    by: &BodyBy,
) -> Result<Option<body::Model>, Error> {
    Ok(find(db, viewer, by).await?.filter(|body| body.kind == BodyKind::WorkingGroup))
}

/// How many delegations of a category are to be present at a session of a body.
#[derive(Clone, Debug, InputObject)]
pub struct QuorumPartInput {
    /// The category. A quorum names each once at most.
    pub category: ParticipantCategory,
    /// How many delegations, 1 to 1000.
    pub delegations: i32,
}

/// A new body.
#[derive(Clone, Debug, InputObject)]
pub struct CreateBodyInput {
    /// Upper-case Latin letters, digits and hyphens, such as `WG-E`. Unique.
    pub code: String,
    /// What kind of body it is.
    pub kind: BodyKind,
    /// The name.
    pub name: Vec<LocalizedTextInput>,
    /// What the body is for.
    pub mandate_text: Option<Vec<LocalizedTextInput>>,
    /// The date of establishment.
    pub established_on: Option<Date>,
    /// The body that it reports to.
    pub reports_to_id: Option<ID>,
    /// How many delegations of each category are to be present at a session. None unless given. It is shown, and nothing is refused by it.
    #[graphql(default)]
    pub quorum: Vec<QuorumPartInput>,
    /// Who holds a mandate in it from the beginning, at most 100.
    #[graphql(default)]
    pub mandates: Vec<NewBodyMandateInput>,
}

/// A change of a body. What is omitted stays; `null` clears. The code stays: labels are made of it.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateBodyInput {
    /// The body.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// The name; replaces all languages.
    pub name: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// What the body is for; replaces all languages.
    pub mandate_text: MaybeUndefined<Vec<LocalizedTextInput>>,
    /// The date of establishment.
    pub established_on: MaybeUndefined<Date>,
    /// Whether it is active. One plenary and one Executive Committee are active.
    pub active: MaybeUndefined<bool>,
    /// The body that it reports to.
    pub reports_to_id: MaybeUndefined<ID>,
    /// How many delegations of each category are to be present at a session; replaces all of them. Cleared, the body has no quorum.
    pub quorum: MaybeUndefined<Vec<QuorumPartInput>>,
}

pub async fn create(
    app: &AppContext,
    viewer: &Viewer,
    mut input: CreateBodyInput,
) -> Result<Written<body::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let mut tx = app.begin(viewer, Action::CreateBody).await?;
    let (id, wanted) = (tx.new_id(), std::mem::take(&mut input.mandates));
    let asked: Vec<Asked<'_>> = wanted.iter().map(|one| Asked::in_new_body(id, one)).collect();
    let mandates = grant::of_new_record(&tx, &asked).await?;
    let superior = tx.check_named::<body::Entity>(given("reportsToId", input.reports_to_id.as_ref()), "body").await?;
    combine!(row = build_row(&tx, id, input), () = superior, mandates = mandates);
    let row = tx.insert::<body::Entity>(row).await?;
    tx.insert_many::<mandate::Entity>(mandates).await?;
    tx.commit(row).await
}

/// An active body of which nothing else is known. For seeds.
pub fn new_row(tx: &Tx<'_>, code: String, kind: BodyKind, name: LocalizedText) -> body::Model {
    let (audience, owner) = audience::OPEN;
    body::Model {
        id: tx.new_id(),
        code,
        kind,
        name_folded: name.folded(),
        name,
        mandate_text: None,
        established_on: None,
        active: true,
        reports_to_id: None,
        quorum: Quorum::default(),
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

fn quorum(given: &[QuorumPartInput]) -> Validated<Quorum> {
    let parts = given.iter().map(|part| QuorumPart { category: part.category, delegations: part.delegations });
    attendance::quorum("quorum", parts.collect())
}

fn build_row(tx: &Tx<'_>, id: BodyId, input: CreateBodyInput) -> Validated<body::Model> {
    let CreateBodyInput { code, kind, name, mandate_text, established_on, reports_to_id, quorum: parts, mandates: _ } =
        input;
    combine!(
        code = fields::code("code", &code),
        name = localized("name", &name, fields::NAME),
        mandate_text = mandate_text.map(|text| localized("mandateText", &text, fields::BODY_TEXT)).transpose(),
        established_on = fields::optional_day("establishedOn", established_on),
        reports_to_id = reports_to_id.map(|id| fields::id("reportsToId", &id, "body")).transpose(),
        quorum = quorum(&parts),
    );
    let ((audience, owner), at) = (audience::OPEN, tx.now());
    Ok(body::Model {
        id,
        code,
        kind,
        name_folded: name.folded(),
        name,
        mandate_text,
        established_on,
        active: true,
        reports_to_id,
        quorum,
        audience,
        owner,
        created_at: at,
        updated_at: at,
        version: 1,
    })
}

pub async fn update(app: &AppContext, viewer: &Viewer, input: UpdateBodyInput) -> Result<Written<body::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let id = fields::id::<BodyId>("id", &input.id, "body")?;
    let mut tx = app.begin(viewer, Action::UpdateBody).await?;
    let before = tx.get_at::<body::Entity>(id, input.expected_version, "body").await?;
    let superior: Option<&ID> = input.reports_to_id.as_opt_ref().flatten();
    let above: Option<BodyId> = superior.and_then(|id| id.parse().ok());
    let superior = tx.check_named::<body::Entity>(given("reportsToId", superior), "body").await?;
    combine!(
        () = council::no_cycle("reportsToId", id, above.as_slice()),
        after = apply_update(&before, input),
        () = superior,
    );
    let above = if after.reports_to_id == before.reports_to_id { None } else { after.reports_to_id };
    all([
        council::no_cycle("reportsToId", id, &ancestors(&tx, above).await?),
        council::stays_represented("active", before.kind, before.active, after.active),
    ])?;
    let row = tx.update::<body::Entity>(&before, after).await?;
    tx.commit(row).await
}

fn apply_update(before: &body::Model, input: UpdateBodyInput) -> Validated<body::Model> {
    let UpdateBodyInput {
        id: _,
        expected_version: _,
        name,
        mandate_text,
        established_on,
        active,
        reports_to_id,
        quorum: parts,
    } = input;
    let before = before.clone();
    combine!(
        name = patch_text("name", name, before.name, fields::NAME),
        mandate_text = patch_optional_text("mandateText", mandate_text, before.mandate_text, fields::BODY_TEXT),
        established_on = patch(established_on, before.established_on, |day| fields::day("establishedOn", day)),
        active = patch_required("active", active, before.active, Ok),
        reports_to_id = patch(reports_to_id, before.reports_to_id, |id| fields::id("reportsToId", &id, "body")),
        quorum = patch(parts, Some(before.quorum), |parts: Vec<QuorumPartInput>| quorum(&parts)),
    );
    Ok(body::Model {
        id: before.id,
        code: before.code,
        kind: before.kind,
        name_folded: name.folded(),
        name,
        mandate_text,
        established_on,
        active,
        reports_to_id,
        quorum: quorum.unwrap_or_default(),
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    })
}

/// The wanted parent and all bodies above it.
async fn ancestors(tx: &Tx<'_>, parent: Option<BodyId>) -> Result<Vec<BodyId>, Error> {
    tx.ancestors::<body::Entity>("reportsToId", parent, |row| row.reports_to_id, "body").await
}

/// The bodies that report to another one.
pub fn of_superior() -> Relation {
    Relation::direct(body::Column::ReportsToId)
}
