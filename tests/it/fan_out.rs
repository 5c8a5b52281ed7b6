//! Followers that are to receive the same share an execution: it is made once, shows nobody what it may not see, and is paid for by each.

use rec_api::auth::Role;
use rec_api::service::background::poll;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text};
use rec_tests::socket::Socket;
use rec_tests::wait::until;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use crate::changes::head;

const RECORD: &str = "node { id ... on Recommendation { label title text status body { name } draftedBy { name } } \
                      ... on Meeting { title sensitivity } ... on Theme { name } }";

fn follow(what: &str) -> String {
    format!("subscription($after: String) {{ changes(after: $after) {{ recordId kind {what} }} }}")
}

/// A follower on a socket, and the client that it is.
struct Follower {
    socket: Socket,
    client: Client,
    name: String,
}

impl Follower {
    async fn of(port: u16, client: Client, token: Option<&str>, language: &str, after: &Value) -> Self {
        let mut headers = vec![("accept-language", language.to_owned())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        let mut socket = Socket::open_with(port, "graphql-transport-ws", &headers).await.unwrap();
        socket.say(&json!({ "type": "connection_init" })).await;
        assert_eq!(socket.message().await["type"], "connection_ack");
        let payload = json!({ "query": follow(RECORD), "variables": { "after": after } });
        socket.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
        let name = format!("{:?} in {language:?}", token.map(|token| &token[token.len() - 6..]));
        Self { socket, client: client.reading(language), name }
    }

    /// What it is told up to the change of a record.
    async fn told_until(&mut self, id: &str) -> Vec<Value> {
        let mut told = Vec::new();
        loop {
            let mut message = self.socket.message().await;
            let change = message["payload"]["data"]["changes"].take();
            assert!(message["payload"]["errors"].is_null(), "{}: {message}", self.name);
            let is_last = change["recordId"] == id;
            told.push(change);
            if is_last {
                return told;
            }
        }
    }
}

/// How many results were executed for their follower, and how many for another one.
async fn counted(app: &TestApp) -> [u64; 2] {
    let metrics = app.metrics().await;
    ["executed", "shared"].map(|outcome| {
        let line = format!("rec_subscription_results_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|one| one.strip_prefix(&line)).map_or(0, |count| count.parse().unwrap())
    })
}

on_both_databases! {
    a_change_is_executed_once_for_all_who_are_to_receive_the_same,
    those_who_come_back_together_share_what_they_have_missed,
    no_result_crosses_viewers_or_languages,
    a_shared_result_is_paid_for_by_each_follower,
    what_depends_on_who_asks_is_not_shared,
    a_document_is_validated_once_whether_or_not_it_has_results,
    many_large_results_come_in_order,
}

async fn a_change_is_executed_once_for_all_who_are_to_receive_the_same(app: TestApp) {
    let port = app.serve_requests().await;
    let starts = [head(&app.anonymous()).await, {
        app.theme("ONE").await;
        head(&app.anonymous()).await
    }];
    let mut followers = Vec::new();
    for number in 0..20 {
        followers.push(Follower::of(port, app.anonymous(), None, "", &starts[number % 2]).await);
    }
    // From now on all of them are at the head.
    let two = app.theme("TWO").await;
    for follower in &mut followers {
        follower.told_until(&two).await;
    }
    let before = counted(&app).await;
    for number in 0..5 {
        let theme = app.theme(&format!("T{number}")).await;
        for follower in &mut followers {
            assert_eq!(follower.told_until(&theme).await.len(), 1);
        }
    }
    let [executed, shared] = counted(&app).await;
    let (executed, shared) = (executed - before[0], shared - before[1]);
    assert_eq!(executed + shared, 5 * 20, "each result is counted");
    // Five, unless whoever executed was so slow that another one did so too.
    assert!(executed < 20, "{executed} executed, {shared} shared");
}

async fn those_who_come_back_together_share_what_they_have_missed(app: TestApp) {
    let port = app.serve_requests().await;
    let start = head(&app.anonymous()).await;
    let mut last = String::new();
    for number in 0..10 {
        last = app.theme(&format!("T{number}")).await;
    }
    // The first ones have the document validated.
    for _ in 0..3 {
        Follower::of(port, app.anonymous(), None, "", &start).await.told_until(&last).await;
    }
    let before = counted(&app).await;
    let mut followers = Vec::new();
    for _ in 0..20 {
        followers.push(Follower::of(port, app.anonymous(), None, "", &start).await);
    }
    for follower in &mut followers {
        assert_eq!(follower.told_until(&last).await.len(), 10);
    }
    let [executed, shared] = counted(&app).await;
    let (executed, shared) = (executed - before[0], shared - before[1]);
    assert_eq!(executed + shared, 20 * 10);
    assert!(executed < 20 * 10 / 2, "{executed} executed, {shared} shared");
}

async fn no_result_crosses_viewers_or_languages(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let port = app.serve_requests().await;
    let start = head(&app.anonymous()).await;
    let tokens = [
        (app.anonymous(), None),
        (app.reader(), Some(app.token(Role::Reader, None))),
        (app.partner("OSCE"), Some(app.token(Role::Partner, Some("OSCE")))),
        (app.partner("UNOCT"), Some(app.token(Role::Partner, Some("UNOCT")))),
        (app.secretariat(), Some(app.token(Role::Secretariat, None))),
    ];
    let mut followers = Vec::new();
    for (client, token) in &tokens {
        for language in ["", "ru", "", "ru"] {
            followers.push(Follower::of(port, client.clone(), token.as_deref(), language, &start).await);
        }
    }
    let input =
        json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R") });
    let draft = app.partner("OSCE").mutate("draftRecommendation", input, "id version").await;
    let mut seen = Vec::new();
    for act in 0..5 {
        match act {
            0 => {}
            1 => drop(app.partner("OSCE").mutate("openDiscussion", at(&draft), "id").await),
            2 => drop(app.adopted("WG-B").await),
            3 => {
                let meeting = app.planned_meeting(json!({})).await;
                let hidden = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
                app.secretariat().mutate("updateMeeting", hidden, "id").await;
            }
            _ => drop(
                app.secretariat()
                    .mutate("withdrawRecommendation", json!({ "id": draft["id"], "expectedVersion": 2 }), "id")
                    .await,
            ),
        }
        let last = app.theme(&format!("ACT-{act}")).await;
        for follower in &mut followers {
            let told = follower.told_until(&last).await;
            for (number, change) in told.iter().enumerate() {
                if told[number + 1..].iter().any(|later| later["recordId"] == change["recordId"]) {
                    continue;
                }
                let query = format!("query($id: ID!) {{ {} }}", RECORD.replacen("node", "node(id: $id)", 1));
                let now = follower.client.query_with(&query, json!({ "id": change["recordId"] })).await["node"].take();
                let is_gone = change["kind"] == "REMOVED" || change["kind"] == "ACCESS_LOST";
                assert_eq!(change["node"], if is_gone { Value::Null } else { now }, "{}: {change}", follower.name);
            }
            seen.push(json!(told));
        }
    }
    seen.sort_by_key(Value::to_string);
    seen.dedup();
    assert!(seen.len() > 20, "{} different ones", seen.len());
    let [_, shared] = counted(&app).await;
    assert!(shared > 20, "{shared}");
}

async fn a_shared_result_is_paid_for_by_each_follower(app: TestApp) {
    let limited = app.second_with(|config| config.limits.rate_points = 100).await;
    let port = limited.serve_requests().await;
    let context = std::sync::Arc::clone(&limited.app);
    tokio::spawn(async move { poll(&context).await });
    let start = head(&app.anonymous()).await;
    let mut followers = Vec::new();
    for purpose in ["one", "two"] {
        let register = json!({ "purpose": purpose, "role": "READER", "scopes": ["READ", "SYNC"] });
        let client = limited.admin().mutate("registerClient", register, "id").await;
        let issue = "mutation($input: IssueTokenInput!) { issueToken(input: $input) { bearer } }";
        let input = json!({ "input": { "clientId": client["id"], "days": 1 } });
        let bearer = limited.admin().query_with(issue, input).await["issueToken"]["bearer"].take();
        followers.push(Follower::of(port, app.anonymous(), bearer.as_str(), "", &start).await);
    }
    for number in 0..60 {
        app.theme(&format!("T{number}")).await;
    }
    for Follower { socket, name, .. } in &mut followers {
        let mut told = 0;
        let refused = loop {
            let message = socket.message().await;
            match message["payload"][0]["extensions"]["code"].as_str() {
                None => told += 1,
                Some(code) => break code.to_owned(),
            }
        };
        assert_eq!(refused, "RATE_LIMITED", "{name}");
        assert!((3..40).contains(&told), "{name}: {told}");
    }
    assert!(counted(&limited).await[1] > 0, "some are shared");
}

async fn a_document_is_validated_once_whether_or_not_it_has_results(app: TestApp) {
    let port = app.serve_requests().await;
    let query = "subscription { changes(types: [INSTRUMENT]) { recordId } }";
    let mut sockets = Vec::new();
    for known in ["new", "fits", "kept"] {
        let mut socket = Socket::begin(port, None).await;
        socket.subscribe("1", query).await;
        let line = format!("rec_documents_total{{outcome=\"{known}\"}} 1\n");
        until(known, async || app.metrics().await.contains(&line)).await;
        // It is executed once before it waits.
        until("it waits", async || {
            app.metrics().await.contains(&format!("method=\"SOCKET\",status=\"200\"}} {}\n", sockets.len() + 1))
        })
        .await;
        sockets.push(socket);
    }
}

async fn many_large_results_come_in_order(app: TestApp) {
    let port = app.serve_requests().await;
    let start = head(&app.anonymous()).await;
    let (mut written, body) = (Vec::new(), app.body("WG-A").await);
    for number in 0..30 {
        let long = text(&format!("{number} {}", "long ".repeat(3500)));
        let draft = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("R"), "text": long });
        written.push(app.secretariat().mutate("draftRecommendation", draft, "id").await["id"].take());
    }
    let mut socket = Socket::begin(port, Some(&app.token(Role::Secretariat, None))).await;
    let what = "node { ... on Recommendation { text } }";
    let payload = json!({ "query": follow(what), "variables": { "after": start } });
    socket.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
    for (number, id) in written.iter().enumerate() {
        let change = socket.message().await["payload"]["data"]["changes"].take();
        assert_eq!(change["recordId"], *id);
        assert!(change["node"]["text"].as_str().unwrap().starts_with(&format!("{number} long")));
    }
}

async fn what_depends_on_who_asks_is_not_shared(app: TestApp) {
    let port = app.serve_requests().await;
    let start = head(&app.anonymous()).await;
    let what = "node { ... on Theme { externalIds { value } } }";
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let mut socket = Socket::begin(port, Some(&app.token(Role::Secretariat, None))).await;
        let payload = json!({ "query": follow(what), "variables": { "after": start } });
        socket.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await;
        sockets.push(socket);
    }
    for code in ["ONE", "TWO"] {
        app.theme(code).await;
        for socket in &mut sockets {
            assert_eq!(socket.message().await["payload"]["data"]["changes"]["node"], json!({ "externalIds": [] }));
        }
    }
    assert_eq!(counted(&app).await, [6, 0]);
}
