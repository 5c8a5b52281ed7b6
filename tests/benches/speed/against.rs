//! This bench against that of another revision: builds that one beside, lets the two measure each part in turn, and prints how
//! the lines compare that both have. It measures nothing itself, and a comparison has no limits.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use rec_tests::table::{Pairs, Row, ratio, rows};
use serde_json::Value;

use super::UNUSABLE;

/// Compares some parts of the table; fails if something could not be built or run.
pub fn compare(revision: &str, parts: &[&str]) -> ExitCode {
    let revision = match Revision::find(revision) {
        Ok(revision) => revision,
        Err(error) => {
            eprintln!("no revision `{revision}`: {error}");
            return ExitCode::from(UNUSABLE);
        }
    };
    let (mut now, mut then) = match Side::now().and_then(|now| Ok((now, Side::then(&revision)?))) {
        Ok(sides) => sides,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    for part in parts {
        // By turns, so that a noisy spell meets both.
        now.measure(part);
        then.measure(part);
    }
    print(&revision, Pairs::of(rows(&now.output), rows(&then.output)));
    if now.is_whole && then.is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(revision: &Revision, pairs: Pairs) {
    let Revision { name, subject, .. } = revision;
    println!("Ours now, and at {name} ({subject}).");
    println!("1.00 is the same, more is slower or larger; the ratio of rates is turned round.\n");
    println!("| what | now | {name} | ratio |\n|---|---|---|---|");
    for (now, then) in pairs.both {
        let ratio = ratio(&now.ours, &then.ours).map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        println!("| {} | {} | {} | {ratio} |", now.what, now.ours, then.ours);
    }
    print_alone("now", &pairs.first_only);
    print_alone(name, &pairs.second_only);
}

/// The lines that one side has alone.
fn print_alone(side: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    println!("\nOnly {side}:\n");
    for row in rows {
        println!("- {}: {}", row.what, row.ours);
    }
}

struct Revision {
    commit: String,
    /// The short form of the commit.
    name: String,
    subject: String,
}

impl Revision {
    fn find(revision: &str) -> Result<Self, String> {
        let commit = git(here(), &["rev-parse", "--verify", &format!("{revision}^{{commit}}")])?;
        let said = git(here(), &["show", "--no-patch", "--format=%h %s", &commit])?;
        let (name, subject) = said.split_once(' ').unwrap_or((&said, ""));
        Ok(Self { name: name.to_owned(), subject: subject.to_owned(), commit })
    }

    /// A work tree with its files. One serves all revisions: a file that differs gets a new time when the tree moves to another
    /// one, and by that cargo builds it anew. Of two trees that share a build, cargo would take what it has built of the one that
    /// is older for that of the other.
    fn check_out(&self) -> Result<PathBuf, String> {
        let tree = folder()?.join("tree");
        // In a folder that is no work tree of its own, git would do this to the one that is around it.
        let is_there = git(&tree, &["rev-parse", "--show-toplevel"]).is_ok_and(|top| Path::new(&top) == tree);
        if is_there && git(&tree, &["checkout", "--quiet", "--force", "--detach", &self.commit]).is_ok() {
            return Ok(tree);
        }
        // What another clone left there, or an end half way.
        drop(std::fs::remove_dir_all(&tree));
        git(here(), &["worktree", "prune"])?;
        let place = tree.display().to_string();
        git(here(), &["worktree", "add", "--quiet", "--force", "--force", "--detach", &place, &self.commit])?;
        Ok(tree)
    }
}

/// One of the two benches, and what it has printed.
struct Side {
    name: String,
    program: PathBuf,
    directory: PathBuf,
    output: String,
    /// Whether every part has come to its end.
    is_whole: bool,
}

impl Side {
    fn new(name: &str, program: PathBuf, directory: PathBuf) -> Self {
        Self { name: name.to_owned(), program, directory, output: String::new(), is_whole: true }
    }

    fn now() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("this bench: {error}"))?;
        Ok(Self::new("now", program, here().to_owned()))
    }

    fn then(revision: &Revision) -> Result<Self, String> {
        let tree = revision.check_out()?;
        eprintln!("building {} in {}", revision.name, tree.display());
        let program = build(&tree).map_err(|error| format!("the bench of {}: {error}", revision.name))?;
        Ok(Self::new(&revision.name, program, tree.join("tests")))
    }

    fn measure(&mut self, part: &str) {
        eprintln!("measuring {part}: {}", self.name);
        let mut command = Command::new(&self.program);
        let run = command.arg(part).current_dir(&self.directory).stderr(Stdio::inherit()).output();
        let end = run.map(|output| {
            self.output.push_str(&String::from_utf8_lossy(&output.stdout));
            self.output.push('\n');
            output.status
        });
        match end {
            // A limit that is missed fails a run as well, which has its lines all the same.
            Ok(status) if matches!(status.code(), Some(0 | 1)) => {}
            Ok(status) if status.code() == Some(UNUSABLE.into()) => eprintln!("{} does not know {part}", self.name),
            Ok(status) => self.broke_off(part, &status.to_string()),
            Err(error) => self.broke_off(part, &error.to_string()),
        }
    }

    fn broke_off(&mut self, part: &str, why: &str) {
        eprintln!("{} broke off at {part}: {why}", self.name);
        self.is_whole = false;
    }
}

/// Builds the bench of a work tree; returns its program.
fn build(tree: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["bench", "-p", "rec-tests", "--bench", "speed", "--no-run", "--locked"]);
    cargo.arg("--message-format=json-render-diagnostics").current_dir(tree);
    // Shared by all revisions, so that dependencies are built once.
    cargo.env("CARGO_TARGET_DIR", folder()?.join("build")).stderr(Stdio::inherit());
    let output = cargo.output().map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo: {}", output.status));
    }
    executable(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| "cargo names no program".to_owned())
}

/// The program of the bench, in the messages of a build.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut benches = messages.filter(|message| message["target"]["name"] == "speed");
    benches.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// The package of this bench, in the repository that revisions are looked for in.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where other revisions are built, in the folder that cargo builds this one in.
fn folder() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("against");
    let made = std::fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
    made.map_err(|error| format!("{}: {error}", folder.display()))
}

/// What git answers in a directory, or what it says against it.
fn git(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    // Within a hook they name the work tree that is committed.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let output = command.current_dir(directory).args(arguments).output().map_err(|error| format!("git: {error}"))?;
    let said = if output.status.success() { &output.stdout } else { &output.stderr };
    let said = String::from_utf8_lossy(said).trim().to_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}
