//! Tokens: which are accepted, and which are refused. An invalid token is never treated as none.

mod keys;

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rec_api::auth::Role;
use rec_tests::client::Client;
use rec_tests::given::{text, with};
use rec_tests::program::{Serving, ask, command, run};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

/// An Ed25519 key of somebody else, in PKCS#8 form.
pub fn foreign_key() -> EncodingKey {
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    EncodingKey::from_ed_der(&[&head[..], &[7; 32]].concat())
}

/// Claims that the service accepts.
fn claims(app: &TestApp) -> Value {
    let now = app.app.clock.now().timestamp();
    json!({ "iss": "rec", "aud": "rec-api", "sub": "someone", "exp": now + 3600, "role": "reader" })
}

/// Such claims, changed; `null` removes one.
fn claims_with(app: &TestApp, more: &Value) -> Value {
    let mut claims = claims(app);
    for (key, value) in more.as_object().expect("an object") {
        claims[key] = value.clone();
    }
    claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    claims
}

pub fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }
}

fn own_kid(app: &TestApp) -> &str {
    &app.app.keys.own().kid
}

fn signed(app: &TestApp, claims: &Value) -> String {
    let header = header(Algorithm::EdDSA, Some(own_kid(app)));
    encode(&header, claims, &app.app.keys.own().signing).expect("a token")
}

fn bearer(app: &TestApp, token: &str) -> Client {
    app.with_authorization(&format!("Bearer {token}"))
}

async fn role_of(client: &Client) -> Value {
    client.query("{ viewer { role } }").await["viewer"]["role"].take()
}

async fn assert_refused(app: &TestApp, authorization: &str) {
    let answer = app.with_authorization(authorization).send("{ organizations { totalCount } }", json!({})).await;
    let shown = &authorization[..authorization.len().min(100)];
    assert_eq!(answer.status, 401, "{shown}");
    assert_eq!(answer.headers["www-authenticate"], "Bearer", "{shown}");
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{shown}");
    assert!(answer.body.get("data").is_none(), "{shown}");
}

async fn assert_token_refused(app: &TestApp, token: &str) {
    assert_refused(app, &format!("Bearer {token}")).await;
}

async fn assert_claims_refused(app: &TestApp, changes: impl IntoIterator<Item = Value>) {
    for change in changes {
        assert_token_refused(app, &signed(app, &claims_with(app, &change))).await;
    }
}

/// A token whose header is written by hand, with any signature.
pub fn handmade(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

on_both_databases! {
    no_header_is_anonymous_and_a_good_token_is_its_role,
    another_scheme_and_garbage_are_refused,
    a_token_is_good_until_it_expires,
    a_token_is_not_good_before_its_time,
    a_changed_token_is_refused,
    a_token_without_signature_is_refused,
    a_public_key_is_no_secret_to_sign_with,
    a_foreign_key_is_refused_whatever_kid_it_names,
    the_services_own_key_must_be_named,
    a_token_says_for_whom_by_whom_about_whom_and_until_when,
    a_partner_acts_for_one_active_organisation,
    only_a_partner_names_an_organisation,
    unknown_roles_and_the_anonymous_one_are_refused,
    a_very_long_token_is_refused,
    a_refused_token_stops_a_write,
    a_header_with_what_must_be_understood_is_refused,
    claims_are_read_as_the_rfcs_allow_them,
    a_scope_that_is_not_quite_ours_allows_nothing,
    the_program_prints_a_token_alone,
    the_program_gives_no_token_for_nobody,
    a_token_follows_its_organisation_and_not_an_acronym,
}

async fn no_header_is_anonymous_and_a_good_token_is_its_role(app: TestApp) {
    assert_eq!(role_of(&app.anonymous()).await, "ANONYMOUS");
    assert_eq!(role_of(&bearer(&app, &signed(&app, &claims(&app)))).await, "READER");
    let admin = format!("bEARER {}", app.token(Role::Admin, None));
    assert_eq!(role_of(&app.with_authorization(&admin)).await, "ADMIN");
    let partner = app.partner("OSCE").query("{ viewer { role organization { acronym } } }").await;
    assert_eq!(partner["viewer"], json!({ "role": "PARTNER", "organization": { "acronym": "OSCE" } }));
}

async fn another_scheme_and_garbage_are_refused(app: TestApp) {
    let good = app.token(Role::Reader, None);
    for wrong in ["", "Bearer", "Bearer ", "Basic cmVjOnJlYw==", "Bearer x", "Bearer a.b.c", "Bearer ..", &good] {
        assert_refused(&app, wrong).await;
    }
    assert_refused(&app, &format!("Token {good}")).await;
    assert_refused(&app, &format!("Bearer {good} {good}")).await;
}

async fn a_token_is_good_until_it_expires(app: TestApp) {
    let token = app.token(Role::Secretariat, None);
    app.app.clock.advance(TimeDelta::minutes(59));
    assert_eq!(role_of(&bearer(&app, &token)).await, "SECRETARIAT");
    app.app.clock.advance(TimeDelta::seconds(66));
    assert_token_refused(&app, &token).await;
}

async fn a_token_is_not_good_before_its_time(app: TestApp) {
    let from = app.app.clock.now() + TimeDelta::minutes(10);
    let token = signed(&app, &claims_with(&app, &json!({ "nbf": from.timestamp() })));
    assert_token_refused(&app, &token).await;
    app.app.clock.advance(TimeDelta::minutes(10));
    assert_eq!(role_of(&bearer(&app, &token)).await, "READER");
}

async fn a_changed_token_is_refused(app: TestApp) {
    let token = signed(&app, &claims(&app));
    let (head, rest) = token.split_once('.').expect("a head");
    let (_, signature) = rest.split_once('.').expect("a signature");
    let admin = URL_SAFE_NO_PAD.encode(claims_with(&app, &json!({ "role": "admin" })).to_string());
    assert_token_refused(&app, &format!("{head}.{admin}.{signature}")).await;
}

async fn a_token_without_signature_is_refused(app: TestApp) {
    for algorithm in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": own_kid(&app) });
        assert_token_refused(&app, &handmade(&header, &claims(&app), "")).await;
    }
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": own_kid(&app) });
    assert_token_refused(&app, &handmade(&header, &claims(&app), "")).await;
}

async fn a_public_key_is_no_secret_to_sign_with(app: TestApp) {
    let public = Jwk::from_decoding_key(&app.app.keys.own().verifying.key, Some(Algorithm::EdDSA)).expect("a key");
    let public = serde_json::to_value(public).expect("JSON")["x"].as_str().expect("x").to_owned();
    let bytes = URL_SAFE_NO_PAD.decode(&public).expect("bytes");
    assert_eq!(bytes.len(), 32);
    for secret in [bytes.as_slice(), public.as_bytes()] {
        for kid in [Some(own_kid(&app)), None] {
            let header = header(Algorithm::HS256, kid);
            let token = encode(&header, &claims(&app), &EncodingKey::from_secret(secret)).expect("a token");
            assert_token_refused(&app, &token).await;
        }
    }
}

async fn a_foreign_key_is_refused_whatever_kid_it_names(app: TestApp) {
    for kid in [Some(own_kid(&app)), Some("unknown"), Some(""), None] {
        let token = encode(&header(Algorithm::EdDSA, kid), &claims(&app), &foreign_key()).expect("a token");
        assert_token_refused(&app, &token).await;
    }
}

async fn the_services_own_key_must_be_named(app: TestApp) {
    for kid in [Some("unknown"), None] {
        let header = header(Algorithm::EdDSA, kid);
        let token = encode(&header, &claims(&app), &app.app.keys.own().signing).expect("a token");
        assert_token_refused(&app, &token).await;
    }
}

async fn a_token_says_for_whom_by_whom_about_whom_and_until_when(app: TestApp) {
    let missing = ["aud", "iss", "exp", "sub", "role"].map(|claim| json!({ claim: null }));
    assert_claims_refused(&app, missing).await;
    let wrong = [
        json!({ "aud": "another-api" }),
        json!({ "aud": ["another-api"] }),
        json!({ "aud": "" }),
        json!({ "aud": [] }),
        json!({ "iss": "another" }),
        json!({ "iss": "" }),
        json!({ "iss": ["rec"] }),
        json!({ "exp": "tomorrow" }),
        json!({ "exp": 0 }),
        json!({ "exp": -1 }),
        json!({ "nbf": "now" }),
    ];
    assert_claims_refused(&app, wrong).await;
}

async fn a_partner_acts_for_one_active_organisation(app: TestApp) {
    let partner = |organization: Value| json!({ "role": "partner", "organization": organization });
    let acronyms = [Value::Null, json!(""), json!("NOBODY"), json!("osce"), json!(["OSCE"]), json!("OSCE\u{0}")];
    assert_claims_refused(&app, acronyms.map(partner)).await;
    let token = app.token(Role::Partner, Some("UNOCT"));
    assert_eq!(role_of(&bearer(&app, &token)).await, "PARTNER");
    let organization = app.anonymous().query(r#"{ organization(by: { acronym: "UNOCT" }) { id version } }"#).await;
    let input = rec_tests::given::at(&organization["organization"]);
    app.secretariat().mutate("deactivateOrganization", input, "id").await;
    assert_token_refused(&app, &token).await;
}

async fn only_a_partner_names_an_organisation(app: TestApp) {
    let others = ["reader", "secretariat", "admin"];
    assert_claims_refused(&app, others.map(|role| json!({ "role": role, "organization": "OSCE" }))).await;
}

async fn unknown_roles_and_the_anonymous_one_are_refused(app: TestApp) {
    let names = ["anonymous", "owner", "Admin", "ADMIN", ""].map(Value::from);
    let roles = names.into_iter().chain([json!(["admin"]), json!(4)]);
    assert_claims_refused(&app, roles.map(|role| json!({ "role": role }))).await;
}

async fn a_very_long_token_is_refused(app: TestApp) {
    assert_token_refused(&app, &"a".repeat(64 * 1024)).await;
    assert_claims_refused(&app, [json!({ "sub": "a".repeat(48 * 1024) })]).await;
}

async fn a_refused_token_stops_a_write(app: TestApp) {
    let token = signed(&app, &claims_with(&app, &json!({ "role": "secretariat", "aud": "another-api" })));
    let before = app.feed_length().await;
    let mutation = r#"mutation { createTheme(input: {
        code: "X", kind: SUBJECT, name: [{ locale: EN, text: "X" }] }) { change { cursor } } }"#;
    assert_eq!(bearer(&app, &token).send(mutation, json!({})).await.status, 401);
    assert_eq!(app.feed_length().await, before);
}

/// A token with any header, signed with an Ed25519 key.
fn signed_with(header: &Value, claims: &Value, key: &EncodingKey) -> String {
    let unsigned = handmade(header, claims, "");
    let message = unsigned.trim_end_matches('.');
    format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::EdDSA).expect("a signature"))
}

async fn a_header_with_what_must_be_understood_is_refused(app: TestApp) {
    let own = &app.app.keys.own().signing;
    let header = json!({ "alg": "EdDSA", "kid": own_kid(&app) });
    assert_eq!(role_of(&bearer(&app, &signed_with(&header, &claims(&app), own))).await, "READER");
    for crit in [json!(["exp"]), json!([]), Value::Null] {
        let mut with_crit = header.clone();
        with_crit["crit"] = crit;
        assert_token_refused(&app, &signed_with(&with_crit, &claims(&app), own)).await;
    }
}

async fn claims_are_read_as_the_rfcs_allow_them(app: TestApp) {
    let now = app.app.clock.now().timestamp();
    let fractions = json!({ "exp": f64::from(i32::try_from(now).unwrap()) + 60.5, "nbf": 1.25, "iat": 1.75, "scope": ["read", "sync"] });
    assert_eq!(role_of(&bearer(&app, &signed(&app, &claims_with(&app, &fractions)))).await, "READER");
    let wrong = [
        json!({ "sub": "" }),
        json!({ "iat": now + 60 }),
        json!({ "exp": (now + 60).to_string() }),
        json!({ "scope": [1] }),
    ];
    assert_claims_refused(&app, wrong).await;
    let told = async |change: Value| {
        let token = signed(&app, &claims_with(&app, &change));
        let answer = bearer(&app, &token).send("{ __typename }", json!({})).await;
        answer.body.pointer("/errors/0/message").unwrap_or_else(|| panic!("{change} is accepted")).clone()
    };
    assert_eq!(told(json!({ "iat": now + 60 })).await, "The token is not valid yet.");
    assert_eq!(told(json!({ "aud": "another" })).await, "The token is for another audience.");
    assert_eq!(told(json!({ "role": null })).await, "The token has no role.");
    assert_eq!(
        told(json!({ "role": "Reader" })).await,
        "The token's role is none of reader, partner, secretariat and admin."
    );
    assert_eq!(told(json!({ "organization": ["ISRS"] })).await, "The token's organization is not one text.");
    let no_text = json!({ "role": { "secretariat": null } });
    assert_eq!(told(no_text).await, "The token's role is none of reader, partner, secretariat and admin.");
    assert_eq!(told(json!({ "jti": 1 })).await, "A claim of the token has another form.");
    for (claims, writes) in [
        (json!({ "scp": "read" }), false),
        (json!({ "scope": "openid", "scp": "" }), false),
        (json!({ "scope": "read", "scp": "write:council" }), false),
        (json!({ "scope": "openid", "scp": ["read", "write:council"] }), true),
    ] {
        let client =
            bearer(&app, &signed(&app, &claims_with(&app, &with(claims.clone(), json!({ "role": "secretariat" })))));
        let theme = json!({ "code": "SCP", "name": text("A theme"), "kind": "SUBJECT" });
        let written = client.payload_or_error("createTheme", theme).await;
        assert_eq!(written.is_ok(), writes, "{claims}");
    }
    let bound = json!({ "cnf": { "jkt": "a" } });
    assert_eq!(told(bound).await, "The token is bound to a key, of which this service takes no proof.");
    for typ in ["JWT", "at+jwt", "application/at+jwt"] {
        let header = json!({ "alg": "EdDSA", "kid": own_kid(&app), "typ": typ });
        assert_eq!(
            role_of(&bearer(&app, &signed_with(&header, &claims(&app), &app.app.keys.own().signing))).await,
            "READER"
        );
    }
    for typ in [json!("logout+jwt"), json!("dpop+jwt"), json!(1)] {
        let header = json!({ "alg": "EdDSA", "kid": own_kid(&app), "typ": typ });
        assert_token_refused(&app, &signed_with(&header, &claims(&app), &app.app.keys.own().signing)).await;
    }
    assert_eq!(told(json!({ "sub": " " })).await, "The token names no subject.");
    let unsigned = handmade(
        &json!({ "alg": "EdDSA", "kid": own_kid(&app) }),
        &claims_with(&app, &json!({ "aud": "another" })),
        "AA",
    );
    let answer = bearer(&app, &unsigned).send("{ __typename }", json!({})).await;
    assert_eq!(answer.body["errors"][0]["message"], "The token is not valid.", "a stranger learns nothing");
}

async fn a_scope_that_is_not_quite_ours_allows_nothing(app: TestApp) {
    let secretariat = |scope: &Value| {
        bearer(&app, &signed(&app, &claims_with(&app, &json!({ "role": "secretariat", "scope": scope }))))
    };
    let theme = |code: &str| json!({ "code": code, "kind": "SUBJECT", "name": rec_tests::given::text("A") });
    for (index, scope) in
        [json!(""), json!([]), json!("Write:Council"), json!(["WRITE_COUNCIL", "openid"])].iter().enumerate()
    {
        let refused = secretariat(scope).mutation_error("createTheme", theme(&format!("T{index}"))).await;
        assert_eq!(refused, "FORBIDDEN", "{scope}");
    }
    for (index, scope) in [json!("openid profile"), json!(["write:council"]), Value::Null].iter().enumerate() {
        secretariat(scope).mutate("createTheme", theme(&format!("U{index}")), "id").await;
    }
}

async fn the_program_prints_a_token_alone(app: TestApp) {
    let directory = tempfile::tempdir().expect("a directory");
    let output = rec(&app, &directory, &["token", "--role", "partner", "--organization", "OSCE"]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("text");
    let token = printed.strip_suffix('\n').expect("a line");
    assert_eq!(token.split('.').count(), 3, "{printed}");
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{printed}");
    let data = directory.path().to_owned();
    let serving = app.second_with(|config| config.data_dir = data).await;
    let behind = chrono::Utc::now() - serving.app.clock.now();
    serving.app.clock.advance(behind);
    assert_eq!(role_of(&bearer(&serving, token)).await, "PARTNER");
}

async fn the_program_gives_no_token_for_nobody(app: TestApp) {
    let directory = tempfile::tempdir().expect("a directory");
    for arguments in [
        &["token", "--role", "partner"][..],
        &["token", "--role", "partner", "--organization", "NOBODY"],
        &["token", "--role", "reader", "--organization", "OSCE"],
        &["token", "--role", "anonymous"],
    ] {
        let output = rec(&app, &directory, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

async fn a_token_follows_its_organisation_and_not_an_acronym(app: TestApp) {
    let id = app.organization("ISRS").await;
    let (by_acronym, by_id) = (app.partner("ISRS"), app.partner(&id));
    let viewer = "{ viewer { organization { id } } }";
    for client in [&by_acronym, &by_id] {
        assert_eq!(client.query(viewer).await["viewer"]["organization"]["id"], id);
    }
    let renamed = json!({ "id": id, "expectedVersion": 1, "acronym": "ISRS-OLD" });
    app.secretariat().mutate("updateOrganization", renamed, "id").await;
    let other = json!({ "acronym": "ISRS", "name": rec_tests::given::text("Another one"), "kind": "OTHER" });
    app.secretariat().mutate("createOrganization", other, "id").await;
    assert_eq!(by_id.query(viewer).await["viewer"]["organization"]["id"], id);
}

#[test]
fn a_token_of_another_issuer_or_audience_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let configured = |issuer: &str, audience: &str| {
        let mut command = command(directory.path());
        command.env("REC_JWT_ISSUER", issuer).env("REC_JWT_AUDIENCE", audience);
        command
    };
    let serving = Serving::start(&mut configured("council", "council-api"));
    for (issuer, audience, known) in
        [("council", "council-api", true), ("rec", "council-api", false), ("council", "rec-api", false)]
    {
        let printed = run(configured(issuer, audience).args(["token", "--role", "reader"])).stdout;
        let token = String::from_utf8(printed).expect("text");
        let answer = ask(serving.port, Some(token.trim()), "{ viewer { role } }", &json!({})).expect("an answer");
        let message =
            if issuer == "rec" { "The token is of another issuer." } else { "The token is for another audience." };
        let expected = if known {
            json!({ "data": { "viewer": { "role": "READER" } } })
        } else {
            json!({ "errors": [{ "message": message, "extensions": { "code": "UNAUTHENTICATED" } }] })
        };
        assert_eq!(answer, expected, "{issuer} {audience}");
    }
}

/// Runs the program without this process's environment.
fn rec(app: &TestApp, directory: &tempfile::TempDir, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(rec_tests::program::path());
    command.args(arguments).env_clear().current_dir(directory.path());
    command.env("REC_DATA_DIR", directory.path()).env("REC_DATABASE_URL", &app.url);
    command.output().expect("the program runs")
}
