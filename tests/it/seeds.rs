//! What the seeds leave room for: a service that is used before, between and after them.

use rec_api::clock::Clock;
use rec_api::config::Config;
use rec_api::service::seed::{demo, public, scale};
use rec_tests::given::{at_with, each, text};
use rec_tests::{Database, TestApp, on_both_databases, on_postgres, postgres, program, start_of_tests};
use serde_json::json;

const ALL: &str = "{ recommendations(first: 100) { nodes { label status title isDemo body { code } } } }";

on_postgres! {
    the_planner_learns_of_rows_that_come_at_once,
}

async fn the_planner_learns_of_rows_that_come_at_once(app: TestApp) {
    let analysed = async || {
        let sql =
            "SELECT CAST(greatest(max(last_analyze), max(last_autoanalyze)) AS text) AS x FROM pg_stat_user_tables
            WHERE relname = 'recommendation'";
        app.rows(sql).await.remove(0)["x"].take()
    };
    let before = analysed().await;
    scale::load(&app.app, 100, 10).await.unwrap();
    let seeded = analysed().await;
    assert_ne!(seeded, before, "after a seed");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.ndjson");
    let line = json!({ "type": "ORGANIZATION", "externalId": { "sourceSystem": "crm", "value": "1" }, "acronym": "ORG-1",
        "name": text("An organisation"), "kind": "OTHER" });
    std::fs::write(&file, format!("{line}\n")).unwrap();
    let mut import = program::command(folder.path());
    assert!(program::run(import.env("REC_DATABASE_URL", &app.url).arg("import").arg(&file)).status.success());
    assert_ne!(analysed().await, seeded, "after an import");
}

on_both_databases! {
    corrections_of_the_public_record_are_neither_undone_nor_doubled,
    after_synthetic_volume_the_service_counts_as_before,
    a_real_text_is_neither_agreed_nor_adopted_at_a_made_up_meeting,
    the_demonstration_goes_beside_synthetic_volume_and_volume_on_volume,
    the_same_numbers_give_the_same_volume,
    only_the_latest_revision_of_an_adopted_demonstration_is_public,
    programs_that_start_at_once_on_an_empty_database_load_it_once,
}

async fn corrections_of_the_public_record_are_neither_undone_nor_doubled(app: TestApp) {
    let secretariat = app.secretariat();
    let data = secretariat
        .query(
            "{ organization(by: { acronym: \"UNICEF\" }) { id version }
        meetings(first: 1) { nodes { id version } } }",
        )
        .await;
    let renamed = at_with(&data["organization"], json!({ "acronym": "UNICEF-X" }));
    secretariat.mutate("updateOrganization", renamed, "id").await;
    let moved = at_with(&data["meetings"]["nodes"][0], json!({ "startsOn": "2024-05-13" }));
    secretariat.mutate("updateMeeting", moved, "id").await;
    let before = app.traces().await;
    assert_eq!(public::load(&app.app).await.unwrap(), 0);
    assert_eq!(app.traces().await, before);
}

async fn after_synthetic_volume_the_service_counts_as_before(app: TestApp) {
    scale::load(&app.app, 20, 8).await.unwrap();
    let sessions = json!([{ "bodyId": app.body("WG-A").await }]);
    let selection = "isDemo sessions { ordinal }";
    let input = json!({ "title": text("The next one"), "kind": "WORKING_GROUP", "modality": "ONLINE",
        "startsOn": "2026-02-01", "sessions": sessions });
    let meeting = app.secretariat().mutate("scheduleMeeting", input, selection).await;
    assert_eq!(meeting, json!({ "isDemo": false, "sessions": [{ "ordinal": 3 }] }));
    assert_eq!(app.adopted("WG-A").await["label"], "REC/WG-A/2025/1");
    let count = "{ demo: meetings(filter: { isDemo: { eq: true } }) { totalCount }
        real: meetings(filter: { isDemo: { eq: false } }) { totalCount } }";
    let data = app.anonymous().query(count).await;
    assert_eq!(data["demo"]["totalCount"], 8);
    let real_before = 5;
    assert!(data["real"]["totalCount"].as_i64().unwrap() > real_before);
}

async fn a_real_text_is_neither_agreed_nor_adopted_at_a_made_up_meeting(app: TestApp) {
    scale::load(&app.app, 1, 8).await.unwrap();
    let query = "{ meetings(filter: { isDemo: { eq: true }, bodies: { some: { code: { eq: \"WG-A\" } } } }, first: 1) {
        nodes { id } } }";
    let meeting = app.anonymous().query(query).await["meetings"]["nodes"][0]["id"].take();
    let discussed = app.under_discussion("WG-A").await;
    let agreed = at_with(&discussed, json!({ "meetingId": meeting }));
    assert_eq!(app.secretariat().refusals("recordAgreement", agreed).await, ["INVALID meetingId"]);
}

async fn the_demonstration_goes_beside_synthetic_volume_and_volume_on_volume(app: TestApp) {
    for _ in 0..2 {
        scale::load(&app.app, 20, 8).await.unwrap();
    }
    assert!(demo::load(&app.app).await.unwrap() > 0);
    assert_eq!(demo::load(&app.app).await.unwrap(), 0);
    let data = app.secretariat().query(ALL).await;
    let mut states = each(&data["recommendations"]["nodes"], "/status");
    states.sort_by_key(ToString::to_string);
    states.dedup();
    assert_eq!(states.len(), 11);
}

async fn the_same_numbers_give_the_same_volume(app: TestApp) {
    let other = TestApp::start(app.database).await.unwrap();
    for one in [&app, &other] {
        scale::load(&one.app, 30, 8).await.unwrap();
    }
    assert_eq!(app.secretariat().query(ALL).await, other.secretariat().query(ALL).await);
    if app.database == Database::Postgres {
        postgres::drop_database(&other.url).await;
    }
}

async fn only_the_latest_revision_of_an_adopted_demonstration_is_public(app: TestApp) {
    demo::load(&app.app).await.unwrap();
    let query = "{ recommendations(filter: { status: { in: [ADOPTED, TRANSMITTED, SUPERSEDED] } }) {
        nodes { revisions { number } } } }";
    for (viewer, seen) in
        [(app.anonymous(), json!([{ "number": 2 }])), (app.reader(), json!([{ "number": 1 }, { "number": 2 }]))]
    {
        let data = viewer.query(query).await;
        let revisions = each(&data["recommendations"]["nodes"], "/revisions");
        assert!(revisions.len() == 3 && revisions.iter().all(|one| *one == seen), "{revisions:?}");
    }
}

async fn programs_that_start_at_once_on_an_empty_database_load_it_once(app: TestApp) {
    let directory = tempfile::tempdir().unwrap();
    let url = match app.database {
        Database::Sqlite => format!("sqlite://{}", directory.path().join("empty.db").display()),
        Database::Postgres => postgres::create_empty_database().await.unwrap(),
    };
    let starts = (0..4).map(|_| {
        let mut config = Config::embedded(directory.path().join("data"));
        config.database_url = Some(url.clone());
        tokio::spawn(async move {
            let started = rec_api::server::connect(config, Clock::fixed(start_of_tests())).await;
            let started = started.unwrap_or_else(|error| panic!("{error}"));
            let added = public::load(&started).await.unwrap();
            started.close().await;
            added
        })
    });
    let mut added = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        added.push(start.await.unwrap());
    }
    added.sort_unstable();
    assert!(added[3] > 0 && added[..3] == [0, 0, 0], "{added:?}");
    if app.database == Database::Postgres {
        postgres::drop_database(&url).await;
    }
}
