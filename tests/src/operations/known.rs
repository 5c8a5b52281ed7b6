//! What a database holds, for values that operations compare with and look up.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::TestApp;
use crate::chance::Chance;
use crate::schema::{Field, Schema};

/// The most values of a field that are kept.
const MOST: usize = 60;
/// What is put before the name of a text that is read in Russian.
const RUSSIAN: &str = "ru_";

/// Values by the field that has them, such as `Recommendation.label`.
#[derive(Default)]
pub struct Known(BTreeMap<String, Vec<Value>>);

impl Known {
    /// The oldest and the newest records of every list, with what is around them, as the secretariat sees them.
    pub async fn of(app: &TestApp, schema: &Schema) -> Self {
        let mut known = Self::default();
        for list in schema.lists("Query") {
            for window in ["first: 20", "last: 20"] {
                let selection = around(schema, &list.node);
                let query = format!("{{ {}({window}) {{ pageInfo {{ endCursor }} nodes {selection} }} }}", list.name);
                let data = app.secretariat().query(&query).await;
                known.add("List.cursor".to_owned(), &data[&list.name]["pageInfo"]["endCursor"]);
                known.gather(&data);
            }
        }
        let data = app.secretariat().query("{ feedHead changes(first: 50) { endCursor edges { cursor } } }").await;
        known.add("Feed.cursor".to_owned(), &data["feedHead"]);
        known.add("Feed.cursor".to_owned(), &data["changes"]["endCursor"]);
        for edge in data["changes"]["edges"].as_array().expect("changes") {
            known.add("Feed.cursor".to_owned(), &edge["cursor"]);
        }
        known
    }

    /// All values of a field.
    pub fn all(&self, field: &str) -> &[Value] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    pub fn one(&self, field: &str, chance: &mut Chance) -> Option<Value> {
        let all = self.all(field);
        (!all.is_empty()).then(|| chance.pick(all).clone())
    }

    /// The kinds of records of which there are ids.
    pub fn kinds(&self) -> Vec<String> {
        let kinds = self.0.keys().filter_map(|name| name.strip_suffix(".id"));
        kinds.filter(|kind| *kind != "ExternalId").map(str::to_owned).collect()
    }

    fn gather(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.gather(value)),
            Value::Object(fields) => {
                fields.values().for_each(|value| self.gather(value));
                let Some(kind) = fields.get("__typename").and_then(Value::as_str) else { return };
                for (name, value) in fields {
                    self.add(format!("{kind}.{}", name.trim_start_matches(RUSSIAN)), value);
                }
                for external in fields.get("externalIds").and_then(Value::as_array).into_iter().flatten() {
                    self.add(format!("{kind}.externalId"), &external["value"]);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, field: String, value: &Value) {
        if value.is_null() || value.is_array() || value.is_object() || *value == json!("") {
            return;
        }
        let values = self.0.entry(field).or_default();
        if values.len() < MOST && !values.contains(value) {
            values.push(value.clone());
        }
    }
}

/// What a record says itself, texts in two languages.
fn leaves(schema: &Schema, kind: &str) -> String {
    let fields = schema.fields(kind).into_iter().filter(|field| schema.is_leaf(&field.kind));
    let selected = fields.map(|Field { name, .. }| {
        let is_text = schema.arguments(kind, &name).iter().any(|argument| argument.name == "locale");
        if is_text { format!("{name} {RUSSIAN}{name}: {name}(locale: RU)") } else { name }
    });
    format!("__typename {}", selected.collect::<Vec<_>>().join(" "))
}

/// What a record says, and what those say to which it leads.
pub(super) fn around(schema: &Schema, kind: &str) -> String {
    let edges = schema.edges(kind).into_iter();
    let edges = edges.map(|edge| format!("{} {{ {} }}", edge.selection(), leaves(schema, &edge.kind)));
    let lists = schema.lists(kind).into_iter();
    let lists = lists.map(|list| format!("{}(first: 1) {{ nodes {{ {} }} }}", list.name, leaves(schema, &list.node)));
    format!("{{ {} {} }}", leaves(schema, kind), edges.chain(lists).collect::<Vec<_>>().join(" "))
}
