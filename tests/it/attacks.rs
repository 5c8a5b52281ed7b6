//! Requests that are meant to stop or stall the service, sent to the program itself. After each of them it answers others as before.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, encode};
use rec_api::auth::keys::KeyRing;
use rec_api::config::Limits;
use rec_tests::program::{Serving, ask, command};
use rec_tests::socket::Socket;
use rec_tests::wait::{PATIENCE, usual};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::tokens::{foreign_key, handmade, header};

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = Limits::DEFAULT.body;

/// A program that serves, for one attack.
struct Attacked {
    serving: Serving,
    directory: tempfile::TempDir,
    /// The longest time that an answer takes while nobody attacks.
    usual: Duration,
}

impl Attacked {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = command(&directory.path().join("data"));
        // All attackers come from one address.
        command.env("REC_MAX_CONNECTIONS_PER_ADDRESS", "10000").envs(settings.iter().copied());
        let mut attacked = Self { serving: Serving::start(&mut command), directory, usual: Duration::ZERO };
        attacked.usual = usual(|| {
            attacked.answers_in();
        });
        attacked
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.serving.port)).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream
    }

    /// Sends bytes as they are; returns the status line and the body of the answer, if there is one.
    fn send(&self, bytes: &[u8]) -> Option<(u16, String)> {
        let mut stream = self.connect();
        // A client that is refused early may find the connection closed.
        let _ = stream.write_all(bytes);
        answer(&mut stream)
    }

    /// A POST with a body of this type.
    fn post(&self, content_type: &str, body: &[u8]) -> Option<(u16, String)> {
        let mut request = format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: application/graphql-response+json\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.send(&request)
    }

    /// The status and the code of the answer to a document.
    fn document(&self, query: &str, variables: &Value) -> (u16, String) {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let (status, body) = self.post("application/json", body.as_bytes()).expect("an answer");
        (status, code(&body))
    }

    /// Others are answered at once: soon after an attack three answers in a row take less than 50 ms each, or a little more on a busy
    /// machine.
    fn still_answers(&self) {
        let (at_once, soon) = (Duration::from_millis(50) + 5 * self.usual, Duration::from_secs(2) + 100 * self.usual);
        let (begun, mut in_a_row, mut times) = (Instant::now(), 0, Vec::new());
        while in_a_row < 3 {
            let time = self.answers_in();
            in_a_row = if time < at_once { in_a_row + 1 } else { 0 };
            times.push(time);
            assert!(begun.elapsed() < soon, "{times:?}, usually {:?}", self.usual);
        }
    }

    fn answers_in(&self) -> Duration {
        let started = Instant::now();
        let answer = ask(self.serving.port, None, "{ viewer { role } }", &json!({})).expect("an answer");
        assert_eq!(answer, json!({ "data": { "viewer": { "role": "ANONYMOUS" } } }));
        started.elapsed()
    }

    /// Makes an attack four times at once. Others are answered meanwhile.
    fn under(&self, attack: impl Fn() + Sync) {
        std::thread::scope(|scope| {
            let attackers: Vec<_> = (0..4).map(|_| scope.spawn(&attack)).collect();
            while attackers.iter().any(|attacker| !attacker.is_finished()) {
                let time = self.answers_in();
                assert!(time < Duration::from_secs(1) + 10 * self.usual, "{time:?}, usually {:?}", self.usual);
            }
        });
        self.still_answers();
    }
}

fn answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let mut bytes = Vec::new();
    // A connection that was reset may have been answered before.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn documents_that_are_bombs() {
    // The depth limit is raised, so that the cost of a deep selection is computed.
    let attacked = Attacked::start_with(&[("REC_MAX_DEPTH", "60")]);
    let repeated = |what: &dyn Fn(usize) -> String, count: usize| (0..count).map(what).collect::<Vec<_>>().join(" ");
    let fragments = |levels: usize| {
        let link = |level: usize| format!("fragment F{level} on Query {{ ...F{0} ...F{0} }}", level + 1);
        format!("{{ ...F0 }} {} fragment F{levels} on Query {{ viewer {{ role }} }}", repeated(&link, levels))
    };
    let deep = "meetings(first: 65536) { nodes { recommendations(first: 65536) { nodes { meeting { recommendations(first: 65536) { nodes { id } } } } } } }";
    for (bomb, refusal) in [
        ("[".repeat(5 * 1024), "DOCUMENT_TOO_NESTED"),
        ("[".repeat(LARGEST_BODY - r#"{"query":"","variables":{}}"#.len()), "DOCUMENT_TOO_LONG"),
        (format!("{{ nodes(ids: {}) {{ id }} }}", "[".repeat(4000)), "DOCUMENT_TOO_NESTED"),
        (fragments(20), "TOO_MANY_FIELDS"),
        (
            format!(
                "{{ __schema {{ types {{ {} name {} }} }} }}",
                "interfaces { possibleTypes { ".repeat(5),
                "} } ".repeat(5)
            ),
            "QUERY_TOO_COMPLEX",
        ),
        (
            format!(
                "{{ {} }}",
                repeated(
                    &|n| format!(
                        "a{n}: __schema {{ types {{ fields {{ type {{ fields {{ type {{ fields {{ name }} }} }} }} }} }} }}"
                    ),
                    15
                )
            ),
            "QUERY_TOO_COMPLEX",
        ),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ {deep} }}"), "QUERY_TOO_COMPLEX"),
        // 10^24 points, which no 64-bit number holds.
        (
            format!(
                "{{ {} id {} }}",
                "recommendations(first: 65536) { nodes { meeting { ".repeat(12),
                "} } } ".repeat(12)
            ),
            "QUERY_TOO_COMPLEX",
        ),
        (format!("query {} {{ viewer {{ role }} }}", repeated(&|n| format!("@d{n}"), 20_000)), "DOCUMENT_TOO_LONG"),
        (format!("query {} {{ viewer {{ role }} }}", repeated(&|n| format!("@d{n}"), 1_500)), "TOO_MANY_DIRECTIVES"),
        (format!("{{ viewer {{ {} }} }}", repeated(&|n| format!("a{n}: role"), 5_000)), "DOCUMENT_TOO_LONG"),
        (format!("{{ viewer {{ {} }} }}", repeated(&|n| format!("a{n}: role"), 1_200)), "TOO_MANY_ALIASES"),
    ] {
        let shown: String = bomb.chars().take(60).collect();
        attacked.under(|| assert_eq!(attacked.document(&bomb, &json!({})), (422, refusal.to_owned()), "{shown}"));
    }
}

#[test]
fn bodies_that_are_too_large_or_too_many_or_too_deep() {
    let attacked = Attacked::start();
    let refused = |sent: Option<(u16, String)>, status: u16| {
        // A client that goes on writing after it was refused may not see the answer.
        if let Some((found, _)) = sent {
            assert_eq!(found, status);
        }
        attacked.still_answers();
    };
    let head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    // A body that is too large is refused by its announced length, before it arrives.
    let announced = format!("{head}Content-Length: {}\r\n\r\n", 20 << 20);
    let answered = attacked.send(announced.as_bytes()).map(|(status, body)| (status, code(&body)));
    assert_eq!(answered, Some((413, "BODY_TOO_LARGE".to_owned())));
    let huge = vec![b' '; 20 << 20];
    refused(attacked.post("application/json", &huge), 413);
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n").into_bytes();
    for chunk in huge.chunks(1 << 16) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    refused(attacked.send(&chunked), 413);
    let mut endless = format!("{head}Connection: close\r\n\r\n").into_bytes();
    endless.extend_from_slice(&huge);
    refused(attacked.send(&endless), 400);
    let batch = format!("[{}]", r#"{"query":"{ viewer { role } }"},"#.repeat(5_000).trim_end_matches(','));
    assert_eq!(
        attacked.post("application/json", batch.as_bytes()).map(|(status, body)| (status, code(&body))),
        Some((422, "BATCH_NOT_SUPPORTED".to_owned()))
    );
    attacked.still_answers();
    let deep = format!(
        "{{\"query\":\"{{ viewer {{ role }} }}\",\"variables\":{{\"v\":{}{}}}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(attacked.post("application/json", deep.as_bytes()).map(|(status, _)| status), Some(400));
    attacked.still_answers();
}

#[test]
fn requests_that_a_browser_sends_without_asking() {
    let attacked = Attacked::start();
    let mutation = "mutation { createTheme(input: { code: \"X\", kind: SDG, name: [{ locale: EN, text: \"X\" }] }) { change { cursor } } }";
    let link: String = mutation.bytes().fold(String::new(), |link, byte| link + &format!("%{byte:02X}"));
    let get = format!("GET /graphql?query={link} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(attacked.send(get.as_bytes()).map(|(status, _)| status), Some(405));
    let body = json!({ "query": mutation }).to_string();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        assert_eq!(attacked.post(content_type, body.as_bytes()).map(|(status, _)| status), Some(415), "{content_type}");
        attacked.still_answers();
    }
    for wrong in [&b"{\"query\":\"{ viewer { role } } # \xff\"}"[..], b"\xff\xfe{", b"\x00"] {
        assert_eq!(attacked.post("application/json", wrong).map(|(status, _)| status), Some(400));
        attacked.still_answers();
    }
    attacked.still_answers();
}

#[test]
fn clients_that_are_slow_or_say_nothing() {
    let attacked = Attacked::start_with(&[("REC_MAX_SECONDS", "2"), ("REC_MAX_HEAD_SECONDS", "4")]);
    let idle: Vec<TcpStream> = (0..500).map(|_| attacked.connect()).collect();
    attacked.still_answers();
    let mut slow = attacked.connect();
    slow.write_all(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
    )
    .expect("a head");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        // The service gives up before the client does.
        let _ = slow.write_all(b" ");
        std::thread::sleep(Duration::from_secs(1));
    }
    attacked.still_answers();
    slow.shutdown(std::net::Shutdown::Write).ok();
    assert_eq!(
        answer(&mut slow).map(|(status, body)| (status, code(&body))),
        Some((408, "REQUEST_TIMEOUT".to_owned()))
    );
    let (mut head, started) = (attacked.connect(), Instant::now());
    let _ = head.write_all(b"POST /graphql HTTP/1.1\r\nX-Slow: ");
    while head.write_all(b"a").is_ok() {
        assert!(started.elapsed() < PATIENCE, "a head of a byte a second does not stay for ever");
        std::thread::sleep(Duration::from_secs(1));
    }
    // The same holds for connections that send nothing.
    for mut connection in idle {
        assert!(matches!(connection.read(&mut [0; 256]), Ok(0)), "closed, and nothing is said");
    }
    attacked.still_answers();
}

#[test]
fn tokens_that_are_huge_or_not_even_text() {
    let attacked = Attacked::start();
    for token in [vec![b'a'; 64 * 1024], b"\xff\xff".to_vec(), b"a.b.c".to_vec()] {
        let body = r#"{"query":"{ viewer { role } }"}"#;
        let mut request = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nAuthorization: Bearer ".to_vec();
        request.extend_from_slice(&token);
        request.extend_from_slice(format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        let status = attacked.send(&request).map(|(status, _)| status);
        assert!(matches!(status, Some(401 | 431)), "{status:?}");
        attacked.still_answers();
    }
}

/// Forged tokens, named by what is wrong with them, and a valid one.
async fn tokens(data: &Path) -> (Vec<(String, String)>, String) {
    let keys = KeyRing::open(data, None).await.expect("the program's keys");
    let (own, now) = (keys.own(), chrono::Utc::now().timestamp());
    let good = json!({ "iss": "rec", "aud": "rec-api", "sub": "someone", "exp": now + 3600, "role": "admin" });
    let signed =
        |claims: &Value| encode(&header(Algorithm::EdDSA, Some(&own.kid)), claims, &own.signing).expect("a token");
    let public = Jwk::from_decoding_key(&own.verifying.key, Some(Algorithm::EdDSA)).expect("a key");
    let public = serde_json::to_value(public).expect("JSON")["x"].as_str().expect("x").to_owned();
    let public = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(public).expect("bytes"));
    let symmetric = encode(&header(Algorithm::HS256, Some(&own.kid)), &good, &public).expect("a token");
    let unknown = encode(&header(Algorithm::EdDSA, Some("unknown")), &good, &own.signing).expect("a token");
    let foreign = encode(&header(Algorithm::EdDSA, Some(&own.kid)), &good, &foreign_key()).expect("a token");
    let unsigned = handmade(&json!({ "alg": "none", "typ": "JWT", "kid": own.kid }), &good, "");
    let mut forged = vec![
        ("alg none".to_owned(), unsigned),
        ("HS256 with the public key".to_owned(), symmetric),
        ("an unknown kid".to_owned(), unknown),
        ("a foreign key".to_owned(), foreign),
        ("64 KB".to_owned(), "a".repeat(64 * 1024)),
    ];
    for missing in ["aud", "iss", "exp"] {
        let mut claims = good.clone();
        claims.as_object_mut().expect("claims").remove(missing);
        forged.push((format!("no {missing}"), signed(&claims)));
    }
    let mut future = good.clone();
    future["nbf"] = json!(now + 600);
    forged.push(("a future nbf".to_owned(), signed(&future)));
    (forged, signed(&good))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_forged() {
    let attacked = Attacked::start();
    let (forged, good) = tokens(&attacked.directory.path().join("data")).await;
    let port = attacked.serving.port;
    let role = ask(port, Some(&good), "{ viewer { role } }", &json!({})).expect("an answer");
    assert_eq!(role["data"]["viewer"]["role"], "ADMIN");
    Socket::begin(port, Some(&good)).await;
    for (wrong, token) in forged {
        let answer = ask(port, Some(&token), "{ viewer { role } }", &json!({}));
        // A head that is too long is refused before it is read in full.
        let code = answer.map(|answer| answer["errors"][0]["extensions"]["code"].clone());
        assert!(code == Some(json!("UNAUTHENTICATED")) || (wrong == "64 KB" && code.is_none()), "{wrong}: {code:?}");
        let mut socket = Socket::open(port, "graphql-transport-ws", None).await.expect("a socket");
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        socket.say(&json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await, Some(4403), "{wrong}");
        attacked.still_answers();
    }
}

#[tokio::test]
async fn sockets_that_break_the_protocol() {
    let attacked = Attacked::start();
    let port = attacked.serving.port;
    let (init, follow) = (json!({ "type": "connection_init" }), "subscription { serviceStatus { head } }");
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": follow } });
    for (code, messages) in [
        (4400, vec![json!({ "type": "unknown" })]),
        (4400, vec![json!("nonsense")]),
        (4401, vec![subscribe.clone()]),
        (4409, vec![init.clone(), subscribe.clone(), subscribe]),
        (4408, Vec::new()),
    ] {
        let mut socket = Socket::open(port, "graphql-transport-ws", None).await.expect("a socket");
        for message in &messages {
            socket.say(message).await;
        }
        assert_eq!(socket.closed().await, Some(code), "{messages:?}");
        attacked.still_answers();
    }
    let stranger = Socket::open(port, "graphql-transport-ws", Some("https://stranger.example")).await;
    assert_eq!(stranger.err(), Some(403));
    attacked.still_answers();
}

#[tokio::test]
async fn sockets_that_flood_the_service() {
    let attacked = Attacked::start();
    let port = attacked.serving.port;
    let follow = |id: usize| {
        let payload = json!({ "query": "subscription { serviceStatus { head } }" });
        json!({ "id": id.to_string(), "type": "subscribe", "payload": payload })
    };
    let mut many = Socket::begin(port, None).await;
    for id in 0..10_000 {
        many.say(&follow(id)).await;
    }
    assert_eq!(many.closed().await, Some(4429));
    attacked.still_answers();
    // A frame that is too long is refused by its header, before any of it is stored.
    let mut announced = Socket::begin(port, None).await;
    announced.send_raw(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x04, 0x93, 0xe0, 0, 0, 0, 0]).await;
    announced.closed().await;
    attacked.still_answers();
    for size in [300 << 10, 20 << 20] {
        let mut huge = Socket::begin(port, None).await;
        huge.send(Message::Text("x".repeat(size).into())).await;
        huge.closed().await;
        attacked.still_answers();
    }
    let mut pieces = Socket::begin(port, None).await;
    for number in 0..100 {
        let (data, opcode) = (vec![b'x'; 64 << 10], if number == 0 { Data::Text } else { Data::Continue });
        pieces.send(Message::Frame(Frame::message(data, OpCode::Data(opcode), false))).await;
    }
    pieces.closed().await;
    attacked.still_answers();
    let mut pings = Socket::begin(port, None).await;
    // The answers are not read.
    for _ in 0..10_000 {
        pings.say(&json!({ "type": "ping" })).await;
    }
    attacked.still_answers();
    let mut gone = Socket::begin(port, None).await;
    for id in 0..10_000 {
        gone.say(&follow(id)).await;
        gone.say(&json!({ "id": id.to_string(), "type": "complete" })).await;
    }
    attacked.still_answers();
    // Another document each time.
    let mut number = 0;
    let mut asked = || {
        number += 1;
        let query = format!("{{ bodies {{ nodes {{ code }} }} }} # {number}");
        assert_eq!(attacked.document(&query, &json!({})), (200, "none".to_owned()));
    };
    let usual = usual(&mut asked);
    // Operations whose answers are not read are queued, and nothing waits for them.
    let mut unread = Socket::begin(port, None).await;
    for id in 0..90 {
        let query = format!("{{ meetings {{ nodes {{ title agenda {{ title }} sources {{ title url }} }} }} }} # {id}");
        unread.subscribe(&id.to_string(), &query).await;
    }
    for _ in 0..20 {
        let begun = Instant::now();
        asked();
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(1) + 10 * usual, "{took:?}, usually {usual:?}");
    }
    attacked.still_answers();
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(Socket::open(port, "graphql-transport-ws", None).await.expect("a socket"));
    }
    attacked.still_answers();
    for socket in &mut silent {
        assert_eq!(socket.closed().await, Some(4408));
    }
    attacked.still_answers();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_many_sockets_are_told_of() {
    let attacked = Attacked::start();
    let port = attacked.serving.port;
    let mut sockets = Vec::new();
    for _ in 0..300 {
        sockets.push(Socket::begin(port, None).await);
    }
    let stopping = tokio::task::spawn_blocking(move || attacked.serving.stop());
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, Some(1001));
    }
    stopping.await.expect("an end");
}
