//! Measured comparisons, each against its limit, in one run: `cargo bench -p rec-tests`. Machines are noisy, so that what
//! counts are ratios: the two sides of a line take turns, and its ratio is the median of those of the rounds. Parts of the table
//! can be named: `cargo bench -p rec-tests -- hand endpoint lists consensus records points pages sync program followers beside`; `million` takes long, and is
//! measured only if it is named. `--against REV` before them compares this bench with that of another revision.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is printed, and what goes wrong")]
#![expect(clippy::unwrap_used, reason = "a bench that fails stops")]

mod against;
mod beside;
mod by_hand;
mod consensus;
mod endpoint;
mod followers;
mod lists;
mod options;
mod points;
mod program;
mod records;
mod sync;

use std::fs::File;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use rec_api::service::seed;
use rec_api::telemetry;
use rec_tests::client::Client;
use rec_tests::{Database, TestApp, postgres};
use serde_json::{Value, json};

use by_hand::ByHand;
use options::Options;

const ROUNDS: usize = 61;
/// How long each side of a round takes at least.
const TURN: Duration = Duration::from_millis(8);
/// Enough for every connection to have prepared every statement.
const WARM_UP: usize = 100;

/// A nested page: 20 recommendations with their bodies, and the organisers of their meetings.
pub const NESTED_PAGE: &str = "query($first: Int, $after: String, $order: [RecommendationOrder!]) { recommendations(first: $first, after: $after, \
    orderBy: $order) { nodes { label title status body { code } meeting { title startsOn organizers { organization { acronym name } } } } } }";
/// The same page without the fields of which the records of one order have more than those of another.
const FLAT_PAGE: &str = "query($first: Int, $after: String, $order: [RecommendationOrder!]) { recommendations(first: $first, after: $after, \
    orderBy: $order) { nodes { label title status adoptedOn body { code } } } }";
const CURSORS: &str = "query($first: Int, $after: String, $order: [RecommendationOrder!]) { recommendations(first: $first, after: $after, \
    orderBy: $order) { nodes { label } pageInfo { endCursor } } }";
const BY_LABEL: &str = "query($label: String!) { recommendation(by: { label: $label }) { id label status } }";

/// The orders in which deep pages and large lists are read, and the query for each.
const ORDERS: [(&str, &str, &str); 4] = [
    ("CREATED_AT", "ASC", NESTED_PAGE),
    ("LABEL", "ASC", FLAT_PAGE),
    ("LABEL", "DESC", FLAT_PAGE),
    ("ADOPTED_ON", "DESC", FLAT_PAGE),
];

/// A line of the table.
struct Line {
    what: String,
    ours: String,
    by_hand: String,
    ratio: f64,
    /// The 10th and the 90th percentile of the ratios.
    spread: Option<(f64, f64)>,
    limit: f64,
}

impl Line {
    fn print(&self) {
        let verdict = if self.is_met() { "" } else { " **missed**" };
        let spread = self.spread.map(|(low, high)| format!(" ({low:.2} to {high:.2})")).unwrap_or_default();
        let limit = if self.limit.is_finite() { format!("{:.2}", self.limit) } else { "none".to_owned() };
        println!("| {} | {} | {} | {:.2}{spread} | {limit}{verdict} |", self.what, self.ours, self.by_hand, self.ratio);
    }

    fn is_met(&self) -> bool {
        self.ratio <= self.limit
    }

    /// A quantity against its bound; the ratio is the share of the bound that is used.
    fn bound(what: String, ours: f64, unit: &str, bound: f64) -> Self {
        Self {
            what,
            ours: format!("{ours:.1} {unit}"),
            by_hand: format!("bound {bound} {unit}"),
            ratio: ours / bound,
            spread: None,
            limit: 1.0,
        }
    }

    /// The time of one action against that of another.
    async fn compare(what: String, limit: f64, one: impl AsyncFn(), other: impl AsyncFn()) -> Self {
        let (times, mut ratios) = rounds(one, other).await;
        ratios.sort_by(f64::total_cmp);
        let at = |share: usize| ratios[(ratios.len() - 1) * share / 100];
        let shown = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
        let (ours, by_hand) = (shown(times.0), shown(times.1));
        Self { what, ours, by_hand, ratio: at(50), spread: Some((at(10), at(90))), limit }
    }
}

/// What the program logs by default.
const LOG: &str = "info,sqlx=warn,sea_orm_migration=warn";

/// The exit code of arguments that nothing can be made of.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match Options::read(std::env::args().skip(1)) {
        Ok(Options { parts, against: Some(revision) }) => against::compare(&revision, &parts),
        Ok(options) => print_table(&options),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(UNUSABLE)
        }
    }
}

/// Measures what is wanted; fails if a limit is missed.
fn print_table(options: &Options) -> ExitCode {
    // Requests are logged as the program logs them, to a file that discards everything.
    let log = std::env::var("REC_LOG").unwrap_or_else(|_| LOG.to_owned());
    telemetry::start(&log, Arc::new(File::create("/dev/null").unwrap()), false).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .unwrap();
    let missed = runtime.block_on(async {
        println!("| what | ours | by hand | ratio | limit |\n|---|---|---|---|---|");
        let mut missed = 0;
        for database in [Database::Sqlite, Database::Postgres] {
            missed += measure(database, options).await;
        }
        missed
    });
    if missed == 0 {
        return ExitCode::SUCCESS;
    }
    println!("\nLimits that are missed: {missed}.");
    ExitCode::FAILURE
}

/// Prints the lines of one database; returns how many miss their limit.
async fn measure(database: Database, options: &Options) -> usize {
    let name = if database == Database::Sqlite { "SQLite" } else { "PostgreSQL" };
    let mut missed = 0;
    let mut print = |line: Line| {
        line.print();
        missed += usize::from(!line.is_met());
    };
    let small = TestApp::start(database).await.expect("a database");
    let started = Instant::now();
    seed::scale::load(&small.app, 20_000, 2_000).await.unwrap();
    let took = started.elapsed().as_secs_f64();
    print(Line::bound(format!("{name}: seed 20,000 recommendations"), took, "s", 30.0));
    if options.is_wanted("hand") {
        by_hand_lines(&small, name, &mut print).await;
    }
    // What happens before the database is the same on both.
    if database == Database::Sqlite && options.is_wanted("endpoint") {
        for line in endpoint::measure(&small).await {
            print(line);
        }
    }
    if options.is_wanted("lists") {
        print(lists::by_viewer(&small, name).await);
        for line in Box::pin(lists::measure(database, name, &lists::GROWTH)).await {
            print(line);
        }
    }
    if options.is_wanted("consensus") {
        for line in Box::pin(consensus::measure(database, name)).await {
            print(line);
        }
    }
    if options.is_wanted("records") {
        for line in Box::pin(records::measure(database, name)).await {
            print(line);
        }
    }
    if options.is_wanted("million") {
        for line in Box::pin(lists::measure(database, name, &lists::TO_A_MILLION)).await {
            print(line);
        }
    }
    let mut used = vec![small.url.clone()];
    if options.is_wanted("pages") || options.is_wanted("sync") {
        let large = TestApp::start(database).await.expect("a database");
        seed::scale::load(&large.app, 200_000, 20_000).await.unwrap();
        if options.is_wanted("pages") {
            for order in ORDERS {
                deep_and_large_lines(&small, &large, name, order, &mut print).await;
            }
        }
        if options.is_wanted("sync") {
            let other = TestApp::start(database).await.expect("a database");
            seed::scale::load(&other.app, 20_000, 2_000).await.unwrap();
            for line in sync::measure(&small, &other, &large, name).await {
                print(line);
            }
            print(program::export(&large.url, name).await);
            used.push(other.url.clone());
        }
        used.push(large.url.clone());
    }
    if options.is_wanted("program") {
        for line in program::measure(&small.url, name).await {
            print(line);
        }
    }
    if options.is_wanted("followers") {
        for line in followers::measure(&small.url, database, name).await {
            print(line);
        }
    }
    if options.is_wanted("points") {
        for line in points::measure(database, name).await {
            print(line);
        }
    }
    if options.is_wanted("beside") {
        for line in beside::measure(&small, name).await {
            print(line);
        }
    }
    for url in used.iter().filter(|_| database == Database::Postgres) {
        postgres::drop_database(url).await;
    }
    missed
}

/// The service against the same statements run by hand. The first line shows how quiet the machine is.
async fn by_hand_lines(app: &TestApp, name: &str, print: &mut impl FnMut(Line)) {
    let hand = Arc::new(ByHand::connect(&app.url).await);
    let nested = async || {
        hand.nested_page().await;
    };
    print(Line::compare(format!("{name}: by hand, to itself"), 1.1, nested, nested).await);
    let viewer = app.anonymous();
    let page = Asked::new(&viewer, NESTED_PAGE, json!({ "first": 20 })).await;
    assert_eq!(hand.nested_page().await, page.data()["recommendations"]["nodes"].as_array().unwrap().len());
    let limit = if name == "SQLite" { 2.0 } else { 1.5 };
    print(Line::compare(format!("{name}: nested page of 20"), limit, async || page.ask().await, nested).await);
    let label =
        Asked::new(&viewer, CURSORS, json!({ "first": 50 })).await.data()["recommendations"]["nodes"][30]["label"]
            .as_str()
            .unwrap()
            .to_owned();
    let one = Asked::new(&viewer, BY_LABEL, json!({ "label": label })).await;
    let lookup = async || hand.by_label(&label).await;
    print(Line::compare(format!("{name}: look-up by label"), 2.0, async || one.ask().await, lookup).await);
    print(endpoint::nested_page(app, Arc::clone(&hand), name).await);
}

/// A page far down a list, and a page of a list ten times as long, each against the first page; in one order.
async fn deep_and_large_lines(
    small: &TestApp,
    large: &TestApp,
    name: &str,
    (field, direction, query): (&str, &str, &str),
    print: &mut impl FnMut(Line),
) {
    let order = json!([{ "field": field, "direction": direction }]);
    let place = format!("by {field} {direction}");
    let (everything, first_page) = (small.secretariat(), json!({ "first": 20, "order": order }));
    let after = cursor_after(&everything, 15_000, &order).await;
    let far = Asked::new(&everything, query, json!({ "first": 20, "after": after, "order": order })).await;
    let near = Asked::new(&everything, query, first_page.clone()).await;
    let what = format!("{name}: page after 15,000 rows, to the first page, {place}");
    print(Line::compare(what, 1.3, async || far.ask().await, async || near.ask().await).await);
    let readers = [small.reader(), large.reader()];
    let short = Asked::new(&readers[0], query, first_page.clone()).await;
    let long = Asked::new(&readers[1], query, first_page).await;
    let what = format!("{name}: page of 200,000, to that of 20,000, {place}");
    print(Line::compare(what, 1.5, async || long.ask().await, async || short.ask().await).await);
}

/// A request whose answer is known.
struct Asked {
    client: Client,
    request: Bytes,
    answer: Bytes,
}

impl Asked {
    async fn new(client: &Client, query: &str, variables: Value) -> Self {
        let request = Bytes::from(json!({ "query": query, "variables": variables }).to_string());
        let (_, answer) = client.post(request.clone()).await;
        let asked = Self { client: client.clone(), request, answer };
        assert!(!asked.data().is_null(), "{:?}", asked.answer);
        asked
    }

    fn data(&self) -> Value {
        let mut answer: Value = serde_json::from_slice(&self.answer).unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    /// From a request's bytes to its answer's. Reading them is the client's work.
    async fn ask(&self) {
        let (_, answer) = self.client.post(self.request.clone()).await;
        assert!(answer == self.answer, "another answer");
    }
}

/// The median times of two actions that take turns, and for each round the ratio of the first to the second.
async fn rounds(one: impl AsyncFn(), other: impl AsyncFn()) -> ((Duration, Duration), Vec<f64>) {
    for _ in 0..WARM_UP {
        one().await;
        other().await;
    }
    let times = (repeats(&one).await, repeats(&other).await);
    let (mut ones, mut others, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Neither side always goes first.
        let (one, other) = if round % 2 == 0 {
            let one = turn(&one, times.0).await;
            (one, turn(&other, times.1).await)
        } else {
            let other = turn(&other, times.1).await;
            (turn(&one, times.0).await, other)
        };
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        ones.push(one);
        others.push(other);
    }
    ((median(ones), median(others)), ratios)
}

/// How often an action is done in a turn.
async fn repeats(action: &impl AsyncFn()) -> u32 {
    let (started, mut count) = (Instant::now(), 0);
    while started.elapsed() < TURN {
        action().await;
        count += 1;
    }
    count
}

/// The average time of an action in one turn.
async fn turn(action: &impl AsyncFn(), times: u32) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        action().await;
    }
    started.elapsed() / times
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn cursor_after(client: &Client, rows: usize, order: &Value) -> Value {
    let mut after = Value::Null;
    for _ in 0..rows / 100 {
        let data = client.query_with(CURSORS, json!({ "first": 100, "after": after, "order": order })).await;
        after = data["recommendations"]["pageInfo"]["endCursor"].clone();
    }
    after
}
