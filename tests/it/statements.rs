//! How many statements a request costs: as many for all rows as for one, and none for what is not asked for.

use std::collections::BTreeSet;
use std::time::Instant;

use rec_api::service::seed::scale;
use rec_tests::client::Client;
use rec_tests::schema::{Field, Schema};
use rec_tests::wait::until;
use rec_tests::{TestApp, on_both_databases, on_postgres, postgres};
use serde_json::{Value, json};

use crate::list_properties::all_kinds;

/// The page that the service is measured by.
const PAGE: &str = "query($first: Int) { recommendations(first: $first, orderBy: [{ field: LABEL }]) { nodes { label title \
                    status body { code } meeting { title startsOn organizers { organization { acronym name } } } } } }";
// Each loader is reached by one path: whether two paths of one level meet in a batch depends on which one is ahead.
const MEETINGS: &str = "query($first: Int) { meetings(first: $first, filter: { bodies: { some: {} } }) { nodes { title \
                        country { name } organizers { role organization { acronym } } sessions { ordinal body { code } } \
                        agenda { title } sources { title } participationCount recommendations(first: 2) { totalCount nodes { \
                        label } } } } }";
const BODIES: &str = "query($first: Int) { bodies(first: $first) { nodes { code reportsTo { code } meetings(first: 2) { \
                      totalCount nodes { title organizers { organization { acronym } } } } recommendations(first: 2) { \
                      totalCount nodes { label addressees { country { iso2 } } themes { code } } } } } }";
const ORGANIZATIONS: &str = "query($first: Int) { organizations(first: $first) { nodes { acronym country { iso2 } \
                             meetingsOrganized(first: 2) { totalCount nodes { title sessions { ordinal } } } mandates(first: \
                             2) { totalCount nodes { body { code } } } recommendations(first: 2) { totalCount nodes { label \
                             } } } } }";

/// The same service without the cache: each request reads what it needs.
async fn forgetful(app: &TestApp) -> TestApp {
    app.second_with(|config| config.keep_seconds = 0).await
}

async fn statements(app: &TestApp, client: &Client, query: &str, first: u32) -> (u64, Value) {
    let before = app.app.databases.statements();
    let data = client.query_with(query, json!({ "first": first })).await;
    (app.app.databases.statements() - before, data)
}

/// Whether there is something at the end of a path of edges.
fn stands(at: &Value, path: &[&str]) -> bool {
    match (at, path) {
        (Value::Null, _) => false,
        (Value::Array(several), _) => several.iter().any(|one| stands(one, path)),
        (_, []) => true,
        (one, [edge, rest @ ..]) => stands(&one[*edge], rest),
    }
}

/// A few rows that have something at the end of every path at which any of these rows has something.
fn cover<'a>(rows: &'a [Value], paths: &[Vec<&str>]) -> Vec<&'a Value> {
    let mut few: Vec<&Value> = rows.iter().take(1).collect();
    for path in paths {
        if !few.iter().any(|row| stands(row, path)) {
            few.extend(rows.iter().find(|row| stands(row, path)));
        }
    }
    few
}

/// All rows of a list cost no more statements than a few of them, and nothing is read twice. Returns the paths at which there is something.
async fn costs_no_more<'a>(app: &TestApp, list: &str, selection: &str, paths: Vec<Vec<&'a str>>) -> Vec<Vec<&'a str>> {
    let client = app.secretariat();
    let nodes = format!("{{ nodes {{ id {selection} }} }}");
    let query = format!("query($ids: [ID!]) {{ {list}(first: 100, filter: {{ id: {{ in: $ids }} }}) {nodes} }}");
    let rows = client.query(&format!("{{ {list}(first: 100) {nodes} }}")).await[list]["nodes"].take();
    let rows = rows.as_array().expect("rows");
    let cost = async |rows: &[&Value]| {
        let before = app.app.databases.statements();
        let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
        client.query_with(&query, json!({ "ids": ids })).await;
        app.app.databases.statements() - before
    };
    let (few, all) = (cover(rows, &paths), rows.iter().collect::<Vec<_>>());
    assert!(all.len() > few.len() + 1, "{list} {selection}: {} rows, {} of them are few", all.len(), few.len());
    let (all, few) = (cost(&all).await, cost(&few).await);
    assert!(all <= few, "{list} {selection}: {all} statements, {few} for a few rows");
    paths.into_iter().filter(|path| rows.iter().any(|row| stands(row, path))).collect()
}

/// These edges, each with only a type selected.
fn selected(edges: &[Field]) -> String {
    edges.iter().map(|edge| format!("{} {{ __typename }}", edge.selection())).collect::<Vec<_>>().join(" ")
}

pub(crate) async fn loaded(app: &TestApp) {
    scale::load(&app.app, 300, 60).await.expect("synthetic volume");
}

on_postgres! {
    commits_cost_another_process_few_statements,
}

/// It hears of each of them, and looks now and then whether a webhook is due.
async fn commits_cost_another_process_few_statements(app: TestApp) {
    const COMMITS: u32 = 200;
    let other = app.second().await;
    other.serve().await;
    postgres::listener(&app.url, None).await;
    let (began, before) = (Instant::now(), other.app.databases.statements());
    for number in 0..COMMITS {
        app.theme(&format!("T{number}")).await;
    }
    until("it has heard of all", async || other.app.feed.head() == app.app.feed.head()).await;
    let (took, ran) = (began.elapsed(), other.app.databases.statements() - before);
    // At most one every 20 ms, and what it does each second in any case.
    let allowed = took.as_millis() / 20 + took.as_millis() / 100 + 20;
    assert!(u128::from(ran) <= allowed, "{ran} statements for {COMMITS} commits in {took:?}");
}

on_both_databases! {
    a_nested_page_takes_as_many_statements_for_a_hundred_rows_as_for_one,
    nested_connections_and_counts_take_as_many_statements_for_many_rows,
    every_edge_of_every_list_takes_no_more_statements_for_all_rows_than_for_few,
    every_edge_of_an_edge_takes_no_more_statements_for_all_rows_than_for_few,
    under_load_each_request_takes_its_own_statements_and_no_more,
    a_total_count_is_a_statement_only_if_it_is_selected,
}

async fn a_nested_page_takes_as_many_statements_for_a_hundred_rows_as_for_one(app: TestApp) {
    loaded(&app).await;
    let app = forgetful(&app).await;
    for client in [app.anonymous(), app.reader(), app.partner("ISRS"), app.secretariat()] {
        let (one, data) = statements(&app, &client, PAGE, 1).await;
        assert!(data["recommendations"]["nodes"][0]["meeting"]["organizers"][0]["organization"]["acronym"].is_string());
        for first in [20, 100] {
            let (many, data) = statements(&app, &client, PAGE, first).await;
            assert!(data["recommendations"]["nodes"].as_array().is_some_and(|rows| rows.len() >= 20), "{first} rows");
            assert_eq!(many, one, "{first} rows");
        }
        assert!(one <= 6, "{one} statements");
    }
}

async fn nested_connections_and_counts_take_as_many_statements_for_many_rows(app: TestApp) {
    loaded(&app).await;
    let app = forgetful(&app).await;
    for (query, name) in [(MEETINGS, "meetings"), (BODIES, "bodies"), (ORGANIZATIONS, "organizations")] {
        for client in [app.anonymous(), app.reader(), app.secretariat()] {
            let (few, _) = statements(&app, &client, query, 5).await;
            let (many, data) = statements(&app, &client, query, 30).await;
            assert!(data[name]["nodes"].as_array().is_some_and(|rows| rows.len() > 5), "{name}");
            let (most, _) = statements(&app, &client, query, 100).await;
            assert_eq!((few, many, most), (few, few, few), "{name}");
        }
    }
}

async fn every_edge_of_every_list_takes_no_more_statements_for_all_rows_than_for_few(app: TestApp) {
    all_kinds(&app).await;
    let app = forgetful(&app).await;
    let schema = Schema::of(&app).await;
    for list in schema.lists("Query") {
        let edges = schema.edges(&list.node);
        let paths: Vec<Vec<&str>> = edges.iter().map(|edge| vec![edge.name.as_str()]).collect();
        let filled = costs_no_more(&app, &list.name, &selected(&edges), paths.clone()).await;
        assert_eq!(filled, paths, "{} have nothing at an edge", list.name);
    }
}

async fn every_edge_of_an_edge_takes_no_more_statements_for_all_rows_than_for_few(app: TestApp) {
    all_kinds(&app).await;
    let app = forgetful(&app).await;
    let schema = Schema::of(&app).await;
    let mut kinds = BTreeSet::new();
    for list in schema.lists("Query") {
        for edge in schema.edges(&list.node) {
            let further = schema.edges(&edge.kind);
            let selection = format!("{} {{ __typename {} }}", edge.selection(), selected(&further));
            let paths = further.iter().map(|further| vec![edge.name.as_str(), further.name.as_str()]);
            let paths = paths.chain([vec![edge.name.as_str()]]).collect();
            let filled = costs_no_more(&app, &list.name, &selection, paths).await;
            kinds.extend(filled.iter().filter_map(|path| Some(format!("{}.{}", edge.kind, path.get(1)?))));
        }
    }
    for part in
        ["Addressee.organization", "AlternativeTitle.source", "BodySession.body", "MeetingOrganizer.organization"]
    {
        assert!(kinds.contains(part), "{part} is not among {kinds:?}");
    }
}

async fn under_load_each_request_takes_its_own_statements_and_no_more(app: TestApp) {
    loaded(&app).await;
    let app = forgetful(&app).await;
    for query in [PAGE, MEETINGS, BODIES, ORGANIZATIONS] {
        let client = app.reader();
        let (one, expected) = statements(&app, &client, query, 20).await;
        let before = app.app.databases.statements();
        let requests: Vec<_> = (0..16)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.query_with(query, json!({ "first": 20 })).await })
            })
            .collect();
        for request in requests {
            assert_eq!(request.await.expect("an answer"), expected);
        }
        assert_eq!(app.app.databases.statements() - before, 16 * one);
    }
}

async fn a_total_count_is_a_statement_only_if_it_is_selected(app: TestApp) {
    let client = app.anonymous();
    let (plain, _) =
        statements(&app, &client, "query($first: Int) { meetings(first: $first) { nodes { id } } }", 3).await;
    let (counted, data) =
        statements(&app, &client, "query($first: Int) { meetings(first: $first) { totalCount nodes { id } } }", 3)
            .await;
    assert_eq!((plain, counted), (1, 2));
    assert_eq!(data["meetings"]["totalCount"], 5);
    let (alone, _) =
        statements(&app, &client, "query($first: Int) { meetings(first: $first) { totalCount } }", 3).await;
    assert!(alone <= 2, "{alone}");
}
