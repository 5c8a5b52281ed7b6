//! The rules of API clients and their tokens. They sign nothing, and know no keys.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use entity::client::{ClientRole, Scope};

use super::fields::YEARS;
use super::validation::{Validated, ValidationError, ValidationErrorCode, ensure};

/// The most active clients.
pub const ACTIVE: usize = 500;
/// The longest time that a token may be valid, in days.
const LONGEST_DAYS: i32 = 366;
/// The most valid tokens of a client of the command line.
const LOCAL: usize = 1000;
/// The longest time that a token of the command line is valid, unless its limit is lifted.
const LONGEST_LOCAL: TimeDelta = TimeDelta::days(90);

/// A partner acts for an organisation; others may belong to one.
pub fn has_its_organization(role: ClientRole, has_one: bool) -> Validated<()> {
    ensure(role != ClientRole::Partner || has_one, || {
        ValidationError::required("organizationId", "A partner acts for an organisation.")
    })
}

/// Nobody acts for an organisation that is not active.
pub fn organization_is_active(active: bool) -> Validated<()> {
    ensure(active, || ValidationError::state("organizationId", "The organisation is not active."))
}

/// A client has at least one scope.
pub fn has_scopes(scopes: &[Scope]) -> Validated<()> {
    ensure(!scopes.is_empty(), || ValidationError::required("scopes", "A client without a scope can do nothing."))
}

/// One more client may be active.
pub fn has_room(active: usize) -> Validated<()> {
    ensure(active < ACTIVE, || {
        ValidationError::new(ValidationErrorCode::TooLong, "", format!("{ACTIVE} clients are active already."))
    })
}

/// Whoever may issue tokens for others gives nobody as much as that.
pub fn is_for_registered(role: ClientRole) -> Validated<()> {
    ensure(role != ClientRole::Admin, || {
        ValidationError::invalid(
            "role",
            "Tokens of administrators are issued by the command line: rec token --role admin.",
        )
    })
}

/// The tokens of a local client are issued where the service's key is.
pub fn is_registered(path: &str, local: bool) -> Validated<()> {
    ensure(!local, || ValidationError::state(path, "Its tokens are issued by the command line: rec token."))
}

/// A token is only issued for an active client.
pub fn is_active(path: &str, active: bool) -> Validated<()> {
    ensure(active, || ValidationError::state(path, "The client is not active."))
}

/// When a token that is issued for so many days expires.
pub fn expires_at(issued_at: DateTime<Utc>, days: i32) -> Validated<DateTime<Utc>> {
    ensure((1..=LONGEST_DAYS).contains(&days), || {
        ValidationError::invalid("days", format!("A token is valid for 1 to {LONGEST_DAYS} days."))
    })?;
    Ok(issued_at + TimeDelta::days(days.into()))
}

/// When a token of the command line expires.
pub fn local_expiry(issued_at: DateTime<Utc>, valid_for: TimeDelta, is_unlimited: bool) -> Validated<DateTime<Utc>> {
    ensure(is_unlimited || valid_for <= LONGEST_LOCAL, || {
        ValidationError::invalid("expiresIn", "A token is valid for 90 days at most, unless you say --no-limit.")
    })?;
    let expires_at = issued_at.checked_add_signed(valid_for).filter(|at| YEARS.contains(&at.year()));
    expires_at.ok_or_else(|| vec![ValidationError::invalid("expiresIn", "A token expires before the year 10000.")])
}

/// The command line may issue one more token for a role and an organisation.
pub fn has_local_room(valid: usize) -> Validated<()> {
    ensure(valid < LOCAL, || {
        let message = format!("{LOCAL} such tokens are valid already: revoke some, or let them expire.");
        ValidationError::new(ValidationErrorCode::TooLong, "", message)
    })
}

#[cfg(test)]
mod tests {
    use super::{
        ACTIVE, LOCAL, expires_at, has_its_organization, has_local_room, has_room, has_scopes, is_for_registered,
        is_registered, local_expiry,
    };
    use chrono::TimeDelta;
    use entity::client::{ClientRole, Scope};

    #[test]
    fn a_token_of_the_command_line_is_valid_for_90_days_unless_its_limit_is_lifted() {
        let at = "2026-01-15T04:00:00Z".parse().unwrap();
        assert_eq!(local_expiry(at, TimeDelta::days(90), false).unwrap().to_rfc3339(), "2026-04-15T04:00:00+00:00");
        assert!(
            local_expiry(at, TimeDelta::days(91), false).is_err()
                && local_expiry(at, TimeDelta::days(91), true).is_ok()
        );
        for too_long in [TimeDelta::days(366 * 8000), TimeDelta::MAX] {
            assert!(local_expiry(at, too_long, true).is_err(), "what no column of both databases sorts");
        }
        assert!(has_local_room(LOCAL - 1).is_ok() && has_local_room(LOCAL).is_err());
    }

    #[test]
    fn administrators_and_local_clients_get_their_tokens_from_the_command_line() {
        assert!(is_for_registered(ClientRole::Admin).is_err() && is_for_registered(ClientRole::Secretariat).is_ok());
        assert!(is_registered("clientId", true).is_err() && is_registered("clientId", false).is_ok());
    }

    #[test]
    fn a_partner_acts_for_an_organisation_and_others_may_belong_to_one() {
        assert!(has_its_organization(ClientRole::Partner, false).is_err());
        assert!(has_its_organization(ClientRole::Partner, true).is_ok());
        assert!(has_its_organization(ClientRole::Reader, true).is_ok());
        assert!(has_its_organization(ClientRole::Reader, false).is_ok());
    }

    #[test]
    fn clients_do_something_and_are_not_too_many() {
        assert!(has_scopes(&[]).is_err() && has_scopes(&[Scope::Read]).is_ok());
        assert!(has_room(ACTIVE - 1).is_ok() && has_room(ACTIVE).is_err());
    }

    #[test]
    fn a_token_is_valid_for_a_day_to_a_leap_year() {
        let at = "2026-01-15T04:00:00Z".parse().unwrap();
        assert_eq!(expires_at(at, 1).unwrap().to_rfc3339(), "2026-01-16T04:00:00+00:00");
        assert!(expires_at(at, 366).is_ok() && expires_at(at, 0).is_err() && expires_at(at, 367).is_err());
    }
}
