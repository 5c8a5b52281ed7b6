//! Meetings: confidential ones, those for participants, and the Chatham House Rule.

use rec_tests::TestApp;
use rec_tests::client::Client;
use rec_tests::given::{at, at_with, text, with};
use rec_tests::on_both_databases;
use serde_json::{Value, json};

use super::schema::mutation_of;
use super::{assert_list, participation, sees, strangers, unknown};

/// A meeting of working group D in Kazakhstan, organised by UNOCT, with an agenda and a participation of OSCE.
struct Held {
    meeting: Value,
    agenda_item: Value,
    participation: Value,
}

async fn held(app: &TestApp, more: Value) -> Held {
    let mut input = json!({
        "title": text("A closed room"), "countryId": app.country("KZ").await, "city": "Temirtau",
        "sessions": [{ "bodyId": app.body("WG-D").await, "ordinal": 77 }],
        "organizers": [{ "organizationId": app.organization("UNOCT").await, "role": "HOST" }],
    });
    input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let meeting = app.planned_meeting(input).await;
    let item = json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION" });
    let secretariat = app.secretariat();
    let agenda_item = secretariat.mutate("addAgendaItem", item, "id").await;
    let participation = participation(app, &meeting, "OSCE").await;
    Held { meeting, agenda_item, participation }
}

const EDGES: [&str; 8] = [
    r#"meetings(filter: { title: { contains: "closed room" } }) @"#,
    r#"meetings(filter: { bodies: { some: { code: { eq: "WG-D" } } }, startsOn: { eq: "2025-12-01" } }) @"#,
    r#"meetings(filter: { organizers: { some: { acronym: { eq: "UNOCT" } } }, city: { eq: "Temirtau" } }) @"#,
    r#"meetings(filter: { organizers: { none: { acronym: { eq: "ISRS" } } }, city: { eq: "Temirtau" } }) @"#,
    r#"meetings(filter: { country: { iso2: { eq: "KZ" } }, city: { eq: "Temirtau" } }) @"#,
    r#"body(by: { code: "WG-D" }) { meetings(filter: { city: { eq: "Temirtau" } }) @ }"#,
    r#"organization(by: { acronym: "UNOCT" }) { meetingsOrganized(filter: { city: { eq: "Temirtau" } }) @ }"#,
    r#"country(by: { iso2: "KZ" }) { meetings(filter: { city: { eq: "Temirtau" } }) @ }"#,
];

async fn assert_shown(client: &Client, held: &Held, shown: bool) {
    for id in [&held.meeting["id"], &held.agenda_item["id"], &held.participation["id"]] {
        assert_eq!(sees(client, id).await, shown);
    }
    let query = format!("{{ meeting(by: {{ id: {} }}) {{ id }} }}", held.meeting["id"]);
    assert_eq!(client.query(&query).await["meeting"].is_object(), shown);
    let ids: &[&Value] = if shown { &[&held.meeting["id"]] } else { &[] };
    for edge in EDGES {
        assert_list(client, edge, ids).await;
    }
    let sessions =
        r#"{ body(by: { code: "WG-D" }) { sessions(filter: { ordinal: { eq: 77 } }) { totalCount nodes { id } } } }"#;
    let sessions = client.query(sessions).await["body"]["sessions"].take();
    let nodes = sessions["nodes"].as_array().expect("nodes").len();
    assert_eq!((&sessions["totalCount"], nodes), (&json!(ids.len()), ids.len()));
    let rapporteurs = "participations(filter: { capacity: { eq: RAPPORTEUR } }) @";
    let participations = format!(r#"organization(by: {{ acronym: "OSCE" }}) {{ {rapporteurs} }}"#);
    let ids: &[&Value] = if shown { &[&held.participation["id"]] } else { &[] };
    assert_list(client, &participations, ids).await;
}

async fn participants(client: &Client, meeting: &Value) -> (Value, usize, Value) {
    let query = "query($id: ID!) { meeting(by: { id: $id }) { participationCount \
                 participations { totalCount nodes { id organization { acronym } } } } }";
    let mut data = client.query_with(query, json!({ "id": meeting["id"] })).await;
    let meeting = data["meeting"].take();
    let (list, count) = (&meeting["participations"], &meeting["participationCount"]);
    (list["totalCount"].clone(), list["nodes"].as_array().expect("nodes").len(), count.clone())
}

on_both_databases! {
    a_confidential_meeting_is_the_secretariats,
    a_meeting_for_participants_is_not_for_the_public,
    a_sensitivity_that_is_raised_hides_all_that_belongs_to_the_meeting,
    what_is_added_to_a_confidential_meeting_is_confidential,
    a_text_names_no_meeting_that_is_hidden,
    under_the_chatham_house_rule_participants_alone_see_each_other,
    nobody_enters_themselves_under_the_chatham_house_rule,
    nobody_invites_itself_under_the_chatham_house_rule,
    the_chatham_house_rule_holds_in_filters_and_at_the_organisation,
    the_chatham_house_rule_can_be_laid_on_later,
    nobody_joins_a_meeting_it_does_not_see,
    a_refused_keeper_learns_nothing_of_the_record,
}

async fn a_confidential_meeting_is_the_secretariats(app: TestApp) {
    let held = held(&app, json!({ "sensitivity": "CONFIDENTIAL" })).await;
    for stranger in strangers(&app) {
        assert_shown(&stranger, &held, false).await;
    }
    assert_shown(&app.partner("OSCE"), &held, false).await;
    assert_shown(&app.partner("UNOCT"), &held, false).await;
    assert_shown(&app.secretariat(), &held, true).await;
}

async fn a_meeting_for_participants_is_not_for_the_public(app: TestApp) {
    let held = held(&app, json!({ "sensitivity": "PARTICIPANTS_ONLY" })).await;
    assert_shown(&app.anonymous(), &held, false).await;
    assert_shown(&app.reader(), &held, true).await;
    assert_shown(&app.partner("UNRCCA"), &held, true).await;
}

async fn a_sensitivity_that_is_raised_hides_all_that_belongs_to_the_meeting(app: TestApp) {
    let held = held(&app, json!({})).await;
    assert_shown(&app.anonymous(), &held, true).await;
    let current = async || {
        let query = "query($id: ID!) { meeting(by: { id: $id }) { id version } }";
        app.secretariat().query_with(query, json!({ "id": held.meeting["id"] })).await["meeting"].take()
    };
    let change =
        async |more: Value| app.secretariat().mutate("updateMeeting", at_with(&current().await, more), "id").await;
    change(json!({ "sensitivity": "PARTICIPANTS_ONLY" })).await;
    assert_shown(&app.anonymous(), &held, false).await;
    assert_shown(&app.reader(), &held, true).await;
    change(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    assert_shown(&app.reader(), &held, false).await;
    assert_shown(&app.partner("OSCE"), &held, false).await;
    change(json!({ "sensitivity": "PUBLIC" })).await;
    assert_shown(&app.anonymous(), &held, true).await;
}

async fn what_is_added_to_a_confidential_meeting_is_confidential(app: TestApp) {
    let held = held(&app, json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let rows = entity_rows(&app, &held.meeting).await;
    assert_eq!(rows, [entity::Audience::Confidential; 4]);
}

async fn a_text_names_no_meeting_that_is_hidden(app: TestApp) {
    let adopted = app.adopted("WG-A").await;
    let query = "query($id: ID!) { recommendation(by: { id: $id }) { \
                 meeting { id version } agreedAt { id version } } }";
    let meetings =
        async |client: Client| client.query_with(query, json!({ "id": adopted["id"] })).await["recommendation"].take();
    let by_meeting = "recommendations(filter: { meeting: { status: { eq: CONCLUDED } } }) @";
    let by_other_meeting = "recommendations(filter: { not: { meeting: { status: { eq: CONCLUDED } } } }) @";
    assert_list(&app.anonymous(), by_meeting, &[&adopted["id"]]).await;
    let before = meetings(app.secretariat()).await;
    for meeting in [&before["meeting"], &before["agreedAt"]] {
        let change = at_with(meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
        app.secretariat().mutate("updateMeeting", change, "id").await;
    }
    for stranger in strangers(&app) {
        assert_eq!(meetings(stranger.clone()).await, json!({ "meeting": null, "agreedAt": null }));
        assert_list(&stranger, by_meeting, &[]).await;
        assert_list(&stranger, by_other_meeting, &[&adopted["id"]]).await;
    }
    assert_eq!(meetings(app.secretariat()).await["meeting"]["id"], before["meeting"]["id"]);
}

async fn under_the_chatham_house_rule_participants_alone_see_each_other(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
    let one = participation(&app, &meeting, "OSCE").await;
    let other = participation(&app, &meeting, "UNOCT").await;
    for stranger in strangers(&app) {
        assert_eq!(participants(&stranger, &meeting).await, (json!(0), 0, json!(2)));
        assert!(!sees(&stranger, &one["id"]).await);
    }
    for insider in [app.partner("OSCE"), app.partner("UNOCT"), app.secretariat()] {
        assert_eq!(participants(&insider, &meeting).await, (json!(2), 2, json!(2)));
        assert!(sees(&insider, &one["id"]).await && sees(&insider, &other["id"]).await);
    }
}

async fn nobody_enters_themselves_under_the_chatham_house_rule(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "chathamHouse": true, "startsOn": "2035-01-10" })).await;
    participation(&app, &meeting, "UNOCT").await;
    let input = json!({
        "meetingId": meeting["id"], "organizationId": app.organization("OSCE").await,
        "capacity": "DELEGATE", "attendance": "INVITED",
    });
    assert_eq!(app.partner("OSCE").mutation_error("recordParticipation", input.clone()).await, "FORBIDDEN");
    app.secretariat().mutate("recordParticipation", input.clone(), "id").await;
    assert_eq!(participants(&app.partner("OSCE"), &meeting).await.1, 1, "who is only invited sees its own part");
    let mut comes = input;
    comes["attendance"] = json!("CONFIRMED");
    comes["expectedVersion"] = json!(1);
    app.partner("OSCE").mutate("recordParticipation", comes, "id").await;
    assert_eq!(participants(&app.partner("OSCE"), &meeting).await.1, 2);
}

async fn nobody_invites_itself_under_the_chatham_house_rule(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
    participation(&app, &meeting, "UNOCT").await;
    let record = |attendance: &str, version: Option<i32>| {
        let more = version.map_or(json!({}), |version| json!({ "expectedVersion": version }));
        with(json!({ "meetingId": meeting["id"], "capacity": "DELEGATE", "attendance": attendance }), more)
    };
    let osce = json!({ "organizationId": app.organization("OSCE").await });
    for (turn, stays_out) in ["ABSENT", "EXCUSED"].into_iter().enumerate() {
        let version = i32::try_from(turn).unwrap();
        let input = with(record(stays_out, (version > 0).then_some(version)), osce.clone());
        app.secretariat().mutate("recordParticipation", input, "id").await;
        for attendance in ["INVITED", "CONFIRMED", "PRESENT", "REMOTE"] {
            let input = with(record(attendance, Some(version + 1)), osce.clone());
            assert_eq!(
                app.partner("OSCE").mutation_error("recordParticipation", input).await,
                "FORBIDDEN",
                "{attendance}"
            );
        }
        assert_eq!(participants(&app.partner("OSCE"), &meeting).await.1, 1, "its own");
    }
}

async fn the_chatham_house_rule_holds_in_filters_and_at_the_organisation(app: TestApp) {
    let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
    let osce = participation(&app, &meeting, "OSCE").await;
    let some = r#"meetings(filter: {
        chathamHouse: { eq: true }, participants: { some: { acronym: { eq: "OSCE" } } } }) @"#;
    let none = some.replace("some:", "none:");
    let edge = r#"organization(by: { acronym: "OSCE" }) {
        participations(filter: { capacity: { eq: RAPPORTEUR } }) @ }"#;
    for stranger in strangers(&app) {
        assert_list(&stranger, some, &[]).await;
        assert_list(&stranger, &none, &[&meeting["id"]]).await;
        assert_list(&stranger, edge, &[]).await;
    }
    let insider = app.partner("OSCE");
    assert_list(&insider, some, &[&meeting["id"]]).await;
    assert_list(&insider, &none, &[]).await;
    assert_list(&insider, edge, &[&osce["id"]]).await;
}

async fn the_chatham_house_rule_can_be_laid_on_later(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let osce = participation(&app, &meeting, "OSCE").await;
    assert!(sees(&app.anonymous(), &osce["id"]).await);
    app.secretariat().mutate("updateMeeting", at_with(&meeting, json!({ "chathamHouse": true })), "id").await;
    for stranger in strangers(&app) {
        assert!(!sees(&stranger, &osce["id"]).await);
        assert_eq!(participants(&stranger, &meeting).await, (json!(0), 0, json!(1)));
    }
    assert!(sees(&app.partner("OSCE"), &osce["id"]).await);
}

async fn nobody_joins_a_meeting_it_does_not_see(app: TestApp) {
    let hidden = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let organization = app.organization("OSCE").await;
    let join = async |meeting: &Value| {
        let input = json!({
            "meetingId": meeting, "organizationId": organization, "capacity": "DELEGATE", "attendance": "INVITED",
        });
        app.partner("OSCE").payload("recordParticipation", input, "id").await
    };
    let (of_hidden, of_none) = (join(&hidden["id"]).await, join(&json!(unknown("mtg"))).await);
    assert_eq!(of_hidden, of_none);
    assert_eq!(of_hidden["userErrors"][0]["code"], "NOT_FOUND");
}

async fn a_refused_keeper_learns_nothing_of_the_record(app: TestApp) {
    let hidden = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let none = json!({ "id": unknown("mtg"), "version": 1 });
    for stranger in strangers(&app) {
        for verb in ["confirm", "open", "conclude", "cancel", "postpone", "update"] {
            let mutation = format!("{verb}Meeting");
            let query = mutation_of(&app, &mutation).await;
            let of_hidden = stranger.send(&query, json!({ "input": at(&hidden) })).await.body;
            let of_none = stranger.send(&query, json!({ "input": at(&none) })).await.body;
            assert_eq!(of_hidden, of_none, "{mutation}");
        }
    }
}

/// The audiences of the parts of a meeting: session, organiser, agenda item, participation.
async fn entity_rows(app: &TestApp, meeting: &Value) -> [entity::Audience; 4] {
    use entity::{agenda_item, body_session, meeting_organizer, participation};
    use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
    let db = &app.app.databases.read;
    let id: entity::id::MeetingId = meeting["id"].as_str().expect("an id").parse().expect("an id");
    let session = body_session::Entity::find().filter(body_session::Column::MeetingId.eq(id)).one(db).await;
    let organizer = meeting_organizer::Entity::find().filter(meeting_organizer::Column::MeetingId.eq(id)).one(db).await;
    let item = agenda_item::Entity::find().filter(agenda_item::Column::MeetingId.eq(id)).one(db).await;
    let part = participation::Entity::find().filter(participation::Column::MeetingId.eq(id)).one(db).await;
    [
        session.expect("a read").expect("a session").audience,
        organizer.expect("a read").expect("an organiser").audience,
        item.expect("a read").expect("an item").audience,
        part.expect("a read").expect("a participation").audience,
    ]
}
