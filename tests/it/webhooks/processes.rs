//! Webhooks that several processes deliver, and one that stops.

use std::sync::Arc;

use axum::http::HeaderMap;
use chrono::TimeDelta;
use rec_api::service::background;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};
use uuid::Uuid;

use super::receiver::Receiver;
use super::{deliver, head, hook, open, register, round};

on_both_databases! {
    of_two_processes_exactly_one_delivers,
    a_process_that_dies_is_followed_by_another_when_its_lease_is_over,
    a_service_that_stops_ends_what_it_has_begun_and_gives_the_rest_to_others,
}

/// The numbers of the changes that messages tell of.
fn numbers(app: &TestApp, heard: &[(HeaderMap, Value)]) -> Vec<i64> {
    let feed = app.app.feed.head().identity;
    heard.iter().map(|(_, body)| feed.open(body["data"]["cursor"].as_str().unwrap()).unwrap().seq).collect()
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
    let numbers = numbers(&one, &heard);
    assert!(numbers.is_sorted_by(|one, next| one < next), "in order: {numbers:?}");
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
    let numbers = numbers(&app, &receiver.take());
    assert_eq!((numbers.len(), numbers.is_sorted_by(|one, next| one < next)), (4, true), "each once: {numbers:?}");
}
