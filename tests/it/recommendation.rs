//! The life of a recommendation through the API. Who may do what with it, and what the database refuses, stand in `officer` and `guard`.

use chrono::TimeDelta;
use rec_tests::given::{at, at_with, each, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

async fn read(app: &TestApp, id: &Value, selection: &str) -> Value {
    app.secretariat().recommendation(id, selection).await
}

async fn step(app: &TestApp, mutation: &str, record: &Value, more: Value) -> Value {
    app.secretariat().mutate(mutation, at_with(record, more), "id version status label").await
}

async fn refused(app: &TestApp, mutation: &str, record: &Value, more: Value) -> Vec<String> {
    app.secretariat().refusals(mutation, at_with(record, more)).await
}

fn adoption(meeting: &Value) -> Value {
    json!({ "meetingId": meeting["id"], "noPersonalData": true })
}

on_both_databases! {
    a_draft_holds_all_that_is_given,
    a_changed_text_is_a_new_revision_with_its_note,
    a_revision_keeps_what_is_omitted_and_clears_null,
    addressees_are_replaced_in_order,
    a_recommendation_goes_from_draft_to_its_addressees,
    an_agreement_needs_a_meeting_held_with_a_session_of_the_body,
    a_returned_text_is_discussed_again,
    a_withdrawn_text_is_over,
    an_adoption_needs_addressees_both_languages_and_the_declaration,
    an_adoption_takes_place_at_a_meeting_of_the_committee_or_the_plenary,
    labels_count_for_each_body_and_year_and_are_not_reused,
    adoptions_at_once_get_different_labels,
    a_recommendation_is_superseded_by_another_adopted_one,
    an_adopted_text_is_not_changed,
    a_note_on_a_change_needs_a_change_and_revisions_are_bounded,
    a_text_is_not_adopted_before_its_body_agreed,
    null_empties_the_themes_and_instruments_of_a_text,
}

async fn a_draft_holds_all_that_is_given(app: TestApp) {
    let (law, health, resolution) =
        (app.theme("LAW").await, app.theme("HEALTH").await, app.instrument("S/RES/2396").await);
    let unicef = app.organization("UNICEF").await;
    let input = json!({
        "bodyId": app.body("WG-B").await, "kind": "PROPOSED_SOLUTION", "title": text("Schools"),
        "text": text("Open the schools."),
        "rationale": text("They help."), "priority": "HIGH", "targetDate": "2026-01-15",
        "themeIds": [health, law], "instrumentIds": [resolution],
        "addressees": [
            { "category": "ALL_STAKEHOLDERS", "role": "SUPPORTING" },
            { "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("KZ").await },
            { "category": "INTERNATIONAL_ORGANIZATION", "role": "LEAD", "organizationId": unicef },
        ],
    });
    let selection = "version status label kind title text rationale priority targetDate adoptedOn isDemo
        noPersonalData body { code }
        draftedBy { acronym } meeting { id } agreedAt { id } themes { code } instruments { symbol }
        addressees { category role country { iso2 } organization { acronym } }
        revisions { number title text rationale changeNote } supersedes { id } supersededBy { id }";
    let draft = app.secretariat().mutate("draftRecommendation", input, selection).await;
    let expected = json!({
        "version": 1, "status": "DRAFT", "label": null, "kind": "PROPOSED_SOLUTION", "title": "Schools",
        "text": "Open the schools.", "rationale": "They help.", "priority": "HIGH", "targetDate": "2026-01-15",
        "adoptedOn": null, "isDemo": false, "noPersonalData": false, "body": { "code": "WG-B" }, "draftedBy": null,
        "meeting": null, "agreedAt": null, "themes": [{ "code": "HEALTH" }, { "code": "LAW" }],
        "instruments": [{ "symbol": "S/RES/2396" }],
        "addressees": [
            { "category": "ALL_STAKEHOLDERS", "role": "SUPPORTING", "country": null, "organization": null },
            { "category": "GOVERNMENT", "role": "LEAD", "country": { "iso2": "KZ" }, "organization": null },
            {
                "category": "INTERNATIONAL_ORGANIZATION", "role": "LEAD", "country": null,
                "organization": { "acronym": "UNICEF" },
            },
        ],
        "revisions": [{
            "number": 1, "title": "Schools", "text": "Open the schools.", "rationale": "They help.",
            "changeNote": null,
        }],
        "supersedes": null, "supersededBy": null,
    });
    assert_eq!(draft, expected);
}

async fn a_changed_text_is_a_new_revision_with_its_note(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let input = at_with(&draft, json!({ "text": text("Second"), "changeNote": "Shorter." }));
    let second = app.secretariat().mutate("reviseRecommendation", input, "id version text title").await;
    assert_eq!(
        (&second["version"], &second["text"], &second["title"]),
        (&json!(2), &json!("Second"), &json!("A recommendation"))
    );
    let input = at_with(&second, json!({ "title": text("Third") }));
    let third = app.secretariat().mutate("reviseRecommendation", input, "id version").await;
    let input = at_with(&third, json!({ "priority": "LOW", "themeIds": [app.theme("LAW").await] }));
    let fourth = app.secretariat().mutate("reviseRecommendation", input, "version priority themes { code }").await;
    assert_eq!(fourth, json!({ "version": 4, "priority": "LOW", "themes": [{ "code": "LAW" }] }));
    let revisions = read(&app, &draft["id"], "revisions { number title text changeNote }").await["revisions"].take();
    let expected = json!([
        { "number": 1, "title": "A recommendation", "text": "The states are invited to act", "changeNote": null },
        { "number": 2, "title": "A recommendation", "text": "Second", "changeNote": "Shorter." },
        { "number": 3, "title": "Third", "text": "Second", "changeNote": null },
    ]);
    assert_eq!(revisions, expected, "no revision without a changed text");
    let selection =
        "{ from { number } to { number } title { locale segments { kind text } } text { locale segments { kind text } }
        rationale { locale } }";
    let diffs = format!(
        "last: diff(from: 1) {selection} step: diff {selection} back: diff(from: 2, to: 1) {selection}
        same: diff(from: 2, to: 2) {selection} first: diff(to: 1) {selection} none: diff(from: 4) {selection}"
    );
    let said = |kind: &str, words: &str| json!({ "kind": kind, "text": words });
    let replaced = |before: &str, after: &str| {
        let (before, after) = (said("DELETED", before), said("INSERTED", after));
        json!([
            { "locale": "EN", "segments": [before, after] },
            { "locale": "RU", "segments": [before, after, said("KEPT", " (по-русски)")] },
        ])
    };
    let diff = |from: i32, to: i32, title: Value, text: Value| json!({ "from": { "number": from }, "to": { "number": to }, "title": title, "text": text, "rationale": [] });
    let (first, second) = ("The states are invited to act", "Second");
    let title = replaced("A recommendation", "Third");
    let expected = json!({
        "last": diff(1, 3, title.clone(), replaced(first, second)),
        "step": diff(2, 3, title, json!([])),
        "back": diff(2, 1, json!([]), replaced(second, first)),
        "same": diff(2, 2, json!([]), json!([])),
        "first": null, "none": null,
    });
    assert_eq!(read(&app, &draft["id"], &diffs).await, expected);
}

async fn a_revision_keeps_what_is_omitted_and_clears_null(app: TestApp) {
    let theme = app.theme("LAW").await;
    let more = json!({ "rationale": text("Why"), "priority": "HIGH", "targetDate": "2026-05-01", "themeIds": [theme] });
    let draft = app.draft_with("WG-A", more).await;
    let selection = "id version rationale priority targetDate themes { code }";
    let input = at_with(&draft, json!({ "rationale": null, "targetDate": null }));
    let revised = app.secretariat().mutate("reviseRecommendation", input, selection).await;
    assert_eq!((&revised["rationale"], &revised["targetDate"]), (&Value::Null, &Value::Null));
    assert_eq!((&revised["priority"], &revised["themes"]), (&json!("HIGH"), &json!([{ "code": "LAW" }])));
    let nothing =
        refused(&app, "reviseRecommendation", &revised, json!({ "title": null, "text": null, "kind": null })).await;
    assert_eq!(nothing, ["REQUIRED kind", "REQUIRED title", "REQUIRED text"]);
    let past = refused(&app, "reviseRecommendation", &revised, json!({ "targetDate": "2026-01-14" })).await;
    assert_eq!(past, ["INVALID targetDate"]);
}

async fn addressees_are_replaced_in_order(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let (kz, unicef) = (app.country("KZ").await, app.organization("UNICEF").await);
    let wanted = json!({ "addressees": [
        { "category": "INTERNATIONAL_ORGANIZATION", "role": "SUPPORTING", "organizationId": unicef },
        { "category": "GOVERNMENT", "role": "LEAD", "countryId": kz },
    ] });
    let selection = "id version addressees { role country { iso2 } organization { acronym } }";
    let set = app.secretariat().mutate("setAddressees", at_with(&draft, wanted), selection).await;
    assert_eq!(each(&set["addressees"], "/organization/acronym"), [json!("UNICEF"), Value::Null]);
    assert_eq!(
        (each(&set["addressees"], "/country/iso2"), &set["version"]),
        (vec![Value::Null, json!("KZ")], &json!(2))
    );
    for (wrong, refusal) in [
        (json!([{ "category": "GOVERNMENT", "role": "LEAD", "organizationId": unicef }]), "INVALID addressees.0"),
        (json!([{ "category": "ALL_STAKEHOLDERS", "role": "LEAD", "countryId": kz }]), "INVALID addressees.0"),
        (
            json!([{ "category": "GOVERNMENT", "role": "LEAD", "countryId": unicef }]),
            "NOT_FOUND addressees.0.countryId",
        ),
        (
            json!([
                { "category": "GOVERNMENT", "role": "LEAD", "countryId": kz },
                { "category": "GOVERNMENT", "role": "SUPPORTING", "countryId": kz },
            ]),
            "INVALID addressees",
        ),
    ] {
        assert_eq!(refused(&app, "setAddressees", &set, json!({ "addressees": wrong })).await, [refusal]);
    }
    let query = "{ country(by: { iso2: \"KZ\" }) { recommendations { nodes { id } } }
        organization(by: { acronym: \"UNICEF\" }) { recommendations { nodes { id } } } }";
    let data = app.secretariat().query(query).await;
    assert_eq!(each(&data["country"]["recommendations"]["nodes"], "/id"), [draft["id"].clone()]);
    assert_eq!(each(&data["organization"]["recommendations"]["nodes"], "/id"), [draft["id"].clone()]);
}

async fn a_recommendation_goes_from_draft_to_its_addressees(app: TestApp) {
    let draft = app.draft("WG-A").await;
    assert_eq!(refused(&app, "submitToExecutiveCommittee", &draft, json!({})).await, ["INVALID_STATE id"]);
    let discussed = step(&app, "openDiscussion", &draft, json!({})).await;
    assert_eq!(discussed["status"], "UNDER_DISCUSSION");
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let agreed = step(&app, "recordAgreement", &discussed, json!({ "meetingId": meeting["id"] })).await;
    assert_eq!(agreed["status"], "AGREED_IN_GROUP");
    assert_eq!(
        refused(&app, "reviseRecommendation", &agreed, json!({ "text": text("Late") })).await,
        ["INVALID_STATE id"]
    );
    let submitted = step(&app, "submitToExecutiveCommittee", &agreed, json!({})).await;
    assert_eq!((&submitted["status"], &submitted["label"]), (&json!("SUBMITTED_TO_EXCOM"), &Value::Null));
    assert_eq!(refused(&app, "setAddressees", &submitted, json!({ "addressees": [] })).await, ["INVALID_STATE id"]);
    let adopted = step(&app, "adoptRecommendation", &submitted, adoption(&meeting)).await;
    assert_eq!((&adopted["status"], &adopted["label"]), (&json!("ADOPTED"), &json!("REC/WG-A/2025/1")));
    let transmitted = step(&app, "transmitRecommendation", &adopted, json!({})).await;
    assert_eq!((&transmitted["status"], &transmitted["version"]), (&json!("TRANSMITTED"), &json!(6)));
    let selection = "adoptedOn noPersonalData meeting { id } agreedAt { id } body { code }";
    let mut shown = app
        .anonymous()
        .query(&format!("{{ recommendation(by: {{ label: \"REC/WG-A/2025/1\" }}) {{ {selection} }} }}"))
        .await;
    let expected = json!({
        "adoptedOn": "2025-12-01", "noPersonalData": true, "meeting": { "id": meeting["id"] },
        "agreedAt": { "id": meeting["id"] }, "body": { "code": "WG-A" },
    });
    assert_eq!(shown["recommendation"].take(), expected);
    let query = "query($id: ID!) { meeting(by: { id: $id }) { recommendations { nodes { id } } } }";
    let data = app.anonymous().query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(each(&data["meeting"]["recommendations"]["nodes"], "/id"), [draft["id"].clone()]);
}

async fn an_agreement_needs_a_meeting_held_with_a_session_of_the_body(app: TestApp) {
    let discussed = app.under_discussion("WG-A").await;
    let session = json!([{ "bodyId": app.body("WG-A").await }]);
    let planned = app.planned_meeting(json!({ "sessions": session, "startsOn": "2026-01-15" })).await;
    let other = app.concluded_meeting(&["WG-B"]).await;
    let agreement = |meeting: &Value| json!({ "meetingId": meeting["id"] });
    for meeting in [&planned, &other] {
        assert_eq!(refused(&app, "recordAgreement", &discussed, agreement(meeting)).await, ["INVALID_STATE meetingId"]);
    }
    let unknown = json!({ "meetingId": discussed["id"] });
    assert_eq!(refused(&app, "recordAgreement", &discussed, unknown).await, ["NOT_FOUND meetingId"]);
    let confirmed = app.secretariat().mutate("confirmMeeting", at(&planned), "id version").await;
    let open = app.secretariat().mutate("openMeeting", at(&confirmed), "id version").await;
    assert_eq!(step(&app, "recordAgreement", &discussed, agreement(&open)).await["status"], "AGREED_IN_GROUP");
}

async fn a_returned_text_is_discussed_again(app: TestApp) {
    let submitted = app.submitted("WG-A").await;
    let returned = step(&app, "returnRecommendation", &submitted, json!({})).await;
    assert_eq!(returned["status"], "RETURNED");
    assert_eq!(read(&app, &returned["id"], "agreedAt { id }").await["agreedAt"], Value::Null);
    assert_eq!(
        refused(&app, "adoptRecommendation", &returned, adoption(&app.concluded_meeting(&["EC"]).await)).await,
        ["INVALID_STATE id"]
    );
    let again = step(&app, "openDiscussion", &returned, json!({})).await;
    assert_eq!(again["status"], "UNDER_DISCUSSION");
    let revised = step(&app, "reviseRecommendation", &again, json!({ "text": text("Better") })).await;
    let meeting = app.concluded_meeting(&["WG-A"]).await;
    assert_eq!(
        step(&app, "recordAgreement", &revised, json!({ "meetingId": meeting["id"] })).await["status"],
        "AGREED_IN_GROUP"
    );
}

async fn a_withdrawn_text_is_over(app: TestApp) {
    let withdrawn = step(&app, "withdrawRecommendation", &app.under_discussion("WG-A").await, json!({})).await;
    assert_eq!(withdrawn["status"], "WITHDRAWN");
    for mutation in [
        "openDiscussion",
        "reviseRecommendation",
        "withdrawRecommendation",
        "submitToExecutiveCommittee",
        "transmitRecommendation",
    ] {
        assert_eq!(refused(&app, mutation, &withdrawn, json!({})).await, ["INVALID_STATE id"], "{mutation}");
    }
}

async fn an_adoption_needs_addressees_both_languages_and_the_declaration(app: TestApp) {
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let english = json!([{ "locale": "EN", "text": "Only English" }]);
    for (more, refusal) in [
        (json!({ "addressees": [] }), "INVALID_STATE addressees"),
        (json!({ "title": english }), "INVALID_STATE text"),
        (json!({ "text": english }), "INVALID_STATE text"),
    ] {
        let submitted = app.submit(&app.draft_with("WG-A", more).await, &meeting).await;
        assert_eq!(refused(&app, "adoptRecommendation", &submitted, adoption(&meeting)).await, [refusal]);
    }
    let submitted = app.submit(&app.draft("WG-A").await, &meeting).await;
    let undeclared = with(adoption(&meeting), json!({ "noPersonalData": false }));
    assert_eq!(refused(&app, "adoptRecommendation", &submitted, undeclared).await, ["REQUIRED noPersonalData"]);
    assert_eq!(
        step(&app, "adoptRecommendation", &submitted, adoption(&meeting)).await["label"],
        "REC/WG-A/2025/1",
        "no refusal uses up a serial"
    );
}

async fn an_adoption_takes_place_at_a_meeting_of_the_committee_or_the_plenary(app: TestApp) {
    let submitted = app.submitted("WG-A").await;
    let group = app.concluded_meeting(&["WG-A"]).await;
    assert_eq!(refused(&app, "adoptRecommendation", &submitted, adoption(&group)).await, ["INVALID_STATE meetingId"]);
    let planned = app.planned_meeting(json!({ "sessions": [{ "bodyId": app.body("EC").await }] })).await;
    assert_eq!(refused(&app, "adoptRecommendation", &submitted, adoption(&planned)).await, ["INVALID_STATE meetingId"]);
    let plenary = app.concluded_meeting_with(&["PL"], json!({ "endsOn": "2025-12-02" })).await;
    for day in ["2025-11-30", "2025-12-03"] {
        let input = with(adoption(&plenary), json!({ "adoptedOn": day }));
        assert_eq!(refused(&app, "adoptRecommendation", &submitted, input).await, ["INVALID adoptedOn"], "{day}");
    }
    assert_eq!(step(&app, "adoptRecommendation", &submitted, adoption(&plenary)).await["status"], "ADOPTED");
    assert_eq!(read(&app, &submitted["id"], "adoptedOn").await["adoptedOn"], "2025-12-02");
}

async fn labels_count_for_each_body_and_year_and_are_not_reused(app: TestApp) {
    assert_eq!(app.adopted("WG-A").await["label"], "REC/WG-A/2025/1");
    assert_eq!(app.adopted("WG-B").await["label"], "REC/WG-B/2025/1");
    let second = app.adopted("WG-A").await;
    assert_eq!(second["label"], "REC/WG-A/2025/2");
    let successor = app.adopted("WG-A").await;
    let superseded = step(&app, "supersedeRecommendation", &second, json!({ "supersededById": successor["id"] })).await;
    assert_eq!((&superseded["status"], &superseded["label"]), (&json!("SUPERSEDED"), &json!("REC/WG-A/2025/2")));
    assert_eq!(app.adopted("WG-A").await["label"], "REC/WG-A/2025/4");
    app.app.clock.advance(TimeDelta::days(5));
    let meeting = app.concluded_meeting_with(&["WG-A", "EC"], json!({ "startsOn": "2026-01-19" })).await;
    let submitted = app.submit(&app.draft("WG-A").await, &meeting).await;
    assert_eq!(step(&app, "adoptRecommendation", &submitted, adoption(&meeting)).await["label"], "REC/WG-A/2026/1");
}

async fn adoptions_at_once_get_different_labels(app: TestApp) {
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let other_process = app.second().await;
    let mut adoptions = Vec::new();
    for number in 0..20 {
        let submitted = app.submit(&app.draft("WG-A").await, &meeting).await;
        let client = if number % 2 == 0 { app.secretariat() } else { other_process.secretariat() };
        let input = at_with(&submitted, adoption(&meeting));
        adoptions.push(tokio::spawn(async move { client.mutate("adoptRecommendation", input, "label").await }));
    }
    let mut labels = Vec::new();
    for adoption in adoptions {
        labels.push(adoption.await.unwrap()["label"].as_str().unwrap().to_owned());
    }
    labels.sort_by_key(|label| label.rsplit('/').next().and_then(|serial| serial.parse::<u32>().ok()));
    assert_eq!(labels, (1..=20).map(|serial| format!("REC/WG-A/2025/{serial}")).collect::<Vec<_>>());
}

async fn a_recommendation_is_superseded_by_another_adopted_one(app: TestApp) {
    let (earlier, later, draft) = (app.adopted("WG-A").await, app.adopted("WG-A").await, app.draft("WG-A").await);
    for (wrong, refusal) in [(&earlier, "INVALID supersededById"), (&draft, "INVALID_STATE supersededById")] {
        assert_eq!(
            refused(&app, "supersedeRecommendation", &earlier, json!({ "supersededById": wrong["id"] })).await,
            [refusal]
        );
    }
    let transmitted = step(&app, "transmitRecommendation", &earlier, json!({})).await;
    step(&app, "supersedeRecommendation", &transmitted, json!({ "supersededById": later["id"] })).await;
    let forth = read(&app, &earlier["id"], "status supersededBy { id supersedes { id } } supersedes { id }").await;
    let expected = json!({
        "status": "SUPERSEDED", "supersedes": null,
        "supersededBy": { "id": later["id"], "supersedes": { "id": earlier["id"] } },
    });
    assert_eq!(forth, expected);
    assert_eq!(
        read(&app, &later["id"], "version status").await,
        json!({ "version": 6, "status": "ADOPTED" }),
        "the later one changes as well"
    );
    let third = app.adopted("WG-A").await;
    let taken = refused(&app, "supersedeRecommendation", &third, json!({ "supersededById": later["id"] })).await;
    assert_eq!(taken, ["INVALID_STATE supersededById"]);
}

async fn an_adopted_text_is_not_changed(app: TestApp) {
    let adopted = app.adopted("WG-A").await;
    for (mutation, more) in [
        ("reviseRecommendation", json!({ "text": text("Other") })),
        ("reviseRecommendation", json!({ "priority": "LOW" })),
        ("setAddressees", json!({ "addressees": [] })),
        ("withdrawRecommendation", json!({})),
        ("openDiscussion", json!({})),
        ("returnRecommendation", json!({})),
    ] {
        assert_eq!(refused(&app, mutation, &adopted, more).await, ["INVALID_STATE id"], "{mutation}");
    }
}

async fn a_note_on_a_change_needs_a_change_and_revisions_are_bounded(app: TestApp) {
    let draft = app.draft("WG-A").await;
    assert_eq!(
        refused(&app, "reviseRecommendation", &draft, json!({ "changeNote": "Why" })).await,
        ["INVALID changeNote"]
    );
    let mut row = draft;
    for number in 2..=100 {
        row = step(&app, "reviseRecommendation", &row, json!({ "text": text(&number.to_string()) })).await;
    }
    assert_eq!(refused(&app, "reviseRecommendation", &row, json!({ "text": text("101") })).await, ["TOO_LONG text"]);
}

async fn a_text_is_not_adopted_before_its_body_agreed(app: TestApp) {
    let agreed = app.concluded_meeting_with(&["WG-A"], json!({ "startsOn": "2025-11-27" })).await;
    let earlier = app.concluded_meeting_with(&["EC"], json!({ "startsOn": "2025-05-14" })).await;
    let submitted = app.submit(&app.draft("WG-A").await, &agreed).await;
    assert_eq!(refused(&app, "adoptRecommendation", &submitted, adoption(&earlier)).await, ["INVALID adoptedOn"]);
}

async fn null_empties_the_themes_and_instruments_of_a_text(app: TestApp) {
    let (theme, instrument) = (app.theme("LAW").await, app.instrument("S/RES/1").await);
    let draft = app.draft_with("WG-A", json!({ "themeIds": [theme], "instrumentIds": [instrument] })).await;
    let emptied = at_with(&draft, json!({ "themeIds": null, "instrumentIds": null }));
    let selection = "themes { id } instruments { id }";
    let emptied = app.secretariat().mutate("reviseRecommendation", emptied, selection).await;
    assert_eq!(emptied, json!({ "themes": [], "instruments": [] }));
}
