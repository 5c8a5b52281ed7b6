//! Days that do not exist or are in the wrong order, and numbers out of range.

use rec_tests::given::{at, at_with};
use rec_tests::traces::{Case, one, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::Inputs;

/// Every day in an input.
const DAYS: [(&str, &str); 18] = [
    ("createBody", "establishedOn"),
    ("updateBody", "establishedOn"),
    ("grantMandate", "validFrom"),
    ("grantMandate", "validTo"),
    ("endMandate", "validTo"),
    ("createSource", "publishedOn"),
    ("createInstrument", "adoptedOn"),
    ("updateInstrument", "adoptedOn"),
    ("scheduleMeeting", "startsOn"),
    ("scheduleMeeting", "endsOn"),
    ("updateMeeting", "startsOn"),
    ("updateMeeting", "endsOn"),
    ("postponeMeeting", "startsOn"),
    ("draftRecommendation", "targetDate"),
    ("reviseRecommendation", "targetDate"),
    ("adoptRecommendation", "adoptedOn"),
    ("recordAdoption", "adoptedOn"),
    ("recordAdoption", "targetDate"),
];

const NOT_DAYS: [&str; 10] = [
    "2024-02-30",
    "0000-00-00",
    "2023-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1T00:00:00Z",
    "14.05.2024",
    "tomorrow",
    "",
    "2024-05-14\0",
];

/// Days that exist, but that the two databases would not store alike.
const FAR_DAYS: [&str; 5] = ["+262142-12-31", "-262143-01-01", "+10000-01-01", "0000-01-01", "0024-05-14"];

/// A mutation as a document.
fn document(mutation: &str) -> String {
    let input = &rec_tests::mutations::mutation(mutation).input;
    format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ change {{ cursor }} }} }}")
}

on_both_databases! {
    days_that_do_not_exist_are_refused,
    an_impossible_value_lets_no_mutation_of_its_operation_begin,
    days_of_far_years_are_refused,
    days_that_do_not_exist_are_refused_in_filters,
    a_period_does_not_end_before_it_begins,
    days_must_fit_what_they_are_for,
    numbers_out_of_range_are_refused,
    numbers_that_are_no_ints_are_refused,
    numbers_with_a_fraction_are_refused,
    the_next_ordinal_after_the_greatest_is_refused,
    an_online_meeting_has_no_venue_and_an_event_no_session,
}

async fn days_that_do_not_exist_are_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mut requests = Vec::new();
    for (mutation, path) in DAYS {
        for day in NOT_DAYS {
            let input = with(inputs.get(mutation), path, day);
            requests.push((document(mutation), json!({ "input": input })));
        }
    }
    app.fails(&app.secretariat(), "INVALID_ARGUMENT", requests).await;
}

async fn an_impossible_value_lets_no_mutation_of_its_operation_begin(app: TestApp) {
    let theme = "a: createTheme(input: { code: \"Q1\", kind: SUBJECT, name: [{ locale: EN, text: \"Q\" }] }) { change { cursor } }";
    let end = |to: &str, version: &str| {
        format!(
            "b: endMandate(input: {{ id: \"man_1\", expectedVersion: {version}, validTo: {to} }}) {{ change {{ cursor }} }}"
        )
    };
    let written = |to: &str, version: &str| (format!("mutation {{ {theme} {} }}", end(to, version)), json!({}));
    let declared = format!("mutation($to: Date!, $v: Int!) {{ {theme} {} }}", end("$to", "$v"));
    let requests = vec![
        written("\"2024-02-30\"", "1"),
        (declared.clone(), json!({ "to": "2024-02-30", "v": 1 })),
        (declared.clone(), json!({ "to": "2024-02-28", "v": 3_000_000_000_i64 })),
        (declared, json!({ "v": 1 })),
    ];
    app.fails(&app.secretariat(), "INVALID_ARGUMENT", requests).await;
    let too_large = vec![written("\"2024-02-28\"", "3000000000")];
    app.fails(&app.secretariat(), "GRAPHQL_VALIDATION_FAILED", too_large).await;
}

async fn days_of_far_years_are_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, path) in DAYS {
        for day in FAR_DAYS {
            cases.push((mutation, with(inputs.get(mutation), path, day), one("INVALID", path)));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn days_that_do_not_exist_are_refused_in_filters(app: TestApp) {
    let days = "query($day: Date!) { meetings(filter: { startsOn: { eq: $day } }) { nodes { id } } }";
    let times = "query($at: DateTime!) { recommendations(filter: { createdAt: { gt: $at } }) { nodes { id } } }";
    let not_days = NOT_DAYS.iter().chain(&FAR_DAYS);
    let mut requests: Vec<(String, Value)> = not_days.map(|day| (days.to_owned(), json!({ "day": day }))).collect();
    for at in ["2024-02-30T00:00:00Z", "yesterday", "", "-262143-01-01T00:00:00Z", "+262142-12-31T23:59:59Z"] {
        requests.push((times.to_owned(), json!({ "at": at })));
    }
    app.fails(&app.anonymous(), "INVALID_ARGUMENT", requests).await;
}

async fn a_period_does_not_end_before_it_begins(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mandate = app.mandate("UNRCCA", "WG-C", "MEMBER").await;
    let planned =
        json!({ "id": inputs.get("confirmMeeting")["id"], "version": inputs.get("confirmMeeting")["expectedVersion"] });
    let cases: Vec<Case> = vec![
        ("scheduleMeeting", with(inputs.get("scheduleMeeting"), "endsOn", "2025-11-30"), one("INVALID", "endsOn")),
        ("updateMeeting", at_with(&planned, json!({ "endsOn": "2025-11-30" })), one("INVALID", "endsOn")),
        ("updateMeeting", at_with(&planned, json!({ "startsOn": "2025-12-31" })), one("INVALID", "endsOn")),
        (
            "postponeMeeting",
            at_with(&planned, json!({ "startsOn": "2026-02-02", "endsOn": "2026-02-01" })),
            one("INVALID", "endsOn"),
        ),
        ("postponeMeeting", at_with(&planned, json!({ "endsOn": "2025-11-30" })), one("INVALID", "endsOn")),
        ("grantMandate", with(inputs.get("grantMandate"), "validTo", "2024-05-13"), one("INVALID", "validTo")),
        ("endMandate", at_with(&mandate, json!({ "validTo": "2024-05-13" })), one("INVALID", "validTo")),
    ];
    app.refuses(&app.secretariat(), cases).await;
}

async fn days_must_fit_what_they_are_for(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let secretariat = app.secretariat();
    let ended = app.mandate("UNRCCA", "WG-C", "MEMBER").await;
    let ended =
        secretariat.mutate("endMandate", at_with(&ended, json!({ "validTo": "2025-12-31" })), "id version").await;
    let adopt = inputs.get("adoptRecommendation");
    let cases: Vec<Case> = vec![
        ("endMandate", at_with(&ended, json!({ "validTo": "2026-01-01" })), one("INVALID", "validTo")),
        (
            "draftRecommendation",
            with(inputs.get("draftRecommendation"), "targetDate", "2026-01-14"),
            one("INVALID", "targetDate"),
        ),
        (
            "reviseRecommendation",
            with(inputs.get("reviseRecommendation"), "targetDate", "2026-01-14"),
            one("INVALID", "targetDate"),
        ),
        ("adoptRecommendation", with(adopt, "adoptedOn", "2025-11-30"), one("INVALID", "adoptedOn")),
        ("adoptRecommendation", with(adopt, "adoptedOn", "2025-12-02"), one("INVALID", "adoptedOn")),
        ("adoptRecommendation", with(adopt, "noPersonalData", false), one("REQUIRED", "noPersonalData")),
    ];
    app.refuses(&secretariat, cases).await;
}

async fn numbers_out_of_range_are_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let (schedule, update) = (inputs.get("scheduleMeeting"), inputs.get("updateMeeting"));
    let mut cases: Vec<Case> = Vec::new();
    for number in [0, -1, i32::MIN] {
        for (mutation, path) in [
            ("scheduleMeeting", "sessions.0.ordinal"),
            ("setBodySessions", "sessions.0.ordinal"),
            ("recordParticipation", "delegates"),
        ] {
            cases.push((mutation, with(inputs.get(mutation), path, number), one("INVALID", path)));
        }
    }
    for number in [-1, i32::MIN] {
        cases.push(("scheduleMeeting", with(schedule, "participantCount", number), one("INVALID", "participantCount")));
        cases.push(("updateMeeting", with(update, "participantCount", number), one("INVALID", "participantCount")));
    }
    cases.push(("scheduleMeeting", with(schedule, "countQualifier", Value::Null), one("REQUIRED", "countQualifier")));
    cases.push(("updateMeeting", with(update, "participantCount", Value::Null), one("REQUIRED", "countQualifier")));
    app.refuses(&app.secretariat(), cases).await;
}

async fn numbers_that_are_no_ints_are_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let fields = [
        ("scheduleMeeting", "participantCount"),
        ("recordParticipation", "delegates"),
        ("updateBody", "expectedVersion"),
    ];
    let mut requests = Vec::new();
    for (mutation, path) in fields {
        for number in [json!(3_000_000_000_u64), json!(-3_000_000_000_i64)] {
            let input = with(inputs.get(mutation), path, number);
            requests.push((document(mutation), json!({ "input": input })));
        }
    }
    app.fails(&app.secretariat(), "INVALID_ARGUMENT", requests).await;
}

async fn numbers_with_a_fraction_are_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let input = with(inputs.get("scheduleMeeting"), "participantCount", 1.5);
    let request = (document("scheduleMeeting"), json!({ "input": input }));
    app.fails(&app.secretariat(), "INVALID_ARGUMENT", vec![request]).await;
}

async fn the_next_ordinal_after_the_greatest_is_refused(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let (body, secretariat) = (app.body("WG-D").await, app.secretariat());
    let last = with(inputs.get("scheduleMeeting"), "sessions", json!([{ "bodyId": body, "ordinal": 9999 }]));
    secretariat.mutate("scheduleMeeting", last, "id").await;
    let next = with(inputs.get("scheduleMeeting"), "sessions", json!([{ "bodyId": body }]));
    app.refuses(&secretariat, vec![("scheduleMeeting", next, one("INVALID", "sessions.0.ordinal"))]).await;
}

async fn an_online_meeting_has_no_venue_and_an_event_no_session(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let (schedule, update) = (inputs.get("scheduleMeeting"), inputs.get("updateMeeting"));
    let mut cases: Vec<Case> = vec![
        ("scheduleMeeting", with(schedule, "modality", "ONLINE"), one("INVALID", "venue")),
        ("updateMeeting", with(update, "modality", "ONLINE"), one("INVALID", "venue")),
    ];
    let briefing = app.planned_meeting(json!({ "kind": "BRIEFING" })).await;
    let sessions = schedule["sessions"].clone();
    for kind in ["BRIEFING", "SIDE_EVENT", "CONFERENCE_OR_DIALOGUE"] {
        cases.push(("scheduleMeeting", with(schedule, "kind", kind), one("INVALID", "sessions")));
    }
    cases.push(("setBodySessions", at_with(&briefing, json!({ "sessions": sessions })), one("INVALID", "sessions")));
    let bare = app.planned_meeting(json!({ "organizers": [] })).await;
    cases.push(("confirmMeeting", at(&bare), one("INVALID_STATE", "organizers")));
    app.refuses(&app.secretariat(), cases).await;
}
