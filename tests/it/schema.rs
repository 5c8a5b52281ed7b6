//! The published contract: the committed file is what the program prints, and everything in it is described.

use std::path::Path;

use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

#[test]
fn the_committed_schema_is_the_schema_of_the_program() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/schema.graphql");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let printed = rec_api::graphql::sdl();
    let differs = committed.lines().zip(printed.lines()).position(|(one, other)| one != other);
    assert!(
        committed == printed,
        "api/schema.graphql is not the schema of the program (first difference: line {:?}). If the change is meant:\n\
         cargo run -q -- schema > api/schema.graphql",
        differs.map(|line| line + 1),
    );
}

const INTROSPECTION: &str = "{ __schema { types { name kind description fields(includeDeprecated: true) { name description \
                             args { name description } } inputFields { name description } enumValues(includeDeprecated: \
                             true) { name description } } } }";

fn undescribed(place: &str, things: &Value) -> Vec<String> {
    let nameless = things.as_array().into_iter().flatten();
    let nameless = nameless.filter(|thing| thing["description"].as_str().is_none_or(|text| text.trim().is_empty()));
    nameless.map(|thing| format!("{place}.{}", thing["name"].as_str().unwrap_or_default())).collect()
}

on_both_databases! {
    everything_in_the_schema_is_described,
    the_service_publishes_the_same_schema,
    the_schema_says_what_the_api_is,
    every_interface_says_what_it_implements,
}

async fn everything_in_the_schema_is_described(app: TestApp) {
    let data = app.anonymous().query(INTROSPECTION).await;
    let types = data["__schema"]["types"].as_array().expect("types");
    let own: Vec<&Value> =
        types.iter().filter(|kind| !kind["name"].as_str().unwrap_or_default().starts_with("__")).collect();
    assert!(own.len() > 100, "{} types", own.len());
    let mut missing = Vec::new();
    for kind in own {
        let name = kind["name"].as_str().unwrap_or_default();
        // Built into the language.
        if ["ID", "Int", "Float", "String", "Boolean"].contains(&name) {
            continue;
        }
        if kind["description"].as_str().is_none_or(str::is_empty) {
            missing.push(name.to_owned());
        }
        for list in ["fields", "inputFields", "enumValues"] {
            missing.extend(undescribed(name, &kind[list]));
        }
        for field in kind["fields"].as_array().into_iter().flatten() {
            missing
                .extend(undescribed(&format!("{name}.{}", field["name"].as_str().unwrap_or_default()), &field["args"]));
        }
    }
    assert!(missing.is_empty(), "without a description: {missing:?}");
}

async fn the_schema_says_what_the_api_is(app: TestApp) {
    let data = app.anonymous().query("{ a: __schema { b: description } }").await;
    let said = data["a"]["b"].as_str().expect("a description");
    assert!(said.starts_with("The register of the Central Asia Regional Expert Council"), "{said}");
    assert!(rec_api::graphql::sdl().contains(&format!("\"\"\"\n{said}\n\"\"\"\nschema {{")));
}

/// The specification has an empty list where a type implements none, and null for what implements nothing at all.
async fn every_interface_says_what_it_implements(app: TestApp) {
    let query = "query($is: Boolean = true) { __schema { types { kind ...OfType } } __type(name: \"Recommendation\") { more: interfaces { name kind of: interfaces { name }
        other: interfaces @skip(if: $is) { name } } fields { type { ofType { interfaces { name } } } } } }
        fragment OfType on __Type { interfaces { name } }";
    let data = app.anonymous().query(query).await;
    for kind in data["__schema"]["types"].as_array().expect("types") {
        let implements = ["OBJECT", "INTERFACE"].contains(&kind["kind"].as_str().unwrap());
        assert_eq!(kind["interfaces"].is_array(), implements, "{kind}");
        assert_eq!(kind.as_object().unwrap().len(), 2, "nothing that was not asked for: {kind}");
    }
    assert_eq!(data["__type"]["more"], json!([{ "name": "Node", "kind": "INTERFACE", "of": [] }]));
}

/// A cache of a client that finds an object under its `id` would take another's id for this object.
#[test]
fn an_id_is_the_objects_own() {
    let schema = rec_api::graphql::sdl();
    let objects = schema.split("\ntype ").skip(1).filter_map(|text| text.split_once("\n}")).map(|(text, _)| text);
    let with_id = objects.filter(|text| text.contains("\n\tid: ID!")).filter(|text| !text.contains("implements Node"));
    let names: Vec<&str> = with_id.filter_map(|text| text.split_whitespace().next()).collect();
    assert_eq!(names, ["Client", "ClientToken", "ExternalId", "Webhook", "WebhookDelivery"]);
}

async fn the_service_publishes_the_same_schema(app: TestApp) {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;
    let request = Request::get("/schema.graphql").body(Body::empty()).expect("a request");
    let response = app.router().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    assert_eq!(String::from_utf8_lossy(&bytes), rec_api::graphql::sdl());
}
