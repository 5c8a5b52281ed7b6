//! A value of an input, as it is written in a document and as a variable has it.

use serde_json::{Value, json};

/// An enum's word is written without quotes in a document, and with them in a variable.
#[derive(Clone)]
pub enum Made {
    Word(String),
    /// As JSON has it, and GraphQL too.
    Scalar(String),
    List(Vec<Made>),
    Object(Vec<(String, Made)>),
    /// What is given beside the document, by its name. It stands in no other variable.
    Variable(String),
}

impl Made {
    /// A scalar.
    pub fn of(value: impl Into<Value>) -> Self {
        Self::Scalar(value.into().to_string())
    }

    pub fn literal(&self) -> String {
        match self {
            Self::Word(text) | Self::Scalar(text) => text.clone(),
            Self::List(values) => format!("[{}]", values.iter().map(Self::literal).collect::<Vec<_>>().join(", ")),
            Self::Object(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}: {}", value.literal())).collect();
                format!("{{ {} }}", fields.join(", "))
            }
            Self::Variable(name) => format!("${name}"),
        }
    }

    pub fn json(&self) -> Value {
        match self {
            Self::Word(word) => json!(word),
            Self::Scalar(text) => serde_json::from_str(text).expect("JSON"),
            Self::List(values) => values.iter().map(Self::json).collect(),
            Self::Object(fields) => {
                Value::Object(fields.iter().map(|(name, value)| (name.clone(), value.json())).collect())
            }
            Self::Variable(name) => panic!("${name} in a variable"),
        }
    }
}
