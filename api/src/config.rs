//! The configuration: one struct, whose options are also environment variables. Reads the trusted documents, and opens
//! nothing else; the defaults run on SQLite without a configuration file.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::digest::sha256;
use crate::unicode::without_mark;

#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where the service keeps its signing key and, by default, its database.
    #[arg(long, env = "REC_DATA_DIR", default_value = Self::DATA_DIR, global = true, value_name = "DIRECTORY")]
    pub data_dir: PathBuf,

    /// The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME` [default: rec.db in the data directory].
    #[arg(long, env = "REC_DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The replicas that queries and exports read from, by streaming replication of the PostgreSQL database: addresses like that of the
    /// database, separated by commas. Each must lead to one server.
    #[arg(
        long,
        env = "REC_DATABASE_READ_URL",
        global = true,
        value_delimiter = ',',
        value_name = "URLS",
        hide_env_values = true
    )]
    pub database_read_url: Vec<String>,

    /// The most connections to PostgreSQL, and to each of its replicas, or the most readers of SQLite.
    #[arg(long, env = "REC_DATABASE_CONNECTIONS", default_value_t = 16, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_connections: u32,

    /// The address that the service listens on.
    #[arg(long, env = "REC_LISTEN", default_value = "127.0.0.1:8080", global = true, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// The keys of the trusted issuer, a JSON Web Key Set: a file or an https address (http only on this machine). The
    /// service also trusts its own key.
    #[arg(long, env = "REC_JWKS", global = true, value_name = "FILE|URL")]
    pub jwks: Option<JwksSource>,

    /// The issuer (`iss`) that a token must name.
    #[arg(long, env = "REC_JWT_ISSUER", default_value = "rec", global = true, value_name = "NAME")]
    pub jwt_issuer: String,

    /// The audience (`aud`) that a token must name.
    #[arg(long, env = "REC_JWT_AUDIENCE", default_value = "rec-api", global = true, value_name = "NAME")]
    pub jwt_audience: String,

    /// What is logged, such as `info` or `rec_api=debug,sea_orm=info`. Logs go to standard error.
    #[arg(
        long,
        env = "REC_LOG",
        default_value = "info,sqlx=warn,sea_orm_migration=warn",
        global = true,
        value_name = "FILTER"
    )]
    pub log: String,

    /// Where traces are sent: an OpenTelemetry collector that takes OTLP over HTTP, such as `http://localhost:4318`.
    /// Without it no traces are sent.
    #[arg(long, env = "REC_OTLP_ENDPOINT", global = true, value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// Whether webhooks may call private addresses, and addresses without https; for trials on one machine.
    #[arg(long, env = "REC_WEBHOOK_PRIVATE", value_enum, default_value_t = Switch::Off, global = true)]
    pub webhook_private: Switch,

    /// Whether the explorer page is served at `/`.
    #[arg(long, env = "REC_EXPLORER", value_enum, default_value_t = Switch::On, global = true)]
    pub explorer: Switch,

    /// Who may read the schema: everyone, or only clients with a token. The explorer needs the schema.
    #[arg(long, env = "REC_INTROSPECTION", value_enum, default_value_t = Introspection::Everyone, global = true)]
    pub introspection: Introspection,

    /// Documents that clients name by their hash: a JSON file of hashes and documents, as the client preset of
    /// graphql-codegen writes its persisted documents, or a folder of `.graphql` files.
    #[arg(long, env = "REC_TRUSTED_DOCUMENTS", global = true, value_name = "PATH")]
    pub trusted_documents: Option<PathBuf>,

    /// Whether only trusted documents are executed.
    #[arg(long, env = "REC_TRUSTED_DOCUMENTS_ONLY", global = true, default_value_t = false, action = clap::ArgAction::Set,
          value_name = "true|false")]
    pub trusted_documents_only: bool,

    /// The origins whose pages may read answers and open sockets, besides the service's own: `https://dashboard.example.org`,
    /// separated by commas.
    #[arg(
        long,
        env = "REC_ORIGINS",
        global = true,
        value_delimiter = ',',
        value_name = "ORIGINS",
        value_parser = origin
    )]
    pub origins: Vec<String>,

    /// Whether this service is a subgraph of a federated graph: a router may ask for its schema (`_service`) and for records by their ids
    /// (`_entities`).
    #[arg(long, env = "REC_FEDERATION", value_enum, default_value_t = Switch::Off, global = true)]
    pub federation: Switch,

    /// Whether clients that take `application/json` only are answered with status 200 when a document was refused, or single fields failed.
    #[arg(long, env = "REC_LEGACY_STATUS", value_enum, default_value_t = Switch::Off, global = true)]
    pub legacy_status: Switch,

    /// Whether to trust the client address that a proxy forwards (the last one of `X-Forwarded-For`).
    #[arg(long, env = "REC_TRUST_PROXY", value_enum, default_value_t = Switch::Off, global = true)]
    pub trust_proxy: Switch,

    /// How long requests in progress may take when the service stops, in seconds.
    #[arg(long, env = "REC_SHUTDOWN_SECONDS", default_value_t = 10, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(0..=600))]
    pub shutdown_seconds: u64,

    /// How far back the change feed goes, in days.
    #[arg(long, env = "REC_FEED_DAYS", default_value_t = 90, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub feed_days: u32,

    /// How long a process caches answers, and records that many others name and that seldom change, such as organisations, in
    /// seconds. Both caches are also renewed whenever the feed grows; this limit covers changes that bypass the feed. HTTP caches may keep
    /// public answers for as long. 0 turns the caches off.
    #[arg(long, env = "REC_KEEP_SECONDS", default_value_t = 1, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(0..=60))]
    pub keep_seconds: u64,

    #[command(flatten)]
    pub limits: Limits,
}

/// The most rows per page that an installation may allow.
const LONGEST_PAGE: u64 = 100;

/// Documents by their hash, SHA-256 in lower-case hexadecimal.
pub type TrustedDocuments = HashMap<String, Arc<str>>;

/// The issuer and the audience that a token must name.
#[derive(Clone, Debug)]
pub struct Trust {
    pub issuer: String,
    pub audience: String,
}

/// Where the trusted issuer's keys are read from.
#[derive(Clone, Debug)]
pub enum JwksSource {
    File(PathBuf),
    Url(reqwest::Url),
}

impl std::str::FromStr for JwksSource {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let url: reqwest::Url = text.parse().map_err(|error| format!("not an address: {error}"))?;
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err("keys are not read over http, where they can be changed on the way; use https".to_owned());
        }
        Ok(Self::Url(url))
    }
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// Who may read the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Introspection {
    Everyone,
    Authenticated,
}

/// How much of the service one request may use. A request that exceeds a limit is refused with a code of its own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of a request")]
pub struct Limits {
    /// The largest request body, in bytes.
    #[arg(long = "max-body", env = "REC_MAX_BODY", default_value_t = Self::DEFAULT.body, global = true, value_name = "BYTES")]
    pub body: usize,

    /// The longest document, in bytes.
    #[arg(long = "max-document", env = "REC_MAX_DOCUMENT", default_value_t = Self::DEFAULT.document, global = true, value_name = "BYTES")]
    pub document: usize,

    /// The most tokens in a document.
    #[arg(long = "max-tokens", env = "REC_MAX_TOKENS", default_value_t = Self::DEFAULT.tokens, global = true, value_name = "N")]
    pub tokens: usize,

    /// The deepest nesting of brackets in a document, at most 64.
    #[arg(long = "max-nesting", env = "REC_MAX_NESTING", default_value_t = Self::DEFAULT.nesting, global = true, value_name = "N",
          value_parser = up_to_64)]
    pub nesting: usize,

    /// The deepest selection in an operation.
    #[arg(long = "max-depth", env = "REC_MAX_DEPTH", default_value_t = Self::DEFAULT.depth, global = true, value_name = "N")]
    pub depth: usize,

    /// The most that an operation may cost, in points.
    #[arg(long = "max-cost", env = "REC_MAX_COST", default_value_t = Self::DEFAULT.cost, global = true, value_name = "POINTS")]
    pub cost: u64,

    /// The most fields in a document, with every fragment expanded where it is spread.
    #[arg(long = "max-fields", env = "REC_MAX_FIELDS", default_value_t = Self::DEFAULT.fields, global = true, value_name = "N")]
    pub fields: usize,

    /// The most rows per page, at most 100.
    #[arg(long = "max-page", env = "REC_MAX_PAGE", default_value_t = Self::DEFAULT.page, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=LONGEST_PAGE))]
    pub page: u64,

    /// The most fields at the root of an operation.
    #[arg(long = "max-root-fields", env = "REC_MAX_ROOT_FIELDS", default_value_t = Self::DEFAULT.root_fields, global = true, value_name = "N")]
    pub root_fields: usize,

    /// The most aliases in an operation.
    #[arg(long = "max-aliases", env = "REC_MAX_ALIASES", default_value_t = Self::DEFAULT.aliases, global = true, value_name = "N")]
    pub aliases: usize,

    /// The most directives in an operation.
    #[arg(long = "max-directives", env = "REC_MAX_DIRECTIVES", default_value_t = Self::DEFAULT.directives, global = true, value_name = "N")]
    pub directives: usize,

    /// How long the body of a request may take to arrive, and how long its answer may take, in seconds.
    #[arg(long = "max-seconds", env = "REC_MAX_SECONDS", default_value_t = Self::DEFAULT.seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,

    /// How long the headers of a request may take to arrive, and how long a connection stays open without a request, in seconds.
    #[arg(long = "max-head-seconds", env = "REC_MAX_HEAD_SECONDS", default_value_t = Self::DEFAULT.head_seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub head_seconds: u64,

    /// How long a client may leave data unread before its connection is closed, in seconds. (Linux only.)
    #[arg(long = "max-unread-seconds", env = "REC_MAX_UNREAD_SECONDS", default_value_t = Self::DEFAULT.unread_seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub unread_seconds: u64,

    /// The most connections at once, sockets and event streams included. Further ones are told to come again.
    #[arg(long = "max-connections", env = "REC_MAX_CONNECTIONS", default_value_t = Self::DEFAULT.connections, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections: u32,

    /// The most connections of one address at once; for IPv6, of one network (/64). Behind a trusted proxy
    /// (`REC_TRUST_PROXY`): the most requests and streams at once of one forwarded address.
    #[arg(long = "max-connections-per-address", env = "REC_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = Self::DEFAULT.connections_per_address,
          global = true, value_name = "N", value_parser = at_least_one)]
    pub connections_per_address: usize,

    /// The most operations on one WebSocket at once.
    #[arg(long = "max-socket-operations", env = "REC_MAX_SOCKET_OPERATIONS", default_value_t = Self::DEFAULT.socket_operations, global = true, value_name = "N")]
    pub socket_operations: usize,

    /// How long the client of a WebSocket may take to identify itself (`connection_init`), in seconds.
    #[arg(long = "socket-init-seconds", env = "REC_SOCKET_INIT_SECONDS", default_value_t = Self::DEFAULT.init_seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub init_seconds: u64,

    /// How often the client of a WebSocket is pinged, in seconds. If it has sent nothing by the next ping, the socket is closed.
    #[arg(long = "socket-heartbeat-seconds", env = "REC_SOCKET_HEARTBEAT_SECONDS", default_value_t = Self::DEFAULT.heartbeat_seconds,
          global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub heartbeat_seconds: u64,

    /// After how many seconds without an event a stream sends a comment. Proxies close quiet connections, some after 30 seconds.
    #[arg(long = "events-heartbeat-seconds", env = "REC_EVENTS_HEARTBEAT_SECONDS", default_value_t = Self::DEFAULT.events_heartbeat_seconds,
          global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=30))]
    pub events_heartbeat_seconds: u64,

    /// The cost points that each client may spend per minute; 0 means no limit. A client is the subject of a token, or else an address.
    #[arg(
        long = "rate-points",
        env = "REC_RATE_POINTS",
        default_value_t = Self::DEFAULT.rate_points,
        global = true,
        value_name = "POINTS"
    )]
    pub rate_points: u32,

    /// How many parsed documents are cached, and how many texts of persisted queries.
    #[arg(long = "kept-documents", env = "REC_KEPT_DOCUMENTS", default_value_t = Self::DEFAULT.kept_documents, global = true, value_name = "N")]
    pub kept_documents: usize,

    /// How much memory the cached parsed documents may take together, and how long the texts of persisted queries may be
    /// together, in bytes.
    #[arg(long = "kept-bytes", env = "REC_KEPT_BYTES", default_value_t = Self::DEFAULT.kept_bytes, global = true, value_name = "BYTES")]
    pub kept_bytes: usize,

    /// How much memory the cached answers may take together, in bytes; 0 turns their cache off. `REC_KEEP_SECONDS` says how long each is
    /// valid.
    #[arg(long = "response-cache-bytes", env = "REC_RESPONSE_CACHE_BYTES", default_value_t = Self::DEFAULT.response_cache, global = true,
          value_name = "BYTES")]
    pub response_cache: u64,
}

impl Limits {
    pub const DEFAULT: Self = Self {
        body: 256 * 1024,
        document: 32 * 1024,
        tokens: 4000,
        nesting: 64,
        depth: 15,
        cost: 20_000,
        fields: 4000,
        page: LONGEST_PAGE,
        root_fields: 20,
        aliases: 30,
        directives: 20,
        seconds: 10,
        head_seconds: 30,
        unread_seconds: 60,
        connections: 10_000,
        connections_per_address: 256,
        socket_operations: 100,
        init_seconds: 3,
        heartbeat_seconds: 30,
        events_heartbeat_seconds: 12,
        rate_points: 600_000,
        kept_documents: 1000,
        kept_bytes: 32 * 1024 * 1024,
        response_cache: 8 * 1024 * 1024,
    };
}

/// The URL of a SQLite database in a file, whatever the file's name.
pub fn sqlite_url(file: &Path) -> String {
    let whole = std::path::absolute(file).ok().and_then(|file| reqwest::Url::from_file_path(file).ok());
    whole.map_or_else(|| format!("sqlite://{}", file.display()), |url| format!("sqlite://{}", url.path()))
}

/// A browser's origin: scheme and authority, as in the `Origin` header.
fn origin(text: &str) -> Result<String, String> {
    let is_one = reqwest::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    if is_one { Ok(text.to_owned()) } else { Err("not an origin, such as https://dashboard.example.org".to_owned()) }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1".to_owned())
}

/// Brackets nested deeper would overflow the parser's stack.
fn up_to_64(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|nesting| (1..=64).contains(nesting)).ok_or_else(|| "a number from 1 to 64".to_owned())
}

impl Config {
    pub fn webhooks_private(&self) -> bool {
        self.webhook_private == Switch::On
    }

    /// The data directory, unless another one is named.
    pub const DATA_DIR: &str = "data";

    /// The defaults, for a data directory; embedded installations and the tests start from them.
    pub fn embedded(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            database_url: None,
            database_read_url: Vec::new(),
            database_connections: 16,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            jwks: None,
            jwt_issuer: "rec".to_owned(),
            jwt_audience: "rec-api".to_owned(),
            log: "warn".to_owned(),
            otlp_endpoint: None,
            webhook_private: Switch::Off,
            explorer: Switch::On,
            introspection: Introspection::Everyone,
            trusted_documents: None,
            trusted_documents_only: false,
            origins: Vec::new(),
            federation: Switch::Off,
            legacy_status: Switch::Off,
            trust_proxy: Switch::Off,
            shutdown_seconds: 10,
            feed_days: 90,
            keep_seconds: 1,
            limits: Limits::DEFAULT,
        }
    }

    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| sqlite_url(&self.data_dir.join("rec.db")))
    }

    /// Reads the trusted documents from the file or the folder that is named.
    pub fn read_trusted_documents(&self) -> Result<TrustedDocuments, String> {
        if self.trusted_documents_only && self.federation == Switch::On {
            return Err(
                "a router asks for what it needs: REC_FEDERATION and REC_TRUSTED_DOCUMENTS_ONLY exclude each other"
                    .to_owned(),
            );
        }
        let Some(path) = &self.trusted_documents else { return Ok(TrustedDocuments::new()) };
        if path.is_dir() {
            return documents_in(path);
        }
        let text = std::fs::read_to_string(path).map_err(unread(path))?;
        let documents: TrustedDocuments = serde_json::from_str(without_mark(&text))
            .map_err(|_| format!("{} is not a JSON object of hashes and documents", path.display()))?;
        // graphql-codegen's client preset names the algorithm in its keys.
        let plain = |hash: String| hash.strip_prefix("sha256:").map_or_else(|| hash.clone(), str::to_owned);
        let documents: TrustedDocuments = documents.into_iter().map(|(hash, text)| (plain(hash), text)).collect();
        let wrong = documents.iter().find(|(hash, document)| **hash != sha256(document.as_bytes()));
        match wrong {
            Some((hash, _)) => Err(format!("{}: {hash} is not the SHA-256 of its document", path.display())),
            None => Ok(documents),
        }
    }

    pub fn trust(&self) -> Trust {
        Trust { issuer: self.jwt_issuer.clone(), audience: self.jwt_audience.clone() }
    }
}

/// The documents in a folder: those of its files that end in `.graphql`.
fn documents_in(folder: &Path) -> Result<TrustedDocuments, String> {
    let mut documents = TrustedDocuments::new();
    for entry in std::fs::read_dir(folder).map_err(unread(folder))? {
        let path = entry.map_err(unread(folder))?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "graphql") {
            let document = std::fs::read_to_string(&path).map_err(unread(&path))?;
            documents.insert(sha256(document.as_bytes()), document.into());
        }
    }
    if documents.is_empty() {
        return Err(format!("{} has no file that ends in .graphql", folder.display()));
    }
    Ok(documents)
}

fn unread(path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot read {}: {error}", path.display())
}
