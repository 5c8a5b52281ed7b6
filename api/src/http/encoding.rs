//! The content codings of an answer, and which of them a client accepts (RFC 9110, section 12.5.3). Writes no answer.

use std::io::{self, Write as _};
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::quality::weighted;

/// A body with fewer bytes is sent as it is: a packet holds more.
pub const SMALLEST: usize = 1024;

/// How hard zstd works, from 1 to 22: its default. A page of 20 recommendations takes it some 40 µs.
const ZSTD_LEVEL: i32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Zstd,
    Gzip,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The coding that a client likes best; `None` if that is none of them.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let (zstd, gzip) = (Self::Zstd.weight(headers), Self::Gzip.weight(headers));
        let (best, most) = if zstd >= gzip { (Self::Zstd, zstd) } else { (Self::Gzip, gzip) };
        // A client that says nothing of it takes a body as it is, but rather one in a coding that it names.
        let plain = named(headers, &["identity"]).unwrap_or_default();
        (most > 0.0 && most >= plain).then_some(best)
    }

    /// Whether a client takes this coding at all.
    pub fn is_accepted(self, headers: &HeaderMap) -> bool {
        self.weight(headers) > 0.0
    }

    fn weight(self, headers: &HeaderMap) -> f32 {
        let names: &[&str] = match self {
            Self::Zstd => &["zstd"],
            Self::Gzip => &["gzip", "x-gzip"],
        };
        named(headers, names).or_else(|| named(headers, &["*"])).unwrap_or_default()
    }

    pub fn encode(self, body: &[u8]) -> io::Result<Bytes> {
        let encoded = match self {
            Self::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL)?,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body)?;
                encoder.finish()?
            }
        };
        Ok(encoded.into())
    }
}

/// How much a client wants a coding that it calls by one of these names.
fn named(headers: &HeaderMap, names: &[&str]) -> Option<f32> {
    let is_named = |name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    weighted(headers, &header::ACCEPT_ENCODING).find_map(|(name, weight)| is_named(name).then_some(weight))
}

/// A body in each coding that somebody has asked for.
#[derive(Debug, Default)]
pub struct Encodings {
    zstd: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

impl Encodings {
    /// The body in a coding. It is kept if it takes at most half of the body's memory, so that all codings together take no more than the body.
    pub fn of(&self, encoding: Encoding, body: &[u8]) -> io::Result<Bytes> {
        let kept = match encoding {
            Encoding::Zstd => &self.zstd,
            Encoding::Gzip => &self.gzip,
        };
        if let Some(encoded) = kept.get() {
            return Ok(encoded.clone());
        }
        let encoded = encoding.encode(body)?;
        if encoded.len() * 2 <= body.len() {
            // Another request may have been faster.
            let _ = kept.set(Bytes::copy_from_slice(&encoded));
        }
        Ok(encoded)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::http::{HeaderMap, HeaderValue, header};
    use flate2::read::GzDecoder;

    use super::Encoding::{Gzip, Zstd};
    use super::{Encoding, Encodings};

    #[test]
    fn a_client_gets_the_coding_that_it_likes_best() {
        assert_eq!(Encoding::accepted(&HeaderMap::new()), None);
        for (header, expected) in [
            ("gzip, deflate, br, zstd", Some(Zstd)),
            ("gzip, deflate", Some(Gzip)),
            ("X-GZIP", Some(Gzip)),
            ("gzip;q=1.0, zstd;q=0.9", Some(Gzip)),
            ("zstd;q=0, gzip;q=0.001", Some(Gzip)),
            ("*", Some(Zstd)),
            ("zstd;q=0, *;q=0.5", Some(Gzip)),
            ("gzip;q=0.5, identity", None),
            ("identity;q=0.5, gzip;q=0.5", Some(Gzip)),
            ("identity", None),
            ("br", None),
            ("*;q=0", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(header))]);
            assert_eq!(Encoding::accepted(&headers), expected, "{header}");
        }
    }

    #[test]
    fn what_is_encoded_reads_as_before_and_is_kept_if_it_is_small() {
        let noise: Vec<u8> =
            (0..1000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        for (body, is_kept) in [(vec![b'a'; 4000], true), (noise, false)] {
            let encodings = Encodings::default();
            for encoding in [Gzip, Zstd] {
                let encoded = encodings.of(encoding, &body).unwrap();
                let mut read = Vec::new();
                match encoding {
                    Gzip => drop(GzDecoder::new(&encoded[..]).read_to_end(&mut read).unwrap()),
                    Zstd => read = zstd::bulk::decompress(&encoded, 10_000).unwrap(),
                }
                assert_eq!(read, body, "{encoding:?}");
            }
            assert_eq!((encodings.gzip.get().is_some(), encodings.zstd.get().is_some()), (is_kept, is_kept));
        }
    }
}
