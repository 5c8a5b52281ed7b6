//! Replicas: what is read from them includes all that their process has heard of, and whatever happens to them, queries are answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rec_api::service::seed;
use rec_tests::chance::Chance;
use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::postgres::{self, Cluster};
use rec_tests::wait::{in_time, until};
use rec_tests::{RESPONSE_CACHE, TestApp, on_both_databases, on_postgres};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::acknowledged::{CREATE, Outcome, outcome, theme};
use crate::changes::head;
use crate::failover::Address;

/// A record that many others name, and that a process caches.
const BODY: &str = "{ recommendations(first: 1) { nodes { body { id version name } } } }";

/// A primary with so many replicas.
struct Servers {
    primary: Cluster,
    replicas: Vec<Cluster>,
    database: String,
}

impl Servers {
    async fn start(replicas: usize) -> Self {
        let primary = Cluster::start().expect("PostgreSQL's programs, for servers with replicas");
        let database = primary.create_database().await;
        primary.commit_at_once(&database).await;
        TestApp::at_address(database.clone()).await.adopted("WG-A").await;
        let mut standbys = Vec::new();
        for _ in 0..replicas {
            standbys.push(primary.standby().await);
        }
        Self { primary, replicas: standbys, database }
    }

    fn urls(&self) -> Vec<String> {
        self.replicas.iter().map(|replica| replica.url_at(replica.port, &self.database)).collect()
    }

    /// A process that reads from the replicas, once it has reached them, with so much memory for answers.
    async fn app(&self, response_cache: u64) -> TestApp {
        let app = TestApp::at_address(self.database.clone()).await;
        let app = reading_from(&app, self.urls(), response_cache).await;
        standing(&app, "keeps_up", self.replicas.len()).await;
        app
    }
}

/// Another process, which reads from servers.
async fn reading_from(app: &TestApp, urls: Vec<String>, response_cache: u64) -> TestApp {
    let app = app.second_with(|config| {
        config.database_read_url = urls;
        config.limits.response_cache = response_cache;
    });
    let app = app.await;
    app.serve().await;
    app
}

/// Waits until so many replicas are in a state.
async fn standing(app: &TestApp, state: &str, count: usize) {
    let line_end = format!("state=\"{state}\"}} 1");
    let is_in = |line: &&str| line.starts_with("rec_replicas{") && line.ends_with(&line_end);
    until(&line_end, async || app.metrics().await.lines().filter(is_in).count() == count).await;
}

/// How many queries and exports went on with the primary because a replica had failed.
async fn fallbacks(app: &TestApp) -> u64 {
    let metrics = app.metrics().await;
    let counts = metrics.lines().filter(|line| line.starts_with("rec_replica_fallbacks_total{"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// How many queries and exports have read from a replica, or from the primary.
async fn reads(app: &TestApp, from: &str) -> u64 {
    let name = format!("rec_replica_reads_total{{outcome=\"{from}\"}} ");
    let metrics = app.metrics().await;
    metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

async fn body(client: &Client) -> Value {
    client.query(BODY).await["recommendations"]["nodes"][0]["body"].take()
}

async fn number(client: &Client) -> u32 {
    body(client).await["name"].as_str().unwrap().parse().unwrap_or_default()
}

/// Gives the body a number for a name, and returns the cursor of the change.
async fn rename(client: &Client, number: u32) -> String {
    let input = at_with(&body(client).await, json!({ "name": text(&number.to_string()) }));
    let payload = client.payload("updateBody", input, "id").await;
    payload["change"]["cursor"].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned()
}

async fn finds(client: &Client, code: &str) -> bool {
    let query = format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}");
    client.query(&query).await["theme"]["code"] == json!(code)
}

async fn create(client: &Client, code: &str) {
    assert_eq!(outcome(&client.send(CREATE, theme(code)).await.body), Outcome::Acknowledged);
}

on_postgres! {
    who_writes_reads_it_from_replicas_that_stop_and_go,
    a_replica_that_lags_is_passed_by_until_it_has_caught_up,
    a_replica_that_dies_fails_no_query_and_comes_back,
    a_replica_that_is_halted_keeps_nobody_waiting,
    a_replica_that_cuts_its_connections_fails_no_query,
    an_export_survives_its_replica,
    a_replica_that_is_always_late_is_not_waited_for,
    a_replica_that_is_promoted_is_read_from_and_one_of_before_is_not,
    a_server_that_is_no_replica_is_not_read_from,
}

on_both_databases! {
    a_client_names_what_its_answer_must_include,
}

async fn who_writes_reads_it_from_replicas_that_stop_and_go(shared: TestApp) {
    drop(shared);
    let servers = Servers::start(2).await;
    let (one, other) = (servers.app(RESPONSE_CACHE).await, servers.app(0).await);
    let mut chance = Chance::of(14);
    let mut paused = [false, false];
    for round in 1..=80 {
        let index = chance.below(2);
        if chance.one_in(6) {
            let replica = &servers.replicas[index];
            if paused[index] {
                replica.resume_replay().await;
            } else {
                replica.pause_replay().await;
            }
            paused[index] = !paused[index];
        }
        let (writer, elsewhere) = if chance.one_in(2) { (&one, &other) } else { (&other, &one) };
        // The last one may have been written by way of the other process.
        let secretariat = writer.secretariat();
        in_time("the other one's change", async { while number(&secretariat).await < round - 1 {} }).await;
        let cursor = rename(&secretariat, round).await;
        for client in [writer.secretariat(), writer.anonymous(), writer.reader()] {
            assert_eq!(number(&client).await, round, "by way of the same process");
        }
        for client in [elsewhere.reader(), elsewhere.anonymous()] {
            assert_eq!(number(&client.after(&cursor)).await, round, "by way of another process");
            assert_eq!(number(&client).await, round, "from then on");
        }
    }
    for app in [&one, &other] {
        assert!(reads(app, "replica").await > 0, "{}", app.metrics().await);
        assert!(fallbacks(app).await * 2 <= reads(app, "replica").await, "{}", app.metrics().await);
    }
}

async fn a_replica_that_lags_is_passed_by_until_it_has_caught_up(shared: TestApp) {
    drop(shared);
    let servers = Servers::start(2).await;
    let app = servers.app(0).await;
    let secretariat = app.secretariat();
    servers.replicas[0].pause_replay().await;
    create(&secretariat, "ONE").await;
    standing(&app, "lags", 1).await;
    let before = reads(&app, "replica").await;
    until("the other one is read from", async || {
        assert!(finds(&app.reader(), "ONE").await);
        reads(&app, "replica").await > before
    })
    .await;
    servers.replicas[1].pause_replay().await;
    create(&secretariat, "TWO").await;
    standing(&app, "lags", 2).await;
    let (from_replicas, from_primary) = (reads(&app, "replica").await, reads(&app, "primary").await);
    assert!(finds(&app.anonymous(), "TWO").await && finds(&app.reader(), "TWO").await);
    assert!(has_line(&app.secretariat().export("?types=THEME").await, "TWO"));
    assert_eq!(reads(&app, "replica").await, from_replicas);
    assert!(reads(&app, "primary").await >= from_primary + 3);
    for replica in &servers.replicas {
        replica.resume_replay().await;
    }
    standing(&app, "keeps_up", 2).await;
    until("an export is read from one", async || {
        assert!(has_line(&app.secretariat().export("?types=THEME").await, "TWO"));
        reads(&app, "replica").await > from_replicas
    })
    .await;
    // What the feed does not tell of is never read from a replica, even from one that has all changes of the feed.
    until("both have everything", async || {
        let head = app.app.feed.head();
        (0..2).all(|number| app.app.replicas.position(number).is_some_and(|position| position.head.includes(head)))
    })
    .await;
    for replica in &servers.replicas {
        replica.pause_replay().await;
    }
    let external = json!({ "sourceSystem": "crm", "value": "1" });
    let id = app.secretariat().query("{ theme(by: { code: \"TWO\" }) { id } }").await["theme"]["id"].take();
    secretariat.mutate("linkExternalId", json!({ "id": id, "externalId": external }), "id").await;
    let query = "{ theme(by: { externalId: { sourceSystem: \"crm\", value: \"1\" } }) { code externalIds { value } } }";
    let found = secretariat.query(query).await["theme"].take();
    assert_eq!(found, json!({ "code": "TWO", "externalIds": [{ "value": "1" }] }));
}

fn has_line(lines: &[Value], code: &str) -> bool {
    lines.iter().any(|line| line["code"] == json!(code))
}

/// Reads again and again, with so many clients at once, while something happens. Then each of them gets its last answer.
async fn while_reading(app: &TestApp, clients: usize, happens: impl Future<Output = ()>) {
    let is_over = AtomicBool::new(false);
    let asking = (0..clients).map(|_| {
        let (client, is_over) = (app.reader(), &is_over);
        async move {
            while !is_over.load(Ordering::Relaxed) {
                body(&client).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let happens = async {
        happens.await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(happens, futures_util::future::join_all(asking));
}

async fn a_replica_that_dies_fails_no_query_and_comes_back(shared: TestApp) {
    drop(shared);
    let mut servers = Servers::start(2).await;
    let app = servers.app(0).await;
    while_reading(
        &app,
        8,
        Box::pin(async {
            servers.replicas[1].kill();
            standing(&app, "away", 1).await;
            servers.replicas[0].restart().await;
            standing(&app, "keeps_up", 1).await;
            let before = reads(&app, "replica").await;
            until("it is read from again", async || reads(&app, "replica").await > before).await;
            rename(&app.secretariat(), 7).await;
            assert_eq!(number(&app.anonymous()).await, 7);
        }),
    )
    .await;
    assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 200, "that the replicas do not decide");
}

async fn a_replica_that_is_halted_keeps_nobody_waiting(shared: TestApp) {
    drop(shared);
    let mut servers = Servers::start(1).await;
    let app = servers.app(0).await;
    until("it is read from", async || {
        body(&app.reader()).await;
        reads(&app, "replica").await > 0
    })
    .await;
    servers.replicas[0].halt();
    // Much less than a request may take: from then on the primary is asked.
    while_reading(&app, 3, standing(&app, "away", 1)).await;
    let before = reads(&app, "primary").await;
    assert_eq!(number(&app.reader()).await, 0);
    assert!(reads(&app, "primary").await > before);
    servers.replicas[0].go_on();
    standing(&app, "keeps_up", 1).await;
    // The same for one connection, while the others are answered.
    let warm = (0..4).map(|_| async { body(&app.reader()).await });
    futures_util::future::join_all(warm).await;
    let before = fallbacks(&app).await;
    while !servers.replicas[0].halt_readers(&servers.database).await {
        body(&app.reader()).await;
    }
    until("a query goes on with the primary", async || {
        body(&app.reader()).await;
        fallbacks(&app).await > before
    })
    .await;
    servers.replicas[0].go_on();
}

async fn a_replica_that_cuts_its_connections_fails_no_query(shared: TestApp) {
    drop(shared);
    let servers = Servers::start(1).await;
    let app = servers.app(0).await;
    while_reading(
        &app,
        6,
        Box::pin(async {
            for _ in 0..20 {
                let before = reads(&app, "replica").await;
                until("it is read from", async || reads(&app, "replica").await > before).await;
                servers.replicas[0].cut_connections(&servers.database).await;
            }
        }),
    )
    .await;
    assert!(fallbacks(&app).await > 0, "{}", app.metrics().await);
}

async fn an_export_survives_its_replica(shared: TestApp) {
    drop(shared);
    let mut servers = Servers::start(1).await;
    let app = servers.app(0).await;
    seed::scale::load(&app.app, 4_000, 200).await.unwrap();
    standing(&app, "keeps_up", 1).await;
    let all = app.secretariat().export("").await;
    until("an export is read from the replica to its end, though its connections are new", async || {
        let before = (reads(&app, "replica").await, fallbacks(&app).await);
        app.secretariat().export("").await;
        reads(&app, "replica").await > before.0 && fallbacks(&app).await == before.1
    })
    .await;
    let path = "/export.ndjson";
    let port = app.serve().await;
    let token = app.token(rec_api::auth::Role::Secretariat, None);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut answer = client.get(format!("http://127.0.0.1:{port}{path}")).bearer_auth(token).send().await.unwrap();
    let mut bytes = answer.chunk().await.unwrap().unwrap().to_vec();
    servers.replicas[0].halt();
    in_time("the rest of the export", async {
        while let Some(more) = answer.chunk().await.unwrap() {
            bytes.extend_from_slice(&more);
        }
    })
    .await;
    servers.replicas[0].go_on();
    let lines: Vec<Value> =
        String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines == all, "{} and {} lines", lines.len(), all.len());
}

async fn a_replica_that_is_always_late_is_not_waited_for(shared: TestApp) {
    drop(shared);
    let servers = Servers::start(1).await;
    servers.replicas[0].delay_replay(Duration::from_millis(400)).await;
    let app = reading_from(&TestApp::at_address(servers.database.clone()).await, servers.urls(), 0).await;
    let secretariat = app.secretariat();
    in_time("it lags", async {
        for number in 0.. {
            create(&secretariat, &format!("T{number}")).await;
            assert!(finds(&app.reader(), &format!("T{number}")).await);
            if app.metrics().await.contains("state=\"lags\"} 1\n") {
                break;
            }
        }
    })
    .await;
    // When nothing is written it is read from.
    until("it has everything", async || {
        assert!(finds(&app.reader(), "T0").await);
        reads(&app, "replica").await > 0
    })
    .await;
}

async fn a_replica_that_is_promoted_is_read_from_and_one_of_before_is_not(shared: TestApp) {
    drop(shared);
    let servers = Servers::start(2).await;
    let address = Address::to(servers.primary.port).await;
    let plain = TestApp::at_address(servers.primary.url_at(address.port, &servers.database)).await;
    let app = reading_from(&plain, servers.urls(), 0).await;
    standing(&app, "keeps_up", 2).await;
    create(&app.secretariat(), "BEFORE").await;
    let identity = app.app.feed.head().identity;
    until("both have it", async || {
        let head = app.app.feed.head();
        (0..2).all(|number| app.app.replicas.position(number).is_some_and(|position| position.head.includes(head)))
    })
    .await;
    servers.primary.refuse_writes().await;
    servers.replicas[0].promote().await;
    address.leads_to.store(servers.replicas[0].port, Ordering::Relaxed);
    in_time("a write on the new primary", async {
        for number in 0.. {
            let answer = app.secretariat().send(CREATE, theme(&format!("T{number}"))).await;
            assert!(finds(&app.reader(), "BEFORE").await, "reads work all the time");
            if outcome(&answer.body) == Outcome::Acknowledged {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_ne!(app.app.feed.head().identity, identity);
    create(&app.secretariat(), "AFTER").await;
    let before = reads(&app, "replica").await;
    until("the promoted one is read from", async || {
        assert!(finds(&app.reader(), "AFTER").await);
        reads(&app, "replica").await > before
    })
    .await;
    // It goes on with the old primary.
    standing(&app, "away", 1).await;
    assert!(app.app.replicas.position(1).is_none());
}

async fn a_server_that_is_no_replica_is_not_read_from(app: TestApp) {
    let (other, empty) = (postgres::create_database().await.unwrap(), postgres::create_empty_database().await.unwrap());
    // Another register with the same number of changes.
    let stranger = TestApp::at_address(other.clone()).await;
    let epoch = "UPDATE change_head SET epoch = gen_random_uuid()";
    stranger.app.databases.write.execute_unprepared(epoch).await.unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reading = reading_from(&app, vec![other, empty, format!("postgres://{nobody}/rec")], 0).await;
    // They are asked at once, and each second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    standing(&reading, "away", 3).await;
    create(&reading.secretariat(), "HERE").await;
    assert!(finds(&reading.reader(), "HERE").await && finds(&reading.anonymous(), "HERE").await);
    assert_eq!(reads(&reading, "replica").await, 0);
}

async fn a_client_names_what_its_answer_must_include(app: TestApp) {
    let other = app.second_with(|config| {
        config.keep_seconds = 60;
        config.limits.response_cache = RESPONSE_CACHE;
    });
    let other = other.await;
    let reader = other.reader();
    assert!(!finds(&reader, "ONE").await);
    let cursor =
        app.secretariat().send(CREATE, theme("ONE")).await.body["data"]["createTheme"]["change"]["cursor"].take();
    let cursor = cursor.as_str().unwrap();
    assert!(!finds(&reader, "ONE").await, "the other process has not heard of it");
    assert!(finds(&reader.after(cursor), "ONE").await);
    assert!(finds(&reader, "ONE").await, "now it has");
    assert_eq!(head(&other.reader().after(cursor)).await, json!(cursor));
    let before = other.app.databases.statements();
    assert!(finds(&reader.after(cursor), "ONE").await);
    assert_eq!(other.app.databases.statements(), before, "what it has heard of it does not ask for");
    let refused = async |cursor: &str| {
        let answer = reader.after(cursor).send("{ bodies { totalCount } }", json!({})).await;
        (answer.status.as_u16(), answer.body["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned())
    };
    let at = |seq: i64| other.app.feed.cursor(seq).to_string();
    let head = other.app.feed.head().seq;
    assert_eq!(refused(&at(head + 1)).await, (410, "CURSOR_EXPIRED".to_owned()), "of a change that is not there");
    assert_eq!(refused("AAAAAAAAAAAAAAAAAAAAAA").await, (410, "CURSOR_EXPIRED".to_owned()), "of another feed");
    for nonsense in ["", "nonsense", "é"] {
        assert_eq!(refused(nonsense).await, (400, "INVALID_CURSOR".to_owned()), "{nonsense:?}");
    }
    assert!(finds(&reader.after(&at(1)), "ONE").await, "an older one is included");
}
