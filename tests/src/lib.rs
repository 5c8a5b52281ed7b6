//! The product from outside: a whole application in process, on a fresh database, with a clock that stands still. Every test runs on SQLite
//! and on a real PostgreSQL, and says so in its name.

#![expect(clippy::needless_pass_by_value, reason = "JSON values are made where they are passed")]

pub mod chance;
pub mod client;
pub mod disk;
pub mod given;
pub mod made;
pub mod mutations;
pub mod operations;
pub mod panics;
pub mod points;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod rlimit;
pub mod schema;
pub mod shapes;
pub mod socket;
pub mod table;
pub mod traces;
pub mod twin;
pub mod volume;
pub mod wait;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, TimeZone as _, Utc};
use rec_api::auth::Role;
use rec_api::auth::token::{Grant, issue};
use rec_api::clock::Clock;
use rec_api::config::Config;
use rec_api::server::{self, Server};
use rec_api::service::context::AppContext;
use rec_api::service::seed;
use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

use crate::client::Client;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// An application on a database of its own, with the public register loaded.
pub struct TestApp {
    pub app: Arc<AppContext>,
    pub database: Database,
    pub url: String,
    router: Router,
    directory: TempDir,
}

/// The time at which every test begins: a morning in Tashkent.
pub fn start_of_tests() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 4, 0, 0).single().expect("a time")
}

/// Deep selections in a debug build need more than the default.
const STACK: usize = 16 * 1024 * 1024;

/// Runs one case on one database. Called by `on_both_databases!`.
pub fn run<F>(database: Database, case: impl FnOnce(TestApp) -> F + Send + 'static)
where
    F: Future<Output = ()>,
{
    let background = panics::Watch::new();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(background.begin())
            .thread_stack_size(STACK)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            let Some(app) = TestApp::start(database).await else { return };
            let url = app.url.clone();
            case(app).await;
            if database == Database::Postgres {
                postgres::drop_database(&url).await;
            }
        });
        assert_eq!(background.panics(), 0, "background tasks have panicked");
    });
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

/// Declares cases, functions of a [`TestApp`], as tests on both databases. Each expands to a module of its name beside it:
///
/// ```text
/// mod case { #[test] fn sqlite() { run(Database::Sqlite, super::case) }  #[test] fn postgres() { … } }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($($case:tt)*) => { $crate::on_databases! { [sqlite Sqlite, postgres Postgres] $($case)* } };
}

/// As [`on_both_databases!`], for what exists on PostgreSQL only: `case::postgres`.
#[macro_export]
macro_rules! on_postgres {
    ($($case:tt)*) => { $crate::on_databases! { [postgres Postgres] $($case)* } };
}

/// As [`on_both_databases!`], on the databases that are listed.
#[macro_export]
macro_rules! on_databases {
    ($databases:tt $($(#[$meta:meta])* $case:ident),* $(,)?) => {$(
        mod $case {
            $crate::on_databases! { @tests $databases $case $(#[$meta])* }
        }
    )*};
    (@tests [$database:ident $kind:ident $(, $more:ident $kinds:ident)*] $case:ident $(#[$meta:meta])*) => {
        $(#[$meta])*
        #[test]
        fn $database() {
            $crate::run($crate::Database::$kind, super::$case);
        }

        $crate::on_databases! { @tests [$($more $kinds),*] $case $(#[$meta])* }
    };
    (@tests [] $case:ident $(#[$meta:meta])*) => {};
}

impl TestApp {
    /// On a fresh copy of a database with the public register; `None` if there is no PostgreSQL to test on.
    pub async fn start(database: Database) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = match database {
            Database::Sqlite => {
                let file = directory.path().join("rec.db");
                std::fs::copy(sqlite_template().await, &file).expect("a copy of the template");
                format!("sqlite://{}", file.display())
            }
            Database::Postgres => postgres::create_database().await?,
        };
        Some(Self::at(database, url, directory).await)
    }

    /// On a database of a given server.
    pub async fn on(cluster: &postgres::Cluster) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::at(Database::Postgres, cluster.create_database().await, directory).await
    }

    /// On the database at an address.
    pub async fn at_address(url: String) -> Self {
        Self::at(Database::Postgres, url, tempfile::tempdir().expect("a temporary directory")).await
    }

    /// On a given server that keeps the rows of the database in this directory.
    pub async fn on_disk(cluster: &postgres::Cluster, directory: &std::path::Path) -> Self {
        let url = cluster.create_database_in(directory).await;
        Self::at(Database::Postgres, url, tempfile::tempdir().expect("a temporary directory")).await
    }

    async fn at(database: Database, url: String, directory: TempDir) -> Self {
        let config = config(&directory, &url);
        let app = server::connect(config, Clock::fixed(start_of_tests())).await.expect("an application");
        Self::over(Arc::new(app), database, url, directory)
    }

    fn over(app: Arc<AppContext>, database: Database, url: String, directory: TempDir) -> Self {
        Self { router: rec_api::http::router(Arc::clone(&app)), app, database, url, directory }
    }

    /// Another process on the same database.
    pub async fn second(&self) -> Self {
        self.second_with(|_| {}).await
    }

    /// Another process on the same database, with another configuration.
    pub async fn second_with(&self, configure: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = config(&directory, &self.url);
        configure(&mut config);
        let app = server::connect(config, Clock::fixed(self.app.clock.now())).await.expect("an application");
        Self::over(Arc::new(app), self.database, self.url.clone(), directory)
    }

    /// Stops the service, and starts it again after `between`: with the same configuration, and so with the same key.
    pub async fn restarted_after<F: Future<Output = ()>>(self, between: impl FnOnce(String) -> F) -> Self {
        self.disconnect().await;
        between(self.url.clone()).await;
        let (config, clock) = (self.app.config.clone(), Clock::fixed(self.app.clock.now()));
        let app = server::connect(config, clock).await.expect("an application");
        Self::over(Arc::new(app), self.database, self.url, self.directory)
    }

    /// Closes all connections to the database.
    pub async fn disconnect(&self) {
        self.app.databases.close().await.expect("closed connections");
    }

    pub fn anonymous(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    pub fn reader(&self) -> Client {
        self.holder(Role::Reader, None)
    }

    /// A partner that acts for the organisation with this acronym.
    pub fn partner(&self, acronym: &str) -> Client {
        self.holder(Role::Partner, Some(acronym))
    }

    pub fn secretariat(&self) -> Client {
        self.holder(Role::Secretariat, None)
    }

    pub fn admin(&self) -> Client {
        self.holder(Role::Admin, None)
    }

    /// A client with any `Authorization` header.
    pub fn with_authorization(&self, header: &str) -> Client {
        Client::new(self.router.clone(), Some(header.to_owned()))
    }

    pub fn token(&self, role: Role, organization: Option<&str>) -> String {
        let valid_for = std::time::Duration::from_hours(1);
        let grant = Grant { role, organization: organization.map(str::to_owned), valid_for, client: None };
        let (keys, clock) = (&self.app.keys, &self.app.clock);
        issue(keys.own(), &self.app.config.trust(), &grant, clock.uuid(), clock.now()).expect("a token")
    }

    fn holder(&self, role: Role, organization: Option<&str>) -> Client {
        self.with_authorization(&format!("Bearer {}", self.token(role, organization)))
    }

    /// The service on a port of its own.
    pub async fn serve(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(Server::over(Arc::clone(&self.app), listener).run(std::future::pending()));
        port
    }

    /// The same without background tasks, so that all counted statements are those of requests.
    pub async fn serve_requests(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }

    /// The metrics that operators read.
    pub async fn metrics(&self) -> String {
        let request = Request::get("/metrics").body(Body::empty()).expect("a request");
        let answer = self.router().oneshot(request).await.expect("an answer");
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("figures");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    /// The whole HTTP service, for requests that no client makes.
    pub fn router(&self) -> Router {
        self.router.clone()
    }
}

/// The memory for cached answers in tests of the response cache, and of all with `REC_TEST_RESPONSE_CACHE`.
pub const RESPONSE_CACHE: u64 = 8 << 20;

fn config(directory: &TempDir, url: &str) -> Config {
    let mut config = Config::embedded(directory.path().join("data"));
    config.database_url = Some(url.to_owned());
    config.database_connections = 4;
    config.limits.rate_points = 0;
    // Most tests are about what a request itself does.
    config.limits.response_cache =
        if std::env::var_os("REC_TEST_RESPONSE_CACHE").is_some() { RESPONSE_CACHE } else { 0 };
    config
}

/// A SQLite file with the public register, made once.
async fn sqlite_template() -> &'static PathBuf {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    static FILE: OnceCell<PathBuf> = OnceCell::const_new();
    FILE.get_or_init(|| async {
        let directory = DIRECTORY.get_or_init(|| tempfile::tempdir().expect("a temporary directory"));
        let file = directory.path().join("template.db");
        load_template(&format!("sqlite://{}", file.display())).await;
        file
    })
    .await
}

/// Migrates a database, loads the public register, and closes all connections.
pub(crate) async fn load_template(url: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let app = server::connect(config(&directory, url), Clock::fixed(start_of_tests())).await.expect("an application");
    seed::public::load(&app).await.expect("the public register");
    // So that a copy of it does not count as a copy of another feed.
    app.databases.write.execute_unprepared("UPDATE change_head SET home = NULL").await.expect("a template");
    app.close().await;
}
