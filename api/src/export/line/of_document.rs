//! What a line says of a document, with its language versions. Whoever reads it reads all that it belongs to.

use entity::document;
use entity::document::{Version, VersionState};
use serde::Serialize;

use super::{At, Id, Line, Texts, line, name_of};
use crate::auth::Viewer;
use crate::domain::document::is_outdated;
use crate::error::Error;
use crate::service::context::AppContext;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionLine<'a> {
    locale: &'a str,
    url: &'a str,
    sha256: Option<&'a str>,
    state: VersionState,
}

impl<'a> VersionLine<'a> {
    fn of(one: &'a Version) -> Self {
        let Version { locale, url, sha256, state, changed_at: _ } = one;
        Self { locale: name_of(*locale), url, sha256: sha256.as_deref(), state: *state }
    }
}

/// The languages of the versions that are of an earlier original.
fn outdated(versions: &[Version]) -> Vec<&'static str> {
    versions.iter().filter(|one| is_outdated(one, versions)).map(|one| name_of(one.locale)).collect()
}

impl Line for document::Entity {
    type Parts = ();

    async fn parts(_: &AppContext, _: &Viewer, _: &[Self::Model]) -> Result<(), Error> {
        Ok(())
    }

    fn write(row: &Self::Model, (): &(), _: &Viewer, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        line!(lines, row: document {
            symbol, symbol_folded: _, kind, title, title_folded: _, sensitivity, issued_on, versions, meeting_id, agenda_item_id,
            body_id, recommendation_id, no_personal_data
        } => {
            "symbol": symbol,
            "kind": kind,
            "title": Texts(title),
            "sensitivity": sensitivity,
            "issuedOn": issued_on,
            "versions": versions.0.iter().map(VersionLine::of).collect::<Vec<_>>(),
            "outdatedVersions": outdated(&versions.0),
            "meetingId": meeting_id.map(Id),
            "agendaItemId": agenda_item_id.map(Id),
            "bodyId": body_id.map(Id),
            "recommendationId": recommendation_id.map(Id),
            "noPersonalData": no_personal_data,
        })
    }
}
