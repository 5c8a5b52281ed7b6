//! The service behind nginx, as it is installed and at another path.

use std::path::Path;

use rec_tests::proxy::Proxy;
use rec_tests::socket::Socket;
use rec_tests::wait::in_time;
use rec_tests::{TestApp, on_both_databases};
use reqwest::header::ACCEPT;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::http::links;
use crate::mirror::Copy;

on_both_databases! {
    an_event_passes_a_proxy_as_soon_as_it_happens,
    everything_works_at_another_path,
}

fn client() -> Client {
    // The program does this at its start.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

async fn get(url: &str, accept: &str) -> Response {
    client().get(url).header(ACCEPT, accept).send().await.expect("an answer")
}

async fn an_event_passes_a_proxy_as_soon_as_it_happens(app: TestApp) {
    let Some(proxy) = Proxy::before(app.serve().await).await else { return };
    for path in ["graphql", "council/graphql"] {
        let follow = json!({ "query": "subscription { changes { kind } }" });
        let request = client().post(format!("http://127.0.0.1:{}/{path}", proxy.port)).json(&follow);
        let mut events = in_time("a stream", request.header(ACCEPT, "text/event-stream").send()).await.unwrap();
        assert_eq!(events.headers()["cache-control"], "no-cache, no-transform");
        app.theme(if path == "graphql" { "ONE" } else { "OTHER" }).await;
        let event = in_time("an event", first_event(&mut events)).await;
        assert!(event.contains("CREATED"), "{event:?}");
    }
}

/// What comes first that is no comment: comments keep an idle stream open.
async fn first_event(events: &mut reqwest::Response) -> String {
    loop {
        let chunk = events.chunk().await.unwrap().expect("an event");
        if !chunk.starts_with(b":") {
            return String::from_utf8_lossy(&chunk).into_owned();
        }
    }
}

async fn everything_works_at_another_path(app: TestApp) {
    let service = app.serve().await;
    let Some(proxy) = Proxy::before(service).await else { return };
    let council = format!("http://127.0.0.1:{}/council/", proxy.port);
    for page in ["", "graphql", "graphql/"] {
        let explorer = get(&format!("{council}{page}"), "text/html").await;
        assert_eq!((explorer.status().as_u16(), explorer.url().as_str()), (200, council.as_str()));
        let page = explorer.text().await.unwrap();
        let links = links(&page);
        assert!(links.len() > 6);
        for link in links {
            assert_eq!(get(&format!("{council}{link}"), "*/*").await.status(), 200, "{link}");
        }
    }
    let query = json!({ "query": "{ bodies { totalCount } }" });
    for path in ["graphql", "graphql/"] {
        let answer = client().post(format!("{council}{path}")).json(&query).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "data": { "bodies": { "totalCount": 6 } } }));
    }
    let of_service = get(&format!("http://127.0.0.1:{service}/export.ndjson"), "*/*").await.text().await.unwrap();
    assert_eq!(get(&format!("{council}export.ndjson"), "*/*").await.text().await.unwrap(), of_service);
    let mut socket = Socket::begin_at(proxy.port, "/council/graphql").await;
    socket.subscribe("1", "{ bodies { totalCount } }").await;
    assert_eq!(socket.message().await["payload"], json!({ "data": { "bodies": { "totalCount": 6 } } }));
    for address in [council.clone(), format!("{council}graphql"), format!("{council}graphql/")] {
        let copy = Copy::from(address);
        let said = copy.once(None::<&Path>).await;
        assert!(said[0].ends_with(" records") && said[1].starts_with("Equal: "), "{said:?}");
    }
}
