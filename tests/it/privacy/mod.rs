//! Nothing hidden is revealed, in whatever way one asks. What a viewer may not see is answered like what does not exist.

mod meetings;
mod parts;
mod schema;
mod texts;

use rec_tests::TestApp;
use rec_tests::client::Client;
use rec_tests::given::text;
use serde_json::{Value, json};

/// An id of this kind that no record has.
fn unknown(prefix: &str) -> String {
    format!("{prefix}_01970000000070008000000000000001")
}

/// Everyone who has no part in a text or meeting of OSCE.
fn strangers(app: &TestApp) -> [Client; 3] {
    [app.anonymous(), app.reader(), app.partner("UNRCCA")]
}

/// A draft of an organisation, a member of working group A.
async fn draft_of(app: &TestApp, acronym: &str) -> Value {
    app.mandate(acronym, "WG-A", "MEMBER").await;
    let input = json!({
        "bodyId": app.body("WG-A").await, "kind": "RECOMMENDATION",
        "title": text("A recommendation"), "text": text("A text"),
        "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": app.country("UZ").await }],
    });
    app.partner(acronym).mutate("draftRecommendation", input, "id version").await
}

async fn participation(app: &TestApp, meeting: &Value, acronym: &str) -> Value {
    let organization = app.organization(acronym).await;
    let input = json!({
        "meetingId": meeting["id"], "organizationId": organization, "capacity": "RAPPORTEUR", "attendance": "PRESENT",
    });
    app.secretariat().mutate("recordParticipation", input, "id version").await
}

/// A list that shows exactly these records, in its nodes, its edges and its count.
async fn assert_list(client: &Client, list: &str, ids: &[&Value]) {
    let (head, tail) = list.split_once('@').expect("the place of the selection");
    let query = format!("{{ {head}{{ totalCount nodes {{ id }} edges {{ node {{ id }} }} }}{tail} }}");
    let mut connection = client.query(&query).await;
    while connection.get("totalCount").is_none() {
        let inner = connection.as_object_mut().and_then(|object| object.values_mut().next());
        connection = inner.unwrap_or_else(|| panic!("no list in the answer of {query}")).take();
    }
    let nodes: Vec<&Value> = connection["nodes"].as_array().expect("nodes").iter().map(|node| &node["id"]).collect();
    assert_eq!(nodes, ids, "{query}");
    assert_eq!(connection["totalCount"], ids.len(), "{query}");
    assert_eq!(connection["edges"].as_array().expect("edges").len(), ids.len(), "{query}");
}

/// Whether `node`, `nodes` show this record.
async fn sees(client: &Client, id: &Value) -> bool {
    let query = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id, $id]) { id } }";
    let data = client.query_with(query, json!({ "id": id })).await;
    let node = data["node"].clone();
    assert_eq!(data["nodes"], json!([node, node]));
    assert!(node.is_null() || node["id"] == *id);
    !node.is_null()
}
