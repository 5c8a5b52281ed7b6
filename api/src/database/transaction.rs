//! A transaction, and what is known of it: it ends with a commit that the database has made, or nothing of it is kept.
//!
//! SQLite ends a transaction by itself when the disk is full, a read fails or a statement is interrupted, and sqlx 0.9.0 counts it
//! as open: a statement would then be kept at once, and a savepoint be taken for a transaction. Both databases undo what they have
//! given up when it is committed, and PostgreSQL calls that a success. So nothing is done in a transaction that is in doubt.
#![expect(clippy::disallowed_methods, reason = "it passes on what the doors and the feed send")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    TransactionTrait as _,
};

use super::failure;
use super::health::Health;

/// What all levels of a transaction know of it.
#[derive(Debug, Default)]
struct State {
    /// The database has ended it.
    over: AtomicBool,
    /// A statement was sent whose outcome nobody waited for.
    in_doubt: AtomicBool,
    /// A level begins or ends.
    turning: AtomicBool,
}

/// A transaction, or a part of one that can be taken back alone. Dropped before `commit`, it leaves nothing behind.
#[derive(Debug)]
pub struct Transaction {
    txn: DatabaseTransaction,
    health: Arc<Health>,
    state: Arc<State>,
    /// A statement has failed: what follows would be no part of it.
    has_failed: AtomicBool,
    is_part: bool,
}

/// A statement that is on its way. Dropped before its outcome is known, it leaves the transaction in doubt.
struct Underway<'a>(Option<&'a State>);

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.0 {
            state.in_doubt.store(true, Ordering::Relaxed);
        }
    }
}

impl Transaction {
    pub(super) fn new(txn: DatabaseTransaction, health: Arc<Health>) -> Self {
        Self { txn, health, state: Arc::default(), has_failed: AtomicBool::new(false), is_part: false }
    }

    /// What the migrations work on. Whoever commits has seen none of its statements fail.
    pub fn inner(&self) -> &DatabaseTransaction {
        &self.txn
    }

    /// Begins a part that can be taken back alone.
    pub async fn begin(&self) -> Result<Self, DbErr> {
        self.usable().await?;
        // If it fails, sqlx and the database no longer agree on how many levels there are.
        let begun = turned(&self.state, self.txn.begin()).await;
        let txn = begun.inspect_err(|error| self.health.note(error))?;
        let (health, state) = (Arc::clone(&self.health), Arc::clone(&self.state));
        Ok(Self { txn, health, state, has_failed: AtomicBool::new(false), is_part: true })
    }

    /// Ends it with all that it has done. A commit that has begun comes to its end, even if nobody waits for it any more.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.usable().await?;
        let Self { txn, health, state, is_part, .. } = self;
        if is_part {
            return turned(&state, txn.commit()).await;
        }
        let committed = tokio::spawn(async move {
            txn.commit().await.inspect(|()| health.note_write()).inspect_err(|error| health.note(error))
        });
        committed.await.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
    }

    /// Ends it with nothing of what it has done.
    pub async fn rollback(self) -> Result<(), DbErr> {
        let Self { txn, state, .. } = self;
        if state.over.load(Ordering::Relaxed) {
            return Ok(());
        }
        turned(&state, txn.rollback()).await
    }

    async fn run<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        self.usable().await?;
        let mut underway = Underway(Some(&self.state));
        let outcome = work.await;
        underway.0 = None;
        outcome.inspect_err(|error| {
            self.has_failed.store(true, Ordering::Relaxed);
            self.health.note(error);
            if !failure::is_of_statement(error) {
                self.state.over.store(true, Ordering::Relaxed);
            }
        })
    }

    /// Refuses what would be done outside of the transaction.
    async fn usable(&self) -> Result<(), DbErr> {
        if self.state.in_doubt.swap(false, Ordering::Relaxed) {
            turned(&self.state, self.check_there()).await?;
        }
        if self.state.over.load(Ordering::Relaxed) || self.state.turning.load(Ordering::Relaxed) {
            return Err(gone());
        }
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(DbErr::Custom("the transaction has failed before".to_owned()));
        }
        Ok(())
    }

    /// Fails unless the database is in the transaction still: PostgreSQL does nothing more in one that has failed, and SQLite begins
    /// none within another one.
    async fn check_there(&self) -> Result<(), DbErr> {
        match self.get_database_backend() {
            DbBackend::Postgres => self.txn.execute_unprepared("SELECT 1").await.map(drop),
            _ => match self.txn.execute_unprepared("BEGIN").await {
                Ok(_) => Err(gone()),
                Err(_) => Ok(()),
            },
        }
    }
}

/// The error of what is asked of a transaction that the database has ended.
fn gone() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database has ended the transaction".to_owned()))
}

/// What begins or ends a level, or asks for it. Nothing else is done meanwhile. Without a success the transaction is over.
struct Turn<'a> {
    state: &'a State,
    has_succeeded: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.has_succeeded {
            self.state.over.store(true, Ordering::Relaxed);
        }
        self.state.turning.store(false, Ordering::Relaxed);
    }
}

async fn turned<T>(state: &State, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    state.turning.store(true, Ordering::Relaxed);
    let mut turn = Turn { state, has_succeeded: false };
    let outcome = work.await;
    turn.has_succeeded = outcome.is_ok();
    outcome
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.txn.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.txn.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.txn.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.txn.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.txn.query_all_raw(statement)).await
    }
}
