//! The secrets of webhooks: rotated, and sealed in the database.

use std::sync::Arc;

use chrono::TimeDelta;
use rec_api::config::Switch;
use rec_api::domain::webhook::signature;
use rec_api::service::webhook::seal_secrets;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::receiver::Receiver;
use super::{deliver, header, open, register};

on_both_databases! {
    a_rotated_secret_signs_beside_the_old_one_for_a_day,
    a_secret_is_sealed_with_the_key_of_the_service,
    what_another_process_writes_while_secrets_are_sealed_stays,
}

async fn a_rotated_secret_signs_beside_the_old_one_for_a_day(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::default();
    let old = register(&app, json!({ "url": receiver.listen().await })).await;
    let rotate = "mutation($input: WebhookInput!) { rotateWebhookSecret(input: $input) { secret } }";
    let new = app.admin().query_with(rotate, json!({ "input": { "id": old.id } })).await;
    let new = new["rotateWebhookSecret"]["secret"].as_str().unwrap().to_owned();
    let signatures = async |code: &str| {
        app.theme(code).await;
        deliver(&app).await;
        let (headers, body) = receiver.take().remove(0);
        let (id, timestamp) = (header(&headers, "webhook-id"), header(&headers, "webhook-timestamp").parse().unwrap());
        let signed = [&new, &old.secret].map(|secret| signature(secret, &id, timestamp, &body.to_string()).unwrap());
        (header(&headers, "webhook-signature"), signed)
    };
    let (sent, [by_new, by_old]) = signatures("ONE").await;
    assert_eq!(sent, format!("{by_new} {by_old}"));
    app.app.clock.advance(TimeDelta::hours(24));
    let (sent, [by_new, _]) = signatures("TWO").await;
    assert_eq!(sent, by_new);
}

async fn a_secret_is_sealed_with_the_key_of_the_service(app: TestApp) {
    let own = open(&app).await;
    let receiver = Receiver::default();
    let hook = register(&own, json!({ "url": receiver.listen().await })).await;
    let kept = async || app.rows("SELECT CAST(secrets AS text) AS kept FROM webhook").await[0]["kept"].to_string();
    let signed = async |app: &TestApp, code: &str| {
        app.theme(code).await;
        deliver(app).await;
        let (headers, body) = receiver.take().pop()?;
        let (id, timestamp) = (header(&headers, "webhook-id"), header(&headers, "webhook-timestamp").parse().unwrap());
        let expected = signature(&hook.secret, &id, timestamp, &body.to_string())?;
        Some(header(&headers, "webhook-signature") == expected)
    };
    let sealed = kept().await;
    assert!(sealed.contains("sealed_") && !sealed.contains(&hook.secret), "{sealed}");
    assert_eq!(signed(&own, "ONE").await, Some(true));

    // As a version before kept it.
    let open_secret = format!("UPDATE webhook SET secrets = '[{{\"secret\":\"{}\",\"until\":null}}]'", hook.secret);
    own.app.databases.write.execute_unprepared(&open_secret).await.unwrap();
    assert_eq!(signed(&own, "TWO").await, Some(true));
    seal_secrets(&own.app).await.unwrap();
    let again = kept().await;
    assert!(again.contains("sealed_") && !again.contains(&hook.secret), "{again}");
    assert_eq!(signed(&own, "THREE").await, Some(true));
    seal_secrets(&own.app).await.unwrap();
    assert_eq!(kept().await, again, "once");

    // Another key opens nothing, and says so.
    let other = app.second_with(|config| config.webhook_private = Switch::On).await;
    assert_eq!(signed(&other, "FOUR").await, None);
    let failed = super::hook(&own).await;
    assert!(failed["deliveries"][0]["error"].as_str().unwrap().contains("rotateWebhookSecret"), "{failed}");
}

async fn what_another_process_writes_while_secrets_are_sealed_stays(app: TestApp) {
    register(&app, json!({ "url": "https://hooks.example/" })).await;
    let open = r#"UPDATE webhook SET position = 10, secrets = '[{"secret":"whsec_c2VjcmV0","until":null}]'"#;
    app.app.databases.write.execute_unprepared(open).await.unwrap();
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("UPDATE webhook SET position = 11").await.unwrap();
    let sealing = tokio::spawn({
        let app = Arc::clone(&app.app);
        async move { seal_secrets(&app).await }
    });
    app.others_wait(1).await;
    held.commit().await.unwrap();
    sealing.await.unwrap().unwrap();
    let kept = app.rows("SELECT position, CAST(secrets AS text) AS secrets FROM webhook").await;
    assert_eq!(kept[0]["position"], 11);
    assert!(kept[0]["secrets"].to_string().contains("sealed_"), "{kept:?}");
}
