//! Points are processor time: no operation takes much more of it for each of its points than others do, and who asks for the dearest
//! again and again holds up no one else.

use std::cell::OnceCell;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rec_tests::postgres::Cluster;
use rec_tests::program::{self, Serving, command};
use rec_tests::schema::Schema;
use rec_tests::shapes::{Shape, shapes};
use rec_tests::wait::usual;
use rec_tests::{Database, TestApp};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How many recommendations there are.
const ROWS: &str = "50000";
/// How many times as much time as the median a point may take at most.
const DEAREST: f64 = 10.0;
/// So many of the dearest are asked for by others than anonymous readers as well.
const AGAIN: usize = 60;

/// The program over a large database.
struct Large {
    serving: Serving,
    server: Option<Cluster>,
    folder: TempDir,
    url: String,
    checked: OnceCell<f64>,
}

impl Large {
    async fn on(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
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
        let serving = Self::serve(folder.path(), &url, "0");
        Self { serving, server, folder, url, checked: OnceCell::new() }
    }

    fn serve(folder: &Path, url: &str, rate: &str) -> Serving {
        let mut command = command(folder);
        command.env("REC_DATABASE_URL", url).env("REC_RATE_POINTS", rate).env("REC_LOG", "error");
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

    /// The microseconds of a processor that each point of an operation takes; none if it is refused.
    fn measure(&self, headers: &str, shape: &Shape) -> Option<(f64, u64)> {
        let (answer, points) = self.ask(headers, &shape.query);
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        if code == Some("QUERY_TOO_COMPLEX") {
            return None;
        }
        assert_eq!(code, None, "{}: {answer}", shape.name);
        let each = self.best(headers, &shape.query) - self.checked(headers);
        Some((each * 1e6 / f64::from(u32::try_from(points).unwrap()), points))
    }

    /// The seconds that it takes to check a token, which is paid for by who shows a bad one.
    fn checked(&self, headers: &str) -> f64 {
        if headers.is_empty() {
            return 0.0;
        }
        *self.checked.get_or_init(|| self.best(headers, "{ __typename }") - self.best("", "{ __typename }"))
    }

    /// The better of two averages: the service counts its records now and then.
    fn best(&self, headers: &str, query: &str) -> f64 {
        [(); 2].map(|()| self.average(headers, query)).into_iter().fold(f64::INFINITY, f64::min)
    }

    /// The seconds of a processor that an operation takes.
    fn average(&self, headers: &str, query: &str) -> f64 {
        let (mut times, began) = (0, self.time());
        while times < 3 || (self.time().saturating_sub(began) < Duration::from_millis(30) && times < 30) {
            self.ask(headers, query);
            times += 1;
        }
        self.time().saturating_sub(began).as_secs_f64() / f64::from(times)
    }
}

/// A theme that the newest recommendations alone have: more than few, and all late in the order of creation.
const LATE: [&str; 2] = [
    "INSERT INTO theme (id, code, name, name_folded, kind, audience, created_at, updated_at, version)
     SELECT id, 'LATE', name, 'late', 'SUBJECT', audience, created_at, updated_at, 1 FROM body WHERE code = 'EC'",
    "INSERT INTO recommendation_theme (id, recommendation_id, theme_id, position, audience, owner)
     SELECT id, id, (SELECT id FROM theme WHERE code = 'LATE'), 99, audience, owner FROM recommendation
     ORDER BY created_at DESC LIMIT 3000",
];

async fn add_late_ones(url: &str) {
    let db = sea_orm::Database::connect(url).await.unwrap();
    for sql in LATE {
        db.execute_unprepared(sql).await.unwrap();
    }
    db.close().await.unwrap();
}

/// Lists that pass by all others before they meet with those that are late.
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

/// An answer to who comes from another address of this machine, and how long it took.
fn from_elsewhere(port: u16, request: &str) -> (u16, Duration) {
    let began = Instant::now();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
    let mut stream: TcpStream = socket.into();
    write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), began.elapsed())
}

/// The dearest operation, twenty times a second for some seconds: others are answered, and the service is well.
fn holds_up_no_one(large: &Large, dearest: &Shape) {
    let serving = Large::serve(large.folder.path(), &large.url, "600000");
    let port = serving.port;
    let typename = || from_elsewhere(port, "GET /graphql?query=%7B__typename%7D");
    // What others wait for the processor while nobody asks for anything dear.
    let usual = usual(|| assert_eq!(typename().0, 200));
    let asked = std::thread::spawn({
        let query = dearest.query.clone();
        move || {
            let asked: Vec<_> = (0..80)
                .map(|_| {
                    let query = query.clone();
                    let one = std::thread::spawn(move || drop(program::ask(port, None, &query, &json!({}))));
                    std::thread::sleep(Duration::from_millis(50));
                    one
                })
                .collect();
            for one in asked {
                one.join().unwrap();
            }
        }
    });
    let mut slowest = Duration::ZERO;
    while !asked.is_finished() {
        let (status, time) = typename();
        assert_eq!(status, 200);
        slowest = slowest.max(time);
        assert_eq!(from_elsewhere(port, "GET /health/ready").0, 200);
        std::thread::sleep(Duration::from_millis(20));
    }
    asked.join().unwrap();
    say(format_args!(
        "while {} was asked for 20 times a second, others waited {slowest:?} at most, and {usual:?} before",
        dearest.name
    ));
    assert!(slowest < Duration::from_millis(250) + 10 * usual, "{slowest:?}, and {usual:?} before");
}

/// A measured operation: the microseconds of each of its points, how many these are, and what it is.
struct Measured {
    each: f64,
    points: u64,
    shape: Shape,
}

impl Measured {
    fn time(&self) -> f64 {
        self.each * f64::from(u32::try_from(self.points).unwrap())
    }

    fn say(&self, median: f64, viewer: &str) {
        let Self { each, points, shape } = self;
        say(format_args!(
            "{:6.1} x the median as {viewer}: {points} points, {each:.1} µs each: {}",
            each / median,
            shape.name
        ));
    }

    fn is_fair(&self, median: f64, viewer: &str) {
        let Self { each, points, shape } = self;
        assert!(each / median <= DEAREST, "as {viewer}: {points} points, {each:.1} µs each: {}", shape.name);
    }
}

fn say(what: std::fmt::Arguments<'_>) {
    let mut told = std::io::stderr();
    writeln!(told, "{what}").unwrap();
}

async fn points_are_time(database: Database) {
    let schema = Schema::of(&TestApp::start(Database::Sqlite).await.unwrap()).await;
    let large = Large::on(database).await;
    let (mut measured, mut refused) = (Vec::new(), 0);
    for shape in shapes(&schema).into_iter().chain(late()) {
        match large.measure("", &shape) {
            Some((each, points)) => measured.push(Measured { each, points, shape }),
            None => refused += 1,
        }
    }
    measured.sort_by(|one, other| other.each.total_cmp(&one.each));
    assert!(measured.len() >= 60, "{}", measured.len());
    let median = measured[measured.len() / 2].each;
    say(format_args!(
        "{database:?}: {} shapes, {refused} refused, {median:.1} µs a point in the median; the dearest:",
        measured.len()
    ));
    measured.iter().take(10).for_each(|one| one.say(median, "anonymous"));
    let longest = measured.iter().max_by(|one, other| one.time().total_cmp(&other.time())).unwrap();
    holds_up_no_one(&large, &longest.shape);
    measured[0].is_fair(median, "anonymous");
    // Others see more rows.
    for role in [&["reader"][..], &["partner", "--organization", "OSCE"], &["secretariat"]] {
        let authorization = large.authorization(role);
        let again = |one: &Measured| {
            let (each, points) = large.measure(&authorization, &one.shape).expect("what it costs anyone");
            Measured { each, points, shape: one.shape.clone() }
        };
        let dearest =
            measured.iter().take(AGAIN).map(again).max_by(|one, other| one.each.total_cmp(&other.each)).unwrap();
        dearest.say(median, role[0]);
        dearest.is_fair(median, role[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_time_on_sqlite() {
    points_are_time(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_time_on_postgres() {
    points_are_time(Database::Postgres).await;
}
