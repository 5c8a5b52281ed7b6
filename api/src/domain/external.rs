//! External ids: what other systems call our records. It knows the form of the keys, and not which are in use.

use super::fields;
use super::validation::{Validated, ValidationError, ValidationErrorCode, combine, ensure};

/// The longest name of a system, in characters.
const SYSTEM: usize = 64;
/// The longest value, in characters.
const VALUE: usize = 200;

/// An external id: a record's name in another system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalKey {
    pub source_system: String,
    pub value: String,
}

/// `path` is where the external id stands in an input.
pub fn key(path: &str, source_system: &str, value: &str) -> Validated<ExternalKey> {
    combine!(
        source_system = system(&format!("{path}.sourceSystem"), source_system),
        value = fields::text(&format!("{path}.value"), value, VALUE)
    );
    Ok(ExternalKey { source_system, value })
}

fn system(path: &str, value: &str) -> Validated<String> {
    let value = fields::text(path, value, SYSTEM)?;
    let formed = value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    ensure(formed, || ValidationError::invalid(path, "Use Latin letters, digits, and the signs . - _ and :"))?;
    Ok(value)
}

/// A source system belongs to one organisation, or to the secretariat: `ours` if it is the writer's to use.
pub fn is_ours(path: &str, ours: bool) -> Validated<()> {
    ensure(ours, || {
        ValidationError::new(
            ValidationErrorCode::AlreadyExists,
            &format!("{path}.sourceSystem"),
            "Another organisation uses this name for its system.",
        )
    })
}

/// The most systems of an organisation: names must not be taken just to keep others from them.
pub const SYSTEMS: usize = 50;

/// An organisation that has so many systems has room for more. For the secretariat, which owns none, there is no limit.
pub fn room_for_systems(path: &str, owned: Option<usize>, more: usize) -> Validated<()> {
    ensure(more == 0 || owned.is_none_or(|owned| owned.saturating_add(more) <= SYSTEMS), || {
        let text = format!("An organisation has at most {SYSTEMS} systems.");
        ValidationError::new(ValidationErrorCode::TooLong, &format!("{path}.sourceSystem"), text)
    })
}

pub const TAKEN: &str = "Another record of this type has this external id.";

/// An external id names one record of a type.
pub fn names_one(path: &str, free: bool) -> Validated<()> {
    ensure(free, || ValidationError::new(ValidationErrorCode::AlreadyExists, path, TAKEN))
}

#[cfg(test)]
mod tests {
    use super::{SYSTEMS, key, room_for_systems};

    #[test]
    fn an_external_id_has_a_form() {
        assert!(key("externalId", "isrs.crm-2:x_1", "№ 17 / 2025").is_ok());
        for (system, value, path) in [
            ("", "1", "x.sourceSystem"),
            ("a b", "1", "x.sourceSystem"),
            ("ц", "1", "x.sourceSystem"),
            ("a", " ", "x.value"),
        ] {
            let refusals = key("x", system, value).unwrap_err();
            assert_eq!(refusals[0].path.join("."), path, "{system}/{value}");
        }
        assert!(key("x", &"a".repeat(65), "1").is_err());
        assert!(key("x", "a", &"1".repeat(201)).is_err());
    }

    #[test]
    fn an_organisation_has_so_many_systems_and_the_secretariat_as_many_as_it_likes() {
        assert!(room_for_systems("x", Some(SYSTEMS - 2), 2).is_ok());
        assert_eq!(room_for_systems("x", Some(SYSTEMS - 2), 3).unwrap_err()[0].path.join("."), "x.sourceSystem");
        assert!(room_for_systems("x", Some(SYSTEMS + 1), 0).is_ok(), "what is known needs no room");
        assert!(room_for_systems("x", None, 10 * SYSTEMS).is_ok());
    }
}
