//! Transactions that end in one of two ways: with a commit that the database has made, or without leaving anything behind. They add nothing
//! to what the database does, but refuse to go on in doubt.
//!
//! SQLite ends a transaction by itself when the disk is full, a read fails or a statement is interrupted, but sqlx 0.9.0 still counts it as
//! open: the next statement would be committed at once, and a savepoint would be taken for a transaction. Both databases roll back a
//! transaction that they have aborted when it is committed, and PostgreSQL calls that a success. So nothing is done in a transaction whose
//! state is in doubt.
#![expect(clippy::disallowed_methods, reason = "it passes on what the read layer, the unit of work and the feed send")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    TransactionTrait as _,
};

use super::health::Health;
use super::interrupt::{Interrupt, interruptible};
use super::scope::Turn;
use super::worker::whole;
use super::{failure, is_read, planned_once};

/// What all levels of a transaction share.
#[derive(Debug, Default)]
struct State {
    /// The database has ended it, or may have.
    over: AtomicBool,
    /// A read was sent whose outcome is unknown.
    in_doubt: AtomicBool,
    /// A level is being begun or ended.
    turning: AtomicBool,
    /// One statement at a time: a request that waits for another one's statement must not stop it.
    alone: tokio::sync::Mutex<()>,
    /// Savepoints that were dropped, and are still to be rolled back.
    left: Mutex<Vec<DatabaseTransaction>>,
}

/// A transaction, or a savepoint in one. Dropped before `commit`, it leaves nothing behind.
#[derive(Debug)]
pub struct Transaction {
    /// `None` once it has ended.
    txn: Option<DatabaseTransaction>,
    backend: DbBackend,
    health: Arc<Health>,
    interrupt: Interrupt,
    state: Arc<State>,
    /// A statement has failed: a later one would not belong to this transaction.
    has_failed: AtomicBool,
    is_part: bool,
    /// It keeps its client's turn until it ends.
    turn: Turn,
}

impl Drop for Transaction {
    /// A savepoint that was dropped is rolled back before anything else is done: if sqlx did it on drop, a failure would go unnoticed.
    fn drop(&mut self) {
        if let Some(txn) = self.txn.take().filter(|_| self.is_part) {
            self.state.left.lock().unwrap_or_else(PoisonError::into_inner).push(txn);
        }
    }
}

/// The state that a statement leaves if it is dropped before its outcome is known: after a read the transaction is in doubt, after a write
/// it is over.
struct Doubt<'a> {
    state: &'a State,
    reads: bool,
    is_known: bool,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if !self.is_known {
            let flag = if self.reads { &self.state.in_doubt } else { &self.state.over };
            flag.store(true, Ordering::Relaxed);
        }
    }
}

impl Transaction {
    pub(super) fn new(txn: DatabaseTransaction, health: Arc<Health>, interrupt: Interrupt, turn: Turn) -> Self {
        let (backend, has_failed) = (txn.get_database_backend(), AtomicBool::new(false));
        let (state, is_part) = (Arc::default(), false);
        Self { txn: Some(txn), backend, health, interrupt, state, has_failed, is_part, turn }
    }

    /// What the migrations work on. It does not note failed statements: the caller must not commit after one.
    pub fn inner(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.txn.as_ref().ok_or_else(gone)
    }

    /// Begins a savepoint.
    pub async fn begin(&self) -> Result<Self, DbErr> {
        self.usable().await?;
        // If this fails, sqlx and the database no longer agree on the number of levels.
        let begun = turned(&self.state, self.inner()?.begin()).await;
        let txn = begun.inspect_err(|error| self.health.note(error))?;
        Ok(Self {
            txn: Some(txn),
            backend: self.backend,
            health: Arc::clone(&self.health),
            interrupt: self.interrupt.clone(),
            state: Arc::clone(&self.state),
            has_failed: AtomicBool::new(false),
            is_part: true,
            turn: None,
        })
    }

    /// Commits. A commit that has begun is completed, even if nobody waits for it any more.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        self.usable().await?;
        let txn = self.txn.take().ok_or_else(gone)?;
        if self.is_part {
            return turned(&self.state, txn.commit()).await;
        }
        let (health, turn) = (Arc::clone(&self.health), self.turn.take());
        let committed = tokio::spawn(async move {
            let _until_then = turn;
            // What is written to a file that nobody can open any more is lost.
            health.check_file()?;
            txn.commit().await.inspect(|()| health.note_write()).inspect_err(|error| health.note(error))?;
            health.check_file()
        });
        committed.await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
    }

    /// Rolls everything back.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        match self.txn.take() {
            Some(txn) if !self.state.over.load(Ordering::Relaxed) => turned(&self.state, txn.rollback()).await,
            _ => Ok(()),
        }
    }

    async fn run<T>(&self, reads: bool, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let _alone = self.state.alone.lock().await;
        let mut doubt = Doubt { state: &self.state, reads, is_known: false };
        let outcome = interruptible(&self.interrupt, whole(work)).await;
        doubt.is_known = true;
        outcome.inspect_err(|error| {
            self.has_failed.store(true, Ordering::Relaxed);
            self.health.note(error);
            if !failure::is_of_statement(error) {
                self.state.over.store(true, Ordering::Relaxed);
            }
        })
    }

    /// The transaction, unless a statement would no longer belong to it.
    async fn usable(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.is_there()?;
        let left = std::mem::take(&mut *self.state.left.lock().unwrap_or_else(PoisonError::into_inner));
        for part in left.into_iter().rev() {
            turned(&self.state, part.rollback()).await?;
        }
        if self.state.in_doubt.swap(false, Ordering::Relaxed) {
            // The check is too short to be stopped.
            turned(&self.state, self.check_there()).await?;
            self.interrupt.reset();
        }
        self.is_there()?;
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(DbErr::Custom("the transaction has failed before".to_owned()));
        }
        self.inner()
    }

    fn is_there(&self) -> Result<(), DbErr> {
        let is_gone = self.state.over.load(Ordering::Relaxed) || self.state.turning.load(Ordering::Relaxed);
        if is_gone { Err(gone()) } else { Ok(()) }
    }

    /// Fails unless the database is still in the transaction: PostgreSQL runs nothing in one that has failed, and SQLite refuses to begin
    /// another one within it.
    async fn check_there(&self) -> Result<(), DbErr> {
        let txn = self.inner()?;
        match self.backend {
            DbBackend::Postgres => txn.execute_unprepared("SELECT 1").await.map(drop),
            _ => match txn.execute_unprepared("BEGIN").await {
                Err(error) if failure::is_within_transaction(&error) => Ok(()),
                outcome => outcome.and_then(|_| Err(gone())),
            },
        }
    }
}

/// The error of using a transaction that the database has ended.
fn gone() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database has ended the transaction".to_owned()))
}

/// Beginning or ending a level, or checking it. Nothing else is done meanwhile. If it does not succeed, the transaction is over.
struct Turning<'a> {
    state: &'a State,
    has_succeeded: bool,
}

impl Drop for Turning<'_> {
    fn drop(&mut self) {
        if !self.has_succeeded {
            self.state.over.store(true, Ordering::Relaxed);
        }
        self.state.turning.store(false, Ordering::Relaxed);
    }
}

async fn turned<T>(state: &State, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    state.turning.store(true, Ordering::Relaxed);
    let mut turn = Turning { state, has_succeeded: false };
    let outcome = work.await;
    turn.has_succeeded = outcome.is_ok();
    outcome
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let txn = self.usable().await?;
        self.run(false, txn.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let txn = self.usable().await?;
        self.run(false, txn.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let txn = self.usable().await?;
        self.run(is_read(&statement), txn.query_one_raw(planned_once(statement))).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let txn = self.usable().await?;
        self.run(is_read(&statement), txn.query_all_raw(planned_once(statement))).await
    }
}
