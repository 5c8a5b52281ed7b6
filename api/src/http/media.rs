//! The two media types of an answer, and which of them a client accepts. Writes no answer.

use axum::http::{HeaderMap, header};

use super::quality::weighted;

/// The form in which an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: for older clients, and for those that ask for nothing.
    Json,
    /// `application/graphql-response+json`.
    GraphqlResponse,
    /// `application/json` with the statuses that older clients know: 200 for a document that was refused, and for data with errors.
    Legacy,
    /// `application/json` on a path that is none of GraphQL's.
    Plain,
}

const JSON: &str = "application/json";
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

impl Media {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Legacy | Self::Plain => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }

    /// The best of the forms that a client accepts; `None` if it accepts neither. `plain` is how it is answered in `application/json`.
    pub fn accepted(headers: &HeaderMap, plain: Self) -> Option<Self> {
        let ranges: Vec<Range<'_>> = ranges(headers).collect();
        if !headers.contains_key(header::ACCEPT) {
            return Some(plain);
        }
        let weight = |name: &str| {
            let best = ranges.iter().filter(|range| range.covers(name)).max_by_key(|range| range.precision());
            best.map_or(0.0, |range| range.weight)
        };
        let place = |name: &str| ranges.iter().position(|range| range.is(name)).unwrap_or(usize::MAX);
        let (json, graphql) = (weight(JSON), weight(GRAPHQL_RESPONSE));
        let graphql_first = graphql > json || (graphql >= json && place(GRAPHQL_RESPONSE) < place(JSON));
        match (json > 0.0, graphql > 0.0) {
            (_, true) if graphql_first => Some(Self::GraphqlResponse),
            (true, _) => Some(plain),
            (false, true) => Some(Self::GraphqlResponse),
            (false, false) => None,
        }
    }
}

/// Whether a client names a media type among those that it accepts.
pub fn is_named(headers: &HeaderMap, name: &str) -> bool {
    ranges(headers).any(|range| range.is(name) && range.weight > 0.0)
}

fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let all = weighted(headers, &header::ACCEPT).map(|(name, weight)| Range { name, weight });
    all.filter(|range| range.name.contains('/'))
}

/// Whether a body of this content type is JSON in UTF-8.
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
    parts.next().is_some_and(|name| is(name, JSON) || is(name, GRAPHQL_RESPONSE))
        && parts
            .filter_map(|part| part.split_once('='))
            .filter(|(name, _)| is(name, "charset"))
            .all(|(_, set)| is(set.trim_matches('"'), "utf-8"))
}

/// One element of an `Accept` header.
struct Range<'a> {
    name: &'a str,
    weight: f32,
}

impl Range<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn covers(&self, name: &str) -> bool {
        self.is(name) || self.is("application/*") || self.is("*/*")
    }

    /// A type that is named counts more than one that a wildcard covers.
    fn precision(&self) -> u8 {
        match self.name {
            "*/*" => 0,
            name if name.ends_with("/*") => 1,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Media::{GraphqlResponse, Json, Legacy};
    use super::{Media, is_json};

    fn accepted(text: &'static str) -> Option<Media> {
        Media::accepted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(text))]), Json)
    }

    #[test]
    fn a_client_is_answered_in_the_form_that_it_takes() {
        assert_eq!(Media::accepted(&HeaderMap::new(), Json), Some(Json));
        assert_eq!(Media::accepted(&HeaderMap::new(), Legacy), Some(Legacy));
        for (header, expected) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json;q=0.9", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(Json)),
            ("application/graphql-response+json, application/json", Some(GraphqlResponse)),
            ("application/json;q=0.5, APPLICATION/GraphQL-Response+JSON ; q=0.6", Some(GraphqlResponse)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("nonsense", None),
        ] {
            assert_eq!(accepted(header), expected, "{header}");
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        for right in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
            assert!(is_json(right), "{right}");
        }
        for wrong in ["", "text/plain", "application/json; charset=latin1", "application/jsonp", "multipart/form-data"]
        {
            assert!(!is_json(wrong), "{wrong}");
        }
    }
}
