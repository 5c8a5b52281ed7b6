//! A transaction, and what is known of it: it ends with a commit that the database has made, or nothing of it is kept.
//!
//! SQLite ends a transaction by itself when the disk is full, a read fails or a statement is interrupted, and sqlx 0.9.0 counts it
//! as open: a statement would then be kept at once, and a savepoint be taken for a transaction. Both databases undo what they have
//! given up when it is committed, and PostgreSQL calls that a success. So nothing is done in a transaction that is in doubt.
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

/// What all levels of a transaction know of it.
#[derive(Debug, Default)]
struct State {
    /// The database has ended it, or may have.
    over: AtomicBool,
    /// A read was sent whose outcome nobody waited for.
    in_doubt: AtomicBool,
    /// A level begins or ends.
    turning: AtomicBool,
    /// One statement at a time: whoever waits for another one's end does not stop it.
    alone: tokio::sync::Mutex<()>,
    /// Parts that were dropped, and are yet to be taken back.
    left: Mutex<Vec<DatabaseTransaction>>,
}

/// A transaction, or a part of one that can be taken back alone. Dropped before `commit`, it leaves nothing behind.
#[derive(Debug)]
pub struct Transaction {
    /// `None` once it has ended.
    txn: Option<DatabaseTransaction>,
    backend: DbBackend,
    health: Arc<Health>,
    interrupt: Interrupt,
    state: Arc<State>,
    /// A statement has failed: what follows would be no part of it.
    has_failed: AtomicBool,
    is_part: bool,
    /// Until it ends it holds its client's turn.
    turn: Turn,
}

impl Drop for Transaction {
    /// A part that was not ended is taken back before anything else is done: sqlx does not tell whether it could be, if it is dropped.
    fn drop(&mut self) {
        if let Some(txn) = self.txn.take().filter(|_| self.is_part) {
            self.state.left.lock().unwrap_or_else(PoisonError::into_inner).push(txn);
        }
    }
}

/// What a statement leaves that is dropped before its outcome is known: a read the transaction in doubt, and a write its end.
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

    /// What the migrations work on. Whoever commits has seen none of its statements fail.
    pub fn inner(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.txn.as_ref().ok_or_else(gone)
    }

    /// Begins a part that can be taken back alone.
    pub async fn begin(&self) -> Result<Self, DbErr> {
        self.usable().await?;
        // If it fails, sqlx and the database no longer agree on how many levels there are.
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

    /// Ends it with all that it has done. A commit that has begun comes to its end, even if nobody waits for it any more.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        self.usable().await?;
        let txn = self.txn.take().ok_or_else(gone)?;
        if self.is_part {
            return turned(&self.state, txn.commit()).await;
        }
        let (health, turn) = (Arc::clone(&self.health), self.turn.take());
        let committed = tokio::spawn(async move {
            let _until_then = turn;
            // What is written to a file that nobody else opens any more is lost.
            health.check_file()?;
            txn.commit().await.inspect(|()| health.note_write()).inspect_err(|error| health.note(error))?;
            health.check_file()
        });
        committed.await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
    }

    /// Ends it with nothing of what it has done.
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

    /// The transaction, unless what would be done is no part of it.
    async fn usable(&self) -> Result<&DatabaseTransaction, DbErr> {
        self.is_there()?;
        let left = std::mem::take(&mut *self.state.left.lock().unwrap_or_else(PoisonError::into_inner));
        for part in left.into_iter().rev() {
            turned(&self.state, part.rollback()).await?;
        }
        if self.state.in_doubt.swap(false, Ordering::Relaxed) {
            // What is asked is too short to be stopped.
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

    /// Fails unless the database is in the transaction still: PostgreSQL does nothing more in one that has failed, and SQLite says that
    /// it begins none within another one.
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

/// The error of what is asked of a transaction that the database has ended.
fn gone() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the database has ended the transaction".to_owned()))
}

/// What begins or ends a level, or asks for it. Nothing else is done meanwhile. Without a success the transaction is over.
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
