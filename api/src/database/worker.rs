//! The threads that sqlx works at SQLite with. What a statement answers ends when its thread panics, as if that were all of it: sqlx-sqlite
//! 0.9.0 panics where there is no memory for a value of a row.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// How many have panicked in this process.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts them from now on, beside what is done about a panic already.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name().is_some_and(|name| name.starts_with("sqlx-sqlite-worker")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            told(panic);
        }));
    });
}

/// What a statement answers; an error if a thread has panicked meanwhile, of this statement or of another one.
pub async fn whole<T>(answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let before = PANICS.load(Ordering::SeqCst);
    let answer = answer.await;
    if PANICS.load(Ordering::SeqCst) == before {
        return answer;
    }
    Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(sqlx::Error::WorkerCrashed))))
}
