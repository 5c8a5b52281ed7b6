//! A proxy in front of a service.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::postgres::free_port;

/// nginx in front of a service: at `/` with nothing but its address, and at `/council/` as `docs/operations.md` has it. `None`, with a
/// warning, if there is none on this machine. It ends when it is dropped.
pub struct Proxy {
    child: Child,
    pub port: u16,
    _directory: TempDir,
}

impl Proxy {
    pub async fn before(service: u16) -> Option<Self> {
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).is_file());
        let Some(program) = program else {
            let required = std::env::var("REC_TEST_REQUIRE_NGINX").is_ok_and(|value| value == "1");
            assert!(!required, "there is no nginx, and REC_TEST_REQUIRE_NGINX=1 asks for it");
            let loudly = "\n*** NO PROXY WAS TESTED: there is no nginx. Install the package of that name. ***\n";
            writeln!(std::io::stderr(), "{loudly}").expect("standard error");
            return None;
        };
        let (directory, port) = (tempfile::tempdir().expect("a directory"), free_port());
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, settings(port, service, directory.path())).expect("its settings");
        let mut proxy = Command::new(program);
        proxy.arg("-p").arg(directory.path()).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let proxy = Self { child: proxy.spawn().expect("a proxy"), port, _directory: directory };
        let listens = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        crate::wait::until("a proxy that listens", listens).await;
        Some(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(port: u16, service: u16, directory: &Path) -> String {
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {}/{what};\n", directory.display()))
        .concat();
    let documented = include_str!("../../docs/operations.md").split("```nginx\n").nth(1).expect("its settings");
    let documented = documented.split("```").next().unwrap_or_default();
    let documented = documented.replace("127.0.0.1:8080", &format!("127.0.0.1:{service}"));
    let (map, location) = documented.split_once("\n\n").expect("a map and a location");
    format!(
        "daemon off;\nmaster_process off;\npid {directory}/pid;\nerror_log {directory}/error.log;\nevents {{}}\n\
         http {{\naccess_log off;\n{paths}{map}\nserver {{\nlisten 127.0.0.1:{port};\n\
         location / {{ proxy_pass http://127.0.0.1:{service}; }}\n{location}\n}}\n}}\n",
        directory = directory.display()
    )
}
