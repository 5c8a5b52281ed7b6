//! Invalid input: each kind, in all mutations that have it. What is refused leaves nothing behind.

mod at_once;
mod dates;
mod duplicates;
mod ids;
mod list_inputs;
mod pages;
mod rules;
mod states;
mod texts;
mod versions;

use rec_tests::given::{at, at_with, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

/// A valid input of every mutation, each on a record of its own.
struct Inputs {
    all: Vec<(&'static str, Value)>,
}

impl Inputs {
    async fn of(app: &TestApp) -> Self {
        let secretariat = app.secretariat();
        let (org, body, country) = (app.organization("ISRS").await, app.body("WG-A").await, app.country("UZ").await);
        let source = app.anonymous().query("{ meetings { nodes { sources { id } } } }").await;
        let source = source.pointer("/meetings/nodes/0/sources/0/id").expect("a source").clone();
        let name = text("A name");
        let organization = json!({ "acronym": "NEW", "name": name, "kind": "OTHER", "seat": "Bishkek",
            "website": "https://example.org", "parentId": org, "countryId": country });
        let new_body = json!({ "code": "WG-E", "kind": "WORKING_GROUP", "name": name, "mandateText": name,
            "establishedOn": "2024-05-14", "reportsToId": body });
        let mandate = json!({ "organizationId": org, "bodyId": body, "role": "OBSERVER", "countryId": country,
            "validFrom": "2024-05-14", "validTo": "2027-05-14" });
        let theme = json!({ "code": "NEW", "name": name, "kind": "SUBJECT" });
        let instrument = json!({ "symbol": "S/RES/1", "title": name, "adoptedOn": "2024-05-14" });
        let meeting = json!({ "title": name, "kind": "WORKING_GROUP", "modality": "IN_PERSON",
            "startsOn": "2025-12-01", "endsOn": "2025-12-02", "timezone": "Asia/Tashkent", "city": "Tashkent",
            "venue": "A house", "countryId": country, "theme": name, "participantCount": 40, "countQualifier": "ABOUT",
            "organizers": [{ "organizationId": org, "role": "HOST" }], "sessions": [{ "bodyId": body, "ordinal": 900 }],
            "alternativeTitles": [{ "title": name, "sourceId": source }], "sourceIds": [source] });
        let kept_theme = secretariat.mutate("createTheme", with_code(&theme, "KEPT"), "id version").await;
        let kept_instrument = json!({ "symbol": "S/RES/2", "title": name });
        let kept_instrument = secretariat.mutate("createInstrument", kept_instrument, "id version").await;
        let addressees =
            json!([{ "category": "GOVERNMENT", "role": "LEAD", "countryId": country, "organizationId": org }]);
        let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": name, "text": name, "rationale": name,
            "targetDate": "2026-12-31", "themeIds": [kept_theme["id"]], "instrumentIds": [kept_instrument["id"]],
            "addressees": addressees });
        let theme = with_parent(&theme, &kept_theme);
        let planned = app.planned_meeting(json!({})).await;
        let item =
            json!({ "meetingId": planned["id"], "number": "1", "title": name, "kind": "SESSION", "bodyId": body });
        let kept_item = secretariat.mutate("addAgendaItem", item.clone(), "id version").await;
        let planned = read(app, "meeting", &planned).await;
        let confirmed = app.planned_meeting(json!({})).await;
        let confirmed = secretariat.mutate("confirmMeeting", at(&confirmed), "id version").await;
        let held = app.concluded_meeting(&["WG-A", "EC"]).await;
        let participation = json!({ "meetingId": planned["id"], "organizationId": org, "capacity": "SPEAKER",
            "attendance": "PRESENT", "delegates": 3 });
        let kept_organization = json!({ "acronym": "KEPT", "name": name, "kind": "OTHER" });
        let kept_organization = secretariat.mutate("createOrganization", kept_organization, "id version").await;
        let kept_body = kept_body(app).await;
        let kept_mandate = app.mandate("OSCE", "WG-B", "MEMBER").await;
        let (draft_row, discussed) = (app.draft("WG-A").await, app.under_discussion("WG-A").await);
        let (agreed, submitted) = (app.agreed("WG-A").await, app.submitted("WG-A").await);
        let (adopted, later) = (app.adopted("WG-A").await, app.adopted("WG-A").await);
        let mut all = of_consensus(app, &held, &name).await;
        all.extend(of_documents(app, &name).await);
        all.extend(of_the_past(app, &held, &source).await);
        all.extend([
            ("createOrganization", organization.clone()),
            ("updateOrganization", merged(at(&kept_organization), &organization)),
            ("deactivateOrganization", at(&kept_organization)),
            ("createBody", new_body.clone()),
            ("updateBody", without(&merged(at(&kept_body), &new_body), &["code", "kind"])),
            ("grantMandate", mandate),
            ("endMandate", at_with(&kept_mandate, json!({ "validTo": "2026-12-31" }))),
            ("createTheme", theme.clone()),
            ("updateTheme", without(&merged(at(&kept_theme), &theme), &["parentId"])),
            ("createInstrument", instrument.clone()),
            ("updateInstrument", merged(at(&kept_instrument), &instrument)),
            ("scheduleMeeting", meeting.clone()),
            ("updateMeeting", without(&merged(at(&planned), &meeting), &["organizers", "sessions"])),
            ("confirmMeeting", at(&planned)),
            ("openMeeting", at(&confirmed)),
            ("concludeMeeting", at(&confirmed)),
            ("postponeMeeting", at_with(&planned, json!({ "startsOn": "2026-02-01", "endsOn": "2026-02-02" }))),
            ("cancelMeeting", at(&planned)),
            ("setMeetingOrganizers", at_with(&planned, json!({ "organizers": meeting["organizers"] }))),
            ("setBodySessions", at_with(&planned, json!({ "sessions": meeting["sessions"] }))),
            ("addAgendaItem", item.clone()),
            ("updateAgendaItem", without(&merged(at(&kept_item), &item), &["meetingId"])),
            ("removeAgendaItem", at(&kept_item)),
            (
                "reorderAgendaItems",
                json!({ "meetingId": planned["id"], "expectedVersion": planned["version"], "itemIds": [kept_item["id"]] }),
            ),
            ("recordParticipation", participation),
            ("draftRecommendation", draft.clone()),
            (
                "reviseRecommendation",
                without(
                    &merged(at_with(&draft_row, json!({ "changeNote": "Why" })), &draft),
                    &["bodyId", "addressees"],
                ),
            ),
            ("setAddressees", at_with(&draft_row, json!({ "addressees": addressees }))),
            ("mergeThemes", at_with(&kept_theme, json!({ "intoId": app.theme("INTO").await }))),
            ("linkExternalId", linked(&draft_row)),
            ("unlinkExternalId", linked(&draft_row)),
            ("openDiscussion", at(&draft_row)),
            ("withdrawRecommendation", at(&draft_row)),
            ("recordAgreement", at_with(&discussed, json!({ "meetingId": held["id"] }))),
            ("submitToExecutiveCommittee", at(&agreed)),
            ("returnRecommendation", at(&submitted)),
            ("adoptRecommendation", at_with(&submitted, json!({ "meetingId": held["id"], "noPersonalData": true }))),
            ("transmitRecommendation", at(&adopted)),
            ("supersedeRecommendation", at_with(&adopted, json!({ "supersededById": later["id"] }))),
        ]);
        Self { all }
    }

    fn get(&self, mutation: &str) -> &Value {
        let found = self.all.iter().find(|(name, _)| *name == mutation);
        &found.unwrap_or_else(|| panic!("no input of {mutation}")).1
    }
}

async fn of_the_past(app: &TestApp, held: &Value, source: &Value) -> [(&'static str, Value); 2] {
    let new_source = json!({
        "title": "A title", "publisher": "A publisher", "url": "https://example.org", "publishedOn": "2024-05-14", "language": "en",
    });
    let adoption =
        json!({ "sourceId": source, "adoptedOn": "2025-12-01", "meetingId": held["id"], "noPersonalData": true });
    [("createSource", new_source), ("recordAdoption", at_with(&app.draft("WG-A").await, adoption))]
}

async fn of_documents(app: &TestApp, words: &Value) -> Vec<(&'static str, Value)> {
    let document = json!({
        "symbol": "A/1", "kind": "AGENDA", "title": words, "sensitivity": "PUBLIC", "issuedOn": "2024-05-14",
        "versions": [{ "locale": "EN", "url": "https://example.org", "sha256": "0".repeat(64), "state": "ORIGINAL" }],
        "bodyId": app.body("WG-A").await, "noPersonalData": true,
    });
    let kept = merged(document.clone(), &json!({ "symbol": "A/2" }));
    let kept = app.secretariat().mutate("createDocument", kept, "id version").await;
    vec![("createDocument", document.clone()), ("updateDocument", merged(at(&kept), &document))]
}

/// The inputs of what is done in consensus procedures, which are opened at a meeting.
async fn of_consensus(app: &TestApp, held: &Value, words: &Value) -> Vec<(&'static str, Value)> {
    let secretariat = app.secretariat();
    let at_meeting = json!({ "meetingId": held["id"] });
    let silence = async || {
        let text = at_with(&app.under_discussion("WG-A").await, at_meeting.clone());
        secretariat.mutate("openSilence", text, "id version procedures { id }").await
    };
    let open = silence().await;
    let mut positions = Vec::new();
    for acronym in ["OSCE", "UNODC", "UNICEF", "UNRCCA"] {
        let organization = app.organization(acronym).await;
        let mandate = json!({ "organizationId": organization, "bodyId": app.body("WG-A").await, "role": "RAPPORTEUR",
            "canObject": true, "validFrom": "2025-01-01" });
        secretariat.mutate("grantMandate", mandate, "id").await;
        positions.push(json!({ "procedureId": open["procedures"][0]["id"], "organizationId": organization,
            "kind": "SUPPORT", "text": words }));
    }
    let amendment = merged(positions.remove(3), &json!({ "kind": "AMENDMENT", "proposedText": words }));
    let amendment = merged(amendment, &json!({ "procedureId": silence().await["procedures"][0]["id"] }));
    let mut stated = Vec::new();
    for position in positions {
        stated.push(secretariat.mutate("statePosition", position, "id version").await);
    }
    let answer = |position: &Value| at_with(position, json!({ "answer": words }));
    let answered = secretariat.mutate("answerPosition", answer(&stated[1]), "id version").await;
    vec![
        (
            "openSilence",
            at_with(
                &app.under_discussion("WG-A").await,
                json!({ "meetingId": held["id"], "deadline": "2026-01-20T04:00:00Z" }),
            ),
        ),
        ("withdrawSilence", at(&silence().await)),
        ("recordNoConsensus", at_with(&app.under_discussion("WG-A").await, at_meeting.clone())),
        ("statePosition", amendment),
        ("answerPosition", answer(&stated[0])),
        ("maintainPosition", at(&answered)),
        ("withdrawPosition", at(&stated[2])),
    ]
}

async fn kept_body(app: &TestApp) -> Value {
    let body = json!({ "code": "WG-K", "kind": "WORKING_GROUP", "name": [{ "locale": "EN", "text": "A name" }] });
    app.secretariat().mutate("createBody", body, "id version").await
}

fn linked(record: &Value) -> Value {
    json!({ "id": record["id"], "externalId": { "sourceSystem": "refusals", "value": "1" } })
}

fn with_code(input: &Value, code: &str) -> Value {
    rec_tests::traces::with(input, "code", code)
}

fn with_parent(input: &Value, parent: &Value) -> Value {
    rec_tests::traces::with(input, "parentId", parent["id"].clone())
}

fn merged(mut input: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        input[key] = value.clone();
    }
    input
}

fn without(input: &Value, fields: &[&str]) -> Value {
    let mut less = input.clone();
    for field in fields {
        less.as_object_mut().expect("an object").remove(*field);
    }
    less
}

/// A record as it is now.
async fn read(app: &TestApp, field: &str, record: &Value) -> Value {
    let query = format!("query($id: ID!) {{ {field}(by: {{ id: $id }}) {{ id version status }} }}");
    app.secretariat().query_with(&query, json!({ "id": record["id"] })).await[field].take()
}

on_both_databases! {
    every_mutation_of_the_schema_has_an_input_here,
    every_input_here_is_accepted_on_its_own,
}

async fn every_mutation_of_the_schema_has_an_input_here(app: TestApp) {
    let schema = app.anonymous().query("{ __schema { mutationType { fields { name } } } }").await;
    let inputs = Inputs::of(&app).await;
    for field in schema["__schema"]["mutationType"]["fields"].as_array().expect("fields") {
        let name = field["name"].as_str().expect("a name");
        // What bulk writes refuse is tested in `bulk`, and what administrators do in `clients` and `webhooks`.
        let elsewhere = ["upsert", "Client", "Token", "Webhook"];
        if !elsewhere.iter().any(|word| name.contains(word)) {
            inputs.get(name);
        }
    }
}

async fn every_input_here_is_accepted_on_its_own(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    // These use up the record that others need: each is tested on a fresh database in its topic's tests.
    let spending = [
        "deactivateOrganization",
        "updateMeeting",
        "confirmMeeting",
        "postponeMeeting",
        "cancelMeeting",
        "setMeetingOrganizers",
        "setBodySessions",
        "updateAgendaItem",
        "removeAgendaItem",
        "reorderAgendaItems",
        "openMeeting",
        "reviseRecommendation",
        "setAddressees",
        "withdrawRecommendation",
        "returnRecommendation",
        "transmitRecommendation",
        "addAgendaItem",
        "updateTheme",
        "mergeThemes",
    ];
    for (mutation, input) in inputs.all.iter().filter(|(name, _)| !spending.contains(name)) {
        let payload = app.secretariat().payload(mutation, input.clone(), "id").await;
        let clash = matches!(*mutation, "updateOrganization" | "updateInstrument" | "updateDocument");
        assert!(clash || payload["userErrors"] == json!([]), "{mutation} {payload}");
    }
}
