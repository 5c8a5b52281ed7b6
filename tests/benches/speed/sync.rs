//! What sync jobs do: bulk writes against the same rows inserted by hand, the change feed, exports against the same rows selected by hand,
//! and the cost of the feed for a single write.

use std::time::{Duration, Instant};

use entity::text::{Locale, LocalizedText};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use rec_api::auth::Viewer;
use rec_api::export::export;
use rec_api::service::registry::published;
use rec_tests::TestApp;
use rec_tests::client::Client;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::sqlite::SqlitePool;
use sea_orm::sqlx::types::Json;
use sea_orm::sqlx::{self, Column as _, Postgres, QueryBuilder, Row as _, Sqlite};
use serde_json::{Value, json};
use uuid::Uuid;

use super::by_hand::ByHand;
use super::{Line, median};

/// How many recommendations are written in bulk, and how many in one bulk write.
const BULK: usize = 20_000;
const CHUNK: usize = 500;
/// How many changes are read.
const CHANGES: usize = 100_000;
/// How long that may take, in seconds: 50,000 a second.
const CHANGES_WITHIN: f64 = 2.0;
/// How many single writes.
const WRITES: usize = 500;

/// `large` holds 200,000 recommendations.
pub async fn measure(small: &TestApp, other: &TestApp, large: &TestApp, name: &str) -> Vec<Line> {
    let mut lines = vec![bulk(small, other, name).await, changes(large, name).await];
    lines.push(exports(large, name).await);
    lines.push(commits(small, other, name).await);
    lines.push(commits_at_once(small, other, name).await);
    lines
}

const UPSERT: &str = "mutation($input: UpsertRecommendationsInput!) { upsertRecommendations(input: $input) { \
    rows { outcome userErrors { code } } change { cursor } } }";

async fn bulk(app: &TestApp, other: &TestApp, name: &str) -> Line {
    let (client, hand) = (app.secretariat(), ByHand::connect(&other.url).await);
    let (body, country) = (app.body("WG-A").await, app.country("UZ").await);
    let named = [uuid_of(&other.body("WG-A").await), uuid_of(&other.country("UZ").await)];
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for chunk in 0..BULK / CHUNK {
        let rows: Vec<Value> = (0..CHUNK).map(|row| row_of(chunk * CHUNK + row, &body, &country)).collect();
        let request = json!({ "query": UPSERT, "variables": { "input": { "rows": rows, "matchBy": "EXTERNAL_ID" } } });
        let request = request.to_string();
        let one = timed(async {
            let (_, answer) = client.post(request).await;
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let rows = answer["data"]["upsertRecommendations"]["rows"].as_array().unwrap_or_else(|| panic!("{answer}"));
            assert!(rows.iter().all(|row| row["outcome"] == "CREATED"));
        });
        let one = one.await;
        let other = timed(hand.insert(chunk * CHUNK, named)).await;
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        ours.push(one);
        theirs.push(other);
    }
    let shown = |times: Vec<Duration>| format!("{:.1} ms", median(times).as_secs_f64() * 1e3);
    ratios.sort_by(f64::total_cmp);
    let at = |share: usize| ratios[(ratios.len() - 1) * share / 100];
    Line {
        what: format!("{name}: bulk write of 500 recommendations, 40 times"),
        ours: shown(ours),
        by_hand: shown(theirs),
        ratio: at(50),
        spread: Some((at(10), at(90))),
        limit: 1.0 / 0.3,
    }
}

fn title(number: usize) -> String {
    format!("Recommendation {number}")
}

const TEXT: &str = "The states are invited to exchange good practice in schooling.";

fn row_of(number: usize, body: &str, country: &str) -> Value {
    json!({
        "externalId": { "sourceSystem": "bench", "value": number.to_string() }, "bodyId": body, "kind": "RECOMMENDATION",
        "title": [{ "locale": "EN", "text": title(number) }], "text": [{ "locale": "EN", "text": TEXT }],
        "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": country }],
    })
}

fn uuid_of(id: &str) -> Uuid {
    Uuid::try_parse(id.split_once('_').unwrap().1).unwrap()
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}

/// The rows of the four tables that a bulk write of drafts fills, one statement for each table, in one transaction.
macro_rules! insert {
    ($pool:ident, $database:ty, $first:ident, $named:ident, $system:literal) => {{
        let [body, country] = $named;
        let ids: Vec<[Uuid; 4]> = (0..CHUNK).map(|_| [(); 4].map(|()| id())).collect();
        let now = rec_tests::start_of_tests();
        let text = Json(LocalizedText::new(Locale::En, TEXT));
        let mut txn = $pool.begin().await.unwrap();
        sqlx::query($system).bind(id()).execute(&mut *txn).await.unwrap();
        let mut rows = QueryBuilder::<$database>::new(
            "INSERT INTO recommendation (id, body_id, kind, status, title, title_folded, text, is_demo, no_personal_data, \
             audience, created_at, updated_at, version) ",
        );
        rows.push_values(ids.iter().zip($first..), |mut row, (ids, number)| {
            row.push_bind(ids[0]).push_bind(body).push_bind("RECOMMENDATION").push_bind("DRAFT");
            row.push_bind(Json(LocalizedText::new(Locale::En, title(number)))).push_bind(title(number).to_lowercase());
            row.push_bind(text.clone()).push_bind(false).push_bind(false).push_bind(2_i16);
            row.push_bind(now).push_bind(now).push_bind(1_i32);
        });
        rows.build().execute(&mut *txn).await.unwrap();
        let mut rows = QueryBuilder::<$database>::new(
            "INSERT INTO recommendation_revision (id, recommendation_id, number, title, text, created_at, audience) ",
        );
        rows.push_values(ids.iter().zip($first..), |mut row, (ids, number)| {
            row.push_bind(ids[1]).push_bind(ids[0]).push_bind(1_i32);
            row.push_bind(Json(LocalizedText::new(Locale::En, title(number)))).push_bind(text.clone());
            row.push_bind(now).push_bind(2_i16);
        });
        rows.build().execute(&mut *txn).await.unwrap();
        let mut rows = QueryBuilder::<$database>::new(
            "INSERT INTO addressee (id, recommendation_id, category, role, country_id, position, audience) ",
        );
        rows.push_values(ids.iter(), |mut row, ids| {
            row.push_bind(ids[2]).push_bind(ids[0]).push_bind("GOVERNMENT").push_bind("LEAD").push_bind(country);
            row.push_bind(0_i32).push_bind(2_i16);
        });
        rows.build().execute(&mut *txn).await.unwrap();
        let mut rows = QueryBuilder::<$database>::new(
            "INSERT INTO external_id (id, source_system, value, record_kind, record_id, created_at, audience) ",
        );
        rows.push_values(ids.iter().zip($first..), |mut row, (ids, number)| {
            row.push_bind(ids[3]).push_bind("bench").push_bind(number.to_string()).push_bind("RECOMMENDATION");
            row.push_bind(ids[0]).push_bind(now).push_bind(2_i16);
        });
        rows.build().execute(&mut *txn).await.unwrap();
        txn.commit().await.unwrap();
    }};
}

/// A new id, in the order of time, as the service makes them.
fn id() -> Uuid {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Uuid::from_u128(0x019f_0000_0000_7000_8000_0000_0000_0000 + (u128::from(number) << 64) + u128::from(number))
}

impl ByHand {
    async fn insert(&self, first: usize, named: [Uuid; 2]) {
        match self {
            Self::Sqlite(pool) => {
                insert!(
                    pool,
                    Sqlite,
                    first,
                    named,
                    "INSERT INTO source_system (id, name, audience) VALUES ($1, 'bench', 2) ON CONFLICT DO NOTHING"
                );
            }
            Self::Postgres(pool) => {
                insert!(
                    pool,
                    Postgres,
                    first,
                    named,
                    "INSERT INTO source_system (id, name, audience) VALUES ($1, 'bench', 2) ON CONFLICT DO NOTHING"
                );
            }
        }
    }

    /// Reads all values of some tables as they come, in the order of their keys.
    async fn select(&self, tables: &[&str]) -> usize {
        match self {
            Self::Sqlite(pool) => select_sqlite(pool, tables).await,
            Self::Postgres(pool) => select_postgres(pool, tables).await,
        }
    }

    async fn insert_theme(&self, number: usize) {
        let sql = "INSERT INTO theme (id, code, name, name_folded, kind, audience, created_at, updated_at, version) \
                   VALUES ($1, $2, $3, $4, 'SUBJECT', 0, $5, $5, 1)";
        let name = Json(LocalizedText::new(Locale::En, "A theme"));
        let (code, now) = (format!("H{number}"), rec_tests::start_of_tests());
        match self {
            Self::Sqlite(pool) => {
                let query = sqlx::query(sql).bind(id()).bind(code).bind(name).bind("a theme").bind(now);
                query.execute(pool).await.map(drop).unwrap();
            }
            Self::Postgres(pool) => {
                let query = sqlx::query(sql).bind(id()).bind(code).bind(name).bind("a theme").bind(now);
                query.execute(pool).await.map(drop).unwrap();
            }
        }
    }
}

/// The bytes of all values: they are read, not only fetched.
macro_rules! select {
    ($pool:ident, $tables:ident, |$row:ident, $column:ident| $bytes:expr) => {{
        let mut read = 0;
        for table in $tables {
            let sql = format!("SELECT * FROM {table} ORDER BY id");
            let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch($pool);
            while let Some($row) = rows.try_next().await.unwrap() {
                for $column in $row.columns() {
                    let $column = $column.ordinal();
                    read += $bytes;
                }
            }
        }
        read
    }};
}

async fn select_sqlite(pool: &SqlitePool, tables: &[&str]) -> usize {
    select!(pool, tables, |row, column| {
        let text = row.try_get_unchecked::<Option<String>, _>(column).ok().flatten();
        text.map_or(8, |text| text.len())
    })
}

async fn select_postgres(pool: &PgPool, tables: &[&str]) -> usize {
    select!(pool, tables, |row, column| {
        let bytes = row.try_get_unchecked::<Option<Vec<u8>>, _>(column).ok().flatten();
        bytes.map_or(8, |bytes| bytes.len())
    })
}

const READ: &str = "query($after: String) { changes(after: $after, first: 500) { \
    edges { cursor kind type id version } endCursor upToDate } }";

/// The feed as a sync job reads it that wants everything.
async fn changes(app: &TestApp, name: &str) -> Line {
    let client = app.secretariat();
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(timed(read_changes(&client)).await);
    }
    let seconds = median(times).as_secs_f64();
    Line::bound(format!("{name}: 100,000 changes in pages of 500"), seconds, "s", CHANGES_WITHIN)
}

async fn read_changes(client: &Client) {
    let (mut after, mut read) = (Value::Null, 0);
    while read < CHANGES {
        let request = json!({ "query": READ, "variables": { "after": after } }).to_string();
        let (_, answer) = client.post(request).await;
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        let page = &mut answer["data"]["changes"];
        read += page["edges"].as_array().unwrap().len();
        after = page["endCursor"].take();
        assert_eq!(page["upToDate"], false, "the feed is longer");
    }
}

/// An export of 200,000 recommendations against a select of the same rows.
async fn exports(app: &TestApp, name: &str) -> Line {
    let hand = ByHand::connect(&app.url).await;
    let tables =
        ["recommendation", "recommendation_revision", "addressee", "recommendation_theme", "recommendation_instrument"];
    let types = published(Some(&[entity::RecordType::Recommendation]));
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let one = timed(async {
            let viewer = Viewer::system("bench");
            let mut lines = std::pin::pin!(export(app.app.clone(), viewer, types.clone(), None));
            let mut bytes = 0;
            while let Some(portion) = lines.try_next().await.unwrap() {
                bytes += portion.len();
            }
            assert!(bytes > 100_000_000, "{bytes}");
        });
        let one = one.await;
        let other = timed(async { assert!(hand.select(&tables).await > 50_000_000) }).await;
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        ours.push(one);
        theirs.push(other);
    }
    ratios.sort_by(f64::total_cmp);
    let shown = |times: Vec<Duration>| format!("{:.2} s", median(times).as_secs_f64());
    Line {
        what: format!("{name}: export of 200,000 recommendations"),
        ours: shown(ours),
        by_hand: shown(theirs),
        ratio: ratios[ratios.len() / 2],
        spread: Some((ratios[0], ratios[ratios.len() - 1])),
        limit: 2.0,
    }
}

const CREATE: &str =
    "mutation($input: CreateThemeInput!) { createTheme(input: $input) { theme { id } change { cursor } } }";

/// A single mutation with its change and its audit line, against the insert of its row alone. The ratio is for information; it has no
/// limit.
async fn commits(app: &TestApp, other: &TestApp, name: &str) -> Line {
    let (client, hand) = (app.secretariat(), ByHand::connect(&other.url).await);
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..WRITES {
        let input =
            json!({ "code": format!("B{number}"), "kind": "SUBJECT", "name": [{ "locale": "EN", "text": "A theme" }] });
        let request = json!({ "query": CREATE, "variables": { "input": input } }).to_string();
        let one = timed(async {
            let (_, answer) = client.post(request).await;
            assert!(answer.windows(8).any(|bytes| bytes == b"\"cursor\""));
        });
        let one = one.await;
        let other = timed(hand.insert_theme(number)).await;
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        ours.push(one);
        theirs.push(other);
    }
    ratios.sort_by(f64::total_cmp);
    let at = |share: usize| ratios[(ratios.len() - 1) * share / 100];
    let shown = |times: Vec<Duration>| format!("{:.0} a second", 1.0 / median(times).as_secs_f64());
    Line {
        what: format!("{name}: single mutations, to the insert without the feed"),
        ours: shown(ours),
        by_hand: shown(theirs),
        ratio: at(50),
        spread: Some((at(10), at(90))),
        limit: f64::INFINITY,
    }
}

/// How many write at once, and how often each.
const WRITERS: usize = 8;
const EACH: usize = 25;

/// Single mutations of several writers at once, against as many inserts without the feed. The ratio is for information; it has no limit.
async fn commits_at_once(app: &TestApp, other: &TestApp, name: &str) -> Line {
    let (client, hand) = (app.secretariat(), ByHand::connect(&other.url).await);
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..9 {
        let number = |writer: usize, time: usize| 100_000 + (round * WRITERS + writer) * EACH + time;
        let writing = join_all((0..WRITERS).map(async |writer| {
            for time in 0..EACH {
                let name = json!([{ "locale": "EN", "text": "A theme" }]);
                let input = json!({ "code": format!("B{}", number(writer, time)), "kind": "SUBJECT", "name": name });
                let request = json!({ "query": CREATE, "variables": { "input": input } }).to_string();
                let (_, answer) = client.post(request).await;
                assert!(answer.windows(8).any(|bytes| bytes == b"\"cursor\""));
            }
        }));
        let one = timed(async { drop(writing.await) }).await;
        let inserting = join_all((0..WRITERS).map(async |writer| {
            for time in 0..EACH {
                hand.insert_theme(number(writer, time)).await;
            }
        }));
        let other = timed(async { drop(inserting.await) }).await;
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        ours.push(one);
        theirs.push(other);
    }
    ratios.sort_by(f64::total_cmp);
    let writes = f64::from(u32::try_from(WRITERS * EACH).unwrap());
    let shown = |times: Vec<Duration>| format!("{:.0} a second", writes / median(times).as_secs_f64());
    Line {
        what: format!("{name}: single mutations of {WRITERS} writers at once, to the inserts without the feed"),
        ours: shown(ours),
        by_hand: shown(theirs),
        ratio: ratios[ratios.len() / 2],
        spread: Some((ratios[0], ratios[ratios.len() - 1])),
        limit: f64::INFINITY,
    }
}
