//! One record with all that belongs to it, in one request: the pack of a large meeting, and a text with a long life. To the same tables read by
//! hand, one statement each.

use std::sync::Arc;

use entity::Audience;
use entity::id::{MeetingId, RecommendationId, RecordId};
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text, with};
use rec_tests::{Database, TestApp, postgres};
use serde_json::{Value, json};
use uuid::Uuid;

use super::by_hand::ByHand;
use super::{Asked, Line};

const ITEMS: usize = 30;
const DOCUMENTS: usize = 60;
const DELEGATIONS: usize = 40;
const POSITIONS: usize = 20;
const REVISIONS: usize = 12;
const PARAGRAPHS: usize = 15;
const LIMIT: f64 = 2.0;

const PACK: &str = "query($id: ID!) { meeting(by: { id: $id }) { title pack {
    agenda { number title recommendations { label title status paragraphs { number text } } }
    documents(first: 100) { nodes { symbol title versions { locale url } } }
    procedures { deadline body { code } }
    delegations { organization { acronym name } participations { capacity } canObject { role } }
    mayObject { organization { acronym } }
    openItems { outcome agendaItem { number } recommendation { title } }
} } }";

/// The tables that a pack reads: of one meeting (`$1`), as far as a viewer sees (`$2`).
const PACK_BY_HAND: [&str; 13] = [
    "SELECT * FROM meeting WHERE id = $1 AND audience <= $2",
    "SELECT * FROM body_session WHERE meeting_id = $1 AND audience <= $2",
    "SELECT * FROM body WHERE id IN (SELECT body_id FROM body_session WHERE meeting_id = $1) AND audience <= $2",
    "SELECT * FROM agenda_item WHERE meeting_id = $1 AND audience <= $2 ORDER BY position",
    "SELECT * FROM agenda_item_recommendation WHERE agenda_item_id IN (SELECT id FROM agenda_item WHERE meeting_id = $1) AND audience <= $2",
    "SELECT * FROM recommendation WHERE id IN (SELECT recommendation_id FROM agenda_item_recommendation WHERE agenda_item_id IN (SELECT id \
     FROM agenda_item WHERE meeting_id = $1)) AND audience <= $2",
    "SELECT * FROM document WHERE meeting_id = $1 AND audience <= $2 ORDER BY id LIMIT 101",
    "SELECT * FROM consensus_procedure WHERE outcome = 'PENDING' AND body_id IN (SELECT body_id FROM body_session WHERE meeting_id = $1) AND \
     audience <= $2 ORDER BY deadline LIMIT 26",
    "SELECT * FROM participation WHERE meeting_id = $1 AND audience <= $2",
    "SELECT * FROM mandate WHERE can_object AND body_id IN (SELECT body_id FROM body_session WHERE meeting_id = $1) AND audience <= $2",
    "SELECT * FROM organization WHERE id IN (SELECT organization_id FROM participation WHERE meeting_id = $1) AND audience <= $2",
    "SELECT * FROM agenda_item WHERE audience <= $2 AND meeting_id IN (SELECT earlier.meeting_id FROM body_session AS earlier JOIN body_session \
     AS later ON earlier.body_id = later.body_id AND earlier.ordinal = later.ordinal - 1 WHERE later.meeting_id = $1)",
    "SELECT * FROM consensus_procedure WHERE audience <= $2 AND recommendation_id IN (SELECT recommendation_id FROM agenda_item_recommendation \
     WHERE agenda_item_id IN (SELECT agenda_item.id FROM agenda_item JOIN body_session AS earlier ON earlier.meeting_id = \
     agenda_item.meeting_id JOIN body_session AS later ON earlier.body_id = later.body_id AND earlier.ordinal = later.ordinal - 1 WHERE \
     later.meeting_id = $1))",
];

const TEXT: &str = "query($id: ID!) { recommendation(by: { id: $id }) { label title status text
    paragraphs { number text targetDate addressees { category country { iso2 } } }
    addressees { category role country { iso2 } organization { acronym } } themes { code name }
    revisions { number text changeNote createdAt }
    procedures { mode outcome deadline body { code } }
    positions { kind state text organization { acronym } mandate { role } }
} }";

const TEXT_BY_HAND: [&str; 10] = [
    "SELECT * FROM recommendation WHERE id = $1 AND audience <= $2",
    "SELECT * FROM recommendation_revision WHERE recommendation_id = $1 AND audience <= $2 ORDER BY number",
    "SELECT * FROM addressee WHERE recommendation_id = $1 AND audience <= $2 ORDER BY position",
    "SELECT * FROM recommendation_theme WHERE recommendation_id = $1 AND audience <= $2 ORDER BY position",
    "SELECT * FROM theme WHERE id IN (SELECT theme_id FROM recommendation_theme WHERE recommendation_id = $1) AND audience <= $2",
    "SELECT * FROM consensus_procedure WHERE recommendation_id = $1 AND audience <= $2 ORDER BY opened_at",
    "SELECT * FROM position WHERE recommendation_id = $1 AND audience <= $2 ORDER BY stated_at",
    "SELECT * FROM mandate WHERE id IN (SELECT mandate_id FROM position WHERE recommendation_id = $1) AND audience <= $2",
    "SELECT * FROM organization WHERE id IN (SELECT organization_id FROM position WHERE recommendation_id = $1) AND audience <= $2",
    "SELECT * FROM body WHERE id = (SELECT body_id FROM recommendation WHERE id = $1) AND audience <= $2",
];

fn paragraphs(count: usize, words: &str) -> Value {
    (1..=count)
        .map(|number| json!({ "number": number, "text": text(&format!("Paragraph {number} {words}.")) }))
        .collect()
}

/// Organisations with a mandate in two groups.
async fn delegations(app: &TestApp) -> Vec<Value> {
    let rows: Vec<Value> = (0..DELEGATIONS)
        .map(|number| {
            let acronym = format!("DEL-{number}");
            json!({ "externalId": { "sourceSystem": "crm", "value": acronym }, "acronym": acronym, "name": text(&acronym), "kind": "OTHER" })
        })
        .collect();
    let input = json!({ "rows": rows, "matchBy": "EXTERNAL_ID" });
    let created = app.secretariat().upsert("upsertOrganizations", input, "id").await;
    let ids: Vec<Value> = created["rows"].as_array().unwrap().iter().map(|row| row["record"]["id"].clone()).collect();
    for (id, body) in ids.iter().flat_map(|id| ["WG-A", "WG-B"].map(|body| (id, body))) {
        let mandate = json!({
            "organizationId": id, "bodyId": app.body(body).await, "role": "MEMBER", "canObject": true, "validFrom": "2024-05-14",
        });
        app.secretariat().mutate("grantMandate", mandate, "id").await;
    }
    ids
}

async fn on_agenda(app: &TestApp, meeting: &Value, number: usize, text_id: &Value) -> Value {
    let item = json!({
        "meetingId": meeting["id"], "number": number.to_string(), "title": text("An item"), "kind": "DECISION",
        "recommendationIds": [text_id],
    });
    app.secretariat().mutate("addAgendaItem", item, "id").await["id"].take()
}

async fn large_meeting(app: &TestApp, delegations: &[Value]) -> Value {
    let held = app.concluded_meeting(&["WG-A", "WG-B"]).await;
    for number in 0..ITEMS {
        let left_open = app.under_discussion("WG-A").await;
        on_agenda(app, &held, number, &left_open["id"]).await;
    }
    let sessions = json!([{ "bodyId": app.body("WG-A").await }, { "bodyId": app.body("WG-B").await }]);
    let meeting = app.planned_meeting(json!({ "sessions": sessions, "startsOn": "2026-03-01" })).await;
    let mut documents = Vec::new();
    for number in 0..ITEMS {
        let draft = app.draft_with("WG-A", json!({ "text": null, "paragraphs": paragraphs(5, "asks to act") })).await;
        let discussed = app.secretariat().mutate("openDiscussion", at(&draft), "id").await;
        let item = on_agenda(app, &meeting, number, &discussed["id"]).await;
        for copy in 0..DOCUMENTS / ITEMS {
            let symbol = format!("SEC.DOC/{number}/{copy}");
            documents.push(json!({
                "externalId": { "sourceSystem": "crm", "value": symbol }, "symbol": symbol, "kind": "BACKGROUND_PAPER", "title": text("A paper"),
                "sensitivity": "PUBLIC", "noPersonalData": true, "agendaItemId": item,
                "versions": [{ "locale": "EN", "url": "https://example.org/1", "state": "ORIGINAL" }],
            }));
        }
    }
    app.secretariat().upsert("upsertDocuments", json!({ "rows": documents, "matchBy": "EXTERNAL_ID" }), "id").await;
    for organization in delegations {
        let part = json!({ "meetingId": meeting["id"], "organizationId": organization, "capacity": "DELEGATE", "attendance": "INVITED" });
        app.secretariat().mutate("recordParticipation", part, "id").await;
    }
    meeting["id"].clone()
}

async fn long_life(app: &TestApp, delegations: &[Value]) -> Value {
    let themes = json!([app.theme("ONE").await, app.theme("OTHER").await]);
    let more = json!({ "text": null, "paragraphs": paragraphs(PARAGRAPHS, "asks to act"), "themeIds": themes });
    let draft = app.draft_with("WG-A", more).await;
    let mut row = app.secretariat().mutate("openDiscussion", at(&draft), "id version").await;
    for number in 1..REVISIONS {
        let revised = json!({ "paragraphs": paragraphs(PARAGRAPHS, &format!("asks to act, revised {number} times")) });
        row = app.secretariat().mutate("reviseRecommendation", at_with(&row, revised), "id version").await;
    }
    let held = app.concluded_meeting(&["WG-A"]).await;
    let opened = at_with(&row, json!({ "meetingId": held["id"] }));
    let opened = app.secretariat().mutate("openSilence", opened, "id procedures { id }").await;
    for organization in delegations.iter().take(POSITIONS) {
        let said =
            json!({ "procedureId": opened["procedures"][0]["id"], "organizationId": organization, "kind": "SUPPORT" });
        app.secretariat().mutate("statePosition", with(said, json!({ "text": text("It answers a need") })), "id").await;
    }
    opened["id"].clone()
}

/// The viewers, and the highest audience that each reads.
fn viewers(app: &TestApp) -> [(&'static str, Client, Audience); 3] {
    [
        ("anonymous", app.anonymous(), Audience::Public),
        ("partner", app.partner("OSCE"), Audience::Participants),
        ("secretariat", app.secretariat(), Audience::Confidential),
    ]
}

pub async fn measure(database: Database, name: &str) -> Vec<Line> {
    let app = TestApp::start(database).await.expect("a database");
    let delegations = delegations(&app).await;
    let (meeting, life) = (large_meeting(&app, &delegations).await, long_life(&app, &delegations).await);
    app.app.databases.refresh_statistics().await.expect("statistics");
    let hand = Arc::new(ByHand::connect(&app.url).await);
    let uuid = |id: Result<Uuid, _>| -> Uuid { id.unwrap_or_else(|_: entity::id::NotAnId| panic!("an id")) };
    let of_meeting = uuid(meeting.as_str().unwrap().parse::<MeetingId>().map(RecordId::uuid));
    let of_text = uuid(life.as_str().unwrap().parse::<RecommendationId>().map(RecordId::uuid));
    let mut lines = Vec::new();
    for (viewer, client, audience) in viewers(&app) {
        let pack = Asked::new(&client, PACK, json!({ "id": meeting })).await;
        let by_hand = async || hand.read_all(&PACK_BY_HAND, of_meeting, audience as i16).await;
        let what = format!("{name}: {viewer}: pack of {ITEMS} items, {DOCUMENTS} documents, {DELEGATIONS} delegations");
        lines.push(Line::compare(what, LIMIT, async || pack.ask().await, by_hand).await);
        if viewer == "anonymous" {
            continue;
        }
        let whole = Asked::new(&client, TEXT, json!({ "id": life })).await;
        let by_hand = async || hand.read_all(&TEXT_BY_HAND, of_text, audience as i16).await;
        let what = format!(
            "{name}: {viewer}: text with {POSITIONS} positions, {REVISIONS} revisions, {PARAGRAPHS} paragraphs"
        );
        lines.push(Line::compare(what, LIMIT, async || whole.ask().await, by_hand).await);
    }
    if database == Database::Postgres {
        postgres::drop_database(&app.url).await;
    }
    lines
}
