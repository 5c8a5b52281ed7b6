//! What a line says of a recommendation, with its addressees, themes, instruments and revisions. Meetings and recommendations that it names
//! are left out where the viewer may not see them.

use std::collections::HashSet;

use chrono::NaiveDate;
use entity::addressee::{Addressed, AddresseeCategory, AddresseeRole};
use entity::id::{CountryId, MeetingId, OrganizationId, ParagraphId, RecommendationId, ThemeId};
use entity::{
    addressee, meeting, paragraph, recommendation, recommendation_instrument, recommendation_revision,
    recommendation_theme,
};
use serde::Serialize;

use super::{At, Id, Line, PartsOf, Texts, ids_of, line};
use crate::auth::Viewer;
use crate::error::Error;
use crate::service::context::AppContext;
use crate::service::read;

/// What belongs to recommendations, and which of the others that they name the viewer sees.
pub struct RecommendationParts {
    addressees: PartsOf<addressee::Entity>,
    themes: PartsOf<recommendation_theme::Entity>,
    instruments: PartsOf<recommendation_instrument::Entity>,
    revisions: PartsOf<recommendation_revision::Entity>,
    meetings: HashSet<MeetingId>,
    superseded: HashSet<RecommendationId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Addressee {
    category: AddresseeCategory,
    role: AddresseeRole,
    country_id: Option<Id<CountryId>>,
    organization_id: Option<Id<OrganizationId>>,
}

impl Addressee {
    fn of(Addressed { category, role, country_id, organization_id }: Addressed) -> Self {
        Self { category, role, country_id: country_id.map(Id), organization_id: organization_id.map(Id) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paragraph<'a> {
    identity: Id<ParagraphId>,
    number: i32,
    text: Texts<'a>,
    target_date: Option<NaiveDate>,
    addressees: Vec<Addressee>,
    theme_ids: Vec<Id<ThemeId>>,
}

impl<'a> Paragraph<'a> {
    fn of(part: &'a paragraph::Paragraph) -> Self {
        let paragraph::Paragraph { identity, number, text, target_date, addressees, theme_ids } = part;
        Self {
            identity: Id(*identity),
            number: *number,
            text: Texts(text),
            target_date: *target_date,
            addressees: addressees.iter().copied().map(Addressee::of).collect(),
            theme_ids: theme_ids.iter().copied().map(Id).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Revision<'a> {
    number: i32,
    title: Texts<'a>,
    text: Texts<'a>,
    paragraphs: Vec<Paragraph<'a>>,
    rationale: Option<Texts<'a>>,
    change_note: Option<&'a str>,
    created_at: At,
}

impl<'a> Revision<'a> {
    /// What was changed and why is told to those who see who drafted.
    fn of(part: &'a recommendation_revision::Model, shows_attribution: bool) -> Self {
        let recommendation_revision::Model {
            id: _,
            recommendation_id: _,
            number,
            title,
            text,
            paragraphs,
            rationale,
            change_note,
            created_at,
            audience: _,
            owner: _,
        } = part;
        Self {
            number: *number,
            title: Texts(title),
            text: Texts(text),
            paragraphs: paragraphs.0.iter().map(Paragraph::of).collect(),
            rationale: rationale.as_ref().map(Texts),
            change_note: change_note.as_deref().filter(|_| shows_attribution),
            created_at: At(*created_at),
        }
    }
}

impl Line for recommendation::Entity {
    type Parts = RecommendationParts;

    async fn parts(app: &AppContext, viewer: &Viewer, rows: &[Self::Model]) -> Result<Self::Parts, Error> {
        let ids = ids_of::<Self>(rows);
        let meetings: Vec<MeetingId> =
            rows.iter().flat_map(|row| [row.meeting_id, row.agreed_meeting_id]).flatten().collect();
        let superseded: Vec<RecommendationId> = rows.iter().filter_map(|row| row.supersedes_id).collect();
        Ok(RecommendationParts {
            addressees: PartsOf::read(app, viewer, &ids).await?,
            themes: PartsOf::read(app, viewer, &ids).await?,
            instruments: PartsOf::read(app, viewer, &ids).await?,
            revisions: PartsOf::read(app, viewer, &ids).await?,
            meetings: read::seen_of_known::<meeting::Entity>(&app.databases.read, viewer, meetings).await?,
            superseded: read::seen_of_known::<Self>(&app.databases.read, viewer, superseded).await?,
        })
    }

    fn write(
        row: &Self::Model,
        parts: &Self::Parts,
        viewer: &Viewer,
        lines: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        let shows_attribution = viewer.sees_attribution();
        let meeting = |id: Option<MeetingId>| id.filter(|id| parts.meetings.contains(id)).map(Id);
        let addressees = parts.addressees.of(row.id).iter().map(|part| Addressee::of(Addressed::of(part)));
        let revisions = parts.revisions.of(row.id).iter().map(|part| Revision::of(part, shows_attribution));
        line!(lines, row: recommendation {
            body_id, label, label_year: _, label_serial: _, kind, status, title, title_folded: _, text, paragraphs, rationale,
            priority, target_date, adopted_on, agreed_meeting_id, meeting_id, adoption_source_id, drafted_by_id, supersedes_id,
            is_demo, no_personal_data
        } => {
            "label": label,
            "kind": kind,
            "status": status,
            "bodyId": Id(body_id),
            "title": Texts(title),
            "text": Texts(text),
            "paragraphs": paragraphs.0.iter().map(Paragraph::of).collect::<Vec<_>>(),
            "rationale": rationale.as_ref().map(Texts),
            "priority": priority,
            "targetDate": target_date,
            "adoptedOn": adopted_on,
            "meetingId": meeting(*meeting_id),
            "agreedMeetingId": meeting(*agreed_meeting_id),
            "adoptionSourceId": adoption_source_id.map(Id),
            "draftedById": drafted_by_id.filter(|_| shows_attribution).map(Id),
            "supersedesId": supersedes_id.filter(|id| parts.superseded.contains(id)).map(Id),
            "isDemo": is_demo,
            "noPersonalData": no_personal_data,
            "addressees": addressees.collect::<Vec<_>>(),
            "themeIds": parts.themes.of(row.id).iter().map(|part| Id(part.theme_id)).collect::<Vec<_>>(),
            "instrumentIds": parts.instruments.of(row.id).iter().map(|part| Id(part.instrument_id)).collect::<Vec<_>>(),
            "revisions": revisions.collect::<Vec<_>>(),
        })
    }
}
