//! An operation with several mutations: each answer shows the state that its mutation has left, whatever was read before.

use rec_tests::given::{text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

on_both_databases! {
    fields_with_one_name_are_one_mutation,
    the_default_of_a_variable_counts_in_skip_and_include,
    a_null_where_a_value_is_needed_keeps_every_mutation_from_running,
    a_second_mutation_does_not_answer_with_the_organisers_of_the_first,
    records_lists_and_counts_are_read_again,
}

async fn a_null_where_a_value_is_needed_keeps_every_mutation_from_running(app: TestApp) {
    let query = "mutation($flag: Boolean, $shown: Boolean = true) {
        a: createOrganization(input: { acronym: \"ONE\", name: [{ locale: EN, text: \"One\" }], kind: OTHER }) { change { cursor } }
        b: createOrganization(input: { acronym: \"TWO\", name: [{ locale: EN, text: \"Two\" }], kind: OTHER, organizer: $flag }) {
            organization { acronym @include(if: $shown) } } }";
    let before = app.traces().await;
    for given in [json!({ "flag": null }), json!({ "shown": null })] {
        let answer = app.secretariat().send(query, given).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["errors"][0]["extensions"]["code"]),
            (422, &json!("INVALID_ARGUMENT"))
        );
        assert_eq!(app.traces().await, before);
    }
    assert_eq!(app.secretariat().query_with(query, json!({})).await["b"]["organization"]["acronym"], "TWO");
    // A null stands where null may.
    let read = "query($order: [BodyOrder!], $ids: [ID!]) { bodies(orderBy: $order, filter: { id: { in: $ids } }) { totalCount } }";
    let data = app.anonymous().query_with(read, json!({ "order": null, "ids": null })).await;
    assert_eq!(data["bodies"]["totalCount"], 6);
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

async fn the_default_of_a_variable_counts_in_skip_and_include(app: TestApp) {
    let create = "mutation($input: CreateThemeInput!, $dry: Boolean! = true) { \
                  createTheme(input: $input) @skip(if: $dry) { theme { code } } __typename }";
    let themes =
        "query($all: Boolean = true) { themes(filter: { code: { eq: \"DRY\" } }) { totalCount @include(if: $all) } }";
    let input = json!({ "code": "DRY", "kind": "SUBJECT", "name": text("Dry") });
    for (dry, count) in [(json!({}), 0), (json!({ "dry": true }), 0), (json!({ "dry": false }), 1)] {
        let data = app.secretariat().query_with(create, with(json!({ "input": input }), dry)).await;
        assert_eq!(data["createTheme"].is_null(), count == 0);
        assert_eq!(app.anonymous().query(themes).await["themes"]["totalCount"], count);
    }
    let without = app.anonymous().query_with(themes, json!({ "all": false })).await;
    assert_eq!(without["themes"], json!({}));
}

async fn fields_with_one_name_are_one_mutation(app: TestApp) {
    let create = |code: &str| {
        format!("createTheme(input: {{ code: \"{code}\", kind: SUBJECT, name: [{{ locale: EN, text: \"T\" }}] }})")
    };
    let (one, other) = (create("ONCE"), create("AGAIN"));
    let query = format!(
        "mutation($not: Boolean = false) {{ {one} {{ theme {{ code }} }} ...F x: {other} {{ userErrors {{ code }} }} }}
        fragment F on Mutation {{ {one} {{ userErrors {{ code }} theme {{ version @include(if: $not) kind }} }} x: {other} {{ theme {{ code }} }} }}"
    );
    let answer = app.secretariat().query(&query).await;
    let expected = json!({
        "createTheme": { "theme": { "code": "ONCE", "kind": "SUBJECT" }, "userErrors": [] },
        "x": { "theme": { "code": "AGAIN" }, "userErrors": [] },
    });
    assert_eq!(answer, expected);
    // Skipped where it stands first, and executed once where it stands without a condition.
    let query = format!(
        "mutation {{ {0} @skip(if: true) {{ theme {{ code }} }} {0} {{ userErrors {{ code }} }} }}",
        create("THIRD")
    );
    assert_eq!(app.secretariat().query(&query).await, json!({ "createTheme": { "userErrors": [] } }));
    let themes = app
        .anonymous()
        .query("{ themes(filter: { code: { in: [\"ONCE\", \"AGAIN\", \"THIRD\"] } }) { totalCount } }")
        .await;
    assert_eq!(themes["themes"]["totalCount"], 3);
}
