//! Points stand for processor time: no operation takes much more of it for each of its points than others do, and a client that repeats the
//! longest one blocks nobody else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rec_tests::Database;
use rec_tests::points::{DEAREST, Large, Points};
use rec_tests::program;
use rec_tests::shapes::Shape;
use serde_json::json;

/// The answer to a request from another address of this machine, and how long it took.
fn from_elsewhere(port: u16, request: &str) -> (u16, Duration) {
    let began = Instant::now();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
    let mut stream: TcpStream = socket.into();
    write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), began.elapsed())
}

/// The longest operation, twenty times a second for some seconds: others are answered, and the service stays healthy.
fn holds_up_no_one(large: &Large, longest: &Shape) {
    // No request is refused for what its client has asked before.
    let serving = large.serve("4000000000");
    let port = serving.port;
    let typename = |port: u16| {
        let (status, time) = from_elsewhere(port, "GET /graphql?query=%7B__typename%7D");
        assert_eq!(status, 200);
        time
    };
    // The waiting time of others, here and now, at a service that nobody asks for anything expensive.
    let control = large.serve("600000");
    let asked = std::thread::spawn({
        let query = longest.query.clone();
        move || {
            let asked: Vec<_> = (0..80)
                .map(|_| {
                    let query = query.clone();
                    let one = std::thread::spawn(move || program::ask(port, None, &query, &json!({})));
                    std::thread::sleep(Duration::from_millis(50));
                    one
                })
                .collect();
            let answers = asked.into_iter().map(|one| one.join().unwrap().unwrap());
            answers.filter(|answer| answer["errors"].is_null()).count()
        }
    });
    let (mut slowest, mut at_control) = (Duration::ZERO, Duration::ZERO);
    while !asked.is_finished() {
        slowest = slowest.max(typename(port));
        at_control = at_control.max(typename(control.port));
        assert_eq!(from_elsewhere(port, "GET /health/ready").0, 200);
        std::thread::sleep(Duration::from_millis(20));
    }
    let answered = asked.join().unwrap();
    say(format_args!(
        "while {} was asked for 20 times a second ({answered} of 80 in time), others waited {slowest:?} at most, and {at_control:?} elsewhere",
        longest.name
    ));
    assert!(answered > 0);
    assert!(slowest < Duration::from_millis(250) + 3 * at_control, "{slowest:?}, and {at_control:?} elsewhere");
}

fn say(what: std::fmt::Arguments<'_>) {
    let mut told = std::io::stderr();
    writeln!(told, "{what}").unwrap();
}

async fn points_are_time(database: Database) {
    let large = Large::on(database).await;
    let points = Points::measure(&large).await;
    let (median, measured) = (points.median(), points.all.len());
    say(format_args!(
        "{database:?}: {measured} shapes, {} refused, {median:.1} µs a point in the median",
        points.refused.len()
    ));
    let dearest: Vec<_> = points.all.iter().take(10).chain(&points.others).collect();
    for one in &dearest {
        say(format_args!("{:6.1} x the median {one}", one.each / median));
    }
    assert!(measured >= 60, "{measured}");
    let refused = &points.refused;
    assert!(refused.iter().any(|name| name == "48 texts in labels"), "{refused:?}");
    holds_up_no_one(&large, &points.longest().shape);
    for one in dearest {
        assert!(one.each / median <= DEAREST, "{one}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_time_on_sqlite() {
    points_are_time(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_time_on_postgres() {
    points_are_time(Database::Postgres).await;
}
