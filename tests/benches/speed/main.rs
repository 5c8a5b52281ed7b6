//! Measured comparisons, each against its limit, in one run: `cargo bench -p rec-tests`. Machines are noisy, so that what
//! counts are ratios; ours and by hand take turns.
#![expect(clippy::print_stdout, reason = "the table is printed")]
#![expect(clippy::unwrap_used, reason = "a bench that fails stops")]

mod by_hand;
mod program;

use std::time::{Duration, Instant};

use axum::body::Bytes;
use rec_api::service::seed;
use rec_tests::client::Client;
use rec_tests::{Database, TestApp};
use serde_json::{Value, json};

use by_hand::ByHand;

const ROUNDS: usize = 400;
const WARM_UP: usize = 100;

/// The page that the issue names: 20 recommendations with their bodies, and the organisers of their meetings.
pub const NESTED_PAGE: &str = "query($first: Int, $after: String) { recommendations(first: $first, after: $after) { nodes { label title status \
    body { code } meeting { title startsOn organizers { organization { acronym name } } } } } }";
const FLAT_PAGE: &str = "query($first: Int, $after: String) { recommendations(first: $first, after: $after) { nodes { label status } pageInfo { endCursor } } }";
const BY_LABEL: &str = "query($label: String!) { recommendation(by: { label: $label }) { id label status } }";

/// A line of the table.
struct Line {
    what: String,
    ours: String,
    by_hand: String,
    ratio: f64,
    limit: f64,
}

impl Line {
    fn print(&self) {
        let verdict = if self.ratio <= self.limit { "" } else { " **missed**" };
        println!(
            "| {} | {} | {} | {:.2} | {:.2}{verdict} |",
            self.what, self.ours, self.by_hand, self.ratio, self.limit
        );
    }

    fn of(what: String, ours: Duration, other: Duration, limit: f64) -> Self {
        let ratio = ours.as_secs_f64() / other.as_secs_f64();
        Self { what, ours: shown(ours), by_hand: shown(other), ratio, limit }
    }

    /// A quantity against its bound; the ratio is the share of the bound that is used.
    fn bound(what: String, ours: f64, unit: &str, bound: f64) -> Self {
        Self {
            what,
            ours: format!("{ours:.1} {unit}"),
            by_hand: format!("bound {bound} {unit}"),
            ratio: ours / bound,
            limit: 1.0,
        }
    }
}

fn shown(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        println!("| what | ours | by hand | ratio | limit |\n|---|---|---|---|---|");
        for database in [Database::Sqlite, Database::Postgres] {
            measure(database).await;
        }
        for line in program::measure().await {
            line.print();
        }
    });
}

async fn measure(database: Database) {
    let small = TestApp::start(database).await.expect("a database");
    let name = if database == Database::Sqlite { "SQLite" } else { "PostgreSQL" };
    let started = Instant::now();
    seed::scale::load(&small.app, 20_000, 2_000).await.unwrap();
    Line::bound(format!("{name}: seed 20,000 recommendations"), started.elapsed().as_secs_f64(), "s", 30.0).print();
    by_hand::analyze(&small).await;
    let hand = ByHand::connect(&small.url).await;
    let viewer = small.anonymous();
    let page = viewer.query_with(NESTED_PAGE, json!({ "first": 20 })).await;
    assert_eq!(page["recommendations"]["nodes"].as_array().unwrap().len(), 20);
    let nested = request(NESTED_PAGE, json!({ "first": 20 }));
    let (ours, theirs) = take_turns(async || answer(&viewer, &nested).await, async || hand.nested_page().await).await;
    let limit = if database == Database::Sqlite { 2.0 } else { 1.5 };
    Line::of(format!("{name}: nested page of 20"), ours, theirs, limit).print();

    let everything = small.secretariat();
    let far = request(NESTED_PAGE, json!({ "first": 20, "after": cursor_after(&everything, 15_000).await }));
    let (deep, first) =
        take_turns(async || answer(&everything, &far).await, async || answer(&everything, &nested).await).await;
    Line::of(format!("{name}: page after 15,000 rows, to the first page"), deep, first, 1.3).print();

    let label = label_in_use(&viewer).await;
    let one = request(BY_LABEL, json!({ "label": label }));
    let (ours, theirs) = take_turns(async || answer(&viewer, &one).await, async || hand.by_label(&label).await).await;
    Line::of(format!("{name}: look-up by label"), ours, theirs, 2.0).print();

    let large = TestApp::start(database).await.expect("a database");
    seed::scale::load(&large.app, 200_000, 20_000).await.unwrap();
    by_hand::analyze(&large).await;
    let many = large.anonymous();
    let (at_200, at_20) =
        take_turns(async || answer(&many, &nested).await, async || answer(&viewer, &nested).await).await;
    Line::of(format!("{name}: nested page of 200,000, to that of 20,000"), at_200, at_20, 1.5).print();
    if database == Database::Postgres {
        rec_tests::postgres::drop_database(&small.url).await;
        rec_tests::postgres::drop_database(&large.url).await;
    }
}

/// A request's bytes.
fn request(query: &str, variables: Value) -> Bytes {
    json!({ "query": query, "variables": variables }).to_string().into()
}

/// From a request's bytes to its answer's, which nobody reads: reading it is the client's work.
async fn answer(client: &Client, request: &Bytes) {
    let (parts, body) = client.post(request.clone()).await;
    assert!(parts.status.is_success());
    std::hint::black_box(body);
}

/// The medians of two actions that take turns.
async fn take_turns(one: impl AsyncFn(), other: impl AsyncFn()) -> (Duration, Duration) {
    for _ in 0..WARM_UP {
        one().await;
        other().await;
    }
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        one().await;
        ones.push(started.elapsed());
        let started = Instant::now();
        other().await;
        others.push(started.elapsed());
    }
    (median(ones), median(others))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn cursor_after(client: &Client, rows: usize) -> Value {
    let mut after = Value::Null;
    for _ in 0..rows / 100 {
        let data = client.query_with(FLAT_PAGE, json!({ "first": 100, "after": after })).await;
        after = data["recommendations"]["pageInfo"]["endCursor"].clone();
    }
    after
}

async fn label_in_use(client: &Client) -> String {
    let data = client.query_with(FLAT_PAGE, json!({ "first": 50 })).await;
    data["recommendations"]["nodes"][30]["label"].as_str().unwrap().to_owned()
}
