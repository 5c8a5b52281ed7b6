//! The cost of the endpoint itself: a small query against a fixed body, and parsing and admitting a new document against async-graphql.

use std::cell::Cell;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::{Request, Variables};
use async_graphql_axum::GraphQL;
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::{MethodRouter, post, post_service};
use futures_util::future::join_all;
use rec_api::config::{Config, Limits};
use rec_api::graphql::{build, schema};
use rec_api::http::admission::{Admission, Definitions, Known, hash, parsed};
use rec_api::http::listener::serve;
use rec_api::service::context::sizes::Sizes;
use rec_tests::{Database, TestApp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};

use crate::by_hand::{self, ByHand};
use crate::{Line, NESTED_PAGE};

/// A query, and its answer.
type Small = (&'static str, &'static str);

/// A request as it is sent, and the body of its answer.
#[derive(Clone)]
struct Exchange {
    request: Bytes,
    answer: Bytes,
}

impl Exchange {
    fn of(request: &Value, answer: impl Into<Bytes>) -> Self {
        let body = request.to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/graphql-response+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { request: request.into(), answer: answer.into() }
    }
}

const SMALL: Small = ("{ viewer { role } }", r#"{"data":{"viewer":{"role":"ANONYMOUS"}}}"#);
/// What the stock layer can answer without a viewer.
const SMALLEST: Small = ("{ __typename }", r#"{"data":{"__typename":"Query"}}"#);
const CONNECTIONS: usize = 8;

/// 600 bytes of a document as dashboards send it. It is not executed: only what comes before is measured.
const DOCUMENT: &str = "query Dashboard($first: Int = 20, $go: Boolean! = false) {
  recommendations(first: $first, filter: { status: { eq: ADOPTED } }, orderBy: [{ field: ADOPTED_ON, direction: DESC }])
    @include(if: $go) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      ...Card
      meeting { id title startsOn organizers { role organization { acronym name } } }
      addressees { country { iso2 name } organization { acronym } }
      themes { code name }
    }
  }
}
fragment Card on Recommendation { id label title status version adoptedOn body { code name kind } }
";

/// The largest query of the README.
const LARGEST: &str = "{ recommendations(first: 2, filter: { status: { eq: ADOPTED } }) { totalCount nodes { label title body { code } \
                       addressees { country { iso2 } } } pageInfo { endCursor } } }";

pub async fn measure(app: &TestApp) -> Vec<Line> {
    // The rate limit is that of a new installation.
    let app = app.second_with(|config| config.limits.rate_points = Limits::DEFAULT.rate_points).await;
    let ours = clients(app.serve().await).await;
    let answer = || ([(header::CONTENT_TYPE, "application/graphql-response+json")], SMALL.1);
    let logged = post(async move |_: Bytes| {
        tracing::info!(method = "POST", status = 200, milliseconds = 0, "request");
        answer()
    });
    let bare = post(async move |_: Bytes| answer());
    let stock = post_service(GraphQL::new(build().finish()));
    let fixed = "the same server with a fixed body";
    vec![
        small_query(&ours, SMALL, logged, &format!("{fixed}, each with its log")).await,
        small_query(&ours, SMALL, bare, &format!("{fixed}, which writes no log")).await,
        Line {
            limit: f64::INFINITY,
            ..small_query(&ours, SMALLEST, stock, "the stock layer of async-graphql, without log, viewer and limits")
                .await
        },
        admission().await,
        parsing("a document", DOCUMENT).await,
        parsing("the largest query of the README", LARGEST).await,
    ]
}

/// A small query against the same server with another handler.
async fn small_query(ours: &[Client], (query, answer): Small, other: MethodRouter, what: &str) -> Line {
    let exchange = Exchange::of(&json!({ "query": query }), answer);
    // At least 0.6 times as many requests in the same time: at most 1 / 0.6 times the time for each.
    let what = format!("`{query}` over HTTP on {CONNECTIONS} connections, to {what}");
    against(ours, &exchange, other, what, 1.0 / 0.6).await
}

/// A nested page over HTTP, to the same server that runs the same statements by hand, and has the answer ready.
pub async fn nested_page(app: &TestApp, hand: Arc<ByHand>, name: &str) -> Line {
    let request = json!({ "query": NESTED_PAGE, "variables": { "first": 20 } });
    let (_, answer) = app.anonymous().post(Bytes::from(request.to_string())).await;
    let exchange = Exchange::of(&request, answer.clone());
    let other = post(async move |_: Bytes| {
        hand.nested_page().await;
        ([(header::CONTENT_TYPE, "application/graphql-response+json")], answer.clone())
    });
    // One address has a quarter of them: as many as are used by hand.
    let app = app.second_with(|config| config.database_connections = 4 * by_hand::CONNECTIONS).await;
    let ours = clients(app.serve().await).await;
    let what = format!("{name}: nested page of 20 over HTTP on {CONNECTIONS} connections, to its statements by hand");
    // At least 0.8 times as many pages in the same time.
    let limit = if app.database == Database::Sqlite { 1.0 / 0.8 } else { f64::INFINITY };
    against(&ours, &exchange, other, what, limit).await
}

/// A request to ours, against the same server with another handler.
async fn against(ours: &[Client], exchange: &Exchange, other: MethodRouter, what: String, limit: f64) -> Line {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (_running, stopping) = watch::channel(false);
    let router = Router::new().route("/graphql", other);
    tokio::spawn(async move { serve(listener, router, &Config::embedded(Config::DATA_DIR.into()), stopping).await });
    let others = clients(port).await;
    Line::compare(what, limit, async || ask_all(ours, exchange).await, async || ask_all(&others, exchange).await).await
}

/// A new document from its text to what is executed, to async-graphql, which parses it and validates it. A comment makes each another one.
async fn admission() -> Line {
    let admission = Admission::to(Arc::new(Definitions::of(schema().definitions())), Limits::DEFAULT);
    let (stock, sizes, variables) = (build().finish(), Sizes::default(), Variables::default());
    let number = Cell::new(0_u64);
    let new = || {
        number.set(number.get() + 1);
        format!("{DOCUMENT}# {:08}", number.get())
    };
    let ours = async || {
        let text = new();
        let admitted = admission.admit(&text, hash(&text), None, &variables, &sizes).await.unwrap();
        assert_eq!(admitted.known, Known::Nothing);
    };
    // With `$go` false, it executes nothing.
    let stock = async || assert!(stock.execute(Request::new(new())).await.errors.is_empty());
    let what = format!("admission of a new document of {} bytes, to async-graphql", new().len());
    Line::compare(what, 0.6, ours, stock).await
}

/// The text of a document to what is executed, without validation.
async fn parsing(name: &str, text: &str) -> Line {
    let ours = async || drop(std::hint::black_box(parsed(text).unwrap()));
    let stock = async || drop(std::hint::black_box(parse_query(text).unwrap()));
    Line::compare(format!("parsing {name} of {} bytes, to async-graphql", text.len()), 0.2, ours, stock).await
}

/// A connection that stays open.
struct Client(Mutex<TcpStream>);

async fn clients(port: u16) -> Vec<Client> {
    let connections = (0..CONNECTIONS).map(async |_| {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client(Mutex::new(stream))
    });
    join_all(connections).await
}

async fn ask_all(clients: &[Client], exchange: &Exchange) {
    join_all(clients.iter().map(|client| client.ask(exchange))).await;
}

impl Client {
    async fn ask(&self, Exchange { request, answer }: &Exchange) {
        let mut stream = self.0.lock().await;
        stream.write_all(request).await.unwrap();
        // The body is the end of what comes; the headers take less than another 2 KB.
        let mut come = Vec::with_capacity(answer.len() + 2048);
        while !come.ends_with(answer) {
            let read = stream.read_buf(&mut come).await.unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&come));
        }
    }
}
