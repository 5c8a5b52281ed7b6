//! Who takes part in a meeting. Under the Chatham House Rule only participants and the secretariat read it.

use std::collections::HashMap;

use async_graphql::{ID, InputObject};
use entity::date::DateTime;
use entity::id::{MeetingId, OrganizationId, ParticipationId};
use entity::participation::{Attendance, Capacity};
use entity::{meeting, organization, participation};
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait as _};

use crate::auth::{Act, Viewer};
use crate::clock::day_in;
use crate::domain::action::Action;
use crate::domain::validation::{Validated, ValidationError, combine, each};
use crate::domain::{audience, fields, meeting as rules};
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::filter::{BooleanFilter, EnumFilter, IdFilter, OrderedFilter, filter};
use crate::service::organization::OrganizationFilter;
use crate::service::page::sort;
use crate::service::patch::given_in;
use crate::service::read::{self, Visible, by_access, select};
use crate::service::relation::Relation;
use crate::service::tx::{Tx, Written};

impl Visible for participation::Entity {
    const BY_ACCESS: bool = false;

    fn visible(viewer: &Viewer) -> Condition {
        let written = by_access::<Self>(viewer);
        let Some(meetings) = attended_meetings(viewer) else { return written };
        Condition::any().add(written).add(participation::Column::MeetingId.in_subquery(meetings))
    }
}

/// The meetings in which the viewer's organisation takes part, and which it may see: under the Chatham House Rule it reads who said what there.
/// One that has only entered itself does not take part. `None` if the viewer sees for no organisation.
pub fn attended_meetings(viewer: &Viewer) -> Option<SelectStatement> {
    let organization = viewer.sees_for()?;
    let own = Query::select()
        .column(participation::Column::MeetingId)
        .from(participation::Entity)
        .and_where(participation::Column::OrganizationId.eq(organization))
        .and_where(participation::Column::Attendance.is_in(rules::TAKING_PART))
        .and_where(participation::Column::Confirmed.eq(true))
        .take();
    let mut meetings = select::<meeting::Entity>(viewer).and_where(meeting::Column::Id.in_subquery(own)).take();
    Some(meetings.clear_selects().column(meeting::Column::Id.as_column_ref()).take())
}

/// Which participations.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ParticipationFilter {
    /// By id.
    pub id: Option<IdFilter>,
    /// By capacity.
    pub capacity: Option<EnumFilter<Capacity>>,
    /// By attendance.
    pub attendance: Option<EnumFilter<Attendance>>,
    /// Whether it is confirmed.
    pub confirmed: Option<BooleanFilter>,
    /// By organisation.
    pub organization: Option<Box<OrganizationFilter>>,
    /// By the time of the last change.
    pub updated_at: Option<OrderedFilter<DateTime>>,
    /// All of these must match.
    pub and: Option<Vec<ParticipationFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<ParticipationFilter>>,
    /// This must not match.
    pub not: Option<Box<ParticipationFilter>>,
}

filter!(ParticipationFilter => participation::Entity, |this, scope| [
    scope.field(this.id.as_ref().map(IdFilter::of::<ParticipationId>).as_ref(), participation::Column::Id),
    scope.field(this.capacity.as_ref(), participation::Column::Capacity),
    scope.field(this.attendance.as_ref(), participation::Column::Attendance),
    scope.field(this.confirmed.as_ref(), participation::Column::Confirmed),
    scope.related(this.organization.as_deref(), participation::Column::OrganizationId),
    scope.field(this.updated_at.as_ref(), participation::Column::UpdatedAt),
]);

sort! {
    /// What participations can be sorted by.
    ParticipationOrderField, ParticipationOrder => participation {
        /// The capacity.
        Capacity => Capacity,
        /// The attendance.
        Attendance => Attendance,
        /// The time of the last change.
        UpdatedAt => UpdatedAt,
    }
}

/// An organisation's part in a meeting. No person is named.
#[derive(Clone, Debug, InputObject)]
pub struct RecordParticipationInput {
    /// The meeting.
    pub meeting_id: ID,
    /// The organisation. Partners record their own only.
    pub organization_id: ID,
    /// In which capacity. An organisation has one participation for each capacity.
    pub capacity: Capacity,
    /// Whether it comes or came.
    pub attendance: Attendance,
    /// How many delegates, from 1.
    pub delegates: Option<i32>,
    /// The version that you have read, if this participation is recorded already.
    pub expected_version: Option<i32>,
}

/// An organisation's part in a new meeting.
#[derive(Clone, Debug, InputObject)]
pub struct NewMeetingParticipationInput {
    /// The organisation.
    pub organization_id: ID,
    /// In which capacity. An organisation has one participation for each capacity.
    pub capacity: Capacity,
    /// Whether it comes or came. Invited unless given.
    #[graphql(default_with = "Attendance::Invited")]
    pub attendance: Attendance,
    /// How many delegates, from 1.
    pub delegates: Option<i32>,
}

/// A participation in a new meeting, parsed.
pub(super) struct Planned {
    organization: OrganizationId,
    capacity: Capacity,
    said: Said,
}

/// The participations of a new meeting, each of an organisation that exists.
pub(super) async fn plan(
    tx: &Tx<'_>,
    wanted: &[NewMeetingParticipationInput],
) -> Result<Validated<Vec<Planned>>, Error> {
    let organizations = wanted.iter().map(|one| Some(&one.organization_id));
    let organizations = given_in(LIST, ".organizationId", organizations);
    let named = tx.check_named::<organization::Entity>(organizations, "organisation").await?;
    Ok(parse(wanted, named))
}

const LIST: &str = "participations";

fn parse(wanted: &[NewMeetingParticipationInput], named: Validated<()>) -> Validated<Vec<Planned>> {
    let keys: Vec<(&str, Capacity)> = wanted.iter().map(|one| (one.organization_id.as_str(), one.capacity)).collect();
    let planned = wanted.iter().enumerate().map(|(index, one)| {
        let within = |refusals: Vec<ValidationError>| refusals.into_iter().map(|one| one.within(LIST, index)).collect();
        combine!(
            organization = fields::id("organizationId", &one.organization_id, "organisation").map_err(within),
            () = rules::delegates(one.delegates).map_err(within),
        );
        // The secretariat schedules meetings.
        let said = Said { attendance: one.attendance, delegates: one.delegates, confirmed: true };
        Ok(Planned { organization, capacity: one.capacity, said })
    });
    combine!(() = fields::distinct(LIST, &keys), () = named, planned = each(planned));
    Ok(planned)
}

/// Adds the participations of a new meeting.
pub(super) async fn add_all(tx: &mut Tx<'_>, meeting: &meeting::Model, planned: Vec<Planned>) -> Result<(), Error> {
    let row = |Planned { organization, capacity, said }| new_row(tx, meeting, organization, capacity, said);
    let rows = planned.into_iter().map(row).collect();
    tx.insert_many::<participation::Entity>(rows).await.map(drop)
}

pub async fn record(
    app: &AppContext,
    viewer: &Viewer,
    input: RecordParticipationInput,
) -> Result<Written<participation::Model>, Error> {
    let RecordParticipationInput { meeting_id, organization_id, capacity, attendance, delegates, expected_version } =
        input;
    viewer.require(Act::Write)?;
    let act = |organization, lets_in| Act::RecordParticipation { organization, lets_in };
    if let Ok(organization) = organization_id.parse::<OrganizationId>() {
        viewer.require(act(organization, false))?;
    }
    let mut tx = app.begin(viewer, Action::RecordParticipation).await?;
    if let Ok(meeting) = meeting_id.parse::<MeetingId>() {
        // The access of the row follows the meeting, which must not change meanwhile.
        tx.lock_row::<meeting::Entity>(meeting).await?;
    }
    combine!(
        meeting = tx.named::<meeting::Entity>("meetingId", &meeting_id, "meeting").await?,
        organization = tx.named::<organization::Entity>("organizationId", &organization_id, "organisation").await?,
        () = rules::delegates(delegates),
    );
    rules::takes_participations(meeting.status)?;
    let before = recorded(&tx, meeting.id, organization.id, capacity).await?;
    // Whoever has read a version of what is not there has read a record that no longer exists.
    if expected_version != before.as_ref().map(|before| before.version) {
        return Err(Error::stale());
    }
    let has_begun = rules::has_begun(meeting.status, meeting.starts_on, day_in(tx.now(), &meeting.timezone));
    let lets_in = rules::lets_itself_in(has_begun, before.as_ref().map(|before| before.attendance), attendance);
    viewer.require(act(organization.id, meeting.chatham_house && lets_in))?;
    let was_confirmed = before.as_ref().is_some_and(|before| before.confirmed);
    let confirmed = rules::is_confirmed(viewer.keeps_record(), lets_in, was_confirmed);
    let said = Said { attendance, delegates, confirmed };
    let row = if let Some(before) = before {
        tx.update::<participation::Entity>(&before, updated(&before, said)).await?
    } else {
        let row = new_row(&tx, &meeting, organization.id, capacity, said);
        tx.insert::<participation::Entity>(row).await?
    };
    tx.commit(row).await
}

/// What is recorded of an organisation's part.
struct Said {
    attendance: Attendance,
    delegates: Option<i32>,
    confirmed: bool,
}

/// The same organisation in the same capacity, as it says now.
fn updated(before: &participation::Model, Said { attendance, delegates, confirmed }: Said) -> participation::Model {
    participation::Model {
        id: before.id,
        meeting_id: before.meeting_id,
        organization_id: before.organization_id,
        capacity: before.capacity,
        attendance,
        delegates,
        confirmed,
        audience: before.audience,
        owner: before.owner,
        created_at: before.created_at,
        updated_at: before.updated_at,
        version: before.version,
    }
}

fn new_row(
    tx: &Tx<'_>,
    meeting: &meeting::Model,
    organization_id: OrganizationId,
    capacity: Capacity,
    Said { attendance, delegates, confirmed }: Said,
) -> participation::Model {
    let (audience, owner) = audience::of_participation(meeting.sensitivity, meeting.chatham_house, organization_id);
    participation::Model {
        id: tx.new_id(),
        meeting_id: meeting.id,
        organization_id,
        capacity,
        attendance,
        delegates,
        confirmed,
        audience,
        owner,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    }
}

/// The participation that a conflict was about.
pub async fn current(
    app: &AppContext,
    viewer: &Viewer,
    input: &RecordParticipationInput,
) -> Result<Option<participation::Model>, Error> {
    let (Ok(meeting), Ok(organization)) = (input.meeting_id.parse(), input.organization_id.parse()) else {
        return Ok(None);
    };
    read::find::<participation::Entity>(&app.databases.read, viewer, is(meeting, organization, input.capacity)).await
}

async fn recorded(
    tx: &Tx<'_>,
    meeting: MeetingId,
    organization: OrganizationId,
    capacity: Capacity,
) -> Result<Option<participation::Model>, Error> {
    read::find::<participation::Entity>(tx.db(), tx.viewer(), is(meeting, organization, capacity)).await
}

fn is(meeting: MeetingId, organization: OrganizationId, capacity: Capacity) -> Condition {
    Condition::all()
        .add(participation::Column::MeetingId.eq(meeting))
        .add(participation::Column::OrganizationId.eq(organization))
        .add(participation::Column::Capacity.eq(capacity))
}

/// Copies the access of meetings to all their participations.
pub(super) async fn follow_meetings(tx: &mut Tx<'_>, meetings: &[&meeting::Model]) -> Result<(), Error> {
    if meetings.is_empty() {
        return Ok(());
    }
    let meetings: HashMap<MeetingId, &meeting::Model> = meetings.iter().map(|row| (row.id, *row)).collect();
    let ids: Vec<MeetingId> = meetings.keys().copied().collect();
    let backend = tx.db().get_database_backend();
    let of_meetings = Condition::all().add(read::among(backend, participation::Column::MeetingId, &ids));
    let mut changed = Vec::new();
    for before in read::all::<participation::Entity>(tx.db(), tx.viewer(), of_meetings).await? {
        let meeting = meetings[&before.meeting_id];
        let mut after = before.clone();
        (after.audience, after.owner) =
            audience::of_participation(meeting.sensitivity, meeting.chatham_house, before.organization_id);
        if after != before {
            changed.push((before, after));
        }
    }
    tx.touch_many::<participation::Entity>(&mut changed).await
}

/// Who takes part in a meeting.
pub fn of_meeting() -> Relation {
    Relation::direct(participation::Column::MeetingId)
}

/// The meetings that an organisation takes part in.
pub fn of_organization() -> Relation {
    Relation::direct(participation::Column::OrganizationId)
}
