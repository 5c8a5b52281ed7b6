//! Lists with weights in a request's headers, such as `ru, en;q=0.5` (RFC 9110, section 12.4.2). Chooses nothing.

use axum::http::{HeaderMap, HeaderName};

/// The elements of a header with their weights, in the client's order. Without a weight an element counts 1, with an unreadable one 0.
pub fn weighted<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'a str, f32)> + use<'a> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
        (name, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::weighted;

    #[test]
    fn elements_have_weights() {
        let mut headers = HeaderMap::new();
        for line in ["ru, en ; q=0.5;x=y", "uz;a=b;Q=0.25, tg;q=much"] {
            headers.append(header::ACCEPT_LANGUAGE, HeaderValue::from_static(line));
        }
        let read: Vec<_> = weighted(&headers, &header::ACCEPT_LANGUAGE).collect();
        assert_eq!(read, [("ru", 1.0), ("en", 0.5), ("uz", 0.25), ("tg", 0.0)]);
        assert_eq!(weighted(&headers, &header::ACCEPT).count(), 0);
    }
}
