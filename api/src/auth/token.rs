//! A bearer token and what it claims. A token that is present but invalid is refused, never treated as anonymous.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Header, encode};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

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
    pub aud: Value,
    pub sub: String,
    #[serde(deserialize_with = "numeric_date")]
    pub exp: i64,
    #[serde(default, deserialize_with = "optional_numeric_date", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    #[serde(default, deserialize_with = "optional_numeric_date", skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    pub role: Role,
    /// What the holder may do, within what its role may. Without it, everything that its role may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeClaim>,
    /// The same, as some identity providers call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scp: Option<ScopeClaim>,
    /// What binds the token to a key of its holder (RFC 7800). This service takes no proof of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Value>,
    /// The organisation that the holder acts for: its id, or its acronym. An acronym can pass to another organisation; an id never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// The words of a `scope`: separated by spaces (RFC 8693), or a list, as some identity providers have it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScopeClaim {
    Text(String),
    List(Vec<String>),
}

impl ScopeClaim {
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => text.split_whitespace().collect(),
            Self::List(texts) => texts.iter().flat_map(|text| text.split_whitespace()).collect(),
        }
    }
}

impl Claims {
    /// The words of each claim that narrows what the holder may do.
    pub fn scopes(&self) -> Vec<Vec<&str>> {
        [&self.scope, &self.scp].into_iter().flatten().map(ScopeClaim::words).collect()
    }
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
        aud: Value::String(trust.audience.clone()),
        sub: grant.client.as_ref().map_or_else(|| format!("local:{holder}"), |(id, _)| format!("client:{id}")),
        exp: now.timestamp().saturating_add(lifetime),
        nbf: None,
        iat: Some(now.timestamp()),
        jti: Some(id.simple().to_string()),
        role: grant.role,
        scope: grant.client.as_ref().map(|(_, scope)| ScopeClaim::Text(scope.clone())),
        scp: None,
        cnf: None,
        organization: grant.organization.clone(),
    };
    encode(&header, &claims, &key.signing).map_err(|error| Error::Internal(error.into()))
}

/// Why a token is refused. Of a token without a right signature its sender is told nothing: which fault it was helps an attacker more than a
/// client. The log says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub reason: &'static str,
    is_signed: bool,
}

impl Refused {
    const fn unsigned(reason: &'static str) -> Self {
        Self { reason, is_signed: false }
    }

    const fn signed(reason: &'static str) -> Self {
        Self { reason, is_signed: true }
    }

    /// What the sender is told.
    pub fn told(self) -> &'static str {
        if self.is_signed { self.reason } else { "The token is not valid." }
    }
}

/// The claims that every token has, and what is said of one without.
const REQUIRED: [(&str, &str); 5] = [
    ("iss", "The token has no iss."),
    ("aud", "The token has no aud."),
    ("sub", "The token has no sub."),
    ("exp", "The token has no exp."),
    ("role", "The token has no role."),
];

/// Whether a claim has the form that it must have.
type Fits = fn(&Value) -> bool;

/// Claims that integrators write in another form than this service takes, and what is said of them.
const FORMS: [(&str, Fits, &str); 2] = [
    (
        "role",
        |role| role.is_string() && Role::deserialize(role).is_ok_and(|role| role != Role::Anonymous),
        "The token's role is none of reader, partner, secretariat and admin.",
    ),
    ("organization", |name| name.is_null() || name.is_string(), "The token's organization is not one text."),
];

/// The `typ` of tokens that grant access (RFC 7519; RFC 9068). Others are made for something else.
const TYPES: [&str; 4] = ["jwt", "application/jwt", "at+jwt", "application/at+jwt"];

/// The claims of a token whose signature, issuer, audience and times are valid.
pub async fn verify(token: &str, keys: &KeyRing, trust: &Trust, now: DateTime<Utc>) -> Result<Claims, Refused> {
    let payload = signed_payload(token, keys).await.map_err(Refused::unsigned)?;
    let claims: Value = serde_json::from_slice(&payload).map_err(|_| Refused::signed("The token has no claims."))?;
    let missing = REQUIRED.iter().find(|(name, _)| claims.get(name).is_none_or(Value::is_null));
    let formless = FORMS.iter().find(|(name, fits, _)| claims.get(name).is_some_and(|claim| !fits(claim)));
    if let Some(reason) = missing.map(|(_, reason)| *reason).or(formless.map(|(.., reason)| *reason)) {
        return Err(Refused::signed(reason));
    }
    let claims = serde_json::from_value(claims);
    let claims: Claims = claims.map_err(|_| Refused::signed("A claim of the token has another form."))?;
    check(&claims, trust, now.timestamp()).map_err(Refused::signed)?;
    Ok(claims)
}

/// The payload of a token with the signature of a trusted key. jsonwebtoken 11.1 reads no header that names `Ed25519`, so only its
/// cryptography is used.
async fn signed_payload(token: &str, keys: &KeyRing) -> Result<Vec<u8>, &'static str> {
    const MALFORMED: &str = "It is no token.";
    if token.len() > LONGEST {
        return Err("It is too long.");
    }
    let (message, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, payload) = message.split_once('.').ok_or(MALFORMED)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED);
    let header: Map<String, Value> = serde_json::from_slice(&decoded(header)?).map_err(|_| MALFORMED)?;
    if header.contains_key("crit") {
        return Err("Its header has crit, which is not understood.");
    }
    let is_known = |typ: &Value| typ.as_str().is_some_and(|typ| TYPES.contains(&typ.to_ascii_lowercase().as_str()));
    if !header.get("typ").is_none_or(is_known) {
        return Err("Its typ is not that of a token for access.");
    }
    let kid = header.get("kid").map(|kid| kid.as_str().ok_or(MALFORMED)).transpose()?;
    let key = keys.find(kid).await.ok_or("No key is trusted that its kid names.")?;
    if !header.get("alg").and_then(Value::as_str).is_some_and(|name| key.allows(name)) {
        return Err("Its alg is not that of its key.");
    }
    match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm) {
        Ok(true) => decoded(payload),
        _ => Err("Its signature is wrong."),
    }
}

fn check(claims: &Claims, trust: &Trust, now: i64) -> Result<(), &'static str> {
    let is_for = |audience: &Value| audience.as_str() == Some(trust.audience.as_str());
    let late = now.saturating_add(LEEWAY_SECONDS);
    if claims.iss != trust.issuer {
        return Err("The token is of another issuer.");
    }
    if !is_for(&claims.aud) && !claims.aud.as_array().is_some_and(|all| all.iter().any(is_for)) {
        return Err("The token is for another audience.");
    }
    if claims.exp.saturating_add(LEEWAY_SECONDS) <= now {
        return Err("The token has expired.");
    }
    if claims.nbf.is_some_and(|from| from > late) || claims.iat.is_some_and(|at| at > late) {
        return Err("The token is not valid yet.");
    }
    if claims.cnf.is_some() {
        return Err("The token is bound to a key, of which this service takes no proof.");
    }
    // The subject goes into the audit trail, and PostgreSQL stores no NUL character.
    if claims.sub.trim().is_empty() || claims.sub.chars().any(char::is_control) {
        return Err("The token names no subject.");
    }
    if claims.role == Role::Anonymous || (claims.role == Role::Partner) != claims.organization.is_some() {
        return Err("A partner's token names its organisation, and no other role has one.");
    }
    Ok(())
}

/// A time as RFC 7519 has it: seconds, which may have a fraction.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumericDate {
    Seconds(i64),
    Fraction(f64),
}

impl From<NumericDate> for i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a conversion from float to integer saturates")]
    fn from(date: NumericDate) -> Self {
        match date {
            NumericDate::Seconds(seconds) => seconds,
            NumericDate::Fraction(seconds) => seconds.floor() as Self,
        }
    }
}

fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    NumericDate::deserialize(deserializer).map(i64::from)
}

fn optional_numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<NumericDate>::deserialize(deserializer)?.map(i64::from))
}

#[cfg(test)]
mod tests {
    use super::{Claims, ScopeClaim};

    #[test]
    fn claims_are_read_as_the_rfcs_allow_them() {
        let read = |text: &str| serde_json::from_str::<Claims>(text);
        let text = r#"{"iss":"i","aud":["a"],"sub":"s","exp":1700000000.9,"nbf":1.5,"iat":-0.5,"role":"reader","scope":["read","sync openid"]}"#;
        let claims = read(text).unwrap();
        assert_eq!((claims.exp, claims.nbf, claims.iat), (1_700_000_000, Some(1), Some(-1)));
        assert_eq!(claims.scope.unwrap().words(), ["read", "sync", "openid"]);
        assert_eq!(ScopeClaim::Text("read  sync".to_owned()).words(), ["read", "sync"]);
        let elsewhere = read(&text.replace("\"scope\":", "\"scp\":")).unwrap();
        assert_eq!(elsewhere.scopes(), [["read", "sync", "openid"]]);
        let both = read(&text.replace("\"scope\":", "\"scp\":\"\",\"scope\":")).unwrap();
        assert_eq!(both.scopes(), [vec!["read", "sync", "openid"], vec![]]);
        assert!(read(&text.replace("1700000000.9", "\"1700000000\"")).is_err());
    }
}
