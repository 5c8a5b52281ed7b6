//! API clients: what their tokens may do, when they expire, and who manages them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use entity::client::ClientRole;
use entity::id::OrganizationId;
use rec_api::auth::Role;
use rec_api::auth::token::{self, Grant};
use rec_api::domain::action::Action;
use rec_api::service::background;
use rec_api::service::client::tokens::{self, prune};
use rec_api::service::client::{Issued, issue_local_token};
use rec_tests::client::Client;
use rec_tests::given::{at_with, text, with};
use rec_tests::socket::Socket;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

async fn register(app: &TestApp, role: &str, organization: Option<&str>, scopes: &[&str]) -> Value {
    let organization = match organization {
        Some(acronym) => json!(app.organization(acronym).await),
        None => Value::Null,
    };
    let input =
        json!({ "purpose": "A copy of the record", "role": role, "organizationId": organization, "scopes": scopes });
    app.admin().mutate("registerClient", input, "id purpose role scopes active organization { acronym }").await
}

/// A new token of a client: the header it is sent in, and its id.
async fn issue(app: &TestApp, client: &Value, days: i32) -> (String, Value) {
    let query =
        "mutation($input: IssueTokenInput!) { issueToken(input: $input) { bearer token { id } userErrors { code } } }";
    let input = json!({ "clientId": client["id"], "days": days });
    let mut issued = app.admin().query_with(query, json!({ "input": input })).await["issueToken"].take();
    assert_eq!(issued["userErrors"], json!([]));
    (issued["bearer"].as_str().unwrap().to_owned(), issued["token"]["id"].take())
}

fn holder(app: &TestApp, bearer: &str) -> Client {
    app.with_authorization(&format!("Bearer {bearer}"))
}

async fn client_with(app: &TestApp, role: &str, organization: Option<&str>, scopes: &[&str]) -> Client {
    let client = register(app, role, organization, scopes).await;
    holder(app, &issue(app, &client, 1).await.0)
}

/// The holder of a token whose `scope` has words of several services.
fn of_provider(app: &TestApp, role: Role, words: &str) -> Client {
    let valid_for = Duration::from_hours(1);
    let grant = Grant { role, organization: None, valid_for, client: Some(("portal".to_owned(), words.to_owned())) };
    let (keys, clock) = (&app.app.keys, &app.app.clock);
    holder(app, &token::issue(keys.own(), &app.app.config.trust(), &grant, clock.uuid(), clock.now()).expect("a token"))
}

async fn refused(app: &TestApp, mutation: &str, input: Value) -> Vec<String> {
    app.admin().refusals(mutation, input).await
}

async fn may_write(client: &Client, mutation: &str, input: Value) -> bool {
    match client.payload_or_error(mutation, input).await {
        Ok(payload) => {
            assert_eq!(payload["userErrors"], json!([]));
            true
        }
        Err(code) => {
            assert_eq!(code, "FORBIDDEN");
            false
        }
    }
}

on_both_databases! {
    a_token_is_what_its_client_is,
    a_scope_lets_a_client_do_what_it_says,
    reading_more_than_everyone_needs_a_scope,
    a_client_that_does_not_read_sees_nothing_of_its_own_organisation_either,
    what_a_client_does_not_read_its_mutations_do_not_show,
    what_a_client_writes_is_judged_by_all_that_its_role_sees,
    active_clients_are_shown_first,
    words_of_other_services_limit_nothing,
    a_key_is_of_one_subject_with_the_same_scopes,
    a_token_is_forgotten_long_after_its_end,
    a_client_of_any_role_may_belong_to_an_organisation,
    every_mutation_has_a_scope_or_is_the_administrators,
    a_token_of_the_command_line_is_listed_and_revoked,
    a_revoked_token_is_refused_at_once,
    within_a_second_a_revocation_closes_sockets_of_every_process,
    what_is_no_client_or_token_is_refused,
}

async fn a_token_is_what_its_client_is(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let client = register(&app, "PARTNER", Some("OSCE"), &["READ", "SYNC"]).await;
    let expected = json!({
        "id": client["id"], "purpose": "A copy of the record", "role": "PARTNER", "scopes": ["READ", "SYNC"],
        "active": true, "organization": { "acronym": "OSCE" },
    });
    assert_eq!(client, expected);
    let (bearer, token) = issue(&app, &client, 30).await;
    let partner = holder(&app, &bearer);
    let viewer = partner.query("{ viewer { role organization { acronym } } }").await;
    assert_eq!(viewer["viewer"], json!({ "role": "PARTNER", "organization": { "acronym": "OSCE" } }));
    tokens::write_uses(&app.app).await.unwrap();
    let shown = app.admin().query("{ clients { id tokens { id issuedAt expiresAt revokedAt usedAt } } }").await;
    let now = "2026-01-15T04:00:00.000000+00:00";
    assert_eq!(
        shown["clients"],
        json!([{ "id": client["id"], "tokens": [{
        "id": token, "issuedAt": now, "expiresAt": "2026-02-14T04:00:00.000000+00:00", "revokedAt": null, "usedAt": now,
    }] }])
    );
    app.app.clock.advance(TimeDelta::days(31));
    assert_eq!(partner.error("{ viewer { role } }").await, "UNAUTHENTICATED");
}

async fn a_scope_lets_a_client_do_what_it_says(app: TestApp) {
    let theme = |code: &str| json!({ "code": code, "name": text(code), "kind": "SUBJECT" });
    let organization = |acronym: &str| json!({ "acronym": acronym, "name": text(acronym), "kind": "OTHER" });
    let meeting =
        json!({ "title": text("A"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2026-03-01" });
    let draft =
        json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A"), "text": text("B") });
    let scopes = ["WRITE_COUNCIL", "WRITE_ORGANIZATIONS", "WRITE_MEETINGS", "WRITE_RECOMMENDATIONS"];
    for (index, scope) in scopes.iter().enumerate() {
        let client = client_with(&app, "SECRETARIAT", None, &[scope]).await;
        let writes = [
            may_write(&client, "createTheme", theme(&format!("T{index}"))).await,
            may_write(&client, "createOrganization", organization(&format!("O{index}"))).await,
            may_write(&client, "scheduleMeeting", meeting.clone()).await,
            may_write(&client, "draftRecommendation", draft.clone()).await,
        ];
        let expected: Vec<bool> = (0..4).map(|one| one == index).collect();
        assert_eq!(writes.to_vec(), expected, "{scope}");
        assert_eq!(client.error("{ changes { upToDate } }").await, "FORBIDDEN");
        assert_eq!(client.error("{ checkpoint { count } }").await, "FORBIDDEN");
        assert_eq!(client.get("/export.ndjson", &[]).await.0.status.as_u16(), 403);
    }
}

async fn reading_more_than_everyone_needs_a_scope(app: TestApp) {
    let discussed = app.under_discussion("WG-A").await;
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { id } }";
    for (scopes, sees) in [(["READ"], true), (["SYNC"], true), (["WRITE_MEETINGS"], false)] {
        let client = client_with(&app, "READER", None, &scopes).await;
        let found = client.query_with(query, json!({ "id": discussed["id"] })).await;
        assert_eq!(found["recommendation"].is_object(), sees, "{scopes:?}");
    }
    let mirror = client_with(&app, "READER", None, &["SYNC"]).await;
    assert!(mirror.export("?types=RECOMMENDATION").await.iter().any(|line| line["id"] == discussed["id"]));
}

async fn a_client_that_does_not_read_sees_nothing_of_its_own_organisation_either(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let draft =
        json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A"), "text": text("B") });
    let own = app.partner("OSCE").mutate("draftRecommendation", draft.clone(), "id version").await;
    let adopted = app.adopted("WG-A").await;
    let query = "query($own: ID!, $adopted: ID!) { own: recommendation(by: { id: $own }) { id } \
        adopted: recommendation(by: { id: $adopted }) { id revisions { changeNote } } viewer { role } }";
    for (scope, sees) in [("READ", true), ("WRITE_RECOMMENDATIONS", false)] {
        let client = client_with(&app, "PARTNER", Some("OSCE"), &[scope]).await;
        let seen = client.query_with(query, json!({ "own": own["id"], "adopted": adopted["id"] })).await;
        assert_eq!(seen["own"].is_object(), sees, "{scope}");
        assert!(seen["adopted"].is_object());
    }
    let writer = client_with(&app, "PARTNER", Some("OSCE"), &["WRITE_RECOMMENDATIONS"]).await;
    let revised = at_with(&own, json!({ "title": text("C") }));
    let answer = writer.payload("reviseRecommendation", revised, "version").await;
    assert_eq!((&answer["record"], answer["change"]["cursor"].is_string()), (&Value::Null, true), "{answer}");
    let read = "query($id: ID!) { recommendation(by: { id: $id }) { version } }";
    let seen = app.partner("OSCE").query_with(read, json!({ "id": own["id"] })).await;
    assert_eq!(seen["recommendation"]["version"], 2);
}

async fn what_a_client_does_not_read_its_mutations_do_not_show(app: TestApp) {
    let closed = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let open = app.planned_meeting(json!({})).await;
    let row = |meeting: &Value, more: Value| {
        let row = json!({
            "id": meeting["id"], "title": text("A meeting"), "kind": "WORKING_GROUP", "modality": "IN_PERSON",
            "startsOn": "2025-12-01",
        });
        with(row, more)
    };
    let bad = row(&open, json!({ "city": "" }));
    for (scopes, sees) in [(vec!["WRITE_MEETINGS"], false), (vec!["WRITE_MEETINGS", "READ"], true)] {
        let writer = client_with(&app, "SECRETARIAT", None, &scopes).await;
        let shows = async |rows: Value, dry_run: bool| {
            let query = "mutation($input: UpsertMeetingsInput!) {
                upsertMeetings(input: $input) { rows { outcome meeting { title } } }
            }";
            let input = json!({ "matchBy": "ID", "dryRun": dry_run, "rows": rows });
            let rows = writer.query_with(query, json!({ "input": input })).await["upsertMeetings"]["rows"].take();
            (rows[0]["meeting"].is_object(), rows[0]["outcome"].as_str().unwrap().to_owned())
        };
        assert_eq!(shows(json!([row(&closed, json!({}))]), true).await, (sees, "UNCHANGED".to_owned()));
        assert_eq!(shows(json!([row(&closed, json!({}))]), false).await, (sees, "UNCHANGED".to_owned()));
        assert_eq!(shows(json!([row(&closed, json!({})), bad]), false).await, (sees, "FAILED".to_owned()));
        assert_eq!(shows(json!([row(&open, json!({}))]), true).await, (true, "UNCHANGED".to_owned()));
    }
}

async fn what_a_client_writes_is_judged_by_all_that_its_role_sees(app: TestApp) {
    let meetings = client_with(&app, "SECRETARIAT", None, &["WRITE_MEETINGS"]).await;
    let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
    let part = json!({
        "meetingId": meeting["id"], "organizationId": app.organization("OSCE").await, "capacity": "DELEGATE",
        "attendance": "INVITED",
    });
    let part = app.secretariat().mutate("recordParticipation", part, "id").await;
    let own = "query($id: ID!) { node(id: $id) { id } }";
    assert!(app.partner("OSCE").query_with(own, json!({ "id": part["id"] })).await["node"].is_object());
    let closed = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    meetings.mutate("updateMeeting", closed, "id").await;
    assert!(app.partner("OSCE").query_with(own, json!({ "id": part["id"] })).await["node"].is_null());
    let agreed = app.agreed("WG-A").await;
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { agreedAt { id version } } }";
    let found = app.secretariat().query_with(query, json!({ "id": agreed["id"] })).await;
    let input = at_with(&found["recommendation"]["agreedAt"], json!({ "sessions": [] }));
    assert_eq!(meetings.refusals("setBodySessions", input).await, ["INVALID_STATE sessions"]);
    let themes = client_with(&app, "SECRETARIAT", None, &["WRITE_COUNCIL"]).await;
    let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
    app.draft_with("WG-A", json!({ "themeIds": [one] })).await;
    let input = json!({ "id": one, "expectedVersion": 1, "intoId": two });
    themes.mutate("mergeThemes", input, "id").await;
}

async fn active_clients_are_shown_first(app: TestApp) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(register(&app, "READER", None, &["READ"]).await["id"].take());
    }
    app.admin().mutate("deactivateClient", json!({ "id": ids[1] }), "id").await;
    let shown = app.admin().query("{ clients { id active } }").await;
    let expected = [(2, true), (0, true), (1, false)].map(|(one, active)| json!({ "id": ids[one], "active": active }));
    assert_eq!(shown["clients"], json!(expected));
}

async fn words_of_other_services_limit_nothing(app: TestApp) {
    let open = of_provider(&app, Role::Secretariat, "openid profile");
    assert!(open.query("{ changes { upToDate } }").await["changes"].is_object());
    let limited = of_provider(&app, Role::Secretariat, "openid write:meetings");
    assert_eq!(limited.error("{ changes { upToDate } }").await, "FORBIDDEN");
    let admin = of_provider(&app, Role::Admin, "openid read");
    assert_eq!(admin.error("{ clients { id } }").await, "FORBIDDEN");
}

async fn a_key_is_of_one_subject_with_the_same_scopes(app: TestApp) {
    let theme = json!({ "code": "LAW", "kind": "SUBJECT", "name": text("Law") });
    let (wide, narrow) = (
        of_provider(&app, Role::Secretariat, "read write:council"),
        of_provider(&app, Role::Secretariat, "write:council"),
    );
    let written = wide.keyed("one").mutate("createTheme", theme.clone(), "code").await;
    assert_eq!(wide.keyed("one").mutate("createTheme", theme.clone(), "code").await, written);
    assert_eq!(narrow.keyed("one").refusals("createTheme", theme).await, ["ALREADY_EXISTS code"]);
}

async fn a_token_is_forgotten_long_after_its_end(app: TestApp) {
    let client = register(&app, "READER", None, &["READ"]).await;
    issue(&app, &client, 1).await;
    issue(&app, &client, 30).await;
    app.app.clock.advance(TimeDelta::days(91));
    assert_eq!(prune(&app.app).await.unwrap(), 0);
    app.app.clock.advance(TimeDelta::days(1));
    assert_eq!(prune(&app.app).await.unwrap(), 1);
    let shown = app.admin().query("{ clients { tokens { id } } }").await;
    assert_eq!(shown["clients"][0]["tokens"].as_array().unwrap().len(), 1);
}

async fn a_client_of_any_role_may_belong_to_an_organisation(app: TestApp) {
    let client = register(&app, "READER", Some("OSCE"), &["READ"]).await;
    assert_eq!(client["organization"], json!({ "acronym": "OSCE" }));
    let reader = holder(&app, &issue(&app, &client, 1).await.0);
    assert_eq!(reader.query("{ viewer { role } }").await["viewer"]["role"], "READER");
}

async fn every_mutation_has_a_scope_or_is_the_administrators(app: TestApp) {
    let schema = app.anonymous().query("{ __schema { mutationType { fields { name } } } }").await;
    let fields = schema["__schema"]["mutationType"]["fields"].as_array().unwrap();
    let mutations: BTreeSet<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
    // Names of commands have several words, or one without a capital.
    let actions = Action::ALL.iter().filter(|action| action.name().contains(char::is_uppercase));
    assert_eq!(actions.clone().map(|action| action.name()).collect::<BTreeSet<_>>(), mutations);
    for action in actions {
        let is_administration = ["Client", "Token", "Webhook"].iter().any(|word| action.name().contains(word));
        assert_eq!(action.scope().is_none(), is_administration, "{}", action.name());
    }
}

async fn a_token_of_the_command_line_is_listed_and_revoked(app: TestApp) {
    let local = async |role: ClientRole, organization: Option<OrganizationId>| {
        issue_local_token(&app.app, role, organization, TimeDelta::days(2), false).await.unwrap()
    };
    let osce: OrganizationId = app.organization("OSCE").await.parse().unwrap();
    let (first, second) = (local(ClientRole::Admin, None).await, local(ClientRole::Admin, None).await);
    let partner = local(ClientRole::Partner, Some(osce)).await;
    let viewer = holder(&app, &partner.token).query("{ viewer { role organization { acronym } } }").await;
    assert_eq!(viewer["viewer"], json!({ "role": "PARTNER", "organization": { "acronym": "OSCE" } }));
    let administrator = holder(&app, &second.token);
    let query = "{ clients { id purpose role local active scopes organization { acronym } tokens { id expiresAt } } }";
    let mut clients = administrator.query(query).await["clients"].take();
    clients.as_array_mut().unwrap().sort_by_key(|client| client["role"].to_string());
    let expires_at = "2026-01-17T04:00:00.000000+00:00";
    let listed = |issued: &Issued| json!({ "id": issued.row.id.to_string(), "expiresAt": expires_at });
    let of = |client: &Value, role: &str, organization: Value, tokens: Vec<Value>| {
        json!({ "id": client["id"], "purpose": "rec token", "role": role, "local": true, "active": true, "scopes": [],
            "organization": organization, "tokens": tokens })
    };
    let expected = json!([
        of(&clients[0], "ADMIN", Value::Null, vec![listed(&first), listed(&second)]),
        of(&clients[1], "PARTNER", json!({ "acronym": "OSCE" }), vec![listed(&partner)]),
    ]);
    assert_eq!(clients, expected, "one client for each role and organisation");

    administrator.mutate("revokeToken", json!({ "id": first.row.id.to_string() }), "id").await;
    assert_eq!(holder(&app, &first.token).error("{ viewer { role } }").await, "UNAUTHENTICATED");
    assert_eq!(administrator.query("{ viewer { role } }").await["viewer"]["role"], "ADMIN");
    administrator.mutate("deactivateClient", json!({ "id": clients[1]["id"] }), "id").await;
    assert_eq!(holder(&app, &partner.token).error("{ viewer { role } }").await, "UNAUTHENTICATED");
    let again = local(ClientRole::Partner, Some(osce)).await;
    assert_ne!(again.row.client_id, partner.row.client_id);

    let more = json!({ "clientId": clients[0]["id"], "days": 1 });
    assert_eq!(refused(&app, "issueToken", more).await, ["INVALID_STATE clientId"]);
    let keeper = json!({ "purpose": "A keeper", "role": "ADMIN", "scopes": ["READ"] });
    assert_eq!(refused(&app, "registerClient", keeper).await, ["INVALID role"]);
    let webhook = json!({ "url": "https://hooks.example/", "clientId": clients[0]["id"] });
    assert_eq!(refused(&app, "registerWebhook", webhook).await, ["INVALID_STATE clientId"]);

    app.app.clock.advance(TimeDelta::days(3) - TimeDelta::hours(1));
    assert_eq!(prune(&app.app).await.unwrap(), 0);
    app.app.clock.advance(TimeDelta::hours(2));
    assert_eq!(prune(&app.app).await.unwrap(), 4, "a day after they have expired");
}

async fn a_revoked_token_is_refused_at_once(app: TestApp) {
    let client = register(&app, "READER", None, &["READ"]).await;
    let (one, id) = issue(&app, &client, 1).await;
    let (two, _) = issue(&app, &client, 1).await;
    let (one, two) = (holder(&app, &one), holder(&app, &two));
    let jti = id.as_str().unwrap().split_once('_').unwrap().1;
    let id = [&id, &json!(jti)];
    for id in id {
        let revoked = app.admin().mutate("revokeToken", json!({ "id": id }), "id revokedAt").await;
        assert_eq!(revoked["revokedAt"], "2026-01-15T04:00:00.000000+00:00");
        assert_eq!(one.error("{ viewer { role } }").await, "UNAUTHENTICATED");
        assert_eq!(two.query("{ viewer { role } }").await["viewer"]["role"], "READER");
    }
    // Clocks may differ by five seconds: a token is still accepted shortly after it expired.
    app.app.clock.advance(TimeDelta::days(1) + TimeDelta::seconds(3));
    tokens::read_revoked(&app.app).await.unwrap();
    assert_eq!(one.error("{ viewer { role } }").await, "UNAUTHENTICATED");
    assert_eq!(two.query("{ viewer { role } }").await["viewer"]["role"], "READER");
    app.app.clock.advance(TimeDelta::seconds(-10));
    let gone =
        app.admin().mutate("deactivateClient", json!({ "id": client["id"] }), "active tokens { revokedAt }").await;
    assert!(
        gone["active"] == false
            && gone["tokens"].as_array().unwrap().iter().all(|token| token["revokedAt"].is_string())
    );
    assert_eq!(two.error("{ viewer { role } }").await, "UNAUTHENTICATED");
    assert_eq!(
        refused(&app, "issueToken", json!({ "clientId": client["id"], "days": 1 })).await,
        ["INVALID_STATE clientId"]
    );
}

async fn within_a_second_a_revocation_closes_sockets_of_every_process(app: TestApp) {
    let client = register(&app, "READER", None, &["READ", "SYNC"]).await;
    let (bearer, id) = issue(&app, &client, 1).await;
    let (other, _) = issue(&app, &client, 1).await;
    let second = app.second_with(|config| config.data_dir.clone_from(&app.app.config.data_dir)).await;
    tokio::spawn(background::run(Arc::clone(&second.app)));
    let mut sockets = Vec::new();
    for port in [app.serve().await, second.serve().await] {
        let mut socket = Socket::begin(port, Some(&bearer)).await;
        socket.subscribe("1", "subscription { changes { cursor } }").await;
        let stays = Socket::begin(port, Some(&other)).await;
        sockets.push((socket, stays));
    }
    let revoked = async |id: &Value| {
        let begun = Instant::now();
        app.admin().mutate("revokeToken", json!({ "id": id }), "id").await;
        begun
    };
    // How long it takes by itself, here and now.
    let (_, unused) = issue(&app, &client, 1).await;
    let usual = revoked(&unused).await.elapsed();
    let begun = revoked(&id).await;
    for (mut socket, mut stays) in sockets {
        assert_eq!(socket.closed().await, Some(4403));
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(1) + 10 * usual, "{took:?}, and {usual:?} without sockets");
        stays.say(&json!({ "type": "ping" })).await;
        assert_eq!(stays.message().await["type"], "pong");
    }
    assert_eq!(holder(&second, &bearer).error("{ viewer { role } }").await, "UNAUTHENTICATED");
}

async fn what_is_no_client_or_token_is_refused(app: TestApp) {
    let new = |more: Value| with(json!({ "purpose": "x", "role": "READER", "scopes": ["READ"] }), more);
    let closed = json!({ "acronym": "GONE", "name": text("Gone"), "kind": "OTHER" });
    let closed = app.secretariat().mutate("createOrganization", closed, "id version").await;
    let input = at_with(&closed, json!({ "active": false }));
    let inactive = app.secretariat().mutate("updateOrganization", input, "id").await["id"].take();
    for (input, expected) in [
        (new(json!({ "purpose": "" })), "REQUIRED purpose"),
        (new(json!({ "scopes": [] })), "REQUIRED scopes"),
        (new(json!({ "scopes": ["READ", "READ"] })), "INVALID scopes"),
        (new(json!({ "role": "PARTNER" })), "REQUIRED organizationId"),
        (new(json!({ "organizationId": inactive })), "INVALID_STATE organizationId"),
        (new(json!({ "role": "PARTNER", "organizationId": "org_1" })), "NOT_FOUND organizationId"),
    ] {
        assert_eq!(refused(&app, "registerClient", input).await, [expected]);
    }
    let client = register(&app, "READER", None, &["READ"]).await;
    for days in [0, 367] {
        let input = json!({ "clientId": client["id"], "days": days });
        assert_eq!(refused(&app, "issueToken", input).await, ["INVALID days"]);
    }
    for (mutation, input, expected) in [
        ("issueToken", json!({ "clientId": "cli_1", "days": 1 }), "NOT_FOUND clientId"),
        ("revokeToken", json!({ "id": "tok_01970000000070008000000000000001" }), "NOT_FOUND id"),
        ("deactivateClient", json!({ "id": "x" }), "NOT_FOUND id"),
    ] {
        assert_eq!(refused(&app, mutation, input).await, [expected]);
    }
}
