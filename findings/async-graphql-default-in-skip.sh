#!/usr/bin/env bash
# async-graphql 8.0.0-rc.5: the default of a variable does not count in @skip and @include.
#
# The guess: a variable that is not sent has its default wherever it is used, as the specification says ("Coercing Variable Values"). What is
# seen: it has its default as an argument; in @skip and @include it is taken as false. A mutation that is skipped by default is executed, and a field that is
# included by default is left out. With the same value sent, both are right.
source "$(dirname "$0")/lib.sh"
cd "$folder"
cargo init --quiet --name skipped skipped
cd skipped
cargo add --quiet async-graphql@=8.0.0-rc.5 --no-default-features
cargo add --quiet tokio@1 --features macros,rt
cat > src/main.rs <<'RUST'
use async_graphql::{EmptySubscription, Object, Request, Schema, Variables};

struct Query;

#[Object]
impl Query {
    async fn echo(&self, text: String) -> String {
        text
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self) -> bool {
        true
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let write = "mutation($dry: Boolean! = true) { __typename write @skip(if: $dry) }";
    let echo = "query($all: Boolean! = true) { __typename echo(text: \"a\") @include(if: $all) }";
    let default = "query($text: String! = \"the default\") { echo(text: $text) }";
    let sent = |name: &str| Variables::from_json(serde_json::json!({ name: true }));
    for (what, text, variables, expected) in [
        ("an argument", default, Variables::default(), r#"{"echo":"the default"}"#),
        ("@skip, not sent", write, Variables::default(), r#"{"__typename":"Mutation","write":true}"#),
        ("@skip, sent", write, sent("dry"), r#"{"__typename":"Mutation"}"#),
        ("@include, not sent", echo, Variables::default(), r#"{"__typename":"Query"}"#),
        ("@include, sent", echo, sent("all"), r#"{"__typename":"Query","echo":"a"}"#),
    ] {
        let response = schema.execute(Request::new(text).variables(variables)).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        let data = serde_json::to_string(&response.data).unwrap();
        println!("{what}: {data}");
        assert_eq!(data, expected);
    }
}
RUST
cargo add --quiet serde_json@1
cargo run --quiet
