//! What a partner may do with a recommendation by its organisation's mandate today.

use rec_tests::given::{at, at_with, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

async fn draft_input(app: &TestApp, body: &str) -> Value {
    let body = app.body(body).await;
    json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("Proposal"), "text": text("A text") })
}

async fn drafted_by(app: &TestApp, acronym: &str, body: &str) -> Value {
    app.partner(acronym)
        .mutate("draftRecommendation", draft_input(app, body).await, "id version draftedBy { acronym }")
        .await
}

/// A mandate until a day.
async fn mandate_until(app: &TestApp, acronym: &str, body: &str, role: &str, last_day: &str) {
    let mandate = app.mandate(acronym, body, role).await;
    app.secretariat().mutate("endMandate", at_with(&mandate, json!({ "validTo": last_day })), "id").await;
}

async fn forbidden(app: &TestApp, acronym: &str, mutation: &str, input: Value) {
    assert_eq!(app.partner(acronym).mutation_error(mutation, input).await, "FORBIDDEN", "{acronym} {mutation}");
}

on_both_databases! {
    a_partner_drafts_where_its_organisation_holds_a_mandate_and_nowhere_else,
    a_mandate_counts_from_its_first_day_to_its_last,
    a_member_works_on_its_own_drafts_only,
    a_rapporteur_edits_the_texts_of_its_body_but_records_no_agreement,
    the_chairs_of_a_body_record_agreement_and_submit_but_do_not_adopt,
    the_chair_of_another_body_records_nothing,
    the_chair_of_the_executive_committee_adopts_returns_transmits_and_supersedes,
    a_chair_adopts_what_was_agreed_at_a_meeting_that_it_may_not_see,
    a_former_chair_records_nothing,
    a_text_is_seen_by_more_as_it_moves_on,
}

async fn a_partner_drafts_where_its_organisation_holds_a_mandate_and_nowhere_else(app: TestApp) {
    app.mandate("UNODC", "WG-A", "MEMBER").await;
    assert_eq!(drafted_by(&app, "UNODC", "WG-A").await["draftedBy"]["acronym"], "UNODC");
    for body in ["WG-B", "EC", "PL"] {
        forbidden(&app, "UNODC", "draftRecommendation", draft_input(&app, body).await).await;
    }
    forbidden(&app, "ICRC", "draftRecommendation", draft_input(&app, "WG-A").await).await;
    for viewer in [app.reader(), app.anonymous()] {
        assert_eq!(viewer.mutation_error("draftRecommendation", draft_input(&app, "WG-A").await).await, "FORBIDDEN");
    }
}

async fn a_mandate_counts_from_its_first_day_to_its_last(app: TestApp) {
    mandate_until(&app, "UNODC", "WG-A", "MEMBER", "2026-01-15").await;
    drafted_by(&app, "UNODC", "WG-A").await;
    app.app.clock.advance(chrono::TimeDelta::days(1));
    forbidden(&app, "UNODC", "draftRecommendation", draft_input(&app, "WG-A").await).await;
    let tomorrow = json!({
        "organizationId": app.organization("ICRC").await, "bodyId": app.body("WG-A").await,
        "role": "MEMBER", "validFrom": "2026-01-17",
    });
    app.secretariat().mutate("grantMandate", tomorrow, "id").await;
    forbidden(&app, "ICRC", "draftRecommendation", draft_input(&app, "WG-A").await).await;
    app.app.clock.advance(chrono::TimeDelta::days(1));
    drafted_by(&app, "ICRC", "WG-A").await;
}

async fn a_member_works_on_its_own_drafts_only(app: TestApp) {
    app.mandate("UNODC", "WG-A", "MEMBER").await;
    app.mandate("ICRC", "WG-A", "MEMBER").await;
    let own = drafted_by(&app, "UNODC", "WG-A").await;
    assert_eq!(
        app.partner("ICRC").refusals("reviseRecommendation", at(&own)).await,
        ["NOT_FOUND id"],
        "another's draft is hidden"
    );
    let input = at_with(&own, json!({ "text": text("Better") }));
    let revised = app.partner("UNODC").mutate("reviseRecommendation", input, "id version").await;
    let addressees = json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
    let addressed =
        app.partner("UNODC").mutate("setAddressees", at_with(&revised, addressees.clone()), "id version").await;
    let discussed = app.partner("UNODC").mutate("openDiscussion", at(&addressed), "id version status").await;
    assert_eq!(discussed["status"], "UNDER_DISCUSSION");
    forbidden(&app, "ICRC", "reviseRecommendation", at(&discussed)).await;
    forbidden(&app, "ICRC", "setAddressees", at_with(&discussed, addressees)).await;
    forbidden(&app, "ICRC", "withdrawRecommendation", at(&discussed)).await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    forbidden(&app, "UNODC", "recordAgreement", at_with(&discussed, json!({ "meetingId": meeting["id"] }))).await;
    let withdrawn = app.partner("UNODC").mutate("withdrawRecommendation", at(&discussed), "status").await;
    assert_eq!(withdrawn["status"], "WITHDRAWN");
}

async fn a_rapporteur_edits_the_texts_of_its_body_but_records_no_agreement(app: TestApp) {
    app.mandate("UNODC", "WG-A", "RAPPORTEUR").await;
    let discussed = app.under_discussion("WG-A").await;
    let input = at_with(&discussed, json!({ "text": text("Edited") }));
    let revised = app.partner("UNODC").mutate("reviseRecommendation", input, "id version text").await;
    assert_eq!(revised["text"], "Edited");
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    forbidden(&app, "UNODC", "recordAgreement", at_with(&revised, json!({ "meetingId": meeting["id"] }))).await;
    forbidden(&app, "UNODC", "withdrawRecommendation", at(&revised)).await;
    let elsewhere = app.under_discussion("WG-B").await;
    forbidden(&app, "UNODC", "reviseRecommendation", at(&elsewhere)).await;
}

async fn the_chairs_of_a_body_record_agreement_and_submit_but_do_not_adopt(app: TestApp) {
    for (acronym, role) in [("UNODC", "CHAIR"), ("ICRC", "CO_CHAIR")] {
        app.mandate(acronym, "WG-A", role).await;
        let chair = app.partner(acronym);
        let discussed = app.under_discussion("WG-A").await;
        let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
        let agreed = at_with(&discussed, json!({ "meetingId": meeting["id"] }));
        let agreed = chair.mutate("recordAgreement", agreed, "id version status").await;
        assert_eq!(agreed["status"], "AGREED_IN_GROUP");
        let submitted = chair.mutate("submitToExecutiveCommittee", at(&agreed), "id version status").await;
        assert_eq!(submitted["status"], "SUBMITTED_TO_EXCOM");
        let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
        forbidden(&app, acronym, "adoptRecommendation", adoption).await;
        forbidden(&app, acronym, "returnRecommendation", at(&submitted)).await;
    }
}

async fn the_chair_of_another_body_records_nothing(app: TestApp) {
    app.mandate("UNODC", "WG-B", "CHAIR").await;
    let discussed = app.under_discussion("WG-A").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    forbidden(&app, "UNODC", "recordAgreement", at_with(&discussed, json!({ "meetingId": meeting["id"] }))).await;
    let agreed = app.agreed("WG-A").await;
    forbidden(&app, "UNODC", "submitToExecutiveCommittee", at(&agreed)).await;
}

async fn the_chair_of_the_executive_committee_adopts_returns_transmits_and_supersedes(app: TestApp) {
    app.mandate("ISRS", "EC", "CHAIR").await;
    let chair = app.partner("ISRS");
    let returned = chair.mutate("returnRecommendation", at(&app.submitted("WG-A").await), "status").await;
    assert_eq!(returned["status"], "RETURNED");
    let submitted = app.submitted("WG-A").await;
    let meeting = app.concluded_meeting(&["EC"]).await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    let adopted = chair.mutate("adoptRecommendation", adoption, "id version label").await;
    assert_eq!(adopted["label"], "REC/WG-A/2025/1");
    let transmitted = chair.mutate("transmitRecommendation", at(&adopted), "id version").await;
    let later = app.adopted("WG-B").await;
    let input = at_with(&transmitted, json!({ "supersededById": later["id"] }));
    assert_eq!(chair.mutate("supersedeRecommendation", input, "status").await["status"], "SUPERSEDED");
    let discussed = app.under_discussion("WG-A").await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    forbidden(&app, "ISRS", "recordAgreement", at_with(&discussed, json!({ "meetingId": meeting["id"] }))).await;
}

async fn a_chair_adopts_what_was_agreed_at_a_meeting_that_it_may_not_see(app: TestApp) {
    app.mandate("ISRS", "EC", "CHAIR").await;
    let confidential = app.concluded_meeting_with(&["WG-A"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let submitted = app.submit(&app.draft("WG-A").await, &confidential).await;
    let adopted_at =
        |meeting: &Value| at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    let earlier = app.concluded_meeting_with(&["EC"], json!({ "startsOn": "2025-05-14" })).await;
    let chair = app.partner("ISRS");
    assert_eq!(chair.refusals("adoptRecommendation", adopted_at(&earlier)).await, ["INVALID adoptedOn"]);
    let later = app.concluded_meeting(&["EC"]).await;
    assert_eq!(chair.mutate("adoptRecommendation", adopted_at(&later), "status").await["status"], "ADOPTED");
}

async fn a_former_chair_records_nothing(app: TestApp) {
    mandate_until(&app, "UNODC", "WG-A", "CHAIR", "2026-01-14").await;
    mandate_until(&app, "ISRS", "EC", "CHAIR", "2026-01-14").await;
    let discussed = app.under_discussion("WG-A").await;
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    forbidden(&app, "UNODC", "recordAgreement", at_with(&discussed, json!({ "meetingId": meeting["id"] }))).await;
    forbidden(&app, "UNODC", "reviseRecommendation", at(&discussed)).await;
    let submitted = app.submitted("WG-A").await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    forbidden(&app, "ISRS", "adoptRecommendation", adoption).await;
}

async fn a_text_is_seen_by_more_as_it_moves_on(app: TestApp) {
    app.mandate("UNODC", "WG-A", "MEMBER").await;
    let draft = drafted_by(&app, "UNODC", "WG-A").await;
    let query = format!("{{ node(id: {}) {{ id }} recommendations {{ totalCount }} }}", draft["id"]);
    let sees = async |acronym: Option<&str>| {
        let viewer = acronym.map_or_else(|| app.anonymous(), |acronym| app.partner(acronym));
        let data = viewer.query(&query).await;
        let seen = !data["node"].is_null();
        assert_eq!(data["recommendations"]["totalCount"], u8::from(seen));
        seen
    };
    assert_eq!((sees(Some("UNODC")).await, sees(Some("ICRC")).await, sees(None).await), (true, false, false));
    let discussed = app.partner("UNODC").mutate("openDiscussion", at(&draft), "id version").await;
    assert_eq!((sees(Some("UNODC")).await, sees(Some("ICRC")).await, sees(None).await), (true, true, false));
    app.partner("UNODC").mutate("withdrawRecommendation", at(&discussed), "id").await;
    assert_eq!((sees(Some("UNODC")).await, sees(Some("ICRC")).await, sees(None).await), (true, false, false));
}
