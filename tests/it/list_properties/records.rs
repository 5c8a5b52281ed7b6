//! Records for every list: of every type, several of each.

use chrono::TimeDelta;
use rec_api::service::seed;
use rec_tests::TestApp;
use rec_tests::given::{at_with, text, with};
use serde_json::{Value, json};

use crate::connections::twelve;

/// Records of every type, several of each, with and without optional values, made at different times.
pub async fn all_kinds(app: &TestApp) {
    let secretariat = app.secretariat();
    seed::demo::load(&app.app).await.expect("a demonstration");
    app.app.clock.advance(TimeDelta::seconds(1));
    twelve(app).await;
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    app.mandate("SSS-UZ", "WG-B", "CHAIR").await;
    app.app.clock.advance(TimeDelta::seconds(1));
    for (acronym, country, valid_to) in [("OSCE", "UZ", None), ("UNODC", "KZ", Some("2026-12-31"))] {
        let input = json!({
            "organizationId": app.organization(acronym).await, "bodyId": app.body("EC").await, "role": "OBSERVER",
            "countryId": app.country(country).await, "validFrom": "2025-01-01", "validTo": valid_to,
        });
        secretariat.mutate("grantMandate", input, "id").await;
    }
    app.instrument("S/RES/1").await;
    let theme = app.theme("ABOVE").await;
    for (code, parent) in [("BELOW-1", theme.clone()), ("BELOW-2", theme)] {
        let input = json!({ "code": code, "name": text(code), "kind": "AFFECTED_GROUP", "parentId": parent });
        let below = secretariat.mutate("createTheme", input, "id").await;
        let input = json!({ "code": format!("{code}-1"), "name": text(code), "kind": "SDG", "parentId": below["id"] });
        secretariat.mutate("createTheme", input, "id").await;
    }
    let quorum = json!([{ "category": "GOVERNMENT", "delegations": 3 }]);
    let input = json!({ "code": "WG-E", "kind": "WORKING_GROUP", "name": text("E"), "quorum": quorum });
    secretariat.mutate("createBody", input, "id").await;
    for (acronym, parent) in [("OSCE-1", "OSCE-PCUZ"), ("UNOCT-1", "UNOCT"), ("UNOCT-2", "UNOCT")] {
        let input = json!({
            "acronym": acronym, "name": text(acronym), "kind": "OTHER", "organizer": acronym == "OSCE-1",
            "parentId": app.organization(parent).await,
        });
        secretariat.mutate("createOrganization", input, "id").await;
    }
    let closed = json!({ "sensitivity": "CONFIDENTIAL", "chathamHouse": true, "modality": "ONLINE" });
    let meeting = app.planned_meeting(closed).await;
    for (acronym, attendance) in [("UNODC", "INVITED"), ("OSCE", "REMOTE")] {
        let input = json!({
            "meetingId": meeting["id"], "organizationId": app.organization(acronym).await, "capacity": "OBSERVER",
            "attendance": attendance,
        });
        secretariat.mutate("recordParticipation", input, "id").await;
    }
    let draft = app.draft("WG-A").await;
    agendas(app, &draft).await;
    for (acronym, code) in [("OSCE", "WG-A"), ("SSS-UZ", "WG-B")] {
        let body = app.body(code).await;
        let paragraphs = json!([{ "number": 1, "text": text("Own") }, { "number": 2, "text": text("Its own") }]);
        let own = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("Own"), "paragraphs": paragraphs });
        app.partner(acronym).mutate("draftRecommendation", own, "id").await;
    }
    let unodc = app.organization("UNODC").await;
    let addressees = json!([
        { "category": "INTERNATIONAL_ORGANIZATION", "role": "LEAD", "organizationId": unodc },
        { "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("KZ").await },
    ]);
    secretariat.mutate("setAddressees", at_with(&draft, json!({ "addressees": addressees })), "id").await;
    let source = secretariat.mutate("createSource", json!({ "title": "A source" }), "id").await;
    let past = json!({ "sourceId": source["id"], "adoptedOn": "2024-11-27", "noPersonalData": true });
    secretariat.mutate("recordAdoption", at_with(&app.draft("WG-A").await, past), "id").await;
    silence(app).await;
    documents(app).await;
    external_ids(app).await;
}

/// Documents of agenda items and their meetings, of bodies and of texts, with and without optional values.
async fn documents(app: &TestApp) {
    let secretariat = app.secretariat();
    let query = "{ agenda: body(by: { code: \"WG-A\" }) { agendaItems { nodes { id } } } recommendations(last: 3) { nodes { id } } }";
    let found = secretariat.query(query).await;
    let items = found["agenda"]["agendaItems"]["nodes"].as_array().expect("items");
    let texts = found["recommendations"]["nodes"].as_array().expect("texts");
    for number in 0..12_usize {
        let has_all = number.is_multiple_of(2);
        let mut input = json!({
            "kind": if number < 6 { "AGENDA" } else { "STATEMENT" }, "title": text("A document"), "noPersonalData": true,
            "sensitivity": if has_all { "PUBLIC" } else { "PARTICIPANTS_ONLY" },
            "versions": [{ "locale": "EN", "url": "https://example.org/1", "state": "ORIGINAL" }],
            "bodyId": app.body(if number < 7 { "WG-A" } else { "WG-B" }).await,
            "agendaItemId": items[number % 3]["id"], "recommendationId": texts[number % texts.len()]["id"],
        });
        if has_all {
            (input["symbol"], input["issuedOn"]) = (json!(format!("SEC.DOC/{number}")), json!("2026-01-01"));
        }
        secretariat.mutate("createDocument", input, "id").await;
        app.app.clock.advance(TimeDelta::seconds(1));
    }
}

/// A silence, with a support, and one that an amendment has broken.
async fn silence(app: &TestApp) {
    let secretariat = app.secretariat();
    let unrcca = app.organization("UNRCCA").await;
    let mandate = json!({
        "organizationId": unrcca, "bodyId": app.body("WG-A").await, "role": "MEMBER", "canObject": true,
        "validFrom": "2025-01-01",
    });
    secretariat.mutate("grantMandate", mandate, "id").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let support = json!({ "organizationId": app.organization("OSCE").await, "kind": "SUPPORT" });
    let amendment = json!({
        "organizationId": unrcca, "kind": "AMENDMENT", "text": text("Why"), "proposedText": text("Otherwise"),
    });
    for position in [support, amendment] {
        let more = json!({ "meetingId": meeting["id"], "deadline": "2026-01-20T04:00:00Z" });
        let input = at_with(&app.under_discussion("WG-A").await, more);
        let silence = secretariat.mutate("openSilence", input, "procedures { id }").await;
        let position = with(position, json!({ "procedureId": silence["procedures"][0]["id"] }));
        secretariat.mutate("statePosition", position, "id").await;
    }
}

/// External ids of every record that has a list.
async fn external_ids(app: &TestApp) {
    let secretariat = app.secretariat();
    let lists = [
        "countries",
        "organizations",
        "bodies",
        "mandates",
        "meetings",
        "recommendations",
        "consensusProcedures",
        "documents",
        "themes",
        "instruments",
    ];
    for list in lists {
        let data = secretariat.query(&format!("{{ {list}(first: 100) {{ nodes {{ id }} }} }}")).await;
        for record in data[list]["nodes"].as_array().expect("nodes") {
            let external = json!({ "sourceSystem": "crm", "value": record["id"] });
            let input = json!({ "id": record["id"], "externalId": external });
            secretariat.mutate("linkExternalId", input, "id").await;
        }
    }
}

/// Agenda items of two meetings, of two bodies and of none, about two texts.
async fn agendas(app: &TestApp, draft: &Value) {
    let other = app.draft("WG-B").await;
    for meeting in [app.planned_meeting(json!({})).await, app.planned_meeting(json!({})).await] {
        for (kind, body) in [
            ("DECISION", Some("WG-A")),
            ("SESSION", Some("WG-B")),
            ("DECISION", Some("WG-A")),
            ("ADMINISTRATIVE", None),
        ] {
            let mut input = json!({ "meetingId": meeting["id"], "title": text(kind), "kind": kind,
                "recommendationIds": [draft["id"], other["id"]] });
            if let Some(body) = body {
                input["bodyId"] = json!(app.body(body).await);
            }
            app.secretariat().mutate("addAgendaItem", input, "id").await;
            app.app.clock.advance(TimeDelta::seconds(1));
        }
    }
}
