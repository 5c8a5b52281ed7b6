//! The response cache: what it answers is what the database says, to whoever asks, and what HTTP caches are told is true.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use rec_tests::chance::Chance;
use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::schema::Schema;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const THEME: &str = "{ theme(by: { code: \"COUNTED\" }) { id version name } }";
const TEXTS: &str =
    "{ recommendations(first: 50) { totalCount nodes { label title text status body { name } draftedBy { name } } } }";

/// How many statements a query runs.
async fn statements(app: &TestApp, client: &Client, query: &str) -> u64 {
    let before = app.app.databases.statements();
    client.query(query).await;
    app.app.databases.statements() - before
}

/// Gives a theme a name, and returns the number in it.
async fn rename(client: &Client, number: u32) {
    let theme = client.query(THEME).await["theme"].take();
    client.mutate("updateTheme", at_with(&theme, json!({ "name": text(&number.to_string()) })), "id").await;
}

async fn number(client: &Client) -> u32 {
    client.query(THEME).await["theme"]["name"].as_str().unwrap().parse().unwrap()
}

async fn counted(app: &TestApp) {
    app.secretariat()
        .mutate("createTheme", json!({ "code": "COUNTED", "name": text("0"), "kind": "SUBJECT" }), "id")
        .await;
}

/// The same application with answers that are kept for longer than a test takes.
async fn keeping(app: &TestApp) -> TestApp {
    app.second_with(|config| config.keep_seconds = 60).await
}

/// The path of a GET.
fn path(query: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/graphql", [("query", query)]).unwrap();
    format!("/graphql?{}", url.query().unwrap())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

on_both_databases! {
    a_repeated_query_runs_no_statement_until_the_register_changes,
    what_the_feed_does_not_tell_is_read_each_time,
    no_answer_is_older_than_promised_under_writes_of_two_processes,
    no_answer_crosses_viewers_languages_or_wishes,
    requests_at_once_are_executed_once,
    a_request_that_is_cut_off_leaves_the_others_their_answer,
    an_answer_with_errors_is_not_kept,
    a_get_is_told_how_long_it_is_fresh,
    an_answer_names_its_version,
    whatever_is_reached_from_a_cached_field_is_a_record,
}

async fn a_repeated_query_runs_no_statement_until_the_register_changes(app: TestApp) {
    counted(&app).await;
    let app = keeping(&app).await;
    for (client, others) in [(app.anonymous(), app.anonymous()), (app.reader(), app.reader())] {
        assert!(statements(&app, &client, THEME).await > 0);
        assert_eq!(statements(&app, &client, THEME).await, 0);
        assert_eq!(statements(&app, &others, THEME).await, 0, "another one with the same sight");
    }
    let metrics = app.metrics().await;
    assert!(metrics.contains("rec_response_cache_total{outcome=\"miss\"} 2\n"), "{metrics}");
    assert!(metrics.contains("rec_response_cache_total{outcome=\"hit\"} 4\n"), "{metrics}");
    rename(&app.secretariat(), 1).await;
    assert_eq!(number(&app.anonymous()).await, 1);
    let off = app.uncached().await;
    number(&off.anonymous()).await;
    assert!(statements(&off, &off.anonymous(), THEME).await > 0);
    let off = app.second_with(|config| config.keep_seconds = 0).await;
    number(&off.anonymous()).await;
    assert!(statements(&off, &off.anonymous(), THEME).await > 0);
}

async fn what_the_feed_does_not_tell_is_read_each_time(app: TestApp) {
    let app = keeping(&app).await;
    let theme = app.theme("LINKED").await;
    let external = json!({ "sourceSystem": "crm", "value": "1" });
    let input = json!({ "id": theme, "externalId": external });
    let queries = [
        ("{ found: theme(by: { code: \"LINKED\" }) { externalIds { value } } }", json!({})),
        ("{ found: theme(by: { externalId: { sourceSystem: \"crm\", value: \"1\" } }) { id } }", json!({})),
        ("query($by: ThemeBy!) { found: theme(by: $by) { id } }", json!({ "by": { "externalId": external } })),
        (
            "query($id: ExternalIdInput!) { found: nodeByExternalId(type: THEME, externalId: $id) { id } }",
            json!({ "id": external }),
        ),
    ];
    let client = app.secretariat();
    let found = async || {
        let mut found = Vec::new();
        for (query, variables) in &queries {
            found.push(client.query_with(query, variables.clone()).await["found"].take());
        }
        found
    };
    let none = [json!({ "externalIds": [] }), Value::Null, Value::Null, Value::Null];
    let linked = json!({ "id": theme });
    let one = [json!({ "externalIds": [{ "value": "1" }] }), linked.clone(), linked.clone(), linked];
    assert_eq!(found().await, none);
    client.mutate("linkExternalId", input.clone(), "id").await;
    assert_eq!(found().await, one);
    client.mutate("unlinkExternalId", input, "id").await;
    assert_eq!(found().await, none);
    let viewer = "{ viewer { role } bodies { totalCount } }";
    assert_eq!(app.reader().query(viewer).await["viewer"]["role"], "READER");
    assert_eq!(app.anonymous().query(viewer).await["viewer"]["role"], "ANONYMOUS");
}

async fn no_answer_is_older_than_promised_under_writes_of_two_processes(app: TestApp) {
    counted(&app).await;
    let processes = [app.second().await, app.second().await];
    for process in &processes {
        process.serve().await;
    }
    let keep = Duration::from_secs(processes[0].app.config.keep_seconds);
    let (mut chance, mut written) = (Chance::of(14), Vec::new());
    let began = Instant::now();
    for last in 1_u32.. {
        let writer = chance.below(2);
        rename(&processes[writer].secretariat(), last).await;
        written.push((Instant::now(), last));
        for _ in 0..chance.below(6) {
            let (reader, asked) = (chance.below(2), Instant::now());
            let read = number(&processes[reader].anonymous()).await;
            let by_now = if reader == writer {
                Some(last)
            } else {
                written.iter().rev().find(|(at, _)| *at + keep < asked).map(|(_, number)| *number)
            };
            assert!(Some(read) >= by_now, "{read} of {last}, at least {by_now:?}");
        }
        if began.elapsed() > 3 * keep {
            break;
        }
    }
    assert!(written.len() > 20, "{} writes", written.len());
}

async fn no_answer_crosses_viewers_languages_or_wishes(app: TestApp) {
    // Seen by everyone, by participants, by the OSCE and the secretariat.
    app.adopted("WG-A").await;
    app.under_discussion("WG-A").await;
    let draft = json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A draft"), "text": text("For us") });
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    app.partner("OSCE").mutate("draftRecommendation", draft, "id").await;
    let (cached, plain) = (keeping(&app).await, app.uncached().await);
    let viewers = |app: &TestApp| {
        [app.anonymous(), app.reader(), app.partner("OSCE"), app.partner("UNOCT"), app.secretariat(), app.admin()]
    };
    let languages = ["", "ru", "en, ru;q=0.5", "uz, ru"];
    let mut answers = BTreeSet::new();
    for pass in ["first", "again"] {
        let before = cached.app.databases.statements();
        for (client, other) in viewers(&cached).into_iter().zip(viewers(&plain)) {
            for language in languages {
                let (kept, read) = (client.clone().reading(language), other.clone().reading(language));
                let kept = kept.send(TEXTS, json!({})).await.text;
                assert_eq!(kept, read.send(TEXTS, json!({})).await.text, "{language}");
                answers.insert(kept);
            }
        }
        if pass == "again" {
            // A partner's organisation is looked up by its acronym.
            let of_partners = u64::try_from(2 * languages.len()).unwrap();
            assert_eq!(cached.app.databases.statements() - before, of_partners, "all of them were kept");
        }
    }
    assert!(answers.len() > 4, "{} different answers", answers.len());
    let told = async |headers: &[(&str, &str)]| {
        let (_, body) = cached.anonymous().get(&path(TEXTS), headers).await;
        serde_json::from_slice::<Value>(&body).unwrap()["extensions"].take()
    };
    for _ in 0..2 {
        assert_eq!(told(&[]).await, Value::Null);
        assert!(told(&[("x-cost", "1")]).await["cost"].is_object());
        assert!(told(&[("x-data-version", "1")]).await["cost"].is_null());
    }
}

async fn requests_at_once_are_executed_once(app: TestApp) {
    counted(&app).await;
    let app = keeping(&app).await;
    let of_one = statements(&app, &app.reader(), TEXTS).await;
    let before = app.app.databases.statements();
    let all = (0..16).map(|_| {
        let client = app.secretariat();
        async move { client.send(TEXTS, json!({})).await.text }
    });
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(|one| *one == all[0]));
    let of_all = app.app.databases.statements() - before;
    assert!(of_all <= of_one, "{of_all} statements, {of_one} of one");
}

async fn a_request_that_is_cut_off_leaves_the_others_their_answer(app: TestApp) {
    let app = keeping(&app).await;
    for round in 0..20_u64 {
        let query = format!("query Round{round} {TEXTS}");
        let (first, second) = (app.secretariat(), app.secretariat());
        let cut_off = tokio::time::timeout(Duration::from_micros(round * 100), first.send(&query, json!({})));
        let (_, answer) = tokio::join!(cut_off, second.send(&query, json!({})));
        assert!(answer.body["data"]["recommendations"].is_object(), "{}", answer.text);
    }
}

async fn an_answer_with_errors_is_not_kept(app: TestApp) {
    let app = keeping(&app).await;
    let query = "{ bodies { totalCount } recommendations(after: \"nonsense\") { totalCount } }";
    let ids = [app.anonymous().send(query, json!({})).await, app.anonymous().send(query, json!({})).await];
    assert!(ids.iter().all(|answer| answer.body["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"));
    assert!(statements(&app, &app.anonymous(), "{ bodies { totalCount } }").await > 0);
    let (parts, _) = app.anonymous().get(&path(query), &[]).await;
    assert_eq!((header(&parts.headers, "cache-control"), header(&parts.headers, "etag")), (Some("no-store"), None));
}

async fn a_get_is_told_how_long_it_is_fresh(app: TestApp) {
    counted(&app).await;
    let (public, private) = (Some("public, max-age=1"), Some("private, no-cache"));
    for (client, control) in [(app.anonymous(), public), (app.reader(), private)] {
        let (parts, body) = client.get(&path(THEME), &[]).await;
        assert_eq!(header(&parts.headers, "cache-control"), control);
        let vary = header(&parts.headers, "vary").unwrap();
        for named in ["authorization", "accept", "accept-language", "x-cost", "x-data-version"] {
            assert!(vary.split(", ").any(|one| one == named), "{vary}");
        }
        let etag = header(&parts.headers, "etag").unwrap().to_owned();
        let (again, nothing) = client.get(&path(THEME), &[("if-none-match", &etag)]).await;
        assert_eq!((again.status.as_u16(), nothing.len()), (304, 0));
        assert_eq!((header(&again.headers, "etag"), header(&again.headers, "cache-control")), (Some(&*etag), control));
        assert_eq!(header(&again.headers, "vary"), Some(vary));
        assert_eq!(header(&again.headers, "content-type"), None);
        let newer = [("if-none-match", &*etag), ("accept", "application/graphql-response+json")];
        let (other_form, same) = client.get(&path(THEME), &newer).await;
        assert_eq!((other_form.status.as_u16(), same), (200, body), "another representation of the same data");
    }
    let (parts, _) = app.anonymous().get(&path(THEME), &[]).await;
    let etag = header(&parts.headers, "etag").unwrap().to_owned();
    rename(&app.secretariat(), 7).await;
    let (parts, body) = app.anonymous().get(&path(THEME), &[("if-none-match", &etag)]).await;
    assert_eq!(parts.status, 200);
    assert!(String::from_utf8_lossy(&body).contains("\"7\""));
    for query in ["{ viewer { role } }", "{ nothing }"] {
        let (parts, _) = app.anonymous().get(&path(query), &[("if-none-match", "*")]).await;
        assert_ne!(parts.status, 304);
        assert_eq!((header(&parts.headers, "cache-control"), header(&parts.headers, "etag")), (Some("no-store"), None));
    }
    let posted = app.anonymous().send(THEME, json!({})).await;
    assert_eq!((header(&posted.headers, "cache-control"), header(&posted.headers, "etag")), (Some("no-store"), None));
}

async fn an_answer_names_its_version(app: TestApp) {
    counted(&app).await;
    let wants = [("x-data-version", "1")];
    let version = async || {
        let (_, body) = app.anonymous().get(&path(THEME), &wants).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        answer["extensions"]["dataVersion"].as_str().unwrap().to_owned()
    };
    let before = version().await;
    assert_eq!(version().await, before);
    assert_eq!(app.anonymous().query("{ feedHead }").await["feedHead"], *before);
    rename(&app.secretariat(), 1).await;
    let after = version().await;
    let changes = "query($after: String) { changes(after: $after) { edges { cursor } } }";
    let told = app.anonymous().query_with(changes, json!({ "after": before })).await;
    assert_eq!(told["changes"]["edges"], json!([{ "cursor": after }]), "whoever follows from there misses nothing");
}

/// A type that stands here is one of whose changes the feed tells. What is new is added after someone has made sure of that; otherwise its
/// field belongs to those that are not cached.
async fn whatever_is_reached_from_a_cached_field_is_a_record(app: TestApp) {
    const OUTSIDE: [&str; 7] =
        ["viewer", "feedHead", "changes", "checkpoint", "clients", "webhooks", "nodeByExternalId"];
    const RECORDS: [&str; 19] = [
        "Addressee",
        "AgendaItem",
        "AlternativeTitle",
        "Body",
        "BodySession",
        "Country",
        "Instrument",
        "Mandate",
        "Meeting",
        "MeetingOrganizer",
        "Node",
        "Organization",
        "PageInfo",
        "Participation",
        "Recommendation",
        "RecommendationRevision",
        "Source",
        "Theme",
        "Translation",
    ];
    let schema = Schema::of(&app).await;
    let mut reached = BTreeSet::new();
    let roots = schema.fields("Query").into_iter().filter(|field| !OUTSIDE.contains(&field.name.as_str()));
    let mut open: Vec<String> = roots.map(|field| field.kind).collect();
    while let Some(kind) = open.pop() {
        let fields = schema.fields(&kind);
        if !fields.is_empty() && reached.insert(kind.clone()) {
            open.extend(fields.into_iter().filter(|field| field.name != "externalIds").map(|field| field.kind));
            open.extend(schema.objects(&kind));
        }
    }
    let reached = reached.iter().filter(|kind| !kind.ends_with("Connection") && !kind.ends_with("Edge"));
    assert_eq!(reached.collect::<Vec<_>>(), RECORDS);
    let cached = keeping(&app).await;
    for field in schema.fields("Query").iter().filter(|field| field.name.ends_with('s')) {
        let query = format!("{{ {} {{ __typename }} }}", field.name);
        let client = cached.admin();
        if client.send(&query, json!({})).await.body["errors"].is_null() {
            let is_cached = statements(&cached, &client, &query).await == 0;
            assert_eq!(is_cached, !OUTSIDE.contains(&field.name.as_str()), "{query}");
        }
    }
}
