//! Volume for tests and measurements.

use rec_api::service::seed;
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::TestApp;

/// Loads synthetic meetings and recommendations, on themes of their own.
pub async fn load(app: &TestApp, recommendations: u32, meetings: u32) {
    for code in ["CHILD", "HEALTH", "LAW", "SCHOOL", "WORK"] {
        let theme = json!({ "code": code, "kind": "SUBJECT", "name": [{ "locale": "EN", "text": code }] });
        app.secretariat().mutate("createTheme", theme, "id").await;
    }
    seed::scale::load(&app.app, recommendations, meetings).await.expect("volume");
    let instrument = json!({ "symbol": "S/RES/2396", "title": [{ "locale": "EN", "text": "Resolution 2396" }] });
    app.secretariat().mutate("createInstrument", instrument, "id").await;
    app.app.databases.write.execute_unprepared(ON_AN_INSTRUMENT).await.expect("links");
    app.app.databases.refresh_statistics().await.expect("statistics");
}

/// The synthetic volume has no instruments: a third of it names one.
const ON_AN_INSTRUMENT: &str =
    "INSERT INTO recommendation_instrument (id, recommendation_id, instrument_id, position, audience, owner)
     SELECT recommendation.id, recommendation.id, instrument.id, 0, recommendation.audience, recommendation.owner
     FROM recommendation JOIN instrument ON symbol = 'S/RES/2396' WHERE label_serial % 3 = 0 OR drafted_by_id IS NOT NULL";
