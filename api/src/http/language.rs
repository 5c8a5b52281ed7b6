//! `Accept-Language`: which of the register's languages a client reads, best first. Chooses no text.

use axum::http::{HeaderMap, header};
use entity::text::Locale;

pub fn accepted(headers: &HeaderMap) -> Vec<Locale> {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut ranked: Vec<(Locale, f32)> = header.split(',').filter_map(range).collect();
    // Stable: equal weights keep the client's order.
    ranked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    ranked.into_iter().map(|(locale, _)| locale).collect()
}

/// `ru-KZ;q=0.8` as Russian at 0.8. Weight 0 means "not this one".
fn range(text: &str) -> Option<(Locale, f32)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
    Locale::from_code(tag.trim()).filter(|_| weight > 0.0).map(|locale| (locale, weight))
}

#[cfg(test)]
mod tests {
    use super::accepted;
    use axum::http::{HeaderMap, HeaderValue, header};
    use entity::text::Locale::{En, Ru, Uz};

    #[test]
    fn languages_are_ranked_by_weight() {
        let read = |text: &'static str| {
            accepted(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(text))]))
        };
        assert_eq!(read("ru"), [Ru]);
        assert_eq!(read("fr, en;q=0.5, ru-KZ;q=0.8"), [Ru, En]);
        assert_eq!(read("uz,ru;q=0,en"), [Uz, En]);
        assert!(read("*").is_empty());
        assert!(accepted(&HeaderMap::new()).is_empty());
    }
}
