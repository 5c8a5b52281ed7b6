//! Metrics for operators, in the text format of Prometheus. No label holds free text of a client: operation names are
//! limited in number, and all others count as `other`.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::database::Databases;

/// The most operation names that are counted separately, for clients with a token and for those without. So strangers
/// cannot use up the names of partners.
const MOST_NAMES: usize = 50;
/// Longer names are not counted separately.
const LONGEST_NAME: usize = 60;
/// The bounds of the latency histogram, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStatus {
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCode {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOperation {
    operation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByTransport {
    transport: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByTransportAndReason {
    transport: &'static str,
    reason: &'static str,
}

/// How the results of an operation are streamed.
#[derive(Clone, Copy)]
pub enum Transport {
    Events,
    Socket,
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Socket => "socket",
        }
    }
}

/// A request that has been answered.
pub struct Answered<'a> {
    pub method: &'static str,
    pub status: u16,
    /// Whether something was executed.
    pub executed: bool,
    /// The codes of its errors.
    pub codes: &'a [&'static str],
    pub operation: Option<&'a str>,
    pub has_token: bool,
    pub took: Duration,
}

pub struct Metrics {
    registry: Registry,
    requests: Family<ByStatus, Counter>,
    errors: Family<ByCode, Counter>,
    seconds: Family<ByOperation, Histogram, fn() -> Histogram>,
    documents: Family<ByOutcome, Counter>,
    responses: Family<ByOutcome, Counter>,
    results: Family<ByOutcome, Counter>,
    sockets: Gauge,
    sockets_ended: Family<ByReason, Counter>,
    subscriptions: Family<ByTransport, Gauge>,
    subscriptions_ended: Family<ByTransportAndReason, Counter>,
    names: Mutex<[HashSet<String>; 2]>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("rec"),
            requests: Family::default(),
            errors: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            documents: Family::default(),
            responses: Family::default(),
            results: Family::default(),
            sockets: Gauge::default(),
            sockets_ended: Family::default(),
            subscriptions: Family::default(),
            subscriptions_ended: Family::default(),
            names: Mutex::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "GraphQL requests by method and status", metrics.requests.clone());
        registry.register("errors", "Errors in answers by code", metrics.errors.clone());
        registry.register("request_seconds", "Time to an answer by operation name", metrics.seconds.clone());
        registry.register("documents", "Documents by what the cache knew of them", metrics.documents.clone());
        registry.register("response_cache", "Queries by whether their answer was cached", metrics.responses.clone());
        registry.register("sockets", "WebSockets that are open", metrics.sockets.clone());
        registry.register("sockets_ended", "WebSockets that were closed, by reason", metrics.sockets_ended.clone());
        registry.register("subscriptions", "Streamed operations that are running", metrics.subscriptions.clone());
        let ended = metrics.subscriptions_ended.clone();
        registry.register("subscriptions_ended", "Streamed operations that came to an end, by reason", ended);
        let results = metrics.results.clone();
        registry.register(
            "subscription_results",
            "Results sent to followers: executed for them, or shared with another one",
            results,
        );
        metrics
    }
}

/// A socket or a streamed operation while it is open. When it ends, its end reason is counted; without one the client has left.
pub struct Open {
    gauge: Gauge,
    ended: Box<dyn Fn(&'static str) -> Counter + Send + Sync>,
    reason: &'static str,
}

impl Open {
    fn new(gauge: Gauge, ended: impl Fn(&'static str) -> Counter + Send + Sync + 'static) -> Self {
        gauge.inc();
        Self { gauge, ended: Box::new(ended), reason: "left" }
    }

    pub fn end(mut self, reason: &'static str) {
        self.reason = reason;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.dec();
        (self.ended)(self.reason).inc();
    }
}

/// What the metrics tell of replicas.
#[derive(Default)]
pub struct ReplicaMetrics {
    /// All of them; nothing is told if there are none.
    pub all: Vec<ReplicaState>,
    /// How often a replica was chosen to read from, and how often the primary.
    pub choices: [u64; 2],
}

pub struct ReplicaState {
    /// Its address, without the user and the password.
    pub place: String,
    /// The states that it may be in, and whether it is.
    pub states: Vec<(&'static str, bool)>,
    /// By how many changes it is behind, if it answers.
    pub behind: Option<i64>,
    pub fallbacks: u64,
}

impl ReplicaMetrics {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        if self.all.is_empty() {
            return Ok(());
        }
        text.push_str("# HELP rec_replicas Replicas, by whether they are of use.\n# TYPE rec_replicas gauge\n");
        for ReplicaState { place, states, .. } in &self.all {
            for (state, is_in) in states {
                writeln!(text, "rec_replicas{{replica=\"{place}\",state=\"{state}\"}} {}", u8::from(*is_in))?;
            }
        }
        text.push_str("# HELP rec_replica_behind Changes that a replica does not have yet.\n");
        text.push_str("# TYPE rec_replica_behind gauge\n");
        for (place, behind) in self.all.iter().filter_map(|one| Some((&one.place, one.behind?))) {
            writeln!(text, "rec_replica_behind{{replica=\"{place}\"}} {behind}")?;
        }
        text.push_str("# HELP rec_replica_fallbacks What went on with the primary because a replica failed it.\n");
        text.push_str("# TYPE rec_replica_fallbacks counter\n");
        for ReplicaState { place, fallbacks, .. } in &self.all {
            writeln!(text, "rec_replica_fallbacks_total{{replica=\"{place}\"}} {fallbacks}")?;
        }
        text.push_str("# HELP rec_replica_reads What may be read from a replica, by where it was read first.\n");
        text.push_str("# TYPE rec_replica_reads counter\n");
        for (outcome, count) in ["replica", "primary"].into_iter().zip(self.choices) {
            writeln!(text, "rec_replica_reads_total{{outcome=\"{outcome}\"}} {count}")?;
        }
        Ok(())
    }
}

impl Metrics {
    pub fn answered(&self, answered: &Answered<'_>) {
        self.requests.get_or_create(&ByStatus { method: answered.method, status: answered.status }).inc();
        self.failed(answered.codes);
        let operation = self.known_name(answered);
        self.seconds.get_or_create(&ByOperation { operation }).observe(answered.took.as_secs_f64());
    }

    /// Counts a socket that is opened.
    pub fn socket(&self) -> Open {
        let ended = self.sockets_ended.clone();
        Open::new(self.sockets.clone(), move |reason| ended.get_or_create_owned(&ByReason { reason }))
    }

    /// Counts an operation that begins and whose results are streamed.
    pub fn subscription(&self, transport: Transport) -> Open {
        let (transport, ended) = (transport.name(), self.subscriptions_ended.clone());
        let running = self.subscriptions.get_or_create_owned(&ByTransport { transport });
        Open::new(running, move |reason| ended.get_or_create_owned(&ByTransportAndReason { transport, reason }))
    }

    /// Counts the errors that a client is told.
    pub fn failed(&self, codes: &[&'static str]) {
        for code in codes {
            self.errors.get_or_create(&ByCode { code }).inc();
        }
    }

    /// Counts a document by what was known of it.
    pub fn document(&self, outcome: &'static str) {
        self.documents.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// Counts a query whose answer may be cached: a `hit` if it was, `shared` if another one asked the same at once, or a `miss`.
    pub fn response(&self, outcome: &'static str) {
        self.responses.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// Counts a result that is sent to a follower: `executed` for it, or for another one (`shared`).
    pub fn result(&self, is_shared: bool) {
        let outcome = if is_shared { "shared" } else { "executed" };
        self.results.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// All metrics as text, those of the databases as they are now.
    pub fn text(&self, databases: &Databases, replicas: &ReplicaMetrics) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode_registry(&mut text, &self.registry)?;
        writeln!(text, "# HELP rec_statements Statements run on the database.\n# TYPE rec_statements counter")?;
        writeln!(text, "rec_statements_total {}", databases.statements())?;
        writeln!(text, "# HELP rec_connections Connections to the database.\n# TYPE rec_connections gauge")?;
        for (pool, state, connections) in databases.connections() {
            writeln!(text, "rec_connections{{pool=\"{pool}\",state=\"{state}\"}} {connections}")?;
        }
        if let Some(waiting) = databases.writes_waiting() {
            writeln!(text, "# HELP rec_writes_waiting Writes that wait for the one writer of SQLite.")?;
            writeln!(text, "# TYPE rec_writes_waiting gauge\nrec_writes_waiting {waiting}")?;
        }
        replicas.write(&mut text)?;
        text.push_str("# EOF\n");
        Ok(text)
    }

    /// The name under which an operation is counted. The name of a refused request is not added.
    fn known_name(&self, answered: &Answered<'_>) -> String {
        let Some(name) = answered.operation else { return "unnamed".to_owned() };
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let learned = &mut names[usize::from(answered.has_token)];
        if answered.executed && learned.len() < MOST_NAMES && name.len() <= LONGEST_NAME {
            learned.insert(name.to_owned());
        }
        let is_known = names.iter().any(|learned| learned.contains(name));
        if is_known { name.to_owned() } else { "other".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answered, MOST_NAMES, Metrics};

    #[test]
    fn operation_names_are_bounded() {
        let metrics = Metrics::default();
        let answered = |name: &str, has_token: bool, executed: bool| {
            let (operation, took, status) = (Some(name), Duration::ZERO, 200);
            metrics.answered(&Answered { method: "POST", status, executed, codes: &[], operation, has_token, took });
        };
        answered("Refused", true, false);
        for number in 0..MOST_NAMES + 50 {
            answered(&format!("Name{number}"), false, true);
        }
        answered(&"x".repeat(1000), true, true);
        answered("Partner", true, true);
        let mut text = String::new();
        prometheus_client::encoding::text::encode_registry(&mut text, &metrics.registry).unwrap();
        let names = text.lines().filter(|line| line.starts_with("rec_request_seconds_count")).count();
        assert_eq!(names, MOST_NAMES + 2);
        assert!(text.contains("rec_request_seconds_count{operation=\"other\"} 52"), "{text}");
        assert!(text.contains("rec_request_seconds_count{operation=\"Partner\"} 1"), "{text}");
    }
}
