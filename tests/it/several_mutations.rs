//! An operation with several mutations: each answer shows the state that its mutation has left, whatever was read before.

use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

on_both_databases! {
    a_second_mutation_does_not_answer_with_the_organisers_of_the_first,
    records_lists_and_counts_are_read_again,
}

async fn a_second_mutation_does_not_answer_with_the_organisers_of_the_first(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let organizers = |ids: &[&str]| -> Vec<_> {
        ids.iter().map(|id| json!({ "organizationId": id, "role": "ORGANIZER" })).collect()
    };
    let (isrs, osce) = (app.organization("ISRS").await, app.organization("OSCE").await);
    let unoct = app.organization("UNOCT").await;
    let query = "mutation($a: SetMeetingOrganizersInput!, $b: SetMeetingOrganizersInput!) {
        a: setMeetingOrganizers(input: $a) { ...Organizers }
        b: setMeetingOrganizers(input: $b) { ...Organizers }
    }
    fragment Organizers on MeetingPayload { meeting { version organizers { organization { acronym } } } }";
    let variables = json!({
        "a": { "id": meeting["id"], "expectedVersion": 1, "organizers": organizers(&[&isrs, &osce]) },
        "b": { "id": meeting["id"], "expectedVersion": 2, "organizers": organizers(&[&unoct]) },
    });
    let data = app.secretariat().query_with(query, variables).await;
    let shown = |acronyms: &[&str], version: i32| {
        let organizers: Vec<_> =
            acronyms.iter().map(|acronym| json!({ "organization": { "acronym": acronym } })).collect();
        json!({ "meeting": { "version": version, "organizers": organizers } })
    };
    assert_eq!(data, json!({ "a": shown(&["ISRS", "OSCE"], 2), "b": shown(&["UNOCT"], 3) }));
}

async fn records_lists_and_counts_are_read_again(app: TestApp) {
    let theme = app.theme("LEGAL").await;
    let parent = app
        .secretariat()
        .query_with("query($id: ID!) { node(id: $id) { ... on Theme { version } } }", json!({ "id": theme }))
        .await["node"]["version"]
        .clone();
    let query = "mutation($a: CreateThemeInput!, $b: UpdateThemeInput!, $c: CreateThemeInput!) {
        a: createTheme(input: $a) { ...Above }
        b: updateTheme(input: $b) { theme { code } }
        c: createTheme(input: $c) { ...Above }
    }
    fragment Above on ThemePayload { theme { parent { code children { totalCount nodes { code } } } } }";
    let child = |code: &str| json!({ "code": code, "kind": "SUBJECT", "name": [{ "locale": "EN", "text": code }], "parentId": theme });
    let variables = json!({
        "a": child("A"), "b": { "id": theme, "expectedVersion": parent, "code": "LAW" }, "c": child("C"),
    });
    let data = app.secretariat().query_with(query, variables).await;
    let above = |code: &str, children: &[&str]| {
        let nodes: Vec<_> = children.iter().map(|code| json!({ "code": code })).collect();
        json!({ "theme": { "parent": { "code": code, "children": { "totalCount": nodes.len(), "nodes": nodes } } } })
    };
    assert_eq!(data["a"], above("LEGAL", &["A"]));
    assert_eq!(data["c"], above("LAW", &["A", "C"]));
}
