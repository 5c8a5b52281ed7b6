//! `rec mirror`: a complete sync job, to be read and copied, which keeps a copy of what its token may see in a SQLite file.
//! It uses nothing but the public endpoint:
//!
//! 1. bootstrap: `GET /export.ndjson`, whose last line holds the cursor to continue from;
//! 2. catch up: `GET /export.ndjson?after=CURSOR`, which lists what has changed since, and what is gone;
//! 3. prove it, at the beginning and every minute in which something changes: compute the checkpoints of the copy's
//!    lines, and compare them with `{ checkpoint { type count hash } }`;
//! 4. wait: `subscription { changes(after: CURSOR) { cursor } }` over Server-Sent Events, and catch up again.
//!
//! Lines and cursor are written in one transaction, so that an interruption at any moment loses nothing and repeats only
//! what does no harm. The copy is not part of the register: it has its own statements.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::database::private;
use crate::unicode::without_mark;
use futures_util::TryStreamExt as _;
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use sea_orm::sqlx::{self, Row as _, SqlitePool, sqlite::SqliteConnectOptions};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout};

/// How many times a proof is tried while the source keeps changing.
const PROOFS: u32 = 10;
/// How long a mirror that follows waits between proofs, unless it is told otherwise.
pub const PROOF_PAUSE: Duration = Duration::from_mins(1);
/// How long to wait after a failure: at first, and at most.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// An answer that does not begin within this time has failed, and so has a next line that does not arrive within it. Event
/// streams send something at least every 30 seconds.
const SILENCE: Duration = Duration::from_mins(1);

/// What the address of a copy has that creates no file.
const NO_FILE: [&str; 3] = [":memory:", "mode=memory", "mode=ro"];

#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0} holds no token: a token is one word, without \"Bearer\" and without quotes")]
    NoToken(PathBuf),
    #[error("{0}: the address of a service begins with http:// or https://, such as https://example.org/council")]
    Address(String),
    #[error("the source does not answer: {0}")]
    Source(#[from] reqwest::Error),
    #[error("the source answers {status}: {code}")]
    Refused { status: StatusCode, code: String, retry_after: Option<Duration> },
    #[error("the source broke off")]
    BrokeOff,
    #[error("the source says what is no answer: {0}")]
    Nonsense(String),
    #[error("the mirror cannot be written: {0}")]
    Mirror(#[from] sqlx::Error),
    #[error("the mirror differs from the source: {0}")]
    Differs(String),
    #[error("the source changes too fast for a proof")]
    TooFast,
}

/// What a mirror copies.
pub struct Source {
    client: Client,
    url: String,
    /// Read before each request, because the token in the file may be renewed.
    token: Option<PathBuf>,
}

impl Source {
    /// `url` is the address of the service, with or without `/graphql`.
    pub fn new(url: &str, token: Option<PathBuf>) -> Result<Self, MirrorError> {
        let is_address = reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_address {
            return Err(MirrorError::Address(url.to_owned()));
        }
        let url = url.trim_end_matches('/').trim_end_matches("/graphql").to_owned();
        let client = Client::builder().read_timeout(SILENCE).connect_timeout(SILENCE).build()?;
        Ok(Self { client, url, token })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, MirrorError> {
        let request = match &self.token {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| MirrorError::File(file.clone(), error))?;
                let token = without_mark(&text).trim();
                if token.is_empty() || token.contains([' ', '\t', '\r', '\n', '"', '\'']) {
                    return Err(MirrorError::NoToken(file.clone()));
                }
                request.bearer_auth(token)
            }
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let retry_after = retry_after.map(Duration::from_secs);
        let body: Value = response.json().await.unwrap_or_default();
        let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or("no code").to_owned();
        Err(MirrorError::Refused { status, code, retry_after })
    }

    /// The lines of the register, or of what has changed since a cursor.
    async fn lines(&self, after: Option<&str>) -> Result<Lines, MirrorError> {
        let request = self.client.get(format!("{}/export.ndjson", self.url));
        let response = self.send(request.query(&after.map(|after| [("after", after)]))).await?;
        Ok(Lines { response, read: Vec::new() })
    }

    fn ask(&self, query: &str, variables: &Value) -> RequestBuilder {
        self.client.post(format!("{}/graphql", self.url)).json(&json!({ "query": query, "variables": variables }))
    }

    async fn query(&self, query: &str) -> Result<Value, MirrorError> {
        let mut body: Value = self.send(self.ask(query, &json!({}))).await?.json().await?;
        let data = body["data"].take();
        if data.is_object() { Ok(data) } else { Err(MirrorError::Nonsense(body.to_string())) }
    }

    async fn head(&self) -> Result<Value, MirrorError> {
        Ok(self.query("{ feedHead }").await?["feedHead"].take())
    }

    /// Returns as soon as something has changed after a cursor.
    async fn wait(&self, after: &str) -> Result<(), MirrorError> {
        let query = "subscription($after: String) { changes(after: $after) { cursor } }";
        let request = self.ask(query, &json!({ "after": after })).header(ACCEPT, "text/event-stream");
        let mut response = self.send(request).await?;
        let mut said = Vec::new();
        while let Some(more) = response.chunk().await? {
            said.extend_from_slice(&more);
            if said.windows(b"event: next".len()).any(|event| event == b"event: next") {
                return Ok(());
            }
        }
        Err(MirrorError::BrokeOff)
    }
}

/// The lines of an export as they arrive.
struct Lines {
    response: Response,
    read: Vec<u8>,
}

impl Lines {
    /// The next line, as text and parsed.
    async fn next(&mut self) -> Result<(String, Value), MirrorError> {
        let nonsense = |error: &dyn std::error::Error| MirrorError::Nonsense(error.to_string());
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.read.drain(..=end).collect();
                line.pop();
                let text = String::from_utf8(line).map_err(|error| nonsense(&error))?;
                let value = serde_json::from_str(&text).map_err(|error| nonsense(&error))?;
                return Ok((text, value));
            }
            // Without its last line an export is incomplete.
            let more = self.response.chunk().await?.ok_or(MirrorError::BrokeOff)?;
            self.read.extend_from_slice(&more);
        }
    }
}

/// The copy.
pub struct Mirror {
    pool: SqlitePool,
}

/// A text field of a line.
fn word<'a>(line: &'a Value, field: &str) -> Result<&'a str, MirrorError> {
    line[field].as_str().ok_or_else(|| MirrorError::Nonsense(format!("a line without {field}")))
}

impl Mirror {
    /// Opens the copy in a file, `sqlite://PATH`; creates it if there is none.
    pub async fn open(url: &str) -> Result<Self, MirrorError> {
        let options: SqliteConnectOptions = url.parse()?;
        // Others read it only if its owner lets them: it holds what the token may see.
        if !NO_FILE.iter().any(|part| url.contains(part)) {
            let file = options.get_filename();
            private::create(file).map_err(|error| MirrorError::File(file.to_owned(), error))?;
        }
        let pool = SqlitePool::connect_with(options.create_if_missing(true)).await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS record (id TEXT PRIMARY KEY, type TEXT NOT NULL, version INTEGER NOT NULL, line TEXT NOT NULL)")
            .execute(&pool)
            .await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS position (cursor TEXT NOT NULL)").execute(&pool).await?;
        Ok(Self { pool })
    }

    /// The cursor that it has reached; `None` if it is new.
    async fn cursor(&self) -> Result<Option<String>, MirrorError> {
        Ok(sqlx::query_scalar("SELECT cursor FROM position").fetch_optional(&self.pool).await?)
    }

    /// Writes all lines, in one transaction with their cursor; `anew`: in place of everything that is there. Returns how many.
    async fn write(&self, lines: &mut Lines, anew: bool) -> Result<u64, MirrorError> {
        let mut txn = self.pool.begin().await?;
        if anew {
            sqlx::query("DELETE FROM record").execute(&mut *txn).await?;
        }
        let mut written = 0;
        loop {
            let (text, line) = lines.next().await?;
            if line["type"] == "END" {
                sqlx::query("DELETE FROM position").execute(&mut *txn).await?;
                let position = sqlx::query("INSERT INTO position VALUES (?)").bind(word(&line, "cursor")?);
                position.execute(&mut *txn).await?;
                txn.commit().await?;
                return Ok(written);
            }
            let id = word(&line, "id")?;
            let change = match line["version"].as_i64() {
                Some(version) => sqlx::query("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)")
                    .bind(id)
                    .bind(word(&line, "type")?)
                    .bind(version)
                    .bind(text),
                None => sqlx::query("DELETE FROM record WHERE id = ?").bind(id),
            };
            change.execute(&mut *txn).await?;
            written += 1;
        }
    }

    /// How many records of each type it holds, and the hash of their lines: the sum, modulo 2^128, of the first 16 bytes of
    /// the SHA-256 of each line.
    async fn checkpoints(&self) -> Result<BTreeMap<String, (i64, String)>, MirrorError> {
        let mut sums: BTreeMap<String, (i64, u128)> = BTreeMap::new();
        let mut rows = sqlx::query("SELECT type, line FROM record").fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let (kind, line): (String, String) = (row.get(0), row.get(1));
            let hash = Sha256::digest(line);
            let number = hash.iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
            let (count, sum) = sums.entry(kind).or_default();
            *count += 1;
            *sum = sum.wrapping_add(number);
        }
        Ok(sums.into_iter().map(|(kind, (count, sum))| (kind, (count, format!("{sum:032x}")))).collect())
    }
}

/// Brings the copy up to date: from its cursor, or from the beginning if it is new or its cursor has expired. Returns
/// whether it changes.
async fn catch_up(source: &Source, mirror: &Mirror, say: &impl Fn(String)) -> Result<bool, MirrorError> {
    if let Some(cursor) = mirror.cursor().await? {
        match source.lines(Some(&cursor)).await {
            Ok(mut lines) => {
                let written = mirror.write(&mut lines, false).await?;
                if written > 0 {
                    say(format!("{written} {}", if written == 1 { "change" } else { "changes" }));
                }
                return Ok(written > 0);
            }
            Err(MirrorError::Refused { code, .. }) if code == "CURSOR_EXPIRED" => {
                say("The mirror has been away too long, or the source is another one: it begins again.".to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    let written = mirror.write(&mut source.lines(None).await?, true).await?;
    say(format!("{written} records"));
    Ok(true)
}

/// Brings the copy up to date and proves it equal. Nothing may change between the copy, the checkpoints and the proof,
/// which the head of the feed shows.
async fn prove(source: &Source, mirror: &Mirror, say: &impl Fn(String)) -> Result<(), MirrorError> {
    for _ in 0..PROOFS {
        catch_up(source, mirror, say).await?;
        let theirs = source.query("{ checkpoint { type count hash } }").await?["checkpoint"].take();
        if mirror.cursor().await?.as_deref() != source.head().await?.as_str() {
            continue;
        }
        let mut ours = mirror.checkpoints().await?;
        let (mut records, mut differing) = (0, Vec::new());
        for checkpoint in theirs.as_array().into_iter().flatten() {
            let kind = word(checkpoint, "type")?;
            let (count, hash) = (checkpoint["count"].as_i64().unwrap_or_default(), word(checkpoint, "hash")?);
            let (our_count, our_hash) = ours.remove(kind).unwrap_or_else(|| (0, format!("{:032x}", 0)));
            records += count;
            if (our_count, our_hash.as_str()) != (count, hash) {
                differing.push(format!("{kind} {our_count} of {count}"));
            }
        }
        differing.extend(ours.into_iter().map(|(kind, (count, _))| format!("{kind} {count} of 0")));
        if differing.is_empty() {
            say(format!("Equal: {records} records."));
            return Ok(());
        }
        return Err(MirrorError::Differs(differing.join(", ")));
    }
    Err(MirrorError::TooFast)
}

/// Like `prove`, but a copy that differs is made anew, once.
async fn renew(source: &Source, mirror: &Mirror, say: &impl Fn(String)) -> Result<(), MirrorError> {
    match prove(source, mirror, say).await {
        Err(error @ MirrorError::Differs(_)) => {
            say(format!("{error}; it begins again."));
            mirror.write(&mut source.lines(None).await?, true).await?;
            prove(source, mirror, say).await
        }
        outcome => outcome,
    }
}

/// Keeps a mirror. Without `pause`: until it is proved equal. With it: without an end, with a proof after each `pause` in
/// which something has changed, and a retry after each failure.
pub async fn keep(
    source: &Source,
    mirror: &Mirror,
    pause: Option<Duration>,
    say: impl Fn(String),
) -> Result<(), MirrorError> {
    let Some(pause) = pause else { return renew(source, mirror, &say).await };
    let (mut following, mut patience) = (Following { pause, tried: None, is_proved: false }, PATIENCE.0);
    loop {
        match following.step(source, mirror, &say).await {
            Ok(()) => patience = PATIENCE.0,
            Err(error) => {
                let asked = if let MirrorError::Refused { retry_after, .. } = &error { *retry_after } else { None };
                let pause = patience.max(asked.unwrap_or_default());
                say(format!("{error}; again in {} s", pause.as_secs()));
                tokio::time::sleep(pause).await;
                patience = Ord::min(patience * 2, PATIENCE.1);
            }
        }
    }
}

/// A mirror that follows its source.
struct Following {
    /// How long after a proof the next one is tried.
    pause: Duration,
    /// When a proof was last tried.
    tried: Option<Instant>,
    /// Whether nothing has changed since it was proved.
    is_proved: bool,
}

impl Following {
    /// Catches up, proves the copy if it is time, and waits for the next change. A source that changes too fast for a proof
    /// is still followed.
    async fn step(&mut self, source: &Source, mirror: &Mirror, say: &impl Fn(String)) -> Result<(), MirrorError> {
        self.is_proved &= !catch_up(source, mirror, say).await?;
        if !self.is_proved && self.proof_in().is_zero() {
            self.is_proved = match renew(source, mirror, say).await {
                Err(error @ MirrorError::TooFast) => {
                    say(error.to_string());
                    false
                }
                proved => proved.map(|()| true)?,
            };
            self.tried = Some(Instant::now());
        }
        let cursor = mirror.cursor().await?.ok_or(MirrorError::BrokeOff)?;
        let changed = source.wait(&cursor);
        if self.is_proved { changed.await } else { timeout(self.proof_in(), changed).await.unwrap_or(Ok(())) }
    }

    fn proof_in(&self) -> Duration {
        self.tried.map_or(Duration::ZERO, |tried| self.pause.saturating_sub(tried.elapsed()))
    }
}
