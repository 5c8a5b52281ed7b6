//! The release program from outside, on either database: how fast it starts, and how much memory it holds after many
//! requests.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Line, NESTED_PAGE};

const REQUESTS: usize = 10_000;
const AT_ONCE: usize = 8;
/// As many as the service keeps parsed.
const DOCUMENTS: usize = 1_000;

/// The server, ended with the bench.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the seeded database of an address.
pub async fn measure(url: &str, name: &str) -> Vec<Line> {
    let program = Path::new(env!("CARGO_BIN_EXE_rec-program"));
    let directory = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Instant::now();
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("REC_")) {
        command.env_remove(name);
    }
    command.env("REC_RATE_POINTS", "0").env("REC_LOG", "warn");
    command.env("REC_DATA_DIR", directory.path()).env("REC_DATABASE_URL", url);
    command.env("REC_LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(command.spawn().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = format!("http://127.0.0.1:{port}/health/ready");
    while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
        assert!(started.elapsed() < Duration::from_secs(30), "the program does not start");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let start = started.elapsed().as_secs_f64();
    let took = load(&client, port).await;
    let throughput = f64::from(u32::try_from(REQUESTS).unwrap()) / took.as_secs_f64();
    vec![
        Line::bound(format!("{name}: start of the program on an existing database"), start, "s", 1.0),
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
                // A comment makes another document of it.
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

/// Megabytes of a process that are in memory, as Linux tells.
fn resident(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
