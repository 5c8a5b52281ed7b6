//! What the caches of HTTP are told.

use rec_tests::{RESPONSE_CACHE, TestApp, on_both_databases};
use serde_json::{Value, json};

use super::{THEME, counted, header, keeping, number, path, rename};

on_both_databases! {
    pages_of_other_origins_are_told_in_one_line_what_an_answer_depends_on,
    a_get_is_told_how_long_it_is_fresh,
    an_answer_names_its_version,
}

async fn pages_of_other_origins_are_told_in_one_line_what_an_answer_depends_on(app: TestApp) {
    let app = app.second_with(|config| config.origins = vec!["https://a.example".to_owned()]).await;
    let (parts, _) = app.anonymous().get(&path(THEME), &[("origin", "https://a.example")]).await;
    let lines: Vec<&str> = parts.headers.get_all("vary").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(lines.len() == 1 && lines[0].ends_with("x-data-version, origin"), "{lines:?}");
    // Longer ones are not cached by nginx 1.22.
    assert!(lines[0].len() <= 128);
}

async fn a_get_is_told_how_long_it_is_fresh(app: TestApp) {
    counted(&app).await;
    // Without a response cache too.
    is_told_how_long_it_is_fresh(app.second_with(|config| config.limits.rate_points = 1_000_000).await).await;
    let app = app.second_with(|config| {
        config.limits.rate_points = 1_000_000;
        config.limits.response_cache = RESPONSE_CACHE;
    });
    is_told_how_long_it_is_fresh(app.await).await;
}

async fn is_told_how_long_it_is_fresh(app: TestApp) {
    let (public, private) = (Some("public, max-age=1"), Some("private, no-cache"));
    for (client, control) in [(app.anonymous(), public), (app.reader(), private)] {
        let (parts, body) = client.get(&path(THEME), &[]).await;
        assert_eq!(header(&parts.headers, "cache-control"), control);
        let is_shared = control == public;
        assert_eq!(header(&parts.headers, "ratelimit-remaining").is_none(), is_shared, "what is left to one client");
        let vary = header(&parts.headers, "vary").unwrap();
        for named in ["authorization", "accept", "accept-language", "x-cost", "x-data-version"] {
            assert!(vary.split(", ").any(|one| one == named), "{vary}");
        }
        let etag = header(&parts.headers, "etag").unwrap().to_owned();
        let (again, nothing) = client.get(&path(THEME), &[("if-none-match", &etag)]).await;
        assert_eq!((again.status.as_u16(), nothing.len()), (304, 0));
        assert_eq!((header(&again.headers, "etag"), header(&again.headers, "cache-control")), (Some(&*etag), control));
        assert_eq!(header(&again.headers, "vary"), Some(vary));
        assert_eq!((header(&again.headers, "content-type"), header(&again.headers, "content-length")), (None, None));
        let newer = [("if-none-match", &*etag), ("accept", "application/graphql-response+json")];
        let (other_form, same) = client.get(&path(THEME), &newer).await;
        assert_eq!((other_form.status.as_u16(), same), (200, body), "another representation of the same data");
    }
    let (parts, _) = app.anonymous().get(&path(THEME), &[]).await;
    let etag = header(&parts.headers, "etag").unwrap().to_owned();
    let number = number(&app.anonymous()).await + 7;
    rename(&app.secretariat(), number).await;
    let (parts, body) = app.anonymous().get(&path(THEME), &[("if-none-match", &etag)]).await;
    assert_eq!(parts.status, 200);
    assert!(String::from_utf8_lossy(&body).contains(&format!("\"{number}\"")));
    for query in ["{ viewer { role } }", "{ nothing }"] {
        let (parts, _) = app.anonymous().get(&path(query), &[("if-none-match", "*")]).await;
        assert_ne!(parts.status, 304);
        assert_eq!((header(&parts.headers, "cache-control"), header(&parts.headers, "etag")), (Some("no-store"), None));
    }
    let posted = app.anonymous().send(THEME, json!({})).await;
    assert_eq!((header(&posted.headers, "cache-control"), header(&posted.headers, "etag")), (Some("no-store"), None));
}

async fn an_answer_names_its_version(app: TestApp) {
    counted(&app).await;
    let app = keeping(&app).await;
    let wants = [("x-data-version", "1")];
    let version = async || {
        let (_, body) = app.anonymous().get(&path(THEME), &wants).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        answer["extensions"]["dataVersion"].as_str().unwrap().to_owned()
    };
    let before = version().await;
    assert_eq!(version().await, before);
    assert_eq!(app.anonymous().query("{ feedHead }").await["feedHead"], *before);
    rename(&app.secretariat(), 1).await;
    let after = version().await;
    let changes = "query($after: String) { changes(after: $after) { edges { cursor } } }";
    let told = app.anonymous().query_with(changes, json!({ "after": before })).await;
    assert_eq!(told["changes"]["edges"], json!([{ "cursor": after }]), "whoever follows from there misses nothing");
}
