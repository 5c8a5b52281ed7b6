//! Writers beside an import: how long a mutation takes and how long the import takes, each compared with the same alone.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rec_tests::TestApp;
use serde_json::json;

use super::program::{Program, command, serve};
use super::{Line, median};

/// The lines of an import, and how often it is measured alone and beside writers.
const LINES: usize = 20_000;
const ROUNDS: usize = 3;
/// The pause of a writer between two mutations.
const PAUSE: Duration = Duration::from_millis(40);

/// What a writer has measured.
struct Writer<'a> {
    program: &'a Program,
    token: String,
    count: usize,
}

impl Writer<'_> {
    /// The times of mutations, repeated as long as something goes on.
    async fn write(&mut self, goes_on: impl Fn() -> bool) -> Vec<Duration> {
        let mut times = Vec::new();
        while goes_on() {
            self.count += 1;
            let started = Instant::now();
            self.program.create_theme(&self.token, &format!("BESIDE-{}", self.count)).await;
            times.push(started.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
        times
    }
}

/// The lines of a round, with records that are new in it.
fn file(directory: &Path, body: &str, round: usize) -> PathBuf {
    let path = directory.join(format!("{round}.ndjson"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    for number in round * LINES..(round + 1) * LINES {
        let line = json!({
            "type": "RECOMMENDATION", "externalId": { "sourceSystem": "beside", "value": number.to_string() },
            "bodyId": body, "kind": "RECOMMENDATION",
            "title": [{ "locale": "EN", "text": format!("Recommendation {number}") }],
            "text": [{ "locale": "EN", "text": "The states are invited to exchange good practice in schooling." }],
        });
        writeln!(file, "{line}").unwrap();
    }
    path
}

pub async fn measure(app: &TestApp, name: &str) -> [Line; 2] {
    let program = serve(&app.url).await;
    let (body, data) = (app.body("WG-A").await, program.directory.path());
    let import = |round: usize| {
        let mut command = command(data, &app.url);
        command.arg("import").arg(file(data, &body, round));
        tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            assert!(command.output().unwrap().status.success());
            started.elapsed()
        })
    };
    let mut writer = Writer { program: &program, token: program.token(&app.url), count: 0 };
    let end = Instant::now() + Duration::from_secs(5);
    let usual = writer.write(|| Instant::now() < end).await;
    let (mut alone, mut beside, mut ratios, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let one = import(2 * round).await.unwrap();
        let importing = import(2 * round + 1);
        times.extend(writer.write(|| !importing.is_finished()).await);
        let other = importing.await.unwrap();
        ratios.push(other.as_secs_f64() / one.as_secs_f64());
        alone.push(one);
        beside.push(other);
    }
    ratios.sort_by(f64::total_cmp);
    let shown = |times: Vec<Duration>| format!("{:.2} s", median(times).as_secs_f64());
    [
        Line::bound(
            format!("{name}: a mutation beside an import, the 95th of a hundred (alone {:.1} ms)", slow(usual)),
            slow(times),
            "ms",
            50.0,
        ),
        Line {
            what: format!("{name}: import of 20,000 beside a writer, to itself alone"),
            ours: shown(beside),
            by_hand: shown(alone),
            ratio: ratios[ratios.len() / 2],
            spread: Some((ratios[0], ratios[ratios.len() - 1])),
            limit: 1.2,
        },
    ]
}

/// The 95th percentile in milliseconds.
fn slow(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[(times.len() - 1) * 95 / 100].as_secs_f64() * 1e3
}
