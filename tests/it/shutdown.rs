//! How the service shuts down, and which connections it cuts.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rec_tests::program::{Serving, ask, command, run};
use rec_tests::wait::PATIENCE;
use serde_json::json;

const BODY: &str = r#"{"query":"{ viewer { role } }"}"#;

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
    stream
}

/// Begins a request whose body has not been sent yet: the service asks for it.
fn begin(stream: &mut TcpStream) {
    let head =
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n", BODY.len()).expect("a head");
    let mut asks = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut asks).expect("an answer");
    assert_eq!(&asks, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn a_stop_as_soon_as_it_listens_is_an_end_in_peace() {
    let data = tempfile::tempdir().expect("a directory");
    for _ in 0..5 {
        // It asserts that the program ends by itself, with 0.
        Serving::start(&mut command(data.path())).stop();
    }
}

#[test]
fn who_has_asked_by_the_time_of_the_end_is_answered() {
    let data = tempfile::tempdir().expect("a directory");
    let serving = Serving::start(&mut command(data.path()));
    // It is paused: the requests and the signal are both waiting when it continues.
    serving.signal("STOP");
    let mut streams: Vec<TcpStream> = (0..40).map(|_| connect(serving.port)).collect();
    for stream in &mut streams {
        let head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n{BODY}", BODY.len()).expect("a request");
    }
    serving.signal("TERM");
    serving.signal("CONT");
    serving.ends();
    for mut stream in streams {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("ANONYMOUS"), "{answer}");
    }
}

#[test]
fn a_request_that_has_begun_is_finished() {
    let data = tempfile::tempdir().expect("a directory");
    let serving = Serving::start(command(data.path()).env("REC_MAX_SECONDS", "60").env("REC_SHUTDOWN_SECONDS", "60"));
    let port = serving.port;
    let mut stream = connect(port);
    begin(&mut stream);
    let stopping = thread::spawn(move || serving.stop());
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    stream.write_all(BODY.as_bytes()).expect("a body");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("ANONYMOUS"), "{answer}");
    stopping.join().expect("an end");
}

#[test]
fn the_end_is_not_waited_for_without_end() {
    let data = tempfile::tempdir().expect("a directory");
    let serving = Serving::start(command(data.path()).env("REC_SHUTDOWN_SECONDS", "1").env("REC_MAX_SECONDS", "600"));
    let mut stream = connect(serving.port);
    begin(&mut stream);
    let begun = Instant::now();
    serving.stop();
    assert!((1..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[test]
fn a_client_that_does_not_read_loses_its_connection() {
    let data = tempfile::tempdir().expect("a directory");
    let seeded = run(command(data.path()).args(["seed", "scale", "--recommendations", "20000"]));
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    let mut program = command(data.path());
    let serving = Serving::start(program.env("REC_MAX_CONNECTIONS", "1").env("REC_MAX_UNREAD_SECONDS", "1"));
    let mut stream = connect(serving.port);
    stream.write_all(b"GET /export.ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
    // It holds the only place until it is cut off.
    let begun = Instant::now();
    while ask(serving.port, None, "{ viewer { role } }", &json!({})).is_none_or(|answer| answer["data"].is_null()) {
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(20));
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    drop(stream);
}
