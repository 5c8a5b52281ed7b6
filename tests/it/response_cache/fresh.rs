//! How old an answer may be, and how many execute at once.

use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::poll;
use rec_tests::chance::Chance;
use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::{TEXTS, THEME, caching, counted, keeping, number, rename, statements};

on_both_databases! {
    what_passes_by_the_feed_is_seen_when_the_time_is_over,
    who_is_refused_or_answered_again_finds_what_another_process_has_written,
    no_answer_is_older_than_promised_under_writes_of_two_processes,
    requests_at_once_are_executed_once,
    a_request_that_is_cut_off_leaves_the_others_their_answer,
}

async fn what_passes_by_the_feed_is_seen_when_the_time_is_over(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let app = caching(&app).await;
    let name = async |operation: &str| {
        let query = format!("query {operation} {{ mandates(first: 1) {{ nodes {{ organization {{ name }} }} }} }}");
        app.anonymous().query(&query).await["mandates"]["nodes"][0]["organization"]["name"].take()
    };
    let (before, began) = (name("First").await, Instant::now());
    let by_hand = "UPDATE organization SET name = (SELECT name FROM organization WHERE acronym = 'ISRS')";
    app.app.databases.write.execute_unprepared(by_hand).await.unwrap();
    let written = Instant::now();
    // Another question, whose answer has what the first one has read.
    tokio::time::sleep_until((began + Duration::from_millis(800)).into()).await;
    name("Second").await;
    tokio::time::sleep_until((written + Duration::from_millis(1010)).into()).await;
    assert_ne!(name("Second").await, before);
}

async fn who_is_refused_or_answered_again_finds_what_another_process_has_written(app: TestApp) {
    counted(&app).await;
    // It hears of nothing by itself.
    let deaf = keeping(&app).await;
    let client = deaf.secretariat();
    let theme = client.query(THEME).await["theme"].take();
    rename(&app.secretariat(), 1).await;
    assert_eq!(number(&client).await, 0, "it has not heard of it");
    let stale = client.refusals("updateTheme", at_with(&theme, json!({ "name": text("2") }))).await;
    assert_eq!(stale, ["CONFLICT expectedVersion"]);
    assert_eq!(number(&client).await, 1);
    let by_code = |code: &str| format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}");
    for (code, key) in [("REFUSED", None), ("AGAIN", Some("again"))] {
        let input = json!({ "code": code, "name": text("One"), "kind": "SUBJECT" });
        let keyed = |client: Client| key.map_or_else(|| client.clone(), |key| client.keyed(key));
        assert_eq!(client.query(&by_code(code)).await["theme"], Value::Null);
        keyed(app.secretariat()).payload("createTheme", input.clone(), "id").await;
        assert_eq!(client.query(&by_code(code)).await["theme"], Value::Null, "it has not heard of it");
        keyed(client.clone()).payload("createTheme", input, "id").await;
        assert_eq!(client.query(&by_code(code)).await["theme"]["code"], code);
    }
}

async fn no_answer_is_older_than_promised_under_writes_of_two_processes(app: TestApp) {
    counted(&app).await;
    let processes = [caching(&app).await, caching(&app).await];
    for process in &processes {
        process.serve().await;
    }
    let keep = Duration::from_secs(processes[0].app.config.keep_seconds);
    let (mut chance, mut written) = (Chance::of(14), Vec::new());
    let began = Instant::now();
    for last in 1_u32.. {
        let writer = chance.below(2);
        rename(&processes[writer].secretariat(), last).await;
        written.push((Instant::now(), last));
        for _ in 0..chance.below(6) {
            let (reader, asked) = (chance.below(2), Instant::now());
            let read = number(&processes[reader].anonymous()).await;
            let by_now = if reader == writer {
                Some(last)
            } else {
                written.iter().rev().find(|(at, _)| *at + keep < asked).map(|(_, number)| *number)
            };
            assert!(Some(read) >= by_now, "{read} of {last}, at least {by_now:?}");
        }
        if began.elapsed() > 3 * keep {
            break;
        }
    }
    assert!(written.len() > 20, "{} writes", written.len());
}

async fn requests_at_once_are_executed_once(app: TestApp) {
    counted(&app).await;
    let app = keeping(&app).await;
    let of_one = statements(&app, &app.reader(), TEXTS).await;
    let before = app.app.databases.statements();
    let all = (0..16).map(|_| {
        let client = app.secretariat();
        async move { client.send(TEXTS, json!({})).await.text }
    });
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|one| *one == all[0]));
    // On a busy machine some may have waited too long, and have executed it themselves.
    let of_all = app.app.databases.statements() - before;
    assert!(of_all < 8 * of_one, "{of_all} statements, {of_one} of one");
}

async fn a_request_that_is_cut_off_leaves_the_others_their_answer(app: TestApp) {
    app.draft("WG-A").await;
    let app = keeping(&app).await;
    let (mut waited, mut at_once) = (0, Vec::new());
    for round in 0..20 {
        let query = format!("query Round{round} {TEXTS}");
        let clients = [app.secretariat(), app.secretariat()];
        let [mut first, mut second] = clients.each_ref().map(|client| Box::pin(client.send(&query, json!({}))));
        // Seldom the database answers at once.
        if let Poll::Ready(answer) = poll!(&mut first) {
            at_once.push(answer.text);
            continue;
        }
        if let Poll::Ready(answer) = poll!(&mut second) {
            at_once.push(answer.text);
            continue;
        }
        waited += 1;
        drop(first);
        let answer = second.await;
        assert!(answer.body["data"]["recommendations"].is_object(), "{}", answer.text);
    }
    assert!(waited > 0, "none has waited for another one: {at_once:?}");
}
