//! How many records of each type there are, as of a minute ago at most: what a list can make the database do depends on it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use entity::RecordType;

/// What is no record, and the record that it is a part of: there are about as many.
const PARTS: [(&str, &str); 1] = [("BodySession", "Meeting")];

/// By the names of the types in the schema.
#[derive(Debug, Default)]
pub struct Sizes(RwLock<HashMap<String, u64>>);

/// The name of a type of records in the schema.
fn name_of(record: RecordType) -> String {
    format!("{record:?}")
}

impl Sizes {
    /// So many of each of these types.
    pub fn new(sizes: impl IntoIterator<Item = (RecordType, u64)>) -> Self {
        let new = Self::default();
        new.know(sizes);
        new
    }

    /// How many records there are of the type with this name in the schema, or parts of records.
    pub fn of(&self, name: &str) -> u64 {
        let name = PARTS.iter().find(|(part, _)| *part == name).map_or(name, |(_, record)| record);
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or(0)
    }

    pub fn of_type(&self, record: RecordType) -> u64 {
        self.of(&name_of(record))
    }

    /// Of all types together.
    pub fn total(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Takes up how many there are.
    pub fn know(&self, sizes: impl IntoIterator<Item = (RecordType, u64)>) {
        let sizes = sizes.into_iter().map(|(record, count)| (name_of(record), count)).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sizes;
    }
}
