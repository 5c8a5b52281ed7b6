//! The feed and the audit trail: what every write leaves there, in which order, and that nothing is missed or told twice.

mod audience;
mod touches;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::change::{ChangeKind, ChangeReason};
use entity::{audit, change};
use rec_tests::given::{at_with, text};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};

/// The feed's lines after a number.
async fn lines(app: &TestApp, after: i64) -> Vec<change::Model> {
    let lines = change::Entity::find().filter(change::Column::Seq.gt(after)).order_by_asc(change::Column::Seq);
    lines.all(&app.app.databases.read).await.expect("the feed")
}

async fn head(app: &TestApp) -> i64 {
    lines(app, 0).await.last().map_or(0, |line| line.seq)
}

async fn audits(app: &TestApp) -> Vec<audit::Model> {
    audit::Entity::find().order_by_asc(audit::Column::Id).all(&app.app.databases.read).await.expect("the audit trail")
}

on_both_databases! {
    a_theme_that_is_merged_is_replaced_by_the_other,
    an_agenda_item_that_was_entered_twice_is_called_a_duplicate,
    a_theme_is_merged_that_adopted_recommendations_have,
    the_feed_names_no_token,
    what_fails_late_leaves_nothing_behind,
    numbers_are_in_commit_order_without_gaps_whoever_writes,
    how_far_two_cursors_are_apart_tells_nothing,
    cursors_of_before_a_restart_are_read_after_it,
}

/// A cursor as a number that whoever has it can make of it.
fn read_as_number(cursor: &Value) -> u128 {
    let bytes = URL_SAFE_NO_PAD.decode(cursor.as_str().expect("a cursor")).expect("base64");
    u128::from_be_bytes(bytes.try_into().expect("16 bytes"))
}

async fn how_far_two_cursors_are_apart_tells_nothing(app: TestApp) {
    let head = async || read_as_number(&app.anonymous().query("{ feedHead }").await["feedHead"]);
    let start = head().await;
    let mut heads = vec![(head().await, 0)];
    for written in 1..=20 {
        app.draft("WG-A").await;
        heads.push((head().await, written));
    }
    assert_eq!(heads[0].0, start, "nothing is written");
    for (number, written) in &heads[1..] {
        assert!(number.abs_diff(start) > 1 << 80, "{written} drafts: {start:x}, {number:x}");
    }
    let differ: BTreeSet<u128> = heads.windows(2).map(|pair| pair[1].0.abs_diff(pair[0].0)).collect();
    assert_eq!(differ.len(), 20, "no step is like another one");
}

async fn cursors_of_before_a_restart_are_read_after_it(app: TestApp) {
    let start = app.anonymous().query("{ feedHead }").await["feedHead"].clone();
    app.theme("ONE").await;
    let again = app.second().await;
    let query = "query($after: String) { changes(after: $after) { edges { kind } endCursor } feedHead }";
    let told = again.anonymous().query_with(query, json!({ "after": start })).await;
    assert_eq!(told["changes"]["edges"], json!([{ "kind": "CREATED" }]));
    assert_eq!(told["changes"]["endCursor"], told["feedHead"]);
    assert_eq!(app.anonymous().query("{ feedHead }").await["feedHead"], told["feedHead"]);
}

async fn a_theme_that_is_merged_is_replaced_by_the_other(app: TestApp) {
    let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
    let below = json!({ "code": "BELOW", "name": text("Below"), "kind": "SUBJECT", "parentId": one });
    let below = app.secretariat().mutate("createTheme", below, "id").await;
    let only = app.draft_with("WG-A", json!({ "themeIds": [one] })).await;
    let both = app.draft_with("WG-A", json!({ "themeIds": [two, one] })).await;
    let link = json!({ "id": one, "externalId": { "sourceSystem": "crm", "value": "1" } });
    app.secretariat().mutate("linkExternalId", link, "id").await;
    let start = app.app.feed.cursor(head(&app).await).to_string();
    let input = json!({ "id": one, "expectedVersion": 1, "intoId": two });
    let row = app.secretariat().mutate("mergeThemes", input, "id externalIds { value }").await;
    assert_eq!(row, json!({ "id": two, "externalIds": [{ "value": "1" }] }));
    let query = "query($after: String) { changes(after: $after) { edges { kind type recordId reason replacedBy } } }";
    let told = app.secretariat().query_with(query, json!({ "after": start })).await;
    let edges = told["changes"]["edges"].as_array().unwrap();
    let mut touched: Vec<&Value> =
        edges.iter().filter(|edge| edge["kind"] == "UPDATED").map(|edge| &edge["recordId"]).collect();
    let mut expected = vec![&only["id"], &both["id"], &below["id"]];
    touched.sort_by_key(ToString::to_string);
    expected.sort_by_key(ToString::to_string);
    assert_eq!(touched, expected);
    let merged = json!({ "kind": "REMOVED", "type": "THEME", "recordId": one, "reason": "MERGED", "replacedBy": two });
    assert_eq!(edges.last(), Some(&merged));
    let exported = app.secretariat().export(&format!("?after={start}")).await;
    assert!(exported.iter().any(|line| line["id"] == json!(one) && line["replacedBy"] == json!(two)));
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { themes { code } } }";
    for record in [&only, &both] {
        let themes = app.secretariat().query_with(query, json!({ "id": record["id"] })).await;
        assert_eq!(themes["recommendation"]["themes"], json!([{ "code": "TWO" }]));
    }
    for wrong in [&below["id"], &json!(two)] {
        let input = json!({ "id": two, "expectedVersion": 1, "intoId": wrong });
        assert_eq!(app.secretariat().refusals("mergeThemes", input).await, ["INVALID intoId"]);
    }
}

async fn an_agenda_item_that_was_entered_twice_is_called_a_duplicate(app: TestApp) {
    let v = "id version";
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("Twice"), "kind": "SESSION" });
    let item = app.secretariat().mutate("addAgendaItem", item, v).await;
    let input = at_with(&item, json!({ "duplicate": true }));
    app.secretariat().mutate("removeAgendaItem", input, v).await;
    let reasons: Vec<_> = lines(&app, 0).await.into_iter().filter_map(|line| line.reason).collect();
    assert_eq!(reasons.last(), Some(&ChangeReason::Duplicate));
}

async fn a_theme_is_merged_that_adopted_recommendations_have(app: TestApp) {
    let (one, two) = (app.theme("ONE").await, app.theme("TWO").await);
    let only = app.adopted_with("WG-A", json!({ "themeIds": [one] })).await;
    let both = app.adopted_with("WG-A", json!({ "themeIds": [one, two] })).await;
    let taken = "DELETE FROM recommendation_theme WHERE theme_id IN (SELECT id FROM theme WHERE code = 'ONE')";
    assert!(app.app.databases.write.execute_unprepared(taken).await.is_err(), "an adopted text keeps its themes");
    let input = json!({ "id": one, "expectedVersion": 1, "intoId": two });
    app.secretariat().mutate("mergeThemes", input, "id").await;
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { version themes { code } } }";
    for record in [&only, &both] {
        let shown = app.anonymous().query_with(query, json!({ "id": record["id"] })).await["recommendation"].take();
        assert_eq!(shown["themes"], json!([{ "code": "TWO" }]));
        assert_eq!(shown["version"].as_i64(), record["version"].as_i64().map(|version| version + 1));
    }
    let lines = lines(&app, 0).await;
    let of_theme: Vec<_> = lines.iter().filter(|line| line.reason == Some(ChangeReason::Merged)).collect();
    assert_eq!((of_theme.len(), of_theme[0].kind, of_theme[0].version), (1, ChangeKind::Removed, 2));
}

async fn the_feed_names_no_token(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let input =
        json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("R"), "text": text("R") });
    app.partner("OSCE").mutate("draftRecommendation", input, "id").await;
    let last = audits(&app).await.pop().expect("an audit line");
    assert_eq!(lines(&app, 0).await.last().expect("a line").actor, "OSCE");
    assert_eq!(last.actor, "local:OSCE");
    for row in app.rows("SELECT * FROM change").await {
        assert!(!row.to_string().contains(&last.actor), "{row}");
    }
}

async fn what_fails_late_leaves_nothing_behind(app: TestApp) {
    let before = app.traces().await;
    let body = app.body("WG-A").await;
    let meeting = json!({ "title": text("M"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2025-12-01",
        "organizers": [{ "organizationId": app.organization("ISRS").await, "role": "HOST" }] });
    for (field, value) in [
        ("sessions", json!([{ "bodyId": body }, { "bodyId": body }])),
        ("sourceIds", json!(["x"])),
        ("alternativeTitles", json!([{ "title": [], "sourceId": "x" }])),
    ] {
        let refusals =
            app.secretariat().refusals("scheduleMeeting", rec_tests::traces::with(&meeting, field, value)).await;
        assert!(!refusals.is_empty(), "{field}");
    }
    assert_eq!(app.traces().await, before);
}

async fn numbers_are_in_commit_order_without_gaps_whoever_writes(app: TestApp) {
    let app = Arc::new(app);
    let other = Arc::new(app.second().await);
    let (start, done) = (head(&app).await, Arc::new(AtomicBool::new(false)));
    let follower = tokio::spawn({
        let (app, done) = (Arc::clone(&app), Arc::clone(&done));
        async move {
            let (mut cursor, mut seen) = (start, Vec::new());
            loop {
                let ended = done.load(Ordering::SeqCst);
                let page = lines(&app, cursor).await;
                if let Some(last) = page.last() {
                    cursor = last.seq;
                } else if ended {
                    return seen;
                }
                seen.extend(page.into_iter().map(|line| (line.seq, line.subject_id)));
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        }
    });
    let writers: Vec<_> = (0_u64..8)
        .map(|writer| {
            let app = Arc::clone(if writer % 2 == 0 { &app } else { &other });
            tokio::spawn(async move {
                let mut random = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(writer + 1);
                let mut written = 0;
                for number in 0..12 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // One in four is refused after its transaction has begun.
                    let refused = (random >> 33).is_multiple_of(4);
                    let acronym = if refused { "ISRS".to_owned() } else { format!("W{writer}-{number}") };
                    let input = json!({ "acronym": acronym, "name": text("W"), "kind": "OTHER" });
                    let payload = app.secretariat().payload("createOrganization", input, "id").await;
                    assert_eq!(payload["userErrors"] == json!([]), !refused, "{payload}");
                    written += usize::from(!refused);
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for writer in writers {
        written += writer.await.expect("a writer");
    }
    done.store(true, Ordering::SeqCst);
    let seen =
        tokio::time::timeout(std::time::Duration::from_mins(1), follower).await.expect("in time").expect("a follower");
    assert!(written > 40, "{written}");
    assert_eq!(seen.len(), written);
    let numbers: Vec<i64> = seen.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (start + 1..=start + i64::try_from(written).expect("a number")).collect::<Vec<i64>>());
    assert_eq!(seen.iter().map(|(_, subject)| *subject).collect::<BTreeSet<_>>().len(), written);
}
