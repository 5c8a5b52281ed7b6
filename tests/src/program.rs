//! The program itself, as a child process that never outlives its test. It gets no configuration of the test process.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The program beside the tests: cargo builds it for them, under a name of its own.
pub fn path() -> PathBuf {
    let tests = std::env::current_exe().expect("the tests' own path");
    let program = tests.ancestors().nth(2).expect("a target directory").join("rec-program");
    assert!(program.is_file(), "{} is missing", program.display());
    program
}

/// The program with a data directory and nothing of this process's configuration.
pub fn command(data: &Path) -> Command {
    configured(Command::new(path()), data)
}

/// The same for a program that ignores a signal.
pub fn command_ignoring(signal: &str, data: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' {signal}; exec \"$0\" \"$@\"")]).arg(path());
    configured(shell, data)
}

/// A command with a data directory and nothing of this process's configuration.
pub fn configured(mut command: Command, data: &Path) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("REC_")) {
        command.env_remove(name);
    }
    command.env("REC_DATA_DIR", data).stdin(Stdio::null());
    command
}

/// The processor time that a process has taken so far.
pub fn processor_time(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().flatten().map(|thread| thread.path().join("schedstat"));
    let times = threads.filter_map(|file| std::fs::read_to_string(file).ok()?.split(' ').next()?.parse().ok());
    times.map(Duration::from_nanos).sum()
}

/// Runs a command to completion.
pub fn run(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Serving { child: command.spawn().expect("the program starts"), port: 0, lines: Vec::new() };
    let stdout = drain(child.child.stdout.take().expect("stdout"));
    let stderr = drain(child.child.stderr.take().expect("stderr"));
    let end = Instant::now() + Duration::from_mins(10);
    let status = loop {
        if let Some(status) = child.child.try_wait().expect("a status") {
            break status;
        }
        assert!(Instant::now() < end, "the program does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    Output { status, stdout: stdout.join().expect("output"), stderr: stderr.join().expect("errors") }
}

/// Reads a pipe while the program writes it: a full one would stop the program.
fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("the pipe");
        bytes
    })
}

/// A program that serves; killed when it is dropped.
pub struct Serving {
    child: Child,
    pub port: u16,
    /// What it printed at its start.
    pub lines: Vec<String>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Starts `rec serve` on a free port and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        Self::logging(command, Stdio::null())
    }

    /// The same, with standard error going to `log`.
    pub fn logging(command: &mut Command, log: impl Into<Stdio>) -> Self {
        let command = command.env("REC_LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("stdout");
        let mut serving = Self { child, port: 0, lines: Vec::new() };
        serving.lines = BufReader::new(output).lines().take(3).map(|line| line.expect("a line")).collect();
        assert_eq!(serving.lines.len(), 3, "the program does not serve: {:?}", serving.lines);
        let digits = serving.lines[0].split("127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next());
        serving.port = digits.and_then(|digits| digits.parse().ok()).expect("a port");
        serving
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().expect("a kill").success());
    }

    /// Sends SIGTERM, and waits for the program to end.
    pub fn stop(self) {
        self.signal("TERM");
        self.ends();
    }

    /// Waits for the program to end with success.
    pub fn ends(mut self) {
        assert!(self.child.wait().expect("an end").success());
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The memory of the program, in megabytes.
    pub fn resident(&self) -> f64 {
        let pages = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).expect("a process");
        let pages: f64 = pages.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
        pages * 4096.0 / 1e6
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("an end");
    }
}

/// The metrics of a service.
pub fn metrics(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The status of an answer to a GET.
pub fn get(port: u16, path: &str) -> u16 {
    get_with(port, path, "")
}

/// The same, with any header lines.
pub fn get_with(port: u16, path: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// The body of an answer to a GraphQL request; `None` if the service did not answer in full.
pub fn ask(port: u16, token: Option<&str>, query: &str, variables: &Value) -> Option<Value> {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    ask_with(port, &authorization, &json!({ "query": query, "variables": variables }))
}

/// The same, with any header lines and any body.
pub fn ask_with(port: u16, headers: &str, body: &Value) -> Option<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}
