//! Whoever causes work pays for it, and blocks nobody else: abandoned statements end, a client has its lane to the database, an address its
//! share of connections, and health checks are answered to everyone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rec_api::database::scope::{Lane, Scope};
use rec_tests::program::{self, Serving, command, get};
use rec_tests::socket::Socket;
use rec_tests::wait::{PATIENCE, in_time, until};
use rec_tests::{Database, TestApp, on_both_databases, volume};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::json;

use crate::changes::head;

/// A statement that would run for minutes.
fn endless(app: &TestApp) -> Statement {
    let sql = match app.database {
        Database::Sqlite => {
            "SELECT count(*) AS n FROM (WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 10000000000) SELECT x FROM c)"
        }
        Database::Postgres => {
            "SELECT count(*) AS n FROM generate_series(1::bigint, 10000000000) AS c (x) WHERE x % 7 = 3"
        }
    };
    Statement::from_string(app.app.databases.backend(), sql)
}

/// Whether a statement is still running that nobody waits for.
async fn works(app: &TestApp) -> bool {
    match app.database {
        Database::Sqlite => {
            app.app.databases.connections().iter().any(|(_, state, count)| *state == "used" && *count > 0)
        }
        Database::Postgres => {
            let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series%' \
                       AND pid <> pg_backend_pid() AND datname = current_database()";
            let row = app.app.databases.read.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
            row.unwrap().unwrap().try_get::<i64>("", "n").unwrap() > 0
        }
    }
}

/// An application without a short timeout: a statement that ends earlier was stopped.
async fn patient(app: &TestApp) -> TestApp {
    app.second_with(|config| config.limits.seconds = 600).await
}

/// The statement is abandoned after a moment, and ends.
async fn ends(app: &TestApp, work: impl Future<Output = ()>) {
    is_given_up(app, work).await;
    until("what was given up ends", async || !works(app).await).await;
}

on_both_databases! {
    a_statement_that_is_given_up_ends,
    a_transaction_whose_statement_is_given_up_goes_on_or_is_taken_back,
    a_client_does_not_hold_all_connections_of_the_database,
    the_requests_of_a_client_have_its_share_of_connections,
    a_subscription_pays_for_each_of_its_results,
}

async fn a_statement_that_is_given_up_ends(app: TestApp) {
    let app = patient(&app).await;
    let databases = &app.app.databases;
    for _ in 0..6 {
        ends(&app, async { drop(databases.read.query_all_raw(endless(&app)).await) }).await;
    }
    // More often than there are connections, and afterwards all of them are available again.
    let one = || databases.read.query_one_raw(Statement::from_string(databases.backend(), "SELECT 1 AS n"));
    for row in futures_util::future::join_all((0..8).map(|_| one())).await {
        assert!(row.unwrap().is_some());
    }
}

async fn a_transaction_whose_statement_is_given_up_goes_on_or_is_taken_back(app: TestApp) {
    let app = patient(&app).await;
    let databases = &app.app.databases;
    for number in 0..3 {
        let txn = databases.begin().await.unwrap();
        txn.execute_unprepared(&format!("UPDATE write_probe SET filler = 'lost {number}'")).await.unwrap();
        is_given_up(&app, async { drop(txn.query_all_raw(endless(&app)).await) }).await;
        if number == 0 && app.database == Database::Sqlite {
            // The read is stopped, and what was written before it is kept.
            txn.execute_unprepared("UPDATE write_probe SET filler = filler || ', no'").await.unwrap();
        }
        drop(txn);
        in_time("the next one", app.theme(&format!("T{number}"))).await;
    }
    let filler =
        databases.read.query_one_raw(Statement::from_string(databases.backend(), "SELECT filler FROM write_probe"));
    assert_eq!(filler.await.unwrap().unwrap().try_get::<String>("", "filler").unwrap(), "");
}

async fn a_client_does_not_hold_all_connections_of_the_database(app: TestApp) {
    let app = Arc::new(app.second_with(|config| config.database_connections = 8).await);
    let others = app.anonymous();
    let asked = async || {
        let began = Instant::now();
        others.query("{ countries { nodes { iso2 } } }").await;
        began.elapsed()
    };
    let mut usual = Duration::ZERO;
    for _ in 0..20 {
        usual = usual.max(asked().await);
    }
    let greedy = Arc::new(Lane::new(2));
    let mut working = Vec::new();
    for _ in 0..40 {
        let (app, scope) = (Arc::clone(&app), Scope::default());
        scope.goes_by(|| Arc::clone(&greedy));
        working.push(tokio::spawn(async move {
            scope.during(app.app.databases.read.query_all_raw(endless(&app))).await.map(drop)
        }));
    }
    let used = || app.app.databases.connections().into_iter().find(|(_, state, _)| *state == "used").unwrap().2;
    until("the greedy one has its share", async || used() == 2).await;
    for _ in 0..20 {
        let took = asked().await;
        assert!(took < Duration::from_secs(1) + 10 * usual, "{took:?}, usually {usual:?}");
        assert_eq!(others.get("/health/ready", &[]).await.0.status, 200);
    }
    // A connection that was just given back is tested first.
    until("the greedy one has its share and no more", async || used() == 2).await;
    working.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn the_requests_of_a_client_have_its_share_of_connections(app: TestApp) {
    volume::load(&app, 4000, 400).await;
    let app = app.second_with(|config| {
        config.database_connections = 16;
        config.limits.cost = u64::MAX;
        config.limits.seconds = 600;
    });
    let app = Arc::new(app.await);
    let searched: Vec<String> = (0..48).map(|number| format!("{{ label: {{ contains: \"x{number}\" }} }}")).collect();
    let dear = format!("{{ recommendations(first: 1, filter: {{ or: [{}] }}) {{ totalCount }} }}", searched.join(" "));
    let working = (0..32).map(|_| {
        let (client, dear) = (app.secretariat(), dear.clone());
        tokio::spawn(async move { client.send(&dear, json!({})).await })
    });
    let working: Vec<_> = working.collect();
    let most = AtomicUsize::new(0);
    until("all are answered", async || {
        let used = app.app.databases.connections().into_iter().find(|(_, state, _)| *state == "used").unwrap().2;
        most.fetch_max(used, Ordering::Relaxed);
        working.iter().all(tokio::task::JoinHandle::is_finished)
    })
    .await;
    // A quarter of the connections is in use, and some that were just given back may be under test.
    let most = most.into_inner();
    assert!((4..12).contains(&most), "{most}");
    for one in working {
        assert_eq!(one.await.unwrap().body["data"]["recommendations"]["totalCount"], 0);
    }
}

async fn a_subscription_pays_for_each_of_its_results(app: TestApp) {
    let limited = app.second_with(|config| config.limits.rate_points = 100).await;
    let port = limited.serve().await;
    let mut socket = Socket::begin(port, None).await;
    let (start, what) = (head(&app.anonymous()).await, "cursor node { ... on Theme { code kind version } }");
    socket.subscribe("1", &format!("subscription {{ changes(after: {start}) {{ {what} }} }}")).await;
    let mut told = 0;
    for number in 0..60 {
        app.theme(&format!("T{number}")).await;
    }
    let refused = loop {
        let message = socket.message().await;
        match message["payload"]["errors"][0]["extensions"]["code"]
            .as_str()
            .or(message["payload"][0]["extensions"]["code"].as_str())
        {
            None => told += 1,
            Some(code) => break code.to_owned(),
        }
    };
    assert_eq!(refused, "RATE_LIMITED");
    assert!((3..40).contains(&told), "{told}");
}

async fn is_given_up(app: &TestApp, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = work => panic!("it takes longer"),
        () = until("it works", async || works(app).await) => {}
    }
}

fn started(settings: &[(&str, &str)]) -> (Serving, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let serving = Serving::start(command(directory.path()).envs(settings.iter().copied()));
    (serving, directory)
}

/// Opens a connection and begins a stream of events, on behalf of an address if one is given; returns it with the status of the answer.
fn follow(port: u16, forwarded: Option<&str>) -> (TcpStream, u16) {
    let body = json!({ "query": "subscription { serviceStatus { head } }" }).to_string();
    let forwarded = forwarded.map(|address| format!("X-Forwarded-For: {address}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n{forwarded}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut beginning = [0; 12];
    stream.read_exact(&mut beginning).unwrap();
    (stream, std::str::from_utf8(&beginning[9..]).unwrap().parse().unwrap())
}

/// Opens streams until one is refused; returns those that are open, and the status of the refusal.
fn as_many_as_may_be(port: u16, forwarded: Option<&str>) -> (Vec<TcpStream>, u16) {
    let mut open = Vec::new();
    loop {
        let (stream, status) = follow(port, forwarded);
        if status != 200 {
            return (open, status);
        }
        open.push(stream);
    }
}

#[test]
fn an_address_has_its_share_of_connections() {
    let (serving, _directory) = started(&[("REC_MAX_CONNECTIONS_PER_ADDRESS", "5")]);
    let (mut open, refused) = as_many_as_may_be(serving.port, None);
    assert_eq!((open.len(), refused), (5, 429));
    assert_eq!(get(serving.port, "/health/ready"), 200);
    assert_eq!(get(serving.port, "/graphql?query=%7B__typename%7D"), 429);
    // The place of a closed connection is free again.
    open.pop();
    let began = Instant::now();
    while get(serving.port, "/graphql?query=%7B__typename%7D") != 200 {
        assert!(began.elapsed() < PATIENCE);
    }
}

#[test]
fn behind_a_proxy_each_address_for_which_it_asks_has_its_share() {
    let (serving, _directory) = started(&[("REC_MAX_CONNECTIONS_PER_ADDRESS", "3"), ("REC_TRUST_PROXY", "on")]);
    let (one, refused) = as_many_as_may_be(serving.port, Some("203.0.113.9"));
    assert_eq!((one.len(), refused), (3, 429));
    let (other, refused) = as_many_as_may_be(serving.port, Some("198.51.100.1, 203.0.113.10"));
    assert_eq!((other.len(), refused), (3, 429));
    assert_eq!(follow(serving.port, Some("203.0.113.9:5555")).1, 429, "some proxies write the port as well");
    assert_eq!(program::get_with(serving.port, "/health/ready", "X-Forwarded-For: 203.0.113.9\r\n"), 200);
    drop(one);
    let began = Instant::now();
    while follow(serving.port, Some("203.0.113.9")).1 != 200 {
        assert!(began.elapsed() < PATIENCE, "what is closed is free again");
    }
    // The number of the proxy's own connections is not limited.
    let mut sockets: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        sockets.push(TcpStream::connect(("127.0.0.1", serving.port)).unwrap());
    }
    assert_eq!(get(serving.port, "/graphql?query=%7B__typename%7D"), 200);
}

#[tokio::test]
async fn a_socket_keeps_the_share_of_its_address() {
    let (serving, _directory) = started(&[("REC_MAX_CONNECTIONS_PER_ADDRESS", "2"), ("REC_TRUST_PROXY", "on")]);
    let open = async || {
        let address = [("x-forwarded-for", "203.0.113.9".to_owned())];
        Socket::open_with(serving.port, "graphql-transport-ws", &address).await
    };
    let (one, two) = (open().await, open().await);
    assert_eq!(open().await.err(), Some(429));
    drop(two);
    let began = Instant::now();
    while open().await.is_err() {
        assert!(began.elapsed() < PATIENCE, "what is closed is free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(one);
}

#[test]
fn a_full_service_says_so_and_whether_it_is_well() {
    let (serving, _directory) = started(&[("REC_MAX_CONNECTIONS", "4")]);
    let (mut open, refused) = as_many_as_may_be(serving.port, None);
    assert_eq!((open.len(), refused), (4, 503));
    let mut refused = follow(serving.port, None).0;
    let mut answer = String::new();
    refused.read_to_string(&mut answer).unwrap();
    let answer = answer.to_ascii_lowercase();
    assert!(answer.contains("retry-after: 1") && answer.contains("\"unavailable\""), "{answer}");
    for path in ["/health/ready", "/health/live"] {
        assert_eq!(get(serving.port, path), 200);
    }
    // Silent clients on the spare connections do not keep others from asking.
    let silent: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect(("127.0.0.1", serving.port)).unwrap()).collect();
    open.pop();
    let began = Instant::now();
    while std::panic::catch_unwind(|| get(serving.port, "/health/ready")).ok() != Some(200) {
        assert!(began.elapsed() < PATIENCE);
    }
    drop(silent);
}
