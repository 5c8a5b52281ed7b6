//! The schema as the service describes it, for tests that must not forget a part of it.

use std::collections::HashMap;

use serde_json::Value;

use crate::TestApp;

const INTROSPECTION: &str = "{ __schema { types { name kind fields { name type { ...T } args { name type { ...T } } }
    inputFields { name type { ...T } } enumValues { name } possibleTypes { name } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// All types, by name.
pub struct Schema(HashMap<String, Value>);

/// A connection: its field, and the types of its records, filter and sort keys.
#[derive(Clone, Debug)]
pub struct List {
    pub name: String,
    pub node: String,
    pub filter: String,
    pub keys: String,
}

/// A field or an argument, and the name of its type.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: String,
    /// The type as documents write it, such as `[ID!]!`.
    pub written: String,
    /// The arguments that it needs, with values.
    pub needed: String,
}

impl Field {
    fn of(field: &Value) -> Self {
        let kind = &field["type"];
        Self {
            name: text(&field["name"]),
            kind: unwrapped(kind),
            written: written(kind),
            needed: needed(&field["args"]),
        }
    }

    /// As a document selects it.
    pub fn selection(&self) -> String {
        format!("{}{}", self.name, self.needed)
    }
}

/// The arguments that a field needs, with values: ` (asOf: "2026-01-01")`.
fn needed(arguments: &Value) -> String {
    let needed = arguments.as_array().into_iter().flatten().filter(|one| one["type"]["kind"] == "NON_NULL");
    let value = |one: &Value| match unwrapped(&one["type"]).as_str() {
        "Date" => "\"2026-01-01\"",
        "DateTime" => "\"2026-01-15T04:00:00Z\"",
        "Int" => "1",
        _ => "null",
    };
    let needed: Vec<String> = needed.map(|one| format!("{}: {}", text(&one["name"]), value(one))).collect();
    if needed.is_empty() { String::new() } else { format!("({})", needed.join(" ")) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The name of a type without list and non-null.
fn unwrapped(kind: &Value) -> String {
    if kind["ofType"].is_null() { text(&kind["name"]) } else { unwrapped(&kind["ofType"]) }
}

/// A type with its wrappings.
fn written(kind: &Value) -> String {
    match kind["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", written(&kind["ofType"])),
        Some("LIST") => format!("[{}]", written(&kind["ofType"])),
        _ => text(&kind["name"]),
    }
}

impl Schema {
    pub async fn of(app: &TestApp) -> Self {
        let data = app.anonymous().query(INTROSPECTION).await;
        let types = data["__schema"]["types"].as_array().expect("types").iter();
        Self(types.map(|kind| (text(&kind["name"]), kind.clone())).collect())
    }

    /// The names of all filter types of lists.
    pub fn filters(&self) -> Vec<&str> {
        let filters = self.0.keys().filter(|name| self.has(name, "and") && self.has(name, "not"));
        filters.map(String::as_str).collect()
    }

    /// The names of all comparators of one value.
    pub fn comparators(&self) -> Vec<&str> {
        self.0.keys().filter(|name| name.ends_with("Filter") && self.has(name, "eq")).map(String::as_str).collect()
    }

    /// The fields of an object or an input.
    pub fn fields(&self, kind: &str) -> Vec<Field> {
        ["fields", "inputFields"].iter().flat_map(|list| self.of_kind(kind, list)).map(Field::of).collect()
    }

    /// The arguments of an object's field.
    pub fn arguments(&self, kind: &str, field: &str) -> Vec<Field> {
        let of = self.of_kind(kind, "fields").iter().find(|one| one["name"] == field);
        of.and_then(|field| field["args"].as_array()).into_iter().flatten().map(Field::of).collect()
    }

    /// The objects that an interface stands for.
    pub fn objects(&self, interface: &str) -> Vec<String> {
        self.of_kind(interface, "possibleTypes").iter().map(|kind| text(&kind["name"])).collect()
    }

    /// Whether nothing is selected of values of a type.
    pub fn is_leaf(&self, kind: &str) -> bool {
        self.0.get(kind).is_none_or(|kind| kind["kind"] == "SCALAR" || kind["kind"] == "ENUM")
    }

    pub fn has(&self, kind: &str, field: &str) -> bool {
        self.fields(kind).iter().any(|one| one.name == field)
    }

    /// The type of the rows of a bulk write's input.
    pub fn row_of(&self, input: &str) -> String {
        let rows = self.fields(input).into_iter().find(|field| field.name == "rows");
        rows.unwrap_or_else(|| panic!("{input} has no rows")).kind
    }

    /// The values of an enum.
    pub fn values(&self, kind: &str) -> Vec<String> {
        self.of_kind(kind, "enumValues").iter().map(|value| text(&value["name"])).collect()
    }

    /// The connections of an object.
    pub fn lists(&self, kind: &str) -> Vec<List> {
        let lists = self.of_kind(kind, "fields").iter().filter_map(|field| {
            let node = unwrapped(&field["type"]).strip_suffix("Connection")?.to_owned();
            let argument = |name: &str| {
                let arguments = field["args"].as_array().expect("arguments").iter();
                arguments.filter(|one| one["name"] == name).map(|one| unwrapped(&one["type"])).next()
            };
            let keys = argument("orderBy").and_then(|order| {
                self.fields(&order).into_iter().find(|field| field.name == "field").map(|field| field.kind)
            });
            Some(List {
                name: text(&field["name"]),
                node,
                filter: argument("filter").expect("a filter"),
                keys: keys.expect("sort keys"),
            })
        });
        lists.collect()
    }

    /// The names of the objects that have connections.
    pub fn parents(&self) -> Vec<&str> {
        let parents = self.0.keys().filter(|name| *name != "Query" && !self.lists(name).is_empty());
        parents.map(String::as_str).collect()
    }

    /// The fields of an object that lead to one or a few other objects: no connections.
    pub fn edges(&self, kind: &str) -> Vec<Field> {
        let leads = |field: &Field| {
            self.0.get(&field.kind).is_some_and(|kind| kind["kind"] == "OBJECT")
                && !field.kind.ends_with("Connection")
                && field.kind != "Translation"
        };
        self.fields(kind).into_iter().filter(leads).collect()
    }

    fn of_kind(&self, kind: &str, list: &str) -> &[Value] {
        self.0.get(kind).and_then(|kind| kind[list].as_array()).map_or(&[], Vec::as_slice)
    }
}

/// `STARTS_ON` as `startsOn`.
pub fn camel(name: &str) -> String {
    let mut words = name.split('_').map(str::to_ascii_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |all, word| all + &word[..1].to_ascii_uppercase() + &word[1..])
}
