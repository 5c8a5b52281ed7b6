//! The feed as sync jobs read it: what each viewer is told, in which order, and that a mirror made of it is equal to the register.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use rec_api::service::change::prune;
use rec_api::service::prune::PORTION;
use rec_api::service::seed;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const CHANGES: &str = "query($after: String, $first: Int, $types: [RecordType!]) {
    changes(after: $after, first: $first, types: $types) {
        edges { cursor kind type recordId version at reason node { id } } endCursor hasNextPage upToDate
    }
}";

pub(crate) async fn head(client: &Client) -> Value {
    client.query("{ feedHead }").await["feedHead"].take()
}

async fn page(client: &Client, variables: Value) -> Value {
    client.query_with(CHANGES, variables).await["changes"].take()
}

/// The changes after a cursor as `KIND TYPE version`, `-` for no version.
async fn told(client: &Client, after: &Value) -> Vec<String> {
    let page = page(client, json!({ "after": after })).await;
    let edges = page["edges"].as_array().expect("edges").iter().map(|edge| {
        let version = edge["version"].as_i64().map_or_else(|| "-".to_owned(), |version| version.to_string());
        format!("{} {} {version}", edge["kind"].as_str().unwrap(), edge["type"].as_str().unwrap())
    });
    edges.collect()
}

/// A mirror of what a viewer may see: versions by type and id.
pub(crate) type Mirror = BTreeMap<(String, String), i64>;

pub(crate) fn apply(mirror: &mut Mirror, edge: &Value) {
    let text = |field: &str| edge[field].as_str().unwrap().to_owned();
    let key = (text("type"), text("recordId"));
    match edge["kind"].as_str() {
        Some("CREATED" | "UPDATED") => mirror.insert(key, edge["version"].as_i64().unwrap()),
        _ => mirror.remove(&key),
    };
}

/// Reads the feed to its head in pages of a size.
pub(crate) async fn follow(client: &Client, mirror: &mut Mirror, mut after: Value, first: u32) -> Value {
    loop {
        let page = page(client, json!({ "after": after, "first": first })).await;
        page["edges"].as_array().unwrap().iter().for_each(|edge| apply(mirror, edge));
        after = page["endCursor"].clone();
        assert_ne!(page["hasNextPage"], page["upToDate"]);
        if page["upToDate"] == true {
            return after;
        }
    }
}

/// The checkpoints of lines, computed as the schema describes.
pub(crate) fn checkpoints<'a>(lines: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, (i64, String)> {
    let mut sums: BTreeMap<String, (i64, u128)> = BTreeMap::new();
    for line in lines {
        let record: Value = serde_json::from_str(line).unwrap();
        let hash = Sha256::digest(line);
        let (count, sum) = sums.entry(record["type"].as_str().unwrap().to_owned()).or_default();
        *count += 1;
        *sum = sum.wrapping_add(u128::from_be_bytes(hash[..16].try_into().unwrap()));
    }
    sums.into_iter().map(|(kind, (count, sum))| (kind, (count, format!("{sum:032x}")))).collect()
}

/// The register as a viewer may see it, without the last line.
pub(crate) async fn lines(client: &Client) -> Vec<String> {
    let (_, body) = client.get("/export.ndjson", &[]).await;
    let mut lines: Vec<String> = String::from_utf8(body.to_vec()).unwrap().lines().map(str::to_owned).collect();
    assert!(lines.pop().unwrap().contains("\"END\""));
    lines
}

/// The mirror has the versions of an export, and the export has the checkpoints of the service.
pub(crate) async fn is_equal(client: &Client, mirror: &Mirror, whose: &str) {
    let data = client.query("{ checkpoint { type count hash } }").await;
    let theirs = data["checkpoint"].as_array().unwrap().iter().filter(|one| one["count"] != 0).map(|one| {
        let text = |field: &str| one[field].as_str().unwrap().to_owned();
        (text("type"), (one["count"].as_i64().unwrap(), text("hash")))
    });
    let lines = lines(client).await;
    assert_eq!(checkpoints(lines.iter().map(String::as_str)), theirs.collect(), "{whose}");
    let versions = lines.iter().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| record[field].as_str().unwrap().to_owned();
        ((text("type"), text("id")), record["version"].as_i64().unwrap())
    });
    assert_eq!(mirror, &versions.collect::<Mirror>(), "{whose}");
}

/// Numbers that look random, and are the same each time.
pub(crate) fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed);
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

/// Writes themes, and now and then one of them again.
pub(crate) async fn keep_writing(client: &Client, writer: u64, times: u32) {
    let (mut random, mut last) = (random(writer + 1), None);
    for number in 0..times {
        let code = format!("W{writer}-{number}");
        let written = if let Some(theme) = last.take().filter(|_| random().is_multiple_of(3)) {
            client.mutate("updateTheme", at_with(&theme, json!({ "code": code })), "id version").await
        } else {
            let theme = json!({ "code": code, "kind": "SUBJECT", "name": text(&code) });
            client.mutate("createTheme", theme, "id version").await
        };
        last = Some(written);
        tokio::time::sleep(Duration::from_millis(random() % 20)).await;
    }
}

on_both_databases! {
    several_changes_of_one_record_are_told_as_the_last,
    who_loses_sight_of_a_record_is_told_that_and_nothing_else,
    what_is_removed_leaves_a_tombstone_with_its_reason,
    what_is_too_old_is_forgotten_in_portions,
    a_cursor_is_of_this_feed_and_not_too_old,
    a_mirror_of_the_feed_is_equal_whoever_makes_it,
    a_checkpoint_costs_what_it_reads,
    a_mirror_that_begins_while_others_write_ends_equal,
}

async fn several_changes_of_one_record_are_told_as_the_last(app: TestApp) {
    let everything = app.secretariat();
    let start = head(&everything).await;
    assert_eq!(
        page(&everything, json!({ "after": start })).await,
        json!({
            "edges": [], "endCursor": start, "hasNextPage": false, "upToDate": true,
        })
    );
    let theme = json!({ "code": "ONE", "kind": "SUBJECT", "name": text("One") });
    let one = everything.mutate("createTheme", theme, "id version").await;
    let two = json!({ "code": "TWO", "kind": "SUBJECT", "name": text("Two") });
    let two = everything.mutate("createTheme", two, "id version").await;
    let renamed = everything.payload("updateTheme", at_with(&one, json!({ "code": "UNO" })), "id").await;
    let whole = page(&everything, json!({ "after": start })).await;
    let edge = |kind: &str, id: &Value, version: i32| {
        json!({
            "kind": kind, "type": "THEME", "recordId": id, "version": version, "reason": null, "node": { "id": id },
            "at": "2026-01-15T04:00:00.000000+00:00",
        })
    };
    let mut edges = whole["edges"].clone();
    let cursors: Vec<Value> = edges
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .map(|edge| edge.as_object_mut().unwrap().remove("cursor").unwrap())
        .collect();
    assert_eq!(edges, json!([edge("CREATED", &two["id"], 1), edge("UPDATED", &one["id"], 2)]));
    assert_eq!(cursors[1], renamed["change"]["cursor"]);
    assert_eq!((&whole["endCursor"], &head(&everything).await), (&cursors[1], &cursors[1]));
    // In pages of one nothing is collapsed, and each page continues where the last one ended.
    let mut after = start.clone();
    for (kind, has_next) in [("CREATED", true), ("CREATED", true), ("UPDATED", false)] {
        let page = page(&everything, json!({ "after": after, "first": 1 })).await;
        assert_eq!((&page["edges"][0]["kind"], &page["hasNextPage"]), (&json!(kind), &json!(has_next)));
        after = page["endCursor"].clone();
    }
    assert_eq!(after, cursors[1]);
    let none = page(&everything, json!({ "after": start, "types": ["MEETING", "BODY"] })).await;
    assert_eq!((&none["edges"], &none["endCursor"]), (&json!([]), &after));
    assert_eq!(page(&everything, json!({ "after": start, "types": ["THEME"] })).await["edges"], whole["edges"]);
}

async fn who_loses_sight_of_a_record_is_told_that_and_nothing_else(app: TestApp) {
    let (stranger, everything) = (app.anonymous(), app.secretariat());
    let meeting = app.planned_meeting(json!({})).await;
    let start = head(&stranger).await;
    let closed = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    let closed = everything.mutate("updateMeeting", closed, "id version").await;
    let edge = page(&stranger, json!({ "after": start })).await["edges"][0].take();
    assert_eq!((&edge["kind"], &edge["recordId"]), (&json!("ACCESS_LOST"), &meeting["id"]));
    assert_eq!((&edge["version"], &edge["reason"], &edge["node"]), (&Value::Null, &Value::Null, &Value::Null));
    let renamed = at_with(&closed, json!({ "title": text("Another") }));
    let renamed = everything.mutate("updateMeeting", renamed, "id version").await;
    assert_eq!(told(&stranger, &start).await, ["ACCESS_LOST MEETING -"]);
    assert_eq!(told(&everything, &start).await, ["UPDATED MEETING 3"]);
    let hidden = page(&stranger, json!({ "after": start })).await;
    assert_eq!(hidden["endCursor"], head(&stranger).await, "what is hidden is passed over");
    let opened = at_with(&renamed, json!({ "sensitivity": "PUBLIC" }));
    everything.mutate("updateMeeting", opened, "id").await;
    assert_eq!(told(&stranger, &hidden["endCursor"]).await, ["CREATED MEETING 4"]);
}

async fn what_is_removed_leaves_a_tombstone_with_its_reason(app: TestApp) {
    let everything = app.secretariat();
    let meeting = app.planned_meeting(json!({ "sensitivity": "PARTICIPANTS_ONLY" })).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
    let item = everything.mutate("addAgendaItem", item, "id version").await;
    let start = head(&everything).await;
    everything.mutate("removeAgendaItem", at(&item), "id").await;
    for client in [app.reader(), everything] {
        let edges = page(&client, json!({ "after": start })).await["edges"].take();
        assert_eq!(edges[0]["kind"], "REMOVED");
        assert_eq!((&edges[0]["reason"], &edges[0]["node"]), (&json!("ENTERED_IN_ERROR"), &Value::Null));
    }
    assert!(told(&app.anonymous(), &start).await.is_empty());
}

async fn what_is_too_old_is_forgotten_in_portions(app: TestApp) {
    const MORE: u64 = 25_000;
    let many = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MORE})
        INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, audience)
        SELECT (SELECT seq FROM change_head) + i, at, actor, subject_kind, subject_id, kind, version, audience
        FROM change, n WHERE change.seq = (SELECT min(seq) FROM change)"
    );
    let db = &app.app.databases.write;
    db.execute_unprepared(&many).await.unwrap();
    db.execute_unprepared(&format!("UPDATE change_head SET seq = seq + {MORE}")).await.unwrap();
    let before = app.feed_length().await;
    app.app.clock.advance(TimeDelta::days(91));
    app.theme("LAST").await;
    let statements = app.app.databases.statements();
    assert_eq!(prune(&app.app).await.unwrap(), before);
    assert!(
        app.app.databases.statements() - statements >= 2 * before.div_ceil(PORTION),
        "each portion is a transaction"
    );
    assert_eq!(app.feed_length().await, 1);
}

async fn a_cursor_is_of_this_feed_and_not_too_old(app: TestApp) {
    let client = app.reader();
    let error =
        async |after: &str, first: i32| client.error_with(CHANGES, json!({ "after": after, "first": first })).await;
    let start = head(&client).await.as_str().unwrap().to_owned();
    for wrong in ["", "x", "AAAA", "MTIzNDU2Nzg5MDEyMzQ1Njc4", "\0", "é"] {
        assert_eq!(error(wrong, 1).await, "INVALID_CURSOR", "{wrong}");
    }
    assert_eq!(error("MTIzNDU2Nzg5MDEyMzQ1Ng", 1).await, "CURSOR_EXPIRED", "of another database");
    for first in [0, -1, 501] {
        assert_eq!(error(&start, first).await, "INVALID_PAGE");
    }
    let theme = json!({ "code": "ONE", "kind": "SUBJECT", "name": text("One") });
    let payload = app.secretariat().payload("createTheme", theme, "id").await;
    let later = payload["change"]["cursor"].as_str().unwrap().to_owned();
    app.app.clock.advance(TimeDelta::days(89));
    assert_eq!(prune(&app.app).await.unwrap(), 0);
    app.app.clock.advance(TimeDelta::days(2));
    let theme = json!({ "code": "TWO", "kind": "SUBJECT", "name": text("Two") });
    app.secretariat().mutate("createTheme", theme, "id").await;
    assert!(prune(&app.app).await.unwrap() > 0);
    assert_eq!(prune(&app.app).await.unwrap(), 0);
    let client = app.reader();
    let error = async |after: Option<&str>| client.error_with(CHANGES, json!({ "after": after })).await;
    assert_eq!(
        (error(Some(&start)).await, error(None).await),
        ("CURSOR_EXPIRED".to_owned(), "CURSOR_EXPIRED".to_owned())
    );
    assert_eq!(told(&client, &json!(later)).await, ["CREATED THEME 1"], "what is kept is whole");
}

async fn a_mirror_of_the_feed_is_equal_whoever_makes_it(app: TestApp) {
    app.mandate("OSCE", "WG-A", "CHAIR").await;
    seed::demo::load(&app.app).await.expect("the demonstration");
    let viewers = [
        ("anonymous", app.anonymous()),
        ("reader", app.reader()),
        ("OSCE", app.partner("OSCE")),
        ("secretariat", app.secretariat()),
    ];
    let mut mirrors = Vec::new();
    for (size, (whose, client)) in (3..).step_by(40).zip(&viewers) {
        let mut mirror = Mirror::new();
        let after = follow(client, &mut mirror, Value::Null, size).await;
        assert!(mirror.len() > 20, "{whose}");
        is_equal(client, &mirror, whose).await;
        mirrors.push((mirror, after));
    }
    // Records become visible, are hidden, and are removed.
    let draft = app
        .partner("OSCE")
        .mutate(
            "draftRecommendation",
            json!({
                "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R"),
            }),
            "id version",
        )
        .await;
    let discussed = app.partner("OSCE").mutate("openDiscussion", at(&draft), "id version").await;
    app.partner("OSCE").mutate("withdrawRecommendation", at(&discussed), "id").await;
    app.adopted("WG-A").await;
    let meeting = app.planned_meeting(json!({})).await;
    for organization in ["OSCE", "UNODC"] {
        let part = json!({ "meetingId": meeting["id"], "organizationId": app.organization(organization).await,
            "capacity": "SPEAKER", "attendance": "CONFIRMED" });
        app.secretariat().mutate("recordParticipation", part, "id").await;
    }
    let item = json!({ "meetingId": meeting["id"], "title": text("One"), "kind": "SESSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, "id version").await;
    app.secretariat().mutate("removeAgendaItem", at(&item), "id").await;
    let hidden = with(
        json!({ "id": meeting["id"], "expectedVersion": 3 }),
        json!({ "chathamHouse": true, "sensitivity": "PARTICIPANTS_ONLY" }),
    );
    app.secretariat().mutate("updateMeeting", hidden, "id").await;
    for ((whose, client), (mut mirror, after)) in viewers.iter().zip(mirrors) {
        let before = mirror.clone();
        let after = follow(client, &mut mirror, after, 2).await;
        assert_ne!(mirror, before, "{whose}");
        is_equal(client, &mirror, whose).await;
        assert_eq!(after, head(client).await);
    }
}

async fn a_checkpoint_costs_what_it_reads(app: TestApp) {
    let ask = |times: usize| {
        let fields: Vec<String> = (0..times).map(|number| format!("c{number}: checkpoint {{ hash }}")).collect();
        format!("{{ {} }}", fields.join(" "))
    };
    app.anonymous().query(&ask(9)).await;
    assert_eq!(app.anonymous().error(&ask(10)).await, "QUERY_TOO_COMPLEX");
}

async fn a_mirror_that_begins_while_others_write_ends_equal(app: TestApp) {
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let secretariat = app.secretariat();
            tokio::spawn(async move { keep_writing(&secretariat, writer, 25).await })
        })
        .collect();
    let client = app.anonymous();
    tokio::time::sleep(Duration::from_millis(50)).await;
    // The head first, then the lists, then what has changed since the head.
    let start = head(&client).await;
    let (mut mirror, mut after) = (Mirror::new(), Value::Null);
    loop {
        let query = "query($after: String) { themes(first: 3, after: $after) {
            nodes { id version } pageInfo { hasNextPage endCursor } } }";
        let page = client.query_with(query, json!({ "after": after })).await["themes"].take();
        for node in page["nodes"].as_array().unwrap() {
            let key = ("THEME".to_owned(), node["id"].as_str().unwrap().to_owned());
            mirror.insert(key, node["version"].as_i64().unwrap());
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let mut cursor = start.clone();
    let (mut writers, mut moved) = (futures_util::future::join_all(writers), app.app.feed.follow());
    loop {
        moved.borrow_and_update();
        cursor = follow(&client, &mut mirror, cursor, 5).await;
        // Polling without a pause would take time from the writers.
        tokio::select! {
            _ = &mut writers => break,
            _ = moved.changed() => {}
        }
    }
    follow(&client, &mut mirror, cursor, 5).await;
    let lines = client.export("?types=THEME").await;
    let themes = lines
        .iter()
        .filter(|line| line["type"] == "THEME")
        .map(|line| (("THEME".to_owned(), line["id"].as_str().unwrap().to_owned()), line["version"].as_i64().unwrap()));
    mirror.retain(|(kind, _), _| kind == "THEME");
    assert_eq!(mirror, themes.collect::<Mirror>());
    assert!(mirror.len() > 50, "{}", mirror.len());
}
