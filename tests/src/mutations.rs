//! The mutations of the schema, read from its SDL: the input of each, and where in its answer the record stands.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition};
use rec_api::graphql::schema;

/// A mutation: the type of its input, and the field of its payload that holds the record.
pub struct Mutation {
    pub input: String,
    pub record: String,
}

static MUTATIONS: LazyLock<HashMap<String, Mutation>> = LazyLock::new(read);

/// A mutation of the schema.
pub fn mutation(name: &str) -> &'static Mutation {
    MUTATIONS.get(name).unwrap_or_else(|| panic!("no mutation: {name}"))
}

/// The names of all mutations.
pub fn mutations() -> impl Iterator<Item = &'static str> {
    MUTATIONS.keys().map(String::as_str)
}

type Objects = HashMap<String, Vec<FieldDefinition>>;

fn read() -> HashMap<String, Mutation> {
    let objects = objects();
    let mutations = objects["Mutation"].iter().map(|field| {
        let input = named(&field.arguments[0].node.ty.node).to_owned();
        let record = record_of(&objects, named(&field.ty.node));
        (field.name.node.to_string(), Mutation { input, record })
    });
    mutations.collect()
}

/// The fields of the objects of the schema, by the objects' names.
fn objects() -> Objects {
    let document = parse_schema(schema().definitions()).expect("a schema");
    let objects = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(kind) => match kind.node.kind {
            TypeKind::Object(object) => {
                let fields = object.fields.into_iter().map(|field| field.node).collect();
                Some((kind.node.name.node.to_string(), fields))
            }
            _ => None,
        },
        _ => None,
    });
    objects.collect()
}

/// The first field of a payload, or of a row in it, that is an object and not a list: a change is not the record.
fn record_of(objects: &Objects, payload: &str) -> String {
    let fields = &objects[payload];
    if let Some(rows) = fields.iter().find(|field| field.name.node == "rows") {
        return record_of(objects, named(&rows.ty.node));
    }
    let is_object = |field: &&FieldDefinition| match &field.ty.node.base {
        BaseType::Named(kind) => objects.contains_key(kind.as_str()) && field.name.node != "change",
        BaseType::List(_) => false,
    };
    let record = fields.iter().find(is_object).unwrap_or_else(|| panic!("{payload} has no record"));
    record.name.node.to_string()
}

/// The name of a type without list and non-null.
fn named(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}
