//! Variables that are null where an input or a condition needs a value. Validation lets a variable that may be null stand where a default is, for
//! it may be left out. async-graphql 8.0.0-rc.5, whose own validation is off, finds a null there only when it executes the field, possibly after
//! other mutations, and takes it for false in a condition. Checks nothing of introspection.

use std::collections::HashSet;
use std::fmt::Display;

use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Name, Pos, Positioned, Variables};
use async_graphql_value::{ConstValue, Value};

use super::values::{Types, root_of};
use super::{Fault, Inadmissible, MOST_TOLD};

/// Refuses variables of an operation that are null where its document needs a value.
pub fn check_nulls(
    types: &Types,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    given: &Variables,
) -> Result<(), Inadmissible> {
    let nulls = nulls(operation, given);
    if nulls.is_empty() {
        return Ok(());
    }
    let mut places = Places { types, document, nulls, faults: Vec::new(), visited: HashSet::new() };
    places.selections(&operation.selection_set.node, root_of(operation.ty));
    places.faults.truncate(MOST_TOLD);
    if places.faults.is_empty() {
        Ok(())
    } else {
        Err(Inadmissible { code: "INVALID_ARGUMENT", faults: places.faults })
    }
}

/// The variables that are null. One that is left out is none.
fn nulls<'a>(operation: &'a OperationDefinition, given: &Variables) -> HashSet<&'a Name> {
    let all = operation.variable_definitions.iter().map(|one| &one.node);
    let is_null = |name: &Name, default: Option<&ConstValue>| given.get(name).or(default) == Some(&ConstValue::Null);
    all.filter(|one| is_null(&one.name.node, one.default_value.as_ref().map(|default| &default.node)))
        .map(|one| &one.name.node)
        .collect()
}

/// Where the values of a document stand.
struct Places<'a> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    nulls: HashSet<&'a Name>,
    faults: Vec<Fault>,
    visited: HashSet<&'a Name>,
}

impl<'a> Places<'a> {
    fn selections(&mut self, set: &'a SelectionSet, on: &'a str) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    self.conditions(&field.node.directives);
                    for (argument, value) in &field.node.arguments {
                        if let Some(ty) = self.types.argument(on, name, &argument.node) {
                            self.value(&value.node, ty, value.pos);
                        }
                    }
                    if let Some((answer, _)) = self.types.answer(on, name) {
                        self.selections(&field.node.selection_set.node, answer);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.conditions(&fragment.node.directives);
                    let on = fragment.node.type_condition.as_ref().map_or(on, |condition| &condition.node.on.node);
                    self.selections(&fragment.node.selection_set.node, on);
                }
                Selection::FragmentSpread(spread) => {
                    self.conditions(&spread.node.directives);
                    self.fragment(&spread.node.fragment_name.node);
                }
            }
        }
    }

    /// `@skip` and `@include`.
    fn conditions(&mut self, directives: &[Positioned<Directive>]) {
        for condition in directives.iter().filter_map(|directive| directive.node.get_argument("if")) {
            if let Value::Variable(name) = &condition.node {
                self.needed(name, "Boolean!", condition.pos);
            }
        }
    }

    fn needed(&mut self, name: &Name, ty: impl Display, at: Pos) {
        if self.nulls.contains(name) {
            self.faults.push(Fault::new(format!("${name} is null where a value of type {ty} is needed."), vec![at]));
        }
    }

    fn fragment(&mut self, name: &'a Name) {
        if self.visited.insert(name)
            && let Some(fragment) = self.document.fragments.get(name)
        {
            let fragment = &fragment.node;
            self.selections(&fragment.selection_set.node, &fragment.type_condition.node.on.node);
        }
    }

    fn value(&mut self, value: &Value, ty: &Type, at: Pos) {
        match (value, &ty.base) {
            (Value::Variable(name), _) if !ty.nullable => self.needed(name, ty, at),
            // One that may be null, or is not.
            (Value::Variable(_), _) => {}
            (Value::List(values), BaseType::List(element)) => {
                for value in values {
                    self.value(value, element, at);
                }
            }
            (value, BaseType::List(element)) => self.value(value, element, at),
            (Value::Object(fields), BaseType::Named(input)) => {
                for (field, value) in fields {
                    if let Some(ty) = self.types.input(input, field) {
                        self.value(value, ty, at);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use serde_json::json;

    use super::check_nulls;
    use crate::http::admission::parsed;
    use crate::http::admission::values::Types;

    const SCHEMA: &str = "input Thing { count: Int! = 1 name: String parts: [Thing!] }
        type Query { things(first: Int! = 1, like: Thing): Query }";

    #[test]
    fn a_variable_that_is_null_may_stand_where_null_may() {
        let said = |text: &str, given: serde_json::Value| {
            let document = parsed(text).unwrap();
            let (_, operation) = document.operations.iter().next().unwrap();
            let refused = check_nulls(&Types::of(SCHEMA), &document, &operation.node, &Variables::from_json(given));
            refused.err().map(|refusal| (refusal.faults[0].message.clone(), refusal.faults[0].locations[0].column))
        };
        let null = json!({ "v": null });
        let int = "$v is null where a value of type Int! is needed.".to_owned();
        let field = "query($v: Int) { things(like: { parts: [{ count: $v }] }) { __typename } }";
        assert_eq!(said(field, null.clone()), Some((int.clone(), 31)));
        assert_eq!(said(field, json!({})), None);
        assert_eq!(said(field, json!({ "v": 2 })), None);
        let within =
            "query($v: Int = null) { ...F } fragment F on Query { things { things(first: $v) { __typename } } }";
        assert_eq!(said(within, json!({})), Some((int, 77)));
        assert_eq!(said(within, json!({ "v": 1 })), None);
        assert_eq!(said("query($v: String) { things(like: { name: $v }) { __typename } }", null.clone()), None);
        assert_eq!(said("query($v: [Thing!]) { things(like: { parts: $v }) { __typename } }", null.clone()), None);
        let element = "query($v: Thing!) { things(like: { parts: [$v] }) { __typename } }";
        assert!(said(element, null.clone()).is_some_and(|(message, _)| message.contains("Thing!")));
        let condition = "query($v: Boolean = true) { things { __typename @include(if: $v) } }";
        assert!(said(condition, null).is_some_and(|(message, _)| message.contains("Boolean!")));
    }
}
