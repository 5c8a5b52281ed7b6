//! What a parsed document weighs, and how its page sizes are weighed.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};

/// The most fields and fragments of a document once every fragment stands where it is spread.
pub const MOST_FIELDS: usize = 4000;

/// Counts what a document selects with its fragments written out. A short chain of fragments, each of which spreads the
/// next one twice, stands for more fields than validation could ever visit; here each fragment is counted once.
pub struct Fields<'a> {
    document: &'a ExecutableDocument,
    /// The fragments that are counted; nothing yet for one that is being counted. Validation refuses circles.
    counted: HashMap<&'a str, usize>,
}

impl<'a> Fields<'a> {
    pub fn of(document: &'a ExecutableDocument) -> usize {
        let mut fields = Self { document, counted: HashMap::new() };
        let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
        operations.chain(fragments).map(|set| fields.within(set)).max().unwrap_or_default()
    }

    fn within(&mut self, set: &'a SelectionSet) -> usize {
        set.items.iter().fold(0, |sum, item| {
            let below = match &item.node {
                Selection::Field(field) => self.within(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => self.within(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            };
            sum.saturating_add(below).saturating_add(1)
        })
    }

    fn fragment(&mut self, name: &'a str) -> usize {
        if let Some(count) = self.counted.get(name) {
            return *count;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        self.counted.insert(name, 0);
        let count = self.within(&fragment.node.selection_set.node);
        self.counted.insert(name, count);
        count
    }
}

/// To weigh a document the library reads its page sizes, and there it takes an omitted variable for an undefined one. Such a
/// variable is null by default here: for a page size that means the same.
pub fn allow_omitted_page_sizes(document: &mut ExecutableDocument) {
    let mut names = HashSet::new();
    for (_, operation) in document.operations.iter() {
        find_page_sizes(&operation.node.selection_set.node, &mut names);
    }
    for fragment in document.fragments.values() {
        find_page_sizes(&fragment.node.selection_set.node, &mut names);
    }
    let operations = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for variable in operations.into_iter().flat_map(|operation| &mut operation.node.variable_definitions) {
        let (at, variable) = (variable.pos, &mut variable.node);
        if variable.var_type.node.nullable && variable.default_value.is_none() && names.contains(&variable.name.node) {
            variable.default_value = Some(Positioned::new(Value::Null, at));
        }
    }
}

/// The variables that stand for the size of a page.
fn find_page_sizes(selections: &SelectionSet, names: &mut HashSet<Name>) {
    for selection in &selections.items {
        let inner = match &selection.node {
            Selection::Field(field) => {
                for size in ["first", "last"].into_iter().filter_map(|name| field.node.get_argument(name)) {
                    let noted = size.node.clone().into_const_with(|name| {
                        names.insert(name);
                        Ok::<_, std::convert::Infallible>(Value::Null)
                    });
                    let Ok(_) = noted;
                }
                &field.node.selection_set
            }
            Selection::InlineFragment(fragment) => &fragment.node.selection_set,
            Selection::FragmentSpread(_) => continue,
        };
        find_page_sizes(&inner.node, names);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::allow_omitted_page_sizes;

    #[test]
    fn an_omitted_page_size_is_null_and_every_other_variable_stays_as_it_is() {
        let text = "query($a: Int, $b: Int = 2, $c: Int!, $d: Int) { ...f x(first: $b, last: $c, after: $d) { id } }
            fragment f on Query { ... on Query { y { z(last: $a) { id } } } }";
        let mut document = parse_query(text).unwrap();
        allow_omitted_page_sizes(&mut document);
        let (_, operation) = document.operations.iter().next().unwrap();
        let defaults = operation
            .node
            .variable_definitions
            .iter()
            .map(|v| v.node.default_value.as_ref().map(|v| v.node.to_string()));
        assert_eq!(defaults.collect::<Vec<_>>(), [Some("null".to_owned()), Some("2".to_owned()), None, None]);
    }
}
