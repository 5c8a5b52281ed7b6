//! PostgreSQL behind an address: one that moves to another server, and a pooler's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rec_tests::client::Client;
use rec_tests::postgres::{Cluster, Pooler};
use rec_tests::socket::Socket;
use rec_tests::wait::PATIENCE;
use rec_tests::{TestApp, on_postgres};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::acknowledged::{CREATE, Outcome, outcome, theme};
use crate::changes::head;

/// An address that leads to one of several servers. Open connections stay with their server.
pub(crate) struct Address {
    pub(crate) port: u16,
    pub(crate) leads_to: Arc<AtomicU16>,
}

impl Address {
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, leads_to) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU16::new(server)));
        let target = Arc::clone(&leads_to);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = target.load(Relaxed);
                tokio::spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { port, leads_to }
    }
}

async fn create(client: Client, code: String) -> Outcome {
    outcome(&client.send(CREATE, theme(&code)).await.body)
}

on_postgres! {
    an_address_that_moves_to_a_promoted_server_is_followed,
    a_promoted_server_that_lacks_the_home_of_the_feed_is_followed,
    a_pooler_in_session_mode_is_like_the_server,
}

async fn an_address_that_moves_to_a_promoted_server_is_followed(shared: TestApp) {
    drop(shared);
    is_followed(false).await;
}

async fn a_promoted_server_that_lacks_the_home_of_the_feed_is_followed(shared: TestApp) {
    drop(shared);
    is_followed(true).await;
}

/// `lacks_home`: the standby is promoted before it has received the home of the feed.
async fn is_followed(lacks_home: bool) {
    let primary = Cluster::start().expect("PostgreSQL's programs, for a server that may be left");
    let database = primary.create_database().await;
    let standby = primary.standby().await;
    let address = Address::to(primary.port).await;
    let app = TestApp::at_address(primary.url_at(address.port, &database)).await;
    let port = app.serve().await;
    let identity = app.app.feed.head().identity;
    let warm = (0..4).map(|number| create(app.secretariat(), format!("W{number}")));
    assert!(futures_util::future::join_all(warm).await.iter().all(|one| *one == Outcome::Acknowledged));
    let mut follower = Socket::begin(port, None).await;
    let start = head(&app.anonymous()).await;
    follower.subscribe("1", &format!("subscription {{ changes(after: {start}) {{ cursor }} }}")).await;
    primary.refuse_writes().await;
    standby.promote().await;
    if lacks_home {
        let db = sea_orm::Database::connect(standby.url_at(standby.port, &database)).await.unwrap();
        db.execute_unprepared("UPDATE change_head SET home = NULL").await.unwrap();
        db.close().await.unwrap();
    }
    address.leads_to.store(standby.port, Relaxed);
    let (mut codes, mut acknowledged, began) = (Vec::new(), Vec::new(), Instant::now());
    for number in 0.. {
        let code = format!("F{number}");
        match outcome(&app.secretariat().send(CREATE, theme(&code)).await.body) {
            Outcome::Acknowledged => acknowledged.push(code),
            Outcome::Failed(code) => codes.push(code),
            Outcome::Refused => panic!("{code} is new"),
        }
        // Reads work all the time.
        assert_eq!(app.anonymous().send("{ bodies { totalCount } }", json!({})).await.body["errors"], Value::Null);
        if acknowledged.len() == 3 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{codes:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(codes.iter().all(|code| code == "UNAVAILABLE"), "{codes:?}");
    // The last writes that the primary acknowledged may be lost: their numbers are not given again.
    assert_ne!(app.app.feed.head().identity, identity);
    let message = follower.message().await;
    let code = &message["payload"]["errors"][0]["extensions"]["code"];
    let code = if code.is_null() { &message["payload"][0]["extensions"]["code"] } else { code };
    assert_eq!(code, "CURSOR_EXPIRED", "{message}");
    // Everything that was acknowledged since is on the server that the address leads to.
    let promoted = TestApp::at_address(standby.url_at(standby.port, &database)).await;
    for code in acknowledged {
        let theme = promoted.anonymous().query(&format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}")).await;
        assert_eq!(theme["theme"]["code"], json!(code));
    }
    assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 200);
}

async fn a_pooler_in_session_mode_is_like_the_server(shared: TestApp) {
    drop(shared);
    let server = Cluster::start().expect("PostgreSQL's programs, for a server behind a pooler");
    let database = server.create_database().await;
    let Some(pooler) = Pooler::before(&server) else { return };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", pooler.port)).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the pooler does not answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let app = TestApp::at_address(pooler.url(&database)).await;
    let other = app.second().await;
    let (port, _) = (app.serve().await, other.serve().await);
    let mut follower = Socket::begin(port, None).await;
    let start = head(&app.anonymous()).await;
    follower.subscribe("1", &format!("subscription {{ changes(after: {start}) {{ cursor node {{ id }} }} }}")).await;
    // Concurrent reads and writes, more than there are connections; one process notifies of what another one commits.
    let writes = (0..12).map(|number| create(other.secretariat(), format!("P{number}")));
    assert!(futures_util::future::join_all(writes).await.iter().all(|one| *one == Outcome::Acknowledged));
    for _ in 0..12 {
        assert_eq!(follower.message().await["type"], "next");
    }
    let time = app.rows("SELECT current_setting('statement_timeout') AS x").await;
    assert_eq!(time[0]["x"], "11s");
    assert_eq!(app.anonymous().get("/health/ready", &[]).await.0.status, 200);
}
