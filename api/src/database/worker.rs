//! The threads in which sqlx uses SQLite: sqlx-sqlite 0.9.0 panics if there is no memory for a value of a row. The answer to a statement
//! then ends early as if it were complete, and what is sent to such a thread while it ends is never answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use sea_orm::sqlx::{Connection as _, SqliteConnection};
use sea_orm::{DbErr, RuntimeErr, sqlx};
use tokio::time::timeout;

/// How long a thread may take to answer after one has panicked: longer than it takes to stop an abandoned statement.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// How many have panicked in this process.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts panics from now on, in addition to the present panic hook.
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

/// The answer to a statement; an error if it seems to have succeeded, but a thread has panicked meanwhile, whether of this statement or of
/// another one.
pub async fn whole<T>(answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let before = PANICS.load(Ordering::SeqCst);
    match answer.await {
        Ok(_) if PANICS.load(Ordering::SeqCst) != before => {
            Err(DbErr::Query(RuntimeErr::SqlxError(Arc::new(sqlx::Error::WorkerCrashed))))
        }
        answer => answer,
    }
}

/// Whether the connections of a pool are worth keeping.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// How many threads had panicked at the last check.
    panics: Arc<AtomicU64>,
}

impl Checkup {
    pub fn new() -> Self {
        Self { panics: Arc::new(AtomicU64::new(PANICS.load(Ordering::SeqCst))) }
    }

    /// Fails for a connection whose thread has panicked: sqlx would wait for it forever, and its pool would lose a place.
    pub async fn pass(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let panics = PANICS.load(Ordering::SeqCst);
        if self.panics.swap(panics, Ordering::SeqCst) == panics {
            return Ok(());
        }
        timeout(ANSWERS_WITHIN, connection.ping()).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::sqlx::Executor as _;
    use sea_orm::{Database, DbErr};
    use tokio::time::timeout;

    use super::super::interrupt::Interrupt;
    use super::super::{failure, options};
    use super::{watch, whole};

    /// For the tests that count the panics of the process.
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

    fn panic_on(name: &str) {
        watch();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(|| panic!("for a test"));
        assert!(thread.unwrap().join().is_err());
    }

    /// An answer during which a thread with a name panics.
    async fn answered<T>(name: &str, answer: Result<T, DbErr>) -> Result<T, DbErr> {
        whole(async {
            panic_on(name);
            answer
        })
        .await
    }

    #[tokio::test]
    async fn an_answer_is_none_if_a_thread_of_sqlite_panics_meanwhile() {
        let _alone = ALONE.lock().await;
        let cut = answered("sqlx-sqlite-worker-0", Ok(())).await.unwrap_err();
        assert!(failure::is_broken(&cut) && failure::is_away(&cut), "{cut}");
        assert_eq!(
            answered("sqlx-sqlite-worker-0", Err::<(), _>(DbErr::RecordNotInserted)).await,
            Err(DbErr::RecordNotInserted)
        );
        assert_eq!(answered("another", Ok(())).await, Ok(()));
        assert_eq!(whole(async { Ok(()) }).await, Ok(()));
    }

    #[tokio::test]
    async fn a_connection_whose_thread_answers_no_more_is_given_up_once_one_has_panicked() {
        let _alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        for writes in [true, false] {
            let interrupt = Interrupt::of_sqlite();
            let options =
                if writes { options::writer(&url, &interrupt) } else { options::reader(&url, &interrupt, false) };
            let pool = Database::connect(options).await.unwrap();
            let pool = pool.get_sqlite_connection_pool();
            let endless = "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
            let given_up = timeout(Duration::from_millis(10), pool.execute(endless)).await;
            panic_on("sqlx-sqlite-worker-0");
            assert!(given_up.is_err());
            // A broken connection that was kept would make this time out.
            pool.execute("SELECT 1").await.unwrap();
            interrupt.fire();
        }
    }
}
