//! What belongs to a meeting and changes with it: organisers, body sessions, alternative titles, sources.

use std::collections::HashMap;

use async_graphql::{ID, InputObject};
use entity::id::{BodyId, MeetingId, OrganizationId, SourceId};
use entity::meeting_organizer::OrganizerRole;
use entity::{alternative_title, body, body_session, meeting, meeting_organizer, meeting_source, organization, source};
use sea_orm::{ColumnTrait, Condition};

use crate::app::App;
use crate::auth::{Act, Viewer};
use crate::domain::lifecycle::{MeetingMove, next_meeting};
use crate::domain::refusal::{All as _, each};
use crate::domain::{input, meeting as rules};
use crate::error::Error;
use crate::service::filter::{OrderedFilter, filter, sort};
use crate::service::input::{LocalizedTextInput, localized, placed};
use crate::service::meeting::{MeetingFilter, reached_at};
use crate::service::read::{self, Link, Visible};
use crate::service::tx::{Tx, Written};

impl Visible for alternative_title::Entity {}
impl Visible for body_session::Entity {}
impl Visible for meeting_organizer::Entity {}
impl Visible for meeting_source::Entity {}

/// Which sessions.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BodySessionFilter {
    /// By ordinal.
    pub ordinal: Option<OrderedFilter<i32>>,
    /// By the meeting, as far as you may see it.
    pub meeting: Option<Box<MeetingFilter>>,
    /// All of these must match.
    pub and: Option<Vec<BodySessionFilter>>,
    /// At least one of these must match.
    pub or: Option<Vec<BodySessionFilter>>,
    /// This must not match.
    pub not: Option<Box<BodySessionFilter>>,
}

filter!(BodySessionFilter => body_session::Entity, |this, scope| [
    scope.field(this.ordinal.as_ref(), body_session::Column::Ordinal),
    scope.related(this.meeting.as_deref(), body_session::Column::MeetingId),
]);

sort! {
    /// What sessions can be sorted by.
    BodySessionOrderField, BodySessionOrder => body_session {
        /// The ordinal.
        Ordinal => Ordinal,
    }
}

/// The sessions of a body.
pub fn of_body() -> Link {
    Link::direct(body_session::Column::BodyId)
}

/// An organisation that organises a meeting.
#[derive(Clone, Debug, InputObject)]
pub struct MeetingOrganizerInput {
    /// The organisation.
    pub organization_id: ID,
    /// What it does for the meeting.
    pub role: OrganizerRole,
}

/// A session of a body.
#[derive(Clone, Debug, InputObject)]
pub struct BodySessionInput {
    /// The body.
    pub body_id: ID,
    /// The number of the session, counted by the body from 1. The next one unless given.
    pub ordinal: Option<i32>,
}

/// A title under which a source names a meeting.
#[derive(Clone, Debug, InputObject)]
pub struct AlternativeTitleInput {
    /// The title; the first language is the original.
    pub title: Vec<LocalizedTextInput>,
    /// The source.
    pub source_id: ID,
}

/// The organisers of a meeting, all of them.
#[derive(Clone, Debug, InputObject)]
pub struct SetMeetingOrganizersInput {
    /// The meeting.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// All organisers in order, at most 100. They replace those before.
    pub organizers: Vec<MeetingOrganizerInput>,
}

/// The body sessions of a meeting, all of them.
#[derive(Clone, Debug, InputObject)]
pub struct SetBodySessionsInput {
    /// The meeting.
    pub id: ID,
    /// The version that you have read.
    pub expected_version: i32,
    /// All sessions, at most 100. They replace those before.
    pub sessions: Vec<BodySessionInput>,
}

pub async fn set_meeting_organizers(
    app: &App,
    viewer: &Viewer,
    input: SetMeetingOrganizersInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRecord)?;
    let id = input::id::<MeetingId>("id", &input.id, "meeting")?;
    let mut tx = app.begin(viewer, "setMeetingOrganizers").await?;
    let before = tx.get_at::<meeting::Entity>(id, input.expected_version, "meeting").await?;
    next_meeting(before.status, MeetingMove::Update)?;
    rules::organizers(before.status, input.organizers.len())?;
    let changed = set_organizers(&mut tx, &before, &input.organizers).await?;
    finish(tx, before, changed).await
}

pub async fn set_body_sessions(
    app: &App,
    viewer: &Viewer,
    input: SetBodySessionsInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRecord)?;
    let id = input::id::<MeetingId>("id", &input.id, "meeting")?;
    let mut tx = app.begin(viewer, "setBodySessions").await?;
    let before = tx.get_at::<meeting::Entity>(id, input.expected_version, "meeting").await?;
    next_meeting(before.status, MeetingMove::SetSessions)?;
    rules::sessions(before.kind, input.sessions.len())?;
    let changed = set_sessions(&mut tx, &before, &input.sessions).await?;
    check_reached(&tx, id).await?;
    finish(tx, before, changed).await
}

/// The sessions that a meeting has now must bear what was reached at it.
async fn check_reached(tx: &Tx<'_>, id: MeetingId) -> Result<(), Error> {
    let bodies: Vec<BodyId> = sessions_of(tx, id).await?.iter().map(|session| session.body_id).collect();
    let bodies = read::by_ids::<body::Entity>(tx.db(), tx.viewer(), &bodies).await?;
    let texts = reached_at(tx, id).await?;
    Ok(rules::keeps_reached("sessions", texts.iter().all(|text| rules::rests_on_sessions(text, id, &bodies)))?)
}

async fn finish(mut tx: Tx<'_>, before: meeting::Model, changed: bool) -> Result<Written<meeting::Model>, Error> {
    let row = if changed { tx.touch::<meeting::Entity>(&before, before.clone()).await? } else { before };
    tx.commit(row).await
}

pub(super) async fn organizers_of(tx: &Tx<'_>, id: MeetingId) -> Result<Vec<meeting_organizer::Model>, Error> {
    read::children::<meeting_organizer::Entity>(tx.db(), tx.viewer(), &[id]).await
}

pub(in crate::service) async fn sessions_of(tx: &Tx<'_>, id: MeetingId) -> Result<Vec<body_session::Model>, Error> {
    read::children::<body_session::Entity>(tx.db(), tx.viewer(), &[id]).await
}

fn position(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// Makes these the organisers of a meeting; returns whether that changes them.
pub(super) async fn set_organizers(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    wanted: &[MeetingOrganizerInput],
) -> Result<bool, Error> {
    let ids = each(wanted.iter().enumerate().map(|(index, organizer)| {
        input::id::<OrganizationId>(
            &format!("organizers.{index}.organizationId"),
            &organizer.organization_id,
            "organisation",
        )
    }))?;
    let ids = input::distinct("organizers", ids)?;
    tx.check_named::<organization::Entity>(placed("organizers", ".organizationId", &ids), "organisation").await?;
    let before = organizers_of(tx, meeting.id).await?;
    let kept: Vec<OrganizationId> = before.iter().map(|row| row.organization_id).collect();
    rules::keeps("organizers", meeting.status, &kept, &ids)?;
    let after =
        ids.iter().zip(wanted).enumerate().map(|(index, (organization_id, organizer))| meeting_organizer::Model {
            id: tx.mint(),
            meeting_id: meeting.id,
            organization_id: *organization_id,
            role: organizer.role,
            position: position(index),
            audience: meeting.audience,
            owner: meeting.owner,
        });
    let after = after.collect();
    Ok(!tx.replace_parts::<meeting_organizer::Entity>(before, after).await?.is_empty())
}

/// Makes these the body sessions of a meeting; returns whether that changes them.
pub(super) async fn set_sessions(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    wanted: &[BodySessionInput],
) -> Result<bool, Error> {
    let ids = each(wanted.iter().enumerate().map(|(index, session)| {
        let path = format!("sessions.{index}");
        let (id, ()) = (
            input::id::<BodyId>(&format!("{path}.bodyId"), &session.body_id, "body"),
            session.ordinal.map_or(Ok(()), |ordinal| rules::ordinal(&format!("{path}.ordinal"), ordinal)),
        )
            .all()?;
        Ok(id)
    }))?;
    let ids = input::distinct("sessions", ids)?;
    tx.check_named::<body::Entity>(placed("sessions", ".bodyId", &ids), "body").await?;
    let before = sessions_of(tx, meeting.id).await?;
    let kept: Vec<BodyId> = before.iter().map(|row| row.body_id).collect();
    rules::keeps("sessions", meeting.status, &kept, &ids)?;
    let mut numbered: HashMap<BodyId, i32> = before.iter().map(|row| (row.body_id, row.ordinal)).collect();
    numbered.extend(ids.iter().zip(wanted).filter_map(|(body, session)| Some((*body, session.ordinal?))));
    // Bodies are held in one order everywhere, so that two meetings at once do not wait for each other.
    let mut unnumbered: Vec<BodyId> = ids.iter().filter(|body| !numbered.contains_key(body)).copied().collect();
    unnumbered.sort_unstable();
    for body in unnumbered {
        numbered.insert(body, next_ordinal(tx, body).await?);
    }
    let mut after = Vec::new();
    for (index, body_id) in ids.iter().enumerate() {
        let ordinal = numbered[body_id];
        if !meeting.is_demo {
            rules::ordinal(&format!("sessions.{index}.ordinal"), ordinal)?;
        }
        let (id, (audience, owner)) = (tx.mint(), (meeting.audience, meeting.owner));
        after.push(body_session::Model { id, meeting_id: meeting.id, body_id: *body_id, ordinal, audience, owner });
    }
    let pairs = |rows: &[body_session::Model]| rows.iter().map(|row| (row.body_id, row.ordinal)).collect::<Vec<_>>();
    rules::gives_back("sessions", meeting.status, &pairs(&before), &pairs(&after))?;
    after.sort_by_key(|session| (session.ordinal, session.id));
    Ok(!tx.replace_parts::<body_session::Entity>(before, after).await?.is_empty())
}

async fn next_ordinal(tx: &Tx<'_>, body: BodyId) -> Result<i32, Error> {
    tx.hold::<body::Entity>(body).await?;
    let of_body = Condition::all()
        .add(body_session::Column::BodyId.eq(body))
        .add(body_session::Column::Ordinal.lte(rules::LAST_ORDINAL));
    let highest = tx.highest::<body_session::Entity>(body_session::Column::Ordinal, of_body).await?;
    Ok(highest.unwrap_or(0) + 1)
}

pub(super) async fn set_alternative_titles(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    wanted: &[AlternativeTitleInput],
) -> Result<bool, Error> {
    input::short("alternativeTitles", wanted)?;
    let parsed = each(wanted.iter().enumerate().map(|(index, alternative)| {
        let path = format!("alternativeTitles.{index}");
        (
            input::id::<SourceId>(&format!("{path}.sourceId"), &alternative.source_id, "source"),
            localized(&format!("{path}.title"), &alternative.title, input::NAME),
        )
            .all()
    }))?;
    let sources: Vec<SourceId> = parsed.iter().map(|(source_id, _)| *source_id).collect();
    tx.check_named::<source::Entity>(placed("alternativeTitles", ".sourceId", &sources), "source").await?;
    let before = read::children::<alternative_title::Entity>(tx.db(), tx.viewer(), &[meeting.id]).await?;
    let kept: Vec<SourceId> = before.iter().map(|row| row.source_id).collect();
    let wanted: Vec<SourceId> = parsed.iter().map(|(source_id, _)| *source_id).collect();
    rules::keeps("alternativeTitles", meeting.status, &kept, &wanted)?;
    let after = parsed.into_iter().enumerate().map(|(index, (source_id, title))| alternative_title::Model {
        id: tx.mint(),
        meeting_id: meeting.id,
        source_id,
        title,
        position: position(index),
        audience: meeting.audience,
        owner: meeting.owner,
    });
    let after = after.collect();
    Ok(!tx.replace_parts::<alternative_title::Entity>(before, after).await?.is_empty())
}

pub(super) async fn set_sources(tx: &mut Tx<'_>, meeting: &meeting::Model, wanted: &[ID]) -> Result<bool, Error> {
    let ids =
        wanted.iter().enumerate().map(|(index, id)| input::id::<SourceId>(&format!("sourceIds.{index}"), id, "source"));
    let ids = input::distinct("sourceIds", each(ids)?)?;
    tx.check_named::<source::Entity>(placed("sourceIds", "", &ids), "source").await?;
    let before = read::children::<meeting_source::Entity>(tx.db(), tx.viewer(), &[meeting.id]).await?;
    let kept: Vec<SourceId> = before.iter().map(|row| row.source_id).collect();
    rules::keeps("sourceIds", meeting.status, &kept, &ids)?;
    let after = ids.into_iter().enumerate().map(|(index, source_id)| meeting_source::Model {
        id: tx.mint(),
        meeting_id: meeting.id,
        source_id,
        position: position(index),
        audience: meeting.audience,
        owner: meeting.owner,
    });
    let after = after.collect();
    Ok(!tx.replace_parts::<meeting_source::Entity>(before, after).await?.is_empty())
}
