//! What comes next for an organisation, and the open procedures, among 5,000 that are open: to a page of recommendations.

use rec_tests::client::Client;
use rec_tests::given::with;
use rec_tests::{Database, TestApp, postgres, volume};
use serde_json::{Value, json};

use super::{Asked, Line};

const OPEN: u32 = 5_000;
/// The most that a list may cost, in pages.
const LIMIT: f64 = 2.0;

const PAGE: &str = "{ recommendations(first: 20, orderBy: [{ field: UPDATED_AT, direction: DESC }]) { nodes { id version status updatedAt } } }";
const AGENDA: &str = "{ agendaForMe { procedures(first: 20) { id version outcome deadline } } }";
const DRAFTS: &str = "{ agendaForMe { drafts(first: 20) { id version status updatedAt } } }";
const MEETINGS: &str = "{ agendaForMe { meetings(first: 20) { id version status startsOn } } }";
const PROCEDURES: &str = "query($filter: ConsensusProcedureFilter) { consensusProcedures(first: 20, filter: $filter, \
    orderBy: [{ field: DEADLINE }]) { nodes { id version outcome deadline } } }";

async fn prepared(database: Database, recommendations: u32) -> TestApp {
    let app = TestApp::start(database).await.expect("a database");
    volume::load(&app, recommendations, recommendations / 10).await;
    volume::open_silences(&app, OPEN).await;
    for body in ["WG-A", "WG-B"] {
        let mandate = json!({
            "organizationId": app.organization("OSCE").await, "bodyId": app.body(body).await, "role": "MEMBER",
            "canObject": true, "validFrom": "2025-01-01",
        });
        app.secretariat().mutate("grantMandate", mandate, "id").await;
    }
    volume::support_all(&app, "UNICEF").await;
    app
}

async fn compare(client: &Client, what: String, query: &str, variables: Value) -> Line {
    let asked = Asked::new(client, query, variables).await;
    let page = Asked::new(client, PAGE, json!({})).await;
    Line::compare(what, LIMIT, async || asked.ask().await, async || page.ask().await).await
}

/// The lists of the agenda for a partner, and the open procedures for it, for the secretariat and for anonymous, who sees none of them.
pub async fn measure(database: Database, name: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for recommendations in [20_000, 200_000] {
        let app = prepared(database, recommendations).await;
        let partner = app.partner("OSCE");
        for (what, query) in [("procedures", AGENDA), ("drafts", DRAFTS), ("meetings", MEETINGS)] {
            let what = format!("{name}: agendaForMe {{ {what} }} among {recommendations}, to a page");
            lines.push(compare(&partner, what, query, json!({})).await);
        }
        let open = json!({ "outcome": { "eq": "PENDING" } });
        let silent = with(open.clone(), json!({ "speakers": { "none": { "acronym": { "eq": "OSCE" } } } }));
        for (viewer, client) in
            [("anonymous", app.anonymous()), ("partner", partner), ("secretariat", app.secretariat())]
        {
            for (what, filter) in [("open procedures", &open), ("open procedures without a position", &silent)] {
                let what = format!("{name}: {viewer}: {what} among {recommendations}, to a page");
                lines.push(compare(&client, what, PROCEDURES, json!({ "filter": filter })).await);
            }
        }
        if database == Database::Postgres {
            postgres::drop_database(&app.url).await;
        }
    }
    lines
}
