//! Seals what is kept secret in the database with the service's own key: a copy of the database alone gives none of it away. It keeps nothing
//! itself, and signs nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::error::Error;

/// What a sealed text starts with.
pub const SEALED: &str = "sealed_";
/// What the key is derived for.
const PURPOSE: &[&[u8]] = &[b"rec: secrets in the database"];

/// A key that seals and opens texts: AES-256-GCM, derived from the service's own key by HKDF-SHA-256 (RFC 5869).
#[derive(Clone)]
pub struct Seal(LessSafeKey);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    pub(super) fn of(key: &[u8]) -> Result<Self, ring::error::Unspecified> {
        let derived = Salt::new(HKDF_SHA256, &[]).extract(key);
        Ok(Self(LessSafeKey::new(UnboundKey::from(derived.expand(PURPOSE, &AES_256_GCM)?))))
    }

    /// Seals a text for its owner, such as the printed id of a row: nobody opens it for another one.
    pub fn close(&self, text: &str, owner: &str) -> Result<String, Error> {
        let failed = |_| Error::internal("a secret cannot be sealed");
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(failed)?;
        let mut sealed = text.as_bytes().to_vec();
        let to = Aad::from(owner.as_bytes());
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), to, &mut sealed).map_err(failed)?;
        Ok(format!("{SEALED}{}", STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// The text that was sealed with this key for this owner.
    pub fn open(&self, sealed: &str, owner: &str) -> Option<String> {
        let mut sealed = STANDARD.decode(sealed.strip_prefix(SEALED)?).ok()?;
        let (nonce, text) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
        let to = Aad::from(owner.as_bytes());
        let text = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), to, text).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{SEALED, Seal};

    #[test]
    fn what_is_sealed_is_opened_with_the_same_key_for_the_same_owner() {
        let (seal, other) = (Seal::of(&[1; 32]).unwrap(), Seal::of(&[2; 32]).unwrap());
        let sealed = seal.close("whsec_c2VjcmV0", "whk_1").unwrap();
        assert!(sealed.starts_with(SEALED) && !sealed.contains("whsec"));
        assert_eq!(seal.open(&sealed, "whk_1").as_deref(), Some("whsec_c2VjcmV0"));
        assert_eq!(seal.open(&sealed, "whk_2"), None);
        assert_eq!(other.open(&sealed, "whk_1"), None);
        assert_ne!(seal.close("whsec_c2VjcmV0", "whk_1").unwrap(), sealed);
        let mut changed = sealed.clone();
        changed.replace_range(
            SEALED.len()..=SEALED.len(),
            if sealed[SEALED.len()..].starts_with('A') { "B" } else { "A" },
        );
        for wrong in [changed.as_str(), "", SEALED, "sealed_AAAA", "whsec_c2VjcmV0", "sealed_?"] {
            assert_eq!(seal.open(wrong, "whk_1"), None, "{wrong}");
        }
    }
}
