//! A pooler in front of a server.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::cluster::{Cluster, own_directory};
use super::{as_account, free_port, name_of, unprivileged_account};

/// A pooler in front of a server, in session mode; `None`, with a warning, if there is none on this machine. It ends when it is dropped.
pub struct Pooler {
    child: Child,
    pub port: u16,
}

impl Pooler {
    pub fn before(server: &Cluster) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).is_file());
        let Some(program) = program else {
            let required = std::env::var("REC_TEST_REQUIRE_PGBOUNCER").is_ok_and(|value| value == "1");
            assert!(!required, "there is no pgbouncer, and REC_TEST_REQUIRE_PGBOUNCER=1 asks for it");
            let loudly = "\n*** NO POOLER WAS TESTED: there is no pgbouncer. Install the package of that name. ***\n";
            writeln!(std::io::stderr(), "{loudly}").expect("standard error");
            return None;
        };
        let (directory, port) = (own_directory(), free_port());
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = session\nignore_startup_parameters = extra_float_digits\n",
            server.port
        );
        let file = directory.join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("its settings");
        let mut pooler = Command::new(program);
        let pooler = as_account(pooler.arg("-q").arg(&file), unprivileged_account()).current_dir(&directory);
        let child = pooler.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a pooler");
        Some(Self { child, port })
    }

    /// The address of a database of the server, through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}", self.port, name_of(database))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
