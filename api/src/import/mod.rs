//! `rec import`: writes the lines of a file into the register through the bulk writes, and continues after an interruption
//! from `FILE.progress` beside the file. Holds no rules: the bulk writes judge each row.

mod unknown;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::UNIX_EPOCH;

use async_graphql::{InputType, Value};
use entity::RecordType;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use self::unknown::Known;
use crate::auth::Viewer;
use crate::database::private;
use crate::domain::bulk::{ErrorPolicy, MatchBy, Outcome, ROWS};
use crate::domain::validation::ValidationError;
use crate::error::Error;
use crate::service::bulk::{BulkInput, Options, Upserted};
use crate::service::context::AppContext;
use crate::service::document::upsert::UpsertDocumentsInput;
use crate::service::meeting::upsert::UpsertMeetingsInput;
use crate::service::organization::upsert::UpsertOrganizationsInput;
use crate::service::pace::Pace;
use crate::service::recommendation::upsert::UpsertRecommendationsInput;
use crate::service::registry::parse_type;
use crate::telemetry::chain;
use crate::unicode::{nfc, normalize, without_mark};

/// The fewest lines of one transaction, however long it takes. The most are those of a bulk write.
const FEWEST: usize = 50;

/// Why a file could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{}", chain(.0))]
    Service(#[from] Error),
    #[error("{reason} ({done} lines are done: send the same again, with --skip {done})")]
    Interrupted { done: u64, reason: String },
    #[error("{reason} ({checked} lines are checked, and nothing is written)")]
    Unchecked { checked: u64, reason: String },
    #[error("there are only {0} lines to skip, and --skip says {1}: is it the same input?")]
    TooShort(u64, u64),
}

/// What became of the lines of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub failed: u64,
}

impl Report {
    fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Created => &mut self.created,
            Outcome::Updated => &mut self.updated,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Failed => &mut self.failed,
        };
        *counter += 1;
    }
}

impl ImportError {
    /// An import that ends before its input does.
    pub fn interrupted(lines: u64, dry_run: bool, reason: String) -> Self {
        if dry_run { Self::Unchecked { checked: lines, reason } } else { Self::Interrupted { done: lines, reason } }
    }
}

/// How far an import has got.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// Which file and database it is: the file's length, when the file was written, and the database.
    length: u64,
    written: u64,
    database: String,
    /// What is done, in lines and in bytes.
    lines: u64,
    bytes: u64,
    report: Report,
}

/// Lines of one type that name their records in the same way, each another record: one bulk write.
struct Chunk {
    record: RecordType,
    match_by: MatchBy,
    named: HashSet<String>,
    rows: Vec<(u64, Json)>,
}

impl Chunk {
    fn new(record: RecordType, match_by: MatchBy) -> Self {
        Self { record, match_by, named: HashSet::new(), rows: Vec::new() }
    }
}

/// Imports a file. `complain` is called with a message for each line that fails.
pub async fn import(
    app: &AppContext,
    viewer: &Viewer,
    path: &Path,
    dry_run: bool,
    mut complain: impl FnMut(String),
) -> Result<Report, ImportError> {
    let fault = |error| ImportError::File(path.to_owned(), error);
    let beside = progress_of(path);
    let mut progress = begin(path, &beside, app.feed.cursor(0).to_string(), dry_run).map_err(fault)?;
    let mut file = File::open(path).map_err(fault)?;
    file.seek(SeekFrom::Start(progress.bytes)).map_err(fault)?;
    let bar = bar(&progress);
    let mut lines = BufReader::new(file);
    let mut importing = Importing::new(app, viewer, dry_run, progress.report);
    let mut text = Vec::new();
    let (mut number, mut bytes) = (progress.lines, progress.bytes);
    while let read @ 1.. = lines.read_until(b'\n', &mut text).map_err(fault)? {
        number += 1;
        let line = std::mem::take(&mut text);
        let done = importing.take(number, &line, &mut complain).await?;
        if done && !dry_run {
            // The lines before this one are done.
            progress = Progress { lines: number - 1, bytes, report: importing.report, ..progress };
            keep(&beside, &progress).map_err(fault)?;
        }
        bytes += u64::try_from(read).unwrap_or_default();
        bar.set_position(bytes);
    }
    bar.finish_and_clear();
    let report = importing.finish(&mut complain).await?;
    if !dry_run {
        forget(&beside).map_err(fault)?;
    }
    Ok(report)
}

/// Imports the lines that come after the first `done` ones, which an import before this one has done, and counts on. An error says how many are
/// done.
pub async fn import_lines(
    app: &AppContext,
    viewer: &Viewer,
    mut lines: impl BufRead,
    done: &AtomicU64,
    dry_run: bool,
    mut complain: impl FnMut(String),
) -> Result<Report, ImportError> {
    let mut importing = Importing::new(app, viewer, dry_run, Report::default());
    let (mut text, mut number, skip) = (Vec::new(), 0, done.load(Relaxed));
    let interrupted = |reason: String| ImportError::interrupted(done.load(Relaxed), dry_run, reason);
    while lines.read_until(b'\n', &mut text).map_err(|error| interrupted(error.to_string()))? > 0 {
        number += 1;
        let line = std::mem::take(&mut text);
        if number <= skip {
            continue;
        }
        let taken = importing.take(number, &line, &mut complain).await;
        if taken.map_err(|error| interrupted(chain(&error)))? {
            done.store(number - 1, Relaxed);
        }
    }
    if number < skip {
        return Err(ImportError::TooShort(number, skip));
    }
    importing.finish(&mut complain).await.map_err(|error| interrupted(chain(&error)))
}

fn progress_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".progress");
    name.into()
}

/// Where to continue: at the beginning, unless this same file was interrupted on its way into this same database.
fn begin(path: &Path, beside: &Path, database: String, dry_run: bool) -> Result<Progress, std::io::Error> {
    let facts = fs::metadata(path)?;
    let written = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let written = u64::try_from(written.as_micros()).unwrap_or_default();
    let fresh = Progress { length: facts.len(), written, database, ..Progress::default() };
    if dry_run {
        return Ok(fresh);
    }
    let kept = match fs::read(beside) {
        Ok(bytes) => serde_json::from_slice::<Progress>(&bytes).ok(),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let is_same =
        |kept: &Progress| (kept.length, kept.written, &kept.database) == (fresh.length, fresh.written, &fresh.database);
    Ok(kept.filter(is_same).unwrap_or(fresh))
}

/// Replaces the progress file as a whole.
fn keep(beside: &Path, progress: &Progress) -> Result<(), std::io::Error> {
    let next = beside.with_extension("progress.next");
    let mut file = private::open(&next)?;
    file.set_len(0)?;
    file.write_all(&serde_json::to_vec(progress)?)?;
    fs::rename(next, beside)
}

fn forget(beside: &Path) -> Result<(), std::io::Error> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Shown on a terminal only.
fn bar(progress: &Progress) -> ProgressBar {
    let bar = ProgressBar::new(progress.length).with_position(progress.bytes);
    let style = ProgressStyle::with_template("{bar:40} {percent}%, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

struct Importing<'a> {
    app: &'a AppContext,
    viewer: &'a Viewer,
    dry_run: bool,
    chunk: Option<Chunk>,
    pace: Pace,
    report: Report,
}

impl<'a> Importing<'a> {
    fn new(app: &'a AppContext, viewer: &'a Viewer, dry_run: bool, report: Report) -> Self {
        Self { app, viewer, dry_run, chunk: None, pace: Pace::between(FEWEST, ROWS), report }
    }

    /// Writes what is left.
    async fn finish(mut self, complain: &mut impl FnMut(String)) -> Result<Report, Error> {
        self.flush(complain).await?;
        // The import is complete, even if the statistics of the planner cannot be refreshed.
        if !self.dry_run
            && let Err(error) = self.app.databases.refresh_statistics().await
        {
            tracing::warn!(error = error.to_string(), "the planner was not told");
        }
        Ok(self.report)
    }

    /// Adds a line to the chunk. If it does not fit, the chunk is written first; returns whether that happened.
    async fn take(&mut self, number: u64, line: &[u8], complain: &mut impl FnMut(String)) -> Result<bool, Error> {
        let line = std::str::from_utf8(line).map_err(|_| "INVALID this is not UTF-8".to_owned());
        // A byte order mark at the beginning of a file means nothing.
        let line = line.map(|line| if number == 1 { without_mark(line) } else { line });
        let (record, match_by, row) = match line.and_then(parse) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Ok(false),
            Err(message) => {
                self.report.count(Outcome::Failed);
                complain(format!("line {number}: {message}"));
                return Ok(false);
            }
        };
        let name = nfc(row[if match_by == MatchBy::Id { "id" } else { "externalId" }].to_string());
        let fits = self.chunk.as_ref().is_none_or(|chunk| {
            let is_alike = (chunk.record, chunk.match_by) == (record, match_by);
            is_alike && chunk.rows.len() < self.pace.rows() && !chunk.named.contains(&name)
        });
        if !fits {
            self.flush(complain).await?;
        }
        let chunk = self.chunk.get_or_insert_with(|| Chunk::new(record, match_by));
        chunk.named.insert(name);
        chunk.rows.push((number, row));
        Ok(!fits)
    }

    async fn flush(&mut self, complain: &mut impl FnMut(String)) -> Result<(), Error> {
        let Some(Chunk { record, match_by, rows, .. }) = self.chunk.take() else { return Ok(()) };
        match record {
            RecordType::Organization => self.write::<UpsertOrganizationsInput>(match_by, rows, complain).await,
            RecordType::Meeting => self.write::<UpsertMeetingsInput>(match_by, rows, complain).await,
            RecordType::Recommendation => self.write::<UpsertRecommendationsInput>(match_by, rows, complain).await,
            RecordType::Document => self.write::<UpsertDocumentsInput>(match_by, rows, complain).await,
            other => Err(Error::internal(format!("{other:?} is not imported"))),
        }
    }

    async fn write<I: BulkInput<Row: InputType>>(
        &mut self,
        match_by: MatchBy,
        lines: Vec<(u64, Json)>,
        complain: &mut impl FnMut(String),
    ) -> Result<(), Error> {
        let taken = lines.len();
        let (numbers, rows) = self.rows(lines, complain);
        let options = Options { match_by, error_policy: ErrorPolicy::SkipFailed, dry_run: self.dry_run };
        self.pace.yields(self.app).await;
        let written = I::new(rows, options).write(self.app, self.viewer).await?;
        self.pace.learn(taken, written.worked);
        self.tell(&numbers, written, complain);
        Ok(())
    }

    /// The rows of the lines that fit the input type, with their line numbers. The other lines are reported as failed.
    fn rows<R: InputType>(&mut self, lines: Vec<(u64, Json)>, complain: &mut impl FnMut(String)) -> (Vec<u64>, Vec<R>) {
        let (mut numbers, mut rows) = (Vec::new(), Vec::new());
        let known = Known::of::<R>();
        for (number, line) in lines {
            match row(&known, line) {
                Ok(row) => {
                    numbers.push(number);
                    rows.push(row);
                }
                Err(message) => {
                    self.report.count(Outcome::Failed);
                    complain(format!("line {number}: INVALID {message}"));
                }
            }
        }
        (numbers, rows)
    }

    fn tell<M>(&mut self, numbers: &[u64], written: Upserted<M>, complain: &mut impl FnMut(String)) {
        for (number, row) in numbers.iter().zip(written.rows) {
            self.report.count(row.outcome);
            for ValidationError { code, message, path } in row.refusals {
                // The message names the line; of the path it needs only the place within the line.
                let place = path.get(2..).unwrap_or_default().join(".");
                let code = async_graphql::InputType::to_value(&code);
                complain(format!("line {number}: {code} {place}: {message}"));
            }
        }
    }
}

/// The row of a line, if it fits the input type.
fn row<R: InputType>(known: &Known, line: Json) -> Result<R, String> {
    let mut value = Value::from_json(line).unwrap_or(Value::Null);
    normalize(&mut value);
    if let Some(place) = known.unknown::<R>(&value) {
        return Err(format!("{place}: a row has no such field"));
    }
    R::parse(Some(value)).map_err(|error| error.into_server_error(async_graphql::Pos::default()).message)
}

/// A line's record type, how it names its record, and its fields; `None` for an empty line and for the last line of an export.
fn parse(line: &str) -> Result<Option<(RecordType, MatchBy, Json)>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let row: Json = serde_json::from_str(line).map_err(|error| format!("INVALID no JSON: {error}"))?;
    let record = match row["type"].as_str() {
        Some("END") => return Ok(None),
        Some(name) => parse_type(name),
        None => None,
    };
    let writable = [RecordType::Organization, RecordType::Meeting, RecordType::Recommendation, RecordType::Document];
    let record = record.filter(|record| writable.contains(record));
    let record = record.ok_or("INVALID type: one of ORGANIZATION, MEETING, RECOMMENDATION, DOCUMENT")?;
    let mut row = row;
    let match_by = if row["externalId"].is_object() { MatchBy::ExternalId } else { MatchBy::Id };
    if match_by == MatchBy::Id && !row["id"].is_string() {
        return Err("REQUIRED externalId: a line has one, or an id".to_owned());
    }
    if !row["expectedVersion"].is_null() {
        return Err("INVALID expectedVersion: an import that is run again would find another one".to_owned());
    }
    // A row that is matched by external id has no `id`, but a line of an export has one. Its `version` is not an `expectedVersion`.
    if let (MatchBy::ExternalId, Some(fields)) = (match_by, row.as_object_mut()) {
        fields.remove("id");
    }
    Ok(Some((record, match_by, row)))
}
