//! What the schema and the errors must not contain, and what no field shows: returnees, persons, operations, figures.

use std::collections::BTreeSet;

use entity::{Audience, operation_figure, repatriation_operation, source};
use rec_tests::{TestApp, on_both_databases};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};

use super::{sees, strangers, unknown};

/// Words that no name of a type or field may contain.
const PERSONAL: &str = "
    person persons people individual individuals returnee returnees citizen citizens family families mother father child
    women woman men man girls boys male female sex gender age ages birth born first last full surname patronymic
    passport nationality email phone contact author subject camp conviction
";

/// Words of repatriation, which nothing publishes until disclosure control exists.
const UNDISCLOSED: [&str; 8] =
    ["operation", "operations", "figure", "figures", "repatriation", "repatriated", "origins", "suppressed"];

/// The counts and numbers that the schema may contain.
const NUMBERS: [&str; 14] = [
    "attempt",
    "totalCount",
    "participantCount",
    "participationCount",
    "delegates",
    "delegations",
    "present",
    "required",
    "ordinal",
    "position",
    "number",
    "version",
    "count",
    "index",
];

/// Types that have a name, or a hierarchy, of their own.
const NAMED: [&str; 4] = ["Body", "Country", "Organization", "Theme"];
const NESTED: [&str; 2] = ["Organization", "Theme"];

struct Field {
    of: String,
    name: String,
    kind: String,
}

/// Every field of every object type and interface.
async fn fields(app: &TestApp) -> Vec<Field> {
    let query = "{ __schema { types { name kind fields { name type { name ofType { name ofType { name } } } } } } }";
    let data = app.anonymous().query(query).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let types = data["__schema"]["types"].as_array().expect("types");
    let mut fields = Vec::new();
    for one in types.iter().filter(|one| !text(&one["name"]).starts_with("__")) {
        for field in one["fields"].as_array().into_iter().flatten() {
            let kind = &field["type"];
            let kind = [&kind["name"], &kind["ofType"]["name"], &kind["ofType"]["ofType"]["name"]];
            let kind = kind.into_iter().find(|name| name.is_string()).map(text).unwrap_or_default();
            fields.push(Field { of: text(&one["name"]), name: text(&field["name"]), kind });
        }
    }
    assert!(fields.len() > 100);
    fields
}

/// `meetingsOrganized` is `meetings` and `organized`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() || letter == '_' {
            words.push(String::new());
        }
        words.last_mut().expect("a word").extend(letter.to_lowercase().filter(|letter| *letter != '_'));
    }
    words
}

/// A mutation that selects no record, with the input type that the schema gives it.
pub async fn mutation_of(app: &TestApp, name: &str) -> String {
    let query = "{ __schema { mutationType { fields { name args { type { ofType { name } } } } } } }";
    let data = app.anonymous().query(query).await;
    let fields = data["__schema"]["mutationType"]["fields"].as_array().expect("fields");
    let field = fields.iter().find(|field| field["name"] == name).expect("a mutation");
    let input = field["args"][0]["type"]["ofType"]["name"].as_str().expect("an input type");
    format!("mutation($input: {input}!) {{ {name}(input: $input) {{ userErrors {{ code message path }} }} }}")
}

on_both_databases! {
    no_field_names_a_person,
    no_field_counts_individuals,
    no_type_or_field_tells_of_operations_and_figures,
    operations_and_figures_are_no_nodes,
    sources_of_figures_are_the_secretariats,
    a_meeting_cites_no_source_that_is_hidden,
    a_wrong_id_tells_nothing_of_the_database,
    errors_speak_no_sql,
}

async fn no_field_names_a_person(app: TestApp) {
    for Field { of, name, .. } in fields(&app).await {
        let words = words(&name);
        let personal = words.iter().find(|word| PERSONAL.split_whitespace().any(|personal| personal == *word));
        assert!(personal.is_none(), "{of}.{name}");
        assert!(words[0] != "name" || NAMED.contains(&of.as_str()), "{of}.{name} names something new");
    }
}

async fn no_field_counts_individuals(app: TestApp) {
    for Field { of, name, kind } in fields(&app).await {
        let counts = kind == "Int" || kind == "Float";
        assert!(!counts || NUMBERS.contains(&name.as_str()), "{of}.{name} is a number that no test knows");
        let nested = NESTED.contains(&of.as_str()) && kind == format!("{of}Connection");
        assert!(name != "children" || nested, "{of}.{name}");
    }
}

async fn no_type_or_field_tells_of_operations_and_figures(app: TestApp) {
    let fields = fields(&app).await;
    let names = fields.iter().flat_map(|field| [field.of.as_str(), &field.name, &field.kind]);
    for name in names.collect::<BTreeSet<&str>>() {
        let undisclosed = words(name).into_iter().find(|word| UNDISCLOSED.contains(&word.as_str()));
        assert!(undisclosed.is_none(), "{name}");
    }
}

async fn operations_and_figures_are_no_nodes(app: TestApp) {
    let db = &app.app.databases.read;
    let operations = repatriation_operation::Entity::find().all(db).await.expect("operations");
    let figures = operation_figure::Entity::find().all(db).await.expect("figures");
    assert!(operations.len() > 10 && figures.len() > 10);
    assert!(operations.iter().all(|row| (row.audience, row.owner) == (Audience::Confidential, None)));
    assert!(figures.iter().all(|row| (row.audience, row.owner) == (Audience::Confidential, None)));
    for id in [operations[0].id.to_string(), figures[0].id.to_string()] {
        for client in strangers(&app).into_iter().chain([app.secretariat(), app.admin()]) {
            assert!(!sees(&client, &json!(id)).await);
        }
    }
}

async fn sources_of_figures_are_the_secretariats(app: TestApp) {
    let db = &app.app.databases.read;
    let closed = source::Entity::find().filter(source::Column::Audience.eq(Audience::Confidential));
    let closed = closed.all(db).await.expect("sources");
    assert!(!closed.is_empty());
    for source in closed {
        let id = json!(source.id.to_string());
        for stranger in strangers(&app) {
            assert!(!sees(&stranger, &id).await, "{:?}", source.url);
        }
        assert!(sees(&app.secretariat(), &id).await);
    }
}

async fn a_meeting_cites_no_source_that_is_hidden(app: TestApp) {
    let closed = source::Entity::find().filter(source::Column::Audience.eq(Audience::Confidential));
    let closed = closed.one(&app.app.databases.read).await.expect("a read").expect("a source");
    let id = closed.id.to_string();
    let title = json!({ "title": [{ "locale": "EN", "text": "Another title" }], "sourceId": id });
    let cited = json!({ "sourceIds": [id], "alternativeTitles": [title] });
    let meeting = app.planned_meeting(cited).await;
    let query = "query($id: ID!) { meeting(by: { id: $id }) { \
                 sources { id } alternativeTitles { source { id } } } }";
    for stranger in strangers(&app) {
        let data = stranger.query_with(query, json!({ "id": meeting["id"] })).await;
        assert_eq!(data["meeting"], json!({ "sources": [], "alternativeTitles": [{ "source": null }] }));
    }
    let data = app.secretariat().query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(data["meeting"]["sources"], json!([{ "id": id }]));
    assert_eq!(data["meeting"]["alternativeTitles"], json!([{ "source": { "id": id } }]));
}

async fn a_wrong_id_tells_nothing_of_the_database(app: TestApp) {
    let query = "query($id: ID!) { node(id: $id) { id } meeting(by: { id: $id }) { id } \
                 recommendation(by: { id: $id }) { id } }";
    let long = "x".repeat(10_000);
    let another_kind = unknown("org");
    for id in ["", "rec_", "rec_1", "mtg_zz", &another_kind, "'; DROP TABLE meeting; --", "\u{0}", &long] {
        let body = app.anonymous().send(query, json!({ "id": id })).await.body;
        assert_eq!(body["data"], json!({ "node": null, "meeting": null, "recommendation": null }));
        for error in body["errors"].as_array().unwrap() {
            assert_eq!(error["extensions"]["code"], "INVALID_ARGUMENT", "{id}");
            assert!(error["message"].as_str().unwrap().contains("32 digits"), "{error}");
        }
    }
}

async fn errors_speak_no_sql(app: TestApp) {
    for query in [
        r#"{ recommendations(after: "x") { totalCount } }"#,
        "{ recommendations(first: 100000) { totalCount } }",
        r#"{ recommendations(filter: { title: { contains: "\u0000" } }) { totalCount } }"#,
        r#"{ recommendations(filter: { label: { eq: "\u0000" } }) { totalCount } }"#,
        "{ recommendations { nodes { audience owner } } }",
    ] {
        let body = app.anonymous().send(query, json!({})).await.body;
        let errors = body["errors"].to_string().to_lowercase();
        let code = body["errors"][0]["extensions"]["code"].as_str().expect("a code");
        assert_ne!(code, "INTERNAL", "no statement of ours fails for what a client writes: {query}");
        for word in ["select ", "sql", "sqlx", "sea_orm", "postgres", "\\u0000", "panicked"] {
            assert!(!errors.contains(word), "{query}: {errors}");
        }
    }
}
