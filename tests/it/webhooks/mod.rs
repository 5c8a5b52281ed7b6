//! Webhooks: what is sent, to whom, how often, and what happens after failures. The receivers are real.

mod processes;
pub(crate) mod receiver;
mod secrets;

use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use chrono::TimeDelta;
use rec_api::config::Switch;
use rec_api::domain::webhook::signature;
use rec_api::service::change::prune;
use rec_api::service::webhook::deliver::{self, due, serve};
use rec_tests::given::at;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};
use uuid::Uuid;

use self::receiver::Receiver;

/// A service that may call this machine, on the database of another one.
pub(crate) async fn open(app: &TestApp) -> TestApp {
    let own = |config: &mut rec_api::config::Config| {
        config.webhook_private = Switch::On;
        config.data_dir.clone_from(&app.app.config.data_dir);
    };
    app.second_with(own).await
}

pub(crate) struct Hook {
    id: Value,
    secret: String,
}

pub(crate) async fn register(app: &TestApp, input: Value) -> Hook {
    let query = "mutation($input: RegisterWebhookInput!) {
        registerWebhook(input: $input) { secret webhook { id } userErrors { code path } }
    }";
    let mut answer = app.admin().query_with(query, json!({ "input": input })).await["registerWebhook"].take();
    assert_eq!(answer["userErrors"], json!([]));
    Hook { id: answer["webhook"]["id"].take(), secret: answer["secret"].as_str().unwrap().to_owned() }
}

/// Delivers everything that is due.
pub(crate) async fn deliver(app: &TestApp) {
    while round(app, Uuid::from_u128(1)).await {}
}

/// Serves each webhook that is due, as a process with this name. Returns whether there was one.
async fn round(app: &TestApp, me: Uuid) -> bool {
    let due = due(&app.app, me).await.unwrap();
    for id in &due {
        serve(&app.app, me, *id).await.unwrap();
    }
    !due.is_empty()
}

async fn hook(app: &TestApp) -> Value {
    let query = "{ webhooks { status reason position nextAttemptAt deliveries { messageId outcome status error } } }";
    app.admin().query(query).await["webhooks"][0].take()
}

async fn head(app: &TestApp) -> Value {
    app.anonymous().query("{ feedHead }").await["feedHead"].take()
}

pub(crate) fn header(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

on_both_databases! {
    a_change_is_told_signed_and_once,
    a_failure_is_tried_again_on_schedule_and_holds_up_what_follows,
    a_wait_begins_when_the_receiver_has_answered,
    a_client_that_is_deactivated_is_told_nothing_more_of_a_portion,
    active_webhooks_are_shown_first,
    a_receiver_that_is_gone_or_never_answers_well_is_disabled,
    a_redirect_is_not_followed,
    private_addresses_are_refused_when_they_are_called,
    a_webhook_is_told_what_its_client_may_see_of_the_types_that_it_wants,
    a_webhook_is_replayed_tested_and_disabled,
    one_that_was_away_longer_than_the_feed_is_kept_is_told_so,
    the_log_of_deliveries_is_kept_for_thirty_days,
    a_slow_receiver_holds_up_no_other_one,
    a_receiver_has_eight_seconds_to_answer,
    so_many_webhooks_are_active_and_no_more,
    what_is_no_webhook_is_refused,
}

async fn a_change_is_told_signed_and_once(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let hook_of = register(&app, json!({ "url": receiver.listen().await })).await;
    app.theme("BEFORE").await;
    deliver(&app).await;
    let theme = app.theme("LAW").await;
    let cursor = head(&app).await;
    deliver(&app).await;
    deliver(&app).await;
    let heard = receiver.take();
    assert_eq!(heard.len(), 2);
    let (headers, body) = &heard[1];
    assert_eq!(
        *body,
        json!({
            "type": "record.created", "timestamp": "2026-01-15T04:00:00Z",
            "data": { "cursor": cursor, "kind": "CREATED", "type": "THEME", "id": theme, "version": 1, "reason": null, "replacedBy": null },
        })
    );
    let (id, timestamp) = (header(headers, "webhook-id"), header(headers, "webhook-timestamp"));
    let signed = signature(&hook_of.secret, &id, timestamp.parse().unwrap(), &body.to_string());
    assert_eq!(header(headers, "webhook-signature"), signed.unwrap());
    assert_eq!(header(headers, "content-type"), "application/json");
    assert_ne!(id, header(&heard[0].0, "webhook-id"));
    let hook = hook(&app).await;
    assert_eq!((&hook["status"], &hook["position"]), (&json!("ACTIVE"), &cursor));
    assert_eq!(
        hook["deliveries"][0],
        json!({ "messageId": id, "outcome": "DELIVERED", "status": "200", "error": null })
    );
}

async fn a_failure_is_tried_again_on_schedule_and_holds_up_what_follows(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    register(&app, json!({ "url": receiver.listen().await })).await;
    receiver.answers(500, vec![]);
    receiver.answers(503, vec![("retry-after", "100")]);
    app.theme("ONE").await;
    app.theme("TWO").await;
    deliver(&app).await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1, "it is not time yet");
    app.app.clock.advance(TimeDelta::seconds(7));
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
    app.app.clock.advance(TimeDelta::seconds(99));
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 0, "the receiver has asked for 100 seconds");
    app.app.clock.advance(TimeDelta::seconds(1));
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 2);
    let hook = hook(&app).await;
    let outcomes: Vec<&str> =
        hook["deliveries"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["DELIVERED", "DELIVERED", "FAILED", "FAILED"]);
    let ids = hook["deliveries"].as_array().unwrap();
    assert_eq!(ids[1]["messageId"], ids[3]["messageId"], "the same message has the same id");
    assert_eq!((&hook["position"], &hook["nextAttemptAt"]), (&head(&app).await, &Value::Null));
}

async fn a_wait_begins_when_the_receiver_has_answered(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    register(&app, json!({ "url": receiver.listen().await })).await;
    receiver.takes(&app, TimeDelta::seconds(7));
    receiver.answers(503, vec![("retry-after", "6")]);
    app.theme("ONE").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1, "6 seconds after its answer, not after the call");
    app.app.clock.advance(TimeDelta::seconds(7));
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 1);
}

async fn a_client_that_is_deactivated_is_told_nothing_more_of_a_portion(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let client = json!({ "purpose": "A copy", "role": "READER", "scopes": ["SYNC"] });
    let client = app.admin().mutate("registerClient", client, "id").await;
    register(&app, json!({ "url": receiver.listen().await, "clientId": client["id"] })).await;
    receiver.takes(&app, TimeDelta::seconds(3));
    for code in ["ONE", "TWO", "THREE"] {
        app.theme(code).await;
    }
    round(&app, Uuid::from_u128(1)).await;
    assert_eq!(receiver.take().len(), 1, "after two seconds it is read again who may see");
    app.admin().mutate("deactivateClient", json!({ "id": client["id"] }), "id").await;
    deliver(&app).await;
    assert_eq!((receiver.take().len(), &hook(&app).await["reason"]), (0, &json!("CLIENT_INACTIVE")));
}

async fn active_webhooks_are_shown_first(app: TestApp) {
    let app = open(&app).await;
    let mut hooks = Vec::new();
    for _ in 0..3 {
        hooks.push(register(&app, json!({ "url": Receiver::default().listen().await })).await.id);
    }
    app.admin().mutate("disableWebhook", json!({ "id": hooks[1] }), "status").await;
    let shown = app.admin().query("{ webhooks { id } }").await;
    assert_eq!(shown["webhooks"], json!([{ "id": hooks[2] }, { "id": hooks[0] }, { "id": hooks[1] }]));
}

async fn a_receiver_that_is_gone_or_never_answers_well_is_disabled(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let registered = register(&app, json!({ "url": receiver.listen().await })).await;
    receiver.answers(410, vec![]);
    app.theme("ONE").await;
    deliver(&app).await;
    let gone = hook(&app).await;
    assert_eq!((&gone["status"], &gone["reason"]), (&json!("DISABLED"), &json!("GONE")));
    app.admin().mutate("enableWebhook", json!({ "id": registered.id }), "status").await;
    receiver.take();
    for _ in 0..11 {
        receiver.answers(500, vec![]);
    }
    for _ in 0..12 {
        deliver(&app).await;
        app.app.clock.advance(TimeDelta::hours(30));
    }
    assert_eq!(receiver.take().len(), 11, "ten times again");
    assert_eq!(hook(&app).await["reason"], "EXHAUSTED");
    app.admin().mutate("enableWebhook", json!({ "id": registered.id }), "status").await;
    deliver(&app).await;
    assert_eq!(receiver.told(), ["record.created THEME 1"], "nothing is lost");
}

async fn a_redirect_is_not_followed(app: TestApp) {
    let app = open(&app).await;
    let (receiver, elsewhere) = (Receiver::default(), Receiver::default());
    let target: &'static str = Box::leak(elsewhere.listen().await.into_boxed_str());
    let registered = register(&app, json!({ "url": receiver.listen().await })).await;
    receiver.answers(307, vec![("location", target)]);
    let tested = app.admin().mutate("testWebhook", json!({ "id": registered.id }), "outcome status error").await;
    assert_eq!((&tested["outcome"], &tested["status"]), (&json!("FAILED"), &json!("307")));
    assert_eq!((receiver.take().len(), elsewhere.take().len()), (1, 0));
}

async fn private_addresses_are_refused_when_they_are_called(app: TestApp) {
    let receiver = Receiver::default();
    let port = receiver.listen().await.split([':', '/']).nth(4).unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        let registered = register(&app, json!({ "url": format!("https://{host}:{port}/") })).await;
        let tested = app.admin().mutate("testWebhook", json!({ "id": registered.id }), "outcome status error").await;
        assert_eq!((&tested["outcome"], &tested["status"]), (&json!("FAILED"), &Value::Null), "{host}");
        assert!(tested["error"].as_str().unwrap().contains("public network"), "{host}: {tested}");
    }
    assert_eq!(receiver.take().len(), 0);
    let http = json!({ "url": "http://hooks.example/" });
    let query =
        "mutation($input: RegisterWebhookInput!) { registerWebhook(input: $input) { userErrors { code path } } }";
    let refused = app.admin().query_with(query, json!({ "input": http })).await;
    assert_eq!(refused["registerWebhook"]["userErrors"], json!([{ "code": "INVALID", "path": ["url"] }]));
}

async fn a_webhook_is_told_what_its_client_may_see_of_the_types_that_it_wants(app: TestApp) {
    let app = open(&app).await;
    let client = json!({ "purpose": "A copy", "role": "SECRETARIAT", "scopes": ["SYNC"] });
    let client = app.admin().mutate("registerClient", client, "id").await;
    let (everyone, all, texts) = (Receiver::default(), Receiver::default(), Receiver::default());
    register(&app, json!({ "url": everyone.listen().await })).await;
    register(&app, json!({ "url": all.listen().await, "clientId": client["id"] })).await;
    let types = json!({ "url": texts.listen().await, "clientId": client["id"], "types": ["RECOMMENDATION"] });
    register(&app, types).await;
    app.theme("LAW").await;
    let draft = app.draft("WG-A").await;
    app.secretariat().mutate("withdrawRecommendation", at(&draft), "id").await;
    deliver(&app).await;
    assert_eq!(everyone.told(), ["record.created THEME 1"]);
    let of_draft = texts.told();
    assert_eq!(of_draft.len(), 1, "several changes of a record are told as the last: {of_draft:?}");
    assert_eq!(all.told(), ["record.created THEME 1".to_owned(), of_draft[0].clone()]);
    app.admin().mutate("deactivateClient", json!({ "id": client["id"] }), "id").await;
    app.theme("HEALTH").await;
    deliver(&app).await;
    assert_eq!((all.told(), everyone.told().len()), (vec![], 1));
    let shown = app.admin().query("{ webhooks { reason } }").await;
    assert_eq!(shown["webhooks"].as_array().unwrap().last().unwrap()["reason"], "CLIENT_INACTIVE");
}

async fn a_webhook_is_replayed_tested_and_disabled(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let registered = register(&app, json!({ "url": receiver.listen().await })).await;
    let start = head(&app).await;
    app.theme("ONE").await;
    app.theme("TWO").await;
    deliver(&app).await;
    let first = receiver.take();
    app.admin().mutate("replayWebhook", json!({ "id": registered.id, "after": start }), "id").await;
    deliver(&app).await;
    let again = receiver.take();
    let ids = |heard: &[(HeaderMap, Value)]| {
        heard.iter().map(|(headers, _)| header(headers, "webhook-id")).collect::<Vec<_>>()
    };
    assert_eq!((ids(&first).len(), ids(&first)), (2, ids(&again)));
    let tested = app.admin().mutate("testWebhook", json!({ "id": registered.id }), "outcome status error").await;
    assert_eq!(tested, json!({ "outcome": "DELIVERED", "status": "200", "error": null }));
    assert_eq!(receiver.told(), ["webhook.test - null"]);
    app.admin().mutate("disableWebhook", json!({ "id": registered.id }), "status reason").await;
    app.theme("THREE").await;
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 0);
    app.admin().mutate("enableWebhook", json!({ "id": registered.id }), "status").await;
    deliver(&app).await;
    assert_eq!(receiver.told(), ["record.created THEME 1"]);
}

async fn one_that_was_away_longer_than_the_feed_is_kept_is_told_so(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let registered = register(&app, json!({ "url": receiver.listen().await })).await;
    let before = head(&app).await;
    app.theme("ONE").await;
    app.app.clock.advance(TimeDelta::days(91));
    prune(&app.app).await.unwrap();
    deliver(&app).await;
    assert_eq!(hook(&app).await["reason"], "LEFT_BEHIND");
    let replay = json!({ "id": registered.id, "after": before });
    assert_eq!(app.admin().mutation_error("replayWebhook", replay).await, "CURSOR_EXPIRED");
    app.admin().mutate("enableWebhook", json!({ "id": registered.id }), "status").await;
    app.theme("TWO").await;
    deliver(&app).await;
    assert_eq!(receiver.told(), ["record.created THEME 1"]);
    app.admin().mutate("disableWebhook", json!({ "id": registered.id }), "status").await;
    app.theme("THREE").await;
    app.app.clock.advance(TimeDelta::days(91));
    prune(&app.app).await.unwrap();
    let enabled = app.admin().mutate("enableWebhook", json!({ "id": registered.id }), "status position").await;
    assert_eq!(enabled, json!({ "status": "ACTIVE", "position": head(&app).await }));
}

async fn the_log_of_deliveries_is_kept_for_thirty_days(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    register(&app, json!({ "url": receiver.listen().await })).await;
    app.theme("ONE").await;
    deliver(&app).await;
    app.app.clock.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(deliver::prune(&app.app).await.unwrap(), 0);
    app.theme("TWO").await;
    deliver(&app).await;
    app.app.clock.advance(TimeDelta::seconds(2));
    assert_eq!(deliver::prune(&app.app).await.unwrap(), 1);
    let kept = app.admin().query("{ webhooks { deliveries { outcome } } }").await;
    assert_eq!(kept["webhooks"][0]["deliveries"], json!([{ "outcome": "DELIVERED" }]));
}

async fn a_slow_receiver_holds_up_no_other_one(app: TestApp) {
    let app = open(&app).await;
    let (quick, slow) = (Receiver::default(), Receiver::slow(Duration::from_mins(1)));
    let hears = async |code: &str| {
        let (begun, before) = (Instant::now(), quick.count());
        for number in 0..20 {
            app.theme(&format!("{code}-{number}")).await;
        }
        quick.has_heard(before + 20).await;
        begun.elapsed()
    };
    let times = async {
        register(&app, json!({ "url": quick.listen().await })).await;
        let alone = hears("ALONE").await;
        register(&app, json!({ "url": slow.listen().await })).await;
        let beside = hears("BESIDE").await;
        slow.has_heard(1).await;
        (alone, beside)
    };
    let (alone, beside) = tokio::select! {
        () = deliver::deliver(&app.app) => panic!("it goes on until the service stops"),
        times = times => times,
    };
    // Waiting for the slow one would take eight seconds.
    assert!(beside < 3 * alone + Duration::from_secs(5), "{beside:?}, and {alone:?} alone");
    assert_eq!(slow.take().len(), 1);
}

async fn a_receiver_has_eight_seconds_to_answer(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let registered = register(&app, json!({ "url": receiver.listen().await })).await;
    let hook = registered.id.as_str().unwrap().parse().unwrap();
    let served = async |code: &str| {
        app.theme(code).await;
        let begun = Instant::now();
        serve(&app.app, Uuid::from_u128(1), hook).await.unwrap();
        begun.elapsed()
    };
    let usual = served("ZERO").await;
    receiver.pauses(Duration::from_mins(1));
    let (took, eight) = (served("ONE").await, Duration::from_secs(8));
    assert!((eight..eight + Duration::from_secs(2) + 10 * usual).contains(&took), "{took:?}, usually {usual:?}");
    let query = "{ webhooks { deliveries { outcome status error } } }";
    let deliveries = app.admin().query(query).await["webhooks"][0]["deliveries"].take();
    let failed = deliveries.as_array().unwrap().iter().find(|delivery| delivery["outcome"] == "FAILED");
    assert_eq!(failed.expect("a delivery that failed")["status"], Value::Null, "{deliveries}");
}

async fn so_many_webhooks_are_active_and_no_more(app: TestApp) {
    let url = json!({ "url": "https://hooks.example/" });
    let mut last = Value::Null;
    for _ in 0..100 {
        last = register(&app, url.clone()).await.id;
    }
    let query =
        "mutation($input: RegisterWebhookInput!) { registerWebhook(input: $input) { userErrors { code path } } }";
    let full = app.admin().query_with(query, json!({ "input": url })).await;
    assert_eq!(full["registerWebhook"]["userErrors"], json!([{ "code": "INVALID_STATE", "path": [] }]));
    app.admin().mutate("disableWebhook", json!({ "id": last }), "status").await;
    register(&app, url).await;
    assert_eq!(app.admin().refusals("enableWebhook", json!({ "id": last })).await, ["INVALID_STATE id"]);
}

async fn what_is_no_webhook_is_refused(app: TestApp) {
    let query =
        "mutation($input: RegisterWebhookInput!) { registerWebhook(input: $input) { userErrors { code path } } }";
    let writer = json!({ "purpose": "x", "role": "READER", "scopes": ["WRITE_MEETINGS"] });
    let writer = app.admin().mutate("registerClient", writer, "id").await;
    for (input, code, field) in [
        (json!({ "url": "https://hooks.example/", "clientId": writer["id"] }), "INVALID_STATE", "clientId"),
        (json!({ "url": "nowhere" }), "INVALID", "url"),
        (json!({ "url": "https://user@hooks.example/" }), "INVALID", "url"),
        (json!({ "url": "https://hooks.example/", "types": ["THEME", "THEME"] }), "INVALID", "types"),
        (json!({ "url": "https://hooks.example/", "clientId": "cli_1" }), "NOT_FOUND", "clientId"),
    ] {
        let answer = app.admin().query_with(query, json!({ "input": input })).await;
        assert_eq!(answer["registerWebhook"]["userErrors"], json!([{ "code": code, "path": [field] }]));
    }
    for mutation in ["disableWebhook", "enableWebhook", "testWebhook"] {
        assert_eq!(app.admin().refusals(mutation, json!({ "id": "whk_1" })).await, ["NOT_FOUND id"], "{mutation}");
    }
}
