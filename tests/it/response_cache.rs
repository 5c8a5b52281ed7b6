//! The response cache: what it answers is what the database says, to whoever asks, and what HTTP caches are told is true.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use futures_util::poll;
use rec_tests::chance::Chance;
use rec_tests::client::Client;
use rec_tests::given::{at_with, text};
use rec_tests::schema::Schema;
use rec_tests::{RESPONSE_CACHE, TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
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

/// An application that caches answers for as long as the program does.
async fn caching(app: &TestApp) -> TestApp {
    app.second_with(|config| config.limits.response_cache = RESPONSE_CACHE).await
}

/// An application that caches answers for longer than a test takes.
async fn keeping(app: &TestApp) -> TestApp {
    app.second_with(|config| {
        config.keep_seconds = 60;
        config.limits.response_cache = RESPONSE_CACHE;
    })
    .await
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
    what_passes_by_the_feed_is_seen_when_the_time_is_over,
    who_is_refused_or_answered_again_finds_what_another_process_has_written,
    a_request_that_takes_no_cached_answer_is_executed,
    pages_of_other_origins_are_told_in_one_line_what_an_answer_depends_on,
    a_cached_answer_is_paid_for,
    a_token_that_is_revoked_is_answered_nothing,
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
    let cached = keeping(&app).await;
    for (client, others) in [(cached.anonymous(), cached.anonymous()), (cached.reader(), cached.reader())] {
        assert!(statements(&cached, &client, THEME).await > 0);
        assert_eq!(statements(&cached, &client, THEME).await, 0);
        assert_eq!(statements(&cached, &others, THEME).await, 0, "another one with the same sight");
    }
    let metrics = cached.metrics().await;
    assert!(metrics.contains("rec_response_cache_total{outcome=\"miss\"} 2\n"), "{metrics}");
    assert!(metrics.contains("rec_response_cache_total{outcome=\"hit\"} 4\n"), "{metrics}");
    rename(&cached.secretariat(), 1).await;
    assert_eq!(number(&cached.anonymous()).await, 1);
    let forgetful = app.second_with(|config| {
        config.keep_seconds = 0;
        config.limits.response_cache = RESPONSE_CACHE;
    });
    for off in [app.second().await, forgetful.await] {
        for _ in 0..3 {
            assert!(statements(&off, &off.anonymous(), THEME).await > 0);
        }
        assert!(!off.metrics().await.contains("rec_response_cache_total{"));
    }
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

async fn what_passes_by_the_feed_is_seen_when_the_time_is_over(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let app = caching(&app).await;
    let name = async |operation: &str| {
        let query = format!("query {operation} {{ mandates(first: 1) {{ nodes {{ organization {{ name }} }} }} }}");
        app.anonymous().query(&query).await["mandates"]["nodes"][0]["organization"]["name"].take()
    };
    let (before, began) = (name("First").await, Instant::now());
    let by_hand = "UPDATE organization SET name = (SELECT name FROM organization WHERE acronym = 'ISRS')";
    app.app.databases.write.execute_unprepared(by_hand).await.unwrap();
    let written = Instant::now();
    // Another question, whose answer has what the first one has read.
    tokio::time::sleep_until((began + Duration::from_millis(800)).into()).await;
    name("Second").await;
    tokio::time::sleep_until((written + Duration::from_millis(1010)).into()).await;
    assert_ne!(name("Second").await, before);
}

async fn who_is_refused_or_answered_again_finds_what_another_process_has_written(app: TestApp) {
    counted(&app).await;
    // It hears of nothing by itself.
    let deaf = keeping(&app).await;
    let client = deaf.secretariat();
    let theme = client.query(THEME).await["theme"].take();
    rename(&app.secretariat(), 1).await;
    assert_eq!(number(&client).await, 0, "it has not heard of it");
    let stale = client.refusals("updateTheme", at_with(&theme, json!({ "name": text("2") }))).await;
    assert_eq!(stale, ["CONFLICT expectedVersion"]);
    assert_eq!(number(&client).await, 1);
    let by_code = |code: &str| format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}");
    for (code, key) in [("REFUSED", None), ("AGAIN", Some("again"))] {
        let input = json!({ "code": code, "name": text("One"), "kind": "SUBJECT" });
        let keyed = |client: Client| key.map_or_else(|| client.clone(), |key| client.keyed(key));
        assert_eq!(client.query(&by_code(code)).await["theme"], Value::Null);
        keyed(app.secretariat()).payload("createTheme", input.clone(), "id").await;
        assert_eq!(client.query(&by_code(code)).await["theme"], Value::Null, "it has not heard of it");
        keyed(client.clone()).payload("createTheme", input, "id").await;
        assert_eq!(client.query(&by_code(code)).await["theme"]["code"], code);
    }
}

async fn a_request_that_takes_no_cached_answer_is_executed(app: TestApp) {
    counted(&app).await;
    let deaf = keeping(&app).await;
    let client = deaf.anonymous();
    for _ in 0..3 {
        client.get(&path(THEME), &[]).await;
    }
    rename(&app.secretariat(), 1).await;
    let says = async |headers: &[(&str, &str)]| {
        let (_, body) = client.get(&path(THEME), headers).await;
        serde_json::from_slice::<Value>(&body).unwrap()["data"]["theme"]["name"].take()
    };
    assert_eq!(says(&[]).await, "0");
    assert_eq!(says(&[("cache-control", "max-age=0, No-Cache")]).await, "1");
    assert_eq!(says(&[]).await, "1", "for others too");
    // What records name comes from the cache of rows.
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let named = "{ mandates(first: 1) { nodes { organization { name } } } }";
    client.get(&path(named), &[("cache-control", "no-cache")]).await;
    let organization = "{ organization(by: { acronym: \"OSCE\" }) { id version } }";
    let organization = app.secretariat().query(organization).await["organization"].take();
    app.secretariat().mutate("updateOrganization", at_with(&organization, json!({ "name": text("New") })), "id").await;
    let (_, body) = client.get(&path(named), &[("cache-control", "no-cache")]).await;
    assert!(String::from_utf8_lossy(&body).contains("\"New\""), "{body:?}");
}

async fn pages_of_other_origins_are_told_in_one_line_what_an_answer_depends_on(app: TestApp) {
    let app = app.second_with(|config| config.origins = vec!["https://a.example".to_owned()]).await;
    let (parts, _) = app.anonymous().get(&path(THEME), &[("origin", "https://a.example")]).await;
    let lines: Vec<&str> = parts.headers.get_all("vary").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(lines.len() == 1 && lines[0].ends_with("x-data-version, origin"), "{lines:?}");
    // Longer ones are not cached by nginx 1.22.
    assert!(lines[0].len() <= 128);
}

async fn a_cached_answer_is_paid_for(app: TestApp) {
    let app = app.second_with(|config| {
        config.keep_seconds = 60;
        config.limits.response_cache = RESPONSE_CACHE;
        config.limits.rate_points = 1000;
    });
    let client = app.await.anonymous();
    let query = "{ recommendations(first: 10) { nodes { label } } meetings(first: 10) { nodes { title } } }";
    let (_, body) = client.get(&path(query), &[("x-cost", "1")]).await;
    let cost = &serde_json::from_slice::<Value>(&body).unwrap()["extensions"]["cost"]["requested"];
    let cost = usize::try_from(cost.as_u64().unwrap()).unwrap();
    assert!(cost > 20);
    let mut answered = 0;
    while client.send(query, json!({})).await.status == 200 {
        answered += 1;
        // Some points come back meanwhile.
        assert!(answered < 2 * 1000 / cost, "{answered} answers of {cost} points");
    }
}

async fn a_token_that_is_revoked_is_answered_nothing(app: TestApp) {
    let app = keeping(&app).await;
    let register = json!({ "purpose": "sync", "role": "READER", "scopes": ["READ"] });
    let client = app.admin().mutate("registerClient", register, "id").await;
    let issue = "mutation($input: IssueTokenInput!) { issueToken(input: $input) { bearer token { id } } }";
    let input = json!({ "input": { "clientId": client["id"], "days": 1 } });
    let issued = app.admin().query_with(issue, input).await["issueToken"].take();
    let client = app.with_authorization(&format!("Bearer {}", issued["bearer"].as_str().unwrap()));
    for _ in 0..3 {
        client.query(TEXTS).await;
    }
    app.admin().mutate("revokeToken", json!({ "id": issued["token"]["id"] }), "id").await;
    assert_eq!(client.error(TEXTS).await, "UNAUTHENTICATED");
}

async fn no_answer_is_older_than_promised_under_writes_of_two_processes(app: TestApp) {
    counted(&app).await;
    let processes = [caching(&app).await, caching(&app).await];
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
    let register = json!({ "purpose": "minutes", "role": "SECRETARIAT", "scopes": ["WRITE_MEETINGS"] });
    let narrow = app.admin().mutate("registerClient", register, "id").await;
    let (cached, plain) = (keeping(&app).await, app.second().await);
    let viewers = async |app: &TestApp| {
        let issue = "mutation($input: IssueTokenInput!) { issueToken(input: $input) { bearer } }";
        let input = json!({ "input": { "clientId": narrow["id"], "days": 1 } });
        let bearer = app.admin().query_with(issue, input).await["issueToken"]["bearer"].take();
        let narrow = app.with_authorization(&format!("Bearer {}", bearer.as_str().unwrap()));
        let partners = [app.partner("OSCE"), app.partner("UNOCT")];
        let of_roles = [app.anonymous(), app.reader(), app.secretariat(), app.admin(), narrow];
        of_roles.into_iter().chain(partners).collect::<Vec<_>>()
    };
    let viewers = [viewers(&cached).await, viewers(&plain).await];
    let languages = ["", "ru", "en, ru;q=0.5", "uz, ru"];
    let mut answers = BTreeSet::new();
    for pass in ["first", "again"] {
        let before = cached.app.databases.statements();
        for (client, other) in viewers[0].iter().zip(&viewers[1]) {
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
        let version = told(&[("x-data-version", "1")]).await;
        assert!(version["cost"].is_null() && version["dataVersion"].is_string());
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
    // On a busy machine some may have waited too long, and have executed it themselves.
    let of_all = app.app.databases.statements() - before;
    assert!(of_all < 8 * of_one, "{of_all} statements, {of_one} of one");
}

async fn a_request_that_is_cut_off_leaves_the_others_their_answer(app: TestApp) {
    app.draft("WG-A").await;
    let app = keeping(&app).await;
    let mut waited = 0;
    for round in 0..20 {
        let query = format!("query Round{round} {TEXTS}");
        let clients = [app.secretariat(), app.secretariat()];
        let [mut first, mut second] = clients.each_ref().map(|client| Box::pin(client.send(&query, json!({}))));
        // Seldom the database answers at once.
        if poll!(&mut first).is_ready() || poll!(&mut second).is_ready() {
            continue;
        }
        waited += 1;
        drop(first);
        let answer = second.await;
        assert!(answer.body["data"]["recommendations"].is_object(), "{}", answer.text);
    }
    assert!(waited > 0, "none has waited for another one");
}

async fn an_answer_with_errors_is_not_kept(app: TestApp) {
    let app = keeping(&app).await;
    let client = app.anonymous();
    let query = "{ bodies { totalCount } recommendations(after: \"nonsense\") { totalCount } }";
    for _ in 0..4 {
        let before = app.app.databases.statements();
        let answer = client.send(query, json!({})).await;
        assert_eq!(answer.body["errors"][0]["extensions"]["code"], "INVALID_CURSOR");
        assert!(app.app.databases.statements() > before, "it is executed each time");
    }
    let (parts, _) = client.get(&path(query), &[]).await;
    assert_eq!((header(&parts.headers, "cache-control"), header(&parts.headers, "etag")), (Some("no-store"), None));
}

async fn a_get_is_told_how_long_it_is_fresh(app: TestApp) {
    counted(&app).await;
    // Without a response cache too.
    is_told_how_long_it_is_fresh(app.second_with(|config| config.limits.rate_points = 1_000_000).await).await;
    let app = app.second_with(|config| {
        config.limits.rate_points = 1_000_000;
        config.limits.response_cache = RESPONSE_CACHE;
    });
    is_told_how_long_it_is_fresh(app.await).await;
}

async fn is_told_how_long_it_is_fresh(app: TestApp) {
    let (public, private) = (Some("public, max-age=1"), Some("private, no-cache"));
    for (client, control) in [(app.anonymous(), public), (app.reader(), private)] {
        let (parts, body) = client.get(&path(THEME), &[]).await;
        assert_eq!(header(&parts.headers, "cache-control"), control);
        let is_shared = control == public;
        assert_eq!(header(&parts.headers, "ratelimit-remaining").is_none(), is_shared, "what is left to one client");
        let vary = header(&parts.headers, "vary").unwrap();
        for named in ["authorization", "accept", "accept-language", "x-cost", "x-data-version"] {
            assert!(vary.split(", ").any(|one| one == named), "{vary}");
        }
        let etag = header(&parts.headers, "etag").unwrap().to_owned();
        let (again, nothing) = client.get(&path(THEME), &[("if-none-match", &etag)]).await;
        assert_eq!((again.status.as_u16(), nothing.len()), (304, 0));
        assert_eq!((header(&again.headers, "etag"), header(&again.headers, "cache-control")), (Some(&*etag), control));
        assert_eq!(header(&again.headers, "vary"), Some(vary));
        assert_eq!((header(&again.headers, "content-type"), header(&again.headers, "content-length")), (None, None));
        let newer = [("if-none-match", &*etag), ("accept", "application/graphql-response+json")];
        let (other_form, same) = client.get(&path(THEME), &newer).await;
        assert_eq!((other_form.status.as_u16(), same), (200, body), "another representation of the same data");
    }
    let (parts, _) = app.anonymous().get(&path(THEME), &[]).await;
    let etag = header(&parts.headers, "etag").unwrap().to_owned();
    let number = number(&app.anonymous()).await + 7;
    rename(&app.secretariat(), number).await;
    let (parts, body) = app.anonymous().get(&path(THEME), &[("if-none-match", &etag)]).await;
    assert_eq!(parts.status, 200);
    assert!(String::from_utf8_lossy(&body).contains(&format!("\"{number}\"")));
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
    let app = keeping(&app).await;
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
