//! The processor time that operations take for each of their points: operations of every shape that the schema allows, sent to the program
//! over a large database.

use std::cell::OnceCell;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::postgres::Cluster;
use crate::program::{self, Serving, command};
use crate::schema::Schema;
use crate::shapes::{Shape, shapes};
use crate::{Database, TestApp};

/// How many recommendations there are.
const ROWS: &str = "50000";
/// How many times the median a point may take at most.
pub const DEAREST: f64 = 10.0;
/// How many of the most expensive ones are also asked for as other viewers.
const AGAIN: usize = 60;
/// The other viewers: they see more rows.
const OTHERS: [(&str, &[&str]); 3] =
    [("reader", &["reader"]), ("partner", &["partner", "--organization", "OSCE"]), ("secretariat", &["secretariat"])];

/// A measured operation.
pub struct Measured {
    pub viewer: &'static str,
    pub shape: Shape,
    pub points: u64,
    /// The microseconds of processor time for each of its points.
    pub each: f64,
}

impl Measured {
    /// The microseconds of processor time as a whole.
    pub fn time(&self) -> f64 {
        self.each * f64::from(u32::try_from(self.points).expect("points"))
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { viewer, shape, points, each } = self;
        write!(f, "as {viewer}: {points} points, {each:.1} µs each: {}", shape.name)
    }
}

/// Everything that was measured on a database.
pub struct Points {
    /// As anonymous, the most expensive first.
    pub all: Vec<Measured>,
    /// The most expensive one of each other viewer.
    pub others: Vec<Measured>,
    /// Those that cost more than is allowed.
    pub refused: Vec<String>,
}

impl Points {
    pub async fn measure(large: &Large) -> Self {
        let schema = Schema::of(&TestApp::start(Database::Sqlite).await.expect("a database")).await;
        let shapes: Vec<Shape> = shapes(&schema).into_iter().chain(late()).collect();
        let (mut all, mut refused) = (Vec::new(), Vec::new());
        for shape in &shapes {
            match large.measure("anonymous", "", shape) {
                Some(measured) => all.push(measured),
                None => refused.push(shape.name.clone()),
            }
        }
        all.sort_by(|one, other| other.each.total_cmp(&one.each));
        let others = OTHERS.into_iter().map(|(viewer, role)| {
            let authorization = large.authorization(role);
            let again = all
                .iter()
                .take(AGAIN)
                .map(|one| large.measure(viewer, &authorization, &one.shape).expect("what it costs anyone"));
            again.max_by(|one, other| one.each.total_cmp(&other.each)).expect("the dearest")
        });
        Self { others: others.collect(), refused, all }
    }

    /// The median microseconds of a point.
    pub fn median(&self) -> f64 {
        self.all[self.all.len() / 2].each
    }

    /// The operation that takes longest.
    pub fn longest(&self) -> &Measured {
        self.all.iter().max_by(|one, other| one.time().total_cmp(&other.time())).expect("an operation")
    }
}

/// The program over a large database.
pub struct Large {
    serving: Serving,
    server: Option<Cluster>,
    folder: TempDir,
    url: String,
    checked: OnceCell<f64>,
}

impl Large {
    pub async fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = (database == Database::Postgres).then(|| Cluster::start().expect("PostgreSQL's programs"));
        let url = match &server {
            Some(server) => server.create_database().await,
            None => format!("sqlite://{}", folder.path().join("rec.db").display()),
        };
        let mut seed = command(folder.path());
        seed.env("REC_DATABASE_URL", &url).args(["seed", "scale", "--recommendations", ROWS]);
        let seeded = program::run(&mut seed);
        assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
        add_late_ones(&url).await;
        let serving = Self::serving(folder.path(), &url, "0");
        Self { serving, server, folder, url, checked: OnceCell::new() }
    }

    /// The program over it, with so many points a minute for a client; 0 means no limit.
    pub fn serve(&self, rate: &str) -> Serving {
        Self::serving(self.folder.path(), &self.url, rate)
    }

    fn serving(folder: &Path, url: &str, rate: &str) -> Serving {
        let mut command = command(folder);
        command.env("REC_DATABASE_URL", url).env("REC_RATE_POINTS", rate).env("REC_LOG", "error");
        // What an operation takes, and not what is known of it.
        command.env("REC_RESPONSE_CACHE_BYTES", "0");
        Serving::start(&mut command)
    }

    /// The processor time that the program and its database have taken so far.
    fn time(&self) -> Duration {
        let server = self.server.as_ref().map_or_else(Vec::new, Cluster::processes);
        server.into_iter().chain([self.serving.id()]).map(program::processor_time).sum()
    }

    /// A header with the token of a role.
    fn authorization(&self, role: &[&str]) -> String {
        let mut token = command(self.folder.path());
        token.env("REC_DATABASE_URL", &self.url).args(["token", "--role"]).args(role);
        let printed = program::run(&mut token);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        format!("Authorization: Bearer {}\r\n", String::from_utf8_lossy(&printed.stdout).trim())
    }

    /// The answer to an operation, and its points.
    fn ask(&self, headers: &str, query: &str) -> (Value, u64) {
        let headers = format!("{headers}X-Cost: 1\r\n");
        let answer = program::ask_with(self.serving.port, &headers, &json!({ "query": query })).expect("an answer");
        let points = answer["extensions"]["cost"]["requested"].as_u64().unwrap_or_default();
        (answer, points)
    }

    /// Measures an operation; `None` if it is refused.
    fn measure(&self, viewer: &'static str, headers: &str, shape: &Shape) -> Option<Measured> {
        let (answer, points) = self.ask(headers, &shape.query);
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        if code == Some("QUERY_TOO_COMPLEX") {
            let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
            assert!(message.starts_with("The operation costs "), "{}: {message}", shape.name);
            return None;
        }
        assert_eq!(code, None, "{}: {answer}", shape.name);
        let each = self.best(headers, &shape.query) - self.checked(headers);
        let each = each * 1e6 / f64::from(u32::try_from(points).expect("points"));
        Some(Measured { viewer, shape: shape.clone(), points, each })
    }

    /// The seconds that it takes to check a token, which a client with a bad token pays for.
    fn checked(&self, headers: &str) -> f64 {
        if headers.is_empty() {
            return 0.0;
        }
        *self.checked.get_or_init(|| self.best(headers, "{ __typename }") - self.best("", "{ __typename }"))
    }

    /// The better of two averages: the service counts its records now and then, which disturbs one.
    fn best(&self, headers: &str, query: &str) -> f64 {
        [(); 2].map(|()| self.average(headers, query)).into_iter().fold(f64::INFINITY, f64::min)
    }

    /// The seconds of processor time that an operation takes.
    fn average(&self, headers: &str, query: &str) -> f64 {
        let (mut times, began) = (0, self.time());
        while times < 3 || (self.time().saturating_sub(began) < Duration::from_millis(30) && times < 30) {
            self.ask(headers, query);
            times += 1;
        }
        self.time().saturating_sub(began).as_secs_f64() / f64::from(times)
    }
}

/// A theme that only the newest recommendations have: more than few, and all late in the order of creation.
const LATE: [&str; 2] = [
    "INSERT INTO theme (id, code, name, name_folded, kind, audience, created_at, updated_at, version)
     SELECT id, 'LATE', name, 'late', 'SUBJECT', audience, created_at, updated_at, 1 FROM body WHERE code = 'EC'",
    "INSERT INTO recommendation_theme (id, recommendation_id, theme_id, position, audience, owner)
     SELECT id, id, (SELECT id FROM theme WHERE code = 'LATE'), 99, audience, owner FROM recommendation
     ORDER BY created_at DESC LIMIT 3000",
];

async fn add_late_ones(url: &str) {
    let db = sea_orm::Database::connect(url).await.expect("the database");
    for sql in LATE {
        db.execute_unprepared(sql).await.expect("late ones");
    }
    db.close().await.expect("an end");
}

/// Lists that scan past all other rows before they find the late ones.
fn late() -> impl Iterator<Item = Shape> {
    let list = "recommendations(first: 20, orderBy: [{ field: CREATED_AT }]";
    [
        (
            "what comes late",
            format!(
                "{{ {list}, filter: {{ themes: {{ some: {{ code: {{ eq: \"LATE\" }} }} }} }}) {{ nodes {{ id }} }} }}"
            ),
        ),
        (
            "what comes late within a record",
            format!("{{ theme(by: {{ code: \"LATE\" }}) {{ {list}) {{ nodes {{ id }} }} }} }}"),
        ),
    ]
    .into_iter()
    .map(|(name, query)| Shape { name: name.to_owned(), query })
}
