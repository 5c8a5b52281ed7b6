//! Fields of a line that no input type has: a misspelt one would be left out in silence. Knows the input types, and no record type.

use async_graphql::registry::{MetaType, Registry};
use async_graphql::{InputType, Value};

/// What a line of an export says besides the fields of an input. Nobody writes it.
const READ_ONLY: [&str; 16] = [
    "adoptedOn",
    "adoptionSourceId",
    "agreedMeetingId",
    "createdAt",
    "draftedById",
    "isDemo",
    "label",
    "meetingId",
    "noPersonalData",
    "outdatedVersions",
    "revisions",
    "status",
    "supersedesId",
    "type",
    "updatedAt",
    "version",
];

/// The input types of rows.
pub struct Known(Registry);

impl Known {
    pub fn of<R: InputType>() -> Self {
        let mut registry = Registry::default();
        R::create_type_info(&mut registry);
        Self(registry)
    }

    /// The place of a field in a row that its type does not have.
    pub fn unknown<R: InputType>(&self, row: &Value) -> Option<String> {
        let Value::Object(fields) = row else { return None };
        let fields = fields.iter().filter(|(name, _)| !READ_ONLY.contains(&name.as_str()));
        fields.into_iter().find_map(|(name, value)| self.unknown_field(&R::type_name(), name, value))
    }

    fn unknown_field(&self, on: &str, name: &str, value: &Value) -> Option<String> {
        let Some(MetaType::InputObject { input_fields, .. }) = self.0.types.get(on) else { return None };
        let Some(field) = input_fields.get(name) else { return Some(name.to_owned()) };
        let named = field.ty.trim_matches(['[', ']', '!']);
        self.unknown_in(named, value).map(|place| format!("{name}.{place}"))
    }

    fn unknown_in(&self, named: &str, value: &Value) -> Option<String> {
        match value {
            Value::Object(fields) => fields.iter().find_map(|(name, value)| self.unknown_field(named, name, value)),
            Value::List(values) => values
                .iter()
                .enumerate()
                .find_map(|(index, value)| self.unknown_in(named, value).map(|place| format!("{index}.{place}"))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Value;
    use serde_json::json;

    use super::Known;
    use crate::service::bulk::BulkInput;
    use crate::service::meeting::upsert::UpsertMeetingsInput;

    type Row = <UpsertMeetingsInput as BulkInput>::Row;

    #[test]
    fn a_field_that_no_type_has_is_found_at_any_depth() {
        let known = Known::of::<Row>();
        let unknown = |row| known.unknown::<Row>(&Value::from_json(row).unwrap());
        let whole = json!({ "type": "MEETING", "version": 1, "title": [{ "locale": "EN", "text": "A" }], "sensitivity": "PUBLIC" });
        assert_eq!(unknown(whole), None);
        assert_eq!(unknown(json!({ "sensitivty": "CONFIDENTIAL" })), Some("sensitivty".to_owned()));
        let nested = json!({ "title": [{ "locale": "EN", "text": "A" }, { "locale": "RU", "txt": "B" }] });
        assert_eq!(unknown(nested), Some("title.1.txt".to_owned()));
    }
}
