//! A document that is known to fit the schema. Parses and judges nothing.

use async_graphql::Variables;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition};

use super::Hash;
use super::cacheable::are_cacheable;
use super::root_fields::start_variable;
use crate::unicode::normalize;

/// A document that may be executed.
#[derive(Clone, Debug)]
pub struct Document {
    pub parsed: ExecutableDocument,
    pub(super) hash: Hash,
    pub(super) introspects: bool,
    pub(super) is_cacheable: bool,
    /// The most memory that it takes, in bytes.
    pub(super) size: usize,
}

impl Document {
    /// Whether it asks for the schema.
    pub fn introspects(&self) -> bool {
        self.introspects
    }

    /// Whether its answer with these variables may be cached.
    pub fn is_cacheable(&self, variables: &Variables) -> bool {
        self.is_cacheable && are_cacheable(variables)
    }

    /// The name of the operation that is executed, if it has one.
    pub fn operation_name(&self, asked: Option<&str>) -> Option<String> {
        let only = || match &self.parsed.operations {
            DocumentOperations::Multiple(all) if all.len() == 1 => all.keys().next().map(ToString::to_string),
            _ => None,
        };
        self.operation(asked)?;
        asked.map(str::to_owned).or_else(only)
    }

    /// The beginning of the hash of its text.
    pub fn short_hash(&self) -> String {
        let beginning = self.hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        format!("{:012x}", beginning >> 16)
    }

    /// The variables that the operation declares, with their defaults: async-graphql 8.0.0-rc.5 ignores a default in `@skip` and `@include`.
    /// Others are dropped, so that they take no memory. Texts in them get Normalization Form C, as those of the document have it.
    pub fn declared(&self, operation: Option<&str>, mut given: Variables) -> Variables {
        let declared = self.operation(operation).map_or(&[][..], |operation| operation.variable_definitions.as_slice());
        given.retain(|name, _| declared.iter().any(|one| one.node.name.node == *name));
        given.values_mut().for_each(normalize);
        for one in declared {
            if let Some(default) = &one.node.default_value {
                given.entry(one.node.name.node.clone()).or_insert_with(|| default.node.clone());
            }
        }
        given
    }

    /// The variable that only says where a subscription begins: later results do not depend on it.
    pub fn start_variable(&self, operation: Option<&str>) -> Option<&str> {
        self.operation(operation).and_then(|operation| start_variable(&self.parsed, operation))
    }

    pub fn operation(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        operation(&self.parsed, name)
    }
}

/// The operation that a request names, or the only one.
pub fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(only), None) => Some(only),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => all.values().next(),
        _ => None,
    };
    operation.map(|operation| &operation.node)
}
