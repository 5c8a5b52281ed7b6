//! What a page costs among 2,000 and among 200,000 recommendations, for every viewer, order and filter.

use std::time::{Duration, Instant};

use rec_api::service::seed;
use rec_tests::client::Client;
use rec_tests::{Database, TestApp, postgres};
use serde_json::{Value, json};

use crate::{Asked, Line};

const FEW: u32 = 2_000;
const MANY: u32 = 200_000;
/// The best of so many: the machine is noisy in one direction only. What takes longer than this in all is not asked for again.
const TIMES: u32 = 9;
const PATIENCE: Duration = Duration::from_millis(100);
/// So many cells are printed.
const WORST: usize = 10;
const LIMIT: f64 = 1.5;

const LIST: &str = "query($filter: RecommendationFilter, $order: [RecommendationOrder!]) { recommendations(first: 20, filter: $filter, \
    orderBy: $order) { nodes { id title status adoptedOn } } }";
const OF_BODIES: &str = "query($order: [RecommendationOrder!]) { bodies { nodes { code recommendations(first: 5, orderBy: $order) { \
    nodes { id title status } } } } }";
const OF_ORGANIZATIONS: &str = "query($order: [RecommendationOrder!]) { organizations(first: 20, orderBy: [{ field: ACRONYM }]) { \
    nodes { acronym recommendations(first: 5, orderBy: $order) { totalCount nodes { id title status } } } } }";
const ORDERS: [&str; 6] = ["LABEL", "STATUS", "TARGET_DATE", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"];

/// A cell of the matrix: what is asked for, in words and as a query.
struct Cell {
    what: String,
    query: &'static str,
    variables: Value,
}

fn cells() -> Vec<Cell> {
    let filters = [
        ("", Value::Null),
        (", of a status", json!({ "status": { "eq": "ADOPTED" } })),
        (", of a body", json!({ "body": { "code": { "eq": "WG-A" } } })),
        (", of a body without any", json!({ "body": { "code": { "eq": "PL" } } })),
        (", to a country", json!({ "addressedCountries": { "some": { "iso2": { "eq": "KZ" } } } })),
        (", to an organisation", json!({ "addressedOrganizations": { "some": { "acronym": { "eq": "OSCE" } } } })),
        (", changed since", json!({ "updatedAt": { "gte": "2020-01-01T00:00:00Z" } })),
    ];
    let lists = filters.into_iter().map(|(words, filter)| (format!("recommendations{words}"), LIST, filter));
    let nested = [("bodies { recommendations }", OF_BODIES), ("organizations { recommendations }", OF_ORGANIZATIONS)];
    let asked = lists.chain(nested.map(|(what, query)| (what.to_owned(), query, Value::Null)));
    let cells = asked.flat_map(|(what, query, filter)| {
        ORDERS.iter().flat_map(|field| [(*field, "ASC"), (*field, "DESC")]).map(move |(field, direction)| Cell {
            what: format!("{what} by {field} {direction}"),
            query,
            variables: json!({ "filter": filter, "order": [{ "field": field, "direction": direction }] }),
        })
    });
    cells.collect()
}

fn viewers(app: &TestApp) -> [(&'static str, Client); 4] {
    [
        ("anonymous", app.anonymous()),
        ("reader", app.reader()),
        ("partner", app.partner("OSCE")),
        ("secretariat", app.secretariat()),
    ]
}

async fn best(client: &Client, cell: &Cell) -> Duration {
    let asked = Asked::new(client, cell.query, cell.variables.clone()).await;
    let (mut best, mut all) = (Duration::MAX, Duration::ZERO);
    for _ in 0..TIMES {
        let started = Instant::now();
        asked.ask().await;
        best = best.min(started.elapsed());
        all += started.elapsed();
        if all > PATIENCE {
            break;
        }
    }
    best
}

/// The worst cells of the matrix, and how many of all of them grow with the table.
pub async fn measure(database: Database, name: &str) -> Vec<Line> {
    let [few, many] = [FEW, MANY].map(async |count| {
        let app = TestApp::start(database).await.expect("a database");
        seed::scale::load(&app.app, count, count / 10).await.unwrap();
        app
    });
    let (few, many) = (few.await, many.await);
    let mut lines = Vec::new();
    for ((viewer, of_few), (_, of_many)) in viewers(&few).iter().zip(viewers(&many).iter()) {
        for cell in cells() {
            let (little, much) = (best(of_few, &cell).await, best(of_many, &cell).await);
            let shown = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
            lines.push(Line {
                what: format!("{name}: {viewer}: {}, among {MANY} to among {FEW}", cell.what),
                ours: shown(much),
                by_hand: shown(little),
                ratio: much.as_secs_f64() / little.as_secs_f64(),
                spread: None,
                limit: LIMIT,
            });
        }
    }
    let (all, grow) = (lines.len(), lines.iter().filter(|line| !line.is_met()).count());
    lines.sort_by(|one, other| other.ratio.total_cmp(&one.ratio));
    lines.truncate(WORST);
    lines.push(Line {
        what: format!("{name}: lists that grow with the table"),
        ours: grow.to_string(),
        by_hand: format!("of {all}"),
        ratio: f64::from(u32::try_from(grow).unwrap()),
        spread: None,
        limit: 0.0,
    });
    if database == Database::Postgres {
        for app in [few, many] {
            postgres::drop_database(&app.url).await;
        }
    }
    lines
}

/// A nested page for whoever sees the least, to the same page for whoever sees all.
pub async fn by_viewer(app: &TestApp, name: &str) -> Line {
    let variables = json!({ "first": 20, "order": [{ "field": "ADOPTED_ON", "direction": "DESC" }] });
    let anonymous = Asked::new(&app.anonymous(), crate::NESTED_PAGE, variables.clone()).await;
    let secretariat = Asked::new(&app.secretariat(), crate::NESTED_PAGE, variables).await;
    let what = format!("{name}: last adopted nested page of 20 for anonymous, to that for the secretariat");
    Line::compare(what, 1.1, async || anonymous.ask().await, async || secretariat.ask().await).await
}
