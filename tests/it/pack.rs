//! What a delegation needs before a meeting, and who was present at it.

use chrono::TimeDelta;
use rec_tests::client::Client;
use rec_tests::given::{Id, at, at_with, each, text as text_of, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    a_pack_has_the_silences_that_end_before_the_meeting,
    a_pack_has_who_is_expected_and_who_can_object,
    under_the_chatham_house_rule_a_pack_tells_who_comes_to_who_comes,
    a_pack_has_what_the_last_meeting_of_its_body_left_open,
    what_one_body_has_left_open_is_not_told_to_another,
    what_the_executive_committee_puts_off_is_open_to_it,
    the_last_meeting_is_the_last_that_was_held_and_is_seen,
    a_pack_takes_a_constant_number_of_statements,
    a_session_has_an_attendance_once_it_has_begun,
    an_attendance_is_told_to_whoever_reads_everyones_part,
    a_quorum_is_a_rule_of_its_body_and_refuses_nothing,
}

async fn pack(client: &Client, meeting: &Value, selection: &str) -> Value {
    let query = format!("{{ meeting(by: {{ id: {} }}) {{ pack {{ {selection} }} }} }}", meeting["id"]);
    client.query(&query).await["meeting"]["pack"].take()
}

async fn sessions(app: &TestApp, bodies: &[&str]) -> Value {
    let mut sessions = Vec::new();
    for body in bodies {
        sessions.push(json!({ "bodyId": app.body(body).await }));
    }
    json!(sessions)
}

/// A meeting of these bodies, five days after the tests begin.
async fn next_meeting(app: &TestApp, bodies: &[&str], more: Value) -> Value {
    let input = json!({ "startsOn": "2026-01-20", "endsOn": "2026-01-21", "sessions": sessions(app, bodies).await });
    app.planned_meeting(with(input, more)).await
}

async fn member(app: &TestApp, acronym: &str, body: &str, more: Value) -> Value {
    let mandate = json!({
        "organizationId": app.organization(acronym).await, "bodyId": app.body(body).await, "role": "MEMBER",
        "canObject": true, "validFrom": "2026-01-01",
    });
    app.secretariat().mutate("grantMandate", with(mandate, more), "id version").await
}

async fn part(app: &TestApp, meeting: &Value, acronym: &str, attendance: &str) {
    let input = json!({
        "meetingId": meeting["id"], "organizationId": app.organization(acronym).await, "capacity": "DELEGATE",
        "attendance": attendance,
    });
    app.secretariat().mutate("recordParticipation", input, "id").await;
}

async fn on_agenda(app: &TestApp, meeting: &Value, number: &str, texts: &[&Value], more: Value) -> Value {
    let ids: Vec<&Value> = texts.iter().map(|text| &text["id"]).collect();
    let item = json!({
        "meetingId": meeting["id"], "number": number, "title": text_of("An item"), "kind": "DECISION", "recommendationIds": ids,
    });
    app.secretariat().mutate("addAgendaItem", with(item, more), "id").await["id"].take()
}

/// A silence in a body that ends at a moment.
async fn silence(app: &TestApp, body: &str, meeting: &Value, deadline: &str) -> Value {
    let input = at_with(&app.under_discussion(body).await, json!({ "meetingId": meeting["id"], "deadline": deadline }));
    app.secretariat().mutate("openSilence", input, "procedures { id }").await["procedures"][0]["id"].take()
}

async fn a_pack_has_the_silences_that_end_before_the_meeting(app: TestApp) {
    let held = app.concluded_meeting(&["WG-A", "WG-B", "WG-C"]).await;
    let meeting = next_meeting(&app, &["WG-A", "WG-B"], json!({ "timezone": "Asia/Almaty" })).await;
    // The first day ends at 19:00 in UTC.
    let last = silence(&app, "WG-A", &held, "2026-01-20T18:59:59.999999Z").await;
    silence(&app, "WG-A", &held, "2026-01-20T19:00:00Z").await;
    silence(&app, "WG-C", &held, "2026-01-18T00:00:00Z").await;
    let first = silence(&app, "WG-B", &held, "2026-01-17T00:00:00Z").await;
    let procedures =
        async |client: Client| each(&pack(&client, &meeting, "procedures { id }").await["procedures"], "/id");
    assert_eq!(procedures(app.reader()).await, [first, last.clone()]);
    assert_eq!(procedures(app.anonymous()).await, Vec::<Value>::new(), "the texts are drafts");
    app.app.clock.advance(TimeDelta::days(3));
    assert_eq!(procedures(app.reader()).await, std::slice::from_ref(&last));
    for first in [0, 101] {
        let query = format!(
            "{{ meeting(by: {{ id: {} }}) {{ pack {{ procedures(first: {first}) {{ id }} }} }} }}",
            meeting["id"]
        );
        assert_eq!(app.reader().error(&query).await, "INVALID_PAGE", "{first}");
    }
}

async fn a_pack_has_who_is_expected_and_who_can_object(app: TestApp) {
    let meeting = next_meeting(&app, &["WG-A", "WG-B"], json!({})).await;
    member(&app, "OSCE", "WG-A", json!({})).await;
    member(&app, "OSCE", "WG-C", json!({})).await;
    member(&app, "UNICEF", "WG-B", json!({ "validTo": "2026-01-19" })).await;
    member(&app, "UNODC", "WG-B", json!({ "validFrom": "2026-01-21" })).await;
    member(&app, "ICRC", "WG-A", json!({ "canObject": false })).await;
    for (acronym, attendance) in
        [("OSCE", "INVITED"), ("UNICEF", "CONFIRMED"), ("ICRC", "INVITED"), ("CTED", "EXCUSED"), ("EU", "ABSENT")]
    {
        part(&app, &meeting, acronym, attendance).await;
    }
    let selection = "delegations { organization { acronym } participations { attendance } canObject { body { code } } }
        mayObject { organization { acronym } }";
    let told = pack(&app.anonymous(), &meeting, selection).await;
    let expected = json!([
        { "organization": { "acronym": "OSCE" }, "participations": [{ "attendance": "INVITED" }], "canObject": [{ "body": { "code": "WG-A" } }] },
        { "organization": { "acronym": "UNICEF" }, "participations": [{ "attendance": "CONFIRMED" }], "canObject": [] },
        { "organization": { "acronym": "ICRC" }, "participations": [{ "attendance": "INVITED" }], "canObject": [] },
    ]);
    assert_eq!(told["delegations"], expected);
    assert_eq!(each(&told["mayObject"], "/organization/acronym"), ["OSCE", "UNODC"]);
}

async fn under_the_chatham_house_rule_a_pack_tells_who_comes_to_who_comes(app: TestApp) {
    let meeting = next_meeting(&app, &["WG-A"], json!({ "chathamHouse": true })).await;
    member(&app, "OSCE", "WG-A", json!({})).await;
    part(&app, &meeting, "OSCE", "INVITED").await;
    part(&app, &meeting, "UNICEF", "CONFIRMED").await;
    let selection = "delegations { organization { acronym } } mayObject { organization { acronym } }";
    for (client, expected) in [
        (app.anonymous(), vec![]),
        (app.reader(), vec![]),
        (app.partner("OSCE"), vec!["OSCE"]),
        (app.partner("UNICEF"), vec!["OSCE", "UNICEF"]),
        (app.secretariat(), vec!["OSCE", "UNICEF"]),
    ] {
        let told = pack(&client, &meeting, selection).await;
        assert_eq!(each(&told["delegations"], "/organization/acronym"), expected);
        assert_eq!(each(&told["mayObject"], "/organization/acronym"), ["OSCE"]);
    }
}

/// Of each open item: its number, and what was decided.
async fn open_items(client: &Client, meeting: &Value) -> Value {
    let told = pack(client, meeting, "openItems { agendaItem { number } outcome }").await;
    told["openItems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["agendaItem"]["number"], one["outcome"]]))
        .collect()
}

async fn take(app: &TestApp, mutation: &str, text: &Value, meeting: &Value) -> Value {
    let input = at_with(text, json!({ "meetingId": meeting["id"] }));
    app.secretariat().mutate(mutation, input, "id version").await
}

async fn a_pack_has_what_the_last_meeting_of_its_body_left_open(app: TestApp) {
    let (group, both) = (app.concluded_meeting(&["WG-B"]).await, app.concluded_meeting(&["WG-A", "WG-B"]).await);
    let meeting = next_meeting(&app, &["WG-A"], json!({})).await;
    let mut texts = Vec::new();
    for body in ["WG-A", "WG-A", "WG-A", "WG-A", "WG-B", "WG-B"] {
        texts.push(app.under_discussion(body).await);
    }
    let [agreed, failed, silent, noted, other, shared] = &texts[..] else { panic!("six texts") };
    on_agenda(&app, &both, "1", &[], json!({})).await;
    on_agenda(&app, &both, "2", &[agreed, failed], json!({})).await;
    on_agenda(&app, &both, "3", &[silent, noted, other], json!({})).await;
    on_agenda(&app, &both, "4", &[shared], json!({ "bodyId": app.body("WG-A").await })).await;
    take(&app, "recordAgreement", agreed, &both).await;
    let failed = take(&app, "recordNoConsensus", failed, &both).await;
    take(&app, "openSilence", silent, &both).await;
    let left = [("2", "NO_CONSENSUS"), ("3", "UNDER_SILENCE"), ("3", "NOTED"), ("4", "NOTED")];
    assert_eq!(open_items(&app.reader(), &meeting).await, json!(left));
    assert_eq!(open_items(&app.anonymous(), &meeting).await, json!([]), "the texts are drafts");
    assert_eq!(open_items(&app.reader(), &both).await, json!([]));
    app.secretariat().mutate("withdrawRecommendation", at(&failed), "id").await;
    app.app.clock.advance(TimeDelta::hours(72));
    assert_eq!(open_items(&app.reader(), &meeting).await, json!([["3", "NOTED"], ["4", "NOTED"]]));
    let ordinals = json!([{ "bodyId": app.body("WG-A").await }, { "bodyId": app.body("WG-B").await }]);
    let joint = app.planned_meeting(json!({ "startsOn": "2026-02-01", "sessions": ordinals })).await;
    // The text of the other group concerns it as well, and the one on its own item concerns nobody twice.
    let expected = json!([["3", "NOTED"], ["3", "NOTED"], ["4", "NOTED"]]);
    assert_eq!(open_items(&app.reader(), &joint).await, expected, "the meeting of both is read once");
    on_agenda(&app, &group, "9", &[other], json!({})).await;
    assert_eq!(open_items(&app.reader(), &joint).await, expected, "it is not the last one");
}

async fn what_one_body_has_left_open_is_not_told_to_another(app: TestApp) {
    let both = app.concluded_meeting(&["WG-A", "WG-B"]).await;
    let text = app.under_discussion("WG-B").await;
    on_agenda(&app, &both, "1", &[&text], json!({})).await;
    take(&app, "recordNoConsensus", &text, &both).await;
    let alone = app.concluded_meeting(&["WG-B"]).await;
    let next = next_meeting(&app, &["WG-A", "WG-B"], json!({})).await;
    assert_eq!(open_items(&app.reader(), &next).await, json!([]), "it is not the last meeting of its group");
    assert_eq!(open_items(&app.reader(), &alone).await, json!([["1", "NO_CONSENSUS"]]));
}

async fn what_the_executive_committee_puts_off_is_open_to_it(app: TestApp) {
    let (held, joint) = (app.concluded_meeting(&["EC"]).await, app.concluded_meeting(&["EC", "WG-A"]).await);
    let text = app.submitted("WG-A").await;
    on_agenda(&app, &held, "1", &[&text], json!({})).await;
    assert_eq!(open_items(&app.reader(), &joint).await, json!([["1", "NOTED"]]));
    let next = next_meeting(&app, &["EC"], json!({})).await;
    assert_eq!(open_items(&app.reader(), &next).await, json!([]));
    on_agenda(&app, &joint, "2", &[&text], json!({})).await;
    assert_eq!(open_items(&app.reader(), &next).await, json!([["2", "NOTED"]]));
    let group = next_meeting(&app, &["WG-A"], json!({})).await;
    assert_eq!(open_items(&app.reader(), &group).await, json!([]), "it has agreed");
}

async fn the_last_meeting_is_the_last_that_was_held_and_is_seen(app: TestApp) {
    let held = app.concluded_meeting(&["WG-A"]).await;
    let hidden = app.concluded_meeting_with(&["WG-A"], json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let planned = next_meeting(&app, &["WG-A"], json!({})).await;
    let meeting = next_meeting(&app, &["WG-A"], json!({})).await;
    let text = app.under_discussion("WG-A").await;
    for (number, one) in [("1", &held), ("2", &hidden), ("3", &planned)] {
        on_agenda(&app, one, number, &[&text], json!({})).await;
    }
    assert_eq!(open_items(&app.reader(), &meeting).await, json!([["1", "NOTED"]]));
    assert_eq!(open_items(&app.secretariat(), &meeting).await, json!([["2", "NOTED"]]));
}

/// How many records a part of a pack has, in each of which there is what is selected; or how many are present.
fn size(meeting: &Value) -> usize {
    if let Some(sessions) = meeting["sessions"].as_array() {
        let present = sessions.iter().flat_map(|one| each(&one["attendance"]["categories"], "/present"));
        return present.filter_map(|one| one.as_u64()).sum::<u64>().try_into().unwrap();
    }
    let list = meeting["pack"].as_object().unwrap().values().next().unwrap();
    let records = list.get("nodes").unwrap_or(list).as_array().unwrap();
    records.iter().filter(|one| !one.to_string().contains("[]") && !one.to_string().contains("null,")).count()
}

async fn a_pack_takes_a_constant_number_of_statements(app: TestApp) {
    let held = app.concluded_meeting(&["WG-A", "WG-B"]).await;
    let meeting = next_meeting(&app, &["WG-A", "WG-B"], json!({})).await;
    // Each loader is reached by one path: whether two paths of one level meet in a batch depends on which one is ahead.
    let parts = [
        "agenda { id recommendations { procedures { positions { id } } } }",
        "agenda { id documents(first: 2) { nodes { id symbol } } }",
        "documents(first: 20) { nodes { id } }",
        "procedures(first: 20) { id positions { id } mayObject { id } }",
        "procedures(first: 20) { id recommendation { id } meeting { id } }",
        "delegations { organization { acronym } canObject { id } participations { id } }",
        "mayObject { id }",
        "openItems { outcome recommendation { id } statements { id } }",
    ];
    let organizations = ["OSCE", "UNICEF", "UNODC", "ICRC", "CTED", "EU", "SCO", "UNOCT", "UNRCCA", "ISRS"];
    let add = async |from: usize, to: usize| {
        for acronym in &organizations[from..to] {
            member(&app, acronym, "WG-A", json!({ "validFrom": "2025-01-01" })).await;
            part(&app, &meeting, acronym, "INVITED").await;
            part(&app, &held, acronym, "PRESENT").await;
            let text = app.under_discussion("WG-A").await;
            let input = at_with(&text, json!({ "meetingId": held["id"], "deadline": "2026-01-18T00:00:00Z" }));
            let silent = app.secretariat().mutate("openSilence", input, "id procedures { id }").await;
            let statement = json!({
                "procedureId": silent["procedures"][0]["id"], "organizationId": app.organization(acronym).await,
                "kind": "FORMAL_RESERVATION", "text": text_of("Why"),
            });
            app.secretariat().mutate("statePosition", statement, "id").await;
            on_agenda(&app, &held, &format!("1.{acronym}"), &[&text], json!({})).await;
            let item = on_agenda(&app, &meeting, &format!("2.{acronym}"), &[&text], json!({})).await;
            let document = json!({
                "kind": "AGENDA", "symbol": format!("DOC/{acronym}"), "title": text_of("A document"), "sensitivity": "PARTICIPANTS_ONLY", "agendaItemId": item,
                "versions": [{ "locale": "EN", "url": "https://example.org/a", "state": "ORIGINAL" }],
            });
            app.secretariat().mutate("createDocument", document, "id").await;
        }
    };
    let queries: Vec<String> = parts
        .iter()
        .map(|part| format!("{{ meeting(by: {{ id: {} }}) {{ pack {{ {part} }} }} }}", meeting["id"]))
        .chain([format!(
            "{{ meeting(by: {{ id: {} }}) {{ sessions {{ attendance {{ quorate categories {{ present }} }} }} }} }}",
            held["id"]
        )])
        .collect();
    let statements = async |client: Client| {
        let mut counts = Vec::new();
        for query in &queries {
            client.query(query).await;
            let before = app.app.databases.statements();
            let found = client.query(query).await["meeting"].take();
            counts.push((size(&found), app.app.databases.statements() - before));
        }
        counts
    };
    add(0, 1).await;
    let clients = [app.reader(), app.partner("OSCE"), app.secretariat()];
    let mut few = Vec::new();
    for client in &clients {
        few.push(statements(client.clone()).await);
    }
    add(1, 10).await;
    for (client, few) in clients.iter().zip(few) {
        for ((query, (one, few)), (ten, many)) in queries.iter().zip(few).zip(statements(client.clone()).await) {
            assert_eq!((one, ten), (1, 10), "{query}");
            assert!(many <= few, "{query} {many} statements, {few} for one of each");
        }
    }
    let query = "{ meetings(first: 20) { nodes { id pack { procedures(first: 3) { id } mayObject { id } openItems { outcome } } } } }";
    let of_all = async || {
        app.reader().query(query).await;
        let before = app.app.databases.statements();
        let found = app.reader().query(query).await["meetings"]["nodes"].as_array().unwrap().len();
        (found, app.app.databases.statements() - before)
    };
    let (before, statements) = of_all().await;
    for day in ["2026-03-01", "2026-03-02", "2026-03-03"] {
        next_meeting(&app, &["WG-A"], json!({ "startsOn": day, "endsOn": day })).await;
    }
    let (after, more) = of_all().await;
    assert_eq!(after, before + 3);
    assert!(more <= statements, "{more} statements, {statements} for fewer meetings");
}

/// A meeting of these bodies that is in session today.
async fn in_session(app: &TestApp, bodies: &[&str], more: Value) -> Value {
    let today = json!({ "startsOn": "2026-01-15", "endsOn": "2026-01-15" });
    let meeting = next_meeting(app, bodies, with(today, more)).await;
    let meeting = app.secretariat().mutate("confirmMeeting", at(&meeting), "id version").await;
    app.secretariat().mutate("openMeeting", at(&meeting), "id version").await
}

/// Of each session: who is present of each category, and whether these are a quorum.
async fn attendance(client: &Client, meeting: &Value) -> Vec<Value> {
    let query = format!(
        "{{ meeting(by: {{ id: {} }}) {{ sessions {{ body {{ code }} attendance {{ quorate categories {{ present required }} }} }} }} }}",
        meeting["id"]
    );
    let told = client.query(&query).await["meeting"]["sessions"].take();
    let mut told: Vec<Value> = told.as_array().unwrap().clone();
    told.sort_by_key(|one| one["body"]["code"].to_string());
    let of_session = |one: &Value| match &one["attendance"] {
        Value::Null => Value::Null,
        attendance => json!([each(&attendance["categories"], "/present"), attendance["quorate"]]),
    };
    told.iter().map(of_session).collect()
}

async fn a_session_has_an_attendance_once_it_has_begun(app: TestApp) {
    let (uzbekistan, kazakhstan) = (app.country("UZ").await, app.country("KZ").await);
    for (acronym, body, more) in [
        ("ISRS", "WG-A", json!({ "countryId": uzbekistan })),
        ("OSCE", "WG-A", json!({ "countryId": uzbekistan })),
        ("MCI-KZ", "WG-A", json!({ "countryId": kazakhstan })),
        ("UNICEF", "WG-A", json!({})),
        ("UNODC", "WG-B", json!({})),
        ("EU", "WG-A", json!({})),
    ] {
        member(&app, acronym, body, more).await;
    }
    let planned = next_meeting(&app, &["WG-A", "WG-B"], json!({})).await;
    part(&app, &planned, "ISRS", "CONFIRMED").await;
    assert_eq!(attendance(&app.anonymous(), &planned).await, [Value::Null, Value::Null]);
    let meeting = in_session(&app, &["WG-A", "WG-B"], json!({})).await;
    for (acronym, attendance) in [
        ("ISRS", "PRESENT"),
        ("OSCE", "REMOTE"),
        ("MCI-KZ", "PRESENT"),
        ("UNICEF", "REMOTE"),
        ("UNODC", "PRESENT"),
        ("EU", "CONFIRMED"),
        ("CTED", "PRESENT"),
    ] {
        part(&app, &meeting, acronym, attendance).await;
    }
    let expected = [json!([[2, 1, 0, 0], null]), json!([[0, 1, 0, 0], null])];
    assert_eq!(attendance(&app.anonymous(), &meeting).await, expected);
}

async fn an_attendance_is_told_to_whoever_reads_everyones_part(app: TestApp) {
    member(&app, "OSCE", "WG-A", json!({})).await;
    let meeting = in_session(&app, &["WG-A"], json!({ "chathamHouse": true })).await;
    assert_eq!(attendance(&app.anonymous(), &meeting).await, [json!([[0, 0, 0, 0], null])]);
    part(&app, &meeting, "OSCE", "PRESENT").await;
    part(&app, &meeting, "UNICEF", "EXCUSED").await;
    let told = [json!([[0, 1, 0, 0], null])];
    for client in [app.secretariat(), app.partner("OSCE")] {
        assert_eq!(attendance(&client, &meeting).await, told);
    }
    for client in [app.anonymous(), app.reader(), app.partner("UNICEF"), app.partner("UNODC")] {
        assert_eq!(attendance(&client, &meeting).await, [Value::Null]);
    }
}

async fn a_quorum_is_a_rule_of_its_body_and_refuses_nothing(app: TestApp) {
    let id: Id = app.body("WG-A").await;
    let body = app
        .anonymous()
        .query(&format!("{{ body(by: {{ id: \"{id}\" }}) {{ id version quorum {{ delegations }} }} }}"))
        .await;
    assert_eq!(body["body"]["quorum"], json!([]));
    let rule = |parts: &[(&str, i32)]| -> Value {
        parts
            .iter()
            .map(|(category, delegations)| json!({ "category": category, "delegations": delegations }))
            .collect()
    };
    let wanted = rule(&[("GOVERNMENT", 1), ("INTERNATIONAL_ORGANIZATION", 2)]);
    for (parts, refusal) in [
        (rule(&[("GOVERNMENT", 0)]), "INVALID quorum.0.delegations"),
        (rule(&[("OTHER", 1), ("GOVERNMENT", 1001)]), "INVALID quorum.1.delegations"),
        (rule(&[("OTHER", 1), ("OTHER", 2)]), "INVALID quorum"),
    ] {
        let input = at_with(&body["body"], json!({ "quorum": parts }));
        assert_eq!(app.secretariat().refusals("updateBody", input).await, [refusal]);
    }
    let input = at_with(&body["body"], json!({ "quorum": wanted }));
    let body = app.secretariat().mutate("updateBody", input, "id version quorum { category delegations }").await;
    assert_eq!(body["quorum"], wanted);
    member(&app, "OSCE", "WG-A", json!({})).await;
    member(&app, "UNICEF", "WG-A", json!({})).await;
    member(&app, "ISRS", "WG-A", json!({})).await;
    let meeting = in_session(&app, &["WG-A"], json!({})).await;
    part(&app, &meeting, "OSCE", "PRESENT").await;
    part(&app, &meeting, "ISRS", "PRESENT").await;
    assert_eq!(attendance(&app.anonymous(), &meeting).await, [json!([[1, 1, 0, 0], false])]);
    take(&app, "recordAgreement", &app.under_discussion("WG-A").await, &meeting).await;
    part(&app, &meeting, "UNICEF", "REMOTE").await;
    assert_eq!(attendance(&app.anonymous(), &meeting).await, [json!([[1, 2, 0, 0], true])]);
    let exported = app.anonymous().export("?types=BODY").await;
    let line = exported.iter().find(|line| line["code"] == "WG-A").expect("the body");
    assert_eq!(line["quorum"], wanted);
    let cleared = at_with(&body, json!({ "quorum": null }));
    assert_eq!(app.secretariat().mutate("updateBody", cleared, "quorum { category }").await["quorum"], json!([]));
    assert_eq!(attendance(&app.anonymous(), &meeting).await, [json!([[1, 2, 0, 0], null])]);
}
