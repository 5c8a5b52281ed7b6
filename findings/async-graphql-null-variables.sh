#!/usr/bin/env bash
# async-graphql 8.0.0-rc.5: an argument that is null by its variable, where a default lets the variable stand, fails all that is beside its field.
#
# The guess: a variable that may be null may stand at a place with a default, since it may be left out; if it is null, the specification
# ("CoerceArgumentValues") makes that an error of the field, which is null if its type allows that. What is seen: the error is not kept at the
# field, whose type may be null; with it goes the answer of a mutation before it, which has been executed.
source "$(dirname "$0")/lib.sh"
cd "$folder"
cargo init --quiet --name nulls nulls
cd nulls
cargo add --quiet async-graphql@=8.0.0-rc.5 --no-default-features
cargo add --quiet tokio@1 --features macros,rt
cat > src/main.rs <<'RUST'
use std::sync::atomic::{AtomicI32, Ordering};

use async_graphql::{EmptySubscription, Object, Request, Schema, Variables, value};

static WRITTEN: AtomicI32 = AtomicI32::new(0);

struct Query;

#[Object]
impl Query {
    async fn one(&self) -> i32 {
        1
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self, #[graphql(default = 1)] by: i32) -> Option<i32> {
        Some(WRITTEN.fetch_add(by, Ordering::Relaxed) + by)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let ask = async |text: &str| {
        let variables = Variables::from_value(value!({ "v": null }));
        schema.execute(Request::new(text).variables(variables)).await
    };
    let failed = ask("mutation($v: Int) { first: write second: write(by: $v) }").await;
    println!("{}, {} error, written {} times", failed.data, failed.errors.len(), WRITTEN.load(Ordering::Relaxed));
    assert_eq!((failed.data.to_string().as_str(), failed.errors.len()), ("null", 1));
    assert_eq!(WRITTEN.load(Ordering::Relaxed), 1);
}
RUST
cargo run --quiet
