//! What an input wants the parts of a meeting to be: parsed, and checked to exist. Writes nothing.

use async_graphql::ID;
use entity::id::{BodyId, OrganizationId, SourceId};
use entity::meeting_organizer::OrganizerRole;
use entity::{body, organization, source};

use super::parts::{AlternativeTitleInput, BodySessionInput, MeetingOrganizerInput};
use crate::domain::fields::{self, GivenText};
use crate::domain::meeting as rules;
use crate::domain::validation::{Validated, all, combine, each, none, passed};
use crate::error::Error;
use crate::service::patch::{given_in, given_text};
use crate::service::tx::Tx;

/// An organisation and what it does for a meeting.
pub(super) type ParsedOrganizer = (OrganizationId, OrganizerRole);
/// A body, and the ordinal of its session if it is given.
pub(super) type ParsedSession = (BodyId, Option<i32>);
/// A source, and how it names a meeting.
pub(super) type ParsedTitle = (SourceId, GivenText);

/// The parts of a meeting as an input wants them. What is `None` stays.
pub(super) struct Wanted {
    pub organizers: Option<Vec<ParsedOrganizer>>,
    pub sessions: Option<Vec<ParsedSession>>,
    pub titles: Option<Vec<ParsedTitle>>,
    pub sources: Option<Vec<SourceId>>,
    pub names: Names,
}

/// The records that an input names in its lists, each with its place, also in lists that are not well formed.
#[derive(Clone)]
pub(super) struct Names {
    pub organizations: Vec<(String, OrganizationId)>,
    pub bodies: Vec<(String, BodyId)>,
    pub sources: Vec<(String, SourceId)>,
}

impl Wanted {
    /// The lists that are well formed, and what is wrong in the others.
    pub fn parse(
        organizers: Option<&[MeetingOrganizerInput]>,
        sessions: Option<&[BodySessionInput]>,
        titles: Option<&[AlternativeTitleInput]>,
        sources: Option<&[ID]>,
    ) -> (Self, Validated<()>) {
        let titling = titles.into_iter().flatten().map(|title| Some(&title.source_id));
        let naming = organizers.into_iter().flatten().map(|organizer| Some(&organizer.organization_id));
        let titling = given_in("alternativeTitles", ".sourceId", titling);
        let listed = given_in("sourceIds", "", sources.into_iter().flatten().map(Some));
        let names = Names {
            organizations: given_in("organizers", ".organizationId", naming),
            bodies: given_in(
                "sessions",
                ".bodyId",
                sessions.into_iter().flatten().map(|session| Some(&session.body_id)),
            ),
            sources: [titling, listed].concat(),
        };
        let mut errors = Vec::new();
        let wanted = Self {
            names,
            organizers: organizers.and_then(|list| passed(parse_organizers(list), &mut errors)),
            sessions: sessions.and_then(|list| passed(parse_sessions(list), &mut errors)),
            titles: titles.and_then(|list| passed(parse_titles(list), &mut errors)),
            sources: sources.and_then(|list| passed(source_ids(list), &mut errors)),
        };
        (wanted, none(errors))
    }

    /// Checks that all records that the parts name exist.
    pub async fn check_named(&self, tx: &Tx<'_>) -> Result<Validated<()>, Error> {
        let Names { organizations, bodies, sources } = self.names.clone();
        Ok(all([
            tx.check_named::<organization::Entity>(organizations, "organisation").await?,
            tx.check_named::<body::Entity>(bodies, "body").await?,
            tx.check_named::<source::Entity>(sources, "source").await?,
        ]))
    }
}

fn parse_organizers(wanted: &[MeetingOrganizerInput]) -> Validated<Vec<ParsedOrganizer>> {
    let ids = wanted.iter().map(|organizer| organizer.organization_id.as_str());
    let ids = fields::ids::<OrganizationId>("organizers", Some("organizationId"), ids, "organisation")?;
    Ok(ids.into_iter().zip(wanted).map(|(id, organizer)| (id, organizer.role)).collect())
}

fn parse_sessions(wanted: &[BodySessionInput]) -> Validated<Vec<ParsedSession>> {
    let bodies = wanted.iter().map(|session| session.body_id.as_str());
    let ordinals = wanted.iter().enumerate().map(|(index, session)| {
        session.ordinal.map_or(Ok(()), |ordinal| rules::ordinal(&format!("sessions.{index}.ordinal"), ordinal))
    });
    combine!(ids = fields::ids::<BodyId>("sessions", Some("bodyId"), bodies, "body"), () = each(ordinals).map(drop),);
    Ok(ids.into_iter().zip(wanted).map(|(id, session)| (id, session.ordinal)).collect())
}

fn parse_titles(wanted: &[AlternativeTitleInput]) -> Validated<Vec<ParsedTitle>> {
    let titles = wanted.iter().enumerate().map(|(index, alternative)| {
        let path = format!("alternativeTitles.{index}");
        let AlternativeTitleInput { title, source_id } = alternative;
        combine!(
            source_id = fields::id::<SourceId>(&format!("{path}.sourceId"), source_id, "source"),
            title = given_text(&format!("{path}.title"), title, fields::NAME),
        );
        Ok((source_id, title))
    });
    combine!(() = fields::short("alternativeTitles", wanted), titles = each(titles));
    Ok(titles)
}

fn source_ids(wanted: &[ID]) -> Validated<Vec<SourceId>> {
    fields::ids("sourceIds", None, wanted.iter().map(|id| id.as_str()), "source")
}
