#!/usr/bin/env bash
# async-graphql 8.0.0-rc.5: a mutation whose field stands twice under one response name is executed twice.
#
# The guess: fields with one response name are collected and executed once, and their selections merged (specification, "CollectFields"). What is
# seen: each is executed, and the answer is one object with parts of both. Clients that compose documents of fragments send such documents.
source "$(dirname "$0")/lib.sh"
cd "$folder"
cargo init --quiet --name merged merged
cd merged
cargo add --quiet async-graphql@=8.0.0-rc.5 --no-default-features
cargo add --quiet tokio@1 --features macros,rt
cat > src/main.rs <<'RUST'
use std::sync::atomic::{AtomicI32, Ordering};

use async_graphql::{EmptySubscription, Object, Schema, SimpleObject};

static EXECUTED: AtomicI32 = AtomicI32::new(0);

struct Query;

#[Object]
impl Query {
    async fn executed(&self) -> i32 {
        EXECUTED.load(Ordering::Relaxed)
    }
}

#[derive(SimpleObject)]
struct Payload {
    number: i32,
    same: i32,
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self) -> Payload {
        let number = EXECUTED.fetch_add(1, Ordering::Relaxed) + 1;
        Payload { number, same: number }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let response = schema.execute("mutation { write { number } ...F } fragment F on Mutation { write { same } }").await;
    assert!(response.errors.is_empty());
    println!("{}, executed {} times", response.data, EXECUTED.load(Ordering::Relaxed));
    assert_eq!(response.data.to_string(), "{write: {number: 1, same: 2}}");
    assert_eq!(EXECUTED.load(Ordering::Relaxed), 2);
}
RUST
cargo run --quiet
