//! The release program from outside, on either database: how fast it starts, and how much memory it holds after many
//! requests.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Line, NESTED_PAGE};

const REQUESTS: usize = 10_000;
const AT_ONCE: usize = 8;
/// As many as the service keeps parsed.
const DOCUMENTS: usize = 1_000;

/// The server, killed when the bench ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program that serves a database, and a client that is ready to ask it.
pub struct Program {
    server: Server,
    pub directory: tempfile::TempDir,
    port: u16,
    client: reqwest::Client,
    /// How long it took to start, in seconds.
    start: f64,
}

impl Program {
    /// A token of the secretariat.
    pub fn token(&self, url: &str) -> String {
        let token = command(self.directory.path(), url).args(["token", "--role", "secretariat"]).output().unwrap();
        String::from_utf8(token.stdout).unwrap().trim().to_owned()
    }

    /// A single mutation.
    pub async fn create_theme(&self, token: &str, code: &str) {
        let input = json!({ "code": code, "kind": "SUBJECT", "name": [{ "locale": "EN", "text": "Bench" }] });
        let query = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { change { cursor } userErrors { code } } }";
        let body = json!({ "query": query, "variables": { "input": input } });
        let answer = self.post(Some(token), body).await;
        assert!(answer.contains("\"userErrors\":[]"), "{answer}");
    }

    /// The answer to a request.
    pub async fn post(&self, token: Option<&str>, body: Value) -> String {
        let mut request = self.client.post(format!("http://127.0.0.1:{}/graphql", self.port)).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().text().await.unwrap()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its resident memory in megabytes.
    pub fn resident(&self) -> f64 {
        resident(self.server.0.id())
    }
}

/// The program on a database, without the rest of the environment's configuration.
pub fn command(data: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rec-program"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("REC_")) {
        command.env_remove(name);
    }
    command.env("REC_DATA_DIR", data).env("REC_DATABASE_URL", url);
    command
}

/// Serves the seeded database of an address.
pub async fn serve(url: &str) -> Program {
    let directory = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Instant::now();
    let mut command = command(directory.path(), url);
    command.env("REC_RATE_POINTS", "0").env("REC_MAX_CONNECTIONS_PER_ADDRESS", "20000").env("REC_LOG", "warn");
    command.env("REC_MAX_CONNECTIONS", "20000");
    command.env("REC_LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = format!("http://127.0.0.1:{port}/health/ready");
    while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
        assert!(started.elapsed() < Duration::from_secs(30), "the program does not start");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Program { server, directory, port, client, start: started.elapsed().as_secs_f64() }
}

/// The memory that an export of a large database takes, compressed as clients ask for it, above what the program takes before.
pub async fn export(url: &str, name: &str) -> Line {
    let program = serve(url).await;
    let process = program.server.0.id();
    let address = format!("http://127.0.0.1:{}/export.ndjson?types=RECOMMENDATION", program.port);
    let base = resident(process);
    let (mut highest, mut bytes) = (base, 0);
    let mut answer = program.client.get(address).header("accept-encoding", "zstd").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "zstd");
    while let Some(portion) = answer.chunk().await.unwrap() {
        bytes += portion.len();
        highest = f64::max(highest, resident(process));
    }
    assert!(bytes > 1_000_000, "{bytes}");
    Line::bound(format!("{name}: memory of `/export.ndjson` of 200,000, above the base"), highest - base, "MB", 50.0)
}

/// The program with a seeded database.
pub async fn measure(url: &str, name: &str) -> Vec<Line> {
    let program = serve(url).await;
    let Program { server, port, client, start, .. } = &program;
    let took = load(client, *port).await;
    let throughput = f64::from(u32::try_from(REQUESTS).unwrap()) / took.as_secs_f64();
    vec![
        Line::bound(format!("{name}: start of the program on an existing database"), *start, "s", 1.0),
        Line::bound(
            format!("{name}: memory after 10,000 nested pages, of 1,000 documents ({throughput:.0} requests/s)"),
            resident(server.0.id()),
            "MB",
            100.0,
        ),
    ]
}

async fn load(client: &reqwest::Client, port: u16) -> Duration {
    let started = Instant::now();
    let workers = (0..AT_ONCE).map(|worker| {
        let client = client.clone();
        tokio::spawn(async move {
            for request in 0..REQUESTS / AT_ONCE {
                // A comment makes it another document.
                let document = format!("{NESTED_PAGE} # {}", (request * AT_ONCE + worker) % DOCUMENTS);
                let body = json!({ "query": document, "variables": { "first": 20 } });
                let answer = client.post(format!("http://127.0.0.1:{port}/graphql")).json(&body).send().await.unwrap();
                let answer = answer.text().await.unwrap();
                assert!(answer.starts_with("{\"data\":{\"recommendations\":{\"nodes\":["), "{answer}");
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    started.elapsed()
}

/// The resident memory of a process in megabytes, as Linux reports it.
fn resident(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
