//! What belongs to a meeting and changes with it: organisers, body sessions, alternative titles, sources. It does not change the state of a
//! meeting: `transitions` does.

use std::collections::HashMap;

use async_graphql::{ID, InputObject};
use entity::id::{BodyId, MeetingId, OrganizationId, SourceId};
use entity::meeting_organizer::OrganizerRole;
use entity::{alternative_title, body, body_session, meeting, meeting_organizer, meeting_source};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait as _};

use super::wanted::{ParsedOrganizer, ParsedSession, ParsedTitle, Wanted};
use crate::auth::{Act, Viewer};
use crate::domain::action::Action;
use crate::domain::fields::GivenText;
use crate::domain::lifecycle::{MeetingTransition, next_meeting};
use crate::domain::validation::{Validated, all, each};
use crate::domain::{fields, meeting as rules};
use crate::error::Error;
use crate::service::consensus;
use crate::service::context::AppContext;
use crate::service::filter::{OrderedFilter, filter};
use crate::service::meeting::{MeetingFilter, reached_at};
use crate::service::page::sort;
use crate::service::patch::LocalizedTextInput;
use crate::service::read::{self, Ordered, Visible};
use crate::service::relation::Relation;
use crate::service::tx::{Tx, Written};

impl Visible for alternative_title::Entity {}
impl Visible for body_session::Entity {
    const ORDERED: Option<Ordered<Self::Column>> = {
        use body_session::Column::{BodyId, Id, MeetingId};
        Some(Ordered { is_whole: false, leading: &[BodyId], found: &[Id, MeetingId], owner: None })
    };
}
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
pub fn of_body() -> Relation {
    Relation::levelled(body_session::Column::BodyId)
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
    /// The title.
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
    app: &AppContext,
    viewer: &Viewer,
    input: SetMeetingOrganizersInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let SetMeetingOrganizersInput { id, expected_version, organizers } = input;
    let id = fields::id::<MeetingId>("id", &id, "meeting")?;
    let mut tx = app.begin(viewer, Action::SetMeetingOrganizers).await?;
    let before = tx.get_at::<meeting::Entity>(id, expected_version, "meeting").await?;
    next_meeting(before.status, MeetingTransition::Update)?;
    let (wanted, formed) = Wanted::parse(Some(&organizers), None, None, None);
    let named = wanted.check_named(&tx).await?;
    all([rules::organizers(before.status, organizers.len()), formed, named])?;
    let changed = set_parts(&mut tx, &before, wanted).await??;
    finish(tx, before, changed).await
}

pub async fn set_body_sessions(
    app: &AppContext,
    viewer: &Viewer,
    input: SetBodySessionsInput,
) -> Result<Written<meeting::Model>, Error> {
    viewer.require(Act::KeepRegister)?;
    let SetBodySessionsInput { id, expected_version, sessions } = input;
    let id = fields::id::<MeetingId>("id", &id, "meeting")?;
    let mut tx = app.begin(viewer, Action::SetBodySessions).await?;
    let before = tx.get_at::<meeting::Entity>(id, expected_version, "meeting").await?;
    next_meeting(before.status, MeetingTransition::SetSessions)?;
    let (wanted, formed) = Wanted::parse(None, Some(&sessions), None, None);
    let named = wanted.check_named(&tx).await?;
    all([rules::sessions(before.kind, sessions.len()), formed, named])?;
    let changed = set_parts(&mut tx, &before, wanted).await??;
    check_reached(&tx, &before).await?;
    finish(tx, before, changed).await
}

/// The meeting must still have a session of each body that agreed or adopted something at it, or has opened a silence that is not over.
async fn check_reached(tx: &Tx<'_>, meeting: &meeting::Model) -> Result<(), Error> {
    let id = meeting.id;
    let bodies: Vec<BodyId> = sessions_of(tx, id).await?.iter().map(|session| session.body_id).collect();
    let bodies = read::by_ids::<body::Entity>(tx.db(), tx.viewer(), &bodies).await?;
    let texts = reached_at(tx, &[id]).await?;
    let silences = consensus::silences_at(tx, &[id]).await?;
    all([
        rules::keeps_reached("sessions", texts.iter().all(|text| rules::rests_on_sessions(text, id, &bodies))),
        rules::keeps_silences(&silences, meeting.sensitivity, &bodies),
    ])?;
    Ok(())
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

/// Makes these the parts of a meeting; returns whether that changes them. Sessions come last: an ordinal that is taken is told by the database,
/// which does nothing more in this transaction.
pub(super) async fn set_parts(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    wanted: Wanted,
) -> Result<Validated<bool>, Error> {
    let Wanted { organizers, sessions, titles, sources, names: _ } = wanted;
    let mut changed = Vec::new();
    if let Some(organizers) = organizers {
        changed.push(Error::validated(set_organizers(tx, meeting, &organizers).await)?);
    }
    if let Some(titles) = titles {
        changed.push(Error::validated(set_alternative_titles(tx, meeting, titles).await)?);
    }
    if let Some(sources) = sources {
        changed.push(Error::validated(set_sources(tx, meeting, &sources).await)?);
    }
    if let Some(sessions) = sessions {
        changed.push(Error::validated(set_sessions(tx, meeting, &sessions).await)?);
    }
    Ok(each(changed).map(|changed| changed.contains(&true)))
}

async fn set_organizers(tx: &mut Tx<'_>, meeting: &meeting::Model, wanted: &[ParsedOrganizer]) -> Result<bool, Error> {
    let before = organizers_of(tx, meeting.id).await?;
    keep_organizers(meeting, &before, wanted)?;
    let after = organizer_rows(tx, meeting, wanted);
    Ok(!tx.replace_parts::<meeting_organizer::Entity>(before, after).await?.is_empty())
}

pub(super) fn keep_organizers(
    meeting: &meeting::Model,
    before: &[meeting_organizer::Model],
    wanted: &[ParsedOrganizer],
) -> Validated<()> {
    let kept: Vec<OrganizationId> = before.iter().map(|row| row.organization_id).collect();
    let ids: Vec<OrganizationId> = wanted.iter().map(|(id, _)| *id).collect();
    rules::keeps("organizers", meeting.status, &kept, &ids)
}

pub(super) fn organizer_rows(
    tx: &Tx<'_>,
    meeting: &meeting::Model,
    wanted: &[ParsedOrganizer],
) -> Vec<meeting_organizer::Model> {
    let rows = wanted.iter().zip(0..).map(|((organization_id, role), position)| meeting_organizer::Model {
        id: tx.new_id(),
        meeting_id: meeting.id,
        organization_id: *organization_id,
        role: *role,
        position,
        audience: meeting.audience,
        owner: meeting.owner,
    });
    rows.collect()
}

async fn set_sessions(tx: &mut Tx<'_>, meeting: &meeting::Model, wanted: &[ParsedSession]) -> Result<bool, Error> {
    let before = sessions_of(tx, meeting.id).await?;
    let next = next_ordinals(tx, without_ordinal(&before, wanted)).await?;
    let wanted = assign_ordinals(meeting, &before, wanted, &next)?;
    let after = session_rows(tx, meeting, &wanted);
    Ok(!tx.replace_parts::<body_session::Entity>(before, after).await?.is_empty())
}

/// The bodies whose session has no ordinal yet.
pub(super) fn without_ordinal(before: &[body_session::Model], wanted: &[ParsedSession]) -> Vec<BodyId> {
    let is_numbered = |body: BodyId| before.iter().any(|row| row.body_id == body);
    wanted.iter().filter(|(body, ordinal)| ordinal.is_none() && !is_numbered(*body)).map(|(body, _)| *body).collect()
}

/// The next free ordinal of each body. The bodies are locked: a concurrent caller waits.
pub(super) async fn next_ordinals(tx: &Tx<'_>, bodies: Vec<BodyId>) -> Result<HashMap<BodyId, i32>, Error> {
    if bodies.is_empty() {
        return Ok(HashMap::new());
    }
    tx.lock_rows::<body::Entity>(&bodies).await?;
    let given = Condition::all()
        .add(read::among(tx.db().get_database_backend(), body_session::Column::BodyId, &bodies))
        .add(body_session::Column::Ordinal.lte(rules::LAST_ORDINAL));
    let mut next: HashMap<BodyId, i32> = bodies.into_iter().map(|body| (body, 1)).collect();
    for session in read::all::<body_session::Entity>(tx.db(), tx.viewer(), given).await? {
        next.entry(session.body_id).and_modify(|next| *next = (*next).max(session.ordinal + 1));
    }
    Ok(next)
}

/// The sessions with their ordinals: the given ones, those that they already have, or the next ones.
pub(super) fn assign_ordinals(
    meeting: &meeting::Model,
    before: &[body_session::Model],
    wanted: &[ParsedSession],
    next: &HashMap<BodyId, i32>,
) -> Validated<Vec<(BodyId, i32)>> {
    let kept: Vec<(BodyId, i32)> = before.iter().map(|row| (row.body_id, row.ordinal)).collect();
    let has = |body: BodyId| kept.iter().find(|(other, _)| *other == body).map(|(_, ordinal)| *ordinal);
    let after = wanted.iter().enumerate().map(|(index, (body, ordinal))| {
        let ordinal = ordinal.or_else(|| has(*body)).or_else(|| next.get(body).copied()).unwrap_or(1);
        if !meeting.is_demo {
            rules::ordinal(&format!("sessions.{index}.ordinal"), ordinal)?;
        }
        Ok((*body, ordinal))
    });
    let after = each(after)?;
    let bodies = |sessions: &[(BodyId, i32)]| sessions.iter().map(|(body, _)| *body).collect::<Vec<_>>();
    all([
        rules::keeps("sessions", meeting.status, &bodies(&kept), &bodies(&after)),
        rules::gives_back("sessions", meeting.status, &kept, &after),
    ])?;
    Ok(after)
}

pub(super) fn session_rows(
    tx: &Tx<'_>,
    meeting: &meeting::Model,
    wanted: &[(BodyId, i32)],
) -> Vec<body_session::Model> {
    let rows = wanted.iter().map(|(body_id, ordinal)| body_session::Model {
        id: tx.new_id(),
        meeting_id: meeting.id,
        body_id: *body_id,
        ordinal: *ordinal,
        audience: meeting.audience,
        owner: meeting.owner,
    });
    let mut rows: Vec<body_session::Model> = rows.collect();
    rows.sort_by_key(|session| (session.ordinal, session.id));
    rows
}

async fn set_alternative_titles(
    tx: &mut Tx<'_>,
    meeting: &meeting::Model,
    wanted: Vec<ParsedTitle>,
) -> Result<bool, Error> {
    let before = read::children::<alternative_title::Entity>(tx.db(), tx.viewer(), &[meeting.id]).await?;
    keep_titles(meeting, &before, &wanted)?;
    let after = title_rows(tx, meeting, &before, wanted);
    Ok(!tx.replace_parts::<alternative_title::Entity>(before, after).await?.is_empty())
}

pub(super) fn keep_titles(
    meeting: &meeting::Model,
    before: &[alternative_title::Model],
    wanted: &[ParsedTitle],
) -> Validated<()> {
    let kept: Vec<SourceId> = before.iter().map(|row| row.source_id).collect();
    let sources: Vec<SourceId> = wanted.iter().map(|(source, _)| *source).collect();
    rules::keeps("alternativeTitles", meeting.status, &kept, &sources)
}

/// The titles that come after others: one of the same source, the same one if it is there, stays written in the same language.
pub(super) fn title_rows(
    tx: &Tx<'_>,
    meeting: &meeting::Model,
    before: &[alternative_title::Model],
    wanted: Vec<ParsedTitle>,
) -> Vec<alternative_title::Model> {
    let mut left: Vec<&alternative_title::Model> = before.iter().collect();
    let mut after = |source_id: SourceId, title: GivenText| {
        let repeated = left.iter().position(|row| row.source_id == source_id && title.repeats(&row.title));
        match repeated.or_else(|| left.iter().position(|row| row.source_id == source_id)) {
            Some(index) => title.after(&left.remove(index).title),
            None => title.new_text(),
        }
    };
    let rows = wanted.into_iter().zip(0..).map(|((source_id, title), position)| alternative_title::Model {
        id: tx.new_id(),
        meeting_id: meeting.id,
        source_id,
        title: after(source_id, title),
        position,
        audience: meeting.audience,
        owner: meeting.owner,
    });
    rows.collect()
}

async fn set_sources(tx: &mut Tx<'_>, meeting: &meeting::Model, ids: &[SourceId]) -> Result<bool, Error> {
    let before = read::children::<meeting_source::Entity>(tx.db(), tx.viewer(), &[meeting.id]).await?;
    keep_sources(meeting, &before, ids)?;
    let after = source_rows(tx, meeting, ids);
    Ok(!tx.replace_parts::<meeting_source::Entity>(before, after).await?.is_empty())
}

pub(super) fn keep_sources(
    meeting: &meeting::Model,
    before: &[meeting_source::Model],
    wanted: &[SourceId],
) -> Validated<()> {
    let kept: Vec<SourceId> = before.iter().map(|row| row.source_id).collect();
    rules::keeps("sourceIds", meeting.status, &kept, wanted)
}

pub(super) fn source_rows(tx: &Tx<'_>, meeting: &meeting::Model, ids: &[SourceId]) -> Vec<meeting_source::Model> {
    let rows = ids.iter().zip(0..).map(|(source_id, position)| meeting_source::Model {
        id: tx.new_id(),
        meeting_id: meeting.id,
        source_id: *source_id,
        position,
        audience: meeting.audience,
        owner: meeting.owner,
    });
    rows.collect()
}
