//! What sync jobs must survive: writers that roll back, a kill in the middle of bulk writes and deliveries, a database that goes away,
//! subscribers that do not read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rec_api::auth::Viewer;
use rec_api::mirror::PROOF_PAUSE;
use rec_api::service::background;
use rec_api::service::theme::{self, CreateThemeInput};
use rec_tests::client::Client;
use rec_tests::given::text;
use rec_tests::postgres::Cluster;
use rec_tests::program::{Serving, ask, command, run};
use rec_tests::socket::{Heard, Socket};
use rec_tests::wait::{PATIENCE, until};
use rec_tests::{TestApp, on_both_databases, on_postgres};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::changes::head;
use crate::mirror::{Copy, Said};
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{header, open, register};

const CHANGES: &str = "query($after: String) { changes(after: $after, first: 7, types: [THEME]) {
    edges { cursor kind recordId version } endCursor upToDate } }";

/// Reads the feed from a cursor, again after each step of the writers, until they are done and everything is read. Returns the ids in
/// order.
async fn read(client: &Client, mut after: Value, mut are_done: watch::Receiver<bool>) -> Vec<String> {
    let mut read = Vec::new();
    loop {
        let over = *are_done.borrow_and_update();
        let page = client.query_with(CHANGES, json!({ "after": after })).await["changes"].take();
        for edge in page["edges"].as_array().unwrap() {
            assert_eq!((&edge["kind"], &edge["version"]), (&json!("CREATED"), &json!(1)));
            read.push(edge["recordId"].as_str().unwrap().to_owned());
        }
        after = page["endCursor"].clone();
        match (page["upToDate"] == true, over) {
            (true, true) => return read,
            (true, false) => are_done.changed().await.expect("the writers' next step"),
            (false, _) => {}
        }
    }
}

/// Creates themes; rolls every third one back after its change has got a number, and notifies of all of them. Returns the ids of the
/// committed ones in order.
async fn write(app: &TestApp, writer: u64, step: impl Fn()) -> Vec<String> {
    let mut committed = Vec::new();
    for number in 0..45_u64 {
        let code = format!("W{writer}-{number}");
        tokio::time::sleep(Duration::from_millis((writer * 7 + number * 13) % 17)).await;
        if number % 3 == 2 {
            let txn = Arc::new(app.app.databases.begin().await.unwrap());
            let within = app.app.within(&txn);
            let name = serde_json::from_value(json!([{ "locale": "EN", "text": code }])).unwrap();
            let input = async_graphql::InputType::parse(Some(async_graphql::value!({
                "code": code, "name": async_graphql::Value::from_json(name).unwrap(), "kind": "SUBJECT",
            })));
            let input: CreateThemeInput = input.unwrap_or_else(|_| panic!("an input"));
            theme::create(&within, &Viewer::system("test"), input).await.unwrap();
            drop(within);
            step();
            tokio::time::sleep(Duration::from_millis(number % 5)).await;
            Arc::into_inner(txn).unwrap().rollback().await.unwrap();
        } else {
            let input = json!({ "code": code, "name": text(&code), "kind": "SUBJECT" });
            let theme = app.secretariat().mutate("createTheme", input, "id").await;
            committed.push(theme["id"].as_str().unwrap().to_owned());
            step();
        }
    }
    committed
}

const UPSERT: &str = "mutation($rows: [UpsertOrganizationRowInput!]!) {
    upsertOrganizations(input: { rows: $rows, matchBy: EXTERNAL_ID }) { rows { outcome } change { cursor } } }";

fn rows(writer: u64, number: u64) -> Vec<Value> {
    let row = |row: u64| {
        let code = format!("K{writer}-{number}-{row}");
        json!({ "externalId": { "sourceSystem": "crm", "value": code }, "acronym": code, "name": text(&code), "kind": "OTHER" })
    };
    (0..20).map(row).collect()
}

on_both_databases! {
    no_change_is_lost_and_none_told_twice_among_writers_that_take_back,
    a_kill_during_bulk_writes_and_deliveries_loses_nothing_that_was_acknowledged,
}

async fn no_change_is_lost_and_none_told_twice_among_writers_that_take_back(app: TestApp) {
    let start = app.anonymous().query("{ feedHead }").await["feedHead"].take();
    let (are_done, _) = watch::channel(false);
    let writing = async {
        let step = || are_done.send_modify(|_| {});
        let committed = join_all((0..8).map(|writer| write(&app, writer, step))).await;
        are_done.send_replace(true);
        committed
    };
    let readers = [app.anonymous(), app.anonymous(), app.secretariat()];
    let reading = join_all(readers.iter().map(|client| read(client, start.clone(), are_done.subscribe())));
    let (committed, read) = tokio::join!(writing, reading);
    let all: BTreeSet<&String> = committed.iter().flatten().collect();
    assert_eq!(all.len(), 8 * 30);
    for read in &read {
        assert_eq!((read.len(), read.iter().collect::<BTreeSet<_>>()), (all.len(), all.clone()));
        for writer in &committed {
            let told: Vec<&String> = read.iter().filter(|id| writer.contains(id)).collect();
            assert_eq!(told, writer.iter().collect::<Vec<_>>(), "in the order of the commits");
        }
    }
    assert!(read.windows(2).all(|two| two[0] == two[1]), "the same order for everyone");
}

async fn a_kill_during_bulk_writes_and_deliveries_loses_nothing_that_was_acknowledged(app: TestApp) {
    let trusted = open(&app).await;
    let receiver = Receiver::default();
    register(&trusted, json!({ "url": receiver.listen().await, "types": ["ORGANIZATION"] })).await;
    // The program uses the real time.
    let token = run(command(&app.app.config.data_dir).args(["token", "--role", "secretariat"]));
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let serve = || {
        let mut program = command(&app.app.config.data_dir);
        program.env("REC_DATABASE_URL", &app.url).env("REC_WEBHOOK_PRIVATE", "on").env("REC_RATE_POINTS", "0");
        Serving::start(&mut program)
    };
    let (mut acknowledged, count) = (Vec::new(), Arc::new(AtomicU64::new(0)));
    let mut serving = serve();
    let mut copy = Copy::at(serving.port);
    let file = copy.token(&token);
    copy.once(Some(&file)).await;
    for round in 0..3 {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (port, token, count) = (serving.port, token.clone(), Arc::clone(&count));
                tokio::task::spawn_blocking(move || {
                    let mut acknowledged = Vec::new();
                    for number in 0.. {
                        let rows = rows(round * 10 + writer, number);
                        let Some(answer) = ask(port, Some(&token), UPSERT, &json!({ "rows": rows })) else { break };
                        let done = answer["data"]["upsertOrganizations"]["rows"]
                            .as_array()
                            .unwrap_or_else(|| panic!("{answer}"));
                        assert!(done.iter().all(|row| row["outcome"] == "CREATED"));
                        acknowledged
                            .extend(rows.iter().map(|row| row["externalId"]["value"].as_str().unwrap().to_owned()));
                        count.fetch_add(20, Ordering::SeqCst);
                    }
                    acknowledged
                })
            })
            .collect();
        let (enough, said) = (count.load(Ordering::SeqCst) + 160 + 80 * round, Said::default());
        // A mirror follows, and is cut off together with all others.
        let follows = async {
            let _ = copy.keep(Some(&file), Some(PROOF_PAUSE), &said).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = follows => {}
            () = until("they write", async || count.load(Ordering::SeqCst) >= enough) => {}
        }
        serving.kill();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        serving = serve();
        copy.goes_to(serving.port);
    }
    let said = copy.once(Some(&file)).await;
    assert!(said.iter().all(|line| !line.contains("differs")), "{said:?}");
    assert!(said.last().unwrap().starts_with("Equal: "), "{said:?}");
    let lines = app.secretariat().export("?types=ORGANIZATION").await;
    let kept: BTreeMap<&str, &str> = lines
        .iter()
        .filter_map(|line| Some((line["acronym"].as_str().filter(|name| name.starts_with('K'))?, line["id"].as_str()?)))
        .collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|acronym| !kept.contains_key(acronym.as_str())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(kept.len().is_multiple_of(20), "bulk writes are whole: {}", kept.len());
    let wanted: BTreeSet<String> = kept.values().map(|id| (*id).to_owned()).collect();
    let (mut told, mut messages) = (BTreeMap::new(), BTreeSet::new());
    // The killed process still has the lease to deliver for half a minute.
    let mut heard = Instant::now();
    while told.len() < wanted.len() && heard.elapsed() < 2 * PATIENCE {
        for (headers, body) in receiver.take() {
            heard = Instant::now();
            messages.insert(header(&headers, "webhook-id"));
            told.insert(body["data"]["id"].as_str().unwrap().to_owned(), body["data"]["version"].clone());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), wanted, "the receiver converges");
    assert_eq!(messages.len(), wanted.len(), "what comes again has the same id");
    serving.kill();
}

/// Creates themes until it is told to stop. Returns the ids of the created ones, and the error codes of the others.
async fn create_themes(app: &TestApp, writer: u64, stop: &AtomicBool) -> (Vec<String>, Vec<String>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let input = json!({ "code": format!("W{writer}-{number}"), "name": text("A theme"), "kind": "SUBJECT" });
        let query = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { theme { id } } }";
        let answer = app.secretariat().send(query, json!({ "input": input })).await;
        match answer.body["errors"][0]["extensions"]["code"].as_str() {
            None => done.push(answer.body["data"]["createTheme"]["theme"]["id"].as_str().unwrap().to_owned()),
            Some(code) => {
                failed.push(code.to_owned());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    (done, failed)
}

/// Returns when so many more changes are committed.
async fn written_more(app: &TestApp, changes: i64) {
    let enough = app.app.feed.head().seq + changes;
    until("they write", async || app.app.feed.head().seq >= enough).await;
}

on_postgres! {
    a_server_that_restarts_under_load_comes_back,
}

async fn a_server_that_restarts_under_load_comes_back(shared: TestApp) {
    drop(shared);
    let mut server = Cluster::start().expect("PostgreSQL's programs, for a server that may be stopped");
    let app = TestApp::on(&server).await;
    tokio::spawn(background::run(Arc::clone(&app.app)));
    let port = app.serve().await;
    let mut follower = Socket::begin(port, None).await;
    let start = head(&app.anonymous()).await;
    follower
        .subscribe("1", &format!("subscription {{ changes(after: {start}, types: [THEME]) {{ recordId }} }}"))
        .await;
    let stop = AtomicBool::new(false);
    let load = join_all((0..8).map(|writer| create_themes(&app, writer, &stop)));
    let interruption = async {
        written_more(&app, 20).await;
        server.restart().await;
        // The writers succeed again.
        written_more(&app, 20).await;
        stop.store(true, Ordering::SeqCst);
    };
    let (written, ()) = tokio::join!(load, interruption);
    let (done, failed): (Vec<_>, Vec<_>) = written.into_iter().unzip();
    let failed: BTreeSet<String> = failed.into_iter().flatten().collect();
    // A write that had only begun is retried, so its author does not notice that the database was away.
    assert!(failed.iter().all(|code| code == "UNAVAILABLE"), "{failed:?}");
    let last = app.theme("LAST").await;
    let mut told = BTreeSet::new();
    while !told.contains(&last) {
        match follower.next().await {
            Heard::Message(message) if message["type"] == "next" => {
                let id = message["payload"]["data"]["changes"]["recordId"].as_str();
                told.insert(id.unwrap_or_else(|| panic!("{message}")).to_owned());
            }
            Heard::Message(message) => assert!(message["type"] == "ping", "the subscription goes on: {message}"),
            Heard::Closed(code) => panic!("closed with {code:?}"),
        }
    }
    assert!(done.iter().flatten().all(|id| told.contains(id)), "what was done is told");
}

on_both_databases! {
    subscribers_that_do_not_read_cost_others_nothing_and_no_memory_without_end,
}

async fn subscribers_that_do_not_read_cost_others_nothing_and_no_memory_without_end(app: TestApp) {
    let mut program = command(&app.app.config.data_dir);
    let serving = Serving::start(program.env("REC_DATABASE_URL", &app.url).env("REC_RATE_POINTS", "0"));
    let (port, token) = (serving.port, run(command(&app.app.config.data_dir).args(["token", "--role", "secretariat"])));
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let follow = async || {
        let start = head(&app.anonymous()).await;
        let what = "recordId node { ... on Recommendation { text } }";
        format!("subscription {{ changes(after: {start}, types: [RECOMMENDATION]) {{ {what} }} }}")
    };
    let mut alive = Socket::begin(port, Some(&token)).await;
    alive.subscribe("1", &follow().await).await;
    let usual = hears(&mut alive, port, &token, 20).await;
    let (mut sockets, mut streams, follow) = (Vec::new(), Vec::new(), follow().await);
    for _ in 0..20 {
        let mut socket = Socket::begin(port, Some(&token)).await;
        socket.subscribe("1", &follow).await;
        sockets.push(socket);
        streams.push(events(port, &token, &follow));
    }
    let base = serving.resident();
    let late = hears(&mut alive, port, &token, 500).await;
    assert!(
        late < Duration::from_secs(2) + 10 * usual,
        "who reads hears of the last one at once: {late:?}, alone {usual:?}"
    );
    // Keeping what they have not read would take 400 MB.
    let above = serving.resident() - base;
    assert!(above < 100.0, "{above:.0} MB above the base");
    drop((sockets, streams));
    serving.kill();
}

/// Has long texts drafted, and receives each of them. Returns how long after the last one was written the last one was received.
async fn hears(alive: &mut Socket, port: u16, token: &str, count: usize) -> Duration {
    let token = token.to_owned();
    let writing = tokio::task::spawn_blocking(move || write_long_texts(port, &token, count));
    let mut told = 0;
    while told < count {
        match alive.next().await {
            Heard::Message(message) if message["type"] == "next" => told += 1,
            Heard::Message(_) => {}
            Heard::Closed(code) => panic!("closed with {code:?}"),
        }
    }
    writing.await.unwrap().elapsed()
}

/// A stream of events that nobody reads.
fn events(port: u16, token: &str, query: &str) -> TcpStream {
    let body = json!({ "query": query }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

/// Drafts long texts. Returns when the last one was done.
fn write_long_texts(port: u16, token: &str, count: usize) -> Instant {
    let body = ask(port, None, "{ body(by: { code: \"WG-A\" }) { id } }", &json!({})).unwrap();
    let (body, long) = (&body["data"]["body"]["id"], "x".repeat(19_000));
    let draft =
        "mutation($input: DraftRecommendationInput!) { draftRecommendation(input: $input) { recommendation { id } } }";
    for _ in 0..count {
        let long = json!([{ "locale": "EN", "text": long }]);
        let input = json!({ "bodyId": body, "kind": "RECOMMENDATION", "title": text("Long"), "text": long });
        let answer = ask(port, Some(token), draft, &json!({ "input": input })).unwrap();
        assert!(answer["data"]["draftRecommendation"]["recommendation"]["id"].is_string(), "{answer}");
    }
    Instant::now()
}
