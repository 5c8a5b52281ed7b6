#!/usr/bin/env bash
# async-graphql 8.0.0-rc.5: a subscription whose root field stands in a fragment ends at once, without a result and without an error.
#
# The guess: a fragment at the root of a subscription is expanded, as in a query. What is seen: it passes validation, and streams are made of
# the fields of the operation itself alone. Over graphql-transport-ws and graphql-sse this is the regular end of a subscription.
source "$(dirname "$0")/lib.sh"
cd "$folder"
cargo init --quiet --name fragment fragment
cd fragment
cargo add --quiet async-graphql@=8.0.0-rc.5 --no-default-features
cargo add --quiet futures-util@0.3 --no-default-features
cargo add --quiet tokio@1 --features macros,rt
cat > src/main.rs <<'RUST'
use async_graphql::{EmptyMutation, Object, Schema, Subscription};
use futures_util::stream::{self, Stream, StreamExt as _};

struct Query;

#[Object]
impl Query {
    async fn number(&self) -> i32 {
        1
    }
}

struct Numbers;

#[Subscription]
impl Numbers {
    async fn number(&self) -> impl Stream<Item = i32> {
        stream::iter(1..=2)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation, Numbers);
    let query = schema.execute("{ ...F } fragment F on Query { number }").await;
    assert_eq!(query.data.to_string(), "{number: 1}");
    for (text, results) in [
        ("subscription { number }", 2),
        ("subscription { ...F } fragment F on Numbers { number }", 0),
        ("subscription { ... on Numbers { number } }", 0),
        ("subscription { ... { number } }", 0),
    ] {
        let responses: Vec<_> = schema.execute_stream(text).collect().await;
        assert!(responses.iter().all(|response| response.errors.is_empty()));
        println!("{text}: {} results, no error", responses.len());
        assert_eq!(responses.len(), results);
    }
}
RUST
cargo run --quiet
