//! How many records of each type there are, at most a minute old. It counts nothing itself: the cost of a list depends on these numbers.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use entity::{Audience, RecordType};

/// What is not a record, and the record that it is a part of: there are about as many.
const PARTS: [(&str, &str); 1] = [("BodySession", "Meeting")];

/// By the type names of the schema.
#[derive(Debug, Default)]
pub struct Sizes(RwLock<HashMap<String, u64>>);

/// How many records each audience may read. What an operation costs a viewer depends on these alone: it tells nothing of what is hidden.
#[derive(Debug, Default)]
pub struct SizesByAudience {
    public: Sizes,
    participants: Sizes,
    confidential: Sizes,
}

impl SizesByAudience {
    pub fn read_by(&self, audience: Audience) -> &Sizes {
        match audience {
            Audience::Public => &self.public,
            Audience::Participants => &self.participants,
            Audience::Confidential => &self.confidential,
        }
    }

    /// Replaces the numbers: how many records of a type are for an audience, and for no wider one.
    pub fn know(&self, counted: &[(RecordType, Audience, u64)]) {
        for reader in [Audience::Public, Audience::Participants, Audience::Confidential] {
            let mut sizes: HashMap<RecordType, u64> = HashMap::new();
            for (record, _, count) in counted.iter().filter(|(_, audience, _)| *audience <= reader) {
                *sizes.entry(*record).or_default() += count;
            }
            self.read_by(reader).know(sizes);
        }
    }
}

/// The name of a record type in the schema.
fn name_of(record: RecordType) -> String {
    format!("{record:?}")
}

impl Sizes {
    /// These numbers of records.
    pub fn new(sizes: impl IntoIterator<Item = (RecordType, u64)>) -> Self {
        let new = Self::default();
        new.know(sizes);
        new
    }

    /// How many records, or parts of records, there are of the type with this name in the schema.
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

    /// Replaces the numbers.
    pub fn know(&self, sizes: impl IntoIterator<Item = (RecordType, u64)>) {
        let sizes = sizes.into_iter().map(|(record, count)| (name_of(record), count)).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sizes;
    }
}
