//! Quiet followers of the feed: what each one costs in memory, and how long a change takes to the last of them, in one process and over
//! several.

use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use rec_tests::Database;
use rec_tests::socket::Socket;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Line;
use crate::program::{Program, serve};

/// How many there are in one process.
const MANY: usize = 10_000;
/// How many there are over several processes, and how many processes.
const SPREAD: (usize, usize) = (4_000, 4);
/// How many of them connect at once.
const AT_ONCE: usize = 64;
/// How many changes are measured, after one by which all have become ready.
const CHANGES: usize = 9;

/// How followers are connected.
#[derive(Clone, Copy)]
enum Transport {
    Socket,
    Events,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Socket => "WebSockets",
            Self::Events => "event streams",
        }
    }
}

/// Measures followers of a seeded database.
pub async fn measure(url: &str, database: Database, name: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for transport in [Transport::Socket, Transport::Events] {
        let programs = [serve(url).await];
        let (each, slowest) = follow(&programs, url, MANY, transport).await;
        let of = transport.name();
        lines.push(Line::bound(
            format!("{name}: memory for each of 10,000 {of} that follow the register"),
            each,
            "KB",
            40.0,
        ));
        let what = format!("{name}: from a mutation to the last of 10,000 {of}, the slowest of {CHANGES}");
        lines.push(Line::bound(what, slowest, "ms", 500.0));
    }
    if database == Database::Postgres {
        let (followers, processes) = SPREAD;
        let programs = stream::iter(0..processes).then(|_| serve(url)).collect::<Vec<_>>().await;
        let (_, slowest) = follow(&programs, url, followers, Transport::Socket).await;
        let what = format!(
            "{name}: from a mutation to the last of 4,000 WebSockets over 4 processes, the slowest of {CHANGES}"
        );
        lines.push(Line::bound(what, slowest, "ms", 250.0));
    }
    lines
}

/// The kilobytes for each of so many followers, spread over programs, and the milliseconds from sending a mutation to the first program
/// until the last follower has received it.
async fn follow(programs: &[Program], url: &str, count: usize, transport: Transport) -> (f64, f64) {
    let query = following(&programs[0]).await;
    let (told, mut heard) = mpsc::unbounded_channel();
    let mut followers = JoinSet::new();
    // The first ones pay for what is made once for all.
    for program in programs {
        connect(&mut followers, program.port(), &query, transport, 1, &told).await;
    }
    let before: f64 = programs.iter().map(Program::resident).sum();
    for program in programs {
        connect(&mut followers, program.port(), &query, transport, count / programs.len(), &told).await;
    }
    let token = programs[0].token(url);
    let (mut each, mut slowest) = (0.0, Duration::ZERO);
    for number in 0..=CHANGES {
        let started = Instant::now();
        programs[0].create_theme(&token, &format!("BENCH-{number}-{}", programs[0].port())).await;
        for _ in 0..count + programs.len() {
            heard.recv().await.unwrap();
        }
        if number == 0 {
            // Buffers are given back when nothing happens.
            tokio::time::sleep(Duration::from_secs(5)).await;
            let after: f64 = programs.iter().map(Program::resident).sum();
            each = (after - before) * 1024.0 / f64::from(u32::try_from(count).unwrap());
        } else {
            slowest = slowest.max(started.elapsed());
        }
    }
    (each, slowest.as_secs_f64() * 1000.0)
}

/// A subscription to what comes after the present head.
async fn following(program: &Program) -> String {
    let head = program.query("{ feedHead }").await;
    format!("subscription {{ changes(after: {}) {{ cursor kind type recordId version }} }}", head["data"]["feedHead"])
}

/// Adds followers, each of which tells of every change that it receives.
async fn connect(
    followers: &mut JoinSet<()>,
    port: u16,
    query: &str,
    transport: Transport,
    count: usize,
    told: &mpsc::UnboundedSender<()>,
) {
    let connected = stream::iter(0..count).map(|_| async {
        let told = told.clone();
        match transport {
            Transport::Socket => {
                let mut socket = Socket::begin(port, None).await;
                socket.subscribe("1", query).await;
                Follower::Socket(Box::new(socket), told)
            }
            Transport::Events => Follower::Events(subscribed(port, query).await, told),
        }
    });
    let mut connected = connected.buffer_unordered(AT_ONCE);
    while let Some(follower) = connected.next().await {
        followers.spawn(follower.listen());
    }
}

enum Follower {
    Socket(Box<Socket>, mpsc::UnboundedSender<()>),
    Events(TcpStream, mpsc::UnboundedSender<()>),
}

impl Follower {
    async fn listen(self) {
        match self {
            Self::Socket(mut socket, told) => {
                // Clients are on machines of their own: here they should cost little.
                while let Ok(message) = socket.wait_for_text().await {
                    assert!(message.starts_with("{\"type\":\"next\""), "{message}");
                    told.send(()).unwrap();
                }
            }
            Self::Events(mut stream, told) => {
                let mut read = vec![0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut read).await {
                    // An event is one small write; a comment is none.
                    for _ in 0..String::from_utf8_lossy(&read[..length]).matches("event: next").count() {
                        told.send(()).unwrap();
                    }
                }
            }
        }
    }
}

/// An event stream that has begun.
async fn subscribed(port: u16, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let body = json!({ "query": query }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head[..length]));
    stream
}

impl Program {
    async fn query(&self, query: &str) -> Value {
        let answer = self.post(None, json!({ "query": query })).await;
        serde_json::from_str(&answer).unwrap()
    }
}
