//! The application: its databases, its keys, its clock and its feed. Connect, migrate, serve, shut down.

use std::collections::HashSet;
use std::future::Future;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use migration::{Migrator, MigratorTrait as _};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::auth::keys::KeyRing;
use crate::clock::Clock;
use crate::config::{Config, Limits, TrustedDocuments};
use crate::database::{self, Databases, Transaction};
use crate::error::Error;
use crate::http::listen;
use crate::service::attend::attend;
use crate::service::change::Feed;
use crate::service::client::tokens::Tokens;
use crate::service::idempotency::Queues;
use crate::service::kept::Kept;
use crate::service::sizes::Sizes;
use crate::service::webhook::post::Poster;
use crate::telemetry;
use crate::telemetry::traces::Traces;

/// Derefs to what does not change with the transaction that it works in. Clones share it.
#[derive(Clone)]
pub struct App {
    pub databases: Databases,
    parts: Arc<Parts>,
}

pub struct Parts {
    pub config: Config,
    pub keys: KeyRing,
    pub clock: Clock,
    pub feed: Feed,
    pub kept: Kept,
    pub sizes: Sizes,
    pub tokens: Tokens,
    /// Where requests wait that come with the same idempotency key.
    pub queues: Queues,
    pub poster: Poster,
    pub trusted_documents: TrustedDocuments,
    pub traces: Traces,
    /// Turns true when the service stops.
    pub stopping: watch::Sender<bool>,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// How long the connections may take to be closed at the end.
const CLOSING: Duration = Duration::from_secs(5);

/// Why the application does not start: one line for standard error.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot create the data directory {path}: {cause}")]
    DataDirectory { path: String, cause: std::io::Error },
    #[error("{0}: a database in memory is lost with its connection; name a file, sqlite://PATH")]
    InMemory(String),
    #[error("REC_DATABASE_URL: {0}: name one address, which leads to the server that takes writes")]
    Address(&'static str),
    #[error("cannot reach the database {place}: {cause}")]
    Database { place: String, cause: sea_orm::DbErr },
    #[error("the database has a newer schema than this program ({0}); start a newer rec")]
    NewerSchema(String),
    #[error("cannot migrate the database: {0}")]
    Migration(sea_orm::DbErr),
    #[error("{0}")]
    Keys(String),
    #[error("REC_TRUSTED_DOCUMENTS: {0}")]
    TrustedDocuments(String),
    #[error("REC_OTLP_ENDPOINT: {0}")]
    Traces(String),
    #[error("{}", telemetry::chain(.0))]
    Service(#[from] Error),
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: SocketAddr, cause: std::io::Error },
}

impl App {
    /// Opens the database, brings its schema up to date and reads the keys.
    pub async fn connect(config: Config, clock: Clock) -> Result<Self, StartError> {
        let trusted_documents = config.read_trusted_documents().map_err(StartError::TrustedDocuments)?;
        let traces = Traces::to(config.otlp_endpoint.as_deref()).map_err(StartError::Traces)?;
        let keys = open_keys(&config).await?;
        let databases = open_database(&config).await?;
        migrate(&databases).await?;
        let feed = Feed::open(&databases, &clock).await?;
        let stopping = watch::Sender::new(false);
        let (tokens, queues, poster) = (Tokens::default(), Queues::default(), Poster::new(config.webhooks_private()));
        let (kept, sizes) = (Kept::default(), Sizes::default());
        let parts = Parts {
            config,
            keys,
            clock,
            feed,
            kept,
            sizes,
            tokens,
            queues,
            poster,
            trusted_documents,
            traces,
            stopping,
        };
        let app = Self { databases, parts: Arc::new(parts) };
        app.tokens.read(&app).await?;
        app.sizes.read(&app).await?;
        Ok(app)
    }

    /// The same application, whose every statement is one of a transaction.
    #[must_use]
    pub fn within(&self, txn: &Arc<Transaction>) -> Self {
        Self { databases: self.databases.within(txn), parts: Arc::clone(&self.parts) }
    }

    /// Whether the service can answer: the database is reachable, takes writes, and has the schema that this program knows.
    pub async fn ready(&self) -> Result<(), Error> {
        self.databases.check_writable(self.clock.uuid()).await?;
        let seen: HashSet<String> = self.databases.migrations().await?.into_iter().collect();
        let known = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        if seen == known { Ok(()) } else { Err(Error::internal("the database has another schema")) }
    }

    /// Closes all connections.
    pub async fn close(self) {
        let _ = self.databases.close().await;
    }

    /// Serves through a router until `stop` resolves; then takes no more requests, finishes those that have begun and closes the sockets, if
    /// that is done in time.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        let too_late = async {
            stop.await;
            self.stopping.send_replace(true);
            tokio::time::sleep(Duration::from_secs(self.config.shutdown_seconds)).await;
        };
        let attended = tokio::spawn(attend(Arc::clone(&self)));
        let served = async {
            listen::serve(listener, router, &self.config, self.stopping.subscribe()).await;
            let _ = attended.await;
        };
        tokio::select! {
            () = served => {}
            () = too_late => {}
        }
        // What is not sent by then is lost.
        let app = Arc::clone(&self);
        let _ = tokio::task::spawn_blocking(move || app.traces.close()).await;
        // SQLite writes its log back when its last connection is closed.
        let _ = tokio::time::timeout(CLOSING, self.databases.close()).await;
    }
}

pub async fn open_keys(config: &Config) -> Result<KeyRing, StartError> {
    create_data_directory(&config.data_dir)?;
    KeyRing::open(&config.data_dir, config.jwks.clone()).await.map_err(StartError::Keys)
}

pub async fn open_database(config: &Config) -> Result<Databases, StartError> {
    if config.database_url.is_none() {
        create_data_directory(&config.data_dir)?;
    }
    let url = config.database_url();
    database::address::check(&url).map_err(StartError::Address)?;
    if url.starts_with("sqlite:") && (url.contains(":memory:") || url.contains("mode=memory")) {
        return Err(StartError::InMemory(url));
    }
    // A request has given its statement up a second before at the latest. Commands are held to it too.
    let limit = Duration::from_secs(Ord::max(config.limits.seconds, Limits::DEFAULT.seconds) + 1);
    let opened = Databases::open(&url, config.database_connections, limit).await;
    opened.map_err(|cause| StartError::Database { place: without_credentials(&url), cause })
}

/// Creates the directory that a file is to stand in, if there is none.
pub fn create_directory_of(file: &Path) -> Result<(), StartError> {
    file.parent().filter(|directory| !directory.as_os_str().is_empty()).map_or(Ok(()), create_data_directory)
}

/// What it holds is for its owner alone: confidential records, and the key.
fn create_data_directory(path: &Path) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|cause| StartError::DataDirectory { path: path.display().to_string(), cause })
}

/// A database's address without the user and the password.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = rest.split('?').next().unwrap_or_default();
    format!("{scheme}://{}", place.rsplit_once('@').map_or(place, |(_, place)| place))
}

/// Runs the migrations that the database has not seen, in one transaction; another program that starts meanwhile waits. Refuses a
/// database that has seen one that we do not know.
pub async fn migrate(databases: &Databases) -> Result<(), StartError> {
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let alone = databases.begin().await.map_err(StartError::Migration)?;
    database::unlimited(&alone).await.map_err(StartError::Migration)?;
    database::alone(&alone, "migrate").await.map_err(StartError::Migration)?;
    let within = alone.inner().map_err(StartError::Migration)?;
    Migrator::install(within).await.map_err(StartError::Migration)?;
    let seen = Migrator::get_migration_models(within).await.map_err(StartError::Migration)?;
    let is_current = seen.len() == known.len();
    if let Some(unknown) = seen.into_iter().find(|seen| !known.contains(&seen.version)) {
        return Err(StartError::NewerSchema(unknown.version));
    }
    if is_current {
        return alone.rollback().await.map_err(StartError::Migration);
    }
    Migrator::up(within, None).await.map_err(StartError::Migration)?;
    alone.commit().await.map_err(StartError::Migration)
}
