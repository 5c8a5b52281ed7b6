//! What a line says of a meeting, with its organisers, sessions, other titles and sources.

use entity::id::{BodyId, OrganizationId, SourceId};
use entity::meeting_organizer::OrganizerRole;
use entity::{alternative_title, body_session, meeting, meeting_organizer, meeting_source};
use serde::Serialize;

use super::{At, Id, Line, PartsOf, Texts, ids_of, line};
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;

/// What belongs to meetings.
pub struct MeetingParts {
    organizers: PartsOf<meeting_organizer::Entity>,
    sessions: PartsOf<body_session::Entity>,
    titles: PartsOf<alternative_title::Entity>,
    sources: PartsOf<meeting_source::Entity>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Organizer {
    organization_id: Id<OrganizationId>,
    role: OrganizerRole,
}

impl Organizer {
    fn of(part: &meeting_organizer::Model) -> Self {
        let meeting_organizer::Model {
            id: _,
            meeting_id: _,
            organization_id,
            role,
            position: _,
            audience: _,
            owner: _,
        } = *part;
        Self { organization_id: Id(organization_id), role }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    body_id: Id<BodyId>,
    ordinal: i32,
}

impl Session {
    fn of(part: &body_session::Model) -> Self {
        let body_session::Model { id: _, meeting_id: _, body_id, ordinal, audience: _, owner: _ } = *part;
        Self { body_id: Id(body_id), ordinal }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Title<'a> {
    title: Texts<'a>,
    source_id: Id<SourceId>,
}

impl<'a> Title<'a> {
    fn of(part: &'a alternative_title::Model) -> Self {
        let alternative_title::Model { id: _, meeting_id: _, source_id, title, position: _, audience: _, owner: _ } =
            part;
        Self { title: Texts(title), source_id: Id(*source_id) }
    }
}

impl Line for meeting::Entity {
    type Parts = MeetingParts;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        let ids = ids_of::<Self>(rows);
        Ok(MeetingParts {
            organizers: PartsOf::read(app, viewer, &ids).await?,
            sessions: PartsOf::read(app, viewer, &ids).await?,
            titles: PartsOf::read(app, viewer, &ids).await?,
            sources: PartsOf::read(app, viewer, &ids).await?,
        })
    }

    fn write(row: &Self::Model, parts: &Self::Parts, _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let organizers = parts.organizers.of(row.id).iter().map(Organizer::of);
        let sessions = parts.sessions.of(row.id).iter().map(Session::of);
        let titles = parts.titles.of(row.id).iter().map(Title::of);
        line!(lines, row: meeting {
            title, title_folded: _, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme,
            participant_count, count_qualifier, chatham_house, sensitivity, country_id, is_demo
        } => {
            "title": Texts(title),
            "kind": kind,
            "modality": modality,
            "status": status,
            "startsOn": starts_on,
            "endsOn": ends_on,
            "timezone": timezone,
            "city": city,
            "venue": venue,
            "countryId": country_id.map(Id),
            "theme": theme.as_ref().map(Texts),
            "participantCount": participant_count,
            "countQualifier": count_qualifier,
            "chathamHouse": chatham_house,
            "sensitivity": sensitivity,
            "isDemo": is_demo,
            "organizers": organizers.collect::<Vec<_>>(),
            "sessions": sessions.collect::<Vec<_>>(),
            "alternativeTitles": titles.collect::<Vec<_>>(),
            "sourceIds": parts.sources.of(row.id).iter().map(|part| Id(part.source_id)).collect::<Vec<_>>(),
        })
    }
}
