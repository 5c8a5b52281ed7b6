//! Documents: their symbols and language versions, what they belong to, and who reads them.

use chrono::TimeDelta;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, each, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    a_document_is_found_by_its_symbol_in_any_spelling,
    a_translation_is_outdated_once_the_original_has_changed,
    a_document_is_refused_for_all_that_is_wrong,
    a_document_belongs_to_what_it_names,
    a_document_is_read_by_those_who_read_all_that_it_belongs_to,
    a_document_follows_what_it_belongs_to,
    an_item_with_documents_stays_on_its_agenda,
    what_is_published_is_declared_again_with_other_files,
    two_documents_take_one_symbol_at_once,
    a_document_is_in_the_feed_and_in_exports,
}

fn document(more: Value) -> Value {
    let input = json!({
        "kind": "AGENDA", "title": text_of("The agenda"), "sensitivity": "PUBLIC", "noPersonalData": true,
        "versions": [{ "locale": "EN", "url": "https://example.org/agenda", "state": "ORIGINAL" }],
    });
    with(input, more)
}

async fn create(app: &TestApp, more: Value) -> Value {
    app.secretariat().mutate("createDocument", document(more), "id version").await
}

/// Whether a viewer sees a document: by id, in a list and its count.
async fn sees(client: &Client, id: &Value) -> bool {
    let query = format!(
        "{{ document(by: {{ id: {id} }}) {{ id }} documents(filter: {{ id: {{ eq: {id} }} }}) {{ totalCount nodes {{ id }} }} }}"
    );
    let found = client.query(&query).await;
    let sees = !found["document"].is_null();
    let listed =
        json!({ "totalCount": i32::from(sees), "nodes": if sees { json!([{ "id": id }]) } else { json!([]) } });
    assert_eq!(found["documents"], listed);
    sees
}

async fn a_document_is_found_by_its_symbol_in_any_spelling(app: TestApp) {
    let made = create(&app, json!({ "symbol": "SEC.DOC/2/00/Rev.1" })).await;
    let query = "query($symbol: String!) { document(by: { symbol: $symbol }) { id symbol }
        documents(filter: { symbol: { eq: $symbol } }) { nodes { id } } }";
    for spelling in ["SEC.DOC/2/00/Rev.1", "sec.doc/2/00/rev. 1"] {
        let found = app.anonymous().query_with(query, json!({ "symbol": spelling })).await;
        assert_eq!(found["document"], json!({ "id": made["id"], "symbol": "SEC.DOC/2/00/Rev.1" }));
        assert_eq!(found["documents"]["nodes"], json!([{ "id": made["id"] }]));
    }
    let again = document(json!({ "symbol": "sec.doc/2/00/REV.1" }));
    assert_eq!(app.secretariat().refusals("createDocument", again).await, ["ALREADY_EXISTS symbol"]);
    let nameless = [create(&app, json!({})).await, create(&app, json!({})).await];
    let taken = at_with(&nameless[0], json!({ "symbol": "SEC.DOC / 2 / 00 / Rev.1" }));
    assert_eq!(app.secretariat().refusals("updateDocument", taken).await, ["ALREADY_EXISTS symbol"]);
    let cleared = at_with(&made, json!({ "symbol": null }));
    app.secretariat().mutate("updateDocument", cleared, "symbol").await;
    let given = at_with(&nameless[1], json!({ "symbol": "SEC.DOC/2/00/Rev.1" }));
    app.secretariat().mutate("updateDocument", given, "symbol").await;
}

async fn a_translation_is_outdated_once_the_original_has_changed(app: TestApp) {
    let version = |locale: &str, file: &str, state: &str| json!({ "locale": locale, "url": format!("https://example.org/{file}"), "state": state });
    let (en, ru) = (version("EN", "1", "ORIGINAL"), version("RU", "2", "UNOFFICIAL"));
    let made = create(&app, json!({ "versions": [en, ru] })).await;
    let selection = "id version versions { locale state outdated changedAt }";
    let outdated = |document: &Value| each(&document["versions"], "/outdated");
    app.app.clock.advance(TimeDelta::hours(1));
    let update = async |before: &Value, versions: Value| {
        let input = at_with(before, json!({ "versions": versions, "noPersonalData": true }));
        app.secretariat().mutate("updateDocument", input, selection).await
    };
    let changed = update(&made, json!([version("EN", "3", "ORIGINAL"), ru])).await;
    assert_eq!(outdated(&changed), [json!(false), json!(true)]);
    assert_eq!(changed["versions"][1]["changedAt"], json!("2026-01-15T04:00:00.000000+00:00"));
    assert_eq!(changed["versions"][0]["changedAt"], json!("2026-01-15T05:00:00.000000+00:00"));
    let line = app.anonymous().export("?types=DOCUMENT").await;
    let line = line.iter().find(|line| line["id"] == made["id"]).unwrap();
    assert_eq!(line["outdatedVersions"], json!(["RU"]));
    app.app.clock.advance(TimeDelta::hours(1));
    let translated = update(&changed, json!([version("EN", "3", "ORIGINAL"), version("RU", "4", "OFFICIAL")])).await;
    assert_eq!(outdated(&translated), [json!(false), json!(false)]);
}

async fn a_document_is_refused_for_all_that_is_wrong(app: TestApp) {
    let wrong = document(json!({
        "symbol": "Пост. 7", "title": [], "issuedOn": "0999-01-01", "noPersonalData": false, "meetingId": "mtg_0",
        "bodyId": format!("bod_{}", "0".repeat(32)), "recommendationId": "rec_1",
        "versions": [
            { "locale": "EN", "url": "here", "sha256": "e3b0", "state": "ORIGINAL" },
            { "locale": "EN", "url": "https://example.org", "state": "ORIGINAL" },
        ],
    }));
    let before = app.feed_length().await;
    let mut told = app.secretariat().refusals("createDocument", wrong).await;
    told.sort_unstable();
    let expected = [
        "INVALID issuedOn",
        "INVALID symbol",
        "INVALID versions.0.sha256",
        "INVALID versions.0.url",
        "INVALID versions.1.locale",
        "INVALID versions.1.state",
        "NOT_FOUND bodyId",
        "NOT_FOUND meetingId",
        "NOT_FOUND recommendationId",
        "REQUIRED noPersonalData",
        "REQUIRED title",
    ];
    assert_eq!(told, expected);
    let none = document(json!({ "versions": [] }));
    assert_eq!(app.secretariat().refusals("createDocument", none).await, ["REQUIRED versions"]);
    assert_eq!(app.feed_length().await, before);
}

async fn a_document_belongs_to_what_it_names(app: TestApp) {
    let (meeting, other) = (app.planned_meeting(json!({})).await, app.planned_meeting(json!({})).await);
    let item = json!({ "meetingId": meeting["id"], "title": text_of("An item"), "kind": "DECISION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let draft = app.draft("WG-A").await;
    let wrong = document(json!({ "meetingId": other["id"], "agendaItemId": item["id"] }));
    assert_eq!(app.secretariat().refusals("createDocument", wrong).await, ["INVALID agendaItemId"]);
    let more = json!({ "agendaItemId": item["id"], "recommendationId": draft["id"], "bodyId": app.body("WG-A").await });
    let made = create(&app, more).await;
    let lists = format!(
        "{{ meeting(by: {{ id: {} }}) {{ documents {{ nodes {{ id }} }} agenda {{ documents {{ nodes {{ id }} }} }} }}
            recommendation(by: {{ id: {} }}) {{ documents {{ nodes {{ id }} }} }} body(by: {{ code: \"WG-A\" }}) {{ documents {{ nodes {{ id }} }} }}
            document(by: {{ id: {} }}) {{ meeting {{ id }} agendaItem {{ id }} }} }}",
        meeting["id"], draft["id"], made["id"]
    );
    let found = app.secretariat().query(&lists).await;
    let its = json!({ "nodes": [{ "id": made["id"] }] });
    for list in ["/meeting/documents", "/meeting/agenda/0/documents", "/recommendation/documents", "/body/documents"] {
        assert_eq!(found.pointer(list), Some(&its), "{list}");
    }
    assert_eq!(found["document"], json!({ "meeting": { "id": meeting["id"] }, "agendaItem": { "id": item["id"] } }));
    let update = async |before: &Value, more: Value| {
        app.secretariat()
            .mutate("updateDocument", at_with(before, more), "id version meeting { id } agendaItem { id }")
            .await
    };
    let elsewhere = json!({ "meetingId": other["id"], "title": text_of("An item"), "kind": "DECISION" });
    let elsewhere = app.secretariat().mutate("addAgendaItem", elsewhere, "id").await;
    let torn = at_with(&made, json!({ "meetingId": other["id"] }));
    assert_eq!(app.secretariat().refusals("updateDocument", torn).await, ["INVALID meetingId"]);
    let torn = at_with(&made, json!({ "meetingId": meeting["id"], "agendaItemId": elsewhere["id"] }));
    assert_eq!(app.secretariat().refusals("updateDocument", torn).await, ["INVALID agendaItemId"]);
    let moved = update(&made, json!({ "agendaItemId": elsewhere["id"] })).await;
    assert_eq!(moved["meeting"]["id"], other["id"], "it follows its item");
    let made = update(&moved, json!({ "agendaItemId": item["id"] })).await;
    let without = update(&made, json!({ "agendaItemId": null })).await;
    assert_eq!(without["meeting"], json!({ "id": meeting["id"] }));
    let moved = update(&without, json!({ "meetingId": other["id"] })).await;
    assert_eq!(moved["meeting"], json!({ "id": other["id"] }));
}

async fn a_document_is_read_by_those_who_read_all_that_it_belongs_to(app: TestApp) {
    let hidden = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let closed = app.planned_meeting(json!({ "sensitivity": "PARTICIPANTS_ONLY" })).await;
    let input = json!({
        "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text_of("Ours"), "text": text_of("Ours"),
    });
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let draft = app.partner("OSCE").mutate("draftRecommendation", input, "id").await;
    let viewers = [app.anonymous(), app.reader(), app.partner("UNICEF"), app.partner("OSCE"), app.secretariat()];
    for (more, readers) in [
        (json!({}), [true; 5]),
        (json!({ "sensitivity": "PARTICIPANTS_ONLY" }), [false, true, true, true, true]),
        (json!({ "sensitivity": "CONFIDENTIAL" }), [false, false, false, false, true]),
        (json!({ "meetingId": closed["id"] }), [false, true, true, true, true]),
        (json!({ "meetingId": hidden["id"] }), [false, false, false, false, true]),
        (json!({ "recommendationId": draft["id"] }), [false, false, false, true, true]),
        (json!({ "recommendationId": draft["id"], "meetingId": closed["id"] }), [false, false, false, true, true]),
        (json!({ "recommendationId": draft["id"], "meetingId": hidden["id"] }), [false, false, false, false, true]),
        (json!({ "recommendationId": draft["id"], "sensitivity": "CONFIDENTIAL" }), [false, false, false, false, true]),
    ] {
        let made = create(&app, more.clone()).await;
        for (viewer, reads) in viewers.iter().zip(readers) {
            assert_eq!(sees(viewer, &made["id"]).await, reads, "{more}");
        }
    }
}

async fn a_document_follows_what_it_belongs_to(app: TestApp) {
    let secretariat = app.secretariat();
    let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
    let draft = app.draft("WG-A").await;
    let made = create(&app, json!({ "meetingId": meeting["id"], "recommendationId": draft["id"] })).await;
    let seen = async || [sees(&app.anonymous(), &made["id"]).await, sees(&app.reader(), &made["id"]).await];
    assert_eq!(seen().await, [false, false]);
    let submitted = app.submit(&draft, &meeting).await;
    assert_eq!(seen().await, [false, true]);
    app.adopt(&submitted, &meeting).await;
    assert_eq!(seen().await, [true, true]);
    for (sensitivity, expected) in
        [("CONFIDENTIAL", [false, false]), ("PARTICIPANTS_ONLY", [false, true]), ("PUBLIC", [true, true])]
    {
        let query = format!("{{ meeting(by: {{ id: {} }}) {{ id version }} }}", meeting["id"]);
        let now = secretariat.query(&query).await["meeting"].take();
        let head = secretariat.query("{ feedHead }").await["feedHead"].take();
        let input = at_with(&now, json!({ "sensitivity": sensitivity }));
        secretariat.mutate("updateMeeting", input, "id").await;
        assert_eq!(seen().await, expected, "{sensitivity}");
        let query = "query($after: String) { changes(after: $after, types: [DOCUMENT]) { edges { recordId kind } } }";
        let told = secretariat.query_with(query, json!({ "after": head })).await["changes"]["edges"].take();
        assert_eq!(told, json!([{ "recordId": made["id"], "kind": "UPDATED" }]), "{sensitivity}");
    }
}

async fn an_item_with_documents_stays_on_its_agenda(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text_of("An item"), "kind": "DECISION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    let made = create(&app, json!({ "agendaItemId": item["id"] })).await;
    let secretariat = app.secretariat();
    assert_eq!(secretariat.refusals("removeAgendaItem", at(&item)).await, ["INVALID_STATE id"]);
    secretariat.mutate("updateDocument", at_with(&made, json!({ "agendaItemId": null })), "id").await;
    secretariat.mutate("removeAgendaItem", at(&item), "id").await;
}

async fn what_is_published_is_declared_again_with_other_files(app: TestApp) {
    let made = create(&app, json!({ "sensitivity": "CONFIDENTIAL", "noPersonalData": false })).await;
    let secretariat = app.secretariat();
    let published = |before: &Value, more: Value| at_with(before, with(json!({ "sensitivity": "PUBLIC" }), more));
    assert_eq!(secretariat.refusals("updateDocument", published(&made, json!({}))).await, ["REQUIRED noPersonalData"]);
    let open = published(&made, json!({ "noPersonalData": true }));
    let open = secretariat.mutate("updateDocument", open, "id version noPersonalData").await;
    let titled = at_with(&open, json!({ "title": text_of("Another title") }));
    let titled = secretariat.mutate("updateDocument", titled, "id version noPersonalData").await;
    assert_eq!(titled["noPersonalData"], json!(true));
    let files = json!([{ "locale": "EN", "url": "https://example.org/other", "state": "ORIGINAL" }]);
    let replaced = at_with(&titled, json!({ "versions": files }));
    assert_eq!(secretariat.refusals("updateDocument", replaced.clone()).await, ["REQUIRED noPersonalData"]);
    secretariat.mutate("updateDocument", with(replaced, json!({ "noPersonalData": true })), "id").await;
}

async fn two_documents_take_one_symbol_at_once(app: TestApp) {
    let (one, other) = (app.secretariat(), app.secretariat());
    let input = || document(json!({ "symbol": "A/70/674" }));
    let (one, other) =
        tokio::join!(one.payload("createDocument", input(), "id"), other.payload("createDocument", input(), "id"));
    let mut codes: Vec<Value> = [one, other].iter().map(|told| told["userErrors"][0]["code"].clone()).collect();
    codes.sort_by_key(ToString::to_string);
    assert_eq!(codes, [json!("ALREADY_EXISTS"), Value::Null]);
}

async fn a_document_is_in_the_feed_and_in_exports(app: TestApp) {
    let cursor = app.anonymous().query("{ feedHead }").await["feedHead"].take();
    let made = create(&app, json!({ "symbol": "A/1", "bodyId": app.body("WG-A").await })).await;
    let query = "query($after: String) { changes(after: $after) { edges { kind type recordId node { ... on Document { symbol } } } } }";
    let told = app.anonymous().query_with(query, json!({ "after": cursor })).await["changes"]["edges"].take();
    let expected =
        json!([{ "kind": "CREATED", "type": "DOCUMENT", "recordId": made["id"], "node": { "symbol": "A/1" } }]);
    assert_eq!(told, expected);
    let lines = app.anonymous().export("?types=DOCUMENT").await;
    let line = lines.iter().find(|line| line["id"] == made["id"]).unwrap();
    let version = json!([{ "locale": "EN", "url": "https://example.org/agenda", "sha256": null, "state": "ORIGINAL" }]);
    assert_eq!((&line["versions"], &line["outdatedVersions"]), (&version, &json!([])));
}
