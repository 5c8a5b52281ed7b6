//! What a page costs among 2,000 and among 200,000 recommendations, for every viewer, order and filter.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rec_tests::client::Client;
use rec_tests::{Database, TestApp, postgres, volume};
use serde_json::{Value, json};

use crate::{Asked, Line};

/// How often it is asked before measuring: each connection of a client plans a statement once.
const BEFORE: u32 = 24;
/// The best of so many runs: noise on a machine only makes them slower. A query that takes longer than this in total is not repeated.
const TIMES: u32 = 9;
const PATIENCE: Duration = Duration::from_millis(100);
/// How many cells are printed.
const WORST: usize = 10;

/// Tables that are compared: of few recommendations and of many, with a tenth as many meetings.
pub struct Growth {
    few: u32,
    many: u32,
    /// How much longer a page may take among many.
    limit: f64,
}

pub const GROWTH: Growth = Growth { few: 2_000, many: 200_000, limit: 1.5 };
pub const TO_A_MILLION: Growth = Growth { few: 20_000, many: 1_000_000, limit: 1.3 };

const RECOMMENDATIONS: &str = "query($filter: RecommendationFilter, $order: [RecommendationOrder!]) { recommendations(first: 20, \
    filter: $filter, orderBy: $order) { nodes { id title status adoptedOn } } }";
const MEETINGS: &str = "query($filter: MeetingFilter, $order: [MeetingOrder!]) { meetings(first: 20, filter: $filter, orderBy: $order) { \
    nodes { id title kind startsOn } } }";
const ORDERS: [&str; 6] = ["LABEL", "STATUS", "TARGET_DATE", "ADOPTED_ON", "CREATED_AT", "UPDATED_AT"];
const ORDERS_OF_MEETINGS: [&str; 5] = ["STARTS_ON", "ENDS_ON", "KIND", "STATUS", "UPDATED_AT"];

/// A cell of the matrix: what is asked for, in words and as a query.
struct Cell {
    list: String,
    order: String,
    query: String,
    variables: Value,
}

/// A list: its name, its query, its filter, and what it is sorted by.
type List = (String, String, Value, &'static [&'static str]);

fn recommendations() -> impl Iterator<Item = List> {
    let filters = [
        ("", Value::Null),
        (", of a status", json!({ "status": { "eq": "ADOPTED" } })),
        (", of a status that few may see", json!({ "status": { "eq": "DRAFT" } })),
        (", of two statuses", json!({ "status": { "in": ["ADOPTED", "TRANSMITTED"] } })),
        (", of a body", json!({ "body": { "code": { "eq": "WG-A" } } })),
        (", of a body without any", json!({ "body": { "code": { "eq": "PL" } } })),
        (", of a body in a status", json!({ "body": { "code": { "eq": "WG-A" } }, "status": { "eq": "ADOPTED" } })),
        (", to a country", json!({ "addressedCountries": { "some": { "iso2": { "eq": "KZ" } } } })),
        (", to an organisation", json!({ "addressedOrganizations": { "some": { "acronym": { "eq": "OSCE" } } } })),
        (", on a theme", json!({ "themes": { "some": { "code": { "eq": "LAW" } } } })),
        (
            ", of a meeting that is not there",
            json!({ "meeting": { "id": { "eq": "mtg_01978d6bd7d87d0b8b0e5bbd4cd7e6a1" } } }),
        ),
        (", changed since", json!({ "updatedAt": { "gte": "2020-01-01T00:00:00Z" } })),
        (", not changed since", json!({ "updatedAt": { "lt": "2020-01-01T00:00:00Z" } })),
    ];
    let lists = filters
        .into_iter()
        .map(|(words, filter)| (format!("recommendations{words}"), RECOMMENDATIONS.to_owned(), filter, &ORDERS[..]));
    let nested = [
        ("bodies", "recommendations"),
        ("organizations", "recommendations"),
        ("organizations", "recommendationsDrafted"),
        ("countries", "recommendations"),
        ("themes", "recommendations"),
    ];
    lists.chain(nested.map(|(records, field)| nested_list(records, field, "RecommendationOrder", &ORDERS)))
}

fn meetings() -> impl Iterator<Item = List> {
    let filters = [
        ("", Value::Null),
        (", of a kind", json!({ "kind": { "eq": "WORKING_GROUP" } })),
        (", in a country", json!({ "country": { "iso2": { "eq": "KZ" } } })),
        (", of an organiser", json!({ "organizers": { "some": { "acronym": { "eq": "OSCE" } } } })),
    ];
    let lists = filters
        .into_iter()
        .map(|(words, filter)| (format!("meetings{words}"), MEETINGS.to_owned(), filter, &ORDERS_OF_MEETINGS[..]));
    let nested = [("bodies", "meetings"), ("organizations", "meetingsOrganized"), ("countries", "meetings")];
    lists.chain(nested.map(|(records, field)| nested_list(records, field, "MeetingOrder", &ORDERS_OF_MEETINGS)))
}

fn parts() -> impl Iterator<Item = List> {
    [
        ("sessions", "BodySessionOrder", &["ORDINAL"][..]),
        ("agendaItems", "AgendaItemOrder", &["POSITION", "KIND", "UPDATED_AT"]),
    ]
    .into_iter()
    .map(|(field, order, orders)| nested_list("bodies", field, order, orders))
}

fn nested_list(records: &str, field: &str, order: &str, orders: &'static [&'static str]) -> List {
    let selected = match field {
        "sessions" => "id ordinal",
        "agendaItems" => "id title kind",
        _ => "id title status",
    };
    let query = format!(
        "query($order: [{order}!]) {{ {records}(first: 20) {{ nodes {{ id {field}(first: 5, orderBy: $order) {{ nodes {{ {selected} \
         }} }} }} }} }}"
    );
    (format!("{records} {{ {field} }}"), query, Value::Null, orders)
}

fn cells() -> Vec<Cell> {
    let cells = recommendations().chain(meetings()).chain(parts()).flat_map(|(what, query, filter, orders)| {
        orders.iter().flat_map(|field| [(*field, "ASC"), (*field, "DESC")]).map(move |(field, direction)| Cell {
            list: what.clone(),
            order: format!("{field} {direction}"),
            query: query.clone(),
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
    let asked = Asked::new(client, &cell.query, cell.variables.clone()).await;
    for _ in 0..BEFORE {
        asked.ask().await;
    }
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

/// The worst cells of the matrix; how many of all cells grow with the table, and in which lists, those with the most first.
pub async fn measure(database: Database, name: &str, growth: &Growth) -> Vec<Line> {
    let Growth { few: of_few, many: of_many, limit } = *growth;
    let [few, many] = [of_few, of_many].map(async |count| {
        let app = TestApp::start(database).await.expect("a database");
        volume::load(&app, count, count / 10).await;
        app
    });
    let (few, many) = (few.await, many.await);
    let (mut lines, mut grown) = (Vec::new(), BTreeMap::<String, Vec<f64>>::new());
    for ((viewer, among_few), (_, among_many)) in viewers(&few).iter().zip(viewers(&many).iter()) {
        for cell in cells() {
            let (little, much) = (best(among_few, &cell).await, best(among_many, &cell).await);
            let ratio = much.as_secs_f64() / little.as_secs_f64();
            if ratio > limit {
                grown.entry(format!("{viewer}: {}", cell.list)).or_default().push(ratio);
            }
            let shown = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
            lines.push(Line {
                what: format!("{name}: {viewer}: {} by {}, among {of_many} to among {of_few}", cell.list, cell.order),
                ours: shown(much),
                by_hand: shown(little),
                ratio,
                spread: None,
                limit,
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
    lines.extend(grown.into_iter().map(|(list, ratios)| Line {
        what: format!("{name}: {list}, the orders that grow"),
        ours: ratios.len().to_string(),
        by_hand: String::new(),
        ratio: ratios.into_iter().fold(0.0, f64::max),
        spread: None,
        limit,
    }));
    if database == Database::Postgres {
        for app in [few, many] {
            postgres::drop_database(&app.url).await;
        }
    }
    lines
}

/// A nested page for the viewer that sees the least, against the same page for one that sees everything.
pub async fn by_viewer(app: &TestApp, name: &str) -> Line {
    let variables = json!({ "first": 20, "order": [{ "field": "ADOPTED_ON", "direction": "DESC" }] });
    let anonymous = Asked::new(&app.anonymous(), crate::NESTED_PAGE, variables.clone()).await;
    let secretariat = Asked::new(&app.secretariat(), crate::NESTED_PAGE, variables).await;
    let what = format!("{name}: last adopted nested page of 20 for anonymous, to that for the secretariat");
    Line::compare(what, 1.1, async || anonymous.ask().await, async || secretariat.ask().await).await
}
