//! Volume for tests and measurements.

use rec_api::service::seed;
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::{Database, TestApp};

/// Loads synthetic meetings and recommendations, on themes of their own.
pub async fn load(app: &TestApp, recommendations: u32, meetings: u32) {
    for code in ["CHILD", "HEALTH", "LAW", "SCHOOL", "WORK"] {
        let theme = json!({ "code": code, "kind": "SUBJECT", "name": [{ "locale": "EN", "text": code }] });
        app.secretariat().mutate("createTheme", theme, "id").await;
    }
    seed::scale::load(&app.app, recommendations, meetings).await.expect("volume");
    let instrument = json!({ "symbol": "S/RES/2396", "title": [{ "locale": "EN", "text": "Resolution 2396" }] });
    app.secretariat().mutate("createInstrument", instrument, "id").await;
    for missing in [ON_AN_INSTRUMENT, ON_AN_AGENDA] {
        app.app.databases.write.execute_unprepared(missing).await.expect("what the volume has not");
    }
    app.app.databases.refresh_statistics().await.expect("statistics");
}

/// Gives all drafts to one organisation, and a target date to what was adopted and to the drafts of a body.
pub async fn give_all_drafts(app: &TestApp, acronym: &str) {
    let organization = format!("(SELECT id FROM organization WHERE acronym = '{acronym}')");
    let mut changes = vec![
        format!(
            "UPDATE recommendation SET owner = {organization}, drafted_by_id = {organization} WHERE owner IS NOT NULL"
        ),
        "UPDATE recommendation SET target_date = adopted_on".to_owned(),
        "UPDATE recommendation SET target_date = (SELECT max(adopted_on) FROM recommendation)
         WHERE owner IS NOT NULL AND body_id = (SELECT id FROM body WHERE code = 'WG-A')"
            .to_owned(),
    ];
    let parts = ["recommendation_theme", "recommendation_instrument", "addressee"];
    changes.extend(parts.map(|part| format!("UPDATE {part} SET owner = {organization} WHERE owner IS NOT NULL")));
    for change in changes {
        app.app.databases.write.execute_unprepared(&change).await.expect("drafts");
    }
    app.app.databases.refresh_statistics().await.expect("statistics");
}

/// Puts so many recommendations under silence, with deadlines from tomorrow on. The synthetic volume has no procedures.
pub async fn open_silences(app: &TestApp, count: u32) {
    let deadline = match app.database {
        Database::Sqlite => {
            "printf('2026-01-%02dT%02d:%02d:00.000000+00:00', 17 + number % 14, number % 24, number % 60)"
        }
        Database::Postgres => "timestamptz '2026-01-17 00:00Z' + number % 20160 * interval '1 minute'",
    };
    let insert = format!(
        "INSERT INTO consensus_procedure (id, recommendation_id, revision_id, body_id, meeting_id, mode, outcome, opened_at, deadline,
             audience, created_at, updated_at, version)
         SELECT id, recommendation_id, id, body_id, (SELECT id FROM meeting ORDER BY id LIMIT 1), 'SILENCE', 'PENDING', created_at, {deadline}, 1,
             created_at, created_at, 1
         FROM (SELECT revision.id, recommendation_id, body_id, revision.created_at, row_number() OVER (ORDER BY revision.id) AS number
             FROM recommendation_revision revision JOIN recommendation ON recommendation.id = recommendation_id
             WHERE revision.number = 1 LIMIT {count}) AS first"
    );
    app.app.databases.write.execute_unprepared(&insert).await.expect("silences");
    app.app.databases.refresh_statistics().await.expect("statistics");
}

/// Has an organisation support every text under silence, by any mandate.
pub async fn support_all(app: &TestApp, acronym: &str) {
    let insert = format!(
        "INSERT INTO position (id, recommendation_id, procedure_id, organization_id, mandate_id, kind, stated_at, audience, owner, created_at,
             updated_at, version)
         SELECT consensus_procedure.id, recommendation_id, consensus_procedure.id, organization.id, mandate.id, 'SUPPORT', opened_at, 1,
             organization.id, opened_at, opened_at, 1
         FROM consensus_procedure JOIN organization ON acronym = '{acronym}'
             JOIN mandate ON mandate.id = (SELECT id FROM mandate ORDER BY id LIMIT 1)"
    );
    app.app.databases.write.execute_unprepared(&insert).await.expect("positions");
    app.app.databases.refresh_statistics().await.expect("statistics");
}

/// The synthetic volume has no instruments: a third of it names one.
const ON_AN_INSTRUMENT: &str =
    "INSERT INTO recommendation_instrument (id, recommendation_id, instrument_id, position, audience, owner)
     SELECT recommendation.id, recommendation.id, instrument.id, 0, recommendation.audience, recommendation.owner
     FROM recommendation JOIN instrument ON symbol = 'S/RES/2396' WHERE label_serial % 3 = 0 OR drafted_by_id IS NOT NULL";

/// The synthetic volume has no agendas: each meeting has an item of the body whose session it is.
const ON_AN_AGENDA: &str =
    "INSERT INTO agenda_item (id, meeting_id, body_id, number, position, title, kind, chatham_house, audience, owner, created_at, \
     updated_at, version)
     SELECT body_session.id, meeting.id, body_session.body_id, '1', 1, meeting.title, 'DISCUSSION', false, meeting.audience, meeting.owner, \
     meeting.created_at, meeting.updated_at, 1
     FROM meeting JOIN body_session ON body_session.meeting_id = meeting.id";
