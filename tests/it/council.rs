//! Organisations, bodies, themes, instruments. Mandates stand in `mandate`.

use rec_tests::given::{at, at_with, each, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const ORGANIZATION: &str =
    "id version acronym name kind seat website organizer active parent { acronym } country { iso2 }";
const BODY: &str = "id version code kind name mandateText establishedOn active reportsTo { code }";

async fn created_organization(app: &TestApp) -> Value {
    let input = json!({
        "acronym": "IOM", "name": text("International Organization for Migration"), "kind": "UN_AGENCY_FUND_PROGRAMME",
        "seat": "Geneva", "website": "https://www.iom.int", "organizer": true,
        "parentId": app.organization("UNOCT").await, "countryId": app.country("UZ").await,
    });
    app.secretariat().mutate("createOrganization", input, ORGANIZATION).await
}

async fn created_body(app: &TestApp) -> Value {
    let input = json!({
        "code": "WG-E", "kind": "WORKING_GROUP", "name": text("Working group (e)"), "mandateText": text("Borders"),
        "establishedOn": "2025-03-01", "reportsToId": app.body("EC").await,
    });
    app.secretariat().mutate("createBody", input, BODY).await
}

async fn version_of(app: &TestApp, root: &str, by: &str) -> Value {
    app.anonymous().query(&format!("{{ {root}(by: {by}) {{ id version }} }}")).await[root].take()
}

on_both_databases! {
    the_public_record_is_there,
    an_organisation_is_created_with_all_that_is_given,
    an_update_keeps_what_is_omitted_and_clears_what_is_null,
    what_an_organisation_must_have_is_not_cleared,
    an_update_that_changes_nothing_is_no_change,
    a_stale_version_is_a_conflict_and_shows_the_current_organisation,
    two_organisations_do_not_share_an_acronym,
    a_deactivated_organisation_stays_readable_and_its_tokens_are_refused,
    organisations_are_navigable_to_parent_country_and_back,
    keys_are_found_in_upper_and_lower_case,
    no_organisation_is_above_itself_at_any_distance,
    two_changes_at_once_close_no_circle,
    a_body_is_created_and_reports_to_another_one,
    a_body_is_updated_and_cleared,
    body_codes_are_unique,
    the_council_has_one_active_plenary_and_one_executive_committee,
    an_inactive_body_takes_no_drafts_and_no_mandates,
    no_body_reports_to_itself_at_any_distance,
    themes_form_a_hierarchy_without_cycles,
    theme_codes_are_unique,
    an_instrument_is_updated_and_its_symbol_is_unique,
    an_instrument_is_found_by_its_symbol_in_any_spelling,
    themes_and_instruments_lead_to_their_recommendations,
}

async fn the_public_record_is_there(app: TestApp) {
    let query =
        "{ workingGroups { totalCount nodes { code } } organizers { nodes { acronym } } meetings { totalCount } }";
    let data = app.anonymous().query(query).await;
    assert_eq!(data["workingGroups"]["totalCount"], 4);
    assert_eq!(data["meetings"]["totalCount"], 5);
    let organizers = each(&data["organizers"]["nodes"], "/acronym");
    assert_eq!(organizers, ["ISRS", "OSCE", "UNOCT", "UNRCCA", "OSCE-PCUZ"]);
    let adopted = app.adopted("WG-A").await;
    assert_eq!(adopted["label"], "REC/WG-A/2025/1");
    assert_eq!(json!("ADOPTED"), adopted["status"]);
}

async fn an_organisation_is_created_with_all_that_is_given(app: TestApp) {
    let mut created = created_organization(&app).await;
    let by_acronym = format!("{{ organization(by: {{ acronym: \"IOM\" }}) {{ {ORGANIZATION} }} }}");
    assert_eq!(app.anonymous().query(&by_acronym).await["organization"], created);
    created["id"].take();
    let expected = json!({
        "id": null, "version": 1, "acronym": "IOM", "name": "International Organization for Migration",
        "kind": "UN_AGENCY_FUND_PROGRAMME", "seat": "Geneva", "website": "https://www.iom.int", "organizer": true,
        "active": true, "parent": { "acronym": "UNOCT" }, "country": { "iso2": "UZ" },
    });
    assert_eq!(created, expected);
}

async fn an_update_keeps_what_is_omitted_and_clears_what_is_null(app: TestApp) {
    let created = created_organization(&app).await;
    let input = at_with(&created, json!({ "seat": null, "website": "https://iom.int", "organizer": false }));
    let updated = app.secretariat().mutate("updateOrganization", input, ORGANIZATION).await;
    assert_eq!((&updated["seat"], &updated["website"]), (&Value::Null, &json!("https://iom.int")));
    assert_eq!((&updated["organizer"], &updated["version"]), (&json!(false), &json!(2)));
    assert_eq!((&updated["name"], &updated["parent"]), (&created["name"], &created["parent"]));
    let cleared = at_with(&updated, json!({ "website": null, "parentId": null, "countryId": null }));
    let cleared = app.secretariat().mutate("updateOrganization", cleared, ORGANIZATION).await;
    for field in ["website", "parent", "country"] {
        assert_eq!(cleared[field], Value::Null, "{field}");
    }
}

async fn what_an_organisation_must_have_is_not_cleared(app: TestApp) {
    let created = created_organization(&app).await;
    let input =
        at_with(&created, json!({ "acronym": null, "name": null, "kind": null, "organizer": null, "active": null }));
    let refusals = app.secretariat().refusals("updateOrganization", input).await;
    let fields = ["acronym", "name", "kind", "organizer", "active"];
    assert_eq!(refusals, fields.map(|field| format!("REQUIRED {field}")));
}

async fn an_update_that_changes_nothing_is_no_change(app: TestApp) {
    let created = created_organization(&app).await;
    let lines = app.feed_length().await;
    let input = at_with(&created, json!({ "seat": "Geneva" }));
    let payload = app.secretariat().payload("updateOrganization", input, "version").await;
    assert_eq!(payload, json!({ "record": { "version": 1 }, "userErrors": [], "change": null }));
    assert_eq!(app.feed_length().await, lines);
}

async fn a_stale_version_is_a_conflict_and_shows_the_current_organisation(app: TestApp) {
    let created = created_organization(&app).await;
    let input = at_with(&created, json!({ "seat": "Almaty" }));
    app.secretariat().mutate("updateOrganization", input.clone(), "id").await;
    let payload = app.secretariat().payload("updateOrganization", input, "seat version").await;
    assert_eq!(payload["record"], json!({ "seat": "Almaty", "version": 2 }));
    assert_eq!(each(&payload["userErrors"], "/code"), ["CONFLICT"]);
    assert_eq!(payload["userErrors"][0]["path"], json!(["expectedVersion"]));
}

async fn two_organisations_do_not_share_an_acronym(app: TestApp) {
    let input = json!({ "acronym": "OSCE", "name": text("Another"), "kind": "OTHER" });
    assert_eq!(app.secretariat().refusals("createOrganization", input).await, ["ALREADY_EXISTS acronym"]);
    let created = created_organization(&app).await;
    let renamed = at_with(&created, json!({ "acronym": "OSCE" }));
    assert_eq!(app.secretariat().refusals("updateOrganization", renamed).await, ["ALREADY_EXISTS acronym"]);
}

async fn a_deactivated_organisation_stays_readable_and_its_tokens_are_refused(app: TestApp) {
    let created = created_organization(&app).await;
    let viewer = app.partner("IOM").query("{ viewer { organization { acronym } } }").await;
    assert_eq!(viewer["viewer"]["organization"]["acronym"], "IOM");
    let gone = app.secretariat().mutate("deactivateOrganization", at(&created), ORGANIZATION).await;
    assert_eq!(gone["active"], false);
    assert_eq!(app.partner("IOM").send("{ viewer { role } }", json!({})).await.status, 401);
    assert_eq!(version_of(&app, "organization", "{ acronym: \"IOM\" }").await["id"], created["id"]);
    let back = at_with(&gone, json!({ "active": true }));
    assert_eq!(app.secretariat().mutate("updateOrganization", back, "active").await["active"], true);
    app.partner("IOM").query("{ viewer { role } }").await;
}

async fn organisations_are_navigable_to_parent_country_and_back(app: TestApp) {
    created_organization(&app).await;
    let query = "{ organization(by: { acronym: \"UNOCT\" }) { children {
            totalCount nodes { acronym parent { acronym } } } }
        country(by: { iso2: \"UZ\" }) { organizations(filter: { acronym: { eq: \"IOM\" } }) {
            nodes { acronym country { iso2 } } } } }";
    let data = app.anonymous().query(query).await;
    let child = json!({ "totalCount": 1, "nodes": [{ "acronym": "IOM", "parent": { "acronym": "UNOCT" } }] });
    assert_eq!(data["organization"]["children"], child);
    let of_country = json!([{ "acronym": "IOM", "country": { "iso2": "UZ" } }]);
    assert_eq!(data["country"]["organizations"]["nodes"], of_country);
}

async fn keys_are_found_in_upper_and_lower_case(app: TestApp) {
    let query = "{ body(by: { code: \"wg-a\" }) { code } organization(by: { acronym: \"Osce\" }) { acronym }
        country(by: { iso2: \"kz\" }) { iso2 } theme(by: { code: \"xx\" }) { code } }";
    let found = json!({ "body": { "code": "WG-A" }, "organization": { "acronym": "OSCE" }, "country": { "iso2": "KZ" }, "theme": null });
    assert_eq!(app.anonymous().query(query).await, found);
}

async fn no_organisation_is_above_itself_at_any_distance(app: TestApp) {
    let child = created_organization(&app).await;
    let input = json!({
        "acronym": "IOM-UZ", "name": text("Mission"), "kind": "IGO_FIELD_OPERATION", "parentId": child["id"],
    });
    let grandchild = app.secretariat().mutate("createOrganization", input, "id version").await;
    let top = version_of(&app, "organization", "{ acronym: \"UNOCT\" }").await;
    for parent in [&top["id"], &child["id"], &grandchild["id"]] {
        let input = at_with(&top, json!({ "parentId": parent }));
        assert_eq!(app.secretariat().refusals("updateOrganization", input).await, ["INVALID parentId"]);
    }
}

async fn two_changes_at_once_close_no_circle(app: TestApp) {
    for round in 0..5 {
        let mut pair = Vec::new();
        for letter in ["A", "B"] {
            let input = json!({ "acronym": format!("{letter}{round}"), "name": text("Pair"), "kind": "OTHER" });
            pair.push(app.secretariat().mutate("createOrganization", input, "id version").await);
        }
        let under = |child: usize, parent: usize| {
            let (client, input) = (app.secretariat(), at_with(&pair[child], json!({ "parentId": pair[parent]["id"] })));
            tokio::spawn(async move { client.payload("updateOrganization", input, "id").await })
        };
        let (one, other) = tokio::join!(under(0, 1), under(1, 0));
        let refusals = [one.unwrap(), other.unwrap()].map(|payload| each(&payload["userErrors"], "/code").len());
        assert_eq!(refusals.iter().sum::<usize>(), 1, "one of the two is refused");
    }
}

async fn a_body_is_created_and_reports_to_another_one(app: TestApp) {
    let mut created = created_body(&app).await;
    let query = "{ body(by: { code: \"EC\" }) { subsidiaries(orderBy: [{ field: CODE }]) { nodes { code } } }
        workingGroup(by: { code: \"WG-E\" }) { name } }";
    let data = app.anonymous().query(query).await;
    let codes = each(&data["body"]["subsidiaries"]["nodes"], "/code");
    assert_eq!(codes, ["WG-A", "WG-B", "WG-C", "WG-D", "WG-E"]);
    assert_eq!(data["workingGroup"]["name"], "Working group (e)");
    created["id"].take();
    let expected = json!({
        "id": null, "version": 1, "code": "WG-E", "kind": "WORKING_GROUP", "name": "Working group (e)",
        "mandateText": "Borders", "establishedOn": "2025-03-01", "active": true, "reportsTo": { "code": "EC" },
    });
    assert_eq!(created, expected);
}

async fn a_body_is_updated_and_cleared(app: TestApp) {
    let created = created_body(&app).await;
    let input = at_with(&created, json!({ "name": text("Borders"), "mandateText": null, "reportsToId": null }));
    let updated = app.secretariat().mutate("updateBody", input, BODY).await;
    assert_eq!(updated["name"], "Borders");
    assert_eq!((&updated["mandateText"], &updated["reportsTo"]), (&Value::Null, &Value::Null));
    assert_eq!((&updated["establishedOn"], &updated["version"]), (&json!("2025-03-01"), &json!(2)));
    let input = at_with(&updated, json!({ "establishedOn": null }));
    assert_eq!(app.secretariat().mutate("updateBody", input, BODY).await["establishedOn"], Value::Null);
}

async fn body_codes_are_unique(app: TestApp) {
    let input = json!({ "code": "WG-A", "kind": "WORKING_GROUP", "name": text("Again") });
    assert_eq!(app.secretariat().refusals("createBody", input).await, ["ALREADY_EXISTS code"]);
}

async fn the_council_has_one_active_plenary_and_one_executive_committee(app: TestApp) {
    for (code, kind) in [("PL", "PLENARY"), ("EC", "EXECUTIVE_COMMITTEE")] {
        let second = json!({ "code": "X", "kind": kind, "name": text("Second") });
        assert_eq!(app.secretariat().refusals("createBody", second).await, ["ALREADY_EXISTS kind"], "{kind}");
        let body = version_of(&app, "body", &format!("{{ code: \"{code}\" }}")).await;
        let closed = at_with(&body, json!({ "active": false }));
        assert_eq!(app.secretariat().refusals("updateBody", closed).await, ["INVALID_STATE active"], "{kind}");
    }
}

async fn an_inactive_body_takes_no_drafts_and_no_mandates(app: TestApp) {
    let created = created_body(&app).await;
    app.secretariat().mutate("updateBody", at_with(&created, json!({ "active": false })), "id").await;
    let draft = json!({ "bodyId": created["id"], "kind": "RECOMMENDATION", "title": text("T"), "text": text("T") });
    assert_eq!(app.secretariat().refusals("draftRecommendation", draft).await, ["INVALID_STATE bodyId"]);
    let mandate = json!({
        "bodyId": created["id"], "organizationId": app.organization("OSCE").await, "role": "MEMBER",
        "validFrom": "2025-04-01",
    });
    assert_eq!(app.secretariat().refusals("grantMandate", mandate).await, ["INVALID_STATE bodyId"]);
}

async fn no_body_reports_to_itself_at_any_distance(app: TestApp) {
    let plenary = version_of(&app, "body", "{ code: \"PL\" }").await;
    for code in ["PL", "EC", "WG-A"] {
        let input = at_with(&plenary, json!({ "reportsToId": app.body(code).await }));
        assert_eq!(app.secretariat().refusals("updateBody", input).await, ["INVALID reportsToId"], "{code}");
    }
}

async fn themes_form_a_hierarchy_without_cycles(app: TestApp) {
    let parent = app.theme("LAW").await;
    let input = json!({ "code": "SDG-16", "name": text("Peace"), "kind": "SDG", "parentId": parent });
    let child = app.secretariat().mutate("createTheme", input, "id version code kind name parent { code }").await;
    assert_eq!(
        (&child["kind"], &child["name"], &child["parent"]["code"]),
        (&json!("SDG"), &json!("Peace"), &json!("LAW"))
    );
    let query = "{ themes(filter: { parent: { code: { eq: \"LAW\" } } }) {
        nodes { code parent { children { nodes { code } } } } } }";
    let found = json!([{ "code": "SDG-16", "parent": { "children": { "nodes": [{ "code": "SDG-16" }] } } }]);
    assert_eq!(app.anonymous().query(query).await["themes"]["nodes"], found);
    let cycle = json!({ "id": parent, "expectedVersion": 1, "parentId": child["id"] });
    assert_eq!(app.secretariat().refusals("updateTheme", cycle).await, ["INVALID parentId"]);
    let input = at_with(&child, json!({ "parentId": null, "kind": "AFFECTED_GROUP" }));
    let freed = app.secretariat().mutate("updateTheme", input, "code kind parent { code } version").await;
    assert_eq!(freed, json!({ "code": "SDG-16", "kind": "AFFECTED_GROUP", "parent": null, "version": 2 }));
}

async fn theme_codes_are_unique(app: TestApp) {
    let other = app.theme("OTHER").await;
    app.theme("LAW").await;
    let again = json!({ "code": "LAW", "name": text("Law"), "kind": "SUBJECT" });
    assert_eq!(app.secretariat().refusals("createTheme", again).await, ["ALREADY_EXISTS code"]);
    let renamed = json!({ "id": other, "expectedVersion": 1, "code": "LAW" });
    assert_eq!(app.secretariat().refusals("updateTheme", renamed).await, ["ALREADY_EXISTS code"]);
}

async fn an_instrument_is_found_by_its_symbol_in_any_spelling(app: TestApp) {
    for symbol in ["A/RES/60/288/Add.1", "S/RES/2396 (2017)"] {
        app.instrument(symbol).await;
    }
    for (sought, found) in [
        ("A/RES/60/288/Add.1", json!("A/RES/60/288/Add.1")),
        ("a/res/60/288/ADD. 1", json!("A/RES/60/288/Add.1")),
        ("S/RES/2396", json!("S/RES/2396 (2017)")),
        ("s/res/2396(2017)", json!("S/RES/2396 (2017)")),
        ("a/res/60/288/add.2", Value::Null),
        ("a\u{0}", Value::Null),
    ] {
        let query = "query($of: String!) { instrument(by: { symbol: $of }) { symbol } }";
        let answer = app.anonymous().query_with(query, json!({ "of": sought })).await;
        assert_eq!(answer["instrument"]["symbol"], found, "{sought}");
    }
    for (filter, found) in [
        (json!({ "eq": "s/res/2396" }), vec!["S/RES/2396 (2017)"]),
        (json!({ "in": ["S/RES/2396(2017)", "a/res/60/288/add.1"] }), vec!["A/RES/60/288/Add.1", "S/RES/2396 (2017)"]),
        (json!({ "ne": "S/RES/2396", "startsWith": "s/" }), vec![]),
        (json!({ "notIn": ["S/RES/2396"] }), vec!["A/RES/60/288/Add.1"]),
        (json!({ "contains": "(2017)" }), vec!["S/RES/2396 (2017)"]),
        (json!({ "gt": "B", "eq": "S/RES/2396" }), vec!["S/RES/2396 (2017)"]),
    ] {
        let query = "query($is: StringFilter!) { instruments(filter: { symbol: $is }, orderBy: { field: SYMBOL }) { nodes { symbol } } }";
        let answer = app.anonymous().query_with(query, json!({ "is": filter })).await;
        let symbols: Vec<&str> = answer["instruments"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["symbol"].as_str())
            .collect();
        assert_eq!(symbols, found, "{filter}");
    }
}

async fn an_instrument_is_updated_and_its_symbol_is_unique(app: TestApp) {
    let input = json!({ "symbol": "S/RES/2396", "title": text("Resolution"), "adoptedOn": "2017-12-21" });
    let created = app.secretariat().mutate("createInstrument", input, "id version symbol title adoptedOn").await;
    assert_eq!((&created["symbol"], &created["adoptedOn"]), (&json!("S/RES/2396"), &json!("2017-12-21")));
    let input = at_with(&created, json!({ "title": text("Resolution 2396"), "adoptedOn": null }));
    let updated = app.secretariat().mutate("updateInstrument", input, "symbol title adoptedOn version").await;
    let expected = json!({ "symbol": "S/RES/2396", "title": "Resolution 2396", "adoptedOn": null, "version": 2 });
    assert_eq!(updated, expected);
    for spelling in ["S/RES/2396", "s/res/2396 (2017)"] {
        let again = json!({ "symbol": spelling, "title": text("Again") });
        assert_eq!(app.secretariat().refusals("createInstrument", again).await, ["ALREADY_EXISTS symbol"]);
    }
}

async fn themes_and_instruments_lead_to_their_recommendations(app: TestApp) {
    let (theme, instrument) = (app.theme("LAW").await, app.instrument("S/RES/2396").await);
    app.theme("EMPTY").await;
    app.draft("WG-A").await;
    let on_both = app.draft_with("WG-A", json!({ "themeIds": [theme], "instrumentIds": [instrument] })).await;
    let query = "{ themes(orderBy: [{ field: CODE }]) { nodes { code recommendations { totalCount nodes { id } } } }
        instruments { nodes { recommendations { nodes { id instruments { symbol } } } } } }";
    let data = app.secretariat().query(query).await;
    let themes = json!([
        { "code": "EMPTY", "recommendations": { "totalCount": 0, "nodes": [] } },
        { "code": "LAW", "recommendations": { "totalCount": 1, "nodes": [{ "id": on_both["id"] }] } },
    ]);
    assert_eq!(data["themes"]["nodes"], themes);
    let referring = json!([{ "id": on_both["id"], "instruments": [{ "symbol": "S/RES/2396" }] }]);
    assert_eq!(data["instruments"]["nodes"][0]["recommendations"]["nodes"], referring);
}
