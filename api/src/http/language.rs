//! `Accept-Language`: which of the register's languages a client reads, best first. Chooses no text.

use axum::http::{HeaderMap, header};
use entity::text::Locale;

use super::quality::weighted;

pub fn accepted(headers: &HeaderMap) -> Vec<Locale> {
    // Weight 0 means "not this one".
    let wanted = weighted(headers, &header::ACCEPT_LANGUAGE).filter(|(_, weight)| *weight > 0.0);
    let known = wanted.filter_map(|(tag, weight)| Some((Locale::from_code(tag)?, weight)));
    let mut ranked: Vec<(Locale, f32)> = known.collect();
    // Stable: equal weights keep the client's order.
    ranked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    ranked.into_iter().map(|(locale, _)| locale).collect()
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
