//! The operations that ship with the schema, `clients/operations`: each is described, fits, and does what it says.

use std::collections::BTreeMap;
use std::path::Path;

use rec_api::config::{Config, Switch};
use rec_api::digest::sha256;
use rec_tests::given::{at_with, text};
use rec_tests::socket::Socket;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use crate::changes::head;

/// The texts of the operations, by name.
fn operations() -> BTreeMap<String, String> {
    let files = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("a file").path());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), std::fs::read_to_string(&path).expect("a text"))).collect()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/operations"))
}

on_both_databases! {
    each_operation_does_what_it_says,
    clients_may_name_them_by_their_hash,
}

#[test]
fn each_operation_is_called_like_its_file_and_described_with_its_variables() {
    for (name, document) in operations() {
        // Not as a block: ariadne-codegen 0.19 writes Python that does not parse (findings/).
        assert!(document.starts_with('"') && !document.contains("\"\"\""), "{name} is not described in one line");
        let (head, _) = document.split_once(" {\n").expect("a selection");
        let lines = |begin: &str| head.lines().filter(|line| line.starts_with(begin)).count();
        assert_eq!(lines("  $"), lines("  \""), "{name}: a variable without a description");
        let called = ["query", "mutation", "subscription"].map(|kind| lines(&format!("{kind} {name}")));
        assert_eq!(called.iter().sum::<usize>(), 1, "{name} is called otherwise");
    }
}

#[test]
fn a_folder_that_cannot_be_trusted_is_refused() {
    let directory = tempfile::tempdir().expect("a folder");
    let refusal = |is_subgraph: bool| {
        let mut config = Config::embedded(directory.path().to_owned());
        config.trusted_documents = Some(directory.path().to_owned());
        config.trusted_documents_only = true;
        config.federation = if is_subgraph { Switch::On } else { Switch::Off };
        config.read_trusted_documents().err().unwrap_or_default()
    };
    assert!(refusal(false).ends_with("has no file that ends in .graphql"));
    let file = directory.path().join("one.graphql");
    std::fs::write(&file, [0xff]).expect("a file");
    assert!(refusal(false).starts_with(&format!("cannot read {}", file.display())));
    std::fs::write(&file, "{ feedHead }").expect("a file");
    assert_eq!(refusal(false), "");
    assert!(refusal(true).contains("REC_FEDERATION"));
}

async fn each_operation_does_what_it_says(app: TestApp) {
    let operations = operations();
    let adopted = app.adopted("WG-A").await;
    let label = "query($id: ID!) { recommendation(by: { id: $id }) { label } }";
    let label =
        app.anonymous().query_with(label, json!({ "id": adopted["id"] })).await["recommendation"]["label"].take();
    let meeting = app.planned_meeting(json!({})).await;
    let draft = app.draft("WG-A").await;
    let (body, organization) = (app.body("WG-B").await, app.organization("OSCE").await);
    let mandate = json!({ "bodyId": body, "organizationId": organization, "role": "MEMBER", "validFrom": "2025-01-01", "canObject": true });
    app.secretariat().mutate("grantMandate", mandate, "id").await;
    let written = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("Ours"), "text": text("Ours") });
    let mut row = written.clone();
    row["externalId"] = json!({ "sourceSystem": "crm", "value": "1" });
    let part = json!({ "meetingId": meeting["id"], "organizationId": organization, "capacity": "SPEAKER", "attendance": "CONFIRMED" });
    let silence = json!({ "meetingId": app.concluded_meeting(&["WG-B"]).await["id"] });
    let silence = at_with(&app.under_discussion("WG-B").await, silence);
    let silence = app.secretariat().mutate("openSilence", silence, "procedures { id }").await;
    let position =
        json!({ "procedureId": silence["procedures"][0]["id"], "organizationId": organization, "kind": "SUPPORT" });
    // What each is asked, and what its answer must have.
    let asked = [
        ("AdoptedRecommendations", json!({ "body": "WG-A", "locale": "EN" }), "/recommendations/edges/0/node/label"),
        ("AdoptedRecommendations", json!({}), "/recommendations/edges/0/node/label"),
        ("AgendaForMe", json!({}), "/agendaForMe/procedures/0/recommendation/title"),
        ("BodyByCode", json!({ "code": "wg-a" }), "/body/reportsTo/code"),
        ("ChangesSince", json!({}), "/changes/edges/0/recordId"),
        ("ChangesSince", json!({ "types": null }), "/changes/edges/0/recordId"),
        ("CouncilOrganizers", json!({}), "/organizers/nodes/0/meetingsOrganized/totalCount"),
        ("DraftRecommendation", json!({ "input": written }), "/draftRecommendation/recommendation/version"),
        ("FeedHead", json!({}), "/feedHead"),
        ("MeetingCalendar", json!({ "from": "2024-01-01", "to": "2024-12-31" }), "/meetings/edges/0/node/id"),
        ("MirrorCheckpoint", json!({}), "/checkpoint/0/hash"),
        ("OpenSilences", json!({}), "/consensusProcedures/edges/0/node/mayObject/0/organization/acronym"),
        ("RecommendationByLabel", json!({ "label": label }), "/recommendation/textTranslations/0/text"),
        ("RecordParticipation", json!({ "input": part }), "/recordParticipation/participation/version"),
        ("RecordsById", json!({ "ids": [meeting["id"], draft["id"], body] }), "/nodes/2/code"),
        (
            "ReviseRecommendation",
            json!({ "input": at_with(&draft, json!({ "priority": "HIGH" })) }),
            "/reviseRecommendation/recommendation/version",
        ),
        ("StatePosition", json!({ "input": position }), "/statePosition/position/procedure/outcome"),
        ("TextChanges", json!({ "id": adopted["id"], "from": 1 }), "/recommendation/diff/to/number"),
        ("WhoMayObject", json!({ "body": "wg-b", "day": "2026-01-01" }), "/body/mandates/nodes/0/organization/acronym"),
        (
            "UpsertRecommendations",
            json!({ "input": { "rows": [row], "matchBy": "EXTERNAL_ID" } }),
            "/upsertRecommendations/rows/0/recommendation/version",
        ),
        ("WorkingGroups", json!({ "locale": "RU" }), "/workingGroups/nodes/0/name"),
    ];
    for (name, variables, expected) in &asked {
        let client = if *name == "AgendaForMe" { app.partner("OSCE") } else { app.secretariat() };
        let data = client.query_with(&operations[*name], variables.clone()).await;
        assert!(data.pointer(expected).is_some_and(|value| !value.is_null()), "{name}: {data}");
    }
    follows(&app, &operations["FollowChanges"]).await;
    let mut known: Vec<&str> = asked.iter().map(|(name, ..)| *name).chain(["FollowChanges"]).collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(operations.keys().map(String::as_str).collect::<Vec<_>>(), known, "each operation is executed");
}

async fn follows(app: &TestApp, document: &str) {
    let mut socket = Socket::begin(app.serve().await, None).await;
    let payload = json!({ "query": document, "variables": { "after": head(&app.anonymous()).await } });
    socket.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    let theme = app.theme("FOLLOWED").await;
    assert_eq!(socket.message().await["payload"]["data"]["changes"]["recordId"], json!(theme));
}

async fn clients_may_name_them_by_their_hash(app: TestApp) {
    let closed = app.second_with(|config| {
        config.trusted_documents = Some(folder().to_owned());
        config.trusted_documents_only = true;
    });
    let client = closed.await.anonymous();
    let id = format!("sha256:{}", sha256(operations()["FeedHead"].as_bytes()));
    let (_, answer) = client.post(json!({ "documentId": id }).to_string()).await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert!(answer["data"]["feedHead"].is_string(), "{answer}");
    assert_eq!(client.error("{ feedHead }").await, "ONLY_TRUSTED_DOCUMENTS");
}
