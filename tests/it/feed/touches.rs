//! Which records a use case touches, and how far their versions rise.

use rec_tests::given::{at, at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{audits, head, lines};

/// Runs a use case: its lines in the feed as `KIND Subject version`, and its line in the audit trail.
async fn writes(app: &TestApp, mutation: &str, input: Value, selection: &str, expected: &[&str]) -> Value {
    let (head, audits) = (head(app).await, audits(app).await.len());
    let payload = app.secretariat().payload(mutation, input, selection).await;
    assert_eq!(payload["userErrors"], json!([]), "{mutation}");
    let lines = lines(app, head).await;
    let told: Vec<String> =
        lines.iter().map(|line| format!("{:?} {:?} {}", line.kind, line.subject_kind, line.version)).collect();
    assert_eq!(told, expected, "{mutation}");
    let audits = super::audits(app).await.split_off(audits);
    if expected.is_empty() {
        assert_eq!(payload["change"], Value::Null, "{mutation}");
        assert!(audits.is_empty(), "{mutation}");
    } else {
        let last = lines.last().expect("a line").seq;
        assert_eq!(payload["change"]["cursor"], app.app.feed.cursor(last).to_string(), "{mutation}");
        assert_eq!(app.app.feed.head().seq, last, "{mutation}");
        assert_eq!((audits.len(), audits[0].actor.as_str()), (1, "local:secretariat"), "{mutation}");
        assert_eq!((audits[0].action.as_str(), audits[0].at), (mutation, app.app.clock.now()));
        let subjects: Vec<&str> = audits[0].subjects.0.iter().map(|id| &id[id.len() - 32..]).collect();
        let ids: Vec<String> = lines.iter().map(|line| line.subject_id.simple().to_string()).collect();
        assert_eq!(subjects, ids, "{mutation}");
        assert!(lines.iter().all(|line| line.actor == "secretariat" && line.at == app.app.clock.now()));
    }
    payload["record"].clone()
}

on_both_databases! {
    other_titles_and_sources_touch_their_meeting,
    organisations_bodies_and_vocabulary_tell_of_themselves,
    every_state_and_translation_touches_its_meeting,
    what_an_agenda_item_says_touches_it_and_its_meeting,
    how_many_come_touches_a_participation,
    who_may_see_a_meeting_touches_its_items_and_participations,
    the_parts_of_a_meeting_touch_the_meeting,
    the_parts_of_a_recommendation_touch_it,
}

async fn other_titles_and_sources_touch_their_meeting(app: TestApp) {
    let source = app.sources().await.remove(0);
    let row = app.planned_meeting(json!({})).await;
    let title = |english: &str| json!({ "alternativeTitles": [{ "title": text(english), "sourceId": source }] });
    let update = async |row: &Value, more: Value, expected: &[&str]| {
        writes(&app, "updateMeeting", at_with(row, more), "id version", expected).await
    };
    let row = update(&row, title("As others say"), &["Updated Meeting 2"]).await;
    update(&row, title("As others say"), &[]).await;
    let row = update(&row, title("As they say now"), &["Updated Meeting 3"]).await;
    let row = update(&row, json!({ "sourceIds": [source] }), &["Updated Meeting 4"]).await;
    update(&row, json!({ "sourceIds": [source] }), &[]).await;
    update(&row, json!({ "sourceIds": null, "alternativeTitles": null }), &["Updated Meeting 5"]).await;
}

async fn organisations_bodies_and_vocabulary_tell_of_themselves(app: TestApp) {
    let v = "id version";
    let row = writes(
        &app,
        "createOrganization",
        json!({ "acronym": "NEW", "name": text("New"), "kind": "OTHER" }),
        v,
        &["Created Organization 1"],
    )
    .await;
    let renamed = at_with(&row, json!({ "name": [{ "locale": "UZ", "text": "Yangi" }] }));
    let row = writes(&app, "updateOrganization", renamed.clone(), v, &["Updated Organization 2"]).await;
    writes(&app, "updateOrganization", with(renamed, json!({ "expectedVersion": 2 })), v, &[]).await;
    let row = writes(&app, "deactivateOrganization", at(&row), v, &["Updated Organization 3"]).await;
    writes(&app, "deactivateOrganization", at(&row), v, &[]).await;
    let row = writes(
        &app,
        "createBody",
        json!({ "code": "WG-E", "kind": "WORKING_GROUP", "name": text("E") }),
        v,
        &["Created Body 1"],
    )
    .await;
    let in_uzbek =
        |field: &str| json!({ field: [{ "locale": "EN", "text": "E" }, { "locale": "UZ", "text": "Yangi" }] });
    let row =
        writes(&app, "updateBody", at_with(&row, json!({ "establishedOn": "2025-01-01" })), v, &["Updated Body 2"])
            .await;
    let row = writes(&app, "updateBody", at_with(&row, in_uzbek("name")), v, &["Updated Body 3"]).await;
    writes(&app, "updateBody", at_with(&row, in_uzbek("name")), v, &[]).await;
    let mandate = json!({ "organizationId": app.organization("ISRS").await, "bodyId": row["id"], "role": "CHAIR", "validFrom": "2025-01-01" });
    let row = writes(&app, "grantMandate", mandate, v, &["Created Mandate 1"]).await;
    writes(&app, "endMandate", at_with(&row, json!({ "validTo": "2025-06-01" })), v, &["Updated Mandate 2"]).await;
    let row =
        writes(&app, "createTheme", json!({ "code": "T", "name": text("T"), "kind": "SDG" }), v, &["Created Theme 1"])
            .await;
    let row = writes(&app, "updateTheme", at_with(&row, json!({ "code": "T2" })), v, &["Updated Theme 2"]).await;
    let row = writes(&app, "updateTheme", at_with(&row, in_uzbek("name")), v, &["Updated Theme 3"]).await;
    writes(&app, "updateTheme", at_with(&row, in_uzbek("name")), v, &[]).await;
    let row =
        writes(&app, "createInstrument", json!({ "symbol": "S/1", "title": text("I") }), v, &["Created Instrument 1"])
            .await;
    let row =
        writes(&app, "updateInstrument", at_with(&row, json!({ "symbol": "S/2" })), v, &["Updated Instrument 2"]).await;
    let row = writes(&app, "updateInstrument", at_with(&row, in_uzbek("title")), v, &["Updated Instrument 3"]).await;
    writes(&app, "updateInstrument", at_with(&row, in_uzbek("title")), v, &[]).await;
}

async fn every_state_and_translation_touches_its_meeting(app: TestApp) {
    let v = "id version";
    let row = app.planned_meeting(json!({ "startsOn": "2026-01-15" })).await;
    let both = json!({ "title": [{ "locale": "EN", "text": "A meeting" }, { "locale": "RU", "text": "Встреча" }] });
    let row = writes(&app, "updateMeeting", at_with(&row, both.clone()), v, &["Updated Meeting 2"]).await;
    let row = writes(&app, "updateMeeting", at_with(&row, both), v, &[]).await;
    let row = writes(&app, "confirmMeeting", at(&row), v, &["Updated Meeting 3"]).await;
    writes(&app, "openMeeting", at(&row), v, &["Updated Meeting 4"]).await;
    let row = app.planned_meeting(json!({})).await;
    let later = json!({ "startsOn": "2026-03-01" });
    let row = writes(&app, "postponeMeeting", at_with(&row, later), v, &["Updated Meeting 2"]).await;
    writes(&app, "cancelMeeting", at(&row), v, &["Updated Meeting 3"]).await;
}

async fn what_an_agenda_item_says_touches_it_and_its_meeting(app: TestApp) {
    let (v, meeting, adopted) = ("id version", app.planned_meeting(json!({})).await, app.adopted("WG-A").await);
    let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
    let mut row = app.secretariat().mutate("addAgendaItem", item, v).await;
    let russian = json!([{ "locale": "EN", "text": "One" }, { "locale": "RU", "text": "Первый" }]);
    for (number, change) in (2..).zip([
        json!({ "title": russian }),
        json!({ "number": "1 bis" }),
        json!({ "recommendationIds": [adopted["id"]] }),
        json!({ "recommendationIds": null }),
    ]) {
        let told = [format!("Updated AgendaItem {number}"), format!("Updated Meeting {}", number + 1)];
        let told = told.each_ref().map(String::as_str);
        row = writes(&app, "updateAgendaItem", at_with(&row, change.clone()), v, &told).await;
        writes(&app, "updateAgendaItem", at_with(&row, change), v, &[]).await;
    }
}

async fn how_many_come_touches_a_participation(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let part = json!({ "meetingId": meeting["id"], "organizationId": app.organization("ISRS").await, "capacity": "DELEGATE",
        "attendance": "INVITED" });
    let mut row = writes(&app, "recordParticipation", part.clone(), "id version", &["Created Participation 1"]).await;
    for (number, change) in
        (2..).zip([json!({ "attendance": "CONFIRMED" }), json!({ "attendance": "CONFIRMED", "delegates": 3 })])
    {
        let input =
            |row: &Value| with(part.clone(), with(change.clone(), json!({ "expectedVersion": row["version"] })));
        let told = format!("Updated Participation {number}");
        row = writes(&app, "recordParticipation", input(&row), "id version", &[&told]).await;
        writes(&app, "recordParticipation", input(&row), "id version", &[]).await;
    }
}

async fn who_may_see_a_meeting_touches_its_items_and_participations(app: TestApp) {
    let (v, meeting) = ("id version", app.planned_meeting(json!({})).await);
    let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "meeting { id version }").await;
    let part = json!({ "meetingId": meeting["id"], "organizationId": app.organization("ISRS").await, "capacity": "DELEGATE",
        "attendance": "INVITED" });
    app.secretariat().mutate("recordParticipation", part, v).await;
    let closed = json!({ "sensitivity": "PARTICIPANTS_ONLY" });
    let told = ["Updated AgendaItem 2", "Updated Participation 2", "Updated Meeting 3"];
    let row = writes(&app, "updateMeeting", at_with(&item["meeting"], closed.clone()), v, &told).await;
    writes(&app, "updateMeeting", at_with(&row, closed), v, &[]).await;
    let rule = json!({ "chathamHouse": true });
    let told = ["Updated Participation 3", "Updated Meeting 4"];
    writes(&app, "updateMeeting", at_with(&row, rule), v, &told).await;
}

async fn the_parts_of_a_meeting_touch_the_meeting(app: TestApp) {
    let v = "id version";
    let organizer = |id: &str| json!([{ "organizationId": id, "role": "HOST" }]);
    let (isrs, osce, body) = (app.organization("ISRS").await, app.organization("OSCE").await, app.body("WG-A").await);
    let input = json!({ "title": text("M"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2025-12-01",
        "organizers": organizer(&isrs), "sessions": [{ "bodyId": body }] });
    let row = writes(&app, "scheduleMeeting", input, v, &["Created Meeting 1"]).await;
    let row = writes(
        &app,
        "setMeetingOrganizers",
        at_with(&row, json!({ "organizers": organizer(&osce) })),
        v,
        &["Updated Meeting 2"],
    )
    .await;
    writes(&app, "setMeetingOrganizers", at_with(&row, json!({ "organizers": organizer(&osce) })), v, &[]).await;
    let row =
        writes(&app, "setBodySessions", at_with(&row, json!({ "sessions": [] })), v, &["Updated Meeting 3"]).await;
    writes(&app, "updateMeeting", at(&row), v, &[]).await;
    let row =
        writes(&app, "updateMeeting", at_with(&row, json!({ "title": text("Another") })), v, &["Updated Meeting 4"])
            .await;
    let item = json!({ "meetingId": row["id"], "title": text("One"), "kind": "SESSION" });
    let one = writes(&app, "addAgendaItem", item.clone(), v, &["Created AgendaItem 1", "Updated Meeting 5"]).await;
    let two = writes(&app, "addAgendaItem", item, v, &["Created AgendaItem 1", "Updated Meeting 6"]).await;
    let one = writes(
        &app,
        "updateAgendaItem",
        at_with(&one, json!({ "kind": "DECISION" })),
        v,
        &["Updated AgendaItem 2", "Updated Meeting 7"],
    )
    .await;
    writes(&app, "updateAgendaItem", at_with(&one, json!({ "kind": "DECISION" })), v, &[]).await;
    let order =
        |version: i32| json!({ "meetingId": row["id"], "expectedVersion": version, "itemIds": [two["id"], one["id"]] });
    writes(
        &app,
        "reorderAgendaItems",
        order(7),
        v,
        &["Updated AgendaItem 3", "Updated AgendaItem 2", "Updated Meeting 8"],
    )
    .await;
    writes(&app, "reorderAgendaItems", order(8), v, &[]).await;
    let gone = json!({ "id": one["id"], "expectedVersion": 3 });
    let row = writes(&app, "removeAgendaItem", gone, v, &["Removed AgendaItem 4", "Updated Meeting 9"]).await;
    let row = writes(&app, "confirmMeeting", at(&row), v, &["Updated Meeting 10"]).await;
    let row = writes(&app, "concludeMeeting", at(&row), v, &["Updated Meeting 11"]).await;
    let part =
        json!({ "meetingId": row["id"], "organizationId": isrs, "capacity": "SPEAKER", "attendance": "PRESENT" });
    let taken = writes(&app, "recordParticipation", part.clone(), v, &["Created Participation 1"]).await;
    let same = rec_tests::traces::with(&part, "expectedVersion", taken["version"].clone());
    writes(&app, "recordParticipation", same, v, &[]).await;
}

async fn the_parts_of_a_recommendation_touch_it(app: TestApp) {
    let (v, body) = ("id version", app.body("WG-A").await);
    let theme =
        app.secretariat().mutate("createTheme", json!({ "code": "T", "name": text("T"), "kind": "SDG" }), "id").await;
    let (group, committee) = (app.concluded_meeting(&["WG-A"]).await, app.concluded_meeting(&["EC"]).await);
    let input = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R") });
    let row = writes(&app, "draftRecommendation", input.clone(), v, &["Created Recommendation 1"]).await;
    let row = writes(
        &app,
        "reviseRecommendation",
        at_with(&row, json!({ "text": text("S") })),
        v,
        &["Updated Recommendation 2"],
    )
    .await;
    let bilingual =
        |english: &str| json!([{ "locale": "EN", "text": english }, { "locale": "RU", "text": "По-русски" }]);
    let translated = json!({ "title": bilingual("R"), "text": bilingual("S") });
    let row =
        writes(&app, "reviseRecommendation", at_with(&row, translated.clone()), v, &["Updated Recommendation 3"]).await;
    writes(&app, "reviseRecommendation", at_with(&row, translated), v, &[]).await;
    let instrument = json!({ "symbol": "S/1", "title": text("I") });
    let instrument = app.secretariat().mutate("createInstrument", instrument, "id").await;
    let refers = at_with(&row, json!({ "instrumentIds": [instrument["id"]] }));
    let row = writes(&app, "reviseRecommendation", refers, v, &["Updated Recommendation 4"]).await;
    let refers = at_with(&row, json!({ "instrumentIds": [instrument["id"]] }));
    writes(&app, "reviseRecommendation", refers, v, &[]).await;
    let row = writes(
        &app,
        "reviseRecommendation",
        at_with(&row, json!({ "themeIds": [theme["id"]] })),
        v,
        &["Updated Recommendation 5"],
    )
    .await;
    writes(
        &app,
        "reviseRecommendation",
        at_with(&row, json!({ "themeIds": [theme["id"]], "text": bilingual("S") })),
        v,
        &[],
    )
    .await;
    let addressees = json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
    let row = writes(&app, "setAddressees", at_with(&row, addressees.clone()), v, &["Updated Recommendation 6"]).await;
    writes(&app, "setAddressees", at_with(&row, addressees), v, &[]).await;
    let row = writes(&app, "openDiscussion", at(&row), v, &["Updated Recommendation 7"]).await;
    let row = writes(
        &app,
        "recordAgreement",
        at_with(&row, json!({ "meetingId": group["id"] })),
        v,
        &["Created ConsensusProcedure 1", "Updated Recommendation 8"],
    )
    .await;
    let row = writes(&app, "submitToExecutiveCommittee", at(&row), v, &["Updated Recommendation 9"]).await;
    let adopt = at_with(&row, json!({ "meetingId": committee["id"], "noPersonalData": true }));
    let adoption = ["Updated ConsensusProcedure 2", "Updated Recommendation 10", "Created ConsensusProcedure 1"];
    let row = writes(&app, "adoptRecommendation", adopt, v, &adoption).await;
    let row = writes(&app, "transmitRecommendation", at(&row), v, &["Updated Recommendation 11"]).await;
    let later = app.adopted("WG-A").await;
    let both = ["Updated Recommendation 6", "Updated Recommendation 12"];
    writes(&app, "supersedeRecommendation", at_with(&row, json!({ "supersededById": later["id"] })), v, &both).await;
    let draft = writes(&app, "draftRecommendation", input, v, &["Created Recommendation 1"]).await;
    writes(&app, "withdrawRecommendation", at(&draft), v, &["Updated Recommendation 2"]).await;
}
