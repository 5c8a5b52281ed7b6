//! Operations made at random from the schema, all of them valid by it: none makes the service fail.

use std::collections::HashMap;
use std::time::Duration;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use rec_api::service::seed;
use rec_tests::chance::Chance;
use rec_tests::made::Made;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The maximum depth of the selection and of the input of an operation.
const DEEPEST: usize = 5;
/// How many operations each seed makes.
const OPERATIONS: usize = 250;
const SEEDS: [u64; 3] = [1, 20_261_124, 77_777_777];

enum Known {
    Fields(Vec<FieldDefinition>),
    Input { fields: Vec<InputValueDefinition>, one_of: bool },
    Enum(Vec<String>),
    Other,
}

/// Makes operations. The same seed makes the same ones.
struct Maker {
    types: HashMap<String, Known>,
    /// Ids of existing records, and of none.
    ids: Vec<String>,
    chance: Chance,
    /// The variables of the operation that is being made, as it declares them, and their values.
    declared: Vec<String>,
    given: serde_json::Map<String, Value>,
    fragments: Vec<String>,
}

/// An operation with its variables.
struct Operation {
    text: String,
    variables: Value,
    is_followed: bool,
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
        let (declared, given, fragments) = (Vec::new(), serde_json::Map::new(), Vec::new());
        Self { types, ids, chance: Chance::of(seed), declared, given, fragments }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.chance.below(bound)
    }

    fn pick(&mut self, from: &[&str]) -> String {
        (*self.chance.pick(from)).to_owned()
    }

    fn operation(&mut self) -> Operation {
        let (kind, root) = match self.below(8) {
            0 | 1 => ("mutation", "Mutation"),
            2 => ("subscription", "Subscription"),
            _ => ("query", "Query"),
        };
        let is_followed = kind == "subscription";
        let selection = if is_followed { self.only_field(root) } else { self.selection(root, DEEPEST) };
        let (declared, fragments) = (std::mem::take(&mut self.declared), std::mem::take(&mut self.fragments));
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        let text = format!("{kind} Made{declared} {selection} {}", fragments.join(" "));
        Operation { text, variables: Value::Object(std::mem::take(&mut self.given)), is_followed }
    }

    /// A subscription has one field, without a directive.
    fn only_field(&mut self, on: &str) -> String {
        let Some(Known::Fields(fields)) = self.types.get(on) else { return String::new() };
        let fields = fields.clone();
        let index = self.below(fields.len());
        let field = self.field(0, &fields[index], DEEPEST);
        format!("{{ {} }}", field.unwrap_or_default().replacen(SKIP, "", 1))
    }

    /// A few fields of a type, each with what it needs, some of them in fragments and with directives.
    fn selection(&mut self, on: &str, depth: usize) -> String {
        let Some(Known::Fields(fields)) = self.types.get(on) else { return String::new() };
        let fields = fields.clone();
        let mut selected = Vec::new();
        for number in 0..=self.below(3) {
            let index = self.below(fields.len());
            let Some(field) = self.field(number, &fields[index], depth) else { continue };
            selected.push(match self.below(12) {
                0 => format!("... on {on} {{ {field} }}"),
                1 => {
                    let name = format!("F{}", self.fragments.len());
                    self.fragments.push(format!("fragment {name} on {on} {{ {field} }}"));
                    format!("...{name}")
                }
                2 => format!("... @include(if: true) {{ {field} }}"),
                _ => field,
            });
        }
        if selected.is_empty() {
            selected.push("__typename".to_owned());
        }
        format!("{{ {} }}", selected.join(" "))
    }

    fn field(&mut self, number: usize, field: &FieldDefinition, depth: usize) -> Option<String> {
        let ty = base_of(&field.ty.node);
        let inner = match self.types.get(ty) {
            Some(Known::Fields(_)) if depth == 0 => return None,
            Some(Known::Fields(_)) => format!(" {}", self.selection(ty, depth - 1)),
            _ => String::new(),
        };
        let definitions: Vec<InputValueDefinition> = field.arguments.iter().map(|one| one.node.clone()).collect();
        let mut arguments = Vec::new();
        for (definition, value) in self.fields(&definitions, 3) {
            let value = if self.below(4) == 0 { self.variable(&definition.ty.node, &value) } else { value.literal() };
            arguments.push(format!("{}: {value}", definition.name.node));
        }
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let directive = if self.below(20) == 0 { SKIP } else { "" };
        // Names differ, so that fields of one name need not be merged.
        let alias = format!("f{number}x{}", self.below(1_000_000));
        Some(format!("{alias}: {}{arguments}{directive}{inner}", field.name.node))
    }

    /// Declares a variable with a value.
    fn variable(&mut self, ty: &Type, value: &Made) -> String {
        let name = format!("v{}", self.declared.len());
        self.declared.push(format!("${name}: {ty}"));
        self.given.insert(name.clone(), value.json());
        format!("${name}")
    }

    /// Fields of an input or arguments: the required ones, and some others.
    fn fields(&mut self, definitions: &[InputValueDefinition], depth: usize) -> Vec<(InputValueDefinition, Made)> {
        let mut made = Vec::new();
        for definition in definitions {
            let needed = !definition.ty.node.nullable && definition.default_value.is_none();
            if needed || (depth > 0 && self.below(3) == 0) {
                made.push((definition.clone(), self.value(&definition.ty.node, depth)));
            }
        }
        made
    }

    fn value(&mut self, ty: &Type, depth: usize) -> Made {
        if ty.nullable && self.below(6) == 0 {
            return Made::Scalar("null".to_owned());
        }
        let name = match &ty.base {
            BaseType::List(element) => {
                let count = if depth == 0 { 0 } else { self.below(3) };
                return Made::List((0..count).map(|_| self.value(element, depth - 1)).collect());
            }
            BaseType::Named(name) => name.to_string(),
        };
        match self.types.get(&name) {
            Some(Known::Enum(values)) => {
                let values = values.clone();
                Made::Word(values[self.below(values.len())].clone())
            }
            Some(Known::Input { fields, one_of: true }) => {
                let fields = fields.clone();
                let field = &fields[self.below(fields.len())];
                let ty = Type { nullable: false, ..field.ty.node.clone() };
                Made::Object(vec![(field.name.node.to_string(), self.value(&ty, depth))])
            }
            Some(Known::Input { fields, one_of: false }) => {
                let fields = fields.clone();
                let made = self.fields(&fields, depth.saturating_sub(1)).into_iter();
                Made::Object(made.map(|(definition, value)| (definition.name.node.to_string(), value)).collect())
            }
            _ => Made::Scalar(self.scalar(&name)),
        }
    }

    fn scalar(&mut self, name: &str) -> String {
        match name {
            "Int" => self.pick(&["-2147483648", "-1", "0", "1", "2", "100", "101", "2147483647"]),
            "Boolean" => self.pick(&["true", "false"]),
            "Date" => self.pick(&["\"2024-05-14\"", "\"2024-11-27\"", "\"0001-01-01\"", "\"9999-12-31\""]),
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

/// The first result of a subscription, if it comes at once.
async fn followed(app: &TestApp, operation: &Operation) -> String {
    let request =
        Request::post("/graphql").header("content-type", "application/json").header("accept", "text/event-stream");
    let body = json!({ "query": operation.text, "variables": operation.variables }).to_string();
    let response = app.router().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert!(matches!(response.status().as_u16(), 200 | 294 | 400 | 422), "{} {}", response.status(), operation.text);
    let mut stream = response.into_body().into_data_stream();
    let first = tokio::time::timeout(Duration::from_millis(50), stream.next()).await;
    first.ok().flatten().map(|bytes| String::from_utf8_lossy(&bytes.unwrap()).into_owned()).unwrap_or_default()
}

/// A directive that some fields have.
const SKIP: &str = " @skip(if: false)";

/// What no answer may contain: an internal error, a write conflict although nobody else writes, a document that is not valid.
const FAULTS: [&str; 4] = ["INTERNAL", "UNAVAILABLE", "Another write was on its way", "GRAPHQL_"];

on_both_databases! {
    no_operation_that_is_valid_makes_the_service_fail,
}

async fn no_operation_that_is_valid_makes_the_service_fail(app: TestApp) {
    seed::demo::load(&app.app).await.unwrap();
    let some =
        "{ organizations(first: 5) { nodes { id } } bodies { nodes { id } } meetings(first: 5) { nodes { id version } }
        recommendations { nodes { id } } themes { nodes { id } } countries { nodes { id } } }";
    let mut ids = vec![String::new(), "x".to_owned(), "mtg_00".to_owned()];
    ids_in(&app.secretariat().query(some).await, &mut ids);
    let clients = [app.anonymous(), app.partner("OSCE"), app.secretariat(), app.admin()];
    let (mut executed, mut data, mut variables) = (0, 0, 0);
    for seed in SEEDS {
        let mut maker = Maker::of(&rec_api::graphql::schema().definitions(), ids.clone(), seed);
        for number in 0..OPERATIONS {
            let operation = maker.operation();
            let text = &operation.text;
            if operation.is_followed {
                let first = followed(&app, &operation).await;
                assert!(!FAULTS.iter().any(|fault| first.contains(fault)), "{text}\n{first}");
                continue;
            }
            variables += usize::from(operation.variables != json!({}));
            let answer = clients[number % clients.len()].send(text, operation.variables).await;
            assert!(
                matches!(answer.status.as_u16(), 200 | 294 | 400 | 422),
                "{} {text}\n{}",
                answer.status,
                answer.text
            );
            assert!(!FAULTS.iter().any(|fault| answer.text.contains(fault)), "{text}\n{}", answer.text);
            executed += usize::from(matches!(answer.status.as_u16(), 200 | 294));
            data += usize::from(
                answer.body["data"].as_object().is_some_and(|data| data.values().any(|value| !value.is_null())),
            );
        }
    }
    let all = SEEDS.len() * OPERATIONS;
    assert!(
        executed > all / 2 && data > all / 5 && variables > all / 5,
        "{executed}, {data} with data, {variables} with variables"
    );
}
