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

/// What a statement answers; an error if it seems to have succeeded, and a thread has panicked meanwhile: of this statement or of another
/// one.
pub async fn whole<T>(answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let before = PANICS.load(Ordering::SeqCst);
    match answer.await {
        Ok(_) if PANICS.load(Ordering::SeqCst) != before => {
            Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(sqlx::Error::WorkerCrashed))))
        }
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DbErr;

    use super::super::failure;
    use super::{watch, whole};

    /// An answer during which a thread with a name panics.
    async fn answered<T>(name: &str, answer: Result<T, DbErr>) -> Result<T, DbErr> {
        watch();
        whole(async {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(|| panic!("for a test"));
            assert!(thread.unwrap().join().is_err());
            answer
        })
        .await
    }

    #[tokio::test]
    async fn an_answer_is_none_if_a_thread_of_sqlite_panics_meanwhile() {
        let cut = answered("sqlx-sqlite-worker-0", Ok(())).await.unwrap_err();
        assert!(failure::is_broken(&cut) && failure::is_away(&cut), "{cut}");
        assert_eq!(
            answered("sqlx-sqlite-worker-0", Err::<(), _>(DbErr::RecordNotInserted)).await,
            Err(DbErr::RecordNotInserted)
        );
        assert_eq!(answered("another", Ok(())).await, Ok(()));
        assert_eq!(whole(async { Ok(()) }).await, Ok(()));
    }
}
