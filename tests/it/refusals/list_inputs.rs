//! Lists that are too long, contain an element twice, or name something that does not fit.

use rec_tests::given::{at_with, text};
use rec_tests::traces::{Case, one, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::Inputs;

/// Every list in an input.
const LISTS: [(&str, &str); 13] = [
    ("scheduleMeeting", "organizers"),
    ("scheduleMeeting", "sessions"),
    ("scheduleMeeting", "alternativeTitles"),
    ("scheduleMeeting", "sourceIds"),
    ("updateMeeting", "alternativeTitles"),
    ("updateMeeting", "sourceIds"),
    ("setMeetingOrganizers", "organizers"),
    ("setBodySessions", "sessions"),
    ("reorderAgendaItems", "itemIds"),
    ("draftRecommendation", "themeIds"),
    ("draftRecommendation", "instrumentIds"),
    ("draftRecommendation", "addressees"),
    ("setAddressees", "addressees"),
];

fn repeated(input: &Value, path: &str, times: usize) -> Value {
    let element = input[path][0].clone();
    assert!(!element.is_null(), "{path}");
    with(input, path, vec![element; times])
}

on_both_databases! {
    a_list_of_more_than_a_hundred_is_refused,
    an_element_that_is_given_twice_is_refused,
    an_agenda_of_a_hundred_items_is_full,
    a_new_order_names_every_item_of_the_agenda,
    an_addressee_fits_its_category,
    nothing_is_taken_out_of_the_record_of_a_concluded_meeting,
}

async fn a_list_of_more_than_a_hundred_is_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let cases = LISTS.map(|(mutation, path)| -> Case {
        let mut told = one("TOO_LONG", path);
        if path != "alternativeTitles" {
            told.extend(one("INVALID", path));
        }
        (mutation, repeated(inputs.get(mutation), path, 101), told)
    });
    app.refuses(&app.secretariat(), cases.to_vec()).await;
}

async fn an_element_that_is_given_twice_is_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let distinct = LISTS.iter().filter(|(_, path)| *path != "alternativeTitles");
    let cases = distinct
        .map(|(mutation, path)| -> Case { (mutation, repeated(inputs.get(mutation), path, 2), one("INVALID", path)) });
    app.refuses(&app.secretariat(), cases.collect()).await;
}

async fn an_agenda_of_a_hundred_items_is_full(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "SESSION" });
    for _ in 0..100 {
        app.secretariat().mutate("addAgendaItem", item.clone(), "id").await;
    }
    app.refuses(&app.secretariat(), vec![("addAgendaItem", item, one("TOO_LONG", "meetingId"))]).await;
}

async fn a_new_order_names_every_item_of_the_agenda(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let other = app.planned_meeting(json!({})).await;
    let foreign = json!({ "meetingId": other["id"], "title": text("An item"), "kind": "SESSION" });
    let foreign = app.secretariat().mutate("addAgendaItem", foreign, "id").await;
    let reorder = inputs.get("reorderAgendaItems");
    let own = reorder["itemIds"][0].clone();
    let cases: Vec<Case> = [
        (json!([]), one("INVALID", "itemIds")),
        (json!([own, foreign["id"]]), one("INVALID", "itemIds.1")),
        (json!([own, "agi_0197aaaaaaaa7aaa8aaaaaaaaaaaaaaa"]), one("INVALID", "itemIds.1")),
    ]
    .map(|(ids, told)| -> Case { ("reorderAgendaItems", with(reorder, "itemIds", ids), told) })
    .to_vec();
    app.refuses(&app.secretariat(), cases).await;
    let malformed = with(reorder, "itemIds", json!([own, "x"]));
    app.refuses(&app.secretariat(), vec![("reorderAgendaItems", malformed, one("NOT_FOUND", "itemIds.1"))]).await;
}

async fn an_addressee_fits_its_category(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let (country, organization) = (app.country("UZ").await, app.organization("OSCE").await);
    let wrong = [
        json!({ "category": "GOVERNMENT", "role": "LEAD" }),
        json!({ "category": "GOVERNMENT", "role": "LEAD", "organizationId": organization }),
        json!({ "category": "INTERNATIONAL_ORGANIZATION", "role": "LEAD" }),
        json!({ "category": "INTERNATIONAL_ORGANIZATION", "role": "LEAD", "organizationId": organization, "countryId": country }),
        json!({ "category": "ALL_STAKEHOLDERS", "role": "SUPPORTING", "countryId": country }),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for addressee in wrong {
        for mutation in ["draftRecommendation", "setAddressees"] {
            let input = with(inputs.get(mutation), "addressees", json!([addressee]));
            cases.push((mutation, input, one("INVALID", "addressees.0")));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn nothing_is_taken_out_of_the_record_of_a_concluded_meeting(app: TestApp) {
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let cases: Vec<Case> = vec![
        ("setMeetingOrganizers", at_with(&meeting, json!({ "organizers": [] })), one("INVALID_STATE", "organizers")),
        (
            "setMeetingOrganizers",
            at_with(
                &meeting,
                json!({ "organizers": [{ "organizationId": app.organization("OSCE").await, "role": "HOST" }] }),
            ),
            one("INVALID_STATE", "organizers"),
        ),
        ("setBodySessions", at_with(&meeting, json!({ "sessions": [] })), one("INVALID_STATE", "sessions")),
        ("updateMeeting", at_with(&meeting, json!({ "endsOn": "2026-12-31" })), one("INVALID_STATE", "endsOn")),
    ];
    app.refuses(&app.secretariat(), cases).await;
}
