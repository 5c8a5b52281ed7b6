//! Operations of every shape that the schema allows, for measurements of their cost. It sends none.

use crate::schema::{Field, List, Schema};

/// An operation and its name.
#[derive(Clone, Debug)]
pub struct Shape {
    pub name: String,
    pub query: String,
}

/// The most relations that a filter goes through.
const FAR: u32 = 2;

/// A list in each of its orders, with each of its filters, with and without a count, alone and nested in each record that has it; and the
/// most expensive of them, as often as one request may ask for it.
pub fn shapes(schema: &Schema) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut add = |name: String, query: String| shapes.push(Shape { name, query });
    for list in schema.lists("Query") {
        for (arguments, what) in arguments(schema, &list) {
            for selection in ["nodes { id }", "totalCount nodes { id }"] {
                let counted = if selection.starts_with("total") { ", counted" } else { "" };
                add(
                    format!("{} {what}{counted}", list.name),
                    format!("{{ {}(first: 20 {arguments}) {{ {selection} }} }}", list.name),
                );
            }
        }
        let fields: Vec<String> = scalars(schema, &list.node);
        add(
            format!("{} in full", list.name),
            format!("{{ {}(first: 100) {{ nodes {{ {} }} }} }}", list.name, fields.join(" ")),
        );
    }
    for parent in schema.parents() {
        let Some(outer) = schema.lists("Query").into_iter().find(|list| list.node == parent) else { continue };
        for inner in schema.lists(parent) {
            for selection in ["nodes { id }", "totalCount"] {
                let query = format!(
                    "{{ {}(first: 20) {{ nodes {{ {}(first: 5) {{ {selection} }} }} }} }}",
                    outer.name, inner.name
                );
                add(format!("{parent}.{} {selection}", inner.name), query);
            }
        }
    }
    let searched: Vec<String> = (0..48).map(|number| format!("{{ label: {{ contains: \"x{number}\" }} }}")).collect();
    add(
        "48 texts in labels".to_owned(),
        format!("{{ recommendations(first: 20, filter: {{ or: [{}] }}) {{ nodes {{ id }} }} }}", searched.join(" ")),
    );
    shapes
}

/// The scalar fields of a record type.
fn scalars(schema: &Schema, node: &str) -> Vec<String> {
    let plain = ["ID", "Int", "Boolean", "Date", "DateTime", "String"];
    schema
        .fields(node)
        .into_iter()
        .filter(|field| plain.contains(&field.kind.as_str()))
        .map(|field| field.name)
        .collect()
}

/// The arguments of a list, each with a name: none, each order in both directions, each filter.
fn arguments(schema: &Schema, list: &List) -> Vec<(String, String)> {
    let mut all = vec![(String::new(), String::new())];
    for key in schema.values(&list.keys) {
        for direction in ["ASC", "DESC"] {
            all.push((
                format!("orderBy: [{{ field: {key}, direction: {direction} }}]"),
                format!("by {key} {direction}"),
            ));
        }
    }
    if let [one, other, ..] = schema.values(&list.keys).as_slice() {
        let keys = format!("[{{ field: {other} }}, {{ field: {one}, direction: DESC }}]");
        all.push((format!("orderBy: {keys}"), "by two keys".to_owned()));
    }
    for Field { name, kind, .. } in schema.fields(&list.filter) {
        for filter in filters(schema, &kind, FAR) {
            all.push((format!("filter: {{ {name}: {filter} }}"), format!("where {name} {filter}")));
        }
    }
    all
}

/// Filters of a type: each of its comparisons; for a related record some of its filters.
fn filters(schema: &Schema, kind: &str, far: u32) -> Vec<String> {
    match kind {
        "StringFilter" | "TextFilter" => vec!["{ contains: \"qz\" }".to_owned()],
        "IdFilter" => Vec::new(),
        "BooleanFilter" => vec!["{ eq: true }".to_owned(), "{ eq: false }".to_owned()],
        "DateFilter" => vec!["{ gte: \"2024-01-01\" }".to_owned()],
        "DateTimeFilter" => vec!["{ gte: \"2024-01-01T00:00:00Z\" }".to_owned()],
        "IntFilter" => vec!["{ gte: 1 }".to_owned()],
        "Date" => vec!["\"2025-01-01\"".to_owned()],
        _ if kind.ends_with("ListFilter") => {
            let inner = schema.fields(kind).into_iter().find(|field| field.name == "some").map(|field| field.kind);
            let inner = inner.map(|inner| related(schema, &inner, far)).unwrap_or_default();
            inner.iter().flat_map(|filter| [format!("{{ some: {filter} }}"), format!("{{ none: {filter} }}")]).collect()
        }
        _ if schema.has(kind, "and") => related(schema, kind, far),
        _ if kind.ends_with("Filter") => {
            // The values of an enum.
            let value = schema
                .fields(kind)
                .into_iter()
                .find(|field| field.name == "eq")
                .map(|field| schema.values(&field.kind));
            value.into_iter().flatten().take(2).map(|value| format!("{{ eq: {value} }}")).collect()
        }
        _ => Vec::new(),
    }
}

/// Filters of a related record: by its first text, and by its first relation.
fn related(schema: &Schema, kind: &str, far: u32) -> Vec<String> {
    if far == 0 {
        return Vec::new();
    }
    let fields = schema.fields(kind);
    let text = fields.iter().find(|field| matches!(field.kind.as_str(), "StringFilter" | "TextFilter"));
    text.map(|field| format!("{{ {}: {{ contains: \"a\" }} }}", field.name)).into_iter().collect()
}
