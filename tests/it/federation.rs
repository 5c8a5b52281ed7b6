//! A service as a part of a federated graph: what its router asks for. That the schema composes with another subgraph is judged by
//! `tests/conformance/older/federation.js`.

use rec_api::config::{Introspection, Switch};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const ENTITIES: &str =
    "query($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Body { code } ... on Meeting { id }
    ... on Recommendation { status } } }";

on_both_databases! {
    nothing_of_it_is_there_unless_it_is_wanted,
    a_router_finds_records_by_their_ids,
    a_router_sees_what_its_viewer_sees,
    what_names_no_record_is_refused,
    a_record_written_out_is_an_object_like_any_other,
    many_records_of_a_type_take_one_statement,
    the_schema_of_the_subgraph_is_shown_to_whoever_may_read_the_schema,
}

async fn subgraph(app: &TestApp) -> TestApp {
    app.second_with(|config| config.federation = Switch::On).await
}

fn named(typename: &str, id: &Value) -> Value {
    json!({ "__typename": typename, "id": id })
}

async fn nothing_of_it_is_there_unless_it_is_wanted(app: TestApp) {
    for query in ["{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"] {
        assert_eq!(app.anonymous().error(query).await, "GRAPHQL_VALIDATION_FAILED");
    }
    let service = subgraph(&app).await.anonymous().query("{ _service { sdl } bodies { nodes { code } } }").await;
    assert_eq!(service["bodies"], app.anonymous().query("{ bodies { nodes { code } } }").await["bodies"]);
    let sdl = service["_service"]["sdl"].as_str().expect("a text");
    assert!(sdl.contains("type Body implements Node @key(fields: \"id\") {"));
    assert_eq!(sdl.matches("@key(fields:").count(), sdl.matches(" implements ").count());
    assert!(sdl.contains("type PageInfo @shareable {"));
    assert!(sdl.contains("@link(") && sdl.contains("type Subscription {"));
    assert!(!sdl.contains("_entities") && !sdl.contains("_Any"));
}

async fn a_router_finds_records_by_their_ids(app: TestApp) {
    let client = subgraph(&app).await.anonymous();
    let (body, org) = (json!(app.body("WG-A").await), json!(app.organization("OSCE").await));
    let of = json!([
        named("Body", &body),
        named("Organization", &org),
        named("Body", &org),
        named("Nothing", &body),
        named("Body", &body),
    ]);
    let found = client.query_with(ENTITIES, json!({ "of": of })).await;
    let shown = json!({ "__typename": "Body", "code": "WG-A" });
    assert_eq!(found["_entities"], json!([shown, { "__typename": "Organization" }, null, null, shown]));
}

async fn a_router_sees_what_its_viewer_sees(app: TestApp) {
    let hidden = app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await;
    let draft = app.draft("WG-A").await;
    let of = json!([named("Meeting", &hidden["id"]), named("Recommendation", &draft["id"])]);
    let subgraph = subgraph(&app).await;
    for (client, meeting, text) in [
        (subgraph.anonymous(), Value::Null, Value::Null),
        (subgraph.reader(), Value::Null, Value::Null),
        (
            subgraph.secretariat(),
            json!({ "__typename": "Meeting", "id": hidden["id"] }),
            json!({ "__typename": "Recommendation", "status": "DRAFT" }),
        ),
    ] {
        let found = client.query_with(ENTITIES, json!({ "of": of })).await;
        assert_eq!(found["_entities"], json!([meeting, text]));
    }
}

async fn what_names_no_record_is_refused(app: TestApp) {
    let (client, body) = (subgraph(&app).await.anonymous(), json!(app.body("WG-A").await));
    for wrong in [json!(7), json!("bod"), json!(null), named("Body", &json!("WG-A"))] {
        assert_eq!(client.error_with(ENTITIES, json!({ "of": [wrong] })).await, "INVALID_ARGUMENT");
    }
    let of = json!([named("Body", &body), { "__typename": "Body", "code": "WG-A" }, { "id": body }]);
    let answer = client.send(ENTITIES, json!({ "of": of })).await.body;
    assert_eq!(answer["data"]["_entities"], json!([{ "__typename": "Body", "code": "WG-A" }, null, null]));
    let errors = answer["errors"].as_array().expect("errors");
    let told: Vec<_> = errors.iter().map(|error| (&error["path"], &error["extensions"]["code"])).collect();
    let code = json!("INVALID_ARGUMENT");
    assert_eq!(told, [(&json!(["_entities", 1]), &code), (&json!(["_entities", 2]), &code)]);
}

async fn a_record_written_out_is_an_object_like_any_other(app: TestApp) {
    let (client, id) = (subgraph(&app).await.anonymous(), app.body("WG-A").await);
    let of =
        |fields: &str| format!("query($id: ID!) {{ _entities(representations: [{{ {fields} }}]) {{ __typename }} }}");
    let found = client.query_with(&of("__typename: \"Body\", id: $id"), json!({ "id": id })).await;
    assert_eq!(found["_entities"], json!([{ "__typename": "Body" }]));
    for wrong in
        ["id: $id, __typename: \"Body\", id: $id", "__typename: \"Body\", id: $id, of: $other", "__typename: \"Body\""]
    {
        assert_eq!(client.error_with(&of(wrong), json!({ "id": id })).await, "GRAPHQL_VALIDATION_FAILED", "{wrong}");
    }
}

async fn many_records_of_a_type_take_one_statement(app: TestApp) {
    let subgraph = subgraph(&app).await;
    let meetings = app.anonymous().query("{ meetings { nodes { id } } }").await;
    let of: Vec<Value> = meetings["meetings"]["nodes"]
        .as_array()
        .expect("meetings")
        .iter()
        .map(|meeting| named("Meeting", &meeting["id"]))
        .collect();
    assert!(of.len() > 1);
    let before = subgraph.app.databases.statements();
    let found = subgraph.reader().query_with(ENTITIES, json!({ "of": of })).await;
    assert_eq!(found["_entities"].as_array().map(Vec::len), Some(of.len()));
    assert_eq!(subgraph.app.databases.statements() - before, 1);
}

async fn the_schema_of_the_subgraph_is_shown_to_whoever_may_read_the_schema(app: TestApp) {
    let closed = app
        .second_with(|config| {
            config.federation = Switch::On;
            config.introspection = Introspection::Authenticated;
        })
        .await;
    assert!(closed.reader().query("{ _service { sdl } }").await["_service"]["sdl"].is_string());
    let refused = closed.anonymous().error("{ _service { sdl } }").await;
    assert_eq!(refused, closed.anonymous().error("{ __schema { queryType { name } } }").await);
}
