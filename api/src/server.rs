//! Composes the service: creates the context of all use cases, and serves it over HTTP beside the background tasks. Holds
//! no use case and no route.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::auth::keys::KeyRing;
use crate::clock::Clock;
use crate::config::{Config, Limits};
use crate::database::schema::{self, SchemaError};
use crate::database::{self, Databases};
use crate::error::Error;
use crate::http::{self, listener};
use crate::service::background;
use crate::service::change::identity;
use crate::service::client::tokens;
use crate::service::context::cache::Cache;
use crate::service::context::deadlines::Deadlines;
use crate::service::context::feed::Feed;
use crate::service::context::queues::Queues;
use crate::service::context::replicas::Replicas;
use crate::service::context::sizes::SizesByAudience;
use crate::service::context::tokens::Tokens;
use crate::service::context::{AppContext, Parts};
use crate::service::recommendation::silence;
use crate::service::sizes;
use crate::service::webhook_sender::WebhookSender;
use crate::telemetry;
use crate::telemetry::traces::Traces;

/// How long the connections may take to be closed when the service stops.
const CLOSING: Duration = Duration::from_secs(5);

/// Why the application does not start, in one line for standard error.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot create the data directory {path}: {cause}")]
    DataDirectory { path: String, cause: std::io::Error },
    #[error("{0}: a database in memory is lost with its connection; name a file, sqlite://PATH")]
    InMemory(String),
    #[error("REC_DATABASE_URL: {0} (name one address, which leads to the server that takes writes)")]
    Address(&'static str),
    #[error(
        "REC_DATABASE_READ_URL: {0} (name addresses like that of the database, separated by commas, each of one server)"
    )]
    Replica(&'static str),
    #[error("cannot reach the database {place}: {cause}")]
    Database { place: String, cause: sea_orm::DbErr },
    #[error(transparent)]
    Schema(#[from] SchemaError),
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

/// Opens the database, brings its schema up to date and reads the keys.
pub async fn connect(config: Config, clock: Clock) -> Result<AppContext, StartError> {
    let trusted_documents = config.read_trusted_documents().map_err(StartError::TrustedDocuments)?;
    let traces = Traces::to(config.otlp_endpoint.as_deref()).map_err(StartError::Traces)?;
    let keys = open_keys(&config).await?;
    let databases = open_database(&config).await?;
    schema::migrate(&databases).await?;
    let feed = Feed::at(identity::settle(&databases, &clock).await?);
    let stopping = watch::Sender::new(false);
    let webhook_sender = WebhookSender::new(config.webhooks_private(), keys.own().seal.clone());
    let parts = Parts {
        config,
        keys,
        clock,
        feed,
        replicas: Replicas::of(databases.replicas.iter().cloned()),
        cache: Cache::default(),
        sizes: SizesByAudience::default(),
        tokens: Tokens::default(),
        deadlines: Deadlines::default(),
        queues: Queues::default(),
        webhook_sender,
        trusted_documents,
        traces,
        stopping,
    };
    let app = AppContext::new(databases, parts);
    // A service that cannot record it yet serves, and tries again.
    if let Err(error) = silence::record_elapsed(&app).await {
        tracing::error!(error = telemetry::chain(&error), "a silence may have elapsed, and that cannot be recorded");
    }
    tokens::read_revoked(&app).await?;
    sizes::read(&app).await?;
    Ok(app)
}

/// A service that listens.
pub struct Server {
    app: Arc<AppContext>,
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Binds the address of the configuration.
    pub async fn bind(app: Arc<AppContext>) -> Result<Self, StartError> {
        let address = app.config.listen;
        let listener = TcpListener::bind(address).await.map_err(|cause| StartError::Listen { address, cause })?;
        Ok(Self::over(app, listener))
    }

    pub fn over(app: Arc<AppContext>, listener: TcpListener) -> Self {
        let router = http::router(Arc::clone(&app));
        Self { app, listener, router }
    }

    pub fn address(&self) -> Result<SocketAddr, StartError> {
        let address = self.app.config.listen;
        self.listener.local_addr().map_err(|cause| StartError::Listen { address, cause })
    }

    /// Serves until `stop` resolves. Then it takes no more requests, finishes those in progress and closes the sockets, for
    /// as long as `shutdown_seconds` allows.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { app, listener, router } = self;
        let too_late = async {
            stop.await;
            app.stopping.send_replace(true);
            tokio::time::sleep(Duration::from_secs(app.config.shutdown_seconds)).await;
        };
        let attended = tokio::spawn(background::run(Arc::clone(&app)));
        let served = async {
            listener::serve(listener, router, &app.config, app.stopping.subscribe()).await;
            let _ = attended.await;
        };
        tokio::select! {
            () = served => {}
            () = too_late => {}
            never = background::follow_replicas(Arc::clone(&app)) => match never {},
        }
        // Traces that are not sent by then are lost.
        let tracing = Arc::clone(&app);
        let _ = tokio::task::spawn_blocking(move || tracing.traces.close()).await;
        // SQLite writes its write-ahead log back when its last connection is closed.
        let _ = tokio::time::timeout(CLOSING, app.databases.close()).await;
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
    // A request gives up its statement at least a second earlier. The limit applies to commands too.
    let limit = Duration::from_secs(Ord::max(config.limits.seconds, Limits::DEFAULT.seconds) + 1);
    let replicas = database::address::replicas(&config.database_read_url, &url).map_err(StartError::Replica)?;
    let opened = Databases::open(&url, &replicas, config.database_connections, limit).await;
    opened.map_err(|cause| StartError::Database { place: database::address::without_credentials(&url), cause })
}

/// Creates the directory of a file, if there is none.
pub fn create_directory_of(file: &Path) -> Result<(), StartError> {
    file.parent().filter(|directory| !directory.as_os_str().is_empty()).map_or(Ok(()), create_data_directory)
}

/// Only its owner may read it: it holds confidential records, and the key.
fn create_data_directory(path: &Path) -> Result<(), StartError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|cause| StartError::DataDirectory { path: path.display().to_string(), cause })
}
