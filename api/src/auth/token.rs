//! A bearer token and what it claims. A token that is present but invalid is refused, never treated as anonymous.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use super::Role;
use super::keys::{KeyRing, OwnKey};
use crate::config::Trust;
use crate::error::Error;

/// Longer tokens are refused without being parsed.
const LONGEST: usize = 8 * 1024;
/// How far the clocks of the issuer and of the service may differ.
pub const LEEWAY_SECONDS: i64 = 5;

/// The claims of a token. `iss`, `aud`, `sub` and `exp` are required, and so is `organization` for partners.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: serde_json::Value,
    pub sub: String,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    pub role: Role,
    /// What the holder may do, within what its role may: words separated by spaces. Without them, everything that its role may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The organisation that the holder acts for: its id, or its acronym. An acronym can pass to another organisation; an id never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// What a new token is to grant.
pub struct Grant {
    pub role: Role,
    pub organization: Option<String>,
    pub valid_for: Duration,
    /// The registered client that it is for, and its scopes.
    pub client: Option<(String, String)>,
}

/// A token signed with the service's own key.
pub fn issue(key: &OwnKey, trust: &Trust, grant: &Grant, id: uuid::Uuid, now: DateTime<Utc>) -> Result<String, Error> {
    let mut header = Header::new(key.verifying.algorithm);
    header.kid = Some(key.kid.clone());
    let lifetime = i64::try_from(grant.valid_for.as_secs()).map_err(|_| Error::internal("lifetime out of range"))?;
    let holder = grant.organization.as_deref().unwrap_or(match grant.role {
        Role::Anonymous => "anonymous",
        Role::Reader => "reader",
        Role::Partner => "partner",
        Role::Secretariat => "secretariat",
        Role::Admin => "admin",
    });
    let claims = Claims {
        iss: trust.issuer.clone(),
        aud: serde_json::Value::String(trust.audience.clone()),
        sub: grant.client.as_ref().map_or_else(|| format!("local:{holder}"), |(id, _)| format!("client:{id}")),
        exp: now.timestamp().saturating_add(lifetime),
        nbf: None,
        iat: Some(now.timestamp()),
        jti: Some(id.simple().to_string()),
        role: grant.role,
        scope: grant.client.as_ref().map(|(_, scope)| scope.clone()),
        organization: grant.organization.clone(),
    };
    encode(&header, &claims, &key.signing).map_err(|error| Error::Internal(error.into()))
}

/// The claims of a token whose signature, issuer, audience and times are valid. Every fault gives the same reason: which one it was helps
/// an attacker more than a client.
pub async fn verify(token: &str, keys: &KeyRing, trust: &Trust, now: DateTime<Utc>) -> Result<Claims, Error> {
    const WRONG: Error = Error::Unauthenticated("The token is not valid.");
    if token.len() > LONGEST {
        return Err(WRONG);
    }
    let header = decode_header(token).map_err(|_| WRONG)?;
    let key = keys.find(header.kid.as_deref()).await.ok_or(WRONG)?;
    let mut validation = Validation::new(key.algorithm);
    validation.set_issuer(&[&trust.issuer]);
    validation.set_audience(&[&trust.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The times are checked below by the service's clock, so that tests can move it.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, &key.key, &validation).map_err(|_| WRONG)?.claims;
    let now = now.timestamp();
    if claims.nbf.is_some_and(|from| from > now.saturating_add(LEEWAY_SECONDS)) {
        return Err(WRONG);
    }
    if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
        return Err(Error::Unauthenticated("The token has expired."));
    }
    // The subject goes into the audit trail, and PostgreSQL stores no NUL character.
    if claims.sub.chars().any(char::is_control) {
        return Err(WRONG);
    }
    if claims.role == Role::Anonymous || (claims.role == Role::Partner) != claims.organization.is_some() {
        return Err(WRONG);
    }
    Ok(claims)
}
