//! Checks that the values of a request are what their types say: the literals of a document, and the variables of an
//! operation. Executes nothing, and leaves all other checks to validation.
//!
//! The library finds an impossible date or a too large number only when it executes the field, possibly after other
//! mutations; here it is found before anything is executed.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, InputValueDefinition, OperationDefinition, OperationType, Selection, SelectionSet,
    Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Pos, Positioned, Variables};
use async_graphql_value::Value;
use entity::date::{Date, DateTime};

use super::suggestion::{did_you_mean, listed};
use super::{Fault, Inadmissible, MOST_TOLD};

/// The types of a schema, as far as values are checked against them.
pub struct Types {
    /// By type and field.
    fields: HashMap<String, HashMap<String, FieldType>>,
    inputs: HashMap<String, Inputs>,
    one_of: HashSet<String>,
    enums: HashMap<String, Vec<String>>,
}

struct FieldType {
    arguments: Inputs,
    /// The type of the answer, without list wrappers.
    answer: String,
    is_list: bool,
}

/// The type of each input value, and whether it has a default.
type Inputs = HashMap<String, (Type, bool)>;

/// The most values in a list. Fields take fewer; this limits the memory that a request takes.
const LONGEST_LIST: usize = 1000;

/// Where a value is not what its type says, and what is expected there; and the place of the argument or the variable in the document.
type Misfit = (String, Pos);

impl Types {
    /// Reads the types of a schema in the definition language. Panics if it cannot: without the types nothing would be checked.
    pub fn of(sdl: &str) -> Self {
        let mut types =
            Self { fields: HashMap::new(), inputs: HashMap::new(), one_of: HashSet::new(), enums: HashMap::new() };
        let definitions = parse_schema(sdl).expect("our own schema").definitions;
        for definition in definitions {
            if let TypeSystemDefinition::Type(definition) = definition {
                let definition = definition.node;
                let name = definition.name.node.to_string();
                if definition.directives.iter().any(|directive| directive.node.name.node == "oneOf") {
                    types.one_of.insert(name.clone());
                }
                types.add(name, definition.kind);
            }
        }
        types
    }

    fn add(&mut self, name: String, kind: TypeKind) {
        let fields = match kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::InputObject(input) => {
                self.inputs.insert(name, inputs(input.fields));
                return;
            }
            TypeKind::Enum(values) => {
                let values = values.values.into_iter().map(|value| value.node.value.node.to_string());
                self.enums.insert(name, values.collect());
                return;
            }
            TypeKind::Scalar | TypeKind::Union(_) => return,
        };
        let fields = fields.into_iter().map(|field| {
            let field = field.node;
            let is_list = matches!(field.ty.node.base, BaseType::List(_));
            let (arguments, answer) = (inputs(field.arguments), base_of(&field.ty.node).to_owned());
            (field.name.node.to_string(), FieldType { arguments, answer, is_list })
        });
        self.fields.insert(name, fields.collect());
    }

    /// Checks the arguments that a document writes out. What else is wrong with it, validation reports.
    pub fn check_document(&self, document: &ExecutableDocument) -> Result<(), Inadmissible> {
        let mut check = Check { types: self, place: Pos::default(), misfits: Vec::new() };
        for (_, operation) in document.operations.iter() {
            for variable in &operation.node.variable_definitions {
                if let Some(default) = &variable.node.default_value {
                    let path = format!("${}", variable.node.name.node);
                    check.place = default.pos;
                    check.value(&default.node.clone().into_value(), &variable.node.var_type.node, &path);
                }
            }
            check.selections(&operation.node.selection_set.node, root_of(operation.node.ty));
        }
        for fragment in document.fragments.values() {
            check.selections(&fragment.node.selection_set.node, &fragment.node.type_condition.node.on.node);
        }
        check.result()
    }

    /// The type that a field answers with, and whether the answer is a list; `None` if the schema does not have the field.
    pub fn answer(&self, on: &str, field: &str) -> Option<(&str, bool)> {
        let known = self.fields.get(on)?.get(field)?;
        Some((&known.answer, known.is_list))
    }

    /// The type of an argument of a field.
    pub fn argument(&self, on: &str, field: &str, name: &str) -> Option<&Type> {
        self.fields.get(on)?.get(field)?.arguments.get(name).map(|(ty, _)| ty)
    }

    /// The type of a field of an input.
    pub fn input(&self, ty: &str, field: &str) -> Option<&Type> {
        self.inputs.get(ty)?.get(field).map(|(ty, _)| ty)
    }

    /// Checks that an operation is given the variables that it declares.
    pub fn check_variables(&self, operation: &OperationDefinition, given: &Variables) -> Result<(), Inadmissible> {
        let mut check = Check { types: self, place: Pos::default(), misfits: Vec::new() };
        for definition in &operation.variable_definitions {
            let (name, ty) = (&definition.node.name.node, &definition.node.var_type.node);
            check.place = definition.pos;
            match given.get(name) {
                Some(value) => check.value(&value.clone().into_value(), ty, &format!("${name}")),
                None if ty.nullable || definition.node.default_value.is_some() => {}
                None => check.add(format!("${name}: a value of type {ty} is required.")),
            }
        }
        check.result()
    }
}

/// What does not fit, as far as it was found.
struct Check<'a> {
    types: &'a Types,
    /// The argument or the variable that is looked at.
    place: Pos,
    misfits: Vec<Misfit>,
}

impl Check<'_> {
    fn result(self) -> Result<(), Inadmissible> {
        if self.misfits.is_empty() {
            return Ok(());
        }
        let faults = self.misfits.into_iter().map(|(message, place)| Fault::new(message, vec![place]));
        Err(Inadmissible { code: "INVALID_ARGUMENT", faults: faults.collect() })
    }

    fn add(&mut self, message: String) {
        if self.misfits.len() < MOST_TOLD {
            self.misfits.push((message, self.place));
        }
    }

    fn selections(&mut self, set: &SelectionSet, on: &str) {
        let types = self.types;
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let Some(known) = types.fields.get(on).and_then(|fields| fields.get(name)) else { continue };
                    for (argument, value) in &field.node.arguments {
                        if let Some((ty, _)) = known.arguments.get(argument.node.as_str()) {
                            self.place = value.pos;
                            self.value(&value.node, ty, &format!("{name}({})", argument.node));
                        }
                    }
                    self.selections(&field.node.selection_set.node, &known.answer);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(on, |condition| &condition.node.on.node);
                    self.selections(&fragment.node.selection_set.node, on);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn value(&mut self, value: &Value, ty: &Type, path: &str) {
        if self.misfits.len() >= MOST_TOLD {
            return;
        }
        match (value, &ty.base) {
            (Value::List(values), _) if values.len() > LONGEST_LIST => {
                self.add(format!("{path}: a list has at most {LONGEST_LIST} values."));
            }
            // A variable is checked by its own type, and validation compares the two.
            (Value::Variable(_), _) => {}
            (Value::Null, _) if ty.nullable => {}
            (Value::Null, _) => self.add(format!("{path}: a value of type {ty} is required, not null.")),
            (Value::List(values), BaseType::List(element)) => {
                for (index, value) in values.iter().enumerate() {
                    self.value(value, element, &format!("{path}.{index}"));
                }
            }
            // A single value stands for a list of one.
            (value, BaseType::List(element)) => self.value(value, element, path),
            (value, BaseType::Named(name)) => self.named(value, name, path),
        }
    }

    fn named(&mut self, value: &Value, name: &str, path: &str) {
        let types = self.types;
        if let Some(fields) = types.inputs.get(name) {
            return self.object(value, name, fields, path);
        }
        match (types.enums.get(name), value) {
            (Some(values), Value::String(given)) if !values.iter().any(|value| value == given) => {
                let known = values.iter().map(String::as_str);
                let similar = did_you_mean(given, known.clone());
                self.add(format!("{path}: {name} has no value {given}.{similar} Its values are {}.", listed(known)));
            }
            (Some(_), Value::String(_) | Value::Enum(_)) => {}
            (None, value) if is_scalar(value, name) => {}
            _ => self.add(format!("{path}: a {}", expected(name))),
        }
    }

    fn object(&mut self, value: &Value, name: &str, fields: &Inputs, path: &str) {
        let Value::Object(values) = value else {
            return self.add(format!("{path}: an object of type {name} is expected."));
        };
        if self.types.one_of.contains(name) && (values.len() != 1 || values.values().any(|value| *value == Value::Null))
        {
            return self.add(format!("{path}: exactly one field of {name} is given, and it is not null."));
        }
        for (field, value) in values {
            if self.misfits.len() >= MOST_TOLD {
                return;
            }
            if let Some((ty, _)) = fields.get(field.as_str()) {
                self.value(value, ty, &format!("{path}.{field}"));
            } else {
                let similar = did_you_mean(field, fields.keys().map(String::as_str));
                self.add(format!("{path}: {name} has no field {field}.{similar}"));
            }
        }
        let mut missing: Vec<_> = fields
            .iter()
            .filter(|(field, (ty, has_default))| !ty.nullable && !has_default && !values.contains_key(field.as_str()))
            .collect();
        missing.sort_unstable_by_key(|(field, _)| *field);
        for (field, (ty, _)) in missing {
            self.add(format!("{path}.{field}: a value of type {ty} is required."));
        }
    }
}

fn inputs(definitions: Vec<Positioned<InputValueDefinition>>) -> Inputs {
    let inputs = definitions.into_iter().map(|definition| {
        let definition = definition.node;
        (definition.name.node.to_string(), (definition.ty.node, definition.default_value.is_some()))
    });
    inputs.collect()
}

/// The root type of an operation.
pub fn root_of(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// The name of a type, without list wrappers.
pub fn base_of(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => base_of(element),
    }
}

/// How the values of a scalar of ours are written.
fn form(scalar: &str) -> &'static str {
    match scalar {
        "Date" => ", a day that exists, such as \"2024-02-29\"",
        "DateTime" => ", such as \"2024-02-29T09:30:00Z\"",
        "_Any" => ": an object with __typename and id",
        _ => "",
    }
}

/// What is said of something that is no value of its type, without the article.
pub fn expected(name: &str) -> String {
    format!("value of type {name} is expected{}.", form(name))
}

/// Whether all values of a custom scalar are texts.
pub fn is_text(scalar: &str) -> bool {
    matches!(scalar, "Date" | "DateTime")
}

/// Whether a text is a value of a scalar, if that depends on how it is written.
pub fn is_written_as(scalar: &str, text: &str) -> bool {
    match scalar {
        "Date" => Date::read(text).is_some(),
        "DateTime" => DateTime::read(text).is_some(),
        _ => true,
    }
}

fn is_scalar(value: &Value, name: &str) -> bool {
    match (name, value) {
        ("Int", Value::Number(number)) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        ("Float", Value::Number(_))
        | ("String" | "ID", Value::String(_))
        | ("Boolean", Value::Boolean(_))
        | ("_Any", Value::Object(_)) => true,
        ("ID", Value::Number(number)) => number.is_i64(),
        ("Date" | "DateTime", Value::String(text)) => is_written_as(name, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::http::admission::parsed;
    use async_graphql::Variables;
    use serde_json::json;

    use super::Types;

    const SCHEMA: &str = "enum Color { RED GREEN } input By @oneOf { id: ID code: String }
        input Thing { day: Date! at: DateTime count: Int = 1 color: Color parts: [Thing!] by: By }
        type Query { thing(input: Thing, first: Int, days: [Date!]): Query } type Mutation { set(input: Thing!): Query }";

    fn literals(arguments: &str) -> Result<(), String> {
        let document = parsed(&format!(
            "query($v: Thing = {{ day: \"2024-01-01\" }}) {{ thing {{ ... on Query {{ thing({arguments}) {{ x }} }} }} }}"
        ));
        Types::of(SCHEMA).check_document(&document.unwrap()).map_err(|misfit| misfit.faults[0].message.clone())
    }

    fn variable(ty: &str, value: serde_json::Value) -> Result<(), String> {
        let document = parsed(&format!("query($v: {ty}) {{ x }}")).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let checked = Types::of(SCHEMA).check_variables(&operation.node, &Variables::from_json(value));
        checked.map_err(|misfit| misfit.faults[0].message.clone())
    }

    #[test]
    fn literals_are_what_their_types_say_wherever_they_stand() {
        assert_eq!(
            literals("input: { day: \"2024-02-29\", at: \"2024-02-29T10:00:00Z\", color: RED, parts: [] }"),
            Ok(())
        );
        assert_eq!(literals("input: $v, first: 3, days: [\"2024-01-01\"]"), Ok(()));
        for (wrong, path) in [
            ("input: { day: \"2024-02-30\" }", "thing(input).day"),
            ("input: { day: \"2024-2-9\" }", "thing(input).day"),
            ("input: { day: \"2024-02- 9\" }", "thing(input).day"),
            ("input: { day: \"2024-02-28\", parts: { day: \"\" } }", "thing(input).parts.day"),
            ("days: [\"2024-01-01\", \"2024-13-01\"]", "thing(days).1"),
            ("first: 3000000000", "thing(first)"),
            ("input: { day: \"2024-02-28\", at: \"yesterday\" }", "thing(input).at"),
            ("input: { day: \"2024-02-28\", by: { id: 1, code: \"A\" } }", "thing(input).by"),
            ("input: { count: 1 }", "thing(input).day"),
            ("input: { day: \"2024-02-28\", other: 1 }", "thing(input)"),
        ] {
            let misfit = literals(wrong).unwrap_err();
            assert!(misfit.starts_with(&format!("{path}: ")), "{wrong}: {misfit}");
        }
    }

    #[test]
    fn variables_are_what_the_operation_declares() {
        assert_eq!(
            variable("Thing!", json!({ "v": { "day": "2024-02-29", "parts": [{ "day": "2024-01-01" }] } })),
            Ok(())
        );
        assert_eq!(variable("Thing", json!({})), Ok(()));
        assert_eq!(variable("Int! = 3", json!({})), Ok(()));
        assert_eq!(variable("[Int!]", json!({ "v": 3 })), Ok(()));
        assert_eq!(variable("[Int!]", json!({ "v": vec![1; 1000] })), Ok(()));
        for (ty, wrong, path) in [
            ("Thing!", json!({}), "$v"),
            ("Thing!", json!({ "v": null }), "$v"),
            ("Thing", json!({ "v": { "day": "2024-02-30" } }), "$v.day"),
            ("Thing", json!({ "v": { "day": "2024-02-29", "parts": [{ "day": 1 }] } }), "$v.parts.0.day"),
            ("[Int!]", json!({ "v": [1, null] }), "$v.1"),
            ("Int", json!({ "v": "1" }), "$v"),
            ("String", json!({ "v": 1 }), "$v"),
            ("[Int!]", json!({ "v": vec![1; 1001] }), "$v"),
            ("Color", json!({ "v": "BLUE" }), "$v"),
            ("Color", json!({ "v": 1 }), "$v"),
        ] {
            let misfit = variable(ty, wrong.clone()).unwrap_err();
            assert!(misfit.starts_with(&format!("{path}: ")), "{wrong}: {misfit}");
        }
    }

    #[test]
    fn a_default_is_what_its_type_says() {
        let document = parsed("query($d: [Date!] = [\"2024-02-30\"]) { thing(days: $d) { x } }").unwrap();
        let refusal = Types::of(SCHEMA).check_document(&document).unwrap_err();
        assert!(refusal.faults[0].message.starts_with("$d.0: "), "{refusal:?}");
    }

    #[test]
    fn all_that_does_not_fit_is_named() {
        let document = parsed("query($v: Thing, $w: Color!) { x }").unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let given = json!({ "v": { "colour": "RED", "color": "gren", "parts": [{ "at": 1, "by": {} }] } });
        let refusal = Types::of(SCHEMA).check_variables(&operation.node, &Variables::from_json(given)).unwrap_err();
        let messages: Vec<_> = refusal.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "$v.color: Color has no value gren. Did you mean \"GREEN\" or \"RED\"? Its values are RED, GREEN.",
                "$v: Thing has no field colour. Did you mean \"color\"?",
                "$v.parts.0.at: a value of type DateTime is expected, such as \"2024-02-29T09:30:00Z\".",
                "$v.parts.0.by: exactly one field of By is given, and it is not null.",
                "$v.parts.0.day: a value of type Date! is required.",
                "$v.day: a value of type Date! is required.",
                "$w: a value of type Color! is required.",
            ]
        );
        let many = Variables::from_json(json!({ "v": { "parts": vec![json!({}); 100] }, "w": "RED" }));
        assert_eq!(Types::of(SCHEMA).check_variables(&operation.node, &many).unwrap_err().faults.len(), 20);
    }
}
