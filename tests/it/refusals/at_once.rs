//! All that is wrong in an input is named at once, each at its own place.

use rec_tests::given::{at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    a_new_record_is_refused_for_all_that_is_wrong,
    a_change_is_refused_for_all_that_is_wrong,
    a_list_is_refused_for_all_that_is_wrong,
    an_inactive_body_is_told_beside_the_rest,
    who_may_not_change_a_text_is_told_nothing_else,
    a_row_is_refused_for_all_that_is_wrong,
    a_row_with_a_wrong_key_is_refused_for_the_rest_too,
    a_row_that_names_its_record_is_judged_beside_it,
    what_is_named_hides_nothing_that_is_wrong,
    the_record_to_be_changed_comes_first_and_alone,
    an_id_that_is_none_says_what_an_id_looks_like,
}

pub async fn is_refused_for(app: &TestApp, mutation: &str, input: Value, expected: &[&str]) {
    let mut told = app.secretariat().refusals(mutation, input).await;
    told.sort_unstable();
    assert_eq!(told, expected, "{mutation}");
}

/// Ids that no record has.
pub fn nobody(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

async fn a_new_record_is_refused_for_all_that_is_wrong(app: TestApp) {
    let nothing = json!([]);
    let meeting = json!({
        "title": nothing, "kind": "BRIEFING", "modality": "ONLINE", "startsOn": "2025-12-02", "endsOn": "2025-12-01",
        "timezone": "Tashkent", "venue": "Hall", "participantCount": -1, "countryId": nobody("cty"),
        "organizers": [{ "organizationId": nobody("org"), "role": "HOST" }], "sessions": [{ "bodyId": nobody("bod") }],
        "alternativeTitles": [{ "title": text("A"), "sourceId": nobody("src") }], "sourceIds": [nobody("src")],
    });
    let expected = [
        "INVALID endsOn",
        "INVALID participantCount",
        "INVALID sessions",
        "INVALID timezone",
        "INVALID venue",
        "NOT_FOUND alternativeTitles.0.sourceId",
        "NOT_FOUND countryId",
        "NOT_FOUND organizers.0.organizationId",
        "NOT_FOUND sessions.0.bodyId",
        "NOT_FOUND sourceIds.0",
        "REQUIRED countQualifier",
        "REQUIRED title",
    ];
    is_refused_for(&app, "scheduleMeeting", meeting, &expected).await;
    let draft = json!({
        "bodyId": nobody("bod"), "kind": "RECOMMENDATION", "title": nothing, "text": nothing, "targetDate": "2020-01-01",
        "themeIds": [nobody("thm")], "instrumentIds": [nobody("ins")],
        "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": nobody("cty") }],
    });
    let expected = [
        "INVALID targetDate",
        "NOT_FOUND addressees.0.countryId",
        "NOT_FOUND bodyId",
        "NOT_FOUND instrumentIds.0",
        "NOT_FOUND themeIds.0",
        "REQUIRED text",
        "REQUIRED title",
    ];
    is_refused_for(&app, "draftRecommendation", draft, &expected).await;
    let item = json!({
        "meetingId": nobody("mtg"), "title": nothing, "kind": "SESSION", "number": "\u{7}", "bodyId": nobody("bod"),
        "recommendationIds": [nobody("rec")],
    });
    let expected = [
        "INVALID number",
        "NOT_FOUND bodyId",
        "NOT_FOUND meetingId",
        "NOT_FOUND recommendationIds.0",
        "REQUIRED title",
    ];
    is_refused_for(&app, "addAgendaItem", item, &expected).await;
    let mandate = json!({
        "organizationId": nobody("org"), "bodyId": "WG-A", "countryId": nobody("cty"), "role": "MEMBER",
        "validFrom": "2025-02-01", "validTo": "2025-01-01",
    });
    let expected = ["INVALID validTo", "NOT_FOUND bodyId", "NOT_FOUND countryId", "NOT_FOUND organizationId"];
    is_refused_for(&app, "grantMandate", mandate, &expected).await;
    let organization = json!({ "acronym": "", "name": nothing, "kind": "OTHER", "parentId": nobody("org"), "countryId": nobody("cty") });
    let expected = ["NOT_FOUND countryId", "NOT_FOUND parentId", "REQUIRED acronym", "REQUIRED name"];
    is_refused_for(&app, "createOrganization", organization, &expected).await;
    let body = json!({ "code": "wg e", "kind": "WORKING_GROUP", "name": nothing, "reportsToId": nobody("bod") });
    is_refused_for(&app, "createBody", body, &["INVALID code", "NOT_FOUND reportsToId", "REQUIRED name"]).await;
    let theme = json!({ "code": "a theme", "kind": "SUBJECT", "name": nothing, "parentId": nobody("thm") });
    is_refused_for(&app, "createTheme", theme, &["INVALID code", "NOT_FOUND parentId", "REQUIRED name"]).await;
    let part = json!({
        "meetingId": nobody("mtg"), "organizationId": nobody("org"), "capacity": "SPEAKER", "attendance": "PRESENT",
    });
    is_refused_for(&app, "recordParticipation", part, &["NOT_FOUND meetingId", "NOT_FOUND organizationId"]).await;
}

async fn a_change_is_refused_for_all_that_is_wrong(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let wrong = json!({
        "timezone": "Tashkent", "modality": "ONLINE", "venue": "Hall", "endsOn": "2020-01-01", "countQualifier": "EXACT",
        "title": [], "countryId": nobody("cty"), "sourceIds": [nobody("src")],
    });
    let expected = [
        "INVALID endsOn",
        "INVALID timezone",
        "INVALID venue",
        "NOT_FOUND countryId",
        "NOT_FOUND sourceIds.0",
        "REQUIRED countQualifier",
        "REQUIRED title",
    ];
    is_refused_for(&app, "updateMeeting", at_with(&meeting, wrong), &expected).await;
    // A value that is refused by itself is not judged beside others.
    let wrong = at_with(&meeting, json!({ "startsOn": null, "endsOn": "2020-01-01" }));
    is_refused_for(&app, "updateMeeting", wrong, &["REQUIRED startsOn"]).await;
    let draft = app.draft("WG-A").await;
    let wrong = json!({
        "title": [], "text": [], "themeIds": [nobody("thm")], "instrumentIds": ["X"], "targetDate": "2020-01-01",
        "changeNote": "\u{7}",
    });
    let expected = [
        "INVALID changeNote",
        "INVALID targetDate",
        "NOT_FOUND instrumentIds.0",
        "NOT_FOUND themeIds.0",
        "REQUIRED text",
        "REQUIRED title",
    ];
    is_refused_for(&app, "reviseRecommendation", at_with(&draft, wrong), &expected).await;
    let with_sessions = app.planned_meeting(json!({ "sessions": [{ "bodyId": app.body("WG-A").await }] })).await;
    let wrong = at_with(&with_sessions, json!({ "kind": "BRIEFING", "timezone": "Tashkent" }));
    is_refused_for(&app, "updateMeeting", wrong, &["INVALID sessions", "INVALID timezone"]).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "SESSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let wrong = at_with(&item, json!({ "title": [], "bodyId": nobody("bod"), "recommendationIds": [nobody("rec")] }));
    let expected = ["NOT_FOUND bodyId", "NOT_FOUND recommendationIds.0", "REQUIRED title"];
    is_refused_for(&app, "updateAgendaItem", wrong, &expected).await;
    let meeting = app.planned_meeting(json!({ "kind": "BRIEFING" })).await;
    let wrong = at_with(&meeting, json!({ "sessions": [{ "bodyId": nobody("bod") }] }));
    is_refused_for(&app, "setBodySessions", wrong, &["INVALID sessions", "NOT_FOUND sessions.0.bodyId"]).await;
    let theme = app.theme("CHANGED").await;
    let wrong = json!({ "id": theme, "expectedVersion": 1, "name": [], "code": "no code", "parentId": nobody("thm") });
    is_refused_for(&app, "updateTheme", wrong, &["INVALID code", "NOT_FOUND parentId", "REQUIRED name"]).await;
    let version =
        "{ organization(by: { acronym: \"UNOCT\" }) { id version } body(by: { code: \"WG-D\" }) { id version } }";
    let known = app.anonymous().query(version).await;
    let wrong = json!({ "name": [], "acronym": "no code", "parentId": nobody("org"), "countryId": nobody("cty") });
    let expected = ["INVALID acronym", "NOT_FOUND countryId", "NOT_FOUND parentId", "REQUIRED name"];
    is_refused_for(&app, "updateOrganization", at_with(&known["organization"], wrong), &expected).await;
    let wrong = at_with(&known["body"], json!({ "name": [], "reportsToId": nobody("bod") }));
    is_refused_for(&app, "updateBody", wrong, &["NOT_FOUND reportsToId", "REQUIRED name"]).await;
}

/// What is not well formed hides nothing of what is not there, in the same list or another one.
async fn a_list_is_refused_for_all_that_is_wrong(app: TestApp) {
    let (body, theme) = (app.body("WG-A").await, app.theme("TWICE").await);
    let draft = json!({
        "bodyId": body, "kind": "RECOMMENDATION", "text": text("A"), "themeIds": [theme, theme, nobody("thm")],
        "title": [{ "locale": "EN", "text": "A" }, { "locale": "EN", "text": "" }], "instrumentIds": ["X", nobody("ins")],
        "addressees": [
            { "category": "GOVERNMENT", "role": "LEAD", "countryId": nobody("cty") },
            { "category": "GOVERNMENT", "role": "LEAD", "countryId": "UZ" },
        ],
    });
    let expected = [
        "INVALID themeIds",
        "INVALID title.1.locale",
        "NOT_FOUND addressees.0.countryId",
        "NOT_FOUND addressees.1.countryId",
        "NOT_FOUND instrumentIds.0",
        "NOT_FOUND instrumentIds.1",
        "NOT_FOUND themeIds.2",
        "REQUIRED title.1.text",
    ];
    is_refused_for(&app, "draftRecommendation", draft, &expected).await;
    let meeting = json!({
        "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02",
        "organizers": [
            { "organizationId": nobody("org"), "role": "HOST" },
            { "organizationId": nobody("org"), "role": "ORGANIZER" },
        ],
        "sessions": [{ "bodyId": nobody("bod"), "ordinal": 0 }], "sourceIds": ["X", nobody("src")],
    });
    let expected = [
        "INVALID organizers",
        "INVALID sessions.0.ordinal",
        "NOT_FOUND organizers.0.organizationId",
        "NOT_FOUND organizers.1.organizationId",
        "NOT_FOUND sessions.0.bodyId",
        "NOT_FOUND sourceIds.0",
        "NOT_FOUND sourceIds.1",
    ];
    is_refused_for(&app, "scheduleMeeting", meeting, &expected).await;
    let item = json!({
        "meetingId": app.planned_meeting(json!({})).await["id"], "title": text("A"), "kind": "SESSION",
        "recommendationIds": ["X", nobody("rec")],
    });
    let expected = ["NOT_FOUND recommendationIds.0", "NOT_FOUND recommendationIds.1"];
    is_refused_for(&app, "addAgendaItem", item, &expected).await;
}

/// What a body no longer does is told beside the rest.
async fn an_inactive_body_is_told_beside_the_rest(app: TestApp) {
    let group = json!({ "code": "WG-E", "kind": "WORKING_GROUP", "name": text("E") });
    let group = app.secretariat().mutate("createBody", group, "id version").await;
    app.secretariat().mutate("updateBody", at_with(&group, json!({ "active": false })), "id").await;
    let draft = json!({ "bodyId": group["id"], "kind": "RECOMMENDATION", "title": [], "text": text("A") });
    is_refused_for(&app, "draftRecommendation", draft, &["INVALID_STATE bodyId", "REQUIRED title"]).await;
    let mandate = json!({
        "organizationId": app.organization("OSCE").await, "bodyId": group["id"], "role": "MEMBER", "countryId": nobody("cty"),
        "validFrom": "2025-02-01", "validTo": "2025-01-01",
    });
    let expected = ["INVALID validTo", "INVALID_STATE bodyId", "NOT_FOUND countryId"];
    is_refused_for(&app, "grantMandate", mandate, &expected).await;
}

/// Who may not change a text is told that, and nothing of the row.
async fn who_may_not_change_a_text_is_told_nothing_else(app: TestApp) {
    let discussed = app.under_discussion("WG-A").await;
    let link = json!({ "id": discussed["id"], "externalId": { "sourceSystem": "crm", "value": "1" } });
    app.secretariat().mutate("linkExternalId", link, "id").await;
    app.mandate("OSCE", "WG-B", "MEMBER").await;
    let row = json!({
        "id": discussed["id"], "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("Other"),
        "text": text("Other"), "themeIds": [nobody("thm")],
    });
    let input = json!({ "rows": [row], "matchBy": "ID" });
    let payload = app.partner("OSCE").upsert("upsertRecommendations", input, "id").await;
    let errors = payload["rows"][0]["userErrors"].as_array().expect("errors");
    assert_eq!(errors.iter().map(|error| &error["code"]).collect::<Vec<_>>(), ["FORBIDDEN"]);
}

async fn an_id_that_is_none_says_what_an_id_looks_like(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let input = json!({
        "meetingId": meeting["id"], "organizationId": "UNOCT", "capacity": "SPEAKER", "attendance": "PRESENT",
    });
    let payload = app.secretariat().payload("recordParticipation", input, "id").await;
    let expected = json!([{
        "code": "NOT_FOUND",
        "message": "There is no such organisation: its id begins with org_. If you have a code, an acronym or a label, look up \
                    the id first.",
        "path": ["organizationId"],
    }]);
    assert_eq!(payload["userErrors"], expected);
    let link = json!({ "id": "OSCE", "externalId": { "sourceSystem": "crm", "value": "1" } });
    let payload = app.secretariat().payload("linkExternalId", link, "id").await;
    let message = payload["userErrors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("begins with the letters of its type, such as org_"), "{message}");
    let query = "{ organizations(filter: { id: { in: [\"OSCE\"] } }) { totalCount } }";
    let answer = app.anonymous().send(query, json!({})).await;
    let message = answer.body["errors"][0]["message"].as_str().expect("a message");
    assert!(message.starts_with("\"OSCE\" is no id. An id of this type is org_"), "{message}");
}

/// What is told of the only row of a bulk write, by its fields.
pub async fn row_is_refused_for(app: &TestApp, mutation: &str, row: Value, expected: &[&str]) {
    let match_by = if row.get("externalId").is_some() { "EXTERNAL_ID" } else { "ID" };
    let input = json!({ "rows": [row], "matchBy": match_by });
    let payload = app.secretariat().upsert(mutation, input, "id").await;
    let errors = payload["rows"][0]["userErrors"].as_array().expect("errors");
    let mut told: Vec<String> = errors
        .iter()
        .map(|error| {
            let path: Vec<_> =
                error["path"].as_array().expect("a path").iter().skip(2).filter_map(Value::as_str).collect();
            format!("{} {}", error["code"].as_str().unwrap_or_default(), path.join("."))
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, expected, "{mutation}");
}

async fn a_row_is_refused_for_all_that_is_wrong(app: TestApp) {
    let nothing = json!([]);
    let external = json!({ "sourceSystem": "crm", "value": "1" });
    let meeting = json!({
        "externalId": external, "title": nothing, "kind": "BRIEFING", "modality": "ONLINE", "startsOn": "2025-12-02", "endsOn": "2025-12-01",
        "venue": "Hall", "countryId": nobody("cty"), "organizers": [{ "organizationId": nobody("org"), "role": "HOST" }],
    });
    let expected = [
        "INVALID endsOn",
        "INVALID venue",
        "NOT_FOUND countryId",
        "NOT_FOUND organizers.0.organizationId",
        "REQUIRED title",
    ];
    row_is_refused_for(&app, "upsertMeetings", meeting, &expected).await;
    let organization = json!({ "externalId": external, "acronym": "", "name": nothing, "kind": "OTHER", "parentId": nobody("org"), "countryId": nobody("cty") });
    let expected = ["NOT_FOUND countryId", "NOT_FOUND parentId", "REQUIRED acronym", "REQUIRED name"];
    row_is_refused_for(&app, "upsertOrganizations", organization, &expected).await;
    let draft = json!({
        "externalId": external, "bodyId": "WG-A", "kind": "RECOMMENDATION", "title": nothing, "text": nothing, "themeIds": [nobody("thm")],
        "instrumentIds": ["X"],
    });
    let expected =
        ["NOT_FOUND bodyId", "NOT_FOUND instrumentIds.0", "NOT_FOUND themeIds.0", "REQUIRED text", "REQUIRED title"];
    row_is_refused_for(&app, "upsertRecommendations", draft, &expected).await;
    let document = json!({
        "externalId": external, "symbol": "/", "kind": "AGENDA", "title": nothing, "sensitivity": "PUBLIC", "versions": [], "bodyId": "WG-A",
        "meetingId": nobody("mtg"), "recommendationId": nobody("rec"), "agendaItemId": nobody("agi"),
    });
    let expected = [
        "INVALID symbol",
        "NOT_FOUND agendaItemId",
        "NOT_FOUND bodyId",
        "NOT_FOUND meetingId",
        "NOT_FOUND recommendationId",
        "REQUIRED noPersonalData",
        "REQUIRED title",
        "REQUIRED versions",
    ];
    row_is_refused_for(&app, "upsertDocuments", document, &expected).await;
}

async fn a_row_with_a_wrong_key_is_refused_for_the_rest_too(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let (organization, body) = (app.organization("OSCE").await, app.body("WG-A").await);
    let draft = app.draft("WG-A").await;
    let rows = [
        (
            "upsertMeetings",
            "mtg",
            &meeting["id"],
            json!({ "title": [], "kind": "BRIEFING", "modality": "ONLINE", "startsOn": "2025-12-02", "endsOn": "2025-12-02" }),
        ),
        ("upsertOrganizations", "org", &json!(organization), json!({ "acronym": "OSCE", "name": [], "kind": "OTHER" })),
        (
            "upsertRecommendations",
            "rec",
            &draft["id"],
            json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": [], "text": text("A") }),
        ),
    ];
    for (mutation, prefix, known, row) in rows {
        let missing = if prefix == "org" { "REQUIRED name" } else { "REQUIRED title" };
        for (key, told) in [
            (json!({ "id": nobody(prefix) }), "NOT_FOUND id"),
            (json!({ "id": "1" }), "NOT_FOUND id"),
            (json!({ "id": known, "expectedVersion": 99 }), "CONFLICT expectedVersion"),
            (json!({ "externalId": { "sourceSystem": "", "value": "1" } }), "REQUIRED externalId.sourceSystem"),
            (
                json!({ "externalId": { "sourceSystem": "crm", "value": "1" }, "id": known, "expectedVersion": 1 }),
                "INVALID id",
            ),
        ] {
            row_is_refused_for(&app, mutation, with(row.clone(), key), &[told, missing]).await;
        }
    }
    let theme = app.theme("MERGED").await;
    let merge = json!({ "id": nobody("thm"), "expectedVersion": 1, "intoId": "X" });
    is_refused_for(&app, "mergeThemes", merge, &["NOT_FOUND id", "NOT_FOUND intoId"]).await;
    let merge = json!({ "id": "X", "expectedVersion": 1, "intoId": nobody("thm") });
    is_refused_for(&app, "mergeThemes", merge, &["NOT_FOUND id", "NOT_FOUND intoId"]).await;
    let merge = json!({ "id": theme, "expectedVersion": 1, "intoId": theme });
    is_refused_for(&app, "mergeThemes", merge, &["INVALID intoId"]).await;
    let client = json!({ "purpose": "", "role": "PARTNER", "organizationId": nobody("org"), "scopes": [] });
    let expected = ["NOT_FOUND organizationId", "REQUIRED purpose", "REQUIRED scopes"];
    let mut told = app.admin().refusals("registerClient", client).await;
    told.sort_unstable();
    assert_eq!(told, expected);
    let client = json!({ "purpose": "", "role": "PARTNER", "scopes": ["READ"] });
    let mut told = app.admin().refusals("registerClient", client).await;
    told.sort_unstable();
    assert_eq!(told, ["REQUIRED organizationId", "REQUIRED purpose"]);
}

/// Whatever is wrong with its key, a row is judged beside the record that it names.
async fn a_row_that_names_its_record_is_judged_beside_it(app: TestApp) {
    let counted = json!({ "participantCount": 5, "countQualifier": "EXACT" });
    let meeting = app.planned_meeting(counted).await;
    let row = json!({
        "id": meeting["id"], "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02",
        "endsOn": "2025-12-02", "participantCount": 6,
    });
    let malformed = with(row.clone(), json!({ "externalId": { "sourceSystem": "", "value": "1" } }));
    let input = json!({ "rows": [malformed], "matchBy": "ID" });
    let payload = app.secretariat().upsert("upsertMeetings", input, "id").await;
    assert_eq!(payload["rows"][0]["userErrors"].as_array().unwrap().len(), 1, "{payload}");
    let input = json!({ "rows": [row], "matchBy": "EXTERNAL_ID" });
    let payload = app.secretariat().upsert("upsertMeetings", input, "id").await;
    let errors = payload["rows"][0]["userErrors"].as_array().unwrap();
    assert!(!errors.is_empty() && errors.iter().all(|error| error["path"][2] != "countQualifier"), "{payload}");
}

async fn what_is_named_hides_nothing_that_is_wrong(app: TestApp) {
    let part = json!({
        "meetingId": "X", "organizationId": nobody("org"), "capacity": "SPEAKER", "attendance": "PRESENT", "delegates": -1,
    });
    let expected = ["INVALID delegates", "NOT_FOUND meetingId", "NOT_FOUND organizationId"];
    is_refused_for(&app, "recordParticipation", part, &expected).await;
    let (organization, body) = (app.organization("OSCE").await, app.body("WG-A").await);
    let meeting = json!({
        "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02",
        "organizers": [
            { "organizationId": "OSCE", "role": "HOST" },
            { "organizationId": organization, "role": "HOST" },
            { "organizationId": organization, "role": "HOST" },
        ],
    });
    let expected = ["INVALID organizers", "NOT_FOUND organizers.0.organizationId"];
    is_refused_for(&app, "scheduleMeeting", meeting, &expected).await;
    let briefing = json!({
        "title": [], "kind": "BRIEFING", "modality": "ONLINE", "startsOn": "2025-12-02", "sessions": [{ "bodyId": body }],
    });
    row_is_refused_for(&app, "upsertMeetings", briefing, &["INVALID sessions", "REQUIRED title"]).await;
    let link = json!({ "id": nobody("org"), "externalId": { "sourceSystem": "", "value": "1" } });
    for mutation in ["linkExternalId", "unlinkExternalId"] {
        is_refused_for(&app, mutation, link.clone(), &["NOT_FOUND id", "REQUIRED externalId.sourceSystem"]).await;
    }
    for (mutation, input, expected) in [
        ("issueToken", json!({ "clientId": nobody("cli"), "days": 0 }), ["INVALID days", "NOT_FOUND clientId"]),
        (
            "registerWebhook",
            json!({ "url": "nowhere", "clientId": nobody("cli") }),
            ["INVALID url", "NOT_FOUND clientId"],
        ),
    ] {
        let mut told = app.admin().refusals(mutation, input).await;
        told.sort_unstable();
        assert_eq!(told, expected, "{mutation}");
    }
}

async fn the_record_to_be_changed_comes_first_and_alone(app: TestApp) {
    let nowhere = json!({ "id": nobody("rec"), "expectedVersion": 1 });
    for (mutation, more) in [
        ("adoptRecommendation", json!({ "meetingId": "X", "noPersonalData": false })),
        ("recordAgreement", json!({ "meetingId": "X" })),
        ("supersedeRecommendation", json!({ "supersededById": "X" })),
        ("reviseRecommendation", json!({ "title": [] })),
    ] {
        is_refused_for(&app, mutation, with(nowhere.clone(), more), &["NOT_FOUND id"]).await;
    }
    let draft = app.draft("WG-A").await;
    let early = at_with(&draft, json!({ "meetingId": "X", "noPersonalData": false }));
    is_refused_for(&app, "adoptRecommendation", early, &["INVALID_STATE id"]).await;
    let items = json!({ "meetingId": nobody("mtg"), "expectedVersion": 1, "itemIds": ["X", "X"] });
    is_refused_for(&app, "reorderAgendaItems", items, &["NOT_FOUND meetingId"]).await;
}
