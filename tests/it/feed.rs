//! The feed and the audit trail: what every write leaves there, in which order, and that nothing is missed or told twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entity::Audience::{Confidential, Participants, Public};
use entity::change::{ChangeKind, ChangeReason};
use entity::id::OrganizationId;
use entity::{Audience, RecordType, audit, change};
use rec_tests::given::{at, at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};

/// The feed's lines after a number.
async fn lines(app: &TestApp, after: i64) -> Vec<change::Model> {
    let lines = change::Entity::find().filter(change::Column::Seq.gt(after)).order_by_asc(change::Column::Seq);
    lines.all(&app.app.databases.read).await.expect("the feed")
}

async fn lines_of(app: &TestApp) -> Vec<change::Model> {
    lines(app, 0).await
}

async fn head(app: &TestApp) -> i64 {
    lines(app, 0).await.last().map_or(0, |line| line.seq)
}

/// A use case: what it says in the feed as `KIND Subject version`, and in the audit trail.
async fn writes(app: &TestApp, mutation: &str, input: Value, selection: &str, expected: &[&str]) -> Value {
    let (head, audits) = (head(app).await, audits(app).await.len());
    let payload = app.secretariat().payload(mutation, input, selection).await;
    assert_eq!(payload["userErrors"], json!([]), "{mutation}");
    let lines = lines(app, head).await;
    let told: Vec<String> =
        lines.iter().map(|line| format!("{:?} {:?} {}", line.kind, line.subject_kind, line.version)).collect();
    assert_eq!(told, expected, "{mutation}");
    let audits = audits_after(app, audits).await;
    if expected.is_empty() {
        assert_eq!(payload["change"], Value::Null, "{mutation}");
        assert!(audits.is_empty(), "{mutation}");
    } else {
        let last = lines.last().expect("a line").seq;
        assert_eq!(payload["change"]["cursor"], app.app.feed.cursor(last).to_string(), "{mutation}");
        assert_eq!(*app.app.feed.head().borrow(), last, "{mutation}");
        assert_eq!((audits.len(), audits[0].actor.as_str()), (1, "local:secretariat"), "{mutation}");
        assert_eq!((audits[0].action.as_str(), audits[0].at), (mutation, app.app.clock.now()));
        let subjects: Vec<&str> = audits[0].subjects.0.iter().map(|id| &id[id.len() - 32..]).collect();
        let ids: Vec<String> = lines.iter().map(|line| line.subject_id.simple().to_string()).collect();
        assert_eq!(subjects, ids, "{mutation}");
        assert!(lines.iter().all(|line| line.actor == "secretariat" && line.at == app.app.clock.now()));
    }
    payload["record"].clone()
}

/// Who may read a record: its audience, and an organisation besides.
type Access = (Audience, Option<OrganizationId>);

/// What the feed's lines after a number are about, who could read it before, and who can.
async fn access(app: &TestApp, after: i64) -> Vec<(RecordType, Option<Access>, Access)> {
    let lines = lines(app, after).await.into_iter().map(|line| {
        let before = line.audience_before.map(|audience| (audience, line.owner_before));
        assert!(before.is_some() || line.owner_before.is_none());
        (line.subject_kind, before, (line.audience, line.owner))
    });
    lines.collect()
}

fn id_of(printed: &str) -> OrganizationId {
    printed.parse().expect("an id")
}

async fn audits(app: &TestApp) -> Vec<audit::Model> {
    audit::Entity::find().order_by_asc(audit::Column::Id).all(&app.app.databases.read).await.expect("the audit trail")
}

async fn audits_after(app: &TestApp, count: usize) -> Vec<audit::Model> {
    audits(app).await.split_off(count)
}

on_both_databases! {
    async fn a_merged_theme_is_replaced_and_a_duplicate_is_called_one(app: TestApp) {
        let v = "id version";
        let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
        let below = json!({ "code": "BELOW", "name": text("Below"), "kind": "SUBJECT", "parentId": one });
        let below = app.secretariat().mutate("createTheme", below, "id").await;
        let only = app.draft_with("WG-A", json!({ "themeIds": [one] })).await;
        let both = app.draft_with("WG-A", json!({ "themeIds": [two, one] })).await;
        let link = json!({ "id": one, "externalId": { "sourceSystem": "crm", "value": "1" } });
        app.secretariat().mutate("linkExternalId", link, "id").await;
        let start = app.app.feed.cursor(head(&app).await).to_string();
        let input = json!({ "id": one, "expectedVersion": 1, "intoId": two });
        let row = app.secretariat().mutate("mergeThemes", input, "id externalIds { value }").await;
        assert_eq!(row, json!({ "id": two, "externalIds": [{ "value": "1" }] }));
        let query = "query($after: String) { changes(after: $after) { edges { kind type id reason replacedBy } } }";
        let told = app.secretariat().query_with(query, json!({ "after": start })).await;
        let edges = told["changes"]["edges"].as_array().unwrap();
        let mut touched: Vec<&Value> = edges.iter().filter(|edge| edge["kind"] == "UPDATED").map(|edge| &edge["id"]).collect();
        let mut expected = vec![&only["id"], &both["id"], &below["id"]];
        touched.sort_by_key(ToString::to_string);
        expected.sort_by_key(ToString::to_string);
        assert_eq!(touched, expected);
        let merged = json!({ "kind": "REMOVED", "type": "THEME", "id": one, "reason": "MERGED", "replacedBy": two });
        assert_eq!(edges.last(), Some(&merged));
        let lines = app.secretariat().export(&format!("?after={start}")).await;
        assert!(lines.iter().any(|line| line["id"] == json!(one) && line["replacedBy"] == json!(two)));
        let query = "query($id: ID!) { recommendation(by: { id: $id }) { themes { code } } }";
        for record in [&only, &both] {
            let themes = app.secretariat().query_with(query, json!({ "id": record["id"] })).await;
            assert_eq!(themes["recommendation"]["themes"], json!([{ "code": "TWO" }]));
        }
        let input = json!({ "id": two, "expectedVersion": 1, "intoId": below["id"] });
        assert_eq!(app.secretariat().refusals("mergeThemes", input).await, ["INVALID intoId"]);
        let input = json!({ "id": two, "expectedVersion": 1, "intoId": two });
        assert_eq!(app.secretariat().refusals("mergeThemes", input).await, ["INVALID intoId"]);
        let meeting = app.planned_meeting(json!({})).await;
        let item = json!({ "meetingId": meeting["id"], "title": text("Twice"), "kind": "SESSION" });
        let item = app.secretariat().mutate("addAgendaItem", item, v).await;
        let input = at_with(&item, json!({ "duplicate": true }));
        app.secretariat().mutate("removeAgendaItem", input, v).await;
        let reasons: Vec<_> = lines_of(&app).await.into_iter().filter_map(|line| line.reason).collect();
        assert_eq!(reasons.last(), Some(&ChangeReason::Duplicate));
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
        let row = writes(&app, "updateOrganization", renamed, v, &["Updated Organization 2"]).await;
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
        let in_uzbek = |field: &str| json!({ field: [{ "locale": "EN", "text": "E" }, { "locale": "UZ", "text": "Yangi" }] });
        let row =
            writes(&app, "updateBody", at_with(&row, json!({ "establishedOn": "2025-01-01" })), v, &["Updated Body 2"])
                .await;
        let row = writes(&app, "updateBody", at_with(&row, in_uzbek("name")), v, &["Updated Body 3"]).await;
        writes(&app, "updateBody", at_with(&row, in_uzbek("name")), v, &[]).await;
        let mandate = json!({ "organizationId": app.organization("ISRS").await, "bodyId": row["id"], "role": "CHAIR", "validFrom": "2025-01-01" });
        let row = writes(&app, "grantMandate", mandate, v, &["Created Mandate 1"]).await;
        writes(&app, "endMandate", at_with(&row, json!({ "validTo": "2025-06-01" })), v, &["Updated Mandate 2"]).await;
        let row = writes(
            &app,
            "createTheme",
            json!({ "code": "T", "name": text("T"), "kind": "SDG" }),
            v,
            &["Created Theme 1"],
        )
        .await;
        let row = writes(&app, "updateTheme", at_with(&row, json!({ "code": "T2" })), v, &["Updated Theme 2"]).await;
        let row = writes(&app, "updateTheme", at_with(&row, in_uzbek("name")), v, &["Updated Theme 3"]).await;
        writes(&app, "updateTheme", at_with(&row, in_uzbek("name")), v, &[]).await;
        let row = writes(
            &app,
            "createInstrument",
            json!({ "symbol": "S/1", "title": text("I") }),
            v,
            &["Created Instrument 1"],
        )
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
        for (number, change) in (2..).zip([json!({ "attendance": "CONFIRMED" }), json!({ "attendance": "CONFIRMED", "delegates": 3 })]) {
            let input = |row: &Value| with(part.clone(), with(change.clone(), json!({ "expectedVersion": row["version"] })));
            let told = format!("Updated Participation {number}");
            row = writes(&app, "recordParticipation", input(&row), "id version", &[&told]).await;
            writes(&app, "recordParticipation", input(&row), "id version", &[]).await;
        }
    }

    async fn a_hidden_record_is_not_told_of_by_the_version_of_one_that_names_it(app: TestApp) {
        let (draft, meeting) = (app.draft("WG-A").await, app.planned_meeting(json!({})).await);
        let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "DISCUSSION", "recommendationIds": [draft["id"]] });
        let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
        let start = app.app.feed.cursor(head(&app).await).to_string();
        let open = app.secretariat().mutate("openDiscussion", at(&draft), "id version").await;
        let query = "query($after: String) { changes(after: $after) { edges { kind type id version } } }";
        let told = async |client: rec_tests::client::Client| client.query_with(query, json!({ "after": start })).await["changes"]["edges"].take();
        assert_eq!(told(app.anonymous()).await, json!([]));
        let of_item = json!({ "kind": "UPDATED", "type": "AGENDA_ITEM", "id": item["id"], "version": 1 });
        let of_text = |kind: &str| json!({ "kind": kind, "type": "RECOMMENDATION", "id": draft["id"], "version": 2 });
        assert_eq!(told(app.reader()).await, json!([of_item, of_text("CREATED")]));
        assert_eq!(told(app.secretariat()).await, json!([of_item, of_text("UPDATED")]));
        app.secretariat().mutate("withdrawRecommendation", at(&open), "id").await;
        assert_eq!(told(app.anonymous()).await, json!([]), "and nothing of its end");
        let kinds: Vec<Value> = told(app.reader()).await.as_array().unwrap().iter().map(|edge| edge["kind"].clone()).collect();
        assert_eq!(kinds, ["UPDATED", "ACCESS_LOST"]);
        let query = "query($id: ID!) { node(id: $id) { ... on AgendaItem { version } } }";
        let shown = app.anonymous().query_with(query, json!({ "id": item["id"] })).await;
        assert_eq!(shown["node"]["version"], 1);
    }

    async fn a_theme_is_merged_that_adopted_recommendations_have(app: TestApp) {
        let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
        let only = app.adopted_with("WG-A", json!({ "themeIds": [one] })).await;
        let both = app.adopted_with("WG-A", json!({ "themeIds": [one, two] })).await;
        let taken = format!("DELETE FROM recommendation_theme WHERE theme_id IN (SELECT id FROM theme WHERE code = '{}')", "ONE");
        assert!(app.app.databases.write.execute_unprepared(&taken).await.is_err(), "an adopted text keeps its themes");
        let input = json!({ "id": one, "expectedVersion": 1, "intoId": two });
        app.secretariat().mutate("mergeThemes", input, "id").await;
        let query = "query($id: ID!) { recommendation(by: { id: $id }) { version themes { code } } }";
        for record in [&only, &both] {
            let shown = app.anonymous().query_with(query, json!({ "id": record["id"] })).await["recommendation"].take();
            assert_eq!(shown["themes"], json!([{ "code": "TWO" }]));
            assert_eq!(shown["version"].as_i64(), record["version"].as_i64().map(|version| version + 1));
        }
        let lines = lines_of(&app).await;
        let of_theme: Vec<_> = lines.iter().filter(|line| line.reason == Some(ChangeReason::Merged)).collect();
        assert_eq!((of_theme.len(), of_theme[0].kind, of_theme[0].version), (1, ChangeKind::Removed, 2));
    }

    async fn the_parts_of_a_meeting_touch_the_meeting(app: TestApp) {
        let v = "id version";
        let organizer = |id: &str| json!([{ "organizationId": id, "role": "HOST" }]);
        let (isrs, osce, body) =
            (app.organization("ISRS").await, app.organization("OSCE").await, app.body("WG-A").await);
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
        let row = writes(
            &app,
            "updateMeeting",
            at_with(&row, json!({ "title": text("Another") })),
            v,
            &["Updated Meeting 4"],
        )
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
        let order = |version: i32| json!({ "meetingId": row["id"], "expectedVersion": version, "itemIds": [two["id"], one["id"]] });
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
        let theme = app
            .secretariat()
            .mutate("createTheme", json!({ "code": "T", "name": text("T"), "kind": "SDG" }), "id")
            .await;
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
        let instrument = json!({ "symbol": "S/1", "title": text("I") });
        let instrument = app.secretariat().mutate("createInstrument", instrument, "id").await;
        let refers = at_with(&row, json!({ "instrumentIds": [instrument["id"]] }));
        let row = writes(&app, "reviseRecommendation", refers, v, &["Updated Recommendation 3"]).await;
        let refers = at_with(&row, json!({ "instrumentIds": [instrument["id"]] }));
        writes(&app, "reviseRecommendation", refers, v, &[]).await;
        let row = writes(
            &app,
            "reviseRecommendation",
            at_with(&row, json!({ "themeIds": [theme["id"]] })),
            v,
            &["Updated Recommendation 4"],
        )
        .await;
        writes(
            &app,
            "reviseRecommendation",
            at_with(&row, json!({ "themeIds": [theme["id"]], "text": text("S") })),
            v,
            &[],
        )
        .await;
        let addressees = json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
        let row =
            writes(&app, "setAddressees", at_with(&row, addressees.clone()), v, &["Updated Recommendation 5"]).await;
        writes(&app, "setAddressees", at_with(&row, addressees), v, &[]).await;
        let row = writes(&app, "openDiscussion", at(&row), v, &["Updated Recommendation 6"]).await;
        let row = writes(
            &app,
            "recordAgreement",
            at_with(&row, json!({ "meetingId": group["id"] })),
            v,
            &["Updated Recommendation 7"],
        )
        .await;
        let row = writes(&app, "submitToExecutiveCommittee", at(&row), v, &["Updated Recommendation 8"]).await;
        let adopt = at_with(&row, json!({ "meetingId": committee["id"], "noPersonalData": true }));
        let row = writes(&app, "adoptRecommendation", adopt, v, &["Updated Recommendation 9"]).await;
        let row = writes(&app, "transmitRecommendation", at(&row), v, &["Updated Recommendation 10"]).await;
        let later = app.adopted("WG-A").await;
        let both = ["Updated Recommendation 6", "Updated Recommendation 11"];
        writes(&app, "supersedeRecommendation", at_with(&row, json!({ "supersededById": later["id"] })), v, &both)
            .await;
        let draft = writes(&app, "draftRecommendation", input, v, &["Created Recommendation 1"]).await;
        writes(&app, "withdrawRecommendation", at(&draft), v, &["Updated Recommendation 2"]).await;
    }

    async fn the_feed_names_no_token(app: TestApp) {
        app.mandate("OSCE", "WG-A", "MEMBER").await;
        let input = json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R") });
        app.partner("OSCE").mutate("draftRecommendation", input, "id").await;
        let last = audits(&app).await.pop().expect("an audit line");
        assert_eq!(lines(&app, 0).await.last().expect("a line").actor, "OSCE");
        assert_eq!(last.actor, "local:OSCE");
        for row in app.rows("SELECT * FROM change").await {
            assert!(!row.to_string().contains(&last.actor), "{row}");
        }
    }

    async fn a_line_tells_who_could_and_who_can_read_its_meeting(app: TestApp) {
        let unodc = app.organization("UNODC").await;
        let meeting = app.planned_meeting(json!({})).await;
        let part = json!({
            "meetingId": meeting["id"], "organizationId": unodc, "capacity": "SPEAKER", "attendance": "PRESENT",
        });
        app.secretariat().mutate("recordParticipation", part, "id").await;
        let told = async |version: i32, more: Value| {
            let start = head(&app).await;
            let input = json!({ "id": meeting["id"], "expectedVersion": version });
            app.secretariat().mutate("updateMeeting", with(input, more), "id").await;
            access(&app, start).await
        };
        let (nobody, unodc) = (None, Some(id_of(&unodc)));
        assert_eq!(
            told(1, json!({ "sensitivity": "CONFIDENTIAL" })).await,
            [
                (RecordType::Participation, Some((Public, unodc)), (Confidential, nobody)),
                (RecordType::Meeting, Some((Public, nobody)), (Confidential, nobody)),
            ]
        );
        assert_eq!(
            told(2, json!({ "sensitivity": "PARTICIPANTS_ONLY", "chathamHouse": true })).await,
            [
                (RecordType::Participation, Some((Confidential, nobody)), (Confidential, unodc)),
                (RecordType::Meeting, Some((Confidential, nobody)), (Participants, nobody)),
            ]
        );
    }

    async fn a_line_tells_who_could_and_who_can_read_its_text(app: TestApp) {
        app.mandate("OSCE", "WG-A", "MEMBER").await;
        let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
        let (osce, start) = (Some(id_of(&app.organization("OSCE").await)), head(&app).await);
        let input = json!({
            "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R"),
            "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }],
        });
        let draft = app.partner("OSCE").mutate("draftRecommendation", input.clone(), "id version").await;
        app.submit(&draft, &meeting).await;
        let adopt = json!({ "expectedVersion": 4, "meetingId": meeting["id"], "noPersonalData": true });
        let adopt = with(at(&draft), adopt);
        app.secretariat().mutate("adoptRecommendation", adopt, "id").await;
        let text = |before: Option<Audience>, after: Audience| {
            (RecordType::Recommendation, before.map(|before| (before, osce)), (after, osce))
        };
        assert_eq!(
            access(&app, start).await,
            [
                text(None, Confidential),
                text(Some(Confidential), Participants),
                text(Some(Participants), Participants),
                text(Some(Participants), Participants),
                text(Some(Participants), Public),
            ]
        );
        let draft = app.partner("OSCE").mutate("draftRecommendation", input, "id version").await;
        let discussed = app.partner("OSCE").mutate("openDiscussion", at(&draft), "id version").await;
        let start = head(&app).await;
        app.partner("OSCE").mutate("withdrawRecommendation", at(&discussed), "id").await;
        assert_eq!(access(&app, start).await, [text(Some(Participants), Confidential)]);
    }

    async fn an_agenda_item_that_is_hidden_with_its_meeting_is_told_of(app: TestApp) {
        let meeting = app.planned_meeting(json!({})).await;
        let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
        app.secretariat().mutate("addAgendaItem", item, "id").await;
        let start = head(&app).await;
        let closed = json!({ "id": meeting["id"], "expectedVersion": 2, "sensitivity": "CONFIDENTIAL" });
        app.secretariat().mutate("updateMeeting", closed, "id").await;
        let told = access(&app, start).await;
        let hidden = (RecordType::AgendaItem, Some((Public, None)), (Confidential, None));
        assert!(told.contains(&hidden), "{told:?}");
    }

    async fn a_line_gives_the_reason_where_a_record_is_taken_back(app: TestApp) {
        let draft = app.draft("WG-A").await;
        app.secretariat().mutate("withdrawRecommendation", at(&draft), "id").await;
        let meeting = app.planned_meeting(json!({ "sensitivity": "PARTICIPANTS_ONLY" })).await;
        let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
        let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
        let start = head(&app).await;
        app.secretariat().mutate("removeAgendaItem", at(&item), "id").await;
        let for_participants = (Participants, None);
        assert_eq!(
            access(&app, start).await,
            [
                (RecordType::AgendaItem, Some(for_participants), for_participants),
                (RecordType::Meeting, Some(for_participants), for_participants),
            ]
        );
        let reasons: Vec<_> =
            lines(&app, 0).await.iter().filter_map(|line| Some((line.subject_kind, line.kind, line.reason?))).collect();
        assert_eq!(
            reasons,
            [
                (RecordType::Recommendation, ChangeKind::Updated, ChangeReason::WithdrawnDraft),
                (RecordType::AgendaItem, ChangeKind::Removed, ChangeReason::EnteredInError),
            ]
        );
    }

    async fn what_fails_late_leaves_nothing_behind(app: TestApp) {
        let before = app.traces().await;
        let body = app.body("WG-A").await;
        let meeting = json!({ "title": text("M"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2025-12-01",
            "organizers": [{ "organizationId": app.organization("ISRS").await, "role": "HOST" }] });
        for (field, value) in [
            ("sessions", json!([{ "bodyId": body }, { "bodyId": body }])),
            ("sourceIds", json!(["x"])),
            ("alternativeTitles", json!([{ "title": [], "sourceId": "x" }])),
        ] {
            let refusals =
                app.secretariat().refusals("scheduleMeeting", rec_tests::traces::with(&meeting, field, value)).await;
            assert!(!refusals.is_empty(), "{field}");
        }
        assert_eq!(app.traces().await, before);
    }

    async fn numbers_are_in_commit_order_without_gaps_whoever_writes(app: TestApp) {
        let app = Arc::new(app);
        let other = Arc::new(app.second().await);
        let (start, done) = (head(&app).await, Arc::new(AtomicBool::new(false)));
        let follower = tokio::spawn({
            let (app, done) = (Arc::clone(&app), Arc::clone(&done));
            async move {
                let (mut cursor, mut seen) = (start, Vec::new());
                loop {
                    let ended = done.load(Ordering::SeqCst);
                    let page = lines(&app, cursor).await;
                    if let Some(last) = page.last() {
                        cursor = last.seq;
                    } else if ended {
                        return seen;
                    }
                    seen.extend(page.into_iter().map(|line| (line.seq, line.subject_id)));
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
            }
        });
        let writers: Vec<_> = (0_u64..8)
            .map(|writer| {
                let app = Arc::clone(if writer % 2 == 0 { &app } else { &other });
                tokio::spawn(async move {
                    let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(writer + 1);
                    let mut written = 0;
                    for number in 0..12 {
                        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                        // One in four is refused after its transaction has begun.
                        let refused = (random >> 33).is_multiple_of(4);
                        let acronym = if refused { "ISRS".to_owned() } else { format!("W{writer}-{number}") };
                        let input = json!({ "acronym": acronym, "name": text("W"), "kind": "OTHER" });
                        let payload = app.secretariat().payload("createOrganization", input, "id").await;
                        assert_eq!(payload["userErrors"] == json!([]), !refused, "{payload}");
                        written += usize::from(!refused);
                    }
                    written
                })
            })
            .collect();
        let mut written = 0;
        for writer in writers {
            written += writer.await.expect("a writer");
        }
        done.store(true, Ordering::SeqCst);
        let seen = tokio::time::timeout(std::time::Duration::from_mins(1), follower)
            .await
            .expect("in time")
            .expect("a follower");
        assert!(written > 40, "{written}");
        assert_eq!(seen.len(), written);
        let numbers: Vec<i64> = seen.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, (start + 1..=start + i64::try_from(written).expect("a number")).collect::<Vec<i64>>());
        assert_eq!(seen.iter().map(|(_, subject)| *subject).collect::<BTreeSet<_>>().len(), written);
    }
}
