//! Why a statement failed, by the error codes of both databases. (PostgreSQL, "Error Codes"; SQLite, "Result Codes".) It decides nothing
//! about what follows.

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Codes of SQLite, and codes or classes of codes of PostgreSQL.
struct Codes(&'static [i32], &'static [&'static str]);

/// Write conflicts: a transaction that was aborted in favour of another one, or a record that was there when it was looked up, and is gone.
const WRITE_CONFLICT: Codes = Codes(
    &[787], // SQLITE_CONSTRAINT_FOREIGNKEY
    &[
        "40001", // serialization_failure
        "40P01", // deadlock_detected
        "23503", // foreign_key_violation
    ],
);

/// A database that cannot do now what it can do at other times.
const AWAY: Codes = Codes(
    &[
        5,  // SQLITE_BUSY
        6,  // SQLITE_LOCKED
        7,  // SQLITE_NOMEM
        8,  // SQLITE_READONLY
        9,  // SQLITE_INTERRUPT
        10, // SQLITE_IOERR
        13, // SQLITE_FULL
        14, // SQLITE_CANTOPEN
    ],
    &[
        "08",    // connection exceptions
        "25006", // read_only_sql_transaction, as of a primary that is one no more
        "25P03", // idle_in_transaction_session_timeout
        "25P04", // transaction_timeout
        "53",    // insufficient resources: disk, memory, connections
        "57",    // operator intervention: a time limit, a shutdown, a start
        "58",    // system errors, as of the disk
    ],
);

/// A database that accepts no writes.
const UNWRITABLE: Codes = Codes(
    &[
        8,  // SQLITE_READONLY
        10, // SQLITE_IOERR
        13, // SQLITE_FULL
        14, // SQLITE_CANTOPEN
    ],
    &[
        "25006", // read_only_sql_transaction
        "53100", // disk_full
        "58030", // io_error
    ],
);

/// A connection that is no longer usable: it is cut, or leads to a server that is no longer the primary.
const BROKEN: Codes = Codes(
    &[],
    &[
        "08",    // connection exceptions
        "25006", // read_only_sql_transaction
        "25P03", // idle_in_transaction_session_timeout
        "25P04", // transaction_timeout
        "57P",   // a server that stops or starts
    ],
);

/// A failure that only undoes its own statement, and leaves a SQLite transaction as it was.
const OF_STATEMENT: Codes = Codes(
    &[19], // SQLITE_CONSTRAINT
    &[],
);

/// A file that is locked by others.
const BUSY: Codes = Codes(
    &[5], // SQLITE_BUSY
    &[],
);

/// A server that accepts no writes.
const READ_ONLY: Codes = Codes(
    &[],
    &["25006"], // read_only_sql_transaction
);

/// A request that SQLite refuses without any harm.
const NO_SUCH: Codes = Codes(
    &[1], // SQLITE_ERROR
    &[],
);

impl Codes {
    fn have(&self, error: &DbErr) -> bool {
        let Some(sqlx::Error::Database(failure)) = failure(error) else { return false };
        let Some(code) = failure.code() else { return false };
        if failure.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_none() {
            return self.1.iter().any(|class| code.starts_with(class));
        }
        // The low byte is the primary code, which related codes have in common.
        code.parse::<i32>().is_ok_and(|code| self.0.contains(&code) || self.0.contains(&(code & 0xff)))
    }
}

/// The driver's error in a failed statement.
fn failure(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(failure)) | DbErr::Query(RuntimeErr::SqlxError(failure)) => Some(failure),
        _ => None,
    }
}

/// Whether a statement failed by a write conflict.
pub fn is_write_conflict(error: &DbErr) -> bool {
    WRITE_CONFLICT.have(error)
}

/// Whether the file of a database is locked by others.
pub fn is_busy(error: &DbErr) -> bool {
    BUSY.have(error)
}

/// Whether a database does not answer, or has no room, or no time.
pub fn is_away(error: &DbErr) -> bool {
    use sqlx::Error::{BeginFailed, Io, PoolClosed, PoolTimedOut, WorkerCrashed};
    match failure(error) {
        Some(Io(_) | PoolTimedOut | PoolClosed | WorkerCrashed | BeginFailed) => true,
        Some(_) => AWAY.have(error),
        None => matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)),
    }
}

/// Whether a database accepts no writes.
pub fn is_unwritable(error: &DbErr) -> bool {
    UNWRITABLE.have(error)
}

/// Whether the connection of a statement is no longer usable.
pub fn is_broken(error: &DbErr) -> bool {
    matches!(failure(error), Some(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed)) || BROKEN.have(error)
}

/// Whether a server accepts no writes: it is a standby, or no longer the primary.
pub fn is_read_only(error: &DbErr) -> bool {
    READ_ONLY.have(error)
}

/// Whether SQLite refuses to begin a transaction because one is open.
pub fn is_within_transaction(error: &DbErr) -> bool {
    NO_SUCH.have(error) && error.to_string().contains("within a transaction")
}

/// Whether SQLite has no transaction to roll back.
pub fn is_in_none(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(failure) if failure.message().contains("no transaction is active"))
}

/// Whether only the statement is undone and the transaction around it still exists. On PostgreSQL a savepoint brings it back.
pub fn is_of_statement(error: &DbErr) -> bool {
    match failure(error) {
        Some(sqlx::Error::Database(failure)) if failure.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() => {
            OF_STATEMENT.have(error)
        }
        _ => !is_broken(error),
    }
}
