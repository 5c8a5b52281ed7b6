#!/usr/bin/env bash
# sqlx 0.9.0 on PostgreSQL 18: a `begin` that is given up while its BEGIN is on the way leaves the pooled connection in a transaction, and
# what is written on it next is acknowledged and never committed.
#
# The guess: a future that is dropped leaves nothing behind; the connection is rolled back or closed before someone else gets it. What is
# seen: the transaction is counted once the server has answered, so a `begin` that was dropped before is no transaction to sqlx, and there
# is nothing to roll back. The next INSERT on the connection says that it has written a row; it is in the forgotten transaction, no other
# session sees the row, and it is gone when the pool closes.
source "$(dirname "$0")/lib.sh"
with_postgres 18.4.0-beta.17
cd "$folder"
cargo init --quiet --name abandoned abandoned
cd abandoned
cargo add --quiet sqlx@=0.9.0 --no-default-features --features postgres,runtime-tokio
cargo add --quiet tokio@1 --features macros,rt
cat > src/main.rs <<'RUST'
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use sqlx::postgres::PgPoolOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE written (n int)").execute(&pool).await.unwrap();
    // The first step gets the connection, the second one sends BEGIN. Seldom its answer is there at once: then it is tried again.
    let mut is_abandoned = false;
    for _ in 0..100 {
        let mut begin = pin!(pool.begin());
        let mut steps = 0;
        is_abandoned = poll_fn(|context| {
            steps += 1;
            match begin.as_mut().poll(context) {
                Poll::Ready(_) => Poll::Ready(false),
                Poll::Pending if steps == 2 => Poll::Ready(true),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        if is_abandoned {
            break;
        }
    }
    assert!(is_abandoned);
    let written = sqlx::query("INSERT INTO written VALUES (1)").execute(&pool).await.unwrap().rows_affected();
    let state: (String,) = sqlx::query_as("SELECT state FROM pg_stat_activity WHERE query LIKE 'INSERT INTO written%'")
        .fetch_one(&PgPoolOptions::new().connect(&url).await.unwrap())
        .await
        .unwrap();
    pool.close().await;
    let others = PgPoolOptions::new().connect(&url).await.unwrap();
    let (kept,): (i64,) = sqlx::query_as("SELECT count(*) FROM written").fetch_one(&others).await.unwrap();
    println!("the insert wrote {written} row; its session is {}; afterwards there are {kept}", state.0);
    assert_eq!((written, state.0.as_str(), kept), (1, "idle in transaction", 0));
}
RUST
cargo run --quiet -- "$url"
