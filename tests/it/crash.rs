//! What the program has acknowledged survives when it is killed.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use rec_tests::given::text;
use rec_tests::program::{Serving, ask, command, run};
use rec_tests::wait::PATIENCE;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

const CREATE: &str = "mutation($input: ScheduleMeetingInput!) { scheduleMeeting(input: $input) { meeting { id } userErrors { \
                      message } change { cursor } } }";

async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.expect("rows");
    rows.iter().map(|row| row.try_get("", "x").expect("a value")).collect()
}

#[test]
fn a_kill_during_writes_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let mut serving = Serving::start(&mut command(&data));
    let token = run(command(&data).args(["token", "--role", "secretariat"]));
    let token = String::from_utf8(token.stdout).expect("a token").trim().to_owned();
    let found = ask(
        serving.port,
        None,
        "{ organization(by: { acronym: \"ISRS\" }) { id } body(by: { code: \"WG-A\" }) { id } }",
        &json!({}),
    );
    let found = found.expect("an answer")["data"].clone();
    let input = json!({ "input": { "title": text("M"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2025-12-01",
        "organizers": [{ "organizationId": found["organization"]["id"], "role": "HOST" }],
        "sessions": [{ "bodyId": found["body"]["id"] }] } });
    let (acknowledge, acknowledgements) = mpsc::channel::<String>();
    let mut acknowledged = BTreeSet::new();
    for round in 1..=3 {
        let writers: Vec<_> = (0..6)
            .map(|_| {
                let (port, token, input, acknowledge) =
                    (serving.port, token.clone(), input.clone(), acknowledge.clone());
                std::thread::spawn(move || {
                    while let Some(answer) = ask(port, Some(&token), CREATE, &input) {
                        let payload = &answer["data"]["scheduleMeeting"];
                        assert_eq!(payload["userErrors"], Value::Array(Vec::new()), "{answer}");
                        let id = payload["meeting"]["id"].as_str().expect("an id").to_owned();
                        acknowledge.send(id).expect("a listener");
                    }
                })
            })
            .collect();
        for _ in 0..30 {
            acknowledged.insert(acknowledgements.recv_timeout(PATIENCE).expect("they write"));
        }
        // At a different moment of a write each time.
        std::thread::sleep(Duration::from_millis(7 * round));
        serving.kill();
        for writer in writers {
            writer.join().expect("a writer");
        }
        acknowledged.extend(acknowledgements.try_iter());
        serving = Serving::start(&mut command(&data));
    }
    serving.kill();
    let acknowledged: BTreeSet<String> = acknowledged.iter().map(|id| id["mtg_".len()..].to_uppercase()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let db = sea_orm::Database::connect(format!("sqlite://{}", data.join("rec.db").display())).await.expect("the file");
        let meetings: BTreeSet<String> = rows(&db, "SELECT hex(id) AS x FROM meeting").await.into_iter().collect();
        let told: BTreeSet<String> = rows(&db, "SELECT hex(subject_id) AS x FROM change").await.into_iter().collect();
        assert_eq!(acknowledged.difference(&meetings).collect::<Vec<_>>(), Vec::<&String>::new(), "lost");
        assert!(meetings.is_subset(&told), "a meeting that the feed does not tell of");
        let gaps = "SELECT CAST(seq - row_number() OVER (ORDER BY seq) AS text) AS x FROM change";
        assert_eq!(rows(&db, gaps).await.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["0".to_owned()]));
        let head = "SELECT CAST((SELECT seq FROM change_head) - (SELECT max(seq) FROM change) AS text) AS x";
        assert_eq!(rows(&db, head).await, ["0"]);
        let halves = "SELECT hex(id) AS x FROM meeting m WHERE timezone = 'Asia/Tashkent' AND modality = 'ONLINE' AND starts_on = \
                      '2025-12-01' AND (NOT EXISTS (SELECT 1 FROM body_session s WHERE s.meeting_id = m.id) OR NOT EXISTS \
                      (SELECT 1 FROM meeting_organizer o WHERE o.meeting_id = m.id) OR NOT EXISTS (SELECT 1 FROM audit a WHERE \
                      a.subjects LIKE '%' || lower(hex(m.id)) || '%'))";
        assert_eq!(rows(&db, halves).await, Vec::<String>::new(), "half a meeting");
        assert_eq!(rows(&db, "SELECT integrity_check AS x FROM pragma_integrity_check").await, ["ok"]);
    });
}
