//! Backups of the embedded database by `rec backup` and `rec restore`, and copies of its directory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rec_tests::given::text;
use rec_tests::program;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::rec;

/// A data directory whose service has run, with a backup of it next to it.
struct Installation {
    folder: TempDir,
}

impl Installation {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup.db")
    }

    fn rec(&self, arguments: &[&str]) -> Result<String, String> {
        rec(&self.data(), arguments)
    }

    fn start(&self) -> program::Serving {
        program::Serving::start(&mut program::command(&self.data()))
    }
}

/// Asks with a token; returns the data of the answer, or the code of its first error.
fn ask(service: &program::Serving, token: &str, query: &str) -> Result<Value, String> {
    let mut answer = program::ask(service.port, Some(token), query, &json!({})).expect("an answer");
    match answer["errors"][0]["extensions"]["code"].as_str() {
        Some(code) => Err(code.to_owned()),
        None => Ok(answer["data"].take()),
    }
}

/// The id of a new client.
fn registered(service: &program::Serving, admin: &str) -> String {
    let register = "mutation { registerClient(input: { purpose: \"sync\", role: READER, scopes: [READ, SYNC] }) \
                    { client { id } userErrors { message } } }";
    ask(service, admin, register).unwrap()["registerClient"]["client"]["id"].as_str().unwrap().to_owned()
}

/// A new token of a client, and its id.
fn issued(service: &program::Serving, admin: &str, client: &str) -> (String, String) {
    let issue = format!(
        "mutation {{ issueToken(input: {{ clientId: \"{client}\", days: 1 }}) {{ bearer token {{ id }} userErrors {{ message }} }} }}"
    );
    let issued = ask(service, admin, &issue).unwrap()["issueToken"].take();
    (issued["bearer"].as_str().unwrap().to_owned(), issued["token"]["id"].as_str().unwrap().to_owned())
}

fn undo_a_migration(database: &std::path::Path) {
    let url = format!("sqlite://{}?mode=rw", database.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let db = sea_orm::Database::connect(url).await.unwrap();
        let before = "ALTER TABLE client DROP COLUMN local; \
                      DELETE FROM seaql_migrations WHERE version = 'm20261130_000020_local_clients'";
        db.execute_unprepared(before).await.unwrap();
        db.close().await.unwrap();
    });
}

#[test]
fn a_backup_is_taken_while_the_service_runs_and_revocations_outlive_its_restore() {
    let here = Installation { folder: tempfile::tempdir().unwrap() };
    let service = here.start();
    let admin = here.rec(&["token", "--role", "admin"]).unwrap().trim().to_owned();
    let client = registered(&service, &admin);
    let issue = || issued(&service, &admin, &client);
    let (revoked, kept) = (issue(), issue());
    let told = here.rec(&["backup", here.backup().to_str().unwrap()]).unwrap();
    assert!(told.contains("changes"), "{told}");
    assert!(here.rec(&["backup", here.backup().to_str().unwrap()]).unwrap_err().contains("is there already"));
    let later = issue();
    // Its client is not in the backup.
    let reader = here.rec(&["token", "--role", "reader"]).unwrap().trim().to_owned();
    let listed = ask(&service, &admin, "{ clients { role tokens { id } } }").unwrap();
    let clients = listed["clients"].as_array().unwrap();
    let of_reader = clients.iter().find(|client| client["role"] == "READER" && client["tokens"][1].is_null()).unwrap();
    let reader = (reader, of_reader["tokens"][0]["id"].as_str().unwrap().to_owned());
    for (_, id) in [&revoked, &later, &reader] {
        ask(
            &service,
            &admin,
            &format!("mutation {{ revokeToken(input: {{ id: \"{id}\" }}) {{ userErrors {{ message }} }} }}"),
        )
        .unwrap();
    }
    assert!(here.rec(&["restore", here.backup().to_str().unwrap()]).unwrap_err().contains("in use"));
    assert_eq!(ask(&service, &kept.0, "{ feedHead }").map(drop), Ok(()));
    let before = ask(&service, &admin, "{ feedHead }").unwrap();
    service.stop();
    // The database is one of an older version.
    undo_a_migration(&here.data().join("rec.db"));
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(here.data().join("rec.db"), open).unwrap();
    let told = here.rec(&["restore", here.backup().to_str().unwrap()]).unwrap();
    let files = std::fs::read_dir(here.data()).unwrap().map(|entry| entry.unwrap());
    for kept in files.filter(|entry| entry.file_name().to_str().unwrap().contains(".before-")) {
        assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{kept:?}");
    }
    assert!(told.contains("3 tokens") && told.contains("new identity") && told.contains(".before-"), "{told}");
    let service = here.start();
    for token in [&revoked.0, &later.0, &reader.0] {
        assert_eq!(ask(&service, token, "{ feedHead }"), Err("UNAUTHENTICATED".to_owned()));
    }
    let after = ask(&service, &kept.0, "{ feedHead }").unwrap();
    assert_ne!(after, before);
    service.stop();
    // A mere restart changes nothing more.
    let service = here.start();
    assert_eq!(ask(&service, &kept.0, "{ feedHead }").unwrap(), after);
    service.stop();
    // Without the previous database nobody knows what was revoked.
    std::fs::remove_file(here.data().join("rec.db")).unwrap();
    assert!(here.rec(&["restore", here.backup().to_str().unwrap()]).unwrap_err().contains("--client-tokens"));
    assert!(!here.data().join("rec.db").exists() && !here.data().join("rec.db.restoring").exists());
    // An empty one that the service created in its place does not know it either.
    here.start().stop();
    assert!(here.rec(&["restore", here.backup().to_str().unwrap()]).unwrap_err().contains("--client-tokens"));
    let told = here.rec(&["restore", here.backup().to_str().unwrap(), "--client-tokens", "revoke"]).unwrap();
    assert!(told.contains("3 tokens"), "those of the client, and the administrator's: {told}");
    let service = here.start();
    assert_eq!(ask(&service, &kept.0, "{ feedHead }"), Err("UNAUTHENTICATED".to_owned()));
}

#[test]
fn a_backup_that_is_not_sound_replaces_nothing() {
    let here = Installation { folder: tempfile::tempdir().unwrap() };
    here.start().stop();
    here.rec(&["backup", here.backup().to_str().unwrap()]).unwrap();
    let whole = std::fs::read(here.backup()).unwrap();
    let database = std::fs::read(here.data().join("rec.db")).unwrap();
    let half = whole[..whole.len() / 2].to_vec();
    let mut torn = whole.clone();
    torn[whole.len() / 2..whole.len() / 2 + 8192].fill(7);
    for (content, what) in
        [(half, "half"), (torn, "torn"), (b"no database at all".to_vec(), "no database"), (Vec::new(), "empty")]
    {
        std::fs::write(here.backup(), content).unwrap();
        let told = here.rec(&["restore", here.backup().to_str().unwrap()]).unwrap_err();
        assert!(told.contains("no sound database"), "{what}: {told}");
        assert_eq!(std::fs::read(here.data().join("rec.db")).unwrap(), database, "{what}");
    }
    assert!(here.rec(&["restore", "/nowhere/backup.db"]).unwrap_err().contains("no such file"));
    let elsewhere = here.folder.path().join("nowhere");
    assert!(rec(&elsewhere, &["backup", "x.db"]).unwrap_err().contains("no such file"));
    assert!(!elsewhere.join("rec.db").exists());
}

#[test]
fn a_data_directory_that_was_copied_back_whole_is_another_feed() {
    let here = Installation { folder: tempfile::tempdir().unwrap() };
    let service = here.start();
    let admin = here.rec(&["token", "--role", "admin"]).unwrap().trim().to_owned();
    let before = ask(&service, &admin, "{ feedHead }").unwrap();
    service.stop();
    let copy = here.folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(here.data()).unwrap().map(|entry| entry.unwrap().path()) {
        let kept = copy.join(file.file_name().unwrap());
        std::fs::copy(&file, &kept).unwrap();
        // Like an archive that was made an hour ago.
        if file.extension().is_some_and(|extension| extension == "db-mark") {
            let text = std::fs::read_to_string(&file).unwrap();
            let (mark, at) = text.trim_end().rsplit_once(' ').unwrap();
            let earlier = at.parse::<u64>().unwrap() - 3_600_000_000;
            std::fs::write(&kept, format!("{mark} {earlier:020}\n")).unwrap();
        }
    }
    for file in std::fs::read_dir(&copy).unwrap().map(|entry| entry.unwrap().path()) {
        std::fs::copy(&file, here.data().join(file.file_name().unwrap())).unwrap();
    }
    let service = here.start();
    assert_ne!(ask(&service, &admin, "{ feedHead }").unwrap(), before);
    let (issued, _) = issued(&service, &admin, &registered(&service, &admin));
    assert!(ask(&service, &issued, "{ feedHead }").is_ok());
    service.stop();
    here.rec(&["renew-feed", "--revoke-tokens"]).unwrap();
    let service = here.start();
    for token in [&admin, &issued] {
        assert_eq!(ask(&service, token, "{ feedHead }"), Err("UNAUTHENTICATED".to_owned()));
    }
    let admin = here.rec(&["token", "--role", "admin"]).unwrap().trim().to_owned();
    assert_ne!(ask(&service, &admin, "{ feedHead }").unwrap(), before);
}

#[test]
fn a_restore_takes_what_stands_in_a_log_of_writes_and_keeps_every_database() {
    let here = Installation { folder: tempfile::tempdir().unwrap() };
    let admin = here.rec(&["token", "--role", "admin"]).unwrap().trim().to_owned();
    let create = |service: &program::Serving, code: &str| {
        let input = json!({ "input": { "code": code, "name": text(code), "kind": "SUBJECT" } });
        let mutation = "mutation($input: CreateThemeInput!) { createTheme(input: $input) { userErrors { code } } }";
        let answer = program::ask(service.port, Some(&admin), mutation, &input).expect("an answer");
        assert_eq!(answer["data"]["createTheme"]["userErrors"], json!([]), "{answer}");
    };
    let has = |code: &str| {
        let service = here.start();
        let theme = ask(&service, &admin, &format!("{{ theme(by: {{ code: \"{code}\" }}) {{ code }} }}")).unwrap();
        service.stop();
        !theme["theme"].is_null()
    };
    let service = here.start();
    create(&service, "IN-THE-LOG");
    // So that the write-ahead log is not checkpointed.
    service.kill();
    let old = here.folder.path().join("old");
    std::fs::create_dir(&old).unwrap();
    for name in ["rec.db", "rec.db-wal"] {
        std::fs::copy(here.data().join(name), old.join(name)).unwrap();
    }
    let service = here.start();
    create(&service, "PRECIOUS");
    service.stop();
    assert!(!here.data().join("rec.db-wal").exists(), "a service that is stopped writes its log back");
    let kept: Vec<String> = (0..3)
        .map(|_| {
            let told = here.rec(&["restore", old.join("rec.db").to_str().unwrap()]).unwrap();
            told.lines().find_map(|line| line.strip_prefix("What was there before: ")).unwrap().to_owned()
        })
        .collect();
    assert!(has("IN-THE-LOG") && !has("PRECIOUS"));
    assert!(kept.iter().collect::<std::collections::HashSet<_>>().len() == 3, "{kept:?}");
    here.rec(&["restore", &kept[0]]).unwrap();
    assert!(has("PRECIOUS"));
}

#[test]
fn a_directory_that_is_copied_at_once_is_another_feed_and_any_name_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("with a space, 50 % and a ?");
    let start = || program::Serving::start(&mut program::command(&data));
    let service = start();
    let admin = rec(&data, &["token", "--role", "admin"]).unwrap().trim().to_owned();
    let before = ask(&service, &admin, "{ feedHead }").unwrap();
    service.stop();
    let aside = folder.path().join("aside");
    assert!(std::process::Command::new("cp").arg("-a").arg(&data).arg(&aside).status().unwrap().success());
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&aside, &data).unwrap();
    let service = start();
    assert_ne!(ask(&service, &admin, "{ feedHead }").unwrap(), before);
    service.stop();
    // To a directory that does not exist yet.
    let backup = folder.path().join("backup.db");
    rec(&data, &["backup", backup.to_str().unwrap()]).unwrap();
    let new = folder.path().join("new/data");
    let undecided = rec(&new, &["restore", backup.to_str().unwrap()]).unwrap_err();
    assert!(undecided.contains("--client-tokens"), "a token of the command line is valid: {undecided}");
    rec(&new, &["restore", backup.to_str().unwrap(), "--client-tokens", "keep"]).unwrap();
    assert!(new.join("rec.db").is_file());
    assert!(rec(&folder.path().join("mistyped"), &["renew-feed"]).unwrap_err().contains("no such file"));
}
