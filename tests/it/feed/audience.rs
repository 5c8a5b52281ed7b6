//! Which viewers the lines of the feed are for, and why a record is withdrawn.

use entity::Audience::{Confidential, Participants, Public};
use entity::change::{ChangeKind, ChangeReason};
use entity::id::OrganizationId;
use entity::{Audience, RecordType};
use rec_api::domain::audience::Access;
use rec_tests::given::{at, at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{head, lines};

/// What the lines of the feed after a number are about, who could read it before, and who can now.
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

on_both_databases! {
    a_hidden_record_is_not_told_of_by_the_version_of_one_that_names_it,
    a_link_to_a_hidden_record_is_not_told_of_by_the_version_of_its_item,
    drafters_are_told_of_links_to_their_drafts,
    a_line_tells_who_could_and_who_can_read_its_meeting,
    a_line_tells_who_could_and_who_can_read_its_text,
    an_agenda_item_that_is_hidden_with_its_meeting_is_told_of,
    a_line_gives_the_reason_where_a_record_is_taken_back,
}

async fn a_hidden_record_is_not_told_of_by_the_version_of_one_that_names_it(app: TestApp) {
    let (draft, meeting) = (app.draft("WG-A").await, app.planned_meeting(json!({})).await);
    let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "DISCUSSION", "recommendationIds": [draft["id"]] });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let start = app.app.feed.cursor(head(&app).await).to_string();
    let open = app.secretariat().mutate("openDiscussion", at(&draft), "id version").await;
    let query = "query($after: String) { changes(after: $after) { edges { kind type recordId version } } }";
    let told = async |client: rec_tests::client::Client| {
        client.query_with(query, json!({ "after": start })).await["changes"]["edges"].take()
    };
    assert_eq!(told(app.anonymous()).await, json!([]));
    let of_item = json!({ "kind": "UPDATED", "type": "AGENDA_ITEM", "recordId": item["id"], "version": 1 });
    let of_text = |kind: &str| json!({ "kind": kind, "type": "RECOMMENDATION", "recordId": draft["id"], "version": 2 });
    assert_eq!(told(app.reader()).await, json!([of_item, of_text("CREATED")]));
    assert_eq!(told(app.secretariat()).await, json!([of_item, of_text("UPDATED")]));
    app.secretariat().mutate("withdrawRecommendation", at(&open), "id").await;
    assert_eq!(told(app.anonymous()).await, json!([]), "and nothing of its end");
    let kinds: Vec<Value> =
        told(app.reader()).await.as_array().unwrap().iter().map(|edge| edge["kind"].clone()).collect();
    assert_eq!(kinds, ["UPDATED", "ACCESS_LOST"]);
    let query = "query($id: ID!) { node(id: $id) { ... on AgendaItem { version } } }";
    let shown = app.anonymous().query_with(query, json!({ "id": item["id"] })).await;
    assert_eq!(shown["node"]["version"], 1);
}

/// What a viewer is told after a cursor.
async fn told_of(client: rec_tests::client::Client, start: &str) -> Value {
    let query = "query($after: String) { changes(after: $after) { edges { kind recordId version } } }";
    client.query_with(query, json!({ "after": start })).await["changes"]["edges"].take()
}

async fn a_link_to_a_hidden_record_is_not_told_of_by_the_version_of_its_item(app: TestApp) {
    let (draft, discussed) = (app.draft("WG-A").await, app.under_discussion("WG-A").await);
    let (adopted, meeting) = (app.adopted("WG-A").await, app.planned_meeting(json!({})).await);
    let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "DISCUSSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let now = async || app.app.feed.cursor(head(&app).await).to_string();
    let set = async |ids: Value| {
        let query = "query($id: ID!) { node(id: $id) { ... on AgendaItem { id version } } }";
        let shown = app.secretariat().query_with(query, json!({ "id": item["id"] })).await;
        let input = at_with(&shown["node"], json!({ "recommendationIds": ids }));
        app.secretariat().mutate("updateAgendaItem", input, "version updatedAt meeting { version }").await
    };
    let start = now().await;
    let before = set(json!([])).await;
    assert_eq!(now().await, start, "nothing has changed");
    let of_item = |version: i32| json!([{ "kind": "UPDATED", "recordId": item["id"], "version": version }]);

    app.app.clock.advance(chrono::TimeDelta::hours(1));
    assert_eq!(set(json!([draft["id"]])).await, before, "neither version nor time");
    for (client, told) in [(app.anonymous(), json!([])), (app.reader(), json!([])), (app.secretariat(), of_item(1))] {
        assert_eq!(told_of(client, &start).await, told, "of a draft");
    }
    let start = now().await;
    assert_eq!(set(json!([draft["id"], discussed["id"]])).await, before);
    for (client, told) in [(app.anonymous(), json!([])), (app.reader(), of_item(1)), (app.secretariat(), of_item(1))] {
        assert_eq!(told_of(client, &start).await, told, "of a text under discussion");
    }
    let start = now().await;
    let after = set(json!([adopted["id"], draft["id"], discussed["id"]])).await;
    assert_ne!(after["updatedAt"], before["updatedAt"]);
    assert_eq!((&after["version"], &after["meeting"]["version"]), (&json!(2), &json!(3)));
    assert_eq!(told_of(app.anonymous(), &start).await.as_array().unwrap().len(), 2, "of the item and its meeting");
    let start = now().await;
    assert_eq!(set(json!([adopted["id"], discussed["id"]])).await, after, "a draft is taken out");
    assert_eq!(told_of(app.anonymous(), &start).await, json!([]));
    assert_eq!(told_of(app.secretariat(), &start).await, of_item(2));
}

async fn drafters_are_told_of_links_to_their_drafts(app: TestApp) {
    let mut drafts = Vec::new();
    for organization in ["OSCE", "UNODC"] {
        app.mandate(organization, "WG-A", "MEMBER").await;
        let input = json!({
            "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A"), "text": text("A"),
        });
        drafts.push(app.partner(organization).mutate("draftRecommendation", input, "id").await["id"].clone());
    }
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("A"), "kind": "DISCUSSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let start = app.app.feed.cursor(head(&app).await).to_string();
    app.secretariat().mutate("updateAgendaItem", at_with(&item, json!({ "recommendationIds": drafts })), "id").await;
    let told = json!([{ "kind": "UPDATED", "recordId": item["id"], "version": 1 }]);
    for (organization, expected) in [("OSCE", &told), ("UNODC", &told), ("UNOCT", &json!([]))] {
        assert_eq!(told_of(app.partner(organization), &start).await, *expected, "{organization}");
    }
    assert_eq!(told_of(app.secretariat(), &start).await, told, "once");
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
    let procedure = |before: Option<Access>, after: Access| (RecordType::ConsensusProcedure, before, after);
    assert_eq!(
        access(&app, start).await,
        [
            text(None, Confidential),
            text(Some(Confidential), Participants),
            procedure(None, (Participants, osce)),
            text(Some(Participants), Participants),
            text(Some(Participants), Participants),
            procedure(Some((Participants, osce)), (Public, None)),
            text(Some(Participants), Public),
            procedure(None, (Public, None)),
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
