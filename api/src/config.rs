//! The configuration: one struct, each option also an environment variable. The defaults run on SQLite with no file.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::digest::sha256;

#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where the service keeps its signing key and, by default, its database.
    #[arg(long, env = "REC_DATA_DIR", default_value = Self::DATA_DIR, global = true, value_name = "DIRECTORY")]
    pub data_dir: PathBuf,

    /// The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME` [default: rec.db in the data directory].
    #[arg(long, env = "REC_DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The most connections to PostgreSQL, or of readers to SQLite.
    #[arg(long, env = "REC_DATABASE_CONNECTIONS", default_value_t = 16, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_connections: u32,

    /// The address that the service listens on.
    #[arg(long, env = "REC_LISTEN", default_value = "127.0.0.1:8080", global = true, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// The keys of the trusted issuer, a JSON Web Key Set: a file or an https address (http on this machine only). The service's own key is trusted as well.
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

    /// Where traces are sent: a collector of OpenTelemetry that takes OTLP over HTTP, such as `http://localhost:4318`. None are
    /// sent unless it is named.
    #[arg(long, env = "REC_OTLP_ENDPOINT", global = true, value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// Whether webhooks may be called at private addresses and without https: for trials on one machine.
    #[arg(long, env = "REC_WEBHOOK_PRIVATE", value_enum, default_value_t = Switch::Off, global = true)]
    pub webhook_private: Switch,

    /// Whether the explorer page is served at `/`.
    #[arg(long, env = "REC_EXPLORER", value_enum, default_value_t = Switch::On, global = true)]
    pub explorer: Switch,

    /// Who may ask for the schema: everyone, or whoever has a token. The explorer needs it.
    #[arg(long, env = "REC_INTROSPECTION", value_enum, default_value_t = Introspection::Everyone, global = true)]
    pub introspection: Introspection,

    /// Documents that clients name by their hash: a JSON file of hashes and documents, as graphql-codegen's client preset writes
    /// its persisted documents.
    #[arg(long, env = "REC_TRUSTED_DOCUMENTS", global = true, value_name = "FILE")]
    pub trusted_documents: Option<PathBuf>,

    /// Whether nothing but trusted documents is executed.
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

    /// Whether the address that a client's proxy forwards (the last of `X-Forwarded-For`) is believed.
    #[arg(long, env = "REC_TRUST_PROXY", value_enum, default_value_t = Switch::Off, global = true)]
    pub trust_proxy: Switch,

    /// How long requests that have begun may take at the end of the service, in seconds.
    #[arg(long, env = "REC_SHUTDOWN_SECONDS", default_value_t = 10, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(0..=600))]
    pub shutdown_seconds: u64,

    /// How long the change feed goes back, in days.
    #[arg(long, env = "REC_FEED_DAYS", default_value_t = 90, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub feed_days: u32,

    /// How long a process keeps what many records name and what seldom changes, such as organisations, in seconds. It reads them
    /// again whenever the feed grows; this is for what passes by it. 0 keeps nothing.
    #[arg(long, env = "REC_KEEP_SECONDS", default_value_t = 1, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(0..=60))]
    pub keep_seconds: u64,

    #[command(flatten)]
    pub limits: Limits,
}

/// The most rows of a page that an installation may allow.
const LONGEST_PAGE: u64 = 100;

/// Documents by their hash, SHA-256 in lower-case hexadecimal.
pub type TrustedDocuments = HashMap<String, Arc<str>>;

/// Whom tokens must be from and for.
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

/// Who may ask for the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Introspection {
    Everyone,
    Authenticated,
}

/// How much of the service one request may take. What takes more is refused with a code of its own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of a request")]
pub struct Limits {
    /// The largest body, in bytes.
    #[arg(long = "max-body", env = "REC_MAX_BODY", default_value_t = Self::DEFAULT.body, global = true, value_name = "BYTES")]
    pub body: usize,

    /// The longest document, in bytes.
    #[arg(long = "max-document", env = "REC_MAX_DOCUMENT", default_value_t = Self::DEFAULT.document, global = true, value_name = "BYTES")]
    pub document: usize,

    /// The most tokens of a document.
    #[arg(long = "max-tokens", env = "REC_MAX_TOKENS", default_value_t = Self::DEFAULT.tokens, global = true, value_name = "N")]
    pub tokens: usize,

    /// The deepest nesting of brackets in a document, at most 64.
    #[arg(long = "max-nesting", env = "REC_MAX_NESTING", default_value_t = Self::DEFAULT.nesting, global = true, value_name = "N",
          value_parser = up_to_64)]
    pub nesting: usize,

    /// The deepest selection of an operation.
    #[arg(long = "max-depth", env = "REC_MAX_DEPTH", default_value_t = Self::DEFAULT.depth, global = true, value_name = "N")]
    pub depth: usize,

    /// The most that an operation may cost, in points.
    #[arg(long = "max-cost", env = "REC_MAX_COST", default_value_t = Self::DEFAULT.cost, global = true, value_name = "POINTS")]
    pub cost: u64,

    /// The most fields of a document, once its fragments stand where they are spread.
    #[arg(long = "max-fields", env = "REC_MAX_FIELDS", default_value_t = Self::DEFAULT.fields, global = true, value_name = "N")]
    pub fields: usize,

    /// The most rows of a page, at most 100.
    #[arg(long = "max-page", env = "REC_MAX_PAGE", default_value_t = Self::DEFAULT.page, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=LONGEST_PAGE))]
    pub page: u64,

    /// The most fields at the root of an operation.
    #[arg(long = "max-root-fields", env = "REC_MAX_ROOT_FIELDS", default_value_t = Self::DEFAULT.root_fields, global = true, value_name = "N")]
    pub root_fields: usize,

    /// The most aliases of an operation.
    #[arg(long = "max-aliases", env = "REC_MAX_ALIASES", default_value_t = Self::DEFAULT.aliases, global = true, value_name = "N")]
    pub aliases: usize,

    /// The most directives of an operation.
    #[arg(long = "max-directives", env = "REC_MAX_DIRECTIVES", default_value_t = Self::DEFAULT.directives, global = true, value_name = "N")]
    pub directives: usize,

    /// How long a request may take, in seconds.
    #[arg(long = "max-seconds", env = "REC_MAX_SECONDS", default_value_t = Self::DEFAULT.seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,

    /// How long the head of a request may take to come, in seconds; so long a connection stays open without a request.
    #[arg(long = "max-head-seconds", env = "REC_MAX_HEAD_SECONDS", default_value_t = Self::DEFAULT.head_seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub head_seconds: u64,

    /// How long a client may leave what it is sent unread, in seconds: then its connection is cut. (On Linux.)
    #[arg(long = "max-unread-seconds", env = "REC_MAX_UNREAD_SECONDS", default_value_t = Self::DEFAULT.unread_seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub unread_seconds: u64,

    /// The most connections at once, sockets and streams of events among them. Others are told to come again.
    #[arg(long = "max-connections", env = "REC_MAX_CONNECTIONS", default_value_t = Self::DEFAULT.connections, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections: u32,

    /// The most connections of one address at once; of IPv6 of one network (/64). Behind a proxy that is trusted (`REC_TRUST_PROXY`)
    /// the most requests and streams at once of an address for which it asks.
    #[arg(long = "max-connections-per-address", env = "REC_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = Self::DEFAULT.connections_per_address,
          global = true, value_name = "N", value_parser = at_least_one)]
    pub connections_per_address: usize,

    /// The most operations of a WebSocket at once.
    #[arg(long = "max-socket-operations", env = "REC_MAX_SOCKET_OPERATIONS", default_value_t = Self::DEFAULT.socket_operations, global = true, value_name = "N")]
    pub socket_operations: usize,

    /// How long a WebSocket's client may take to say who it is, in seconds.
    #[arg(long = "socket-init-seconds", env = "REC_SOCKET_INIT_SECONDS", default_value_t = Self::DEFAULT.init_seconds, global = true, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub init_seconds: u64,

    /// How often a WebSocket's client is asked whether it is there, in seconds. One that has said nothing when it is asked again is not.
    #[arg(long = "socket-heartbeat-seconds", env = "REC_SOCKET_HEARTBEAT_SECONDS", default_value_t = Self::DEFAULT.heartbeat_seconds,
          global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub heartbeat_seconds: u64,

    /// After how many quiet seconds a stream of events says that it is there. Proxies close quiet connections, some after 30 seconds.
    #[arg(long = "events-heartbeat-seconds", env = "REC_EVENTS_HEARTBEAT_SECONDS", default_value_t = Self::DEFAULT.events_heartbeat_seconds,
          global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=30))]
    pub events_heartbeat_seconds: u64,

    /// What each client may ask for, in cost points a minute; 0 limits nobody. A client is a token's subject, else an address.
    #[arg(
        long = "rate-points",
        env = "REC_RATE_POINTS",
        default_value_t = Self::DEFAULT.rate_points,
        global = true,
        value_name = "POINTS"
    )]
    pub rate_points: u32,

    /// How many parsed documents are kept.
    #[arg(long = "kept-documents", env = "REC_KEPT_DOCUMENTS", default_value_t = Self::DEFAULT.kept_documents, global = true, value_name = "N")]
    pub kept_documents: usize,

    /// How much memory the parsed documents that are kept may take together, and how long the texts of persisted queries may be, in bytes.
    #[arg(long = "kept-bytes", env = "REC_KEPT_BYTES", default_value_t = Self::DEFAULT.kept_bytes, global = true, value_name = "BYTES")]
    pub kept_bytes: usize,
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
    };
}

/// The address of a SQLite database in a file, whatever its name.
pub fn sqlite_url(file: &Path) -> String {
    let whole = std::path::absolute(file).ok().and_then(|file| reqwest::Url::from_file_path(file).ok());
    whole.map_or_else(|| format!("sqlite://{}", file.display()), |url| format!("sqlite://{}", url.path()))
}

/// A browser's origin: scheme and authority, as it stands in the header.
fn origin(text: &str) -> Result<String, String> {
    let is_one = reqwest::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text);
    if is_one { Ok(text.to_owned()) } else { Err("not an origin, such as https://dashboard.example.org".to_owned()) }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1".to_owned())
}

/// Deeper brackets would overflow the parser's stack.
fn up_to_64(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|nesting| (1..=64).contains(nesting)).ok_or_else(|| "a number from 1 to 64".to_owned())
}

impl Config {
    pub fn webhooks_private(&self) -> bool {
        self.webhook_private == Switch::On
    }

    /// The data directory unless another one is named.
    pub const DATA_DIR: &str = "data";

    /// The defaults, for a data directory; what an embedded installation and the tests start from.
    pub fn embedded(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            database_url: None,
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

    /// The trusted documents of the file that is named.
    pub fn read_trusted_documents(&self) -> Result<TrustedDocuments, String> {
        let Some(path) = &self.trusted_documents else { return Ok(TrustedDocuments::new()) };
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let documents: TrustedDocuments = serde_json::from_str(&text)
            .map_err(|_| format!("{} is not a JSON object of hashes and documents", path.display()))?;
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
