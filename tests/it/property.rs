//! Operations made at random from the schema, all of them valid by it: none makes the service fail.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use rec_api::service::seed;
use rec_tests::on_both_databases;
use serde_json::{Value, json};

/// The deepest selection and the deepest input of an operation.
const DEEPEST: usize = 5;
const OPERATIONS: usize = 600;

enum Known {
    Fields(Vec<FieldDefinition>),
    Input { fields: Vec<InputValueDefinition>, one_of: bool },
    Enum(Vec<String>),
    Other,
}

/// Makes operations. The same seed makes the same ones.
struct Maker {
    types: HashMap<String, Known>,
    /// Ids of records that exist, and of none.
    ids: Vec<String>,
    state: u64,
}

impl Maker {
    fn of(sdl: &str, ids: Vec<String>, seed: u64) -> Self {
        let mut types = HashMap::new();
        for definition in parse_schema(sdl).expect("a schema").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let definition = definition.node;
            let one_of = definition.directives.iter().any(|directive| directive.node.name.node == "oneOf");
            let known = match definition.kind {
                TypeKind::Object(object) => Known::Fields(object.fields.into_iter().map(|field| field.node).collect()),
                TypeKind::Interface(interface) => {
                    Known::Fields(interface.fields.into_iter().map(|field| field.node).collect())
                }
                TypeKind::InputObject(input) => {
                    Known::Input { fields: input.fields.into_iter().map(|field| field.node).collect(), one_of }
                }
                TypeKind::Enum(values) => {
                    Known::Enum(values.values.iter().map(|value| value.node.value.node.to_string()).collect())
                }
                TypeKind::Scalar | TypeKind::Union(_) => Known::Other,
            };
            types.insert(definition.name.node.to_string(), known);
        }
        Self { types, ids, state: seed }
    }

    /// The next number below a bound: a linear congruential generator, with the constants of Knuth's MMIX.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).expect("31 bits") % bound
    }

    fn pick(&mut self, from: &[&str]) -> String {
        let index = self.below(from.len());
        from[index].to_owned()
    }

    fn operation(&mut self) -> String {
        let (kind, root) = if self.below(4) == 0 { ("mutation", "Mutation") } else { ("query", "Query") };
        format!("{kind} {}", self.selection(root, DEEPEST))
    }

    /// A few fields of a type, each with what it needs.
    fn selection(&mut self, on: &str, depth: usize) -> String {
        let Some(Known::Fields(fields)) = self.types.get(on) else { return String::new() };
        let fields = fields.clone();
        let mut selected = Vec::new();
        for number in 0..=self.below(3) {
            let field = &fields[self.below(fields.len())];
            let ty = base_of(&field.ty.node);
            let inner = match self.types.get(ty) {
                Some(Known::Fields(_)) if depth == 0 => continue,
                Some(Known::Fields(_)) => format!(" {}", self.selection(ty, depth - 1)),
                _ => String::new(),
            };
            let arguments: Vec<InputValueDefinition> =
                field.arguments.iter().map(|argument| argument.node.clone()).collect();
            let arguments = self.fields(&arguments, 3).join(", ");
            let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
            selected.push(format!("f{number}: {}{arguments}{inner}", field.name.node));
        }
        if selected.is_empty() {
            selected.push("__typename".to_owned());
        }
        format!("{{ {} }}", selected.join(" "))
    }

    /// Fields of an input or arguments: those that are needed, and some others.
    fn fields(&mut self, definitions: &[InputValueDefinition], depth: usize) -> Vec<String> {
        let mut written = Vec::new();
        for definition in definitions {
            let needed = !definition.ty.node.nullable && definition.default_value.is_none();
            if needed || (depth > 0 && self.below(3) == 0) {
                written.push(format!("{}: {}", definition.name.node, self.value(&definition.ty.node, depth)));
            }
        }
        written
    }

    fn value(&mut self, ty: &Type, depth: usize) -> String {
        if ty.nullable && self.below(6) == 0 {
            return "null".to_owned();
        }
        let name = match &ty.base {
            BaseType::List(element) => {
                let count = if depth == 0 { 0 } else { self.below(3) };
                let values: Vec<String> = (0..count).map(|_| self.value(element, depth - 1)).collect();
                return format!("[{}]", values.join(", "));
            }
            BaseType::Named(name) => name.to_string(),
        };
        match self.types.get(&name) {
            Some(Known::Enum(values)) => {
                let values = values.clone();
                values[self.below(values.len())].clone()
            }
            Some(Known::Input { fields, one_of }) => {
                let (fields, one_of) = (fields.clone(), *one_of);
                let written = if one_of {
                    let field = &fields[self.below(fields.len())];
                    let ty = Type { nullable: false, ..field.ty.node.clone() };
                    vec![format!("{}: {}", field.name.node, self.value(&ty, depth))]
                } else {
                    self.fields(&fields, depth.saturating_sub(1))
                };
                format!("{{ {} }}", written.join(", "))
            }
            _ => self.scalar(&name),
        }
    }

    fn scalar(&mut self, name: &str) -> String {
        match name {
            "Int" => self.pick(&["-2147483648", "-1", "0", "1", "2", "100", "101", "2147483647"]),
            "Boolean" => self.pick(&["true", "false"]),
            "NaiveDate" => self.pick(&["\"2024-05-14\"", "\"2024-11-27\"", "\"0001-01-01\"", "\"9999-12-31\""]),
            "DateTime" => self.pick(&["\"2024-05-14T00:00:00Z\"", "\"9999-12-31T23:59:59.999999Z\""]),
            "ID" => {
                let index = self.below(self.ids.len());
                json!(self.ids[index]).to_string()
            }
            _ => self.pick(&[
                "\"\"",
                "\"x\"",
                "\"WG-A\"",
                "\"OSCE\"",
                "\"%_\\\\\"",
                "\"'; DROP TABLE meeting; --\"",
                "\"\\u0000\"",
                "\"Ташкент\"",
                "\"\"\"a block\"\"\"",
                "\"https://example.org\"",
                "\"Asia/Tashkent\"",
            ]),
        }
    }
}

fn base_of(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => base_of(element),
    }
}

/// Every id in an answer.
fn ids_in(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
            Some(id) if name == "id" => ids.push(id.to_owned()),
            _ => ids_in(value, ids),
        }),
        Value::Array(values) => values.iter().for_each(|value| ids_in(value, ids)),
        _ => {}
    }
}

on_both_databases! {
    async fn no_operation_that_is_valid_makes_the_service_fail(app: TestApp) {
        seed::demo::load(&app.app).await.unwrap();
        let some = "{ organizations(first: 5) { nodes { id } } bodies { nodes { id } } meetings(first: 5) { nodes { id version } }
            recommendations { nodes { id } } themes { nodes { id } } countries { nodes { id } } }";
        let mut ids = vec![String::new(), "x".to_owned(), "mtg_00".to_owned()];
        ids_in(&app.secretariat().query(some).await, &mut ids);
        let mut maker = Maker::of(&rec_api::graphql::sdl(), ids, 20_261_124);
        let clients = [app.anonymous(), app.partner("OSCE"), app.secretariat()];
        let (mut executed, mut data) = (0, 0);
        for number in 0..OPERATIONS {
            let operation = maker.operation();
            let answer = clients[number % clients.len()].send(&operation, json!({})).await;
            assert!(matches!(answer.status.as_u16(), 200 | 400), "{} {operation}\n{}", answer.status, answer.text);
            assert!(!answer.text.contains("INTERNAL"), "{operation}\n{}", answer.text);
            assert!(!answer.text.contains("GRAPHQL_"), "not valid: {operation}\n{}", answer.text);
            executed += usize::from(answer.status == 200);
            data += usize::from(answer.body["data"].as_object().is_some_and(|data| data.values().any(|value| !value.is_null())));
        }
        assert!(executed > OPERATIONS / 2 && data > OPERATIONS / 5, "{executed} executed, {data} with data");
    }
}
