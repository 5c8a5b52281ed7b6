//! Meetings: their plan, transitions, parts and agenda. Who takes part stands in `participation`.

mod agenda;

use chrono::TimeDelta;
use rec_tests::given::{at, at_with, each, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const SECOND_MEETING: &str = "{ meetings(filter: { startsOn: { eq: \"2024-11-27\" } }) { nodes {
    title alternativeTitles { title source { url } } sessions { ordinal body { code } }
    organizers { role organization { acronym } } agenda { number position title kind } sources { url } } } }";

/// A meeting on the day of the tests, with these fields as well.
async fn today(app: &TestApp, more: Value) -> Value {
    app.planned_meeting(with(json!({ "startsOn": "2026-01-15" }), more)).await
}

async fn move_on(app: &TestApp, step: &str, meeting: &Value) -> Value {
    app.secretariat().mutate(step, at(meeting), "id version status").await
}

async fn version(app: &TestApp, meeting: &Value) -> Value {
    let query = "query($id: ID!) { meeting(by: { id: $id }) { version } }";
    app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await["meeting"]["version"].take()
}

async fn item(app: &TestApp, meeting: &Value, title: &str) -> Value {
    let input = json!({ "meetingId": meeting["id"], "title": text(title), "kind": "DISCUSSION" });
    app.secretariat().mutate("addAgendaItem", input, "id version number position").await
}

on_both_databases! {
    the_meeting_of_27_november_2024_is_recorded_with_both_its_names,
    a_meeting_is_scheduled_with_all_that_belongs_to_it,
    an_update_keeps_what_is_omitted_clears_null_and_replaces_lists,
    a_meeting_does_not_end_before_it_starts,
    an_online_meeting_has_no_venue,
    briefings_side_events_and_dialogues_carry_no_session,
    sessions_are_numbered_by_their_body_and_each_number_is_given_once,
    organisers_are_replaced_and_bump_the_meeting,
    a_confirmed_meeting_has_an_organiser,
    a_meeting_is_opened_on_its_first_day_and_concluded_after_its_last,
    a_meeting_in_session_is_not_moved_into_the_future,
    the_days_of_a_meeting_are_those_of_its_time_zone,
    a_postponed_meeting_is_confirmed_again,
    a_cancelled_meeting_is_over,
    the_sources_of_a_concluded_meeting_are_kept,
    meetings_scheduled_at_once_get_different_ordinals,
    nothing_is_taken_out_of_a_concluded_meeting,
    a_cancelled_meeting_gives_its_ordinal_back,
    what_was_reached_at_a_meeting_keeps_what_it_rests_on,
    a_postponed_meeting_is_confirmed_for_days_to_come,
    null_empties_a_list_and_what_is_left_out_stays,
    a_part_that_stays_keeps_its_id,
}

async fn the_meeting_of_27_november_2024_is_recorded_with_both_its_names(app: TestApp) {
    let data = app.anonymous().query(SECOND_MEETING).await;
    let meeting = &data["meetings"]["nodes"][0];
    assert_eq!(meeting["title"], "Second Meeting of the Regional Expert Council");
    assert_eq!(
        each(&meeting["alternativeTitles"], "/title"),
        ["Second meeting of the working groups of the Regional Expert Council"]
    );
    assert!(meeting["alternativeTitles"][0]["source"]["url"].as_str().unwrap().contains("unrcca"));
    assert_eq!(each(&meeting["sessions"], "/ordinal"), [2, 2, 2, 2, 2]);
    let mut bodies = each(&meeting["sessions"], "/body/code");
    bodies.sort_by_key(ToString::to_string);
    assert_eq!(bodies, ["PL", "WG-A", "WG-B", "WG-C", "WG-D"]);
    assert_eq!(each(&meeting["agenda"], "/number"), ["1", "2", "3", "4"]);
    assert_eq!(each(&meeting["agenda"], "/position"), [1, 2, 3, 4]);
    assert_eq!(meeting["agenda"][1]["title"], "Legal frameworks that support reintegration");
    let organizers = each(&meeting["organizers"], "/organization/acronym");
    assert_eq!(organizers, ["ISRS", "OSCE", "UNOCT", "UNRCCA", "OSCE-PCUZ", "SSS-UZ", "MFA-UZ"]);
}

async fn a_meeting_is_scheduled_with_all_that_belongs_to_it(app: TestApp) {
    let sources = app.sources().await;
    let input = json!({
        "title": text("Third meeting"), "kind": "PLENARY", "modality": "HYBRID", "startsOn": "2026-05-14",
        "endsOn": "2026-05-15", "timezone": "Asia/Almaty", "city": "Almaty", "venue": "House of Friendship",
        "countryId": app.country("KZ").await, "theme": text("Education"), "participantCount": 40,
        "countQualifier": "ABOUT", "chathamHouse": true, "sensitivity": "PARTICIPANTS_ONLY",
        "organizers": [
            { "organizationId": app.organization("OSCE").await, "role": "HOST" },
            { "organizationId": app.organization("ISRS").await, "role": "SUPPORTER" },
        ],
        "sessions": [{ "bodyId": app.body("EC").await, "ordinal": 7 }, { "bodyId": app.body("PL").await }],
        "alternativeTitles": [{ "title": text("Another name"), "sourceId": sources[1] }],
        "sourceIds": [sources[1], sources[0]],
    });
    let selection = "version status title kind modality startsOn endsOn timezone city venue theme participantCount
        countQualifier chathamHouse sensitivity country { iso2 } organizers { role organization { acronym } }
        sessions { ordinal body { code } } alternativeTitles { title source { id } } sources { id }";
    let meeting = app.secretariat().mutate("scheduleMeeting", input, selection).await;
    let expected = json!({
        "version": 1, "status": "PLANNED", "title": "Third meeting", "kind": "PLENARY", "modality": "HYBRID",
        "startsOn": "2026-05-14", "endsOn": "2026-05-15", "timezone": "Asia/Almaty", "city": "Almaty",
        "venue": "House of Friendship", "theme": "Education", "participantCount": 40, "countQualifier": "ABOUT",
        "chathamHouse": true, "sensitivity": "PARTICIPANTS_ONLY", "country": { "iso2": "KZ" },
        "organizers": [
            { "role": "HOST", "organization": { "acronym": "OSCE" } },
            { "role": "SUPPORTER", "organization": { "acronym": "ISRS" } },
        ],
        "sessions": [{ "ordinal": 3, "body": { "code": "PL" } }, { "ordinal": 7, "body": { "code": "EC" } }],
        "alternativeTitles": [{ "title": "Another name", "source": { "id": sources[1] } }],
        "sources": [{ "id": sources[1] }, { "id": sources[0] }],
    });
    assert_eq!(meeting, expected);
}

async fn an_update_keeps_what_is_omitted_clears_null_and_replaces_lists(app: TestApp) {
    let sources = app.sources().await;
    let more = json!({
        "city": "Almaty", "venue": "Hall", "sourceIds": [sources[0]], "participantCount": 9,
        "countQualifier": "EXACT",
    });
    let meeting = app.planned_meeting(more).await;
    let change = json!({
        "city": null, "theme": text("Law"), "sourceIds": [sources[1]],
        "alternativeTitles": [{ "title": text("Other"), "sourceId": sources[1] }],
    });
    let selection = "id version city venue theme participantCount countQualifier title sources { id }
        alternativeTitles { title }";
    let updated = app.secretariat().mutate("updateMeeting", at_with(&meeting, change), selection).await;
    let expected = json!({
        "id": meeting["id"], "version": 2, "city": null, "venue": "Hall", "theme": "Law", "participantCount": 9,
        "countQualifier": "EXACT", "title": "A meeting", "sources": [{ "id": sources[1] }],
        "alternativeTitles": [{ "title": "Other" }],
    });
    assert_eq!(updated, expected);
    let lonely = at_with(&updated, json!({ "participantCount": null }));
    assert_eq!(app.secretariat().refusals("updateMeeting", lonely).await, ["REQUIRED countQualifier"]);
    let cleared = json!({ "participantCount": null, "countQualifier": null, "sourceIds": [], "theme": null });
    let cleared = app
        .secretariat()
        .mutate("updateMeeting", at_with(&updated, cleared), "participantCount theme sources { id }")
        .await;
    assert_eq!(cleared, json!({ "participantCount": null, "theme": null, "sources": [] }));
}

async fn a_meeting_does_not_end_before_it_starts(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "endsOn": "2025-12-02" })).await;
    let backwards = at_with(&meeting, json!({ "endsOn": "2025-11-30" }));
    assert_eq!(app.secretariat().refusals("updateMeeting", backwards).await, ["INVALID endsOn"]);
    let postponed = at_with(&meeting, json!({ "startsOn": "2026-02-02", "endsOn": "2026-02-01" }));
    assert_eq!(app.secretariat().refusals("postponeMeeting", postponed).await, ["INVALID endsOn"]);
}

async fn an_online_meeting_has_no_venue(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "venue": "Hall" })).await;
    let online = at_with(&meeting, json!({ "modality": "ONLINE" }));
    assert_eq!(app.secretariat().refusals("updateMeeting", online).await, ["INVALID venue"]);
    let without = at_with(&meeting, json!({ "modality": "ONLINE", "venue": null }));
    assert_eq!(app.secretariat().mutate("updateMeeting", without, "modality").await["modality"], "ONLINE");
}

async fn briefings_side_events_and_dialogues_carry_no_session(app: TestApp) {
    let session = json!([{ "bodyId": app.body("WG-A").await }]);
    let meeting = app.planned_meeting(json!({ "sessions": session })).await;
    for kind in ["BRIEFING", "SIDE_EVENT", "CONFERENCE_OR_DIALOGUE"] {
        let changed = at_with(&meeting, json!({ "kind": kind }));
        assert_eq!(app.secretariat().refusals("updateMeeting", changed).await, ["INVALID sessions"], "{kind}");
        let bare = app.planned_meeting(json!({ "kind": kind })).await;
        let given = at_with(&bare, json!({ "sessions": session }));
        assert_eq!(app.secretariat().refusals("setBodySessions", given).await, ["INVALID sessions"], "{kind}");
    }
}

async fn sessions_are_numbered_by_their_body_and_each_number_is_given_once(app: TestApp) {
    let body = app.body("WG-A").await;
    let third = app.planned_meeting(json!({ "sessions": [{ "bodyId": body }] })).await;
    let other = app.planned_meeting(json!({})).await;
    for taken in [2, 3] {
        let given = at_with(&other, json!({ "sessions": [{ "bodyId": body, "ordinal": taken }] }));
        assert_eq!(app.secretariat().refusals("setBodySessions", given).await, ["ALREADY_EXISTS sessions"]);
    }
    let zero = at_with(&other, json!({ "sessions": [{ "bodyId": body, "ordinal": 0 }] }));
    assert_eq!(app.secretariat().refusals("setBodySessions", zero).await, ["INVALID sessions.0.ordinal"]);
    let next = at_with(&other, json!({ "sessions": [{ "bodyId": body }] }));
    let next = app.secretariat().mutate("setBodySessions", next, "version sessions { ordinal }").await;
    assert_eq!(next, json!({ "version": 2, "sessions": [{ "ordinal": 4 }] }));
    let again = at_with(&third, json!({ "sessions": [{ "bodyId": body }, { "bodyId": app.body("WG-B").await }] }));
    let again = app.secretariat().mutate("setBodySessions", again, "sessions { ordinal }").await;
    assert_eq!(again["sessions"], json!([{ "ordinal": 3 }, { "ordinal": 3 }]), "WG-A keeps its number");
}

async fn organisers_are_replaced_and_bump_the_meeting(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let organizers = json!([
        { "organizationId": app.organization("UNOCT").await, "role": "CO_ORGANIZER" },
        { "organizationId": app.organization("ISRS").await, "role": "HOST" },
    ]);
    let input = at_with(&meeting, json!({ "organizers": organizers }));
    let set = app
        .secretariat()
        .mutate("setMeetingOrganizers", input, "id version organizers { role organization { acronym } }")
        .await;
    assert_eq!(each(&set["organizers"], "/organization/acronym"), ["UNOCT", "ISRS"]);
    assert_eq!(
        (each(&set["organizers"], "/role"), &set["version"]),
        (vec![json!("CO_ORGANIZER"), json!("HOST")], &json!(2))
    );
    let same = at_with(&set, json!({ "organizers": organizers }));
    assert_eq!(app.secretariat().payload("setMeetingOrganizers", same, "id").await["change"], Value::Null);
    let twice = at_with(&set, json!({ "organizers": [organizers[0], organizers[0]] }));
    assert_eq!(app.secretariat().refusals("setMeetingOrganizers", twice).await, ["INVALID organizers"]);
}

async fn a_confirmed_meeting_has_an_organiser(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "organizers": [] })).await;
    assert_eq!(app.secretariat().refusals("confirmMeeting", at(&meeting)).await, ["INVALID_STATE organizers"]);
    let organizers = json!({ "organizers": [{ "organizationId": app.organization("ISRS").await, "role": "HOST" }] });
    let organized = app.secretariat().mutate("setMeetingOrganizers", at_with(&meeting, organizers), "id version").await;
    let confirmed = move_on(&app, "confirmMeeting", &organized).await;
    assert_eq!(confirmed["status"], "CONFIRMED");
    let bare = at_with(&confirmed, json!({ "organizers": [] }));
    assert_eq!(app.secretariat().refusals("setMeetingOrganizers", bare).await, ["INVALID_STATE organizers"]);
}

async fn a_meeting_is_opened_on_its_first_day_and_concluded_after_its_last(app: TestApp) {
    let meeting = today(&app, json!({ "startsOn": "2026-01-16", "endsOn": "2026-01-17" })).await;
    assert_eq!(app.secretariat().refusals("openMeeting", at(&meeting)).await, ["INVALID_STATE id"]);
    let confirmed = move_on(&app, "confirmMeeting", &meeting).await;
    assert_eq!(app.secretariat().refusals("openMeeting", at(&confirmed)).await, ["INVALID_STATE id"]);
    app.app.clock.advance(TimeDelta::days(1));
    let opened = move_on(&app, "openMeeting", &confirmed).await;
    assert_eq!(opened["status"], "IN_SESSION");
    app.app.clock.advance(TimeDelta::days(1));
    assert_eq!(app.secretariat().refusals("concludeMeeting", at(&opened)).await, ["INVALID_STATE id"]);
    app.app.clock.advance(TimeDelta::days(1));
    assert_eq!(move_on(&app, "concludeMeeting", &opened).await["status"], "CONCLUDED");
}

async fn a_meeting_in_session_is_not_moved_into_the_future(app: TestApp) {
    let confirmed = move_on(&app, "confirmMeeting", &today(&app, json!({})).await).await;
    let open = move_on(&app, "openMeeting", &confirmed).await;
    let moved = at_with(&open, json!({ "startsOn": "2026-01-16", "endsOn": "2026-01-17" }));
    assert_eq!(app.secretariat().refusals("updateMeeting", moved).await, ["INVALID_STATE startsOn"]);
    let longer = at_with(&open, json!({ "endsOn": "2026-01-17" }));
    assert_eq!(app.secretariat().mutate("updateMeeting", longer, "endsOn").await["endsOn"], "2026-01-17");
}

async fn the_days_of_a_meeting_are_those_of_its_time_zone(app: TestApp) {
    let meeting = today(&app, json!({ "startsOn": "2026-01-14", "timezone": "America/New_York" })).await;
    let confirmed = move_on(&app, "confirmMeeting", &meeting).await;
    assert_eq!(
        app.secretariat().refusals("concludeMeeting", at(&confirmed)).await,
        ["INVALID_STATE id"],
        "23:00 of the 14th in New York"
    );
    app.app.clock.advance(TimeDelta::hours(1));
    move_on(&app, "concludeMeeting", &confirmed).await;
}

async fn a_postponed_meeting_is_confirmed_again(app: TestApp) {
    let confirmed = move_on(&app, "confirmMeeting", &today(&app, json!({})).await).await;
    let later = at_with(&confirmed, json!({ "startsOn": "2026-03-03" }));
    let postponed = app.secretariat().mutate("postponeMeeting", later, "id version status startsOn endsOn").await;
    assert_eq!((&postponed["status"], &postponed["endsOn"]), (&json!("POSTPONED"), &json!("2026-03-03")));
    assert_eq!(app.secretariat().refusals("openMeeting", at(&postponed)).await, ["INVALID_STATE id"]);
    assert_eq!(move_on(&app, "confirmMeeting", &postponed).await["status"], "CONFIRMED");
}

async fn a_cancelled_meeting_is_over(app: TestApp) {
    let planned = today(&app, json!({})).await;
    let cancelled = move_on(&app, "cancelMeeting", &planned).await;
    assert_eq!(cancelled["status"], "CANCELLED");
    for step in
        ["confirmMeeting", "openMeeting", "concludeMeeting", "postponeMeeting", "cancelMeeting", "updateMeeting"]
    {
        assert_eq!(app.secretariat().refusals(step, at(&cancelled)).await, ["INVALID_STATE id"], "{step}");
    }
    let item = json!({ "meetingId": cancelled["id"], "title": text("T"), "kind": "SESSION" });
    assert_eq!(app.secretariat().refusals("addAgendaItem", item).await, ["INVALID_STATE meetingId"]);
}

async fn the_sources_of_a_concluded_meeting_are_kept(app: TestApp) {
    let sources = app.sources().await;
    let title = json!({ "title": text("Other"), "sourceId": sources[0] });
    let more = json!({ "sourceIds": [sources[0]], "alternativeTitles": [title] });
    let meeting = app.concluded_meeting_with(&["WG-A"], more).await;
    for list in ["sourceIds", "alternativeTitles"] {
        let bare = at_with(&meeting, json!({ list: [] }));
        assert_eq!(app.secretariat().refusals("updateMeeting", bare).await, [format!("INVALID_STATE {list}")]);
    }
    let more = json!({ "sourceIds": [sources[0], sources[1]], "alternativeTitles": [title, title] });
    app.secretariat().mutate("updateMeeting", at_with(&meeting, more), "id").await;
    let grown = "query($id: ID!) { meeting(by: { id: $id }) { sources { id } alternativeTitles { title } } }";
    let grown = app.anonymous().query_with(grown, json!({ "id": meeting["id"] })).await;
    assert_eq!(grown["meeting"]["sources"].as_array().unwrap().len(), 2);
    assert_eq!(grown["meeting"]["alternativeTitles"].as_array().unwrap().len(), 2);
}

async fn meetings_scheduled_at_once_get_different_ordinals(app: TestApp) {
    let other_process = app.second().await;
    let body = app.body("WG-A").await;
    let mut scheduled = Vec::new();
    for number in 0..6 {
        let client = if number % 2 == 0 { app.secretariat() } else { other_process.secretariat() };
        let input = json!({
            "title": text("At once"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2026-02-01",
            "sessions": [{ "bodyId": body }],
        });
        let schedule = async move { client.mutate("scheduleMeeting", input, "sessions { ordinal }").await };
        scheduled.push(tokio::spawn(schedule));
    }
    let mut ordinals = Vec::new();
    for meeting in scheduled {
        ordinals.push(meeting.await.unwrap()["sessions"][0]["ordinal"].as_i64().unwrap());
    }
    ordinals.sort_unstable();
    assert_eq!(ordinals, [3, 4, 5, 6, 7, 8]);
}

async fn nothing_is_taken_out_of_a_concluded_meeting(app: TestApp) {
    let planned = app.planned_meeting(json!({ "sessions": [{ "bodyId": app.body("WG-A").await }] })).await;
    let kept = item(&app, &planned, "Kept").await;
    let planned = json!({ "id": planned["id"], "version": version(&app, &planned).await });
    let confirmed = move_on(&app, "confirmMeeting", &planned).await;
    let meeting = move_on(&app, "concludeMeeting", &confirmed).await;
    let osce = json!({ "organizationId": app.organization("OSCE").await, "role": "HOST" });
    for (mutation, input) in [
        ("setMeetingOrganizers", at_with(&meeting, json!({ "organizers": [osce] }))),
        ("setBodySessions", at_with(&meeting, json!({ "sessions": [] }))),
        ("removeAgendaItem", at(&kept)),
        ("cancelMeeting", at(&meeting)),
        ("postponeMeeting", at(&meeting)),
        ("updateMeeting", at_with(&meeting, json!({ "endsOn": "2026-01-15" }))),
    ] {
        let refusals = app.secretariat().refusals(mutation, input).await;
        assert!(refusals[0].starts_with("INVALID_STATE "), "{mutation}: {refusals:?}");
    }
    let isrs = json!({ "organizationId": app.organization("ISRS").await, "role": "HOST" });
    let input = at_with(&meeting, json!({ "organizers": [isrs, osce] }));
    let grown = app.secretariat().mutate("setMeetingOrganizers", input, "organizers { role }").await;
    assert_eq!(grown["organizers"].as_array().unwrap().len(), 2, "the record grows and is corrected");
}

async fn a_cancelled_meeting_gives_its_ordinal_back(app: TestApp) {
    let sessions = json!({ "sessions": [{ "bodyId": app.body("WG-A").await, "ordinal": 3 }] });
    let cancelled = move_on(&app, "cancelMeeting", &app.planned_meeting(sessions.clone()).await).await;
    let next = app.planned_meeting(json!({})).await;
    let third = at_with(&next, sessions);
    assert_eq!(app.secretariat().refusals("setBodySessions", third.clone()).await, ["ALREADY_EXISTS sessions"]);
    let other = json!({ "sessions": [{ "bodyId": app.body("WG-A").await, "ordinal": 4 }] });
    assert_eq!(
        app.secretariat().refusals("setBodySessions", at_with(&cancelled, other)).await,
        ["INVALID_STATE sessions"]
    );
    let none = at_with(&cancelled, json!({ "sessions": [] }));
    app.secretariat().mutate("setBodySessions", none, "id").await;
    let carried = app.secretariat().mutate("setBodySessions", third, "sessions { ordinal }").await;
    assert_eq!(carried["sessions"], json!([{ "ordinal": 3 }]));
}

async fn what_was_reached_at_a_meeting_keeps_what_it_rests_on(app: TestApp) {
    let meeting = app
        .planned_meeting(json!({ "startsOn": "2026-01-10", "endsOn": "2026-01-20", "sessions": [
        { "bodyId": app.body("WG-A").await }, { "bodyId": app.body("EC").await }] }))
        .await;
    let meeting = move_on(&app, "confirmMeeting", &meeting).await;
    let meeting = move_on(&app, "openMeeting", &meeting).await;
    let submitted = app.submit(&app.draft("WG-A").await, &meeting).await;
    let adoption = json!({ "meetingId": meeting["id"], "noPersonalData": true, "adoptedOn": "2026-01-12" });
    app.secretariat().mutate("adoptRecommendation", at_with(&submitted, adoption), "id").await;
    for code in ["WG-A", "EC"] {
        let only = at_with(&meeting, json!({ "sessions": [{ "bodyId": app.body(code).await }] }));
        assert_eq!(app.secretariat().refusals("setBodySessions", only).await, ["INVALID_STATE sessions"], "{code}");
    }
    for (days, refusal) in [
        (json!({ "startsOn": "2026-01-13" }), "INVALID_STATE startsOn"),
        (json!({ "endsOn": "2026-01-11" }), "INVALID_STATE startsOn"),
    ] {
        assert_eq!(app.secretariat().refusals("updateMeeting", at_with(&meeting, days)).await, [refusal]);
    }
    app.secretariat().mutate("updateMeeting", at_with(&meeting, json!({ "endsOn": "2026-01-12" })), "id").await;
}

async fn a_postponed_meeting_is_confirmed_for_days_to_come(app: TestApp) {
    let postponed = move_on(&app, "postponeMeeting", &app.planned_meeting(json!({})).await).await;
    assert_eq!(app.secretariat().refusals("confirmMeeting", at(&postponed)).await, ["INVALID_STATE id"]);
    let moved = at_with(&postponed, json!({ "startsOn": "2026-01-15", "endsOn": "2026-01-15" }));
    let moved = app.secretariat().mutate("updateMeeting", moved, "id version").await;
    assert_eq!(move_on(&app, "confirmMeeting", &moved).await["status"], "CONFIRMED");
}

async fn null_empties_a_list_and_what_is_left_out_stays(app: TestApp) {
    let sources = app.sources().await;
    let title = json!({ "title": text("Another name"), "sourceId": sources[0] });
    let more = json!({ "sourceIds": [sources[0]], "alternativeTitles": [title] });
    let meeting = app.planned_meeting(more).await;
    let selection = "id version sources { id } alternativeTitles { id }";
    let kept =
        app.secretariat().mutate("updateMeeting", at_with(&meeting, json!({ "city": "Tashkent" })), selection).await;
    assert_eq!((each(&kept["sources"], "/id").len(), each(&kept["alternativeTitles"], "/id").len()), (1, 1));
    let empty = at_with(&kept, json!({ "sourceIds": null, "alternativeTitles": null }));
    let empty = app.secretariat().mutate("updateMeeting", empty, selection).await;
    assert_eq!((&empty["sources"], &empty["alternativeTitles"]), (&json!([]), &json!([])));
}

async fn a_part_that_stays_keeps_its_id(app: TestApp) {
    let (isrs, osce) = (app.organization("ISRS").await, app.organization("OSCE").await);
    let set = async |meeting: &Value, ids: &[(&String, &str)]| {
        let organizers: Vec<Value> =
            ids.iter().map(|(id, role)| json!({ "organizationId": id, "role": role })).collect();
        let input = at_with(meeting, json!({ "organizers": organizers }));
        app.secretariat().mutate("setMeetingOrganizers", input, "id version organizers { id }").await
    };
    let first = set(&app.planned_meeting(json!({})).await, &[(&isrs, "HOST")]).await;
    let second = set(&first, &[(&osce, "ORGANIZER"), (&isrs, "HOST")]).await;
    assert_eq!(second["organizers"][1], first["organizers"][0]);
    let third = set(&second, &[(&isrs, "HOST"), (&osce, "ORGANIZER")]).await;
    assert_eq!(
        each(&third["organizers"], "/id"),
        [second["organizers"][1]["id"].clone(), second["organizers"][0]["id"].clone()]
    );
}
