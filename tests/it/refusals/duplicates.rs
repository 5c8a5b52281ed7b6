//! Keys that another record already has.

use rec_tests::given::{at_with, text};
use rec_tests::traces::{Case, one, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

use super::Inputs;

on_both_databases! {
    a_key_is_given_once,
    an_ordinal_is_given_once_in_a_body,
    mandates_of_one_role_do_not_overlap,
    mandates_are_granted_to_the_active_in_the_active,
    nothing_is_above_itself_and_the_council_keeps_its_heads,
}

async fn a_key_is_given_once(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let exists = |path: &str| one("ALREADY_EXISTS", path);
    app.secretariat().mutate("createTheme", inputs.get("createTheme").clone(), "id").await;
    app.secretariat().mutate("createInstrument", inputs.get("createInstrument").clone(), "id").await;
    let cases: Vec<Case> = vec![
        ("createOrganization", with(inputs.get("createOrganization"), "acronym", "ISRS"), exists("acronym")),
        ("createOrganization", with(inputs.get("createOrganization"), "acronym", " ISRS\n"), exists("acronym")),
        ("updateOrganization", with(inputs.get("updateOrganization"), "acronym", "ISRS"), exists("acronym")),
        ("createBody", with(inputs.get("createBody"), "code", "WG-A"), exists("code")),
        ("createBody", with(inputs.get("createBody"), "kind", "PLENARY"), exists("kind")),
        ("createBody", with(inputs.get("createBody"), "kind", "EXECUTIVE_COMMITTEE"), exists("kind")),
        ("createTheme", inputs.get("createTheme").clone(), exists("code")),
        ("updateTheme", inputs.get("updateTheme").clone(), exists("code")),
        ("createInstrument", inputs.get("createInstrument").clone(), exists("symbol")),
        ("updateInstrument", inputs.get("updateInstrument").clone(), exists("symbol")),
    ];
    app.refuses(&app.secretariat(), cases).await;
}

async fn an_ordinal_is_given_once_in_a_body(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let (body, other) = (app.body("WG-B").await, app.body("WG-C").await);
    let taken = app.planned_meeting(json!({ "sessions": [{ "bodyId": body, "ordinal": 77 }] })).await;
    let free = app.planned_meeting(json!({ "sessions": [{ "bodyId": other, "ordinal": 77 }] })).await;
    let sessions = json!([{ "bodyId": body, "ordinal": 77 }]);
    let cases: Vec<Case> = vec![
        (
            "scheduleMeeting",
            with(inputs.get("scheduleMeeting"), "sessions", sessions.clone()),
            one("ALREADY_EXISTS", "sessions"),
        ),
        ("setBodySessions", at_with(&free, json!({ "sessions": sessions })), one("ALREADY_EXISTS", "sessions")),
    ];
    app.refuses(&app.secretariat(), cases).await;
    let kept =
        app.secretariat().payload("setBodySessions", at_with(&taken, json!({ "sessions": sessions })), "version").await;
    assert_eq!(kept, json!({ "record": { "version": taken["version"] }, "userErrors": [], "change": null }));
}

async fn mandates_of_one_role_do_not_overlap(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let held = with(inputs.get("grantMandate"), "validTo", "2025-05-13");
    app.secretariat().mutate("grantMandate", held, "id").await;
    let periods = [
        ("2024-05-14", "2025-05-13"),
        ("2025-05-13", "2026-05-13"),
        ("2023-01-01", "2024-05-14"),
        ("2024-06-01", "2024-06-01"),
        ("2020-01-01", "2030-01-01"),
    ];
    let mut cases: Vec<Case> = periods
        .map(|(from, to)| -> Case {
            let input = with(&with(inputs.get("grantMandate"), "validFrom", from), "validTo", to);
            ("grantMandate", input, one("ALREADY_EXISTS", "validFrom"))
        })
        .to_vec();
    let open = with(&with(inputs.get("grantMandate"), "validFrom", "2020-01-01"), "validTo", json!(null));
    cases.push(("grantMandate", open, one("ALREADY_EXISTS", "validFrom")));
    app.refuses(&app.secretariat(), cases).await;
    let next = with(&with(inputs.get("grantMandate"), "validFrom", "2025-05-14"), "validTo", "2026-05-13");
    app.secretariat().mutate("grantMandate", next, "id").await;
}

async fn mandates_are_granted_to_the_active_in_the_active(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let secretariat = app.secretariat();
    secretariat.mutate("deactivateOrganization", inputs.get("deactivateOrganization").clone(), "id").await;
    let body = json!({ "code": "WG-X", "kind": "WORKING_GROUP", "name": text("A group") });
    let body = secretariat.mutate("createBody", body, "id version").await;
    let body = secretariat.mutate("updateBody", at_with(&body, json!({ "active": false })), "id version").await;
    let grant = inputs.get("grantMandate");
    let organization = inputs.get("deactivateOrganization")["id"].clone();
    let cases: Vec<Case> = vec![
        ("grantMandate", with(grant, "organizationId", organization), one("INVALID_STATE", "organizationId")),
        ("grantMandate", with(grant, "bodyId", body["id"].clone()), one("INVALID_STATE", "bodyId")),
        (
            "draftRecommendation",
            with(inputs.get("draftRecommendation"), "bodyId", body["id"].clone()),
            one("INVALID_STATE", "bodyId"),
        ),
    ];
    app.refuses(&secretariat, cases).await;
}

async fn nothing_is_above_itself_and_the_council_keeps_its_heads(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let secretariat = app.secretariat();
    let heads =
        secretariat.query("{ bodies(filter: { code: { in: [\"PL\", \"EC\"] } }) { nodes { id version } } }").await;
    let mut cases: Vec<Case> = Vec::new();
    for head in heads["bodies"]["nodes"].as_array().expect("bodies") {
        cases.push(("updateBody", at_with(head, json!({ "active": false })), one("INVALID_STATE", "active")));
    }
    assert_eq!(cases.len(), 2);
    for (mutation, path) in
        [("updateOrganization", "parentId"), ("updateBody", "reportsToId"), ("updateTheme", "parentId")]
    {
        let input = inputs.get(mutation);
        cases.push((mutation, with(input, path, input["id"].clone()), one("INVALID", path)));
    }
    let above = inputs.get("createTheme")["parentId"].clone();
    let below = secretariat.mutate("createTheme", inputs.get("createTheme").clone(), "id").await;
    let circle = json!({ "id": above, "expectedVersion": 1, "parentId": below["id"] });
    cases.push(("updateTheme", circle, one("INVALID", "parentId")));
    app.refuses(&secretariat, cases).await;
}
