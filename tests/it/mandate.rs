//! Mandates: what organisations are in bodies, and when.

use chrono::TimeDelta;
use rec_tests::given::{at_with, each, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const MANDATE: &str =
    "id version role canObject validFrom validTo organization { acronym } body { code } country { iso2 }";

async fn input(app: &TestApp, acronym: &str, body: &str, role: &str, from: &str, to: Option<&str>) -> Value {
    json!({
        "organizationId": app.organization(acronym).await, "bodyId": app.body(body).await, "role": role,
        "validFrom": from, "validTo": to,
    })
}

on_both_databases! {
    a_mandate_is_granted_and_ended,
    who_may_object_on_a_day_is_asked_of_a_body,
    a_mandate_does_not_end_before_it_begins,
    a_mandate_ends_earlier_than_agreed_but_not_later,
    mandates_of_one_organisation_body_and_role_do_not_overlap,
    mandates_overlap_in_another_body_role_or_organisation,
    delegations_of_participating_states_can_object_unless_said_otherwise,
    an_inactive_organisation_is_granted_nothing,
    an_organisation_is_created_with_its_mandates_and_a_body_with_those_in_it,
    mandates_of_a_new_record_keep_the_rules_of_mandates,
    mandates_are_reached_from_organisation_body_and_country,
    of_grants_at_once_that_overlap_one_is_done,
    a_grant_that_overlaps_is_refused_by_one_code_however_close_it_comes,
    a_mandate_begins_with_the_day_of_the_council,
    a_mandate_ends_with_the_day_of_the_council,
}

async fn a_mandate_is_granted_and_ended(app: TestApp) {
    let wanted = input(&app, "UNODC", "WG-A", "CHAIR", "2025-01-01", None).await;
    let mut granted = app.secretariat().mutate("grantMandate", wanted, MANDATE).await;
    let ended = at_with(&granted, json!({ "validTo": "2025-12-31" }));
    let ended = app.secretariat().mutate("endMandate", ended, "validTo version").await;
    assert_eq!(ended, json!({ "validTo": "2025-12-31", "version": 2 }));
    granted["id"].take();
    let expected = json!({
        "id": null, "version": 1, "role": "CHAIR", "canObject": false, "validFrom": "2025-01-01", "validTo": null,
        "organization": { "acronym": "UNODC" }, "body": { "code": "WG-A" }, "country": null,
    });
    assert_eq!(granted, expected);
}

async fn who_may_object_on_a_day_is_asked_of_a_body(app: TestApp) {
    for (acronym, from, to, objects) in [
        ("UNODC", "2025-01-01", Some("2025-06-30"), true),
        ("ICRC", "2025-06-30", None, true),
        ("UNICEF", "2025-01-01", None, false),
    ] {
        let wanted = with(input(&app, acronym, "WG-A", "MEMBER", from, to).await, json!({ "canObject": objects }));
        app.secretariat().mutate("grantMandate", wanted, "id").await;
    }
    let query = "query($day: Date!) { body(by: { code: \"WG-A\" }) {
        mandates(filter: { validOn: $day, canObject: { eq: true } }, orderBy: { field: VALID_FROM }) { nodes { organization { acronym } } } } }";
    for (day, expected) in [
        ("2024-12-31", vec![]),
        ("2025-01-01", vec!["UNODC"]),
        ("2025-06-30", vec!["UNODC", "ICRC"]),
        ("2025-07-01", vec!["ICRC"]),
    ] {
        let data = app.anonymous().query_with(query, json!({ "day": day })).await;
        let found: Vec<Value> = each(&data["body"]["mandates"]["nodes"], "/organization/acronym");
        assert_eq!(found, expected, "{day}");
    }
}

async fn an_organisation_is_created_with_its_mandates_and_a_body_with_those_in_it(app: TestApp) {
    let held = "mandates(orderBy: [{ field: ROLE }]) { nodes { role canObject validFrom validTo body { code }
        organization { acronym } country { iso2 } } }";
    let organization = json!({
        "acronym": "NEW", "name": text("New"), "kind": "GOVERNMENT_BODY",
        "mandates": [
            { "bodyId": app.body("WG-A").await, "role": "MEMBER", "validFrom": "2025-01-01", "countryId": app.country("UZ").await },
            { "bodyId": app.body("WG-A").await, "role": "CHAIR", "validFrom": "2025-01-01", "validTo": "2025-06-30" },
        ],
    });
    let start = app.anonymous().query("{ feedHead }").await["feedHead"].clone();
    let created = app.secretariat().mutate("createOrganization", organization, held).await;
    let shown = |role: &str, object: bool, to: Value, country: Value| {
        json!({ "role": role, "canObject": object, "validFrom": "2025-01-01", "validTo": to, "body": { "code": "WG-A" },
            "organization": { "acronym": "NEW" }, "country": country })
    };
    let mut nodes = created["mandates"]["nodes"].as_array().unwrap().clone();
    nodes.sort_by_key(|one| one["role"].to_string());
    let expected = [
        shown("CHAIR", false, json!("2025-06-30"), Value::Null),
        shown("MEMBER", true, Value::Null, json!({ "iso2": "UZ" })),
    ];
    assert_eq!(nodes, expected);
    let query = "query($after: String) { changes(after: $after) { edges { kind type } } }";
    let told = app.anonymous().query_with(query, json!({ "after": start })).await;
    let told: Vec<Value> = each(&told["changes"]["edges"], "/type");
    assert_eq!(told, ["ORGANIZATION", "MANDATE", "MANDATE"]);
    let body = json!({
        "code": "WG-E", "kind": "WORKING_GROUP", "name": text("E"),
        "mandates": [{ "organizationId": app.organization("NEW").await, "role": "MEMBER", "validFrom": "2025-01-01" }],
    });
    let created =
        app.secretariat().mutate("createBody", body, "code mandates { nodes { organization { acronym } } }").await;
    assert_eq!(created, json!({ "code": "WG-E", "mandates": { "nodes": [{ "organization": { "acronym": "NEW" } }] } }));
}

async fn mandates_of_a_new_record_keep_the_rules_of_mandates(app: TestApp) {
    let (body, nobody) = (app.body("WG-A").await, format!("bod_{}", "0".repeat(32)));
    let mandate = |more: Value| with(json!({ "bodyId": body, "role": "MEMBER", "validFrom": "2025-01-01" }), more);
    let organization = |mandates: Value| json!({ "acronym": "NEW", "name": [], "kind": "OTHER", "mandates": mandates });
    let inactive = json!({ "code": "WG-E", "kind": "WORKING_GROUP", "name": text("E") });
    let inactive = app.secretariat().mutate("createBody", inactive, "id version").await;
    app.secretariat().mutate("updateBody", at_with(&inactive, json!({ "active": false })), "id").await;
    let wrong = json!([
        mandate(json!({ "validTo": "2024-12-31" })),
        mandate(json!({ "bodyId": nobody, "countryId": "UZ" })),
        mandate(json!({ "bodyId": inactive["id"], "validTo": "2024-12-31" })),
        mandate(json!({ "validTo": "2025-12-31" })),
        mandate(json!({ "validFrom": "2025-12-31" })),
        mandate(json!({ "validFrom": "2026-01-01" })),
        mandate(json!({ "role": "CHAIR" })),
    ]);
    let mut told = app.secretariat().refusals("createOrganization", organization(wrong)).await;
    told.sort_unstable();
    let expected = [
        "ALREADY_EXISTS mandates.4.validFrom",
        "INVALID mandates.0.validTo",
        "INVALID mandates.2.validTo",
        "INVALID_STATE mandates.2.bodyId",
        "NOT_FOUND mandates.1.bodyId",
        "NOT_FOUND mandates.1.countryId",
        "REQUIRED name",
    ];
    assert_eq!(told, expected);
    let many = json!(vec![mandate(json!({})); 101]);
    let told = app.secretariat().refusals("createOrganization", organization(many)).await;
    assert!(told.contains(&"TOO_LONG mandates".to_owned()), "{told:?}");
    assert_eq!(app.rows("SELECT id FROM organization WHERE acronym = 'NEW'").await.len(), 0);
    let body = json!({ "code": "WG-F", "kind": "WORKING_GROUP", "name": text("F"),
        "mandates": [{ "organizationId": "OSCE", "role": "MEMBER", "validFrom": "2025-01-01" }] });
    assert_eq!(app.secretariat().refusals("createBody", body).await, ["NOT_FOUND mandates.0.organizationId"]);
}

async fn a_mandate_does_not_end_before_it_begins(app: TestApp) {
    let backwards = input(&app, "UNODC", "WG-A", "MEMBER", "2025-01-02", Some("2025-01-01")).await;
    assert_eq!(app.secretariat().refusals("grantMandate", backwards).await, ["INVALID validTo"]);
    let one_day = input(&app, "UNODC", "WG-A", "MEMBER", "2025-01-02", Some("2025-01-02")).await;
    let granted = app.secretariat().mutate("grantMandate", one_day, "id version").await;
    let ended = at_with(&granted, json!({ "validTo": "2025-01-01" }));
    assert_eq!(app.secretariat().refusals("endMandate", ended).await, ["INVALID validTo"]);
}

async fn a_mandate_ends_earlier_than_agreed_but_not_later(app: TestApp) {
    let wanted = input(&app, "UNODC", "WG-A", "MEMBER", "2025-01-01", Some("2025-06-30")).await;
    let granted = app.secretariat().mutate("grantMandate", wanted, "id version").await;
    let later = at_with(&granted, json!({ "validTo": "2025-07-01" }));
    assert_eq!(app.secretariat().refusals("endMandate", later).await, ["INVALID validTo"]);
    let earlier = at_with(&granted, json!({ "validTo": "2025-03-31" }));
    assert_eq!(app.secretariat().mutate("endMandate", earlier, "validTo").await["validTo"], "2025-03-31");
}

async fn mandates_of_one_organisation_body_and_role_do_not_overlap(app: TestApp) {
    let held = input(&app, "UNODC", "WG-A", "MEMBER", "2025-01-01", Some("2025-06-30")).await;
    app.secretariat().mutate("grantMandate", held, "id").await;
    for (from, to) in [
        ("2025-06-30", None),
        ("2024-01-01", Some("2025-01-01")),
        ("2025-02-01", Some("2025-03-01")),
        ("2024-01-01", None),
    ] {
        let overlapping = input(&app, "UNODC", "WG-A", "MEMBER", from, to).await;
        let refusals = app.secretariat().refusals("grantMandate", overlapping).await;
        assert_eq!(refusals, ["ALREADY_EXISTS validFrom"], "{from} {to:?}");
    }
    for (from, to) in [("2025-07-01", None), ("2024-01-01", Some("2024-12-31"))] {
        let beside = input(&app, "UNODC", "WG-A", "MEMBER", from, to).await;
        app.secretariat().mutate("grantMandate", beside, "id").await;
    }
}

async fn mandates_overlap_in_another_body_role_or_organisation(app: TestApp) {
    for (acronym, body, role) in [
        ("UNODC", "WG-A", "MEMBER"),
        ("UNODC", "WG-B", "MEMBER"),
        ("UNODC", "WG-A", "RAPPORTEUR"),
        ("OSCE", "WG-A", "MEMBER"),
    ] {
        let beside = input(&app, acronym, body, role, "2025-01-01", None).await;
        app.secretariat().mutate("grantMandate", beside, "id").await;
    }
}

async fn delegations_of_participating_states_can_object_unless_said_otherwise(app: TestApp) {
    let mandate = input(&app, "SSS-UZ", "WG-A", "MEMBER", "2025-01-01", None).await;
    let (state, other) = (app.country("UZ").await, app.country("US").await);
    for (role, more, can_object) in [
        ("MEMBER", json!({ "countryId": state }), true),
        ("OBSERVER", json!({ "countryId": other }), false),
        ("RAPPORTEUR", json!({}), false),
        ("CHAIR", json!({ "countryId": state, "canObject": false }), false),
        ("CO_CHAIR", json!({ "canObject": true }), true),
    ] {
        let wanted = with(with(mandate.clone(), json!({ "role": role })), more);
        let granted = app.secretariat().mutate("grantMandate", wanted, "canObject").await;
        assert_eq!(granted["canObject"], can_object, "{role}");
    }
}

async fn an_inactive_organisation_is_granted_nothing(app: TestApp) {
    let organization = json!({ "id": app.organization("CIS").await, "expectedVersion": 1 });
    app.secretariat().mutate("deactivateOrganization", organization, "id").await;
    let wanted = input(&app, "CIS", "WG-A", "MEMBER", "2025-01-01", None).await;
    assert_eq!(app.secretariat().refusals("grantMandate", wanted).await, ["INVALID_STATE organizationId"]);
}

async fn mandates_are_reached_from_organisation_body_and_country(app: TestApp) {
    let wanted = input(&app, "SSS-UZ", "WG-A", "CHAIR", "2025-01-01", None).await;
    let wanted = with(wanted, json!({ "countryId": app.country("UZ").await }));
    let granted = app.secretariat().mutate("grantMandate", wanted, "id").await;
    app.mandate("OSCE", "WG-B", "MEMBER").await;
    let query = "{ mandates { totalCount }
        organization(by: { acronym: \"SSS-UZ\" }) { mandates { nodes { id } } }
        body(by: { code: \"WG-A\" }) { mandates { nodes { id } } }
        country(by: { iso2: \"UZ\" }) { mandates { nodes { id } } } }";
    let data = app.anonymous().query(query).await;
    assert_eq!(data["mandates"]["totalCount"], 2);
    for parent in ["organization", "body", "country"] {
        assert_eq!(each(&data[parent]["mandates"]["nodes"], "/id"), [granted["id"].clone()], "{parent}");
    }
}

async fn of_grants_at_once_that_overlap_one_is_done(app: TestApp) {
    let other_process = app.second().await;
    // The later rounds meet in the database: by then every connection is open.
    for role in ["MEMBER", "OBSERVER", "CHAIR", "CO_CHAIR", "RAPPORTEUR", "SECRETARIAT"] {
        let mut wanted = Vec::new();
        for month in 1..=6 {
            let from = format!("2025-0{month}-01");
            wanted.push(input(&app, "UNODC", "WG-A", role, &from, Some("2025-12-31")).await);
        }
        let grants = wanted.into_iter().enumerate().map(|(number, wanted)| {
            let client = if number % 2 == 0 { app.secretariat() } else { other_process.secretariat() };
            tokio::spawn(async move { client.payload("grantMandate", wanted, "id").await })
        });
        let mut refused = 0;
        for grant in grants.collect::<Vec<_>>() {
            let payload = grant.await.unwrap();
            assert_ne!(payload["record"].is_null(), payload["change"].is_object());
            refused += usize::from(each(&payload["userErrors"], "/path") == [json!(["validFrom"])]);
        }
        assert_eq!(refused, 5, "{role}");
    }
    let data = app.anonymous().query("{ mandates { totalCount } }").await;
    assert_eq!(data["mandates"]["totalCount"], 6);
}

async fn a_grant_that_overlaps_is_refused_by_one_code_however_close_it_comes(app: TestApp) {
    let wanted = input(&app, "UNODC", "WG-A", "MEMBER", "2025-01-01", None).await;
    let grants: Vec<_> = (0..6)
        .map(|_| {
            let (client, wanted) = (app.secretariat(), wanted.clone());
            tokio::spawn(async move { client.payload("grantMandate", wanted, "id").await })
        })
        .collect();
    for grant in grants {
        let payload = grant.await.unwrap();
        assert!(each(&payload["userErrors"], "/code").iter().all(|code| code == "ALREADY_EXISTS"), "{payload}");
    }
}

async fn a_mandate_begins_with_the_day_of_the_council(app: TestApp) {
    let from = input(&app, "UNODC", "WG-A", "MEMBER", "2026-01-16", None).await;
    app.secretariat().mutate("grantMandate", from, "id").await;
    let body = app.body("WG-A").await;
    let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("A"), "text": text("A") });
    // In Tashkent, five hours ahead of UTC, the day begins at 19:00 UTC.
    app.app.clock.advance(TimeDelta::hours(15) - TimeDelta::seconds(1));
    assert_eq!(app.partner("UNODC").mutation_error("draftRecommendation", draft.clone()).await, "FORBIDDEN");
    app.app.clock.advance(TimeDelta::seconds(1));
    app.partner("UNODC").mutate("draftRecommendation", draft.clone(), "id").await;
    app.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(app.app.clock.now().to_rfc3339(), "2026-01-15T20:00:00+00:00");
    app.partner("UNODC").mutate("draftRecommendation", draft, "id").await;
}

async fn a_mandate_ends_with_the_day_of_the_council(app: TestApp) {
    let until = input(&app, "UNODC", "WG-A", "MEMBER", "2025-01-01", Some("2026-01-15")).await;
    app.secretariat().mutate("grantMandate", until, "id").await;
    let body = app.body("WG-A").await;
    let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("A"), "text": text("A") });
    app.app.clock.advance(TimeDelta::hours(15) - TimeDelta::seconds(1));
    app.partner("UNODC").mutate("draftRecommendation", draft.clone(), "id").await;
    app.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(app.partner("UNODC").mutation_error("draftRecommendation", draft).await, "FORBIDDEN");
}
