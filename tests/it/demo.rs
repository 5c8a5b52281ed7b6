//! The demonstration: a life for each way that consensus can go, as the rules would have it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rec_api::service::seed::demo;
use rec_tests::given::each;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    each_way_that_consensus_can_go_is_demonstrated,
    what_a_demonstration_came_to_is_its_last_procedure,
    times_of_a_demonstration_follow_each_other,
    what_is_said_with_an_adopted_text_is_published,
    an_open_demonstration_goes_on,
    a_demonstration_names_no_organisation_that_exists,
}

const TEXTS: &str = "{ recommendations(filter: { isDemo: { eq: true } }, first: 11) { nodes { label status adoptedOn
    revisions { number } documents(first: 1) { nodes { versions { outdated } } }
    procedures { mode outcome openedAt deadline closedAt revision { number } body { kind } mayObject { organization { acronym } } positions {
        kind state statedAt answeredAt maintainedAt withdrawnAt organization { name } mandate { canObject } proposedText } } } } }";

async fn texts(app: &TestApp) -> Vec<Value> {
    demo::load(&app.app).await.expect("a demonstration");
    assert_eq!(demo::load(&app.app).await.expect("again"), 0);
    app.secretariat().query(TEXTS).await["recommendations"]["nodes"].as_array().expect("texts").clone()
}

fn of<'a>(texts: &'a [Value], list: &'a str) -> impl Iterator<Item = &'a Value> {
    texts.iter().flat_map(move |text| text[list].as_array().expect("a list"))
}

async fn each_way_that_consensus_can_go_is_demonstrated(app: TestApp) {
    let texts = texts(&app).await;
    assert!(texts.iter().filter(|text| text["procedures"] != json!([])).count() >= 10);
    let ways: BTreeSet<(&str, &str)> =
        of(&texts, "procedures").map(|one| (one["mode"].as_str().unwrap(), one["outcome"].as_str().unwrap())).collect();
    let expected = [
        ("IN_MEETING", "ADOPTED"),
        ("IN_MEETING", "BROKEN"),
        ("SILENCE", "ADOPTED"),
        ("SILENCE", "BROKEN"),
        ("SILENCE", "LAPSED"),
        ("SILENCE", "PENDING"),
        ("SILENCE", "WITHDRAWN"),
    ];
    assert_eq!(ways, BTreeSet::from(expected));
    let procedures: Vec<Value> = of(&texts, "procedures").cloned().collect();
    let said: BTreeSet<&str> = of(&procedures, "positions").map(|one| one["kind"].as_str().unwrap()).collect();
    let became: BTreeSet<&str> = of(&procedures, "positions").map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!((said.len(), became.len()), (5, 4), "{said:?} {became:?}");
    let statuses: BTreeSet<&str> = texts.iter().map(|text| text["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.len(), 11);
    for text in &texts {
        let paper = &text["documents"]["nodes"][0];
        assert_eq!(each(&paper["versions"], "/outdated"), [json!(false), json!(true)], "{paper}");
    }
}

async fn what_a_demonstration_came_to_is_its_last_procedure(app: TestApp) {
    for text in texts(&app).await {
        let procedures = text["procedures"].as_array().unwrap();
        let last = procedures.last().map(|one| {
            let is_group = one["body"]["kind"] == "WORKING_GROUP";
            (is_group, one["mode"].as_str().unwrap(), one["outcome"].as_str().unwrap())
        });
        let expected: &[Option<(bool, &str, &str)>] = match text["status"].as_str().unwrap() {
            "DRAFT" => &[None],
            "WITHDRAWN" => &[Some((true, "SILENCE", "BROKEN"))],
            "UNDER_DISCUSSION" => &[Some((true, "SILENCE", "WITHDRAWN"))],
            "UNDER_SILENCE" => &[Some((true, "SILENCE", "PENDING"))],
            "NO_CONSENSUS" => &[Some((true, "IN_MEETING", "BROKEN"))],
            "AGREED_IN_GROUP" | "SUBMITTED_TO_EXCOM" => &[Some((true, "SILENCE", "ADOPTED"))],
            "RETURNED" => &[Some((false, "IN_MEETING", "BROKEN"))],
            _ => &[Some((false, "IN_MEETING", "ADOPTED")), Some((false, "SILENCE", "ADOPTED"))],
        };
        assert!(expected.contains(&last), "{} {last:?}", text["status"]);
        // What came to something is the latest revision; what stands against it is taken back.
        let latest = text["revisions"].as_array().unwrap().len();
        for one in procedures.iter().filter(|one| one["outcome"] == "ADOPTED" || one["outcome"] == "PENDING") {
            assert_eq!(one["revision"]["number"], json!(latest));
        }
        let on_latest = procedures.iter().filter(|one| one["revision"]["number"] == json!(latest));
        let agreed = !matches!(text["status"].as_str().unwrap(), "WITHDRAWN" | "NO_CONSENSUS");
        for position in on_latest.flat_map(|one| one["positions"].as_array().unwrap()).filter(|_| agreed) {
            let blocks = position["kind"] == "OBJECTION" || position["kind"] == "AMENDMENT";
            assert!(!blocks || position["state"] == "WITHDRAWN", "{position}");
        }
    }
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().expect("a time"))
}

async fn times_of_a_demonstration_follow_each_other(app: TestApp) {
    for text in texts(&app).await {
        let mut before = None;
        for one in text["procedures"].as_array().unwrap() {
            let (opened, closed) = (time(&one["openedAt"]).unwrap(), time(&one["closedAt"]));
            assert!(before <= Some(opened), "{one}");
            assert_eq!(closed.is_none(), one["outcome"] == "PENDING");
            if let Some(deadline) = time(&one["deadline"]) {
                assert_eq!(deadline, opened + TimeDelta::hours(72));
                let went_through = one["outcome"] == "ADOPTED" || one["outcome"] == "LAPSED";
                assert_eq!(closed == Some(deadline), went_through, "{one}");
            }
            for position in one["positions"].as_array().unwrap() {
                let stated = time(&position["statedAt"]).unwrap();
                assert!(opened <= stated && closed.is_none_or(|closed| stated <= closed), "{position}");
                let blocks = position["kind"] == "OBJECTION" || position["kind"] == "AMENDMENT";
                assert!(!blocks || (Some(stated) == closed && position["mandate"]["canObject"] == true), "{position}");
                assert_eq!(position["proposedText"].is_string(), position["kind"] == "AMENDMENT", "{position}");
                let rest = ["answeredAt", "maintainedAt", "withdrawnAt"].map(|field| time(&position[field]));
                assert!(rest.into_iter().flatten().all(|at| at >= stated), "{position}");
            }
            before = closed;
        }
        if let Some(day) = text["adoptedOn"].as_str() {
            let last = text["procedures"].as_array().unwrap().last().unwrap();
            assert!(last["closedAt"].as_str().unwrap().starts_with(day), "{last}");
        }
    }
}

async fn what_is_said_with_an_adopted_text_is_published(app: TestApp) {
    texts(&app).await;
    let query =
        "{ recommendations(filter: { isDemo: { eq: true } }, first: 50) { nodes { status positions { kind } } } }";
    let found = app.anonymous().query(query).await["recommendations"]["nodes"].take();
    let said: Vec<Value> =
        found.as_array().unwrap().iter().flat_map(|text| each(&text["positions"], "/kind")).collect();
    for kind in ["INTERPRETATIVE_STATEMENT", "FORMAL_RESERVATION"] {
        assert!(said.contains(&json!(kind)), "{kind}");
    }
}

async fn an_open_demonstration_goes_on(app: TestApp) {
    texts(&app).await;
    app.app.clock.advance(TimeDelta::hours(72));
    let after = app.secretariat().query(TEXTS).await["recommendations"]["nodes"].take();
    let statuses = each(&after, "/status");
    let has = |status: &str| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((has("UNDER_SILENCE"), has("AGREED_IN_GROUP"), has("SUBMITTED_TO_EXCOM"), has("ADOPTED")), (0, 2, 1, 1));
    let labels: BTreeSet<String> =
        each(&after, "/label").iter().filter(|one| one.is_string()).map(Value::to_string).collect();
    assert_eq!(labels.len(), 3);
    assert!(labels.iter().all(|label| label.contains("DEMO/")), "{labels:?}");
}

async fn a_demonstration_names_no_organisation_that_exists(app: TestApp) {
    let texts = texts(&app).await;
    let procedures: Vec<Value> = of(&texts, "procedures").cloned().collect();
    for position in of(&procedures, "positions") {
        let name = position["organization"]["name"].as_str().unwrap();
        assert!(name.starts_with("Demonstration: "), "{name}");
    }
    for one in &procedures {
        let acronyms = each(&one["mayObject"], "/organization/acronym");
        assert_eq!(acronyms, ["DEMO-A", "DEMO-B"]);
    }
}
