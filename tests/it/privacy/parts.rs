//! Ways back: from a part to its record, from a meeting and an organisation to the texts. There is none to what is hidden.

use rec_tests::client::Client;
use rec_tests::given::{at_with, each, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{assert_list, draft_of, sees, strangers};

const MEETING: &str = "query($id: ID!) { meeting(by: { id: $id }) { organizers { id meeting { id } } sessions { id meeting { id } } \
                       agenda { id meeting { id } } alternativeTitles { id meeting { id } } } }";
const TEXT: &str = "query($id: ID!) { recommendation(by: { id: $id }) { addressees { id recommendation { id } } revisions { \
                    id recommendation { id } } } }";

/// The ids of all parts of a record, each of which leads back to it.
async fn parts(client: &Client, query: &str, record: &Value) -> Vec<Value> {
    let data = client.query_with(query, json!({ "id": record["id"] })).await;
    let lists = data.as_object().and_then(|data| data.values().next()).and_then(Value::as_object).expect("a record");
    let mut ids = Vec::new();
    for (name, list) in lists {
        let above = if query == MEETING { "/meeting/id" } else { "/recommendation/id" };
        assert!(!list.as_array().expect("a list").is_empty(), "{name}");
        assert!(each(list, above).iter().all(|id| *id == record["id"]), "{name}: {list}");
        ids.extend(each(list, "/id"));
    }
    ids
}

async fn meeting(app: &TestApp, sensitivity: &str) -> Value {
    let source = app.sources().await.swap_remove(0);
    let meeting = json!({
        "sensitivity": sensitivity,
        "sessions": [{ "bodyId": app.body("WG-D").await }],
        "alternativeTitles": [{ "title": [{ "locale": "EN", "text": "Another title" }], "sourceId": source }],
    });
    let meeting = app.planned_meeting(meeting).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION" });
    app.secretariat().mutate("addAgendaItem", item, "id").await;
    meeting
}

on_both_databases! {
    the_parts_of_a_meeting_are_seen_by_those_who_see_it,
    the_parts_of_a_draft_are_seen_by_those_who_see_it,
    a_published_text_has_ways_back_from_its_latest_state_only,
    a_meeting_leads_to_the_texts_agreed_at_it,
    an_organisation_leads_to_its_texts_for_those_who_are_told_who_drafts,
}

async fn the_parts_of_a_meeting_are_seen_by_those_who_see_it(app: TestApp) {
    for (sensitivity, insiders) in [("PUBLIC", 3), ("PARTICIPANTS_ONLY", 2), ("CONFIDENTIAL", 0)] {
        let meeting = meeting(&app, sensitivity).await;
        let ids = parts(&app.secretariat(), MEETING, &meeting).await;
        assert_eq!(ids.len(), 4);
        let [anonymous, reader, partner] = strangers(&app);
        for (rank, client) in [(3, anonymous), (2, reader), (1, partner)] {
            for id in &ids {
                assert_eq!(sees(&client, id).await, rank <= insiders, "{sensitivity} {rank} {id}");
            }
        }
        for id in &ids {
            assert!(sees(&app.secretariat(), id).await);
        }
    }
}

async fn the_parts_of_a_draft_are_seen_by_those_who_see_it(app: TestApp) {
    let draft = draft_of(&app, "OSCE").await;
    for id in parts(&app.partner("OSCE"), TEXT, &draft).await {
        assert!(sees(&app.partner("OSCE"), &id).await && sees(&app.secretariat(), &id).await);
        for stranger in strangers(&app) {
            assert!(!sees(&stranger, &id).await);
        }
    }
}

async fn a_published_text_has_ways_back_from_its_latest_state_only(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let revision = at_with(&draft, json!({ "text": text("The states are invited to act soon") }));
    let draft = app.secretariat().mutate("reviseRecommendation", revision, "id version").await;
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let submitted = app.submit(&draft, &meeting).await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    app.secretariat().mutate("adoptRecommendation", adoption, "id").await;
    let all = parts(&app.secretariat(), TEXT, &draft).await;
    for stranger in strangers(&app) {
        let shown = parts(&stranger, TEXT, &draft).await;
        assert_eq!((all.len(), shown.len()), (3, 2), "the first revision stays closed");
        for id in &all {
            assert_eq!(sees(&stranger, id).await, shown.contains(id));
        }
    }
}

async fn a_meeting_leads_to_the_texts_agreed_at_it(app: TestApp) {
    let (draft, meeting) = (app.draft("WG-A").await, app.concluded_meeting(&["WG-A", "EC"]).await);
    let agreed = format!("meeting(by: {{ id: {} }}) {{ recommendationsAgreed @ }}", meeting["id"]);
    assert_list(&app.secretariat(), &agreed, &[]).await;
    let submitted = app.submit(&draft, &meeting).await;
    for client in [app.reader(), app.partner("UNRCCA"), app.secretariat()] {
        assert_list(&client, &agreed, &[&draft["id"]]).await;
    }
    assert_list(&app.anonymous(), &agreed, &[]).await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    let adopted = app.secretariat().mutate("adoptRecommendation", adoption, "id agreedAt { id }").await;
    assert_eq!(adopted["agreedAt"]["id"], meeting["id"]);
    assert_list(&app.anonymous(), &agreed, &[&draft["id"]]).await;
    let another = app.concluded_meeting(&["WG-A"]).await;
    let none = format!("meeting(by: {{ id: {} }}) {{ recommendationsAgreed @ }}", another["id"]);
    assert_list(&app.secretariat(), &none, &[]).await;
}

async fn an_organisation_leads_to_its_texts_for_those_who_are_told_who_drafts(app: TestApp) {
    let draft = draft_of(&app, "OSCE").await;
    let drafted = r#"organization(by: { acronym: "OSCE" }) { recommendationsDrafted @ }"#;
    let hidden = drafted.replace('@', "{ totalCount nodes { id } }");
    let hidden = format!(
        "{{ {hidden} list: organizations(filter: {{ acronym: {{ eq: \"OSCE\" }} }}) {{ \
                          nodes {{ recommendationsDrafted(filter: {{ status: {{ eq: DRAFT }} }}) {{ totalCount }} }} }} }}"
    );
    let nothing = json!({
        "organization": { "recommendationsDrafted": null }, "list": { "nodes": [{ "recommendationsDrafted": null }] },
    });
    let insiders = [app.partner("OSCE"), app.secretariat()];
    for client in [app.reader(), app.partner("UNRCCA")] {
        assert_list(&client, drafted, &[]).await;
    }
    for client in &insiders {
        assert_list(client, drafted, &[&draft["id"]]).await;
    }
    assert_eq!(app.anonymous().query(&hidden).await, nothing);
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let submitted = app.submit(&draft, &meeting).await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    app.secretariat().mutate("adoptRecommendation", adoption, "id").await;
    for client in [app.reader(), app.partner("UNRCCA"), app.partner("OSCE"), app.secretariat()] {
        assert_list(&client, drafted, &[&draft["id"]]).await;
    }
    assert_eq!(app.anonymous().query(&hidden).await, nothing);
}
