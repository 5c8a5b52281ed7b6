//! Texts: drafts, texts under discussion, who drafted them.

use rec_api::service::sizes;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{assert_list, draft_of, sees, strangers, unknown};

/// The same refusal for a hidden record as for one that does not exist.
async fn assert_like_unknown(client: &Client, mutation: &str, input: &Value, field: &str, prefix: &str) {
    let of = |id: Value| {
        let mut input = input.clone();
        input[field] = id;
        input
    };
    let hidden = client.payload(mutation, input.clone(), "id").await;
    let missing = client.payload(mutation, of(json!(unknown(prefix))), "id").await;
    assert_eq!(hidden, missing, "{mutation}");
    assert_eq!(hidden["userErrors"][0]["code"], "NOT_FOUND", "{mutation}");
    assert_eq!(hidden["userErrors"][0]["path"], json!([field]), "{mutation}");
    assert_eq!((&hidden["record"], &hidden["change"]), (&Value::Null, &Value::Null), "{mutation}");
}

on_both_databases! {
    what_an_operation_costs_tells_nothing_of_hidden_texts,
    a_draft_is_in_no_list_of_a_stranger,
    a_draft_is_no_node_of_a_stranger,
    no_filter_finds_a_hidden_draft,
    a_draft_is_counted_at_no_edge,
    a_label_finds_nothing_before_it_is_given,
    a_text_under_discussion_is_not_for_the_public,
    a_withdrawn_text_is_hidden_again,
    the_public_does_not_read_who_drafted,
    a_write_to_a_hidden_text_answers_as_to_none,
    those_who_write_nothing_are_refused_before_anything_is_read,
    an_adoption_publishes_the_adopted_text_only,
    a_discussion_opens_the_latest_text_of_a_draft_only,
    a_chair_names_nothing_hidden_in_its_acts,
    a_stale_write_shows_the_current_text_to_those_who_see_it_only,
}

async fn a_draft_is_in_no_list_of_a_stranger(app: TestApp) {
    let (own, secretariats) = (draft_of(&app, "OSCE").await, app.draft("WG-A").await);
    for stranger in strangers(&app) {
        assert_list(&stranger, "recommendations @", &[]).await;
    }
    assert_list(&app.partner("OSCE"), "recommendations @", &[&own["id"]]).await;
    assert_list(&app.secretariat(), "recommendations @", &[&own["id"], &secretariats["id"]]).await;
}

async fn a_draft_is_no_node_of_a_stranger(app: TestApp) {
    let (own, secretariats) = (draft_of(&app, "OSCE").await, app.draft("WG-A").await);
    for stranger in strangers(&app) {
        assert!(!sees(&stranger, &own["id"]).await);
        assert!(!sees(&stranger, &secretariats["id"]).await);
        assert!(!sees(&stranger, &json!(unknown("rec"))).await);
    }
    assert!(sees(&app.partner("OSCE"), &own["id"]).await);
    assert!(!sees(&app.partner("OSCE"), &secretariats["id"]).await);
}

async fn no_filter_finds_a_hidden_draft(app: TestApp) {
    let own = draft_of(&app, "OSCE").await;
    let id = &own["id"];
    for filter in [
        format!("id: {{ eq: {id} }}"),
        format!("id: {{ in: [{id}] }}"),
        r#"title: { contains: "recommend" }"#.into(),
        "status: { eq: DRAFT }".into(),
        "label: { isNull: true }".into(),
        "not: { status: { eq: ADOPTED } }".into(),
        format!("or: [{{ id: {{ eq: {id} }} }}, {{ status: {{ eq: DRAFT }} }}]"),
        r#"body: { code: { eq: "WG-A" } }"#.into(),
        r#"addressedCountries: { some: { iso2: { eq: "UZ" } } }"#.into(),
        r#"addressedOrganizations: { none: { acronym: { eq: "UNOCT" } } }"#.into(),
    ] {
        let list = format!("recommendations(filter: {{ {filter} }}) @");
        assert_list(&app.partner("OSCE"), &list, &[id]).await;
        for stranger in strangers(&app) {
            assert_list(&stranger, &list, &[]).await;
        }
    }
}

async fn a_draft_is_counted_at_no_edge(app: TestApp) {
    let secretariat = app.secretariat();
    let theme = json!({ "code": "HEALTH-1", "name": text("Health"), "kind": "SUBJECT" });
    let theme = secretariat.mutate("createTheme", theme, "id").await;
    let instrument = json!({ "symbol": "S/RES/1", "title": text("A resolution") });
    let instrument = secretariat.mutate("createInstrument", instrument, "id").await;
    let own = draft_of(&app, "OSCE").await;
    let parts = json!({ "themeIds": [theme["id"]], "instrumentIds": [instrument["id"]] });
    let own = app.partner("OSCE").mutate("reviseRecommendation", at_with(&own, parts), "id version").await;
    let addressee = json!({
        "category": "INTERNATIONAL_ORGANIZATION", "role": "LEAD", "organizationId": app.organization("UNOCT").await,
    });
    let government = json!({ "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("UZ").await });
    let addressees = at_with(&own, json!({ "addressees": [addressee, government] }));
    app.partner("OSCE").mutate("setAddressees", addressees, "id").await;
    for edge in [
        r#"body(by: { code: "WG-A" }) { recommendations @ }"#,
        r#"country(by: { iso2: "UZ" }) { recommendations @ }"#,
        r#"organization(by: { acronym: "UNOCT" }) { recommendations @ }"#,
        "node(id: THEME) { ... on Theme { recommendations @ } }",
        "node(id: INSTRUMENT) { ... on Instrument { recommendations @ } }",
    ] {
        let edge = edge.replace("THEME", &theme["id"].to_string());
        let edge = edge.replace("INSTRUMENT", &instrument["id"].to_string());
        assert_list(&app.partner("OSCE"), &edge, &[&own["id"]]).await;
        for stranger in strangers(&app) {
            assert_list(&stranger, &edge, &[]).await;
        }
    }
}

async fn a_label_finds_nothing_before_it_is_given(app: TestApp) {
    let query = r#"{ recommendation(by: { label: "REC/WG-A/2025/1" }) { id } }"#;
    app.submitted("WG-A").await;
    assert_eq!(app.secretariat().query(query).await["recommendation"], Value::Null);
    let adopted = app.adopted("WG-A").await;
    assert_eq!(app.anonymous().query(query).await["recommendation"]["id"], adopted["id"]);
}

async fn a_text_under_discussion_is_not_for_the_public(app: TestApp) {
    let discussed = app.under_discussion("WG-A").await;
    assert_list(&app.anonymous(), "recommendations @", &[]).await;
    assert!(!sees(&app.anonymous(), &discussed["id"]).await);
    assert!(sees(&app.reader(), &discussed["id"]).await);
}

async fn a_withdrawn_text_is_hidden_again(app: TestApp) {
    let draft = draft_of(&app, "OSCE").await;
    let discussed = app.partner("OSCE").mutate("openDiscussion", at(&draft), "id version").await;
    assert!(sees(&app.reader(), &draft["id"]).await);
    app.partner("OSCE").mutate("withdrawRecommendation", at(&discussed), "id").await;
    for stranger in strangers(&app) {
        assert!(!sees(&stranger, &draft["id"]).await);
        assert_list(&stranger, r#"body(by: { code: "WG-A" }) { recommendations @ }"#, &[]).await;
    }
    assert!(sees(&app.partner("OSCE"), &draft["id"]).await);
}

async fn the_public_does_not_read_who_drafted(app: TestApp) {
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let mut row = draft_of(&app, "OSCE").await;
    for (mutation, more) in [
        ("openDiscussion", json!({})),
        ("recordAgreement", json!({ "meetingId": meeting["id"] })),
        ("submitToExecutiveCommittee", json!({})),
        ("adoptRecommendation", json!({ "meetingId": meeting["id"], "noPersonalData": true })),
    ] {
        row = app.secretariat().mutate(mutation, at_with(&row, more), "id version").await;
    }
    let query = "{ recommendations { nodes { draftedBy { acronym } } } }";
    let drafted_by =
        async |client: Client| client.query(query).await["recommendations"]["nodes"][0]["draftedBy"].take();
    assert_eq!(drafted_by(app.anonymous()).await, Value::Null);
    assert_eq!(drafted_by(app.reader()).await["acronym"], "OSCE");
}

async fn a_write_to_a_hidden_text_answers_as_to_none(app: TestApp) {
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let draft = draft_of(&app, "OSCE").await;
    let adoption = json!({ "meetingId": meeting["id"], "noPersonalData": true });
    for stranger in [app.partner("UNRCCA")] {
        for (mutation, more) in [
            ("reviseRecommendation", json!({ "title": text("Another") })),
            ("setAddressees", json!({ "addressees": [] })),
            ("openDiscussion", json!({})),
            ("withdrawRecommendation", json!({})),
            ("recordAgreement", json!({ "meetingId": meeting["id"] })),
            ("submitToExecutiveCommittee", json!({})),
            ("returnRecommendation", json!({})),
            ("adoptRecommendation", adoption.clone()),
            ("transmitRecommendation", json!({})),
            ("supersedeRecommendation", json!({ "supersededById": unknown("rec") })),
        ] {
            for version in [json!(1), json!(99)] {
                let mut input = at_with(&draft, more.clone());
                input["expectedVersion"] = version;
                assert_like_unknown(&stranger, mutation, &input, "id", "rec").await;
            }
        }
    }
}

async fn those_who_write_nothing_are_refused_before_anything_is_read(app: TestApp) {
    let draft = draft_of(&app, "OSCE").await;
    for stranger in [app.anonymous(), app.reader()] {
        for id in [draft["id"].clone(), json!(unknown("rec")), json!("nonsense")] {
            let input = json!({ "id": id, "expectedVersion": 1 });
            assert_eq!(stranger.mutation_error("openDiscussion", input).await, "FORBIDDEN");
        }
    }
}

async fn an_adoption_publishes_the_adopted_text_only(app: TestApp) {
    let draft = app.draft("WG-A").await;
    let discussed = app.secretariat().mutate("openDiscussion", at(&draft), "id version").await;
    let more = json!({ "text": text("The agreed text"), "changeNote": "as the group wished" });
    let revised = app.secretariat().mutate("reviseRecommendation", at_with(&discussed, more), "id version").await;
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let agreement = at_with(&revised, json!({ "meetingId": meeting["id"] }));
    let agreed = app.secretariat().mutate("recordAgreement", agreement, "id version").await;
    let submitted = app.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version").await;
    let adoption = at_with(&submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
    app.secretariat().mutate("adoptRecommendation", adoption, "id").await;
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { revisions { number changeNote } } }";
    let revisions = async |client: rec_tests::client::Client| {
        client.query_with(query, json!({ "id": draft["id"] })).await["recommendation"]["revisions"].take()
    };
    assert_eq!(revisions(app.anonymous()).await, json!([{ "number": 2, "changeNote": null }]));
    let both = json!([{ "number": 1, "changeNote": null }, { "number": 2, "changeNote": "as the group wished" }]);
    assert_eq!(revisions(app.reader()).await, both);
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { diff { text { locale } } } }";
    for (client, seen) in
        [(app.anonymous(), Value::Null), (app.reader(), json!({ "text": [{ "locale": "EN" }, { "locale": "RU" }] }))]
    {
        let data = client.query_with(query, json!({ "id": draft["id"] })).await;
        assert_eq!(data["recommendation"]["diff"], seen);
    }
}

async fn a_discussion_opens_the_latest_text_of_a_draft_only(app: TestApp) {
    let draft = draft_of(&app, "OSCE").await;
    let more = json!({ "text": text("A second thought") });
    let revised = app.partner("OSCE").mutate("reviseRecommendation", at_with(&draft, more), "id version").await;
    app.partner("OSCE").mutate("openDiscussion", at(&revised), "id").await;
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { revisions { number } } }";
    for (client, seen) in
        [(app.reader(), json!([{ "number": 2 }])), (app.partner("OSCE"), json!([{ "number": 1 }, { "number": 2 }]))]
    {
        let data = client.query_with(query, json!({ "id": draft["id"] })).await;
        assert_eq!(data["recommendation"]["revisions"], seen);
    }
}

async fn a_chair_names_nothing_hidden_in_its_acts(app: TestApp) {
    app.mandate("UNRCCA", "WG-A", "CHAIR").await;
    app.mandate("UNRCCA", "EC", "CHAIR").await;
    let chair = app.partner("UNRCCA");
    let sessions = json!([{ "bodyId": app.body("WG-A").await }, { "bodyId": app.body("EC").await }]);
    let hidden = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL", "sessions": sessions })).await;
    let discussed = at_with(&app.under_discussion("WG-A").await, json!({ "meetingId": hidden["id"] }));
    assert_like_unknown(&chair, "recordAgreement", &discussed, "meetingId", "mtg").await;
    let more = json!({ "meetingId": hidden["id"], "noPersonalData": true });
    let submitted = at_with(&app.submitted("WG-A").await, more);
    assert_like_unknown(&chair, "adoptRecommendation", &submitted, "meetingId", "mtg").await;
    let later = draft_of(&app, "OSCE").await;
    let adopted = at_with(&app.adopted("WG-A").await, json!({ "supersededById": later["id"] }));
    assert_like_unknown(&chair, "supersedeRecommendation", &adopted, "supersededById", "rec").await;
}

async fn a_stale_write_shows_the_current_text_to_those_who_see_it_only(app: TestApp) {
    let draft = draft_of(&app, "OSCE").await;
    let stale = json!({ "id": draft["id"], "expectedVersion": 99 });
    let own = app.partner("OSCE").payload("openDiscussion", stale.clone(), "id").await;
    assert_eq!((&own["userErrors"][0]["code"], &own["record"]["id"]), (&json!("CONFLICT"), &draft["id"]));
    let stranger = app.partner("UNRCCA").payload("openDiscussion", stale, "id").await;
    assert_eq!((&stranger["userErrors"][0]["code"], &stranger["record"]), (&json!("NOT_FOUND"), &Value::Null));
}

async fn what_an_operation_costs_tells_nothing_of_hidden_texts(app: TestApp) {
    let queries = [
        "{ checkpoint { count } }",
        "{ checkpoint(types: [RECOMMENDATION]) { count } }",
        "{ recommendations(first: 5, filter: { priority: { eq: HIGH }, title: { contains: \"zz\" } }) { totalCount nodes { id } } }",
    ];
    let costs = async |client: Client| {
        sizes::read(&app.app).await.expect("sizes");
        let mut costs = Vec::new();
        for query in queries {
            let path = format!("/graphql?query={}", query.replace(' ', "%20").replace('"', "%22"));
            let (_, body) = client.get(&path, &[("x-cost", "1")]).await;
            let answer: Value = serde_json::from_slice(&body).expect("JSON");
            costs.push(answer["extensions"]["cost"]["requested"].as_u64().expect("a cost"));
        }
        costs
    };
    let (public, reader) = (costs(app.anonymous()).await, costs(app.reader()).await);
    for _ in 0..300 {
        app.draft("WG-A").await;
    }
    app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    assert_eq!((costs(app.anonymous()).await, costs(app.reader()).await), (public.clone(), reader.clone()));
    assert!(costs(app.secretariat()).await.iter().zip(&reader).all(|(all, seen)| all > seen));
    app.under_discussion("WG-A").await;
    assert_eq!(costs(app.anonymous()).await, public);
    assert!(costs(app.reader()).await[0] > reader[0]);
}
