//! The complexity of a parsed document, with every fragment expanded where it is spread, and how its page sizes are
//! weighed. Knows the limits, but no types and no costs.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};
use async_graphql_value::{ConstValue, Value};

use super::{Fault, Inadmissible, operations_mut};
use crate::config::Limits;

/// The weight of a selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight {
    /// The fields of the selection itself.
    level: usize,
    /// All fields and fragments.
    fields: usize,
    aliases: usize,
    directives: usize,
    depth: usize,
}

impl Weight {
    /// Together with another part of the same selection.
    fn beside(self, other: Self) -> Self {
        Self {
            level: self.level.saturating_add(other.level),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            depth: self.depth.max(other.depth),
        }
    }
}

/// So many times as many fields as an operation may have, all fragments may have together, each written out.
const FRAGMENTS: usize = 4;

/// Checks that each operation of a document keeps within the limits.
pub fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), Inadmissible> {
    if nodes(document) > limits.tokens {
        // The rough count of the text has missed some.
        let message = format!("The document has more than {} tokens.", limits.tokens);
        return Err(Inadmissible::new("TOO_MANY_TOKENS", message));
    }
    let mut scales = Scales { document, fragments: HashMap::new(), circle: None };
    let operations: Vec<Weight> =
        document.operations.iter().map(|(_, operation)| scales.operation(&operation.node)).collect();
    // Validation also begins at each fragment, whether it is used or not.
    let fragments: Vec<Weight> = document.fragments.keys().map(|name| scales.fragment(name)).collect();
    if let Some(name) = scales.circle {
        let message = format!("Fragment \"{name}\" contains itself.");
        let places = document.fragments.get(name).map(|fragment| fragment.pos);
        let fault = Fault::new(message, Vec::from_iter(places));
        return Err(Inadmissible { code: "GRAPHQL_VALIDATION_FAILED", faults: vec![fault] });
    }
    let walked = fragments.iter().fold(0, |sum: usize, weight| sum.saturating_add(weight.fields));
    if walked > FRAGMENTS * limits.fields || fragments.iter().any(|weight| weight.fields > limits.fields) {
        let message = format!("The fragments have more than {} fields together.", FRAGMENTS * limits.fields);
        return Err(Inadmissible::new("TOO_MANY_FIELDS", message));
    }
    if fragments.iter().any(|weight| weight.depth > limits.depth) {
        let message = format!("A fragment has more than {} levels.", limits.depth);
        return Err(Inadmissible::new("QUERY_TOO_DEEP", message));
    }
    // Validation visits the fields of all operations, whichever is executed.
    let mut fields: usize = 0;
    for weight in operations {
        fields = fields.saturating_add(weight.fields);
        for (code, what, weight, limit) in [
            ("TOO_MANY_FIELDS", "fields", fields, limits.fields),
            ("QUERY_TOO_DEEP", "levels", weight.depth, limits.depth),
            ("TOO_MANY_ROOT_FIELDS", "root fields", weight.level, limits.root_fields),
            ("TOO_MANY_ALIASES", "aliases", weight.aliases, limits.aliases),
            ("TOO_MANY_DIRECTIVES", "directives", weight.directives, limits.directives),
        ] {
            if weight > limit {
                return Err(Inadmissible::new(code, format!("The operation has more than {limit} {what}.")));
            }
        }
    }
    Ok(())
}

/// Weighs each fragment once. In a short chain of fragments, each of which spreads the next one twice, there are more
/// fields than could ever be visited.
struct Scales<'a> {
    document: &'a ExecutableDocument,
    /// The weights so far; `None` for a fragment that is being weighed.
    fragments: HashMap<&'a str, Option<Weight>>,
    /// A fragment that contains itself.
    circle: Option<&'a str>,
}

impl<'a> Scales<'a> {
    fn operation(&mut self, operation: &'a OperationDefinition) -> Weight {
        let of_variables = operation.variable_definitions.iter().map(|variable| variable.node.directives.len());
        let directives = of_variables.fold(operation.directives.len(), usize::saturating_add);
        self.selections(&operation.selection_set.node).beside(Weight { directives, ..Weight::default() })
    }

    fn selections(&mut self, set: &'a SelectionSet) -> Weight {
        set.items.iter().fold(Weight::default(), |sum, item| sum.beside(self.selection(&item.node)))
    }

    fn selection(&mut self, selection: &'a Selection) -> Weight {
        let (within, directives) = match selection {
            Selection::Field(field) => {
                let below = self.selections(&field.node.selection_set.node);
                let aliases = below.aliases.saturating_add(usize::from(field.node.alias.is_some()));
                let depth = below.depth.saturating_add(1);
                (Weight { level: 1, aliases, depth, ..below }, field.node.directives.len())
            }
            Selection::InlineFragment(inline) => {
                (self.selections(&inline.node.selection_set.node), inline.node.directives.len())
            }
            Selection::FragmentSpread(spread) => {
                (self.fragment(&spread.node.fragment_name.node), spread.node.directives.len())
            }
        };
        within.beside(Weight { fields: 1, directives, ..Weight::default() })
    }

    fn fragment(&mut self, name: &'a str) -> Weight {
        match self.fragments.get(name) {
            Some(Some(weight)) => return *weight,
            Some(None) => {
                self.circle = Some(name);
                return Weight::default();
            }
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Weight::default() };
        self.fragments.insert(name, None);
        let weight = self.selections(&fragment.node.selection_set.node);
        self.fragments.insert(name, Some(weight));
        weight
    }
}

/// The number of nodes in a document, as it is written: operations, fragments, variables, fields, arguments, values.
pub fn nodes(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter().map(|(_, operation)| {
        let variables = operation.node.variable_definitions.iter().map(|variable| {
            let default = variable.node.default_value.as_ref();
            1 + nodes_of_directives(&variable.node.directives)
                + default.map_or(0, |value| nodes_of_constant(&value.node))
        });
        1 + variables.sum::<usize>()
            + nodes_of_directives(&operation.node.directives)
            + nodes_selected(&operation.node.selection_set.node)
    });
    let fragments = document.fragments.values().map(|fragment| {
        1 + nodes_of_directives(&fragment.node.directives) + nodes_selected(&fragment.node.selection_set.node)
    });
    operations.sum::<usize>() + fragments.sum::<usize>()
}

fn nodes_selected(set: &SelectionSet) -> usize {
    let selections = set.items.iter().map(|item| match &item.node {
        Selection::Field(field) => {
            nodes_of_arguments(&field.node.arguments)
                + nodes_of_directives(&field.node.directives)
                + nodes_selected(&field.node.selection_set.node)
        }
        Selection::InlineFragment(inline) => {
            nodes_of_directives(&inline.node.directives) + nodes_selected(&inline.node.selection_set.node)
        }
        Selection::FragmentSpread(spread) => nodes_of_directives(&spread.node.directives),
    });
    set.items.len() + selections.sum::<usize>()
}

fn nodes_of_directives(directives: &[Positioned<Directive>]) -> usize {
    directives.iter().map(|directive| 1 + nodes_of_arguments(&directive.node.arguments)).sum()
}

fn nodes_of_arguments(arguments: &[(Positioned<Name>, Positioned<async_graphql_value::Value>)]) -> usize {
    arguments.iter().map(|(_, value)| 1 + nodes_of(&value.node)).sum()
}

fn nodes_of(value: &Value) -> usize {
    match value {
        Value::List(values) => values.iter().map(nodes_of).sum::<usize>() + 1,
        Value::Object(fields) => fields.values().map(|value| 1 + nodes_of(value)).sum::<usize>() + 1,
        _ => 1,
    }
}

fn nodes_of_constant(value: &ConstValue) -> usize {
    match value {
        ConstValue::List(values) => values.iter().map(nodes_of_constant).sum::<usize>() + 1,
        ConstValue::Object(fields) => fields.values().map(|value| 1 + nodes_of_constant(value)).sum::<usize>() + 1,
        _ => 1,
    }
}

/// Whether a document asks for the schema anywhere.
pub fn introspects(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(selects_schema)
}

fn selects_schema(set: &SelectionSet) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => {
            matches!(field.node.name.node.as_str(), "__schema" | "__type" | "_service")
                || selects_schema(&field.node.selection_set.node)
        }
        Selection::InlineFragment(inline) => selects_schema(&inline.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}

/// What async-graphql 8.0.0-rc.5 treats as undefined when its variable is omitted, and what omitted means there: page sizes, which it reads to
/// weigh a document, and an argument of introspection.
const OMITTED: [(&str, ConstValue); 3] =
    [("first", ConstValue::Null), ("last", ConstValue::Null), ("includeDeprecated", ConstValue::Boolean(false))];

/// Gives the variables of such arguments a default. One that stands elsewhere, too, gets none that means something there.
pub fn allow_omitted(document: &mut ExecutableDocument) {
    let mut uses = Uses::default();
    for (_, operation) in document.operations.iter() {
        uses.find(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        uses.find(&fragment.node.selection_set.node);
    }
    let operations = operations_mut(&mut document.operations).into_iter();
    for variable in operations.flat_map(|operation| &mut operation.node.variable_definitions) {
        let (at, variable) = (variable.pos, &mut variable.node);
        if variable.var_type.node.nullable && variable.default_value.is_none() {
            let default = uses.default_of(&variable.name.node).cloned();
            variable.default_value = default.map(|default| Positioned::new(default, at));
        }
    }
}

/// Where the variables of a document stand.
#[derive(Default)]
struct Uses {
    /// In an argument that may be omitted, and what omitted means.
    omitted: HashMap<Name, ConstValue>,
    elsewhere: HashSet<Name>,
}

impl Uses {
    fn default_of(&self, name: &Name) -> Option<&ConstValue> {
        self.omitted.get(name).filter(|default| **default == ConstValue::Null || !self.elsewhere.contains(name))
    }

    fn find(&mut self, selections: &SelectionSet) {
        for selection in &selections.items {
            let (directives, inner) = match &selection.node {
                Selection::Field(field) => {
                    for (name, value) in &field.node.arguments {
                        let omitted = OMITTED.iter().find(|(argument, _)| *argument == name.node);
                        match (&value.node, omitted) {
                            (Value::Variable(name), Some((_, omitted))) => {
                                self.omitted.entry(name.clone()).or_insert_with(|| omitted.clone());
                            }
                            (value, _) => self.note(value),
                        }
                    }
                    (&field.node.directives, Some(&field.node.selection_set))
                }
                Selection::InlineFragment(fragment) => (&fragment.node.directives, Some(&fragment.node.selection_set)),
                Selection::FragmentSpread(spread) => (&spread.node.directives, None),
            };
            for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
                self.note(&value.node);
            }
            if let Some(inner) = inner {
                self.find(&inner.node);
            }
        }
    }

    fn note(&mut self, value: &Value) {
        let noted = value.clone().into_const_with(|name| {
            self.elsewhere.insert(name);
            Ok::<_, std::convert::Infallible>(ConstValue::Null)
        });
        let Ok(_) = noted;
    }
}

#[cfg(test)]
mod tests {
    use crate::http::admission::parsed;

    use super::{Limits, allow_omitted, check, nodes};

    #[test]
    fn an_operation_is_weighed_with_its_fragments_written_out() {
        let limits = Limits { depth: 4, root_fields: 2, aliases: 2, directives: 2, ..Limits::DEFAULT };
        let code = |text: &str| check(&parsed(text).unwrap(), &limits).err().map(|refusal| refusal.code);
        for (text, expected) in [
            ("{ a { b { c { d } } } }", None),
            ("{ a { b { c { d { e } } } } }", Some("QUERY_TOO_DEEP")),
            ("{ a { ...f } } fragment f on T { b { ... on T { c { d { e } } } } }", Some("QUERY_TOO_DEEP")),
            ("query A { a b } query B { c d }", None),
            ("{ a ...f } fragment f on T { b c }", Some("TOO_MANY_ROOT_FIELDS")),
            ("{ a { x: b y: c } }", None),
            ("{ a { ...f ...f ...f } } fragment f on T { x: b }", Some("TOO_MANY_ALIASES")),
            ("query @one { a @two }", None),
            ("query($v: Int @one) { a @two ... @three { b } }", Some("TOO_MANY_DIRECTIVES")),
            ("{ a { ...f ...f @one ...f @two } } fragment f on T { b @three }", Some("TOO_MANY_DIRECTIVES")),
            ("{ ...f } fragment f on T { a ...f }", Some("GRAPHQL_VALIDATION_FAILED")),
            ("{ a } fragment f on T { a ...g } fragment g on T { ...f }", Some("GRAPHQL_VALIDATION_FAILED")),
            ("{ a } fragment f on T { a { b { c { d { e } } } } }", Some("QUERY_TOO_DEEP")),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn nodes_are_counted_however_they_are_written() {
        for (text, count) in [
            ("{ a }", 2),
            ("query($v: [Int] = [1, 2]) { a(b: { c: [$v], d: 1 }) @e(f: 1) ...g } fragment g on T { h }", 19),
        ] {
            assert_eq!(nodes(&parsed(text).unwrap()), count, "{text}");
        }
        // The text was counted roughly: byte order mark and name as one word.
        let hidden = format!("{{ {} }}", "a\u{feff}".repeat(5000));
        let refusal = check(&parsed(&hidden).unwrap(), &Limits::DEFAULT).unwrap_err();
        assert_eq!(refusal.code, "TOO_MANY_TOKENS");
    }

    #[test]
    fn a_chain_of_fragments_is_weighed_at_once_and_does_not_wrap() {
        let chain: String = (0..90)
            .map(|level| format!("fragment f{level} on T {{ ...f{0} ...f{0} }} ", level + 1))
            .chain(["fragment f90 on T { a } { ...f0 }".to_owned()])
            .collect();
        let refusal = check(&parsed(&chain).unwrap(), &Limits::DEFAULT).unwrap_err();
        assert_eq!(refusal.code, "TOO_MANY_FIELDS");
        // Whether it is used or not.
        let unused = chain.replace("{ ...f0 }", "{ a }");
        assert_eq!(check(&parsed(&unused).unwrap(), &Limits::DEFAULT).unwrap_err().code, "TOO_MANY_FIELDS");
    }

    #[test]
    fn what_is_omitted_has_its_default_and_every_other_variable_stays_as_it_is() {
        let text = "query($a: Int, $b: Int = 2, $c: Int!, $d: Int, $e: Boolean, $f: Boolean) { ...f x(first: $b, last: $c, after: $d) { id } }
            fragment g on __Type { fields(includeDeprecated: $e) { name @include(if: $f) } inputFields(includeDeprecated: $f) { name } } fragment f on Query { ... on Query { y { z(last: $a) { id } } } }";
        let mut document = parsed(text).unwrap();
        allow_omitted(&mut document);
        let (_, operation) = document.operations.iter().next().unwrap();
        let defaults = operation
            .node
            .variable_definitions
            .iter()
            .map(|v| v.node.default_value.as_ref().map(|v| v.node.to_string()));
        assert_eq!(
            defaults.collect::<Vec<_>>(),
            [Some("null".to_owned()), Some("2".to_owned()), None, None, Some("false".to_owned()), None]
        );
    }
}
