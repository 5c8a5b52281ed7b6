//! A server of its own for a test, its standbys and backups, and what can happen to it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use tempfile::TempDir;

use super::{
    LOGS, Server, as_account, connect, create, find_programs, free_port, name_of, row, run, signal,
    unprivileged_account,
};
use crate::rlimit::limiting;
use crate::wait::until;

/// Holds the server: a line restarts it; when the pipe closes because this process has ended, the shell stops the server and deletes its
/// files.
const KEEPER: &str = r#"
programs=$0 directory=$1 port=$2
trap '' INT TERM
serve() {
    "$programs/postgres" -D "$directory/data" -p "$port" -k "$directory" -c listen_addresses=127.0.0.1 -c fsync=off \
        -c full_page_writes=off -c synchronous_commit=off -c max_connections=300 -c autovacuum=off \
        -c lc_messages=C -c log_line_prefix='%d ' >>"$directory/log" 2>&1 &
    server=$!
}
stop() {
    kill -INT $server 2>/dev/null
    wait $server
}
serve
while read -r _; do
    stop
    sleep 1
    serve
done
stop
rm -rf "$directory"
"#;

/// The files of a server at one time.
pub struct BaseBackup(PathBuf);

/// A server and the shell that holds it.
pub struct Cluster {
    pub(super) server: Server,
    keeper: Child,
    directory: PathBuf,
    pub port: u16,
    is_halted: bool,
}

impl Cluster {
    /// A server of its own for a test; `None` if there are no server programs.
    pub fn start() -> Option<Self> {
        find_programs().map(|programs| start_cluster(&programs, &[]))
    }

    /// A server that keeps its write-ahead log in this directory, in segments of a megabyte.
    pub fn start_with_log_in(directory: &Path) -> Option<Self> {
        own(directory);
        let log = directory.join("log");
        let arguments = [OsStr::new("--waldir"), log.as_os_str(), OsStr::new("--wal-segsize=1")];
        find_programs().map(|programs| start_cluster(&programs, &arguments))
    }

    /// A database with the public register.
    pub async fn create_database(&self) -> String {
        let url = create(&self.server, "").await;
        crate::load_template(&url).await;
        url
    }

    /// A database with the public register that keeps its rows in this directory.
    pub async fn create_database_in(&self, directory: &Path) -> String {
        own(directory);
        run(&self.server, &format!("CREATE TABLESPACE small LOCATION '{}'", directory.display())).await;
        let url = create(&self.server, "TABLESPACE small").await;
        crate::load_template(&url).await;
        url
    }

    /// Makes commits in a database reach the log at once, and with it the standbys.
    pub async fn commit_at_once(&self, database: &str) {
        run(&self.server, &format!("ALTER DATABASE {} SET synchronous_commit = on", name_of(database))).await;
    }

    /// Makes a standby keep what it receives to itself.
    pub async fn pause_replay(&self) {
        run(&self.server, "SELECT pg_wal_replay_pause()").await;
        let paused = "SELECT 1 AS x WHERE pg_get_wal_replay_pause_state() = 'paused'";
        until("replay is paused", async || row(&self.server, paused).await.is_some()).await;
    }

    pub async fn resume_replay(&self) {
        run(&self.server, "SELECT pg_wal_replay_resume()").await;
    }

    /// Makes a standby replay what it receives only after some time.
    pub async fn delay_replay(&self, time: Duration) {
        run(&self.server, &format!("ALTER SYSTEM SET recovery_min_apply_delay = {}", time.as_millis())).await;
        run(&self.server, "SELECT pg_reload_conf()").await;
    }

    /// Cuts every connection to a database.
    pub async fn cut_connections(&self, database: &str) {
        let name = name_of(database);
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        run(&self.server, &cut).await;
    }

    /// A standby of this server.
    pub async fn standby(&self) -> Self {
        let standby = serve(self.copy(&["--write-recovery-conf"]));
        connect(&standby.server).await.close().await.expect("a server that answers");
        standby
    }

    /// A copy of the server's files, to recover from.
    pub fn base_backup(&self) -> BaseBackup {
        BaseBackup(self.copy(&[]))
    }

    /// Names this point of the log.
    pub async fn restore_point(&self, name: &str) {
        run(&self.server, &format!("SELECT pg_create_restore_point('{name}')")).await;
        // The rest of the segment, which writes the log up to here to its file.
        run(&self.server, "SELECT pg_switch_wal()").await;
    }

    /// A server that recovers a backup of this one up to a named point of its log, as the documentation of PostgreSQL says.
    pub async fn recovered(&self, backup: BaseBackup, point: &str) -> Self {
        let (BaseBackup(directory), log) = (backup, self.directory.join("data/pg_wal"));
        let settings = format!(
            "restore_command = 'cp {}/%f %p'\nrecovery_target_name = '{point}'\nrecovery_target_action = 'promote'\n",
            log.display()
        );
        let mut file =
            File::options().append(true).open(directory.join("data/postgresql.auto.conf")).expect("settings");
        file.write_all(settings.as_bytes()).expect("settings");
        File::create(directory.join("data/recovery.signal")).expect("a file");
        let recovered = serve(directory);
        let is_primary = "SELECT 1 AS x WHERE NOT pg_is_in_recovery()";
        until("it is recovered", async || row(&recovered.server, is_primary).await.is_some()).await;
        recovered
    }

    fn copy(&self, arguments: &[&str]) -> PathBuf {
        let (programs, directory) = (find_programs().expect("PostgreSQL's programs"), own_directory());
        let mut copy = Command::new(programs.join("pg_basebackup"));
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-X", "stream", "--checkpoint=fast", "--no-sync", "-p"]);
        makes(copy.arg(self.port.to_string()).args(arguments).arg("-D").arg(directory.join("data")), &directory);
        directory
    }

    /// Promotes a standby to a primary.
    pub async fn promote(&self) {
        run(&self.server, "SELECT pg_promote()").await;
    }

    /// Makes every session of the server refuse writes, open ones too: they are told before a new one is opened.
    pub async fn refuse_writes(&self) {
        run(&self.server, "ALTER SYSTEM SET default_transaction_read_only = on").await;
        run(&self.server, "SELECT pg_reload_conf()").await;
        let refused = "SELECT 1 AS x WHERE current_setting('default_transaction_read_only') = 'on'";
        until("a new session refuses writes", async || row(&self.server, refused).await.is_some()).await;
    }

    /// The address of a database of this server, at another port.
    pub fn url_at(&self, port: u16, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{}", name_of(database))
    }

    /// The processes of the server.
    pub fn processes(&self) -> Vec<u32> {
        let id = std::fs::read_to_string(self.directory.join("data/postmaster.pid")).expect("a server that runs");
        let id: u32 = id.lines().next().and_then(|id| id.parse().ok()).expect("its process");
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().filter_map(|child| child.parse().ok()).chain([id]).collect()
    }

    /// Ends the server as if its machine had failed. It does not start again.
    pub fn kill(&self) {
        for process in self.processes().into_iter().rev() {
            signal("KILL", process);
        }
    }

    /// Halts every process of the server: its connections stay open, and nothing is answered.
    pub fn halt(&mut self) {
        self.is_halted = true;
        for process in self.processes().into_iter().rev() {
            signal("STOP", process);
        }
    }

    /// Halts the sessions in which the service reads the register of a database, and not those in which it asks how far the server is. Returns
    /// whether there are any.
    pub async fn halt_readers(&mut self, database: &str) -> bool {
        let name = name_of(database);
        let of_others = ["change_head", "pg_postmaster_start_time", "statement_timestamp"];
        let of_others = of_others.map(|word| format!("AND query NOT LIKE '%{word}%'")).join(" ");
        let sql = format!(
            "SELECT string_agg(CAST(pid AS text), ' ') AS pids FROM pg_stat_activity \
             WHERE datname = '{name}' AND application_name = 'rec' {of_others}"
        );
        let pids: Option<String> = row(&self.server, &sql).await.expect("a row").try_get("", "pids").expect("sessions");
        let Some(pids) = pids else { return false };
        self.is_halted = true;
        pids.split_whitespace().filter_map(|process| process.parse().ok()).for_each(|process| signal("STOP", process));
        true
    }

    pub fn go_on(&mut self) {
        self.is_halted = false;
        for process in self.processes() {
            signal("CONT", process);
        }
    }

    /// Limits a resource of a process of the server, such as `data`, to so many bytes, or lifts the limit; does nothing if the process has
    /// ended.
    pub fn limit(&self, process: u32, resource: &str, most: Option<u64>) {
        let mut limiting = limiting(process, resource, most);
        let limiting = as_account(&mut limiting, unprivileged_account()).current_dir(&self.directory);
        limiting.stderr(Stdio::null()).status().expect("prlimit");
    }

    /// Stops the server, which cuts all connections, if it has not ended by itself, and starts it again a second later; returns when it
    /// answers.
    pub async fn restart(&mut self) {
        let before = self.began().await;
        let pipe = self.keeper.stdin.as_mut().expect("a pipe to the shell");
        pipe.write_all(b"restart\n").expect("a shell that reads");
        while self.began().await.is_none_or(|began| Some(began) == before) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// When the server was started; `None` while it does not answer.
    async fn began(&self) -> Option<String> {
        let db = Database::connect(self.server.url("postgres")).await.ok()?;
        let began = "SELECT CAST(pg_postmaster_start_time() AS text) AS began";
        let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, began)).await.ok()??;
        db.close().await.ok()?;
        row.try_get("", "began").ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.is_halted {
            self.go_on();
        }
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn start_cluster(programs: &Path, arguments: &[&OsStr]) -> Cluster {
    let directory = own_directory();
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.arg("-D").arg(directory.join("data")).args([
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--locale=C.UTF-8",
    ]);
    makes(initdb.args(arguments), &directory);
    serve(directory)
}

/// A directory of the account that the server runs as.
pub(super) fn own_directory() -> PathBuf {
    let directory = TempDir::with_prefix_in("rec-test-postgres-", base()).expect("a temporary directory").keep();
    own(&directory);
    directory
}

/// Where servers have their directories: in memory, if there is room. A copy of a database is some 600 files, which take 0.04 s there and 0.5 s
/// on a disk.
fn base() -> PathBuf {
    let (memory, room) = (Path::new("/dev/shm"), 4 << 20);
    let available = Command::new("df").args(["-Pk", "/dev/shm"]).output().ok().and_then(|output| {
        String::from_utf8(output.stdout).ok()?.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok()
    });
    if available.is_some_and(|kilobytes| kilobytes > room) { memory.to_owned() } else { std::env::temp_dir() }
}

/// Gives a directory to the account that the server runs as.
fn own(directory: &Path) {
    if let Some((uid, gid)) = unprivileged_account() {
        std::os::unix::fs::chown(directory, Some(uid), Some(gid)).expect("a directory of the server's account");
    }
}

/// Runs one of the server's programs to completion.
fn makes(program: &mut Command, directory: &Path) {
    let program = as_account(program, unprivileged_account()).current_dir(directory);
    let made = program.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("a program that runs");
    assert!(made.success(), "{program:?} failed");
}

/// Serves a data directory.
fn serve(directory: PathBuf) -> Cluster {
    let (programs, port) = (find_programs().expect("PostgreSQL's programs"), free_port());
    let mut keeper = Command::new("sh");
    keeper.arg("-c").arg(KEEPER).arg(programs).arg(&directory).arg(port.to_string());
    let keeper = as_account(&mut keeper, unprivileged_account()).current_dir(&directory).stdin(Stdio::piped()).spawn();
    let server = Server { base: format!("postgres://postgres@127.0.0.1:{port}"), options: String::new() };
    LOGS.lock().unwrap_or_else(PoisonError::into_inner).insert(server.base.clone(), directory.join("log"));
    Cluster { server, keeper: keeper.expect("a shell"), directory, port, is_halted: false }
}
