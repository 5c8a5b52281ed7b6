//! Webhooks that several processes deliver, and one that stops.

use std::sync::Arc;

use chrono::TimeDelta;
use rec_api::service::background;
use rec_api::service::context::feed::ChangeCursor;
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;
use uuid::Uuid;

use super::receiver::Receiver;
use super::{deliver, head, header, hook, open, register, round};

on_both_databases! {
    of_two_processes_exactly_one_delivers,
    a_process_that_dies_is_followed_by_another_when_its_lease_is_over,
    a_service_that_stops_ends_what_it_has_begun_and_gives_the_rest_to_others,
}

async fn of_two_processes_exactly_one_delivers(app: TestApp) {
    let one = open(&app).await;
    let two = open(&app).await;
    let receiver = Receiver::default();
    register(&one, json!({ "url": receiver.listen().await })).await;
    for number in 0..30 {
        one.theme(&format!("T{number}")).await;
    }
    let run = async |app: &TestApp, me: u128| {
        for _ in 0..20 {
            round(app, Uuid::from_u128(me)).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(run(&one, 1), run(&two, 2));
    let heard = receiver.take();
    assert_eq!(heard.len(), 30, "each once");
    let cursors = heard.iter().map(|(_, body)| body["data"]["cursor"].as_str().unwrap().parse::<ChangeCursor>());
    let numbers: Vec<i64> = cursors.map(|cursor| cursor.unwrap().seq).collect();
    assert!(numbers.is_sorted(), "in order: {numbers:?}");
}

async fn a_process_that_dies_is_followed_by_another_when_its_lease_is_over(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::that_answers(2);
    register(&app, json!({ "url": receiver.listen().await })).await;
    for number in 0..20 {
        app.theme(&format!("T{number}")).await;
    }
    // The process dies while it waits for an answer: nothing else is on its way.
    tokio::select! {
        _ = round(&app, Uuid::from_u128(7)) => {}
        () = receiver.has_heard(3) => {}
    }
    let heard = receiver.take().len();
    receiver.answers_all();
    deliver(&app).await;
    assert_eq!(receiver.take().len(), 0, "its lease holds");
    app.app.clock.advance(TimeDelta::seconds(31));
    deliver(&app).await;
    let rest = receiver.take().len();
    assert_eq!((heard, rest), (3, 18), "one was told and not noted");
    assert_eq!(hook(&app).await["position"], head(&app).await);
}

async fn a_service_that_stops_ends_what_it_has_begun_and_gives_the_rest_to_others(app: TestApp) {
    let app = open(&app).await;
    let receiver = Receiver::that_answers(1);
    register(&app, json!({ "url": receiver.listen().await })).await;
    for number in 0..4 {
        app.theme(&format!("T{number}")).await;
    }
    let attended = tokio::spawn(background::run(Arc::clone(&app.app)));
    receiver.has_heard(2).await;
    app.app.stopping.send_replace(true);
    receiver.answers_all();
    attended.await.unwrap();
    assert_eq!(receiver.count(), 2, "nothing is begun any more");
    let next = open(&app).await;
    deliver(&next).await;
    let ids: Vec<String> = receiver.take().iter().map(|(headers, _)| header(headers, "webhook-id")).collect();
    assert_eq!((ids.len(), ids.is_sorted()), (4, true), "each once: {ids:?}");
}
