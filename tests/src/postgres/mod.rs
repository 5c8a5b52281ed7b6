//! A PostgreSQL to test on: the one of `REC_TEST_DATABASE_URL`, else a throw-away cluster of local server programs. The cluster ends with
//! the test process, however that ends: a shell holds the server and waits for the process's pipe to close.

mod cluster;
mod pooler;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult, Statement};
use tokio::sync::OnceCell;

pub use self::cluster::{BaseBackup, Cluster};
pub use self::pooler::Pooler;
use crate::wait::in_time;

/// The address of a server, without the name of a database.
#[derive(Clone, Debug)]
struct Server {
    base: String,
    options: String,
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.options)
    }
}

/// A fresh database with the public register; `None`, with a warning, if there is no PostgreSQL.
pub async fn create_database() -> Option<String> {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let server = server()?;
    let template = TEMPLATE.get_or_init(|| async { create_template(server).await }).await;
    Some(create(server, &format!("TEMPLATE {template}")).await)
}

/// An empty database, for tests of migrations.
pub async fn create_empty_database() -> Option<String> {
    Some(create(server()?, "").await)
}

async fn create(server: &Server, options: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("rec_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    run(server, &format!("CREATE DATABASE {name} {options}")).await;
    server.url(&name)
}

/// A copy of a database to which nobody is connected.
pub async fn copy_database(url: &str) -> String {
    create(server().expect("a server"), &format!("TEMPLATE {}", name_of(url))).await
}

/// Replaces a database to which nobody is connected by a copy, as a restore does.
pub async fn put_back(copy: &str, url: &str) {
    let (server, name) = (server().expect("a server"), name_of(url));
    run(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    run(server, &format!("CREATE DATABASE {name} TEMPLATE {}", name_of(copy))).await;
}

fn signal(name: &str, process: u32) {
    // It may have ended by itself.
    let _ = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).stderr(Stdio::null()).status();
}

/// Runs one of PostgreSQL's own commands to completion.
pub fn command(name: &str, arguments: &[&str]) {
    let programs = find_programs().expect("PostgreSQL's programs");
    let output = Command::new(programs.join(name)).args(arguments).output().expect("the command");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap_or_default()
}

pub async fn drop_database(url: &str) {
    let Some(server) = server() else { return };
    let name = name_of(url);
    if name.starts_with("rec_test_") {
        run(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
}

/// Cuts every connection to a database and lets nobody in for a while, as a restart of the server does.
pub async fn interrupt(url: &str, time: Duration) {
    let Some(server) = server() else { return };
    let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap_or_default();
    run(server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    run(server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    tokio::time::sleep(time).await;
    run(server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
}

/// Waits until a process listens in a database, in another session than the `gone` one; returns its session.
pub async fn listener(url: &str, gone: Option<i32>) -> i32 {
    let (server, name) = (server().expect("a server"), name_of(url));
    let sql = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND state = 'idle' AND query LIKE 'LISTEN%' AND pid <> {}",
        gone.unwrap_or_default()
    );
    let listens = async {
        loop {
            if let Some(row) = row(server, &sql).await {
                return row.try_get("", "pid").expect("a session");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    in_time("someone who listens", listens).await
}

async fn create_template(server: &Server) -> String {
    let name = format!("rec_test_{}_template", std::process::id());
    run(server, &format!("DROP DATABASE IF EXISTS {name}")).await;
    run(server, &format!("CREATE DATABASE {name}")).await;
    crate::load_template(&server.url(&name)).await;
    name
}

async fn run(server: &Server, sql: &str) {
    let connection = connect(server).await;
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.expect("a closed connection");
}

/// The first row of a statement.
async fn row(server: &Server, sql: &str) -> Option<QueryResult> {
    let connection = connect(server).await;
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    connection.close().await.expect("a closed connection");
    row.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn connect(server: &Server) -> DatabaseConnection {
    let mut tries = 0;
    loop {
        match Database::connect(server.url("postgres")).await {
            Ok(connection) => return connection,
            Err(error) if tries > 100 => panic!("PostgreSQL does not answer: {error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        tries += 1;
    }
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(find_server).as_ref()
}

fn find_server() -> Option<Server> {
    if let Ok(url) = std::env::var("REC_TEST_DATABASE_URL") {
        let (rest, options) =
            url.split_once('?').map_or((url.as_str(), String::new()), |(rest, o)| (rest, format!("?{o}")));
        let base = rest.rsplit_once('/').filter(|(base, _)| !base.ends_with('/')).map_or(rest, |(base, _)| base);
        return Some(Server { base: base.to_owned(), options });
    }
    if let Some(cluster) = Cluster::start() {
        // The pipe to the shell stays open for as long as this process lives.
        static HELD: OnceLock<Cluster> = OnceLock::new();
        return Some(HELD.get_or_init(|| cluster).server.clone());
    }
    let required = std::env::var("REC_TEST_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(!required, "PostgreSQL was not found, and REC_TEST_REQUIRE_POSTGRES=1 asks for it");
    // The test harness hides what `eprintln` prints in a test that passes.
    let loudly = "\n*** POSTGRESQL WAS NOT TESTED: no server programs found. Install PostgreSQL or set REC_TEST_DATABASE_URL. ***\n";
    writeln!(std::io::stderr(), "{loudly}").expect("standard error");
    None
}

/// The log files of the servers of this process, by the servers' addresses.
static LOGS: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());

/// What a server of this process has logged about a database: a warning or an error a line.
pub fn said(url: &str) -> Vec<String> {
    let logs = LOGS.lock().unwrap_or_else(PoisonError::into_inner);
    let log = logs.iter().find(|(base, _)| url.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/')));
    let log = log.map(|(_, path)| std::fs::read(path).expect("a server's log")).unwrap_or_default();
    let of_database = format!("{} ", name_of(url));
    let log = String::from_utf8_lossy(&log);
    log.lines().filter_map(|line| line.strip_prefix(&of_database)).map(str::to_owned).collect()
}

/// The directory with `initdb` and `postgres`: on the path, or where Debian, Red Hat and Homebrew put them.
fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"] {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
        found.sort_by_key(|bin| version(bin));
        directories.extend(found.into_iter().rev());
    }
    // Links lead to the directory of the other programs.
    let real = directories
        .into_iter()
        .filter_map(|directory| Some(directory.join("initdb").canonicalize().ok()?.parent()?.to_owned()));
    real.into_iter().find(|directory| directory.join("postgres").is_file())
}

/// The first number in a path: 9 and 17 are compared as such, not as text.
fn version(path: &Path) -> Option<u32> {
    let text = path.to_string_lossy();
    let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The server refuses to run as root: then it runs as `postgres`, or as `nobody`.
fn unprivileged_account() -> Option<(u32, u32)> {
    let own = std::fs::metadata("/proc/self").ok().map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata));
    if own != Some(0) {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let account = |name: &str| {
        let line = accounts.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(account("postgres").or_else(|| account("nobody")).expect("an unprivileged account"))
}

fn as_account(command: &mut Command, account: Option<(u32, u32)>) -> &mut Command {
    use std::os::unix::process::CommandExt as _;
    match account {
        Some((uid, gid)) => command.uid(uid).gid(gid),
        None => command,
    }
}
