//! The feed as it is followed: over a socket, from one process to another, and despite interruptions.

use std::time::Duration;

use rec_api::auth::Role;
use rec_api::service::background::{listen, poll};
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text, with};
use rec_tests::socket::Socket;
use rec_tests::wait::{PATIENCE, in_time};
use rec_tests::{TestApp, on_both_databases, on_postgres, postgres};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::changes::{Mirror, apply, follow, head, is_equal, keep_writing, random};

/// A client, its mirror of the register, and the socket where it receives changes.
type Follower = (Client, Mirror, Socket);

/// All of them receive changes until they are told of a record.
async fn hear_of(followers: &mut [Follower], id: &Value) {
    for (_, mirror, socket) in followers {
        loop {
            let edge = socket.message().await["payload"]["data"]["changes"].take();
            apply(mirror, &edge);
            if edge["recordId"] == *id {
                break;
            }
        }
    }
}

on_both_databases! {
    whoever_follows_is_told_what_it_may_see_and_the_database_is_asked_once,
    whoever_acts_for_nobody_any_more_is_told_nothing_more,
    a_subscriber_has_what_it_missed_and_then_what_comes,
    a_subscriber_that_is_cut_off_again_and_again_misses_nothing,
    the_records_of_what_was_missed_are_read_together,
    a_subscriber_hears_what_another_process_commits,
    the_head_is_read_again_and_again,
}

async fn whoever_follows_is_told_what_it_may_see_and_the_database_is_asked_once(app: TestApp) {
    let port = app.serve_requests().await;
    app.mandate("OSCE", "WG-A", "CHAIR").await;
    let osce = app.token(Role::Partner, Some("OSCE"));
    let secretariat = app.token(Role::Secretariat, None);
    let viewers =
        [(app.anonymous(), None), (app.partner("OSCE"), Some(&osce)), (app.secretariat(), Some(&secretariat))];
    let mut followers: Vec<Follower> = Vec::new();
    for (client, token) in viewers {
        for _ in 0..7 {
            let mut mirror = Mirror::new();
            let after = follow(&client, &mut mirror, Value::Null, 500).await;
            let mut socket = Socket::begin(port, token.map(String::as_str)).await;
            let query = format!("subscription {{ changes(after: {after}) {{ cursor kind type recordId version }} }}");
            socket.subscribe("1", &query).await;
            followers.push((client.clone(), mirror, socket));
        }
    }
    let input =
        json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R") });
    let draft = app.partner("OSCE").mutate("draftRecommendation", input, "id version").await;
    let discussed = app.partner("OSCE").mutate("openDiscussion", at(&draft), "id version").await;
    app.partner("OSCE").mutate("withdrawRecommendation", at(&discussed), "id").await;
    let meeting = app.planned_meeting(json!({})).await;
    let hidden = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    app.secretariat().mutate("updateMeeting", hidden, "id").await;
    hear_of(&mut followers, &create_theme(&app, "LAST").await).await;
    let before = app.app.databases.statements();
    hear_of(&mut followers, &create_theme(&app, "ONE").await).await;
    let statements = app.app.databases.statements() - before;
    assert!(statements < 21, "fewer than there are followers, those of the write among them: {statements}");
    for (client, mirror, _) in followers {
        is_equal(&client, &mirror, "one of the followers").await;
    }
}

async fn whoever_acts_for_nobody_any_more_is_told_nothing_more(app: TestApp) {
    let mut socket = Socket::begin(app.serve().await, Some(&app.token(Role::Partner, Some("UNOCT")))).await;
    let start = head(&app.anonymous()).await;
    socket.subscribe("1", &format!("subscription {{ changes(after: {start}) {{ type }} }}")).await;
    app.theme("ONE").await;
    assert_eq!(socket.message().await["payload"]["data"]["changes"]["type"], "THEME");
    let found = app.anonymous().query(r#"{ organization(by: { acronym: "UNOCT" }) { id version } }"#).await;
    app.secretariat().mutate("deactivateOrganization", at(&found["organization"]), "id").await;
    let refused = socket.message().await;
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(socket.message().await["type"], "complete");
}

async fn a_subscriber_has_what_it_missed_and_then_what_comes(app: TestApp) {
    let follow = |after: Option<&str>| {
        let after = after.map(|after| format!("after: \"{after}\",")).unwrap_or_default();
        format!(
            "subscription {{ changes({after} types: [THEME]) {{ cursor kind type recordId version node {{ id }} }} }}"
        )
    };
    let write = async |code: &str| {
        let theme = json!({ "code": code, "kind": "SUBJECT", "name": text(code) });
        app.secretariat().mutate("createTheme", theme, "id").await["id"].take()
    };
    let port = app.serve().await;
    let start = head(&app.anonymous()).await.as_str().unwrap().to_owned();
    let one = write("ONE").await;
    let mut socket = Socket::begin(port, None).await;
    socket.subscribe("missed", &follow(Some(&start))).await;
    let heard = socket.message().await["payload"]["data"]["changes"].take();
    let expected = json!({ "kind": "CREATED", "type": "THEME", "recordId": one, "version": 1, "node": { "id": one } });
    assert_eq!(with(expected, json!({ "cursor": heard["cursor"] })), heard);
    let two = write("TWO").await;
    let heard = socket.message().await["payload"]["data"]["changes"].take();
    assert_eq!((&heard["recordId"], &heard["node"]["id"]), (&two, &two));
    // Without a cursor it begins now; with a cursor it continues there.
    let mut other = Socket::begin(port, Some(&app.token(Role::Reader, None))).await;
    other.subscribe("now", &follow(None)).await;
    // Nothing says when it has begun: it receives the first theme that is written after that, and all that follow.
    let mut written = Vec::new();
    let mut heard = loop {
        written.push(write(&format!("NOW-{}", written.len())).await);
        if let Ok(mut message) = tokio::time::timeout(Duration::from_millis(300), other.message()).await {
            break message["payload"]["data"]["changes"].take();
        }
    };
    let begun = written.iter().position(|id| *id == heard["recordId"]).expect("a theme of now, and none of before");
    for id in &written[begun + 1..] {
        heard = other.message().await["payload"]["data"]["changes"].take();
        assert_eq!(heard["recordId"], *id);
    }
    for id in &written {
        assert_eq!(socket.message().await["payload"]["data"]["changes"]["recordId"], *id);
    }
    let three = write("THREE").await;
    for socket in [&mut socket, &mut other] {
        assert_eq!(socket.message().await["payload"]["data"]["changes"]["recordId"], three);
    }
    other.subscribe("resumed", &follow(heard["cursor"].as_str())).await;
    assert_eq!(other.message().await["payload"]["data"]["changes"]["recordId"], three);
    for (after, code) in [("x", "INVALID_CURSOR"), ("MTIzNDU2Nzg5MDEyMzQ1Ng", "CURSOR_EXPIRED")] {
        other.subscribe(code, &follow(Some(after))).await;
        let refused = other.message().await;
        assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], code);
        assert_eq!(other.message().await, json!({ "type": "complete", "id": code }));
    }
}

async fn a_subscriber_that_is_cut_off_again_and_again_misses_nothing(app: TestApp) {
    let client = app.anonymous();
    let mut mirror = Mirror::new();
    let mut cursor = follow(&client, &mut mirror, Value::Null, 500).await;
    let port = app.serve().await;
    let writer = tokio::spawn({
        let secretariat = app.secretariat();
        async move { keep_writing(&secretariat, 0, 80).await }
    });
    let (mut random, mut heard) = (random(7), 0);
    let is_behind = |cursor: &Value| *cursor != app.app.feed.head().cursor().to_string();
    while !writer.is_finished() || is_behind(&cursor) {
        let mut socket = Socket::begin(port, None).await;
        let after = cursor.as_str().unwrap();
        let query = format!("subscription {{ changes(after: \"{after}\") {{ cursor kind type recordId version }} }}");
        socket.subscribe("1", &query).await;
        for _ in 0..random() % 4 {
            // What is committed must come. Whether there will be more is not known.
            let patience = if is_behind(&cursor) { PATIENCE } else { Duration::from_millis(20) };
            let Ok(message) = tokio::time::timeout(patience, socket.message()).await else { break };
            let edge = &message["payload"]["data"]["changes"];
            apply(&mut mirror, edge);
            cursor = edge["cursor"].clone();
            heard += 1;
        }
    }
    writer.await.unwrap();
    assert!(heard > 40, "{heard}");
    follow(&client, &mut mirror, cursor, 500).await;
    is_equal(&client, &mirror, "cut off").await;
}

async fn the_records_of_what_was_missed_are_read_together(app: TestApp) {
    let start = head(&app.anonymous()).await;
    for number in 0..40 {
        let theme = json!({ "code": format!("T{number}"), "kind": "SUBJECT", "name": text("T") });
        app.secretariat().mutate("createTheme", theme, "id").await;
    }
    let mut socket = Socket::begin(app.serve_requests().await, None).await;
    let before = app.app.databases.statements();
    socket
        .subscribe(
            "1",
            &format!("subscription {{ changes(after: {start}) {{ node {{ id ... on Theme {{ code }} }} }} }}"),
        )
        .await;
    for number in 0..40 {
        assert_eq!(socket.message().await["payload"]["data"]["changes"]["node"]["code"], format!("T{number}"));
    }
    // Two for what was missed, and a few to check whether there is more.
    let statements = app.app.databases.statements() - before;
    assert!(statements <= 6, "{statements}");
}

async fn a_subscriber_hears_what_another_process_commits(app: TestApp) {
    let other = app.second().await;
    let mut socket = Socket::begin(app.serve().await, None).await;
    let start = head(&app.anonymous()).await;
    socket.subscribe("1", &format!("subscription {{ changes(after: {start}) {{ recordId }} }}")).await;
    for code in ["ONE", "TWO"] {
        let theme = create_theme(&other, code).await;
        assert_eq!(socket.message().await["payload"]["data"]["changes"]["recordId"], theme);
    }
}

async fn the_head_is_read_again_and_again(app: TestApp) {
    let other = app.second().await;
    tokio::select! {
        never = poll(&app.app) => match never {},
        () = async { is_heard(&app, &other, "ONE").await; is_heard(&app, &other, "TWO").await } => {}
    }
}

/// What the other process writes is received in this one, without polling.
async fn is_heard(app: &TestApp, other: &TestApp, code: &str) {
    let mut head = app.app.feed.follow();
    create_theme(other, code).await;
    in_time("a notification", head.changed()).await.expect("a feed");
    assert_eq!(app.app.feed.head(), other.app.feed.head());
}

async fn create_theme(app: &TestApp, code: &str) -> Value {
    let theme = json!({ "code": code, "kind": "SUBJECT", "name": text(code) });
    app.secretariat().mutate("createTheme", theme, "id").await["id"].take()
}

on_postgres! {
    a_commit_is_notified_and_a_server_that_hangs_up_is_called_again,
    what_a_subscription_works_on_is_given_up_in_time,
}

async fn a_commit_is_notified_and_a_server_that_hangs_up_is_called_again(app: TestApp) {
    let listening = async {
        let session = postgres::listener(&app.url, None).await;
        let other = app.second().await;
        is_heard(&app, &other, "ONE").await;
        is_heard(&app, &other, "TWO").await;
        postgres::interrupt(&app.url, Duration::from_millis(500)).await;
        postgres::listener(&app.url, Some(session)).await;
        // The other process's connections are cut as well.
        is_heard(&app, &app.second().await, "THREE").await;
    };
    tokio::select! {
        never = listen(&app.app) => match never {},
        () = listening => {}
    }
}

// On SQLite nothing can make a reader wait.
async fn what_a_subscription_works_on_is_given_up_in_time(app: TestApp) {
    let start = head(&app.anonymous()).await;
    let theme = json!({ "code": "ONE", "kind": "SUBJECT", "name": text("One") });
    app.secretariat().mutate("createTheme", theme, "id").await;
    // It has no cached changes from before its start.
    let hasty = app.second_with(|config| config.limits.seconds = 1).await;
    let mut socket = Socket::begin(hasty.serve().await, None).await;
    // It waits for news for longer than it may work.
    socket.subscribe("waits", "subscription { changes { recordId } }").await;
    tokio::time::sleep(Duration::from_millis(1300)).await;
    let held = app.app.databases.begin().await.unwrap();
    held.execute_unprepared("LOCK TABLE change IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let query = format!("subscription {{ changes(after: {start}) {{ recordId }} }}");
    socket.subscribe("works", &query).await;
    let refused = socket.message().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("works")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "TIMEOUT");
    held.rollback().await.unwrap();
}
