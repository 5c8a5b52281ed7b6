//! What is kept, for whom, and what is executed each time.

use std::collections::BTreeSet;

use rec_tests::given::{at_with, text};
use rec_tests::schema::Schema;
use rec_tests::{RESPONSE_CACHE, TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{TEXTS, THEME, counted, header, keeping, number, path, rename, statements};

on_both_databases! {
    a_repeated_query_runs_no_statement_until_the_register_changes,
    what_the_feed_does_not_tell_is_read_each_time,
    a_request_that_takes_no_cached_answer_is_executed,
    a_cached_answer_is_paid_for,
    a_token_that_is_revoked_is_answered_nothing,
    no_answer_crosses_viewers_languages_or_wishes,
    an_answer_with_errors_is_not_kept,
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

/// A type that stands here is one of whose changes the feed tells. What is new is added after someone has made sure of that; otherwise its
/// field belongs to those that are not cached.
async fn whatever_is_reached_from_a_cached_field_is_a_record(app: TestApp) {
    const OUTSIDE: [&str; 8] =
        ["agendaForMe", "viewer", "feedHead", "changes", "checkpoint", "clients", "webhooks", "nodeByExternalId"];
    const RECORDS: [&str; 39] = [
        "AddressedParty",
        "Addressee",
        "AgendaItem",
        "AlternativeTitle",
        "Body",
        "BodySession",
        "CategoryAttendance",
        "ConsensusProcedure",
        "Country",
        "Decision",
        "Document",
        "DocumentVersion",
        "ExpectedDelegation",
        "FormerOrganizer",
        "FormerSession",
        "Instrument",
        "Mandate",
        "Meeting",
        "MeetingOrganizer",
        "MeetingPack",
        "MeetingState",
        "Node",
        "Organization",
        "PageInfo",
        "Paragraph",
        "ParagraphDiff",
        "Participation",
        "Position",
        "QuorumPart",
        "Recommendation",
        "RecommendationRevision",
        "RecommendationState",
        "RevisionDiff",
        "SessionAttendance",
        "Source",
        "TextDiff",
        "TextSegment",
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
