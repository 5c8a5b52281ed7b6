//! The agenda of a meeting, and the recommendations that its items are about.

use rec_tests::given::{at, at_with, each, text};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{item, version};

async fn agenda(app: &TestApp, meeting: &Value) -> Vec<Value> {
    let query = "query($id: ID!) { meeting(by: { id: $id }) { agenda { title } } }";
    each(&app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await["meeting"]["agenda"], "/title")
}

on_both_databases! {
    items_added_at_once_all_find_their_place,
    a_meeting_is_scheduled_with_its_agenda,
    every_change_of_the_agenda_bumps_the_meeting,
    an_agenda_is_reordered_as_a_whole,
    the_agenda_follows_its_meeting_in_the_feed,
    an_agenda_item_is_about_recommendations_and_they_lead_back,
    the_recommendations_of_an_agenda_item_are_set_kept_and_removed_with_it,
    links_that_have_changed_meanwhile_are_not_overwritten,
}

async fn items_added_at_once_all_find_their_place(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let mut added = Vec::new();
    for _ in 0..5 {
        let (client, id) = (app.secretariat(), meeting["id"].clone());
        let input = json!({ "meetingId": id, "title": text("Item"), "kind": "DISCUSSION" });
        added.push(tokio::spawn(async move { client.mutate("addAgendaItem", input, "position").await }));
    }
    let mut positions = Vec::new();
    for item in added {
        positions.push(item.await.unwrap()["position"].as_i64().unwrap());
    }
    positions.sort_unstable();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    assert_eq!(version(&app, &meeting).await, 6);
}

async fn every_change_of_the_agenda_bumps_the_meeting(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let first = item(&app, &meeting, "First").await;
    assert_eq!((&first["number"], &first["position"]), (&json!("1"), &json!(1)));
    assert_eq!(version(&app, &meeting).await, 2);
    let second = item(&app, &meeting, "Second").await;
    assert_eq!((&second["number"], &second["position"]), (&json!("2"), &json!(2)));
    let input = at_with(&first, json!({ "number": "1 (a)", "kind": "DECISION", "bodyId": app.body("EC").await }));
    let updated =
        app.secretariat().mutate("updateAgendaItem", input, "id version number kind title body { code }").await;
    let expected = json!({
        "id": first["id"], "version": 2, "number": "1 (a)", "kind": "DECISION", "title": "First",
        "body": { "code": "EC" },
    });
    assert_eq!(updated, expected);
    assert_eq!(version(&app, &meeting).await, 4);
    let order = json!({ "meetingId": meeting["id"], "expectedVersion": 4, "itemIds": [second["id"], first["id"]] });
    let reordered = app.secretariat().mutate("reorderAgendaItems", order, "version agenda { title }").await;
    assert_eq!(
        (each(&reordered["agenda"], "/title"), &reordered["version"]),
        (vec![json!("Second"), json!("First")], &json!(5))
    );
    let last = json!({ "id": second["id"], "expectedVersion": 2 });
    let rest = app.secretariat().mutate("removeAgendaItem", last, "version agenda { title }").await;
    assert_eq!(rest, json!({ "version": 6, "agenda": [{ "title": "First" }] }));
}

async fn an_agenda_is_reordered_as_a_whole(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let (one, two) = (item(&app, &meeting, "One").await, item(&app, &meeting, "Two").await);
    let foreign = item(&app, &app.planned_meeting(json!({})).await, "Foreign").await;
    let id = &meeting["id"];
    let order = |version: i32, items: Value| json!({ "meetingId": id, "expectedVersion": version, "itemIds": items });
    for (items, told) in [
        (json!([one["id"]]), vec!["INVALID itemIds"]),
        (json!([one["id"], one["id"]]), vec!["INVALID itemIds", "INVALID itemIds"]),
        (json!([one["id"], foreign["id"]]), vec!["INVALID itemIds.1", "INVALID itemIds"]),
        (json!([one["id"], two["id"], foreign["id"]]), vec!["INVALID itemIds.2"]),
        (json!(["X", foreign["id"], two["id"]]), vec!["NOT_FOUND itemIds.0", "INVALID itemIds.1", "INVALID itemIds"]),
        (json!([]), vec!["INVALID itemIds"]),
    ] {
        assert_eq!(app.secretariat().refusals("reorderAgendaItems", order(3, items)).await, told);
    }
    let stale = order(2, json!([two["id"], one["id"]]));
    assert_eq!(app.secretariat().refusals("reorderAgendaItems", stale).await, ["CONFLICT expectedVersion"]);
    assert_eq!(agenda(&app, &meeting).await, ["One", "Two"]);
}

async fn the_agenda_follows_its_meeting_in_the_feed(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    item(&app, &meeting, "One").await;
    let closed = json!({ "id": meeting["id"], "expectedVersion": 2, "sensitivity": "CONFIDENTIAL" });
    app.secretariat().mutate("updateMeeting", closed, "id").await;
    let sql = "SELECT version, audience_before, audience FROM change WHERE subject_kind = 'AGENDA_ITEM' ORDER BY seq DESC LIMIT 1";
    let rows = app.rows(sql).await;
    assert_eq!(rows, [json!({ "version": 2, "audience_before": 0, "audience": 2 })]);
}

async fn an_agenda_item_is_about_recommendations_and_they_lead_back(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let (one, other) = (app.adopted("WG-A").await, app.under_discussion("WG-B").await);
    let body = app.body("WG-A").await;
    let input = json!({ "meetingId": meeting["id"], "title": text("Texts"), "kind": "DECISION", "bodyId": body,
        "recommendationIds": [one["id"], other["id"]] });
    let added = app.secretariat().mutate("addAgendaItem", input, "id version recommendations { id }").await;
    assert_eq!(each(&added["recommendations"], "/id"), [one["id"].clone(), other["id"].clone()]);
    let query = "query($id: ID!, $item: ID!) { node(id: $item) { ... on AgendaItem { recommendations { id } } }
        recommendation(by: { id: $id }) { agendaItems { totalCount nodes { id } } }
        body(by: { code: \"WG-A\" }) { agendaItems(filter: { kind: { eq: DECISION } }) { nodes { id } } } }";
    let ask = async |client: &rec_tests::client::Client, id: &Value| {
        client.query_with(query, json!({ "id": id, "item": added["id"] })).await
    };
    let public = ask(&app.anonymous(), &one["id"]).await;
    assert_eq!(each(&public["node"]["recommendations"], "/id"), [one["id"].clone()], "what is hidden is left out");
    assert_eq!(public["recommendation"]["agendaItems"], json!({ "totalCount": 1, "nodes": [{ "id": added["id"] }] }));
    assert_eq!(each(&public["body"]["agendaItems"]["nodes"], "/id"), [added["id"].clone()]);
    assert_eq!(ask(&app.reader(), &other["id"]).await["recommendation"]["agendaItems"]["totalCount"], 1);
    let closed = json!({ "id": meeting["id"], "expectedVersion": 2, "sensitivity": "CONFIDENTIAL" });
    app.secretariat().mutate("updateMeeting", closed, "id").await;
    let hidden = ask(&app.reader(), &one["id"]).await;
    assert_eq!(
        (
            &hidden["node"],
            &hidden["recommendation"]["agendaItems"]["totalCount"],
            &hidden["body"]["agendaItems"]["nodes"]
        ),
        (&Value::Null, &json!(0), &json!([]))
    );
}

async fn the_recommendations_of_an_agenda_item_are_set_kept_and_removed_with_it(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let text_row = app.adopted("WG-A").await;
    let added = item(&app, &meeting, "One").await;
    let set = at_with(&added, json!({ "recommendationIds": [text_row["id"]] }));
    let set = app.secretariat().mutate("updateAgendaItem", set, "id version recommendations { id }").await;
    assert_eq!((&set["version"], each(&set["recommendations"], "/id")), (&json!(2), vec![text_row["id"].clone()]));
    assert_eq!(version(&app, &meeting).await, 3);
    let same = at_with(&set, json!({ "recommendationIds": [text_row["id"]], "kind": "DISCUSSION" }));
    assert_eq!(
        app.secretariat().mutate("updateAgendaItem", same, "version").await["version"],
        2,
        "nothing has changed"
    );
    for (wrong, refusal) in [
        (json!(["rec_x"]), "NOT_FOUND recommendationIds.0"),
        (json!([text_row["id"], text_row["id"]]), "INVALID recommendationIds"),
    ] {
        let wrong = at_with(&set, json!({ "recommendationIds": wrong }));
        assert_eq!(app.secretariat().refusals("updateAgendaItem", wrong).await, [refusal]);
    }
    let emptied = at_with(&set, json!({ "recommendationIds": null }));
    let emptied = app.secretariat().mutate("updateAgendaItem", emptied, "id version recommendations { id }").await;
    assert_eq!(emptied["recommendations"], json!([]));
    let again = at_with(&emptied, json!({ "recommendationIds": [text_row["id"]] }));
    let again = app.secretariat().mutate("updateAgendaItem", again, "id version").await;
    app.secretariat().mutate("removeAgendaItem", at(&again), "id").await;
    assert!(app.rows("SELECT id FROM agenda_item_recommendation").await.is_empty());
}

async fn links_that_have_changed_meanwhile_are_not_overwritten(app: TestApp) {
    let (meeting, one, other) =
        (app.planned_meeting(json!({})).await, app.draft("WG-A").await, app.draft("WG-A").await);
    let added = item(&app, &meeting, "One").await;
    let set = async |expected: Value, wanted: Value| {
        let links = json!({ "expectedRecommendationIds": expected, "recommendationIds": wanted });
        app.secretariat().payload("updateAgendaItem", at_with(&added, links), "version recommendations { id }").await
    };
    let first = set(json!([]), json!([one["id"]])).await;
    assert_eq!(first["userErrors"], json!([]));
    assert_eq!(first["record"]["version"], added["version"], "nobody but the secretariat sees the difference");
    for expected in [json!([]), json!([other["id"]]), json!([one["id"], "X"])] {
        let refused = set(expected, json!([other["id"]])).await;
        let error = json!([{ "code": "CONFLICT", "path": ["expectedRecommendationIds"],
            "message": "The record has changed since it was read. Read it again and repeat." }]);
        assert_eq!(refused["userErrors"], error);
        assert_eq!(each(&refused["record"]["recommendations"], "/id"), [one["id"].clone()], "as it is now");
    }
    let both = set(json!([one["id"]]), json!([other["id"], one["id"]])).await;
    assert_eq!(each(&both["record"]["recommendations"], "/id"), [other["id"].clone(), one["id"].clone()]);
    assert_eq!(set(json!([one["id"], other["id"]]), json!(null)).await["userErrors"], json!([]), "in any order");
}

async fn a_meeting_is_scheduled_with_its_agenda(app: TestApp) {
    let (draft, body, host) = (app.draft("WG-A").await, app.body("WG-A").await, app.organization("OSCE").await);
    let meeting = |count: usize| {
        let items: Vec<Value> = (1..=count)
            .map(|number| {
                json!({
                    "title": text(&format!("Item {number}")), "kind": "DISCUSSION", "bodyId": body,
                    "recommendationIds": [draft["id"]], "number": if number == 2 { json!("1 (a)") } else { Value::Null },
                })
            })
            .collect();
        json!({
            "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02", "agenda": items,
            "organizers": [{ "organizationId": host, "role": "HOST" }], "sessions": [{ "bodyId": body }],
        })
    };
    let statements = async |count: usize| {
        let before = app.app.databases.statements();
        let selection = "id version agenda { number position title body { code } recommendations { id } }";
        let scheduled = app.secretariat().mutate("scheduleMeeting", meeting(count), selection).await;
        assert_eq!((&scheduled["version"], scheduled["agenda"].as_array().unwrap().len()), (&json!(1), count));
        let items = scheduled["agenda"].as_array().unwrap();
        for (item, number) in items.iter().zip(1..) {
            let printed = if number == 2 { "1 (a)".to_owned() } else { number.to_string() };
            let expected = json!({
                "number": printed, "position": number, "title": format!("Item {number}"), "body": { "code": "WG-A" },
                "recommendations": [{ "id": draft["id"] }],
            });
            assert_eq!(*item, expected);
        }
        app.app.databases.statements() - before
    };
    assert_eq!(statements(3).await, statements(100).await, "however many items");
    let wrong = json!({
        "title": text("A"), "kind": "PLENARY", "modality": "ONLINE", "startsOn": "2025-12-02",
        "agenda": [{ "title": text("A"), "kind": "DISCUSSION" }, { "title": [], "kind": "DISCUSSION", "bodyId": "WG-A", "recommendationIds": ["X"] }],
    });
    let mut told = app.secretariat().refusals("scheduleMeeting", wrong).await;
    told.sort_unstable();
    let expected = ["NOT_FOUND agenda.1.bodyId", "NOT_FOUND agenda.1.recommendationIds.0", "REQUIRED agenda.1.title"];
    assert_eq!(told, expected);
    assert_eq!(app.secretariat().refusals("scheduleMeeting", meeting(101)).await, ["TOO_LONG agenda"]);
}
