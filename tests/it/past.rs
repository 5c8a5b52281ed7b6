//! Adoptions of the past: what the council adopted before it worked with the service, as sources say.

use entity::{Audience, source};
use rec_tests::given::{at_with, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};

on_both_databases! {
    an_adoption_of_the_past_is_recorded_with_its_source,
    an_adoption_of_the_past_may_name_its_meeting,
    what_was_stated_then_is_published_with_the_text,
    what_cannot_have_been_stated_then_is_refused,
    a_target_date_of_the_past_is_put_on_record_with_it,
    only_a_draft_was_adopted_in_the_past,
    what_is_wrong_with_an_adoption_of_the_past_is_told_at_once,
    an_adoption_rests_on_what_everyone_may_read,
}

const ADDRESS: &str = "https://example.org/outcome";

/// The source that is created by the first call.
async fn outcome_document(app: &TestApp) -> Value {
    let query = "query($url: String!) { source(by: { url: $url }) { id } }";
    let found = app.anonymous().query_with(query, json!({ "url": ADDRESS })).await["source"].take();
    if !found.is_null() {
        return found["id"].clone();
    }
    let input = json!({ "title": "Outcome of the meeting", "publisher": "OSCE", "url": ADDRESS });
    app.secretariat().mutate("createSource", input, "id").await["id"].take()
}

async fn adoption(app: &TestApp, draft: &Value, more: Value) -> Value {
    let input = json!({ "sourceId": outcome_document(app).await, "adoptedOn": "2024-11-27", "noPersonalData": true });
    at_with(draft, with(input, more))
}

async fn an_adoption_of_the_past_is_recorded_with_its_source(app: TestApp) {
    let selection = "id status label adoptedOn version noPersonalData meeting { id } agreedAt { id } procedures { id } adoptionSource { title url }";
    let mut labels = Vec::new();
    for day in ["2024-11-27", "2024-05-14", "2025-01-01"] {
        let draft = app.draft("WG-A").await;
        let input = adoption(&app, &draft, json!({ "adoptedOn": day })).await;
        let mut adopted = app.secretariat().mutate("recordAdoption", input, selection).await;
        let (id, label) = (adopted["id"].take(), adopted["label"].take());
        let expected = json!({
            "id": null, "label": null, "status": "ADOPTED", "adoptedOn": day, "version": 2, "noPersonalData": true, "meeting": null,
            "agreedAt": null, "procedures": [],
            "adoptionSource": { "title": "Outcome of the meeting", "url": "https://example.org/outcome" },
        });
        assert_eq!(adopted, expected);
        assert_eq!(app.anonymous().recommendation(&id, "label").await["label"], label, "it is published");
        labels.push(label);
        let line = app.anonymous().export("?types=RECOMMENDATION").await.into_iter().find(|line| line["id"] == id);
        assert!(line.expect("a line")["adoptionSourceId"].is_string());
    }
    assert_eq!(labels, ["REC/WG-A/2024/1", "REC/WG-A/2024/2", "REC/WG-A/2025/1"]);
}

async fn an_adoption_of_the_past_may_name_its_meeting(app: TestApp) {
    let (held, draft) = (app.concluded_meeting(&["EC"]).await, app.draft("WG-A").await);
    let (group, planned) = (app.concluded_meeting(&["WG-A"]).await, app.planned_meeting(json!({})).await);
    for meeting in [&group, &planned] {
        let input = adoption(&app, &draft, json!({ "meetingId": meeting["id"], "adoptedOn": "2025-12-01" })).await;
        let refusals = app.secretariat().refusals("recordAdoption", input).await;
        assert!(refusals.iter().all(|one| one == "INVALID_STATE meetingId") && !refusals.is_empty(), "{refusals:?}");
    }
    let another_day = adoption(&app, &draft, json!({ "meetingId": held["id"], "adoptedOn": "2025-12-02" })).await;
    assert_eq!(app.secretariat().refusals("recordAdoption", another_day).await, ["INVALID adoptedOn"]);
    let input = adoption(&app, &draft, json!({ "meetingId": held["id"], "adoptedOn": "2025-12-01" })).await;
    let adopted = app.secretariat().mutate("recordAdoption", input, "label meeting { id }").await;
    assert_eq!(adopted, json!({ "label": "REC/WG-A/2025/1", "meeting": { "id": held["id"] } }));
    let item = json!({
        "meetingId": held["id"], "title": text_of("An item"), "kind": "DECISION", "recommendationIds": [draft["id"]],
    });
    app.secretariat().mutate("addAgendaItem", item, "id").await;
    let query = format!("{{ meeting(by: {{ id: {} }}) {{ decisions {{ outcome procedure {{ id }} }} }} }}", held["id"]);
    let decisions = app.anonymous().query(&query).await["meeting"]["decisions"].take();
    assert_eq!(decisions, json!([{ "outcome": "ADOPTED", "procedure": null }]));
}

/// What an organisation with a mandate in the Executive Committee since May 2024 stated.
async fn stated(app: &TestApp, acronym: &str, kind: &str) -> Value {
    let text = text_of(&format!("{acronym} says"));
    json!({ "organizationId": app.organization(acronym).await, "kind": kind, "text": text })
}

async fn what_was_stated_then_is_published_with_the_text(app: TestApp) {
    let (held, draft) = (app.concluded_meeting(&["EC"]).await, app.draft("WG-A").await);
    app.mandate("OSCE", "EC", "MEMBER").await;
    app.mandate("UNICEF", "EC", "MEMBER").await;
    let item = json!({
        "meetingId": held["id"], "title": text_of("An item"), "kind": "DECISION", "recommendationIds": [draft["id"]],
    });
    app.secretariat().mutate("addAgendaItem", item, "id").await;
    let positions = json!([stated(&app, "OSCE", "FORMAL_RESERVATION").await, stated(&app, "UNICEF", "SUPPORT").await]);
    let more = json!({ "meetingId": held["id"], "adoptedOn": "2025-12-01", "positions": positions });
    let input = adoption(&app, &draft, more).await;
    let adopted =
        app.secretariat().mutate("recordAdoption", input, "id procedures { mode outcome body { code } }").await;
    assert_eq!(
        adopted["procedures"],
        json!([{ "mode": "IN_MEETING", "outcome": "ADOPTED", "body": { "code": "EC" } }])
    );
    let query = "positions { kind text organization { acronym } }";
    let seen = app.anonymous().recommendation(&adopted["id"], query).await;
    let reservation =
        json!({ "kind": "FORMAL_RESERVATION", "text": "OSCE says", "organization": { "acronym": "OSCE" } });
    assert!(seen["positions"].as_array().unwrap().contains(&reservation), "{seen}");
    let query = format!(
        "{{ meeting(by: {{ id: {} }}) {{ decisions {{ outcome procedure {{ outcome }} statements {{ kind }} }} }} }}",
        held["id"]
    );
    let decisions = app.anonymous().query(&query).await["meeting"]["decisions"].take();
    let expected = json!([{ "outcome": "ADOPTED", "procedure": { "outcome": "ADOPTED" }, "statements": [{ "kind": "FORMAL_RESERVATION" }] }]);
    assert_eq!(decisions, expected);
}

async fn what_cannot_have_been_stated_then_is_refused(app: TestApp) {
    let (held, draft) = (app.concluded_meeting(&["EC"]).await, app.draft("WG-A").await);
    app.mandate("OSCE", "EC", "MEMBER").await;
    for (positions, meeting, expected) in [
        (vec![stated(&app, "OSCE", "SUPPORT").await], Value::Null, "REQUIRED meetingId"),
        (vec![stated(&app, "OSCE", "OBJECTION").await], held["id"].clone(), "INVALID positions.0.kind"),
        (vec![stated(&app, "UNODC", "SUPPORT").await], held["id"].clone(), "INVALID_STATE positions.0.organizationId"),
        (vec![stated(&app, "OSCE", "SUPPORT").await; 2], held["id"].clone(), "INVALID positions"),
    ] {
        let more = json!({ "meetingId": meeting, "adoptedOn": "2025-12-01", "positions": positions });
        let refusals = app.secretariat().refusals("recordAdoption", adoption(&app, &draft, more).await).await;
        assert!(refusals.contains(&expected.to_owned()), "{expected}: {refusals:?}");
    }
    assert_eq!(
        app.secretariat().recommendation(&draft["id"], "status version").await,
        json!({ "status": "DRAFT", "version": 1 })
    );
}

async fn a_target_date_of_the_past_is_put_on_record_with_it(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let early = adoption(&app, &draft, json!({ "targetDate": "2024-11-26" })).await;
    assert_eq!(app.secretariat().refusals("recordAdoption", early).await, ["INVALID targetDate"]);
    let input = adoption(&app, &draft, json!({ "targetDate": "2025-06-30" })).await;
    let adopted = app.secretariat().mutate("recordAdoption", input, "targetDate").await;
    assert_eq!(adopted["targetDate"], json!("2025-06-30"));
}

async fn only_a_draft_was_adopted_in_the_past(app: TestApp) {
    let (discussed, submitted) = (app.under_discussion("WG-A").await, app.submitted("WG-A").await);
    for text in [discussed, submitted, app.adopted("WG-A").await] {
        let input = adoption(&app, &text, json!({})).await;
        assert_eq!(app.secretariat().refusals("recordAdoption", input).await, ["INVALID_STATE id"]);
    }
}

async fn what_is_wrong_with_an_adoption_of_the_past_is_told_at_once(app: TestApp) {
    let only_english = json!([{ "locale": "EN", "text": "A text" }]);
    let draft = app.draft_with("WG-A", json!({ "text": only_english, "addressees": [] })).await;
    let wrong =
        json!({ "sourceId": "src_0", "adoptedOn": "2026-01-15", "noPersonalData": false, "meetingId": "mtg_0" });
    let input = adoption(&app, &draft, wrong).await;
    let mut refusals = app.secretariat().refusals("recordAdoption", input).await;
    refusals.sort();
    let expected = [
        "INVALID adoptedOn",
        "INVALID_STATE addressees",
        "INVALID_STATE text",
        "NOT_FOUND meetingId",
        "NOT_FOUND sourceId",
        "REQUIRED noPersonalData",
    ];
    assert_eq!(refusals, expected);
    assert_eq!(app.secretariat().recommendation(&draft["id"], "version").await["version"], 1);
}

async fn an_adoption_rests_on_what_everyone_may_read(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let hidden = source::Entity::find().filter(source::Column::Audience.eq(Audience::Confidential));
    let hidden = hidden.one(&app.app.databases.read).await.expect("a read").expect("a source").id.to_string();
    let input = adoption(&app, &draft, json!({ "sourceId": hidden })).await;
    assert_eq!(app.secretariat().refusals("recordAdoption", input).await, ["INVALID_STATE sourceId"]);
    outcome_document(&app).await;
    let again = json!({ "title": "A source", "url": ADDRESS });
    assert_eq!(app.secretariat().refusals("createSource", again).await, ["ALREADY_EXISTS url"]);
    let shut = json!({ "title": "A source", "language": "English" });
    assert_eq!(app.secretariat().refusals("createSource", shut).await, ["INVALID language"]);
}
