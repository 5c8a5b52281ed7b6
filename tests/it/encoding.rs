//! Content codings of answers: a client gets the one that it likes best, and the same answer whichever it is.

use std::io::Read as _;

use flate2::read::GzDecoder;
use rec_tests::client::Client;
use rec_tests::{RESPONSE_CACHE, TestApp, on_both_databases};

const LARGE: &str = "/graphql?query={organizations(first:100){nodes{id,acronym,name}}}";
const SMALL: &str = "/graphql?query={organizations{totalCount}}";

/// The coding of an answer, its tag, and its body as the client reads it.
async fn read(client: &Client, path: &str, accepts: &str) -> (Option<String>, String, Vec<u8>) {
    let (parts, body) = client.get(path, &[("accept-encoding", accepts)]).await;
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let encoding = header("content-encoding");
    let mut plain = Vec::new();
    match encoding.as_deref() {
        Some("gzip") => drop(GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap()),
        Some("zstd") => plain = zstd::bulk::decompress(&body, 1 << 20).unwrap(),
        _ => plain = body.to_vec(),
    }
    assert!(header("vary").unwrap().contains("accept-encoding"), "what depends on it says so");
    (encoding, header("etag").unwrap(), plain)
}

on_both_databases! {
    an_answer_comes_in_the_coding_that_its_client_likes_best,
    a_client_has_what_it_has_in_its_coding,
}

async fn an_answer_comes_in_the_coding_that_its_client_likes_best(app: TestApp) {
    let caching = app.second_with(|config| {
        config.keep_seconds = 60;
        config.limits.response_cache = RESPONSE_CACHE;
    });
    // Executed each time, and from the cache.
    for client in [app.anonymous(), caching.await.anonymous()] {
        let (_, _, plain) = read(&client, LARGE, "identity").await;
        assert!(plain.len() > 1024);
        for (accepts, expected) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, deflate", Some("gzip")),
            ("zstd;q=0.1, gzip;q=0.2", Some("gzip")),
            ("br", None),
            ("", None),
        ] {
            for _ in 0..2 {
                let (encoding, _, body) = read(&client, LARGE, accepts).await;
                assert_eq!(encoding.as_deref(), expected, "{accepts}");
                assert!(body == plain, "{accepts}: another answer");
            }
        }
        assert_eq!(read(&client, SMALL, "gzip").await.0, None, "it gains nothing");
    }
}

async fn a_client_has_what_it_has_in_its_coding(app: TestApp) {
    let client = app.anonymous();
    let mut tags: Vec<String> = Vec::new();
    for accepts in ["zstd", "gzip", "identity"] {
        let (_, tag, _) = read(&client, LARGE, accepts).await;
        let asked = [("accept-encoding", accepts), ("if-none-match", tag.as_str())];
        let (parts, body) = client.get(LARGE, &asked).await;
        assert_eq!((parts.status.as_u16(), body.len()), (304, 0), "{accepts}");
        assert_eq!(parts.headers["etag"], tag);
        assert!(!parts.headers.contains_key("content-encoding"), "there is no body");
        for other in &tags {
            let asked = [("accept-encoding", accepts), ("if-none-match", String::as_str(other))];
            assert_eq!(client.get(LARGE, &asked).await.0.status.as_u16(), 200, "{accepts} has {other}");
        }
        tags.push(tag);
    }
}
