//! The application: its databases, its keys, its clock and its feed. Connect, migrate, serve, shut down.

use std::future::Future;
use std::sync::Arc;

use migration::{Migrator, MigratorTrait as _};
use tokio::net::TcpListener;

use crate::auth::keys::KeyRing;
use crate::clock::Clock;
use crate::config::Config;
use crate::database::Databases;
use crate::error::Error;
use crate::service::change::Feed;
use crate::service::read;

pub struct App {
    pub config: Config,
    pub databases: Databases,
    pub keys: KeyRing,
    pub clock: Clock,
    pub feed: Feed,
}

/// Why the application does not start: one line for standard error.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot create the data directory {path}: {cause}")]
    DataDirectory { path: String, cause: std::io::Error },
    #[error("cannot reach the database: {0}")]
    Database(sea_orm::DbErr),
    #[error("the database has a newer schema than this program ({0}); start a newer rec")]
    NewerSchema(String),
    #[error("cannot migrate the database: {0}")]
    Migration(sea_orm::DbErr),
    #[error("{0}")]
    Keys(String),
    #[error("{0}")]
    Service(#[from] Error),
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: std::net::SocketAddr, cause: std::io::Error },
}

impl App {
    /// Opens the database, brings its schema up to date and reads the keys.
    pub async fn connect(config: Config, clock: Clock) -> Result<Self, StartError> {
        let keys = open_keys(&config).await?;
        let databases = open_database(&config).await?;
        migrate(&databases).await?;
        let feed = Feed::open(&databases.read).await?;
        Ok(Self { config, databases, keys, clock, feed })
    }

    /// Whether the service can answer: the database is reachable.
    pub async fn ready(&self) -> Result<(), Error> {
        read::ping(&self.databases.read).await
    }

    /// Closes all connections.
    pub async fn close(self) {
        let Databases { read, write, .. } = self.databases;
        // On PostgreSQL both are one pool; closing it twice is harmless.
        let _ = write.close().await;
        let _ = read.close().await;
    }

    /// Serves until `stop` resolves; then finishes the requests that have begun.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        axum::serve(listener, crate::http::router(self)).with_graceful_shutdown(stop).await
    }
}

async fn open_keys(config: &Config) -> Result<KeyRing, StartError> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|cause| StartError::DataDirectory { path: config.data_dir.display().to_string(), cause })?;
    KeyRing::open(&config.data_dir, config.jwks.clone()).await.map_err(StartError::Keys)
}

pub async fn open_database(config: &Config) -> Result<Databases, StartError> {
    Databases::open(&config.database_url(), config.database_connections).await.map_err(StartError::Database)
}

/// Runs the migrations that the database has not seen. Refuses a database that has seen one that we do not know.
pub async fn migrate(databases: &Databases) -> Result<(), StartError> {
    let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    Migrator::install(&databases.write).await.map_err(StartError::Migration)?;
    let seen = Migrator::get_migration_models(&databases.write).await.map_err(StartError::Migration)?;
    if let Some(unknown) = seen.into_iter().find(|seen| !known.contains(&seen.version)) {
        return Err(StartError::NewerSchema(unknown.version));
    }
    Migrator::up(&databases.write, None).await.map_err(StartError::Migration)
}
