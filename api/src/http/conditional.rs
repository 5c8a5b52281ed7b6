//! What HTTP caches are told of an answer to a GET, and whether the client has it already. (RFC 9110, section 13, and RFC 9111.) It keeps
//! nothing, and does not decide what may be cached.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use super::encoding::Encoding;
use super::media::Media;

/// The headers of a request that an answer depends on.
const VARY: HeaderValue =
    HeaderValue::from_static("authorization, accept, accept-encoding, accept-language, x-cost, x-data-version");

/// The form in which an answer is written.
#[derive(Clone, Copy)]
pub struct Form {
    pub media: Media,
    pub encoding: Option<Encoding>,
}

/// What HTTP caches are told of an answer.
#[derive(Clone, Debug)]
pub struct Freshness {
    etag: String,
    /// How long shared caches may give it to everyone; `None`: it is the client's alone, which asks again each time.
    shared_for: Option<Duration>,
    /// Whether the client has it already.
    pub is_current: bool,
}

impl Freshness {
    /// Of an answer with this hash and in this form, to a request with these headers.
    pub fn of(hash: &str, form: Form, headers: &HeaderMap, shared_for: Option<Duration>) -> Self {
        // The two media types have the same bytes, and are two representations; so is each content coding.
        let media = match form.media {
            Media::GraphqlResponse => "graphql",
            Media::Json | Media::Legacy | Media::Plain => "json",
        };
        let etag = match form.encoding {
            Some(encoding) => format!("\"{hash}.{media}.{}\"", encoding.name()),
            None => format!("\"{hash}.{media}\""),
        };
        let is_current = is_named(headers, &etag);
        Self { etag, shared_for, is_current }
    }

    /// Whether shared caches may give it to others.
    pub fn is_shared(&self) -> bool {
        self.shared_for.is_some()
    }

    pub fn write(&self, headers: &mut HeaderMap) {
        let control = match self.shared_for {
            Some(time) => format!("public, max-age={}", time.as_secs()),
            None => "private, no-cache".to_owned(),
        };
        for (name, value) in [(header::ETAG, &self.etag), (header::CACHE_CONTROL, &control)] {
            headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        }
        headers.insert(header::VARY, VARY);
    }
}

/// Whether a request may be answered from a cache: not with `Cache-Control: no-cache`.
pub fn takes_cached(headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    !said.flat_map(|value| value.split(',')).any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
}

/// Whether a client says that it has what this tag names. Proxies that compress make tags weak; that does not matter here.
fn is_named(headers: &HeaderMap, etag: &str) -> bool {
    let named = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = named.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Encoding, Form, Freshness, Media};

    const JSON: Form = Form { media: Media::Json, encoding: None };

    #[test]
    fn a_client_has_what_it_names() {
        for (named, is_current) in [
            ("\"a.json\"", true),
            ("W/\"a.json\"", true),
            ("\"b.json\", \"a.json\"", true),
            ("*", true),
            ("\"a.graphql\"", false),
            ("\"b.json\"", false),
            ("a.json", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(named))]);
            assert_eq!(Freshness::of("a", JSON, &headers, None).is_current, is_current, "{named}");
        }
        assert!(!Freshness::of("a", JSON, &HeaderMap::new(), None).is_current);
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static("\"a.json.zstd\""))]);
        let encoded = |encoding| Freshness::of("a", Form { encoding, ..JSON }, &headers, None).is_current;
        assert_eq!([None, Some(Encoding::Gzip), Some(Encoding::Zstd)].map(encoded), [false, false, true]);
    }
}
