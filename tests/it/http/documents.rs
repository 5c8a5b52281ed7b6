//! Documents that are named by their hash.

use axum::http::StatusCode;
use rec_api::digest::sha256;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{asked, get};

on_both_databases! {
    documents_are_named_by_their_hash,
    a_query_that_was_sent_before_is_named_by_whoever_has_a_token,
}

async fn documents_are_named_by_their_hash(app: TestApp) {
    let query = "{ viewer { role } }";
    let hash = sha256(query);
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("documents.json");
    // As graphql-codegen writes it.
    std::fs::write(&manifest, json!({ format!("sha256:{hash}"): query }).to_string()).unwrap();
    let strict = app
        .second_with(|config| {
            config.trusted_documents = Some(manifest);
            config.trusted_documents_only = true;
        })
        .await;
    let named = json!({ "documentId": format!("sha256:{hash}") });
    assert_eq!(asked(&strict, named.clone()).await, (200, json!({ "data": { "viewer": { "role": "ANONYMOUS" } } })));
    let (status, _, _) = get(&strict, &format!("/graphql?documentId=sha256:{hash}")).await;
    assert_eq!(status, StatusCode::OK);
    let code =
        |answer: (u16, Value)| (answer.0, answer.1["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned());
    let unknown = json!({ "documentId": "sha256:00" });
    assert_eq!(code(asked(&strict, unknown).await), (422, "DOCUMENT_NOT_FOUND".to_owned()));
    assert_eq!(code(asked(&strict, json!({ "query": query })).await), (403, "ONLY_TRUSTED_DOCUMENTS".to_owned()));
    assert_eq!(code(asked(&app, named).await), (422, "DOCUMENT_NOT_FOUND".to_owned()));
    let by_hash = |hash: &str| json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let (status, answer) = asked(&strict, by_hash(&hash)).await;
    assert_eq!((status, answer), (200, json!({ "data": { "viewer": { "role": "ANONYMOUS" } } })));
    let (_, bytes) = strict.reader().post(by_hash(&hash).to_string()).await;
    assert_eq!(bytes.as_ref(), br#"{"data":{"viewer":{"role":"READER"}}}"#);
    assert_eq!(code(asked(&strict, by_hash("00")).await), (403, "ONLY_TRUSTED_DOCUMENTS".to_owned()));
}

async fn a_query_that_was_sent_before_is_named_by_whoever_has_a_token(app: TestApp) {
    let query = "{ viewer { role } }";
    let hash = "4bfe2fe1b9dbb0bbf5c2d4cb0e9b7d7f4b6d4f4ee6d6a6ac4d4c7f2e3c3a0f10";
    let extensions = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let reader = app.reader();
    let ask = async |body: Value| {
        let (_, bytes) = reader.post(body.to_string()).await;
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let wrong = ask(json!({ "query": query, "extensions": extensions(hash) })).await;
    assert_eq!(wrong["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_MISMATCH");
    let hash = sha256(query);
    let unknown = ask(json!({ "extensions": extensions(&hash) })).await;
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    let data = json!({ "data": { "viewer": { "role": "READER" } } });
    assert_eq!(ask(json!({ "query": query, "extensions": extensions(&hash) })).await, data);
    assert_eq!(ask(json!({ "extensions": extensions(&hash) })).await, data);
    let (_, anonymous) = asked(&app, json!({ "extensions": extensions(&hash) })).await;
    assert_eq!(anonymous["errors"][0]["message"], "PersistedQueryNotSupported");
}
