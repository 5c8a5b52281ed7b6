//! The register as lines: what a line says, who sees which, and that a mirror made of them is equal.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use rec_api::service::change::prune;
use rec_api::service::seed;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text};
use rec_tests::{TestApp, on_both_databases, program};
use serde_json::{Value, json};

use crate::changes::{Mirror, head, is_equal, keep_writing};

/// Applies lines to a mirror; returns the cursor of the last one.
fn apply(mirror: &mut Mirror, lines: &[Value]) -> String {
    let (end, lines) = lines.split_last().expect("a last line");
    assert_eq!((&end["type"], &end["lines"]), (&json!("END"), &json!(lines.len())));
    for line in lines {
        let word = |field: &str| line[field].as_str().expect("a word").to_owned();
        let key = (word("type"), word("id"));
        match line["version"].as_i64() {
            Some(version) => mirror.insert(key, version),
            None => mirror.remove(&key),
        };
    }
    end["cursor"].as_str().expect("a cursor").to_owned()
}

fn line<'a>(lines: &'a [Value], id: &Value) -> Option<&'a Value> {
    lines.iter().find(|line| line["id"] == *id)
}

async fn fails(client: &Client, query: &str) -> (u16, Value) {
    let (parts, body) = client.get(&format!("/export.ndjson{query}"), &[]).await;
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    (parts.status.as_u16(), body["errors"][0]["extensions"]["code"].clone())
}

/// A copy of the register: its lines by type and id.
type Lines = BTreeMap<(String, String), Value>;

const VERSION: &str = "query($id: ID!) { meeting(by: { id: $id }) { id version } }";

/// Writes lines into a copy; returns the cursor to continue from.
fn keep(copy: &mut Lines, mut lines: Vec<Value>) -> String {
    let end = lines.pop().expect("a last line");
    for line in lines {
        let word = |field: &str| line[field].as_str().expect("a word").to_owned();
        let key = (word("type"), word("id"));
        if line["removed"].is_null() {
            copy.insert(key, line)
        } else {
            copy.remove(&key)
        };
    }
    end["cursor"].as_str().expect("a cursor").to_owned()
}

/// Updates copies, and compares each with a new one.
async fn follow(copies: &mut [(Client, Lines, String)]) {
    for (client, copy, cursor) in copies {
        *cursor = keep(copy, client.export(&format!("?after={cursor}")).await);
        let mut new = Lines::new();
        keep(&mut new, client.export("").await);
        assert_eq!(*copy, new);
    }
}

on_both_databases! {
    a_mirror_made_of_lines_is_equal_for_every_viewer,
    a_copy_that_goes_on_says_what_a_new_one_says,
    a_line_says_what_the_schema_shows_in_the_words_of_bulk_writes,
    a_line_of_a_meeting_holds_its_short_lists,
    a_line_names_nothing_that_its_reader_may_not_see,
    what_is_asked_wrongly_is_refused_before_the_first_line,
    what_has_changed_costs_less_than_everything,
    an_export_is_compressed_as_the_client_takes_it,
    a_mirror_that_begins_while_writers_are_busy_ends_equal,
}

async fn a_mirror_made_of_lines_is_equal_for_every_viewer(app: TestApp) {
    seed::demo::load(&app.app).await.unwrap();
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
    for organization in ["OSCE", "UNODC"] {
        let part = json!({
            "meetingId": meeting["id"], "organizationId": app.organization(organization).await, "capacity": "DELEGATE",
            "attendance": "CONFIRMED",
        });
        app.secretariat().mutate("recordParticipation", part, "id").await;
    }
    let parts = "query($id: ID!) { meeting(by: { id: $id }) { participations { totalCount } } }";
    let parts = app.partner("OSCE").query_with(parts, json!({ "id": meeting["id"] })).await;
    assert_eq!(
        parts["meeting"]["participations"]["totalCount"], 2,
        "who takes part sees more than a mirror of its has"
    );
    let draft = app.draft("WG-A").await;
    let viewers = [
        ("anonymous", app.anonymous()),
        ("reader", app.reader()),
        ("OSCE", app.partner("OSCE")),
        ("all", app.secretariat()),
    ];
    let mut mirrors = Vec::new();
    for (name, client) in viewers {
        let mut mirror = Mirror::new();
        let cursor = apply(&mut mirror, &client.export("").await);
        is_equal(&client, &mirror, name).await;
        mirrors.push((name, client, mirror, cursor));
    }
    let secretariat = app.secretariat();
    secretariat.mutate("openDiscussion", at(&draft), "id").await;
    let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION" });
    let item = secretariat.mutate("addAgendaItem", item, "id version meeting { id version }").await;
    let closed = at_with(&item["meeting"], json!({ "sensitivity": "CONFIDENTIAL" }));
    secretariat.mutate("updateMeeting", closed, "id").await;
    let other = app.planned_meeting(json!({})).await;
    let item = json!({ "meetingId": other["id"], "title": text("An item"), "kind": "DISCUSSION" });
    let item = secretariat.mutate("addAgendaItem", item, "id version").await;
    secretariat.mutate("removeAgendaItem", at(&item), "id").await;
    for (name, client, mut mirror, cursor) in mirrors {
        let lines = client.export(&format!("?after={cursor}")).await;
        assert!(lines.len() < 12, "what has not changed is not told: {}", lines.len());
        let cursor = apply(&mut mirror, &lines);
        is_equal(&client, &mirror, name).await;
        assert_eq!(cursor, head(&client).await);
        assert_eq!(client.export(&format!("?after={cursor}")).await.len(), 1);
    }
}

async fn a_copy_that_goes_on_says_what_a_new_one_says(app: TestApp) {
    let secretariat = app.secretariat();
    let draft = app.draft("WG-A").await;
    let meeting = app.planned_meeting(json!({})).await;
    let item = json!({
        "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION", "recommendationIds": [draft["id"]],
    });
    secretariat.mutate("addAgendaItem", item, "id").await;
    let closed = app.concluded_meeting_with(&["WG-A", "EC"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let submitted = app.submit(&app.draft("WG-A").await, &closed).await;
    let adoption = at_with(&submitted, json!({ "meetingId": closed["id"], "noPersonalData": true }));
    let adopted = secretariat.mutate("adoptRecommendation", adoption, "id version").await;
    let viewers = [app.anonymous(), app.reader(), app.partner("OSCE"), secretariat.clone()];
    let mut copies = Vec::new();
    for client in viewers {
        let mut copy = Lines::new();
        let cursor = keep(&mut copy, client.export("").await);
        copies.push((client, copy, cursor));
    }
    let opened = secretariat.mutate("openDiscussion", at(&draft), "id version").await;
    follow(&mut copies).await;
    secretariat.mutate("withdrawRecommendation", at(&opened), "id").await;
    follow(&mut copies).await;
    for (sensitivity, expected) in [("PUBLIC", true), ("PARTICIPANTS_ONLY", false)] {
        let meeting = secretariat.query_with(VERSION, json!({ "id": closed["id"] })).await;
        let input = at_with(&meeting["meeting"], json!({ "sensitivity": sensitivity }));
        secretariat.mutate("updateMeeting", input, "id").await;
        follow(&mut copies).await;
        let (_, copy, _) = &copies[0];
        let said = &copy[&("RECOMMENDATION".to_owned(), adopted["id"].as_str().unwrap().to_owned())];
        assert_eq!(said["meetingId"] == closed["id"], expected, "{sensitivity}");
    }
}

async fn a_line_says_what_the_schema_shows_in_the_words_of_bulk_writes(app: TestApp) {
    let (law, resolution) = (app.theme("LAW").await, app.instrument("S/RES/2396").await);
    let row = json!({
        "externalId": { "sourceSystem": "crm", "value": "1" },
        "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": [{ "locale": "KY", "text": "Мектептер" }],
        "text": [{ "locale": "RU", "text": "Открыть школы", "original": true }, { "locale": "EN", "text": "Open the schools" }],
        "rationale": [{ "locale": "EN", "text": "Why" }], "priority": "HIGH", "targetDate": "2026-12-01",
        "themeIds": [law], "instrumentIds": [resolution],
        "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("UZ").await, "organizationId": null }],
    });
    let input = json!({ "rows": [row], "matchBy": "EXTERNAL_ID" });
    let created = app.secretariat().upsert("upsertRecommendations", input, "id createdAt").await;
    let record = &created["rows"][0]["record"];
    let lines = app.secretariat().export("?types=RECOMMENDATION").await;
    let said = line(&lines, &record["id"]).expect("a line");
    for (field, value) in row.as_object().unwrap().iter().filter(|(field, _)| *field != "externalId") {
        assert_eq!(said[field], *value, "{field}");
    }
    let told = json!({
        "type": "RECOMMENDATION", "version": 1, "status": "DRAFT", "label": null, "meetingId": null,
        "draftedById": null, "isDemo": false, "noPersonalData": false,
    });
    for (field, value) in told.as_object().unwrap() {
        assert_eq!(said[field], *value, "{field}");
    }
    assert_eq!(said["revisions"][0]["text"], row["text"]);
    let mut back = said.clone();
    back["externalId"] = row["externalId"].clone();
    let fields = [
        "bodyId",
        "kind",
        "title",
        "text",
        "rationale",
        "priority",
        "targetDate",
        "themeIds",
        "instrumentIds",
        "addressees",
        "externalId",
    ];
    back.as_object_mut().unwrap().retain(|field, _| fields.contains(&field.as_str()));
    let input = json!({ "rows": [back], "matchBy": "EXTERNAL_ID" });
    let again = app.secretariat().upsert("upsertRecommendations", input, "id").await;
    assert_eq!(again["rows"][0]["outcome"], "UNCHANGED", "{again}");
}

async fn a_line_of_a_meeting_holds_its_short_lists(app: TestApp) {
    let source = app.sources().await.remove(0);
    let more = json!({
        "sessions": [{ "bodyId": app.body("WG-D").await, "ordinal": 3 }], "sourceIds": [source],
        "alternativeTitles": [{ "title": [{ "locale": "TG", "text": "Дигар" }], "sourceId": source }],
        "theme": [{ "locale": "EN", "text": "A theme", "original": true }, { "locale": "TK", "text": "Tema" }],
    });
    let meeting = app.planned_meeting(more.clone()).await;
    let lines = app.anonymous().export("?types=MEETING,AGENDA_ITEM").await;
    assert!(lines.iter().all(|line| ["MEETING", "AGENDA_ITEM", "END"].contains(&line["type"].as_str().unwrap())));
    let said = line(&lines, &meeting["id"]).expect("a line");
    for (field, value) in more.as_object().unwrap() {
        assert_eq!(said[field], *value, "{field}");
    }
    assert_eq!(said["organizers"][0]["role"], "ORGANIZER");
}

async fn a_line_names_nothing_that_its_reader_may_not_see(app: TestApp) {
    app.mandate("OSCE", "WG-A", "MEMBER").await;
    let draft = json!({ "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A"), "text": text("B"),
        "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "LEAD" }] });
    let draft = app.partner("OSCE").mutate("draftRecommendation", draft, "id version").await;
    let meeting = app.concluded_meeting_with(&["WG-A"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let submitted = app.submit(&draft, &meeting).await;
    let committee = app.concluded_meeting_with(&["EC"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let adoption = at_with(&submitted, json!({ "meetingId": committee["id"], "noPersonalData": true }));
    app.secretariat().mutate("adoptRecommendation", adoption, "id").await;
    let osce = app.organization("OSCE").await;
    for (client, is_told, sees_meetings) in
        [(app.anonymous(), false, false), (app.reader(), true, false), (app.secretariat(), true, true)]
    {
        let lines = client.export("").await;
        let said = line(&lines, &draft["id"]).expect("a line");
        assert_eq!(said["draftedById"] == json!(osce), is_told);
        for (field, meeting) in [("meetingId", &committee), ("agreedMeetingId", &meeting)] {
            assert_eq!(said[field] == meeting["id"], sees_meetings, "{field}");
            assert_eq!(line(&lines, &meeting["id"]).is_some(), sees_meetings);
        }
        let texts: String = lines.iter().map(Value::to_string).collect();
        assert_eq!(texts.contains(meeting["id"].as_str().unwrap()), sees_meetings);
        assert!(!texts.contains("\"audience\"") && !texts.contains("rop_") && !texts.contains("fig_"));
    }
}

async fn what_is_asked_wrongly_is_refused_before_the_first_line(app: TestApp) {
    let client = app.anonymous();
    assert_eq!(fails(&client, "?after=no").await, (400, json!("INVALID_CURSOR")));
    assert_eq!(fails(&client, "?type=MEETING").await, (400, json!("INVALID_ARGUMENT")));
    assert_eq!(fails(&client, "?after=a&after=b").await, (400, json!("INVALID_ARGUMENT")));
    assert_eq!(fails(&client, "?types=MEETING,OPERATION").await, (400, json!("INVALID_ARGUMENT")));
    let elsewhere = app.second().await;
    let cursor = head(&elsewhere.anonymous()).await;
    assert_eq!(client.export(&format!("?after={}", cursor.as_str().unwrap())).await.len(), 1, "the same database");
    let old = head(&client).await;
    app.theme("LAW").await;
    app.app.clock.advance(TimeDelta::days(91));
    prune(&app.app).await.unwrap();
    assert_eq!(fails(&client, &format!("?after={}", old.as_str().unwrap())).await, (410, json!("CURSOR_EXPIRED")));
    let wrong = app.with_authorization("Bearer nonsense");
    assert_eq!(fails(&wrong, "").await, (401, json!("UNAUTHENTICATED")));
    let nothing = client.export("?types=OPERATION_FIGURE,REPATRIATION_OPERATION").await;
    assert_eq!(nothing.len(), 1, "they are not published");
}

async fn what_has_changed_costs_less_than_everything(app: TestApp) {
    let start = app.app.feed.head().cursor().to_string();
    for (query, left) in [(format!("?after={start}"), "9800"), (String::new(), "5000")] {
        let app = app.second_with(|config| config.limits.rate_points = 10_000).await;
        let (parts, _) = app.reader().get(&format!("/export.ndjson{query}"), &[]).await;
        assert_eq!(parts.headers["ratelimit-remaining"], left, "{query}");
    }
}

async fn an_export_is_compressed_as_the_client_takes_it(app: TestApp) {
    let (plain, whole) = app.anonymous().get("/export.ndjson", &[]).await;
    assert_eq!(plain.headers["content-type"], "application/x-ndjson");
    assert!(!plain.headers.contains_key("content-encoding"));
    for (encoding, program) in [("gzip", "gzip"), ("zstd", "zstd")] {
        let (parts, body) = app.anonymous().get("/export.ndjson", &[("accept-encoding", encoding)]).await;
        assert_eq!(parts.headers["content-encoding"], encoding);
        assert!(body.len() * 2 < whole.len(), "{encoding}: {} of {}", body.len(), whole.len());
        assert!(body.starts_with(if encoding == "gzip" { b"\x1f\x8b" } else { b"\x28\xb5" }));
        // Only tested where the program is installed.
        let Ok(mut child) = Command::new(program).arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        else {
            continue;
        };
        let mut input = child.stdin.take().unwrap();
        let writing = std::thread::spawn(move || input.write_all(&body));
        assert_eq!(child.wait_with_output().unwrap().stdout, whole, "{encoding}");
        writing.join().unwrap().unwrap();
    }
}

async fn a_mirror_that_begins_while_writers_are_busy_ends_equal(app: TestApp) {
    let client = app.secretariat();
    seed::demo::load(&app.app).await.unwrap();
    let (one, two) = (app.secretariat(), app.secretariat());
    let writing = async { tokio::join!(keep_writing(&one, 1, 40), keep_writing(&two, 2, 40)) };
    let reading = async {
        let mut mirror = Mirror::new();
        let mut cursor = apply(&mut mirror, &client.export("").await);
        for _ in 0..20 {
            cursor = apply(&mut mirror, &client.export(&format!("?after={cursor}")).await);
        }
        (mirror, cursor)
    };
    let ((mut mirror, cursor), _) = tokio::join!(reading, writing);
    apply(&mut mirror, &client.export(&format!("?after={cursor}")).await);
    is_equal(&client, &mirror, "secretariat").await;
}

#[test]
fn the_program_prints_the_record() {
    let data = tempfile::tempdir().unwrap();
    assert!(program::run(program::command(data.path()).args(["seed", "public"])).status.success());
    let run = |arguments: &[&str]| {
        let output = program::run(program::command(data.path()).arg("export").args(arguments));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let all = run(&["--format", "ndjson"]);
    assert!(all.len() > 30);
    let end = all.last().unwrap();
    assert_eq!((&end["type"], &end["lines"]), (&json!("END"), &json!(all.len() - 1)));
    assert_eq!(run(&["--after", end["cursor"].as_str().unwrap()]).len(), 1);
    let bodies = run(&["--types", "BODY,THEME"]);
    assert!(bodies.iter().any(|line| line["code"] == "WG-A") && bodies.iter().all(|line| line["type"] != "MEETING"));
    let wrong = program::run(program::command(data.path()).args(["export", "--types", "NOTHING"]));
    assert_eq!(wrong.status.code(), Some(2));
    // A cursor may begin with a hyphen.
    for no in ["no", "-no"] {
        let wrong = program::run(program::command(data.path()).args(["export", "--after", no]));
        assert_eq!(wrong.status.code(), Some(1), "{no}");
    }
}
