//! `rec backup` and `rec restore`: the embedded database as one file, checked before anyone relies on it. Whole files are
//! copied; a restored register is changed only through the read layer and the unit of work.
#![expect(clippy::disallowed_methods, reason = "a lock on a file is neither read nor written")]

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, Connection as _, SqliteConnection};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr};

use crate::clock::Clock;
use crate::config::{Config, sqlite_url};
use crate::database::schema;
use crate::database::{self, private};
use crate::error::Error;
use crate::server::{self, StartError};
use crate::service::change::identity::{self, When};
use crate::service::client::revocations::{self, Grants, Revoked};
use crate::service::context::AppContext;
use crate::telemetry::chain;

/// How often a progress bar is redrawn.
const DRAWN: Duration = Duration::from_millis(100);
/// How long to wait for others who use the database.
const PATIENCE: Duration = Duration::from_secs(2);
/// The suffixes of a database's files: the database itself, its write-ahead log, the index of that log, and its high-water mark.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", MARK];
const MARK: &str = "-mark";

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("this is of the embedded database; of PostgreSQL docs/operations.md tells")]
    NotEmbedded,
    #[error("{0}: there is no such file")]
    Missing(PathBuf),
    #[error("{0} is there already")]
    IsThere(PathBuf),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("cannot copy {0} to {1}: {2}")]
    Copy(PathBuf, PathBuf, String),
    #[error("{0} is no sound database of this service: {1}")]
    Unsound(PathBuf, String),
    #[error("{0} is in use: stop the service first")]
    InUse(PathBuf),
    #[error(
        "the database that is there does not tell which tokens were revoked since the backup: say --client-tokens revoke or --client-tokens keep"
    )]
    TokensUnknown,
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{}", crate::telemetry::chain(.0))]
    Service(#[from] Error),
}

/// What a sound database file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The size of the file, in bytes.
    pub size: u64,
    /// The number of the last change.
    pub changes: i64,
    /// When the last change was made, as it is stored; `None` if there was none.
    pub last: Option<String>,
}

/// What to do with the tokens of clients that are valid in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Tokens {
    /// They stay valid.
    Keep,
    /// All of them are revoked.
    Revoke,
}

/// The outcome of a restore.
#[derive(Debug)]
pub struct Restored {
    pub from: Sound,
    pub revoked: Revoked,
    /// Where the previous database is now.
    pub replaced: Option<PathBuf>,
}

/// The file of the embedded database.
pub fn file_of(config: &Config) -> Result<PathBuf, BackupError> {
    let url = config.database_url();
    let options = url.starts_with("sqlite:").then(|| url.parse::<SqliteConnectOptions>().ok()).flatten();
    options.map(|options| options.get_filename().to_owned()).ok_or(BackupError::NotEmbedded)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a new file that only its owner can read.
fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| BackupError::File(path.to_owned(), error))
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::File(path.to_owned(), error)),
        _ => Ok(()),
    }
}

/// Removes a database file and the files that belong to it.
fn clear(path: &Path) -> Result<(), BackupError> {
    BESIDE.iter().try_for_each(|suffix| remove(&with_suffix(path, suffix)))
}

fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    std::fs::rename(from, to).map_err(|error| BackupError::File(to.to_owned(), error))
}

/// Makes sure that a file is on the disk, under its name.
fn settle(path: &Path) -> Result<(), BackupError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let settled = File::open(path).and_then(|file| file.sync_all()).and_then(|()| File::open(folder)?.sync_all());
    settled.map_err(|error| BackupError::File(path.to_owned(), error))
}

fn bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(PATIENCE);
    SqliteConnection::connect_with(&options).await
}

/// Copies the embedded database to a file, as it is at one moment, while others read and write. The file appears only when
/// it is complete.
pub async fn backup(config: &Config, to: &Path) -> Result<Sound, BackupError> {
    let from = file_of(config)?;
    if !from.is_file() {
        return Err(BackupError::Missing(from));
    }
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::IsThere(to.to_owned()));
    }
    // A partial file of its own, in case others back up to the same file at once.
    let part = with_suffix(to, &format!(".part-{}", std::process::id()));
    let sound = copied(&from, &part).await;
    if sound.is_err() {
        remove(&part)?;
        return sound;
    }
    rename(&part, to)?;
    settle(to)?;
    sound
}

/// Copies a database to a new file, as it is at one moment, and checks the whole copy.
async fn copied(from: &Path, to: &Path) -> Result<Sound, BackupError> {
    create(to)?;
    let copy = copy(from, to).await;
    copy.map_err(|error| BackupError::Copy(from.to_owned(), to.to_owned(), error.to_string()))?;
    check(to).await
}

async fn copy(from: &Path, to: &Path) -> Result<(), sqlx::Error> {
    let mut db = open(from).await?;
    let size = "SELECT page_size * (page_count - freelist_count) FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
    let size: i64 = sqlx::query_scalar(size).fetch_one(&mut db).await?;
    let bar = bar(u64::try_from(size).unwrap_or_default());
    let to = to.to_path_buf();
    let name =
        to.to_str().map(str::to_owned).ok_or_else(|| sqlx::Error::Configuration("a name that is no UTF-8".into()))?;
    let mut copying = Box::pin(sqlx::query("VACUUM INTO ?").bind(name).execute(&mut db));
    loop {
        tokio::select! {
            copied = &mut copying => {
                bar.finish_and_clear();
                return copied.map(drop);
            }
            () = tokio::time::sleep(DRAWN) => bar.set_position(std::fs::metadata(&to).map_or(0, |file| file.len())),
        }
    }
}

/// Reads a whole database file and checks that it is intact, belongs to this service, and is not of a newer version.
pub async fn check(path: &Path) -> Result<Sound, BackupError> {
    let size = std::fs::metadata(path).map_err(|_| BackupError::Missing(path.to_owned()))?.len();
    let unsound = |why: String| BackupError::Unsound(path.to_owned(), why);
    let found = found(path).await.map_err(|error| unsound(error.to_string()))?;
    if let Some(fault) = found.faults.first() {
        return Err(unsound(fault.clone()));
    }
    schema::check(found.migrations).map_err(StartError::from)?;
    if found.last.as_ref().is_some_and(|(seq, _)| *seq != found.head) {
        return Err(unsound("its feed does not end where its head says".to_owned()));
    }
    Ok(Sound { size, changes: found.head, last: found.last.map(|(_, at)| at) })
}

/// What was read from a database file.
struct Found {
    /// What is wrong with it.
    faults: Vec<String>,
    migrations: Vec<String>,
    head: i64,
    last: Option<(i64, String)>,
}

async fn found(path: &Path) -> Result<Found, sqlx::Error> {
    let mut db = open(path).await?;
    let mut faults: Vec<String> =
        sqlx::query_scalar("SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
            .fetch_all(&mut db)
            .await?;
    let unled: Vec<String> =
        sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(&mut db).await?;
    faults.extend(unled.into_iter().map(|table| format!("a row of {table} names one that is missing")));
    let found = Found {
        faults,
        migrations: sqlx::query_scalar("SELECT version FROM seaql_migrations").fetch_all(&mut db).await?,
        head: sqlx::query_scalar("SELECT seq FROM change_head").fetch_one(&mut db).await?,
        last: sqlx::query_as("SELECT seq, at FROM change ORDER BY seq DESC LIMIT 1").fetch_optional(&mut db).await?,
    };
    db.close().await?;
    Ok(found)
}

/// Replaces the embedded database by a backup; the old database is kept under another name. The restored feed gets an
/// identity of its own, and the tokens that were revoked since the backup are revoked in it.
pub async fn restore(
    config: Config,
    clock: Clock,
    from: &Path,
    tokens: Option<Tokens>,
) -> Result<Restored, BackupError> {
    let database = file_of(&config)?;
    check(from).await?;
    server::create_directory_of(&database)?;
    let present = Present::lock(&database).await?;
    let grants = present.grants().await;
    let made = with_suffix(&database, ".restoring");
    clear(&made)?;
    // This includes what is in a write-ahead log beside the backup.
    let sound = copied(from, &made).await?;
    let app = server::connect(Config { database_url: Some(sqlite_url(&made)), ..config }, clock).await?;
    let revoked = renew(&app, grants, tokens).await;
    let now = app.clock.now();
    app.close().await;
    if revoked.is_err() {
        clear(&made)?;
    }
    let revoked = revoked?;
    let replaced = present.keep(&now.format("%Y%m%dT%H%M%SZ").to_string())?;
    settle(&made)?;
    // The mark first: a database that is behind its mark, or has the mark of another one, gets a new identity when it starts.
    rename(&with_suffix(&made, MARK), &with_suffix(&database, MARK))?;
    rename(&made, &database)?;
    settle(&database)?;
    present.release().await;
    Ok(Restored { from: sound, revoked, replaced })
}

/// Renews what is no longer true of the copy: the identity of its feed, and which tokens are valid.
async fn renew(app: &AppContext, grants: Option<Grants>, tokens: Option<Tokens>) -> Result<Revoked, BackupError> {
    identity::renew(&app.databases, &app.clock, When::Always).await?;
    if tokens == Some(Tokens::Revoke) {
        return Ok(revocations::revoke_all(app).await?);
    }
    let is_told = match &grants {
        Some(grants) => revocations::are_known(app, grants).await?,
        None => !revocations::is_any_good(app).await?,
    };
    if tokens.is_none() && !is_told {
        return Err(BackupError::TokensUnknown);
    }
    match grants {
        Some(grants) => Ok(revocations::take_over(app, grants).await?),
        None => Ok(Revoked::default()),
    }
}

/// The grants of a database of this version or of an older one, whose migration is not kept.
async fn read_grants(db: &DatabaseConnection) -> Result<Grants, Error> {
    db.execute_unprepared("SAVEPOINT as_it_was").await?;
    let migrated = Migrator::up(db, None).await;
    let grants = match migrated {
        Ok(()) => revocations::grants(db).await,
        Err(error) => Err(error.into()),
    };
    db.execute_unprepared("ROLLBACK TO as_it_was").await?;
    grants
}

/// The existing database, which nobody else can use while it is held.
struct Present {
    path: PathBuf,
    /// `None` if there is none, or if it cannot be read.
    db: Option<DatabaseConnection>,
}

impl Present {
    async fn lock(path: &Path) -> Result<Self, BackupError> {
        let path = path.to_owned();
        if !path.is_file() {
            return Ok(Self { path, db: None });
        }
        match held(&path).await {
            Ok(db) => Ok(Self { path, db: Some(db) }),
            Err(error) if database::is_busy(&error) => Err(BackupError::InUse(path)),
            Err(error) => {
                tracing::warn!(error = error.to_string(), "the database that is there cannot be read");
                Ok(Self { path, db: None })
            }
        }
    }

    async fn grants(&self) -> Option<Grants> {
        let grants = read_grants(self.db.as_ref()?).await;
        grants.inspect_err(|error| tracing::warn!(error = chain(error), "it cannot be read which tokens are good")).ok()
    }

    /// Links it under another name as well, to keep it. Returns that name, if there is a database to keep.
    fn keep(&self, time: &str) -> Result<Option<PathBuf>, BackupError> {
        if !self.path.exists() {
            return Ok(None);
        }
        let names = (1..).map(|number| match number {
            1 => format!(".before-{time}"),
            _ => format!(".before-{time}-{number}"),
        });
        let free = names.map(|name| with_suffix(&self.path, &name)).find(|name| name.symlink_metadata().is_err());
        let kept = free.unwrap_or_else(|| with_suffix(&self.path, ".before"));
        private::keep(&self.path).map_err(|error| BackupError::File(self.path.clone(), error))?;
        std::fs::hard_link(&self.path, &kept).map_err(|error| BackupError::File(kept.clone(), error))?;
        // A database that could be opened has no write-ahead log left.
        for suffix in ["-wal", "-shm"] {
            let log = with_suffix(&self.path, suffix);
            if log.exists() {
                rename(&log, &with_suffix(&kept, suffix))?;
            }
        }
        Ok(Some(kept))
    }

    /// Closes the connection, so that others can use the database.
    async fn release(self) {
        if let Some(db) = self.db {
            // It has written nothing, so a failure loses nothing.
            let _ = db.close().await;
        }
    }
}

/// A connection that locks out all others. SQLite leaves WAL mode only if there is no other connection.
async fn held(path: &Path) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(sqlite_url(path));
    options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(PATIENCE));
    let db = Database::connect(options).await?;
    db.execute_unprepared("PRAGMA journal_mode = DELETE").await?;
    db.execute_unprepared("BEGIN EXCLUSIVE").await?;
    Ok(db)
}
