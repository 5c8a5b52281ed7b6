//! Ids that name nothing, ids of another kind, and texts that are no ids.

use rec_tests::traces::{Case, one, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

use super::Inputs;

/// Every id in an input, and the prefix of its kind.
const IDS: [(&str, &str, &str); 68] = [
    ("createOrganization", "parentId", "org"),
    ("createOrganization", "countryId", "cty"),
    ("updateOrganization", "id", "org"),
    ("updateOrganization", "parentId", "org"),
    ("updateOrganization", "countryId", "cty"),
    ("deactivateOrganization", "id", "org"),
    ("createBody", "reportsToId", "bod"),
    ("updateBody", "id", "bod"),
    ("updateBody", "reportsToId", "bod"),
    ("grantMandate", "organizationId", "org"),
    ("grantMandate", "bodyId", "bod"),
    ("grantMandate", "countryId", "cty"),
    ("endMandate", "id", "mdt"),
    ("createTheme", "parentId", "thm"),
    ("updateTheme", "id", "thm"),
    ("updateTheme", "parentId", "thm"),
    ("updateInstrument", "id", "ins"),
    ("scheduleMeeting", "countryId", "cty"),
    ("scheduleMeeting", "organizers.0.organizationId", "org"),
    ("scheduleMeeting", "sessions.0.bodyId", "bod"),
    ("scheduleMeeting", "alternativeTitles.0.sourceId", "src"),
    ("scheduleMeeting", "sourceIds.0", "src"),
    ("updateMeeting", "id", "mtg"),
    ("updateMeeting", "countryId", "cty"),
    ("updateMeeting", "alternativeTitles.0.sourceId", "src"),
    ("updateMeeting", "sourceIds.0", "src"),
    ("confirmMeeting", "id", "mtg"),
    ("openMeeting", "id", "mtg"),
    ("concludeMeeting", "id", "mtg"),
    ("postponeMeeting", "id", "mtg"),
    ("cancelMeeting", "id", "mtg"),
    ("setMeetingOrganizers", "id", "mtg"),
    ("setMeetingOrganizers", "organizers.0.organizationId", "org"),
    ("setBodySessions", "id", "mtg"),
    ("setBodySessions", "sessions.0.bodyId", "bod"),
    ("addAgendaItem", "meetingId", "mtg"),
    ("addAgendaItem", "bodyId", "bod"),
    ("updateAgendaItem", "id", "agi"),
    ("updateAgendaItem", "bodyId", "bod"),
    ("removeAgendaItem", "id", "agi"),
    ("reorderAgendaItems", "meetingId", "mtg"),
    ("recordParticipation", "meetingId", "mtg"),
    ("recordParticipation", "organizationId", "org"),
    ("draftRecommendation", "bodyId", "bod"),
    ("draftRecommendation", "themeIds.0", "thm"),
    ("draftRecommendation", "instrumentIds.0", "ins"),
    ("draftRecommendation", "addressees.0.countryId", "cty"),
    ("draftRecommendation", "addressees.0.organizationId", "org"),
    ("reviseRecommendation", "id", "rec"),
    ("reviseRecommendation", "themeIds.0", "thm"),
    ("reviseRecommendation", "instrumentIds.0", "ins"),
    ("setAddressees", "id", "rec"),
    ("setAddressees", "addressees.0.countryId", "cty"),
    ("setAddressees", "addressees.0.organizationId", "org"),
    ("openDiscussion", "id", "rec"),
    ("withdrawRecommendation", "id", "rec"),
    ("recordAgreement", "id", "rec"),
    ("recordAgreement", "meetingId", "mtg"),
    ("submitToExecutiveCommittee", "id", "rec"),
    ("returnRecommendation", "id", "rec"),
    ("adoptRecommendation", "id", "rec"),
    ("recordAdoption", "id", "rec"),
    ("recordAdoption", "sourceId", "src"),
    ("recordAdoption", "meetingId", "mtg"),
    ("adoptRecommendation", "meetingId", "mtg"),
    ("transmitRecommendation", "id", "rec"),
    ("supersedeRecommendation", "id", "rec"),
    ("supersedeRecommendation", "supersededById", "rec"),
];

/// Look-ups, and what the ids of their records begin with.
const KINDS: [(&str, &str); 6] = [
    ("country", "cty"),
    ("organization", "org"),
    ("body", "bod"),
    ("workingGroup", "bod"),
    ("meeting", "mtg"),
    ("recommendation", "rec"),
];

const DIGITS: &str = "0197aaaaaaaa7aaa8aaaaaaaaaaaaaaa";

/// Ids that name no record of the kind: unknown, of another kind, and malformed.
fn bad_ids(prefix: &str) -> Vec<String> {
    let other = if prefix == "mtg" { "bod" } else { "mtg" };
    vec![
        format!("{prefix}_{DIGITS}"),
        format!("{other}_{DIGITS}"),
        format!("{prefix}_{DIGITS}\0"),
        String::new(),
        format!("{prefix}_{}", DIGITS.to_uppercase()),
        format!(" {prefix}_{DIGITS}"),
        format!("{prefix}_"),
        DIGITS.to_owned(),
        "7".to_owned(),
        "\0".to_owned(),
        "x".repeat(10_000),
    ]
}

on_both_databases! {
    ids_that_name_nothing_are_refused_where_they_stand,
    an_existing_record_of_another_kind_is_not_found,
    look_ups_by_what_names_nothing_answer_null,
    look_ups_by_what_is_no_id_say_what_an_id_looks_like,
    ids_that_name_nothing_match_nothing_in_filters_and_what_is_no_id_is_refused,
    a_look_up_names_exactly_one_key,
}

async fn ids_that_name_nothing_are_refused_where_they_stand(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let mut cases: Vec<Case> = Vec::new();
    for (mutation, path, prefix) in IDS {
        // The others are tested with the look-ups.
        for id in bad_ids(prefix).into_iter().take(4) {
            cases.push((mutation, with(inputs.get(mutation), path, id), one("NOT_FOUND", path)));
        }
    }
    app.refuses(&app.secretariat(), cases).await;
}

async fn an_existing_record_of_another_kind_is_not_found(app: TestApp) {
    let inputs = Inputs::of(&app).await;
    let meeting = inputs.get("confirmMeeting")["id"].clone();
    let body = inputs.get("draftRecommendation")["bodyId"].clone();
    let cases = IDS.map(|(mutation, path, prefix)| -> Case {
        let other = if prefix == "mtg" { &body } else { &meeting };
        (mutation, with(inputs.get(mutation), path, other.clone()), one("NOT_FOUND", path))
    });
    app.refuses(&app.secretariat(), cases.to_vec()).await;
}

async fn look_ups_by_what_names_nothing_answer_null(app: TestApp) {
    let keys = ["", " ", "\0", "A\0B", "a\u{7}", "ISRS ", "%", "' OR 1=1 --", "\u{1F600}"];
    let look_ups = [
        ("country", "iso2"),
        ("organization", "acronym"),
        ("body", "code"),
        ("workingGroup", "code"),
        ("recommendation", "label"),
    ];
    for (field, key) in look_ups {
        let query = format!("query($key: String!) {{ {field}(by: {{ {key}: $key }}) {{ id }} }}");
        for value in keys {
            let data = app.secretariat().query_with(&query, json!({ "key": value })).await;
            assert_eq!(data[field], json!(null), "{field} {value:?}");
        }
    }
    for (field, prefix) in KINDS {
        let query = format!(
            "query($id: ID!) {{ {field}(by: {{ id: $id }}) {{ id }} node(id: $id) {{ id }} nodes(ids: [$id]) {{ id }} }}"
        );
        let unknown = format!("{prefix}_{DIGITS}");
        let data = app.secretariat().query_with(&query, json!({ "id": unknown })).await;
        assert_eq!(data, json!({ field: null, "node": null, "nodes": [null] }), "{field}");
    }
}

/// A code or an acronym, for one: nothing else would say why nothing is found.
async fn look_ups_by_what_is_no_id_say_what_an_id_looks_like(app: TestApp) {
    for (field, prefix) in KINDS {
        let query = format!(
            "query($id: ID!) {{ {field}(by: {{ id: $id }}) {{ id }} node(id: $id) {{ id }} nodes(ids: [$id]) {{ id }} }}"
        );
        for id in bad_ids(prefix).split_off(1) {
            let answer = app.anonymous().send(&query, json!({ "id": id })).await;
            assert_eq!(answer.body["data"], json!({ field: null, "node": null, "nodes": [null] }), "{field} {id:?}");
            let errors = answer.body["errors"].as_array().unwrap();
            let mut refused: Vec<String> = errors.iter().map(|error| error["path"].to_string()).collect();
            refused.sort();
            // The id of another kind is the id of a record.
            let is_of_another_kind = id.ends_with(DIGITS) && !id.starts_with([' ', '0']);
            let more =
                if is_of_another_kind { vec![] } else { vec![r#"["node"]"#.to_owned(), r#"["nodes",0]"#.to_owned()] };
            let mut expected = [vec![json!([field]).to_string()], more].concat();
            expected.sort();
            assert_eq!(refused, expected, "{field} {id:?}");
            for error in errors {
                assert_eq!(error["extensions"]["code"], "INVALID_ARGUMENT", "{error}");
                let looks_like = if error["path"] == json!([field]) {
                    format!(" {prefix}_ and 32 digits")
                } else {
                    "32 digits".into()
                };
                assert!(error["message"].as_str().is_some_and(|message| message.contains(&looks_like)), "{error}");
            }
        }
    }
}

async fn ids_that_name_nothing_match_nothing_in_filters_and_what_is_no_id_is_refused(app: TestApp) {
    let query = "query($id: ID!) { organizations(filter: { id: { in: [$id] } }) { totalCount } \
                 others: organizations(filter: { id: { ne: $id } }) { totalCount } all: organizations { totalCount } }";
    let mut ids = bad_ids("org");
    let data = app.anonymous().query_with(query, json!({ "id": ids.remove(0) })).await;
    assert_eq!(data["organizations"]["totalCount"], 0);
    assert_eq!(data["others"]["totalCount"], data["all"]["totalCount"]);
    let all = [
        ("organizations", "{ id: { eq: $id } }"),
        ("organizations", "{ id: { ne: $id } }"),
        ("organizations", "{ id: { in: [$id] } }"),
        ("organizations", "{ id: { notIn: [$id] } }"),
        ("meetings", "{ organizers: { some: { id: { eq: $id } } } }"),
    ];
    for id in ids {
        let requests = all.map(|(list, filter)| {
            (format!("query($id: ID!) {{ {list}(filter: {filter}) {{ totalCount }} }}"), json!({ "id": id }))
        });
        app.fails(&app.anonymous(), "INVALID_ARGUMENT", requests.to_vec()).await;
    }
}

async fn a_look_up_names_exactly_one_key(app: TestApp) {
    let requests = [
        "{ body(by: {}) { id } }",
        "{ body(by: { id: \"x\", code: \"EC\" }) { id } }",
        "{ body(by: { code: null }) { id } }",
        "{ body { id } }",
        // It may be null.
        "query($code: String) { body(by: { code: $code }) { id } }",
    ];
    let requests = requests.map(|query| (query.to_owned(), json!({ "code": "EC" }))).to_vec();
    app.fails(&app.anonymous(), "GRAPHQL_VALIDATION_FAILED", requests).await;
    let variable = "query($code: String!) { body(by: { code: $code }) { id } }".to_owned();
    // The first time the document is validated, and the second time it is cached.
    for given in [json!({}), json!({ "code": null }), json!({})] {
        app.fails(&app.anonymous(), "INVALID_ARGUMENT", vec![(variable.clone(), given)]).await;
    }
}
