//! Who takes part in meetings, as recorded by the organisation itself or by the secretariat.

use chrono::TimeDelta;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, each, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

/// The day of a meeting that has not begun.
const LATER: &str = "2035-01-10";

async fn input(app: &TestApp, meeting: &Value, acronym: &str) -> Value {
    let organization = app.organization(acronym).await;
    let meeting = &meeting["id"];
    json!({ "meetingId": meeting, "organizationId": organization, "capacity": "DELEGATE", "attendance": "INVITED" })
}

on_both_databases! {
    a_participation_is_recorded_and_changed_at_its_version,
    an_organisation_takes_part_once_in_each_capacity,
    delegates_count_from_one,
    a_partner_records_its_own_part_and_no_other,
    nobody_takes_part_in_a_cancelled_meeting,
    nobody_lets_itself_in_under_the_chatham_house_rule,
    the_day_of_a_meeting_comes_in_its_own_time_zone,
    under_the_chatham_house_rule_others_see_counts_only,
    who_has_entered_itself_does_not_count_until_it_is_confirmed,
    an_answer_to_an_invitation_is_confirmed_with_it,
    a_meeting_is_scheduled_with_those_it_invites,
}

async fn a_meeting_is_scheduled_with_those_it_invites(app: TestApp) {
    let (icrc, eu) = (app.organization("ICRC").await, app.organization("EU").await);
    let meeting = |participations: Value| {
        json!({
            "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02", "chathamHouse": true,
            "participations": participations,
        })
    };
    let wrong = meeting(json!([
        { "organizationId": icrc, "capacity": "DELEGATE", "delegates": 0 },
        { "organizationId": "EU", "capacity": "DELEGATE", "delegates": -1 },
        { "organizationId": format!("org_{}", "0".repeat(32)), "capacity": "SPEAKER" },
        { "organizationId": icrc, "capacity": "DELEGATE" },
    ]));
    let mut told = app.secretariat().refusals("scheduleMeeting", wrong).await;
    told.sort_unstable();
    let expected = [
        "INVALID participations",
        "INVALID participations.0.delegates",
        "INVALID participations.1.delegates",
        "NOT_FOUND participations.1.organizationId",
        "NOT_FOUND participations.2.organizationId",
    ];
    assert_eq!(told, expected);
    let statements = async |wanted: Value| {
        let before = app.app.databases.statements();
        let selection =
            "id participationCount participations(orderBy: [{ field: CAPACITY }]) { nodes { capacity attendance
            delegates confirmed organization { acronym } } }";
        let scheduled = app.secretariat().mutate("scheduleMeeting", meeting(wanted), selection).await;
        (scheduled, app.app.databases.statements() - before)
    };
    let one = json!([{ "organizationId": icrc, "capacity": "DELEGATE" }]);
    let three = json!([
        { "organizationId": icrc, "capacity": "DELEGATE" },
        { "organizationId": icrc, "capacity": "SPEAKER", "attendance": "CONFIRMED", "delegates": 2 },
        { "organizationId": eu, "capacity": "OBSERVER" },
    ]);
    let (_, few) = statements(one).await;
    let (scheduled, more) = statements(three).await;
    assert_eq!(few, more, "as many statements for three as for one");
    let part = |capacity: &str, attendance: &str, delegates: Value, acronym: &str| {
        json!({ "capacity": capacity, "attendance": attendance, "delegates": delegates, "confirmed": true,
            "organization": { "acronym": acronym } })
    };
    let mut nodes = scheduled["participations"]["nodes"].as_array().unwrap().clone();
    nodes.sort_by_key(|one| one["capacity"].to_string());
    let expected = [
        part("DELEGATE", "INVITED", Value::Null, "ICRC"),
        part("OBSERVER", "INVITED", Value::Null, "EU"),
        part("SPEAKER", "CONFIRMED", json!(2), "ICRC"),
    ];
    assert_eq!((nodes.as_slice(), &scheduled["participationCount"]), (&expected[..], &json!(3)));
    let query = "query($id: ID!) { meeting(by: { id: $id }) { participations { totalCount } } }";
    for (client, count) in [(app.anonymous(), 0), (app.partner("EU"), 1), (app.partner("ICRC"), 3)] {
        let shown = client.query_with(query, json!({ "id": scheduled["id"] })).await;
        assert_eq!(shown["meeting"]["participations"]["totalCount"], count);
    }
}

async fn a_participation_is_recorded_and_changed_at_its_version(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let invited = input(&app, &meeting, "ICRC").await;
    let selection = "version capacity attendance delegates organization { acronym } meeting { id }";
    let first = app.secretariat().mutate("recordParticipation", invited.clone(), selection).await;
    let expected = json!({
        "version": 1, "capacity": "DELEGATE", "attendance": "INVITED", "delegates": null,
        "organization": { "acronym": "ICRC" }, "meeting": { "id": meeting["id"] },
    });
    assert_eq!(first, expected);
    let came = with(invited, json!({ "attendance": "PRESENT", "delegates": 3 }));
    assert_eq!(app.secretariat().refusals("recordParticipation", came.clone()).await, ["CONFLICT expectedVersion"]);
    let stale = with(came.clone(), json!({ "expectedVersion": 2 }));
    let payload = app.secretariat().payload("recordParticipation", stale, "attendance version").await;
    assert_eq!(payload["record"], json!({ "attendance": "INVITED", "version": 1 }), "the current one");
    let changed = with(came, json!({ "expectedVersion": 1 }));
    let changed = app.secretariat().mutate("recordParticipation", changed, "attendance delegates version").await;
    assert_eq!(changed, json!({ "attendance": "PRESENT", "delegates": 3, "version": 2 }));
}

async fn an_organisation_takes_part_once_in_each_capacity(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let delegate = input(&app, &meeting, "ICRC").await;
    let speaker = with(delegate.clone(), json!({ "capacity": "SPEAKER" }));
    let observer = input(&app, &meeting, "EU").await;
    for wanted in [delegate, speaker, observer] {
        app.secretariat().mutate("recordParticipation", wanted, "id").await;
    }
    let query = "query($id: ID!) { meeting(by: { id: $id }) { participationCount
        all: participations { totalCount }
        icrc: participations(
            filter: { organization: { acronym: { eq: \"ICRC\" } } }, orderBy: [{ field: CAPACITY }]) {
            totalCount nodes { capacity } } } }";
    let data = app.anonymous().query_with(query, json!({ "id": meeting["id"] })).await;
    let meeting = &data["meeting"];
    assert_eq!((&meeting["participationCount"], &meeting["all"]["totalCount"]), (&json!(3), &json!(3)));
    assert_eq!(each(&meeting["icrc"]["nodes"], "/capacity"), ["DELEGATE", "SPEAKER"]);
    assert_eq!(meeting["icrc"]["totalCount"], 2);
}

async fn delegates_count_from_one(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    for count in [0, -1] {
        let wanted = with(input(&app, &meeting, "ICRC").await, json!({ "delegates": count }));
        assert_eq!(app.secretariat().refusals("recordParticipation", wanted).await, ["INVALID delegates"]);
    }
}

async fn a_partner_records_its_own_part_and_no_other(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let own = input(&app, &meeting, "ICRC").await;
    let recorded = app.partner("ICRC").mutate("recordParticipation", own.clone(), "organization { acronym }").await;
    assert_eq!(recorded["organization"]["acronym"], "ICRC");
    assert_eq!(app.partner("EU").mutation_error("recordParticipation", own.clone()).await, "FORBIDDEN");
    assert_eq!(app.reader().mutation_error("recordParticipation", own).await, "FORBIDDEN");
}

async fn nobody_takes_part_in_a_cancelled_meeting(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let cancelled = json!({ "id": meeting["id"], "expectedVersion": 1 });
    app.secretariat().mutate("cancelMeeting", cancelled, "id").await;
    let wanted = input(&app, &meeting, "ICRC").await;
    assert_eq!(app.secretariat().refusals("recordParticipation", wanted).await, ["INVALID_STATE meetingId"]);
}

async fn nobody_lets_itself_in_under_the_chatham_house_rule(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "chathamHouse": true, "startsOn": LATER })).await;
    let record = async |acronym: &str, attendance: &str| {
        let wanted = with(input(&app, &meeting, acronym).await, json!({ "attendance": attendance }));
        app.secretariat().mutate("recordParticipation", wanted, "version").await
    };
    for (acronym, attendance) in [("ICRC", "INVITED"), ("EU", "ABSENT"), ("UNICEF", "INVITED"), ("ISRS", "INVITED")] {
        record(acronym, attendance).await;
    }
    let answer = async |acronym: &str, attendance: &str, version: i32| {
        let more = json!({ "attendance": attendance, "expectedVersion": version });
        let wanted = with(input(&app, &meeting, acronym).await, more);
        let payload = app.partner(acronym).payload_or_error("recordParticipation", wanted).await;
        payload.map(|payload| payload["record"]["version"].as_i64())
    };
    assert_eq!(answer("ICRC", "CONFIRMED", 1).await, Ok(Some(2)), "an invitation is accepted");
    assert_eq!(answer("ICRC", "EXCUSED", 2).await, Ok(Some(3)), "and taken back");
    assert_eq!(answer("ICRC", "CONFIRMED", 3).await, Err("FORBIDDEN".to_owned()), "once");
    assert_eq!(answer("EU", "PRESENT", 1).await, Err("FORBIDDEN".to_owned()), "who was absent stays out");
    assert_eq!(answer("ISRS", "PRESENT", 1).await, Err("FORBIDDEN".to_owned()), "nobody is there before the meeting");
    app.app.clock.advance(TimeDelta::days(5000));
    assert_eq!(answer("ISRS", "CONFIRMED", 1).await, Err("FORBIDDEN".to_owned()), "its day has come");
    let confirmed = app.secretariat().mutate("confirmMeeting", at(&meeting), "id version").await;
    app.secretariat().mutate("concludeMeeting", at(&confirmed), "id").await;
    assert_eq!(answer("UNICEF", "PRESENT", 1).await, Err("FORBIDDEN".to_owned()), "the meeting is over");
}

async fn the_day_of_a_meeting_comes_in_its_own_time_zone(app: TestApp) {
    // Noon in UTC: on Kiritimati it is the next day already.
    let now = app.app.clock.now();
    let tomorrow = now.date_naive().succ_opt().unwrap();
    let noon = tomorrow.and_hms_opt(12, 0, 0).unwrap().and_utc();
    app.app.clock.advance(noon - now);
    let day = tomorrow.succ_opt().unwrap().to_string();
    for (zone, expected) in [
        ("Pacific/Kiritimati", Err("FORBIDDEN".to_owned())),
        ("Asia/Tashkent", Ok(json!(2))),
        ("Etc/GMT+12", Ok(json!(2))),
    ] {
        let meeting = app.planned_meeting(json!({ "chathamHouse": true, "startsOn": day, "timezone": zone })).await;
        let invited = input(&app, &meeting, "ICRC").await;
        app.secretariat().mutate("recordParticipation", invited.clone(), "version").await;
        let comes = with(invited, json!({ "attendance": "CONFIRMED", "expectedVersion": 1 }));
        let payload = app.partner("ICRC").payload_or_error("recordParticipation", comes).await;
        assert_eq!(payload.map(|payload| payload["record"]["version"].clone()), expected, "{zone}");
    }
}

async fn under_the_chatham_house_rule_others_see_counts_only(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
    for acronym in ["ICRC", "EU"] {
        let mut comes = input(&app, &meeting, acronym).await;
        comes["attendance"] = json!("CONFIRMED");
        app.secretariat().mutate("recordParticipation", comes, "id").await;
    }
    let query = "query($id: ID!) { meeting(by: { id: $id }) {
        participationCount participations { totalCount nodes { id } } } }";
    for (viewer, seen) in [
        (app.anonymous(), 0),
        (app.reader(), 0),
        (app.partner("UNICEF"), 0),
        (app.partner("ICRC"), 2),
        (app.secretariat(), 2),
    ] {
        let data = viewer.query_with(query, json!({ "id": meeting["id"] })).await;
        let shown = &data["meeting"]["participations"];
        assert_eq!((&shown["totalCount"], shown["nodes"].as_array().unwrap().len()), (&json!(seen), seen));
        assert_eq!(data["meeting"]["participationCount"], 2);
    }
}

/// How many participations in a meeting a partner reads.
async fn read_by(app: &TestApp, acronym: &str, meeting: &Value) -> Value {
    let query = "query($id: ID!) { meeting(by: { id: $id }) { participations { totalCount } } }";
    let data = app.partner(acronym).query_with(query, json!({ "id": meeting["id"] })).await;
    data["meeting"]["participations"]["totalCount"].clone()
}

async fn who_has_entered_itself_does_not_count_until_it_is_confirmed(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let icrc = input(&app, &meeting, "ICRC").await;
    app.secretariat().mutate("recordParticipation", with(icrc, json!({ "attendance": "CONFIRMED" })), "id").await;
    let own = with(input(&app, &meeting, "EU").await, json!({ "attendance": "CONFIRMED" }));
    let own = async |client: Client, more: Value| {
        client.mutate("recordParticipation", with(own.clone(), more), "version confirmed").await
    };
    let entered = own(app.partner("EU"), json!({})).await;
    assert_eq!(entered, json!({ "version": 1, "confirmed": false }));
    let discreet = json!({ "chathamHouse": true });
    app.secretariat().mutate("updateMeeting", at_with(&meeting, discreet), "id").await;
    assert_eq!(read_by(&app, "ICRC", &meeting).await, 2);
    assert_eq!(read_by(&app, "EU", &meeting).await, 1, "its own");
    let version = entered["version"].as_i64().unwrap() + 1;
    let changed = own(app.partner("EU"), json!({ "delegates": 2, "expectedVersion": version })).await;
    assert_eq!(changed["confirmed"], false, "what it says itself confirms nothing");
    assert_eq!(read_by(&app, "EU", &meeting).await, 1);
    let query = "query($id: ID!) { meeting(by: { id: $id }) {
        participations(filter: { confirmed: { eq: false } }) { nodes { organization { acronym } } } } }";
    let waiting = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(waiting["meeting"]["participations"]["nodes"], json!([{ "organization": { "acronym": "EU" } }]));
    let again = json!({ "delegates": 2, "expectedVersion": changed["version"] });
    assert_eq!(own(app.secretariat(), again).await["confirmed"], true);
    assert_eq!(read_by(&app, "EU", &meeting).await, 2);
}

async fn an_answer_to_an_invitation_is_confirmed_with_it(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "startsOn": LATER })).await;
    let record = async |client: Client, attendance: &str, version: Option<i32>| {
        let mut wanted = with(input(&app, &meeting, "EU").await, json!({ "attendance": attendance }));
        if let Some(version) = version {
            wanted["expectedVersion"] = json!(version);
        }
        client.mutate("recordParticipation", wanted, "confirmed").await["confirmed"].clone()
    };
    assert_eq!(record(app.secretariat(), "INVITED", None).await, true);
    assert_eq!(record(app.partner("EU"), "CONFIRMED", Some(1)).await, true);
    assert_eq!(record(app.partner("EU"), "REMOTE", Some(2)).await, true, "it corrects itself");
    assert_eq!(record(app.partner("EU"), "EXCUSED", Some(3)).await, true);
    assert_eq!(record(app.partner("EU"), "PRESENT", Some(4)).await, false, "it lets itself in");
    assert_eq!(record(app.secretariat(), "INVITED", Some(5)).await, true);
    assert_eq!(record(app.partner("EU"), "PRESENT", Some(6)).await, false, "that is no answer before the meeting");
}
