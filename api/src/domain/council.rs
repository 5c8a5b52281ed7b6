//! The rules of organisations, bodies and mandates. They do not judge who may change them.

use chrono::NaiveDate;
use entity::body::BodyKind;
use entity::{country, mandate};

use super::fields;
use super::validation::{Validated, ValidationError, ValidationErrorCode, all, combine, ensure};

pub const ACRONYM_TAKEN: &str = "Another organisation has this acronym.";

/// An acronym belongs to one organisation.
pub fn acronym_is_free(free: bool) -> Validated<()> {
    ensure(free, || ValidationError::new(ValidationErrorCode::AlreadyExists, "acronym", ACRONYM_TAKEN))
}

/// A record is merged into another one of its type.
pub fn merges<I: PartialEq>(id: &I, into: &I) -> Validated<()> {
    ensure(id != into, || ValidationError::invalid("intoId", "A record is not merged into itself."))
}

/// A mandate ends on the day it begins, or later.
pub fn mandate_period(valid_from: NaiveDate, valid_to: Option<NaiveDate>) -> Validated<()> {
    combine!(
        () = fields::day("validFrom", valid_from).map(drop),
        () = fields::optional_day("validTo", valid_to).map(drop)
    );
    ensure(valid_to.is_none_or(|to| to >= valid_from), || {
        ValidationError::invalid("validTo", "The mandate ends before it begins.")
    })
}

/// A mandate can be ended earlier than agreed, but not extended: that is a new mandate.
pub fn mandate_end(mandate: &mandate::Model, valid_to: NaiveDate) -> Validated<()> {
    mandate_period(mandate.valid_from, Some(valid_to))?;
    ensure(mandate.valid_to.is_none_or(|agreed| valid_to <= agreed), || {
        ValidationError::invalid("validTo", "The mandate ends before that day. Grant a new one to prolong it.")
    })
}

/// Mandates are granted to active organisations in active bodies.
pub fn may_hold(organization_active: bool, body_active: bool) -> Validated<()> {
    all([
        ensure(organization_active, || ValidationError::state("organizationId", "The organisation is not active.")),
        ensure(body_active, || ValidationError::state("bodyId", "The body is not active.")),
    ])
}

/// The delegations of the participating states can object; others only if their mandate says so.
pub fn objects_by_default(delegation_of: Option<&country::Model>) -> bool {
    delegation_of.is_some_and(|country| country.participating)
}

/// Whether a mandate is valid on a day, its first and last days included.
pub fn is_valid_on(mandate: &mandate::Model, day: NaiveDate) -> bool {
    mandate.valid_from <= day && mandate.valid_to.is_none_or(|to| to >= day)
}

/// Whether a mandate is valid on one of these days at least.
pub fn is_valid_within(mandate: &mandate::Model, (first, last): (NaiveDate, NaiveDate)) -> bool {
    mandate.valid_from <= last && mandate.valid_to.is_none_or(|to| to >= first)
}

/// The mandates of one organisation in one body and role, `held` so far, do not overlap.
pub fn no_overlap(held: &[mandate::Model], valid_from: NaiveDate, valid_to: Option<NaiveDate>) -> Validated<()> {
    let overlaps = |one: &mandate::Model| {
        one.valid_from <= valid_to.unwrap_or(NaiveDate::MAX) && one.valid_to.unwrap_or(NaiveDate::MAX) >= valid_from
    };
    ensure(!held.iter().any(overlaps), || {
        let text = "The organisation holds this role in this body for part of that time already.";
        ValidationError::new(ValidationErrorCode::AlreadyExists, "validFrom", text)
    })
}

/// A record is not above itself, at any distance. `ancestors` are the wanted parent and all above it.
pub fn no_cycle<I: PartialEq + Copy>(path: &str, id: I, ancestors: &[I]) -> Validated<()> {
    ensure(!ancestors.contains(&id), || ValidationError::invalid(path, "This would put the record above itself."))
}

/// There is always an active plenary and an active Executive Committee; neither can be deactivated.
pub fn stays_represented(path: &str, kind: BodyKind, was_active: bool, active: bool) -> Validated<()> {
    let needed = matches!(kind, BodyKind::Plenary | BodyKind::ExecutiveCommittee);
    ensure(!(needed && was_active && !active), || {
        ValidationError::state(path, "The council always has an active plenary and an active Executive Committee.")
    })
}

#[cfg(test)]
mod tests {
    use super::{no_cycle, no_overlap, stays_represented};
    use chrono::{NaiveDate, TimeZone, Utc};
    use entity::Audience;
    use entity::body::BodyKind;
    use entity::id::{BodyId, MandateId, OrganizationId, RecordId};
    use entity::mandate::{self, MandateRole};
    use uuid::Uuid;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 5, day).unwrap()
    }

    fn mandate(valid_from: NaiveDate, valid_to: Option<NaiveDate>) -> mandate::Model {
        let at = Utc.timestamp_opt(0, 0).unwrap();
        mandate::Model {
            id: MandateId::new(Uuid::nil()),
            organization_id: OrganizationId::new(Uuid::nil()),
            body_id: BodyId::new(Uuid::nil()),
            country_id: None,
            role: MandateRole::Member,
            can_object: false,
            valid_from,
            valid_to,
            audience: Audience::Public,
            owner: None,
            created_at: at,
            updated_at: at,
            version: 1,
        }
    }

    #[test]
    fn periods_that_share_a_day_overlap() {
        let held = [mandate(day(10), Some(day(20)))];
        assert!(no_overlap(&held, day(20), None).is_err());
        assert!(no_overlap(&held, day(1), Some(day(10))).is_err());
        assert!(no_overlap(&held, day(12), Some(day(13))).is_err());
        assert!(no_overlap(&held, day(21), None).is_ok());
        assert!(no_overlap(&held, day(1), Some(day(9))).is_ok());
        assert!(no_overlap(&[mandate(day(10), None)], day(30), Some(day(31))).is_err());
    }

    #[test]
    fn nothing_is_above_itself_and_the_council_keeps_its_heads() {
        assert!(no_cycle("parentId", 1, &[2, 1]).is_err());
        assert!(no_cycle("parentId", 1, &[2, 3]).is_ok());
        assert!(stays_represented("active", BodyKind::Plenary, true, false).is_err());
        assert!(stays_represented("active", BodyKind::WorkingGroup, true, false).is_ok());
    }
}
