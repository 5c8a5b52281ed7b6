//! What organisations state in the room of a meeting, and what the body came to there.

use rec_tests::given::{at, at_with, each, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    what_is_stated_in_the_room_is_recorded_with_what_the_body_came_to,
    statements_in_the_room_are_published_with_the_adoption,
    a_text_is_returned_with_what_was_said_against_it,
    what_cannot_have_been_stated_in_the_room_is_refused,
    under_the_chatham_house_rule_the_room_tells_who_was_in_it,
    a_chair_speaks_in_the_room_for_its_own_organisation_only,
}

async fn member(app: &TestApp, acronym: &str, body: &str, more: Value) {
    let mandate = json!({
        "organizationId": app.organization(acronym).await, "bodyId": app.body(body).await, "role": "MEMBER",
        "canObject": true, "validFrom": "2025-01-01",
    });
    app.secretariat().mutate("grantMandate", with(mandate, more), "id").await;
}

async fn said(app: &TestApp, acronym: &str, kind: &str) -> Value {
    let mut said = json!({ "organizationId": app.organization(acronym).await, "kind": kind, "text": text_of(&format!("{acronym} says")) });
    if kind == "AMENDMENT" {
        said["proposedText"] = text_of("Otherwise");
    }
    said
}

const SELECTION: &str = "id version status procedures { outcome body { code } } positions { kind state organization { acronym } procedure { mode outcome } }";

/// Of each position: who, and what.
fn positions(text: &Value) -> Vec<Value> {
    let all = text["positions"].as_array().unwrap().iter();
    all.map(|one| json!([one["organization"]["acronym"], one["kind"]])).collect()
}

async fn what_is_stated_in_the_room_is_recorded_with_what_the_body_came_to(app: TestApp) {
    for acronym in ["OSCE", "UNICEF"] {
        member(&app, acronym, "WG-A", json!({})).await;
    }
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let stated = json!([said(&app, "OSCE", "FORMAL_RESERVATION").await, said(&app, "UNICEF", "SUPPORT").await]);
    let input =
        at_with(&app.under_discussion("WG-A").await, json!({ "meetingId": meeting["id"], "positions": stated }));
    let agreed = app.secretariat().mutate("recordAgreement", input, SELECTION).await;
    assert_eq!(positions(&agreed), [json!(["OSCE", "FORMAL_RESERVATION"]), json!(["UNICEF", "SUPPORT"])]);
    assert_eq!(
        each(&agreed["positions"], "/procedure"),
        vec![json!({ "mode": "IN_MEETING", "outcome": "ADOPTED" }); 2]
    );
    let stated = json!([said(&app, "OSCE", "OBJECTION").await, said(&app, "UNICEF", "AMENDMENT").await]);
    let discussed = app.under_discussion("WG-A").await;
    let input = at_with(&discussed, json!({ "meetingId": meeting["id"], "positions": stated }));
    let failed = app.secretariat().mutate("recordNoConsensus", input, SELECTION).await;
    assert_eq!(positions(&failed), [json!(["OSCE", "OBJECTION"]), json!(["UNICEF", "AMENDMENT"])]);
    assert_eq!(each(&failed["positions"], "/state"), ["STATED", "STATED"]);
    let query =
        "{ recommendation(by: { id: $id }) { positions { id version } } }".replace("$id", &failed["id"].to_string());
    let objection = app.secretariat().query(&query).await["recommendation"]["positions"][0].take();
    app.partner("OSCE").mutate("withdrawPosition", at(&objection), "id").await;
}

async fn statements_in_the_room_are_published_with_the_adoption(app: TestApp) {
    member(&app, "OSCE", "EC", json!({})).await;
    member(&app, "UNICEF", "WG-A", json!({})).await;
    let (group, committee) = (app.concluded_meeting(&["WG-A"]).await, app.concluded_meeting(&["EC"]).await);
    let stated = json!([said(&app, "UNICEF", "INTERPRETATIVE_STATEMENT").await]);
    let input = at_with(&app.under_discussion("WG-A").await, json!({ "meetingId": group["id"], "positions": stated }));
    let agreed = app.secretariat().mutate("recordAgreement", input, SELECTION).await;
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    let stated = json!([said(&app, "OSCE", "FORMAL_RESERVATION").await]);
    let adoption = json!({ "meetingId": committee["id"], "noPersonalData": true, "positions": stated });
    let adopted = app.secretariat().mutate("adoptRecommendation", at_with(&submitted, adoption), SELECTION).await;
    let both = [json!(["UNICEF", "INTERPRETATIVE_STATEMENT"]), json!(["OSCE", "FORMAL_RESERVATION"])];
    assert_eq!(positions(&adopted), both);
    let published = app.anonymous().recommendation(&adopted["id"], SELECTION).await;
    assert_eq!(positions(&published), both, "whoever may see the text");
    let told = app.anonymous().export("?types=POSITION").await;
    assert_eq!(told.iter().filter(|line| line["recommendationId"] == adopted["id"]).count(), 2);
}

async fn a_text_is_returned_with_what_was_said_against_it(app: TestApp) {
    member(&app, "OSCE", "EC", json!({})).await;
    let committee = app.concluded_meeting(&["EC"]).await;
    let submitted = app.submitted("WG-A").await;
    let stated = json!([said(&app, "OSCE", "OBJECTION").await]);
    let nowhere = at_with(&submitted, json!({ "positions": stated }));
    assert_eq!(app.secretariat().refusals("returnRecommendation", nowhere).await, ["REQUIRED meetingId"]);
    let input = at_with(&submitted, json!({ "meetingId": committee["id"], "positions": stated }));
    let returned = app.secretariat().mutate("returnRecommendation", input, SELECTION).await;
    assert_eq!((&returned["status"], positions(&returned)), (&json!("RETURNED"), vec![json!(["OSCE", "OBJECTION"])]));
    // It stands until the text is revised, or it is withdrawn.
    let discussed = app.secretariat().mutate("openDiscussion", at(&returned), "id version").await;
    let again = at_with(&discussed, json!({ "meetingId": app.concluded_meeting(&["WG-A"]).await["id"] }));
    assert_eq!(app.secretariat().refusals("recordAgreement", again).await, ["INVALID_STATE id"]);
}

async fn what_cannot_have_been_stated_in_the_room_is_refused(app: TestApp) {
    member(&app, "OSCE", "WG-A", json!({})).await;
    member(&app, "UNICEF", "WG-A", json!({ "canObject": false })).await;
    member(&app, "UNODC", "WG-A", json!({ "validFrom": "2025-12-02" })).await;
    member(&app, "CTED", "WG-A", json!({})).await;
    let query = "{ organization(by: { acronym: \"CTED\" }) { id version } }";
    let cted = app.secretariat().query(query).await["organization"].take();
    app.secretariat().mutate("deactivateOrganization", at(&cted), "id").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    let (text, feed) = (app.under_discussion("WG-A").await, app.feed_length().await);
    let refused = async |mutation: &str, stated: Value| {
        let input = at_with(&text, json!({ "meetingId": meeting["id"], "positions": stated }));
        let mut refusals = app.secretariat().refusals(mutation, input).await;
        refusals.sort_unstable();
        refusals
    };
    let mut unknown = said(&app, "OSCE", "SUPPORT").await;
    unknown["organizationId"] = json!(format!("org_{}", "0".repeat(32)));
    let silent = json!({ "organizationId": app.organization("OSCE").await, "kind": "FORMAL_RESERVATION" });
    for (mutation, stated, expected) in [
        ("recordAgreement", json!([said(&app, "OSCE", "OBJECTION").await]), vec!["INVALID positions.0.kind"]),
        ("recordAgreement", json!([said(&app, "OSCE", "AMENDMENT").await]), vec!["INVALID positions.0.kind"]),
        ("recordNoConsensus", json!([said(&app, "UNICEF", "OBJECTION").await]), vec!["INVALID_STATE positions.0.kind"]),
        (
            "recordAgreement",
            json!([said(&app, "UNODC", "SUPPORT").await]),
            vec!["INVALID_STATE positions.0.organizationId"],
        ),
        (
            "recordAgreement",
            json!([said(&app, "CTED", "SUPPORT").await]),
            vec!["INVALID_STATE positions.0.organizationId"],
        ),
        ("recordAgreement", json!([silent]), vec!["REQUIRED positions.0.text"]),
        (
            "recordAgreement",
            json!([
                said(&app, "OSCE", "SUPPORT").await,
                unknown,
                said(&app, "OSCE", "SUPPORT").await,
                said(&app, "UNODC", "SUPPORT").await
            ]),
            vec![
                "INVALID positions",
                "INVALID_STATE positions.3.organizationId",
                "NOT_FOUND positions.1.organizationId",
            ],
        ),
    ] {
        assert_eq!(refused(mutation, stated.clone()).await, expected, "{mutation} {stated}");
    }
    let many: Vec<Value> = vec![said(&app, "OSCE", "SUPPORT").await; 101];
    assert!(refused("recordAgreement", json!(many)).await.contains(&"TOO_LONG positions".to_owned()));
    assert_eq!(app.feed_length().await, feed);
}

async fn under_the_chatham_house_rule_the_room_tells_who_was_in_it(app: TestApp) {
    for acronym in ["OSCE", "UNICEF"] {
        member(&app, acronym, "WG-A", json!({})).await;
    }
    let meeting = app.concluded_meeting_with(&["WG-A"], json!({ "chathamHouse": true })).await;
    let stated = json!([said(&app, "OSCE", "SUPPORT").await]);
    let input =
        at_with(&app.under_discussion("WG-A").await, json!({ "meetingId": meeting["id"], "positions": stated }));
    let agreed = app.secretariat().mutate("recordAgreement", input, SELECTION).await;
    for (client, expected) in
        [(app.partner("OSCE"), 1), (app.secretariat(), 1), (app.partner("UNICEF"), 0), (app.reader(), 0)]
    {
        let seen = client.recommendation(&agreed["id"], SELECTION).await;
        assert_eq!(positions(&seen).len(), expected);
    }
}

async fn a_chair_speaks_in_the_room_for_its_own_organisation_only(app: TestApp) {
    member(&app, "OSCE", "WG-A", json!({ "role": "CHAIR" })).await;
    member(&app, "UNICEF", "WG-A", json!({})).await;
    let (meeting, text) = (app.concluded_meeting(&["WG-A"]).await, app.under_discussion("WG-A").await);
    let input = |stated: Value| at_with(&text, json!({ "meetingId": meeting["id"], "positions": stated }));
    let (its, of_another) = (said(&app, "OSCE", "SUPPORT").await, said(&app, "UNICEF", "FORMAL_RESERVATION").await);
    let feed = app.feed_length().await;
    let error = app.partner("OSCE").mutation_error("recordAgreement", input(json!([its, of_another]))).await;
    assert_eq!((error.as_str(), app.feed_length().await), ("FORBIDDEN", feed));
    let agreed = app.partner("OSCE").mutate("recordAgreement", input(json!([its])), SELECTION).await;
    assert_eq!(positions(&agreed), [json!(["OSCE", "SUPPORT"])]);
}
