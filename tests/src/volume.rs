//! Volume for tests and measurements.

use rec_api::service::seed;
use serde_json::json;

use crate::TestApp;

/// Loads synthetic meetings and recommendations, on themes of their own.
pub async fn load(app: &TestApp, recommendations: u32, meetings: u32) {
    for code in ["CHILD", "HEALTH", "LAW", "SCHOOL", "WORK"] {
        let theme = json!({ "code": code, "kind": "SUBJECT", "name": [{ "locale": "EN", "text": code }] });
        app.secretariat().mutate("createTheme", theme, "id").await;
    }
    seed::scale::load(&app.app, recommendations, meetings).await.expect("volume");
}
