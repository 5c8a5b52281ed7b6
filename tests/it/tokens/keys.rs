//! The keys that tokens are verified with: those of a trusted issuer, and the service's own file.

use std::os::unix::fs::PermissionsExt as _;

use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, encode};
use rec_api::auth::keys::KeyRing;
use rec_api::clock::Clock;
use rec_api::config::{Config, JwksSource};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{assert_refused, assert_token_refused, bearer, claims, foreign_key, header, role_of, signed_with};

type IssuerKey = (&'static str, Algorithm, EncodingKey);

/// A key set of JSON Web Keys as they are written.
fn written(directory: &tempfile::TempDir, keys: &[Value]) -> JwksSource {
    let file = directory.path().join("written.json");
    std::fs::write(&file, json!({ "keys": keys }).to_string()).expect("a file");
    JwksSource::File(file)
}

/// The public half of the foreign key.
fn foreign_jwk(changes: &Value) -> Value {
    let mut key =
        serde_json::to_value(Jwk::from_encoding_key(&foreign_key(), Algorithm::EdDSA).expect("a key")).expect("JSON");
    for (name, value) in changes.as_object().expect("an object") {
        key[name] = value.clone();
    }
    key.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    key
}

fn issuer_keys() -> [IssuerKey; 3] {
    [
        ("ed", Algorithm::EdDSA, foreign_key()),
        ("p256", Algorithm::ES256, EncodingKey::from_ec_der(include_bytes!("../../fixtures/issuer-p256.pkcs8.der"))),
        ("rsa", Algorithm::RS256, EncodingKey::from_rsa_der(include_bytes!("../../fixtures/issuer-rsa.pkcs1.der"))),
    ]
}

/// The public halves of these keys, as an issuer publishes them.
fn key_set(directory: &tempfile::TempDir, keys: &[IssuerKey]) -> JwksSource {
    let public = keys.iter().map(|(kid, algorithm, key)| {
        let mut key = Jwk::from_encoding_key(key, *algorithm).expect("a public key");
        key.common.key_id = Some((*kid).to_owned());
        serde_json::to_value(key).expect("JSON")
    });
    let set = json!({ "keys": public.collect::<Vec<_>>() });
    let file = directory.path().join("jwks.json");
    std::fs::write(&file, set.to_string()).expect("a file");
    JwksSource::File(file)
}

on_both_databases! {
    keys_of_a_trusted_issuer_are_accepted,
    keys_of_a_trusted_issuer_are_read_from_its_address,
    one_key_of_an_issuer_does_not_sign_for_another,
    an_issuers_only_key_need_not_be_named,
    an_ed25519_key_has_two_names,
    a_key_that_is_weak_or_not_single_is_not_used,
    a_key_set_without_a_usable_key_refuses_to_start,
    a_signing_key_that_others_can_read_refuses_to_start,
}

async fn keys_of_a_trusted_issuer_are_accepted(app: TestApp) {
    let keys = issuer_keys();
    let directory = tempfile::tempdir().expect("a directory");
    let trusting = app.second_with(|config| config.jwks = Some(key_set(&directory, &keys))).await;
    for (kid, algorithm, key) in &keys {
        let token = encode(&header(*algorithm, Some(kid)), &claims(&app), key).expect("a token");
        assert_eq!(role_of(&bearer(&trusting, &token)).await, "READER", "{kid}");
        assert_token_refused(&app, &token).await;
        let nameless = encode(&header(*algorithm, None), &claims(&app), key).expect("a token");
        assert_token_refused(&trusting, &nameless).await;
    }
    assert_eq!(role_of(&trusting.admin()).await, "ADMIN", "the service's own key is trusted as well");
    let file = directory.path().join("jwks.json");
    std::fs::write(&file, format!("\u{feff}{}", std::fs::read_to_string(&file).unwrap())).unwrap();
    let marked = app.second_with(|config| config.jwks = Some(JwksSource::File(file))).await;
    let (kid, algorithm, key) = &keys[0];
    let token = encode(&header(*algorithm, Some(kid)), &claims(&app), key).expect("a token");
    assert_eq!(role_of(&bearer(&marked, &token)).await, "READER", "a byte order mark means nothing");
}

async fn keys_of_a_trusted_issuer_are_read_from_its_address(app: TestApp) {
    let (keys, directory) = (issuer_keys(), tempfile::tempdir().expect("a directory"));
    let JwksSource::File(file) = key_set(&directory, &keys) else { panic!("not a file") };
    let set = std::fs::read_to_string(file).expect("a key set");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let route = |answer: axum::response::Response| {
        let answer = std::sync::Arc::new(std::sync::Mutex::new(Some(answer)));
        axum::routing::get(move || async move { answer.lock().expect("an answer").take().expect("one request") })
    };
    let issuer = axum::Router::new()
        .route("/keys", axum::routing::get(|| async { set }))
        .route("/moved", route(axum::response::Redirect::to("/keys").into_response()))
        .route("/empty", route(axum::http::StatusCode::NO_CONTENT.into_response()))
        .route("/long", route(vec![b' '; 1_100_000].into_response()));
    let serving = tokio::spawn(async { axum::serve(listener, issuer).await });
    // The program does this at its start.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let source = |path: &str| format!("http://{address}/{path}").parse::<JwksSource>().expect("an address");
    let trusting = app.second_with(|config| config.jwks = Some(source("keys"))).await;
    for (kid, algorithm, key) in &keys {
        let token = encode(&header(*algorithm, Some(kid)), &claims(&app), key).expect("a token");
        assert_eq!(role_of(&bearer(&trusting, &token)).await, "READER", "{kid}");
    }
    for (path, reason) in [("moved", "answers 303"), ("empty", "answers 204"), ("long", "more than 1048576 bytes")] {
        let refused = KeyRing::open(directory.path(), Some(source(path))).await.err().expect("a refusal");
        assert!(refused.contains(reason), "{refused}");
    }
    let missing = KeyRing::open(directory.path(), Some(source("nothing"))).await.err().expect("a refusal");
    assert!(missing.starts_with("REC_JWKS: cannot read http://127.0.0.1:"), "{missing}");
    serving.abort();
    let gone = KeyRing::open(directory.path(), Some(source("keys"))).await;
    assert!(gone.is_err());
}

async fn one_key_of_an_issuer_does_not_sign_for_another(app: TestApp) {
    let keys = issuer_keys();
    let directory = tempfile::tempdir().expect("a directory");
    let trusting = app.second_with(|config| config.jwks = Some(key_set(&directory, &keys))).await;
    for (kid, ..) in &keys {
        for (other, algorithm, key) in keys.iter().filter(|(other, ..)| other != kid) {
            let token = encode(&header(*algorithm, Some(kid)), &claims(&app), key).expect("a token");
            assert_refused(&trusting, &format!("Bearer {token}")).await;
            assert_ne!(kid, other);
        }
    }
}

async fn an_issuers_only_key_need_not_be_named(app: TestApp) {
    let keys = [("only", Algorithm::EdDSA, foreign_key())];
    let directory = tempfile::tempdir().expect("a directory");
    let trusting = app.second_with(|config| config.jwks = Some(key_set(&directory, &keys))).await;
    let token = encode(&header(Algorithm::EdDSA, None), &claims(&app), &foreign_key()).expect("a token");
    assert_eq!(role_of(&bearer(&trusting, &token)).await, "READER");
}

async fn an_ed25519_key_has_two_names(app: TestApp) {
    let directory = tempfile::tempdir().expect("a directory");
    for alg in [json!("Ed25519"), json!("EdDSA"), Value::Null] {
        // What is not known beside it keeps it from nothing.
        let keys = [
            foreign_jwk(&json!({ "alg": alg, "kid": "ed" })),
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "later", "pub": "AA" }),
        ];
        let source = written(&directory, &keys);
        let trusting = app.second_with(|config| config.jwks = Some(source)).await;
        for name in ["Ed25519", "EdDSA"] {
            let token = signed_with(&json!({ "alg": name, "kid": "ed" }), &claims(&app), &foreign_key());
            assert_eq!(role_of(&bearer(&trusting, &token)).await, "READER", "{alg} {name}");
        }
        for name in ["ES256", "RS256", "HS256", "none", "eddsa"] {
            let token = signed_with(&json!({ "alg": name, "kid": "ed" }), &claims(&app), &foreign_key());
            assert_token_refused(&trusting, &token).await;
        }
    }
    let of_another = written(&directory, &[foreign_jwk(&json!({ "alg": "ES256" }))]);
    assert!(KeyRing::open(directory.path(), Some(of_another)).await.is_err(), "its type and its alg differ");
}

async fn a_key_that_is_weak_or_not_single_is_not_used(app: TestApp) {
    let directory = tempfile::tempdir().expect("a directory");
    let rsa = |bytes: usize| json!({ "kty": "RSA", "kid": "rsa", "n": URL_SAFE_NO_PAD.encode(vec![0xff; bytes]), "e": "AQAB" });
    let twice = foreign_jwk(&json!({ "kid": "twice" }));
    for (keys, usable) in [
        (vec![rsa(255)], false),
        (vec![rsa(256)], true),
        (vec![twice.clone(), twice.clone()], false),
        (vec![twice.clone(), twice.clone(), foreign_jwk(&json!({ "kid": "once" }))], true),
    ] {
        let opened = KeyRing::open(directory.path(), Some(written(&directory, &keys))).await;
        assert_eq!(opened.is_ok(), usable, "{keys:?}");
    }
    let keys = [twice.clone(), twice, foreign_jwk(&json!({ "kid": "once" }))];
    let source = written(&directory, &keys);
    let trusting = app.second_with(|config| config.jwks = Some(source)).await;
    for (kid, known) in [("once", true), ("twice", false)] {
        let token = signed_with(&json!({ "alg": "EdDSA", "kid": kid }), &claims(&app), &foreign_key());
        assert_eq!(bearer(&trusting, &token).send("{ __typename }", json!({})).await.status == 200, known, "{kid}");
    }
}

async fn a_key_set_without_a_usable_key_refuses_to_start(app: TestApp) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("jwks.json");
    let secret = json!({ "keys": [{ "kty": "oct", "kid": "secret", "alg": "HS256", "k": "c2VjcmV0" }] });
    for text in ["", "{}", r#"{ "keys": [] }"#, &secret.to_string()] {
        std::fs::write(&file, text).expect("a file");
        let opened = KeyRing::open(directory.path(), Some(JwksSource::File(file.clone()))).await;
        assert!(opened.is_err_and(|error| error.starts_with("REC_JWKS: ")), "{text}");
    }
    assert_eq!(role_of(&app.anonymous()).await, "ANONYMOUS");
}

async fn a_signing_key_that_others_can_read_refuses_to_start(app: TestApp) {
    let directory = tempfile::tempdir().expect("a directory");
    KeyRing::open(directory.path(), None).await.expect("a key");
    let key = directory.path().join("signing-key.der");
    assert_eq!(std::fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("permissions");
    let mut config = Config::embedded(directory.path().to_owned());
    config.database_url = Some(app.url.clone());
    let refused = rec_api::server::connect(config, Clock::System).await.err().expect("a refusal").to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
}
