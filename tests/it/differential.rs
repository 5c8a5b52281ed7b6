//! Operations of every kind, made by chance from the schema, are answered alike by both databases: to the byte, and where a field has
//! failed with the same errors at the same places. A difference is a fault of one of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use rec_api::service::seed::scale;
use rec_tests::chance::Chance;
use rec_tests::client::Client;
use rec_tests::given::at_with;
use rec_tests::operations::{Known, Maker, Operation, administrated, names};
use rec_tests::schema::Schema;
use rec_tests::twin::copy_into;
use rec_tests::{Database, TestApp, on_postgres};
use serde_json::{Map, Value, json};

use crate::list_properties::all_kinds;

const SEED: u64 = 20_261_130;
const OPERATIONS: usize = 600;
/// More operations for what was only asked for in some that are refused, and how often they are made.
const MORE: usize = 100;
const ROUNDS: usize = 4;
/// How many more pages are read of a list that is read page by page.
const PAGES: usize = 2;
/// The most differences that are told, and the most of an answer.
const TOLD: usize = 10;
const SHOWN: usize = 1500;
/// Who asks for what is shown to no one else.
const ADMINISTRATOR: &str = "an administrator";
/// What no answer says: a fault of ours would be the same in both.
const FAULTS: [&str; 3] = ["\"INTERNAL\"", "\"UNAVAILABLE\"", "\"TIMEOUT\""];

/// Records of every type, some with texts that databases fold and compare each in its own way, and all that can happen to a record.
async fn fill(app: &TestApp) {
    all_kinds(app).await;
    scale::load(&app.app, 240, 40).await.expect("synthetic volume");
    let secretariat = app.secretariat();
    for city in ["Ташкент", "ТАШКЕНТ", "Žilina", "ŽILINA", "a%b_c\\d", "Straße", " Tashkent "] {
        app.planned_meeting(json!({ "city": city })).await;
        app.app.clock.advance(TimeDelta::microseconds(1));
    }
    for symbol in ["a/1", "A-1", "Z/1", "z 1", "B.1"] {
        app.instrument(symbol).await;
    }
    for (number, seat) in ["é", "Ё", "z", "\u{1F54A}", "\u{FFFD}"].into_iter().enumerate() {
        let name = json!([{ "locale": "TK", "text": seat }]);
        let input = json!({ "acronym": format!("SEAT-{number}"), "name": name, "kind": "OTHER", "seat": seat });
        secretariat.mutate("createOrganization", input, "id").await;
    }
    let meeting = app.planned_meeting(json!({})).await;
    let hidden = at_with(&meeting, json!({ "sensitivity": "CONFIDENTIAL" }));
    secretariat.mutate("updateMeeting", hidden, "id").await;
    let theme = json!({ "code": "TWICE", "kind": "SUBJECT", "name": [{ "locale": "RU", "text": "Дважды" }] });
    let theme = secretariat.mutate("createTheme", theme, "id version").await;
    let merged = at_with(&theme, json!({ "intoId": app.theme("ONCE").await }));
    secretariat.mutate("mergeThemes", merged, "id").await;
    app.app.clock.advance(TimeDelta::milliseconds(1500));
    administrate(app).await;
}

/// A client with a token that is good and one that is not, and a webhook.
async fn administrate(app: &TestApp) {
    let admin = app.admin();
    let client = json!({ "purpose": "A copy", "role": "PARTNER", "organizationId": app.organization("OSCE").await,
        "scopes": ["READ", "SYNC"] });
    let client = admin.mutate("registerClient", client, "id").await;
    for days in [1, 2] {
        let token = json!({ "clientId": client["id"], "days": days });
        let token = admin.mutate("issueToken", token, "id").await;
        if days == 1 {
            admin.mutate("revokeToken", json!({ "id": token["id"] }), "id").await;
        }
    }
    let webhook = json!({ "url": "https://hooks.example/", "types": ["MEETING"], "clientId": client["id"] });
    admin.mutate("registerWebhook", webhook, "id").await;
}

/// The same record in a SQLite database and in a PostgreSQL one, each served anew: what is known of the tables' sizes is the same.
async fn twins(postgres: TestApp) -> (TestApp, TestApp) {
    let sqlite = TestApp::start(Database::Sqlite).await.expect("a database");
    fill(&sqlite).await;
    let sqlite = sqlite.restarted_after(async |_| {}).await;
    postgres.app.clock.advance(sqlite.app.clock.now() - postgres.app.clock.now());
    let postgres = postgres.restarted_after(async |url| copy_into(&url, &sqlite.app.databases.read).await).await;
    (sqlite, postgres)
}

/// Someone who asks both databases.
struct Viewer {
    name: &'static str,
    sqlite: Client,
    postgres: Client,
}

fn viewers(sqlite: &TestApp, postgres: &TestApp) -> [Viewer; 5] {
    let viewer =
        |name, client: &dyn Fn(&TestApp) -> Client| Viewer { name, sqlite: client(sqlite), postgres: client(postgres) };
    [
        viewer("anonymous", &TestApp::anonymous),
        viewer("a reader", &TestApp::reader),
        viewer("the partner OSCE", &|app| app.partner("OSCE")),
        viewer("the secretariat", &TestApp::secretariat),
        viewer(ADMINISTRATOR, &TestApp::admin),
    ]
}

/// What came of the operations of a viewer.
#[derive(Default)]
struct Tally {
    asked: usize,
    /// How many were answered without errors, and with records.
    telling: usize,
    /// What of the schema was used in those without errors.
    used: BTreeSet<String>,
    differences: Vec<String>,
}

/// An answer: its status and its body.
struct Reply {
    status: u16,
    text: String,
    body: Value,
}

impl Reply {
    async fn to(client: &Client, body: String) -> Self {
        let (parts, bytes) = client.post(body).await;
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Self { status: parts.status.as_u16(), body: serde_json::from_str(&text).expect("JSON"), text }
    }

    /// Its data, byte for byte; and its errors, which come in the order in which fields have failed.
    fn parts(&self) -> (Option<&str>, Vec<String>) {
        let errors = self.body["errors"].as_array().into_iter().flatten().map(Value::to_string);
        let mut errors: Vec<String> = errors.collect();
        errors.sort();
        (self.text.split_once("\"data\":").map(|(_, data)| data), errors)
    }

    fn is_like(&self, other: &Self) -> bool {
        self.status == other.status && (self.text == other.text || self.parts() == other.parts())
    }

    fn is_fault(&self) -> bool {
        FAULTS.iter().any(|fault| self.text.contains(fault))
    }

    /// Whether there are no errors, and some records if any were asked for.
    fn tells(&self) -> bool {
        let lists = lists_in(&self.body["data"]);
        let is_there =
            |value: &Value| value.as_object().is_some_and(|data| data.values().any(|value| !value.is_null()));
        self.body.get("errors").is_none()
            && if lists.is_empty() { is_there(&self.body["data"]) } else { lists.iter().any(|list| !list.is_empty()) }
    }
}

/// Every list in an answer.
fn lists_in(value: &Value) -> Vec<&Vec<Value>> {
    match value {
        Value::Array(values) => std::iter::once(values).chain(values.iter().flat_map(lists_in)).collect(),
        Value::Object(fields) => fields.values().flat_map(lists_in).collect(),
        _ => Vec::new(),
    }
}

/// Every cursor in an answer.
fn cursors_in(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().flat_map(cursors_in).collect(),
        Value::Object(fields) => {
            let below = fields.values().flat_map(cursors_in);
            fields.get("cursor").into_iter().chain(below).collect()
        }
        _ => Vec::new(),
    }
}

/// Another page of a list of which these are cursors.
fn window(cursors: &[&Value], chance: &mut Chance) -> Value {
    let (size, one, other) = (1 + chance.below(5), *chance.pick(cursors), *chance.pick(cursors));
    match chance.below(6) {
        0 | 1 => json!({ "first": size, "after": one }),
        2 | 3 => json!({ "last": size, "before": one }),
        4 => json!({ "first": size, "after": one, "before": other }),
        _ => json!({ "last": size, "after": one, "before": other }),
    }
}

impl Viewer {
    async fn ask_all(self, operations: Arc<Vec<Operation>>) -> Tally {
        let mut tally = Tally::default();
        for (number, operation) in operations.iter().enumerate() {
            let mut variables = operation.variables.clone();
            let mut chance = Chance::of(SEED + u64::try_from(number).unwrap_or_default());
            for _ in 0..=if operation.is_walk { PAGES } else { 0 } {
                let reply = self.ask(number, operation, &variables, &mut tally).await;
                let cursors = cursors_in(&reply.body);
                if cursors.is_empty() {
                    break;
                }
                for name in ["first", "after", "last", "before"] {
                    variables.remove(name);
                }
                if let Value::Object(window) = window(&cursors, &mut chance) {
                    variables.extend(window);
                }
            }
        }
        tally
    }

    async fn ask(&self, number: usize, operation: &Operation, given: &Map<String, Value>, tally: &mut Tally) -> Reply {
        let body = json!({ "query": operation.text, "variables": given }).to_string();
        let (sqlite, postgres) = tokio::join!(Reply::to(&self.sqlite, body.clone()), Reply::to(&self.postgres, body));
        tally.asked += 1;
        if sqlite.body.get("errors").is_none() {
            tally.used.extend(operation.uses.iter().cloned());
        }
        tally.telling += usize::from(sqlite.tells());
        if !sqlite.is_like(&postgres) || sqlite.is_fault() || postgres.is_fault() {
            let asked = format!("operation {number} of seed {SEED}, as {}:\n{}", self.name, operation.text);
            let variables = Value::Object(given.clone());
            tally.differences.push(format!("{asked}\n{variables}\n{}", beside(&sqlite, &postgres)));
        }
        sqlite
    }
}

/// Two answers, each around the byte from which on it differs from the other.
fn beside(sqlite: &Reply, postgres: &Reply) -> String {
    let same = sqlite.text.bytes().zip(postgres.text.bytes()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(SHOWN / 2);
    let shown = |reply: &Reply| {
        let around: Vec<u8> = reply.text.bytes().skip(from).take(SHOWN).collect();
        format!("{} {}", reply.status, String::from_utf8_lossy(&around))
    };
    format!("from byte {from}\nSQLite:     {}\nPostgreSQL: {}", shown(sqlite), shown(postgres))
}

on_postgres! {
    operations_of_every_kind_are_answered_alike,
}

async fn operations_of_every_kind_are_answered_alike(app: TestApp) {
    let (sqlite, postgres) = twins(app).await;
    let schema = Schema::of(&sqlite).await;
    let known = Known::of(&sqlite, &schema).await;
    let mut maker = Maker::of(&schema, &known, SEED);
    let administrators = Arc::new(vec![administrated(&schema)]);
    let (mut all, mut unused) = (Tally::default(), names(&schema));
    for round in 0..ROUNDS {
        let count = if round == 0 { OPERATIONS } else { MORE };
        let operations: Arc<Vec<Operation>> = Arc::new((0..count).map(|_| maker.operation()).collect());
        let asked = viewers(&sqlite, &postgres).map(|viewer| {
            let theirs = if viewer.name == ADMINISTRATOR { &administrators } else { &operations };
            tokio::spawn(viewer.ask_all(Arc::clone(theirs)))
        });
        for tally in join_all(asked).await {
            let tally = tally.unwrap();
            all.asked += tally.asked;
            all.telling += tally.telling;
            all.used.extend(tally.used);
            all.differences.extend(tally.differences);
        }
        unused.retain(|name| !all.used.contains(name));
        if unused.is_empty() {
            break;
        }
        maker.owe(&unused);
    }
    let differences = &all.differences;
    let told: Vec<&str> = differences.iter().take(TOLD).map(String::as_str).collect();
    assert!(told.is_empty(), "{} of {} answers differ:\n\n{}", differences.len(), all.asked, told.join("\n\n"));
    assert!(unused.is_empty(), "not asked for in any operation that is answered: {unused:?}");
    assert!(all.telling * 10 >= all.asked * 6, "{} of {} answers tell of records", all.telling, all.asked);
}
