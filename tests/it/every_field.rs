//! Every field of every input that writes a record is written, and read back by query and by export. The fields come from the schema: a new
//! one fails here until it comes back. Asks nothing of the rules.

use std::collections::BTreeSet;

use rec_tests::client::Client;
use rec_tests::given::{at, text, with};
use rec_tests::mutations::{mutation, mutations};
use rec_tests::schema::{Field, Schema};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Map, Value, json};

on_both_databases! {
    every_field_that_is_created_is_read_back,
    every_field_that_is_updated_is_read_back,
    every_field_that_is_upserted_is_read_back,
}

/// Fields of inputs that are not fields of the record. The items of an agenda are records of their own, and so are
/// mandates and participations; the identity of a paragraph is read back in `paragraphs`.
const BESIDE: [&str; 9] = [
    "id",
    "identity",
    "expectedVersion",
    "expectedRecommendationIds",
    "externalId",
    "changeNote",
    "agenda",
    "mandates",
    "participations",
];

/// A record type, and the mutations that write its fields.
struct Topic {
    object: &'static str,
    create: &'static str,
    updates: &'static [&'static str],
    upsert: Option<&'static str>,
}

const TOPICS: [Topic; 11] = [
    Topic {
        object: "Organization",
        create: "createOrganization",
        updates: &["updateOrganization"],
        upsert: Some("upsertOrganizations"),
    },
    Topic { object: "Body", create: "createBody", updates: &["updateBody"], upsert: None },
    Topic { object: "Theme", create: "createTheme", updates: &["updateTheme"], upsert: None },
    Topic { object: "Source", create: "createSource", updates: &[], upsert: None },
    Topic { object: "Instrument", create: "createInstrument", updates: &["updateInstrument"], upsert: None },
    Topic {
        object: "Document",
        create: "createDocument",
        updates: &["updateDocument"],
        upsert: Some("upsertDocuments"),
    },
    Topic { object: "Mandate", create: "grantMandate", updates: &["endMandate"], upsert: None },
    Topic {
        object: "Meeting",
        create: "scheduleMeeting",
        updates: &["updateMeeting", "postponeMeeting", "setMeetingOrganizers", "setBodySessions"],
        upsert: Some("upsertMeetings"),
    },
    Topic { object: "AgendaItem", create: "addAgendaItem", updates: &["updateAgendaItem"], upsert: None },
    Topic { object: "Participation", create: "recordParticipation", updates: &["recordParticipation"], upsert: None },
    Topic {
        object: "Recommendation",
        create: "draftRecommendation",
        updates: &["reviseRecommendation", "setAddressees"],
        upsert: Some("upsertRecommendations"),
    },
];

/// Mutations that write no field of a record as it is given. Transitions are read back in `recommendation` and `meeting`, merged themes in
/// `council`, an order in `meeting::agenda`, positions in `positions`, external ids, clients and webhooks in topics of their own.
const OTHERS: [&str; 36] = [
    "deactivateOrganization",
    "mergeThemes",
    "confirmMeeting",
    "openMeeting",
    "concludeMeeting",
    "cancelMeeting",
    "removeAgendaItem",
    "reorderAgendaItems",
    "openDiscussion",
    "withdrawRecommendation",
    "openSilence",
    "withdrawSilence",
    "statePosition",
    "answerPosition",
    "maintainPosition",
    "withdrawPosition",
    "recordAgreement",
    "recordNoConsensus",
    "submitToExecutiveCommittee",
    "returnRecommendation",
    "adoptRecommendation",
    "recordAdoption",
    "transmitRecommendation",
    "supersedeRecommendation",
    "linkExternalId",
    "unlinkExternalId",
    "registerClient",
    "deactivateClient",
    "issueToken",
    "revokeToken",
    "registerWebhook",
    "rotateWebhookSecret",
    "enableWebhook",
    "disableWebhook",
    "replayWebhook",
    "testWebhook",
];

#[test]
fn every_mutation_of_the_schema_is_a_topic_or_named() {
    let of_topics =
        TOPICS.iter().flat_map(|topic| topic.updates.iter().copied().chain([topic.create]).chain(topic.upsert));
    let known: BTreeSet<&str> = of_topics.chain(OTHERS).collect();
    assert_eq!(mutations().collect::<BTreeSet<&str>>(), known);
}

/// One of two values: the number decides which.
fn pick<T>(number: usize, of: [T; 2]) -> T {
    let [one, other] = of;
    if number.is_multiple_of(2) { one } else { other }
}

/// Values for those fields of a record type that cannot have any: different ones for the next number, and none of them empty.
async fn values(app: &TestApp, object: &str, number: usize) -> Value {
    match object {
        "Organization" => organization(app, number).await,
        "Body" => body(app, number).await,
        "Theme" => json!({
            "code": format!("FIELD-{number}"), "name": text(&format!("Theme {number}")),
            "kind": pick(number, ["SUBJECT", "AFFECTED_GROUP"]), "parentId": app.theme(&format!("ABOVE-{number}")).await,
        }),
        "Source" => json!({
            "publishedOn": pick(number, ["2024-01-01", "2025-01-01"]), "url": format!("https://example.org/{number}"),
            "language": pick(number, ["en", "ru"]),
        }),
        "Instrument" => json!({
            "symbol": format!("S/RES/{number}"), "title": text(&format!("Instrument {number}")),
            "adoptedOn": pick(number, ["2020-01-01", "2021-01-01"]),
        }),
        "Mandate" => json!({
            "organizationId": app.organization("OSCE").await, "bodyId": app.body("WG-A").await,
            "countryId": app.country("UZ").await, "role": "OBSERVER", "canObject": true, "validFrom": "2020-01-01",
            "validTo": pick(number, ["2021-01-01", "2020-06-01"]),
        }),
        "Meeting" => meeting(app, number).await,
        "AgendaItem" => json!({
            "number": format!("{number} (a)"), "title": text(&format!("Item {number}")),
            "kind": pick(number, ["SESSION", "DECISION"]), "bodyId": app.body(pick(number, ["WG-A", "WG-B"])).await,
            "chathamHouse": pick(number, [true, false]), "recommendationIds": [app.draft("WG-A").await["id"]],
        }),
        "Participation" => json!({
            "meetingId": app.anonymous().query("{ meetings(first: 1) { nodes { id } } }").await["meetings"]["nodes"][0]["id"],
            "organizationId": app.organization("OSCE").await, "capacity": "SPEAKER",
            "attendance": pick(number, ["PRESENT", "REMOTE"]), "delegates": 3 + number,
        }),
        "Recommendation" => recommendation(app, number).await,
        "Document" => document(app, number).await,
        other => panic!("no values of {other}"),
    }
}

async fn organization(app: &TestApp, number: usize) -> Value {
    json!({
        "acronym": format!("FIELD-{number}"), "name": text(&format!("Organisation {number}")),
        "kind": pick(number, ["ACADEMIC", "OTHER"]), "seat": format!("Town {number}"),
        "website": format!("https://{number}.example.org"), "organizer": pick(number, [true, false]),
        "active": pick(number, [true, false]), "parentId": app.organization(pick(number, ["ISRS", "OSCE"])).await,
        "countryId": app.country(pick(number, ["UZ", "KZ"])).await,
    })
}

async fn body(app: &TestApp, number: usize) -> Value {
    json!({
        "code": format!("FIELD-{number}"), "kind": "WORKING_GROUP", "name": text(&format!("Body {number}")),
        "mandateText": text(&format!("Mandate {number}")), "establishedOn": pick(number, ["2020-01-01", "2021-01-01"]),
        "active": pick(number, [true, false]), "reportsToId": app.body(pick(number, ["EC", "PL"])).await,
        "quorum": [{ "category": pick(number, ["GOVERNMENT", "CIVIL_SOCIETY"]), "delegations": 3 + number }],
    })
}

async fn meeting(app: &TestApp, number: usize) -> Value {
    let sources = app.sources().await;
    let source = pick(number, [&sources[0], sources.last().expect("sources")]);
    json!({
        "title": text(&format!("Meeting {number}")), "kind": pick(number, ["WORKING_GROUP", "PLENARY"]),
        "modality": pick(number, ["IN_PERSON", "HYBRID"]), "startsOn": pick(number, ["2025-11-03", "2025-11-10"]),
        "endsOn": pick(number, ["2025-11-04", "2025-11-12"]), "timezone": pick(number, ["Asia/Almaty", "Asia/Bishkek"]),
        "city": format!("Town {number}"), "venue": format!("House {number}"),
        "countryId": app.country(pick(number, ["UZ", "KZ"])).await, "theme": text(&format!("Theme {number}")),
        "participantCount": 40 + number, "countQualifier": pick(number, ["EXACT", "ABOUT"]),
        "chathamHouse": pick(number, [true, false]), "sensitivity": pick(number, ["PARTICIPANTS_ONLY", "CONFIDENTIAL"]),
        "organizers": [{
            "organizationId": app.organization(pick(number, ["ISRS", "OSCE"])).await,
            "role": pick(number, ["HOST", "ORGANIZER"]),
        }],
        "sessions": [{ "bodyId": app.body(pick(number, ["WG-A", "WG-B"])).await, "ordinal": 900 + number }],
        "alternativeTitles": [{ "title": text(&format!("Also {number}")), "sourceId": source }],
        "sourceIds": [source],
    })
}

async fn recommendation(app: &TestApp, number: usize) -> Value {
    let theme = app.theme(&format!("ON-{number}")).await;
    json!({
        "bodyId": app.body("WG-A").await, "kind": pick(number, ["RECOMMENDATION", "PROPOSED_SOLUTION"]),
        "title": text(&format!("Title {number}")), "text": text(&format!("1. Text {number}")),
        "paragraphs": [{
            "number": 1, "text": text(&format!("Text {number}")), "targetDate": pick(number, ["2029-01-01", "2028-01-01"]),
            "addressees": [{
                "category": "ALL_STAKEHOLDERS", "role": pick(number, ["LEAD", "SUPPORTING"]), "countryId": null,
                "organizationId": null,
            }],
            "themeIds": [theme],
        }],
        "rationale": text(&format!("Why {number}")), "priority": pick(number, ["LOW", "URGENT"]),
        "targetDate": pick(number, ["2030-01-01", "2031-01-01"]), "themeIds": [theme],
        "instrumentIds": [app.instrument(&format!("ON/{number}")).await],
        "addressees": [{
            "category": "GOVERNMENT", "role": pick(number, ["LEAD", "SUPPORTING"]),
            "countryId": app.country(pick(number, ["UZ", "KZ"])).await,
            "organizationId": app.organization(pick(number, ["ISRS", "OSCE"])).await,
        }, { "category": "ALL_STAKEHOLDERS", "role": "SUPPORTING", "countryId": null, "organizationId": null }],
    })
}

async fn document(app: &TestApp, number: usize) -> Value {
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DECISION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id").await;
    json!({
        "symbol": format!("SEC.DOC/{number}/26"), "kind": pick(number, ["AGENDA", "MINUTES_OR_SUMMARY"]),
        "title": text(&format!("Document {number}")), "issuedOn": pick(number, ["2026-01-01", "2026-01-02"]),
        "sensitivity": pick(number, ["PUBLIC", "CONFIDENTIAL"]), "noPersonalData": pick(number, [true, false]),
        "versions": [{
            "locale": pick(number, ["EN", "RU"]), "url": format!("https://example.org/{number}"),
            "sha256": pick(number, ["a", "b"]).repeat(64), "state": pick(number, ["ORIGINAL", "MACHINE"]),
        }],
        "meetingId": meeting["id"], "agendaItemId": item["id"], "bodyId": app.body(pick(number, ["WG-A", "WG-B"])).await,
        "recommendationId": app.draft("WG-A").await["id"],
    })
}

/// A value of a field for which none is chosen above: another one for the next number.
fn any_value(schema: &Schema, field: &Field, number: usize) -> Option<Value> {
    Some(match field.kind.as_str() {
        "String" => json!(format!("{} {number}", field.name)),
        "Int" => json!(number + 1),
        "Boolean" => json!(pick(number, [true, false])),
        "Date" => json!(pick(number, ["2024-01-01", "2025-01-01"])),
        "LocalizedTextInput" => text(&format!("{} {number}", field.name)),
        kind => {
            let values = schema.values(kind);
            json!(values.get(number % values.len().max(1))?)
        }
    })
}

/// The values that an input has a field for: those that are chosen, what it names beside, or any.
fn only(schema: &Schema, input: &str, (chosen, beside): (&Value, &Value), number: usize) -> Value {
    let mut said = Map::new();
    for field in schema.fields(input).into_iter().filter(|field| !BESIDE.contains(&field.name.as_str())) {
        let value = [chosen, beside].into_iter().find_map(|given| given.get(&field.name).cloned());
        let value = value.or_else(|| any_value(schema, &field, number));
        said.insert(field.name.clone(), value.unwrap_or_else(|| panic!("{input}.{} has no value", field.name)));
    }
    Value::Object(said)
}

/// The selection of an object that shows the fields of an input.
fn selection(schema: &Schema, input: &str, object: &str) -> String {
    let fields = schema.fields(input).into_iter().filter(|field| !BESIDE.contains(&field.name.as_str()));
    let selected = fields.map(|field| {
        let name = &field.name;
        if field.kind == "LocalizedTextInput" {
            format!("{name}: {name}Translations {{ locale text }}")
        } else if let Some(related) = related(schema, name, object) {
            format!("{name}: {related} {{ id }}")
        } else if let Some(part) =
            schema.fields(object).into_iter().find(|part| part.name == *name && part.kind != field.kind)
        {
            format!("{name} {{ {} }}", selection(schema, &field.kind, &part.kind))
        } else {
            name.clone()
        }
    });
    selected.collect::<Vec<_>>().join(" ")
}

/// The field of an object that shows what a field of an input names by an id, or by ids.
fn related(schema: &Schema, name: &str, object: &str) -> Option<String> {
    let related = match name.strip_suffix("Ids") {
        Some(one) => format!("{one}s"),
        None => name.strip_suffix("Id")?.to_owned(),
    };
    assert!(schema.has(object, &related), "{object} does not show {name}");
    Some(related)
}

/// An answer in the form of an input: a related record as its id, translations in any order, the first of which is the original here.
fn as_input(answer: &Value) -> Value {
    match answer {
        Value::Object(fields) if fields.contains_key("locale") && fields.contains_key("text") => {
            json!([fields["locale"], fields["text"]])
        }
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("id") => fields["id"].clone(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| !BESIDE.contains(&name.as_str()));
            fields.map(|(name, value)| (name.clone(), as_input(value))).collect()
        }
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(as_input).collect();
            values.sort_by_key(Value::to_string);
            Value::Array(values)
        }
        value => value.clone(),
    }
}

/// The values written to a record are those that a query shows of it, and those in its line of an export.
async fn is_read_back(app: &TestApp, schema: &Schema, (input, object): (&str, &str), id: &Value, said: &Value) {
    let client = app.secretariat();
    let selected = selection(schema, input, object);
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {object} {{ {selected} }} }} }}");
    let shown = client.query_with(&query, json!({ "id": id })).await["node"].take();
    let lines = client.export("").await;
    let line = lines.iter().find(|line| line["id"] == *id && line["version"].is_i64()).expect("a line");
    for (field, value) in said.as_object().expect("an input") {
        assert!(!value.is_null(), "{input}.{field}");
        assert_eq!(as_input(&shown[field]), as_input(value), "{input}.{field}, by query");
        assert_eq!(as_input(&line[field]), as_input(value), "{input}.{field}, by export");
    }
}

/// What an input names that is not a field of the record: the meeting of an agenda item.
async fn beside(app: &TestApp, topic: &Topic) -> Value {
    match topic.object {
        "AgendaItem" => json!({ "meetingId": app.planned_meeting(json!({})).await["id"] }),
        _ => json!({}),
    }
}

/// A record that is created with the first values.
async fn created(app: &TestApp, schema: &Schema, topic: &Topic, number: usize) -> (Value, String, Value) {
    let input = mutation(topic.create).input.clone();
    let said = only(schema, &input, (&values(app, topic.object, number).await, &beside(app, topic).await), number);
    (app.secretariat().mutate(topic.create, said.clone(), "id version").await, input, said)
}

async fn every_field_that_is_created_is_read_back(app: TestApp) {
    let schema = Schema::of(&app).await;
    for topic in &TOPICS {
        let (record, input, said) = created(&app, &schema, topic, 0).await;
        is_read_back(&app, &schema, (&input, topic.object), &record["id"], &said).await;
    }
}

async fn every_field_that_is_updated_is_read_back(app: TestApp) {
    let schema = Schema::of(&app).await;
    for topic in &TOPICS {
        for (update, round) in topic.updates.iter().zip(0..) {
            let (number, input) = (2 * round + 1, &mutation(update).input);
            let (record, _, _) = created(&app, &schema, topic, number - 1).await;
            let said = only(&schema, input, (&values(&app, topic.object, number).await, &json!({})), number);
            let mut changed = with(at(&record), said.clone());
            if !schema.has(input, "id") {
                changed.as_object_mut().expect("an input").remove("id");
            }
            app.secretariat().mutate(update, changed, "id").await;
            is_read_back(&app, &schema, (input, topic.object), &record["id"], &said).await;
        }
    }
}

/// Writes a row, and returns the id of its record.
async fn upserted(client: &Client, upsert: &str, row: Value) -> Value {
    let payload = client.upsert(upsert, json!({ "rows": [row], "matchBy": "EXTERNAL_ID" }), "id").await;
    assert_eq!(payload["rows"][0]["userErrors"], json!([]), "{upsert}");
    payload["rows"][0]["record"]["id"].clone()
}

async fn every_field_that_is_upserted_is_read_back(app: TestApp) {
    let schema = Schema::of(&app).await;
    for topic in &TOPICS {
        let Some(upsert) = topic.upsert else { continue };
        let input = schema.row_of(&mutation(upsert).input);
        let key = json!({ "externalId": { "sourceSystem": "fields", "value": topic.object } });
        for number in [2, 3] {
            let said = only(&schema, &input, (&values(&app, topic.object, number).await, &json!({})), number);
            let id = upserted(&app.secretariat(), upsert, with(key.clone(), said.clone())).await;
            is_read_back(&app, &schema, (&input, topic.object), &id, &said).await;
        }
    }
}
