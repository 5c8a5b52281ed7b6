//! `rec mirror` against a service: bootstrap, follow, resume, prove.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use rec_api::auth::Role;
use rec_api::mirror::{Mirror, MirrorError, PROOF_PAUSE, Source, keep};
use rec_api::service::change::prune;
use rec_api::service::seed;
use rec_tests::given::at;
use rec_tests::wait::until;
use rec_tests::{TestApp, on_both_databases, program};
use sea_orm::sqlx::{self, SqlitePool};
use tempfile::TempDir;

/// A copy and the token that it is made with.
pub(crate) struct Copy {
    folder: TempDir,
    url: String,
    source: String,
}

impl Copy {
    async fn of(app: &TestApp) -> Self {
        Self::at(app.serve().await)
    }

    /// A copy of the service at a port.
    pub(crate) fn at(port: u16) -> Self {
        Self::from(of_port(port))
    }

    /// A copy of the service at an address.
    pub(crate) fn from(source: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("mirror.db").display());
        Self { folder, url, source }
    }

    /// The same copy, of the service at another port.
    pub(crate) fn goes_to(&mut self, port: u16) {
        self.source = of_port(port);
    }

    pub(crate) fn token(&self, token: &str) -> PathBuf {
        let file = self.folder.path().join("token");
        std::fs::write(&file, format!("{token}\n")).unwrap();
        file
    }

    pub(crate) async fn keep(
        &self,
        token: Option<&Path>,
        pause: Option<Duration>,
        said: &Said,
    ) -> Result<(), MirrorError> {
        let source = Source::new(&self.source, token.map(Path::to_owned))?;
        let mirror = Mirror::open(&self.url).await?;
        keep(&source, &mirror, pause, |line| said.0.lock().unwrap().push(line)).await
    }

    pub(crate) async fn once(&self, token: Option<&Path>) -> Vec<String> {
        let said = Said::default();
        self.keep(token, None, &said).await.unwrap();
        said.all()
    }

    /// The line of a record.
    pub(crate) async fn says(&self, id: &serde_json::Value) -> String {
        let pool = SqlitePool::connect(&self.url).await.unwrap();
        let line = sqlx::query_scalar("SELECT line FROM record WHERE id = ?").bind(id.as_str());
        let line = line.fetch_one(&pool).await.unwrap();
        pool.close().await;
        line
    }

    async fn execute(&self, sql: &'static str) {
        let pool = SqlitePool::connect(&self.url).await.unwrap();
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }
}

fn of_port(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    async fn until(&self, what: &str) {
        until(what, async || self.all().iter().any(|line| line.starts_with(what))).await;
    }
}

on_both_databases! {
    a_mirror_is_made_goes_on_and_is_proved_equal,
    a_mirror_that_has_been_tampered_with_or_away_too_long_is_made_anew,
    a_mirror_follows_and_is_killed_and_resumed,
    a_copy_of_a_busy_source_follows_and_is_proved_when_it_is_quiet,
    what_a_source_refuses_is_said,
}

async fn a_mirror_is_made_goes_on_and_is_proved_equal(app: TestApp) {
    seed::demo::load(&app.app).await.unwrap();
    let copy = Copy::of(&app).await;
    let said = copy.once(None).await;
    assert!(said[0].ends_with(" records") && said[1].starts_with("Equal: "), "{said:?}");
    assert_eq!(copy.once(None).await.len(), 1, "nothing has changed");
    app.theme("LAW").await;
    let draft = app.draft("WG-A").await;
    let said = copy.once(None).await;
    assert_eq!((said.len(), said[0].as_str()), (2, "1 change"), "the draft is not for everyone: {said:?}");
    let token = copy.token(&app.token(Role::Secretariat, None));
    let said = copy.once(Some(&token)).await;
    assert!(said[0].contains("differs") && said.last().unwrap().starts_with("Equal: "), "another viewer: {said:?}");
    app.secretariat().mutate("withdrawRecommendation", at(&draft), "id").await;
    assert_eq!(copy.once(Some(&token)).await[0], "1 change");
}

async fn a_mirror_that_has_been_tampered_with_or_away_too_long_is_made_anew(app: TestApp) {
    let copy = Copy::of(&app).await;
    copy.once(None).await;
    copy.execute("DELETE FROM record WHERE type = 'BODY'").await;
    let said = copy.once(None).await;
    assert!(said[0].contains("BODY 0 of") && said.last().unwrap().starts_with("Equal: "), "{said:?}");
    app.theme("LAW").await;
    app.app.clock.advance(TimeDelta::days(91));
    app.theme("HEALTH").await;
    prune(&app.app).await.unwrap();
    let said = copy.once(None).await;
    assert!(said[0].contains("away too long") && said.last().unwrap().starts_with("Equal: "), "{said:?}");
}

async fn a_mirror_follows_and_is_killed_and_resumed(app: TestApp) {
    let copy = Arc::new(Copy::of(&app).await);
    for round in 0..12 {
        let said = Said::default();
        let following = tokio::spawn({
            let (copy, said) = (Arc::clone(&copy), said.clone());
            async move { copy.keep(None, Some(PROOF_PAUSE), &said).await }
        });
        if round % 3 == 0 {
            said.until("Equal").await;
        }
        app.theme(&format!("THEME-{round}")).await;
        if round % 3 == 0 {
            said.until("1 change").await;
        } else {
            tokio::time::sleep(Duration::from_millis(round * 3)).await;
        }
        following.abort();
        let _ = following.await;
    }
    let said = copy.once(None).await;
    assert!(said.last().unwrap().starts_with("Equal: "), "{said:?}");
    assert!(said.iter().all(|line| !line.contains("differs")), "it is not made anew: {said:?}");
}

async fn a_copy_of_a_busy_source_follows_and_is_proved_when_it_is_quiet(app: TestApp) {
    let copy = Arc::new(Copy::of(&app).await);
    let (said, quiet) = (Said::default(), AtomicBool::new(false));
    let following = tokio::spawn({
        let (copy, said) = (Arc::clone(&copy), said.clone());
        async move { copy.keep(None, Some(Duration::from_millis(200)), &said).await }
    });
    let writers = join_all((0..4).map(async |writer| {
        for number in 0.. {
            if quiet.load(Relaxed) {
                return;
            }
            app.theme(&format!("W{writer}-{number}")).await;
        }
    }));
    let busy = async {
        said.until("the source changes too fast for a proof").await;
        quiet.store(true, Relaxed);
    };
    tokio::join!(writers, busy);
    let checkpoints = app.anonymous().query("{ checkpoint { count } }").await;
    let counts = checkpoints["checkpoint"].as_array().unwrap().iter();
    let records: i64 = counts.map(|checkpoint| checkpoint["count"].as_i64().unwrap()).sum();
    said.until(&format!("Equal: {records} records.")).await;
    following.abort();
    let _ = following.await;
    let said = said.all();
    assert!(said.iter().all(|line| !line.contains("again")), "it neither waits nor is made anew: {said:?}");
    assert_eq!(copy.once(None).await, [format!("Equal: {records} records.")]);
}

async fn what_a_source_refuses_is_said(app: TestApp) {
    let copy = Copy::of(&app).await;
    let token = copy.token("nonsense");
    let refused = copy.keep(Some(&token), None, &Said::default()).await.unwrap_err();
    assert_eq!(refused.to_string(), "the source answers 401 Unauthorized: UNAUTHENTICATED");
    let missing = copy.keep(Some(Path::new("/nowhere/token")), None, &Said::default()).await.unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/token: "));
    for text in ["Bearer abc", "\"abc\"", "abc\r\nabc", "\r\n", ""] {
        let refused = copy.keep(Some(&copy.token(text)), None, &Said::default()).await.unwrap_err();
        assert!(refused.to_string().contains("holds no token: a token is one word"), "{text:?}: {refused}");
    }
    for address in ["127.0.0.1:8080", "localhost:8080/graphql", "ftp://example.org", ""] {
        let refused = Source::new(address, None).err().expect("a refusal").to_string();
        assert!(refused.contains("begins with http:// or https://"), "{refused}");
    }
    let nobody = Source::new("http://127.0.0.1:1", None).unwrap();
    let mirror = Mirror::open(&copy.url).await.unwrap();
    let away = keep(&nobody, &mirror, None, drop).await.unwrap_err();
    assert!(away.to_string().starts_with("the source does not answer"));
}

#[test]
fn the_program_keeps_a_mirror() {
    let data = tempfile::tempdir().unwrap();
    let serving = program::Serving::start(&mut program::command(data.path()));
    let token = program::run(program::command(data.path()).args(["token", "--role", "reader"]));
    std::fs::write(data.path().join("token"), token.stdout).unwrap();
    let copy = data.path().join("mirror.db");
    let mut command = program::command(data.path());
    command
        .args(["mirror", "--once", "--from", &format!("http://127.0.0.1:{}/graphql", serving.port)])
        .args(["--into", &format!("sqlite://{}", copy.display())])
        .arg("--token-file")
        .arg(data.path().join("token"));
    let output = program::run(&mut command);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().last().unwrap().starts_with("Equal: "), "{text}");
    assert!(copy.is_file());
}

#[tokio::test]
async fn a_new_copy_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mirror.db");
    let url = format!("sqlite://{}", file.display());
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    drop(Mirror::open(&url).await.unwrap());
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(Mirror::open(&url).await.unwrap());
    assert_eq!(mode(), 0o640, "its owner lets others read it");
}
