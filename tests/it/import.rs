//! `rec import`: what becomes of the lines of a file, and that an interruption loses nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use rec_api::auth::Viewer;
use rec_api::import::{Report, import};
use rec_tests::given::{text, with};
use rec_tests::socket::Socket;
use rec_tests::{TestApp, on_both_databases, program};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::changes::head;

fn file(lines: &[String]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.ndjson");
    std::fs::write(&path, lines.join("\n")).unwrap();
    (folder, path)
}

fn organization(number: u32) -> Value {
    json!({
        "type": "ORGANIZATION", "externalId": { "sourceSystem": "crm", "value": number.to_string() },
        "acronym": format!("ORG-{number}"), "name": text("An organisation"), "kind": "OTHER",
    })
}

async fn run(app: &TestApp, path: &Path, dry_run: bool) -> (Report, Vec<String>) {
    let mut complaints = Vec::new();
    let viewer = Viewer::system("import");
    let report = import(&app.app, &viewer, path, dry_run, |line| complaints.push(line)).await.unwrap();
    (report, complaints)
}

/// The 95th percentile of the times of mutations, repeated as long as something goes on.
async fn slow_mutations(app: &TestApp, name: &str, goes_on: impl Fn(usize) -> bool) -> Duration {
    let mut times = Vec::new();
    while goes_on(times.len()) {
        let began = Instant::now();
        app.theme(&format!("{name}-{}", times.len())).await;
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    times.sort();
    times[times.len() * 95 / 100]
}

fn report(created: u64, updated: u64, unchanged: u64, failed: u64) -> Report {
    Report { created, updated, unchanged, failed }
}

on_both_databases! {
    what_the_command_writes_is_told_by_a_service_that_runs,
    whoever_writes_beside_an_import_waits_for_a_part_of_it_only,
    lines_that_name_a_record_twice_are_written_one_after_the_other,
    a_line_expects_no_version,
    lines_are_written_and_those_that_fail_are_told,
    a_line_with_what_no_row_has_is_refused_and_hides_no_other,
    an_export_is_imported_without_a_change,
    another_file_and_another_database_are_begun_anew,
}

async fn what_the_command_writes_is_told_by_a_service_that_runs(app: TestApp) {
    let data = tempfile::tempdir().unwrap();
    let command = || {
        let mut command = program::command(data.path());
        command.env("REC_DATABASE_URL", &app.url);
        command
    };
    let serving = program::Serving::start(&mut command());
    let mut socket = Socket::begin(serving.port, None).await;
    let start = head(&app.anonymous()).await;
    let what = "kind node { ... on Organization { acronym } }";
    socket
        .subscribe("1", &format!("subscription {{ changes(after: {start}, types: [ORGANIZATION]) {{ {what} }} }}"))
        .await;
    let (_folder, path) = file(&[organization(1).to_string()]);
    let done = program::run(command().arg("import").arg(&path));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let heard = socket.message().await["payload"]["data"]["changes"].take();
    assert_eq!(heard, json!({ "kind": "CREATED", "node": { "acronym": "ORG-1" } }));
}

async fn whoever_writes_beside_an_import_waits_for_a_part_of_it_only(app: TestApp) {
    let data = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..10_000).map(|number| organization(number).to_string()).collect();
    let (_folder, path) = file(&lines);
    let mut usual = slow_mutations(&app, "BEFORE", |count| count < 60).await;
    let mut command = program::command(data.path());
    command.env("REC_DATABASE_URL", &app.url).arg("import").arg(&path);
    let importing = tokio::task::spawn_blocking(move || program::run(&mut command));
    let beside = slow_mutations(&app, "BESIDE", |_| !importing.is_finished()).await;
    let done = importing.await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    usual = usual.max(slow_mutations(&app, "AFTER", |count| count < 60).await);
    let bound = Duration::from_millis(50).max(usual * 4);
    assert!(beside <= bound, "{beside:?} beside an import, {usual:?} without");
}

async fn lines_that_name_a_record_twice_are_written_one_after_the_other(app: TestApp) {
    let renamed = with(organization(1), json!({ "name": text("Another name") }));
    let (_folder, path) =
        file(&[organization(1), organization(2), renamed, organization(2)].map(|line| line.to_string()));
    assert_eq!(run(&app, &path, false).await, (report(2, 1, 1, 0), Vec::new()));
}

async fn a_line_expects_no_version(app: TestApp) {
    let line = with(organization(1), json!({ "expectedVersion": 1 }));
    let (_folder, path) = file(&[line.to_string(), organization(2).to_string()]);
    let (done, told) = run(&app, &path, false).await;
    assert_eq!(done, report(1, 0, 0, 1));
    assert!(told[0].starts_with("line 1: INVALID expectedVersion"), "{told:?}");
}

async fn lines_are_written_and_those_that_fail_are_told(app: TestApp) {
    let recommendation = json!({
        "type": "RECOMMENDATION", "externalId": { "sourceSystem": "crm", "value": "r" },
        "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION", "title": text("A"), "text": text("B"),
    });
    let meeting = json!({
        "type": "MEETING", "externalId": { "sourceSystem": "crm", "value": "m" }, "title": text("A meeting"),
        "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2026-02-01",
    });
    let mut wrong = organization(3);
    wrong["acronym"] = json!("lower");
    let mut lines: Vec<String> = (0..3).map(|number| organization(number).to_string()).collect();
    lines.extend([
        wrong.to_string(),
        meeting.to_string(),
        String::new(),
        recommendation.to_string(),
        "no JSON".to_owned(),
        json!({ "type": "THEME", "id": "x" }).to_string(),
        json!({ "type": "MEETING", "title": [] }).to_string(),
        json!({ "type": "ORGANIZATION", "externalId": { "sourceSystem": "crm", "value": "9" }, "acronym": 5 })
            .to_string(),
        json!({ "type": "END", "cursor": "x", "lines": 1 }).to_string(),
    ]);
    let (folder, path) = file(&lines);
    let (dry, told) = run(&app, &path, true).await;
    assert_eq!(dry, report(5, 0, 0, 5));
    let (done, complaints) = run(&app, &path, false).await;
    assert_eq!((done, &complaints), (report(5, 0, 0, 5), &told));
    let beginnings: Vec<String> =
        complaints.iter().map(|line| line.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        beginnings,
        ["line 4: INVALID", "line 8: INVALID", "line 9: INVALID", "line 10: REQUIRED", "line 11: INVALID"]
    );
    assert!(complaints[0].contains("acronym"), "{complaints:?}");
    assert_eq!(run(&app, &path, false).await.0, report(0, 0, 5, 5));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
}

async fn a_line_with_what_no_row_has_is_refused_and_hides_no_other(app: TestApp) {
    let meeting = json!({
        "type": "MEETING", "externalId": { "sourceSystem": "crm", "value": "m" }, "title": text("A meeting"),
        "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2026-02-01", "sensitivty": "CONFIDENTIAL",
    });
    let (_folder, path) = file(&[]);
    let lines = [meeting.to_string().into_bytes(), vec![b'"', 0xff, b'"'], organization(1).to_string().into_bytes()];
    std::fs::write(&path, lines.join(&b'\n')).unwrap();
    let (done, mut told) = run(&app, &path, false).await;
    told.sort();
    assert_eq!(done, report(1, 0, 0, 2));
    assert_eq!(told, ["line 1: INVALID sensitivty: a row has no such field", "line 2: INVALID this is not UTF-8"]);
    let query = "{ meeting(by: { externalId: { sourceSystem: \"crm\", value: \"m\" } }) { sensitivity } }";
    assert_eq!(app.secretariat().query(query).await, json!({ "meeting": null }));
}

async fn an_export_is_imported_without_a_change(app: TestApp) {
    app.draft("WG-A").await;
    let paragraphs = json!([{ "number": 1, "text": text("A") }, { "number": 2, "text": text("B") }]);
    let draft = app.draft_with("WG-A", json!({ "text": null, "paragraphs": paragraphs })).await;
    let document = json!({
        "kind": "AGENDA", "title": text("The agenda"), "sensitivity": "PUBLIC", "noPersonalData": true, "recommendationId": draft["id"],
        "symbol": "SEC.DOC/1/26", "versions": [{ "locale": "EN", "url": "https://example.org/1", "state": "ORIGINAL" }],
    });
    app.secretariat().mutate("createDocument", document, "id").await;
    let lines = app.secretariat().export("?types=ORGANIZATION,MEETING,RECOMMENDATION,DOCUMENT").await;
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let (_folder, path) = file(&lines);
    let (done, complaints) = run(&app, &path, false).await;
    assert_eq!(complaints, [""; 0]);
    assert_eq!(done, report(0, 0, lines.len() as u64 - 1, 0));
}

async fn another_file_and_another_database_are_begun_anew(app: TestApp) {
    let lines: Vec<String> = (0..600).map(|number| organization(number).to_string()).collect();
    let (_folder, path) = file(&lines);
    let beside = path.with_extension("ndjson.progress");
    let facts = std::fs::metadata(&path).unwrap();
    let (length, written) = (facts.len(), facts.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_micros());
    let this = app.app.feed.cursor(0).to_string();
    // The progress file says that the first line is done.
    let bytes = lines[0].len() + 1;
    for (length, written, database, expected) in [
        (1, written, this.as_str(), report(600, 0, 0, 0)),
        (length, 1, this.as_str(), report(0, 0, 600, 0)),
        (length, written, "another", report(0, 0, 600, 0)),
        (length, written, this.as_str(), report(1, 0, 599, 0)),
    ] {
        let done = json!({ "lines": 1, "bytes": bytes, "report": report(1, 0, 0, 0) });
        let facts =
            with(json!({ "length": length, "written": u64::try_from(written).unwrap(), "database": database }), done);
        std::fs::write(&beside, facts.to_string()).unwrap();
        assert_eq!(run(&app, &path, false).await.0, expected, "{facts}");
        assert!(!beside.exists());
    }
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let data = tempfile::tempdir().unwrap();
    assert!(program::run(program::command(data.path()).args(["seed", "public"])).status.success());
    let lines: Vec<String> = (0..6000).map(|number| organization(number).to_string()).collect();
    let (_folder, path) = file(&lines);
    let beside = path.with_extension("ndjson.progress");
    let mut command = program::command(data.path());
    let mut child = command.arg("import").arg(&path).stdout(std::process::Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_mins(1);
    while !beside.exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(beside.exists(), "it was interrupted");
    assert_eq!(std::fs::metadata(&beside).unwrap().permissions().mode() & 0o777, 0o600);
    let again = program::run(program::command(data.path()).arg("import").arg(&path));
    let text = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    // What was committed but not noted is unchanged the second time.
    let counted: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!((counted[0] + counted[2], counted[1], counted[3]), (6000, 0, 0), "{text}");
    assert!(counted[2] <= 500, "{text}");
    let all = program::run(program::command(data.path()).args(["export", "--types", "ORGANIZATION"]));
    let acronyms = String::from_utf8_lossy(&all.stdout).matches("\"ORG-").count();
    assert_eq!(acronyms, 6000);
}
