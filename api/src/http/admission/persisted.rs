//! Persisted documents: documents that a request names instead of sending them, either trusted ones of a manifest, or those
//! that clients have sent before (automatic persisted queries). Finds their text, and does not parse it.

use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Inadmissible;
use crate::config::{Limits, TrustedDocuments};
use crate::digest::sha256;

/// How a request names its document.
#[derive(Clone, Copy, Debug)]
pub struct DocumentRef<'a> {
    pub query: Option<&'a str>,
    pub document_id: Option<&'a str>,
    pub extensions: Option<&'a Map<String, Value>>,
}

/// What a client of automatic persisted queries writes into `extensions`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u32,
    sha256_hash: String,
}

impl PersistedQuery {
    fn of(asked: &Value) -> Option<Self> {
        let mut asked = Self::deserialize(asked).ok().filter(|asked| asked.version == 1)?;
        asked.sha256_hash = plain(&asked.sha256_hash);
        Some(asked)
    }
}

/// A hash as the keys of trusted documents have it. graphql-codegen and others write the algorithm before it.
fn plain(hash: &str) -> String {
    let hash = hash.to_ascii_lowercase();
    hash.strip_prefix("sha256:").map_or(hash.clone(), str::to_owned)
}

fn mismatch() -> Inadmissible {
    Inadmissible::new("PERSISTED_QUERY_MISMATCH", "The hash is not that of the query.")
}

pub struct PersistedDocuments {
    trusted: TrustedDocuments,
    only_trusted: bool,
    persisted: Mutex<Automatic>,
}

/// Limited like the cached documents: in number and in length.
struct Automatic {
    texts: LruCache<String, Arc<str>>,
    length: usize,
    limits: Limits,
}

impl PersistedDocuments {
    pub fn new(trusted: TrustedDocuments, only_trusted: bool, limits: Limits) -> Self {
        let persisted = Automatic { texts: LruCache::unbounded(), length: 0, limits };
        Self { trusted, only_trusted, persisted: Mutex::new(persisted) }
    }

    /// The text of the document that a request names. Documents are kept only for clients with a token.
    pub fn resolve(&self, named: DocumentRef<'_>, has_token: bool) -> Result<Arc<str>, Inadmissible> {
        if let Some(id) = named.document_id {
            let known = self.trusted.get(&plain(id));
            let unknown = || Inadmissible::new("DOCUMENT_NOT_FOUND", "No trusted document has this id.");
            return known.cloned().ok_or_else(unknown);
        }
        let persisted = named.extensions.and_then(|extensions| extensions.get("persistedQuery"));
        if let Some(asked) = persisted.and_then(PersistedQuery::of)
            && let Some(text) = self.trusted.get(&asked.sha256_hash)
        {
            return named.query.is_none_or(|query| query == &**text).then(|| Arc::clone(text)).ok_or_else(mismatch);
        }
        if self.only_trusted {
            let message = "Only trusted documents are executed here. Name one by documentId, or by extensions.persistedQuery.sha256Hash.";
            return Err(Inadmissible::new("ONLY_TRUSTED_DOCUMENTS", message));
        }
        match (persisted, named.query) {
            (Some(persisted), query) => self.persisted(persisted, query, has_token),
            (None, Some(query)) => Ok(query.into()),
            (None, None) => Err(Inadmissible::new("BAD_REQUEST", "The query is missing.")),
        }
    }

    fn persisted(&self, asked: &Value, query: Option<&str>, has_token: bool) -> Result<Arc<str>, Inadmissible> {
        let Some(PersistedQuery { sha256_hash: hash, .. }) = PersistedQuery::of(asked).filter(|_| has_token) else {
            // The message that clients know; they continue without persisted queries.
            let unsupported = || Inadmissible::new("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
            return query.map(Into::into).ok_or_else(unsupported);
        };
        let mut persisted = self.persisted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(query) = query else {
            let unknown = || Inadmissible::new("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
            return persisted.texts.get(&hash).cloned().ok_or_else(unknown);
        };
        if hash != sha256(query) {
            return Err(mismatch());
        }
        let text: Arc<str> = query.into();
        persisted.keep(hash, Arc::clone(&text));
        Ok(text)
    }
}

impl Automatic {
    fn keep(&mut self, hash: String, text: Arc<str>) {
        if text.len() > self.limits.document {
            return;
        }
        self.length += text.len();
        if let Some(same) = self.texts.put(hash, text) {
            self.length -= same.len();
        }
        while self.texts.len() > self.limits.kept_documents || self.length > self.limits.kept_bytes {
            let Some((_, oldest)) = self.texts.pop_lru() else { return };
            self.length -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{Map, Value, json};

    use super::{DocumentRef, Limits, PersistedDocuments, sha256};

    fn named<'a>(query: Option<&'a str>, extensions: Option<&'a Map<String, Value>>) -> DocumentRef<'a> {
        DocumentRef { query, document_id: None, extensions }
    }

    fn code(texts: &PersistedDocuments, named: DocumentRef<'_>, has_token: bool) -> Result<String, &'static str> {
        texts.resolve(named, has_token).map(|text| text.to_string()).map_err(|refusal| refusal.code)
    }

    fn persisted(hash: &str) -> Map<String, Value> {
        json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } }).as_object().unwrap().clone()
    }

    #[test]
    fn a_query_is_kept_for_whoever_has_a_token_and_named_by_its_hash() {
        let texts = PersistedDocuments::new(HashMap::new(), false, Limits::DEFAULT);
        let hash = persisted(&sha256("{ a }"));
        assert_eq!(code(&texts, named(None, Some(&hash)), true), Err("PERSISTED_QUERY_NOT_FOUND"));
        assert_eq!(code(&texts, named(Some("{ b }"), Some(&hash)), true), Err("PERSISTED_QUERY_MISMATCH"));
        assert_eq!(code(&texts, named(Some("{ a }"), Some(&hash)), true), Ok("{ a }".to_owned()));
        assert_eq!(code(&texts, named(None, Some(&hash)), true), Ok("{ a }".to_owned()));
        assert_eq!(code(&texts, named(None, Some(&hash)), false), Err("PERSISTED_QUERY_NOT_SUPPORTED"));
        assert_eq!(code(&texts, named(Some("{ c }"), Some(&persisted("x"))), false), Ok("{ c }".to_owned()));
        assert_eq!(code(&texts, named(None, None), true), Err("BAD_REQUEST"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let texts = PersistedDocuments::new(HashMap::new(), false, Limits { kept_documents: 2, ..Limits::DEFAULT });
        for text in ["{ a }", "{ b }", "{ c }"] {
            code(&texts, named(Some(text), Some(&persisted(&sha256(text)))), true).unwrap();
        }
        assert_eq!(
            code(&texts, named(None, Some(&persisted(&sha256("{ a }")))), true),
            Err("PERSISTED_QUERY_NOT_FOUND")
        );
        assert!(code(&texts, named(None, Some(&persisted(&sha256("{ c }")))), true).is_ok());
    }

    #[test]
    fn trusted_documents_are_those_of_the_manifest() {
        let manifest = HashMap::from([(sha256("{ a }"), "{ a }".into())]);
        let texts = PersistedDocuments::new(manifest, true, Limits::DEFAULT);
        let by_id =
            |id: &str| texts.resolve(DocumentRef { query: None, document_id: Some(id), extensions: None }, false);
        assert_eq!(by_id(&format!("sha256:{}", sha256("{ a }"))).unwrap().as_ref(), "{ a }");
        for unknown in ["sha256:00", "md5:00", ""] {
            assert_eq!(by_id(unknown).unwrap_err().code, "DOCUMENT_NOT_FOUND");
        }
        assert_eq!(code(&texts, named(Some("{ a }"), None), true), Err("ONLY_TRUSTED_DOCUMENTS"));
        for has_token in [true, false] {
            assert!(code(&texts, named(None, Some(&persisted(&sha256("{ a }")))), has_token).is_ok());
            let unknown = code(&texts, named(Some("{ b }"), Some(&persisted(&sha256("{ b }")))), has_token);
            assert_eq!(unknown, Err("ONLY_TRUSTED_DOCUMENTS"));
            let another = code(&texts, named(Some("{ b }"), Some(&persisted(&sha256("{ a }")))), has_token);
            assert_eq!(another, Err("PERSISTED_QUERY_MISMATCH"));
        }
    }
}
