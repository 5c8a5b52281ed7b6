//! The keys that tokens are verified with: the service's own, generated on first start, and those of a trusted issuer. A key determines its
//! algorithm; a token's header never does.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, RwLock};

use super::seal::Seal;
use crate::config::JwksSource;
use crate::unicode::without_mark;

/// The shortest time between two reads of the issuer's keys because of an unknown `kid`.
const REFRESH_AT_MOST_EVERY: Duration = Duration::from_secs(30);
/// The longest time that keys from an address are used before they are read again, so that a revoked key is dropped.
const REFRESH_AT_LEAST_EVERY: Duration = Duration::from_mins(10);

/// A key that tokens are verified with.
#[derive(Clone)]
pub struct VerifyingKey {
    pub kid: Option<String>,
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

impl VerifyingKey {
    /// Whether the header of a token that it signs may name this algorithm. Ed25519 has two names since RFC 9864.
    pub fn allows(&self, name: &str) -> bool {
        match self.algorithm {
            Algorithm::EdDSA => ED25519.contains(&name),
            Algorithm::ES256 => name == "ES256",
            Algorithm::RS256 => name == "RS256",
            _ => false,
        }
    }
}

/// The names of Ed25519: the polymorphic one, and the one of RFC 9864, which browsers write.
const ED25519: [&str; 2] = ["EdDSA", "Ed25519"];
/// The longest key set that is read from an address, in bytes.
const LONGEST_SET: usize = 1 << 20;
/// The shortest modulus of an RSA key, in bits (RFC 7518, section 3.3).
const SHORTEST_RSA: usize = 2048;

/// The service's own key.
pub struct OwnKey {
    pub kid: String,
    pub signing: EncodingKey,
    pub verifying: VerifyingKey,
    /// What is secret in the database is sealed with it.
    pub seal: Seal,
}

impl OwnKey {
    /// The key in `directory`; it is generated if there is none. Only its owner may be able to read the file.
    pub fn open(directory: &Path) -> Result<Self, String> {
        let path = directory.join("signing-key.der");
        if !path.exists() {
            generate(&path).map_err(|error| format!("cannot write the signing key {}: {error}", path.display()))?;
        }
        check_permissions(&path)?;
        let der =
            std::fs::read(&path).map_err(|error| format!("cannot read the signing key {}: {error}", path.display()))?;
        Self::from_der(&der).map_err(|()| format!("{} holds no Ed25519 key in PKCS#8 form", path.display()))
    }

    fn from_der(der: &[u8]) -> Result<Self, ()> {
        let signing = SigningKey::from_pkcs8_der(der).map_err(|_| ())?;
        let public = signing.verifying_key().to_bytes();
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..12]);
        let key = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public)).map_err(|_| ())?;
        let verifying = VerifyingKey { kid: Some(kid.clone()), algorithm: Algorithm::EdDSA, key };
        let seal = Seal::of(signing.as_bytes()).map_err(|_| ())?;
        Ok(Self { kid, signing: EncodingKey::from_ed_der(der), verifying, seal })
    }
}

fn generate(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    use std::io::Write as _;
    let mut seed = [0; 32];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut seed).map_err(|_| "no random numbers")?;
    let key = SigningKey::from_bytes(&seed);
    let der = key.to_pkcs8_der()?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Written to another file and linked when complete: the key is there in full or not at all.
    let aside = path.with_extension(URL_SAFE_NO_PAD.encode(key.verifying_key()));
    let mut file = options.open(&aside)?;
    file.write_all(der.as_bytes()).and_then(|()| file.sync_all())?;
    let linked = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside)?;
    match linked {
        // Another process was faster: its key is used.
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn check_permissions(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata =
        std::fs::metadata(path).map_err(|error| format!("cannot read the signing key {}: {error}", path.display()))?;
    let mode = metadata.permissions().mode() & 0o777;
    let open_to_others = mode & 0o077;
    if open_to_others == 0 {
        Ok(())
    } else {
        Err(format!("the signing key {} is open to others (mode {mode:04o}); run: chmod 600 {0}", path.display()))
    }
}

#[cfg(not(unix))]
fn check_permissions(_: &Path) -> Result<(), String> {
    Ok(())
}

async fn read(source: &JwksSource) -> Result<Vec<VerifyingKey>, String> {
    let text = match source {
        JwksSource::File(path) => {
            tokio::fs::read_to_string(path).await.map_err(|error| format!("cannot read {}: {error}", path.display()))?
        }
        JwksSource::Url(url) => fetch(url).await.map_err(|error| format!("cannot read {url}: {error}"))?,
    };
    let set: KeySet =
        serde_json::from_str(without_mark(&text)).map_err(|error| format!("not a JSON Web Key Set: {error}"))?;
    let keys = trusted(&set.keys);
    if keys.is_empty() { Err("the key set holds no Ed25519, P-256 or RSA key for signatures".into()) } else { Ok(keys) }
}

/// A JSON Web Key Set (RFC 7517), whose keys are read one by one: one that is not known keeps no other from being used.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// Those of the keys that are used. The log says of each other one why not.
fn trusted(keys: &[Value]) -> Vec<VerifyingKey> {
    let kid = |key: &Value| key["kid"].as_str().map(str::to_owned);
    let is_single =
        |key: &Value| kid(key).is_none_or(|id| keys.iter().filter(|one| kid(one) == Some(id.clone())).count() == 1);
    let judged = keys.iter().map(|key| {
        let usable = if is_single(key) { usable(key) } else { Err("its kid comes twice") };
        usable.inspect_err(|reason| tracing::warn!(kid = kid(key), reason, "a key of the issuer is not used"))
    });
    judged.flatten().collect()
}

/// The text at an address itself: a redirect may lead to where nobody knows who answers.
async fn fetch(url: &reqwest::Url) -> Result<String, String> {
    let client = Client::builder().timeout(Duration::from_secs(5)).redirect(Policy::none()).build();
    let client = client.map_err(|error| error.to_string())?;
    let mut response = client.get(url.clone()).send().await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("it answers {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(more) = response.chunk().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(&more);
        if bytes.len() > LONGEST_SET {
            return Err(format!("it answers more than {LONGEST_SET} bytes"));
        }
    }
    String::from_utf8(bytes).map_err(|_| "it answers what is not UTF-8".to_owned())
}

/// The key, if it is an asymmetric one for signatures. Secrets (`oct`) are never accepted from a published set.
fn usable(key: &Value) -> Result<VerifyingKey, &'static str> {
    // jsonwebtoken 11.1 does not know the name Ed25519. The type and the curve of a key say more than its `alg`.
    let (mut known, declared) = (key.clone(), key.get("alg").filter(|alg| !alg.is_null()).cloned());
    known.as_object_mut().map(|key| key.remove("alg"));
    let jwk: Jwk = serde_json::from_value(known).map_err(|_| "its type or curve is not known")?;
    let (usage, operations) = (jwk.common.public_key_use.as_ref(), jwk.common.key_operations.as_ref());
    if usage.is_some_and(|usage| *usage != PublicKeyUse::Signature)
        || operations.is_some_and(|all| !all.contains(&KeyOperations::Verify))
    {
        return Err("it is not for signatures");
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::RSA(rsa) if bits(&rsa.n) < SHORTEST_RSA => return Err("it is shorter than 2048 bits"),
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        _ => return Err("its type or curve is not known"),
    };
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "it is no key of its type")?;
    let key = VerifyingKey { kid: jwk.common.key_id, algorithm, key: decoding };
    match declared {
        Some(name) if !name.as_str().is_some_and(|name| key.allows(name)) => Err("its alg is not one of this service"),
        _ => Ok(key),
    }
}

/// How many bits a number has.
fn bits(number: &str) -> usize {
    let bytes = URL_SAFE_NO_PAD.decode(number).unwrap_or_default();
    let mut bytes = bytes.iter().skip_while(|byte| **byte == 0);
    bytes.next().map_or(0, |first| 8 - first.leading_zeros() as usize + 8 * bytes.count())
}

/// All keys that are trusted now.
pub struct KeyRing {
    own: OwnKey,
    issuer: Option<Issuer>,
}

struct Issuer {
    source: JwksSource,
    state: RwLock<(Vec<VerifyingKey>, Instant)>,
    /// Locked while the keys are read again.
    reading: Mutex<()>,
}

impl KeyRing {
    /// Fails if the issuer's keys cannot be read: a service that trusts no token is of no use.
    pub async fn open(directory: &Path, jwks: Option<JwksSource>) -> Result<Self, String> {
        let own = OwnKey::open(directory)?;
        let issuer = match jwks {
            None => None,
            Some(source) => {
                let keys = read(&source).await.map_err(|error| format!("REC_JWKS: {error}"))?;
                Some(Issuer { source, state: RwLock::new((keys, Instant::now())), reading: Mutex::default() })
            }
        };
        Ok(Self { own, issuer })
    }

    pub fn own(&self) -> &OwnKey {
        &self.own
    }

    /// The key that a token names. Without `kid` it is the issuer's only key, if it has just one.
    pub async fn find(&self, kid: Option<&str>) -> Option<VerifyingKey> {
        if kid == Some(self.own.kid.as_str()) {
            return Some(self.own.verifying.clone());
        }
        self.issuer.as_ref()?.find(kid).await
    }
}

impl Issuer {
    async fn find(&self, kid: Option<&str>) -> Option<VerifyingKey> {
        let (found, age) = {
            let known = self.state.read().await;
            (pick(&known.0, kid), known.1.elapsed())
        };
        let stale = age > REFRESH_AT_LEAST_EVERY || (found.is_none() && age > REFRESH_AT_MOST_EVERY);
        if !stale {
            return found;
        }
        // Only one request reads the keys again. Of those that come meanwhile, only the ones with an unknown key wait.
        let _reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            Err(_) if found.is_some() => return found,
            Err(_) => self.reading.lock().await,
        };
        if self.state.read().await.1.elapsed() >= age {
            self.read_again().await;
        }
        pick(&self.state.read().await.0, kid)
    }

    async fn read_again(&self) {
        match read(&self.source).await {
            Ok(keys) => *self.state.write().await = (keys, Instant::now()),
            Err(error) => {
                self.state.write().await.1 = Instant::now();
                tracing::warn!(error, "the issuer's keys could not be read again; the known ones stay");
            }
        }
    }
}

fn pick(keys: &[VerifyingKey], kid: Option<&str>) -> Option<VerifyingKey> {
    match (kid, keys) {
        (Some(_), _) => keys.iter().find(|key| key.kid.as_deref() == kid).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}
