//! The program's commands, from outside.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rec_api::digest::sha256;
use rec_tests::program::{Serving, ask, command, run};
use rec_tests::{TestApp, on_both_databases, on_postgres};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

/// An overview of the register: groups, organisers, meetings with who organises them.
const RECORD: &str = "{ workingGroups { nodes { code name } } organizers { nodes { acronym } } meetings(orderBy: [{ field: \
                      STARTS_ON, direction: DESC }]) { nodes { title startsOn organizers { organization { acronym } } } } }";

fn output(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The output of a failing command: one line on standard error, and nothing on standard output.
fn failure(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success(), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(output.stdout.is_empty());
    said
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn on(app: &TestApp, data: &Path) -> Command {
    let mut command = command(data);
    command.env("REC_DATABASE_URL", &app.url);
    command
}

#[test]
fn serve_starts_on_nothing_and_says_where_and_how() {
    let directory = directory();
    let data = directory.path().join("new").join("data");
    let serving = Serving::start(&mut command(&data));
    assert!(serving.lines[0].ends_with("/graphql") && serving.lines[1].starts_with("Explorer: http://"));
    let hint = serving.lines[2].strip_prefix("Token:").expect("a hint").trim().to_owned();
    assert!(data.join("rec.db").is_file());
    assert_eq!(std::fs::metadata(&data).expect("metadata").permissions().mode() & 0o777, 0o700);
    assert!(data.join("signing-key.der").is_file());
    for entry in std::fs::read_dir(&data).expect("a directory").map(|entry| entry.expect("an entry")) {
        assert_eq!(entry.metadata().expect("metadata").permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
    let address = format!("127.0.0.1:{}", serving.port);
    assert_eq!(output(command(&data).arg("health").env("REC_LISTEN", &address)), "ready\n");
    let said = Command::new("sh").args(["-c", &hint]).env_clear().output().expect("a shell");
    let token = String::from_utf8(said.stdout).expect("a token");
    let viewer = ask(serving.port, Some(token.trim()), "{ viewer { role } }", &json!({})).expect("an answer");
    assert_eq!(viewer["data"]["viewer"]["role"], "SECRETARIAT", "{hint}");
    let token = output(command(&data).args(["token", "--role", "partner", "--organization", "OSCE"]));
    let viewer = ask(serving.port, Some(token.trim()), "{ viewer { role organization { acronym } } }", &json!({}));
    assert_eq!(
        viewer.expect("an answer")["data"]["viewer"],
        json!({ "role": "PARTNER", "organization": { "acronym": "OSCE" } })
    );
    let refusal = failure(command(&data).env("REC_LISTEN", &address).env("REC_LOG", "off"));
    assert!(refusal.contains(&format!("cannot listen on {address}")), "{refusal}");
    drop(serving);
    assert!(failure(command(&data).arg("health").env("REC_LISTEN", &address)).contains("does not answer"));
}

/// Whatever the modes of the directory and of the process, and of files that an older version has left.
#[test]
fn the_files_of_a_database_are_their_owners_alone() {
    let directory = directory();
    let modes = || {
        let entries = std::fs::read_dir(directory.path()).expect("a directory").map(|entry| entry.expect("an entry"));
        let files = entries
            .map(|entry| (entry.file_name().into_string().expect("a name"), entry.metadata().expect("metadata")));
        files.map(|(name, metadata)| (name, metadata.permissions().mode() & 0o777)).collect::<Vec<_>>()
    };
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).expect("permissions");
    let serving = Serving::start(&mut command(directory.path()));
    let backup = directory.path().join("backup.db");
    output(command(directory.path()).arg("backup").arg(&backup));
    let files = modes();
    assert!(
        ["rec.db", "rec.db-wal", "rec.db-shm", "backup.db"].iter().all(|name| files.iter().any(|(one, _)| one == name))
    );
    assert!(files.iter().all(|(_, mode)| *mode == 0o600), "{files:?}");
    for (name, _) in files.iter().filter(|(name, _)| name.starts_with("rec.db")) {
        std::fs::set_permissions(directory.path().join(name), std::fs::Permissions::from_mode(0o644))
            .expect("permissions");
    }
    serving.stop();
    Serving::start(&mut command(directory.path())).stop();
    assert!(modes().iter().all(|(_, mode)| *mode == 0o600), "{:?}", modes());
}

#[test]
fn migrate_works_on_a_fresh_checkout() {
    let directory = directory();
    let data = directory.path().join("data");
    assert_eq!(output(command(&data).arg("migrate")), "The schema is up to date.\n");
    assert!(data.join("rec.db").is_file());
}

#[test]
fn prune_says_how_much_of_what_is_forgotten() {
    let directory = directory();
    let data = directory.path().join("data");
    output(command(&data).arg("migrate"));
    let said = "Forgotten: 0 changes.\nForgotten: 0 answers.\nForgotten: 0 deliveries.\nForgotten: 0 tokens.\n";
    assert_eq!(output(command(&data).arg("prune")), said);
}

#[test]
fn help_is_the_manual_and_whoever_reads_may_stop() {
    let directory = directory();
    let manual = output(command(directory.path()).arg("--help"));
    for name in ["REC_LISTEN", "REC_DATABASE_URL", "REC_DATA_DIR", "REC_JWKS", "REC_JWT_ISSUER", "REC_JWT_AUDIENCE"] {
        assert!(manual.contains(name), "{name}");
    }
    let pipe = format!("'{}' schema | head -n 1", rec_tests::program::path().display());
    let cut = run(Command::new("sh").args(["-c", &pipe]));
    assert!(cut.stderr.is_empty(), "{}", String::from_utf8_lossy(&cut.stderr));
}

#[test]
fn the_help_of_a_command_lists_the_options_that_concern_it() {
    let directory = directory();
    let variables = |arguments: &[&str]| -> BTreeSet<String> {
        let help = output(command(directory.path()).args(arguments).arg("--help"));
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let named = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
        named.map(str::to_owned).collect()
    };
    let database = ["REC_DATABASE_CONNECTIONS", "REC_DATABASE_URL", "REC_DATA_DIR"];
    for (arguments, expected) in [
        (&["schema"][..], vec![]),
        (&["mirror"], vec![]),
        (&["health"], vec!["REC_LISTEN"]),
        (&["migrate"], database.to_vec()),
        (&["seed"], database.to_vec()),
        (&["seed", "demo"], database.to_vec()),
        (&["export"], database.to_vec()),
        (&["backup"], database[1..].to_vec()),
        (&["prune"], [&database[..], &["REC_FEED_DAYS"]].concat()),
    ] {
        assert_eq!(variables(arguments), expected.into_iter().map(str::to_owned).collect(), "{arguments:?}");
    }
    assert_eq!(variables(&["serve"]), variables(&[]));
    assert!(variables(&["serve"]).len() > 40);
}

#[test]
fn the_log_has_a_line_a_request_and_no_secret() {
    let directory = directory();
    let log = directory.path().join("log");
    let serving =
        Serving::logging(&mut command(&directory.path().join("data")), std::fs::File::create(&log).expect("a log"));
    let token = output(command(&directory.path().join("data")).args(["token", "--role", "secretariat"]));
    let query = "query Groups($code: String!) { body(by: { code: $code }) { code reportsTo { code } } } # a comment";
    ask(serving.port, Some(token.trim()), query, &json!({ "code": "WG-A" })).expect("an answer");
    ask(serving.port, None, "{ nothing }", &json!({})).expect("an answer");
    drop(serving);
    let log = std::fs::read_to_string(&log).expect("a log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 2, "{log}");
    let told = |line: &Value, keys: &[&str]| keys.iter().map(|key| line[*key].clone()).collect::<Vec<_>>();
    let keys = ["operation", "viewer", "statements", "status", "codes"];
    assert_eq!(told(requests[0], &keys), [json!("Groups"), json!("Secretariat"), json!(2), json!(200), json!("")]);
    assert_eq!(told(requests[1], &keys)[4], "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(requests[0]["document"], json!(sha256(query)[..12]));
    assert!(requests[0]["cost"].as_u64().is_some_and(|cost| cost > 1), "{log}");
    assert!(requests.iter().all(|line| line["milliseconds"].as_u64().is_some_and(|time| time < 10_000)));
    assert!(requests.iter().all(|line| line["request_id"].as_str().is_some_and(|id| id.len() == 32)));
    for secret in [token.trim(), "WG-A", "a comment", "reportsTo"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[test]
fn schema_prints_the_contract_and_touches_nothing() {
    let directory = directory();
    let data = directory.path().join("data");
    assert_eq!(output(command(&data).arg("schema")), rec_api::graphql::sdl());
    assert!(!data.exists());
}

#[test]
fn what_cannot_work_is_said_in_one_line() {
    let directory = directory();
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("a file");
    assert!(
        failure(command(&file.join("data")).arg("migrate").env("REC_DATABASE_URL", "sqlite:///nowhere/at/all/rec.db"))
            .contains("database")
    );
    assert!(failure(command(&file.join("data")).args(["token", "--role", "reader"])).contains("data directory"));
    let data = directory.path().join("data");
    let closed = "postgres://nobody@127.0.0.1:9/none";
    let said = failure(command(&data).env("REC_DATABASE_URL", closed));
    assert!(said.contains("cannot reach the database postgres://127.0.0.1:9/none"), "{said}");
    assert!(failure(command(&data).env("REC_DATABASE_URL", "sqlite::memory:")).contains("in memory"));
    for (address, said) in [
        ("postgres://rec:secret@one,two/rec", "several hosts"),
        ("postgresql://one/rec?host=one,two", "several hosts"),
        ("postgres://rec:sec/secret@one/rec", "cannot be read"),
        ("rec:secret@one/rec", "begins neither"),
        ("postgres://one/rec?sslmode=disable&target_session_attrs=read-write", "target_session_attrs"),
    ] {
        let complaint = failure(command(&data).env("REC_DATABASE_URL", address));
        assert!(
            complaint.contains("REC_DATABASE_URL") && complaint.contains(said) && !complaint.contains("secret"),
            "{complaint}"
        );
    }
    for (database, replicas, said) in [
        ("sqlite:///nowhere/rec.db", "postgres://rec:secret@one/rec", "no replicas"),
        ("postgres://one/rec", "sqlite:///nowhere/rec.db", "no replicas"),
        ("postgres://one/rec", "postgres://rec:secret@two/rec,postgres://one/rec?host=one%2Ctwo", "several hosts"),
        ("postgres://one/rec", "postgres://rec:sec/secret@two/rec", "cannot be read"),
        ("postgres://one/rec", "rec:secret@two/rec", "begins neither"),
        ("postgres://one/rec", "postgres://two/rec, postgres://two/rec", "twice"),
        ("postgres://one/rec", "postgres://one/rec", "twice"),
    ] {
        let mut command = command(&data);
        let complaint = failure(command.env("REC_DATABASE_URL", database).env("REC_DATABASE_READ_URL", replicas));
        assert!(complaint.contains("REC_DATABASE_READ_URL") && complaint.contains(said), "{complaint}");
        assert!(!complaint.contains("secret"), "{complaint}");
    }
    assert!(
        failure(command(&data).args(["token", "--role", "partner", "--organization", "NOBODY"])).contains("NOBODY")
    );
    assert!(failure(command(&data).args(["token", "--role", "reader", "--organization", "ISRS"])).contains("partner"));
    let long = ["token", "--role", "reader", "--expires-in", "91days"];
    assert!(failure(command(&data).args(long)).contains("--no-limit"));
    assert!(output(command(&data).args(long).arg("--no-limit")).starts_with("ey"));
    assert!(output(command(&data).args(["token", "--role", "reader", "--expires-in", "90days"])).starts_with("ey"));
}

#[test]
fn wrong_options_are_refused() {
    let directory = directory();
    for arguments in [
        &["serve", "--listen", "nowhere"][..],
        &["fly"],
        &["token"],
        &["token", "--role", "king"],
        &["token", "--role", "partner"],
        &["token", "--role", "reader", "--expires-in", "0s"],
        &["seed"],
        &["seed", "scale"],
        &["--jwks", "http://keys.example.org/jwks.json"],
        &["--origins", "https://dashboard.example.org,dashboard.example.org"],
        &["--origins", "https://dashboard.example.org/"],
        &["seed", "scale", "--recommendations", "0"],
        &["--database-connections", "0"],
    ] {
        let output = run(command(directory.path()).args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = failure(command(directory.path()).args(arguments));
        assert!(said.starts_with("rec: ") && said.contains("--help"), "{arguments:?}: {said}");
    }
}

#[test]
fn the_log_says_which_trusted_document_cannot_be_executed() {
    let directory = directory();
    let (file, log) = (directory.path().join("documents.json"), directory.path().join("log"));
    let documents = ["{ feedHead }", "{ nothing }", "no GraphQL"];
    let trusted: Vec<(String, &str)> =
        documents.into_iter().map(|text| (rec_api::digest::sha256(text), text)).collect();
    let listed: serde_json::Map<String, Value> =
        trusted.iter().map(|(hash, text)| (hash.clone(), json!(text))).collect();
    std::fs::write(&file, format!("\u{feff}{}", Value::from(listed))).expect("a file");
    let mut command = command(&directory.path().join("data"));
    command.env("REC_TRUSTED_DOCUMENTS", &file);
    drop(Serving::logging(&mut command, std::fs::File::create(&log).expect("a log")));
    let log = std::fs::read_to_string(&log).expect("a log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let mut told: Vec<&str> = lines
        .iter()
        .filter(|line| line["message"] == "a trusted document cannot be executed")
        .map(|line| line["hash"].as_str().expect("a hash"))
        .collect();
    told.sort_unstable();
    let mut expected = [trusted[1].0.as_str(), trusted[2].0.as_str()];
    expected.sort_unstable();
    assert_eq!(told, expected, "{log}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let directory = directory();
    output(command(directory.path()).args(["token", "--role", "reader"]));
    let entries =
        std::fs::read_dir(directory.path()).expect("a directory").map(|entry| entry.expect("an entry").path());
    let keys: Vec<_> = entries.filter(|path| !path.to_string_lossy().contains("rec.db")).collect();
    assert!(!keys.is_empty());
    for key in keys {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("permissions");
    }
    failure(command(directory.path()).args(["token", "--role", "reader"]));
    failure(&mut command(directory.path()));
}

on_both_databases! {
    the_public_record_is_seeded_once,
    the_demonstration_has_every_state_and_is_seeded_once,
    synthetic_volume_is_written_and_marked,
    the_program_serves_the_public_record_from_either_database,
    a_database_of_a_newer_program_is_refused,
}

async fn the_public_record_is_seeded_once(app: TestApp) {
    let directory = directory();
    let before = app.traces().await;
    for _ in 0..2 {
        assert_eq!(
            output(on(&app, directory.path()).args(["seed", "public"])),
            "The public register: 0 records added.\n"
        );
    }
    assert_eq!(app.traces().await, before);
}

async fn the_demonstration_has_every_state_and_is_seeded_once(app: TestApp) {
    let directory = directory();
    output(on(&app, directory.path()).args(["seed", "demo"]));
    let before = app.traces().await;
    assert!(output(on(&app, directory.path()).args(["seed", "demo"])).contains(" 0 "));
    assert_eq!(app.traces().await, before);
    let data = app.secretariat().query("{ recommendations(first: 100) { nodes { isDemo status addressees { id } themes { id } revisions { id } } } }").await;
    let rows = data["recommendations"]["nodes"].as_array().expect("rows");
    let states: std::collections::BTreeSet<&str> = rows.iter().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(states.len(), 11, "{states:?}");
    let full = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    assert!(rows.iter().all(|row| row["isDemo"] == true
        && full(&row["addressees"])
        && full(&row["themes"])
        && full(&row["revisions"])));
}

async fn synthetic_volume_is_written_and_marked(app: TestApp) {
    let directory = directory();
    output(on(&app, directory.path()).args(["seed", "scale", "--recommendations", "50", "--meetings", "5"]));
    let data = app
        .secretariat()
        .query("{ recommendations(filter: { isDemo: { eq: true } }) { totalCount } meetings { totalCount } }")
        .await;
    assert_eq!(data, json!({ "recommendations": { "totalCount": 50 }, "meetings": { "totalCount": 10 } }));
}

async fn the_program_serves_the_public_record_from_either_database(app: TestApp) {
    let directory = directory();
    let serving = Serving::start(&mut on(&app, directory.path()));
    assert!(
        serving.lines[2].contains("--database-url"),
        "a token is recorded where the service looks: {:?}",
        serving.lines
    );
    let answer = ask(serving.port, None, RECORD, &json!({})).expect("an answer");
    assert_eq!(answer, json!({ "data": app.anonymous().query(RECORD).await }));
    let own = Serving::start(&mut command(&directory.path().join("own")));
    assert!(!own.lines[2].contains("--database-url"));
    assert_eq!(ask(own.port, None, RECORD, &json!({})).expect("an answer"), answer);
}

async fn a_database_of_a_newer_program_is_refused(app: TestApp) {
    let directory = directory();
    let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)";
    app.app.databases.write.execute_unprepared(insert).await.expect("a row");
    for arguments in [&["migrate"][..], &["seed", "public"], &["serve"]] {
        let said = failure(on(&app, directory.path()).args(arguments));
        assert!(said.contains("m29990101_000001_later"), "{said}");
    }
}

on_postgres! {
    a_request_whose_client_goes_away_is_told_of_with_its_statements,
}

async fn a_request_whose_client_goes_away_is_told_of_with_its_statements(app: TestApp) {
    let directory = directory();
    let log = directory.path().join("log");
    let serving = Serving::logging(&mut on(&app, directory.path()), std::fs::File::create(&log).expect("a log"));
    let held = app.app.databases.begin().await.expect("a transaction");
    held.execute_unprepared("LOCK TABLE country IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    let query = "query=%7Bmeetings(first:1)%7Bnodes%7Bcountry%7Bname%7D%7D%7D%7D";
    let mut client = TcpStream::connect(("127.0.0.1", serving.port)).expect("a connection");
    write!(client, "GET /graphql?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request");
    app.others_wait(1).await;
    drop(client);
    let told = async {
        loop {
            let log = std::fs::read_to_string(&log).expect("a log");
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = lines.into_iter().find(|line| line["status"] == 499) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let line = tokio::time::timeout(Duration::from_mins(1), told).await.expect("in time");
    // The meeting is read, but not its country.
    assert_eq!((&line["message"], &line["statements"]), (&json!("request"), &json!(1)), "{line}");
    held.rollback().await.expect("an end");
}

/// The exit code of an import from standard input that gets a signal once it has written something, and what it says.
fn interrupted(signal: &str) -> (Option<i32>, String) {
    let directory = directory();
    output(command(directory.path()).arg("migrate"));
    let line = |number: u32| {
        let external = json!({ "sourceSystem": "crm", "value": number.to_string() });
        let name = json!([{ "locale": "EN", "text": "A" }]);
        json!({ "type": "ORGANIZATION", "externalId": external, "acronym": format!("O-{number}"), "name": name, "kind": "OTHER" })
    };
    let lines: Vec<String> = (0..300).map(|number| line(number).to_string()).collect();
    let mut importing = command(directory.path());
    importing.args(["import", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut importing = importing.spawn().expect("the program starts");
    let mut input = importing.stdin.take().expect("standard input");
    input.write_all((lines.join("\n") + "\n").as_bytes()).expect("what is read");
    while !output(command(directory.path()).args(["export", "--types", "ORGANIZATION"])).contains("O-0") {
        std::thread::sleep(Duration::from_millis(20));
    }
    run(Command::new("kill").args([signal, &importing.id().to_string()]));
    let ended = importing.wait_with_output().expect("an end");
    drop(input);
    (ended.status.code(), String::from_utf8(ended.stderr).expect("text"))
}

#[test]
fn an_import_that_is_interrupted_says_how_many_lines_are_done() {
    for signal in ["-INT", "-TERM"] {
        let (code, said) = interrupted(signal);
        let done: u32 = said.split(['(', ' ']).find_map(|word| word.parse().ok()).expect("a number");
        assert_eq!(code, Some(130), "{said}");
        assert!(done <= 300 && said.contains(&format!("--skip {done}")), "{said}");
    }
}
